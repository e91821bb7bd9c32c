"""Windows open, pause and close, and two people never sit at one; machines help at any."""

import pytest
from sqlalchemy import select, update

from offices import CHEAP, CLERK, DESK, OfficeHall, refused
from ticketing.model import Actor, ClosedError, State, StateError, UnknownError
from ticketing.people.people import People
from ticketing.privacy import access_log
from ticketing.store import tables

WANG = Actor("wang", "clerk", "1", logged_in=True)
LI = Actor("li", "clerk", "1", logged_in=True)
TOKEN = Actor("business-system", "clerk", "1")


def clerks(desk: OfficeHall) -> list[str | None]:
    return [window.clerk for window in desk.office.windows()]


VERBS = {
    "open": lambda office, who: office.open_window("1", who),
    "pause": lambda office, who: office.pause_window("1", who),
    "close": lambda office, who: office.close_window("1", who),
    "call next": lambda office, who: office.call_next("1", who),
    "call number": lambda office, who: office.call_number("1", "A002", who),
    "recall": lambda office, who: office.recall("1", who),
    "start": lambda office, who: office.start("1", who),
    "finish": lambda office, who: office.finish("1", who),
    "no-show": lambda office, who: office.no_show("1", who),
    "transfer": lambda office, who: office.transfer("1", "tax", who),
    "hold": lambda office, who: office.hold("1", who),
    "return": lambda office, who: office.return_number("1", "A001", who),
    "undo": lambda office, who: office.undo("1", who),
    "scan": lambda office, who: office.scan("1", "0123456789ABCDEF", who),
    "resident": lambda office, who: office.holders_at("1", who),
}


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_else_does_anything_at_a_window_where_somebody_sits(desk: OfficeHall, verb: str) -> None:
    desk.issue()
    desk.issue()
    desk.office.call_next("1", WANG)
    began = desk.now
    desk.later(minutes=3)
    before = desk.event_types()
    facts = refused(StateError, "window_taken", VERBS[verb], desk.office, LI)
    assert facts == {"window": "1", "clerk": "wang", "since": began.isoformat(timespec="seconds")}
    assert (desk.event_types(), clerks(desk)) == (before, ["wang", None, None])


def test_whoever_begins_something_sits_there_from_then_on(desk: OfficeHall) -> None:
    desk.office.open_window("1", WANG)
    desk.office.call_next("2", WANG)
    desk.office.call_next("3", LI)
    assert clerks(desk) == ["wang", "wang", "li"]


def test_who_sits_there_stays_since_when_they_came(desk: OfficeHall) -> None:
    desk.office.open_window("1", WANG)
    began = desk.now
    desk.later(minutes=1)
    desk.office.call_next("1", WANG)
    facts = refused(StateError, "window_taken", desk.office.call_next, "1", LI)
    assert facts["since"] == began.isoformat(timespec="seconds")


def test_machines_and_those_who_are_not_logged_in_sit_nowhere_and_help_everywhere(desk: OfficeHall) -> None:
    desk.issue()
    desk.office.call_next("1", TOKEN)
    assert clerks(desk) == [None, None, None]
    desk.office.start("1", WANG)
    assert clerks(desk) == ["wang", None, None]
    assert desk.office.finish("1", TOKEN).state is State.DONE
    assert desk.office.undo("1", TOKEN).state is State.SERVING


def test_a_window_is_taken_over_on_purpose_and_that_is_logged(desk: OfficeHall) -> None:
    desk.office.open_window("1", WANG)
    seq = desk.office.last_seq()
    refused(StateError, "window_taken", desk.office.open_window, "1", LI)
    assert desk.office.open_window("1", LI, take_over=True).clerk == "li"
    # The page of who sat there hears of it, and nobody else of whom.
    events = desk.office.events_after(seq, 9)
    assert [(event.type, event.data) for event in events] == [("window.opened", {"window": "1"})]
    refused(StateError, "window_taken", desk.office.call_next, "1", WANG)
    with desk.store.read() as conn:
        entry = conn.execute(select(tables.access_log)).one()
        assert access_log.verify(conn, desk.vault).whole
    assert (entry.who, entry.place, entry.action, entry.reason) == ("li", "1", "take-over", "wang")
    # One's own window is nothing to take over.
    desk.office.open_window("1", LI, take_over=True)
    assert desk.event_types(events[-1].seq) == []


def test_closing_a_window_leaves_it_to_the_next(desk: OfficeHall) -> None:
    desk.office.open_window("1", WANG)
    assert desk.office.pause_window("1", WANG).clerk == "wang"
    assert desk.office.close_window("1", WANG).clerk is None
    assert desk.office.open_window("1", LI).clerk == "li"


def test_logging_out_leaves_all_windows_but_the_one_where_somebody_is(desk: OfficeHall) -> None:
    desk.issue("tax")
    desk.office.open_window("1", WANG)
    desk.office.call_next("2", WANG)
    desk.office.open_window("3", LI)
    assert desk.office.leave(WANG) == 1
    assert clerks(desk) == [None, "wang", "li"]
    desk.office.finish("2", WANG)
    assert desk.office.leave(WANG) == 1
    assert desk.office.leave(WANG) == 0
    assert clerks(desk) == [None, None, "li"]


@pytest.mark.parametrize("how", ["removed", "given another password"])
def test_who_is_logged_out_everywhere_keeps_no_window(desk: OfficeHall, how: str) -> None:
    people = People(desk.store, cost=CHEAP)
    people.add_account("wang", "clerk", ["1", "2"], "correct horse")
    desk.issue()
    desk.office.open_window("2", WANG)
    desk.office.call_next("1", WANG)
    desk.office.open_window("3", LI)
    if how == "removed":
        people.remove_account("wang")
    else:
        people.add_account("wang", "clerk", ["2"], "another horse")
    assert clerks(desk) == [None, None, "li"]
    assert desk.office.finish("1", LI).state is State.DONE


def test_in_the_morning_nobody_sits_anywhere(desk: OfficeHall) -> None:
    desk.issue()
    desk.office.call_next("1", WANG)
    desk.office.pause_window("1", WANG, "午休", "Lunch")
    desk.office.open_window("3", LI)
    desk.next_day()
    desk.office.end_of_day()
    assert clerks(desk) == [None, None, None]
    assert {(one.state, one.pause_text) for one in desk.office.windows()} == {("closed", "")}
    assert desk.office.open_window("1", LI).clerk == "li"


def test_a_paused_window_says_why_until_it_opens(desk: OfficeHall) -> None:
    paused = desk.office.pause_window("1", CLERK, " 设备维修，请到2号窗口 ", "Repairs: use window 2")
    assert (paused.pause_text, paused.pause_text_en) == ("设备维修，请到2号窗口", "Repairs: use window 2")
    assert desk.office.window_view("1").window == paused
    again = desk.office.pause_window("1", CLERK, "午休")
    assert (again.pause_text, again.pause_text_en) == ("午休", "")
    desk.office.pause_window("1", CLERK, "午休")
    assert desk.office.open_window("1", CLERK).pause_text == ""
    told = [(event.type, event.data) for event in desk.office.events_after(0, 9)]
    assert told == [
        ("window.paused", {"window": "1", "text": "设备维修，请到2号窗口", "text_en": "Repairs: use window 2"}),
        ("window.paused", {"window": "1", "text": "午休"}),
        ("window.opened", {"window": "1"}),
    ]


def test_closing_a_window_gives_whom_it_alone_could_call_to_the_others(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.call("3")
    desk.office.transfer("3", None, CLERK, to_window="1")
    assert desk.call("3") == ""
    seq = desk.office.last_seq()
    desk.office.close_window("1", CLERK)
    told = [(event.type, event.data) for event in desk.office.events_after(seq, 9)]
    ticket = {"number": "A001", "service": "licence", "was": "waiting", "window": "1"}
    assert told == [("ticket.transferred", ticket), ("window.closed", {"window": "1"})]
    assert desk.call("3") == "A001"


# -- taken away


def take_away(desk: OfficeHall, table: str, which: str) -> None:
    found = {"window": tables.window, "service": tables.service}[table]
    with desk.store.write() as conn:
        conn.execute(update(found).where(found.c.id == which).values(removed_at=1))


def test_a_window_taken_away_finishes_whom_it_has_and_is_gone(desk: OfficeHall) -> None:
    desk.issue()
    other = desk.issue()
    desk.call("1")
    take_away(desk, "window", "1")
    assert [one.id for one in desk.office.windows()] == ["1", "2", "3"]
    assert desk.office.windows()[0].removed
    desk.office.recall("1", CLERK)
    desk.office.start("1", CLERK)
    assert desk.office.finish("1", CLERK).state is State.DONE
    assert [one.id for one in desk.office.windows()] == ["2", "3"]
    for verb in ("call_next", "open_window", "pause_window", "undo"):
        assert refused(UnknownError, "unknown_window", getattr(desk.office, verb), "1", CLERK) == {"window": "1"}
    refused(UnknownError, "unknown_window", desk.office.call_number, "1", "A002", CLERK)
    refused(UnknownError, "unknown_window", desk.office.scan, "1", other.code, CLERK, override_reason="急")
    desk.call("3")
    refused(UnknownError, "unknown_window", desk.office.transfer, "3", None, CLERK, to_window="1")


def test_who_was_held_for_a_window_that_is_gone_comes_back_to_the_service(desk: OfficeHall) -> None:
    issued = desk.issue("licence")
    desk.call("3")
    desk.office.transfer("3", None, CLERK, to_window="1")
    assert desk.call("1") == "A001"
    desk.office.hold("1", CLERK)
    take_away(desk, "window", "1")
    back = desk.office.return_ticket(issued.ticket.id, DESK)
    assert back.for_window is None
    assert desk.call("3") == "A001"


def test_who_waits_for_a_service_taken_away_is_served_and_nobody_comes_after(desk: OfficeHall) -> None:
    desk.issue("seal")
    desk.issue("tax")
    take_away(desk, "service", "seal")
    assert [one.id for one in desk.office.services()] == ["licence", "tax"]
    assert [(view.service.id, view.service.removed) for view in desk.office.hall().services] == [
        ("licence", False),
        ("tax", False),
        ("seal", True),
    ]
    assert refused(ClosedError, "service_removed", desk.issue, "seal") == {"service": "seal"}
    refused(ClosedError, "service_removed", desk.issue, "licence", chain=["seal"])
    desk.call("2")
    refused(ClosedError, "service_removed", desk.office.transfer, "2", "seal", CLERK)
    assert desk.serve("3") == "A001"
    assert [view.service.id for view in desk.office.hall().services] == ["licence", "tax"]
    assert desk.issue("licence").ticket.number == "A002"
