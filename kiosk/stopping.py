"""Being told to stop by a signal, at any moment."""

import queue
import signal
from contextlib import suppress
from types import FrameType


class Stopping:
    """Whether this program was told to stop.

    Not a ``threading.Event``: a signal handler runs on the main thread between any two of its steps. Where the main
    thread has just taken an event's lock in order to wait, the handler's ``set`` waits for that lock, and both for
    ever. A ``SimpleQueue`` may be put into in the middle of its own ``get``.
    """

    def __init__(self) -> None:
        self._told = False
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def listen(self, *numbers: signal.Signals) -> None:
        """Take ``numbers`` for being told; on the main thread."""
        for number in numbers:
            signal.signal(number, self._tell)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it was told to stop, as soon as it is, or after ``timeout`` seconds; for one thread."""
        if not self._told:
            with suppress(queue.Empty):
                self._bell.get(timeout=timeout)
        return self._told

    def _tell(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        self._bell.put(None)
