"""A past day, made again from its events: what screens and windows showed after each of them."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from offices import CLERK, DESK, MORNING, ZONE, OfficeHall, refused
from ticketing.live.past_days import Moment, PastDays
from ticketing.model import StateError

OTHER = CLERK.__class__("liu", "clerk", "2")


class Recording:
    """What was to be seen of the hall after each verb."""

    def __init__(self, hall: OfficeHall) -> None:
        self.hall, self.seen = hall, {}  # type: ignore[var-annotated]

    def do(self, verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Do it, look, and let a minute pass."""
        done = verb(*args, **options)
        office = self.hall.office
        board = office.board()
        windows = [(one.id, one.state, one.pause_text, one.pause_text_en) for one in office.windows()]
        there = {one.window: (one.number, one.state) for one in board.calls if one.state != "over"}
        self.seen[board.seq] = board.calls, board.waiting, windows, there
        self.hall.later(seconds=20)
        return done

    def past(self) -> dict[int, Any]:
        """The same from the events of the day."""
        day = PastDays(self.hall.office.ledger).day(self.hall.now.date())
        return {event.seq: _seen(moment) for event, moment in day.moments()}


def _seen(moment: Moment) -> Any:
    windows = [(one.id, one.state, one.text, one.text_en) for one in moment.windows]
    there = {one.id: (one.ticket.number, one.ticket.state) for one in moment.windows if one.ticket}
    return moment.calls, moment.waiting, windows, there


@pytest.fixture
def day(desk: OfficeHall) -> Recording:
    return Recording(desk)


def test_after_each_event_the_hall_is_as_it_was(day: Recording) -> None:
    office = day.hall.office
    for service in ("licence", "tax", "licence", "seal"):
        day.do(office.issue, service, DESK, print=False)
    day.do(office.issue, "licence", DESK, print=False, chain=["seal", "tax"])
    day.do(office.open_window, "1", CLERK)
    day.do(office.pause_window, "2", OTHER, "午餐", "Lunch")
    day.do(office.call_next, "1", CLERK)
    day.do(office.recall, "1", CLERK)
    day.do(office.start, "1", CLERK)
    day.do(office.finish, "1", CLERK)
    # Undone, taken on hold, back, called by its number, away, and called once more.
    day.do(office.undo, "1", CLERK)
    held = day.do(office.hold, "1", CLERK)
    day.do(office.return_ticket, held.id, DESK)
    day.do(office.call_number, "1", held.number, CLERK, "资料齐了")
    day.do(office.no_show, "1", CLERK)
    day.do(office.call_number, "1", held.number, CLERK, "来了")
    day.do(office.transfer, "1", "tax", CLERK)
    day.do(office.open_window, "2", OTHER)
    day.do(office.call_next, "2", OTHER)
    # The chain's first stop is finished and brought back.
    day.do(office.call_number, "1", "A004", CLERK, "综合")
    day.do(office.finish, "1", CLERK)
    day.do(office.undo, "1", CLERK)
    day.do(office.finish, "1", CLERK)
    day.do(office.finish, "2", OTHER)
    for _ in range(3):
        day.do(office.call_next, "1", CLERK)
        day.do(office.no_show, "1", CLERK)
    more = day.do(office.issue, "seal", DESK, print=False)
    day.do(office.cancel, more.ticket.id, DESK)
    day.do(office.close_window, "2", OTHER)
    past = day.past()
    for seq, seen in day.seen.items():
        assert past[seq] == seen


def test_of_many_calls_the_last_twelve_stay_and_all_that_are_open(day: Recording) -> None:
    office = day.hall.office
    for _ in range(15):
        office.issue("licence", DESK, print=False)
    day.do(office.call_next, "1", CLERK)
    for _ in range(14):
        day.do(office.call_next, "3", OTHER)
        day.do(office.finish, "3", OTHER)
    calls = office.board().calls
    assert len(calls) == 13
    past = day.past()
    assert all(past[seq] == seen for seq, seen in day.seen.items())


def test_a_day_has_its_own_events_alone(day: Recording) -> None:
    office = day.hall.office
    day.do(office.issue, "tax", DESK, print=False)
    day.do(office.call_next, "1", CLERK)
    first = day.hall.now.date()
    day.hall.next_day()
    office.end_of_day()
    day.do(office.issue, "licence", DESK, print=False)
    days = PastDays(office.ledger)
    assert [event.type for event in days.day(first).events][-1] == "ticket.called"
    assert [one.number for one in days.day(first).at(_at(first, 23, 59)).calls] == ["B001"]
    today = days.day(day.hall.now.date())
    # Yesterday's ticket ended in this day's first moment, and is none of its tickets.
    assert [one.number for one in today.at(day.hall.now).queue] == ["A001"]
    assert today.at(day.hall.now).calls == []
    assert [one.state for one in today.at(day.hall.now).windows] == ["closed"] * 3
    assert days.day(first - timedelta(days=1)).events == ()
    assert days.day(first + timedelta(days=40)).events == ()


def test_at_a_second_it_is_as_after_the_last_event_before(day: Recording) -> None:
    office = day.hall.office
    issued = day.hall.now
    office.issue("seal", DESK, print=False)
    day.hall.later(minutes=7)
    called = day.hall.now
    office.call_next("3", OTHER)
    past = PastDays(office.ledger).day(MORNING.date())
    before, after = past.at(called - timedelta(seconds=1)), past.at(called)
    assert [(one.number, one.since) for one in before.queue] == [("A001", issued)]
    assert [(one.service, one.count) for one in before.waiting] == [("licence", 0), ("tax", 0), ("seal", 1)]
    assert before.calls == []
    assert [(one.number, one.window) for one in after.calls] == [("A001", "3")]
    assert after.queue == []
    refused(StateError, "bad_time", past.at, called + timedelta(days=1))
    refused(StateError, "bad_span", PastDays(office.ledger).day, MORNING.date().replace(year=1))


def _at(day: Any, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE)
