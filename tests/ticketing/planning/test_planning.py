"""What a hall's own past says of days to come, on real stores."""

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import insert

from book import Book
from offices import MORNING, OfficeHall, refused
from ticketing.model import StateError, UnknownError
from ticketing.planning.planning import Planning
from ticketing.reports.spans import Spans
from ticketing.store import tables
from ticketing.waits.replay import Change

NINE, NOON = 9 * 3600.0, 12 * 3600.0


def crowded_days(hall: OfficeHall, days: int, a_day: int = 30) -> None:
    """Days on which the one window is too few."""
    book, chance = Book(hall), Random(5)
    for number in range(days, 0, -1):
        at = MORNING - timedelta(days=number)
        if at.isoweekday() > 5:
            continue
        free = 0
        for turn in range(a_day):
            queued = turn * 150 + chance.randrange(60)
            called = max(queued, free)
            served = 100 + chance.randrange(200)
            free = called + 20 + served
            book.ticket(at + timedelta(seconds=queued), waited=called - queued, walked=20, served=served)


def test_a_window_more_is_tried_on_the_halls_own_days(desk: OfficeHall) -> None:
    crowded_days(desk, 14)
    planning = Planning(desk.office.ledger)
    found = planning.what_if(Change("3", NINE, NOON))
    assert (found.days, found.runs) == (10, 100)
    assert found.waited == pytest.approx(found.replayed, rel=0.15)
    assert found.saves > 0.5 * found.base.minutes > 0
    weekday = planning.what_if(Change("3", NINE, NOON), weekday=1)
    assert weekday.days == 2, "the two Mondays"
    one = planning.what_if(Change("3", NINE, NOON), day=MORNING.date() - timedelta(days=3))
    assert one.days == 1
    # Window 2 does not take these tickets.
    assert planning.what_if(Change("2", NINE, NOON)).saves == 0


def test_a_moved_working_day_is_like_the_weekday_whose_hours_it_has(desk: OfficeHall) -> None:
    crowded_days(desk, 7)
    moved = MORNING.date() - timedelta(days=4)
    with desk.store.write() as conn:
        conn.execute(insert(tables.special_day).values(day=moved.isoformat(), weekday=1, name="调休"))
    from ticketing.setup import timetable

    with desk.office.ledger.verb() as m:
        timetable.changed(m)
    assert Planning(desk.office.ledger).what_if(Change("3", NINE, NOON), weekday=1).days == 2


def test_what_cannot_be_tried_is_refused(desk: OfficeHall) -> None:
    planning = Planning(desk.office.ledger)
    refused(StateError, "no_past_days", planning.what_if, Change("3", NINE, NOON))
    refused(StateError, "bad_change", planning.what_if, Change("3", NOON, NINE))
    refused(UnknownError, "unknown_window", planning.what_if, Change("9", NINE, NOON))


def test_the_next_days_are_foretold_and_the_last_ones_checked(desk: OfficeHall) -> None:
    crowded_days(desk, 63, a_day=12)
    Spans(desk.office.ledger).keep_up(60)
    week = Planning(desk.office.ledger).week()
    assert [(one.day - MORNING.date()).days for one in week.coming] == list(range(7))
    monday, saturday = week.coming[0], week.coming[5]
    assert (monday.like, monday.hours[9].mean) == (1, 12.0)
    assert monday.hours[9].low <= 12 <= monday.hours[9].high
    assert (saturday.like, saturday.hours) == (6, {})
    assert [one.came for one in week.past if one.day.isoweekday() < 6] == [{9: 12}] * 5
    assert week.held == 1.0
    # The same of each service.
    licence = monday.services["licence"]
    assert (licence.mean, licence.low <= 12 <= licence.high) == (12.0, True)
    assert saturday.services == {}
    assert [one.came_for for one in week.past if one.day.isoweekday() < 6] == [{"licence": 12}] * 5
    assert week.held_for == 1.0
