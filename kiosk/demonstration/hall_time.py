"""A clock that can run faster than time: the hall's, in the demonstration alone.

All that a hall reckons in its own time (waits, expected waits, figures, days) comes out as on a day that long. What
lasts as long as it lasts does not get faster: bytes on wires, paper, the voice, a countdown before a visitor.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from config.settings import Settings
from kiosk.clock import HallClock, newest_event
from ticketing.store.base import Store

SPEEDS = (1, 10, 60, 240)
"""How many times as fast as time: at the fastest, a day of eight hours takes two minutes."""
_SECOND = 1_000_000_000


class HallTime:
    """Time that begins as the box's, may run faster and skip ahead, and never goes back. Safe to use from any thread.

    Args:
        begins: nanoseconds since 1970 UTC.
        steady: a clock that nobody can set, in nanoseconds.
    """

    def __init__(self, begins: int | None = None, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self._lock = threading.Lock()
        self._steady = steady
        self._speed = 1
        self._at = time.time_ns() if begins is None else begins
        self._since = steady()
        self._read = self._at

    @property
    def speed(self) -> int:
        """Seconds of the hall a second."""
        return self._speed

    @speed.setter
    def speed(self, speed: int) -> None:
        with self._lock:
            self._mark()
            self._speed = speed

    def skip(self, span: timedelta) -> None:
        """Go ahead by ``span`` at once."""
        with self._lock:
            self._at += max(0, span // timedelta(microseconds=1)) * 1000

    def ns(self) -> int:
        """The time, in nanoseconds since 1970 UTC."""
        with self._lock:
            self._read = self._at + (self._steady() - self._since) * self._speed
            return self._read

    def seconds(self) -> float:
        """The same in seconds."""
        return self.ns() / _SECOND

    def clock(self, settings: Settings, store: Store) -> HallClock:
        """The hall's clock that goes by this, and never before what is in the store."""
        newest = newest_event(store)
        if newest is not None:
            # A store that was kept, of a day that ran ahead.
            self.skip(newest - datetime.fromtimestamp(self.seconds(), newest.tzinfo))
        # Both of the clocks it compares are this one, and read at once: between two looks at a clock this fast, a
        # machine that stands still for a second would be taken for a jump.
        return HallClock(settings.hall.zone, newest, steady=self.ns, wall=lambda: self._read)

    def _mark(self) -> None:
        now = self._steady()
        self._at += (now - self._since) * self._speed
        self._since = now
