"""A second printer takes over, and nothing is printed after its time."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from config.settings import HallSettings
from drivers.printer.job import Outcome
from kiosk.resident.printing import PrintQueue
from kiosk.resident.slips import lay_out
from offices import DESK, OfficeHall
from printing_desk import Desk, Open, open_desks
from ticketing.office import PrintJob
from wires import wait_until

HALL = HallSettings(id="here", name="大厅")


class Hall:
    """An office, its printers, and the queue between them."""

    def __init__(self, folder: Path, desks: list[Desk]) -> None:
        self.office = OfficeHall(folder)
        self.desks = desks
        self.outcomes: list[tuple[str, Outcome]] = []
        stations = [(one.printer, partial(lay_out, HALL, one.printer.profile.columns)) for one in desks]
        self.queue = PrintQueue(self.office.office, *stations[0], self._told, backups=stations[1:])

    def _told(self, job: PrintJob, outcome: Outcome) -> None:
        self.outcomes.append((job.ticket.number, outcome))

    def issue(self) -> int:
        ticket = int(self.office.issue(print=True).ticket.id)
        self.queue.wake()
        return ticket

    def print_of(self, ticket: int) -> str:
        return str(self.office.office.ticket(ticket).print)

    def comes_to(self, ticket: int, state: str) -> None:
        wait_until(lambda: self.print_of(ticket) == state)

    def numbers(self, place: int) -> list[str]:
        """What came out of a printer, a number a piece of paper."""
        return [text for paper in self.desks[place].simulator.papers for text in paper.texts if text[1:].isdigit()]


@pytest.fixture
def desk() -> Iterator[Open]:
    yield from open_desks()


@pytest.fixture
def start(tmp_path: Path, desk: Open) -> Iterator[Callable[..., Hall]]:
    """A hall with so many printers; its queue is started."""
    halls: list[Hall] = []

    def start(*profiles: str, begin: bool = True, **options: Any) -> Hall:
        halls.append(Hall(tmp_path, [desk(profile, **options) for profile in profiles]))
        if begin:
            halls[-1].queue.start()
        return halls[-1]

    yield start
    for hall in halls:
        hall.queue.stop()
        hall.office.close()


@pytest.mark.parametrize("hand", ["take_out_paper", "open_cover", "jam_cutter", "unplug"])
def test_a_second_printer_takes_over_and_gives_back(start: Callable[..., Hall], hand: str) -> None:
    hall = start("epson", "generic-58")
    first = hall.issue()
    hall.comes_to(first, "printed")
    hall.desks[0].simulator.use(hand, {})
    second = hall.issue()
    hall.comes_to(second, "printed")
    assert hall.queue.ready
    assert hall.queue.trouble is None
    assert hall.numbers(1) == ["A002"]
    assert hall.desks[1].simulator.papers[0].faults == []
    back = {"take_out_paper": "put_in_paper", "open_cover": "close_cover", "jam_cutter": "free_cutter"}
    hall.desks[0].simulator.use(back.get(hand, "plug_in"), {})
    wait_until(lambda: hall.desks[0].printer.ready is None)
    third = hall.issue()
    hall.comes_to(third, "printed")
    assert hall.numbers(0) == ["A001", "A003"]


def test_paper_that_ends_in_a_slip_holds_up_nobody_where_there_is_a_second_printer(start: Callable[..., Hall]) -> None:
    hall = start("epson", "epson", paused_timeout=60.0)
    hall.desks[0].simulator.paper_lasts(3)
    first = hall.issue()
    wait_until(lambda: hall.desks[0].printer.ready == "paper_out")
    others = [hall.issue() for _ in range(3)]
    for one in others:
        hall.comes_to(one, "printed")
    assert hall.print_of(first) == "pending"
    assert hall.numbers(1) == ["A002", "A003", "A004"]
    hall.desks[0].simulator.put_in_paper()
    hall.comes_to(first, "printed")
    assert hall.numbers(0) == ["A001"]


def test_without_any_printer_that_works_a_slip_fails_with_the_first_ones_reason(start: Callable[..., Hall]) -> None:
    hall = start("epson", "epson")
    hall.desks[0].simulator.take_out_paper()
    hall.desks[1].simulator.open_cover()
    # A printer that is not known to be in trouble is tried before one that is.
    wait_until(lambda: [one.printer.ready for one in hall.desks] == ["paper_out", "cover_open"])
    ticket = hall.issue()
    hall.comes_to(ticket, "failed")
    # Kept first, then told.
    told = [("A001", Outcome("failed", "paper_out"))]
    wait_until(lambda: hall.outcomes == told)
    wait_until(lambda: hall.queue.trouble == "paper_out")
    assert all(one.simulator.received == 0 for one in hall.desks)


def test_a_printer_that_comes_back_after_a_night_prints_nothing_of_yesterday(start: Callable[..., Hall]) -> None:
    hall = start("epson", begin=False, paused_timeout=120.0)
    old = hall.issue()
    hall.office.later(seconds=119)
    young = hall.issue()
    hall.office.later(seconds=60)
    hall.queue.start()
    hall.comes_to(old, "failed")
    hall.comes_to(young, "printed")
    assert hall.outcomes[0] == ("A001", Outcome("failed", "expired"))
    assert hall.numbers(0) == ["A002"]


def test_who_asks_again_for_a_slip_that_still_waits_is_waited_for_anew(start: Callable[..., Hall]) -> None:
    hall = start("epson", begin=False, paused_timeout=120.0)
    ticket = hall.issue()
    hall.office.later(seconds=100)
    job = hall.office.office.reprint(ticket, DESK)
    assert not job.copy
    hall.office.later(seconds=100)
    hall.queue.start()
    hall.comes_to(ticket, "printed")


def test_what_the_printer_holds_after_its_time_does_not_come_with_the_new_roll(start: Callable[..., Hall]) -> None:
    hall = start("epson")
    hall.desks[0].simulator.paper_lasts(3)
    ticket = hall.issue()
    wait_until(lambda: hall.desks[0].printer.ready == "paper_out")
    hall.desks[0].clock.skip(60.0)
    hall.comes_to(ticket, "unconfirmed")
    hall.desks[0].simulator.put_in_paper()
    wait_until(lambda: hall.queue.ready)
    assert hall.numbers(0) == []
    hall.office.office.reprint(ticket, DESK)
    hall.queue.wake()
    hall.comes_to(ticket, "printed")
    assert "补打" in "".join(hall.desks[0].simulator.papers[-1].texts)
