"""Being told to stop by a signal, at any moment."""

import os
import select
import signal
from types import FrameType
from typing import Self


class Stopping:
    """Whether this program was told to stop; a context that ends when nobody waits for it any more.

    Not a lock, an event or a queue: Python runs a signal's handler on the main thread between two of its steps. Who
    has taken the last step into such a wait, and does not sleep yet, sleeps on, however many signals come; so does he
    whose signal the kernel gave to another thread. But into a pipe the interpreter writes a signal as it comes, on
    whatever thread, and a pipe that holds something is ready for whoever looks later.

    Args:
        numbers: the signals that tell it. No other one may have a handler in Python: it would tell it too.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers

    def __enter__(self) -> Self:
        """Listen; on the main thread."""
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._rope, False)
        self._before = signal.set_wakeup_fd(self._rope, warn_on_full_buffer=False)
        for number in self._numbers:
            signal.signal(number, _hear)
        return self

    def __exit__(self, *_error: object) -> None:
        """Take no more notice; the signals still end nothing, for the program does so by itself."""
        signal.set_wakeup_fd(self._before)
        os.close(self._rope)
        os.close(self._bell)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it was told to stop, as soon as it is, or after ``timeout`` seconds."""
        # What is in the pipe stays there: once told, always told.
        return bool(select.select([self._bell], [], [], timeout)[0])


def _hear(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler would end the program; what it says is in the pipe."""
