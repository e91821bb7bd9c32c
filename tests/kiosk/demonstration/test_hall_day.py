"""Whole days of the virtual hall on a real store, with time in the test's hand: nobody is lost, whatever happens."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select

from kiosk.demonstration.hall_day import HallDay
from kiosk.demonstration.hall_time import HallTime
from ticketing.model import Actor
from ticketing.store import tables

LONG = timedelta(hours=3)
VISITOR = Actor("demo", "clerk", "1", logged_in=True)


class Paused:
    """A kiosk that prints nothing: everybody goes to the desk."""

    def view(self) -> Any:
        raise AssertionError("nobody stands there")


@pytest.fixture
def day(here: Any) -> HallDay:
    kiosk = cast("Any", Paused())
    return HallDay(here.office, here.hall.ratings, here.hall.matters, kiosk, HallTime(), here.now, {}, {}, ())


def go(here: Any, day: HallDay, until: Callable[[], bool], most: timedelta = 2 * LONG) -> None:
    """Let the hall's time pass from one thing to the next."""
    end = here.at + most
    while not until():
        day._go_on()
        here.office.bring_back()
        here.pass_time(seconds=max(1.0, day._interval * 240))
        assert here.at < end, day.view()


def states(here: Any) -> Counter[str]:
    with here.store.read() as conn:
        return Counter(conn.scalars(select(tables.ticket.c.state)))


def test_everybody_who_comes_is_called_or_goes_home_and_the_windows_close(here: Any, day: HallDay) -> None:
    day.begin(240, 70, LONG, next_morning=False, seed=11)
    phases: set[str] = set()

    def over() -> bool:
        phases.update(day.view()["clerks"].values())
        return bool(day.view()["state"] == "over")

    go(here, day, over)
    found = states(here)
    assert sum(found.values()) == 70
    # The hall is full: some give up.
    assert {"done", "missed"} <= set(found) <= {"done", "missed", "cancelled"}
    assert phases == {"away", "free", "called", "serving", "break"}
    assert {one.state for one in here.office.windows()} == {"closed"}
    events = Counter(one.type for one in here.office.events_after(0, 5000))
    assert events["ticket.held"] + events["ticket.transferred"] > 0
    assert events["ticket.recalled"] >= events["ticket.missed"] > 0
    figures = here.hall.reports.day(here.at.date()).total
    assert (figures.issued, figures.expired) == (70, 0)
    assert figures.rated > 10
    curve = day.view()["curve"]
    assert max(curve) > 0
    assert len(curve) > LONG / timedelta(minutes=5)


def test_with_no_clerk_for_them_residents_go_home_by_themselves_and_the_day_still_ends(here: Any, day: HallDay) -> None:
    day.begin(240, 6, timedelta(minutes=30), next_morning=False, seed=2)
    for window in here.office.windows():
        day.set_clerk(window.id, on=False)
    go(here, day, lambda: bool(day.view()["state"] == "over"))
    assert states(here) == {"cancelled": 6}


def test_a_visitor_at_the_window_is_followed_and_a_day_that_stands_still_does_nothing(here: Any, day: HallDay) -> None:
    ticket = here.issue("licence").ticket
    here.office.open_window("1", VISITOR)
    here.office.call_next("1", VISITOR)
    day.set_clerk("1", on=True)
    go(here, day, lambda: day.view()["clerks"]["1"] == "called")
    # The visitor scans nothing and starts by hand: the clerk goes on from there, and finishes.
    here.office.start("1", VISITOR)
    go(here, day, lambda: day.view()["clerks"]["1"] == "serving")
    assert here.office.ticket(ticket.id).state == "serving"
    day.stop_day()
    before = here.office.last_seq()
    for _ in range(20):
        here.pass_time(minutes=10)
        day._go_on()
    assert here.office.last_seq() == before
    day.go_on(60)
    day._go_on()
    assert here.office.ticket(ticket.id).state == "serving"
    go(here, day, lambda: here.office.ticket(ticket.id).state == "done")
