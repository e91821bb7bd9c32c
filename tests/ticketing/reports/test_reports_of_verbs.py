"""What the verbs leave in the store, as the reports tell it."""

import pytest

from offices import CLERK, DESK, OfficeHall
from ticketing.reports.reports import Day, Reports


@pytest.fixture
def day(desk: OfficeHall) -> "Told":
    return Told(desk)


class Told:
    """A hall and its report of today."""

    def __init__(self, hall: OfficeHall) -> None:
        self.hall = hall

    def now(self) -> Day:
        return Reports(self.hall.office.ledger).day(self.hall.now.date())


def test_who_is_held_and_comes_back_is_served_once(day: Told) -> None:
    hall = day.hall
    hall.issue()
    hall.call("1")
    hall.office.hold("1", CLERK)
    hall.later(minutes=5)
    hall.office.return_number("1", "A001", CLERK)
    hall.call("1")
    hall.office.finish("1", CLERK)
    total = day.now().total
    assert (total.issued, total.served, total.held, total.no_shows, total.cases) == (1, 1, 1, 0, 1)
    assert total.waits and total.waits.count == 2


def test_who_is_held_to_the_end_of_the_day_is_no_no_show(day: Told) -> None:
    hall = day.hall
    hall.issue()
    hall.call("1")
    hall.office.hold("1", CLERK)
    today = hall.now.date()
    hall.next_day()
    hall.office.end_of_day()
    total = Reports(hall.office.ledger).day(today).total
    assert (total.held, total.no_shows, total.expired, total.served) == (1, 0, 1, 0)


def test_who_does_not_come_twice_is_two_no_shows(day: Told) -> None:
    hall = day.hall
    hall.issue()
    hall.call("1")
    hall.office.no_show("1", CLERK)
    hall.office.return_number("1", "A001", CLERK)
    hall.call("1")
    hall.office.no_show("1", CLERK)
    assert day.now().total.no_shows == 2
    today = hall.now.date()
    hall.next_day()
    hall.office.end_of_day()
    total = Reports(hall.office.ledger).day(today).total
    assert (total.issued, total.no_shows, total.expired) == (1, 2, 1)


def test_a_finish_that_was_undone_counts_once(day: Told) -> None:
    hall = day.hall
    hall.issue()
    hall.call("1")
    hall.office.finish("1", CLERK)
    hall.office.undo("1", CLERK)
    assert (day.now().total.served, day.now().total.cases) == (0, 0)
    hall.office.finish("1", CLERK)
    assert (day.now().total.served, day.now().total.cases) == (1, 1)


def test_each_stop_of_a_chain_is_served_for_its_own_service(day: Told) -> None:
    hall = day.hall
    hall.issue("licence", chain=("tax",))
    hall.call("1")
    hall.office.finish("1", CLERK)
    hall.call("2")
    hall.office.finish("2", CLERK)
    told = day.now()
    assert (told.total.issued, told.total.served, told.total.cases) == (1, 2, 2)
    assert [(line.key, line.served, line.cases) for line in told.services] == [("licence", 1, 1), ("tax", 1, 1)]
    assert [(line.key, line.served) for line in told.windows] == [("1", 1), ("2", 1)]
    assert [(line.key, line.served) for line in told.clerks] == [("wang", 2)]


def test_who_is_sent_on_waits_twice_and_is_served_once(day: Told) -> None:
    hall = day.hall
    hall.issue("licence")
    hall.call("1")
    hall.office.transfer("1", "tax", CLERK)
    hall.later(minutes=1)
    hall.call("2")
    hall.office.finish("2", CLERK)
    told = day.now().total
    assert (told.issued, told.served, told.transferred) == (1, 1, 1)
    assert told.waits and (told.waits.count, told.waits.longest) == (2, 61)


def test_who_gives_the_ticket_back_is_cancelled(day: Told) -> None:
    hall = day.hall
    issued = hall.issue()
    hall.office.cancel(issued.ticket.id, DESK)
    assert (day.now().total.cancelled, day.now().total.waits) == (1, None)
