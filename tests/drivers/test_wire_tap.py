"""What a wire trace tells, and what it does not."""

from collections import deque
from collections.abc import Iterator

import pytest

from drivers.errors import OfflineError
from drivers.kinds import KINDS
from drivers.wire_tap import KEPT, Passed, TappedPort, WireTap


class Echo:
    """A port that answers with what was written."""

    def __init__(self) -> None:
        self.held = b""
        self.closed = False

    def read(self, timeout: float) -> bytes:
        held, self.held = self.held, b""
        return held

    def write(self, data: bytes, timeout: float) -> None:
        if self.closed:
            raise OfflineError("unplugged")
        self.held += data

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def heard() -> Iterator[tuple[TappedPort, deque[Passed], WireTap]]:
    tap = WireTap(4)
    port = tap.around(Echo)()
    assert isinstance(port, TappedPort)
    port.write(b"before", 1)
    port.read(1)
    with tap.listen() as passed:
        yield port, passed, tap


def test_what_comes_in_pieces_is_cut_as_if_it_came_whole_and_a_turn_under_way_is_not_told() -> None:
    tap = WireTap(4)
    with tap.listen() as passed:
        for piece in (b"Zh", b"ang"):
            tap.hear("in", piece)
        tap.hear("out", b"ask")
        for piece in (b"AAA", b"BBB", b"CCC"):
            tap.hear("in", piece)
        assert [one.shown for one in passed] == [b"", b"", b"ask", b"AAA", b"B", b""]


def test_a_trace_shows_both_ways_and_only_the_head_of_what_passes(
    heard: tuple[TappedPort, deque[Passed], WireTap],
) -> None:
    port, passed, _ = heard
    port.write(b"the turn before", 1)
    port.read(1)
    passed.clear()
    port.write(b"\x10\x04\x01", 1)
    assert port.read(1) == b"\x10\x04\x01"
    port.write(b"\x1b@Zhang San", 1)
    assert [str(one) for one in passed] == ["→ 10 04 01", "← 10 04 01", "→ 1B 40 5A 68 … 11 B"]
    assert b"San" not in b"".join(one.shown for one in passed), "more is not even kept"


def test_a_slow_listener_holds_up_nothing_and_one_that_is_gone_costs_nothing(
    heard: tuple[TappedPort, deque[Passed], WireTap],
) -> None:
    port, passed, tap = heard
    for _ in range(2 * KEPT):
        port.write(b"x", 1)
    assert len(passed) == KEPT
    with tap.listen() as second:
        port.write(b"y", 1)
        assert len(second) == 1
    port.write(b"z", 1)
    assert len(second) == 1


def test_what_can_hold_a_residents_data_is_cut_in_every_trace() -> None:
    everything = {name for name, kind in KINDS.items() if kind.traced is None}
    # Strips, pads and sensors say nothing of residents, and their bytes are what a technician needs.
    assert everything == {"led-bx", "led-lihe", "pad", "climate"}
    assert not everything & {"sam", "pcsc", "escpos", "scanner", "speaker"}
    # A frame of a reader is told up to its status byte, nothing behind it.
    assert KINDS["sam"].traced == 10
