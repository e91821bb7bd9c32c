"""From a committed print job to paper, and what is told of it."""

import re
from collections.abc import Callable

from config.settings import DeviceSettings
from conftest import DemoHall
from drivers.escpos import PROFILES
from foreign import ForeignPrinter
from ticketing.model import Actor
from wires import wait_until

DESK = Actor("desk", "desk", "desk")


def issue(hall: DemoHall) -> int:
    issued = hall.office.issue("business-licence", DESK, print=True)
    hall.program.hall.printing.wake()
    return int(issued.ticket.id)


def print_of(hall: DemoHall, ticket: int) -> str:
    return str(hall.office.ticket(ticket).print)


def test_a_slip_confirmed_late_is_no_longer_in_doubt(hall: DemoHall) -> None:
    hall.printer.hold_confirmations()
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "unconfirmed", 15)
    hall.printer.hold_confirmations(False)
    wait_until(lambda: print_of(hall, ticket) == "printed", 15)
    assert len(hall.printer.papers) == 1


def test_a_slip_in_doubt_is_printed_again_only_as_a_copy(hall: DemoHall) -> None:
    hall.printer.hang_up_after(150)
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "unconfirmed", 15)
    hall.office.reprint(ticket, DESK)
    hall.program.hall.printing.wake()
    wait_until(lambda: print_of(hall, ticket) == "printed", 15)
    assert "补打" in "".join(hall.printer.papers[-1].texts)


def test_a_slip_that_never_began_comes_out_unmarked_when_asked_for_again(hall: DemoHall) -> None:
    hall.printer.take_out_paper()
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "failed", 15)
    assert hall.printer.papers == []
    hall.printer.put_in_paper()
    wait_until(lambda: hall.program.hall.printing.ready, 15)
    assert print_of(hall, ticket) == "failed", "nobody may stand there any more: it is not printed by itself"
    hall.office.reprint(ticket, DESK)
    hall.program.hall.printing.wake()
    wait_until(lambda: print_of(hall, ticket) == "printed", 15)
    assert "补打" not in "".join(hall.printer.papers[-1].texts)


def test_narrow_paper_gets_narrow_lines(start_hall: Callable[..., DemoHall]) -> None:
    printer = DeviceSettings(name="printer", driver="escpos", port="sim:", profile="epson-58")
    hall = start_hall(devices=(printer,))
    ticket = issue(hall)
    wait_until(lambda: print_of(hall, ticket) == "printed", 15)
    assert hall.printer.papers[0].faults == []


def test_every_profile_of_the_printer_can_be_chosen_in_the_settings() -> None:
    for name in PROFILES:
        assert DeviceSettings(name="printer", driver="escpos", port="sim:", profile=name).profile == name  # type: ignore[arg-type]


def test_paper_that_ends_in_mid_slip_leaves_the_kiosk_free_and_the_slip_comes_with_the_new_roll(hall: DemoHall) -> None:
    counter = hall.program.hall.counter
    assert counter
    hall.printer.paper_lasts(4)
    hall.lay("zhang")
    wait_until(lambda: counter.view()["state"] == "choosing", 10)
    ticket, _ = counter.choose("business-licence")
    wait_until(lambda: counter.view()["state"] == "fault", 10)
    shown = counter.view()
    assert shown["ticket"]["number"] == ticket.number
    assert "缺纸" in shown["message"]
    hall.reader.lift()
    hall.lay("li")
    wait_until(lambda: counter.view()["state"] == "choosing", 10)
    hall.printer.put_in_paper()
    wait_until(lambda: print_of(hall, ticket.id) == "printed", 15)
    assert counter.view()["state"] == "choosing"
    assert len([paper for paper in hall.printer.papers if ticket.number in "".join(paper.texts)]) == 1


def test_half_a_slip_of_an_earlier_run_does_not_become_the_head_of_the_next_one(
    start_hall: Callable[..., DemoHall],
) -> None:
    printer = ForeignPrinter()
    printer.start()
    device = DeviceSettings(name="printer", driver="escpos", port=f"tcp://127.0.0.1:{printer.port}")
    hall = start_hall(devices=(device,))
    printer.hang_up_after = 200
    first = issue(hall)
    wait_until(lambda: print_of(hall, first) == "unconfirmed", 15)
    hall.stop()
    hall = start_hall(devices=(device,))
    second = issue(hall)
    wait_until(lambda: print_of(hall, second) == "printed", 15)
    numbers = [re.findall(r"\bA\d{3}\b", paper.text) for paper in printer.papers]
    assert [found for found in numbers if len(set(found)) > 1] == []
    hall.stop()
    printer.stop()
