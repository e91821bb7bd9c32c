"""A scanner that sends without end: it takes no core, fills no queue, and is not called online."""

import time
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

import wires
from drivers.babble import CALM, DRAIN, DRAIN_READS, LOOKS, MOMENT, drain
from drivers.port import open_port
from drivers.scanner.driver import LINES_AT_ONCE, UNENDED, Scanner
from drivers.simulators.scanner import NOISE, ScannerSimulator
from drivers.supervisor import Supervisor

CODE = "0123456789ABCDEF"


class CountingWire(wires.WholeWire):
    """Counts how often it is read."""

    reads: ClassVar = 0

    def read(self, timeout: float) -> bytes:
        CountingWire.reads += 1
        return super().read(timeout)


@pytest.fixture
def scanner() -> Iterator[ScannerSimulator]:
    scanner = ScannerSimulator()
    scanner.start()
    yield scanner
    scanner.stop()


@pytest.mark.parametrize("noise", [NOISE * 16, b"x" * 64], ids=["endless lines", "one line without end"])
def test_it_is_in_fault_at_a_bounded_rate_and_comes_back_when_it_is_quiet(
    scanner: ScannerSimulator, noise: bytes
) -> None:
    lines: list[str] = []
    told: list[str] = []
    supervisor = Supervisor(
        "scanner",
        "scanner",
        lambda: CountingWire(open_port(scanner.url)),
        Scanner(lines.append),
        wires.now,
        lambda state: told.append(state.reason or state.state),
    )
    supervisor.start()
    try:
        wires.wait_until(lambda: told == ["online"])
        scanner.babble(noise)
        wires.wait_until(lambda: told == ["online", "babbling"])
        assert supervisor.state.state == "fault"
        assert len(lines) <= LINES_AT_ONCE + 3
        begun, CountingWire.reads = time.monotonic(), 0
        assert not supervisor.stopping.wait(0.5)
        reads = CountingWire.reads
        assert 0 < reads <= DRAIN_READS * ((time.monotonic() - begun) / DRAIN + 2)
        heard = len(lines)
        scanner.hush()
        # Somebody tries it again and again.
        wires.wait_until(lambda: not supervisor.stopping.wait(0.1) and scanner.scan(CODE) and CODE in lines[heard:])
        assert told == ["online", "babbling", "online"]
    finally:
        supervisor.stop()


class Timed:
    """A port on a clock of its own: at each read ``sends(now)`` has come, or the timeout has passed."""

    def __init__(self, sends: Callable[[float], bytes], end: float, link: wires.SpyLink) -> None:
        self.now = 0.0
        self._sends, self._end, self._link = sends, end, link

    def read(self, timeout: float) -> bytes:
        self.now += timeout or MOMENT
        if self.now > self._end:
            self._link.stopping.set()
        return self._sends(self.now)

    def write(self, data: bytes, timeout: float) -> None:
        pass

    def close(self) -> None:
        pass


def said_of(sends: Callable[[float], bytes], end: float) -> tuple[list[tuple[str, str]], list[str]]:
    link = wires.SpyLink()
    port = Timed(sends, end, link)
    lines: list[str] = []
    Scanner(lines.append, clock=lambda: port.now).serve(port, link)
    return link.said, lines


def test_a_trickle_that_never_ends_nor_pauses_is_babbling_too() -> None:
    said, lines = said_of(lambda _now: b"x", UNENDED + 2)
    assert said == [("online", ""), ("fault", "babbling")]
    assert lines == []


def test_a_busy_hour_of_codes_is_none() -> None:
    due = [0.0]

    def a_code_each_half_second(now: float) -> bytes:
        if now < due[0]:
            return b""
        due[0] = now + 0.5
        return CODE.encode() + b"\r"

    said, lines = said_of(a_code_each_half_second, 3600)
    assert said == [("online", "")]
    assert len(lines) > 3000


def test_the_longest_code_there_is_can_be_held_before_it() -> None:
    sent = iter([b"x" * 96] * 45 + [b"\r"])
    said, lines = said_of(lambda _now: next(sent, b""), 30)
    assert (said, lines) == ([("online", "")], [""])


def test_only_what_was_listened_to_is_a_moment_of_silence() -> None:
    class Hesitating:
        """Silent at all looks of a moment but the last, and from then on."""

        looks = 0
        held = b""

        def read(self, timeout: float) -> bytes:
            if self.held:
                self.held = b""
                return b""
            self.looks += 1
            self.held = b"x" * (CALM + 1) if self.looks == LOOKS else b""
            return self.held

        def write(self, data: bytes, timeout: float) -> None:
            pass

        def close(self) -> None:
            pass

    port = Hesitating()
    drain(port, wires.SpyLink())
    # However long a look took: a machine that stands still hears nothing.
    assert port.looks == 2 * LOOKS
