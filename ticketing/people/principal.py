"""Who a request comes from, and what all of accounts, log-ins and tokens share."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from ticketing.model import ROLES, Role
from ticketing.people.keeper import AccountRules, Keeper
from ticketing.people.password_rules import AccountError
from ticketing.people.passwords import Passwords
from ticketing.store.tables import window

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ticketing.store.base import Store

EVERY_WINDOW = "*"
NAME = re.compile(r"\w[\w.@-]{0,63}")
SECRET_BYTES = 32
SECRET_CHARS = 43
_WINDOW = re.compile(r"\*|[\w.-]{1,64}")


@dataclass(frozen=True)
class Principal:
    """Who a request comes from.

    Attributes:
        name: of the account or token.
        role: what it may do.
        windows: ids of those it may use (``"*"`` for all).
        terminal: the id of the self-service terminal a token belongs to.
        locked: whether this log-in rests until its person gives the password again.
        must: what its person must do before anything else: ``password_change_needed``, ``totp_setup_needed``; ``""``.
        duty: what it administers, where the hall keeps these apart.
    """

    name: str
    role: Role
    windows: tuple[str, ...] = ()
    terminal: str | None = None
    locked: bool = False
    must: str = ""
    duty: str | None = None

    def may_use(self, window: str) -> bool:
        """Whether it is bound to this window."""
        return window in self.windows or EVERY_WINDOW in self.windows


class Registry:
    """What accounts, log-ins and tokens work on."""

    _store: "Store"
    _clock: Callable[[], datetime]
    _ticks: Callable[[], float]
    _keeper: Keeper
    _passwords: Passwords
    rules: AccountRules


def principal_of(
    name: str,
    role: str,
    windows: str,
    terminal: str | None = None,
    *,
    locked: bool = False,
    must: str = "",
    duty: str | None = None,
) -> Principal | None:
    """Made of what the store says; None for a role this program does not know (of a newer one, or written by hand)."""
    if role not in ROLES:
        return None
    return Principal(name, role, tuple(json.loads(windows)), terminal, locked, must, duty)


def told_principal(told: Mapping[str, Any]) -> Principal:
    """The principal whose fields (``dataclasses.asdict``, through JSON) are told as ``principal``."""
    fields = told["principal"]
    return Principal(**{**fields, "windows": tuple(fields["windows"])})


def checked_name(name: str) -> str:
    """The name as it is kept; raises ``name_invalid``."""
    name = unicodedata.normalize("NFC", name)
    if not NAME.fullmatch(name):
        raise AccountError(
            "name_invalid",
            "名称为 1 至 64 个字母、数字或 . _ - @，以字母或数字开头 / "
            "a name has 1 to 64 letters, digits, . _ - @ and begins with a letter or digit",
        )
    return name


def checked_windows(role: str, windows: Sequence[str]) -> str:
    """The windows as they are kept; raises ``role_unknown``, ``window_invalid``, ``window_needed``."""
    if role not in ROLES:
        raise AccountError("role_unknown", f"未知的角色 / unknown role: use one of {', '.join(ROLES)}")
    if any(not _WINDOW.fullmatch(window) for window in windows):
        raise AccountError(
            "window_invalid",
            "窗口编号为 1 至 64 个字母、数字或 . _ -,* 表示全部 / "
            "a window's id has 1 to 64 letters, digits, . _ -, or is * for all",
        )
    if role == "clerk" and not windows:
        raise AccountError(
            "window_needed",
            "窗口人员至少要有一个窗口，* 表示全部 / a clerk needs a window: name at least one, or * for all",
        )
    return json.dumps(sorted(set(windows)), ensure_ascii=False)


def free_windows(conn: "Connection", name: str) -> None:
    """Who is logged out everywhere sits nowhere, also where a ticket is: somebody else must be able to finish it."""
    conn.execute(update(window).where(window.c.clerk == name).values(clerk=None, clerk_since=None))


def hash_of(secret: str) -> bytes:
    """What is kept of a secret that cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
