"""A clock that ran ahead and is set right gives today back what it took, in the order it had."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from offices import CHEN, CLERK, DESK, OfficeHall
from ticketing.model import State
from ticketing.office import Office
from ticketing.policy import Rules


def ran_ahead(desk: OfficeHall, **delta: float) -> None:
    """The clock shows a later time for a while, somebody does something, and it is set right again."""
    today = desk.now
    desk.later(**delta)
    desk.office.end_of_day()
    desk.now = today
    desk.later(minutes=1)
    desk.office.end_of_day()


def states(desk: OfficeHall, *tickets: int) -> list[str]:
    return [str(desk.office.ticket(one).state) for one in tickets]


@pytest.mark.parametrize("days", [1, 3])
def test_a_day_too_far_takes_nobodys_ticket(desk: OfficeHall, days: int) -> None:
    missed, held, served, called = (desk.issue("licence") for _ in range(4))
    waiting = desk.issue("tax", CHEN)
    desk.call()
    desk.office.no_show("1", CLERK)
    desk.office.hold_ticket(held.ticket.id, DESK)
    desk.call()
    desk.office.start("1", CLERK)
    desk.call("3")
    ids = [one.ticket.id for one in (waiting, missed, held, served, called)]
    before = states(desk, *ids)
    assert before == ["waiting", "missed", "held", "serving", "called"]
    kept = desk.office.ticket(missed.ticket.id)
    ran_ahead(desk, days=days)
    assert states(desk, *ids) == before
    assert desk.office.ticket(missed.ticket.id) == kept
    assert [view.waiting for view in desk.office.hall().services] == [0, 1, 0]
    assert desk.office.tickets_of(CHEN)["tax"].id == waiting.ticket.id
    desk.office.finish("1", CLERK)
    assert desk.call("2") == "B001"
    found = desk.office.scan("2", waiting.code, CLERK)
    assert found.resident == CHEN


def test_who_comes_next_is_counted_right_after_it(desk: OfficeHall) -> None:
    for _ in range(3):
        desk.issue()
    ran_ahead(desk, days=1)
    assert desk.issue().ticket.ahead == 3
    assert desk.call() == "A001"


def test_what_was_over_before_stays_over(desk: OfficeHall) -> None:
    first = desk.issue().ticket.id
    desk.serve()
    ran_ahead(desk, days=1)
    assert states(desk, first) == ["done"]


def test_a_window_taken_meanwhile_is_not_taken_twice(desk: OfficeHall) -> None:
    old = desk.issue()
    desk.call()
    today = desk.now
    desk.later(days=1)
    desk.issue()
    desk.call()
    desk.now = today
    desk.later(minutes=1)
    desk.office.end_of_day()
    assert states(desk, old.ticket.id) == ["done"]
    view = desk.office.window_view("1")
    assert view.ticket
    assert view.ticket.state is State.CALLED


def test_hours_too_far_let_nobody_pass_those_who_wait(desk: OfficeHall) -> None:
    early = desk.issue("licence", CHEN)
    desk.later(hours=3)
    ahead = [desk.issue() for _ in range(3)]
    desk.later(hours=-3)
    late = desk.issue()
    numbers = [one.ticket.number for one in (early, *ahead, late)]
    assert [desk.serve() for _ in range(5)] == numbers
    assert all(desk.office.ticket(one.ticket.id).issued_at <= desk.now for one in ahead)


def test_a_hold_that_began_ahead_ends_as_much_earlier(desk: OfficeHall) -> None:
    before, ahead = desk.issue(), desk.issue()
    soon = desk.now + timedelta(hours=4)
    desk.office.hold_ticket(before.ticket.id, DESK, back_at=soon)
    desk.later(hours=3)
    desk.office.hold_ticket(ahead.ticket.id, DESK, back_at=desk.now + timedelta(hours=2))
    desk.issue()
    desk.later(hours=-3)
    desk.office.end_of_day()
    until = desk.office.ticket(ahead.ticket.id).held_until
    assert until
    assert abs(until - desk.now - timedelta(hours=2)) < timedelta(minutes=1)


def test_a_hall_that_is_open_past_midnight_keeps_its_day(desk: OfficeHall) -> None:
    rules = replace(Rules(), day_starts=timedelta(hours=4))
    office = Office(desk.store, desk.vault, rules, ZoneInfo("Asia/Shanghai"), lambda: desk.now)
    desk.now = desk.now.replace(hour=22)
    waiting = office.issue("licence", DESK, print=False).ticket
    desk.now = desk.now.replace(hour=0, minute=30) + timedelta(days=1)
    assert office.hall().day == "2026-03-02"
    assert office.issue("licence", DESK, print=False).ticket.number == "A002"
    assert office.ticket(waiting.id).state is State.WAITING
    desk.now = desk.now.replace(hour=3, minute=59)
    called = office.call_next("1", CLERK)
    assert called
    assert called.ticket.number == "A001"
    desk.later(minutes=1)
    assert office.hall().day == "2026-03-03"
    assert office.ticket(waiting.id).state is State.DONE


@pytest.mark.parametrize("month, day", [(3, 29), (10, 25)])
def test_where_the_clocks_are_changed_at_night_the_day_is_the_zones(desk: OfficeHall, month: int, day: int) -> None:
    """In Berlin the day of the change has 23 or 25 hours; the box itself counts in UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    office = Office(desk.store, desk.vault, Rules(), berlin, lambda: desk.now)
    desk.now = datetime(2026, month, day, 0, 0, 1, tzinfo=berlin)
    first = office.issue("licence", DESK, print=False).ticket
    desk.now = datetime(2026, month, day, 23, 59, 59, tzinfo=berlin)
    assert office.issue("licence", DESK, print=False).ticket.number == "A002"
    assert office.ticket(first.id).state is State.WAITING
    assert office.hall().day == f"2026-{month:02}-{day}"
    desk.later(seconds=1)
    assert office.hall().day == f"2026-{month:02}-{day + 1}"
    assert office.ticket(first.id).state is State.EXPIRED
