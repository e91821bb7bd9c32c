"""A signal stops the program at whatever moment it comes."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from kiosk.box.signals import hear

Told = Callable[[float | None], bool]


@pytest.fixture
def told() -> Iterator[Told]:
    """Told by SIGUSR1."""
    kept = signal.getsignal(signal.SIGUSR1)
    yield hear(signal.SIGUSR1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGUSR1, kept)


def test_nobody_told_it(told: Told) -> None:
    assert not told(0.01)


def test_it_was_told_before_it_waits_and_stays_told(told: Told) -> None:
    signal.raise_signal(signal.SIGUSR1)
    assert told(None)
    assert told(None)


def test_it_is_told_while_it_waits(told: Told) -> None:
    other = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    other.start()
    assert told(None)
    other.join()


def test_it_is_told_although_the_kernel_gave_the_signal_to_another_thread(told: Told) -> None:
    """The main thread then sleeps on: the same as when a signal comes right before it falls asleep."""
    other = threading.Timer(0.05, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1))
    other.start()
    # It would sleep on for ever.
    assert told(None)
    other.join()


def test_it_may_be_told_at_every_step_on_the_way_into_waiting(told: Told) -> None:
    steps, chosen = 0, 0

    def trace(frame: FrameType, _event: str, _arg: Any) -> Any:
        nonlocal steps
        if frame.f_code.co_filename == __file__:
            return None
        frame.f_trace_opcodes = True
        steps += 1
        if steps == chosen:
            signal.raise_signal(signal.SIGUSR1)
        return trace

    while steps == chosen:
        steps, chosen = 0, chosen + 1
        told = hear(signal.SIGUSR1)
        kept = sys.gettrace()
        sys.settrace(trace)
        try:
            told(0.001)
        finally:
            sys.settrace(kept)
        # Told on the way out of one wait, it knows in the next.
        assert told(0) == (steps >= chosen)
        steps = min(steps, chosen)
    assert chosen > 10
