"""The hall's clock: the box's clock, as long as it is plausible.

A box may boot in 1970 and learn the time minutes later, or be set by mistake. A day too far would end everybody's
ticket and erase their data. So the box's clock is compared with one that nobody can set (time since boot), and with the
newest time in the store:

* Small corrections are followed. A step back only slows the hall's time down until it is right again, since times in
  the store must not run against its order.
* A jump of more than five minutes is followed after it has stood for ten minutes.
* A clock that is behind the store at the start is not followed: time goes on from the newest event. The jump that sets
  such a clock right is followed at once.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ticketing.store import tables
from ticketing.store.base import Store

log = logging.getLogger(__name__)

JUMP = timedelta(minutes=5)
"""A larger correction is a jump."""
STANDS = timedelta(minutes=10)
"""A jump is followed after it has stood for this long."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def since_boot() -> int:
    """Nanoseconds since boot, including suspend (Linux, clock_gettime(2), ``CLOCK_BOOTTIME``)."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def newest_event(store: Store) -> datetime | None:
    """The newest time in the store."""
    e = tables.event
    with store.read() as conn:
        at = conn.scalar(select(e.c.at).order_by(e.c.seq.desc()).limit(1))
    return None if at is None else _EPOCH + at * _MICROSECOND


@dataclass(frozen=True)
class ClockTrouble:
    """The box's clock is not followed.

    Attributes:
        reason: ``clock_behind`` the store since the start, or ``clock_jumped`` while running.
        ahead: how far the box's clock is ahead of the hall's; negative when it is behind.
    """

    reason: Literal["clock_behind", "clock_jumped"]
    ahead: timedelta


class HallClock:
    """The hall's time when called: an aware ``datetime`` in its zone. Safe to use from any thread.

    Args:
        zone: the hall's, whatever the box's own is.
        newest: the newest time in the store; None if it is empty.
        wall: the box's clock, in nanoseconds since 1970 UTC.
        steady: a clock that nobody can set, in nanoseconds.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        newest: datetime | None = None,
        *,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = since_boot,
    ) -> None:
        self._zone = zone
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self.begin(newest)

    def begin(self, newest: datetime | None) -> None:
        """Begin anew, as at the start of the program, with a store that can only be asked now."""
        with self._lock:
            ticks = self._ticks = self._steady() // 1000
            # Microseconds to add to the steady clock.
            self._believed = self._wall() // 1000 - ticks
            self._suspect: int | None = None
            self._suspect_since = ticks
            self._behind = False
            self._followed_at = ticks
            known = self._believed if newest is None else (newest - _EPOCH) // _MICROSECOND - ticks
            if self._believed < known - JUMP // _MICROSECOND:
                log.warning("the box's clock is behind the store: time goes on from %s", newest)
                self._suspect, self._believed, self._behind = self._believed, known, True
            # The last time given: the store knows about steps back while the program was not running.
            self._last = ticks + max(known, self._believed)

    def __call__(self) -> datetime:
        """The time."""
        with self._lock:
            ticks = self._look()
            # At half speed at least, until a clock that was put back a little has caught up.
            now = max(ticks + self._believed, self._last + (ticks - self._ticks) // 2)
            self._last, self._ticks = now, ticks
        return (_EPOCH + now * _MICROSECOND).astimezone(self._zone)

    @property
    def trouble(self) -> ClockTrouble | None:
        """Why the box's clock is not followed now; None while it is."""
        with self._lock:
            self._look()
            if self._suspect is None:
                return None
            ahead = (self._suspect - self._believed) * _MICROSECOND
            return ClockTrouble("clock_behind" if self._behind else "clock_jumped", ahead)

    def steady_for(self) -> timedelta:
        """How long the time has run without a jump and without trouble; zero during trouble."""
        with self._lock:
            ticks = self._look()
            if self._suspect is not None:
                return timedelta(0)
            return (ticks - self._followed_at) * _MICROSECOND

    def _look(self) -> int:
        """Compare the two clocks; gives the steady clock in microseconds."""
        ticks = self._steady() // 1000
        seen = self._wall() // 1000 - ticks
        jump = JUMP // _MICROSECOND
        if abs(seen - self._believed) <= jump:
            if self._suspect is not None:
                log.warning("the box's clock is right again")
                self._followed_at = ticks
            self._believed, self._suspect, self._behind = seen, None, False
        elif self._suspect is None or abs(seen - self._suspect) > jump:
            if self._behind and seen > self._believed:
                self._follow(seen, ticks)
            else:
                log.warning("the box's clock jumped by %+d s: not believed yet", (seen - self._believed) // 1_000_000)
                self._suspect, self._suspect_since = seen, ticks
        else:
            self._suspect = seen
            if ticks - self._suspect_since >= STANDS // _MICROSECOND:
                self._follow(seen, ticks)
        return ticks

    def _follow(self, seen: int, ticks: int) -> None:
        log.warning("the hall's time follows the box's clock, by %+d s", (seen - self._believed) // 1_000_000)
        self._believed, self._suspect, self._behind = seen, None, False
        self._followed_at = ticks
        # A large jump back is taken as it is: time must not crawl for hours.
        self._last, self._ticks = min(self._last, ticks + seen), ticks
