"""Requests that were refused, as entries of the audit log: the first of a kind at once, those after it counted.

A request that is refused costs a step in memory and nothing else; a thread of its own writes. So whoever floods the
server fills neither the log nor anybody's time: of one kind there are two entries in the first minute and one in each
further one, and of all kinds together there is a limit.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from kiosk.service import Loop
from ticketing.day.ledger import Ledger
from ticketing.model import Actor, Role, TicketingError
from ticketing.privacy import access_log

ENTERED = frozenset(
    ("bad_token", "cross_site", "forbidden", "not_your_terminal", "not_your_window", "tls_required", "too_many_tries")
)
"""Codes of refusals that are entries: somebody does what they may not. Log-ins that fail have entries of their own."""
ENTERED_OF_KNOWN = frozenset(("totp_wrong", "wrong_password"))
"""The same, where somebody is logged in already."""
EVERY = 60.0
"""Seconds in which further refusals of a kind are counted."""
MOST = 64
"""Kinds that are counted apart; of more, those with one code are one kind, whoever sends them."""
NOBODY = "-"
"""Who sent a request without credentials that are known."""

_LOOK = 5.0


class _Kind(NamedTuple):
    who: str
    role: Role
    place: str
    code: str


@dataclass
class _Counted:
    what: str
    since: float
    told: bool = False
    more: int = 0


class RefusedRequests(Loop):
    """Counts refusals, and writes them. Safe to use from any thread.

    Args:
        ledger: of the log.
        ticks: seconds that nobody sets back.
    """

    def __init__(self, ledger: Ledger, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._ticks = ticks
        self._lock = threading.Lock()
        self._counted: dict[_Kind, _Counted] = {}
        super().__init__("refusals", _LOOK, self.write)

    def note(self, who: str, role: Role, place: str, code: str, what: str) -> None:
        """A request was refused; returns at once.

        Args:
            who: the account or token, :data:`NOBODY` without one.
            role: theirs.
            place: the client's address.
            code: of the refusal.
            what: method and route, nothing of a person.
        """
        kind = _Kind(who, role, place, code)
        with self._lock:
            if kind not in self._counted and len(self._counted) >= MOST:
                kind = _Kind("many", "technician", "", code)
            counted = self._counted.get(kind)
            if counted is not None:
                counted.more += 1
                return
            self._counted[kind] = _Counted(what, self._ticks())
        self.wake()

    def write(self, *, all_of_it: bool = False) -> None:
        """Write the first of each kind, and what was counted for a minute; with ``all_of_it``, what was counted so far.

        Raises:
            StoreError: nothing is lost; the next call tries again.
        """
        now, due = self._ticks(), []
        with self._lock:
            for kind, counted in self._counted.items():
                if not counted.told:
                    due.append((kind, counted, 0))
                elif all_of_it or now - counted.since >= EVERY:
                    due.append((kind, counted, counted.more))
        entries = [(kind, counted, more) for kind, counted, more in due if more or not counted.told]
        if entries:
            with self._ledger.verb() as m:
                for kind, counted, more in entries:
                    actor = Actor(kind.who, kind.role, kind.place)
                    told = f"{kind.code} {counted.what}" if not more else f"{kind.code}: {more} more"
                    access_log.append_if_whole(m.conn, m.vault, m.now, actor, "refused", told)
        with self._lock:
            for kind, counted, more in due:
                if counted.told and not counted.more:
                    # A quiet minute: the next one is a first one.
                    del self._counted[kind]
                    continue
                counted.more -= more
                counted.since = now if counted.told else counted.since
                counted.told = True

    def stop(self) -> None:
        """End, with all written that was counted, if the store is there."""
        super().stop()
        with suppress(TicketingError):
            self.write(all_of_it=True)
