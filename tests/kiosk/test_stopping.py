"""A signal stops the program at whatever moment it comes."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from kiosk.stopping import Stopping


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    """Told by SIGUSR1."""
    kept = signal.getsignal(signal.SIGUSR1)
    with Stopping(signal.SIGUSR1) as stopping:
        yield stopping
    signal.signal(signal.SIGUSR1, kept)


def test_nobody_told_it(stopping: Stopping) -> None:
    assert not stopping.wait(0.01)


def test_it_was_told_before_it_waits_and_stays_told(stopping: Stopping) -> None:
    signal.raise_signal(signal.SIGUSR1)
    assert stopping.wait()
    assert stopping.wait()


def test_it_is_told_while_it_waits(stopping: Stopping) -> None:
    other = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    other.start()
    assert stopping.wait()
    other.join()


def test_it_is_told_although_the_kernel_gave_the_signal_to_another_thread(stopping: Stopping) -> None:
    """The main thread then sleeps on: the same as when a signal comes right before it falls asleep."""
    begun = time.monotonic()
    other = threading.Timer(0.05, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1))
    other.start()
    assert stopping.wait(10)
    assert time.monotonic() - begun < 5
    other.join()


@pytest.mark.timeout(20)
def test_it_may_be_told_at_every_step_on_the_way_into_waiting(stopping: Stopping) -> None:
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
        with Stopping(signal.SIGUSR1) as another:
            kept = sys.gettrace()
            sys.settrace(trace)
            try:
                another.wait(0.001)
            finally:
                sys.settrace(kept)
            # Told on the way out of one wait, it knows in the next.
            assert another.wait(0) == (steps >= chosen)
        steps = min(steps, chosen)
    assert chosen > 10
