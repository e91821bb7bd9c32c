"""What may be left of a slip in the printer never stands on the paper of the next one."""

import threading
from collections.abc import Iterator

import pytest

import wires
from drivers.port import Port
from drivers.printer import escpos
from drivers.printer.driver import Outcome
from drivers.printer.escpos import Code, Text
from drivers.printer.profiles import PROFILES
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


class CountedWire(wires.WholeWire):
    """Counts how often the printer was opened."""

    opened = 0

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        CountedWire.opened += 1


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
    hall = desk("epson", LossyWire, answer_timeout=0.2)
    try:
        outcome = hall.printer.print((*SLIP[:2], Text("A001", 5), *SLIP[3:]), lambda: setattr(LossyWire, "left", 100))
    finally:
        LossyWire.left = None
    assert outcome == Outcome("unconfirmed", "silent")
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.print("A002").state == "printed"
    assert hall.simulator.papers[-1].texts == WHOLE


def test_a_slip_that_was_cleared_from_the_memory_is_cut_off(desk: Open) -> None:
    hall = desk("generic")
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside("A001")
    wires.wait_until(lambda: hall.printer.ready == "paper_out")
    assert not printing.done
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


@pytest.mark.parametrize("count", [9, 70, 140])
def test_a_hang_up_noticed_after_a_slip_was_written_to_a_printer_that_never_confirms_cuts_it_off(
    desk: Open, count: int
) -> None:
    CountedWire.opened = 0
    hall = desk("write-only", CountedWire)
    hall.simulator.hang_up_after(count)
    assert hall.print("A001").state == "unconfirmed"
    wires.wait_until(lambda: CountedWire.opened == 2 and hall.printer.ready is None)
    hall.print("A002")
    wires.wait_until(lambda: hall.simulator.papers and hall.simulator.papers[-1].texts == WHOLE)


@pytest.mark.parametrize("profile", ["raster-qr", "raster-qr-58"])
def test_a_hang_up_in_the_middle_of_the_longest_picture_spoils_no_later_slip(desk: Open, profile: str) -> None:
    hall = desk(profile, process_id=False)
    long = Code("HTTPS://" + "A" * 120 + ".CN/T/0123456789ABCDEF")
    hall.simulator.hang_up_after(1200)
    assert hall.printer.print((Text("A001"), long), hall.sending).state == "unconfirmed"
    received = hall.simulator.received
    assert hall.print("A002").state == "printed"
    assert hall.simulator.papers[-1].texts[2:] == WHOLE[2:]
    assert hall.simulator.papers[-1].faults == []
    assert escpos.cut_off(PROFILES[profile]).count(0) < 2000
    assert hall.simulator.received > received


def test_what_hangs_in_a_printer_is_cleared_when_it_is_no_longer_wanted(desk: Open) -> None:
    hall = desk()
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside("A001")
    wires.wait_until(lambda: hall.printer.ready == "paper_out")
    hall.clock.skip(60.0)
    assert printing.outcome() == Outcome("unconfirmed", "paper_out")
    hall.simulator.put_in_paper()
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.print("A002").state == "printed"
    assert hall.simulator.papers[-1].texts == WHOLE
    assert all("A001" not in paper.texts for paper in hall.simulator.papers)


def test_what_an_earlier_run_left_in_a_printer_without_paper_is_cleared_before_the_new_roll(desk: Open) -> None:
    before = desk()
    before.simulator.paper_lasts(2)
    printing = before.print_aside("A001")
    wires.wait_until(lambda: not before.simulator.has_paper)
    before.supervisor.stop()
    assert printing.outcome().state == "unconfirmed"
    hall = desk(simulator=before.simulator, half_slip=True)
    wires.wait_until(lambda: not hall.simulator._buffer)
    hall.simulator.put_in_paper()
    wires.wait_until(lambda: hall.printer.ready is None)
    assert hall.print("A002").state == "printed"
    assert all("A001" not in paper.texts for paper in hall.simulator.papers)


def test_a_slip_is_waited_for_no_longer_than_it_is_wanted(desk: Open) -> None:
    hall = desk(paused_timeout=3600.0)
    hall.simulator.paper_lasts(2)
    printing = hall.print_aside("A001", wanted=60.0)
    wires.wait_until(lambda: hall.printer.ready == "paper_out")
    hall.clock.skip(60.0)
    assert printing.outcome() == Outcome("unconfirmed", "paper_out")


def test_a_slip_that_waited_too_long_for_its_printer_is_not_begun(desk: Open) -> None:
    hall = desk()
    hall.simulator.unplug()
    wires.wait_until(lambda: hall.printer.ready is not None)
    printing = hall.print_aside("A001", wanted=60.0)
    wires.wait_until(hall.printer._one_job.locked)
    hall.clock.skip(60.0)
    hall.simulator.plug_in()
    assert printing.outcome() == Outcome("failed", "expired")
    assert hall.simulator.received == 0
    assert hall.sendings == 0
