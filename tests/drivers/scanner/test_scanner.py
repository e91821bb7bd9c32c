"""The scanner's lines, and its driver against the simulated scanner."""

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.port import Port, open_port
from drivers.scanner.driver import Scanner
from drivers.scanner.lines import LONGEST, LineDecoder
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.scanner import ScannerSimulator
from drivers.supervisor import Supervisor

CODE = "HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"

sizes = st.lists(st.integers(1, 40), max_size=8)
printable = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"))


class Counter:
    """A simulated scanner and the driver at work on it."""

    def __init__(
        self, scanner: ScannerSimulator, wire: Callable[[Port], Port], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.scanner = scanner
        self.lines: list[str] = []
        driver = Scanner(self.lines.append, clock=clock)
        self.supervisor = Supervisor("scanner", "scanner", lambda: wire(open_port(scanner.url)), driver, wires.now)
        scanner.start()
        self.supervisor.start()
        wires.wait_until(lambda: self.supervisor.state.state == "online")

    def stop(self) -> None:
        self.supervisor.stop()
        self.scanner.stop()


@pytest.fixture
def counters() -> Iterator[Callable[..., Counter]]:
    built: list[Counter] = []

    def build(
        suffix: bytes = b"\r",
        wire: Callable[[Port], Port] = wires.WholeWire,
        clock: Callable[[], float] = time.monotonic,
    ) -> Counter:
        built.append(Counter(ScannerSimulator(suffix), wire, clock))
        return built[-1]

    yield build
    for counter in built:
        counter.stop()


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n", b"\t\r"])
def test_a_line_ends_with_any_suffix_that_scanners_are_set_to(suffix: bytes) -> None:
    decoder = LineDecoder()
    assert decoder.receive(CODE.encode() + suffix) == [CODE]
    assert not decoder.pending


@given(st.lists(st.text(printable, min_size=1, max_size=60), max_size=6), sizes)
def test_lines_come_out_the_same_in_any_chunks(lines: list[str], cuts: list[int]) -> None:
    decoder = LineDecoder()
    stream = b"".join(line.encode() + b"\r\n" for line in lines)
    assert [line for chunk in wires.chunks(stream, cuts) for line in decoder.receive(chunk)] == lines


@given(st.binary(max_size=2000), sizes)
def test_garbage_gives_the_same_clean_lines_in_any_chunks_and_is_not_kept(garbage: bytes, cuts: list[int]) -> None:
    whole, cut = LineDecoder(), LineDecoder()
    lines = whole.receive(garbage) + whole.end()
    assert [line for chunk in wires.chunks(garbage, cuts) for line in cut.receive(chunk)] + cut.end() == lines
    for line in lines:
        assert line == line.strip()
        assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in line)
    for chunk in wires.chunks(garbage, cuts):
        cut.receive(chunk)
        assert len(cut._line) <= LONGEST


def test_a_line_that_is_too_long_is_told_as_nothing_and_the_next_is_read() -> None:
    decoder = LineDecoder()
    assert decoder.receive(b"x" * LONGEST + b"\r" + b"x" * (LONGEST + 1) + b"\r" + b"A\r") == ["x" * LONGEST, "", "A"]
    for _ in range(10):
        assert decoder.receive(b"x" * LONGEST) == []
    assert decoder.receive(b"tail\rB\r") == ["", "B"]
    assert decoder.receive(b"\r \r\r") == []


def test_what_is_no_utf_8_is_still_a_line() -> None:
    (line,) = LineDecoder().receive("取号".encode("gbk") + b"A001\r")
    assert line.endswith("A001")
    assert "\ufffd" in line


def test_escape_sequences_lose_their_control_characters() -> None:
    assert LineDecoder().receive(b"\x1b[2J\x00A\x7f\xc2\x9b001\r") == ["[2JA001"]


@pytest.mark.parametrize("wire", wires.WIRES[:2])
@pytest.mark.parametrize("suffix", [b"\r", b"\r\n", b""], ids=["CR", "CRLF", "none"])
def test_a_code_held_before_the_scanner_is_read(
    counters: Callable[..., Counter], wire: Callable[[Port], Port], suffix: bytes
) -> None:
    counter = counters(suffix, wire)
    counter.scanner.scan(CODE)
    wires.wait_until(lambda: counter.lines == [CODE])
    counter.scanner.scan("取号")
    wires.wait_until(lambda: counter.lines == [CODE, "取号"])


@pytest.mark.parametrize("pause", [0.1, 0.3, 0.8])
@pytest.mark.parametrize("code", [CODE, CODE[-16:], "6901234567892"])
def test_a_pause_within_a_code_does_not_make_two_of_it(
    counters: Callable[..., Counter], code: str, pause: float
) -> None:
    reads: list[bytes] = []

    class Noted(wires.WholeWire):
        def read(self, timeout: float) -> bytes:
            reads.append(super().read(timeout))
            return reads[-1]

    at = [1000.0]
    counter = counters(wire=Noted, clock=lambda: at[0])
    counter.scanner.say(code[:9].encode())
    wires.wait_until(lambda: b"".join(reads) == code[:9].encode())
    at[0] += pause
    seen = len(reads)
    # That nothing comes is seen by the driver, and not held for the end.
    wires.wait_until(lambda: len(reads) > seen + 2)
    counter.scanner.scan(code[9:])
    counter.scanner.scan("END")
    wires.wait_until(lambda: "END" in counter.lines)
    assert counter.lines == [code, "END"]


def test_a_whole_code_without_suffix_is_told_at_once(counters: Callable[..., Counter]) -> None:
    # By this clock no silence ever lasts.
    counter = counters(b"", clock=lambda: 1000.0)
    for code in (CODE, CODE[-16:].lower()):
        counter.lines.clear()
        counter.scanner.scan(code)
        wires.wait_until(lambda: counter.lines != [])
        assert counter.lines == [code]


def test_the_same_code_scanned_twice_is_two_lines(counters: Callable[..., Counter]) -> None:
    counter = counters()
    counter.scanner.scan(CODE)
    counter.scanner.scan(CODE)
    wires.wait_until(lambda: counter.lines == [CODE, CODE])


def test_a_scanner_on_the_network_is_read() -> None:
    lines: list[str] = []
    plug = PlugTcp(lambda _data: None)
    plug.start()
    supervisor = Supervisor("s", "scanner", lambda: open_port(plug.url), Scanner(lines.append), wires.now)
    supervisor.start()
    wires.wait_until(lambda: plug.send(CODE.encode() + b"\r"))
    wires.wait_until(lambda: lines == [CODE])
    supervisor.stop()
    plug.stop()


def test_a_scanner_pulled_out_and_put_back_reads_codes_again(counters: Callable[..., Counter]) -> None:
    counter = counters()
    counter.scanner.unplug()
    wires.wait_until(lambda: counter.supervisor.state.state == "offline")
    assert not counter.scanner.scan(CODE)
    counter.scanner.plug_in()
    wires.wait_until(lambda: counter.supervisor.state.state == "online")
    counter.scanner.scan(CODE)
    wires.wait_until(lambda: counter.lines == [CODE])


def test_half_a_code_before_the_plug_is_pulled_is_not_joined_to_the_next(counters: Callable[..., Counter]) -> None:
    counter = counters()
    counter.scanner.say(b"HALF")
    counter.scanner.unplug()
    wires.wait_until(lambda: counter.supervisor.state.state == "offline")
    counter.scanner.plug_in()
    wires.wait_until(lambda: counter.supervisor.state.state == "online")
    counter.scanner.scan(CODE)
    wires.wait_until(lambda: CODE in counter.lines)
