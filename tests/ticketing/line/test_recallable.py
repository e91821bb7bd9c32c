"""What a clerk may turn back to: tickets out of the line, and the last thing done."""

from datetime import timedelta

from offices import CHEN, CLERK, OfficeHall, refused
from ticketing.model import State, UnknownError


def away(desk: OfficeHall, window: str = "1") -> list[tuple[str, State]]:
    return [(ticket.number, ticket.state) for ticket in desk.office.away(window)]


def test_held_and_missed_tickets_are_told_to_the_windows_that_may_call_them(desk: OfficeHall) -> None:
    for service in ("licence", "tax", "licence"):
        desk.issue(service)
    desk.call("1")
    desk.office.no_show("1", CLERK)
    desk.call("2")
    desk.office.hold("2", CLERK, "去复印", desk.now + timedelta(minutes=5))
    assert away(desk) == [("A001", State.MISSED), ("B001", State.HELD)]
    assert away(desk, "2") == [("B001", State.HELD)]
    assert away(desk, "3") == [("A001", State.MISSED)]
    assert refused(UnknownError, "unknown_window", desk.office.away, "9") == {"window": "9"}


def test_who_came_back_or_may_not_any_more_is_not_told(desk: OfficeHall) -> None:
    ticket = desk.issue().ticket
    for _ in range(3):
        desk.call("1")
        desk.office.no_show("1", CLERK)
        last = desk.office.ticket(ticket.id)
        if last.misses <= 2:
            assert away(desk) == [("A001", State.MISSED)]
            desk.office.return_ticket(ticket.id, CLERK)
        assert away(desk) == []


def test_a_new_day_has_nobody_away(desk: OfficeHall) -> None:
    desk.issue()
    desk.call("1")
    desk.office.hold("1", CLERK)
    desk.next_day()
    assert away(desk) == []


def test_the_last_end_can_be_taken_back_until_a_minute_later_or_the_next_call(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.issue("licence")
    assert desk.office.undoable("1") is None
    desk.call("1")
    assert desk.office.undoable("1") is None
    desk.office.finish("1", CLERK)
    undoable = desk.office.undoable("1")
    assert undoable is not None
    assert (undoable.ticket.number, undoable.until) == ("A001", desk.now + timedelta(seconds=60))
    assert desk.office.undoable("2") is None
    desk.later(seconds=60)
    assert desk.office.undoable("1") is not None
    desk.later(seconds=1)
    assert desk.office.undoable("1") is None
    desk.call("1")
    assert desk.office.undoable("1") is None
