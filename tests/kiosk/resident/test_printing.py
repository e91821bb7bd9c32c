"""From a committed print job to paper, and what is told of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from conftest import DemoHall
from drivers.printer.driver import EscposSettings
from drivers.printer.escpos import PROFILES
from drivers.printer.job import Outcome
from foreign import ForeignPrinter
from kiosk.resident.printing import PrintQueue
from kiosk.resident.slips import lay_out
from ticketing.model import Actor, UnknownError
from ticketing.office import PrintJob
from wires import wait_until

DESK = Actor("desk", "desk", "desk")
SHEN = Actor("shen", "auditor", "127.0.0.1")


def issue(hall: DemoHall) -> int:
    issued = hall.office.issue("business-licence", DESK, print=True)
    hall.program.hall.printing.wake()
    return int(issued.ticket.id)


def print_of(hall: DemoHall, ticket: int) -> str:
    return str(hall.office.ticket(ticket).print)


def test_a_slip_confirmed_late_is_no_longer_in_doubt(hall: DemoHall) -> None:
    hall.printer.hold_confirmations()
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "unconfirmed")
    hall.printer.hold_confirmations(False)
    wait_until(lambda: print_of(hall, ticket) == "printed")
    assert len(hall.printer.papers) == 1


def test_a_slip_in_doubt_is_printed_again_only_as_a_copy(hall: DemoHall) -> None:
    hall.printer.hang_up_after(150)
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "unconfirmed")
    hall.office.reprint(ticket, DESK)
    hall.program.hall.printing.wake()
    wait_until(lambda: print_of(hall, ticket) == "printed")
    assert "补打" in "".join(hall.printer.papers[-1].texts)


def test_a_slip_that_never_began_comes_out_unmarked_when_asked_for_again(hall: DemoHall) -> None:
    hall.printer.take_out_paper()
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "failed")
    assert hall.printer.papers == []
    hall.printer.put_in_paper()
    wait_until(lambda: hall.program.hall.printing.ready)
    assert print_of(hall, ticket) == "failed", "nobody may stand there any more: it is not printed by itself"
    hall.office.reprint(ticket, DESK)
    hall.program.hall.printing.wake()
    wait_until(lambda: print_of(hall, ticket) == "printed")
    assert "补打" not in "".join(hall.printer.papers[-1].texts)


def test_narrow_paper_gets_narrow_lines(start_hall: Callable[..., DemoHall]) -> None:
    printer = EscposSettings(name="printer", driver="escpos", port="sim:", profile="epson-58")
    hall = start_hall(devices=(printer,))
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "printed")
    assert hall.printer.papers[0].faults == []


def test_every_profile_of_the_printer_can_be_chosen_in_the_settings() -> None:
    for name in PROFILES:
        assert EscposSettings(name="printer", driver="escpos", port="sim:", profile=name).profile == name


def test_paper_that_ends_in_mid_slip_leaves_the_kiosk_free_and_the_slip_comes_with_the_new_roll(hall: DemoHall) -> None:
    kiosk = hall.program.hall.kiosk
    assert kiosk
    hall.printer.paper_lasts(4)
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    ticket, _ = kiosk.choose("business-licence")
    wait_until(lambda: kiosk.view().state == "fault")
    shown = kiosk.view()
    assert shown.ticket and shown.ticket.ticket.number == ticket.number
    assert "缺纸" in shown.message
    hall.reader.lift()
    hall.lay("li")
    wait_until(lambda: kiosk.view().state == "choosing")
    hall.printer.put_in_paper()
    wait_until(lambda: print_of(hall, ticket.id) == "printed")
    assert kiosk.view().state == "choosing"
    assert len([paper for paper in hall.printer.papers if ticket.number in "".join(paper.texts)]) == 1


def test_a_ticket_cancelled_before_its_slip_began_frees_the_kiosk_and_says_what_to_do(hall: DemoHall) -> None:
    kiosk = hall.program.hall.kiosk
    assert kiosk
    hall.program.hall.printing.stop()
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    ticket, _ = kiosk.choose("business-licence")
    assert kiosk.view().state == "printing"
    hall.office.cancel(ticket.id, DESK)
    wait_until(lambda: kiosk.view().state == "fault")
    shown = kiosk.view()
    assert shown.ticket is None
    assert "重新刷身份证取号" in shown.message
    hall.reader.lift()
    hall.lay("li")
    wait_until(lambda: kiosk.view().state == "choosing")


def test_a_ticket_cancelled_while_its_slip_waited_for_the_printer_is_not_printed(hall: DemoHall) -> None:
    printing = hall.program.hall.printing
    printing.stop()
    ticket = hall.office.issue("business-licence", DESK, print=True).ticket
    job = printing._take()
    assert job
    hall.office.cancel(ticket.id, DESK)
    assert printing._print(job) == Outcome("failed", "ticket_over")
    assert hall.printer.papers == []


def test_half_a_slip_of_an_earlier_run_does_not_become_the_head_of_the_next_one(
    start_hall: Callable[..., DemoHall],
) -> None:
    printer = ForeignPrinter()
    printer.start()
    device = EscposSettings(name="printer", driver="escpos", port=f"tcp://127.0.0.1:{printer.port}")
    hall = start_hall(devices=(device,))
    printer.hang_up_after = 200
    first = issue(hall)
    wait_until(lambda: print_of(hall, first) == "unconfirmed")
    hall.stop()
    hall = start_hall(devices=(device,))
    second = issue(hall)
    wait_until(lambda: print_of(hall, second) == "printed")
    numbers = [re.findall(r"\bA\d{3}\b", paper.text) for paper in printer.papers]
    assert [found for found in numbers if len(set(found)) > 1] == []
    hall.stop()
    printer.stop()


def test_a_closing_slip_comes_out_of_the_printer_or_says_why_not(hall: DemoHall) -> None:
    closing = hall.program.hall.closing
    job = closing.print(SHEN)
    assert closing.outcome(job, 60.0) == ("printed", None)
    head = hall.program.hall.audit.head()
    shown = "".join(hall.printer.papers[-1].texts)
    assert "日结凭条" in shown
    assert head.short[-4:] in shown
    assert hall.printer.papers[-1].faults == []
    assert hall.printer.papers[-1].codes == [head.short]
    hall.printer.take_out_paper()
    wait_until(lambda: not hall.program.hall.printing.ready)
    assert closing.outcome(closing.print(SHEN), 60.0)[0] == "failed"
    assert len(hall.printer.papers) == 1


def test_residents_slips_come_before_a_closing_slip(start_hall: Callable[..., DemoHall]) -> None:
    hall = start_hall()
    printing = hall.program.hall.printing
    printing.stop()
    closing = hall.program.hall.closing
    job = closing.print(SHEN)
    ticket = hall.office.issue("business-licence", DESK, print=True).ticket
    taken = printing._take()
    assert isinstance(taken, PrintJob)
    assert taken.ticket.id == ticket.id
    hall.office.print_ended(taken.id, "printed", None)
    after = printing._take()
    assert after
    assert after.id == job


def finish(hall: DemoHall, outcome: str) -> Any:
    """The case of a ticket that was served at window 3."""
    clerk = Actor("clerk", "clerk", "3")
    hall.office.issue("business-licence", DESK, print=False)
    hall.office.call_next("3", clerk)
    (case,) = hall.office.conclude("3", clerk, outcome, print=True).cases
    hall.program.hall.printing.wake()
    return case


def test_a_case_that_goes_on_gets_a_receipt_with_its_code(hall: DemoHall) -> None:
    case = finish(hall, "承诺")
    wait_until(lambda: hall.printer.papers)
    paper = hall.printer.papers[0]
    assert [code.rpartition("/")[2] for code in paper.codes] == [case.receipt]
    assert "受理回执" in "".join(paper.texts)
    assert str(case.promised_on) in "".join(paper.texts)
    wait_until(lambda: hall.office.print_jobs(5) == [])
    hall.program.hall.cases.reprint(case.id, DESK)
    hall.program.hall.printing.wake()
    wait_until(lambda: len(hall.printer.papers) == 2)
    assert "补打" in "".join(hall.printer.papers[1].texts)


def test_a_slip_that_cannot_be_laid_out_is_given_up_and_the_next_one_comes_out(
    hall: DemoHall, caplog: pytest.LogCaptureFixture
) -> None:
    hall.printer.take_out_paper()
    wait_until(lambda: not hall.program.hall.printing.ready)
    hall.program.hall.printing.stop()
    broken = hall.office.issue("business-licence", DESK, print=True).ticket.id
    good = hall.office.issue("business-licence", DESK, print=True).ticket.id

    def lay_out_all_but_one(job: PrintJob) -> Any:
        if job.ticket.id == broken:
            raise UnknownError("no_such_word")
        return lay_out(hall.program.hall.settings.hall, 48, job)

    hall.printer.put_in_paper()
    printer = hall.program.hall.printing._printer
    desk = PrintQueue(hall.office, printer, lay_out_all_but_one)
    wait_until(lambda: desk.ready)
    desk.start()
    wait_until(lambda: print_of(hall, good) == "printed")
    desk.stop()
    assert print_of(hall, broken) == "failed"
    assert len(hall.printer.papers) == 1
    told = [record.getMessage() for record in caplog.records if record.name == "kiosk.resident.printing"]
    assert len(told) == 1
    assert "UnknownError" in told[0]
