"""Devices that send without end: how much they may send, and how what is too much is thrown away.

Such a device shall take no core and fill no queue, and is in fault (``babbling``), not online.
"""

import time
from collections.abc import Callable

from drivers.port import Port
from drivers.supervisor import Link

MOMENT, CALM = 0.5, 256
"""Seconds in which no more bytes than this come from a device that babbles no longer. It need not be silent: somebody
may be trying it again and again."""
DRAIN, DRAIN_READS = 0.05, 64
"""Seconds between looks at a device that babbles, and how often it is read each time."""
LOOKS = round(MOMENT / DRAIN)
"""In a moment. Counted, since a machine that stands still for a moment has heard nothing."""


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


def drain(
    port: Port,
    link: Link,
    makes_sense: Callable[[bytes], bool] = lambda _heard: True,
) -> None:
    """Throw away what comes until it is little for a moment and ``makes_sense``, or the program stops.

    Raises:
        OfflineError: the device is gone.
    """
    while True:
        heard, kept = 0, b""
        for _ in range(LOOKS):
            if link.stopping.wait(DRAIN):
                return
            for _ in range(DRAIN_READS):
                if not (data := port.read(0.0)):
                    break
                heard += len(data)
                kept = (kept + data)[-CALM:]
        if heard <= CALM and makes_sense(kept):
            return
