"""What may be left of a slip in the printer never stands on the paper of the next one."""

import threading
from collections.abc import Iterator

import pytest

import wires
from drivers.printer.driver import Outcome
from drivers.printer.escpos import Text
from printing_desk import SLIP, Open, open_desks

WHOLE = ["西城区综合行政服务中心", "───", "A002", "请留意叫号"]


@pytest.fixture
def desk() -> Iterator[Open]:
    yield from open_desks()


class LossyWire(wires.WholeWire):
    """Once told to, it lets 100 bytes through and loses the rest, both ways, without a word."""

    left: int | None = None

    def write(self, data: bytes, timeout: float) -> None:
        if LossyWire.left is not None:
            data = data[: LossyWire.left]
            LossyWire.left -= len(data)
        super().write(data, timeout)

    def read(self, timeout: float) -> bytes:
        if LossyWire.left is None:
            return super().read(timeout)
        threading.Event().wait(timeout)
        return b""


@pytest.mark.parametrize("profile", ["epson", "generic", "write-only"])
@pytest.mark.parametrize("count", [9, 70, 140])
def test_half_a_slip_of_an_earlier_run_is_cut_off(desk: Open, profile: str, count: int) -> None:
    before = desk(profile)
    before.simulator.hang_up_after(count)
    assert before.print("A001").state == "unconfirmed"
    before.supervisor.stop()
    hall = desk(profile, simulator=before.simulator, half_slip=True)
    hall.print("A002")
    wires.wait_until(lambda: hall.simulator.papers and hall.simulator.papers[-1].texts == WHOLE)
    assert all(not {"A001", "A002"} <= set(paper.texts) for paper in hall.simulator.papers)


def test_an_ordinary_first_slip_of_a_day_costs_no_paper_of_its_own(desk: Open) -> None:
    hall = desk()
    hall.print("A001")
    assert hall.simulator.papers[0].bytes.startswith(b"\x1b@\x1c&")
    assert len(hall.simulator.papers) == 1


def test_only_the_first_slip_after_a_half_one_is_cut_off(desk: Open) -> None:
    hall = desk(half_slip=True)
    received = []
    for number in ("A001", "A002"):
        before = hall.simulator.received
        assert hall.print(number).state == "printed"
        received.append(hall.simulator.received - before)
    assert received[0] > received[1] + 100


def test_a_slip_that_a_silent_line_swallowed_half_of_is_cut_off(desk: Open) -> None:
    hall = desk("epson", LossyWire)
    try:
        outcome = hall.printer.print((*SLIP[:2], Text("A001", 5), *SLIP[3:]), lambda: setattr(LossyWire, "left", 100))
    finally:
        LossyWire.left = None
    assert outcome == Outcome("unconfirmed", "silent")
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.print("A002", patience=10.0).state == "printed"
    assert hall.simulator.papers[-1].texts == WHOLE


def test_a_slip_that_was_cleared_from_the_memory_is_cut_off(desk: Open) -> None:
    hall = desk("generic")
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside("A001")
    wires.wait_until(lambda: not hall.simulator.has_paper)
    assert printing.goes_on_for(0.8)
    hall.simulator.lose_buffer()
    hall.simulator.put_in_paper()
    assert printing.outcome().state == "unconfirmed"
    assert hall.print("A002").state == "printed"
    assert hall.simulator.papers[-1].texts == WHOLE


def test_a_slip_that_is_confirmed_late_was_whole(desk: Open) -> None:
    hall = desk()
    late: list[Outcome] = []
    hall.simulator.hold_confirmations()
    assert hall.print("A001", late=late.append).state == "unconfirmed"
    hall.simulator.hold_confirmations(False)
    wires.wait_until(lambda: late)
    before = hall.simulator.received
    assert hall.print("A002").state == "printed"
    assert hall.simulator.received - before < 250
