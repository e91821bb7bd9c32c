"""What the printer is asked before a slip, and that the slip does not wait for it."""

import time
from collections.abc import Callable, Iterator

import pytest

import wires
from drivers.port import Port
from drivers.printer.driver import Outcome
from printing_desk import SLIP, Desk, Open, open_desks


@pytest.fixture
def desk() -> Iterator[Open]:
    yield from open_desks()


class ClockedWire(wires.WholeWire):
    """Remembers what was written and when."""

    written: list[tuple[float, bytes]]

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        ClockedWire.written = []

    def write(self, data: bytes, timeout: float) -> None:
        ClockedWire.written.append((time.monotonic(), data))
        super().write(data, timeout)


class SlowWire(ClockedWire):
    """Each answer takes 50 ms."""

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        if data:
            wires._PAUSE.wait(0.05)
        return data


def look(hall: Desk) -> None:
    """Have it looked at, and wait until it was."""
    asked = len(ClockedWire.written)
    hall.printer.look_soon()
    wires.wait_until(lambda: len(ClockedWire.written) >= asked + 4)


def test_whoever_asks_for_a_look_gets_one_at_once_and_again_while_it_may_be_wanted(desk: Open) -> None:
    hall = desk(wire=ClockedWire, poll_interval=60.0, fresh=0.2)
    asked = len(ClockedWire.written)
    began = time.monotonic()
    hall.printer.look_soon()
    assert time.monotonic() - began < 0.05
    wires.wait_until(lambda: len(ClockedWire.written) >= asked + 4)
    assert time.monotonic() - began < 0.5
    wires.wait_until(lambda: len(ClockedWire.written) >= asked + 12, 2.0)


def test_a_look_shows_a_trouble_long_before_the_next_round(desk: Open) -> None:
    hall = desk(poll_interval=60.0)
    hall.simulator.take_out_paper()
    hall.printer.look_soon()
    wires.wait_until(lambda: hall.printer.ready == "paper_out", 1.0)


def test_a_slip_after_a_look_waits_for_nothing_that_the_store_does_not_wait_for(desk: Open) -> None:
    hall = desk(wire=SlowWire, poll_interval=60.0, fresh=2.0)
    look(hall)
    wires._PAUSE.wait(0.1)
    spent: list[float] = []

    def store() -> None:
        wires._PAUSE.wait(0.1)

    # The best of some: on a busy machine a thread may be woken late.
    while len(spent) < 5 and min(spent, default=1.0) > 0.14:
        ClockedWire.written.clear()
        began = time.monotonic()
        assert hall.printer.print(SLIP, store).state == "printed"
        spent.append(next(when for when, data in ClockedWire.written if data.startswith(b"\x1b@")) - began)
    assert 0.1 < min(spent) < 0.14, "the one question was answered while the store was told"


@pytest.mark.parametrize(
    ("hand", "reason"),
    [("take_out_paper", "paper_out"), ("open_cover", "cover_open"), ("jam_cutter", "cutter")],
)
def test_a_trouble_that_came_after_the_look_costs_not_one_byte(desk: Open, hand: str, reason: str) -> None:
    hall = desk(poll_interval=60.0, fresh=30.0)
    getattr(hall.simulator, hand)()
    assert hall.print() == Outcome("failed", reason)
    assert hall.simulator.received == 0


def test_a_connection_that_died_after_the_look_loses_no_slip(desk: Open) -> None:
    hall = desk(poll_interval=60.0, fresh=30.0)
    cuts: list[tuple[str, Callable[[], None]]] = [
        ("A001", hall.simulator.hang_up),
        ("A002", lambda: hall.simulator.hang_up(reset=True)),
        ("A003", hall.simulator.forget_host),
    ]
    for number, hand in cuts:
        hand()
        assert hall.print(number).state == "printed"
    assert hall.numbers() == ["A001", "A002", "A003"]
    assert hall.sendings == 3


def test_an_error_of_the_store_sends_nothing_and_spoils_no_later_answer(desk: Open) -> None:
    hall = desk(poll_interval=60.0, fresh=30.0)

    def refuse() -> None:
        raise KeyError("the disk is full")

    with pytest.raises(KeyError):
        hall.printer.print(SLIP, refuse)
    assert hall.simulator.received == 0
    assert hall.print().state == "printed"
    hall.simulator.take_out_paper()
    assert hall.print() == Outcome("failed", "paper_out")
