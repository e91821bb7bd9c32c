"""Devices that send without end: how much they may send, and how what is too much is thrown away.

Such a device shall take no core and fill no queue, and is in fault (``babbling``), not online.
"""

import time
from collections.abc import Callable

from drivers.port import Port
from drivers.supervisor import Link

QUIET = 0.5
"""Seconds without a byte after which a device that babbled is listened to again."""
DRAIN, DRAIN_READS = 0.05, 64
"""Seconds between looks at a device that babbles, and how often it is read each time."""


class Allowance:
    """So much at once, and so much a second from then on (a token bucket)."""

    def __init__(self, most: float, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = self._left = most
        self._a_second = a_second
        self._clock = clock
        self._at = clock()

    def take(self, amount: float) -> bool:
        """Whether ``amount`` is allowed now."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._a_second) - amount
        self._at = now
        return self._left >= 0


def drain(port: Port, link: Link, clock: Callable[[], float] = time.monotonic) -> None:
    """Throw away what comes until it has been quiet for a moment, or the program stops; raises OfflineError."""
    quiet_since = clock()
    while not link.stopping.wait(DRAIN):
        for _ in range(DRAIN_READS):
            if not port.read(0.0):
                break
            quiet_since = clock()
        if clock() - quiet_since >= QUIET:
            return
