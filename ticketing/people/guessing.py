"""Slows down whoever guesses passwords, and lets everybody else log in.

Kept in memory: after a restart the guesser starts anew, and so does the clerk he kept out. Names that do not exist are
slowed down like those that do, so that the difference tells nothing.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketing.model import LimitError

FREE_TRIES = 5
"""Wrong passwords for one name before it has to wait."""

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=1)
"""The wait doubles with each wrong try up to this: 1,440 guesses a day at most, and a clerk whom somebody tries to
keep out by guessing gets in within a minute."""

FORGOTTEN_AFTER = timedelta(minutes=15)

TRIES_OF_ALL = 60
"""Wrong tries for all names together at once, before everybody waits ..."""

TRY_OF_ALL_EVERY = timedelta(seconds=1)
"""... for the next to be allowed."""

_NAMES = 4096
_DISORDER = timedelta(seconds=30)


@dataclass
class _Tries:
    wrong: int
    last: datetime
    free_at: datetime | None


class GuessLimit:
    """Counts tries per name and in total. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: OrderedDict[str, _Tries] = OrderedDict()
        self._spent = 0.0
        self._spent_at: datetime | None = None

    def check(self, name: str, now: datetime) -> None:
        """Whether a password may be looked at now; whoever looks tells :meth:`right` or :meth:`wrong` before the next.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait; ``everyone`` tells whether all names have to.
        """
        with self._lock:
            tries = self._of(name, now)
            if tries is not None and tries.free_at is not None and tries.free_at > now:
                raise _too_many(tries.free_at - now, everyone=False)
            self._refill(now)
            if self._spent + 1 > TRIES_OF_ALL:
                raise _too_many((self._spent + 1 - TRIES_OF_ALL) * TRY_OF_ALL_EVERY, everyone=True)

    def wrong(self, name: str, now: datetime) -> None:
        """The try was wrong."""
        with self._lock:
            self._refill(now)
            self._spent += 1
            tries = self._of(name, now)
            wrong = 1 if tries is None else tries.wrong + 1
            doublings = wrong - FREE_TRIES
            wait = min(FIRST_WAIT * 2 ** min(doublings, 16), LONGEST_WAIT) if doublings >= 0 else None
            self._names[name] = _Tries(wrong, now, None if wait is None else now + wait)
            self._names.move_to_end(name)
            while len(self._names) > _NAMES:
                self._names.popitem(last=False)

    def right(self, name: str, now: datetime) -> None:
        """The try was right: it costs nothing, and the wrong ones before it are forgiven."""
        with self._lock:
            tries = self._names.pop(name, None)
            self._refill(now)
            self._spent = max(0.0, self._spent - (tries.wrong if tries else 0))

    def _of(self, name: str, now: datetime) -> _Tries | None:
        tries = self._names.get(name)
        # A clock that was set back must not make a wait of a minute one of an hour; but two threads that bring their
        # times in the wrong order are no clock set back.
        if tries is not None and not -_DISORDER <= now - tries.last <= FORGOTTEN_AFTER:
            del self._names[name]
            return None
        return tries

    def _refill(self, now: datetime) -> None:
        passed = timedelta() if self._spent_at is None else now - self._spent_at
        if self._spent_at is None or passed > timedelta() or passed < -_DISORDER:
            self._spent = max(0.0, self._spent - max(passed, timedelta()) / TRY_OF_ALL_EVERY)
            self._spent_at = now


def _too_many(wait: timedelta, *, everyone: bool) -> LimitError:
    return LimitError("too_many_tries", seconds=max(1, -(-wait // timedelta(seconds=1))), everyone=everyone)
