"""Calls for help: one at a place at a time, who goes, what is counted, and what the hall is told of an emergency."""

from datetime import date

from sqlalchemy import select

from offices import CLERK, DESK, OfficeHall, refused
from ticketing.help.help_calls import MOST_OF_TICKET, HelpCalls, HelpFigures, Place
from ticketing.model import Actor, LimitError, StateError, UnknownError
from ticketing.office import PHONE
from ticketing.store import tables

KIOSK = Place("kiosk", "box")
AT_KIOSK = Actor("the-kiosk", "kiosk")
MANAGER = Actor("zhou", "manager")


def test_a_second_press_finds_the_open_call_and_who_goes(desk: OfficeHall) -> None:
    calls = HelpCalls(desk.office.ledger)
    first = calls.call(KIOSK, AT_KIOSK, "how")
    assert (first.state, first.place, first.reason) == ("called", KIOSK, "how")
    assert calls.call(KIOSK, AT_KIOSK) == first
    other = calls.call(Place("terminal", "t1"), AT_KIOSK)
    assert calls.open() == [first, other]
    calls.answer(first.id, CLERK, "1")
    again = calls.call(KIOSK, AT_KIOSK)
    assert (again.id, again.state, again.answered_by, again.answered_from) == (first.id, "answered", "wang", "1")
    assert calls.open() == [other, again], "nobody goes to the other one yet"
    assert calls.answer(first.id, CLERK, "1") == again, "pressed twice"
    refused(StateError, "help_answered", calls.answer, first.id, DESK)
    assert calls.done(first.id, DESK).state == "done"
    assert calls.done(first.id, DESK).state == "done", "pressed twice"
    assert calls.open_at(KIOSK) is None
    assert calls.call(KIOSK, AT_KIOSK).id != first.id
    assert desk.event_types()[-5:] == ["help.called", "help.called", "help.answered", "help.done", "help.called"]


def test_a_phone_calls_while_its_ticket_is_alive_and_not_all_day(desk: OfficeHall) -> None:
    calls = HelpCalls(desk.office.ledger)
    issued = desk.issue()
    for _ in range(MOST_OF_TICKET):
        made = calls.call_by_code(issued.code, PHONE)
        assert (made.place, made.service) == (Place("ticket", "A001"), "licence")
        assert calls.of_code(issued.code) == made == calls.call_by_code(issued.code, PHONE)
        calls.done(made.id, DESK)
    assert refused(LimitError, "help_limit", calls.call_by_code, issued.code, PHONE) == {"most": MOST_OF_TICKET}
    refused(UnknownError, "unknown_code", calls.call_by_code, "0000000000000000", PHONE)
    over = desk.issue()
    desk.office.cancel_by_code(over.code)
    refused(StateError, "ticket_over", calls.call_by_code, over.code, PHONE)


def test_an_emergency_is_told_as_any_call_is_recorded_and_ends_with_its_answer(desk: OfficeHall) -> None:
    calls = HelpCalls(desk.office.ledger)
    plain = calls.call(Place("window", "1"), CLERK)
    made = calls.emergency("1", CLERK)
    assert calls.emergency("1", CLERK) == made
    assert calls.open() == [made, plain], "the emergency first"
    told = [event for event in desk.office.events_after(0, 100) if event.type == "help.called"]
    assert [event.data for event in told] == [{"call": plain.id}, {"call": made.id}], "nobody can tell them apart"
    refused(StateError, "help_not_answered", calls.done, made.id, MANAGER)
    answered = calls.answer(made.id, MANAGER)
    assert (answered.state, answered.answered_by) == ("done", "zhou")
    refused(StateError, "help_over", calls.answer, made.id, DESK)
    refused(UnknownError, "unknown_window", calls.emergency, "99", CLERK)
    with desk.store.read() as conn:
        a = tables.access_log.c
        entries = conn.execute(select(a.who, a.action, a.reason).where(a.action.startswith("emergency"))).all()
    assert [tuple(one) for one in entries] == [
        ("wang", "emergency", "window 1"),
        ("zhou", "emergency-answered", "window 1"),
    ]


def test_calls_are_counted_and_end_with_their_day(desk: OfficeHall) -> None:
    calls = HelpCalls(desk.office.ledger)
    today = desk.now.date()
    for place, seconds in (("a", 30), ("b", 90)):
        made = calls.call(Place("terminal", place), AT_KIOSK)
        desk.later(seconds=seconds)
        calls.answer(made.id, DESK)
    left = calls.call(KIOSK, AT_KIOSK)
    calls.emergency("2", CLERK)
    assert calls.figures(today, today) == HelpFigures(3, 2, 1, 60, 90)
    assert calls.figures(date(2026, 1, 1), date(2026, 1, 1)) == HelpFigures(0, 0, 0, None, None)
    desk.next_day()
    assert calls.open() == []
    refused(UnknownError, "unknown_help", calls.answer, left.id, DESK)
    assert calls.call(KIOSK, AT_KIOSK).id != left.id
