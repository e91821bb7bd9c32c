"""What accounts need of the hall beside the store: a log of what is done to them, a seal, and its rules.

The wiring connects the vault; without it (tests, tools) nothing is recorded and nothing can be sealed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from ticketing.model import Actor, Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

Duty = Literal["system", "security", "audit"]
"""What somebody administers where duties are kept apart (三员分立): devices and setup, accounts and tokens, the log."""

CONSOLE = Actor("console", "technician")
"""Somebody of whom no more is known than that they may call this program's functions."""


class Keeper(Protocol):
    """The hall's log and seal."""

    def record(self, conn: "Connection", at: datetime, actor: Actor, action: str, reason: str | None = None) -> object:
        """Append an entry to the log, inside the transaction of what it tells of."""

    def seal(self, ident: str, data: bytes, /) -> bytes:
        """Seal what must be read again, such as the secret of a second factor."""

    def unseal(self, ident: str, sealed: bytes, /) -> bytes:
        """Open it; raises a TicketingError where it was changed."""


class NoKeeper:
    """No log and no seal."""

    def record(self, conn: "Connection", at: datetime, actor: Actor, action: str, reason: str | None = None) -> None:
        """Record nothing."""

    def seal(self, ident: str, _data: bytes, /) -> bytes:
        """Refuse: it would be kept in the clear."""
        raise RuntimeError(f"{ident}: nothing can be sealed without the hall's key")

    unseal = seal


@dataclass(frozen=True)
class AccountRules:
    """What a hall asks of its accounts.

    Attributes:
        names: what a guesser knows of the hall; no password may be made of it.
        idle: after so long without an act a log-in is locked; None for never.
        second_factor: the roles that must have one.
        separate_duties: whether nobody may hold two of the duties.
    """

    names: tuple[str, ...] = ()
    idle: timedelta | None = None
    second_factor: frozenset[Role] = frozenset()
    separate_duties: bool = False
