"""The signals that end a program, heard without a race."""

import os
import select
import signal
from collections.abc import Callable


def hear(*numbers: signal.Signals) -> Callable[[float | None], bool]:
    """Handle these signals; gives ``told(timeout)``: whether one has come. Call it on the main thread.

    The self-pipe trick: the interpreter writes to the pipe at once, whichever thread gets the signal. A handler in
    Python runs too late when the signal comes just before the main thread sleeps. ``sigtimedwait`` would need blocked
    signals; aplay and espeak-ng would inherit the mask, and ignore the SIGTERM of systemd.
    """
    ear, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    # Nothing reads the pipe: once told, always told.
    return lambda timeout: bool(select.select([ear], [], [], timeout)[0])


def hear_endings() -> Callable[[float | None], bool]:
    """Handle the signals that end a program: a closed terminal's SIGHUP, too, unless ``nohup`` has it ignored."""
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return hear(signal.SIGTERM, signal.SIGINT, *((signal.SIGHUP,) if hangs_up else ()))
