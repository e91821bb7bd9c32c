"""What the printer is asked before a slip, and that the slip does not wait for it."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

import wires
from drivers.port import Port
from drivers.printer.driver import Outcome
from drivers.printer.escpos_status import request_status
from printing_desk import SLIP, Desk, Open, open_desks


@pytest.fixture
def desk() -> Iterator[Open]:
    yield from open_desks()


class WrittenWire(wires.WholeWire):
    """Remembers what was written."""

    written: ClassVar[list[bytes]] = []

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        WrittenWire.written.clear()

    def write(self, data: bytes, timeout: float) -> None:
        WrittenWire.written.append(data)
        super().write(data, timeout)


def look(hall: Desk) -> None:
    """Have it looked at, and wait until it was."""
    asked = len(WrittenWire.written)
    hall.printer.look_soon()
    wires.wait_until(lambda: len(WrittenWire.written) >= asked + 4)


def test_whoever_asks_for_a_look_gets_one_at_once_and_again_while_it_may_be_wanted(desk: Open) -> None:
    hall = desk(wire=WrittenWire, poll_interval=3600.0, fresh=0.2)
    asked = len(WrittenWire.written)
    hall.printer.look_soon()
    wires.wait_until(lambda: len(WrittenWire.written) >= asked + 12)


def test_a_look_shows_a_trouble_long_before_the_next_round(desk: Open) -> None:
    hall = desk(poll_interval=3600.0)
    hall.simulator.take_out_paper()
    hall.printer.look_soon()
    wires.wait_until(lambda: hall.printer.ready == "paper_out")


def test_a_slip_after_a_look_waits_for_nothing_that_the_store_does_not_wait_for(desk: Open) -> None:
    hall = desk(wire=WrittenWire, poll_interval=3600.0, fresh=3600.0)
    look(hall)
    before_the_store: list[list[bytes]] = []

    def store() -> None:
        before_the_store.append(WrittenWire.written.copy())

    hall.printer.print(SLIP, lambda: None)
    WrittenWire.written.clear()
    assert hall.printer.print(SLIP, store).state == "printed"
    assert before_the_store == [[request_status(1)]], "the one question is answered while the store is told"
    assert WrittenWire.written[1].startswith(b"\x1b@"), "and nothing is asked between the store and the slip"


@pytest.mark.parametrize(
    ("hand", "reason"),
    [("take_out_paper", "paper_out"), ("open_cover", "cover_open"), ("jam_cutter", "cutter")],
)
def test_a_trouble_that_came_after_the_look_costs_not_one_byte(desk: Open, hand: str, reason: str) -> None:
    hall = desk(poll_interval=3600.0, fresh=3600.0)
    getattr(hall.simulator, hand)()
    assert hall.print() == Outcome("failed", reason)
    assert hall.simulator.received == 0


def test_a_connection_that_died_after_the_look_loses_no_slip(desk: Open) -> None:
    hall = desk(poll_interval=3600.0, fresh=3600.0, answer_timeout=0.3)
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
    hall = desk(poll_interval=3600.0, fresh=3600.0)

    def refuse() -> None:
        raise KeyError("the disk is full")

    with pytest.raises(KeyError):
        hall.printer.print(SLIP, refuse)
    assert hall.simulator.received == 0
    assert hall.print().state == "printed"
    hall.simulator.take_out_paper()
    assert hall.print() == Outcome("failed", "paper_out")
