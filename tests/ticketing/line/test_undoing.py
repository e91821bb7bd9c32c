"""A wrong finish or no-show is taken back within a minute, and nothing else is."""

import pytest
from sqlalchemy import func, select

from offices import CHEN, CLERK, DESK, OfficeHall, refused
from ticketing.cases.ratings import Ratings
from ticketing.model import State, StateError, UnknownError
from ticketing.reports.reports import Reports
from ticketing.store import tables

NOTHING = {"window": "1"}


def cases(desk: OfficeHall) -> int:
    with desk.store.read() as conn:
        return conn.scalar(select(func.count()).select_from(tables.case_file)) or 0


@pytest.mark.parametrize("started", [True, False])
def test_who_was_finished_too_early_is_served_on(desk: OfficeHall, started: bool) -> None:
    desk.issue("licence", CHEN)
    desk.call("1")
    if started:
        desk.office.start("1", CLERK)
    done = desk.office.finish("1", CLERK)
    assert cases(desk) == 1
    desk.later(seconds=60)
    undone = desk.office.undo("1", CLERK)
    assert (undone.state, undone.outcome, undone.ended_at) == (State.SERVING, None, None)
    assert (undone.called_at, undone.started_at) == (done.called_at, done.started_at)
    assert desk.office.window_view("1").ticket == undone
    assert cases(desk) == 0
    event = desk.office.events_after(0, 99)[-1]
    facts = {"number": "A001", "service": "licence", "window": "1", "state": "serving"}
    assert (event.type, event.data) == ("ticket.undone", facts)
    assert desk.office.finish("1", CLERK).state is State.DONE
    assert cases(desk) == 1


def test_who_was_given_up_too_early_is_called_on_and_was_not_missed(desk: OfficeHall) -> None:
    desk.issue()
    desk.call("1")
    desk.office.recall("1", CLERK)
    missed = desk.office.no_show("1", CLERK)
    assert missed.misses == 1
    undone = desk.office.undo("1", CLERK)
    assert (undone.state, undone.misses, undone.recalls, undone.called_at) == (
        State.CALLED,
        0,
        1,
        missed.called_at,
    )
    assert desk.office.start("1", CLERK).state is State.SERVING


def test_after_a_minute_it_stands(desk: OfficeHall) -> None:
    desk.issue()
    desk.serve("1")
    desk.later(seconds=60, microseconds=1)
    assert refused(StateError, "nothing_to_undo", desk.office.undo, "1", CLERK) == NOTHING
    assert desk.office.window_view("1").ticket is None


def test_the_last_thing_at_this_window_is_undone_once(desk: OfficeHall) -> None:
    refused(StateError, "nothing_to_undo", desk.office.undo, "1", CLERK)
    for _ in range(3):
        desk.issue()
    desk.serve("1")
    desk.serve("3")
    desk.serve("1")
    assert desk.office.undo("1", CLERK).number == "A003"
    facts = {"window": "1", "number": "A003", "state": "serving"}
    assert refused(StateError, "window_busy", desk.office.undo, "1", CLERK) == facts
    desk.office.hold("1", CLERK)
    # What was done before that is only now the last thing.
    assert desk.office.undo("1", CLERK).number == "A001"
    refused(UnknownError, "unknown_window", desk.office.undo, "9", CLERK)


def test_nobody_is_brought_back_over_somebody_who_is_there(desk: OfficeHall) -> None:
    desk.issue()
    desk.issue()
    desk.serve("1")
    desk.call("1")
    assert refused(StateError, "window_busy", desk.office.undo, "1", CLERK)["number"] == "A002"


def test_what_has_gone_on_elsewhere_is_not_undone(desk: OfficeHall) -> None:
    desk.issue()
    desk.issue("licence", CHEN)
    desk.call("1")
    desk.office.no_show("1", CLERK)
    desk.office.call_number("3", "A001", CLERK)
    refused(StateError, "nothing_to_undo", desk.office.undo, "1", CLERK)
    desk.call("1")
    desk.office.finish("1", CLERK)
    desk.issue("licence", CHEN)
    assert refused(StateError, "already_waiting", desk.office.undo, "1", CLERK)["number"] == "A003"
    assert cases(desk) == 1


def test_a_stop_of_a_chain_finished_too_early_is_served_on(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN, chain=["tax", "licence"])
    desk.issue("tax")
    desk.call("1")
    desk.later(minutes=1)
    served = desk.office.start("1", CLERK)
    desk.office.finish("1", CLERK, "supplement")
    undoable = desk.office.undoable("1")
    assert undoable is not None and (undoable.ticket.number, undoable.ticket.state) == ("A001", State.DONE)
    assert undoable.ticket.service == "licence"
    undone = desk.office.undo("1", CLERK)
    assert (undone.state, undone.service, undone.window, undone.chain) == (
        State.SERVING,
        "licence",
        "1",
        ("tax", "licence"),
    )
    assert (undone.called_at, undone.started_at) == (served.called_at, served.started_at)
    assert desk.office.window_view("1").ticket == undone == desk.office.ticket(undone.id)
    assert cases(desk) == 0
    assert desk.issue("tax").ticket.ahead == 1
    assert Reports(desk.office.ledger).day(desk.now.date()).total.served == 0
    going_on = desk.office.finish("1", CLERK)
    assert (going_on.state, going_on.service, going_on.chain) == (State.WAITING, "tax", ("licence",))


def test_a_stop_that_ended_last_is_undone_and_not_what_ended_before_it(desk: OfficeHall) -> None:
    desk.issue()
    desk.serve("1")
    desk.issue("licence", chain=["tax"])
    desk.later(seconds=1)
    desk.serve("1")
    assert desk.office.undo("1", CLERK).number == "A002"


def test_a_stop_stands_once_the_next_window_has_called(desk: OfficeHall) -> None:
    desk.issue("licence", chain=["tax"])
    desk.serve("1")
    assert desk.call("2") == "A001"
    refused(StateError, "nothing_to_undo", desk.office.undo, "1", CLERK)
    desk.office.hold("2", CLERK)
    desk.office.return_number("2", "A001", CLERK)
    refused(StateError, "nothing_to_undo", desk.office.undo, "1", CLERK)


def test_what_was_rated_stays_done(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.serve("1")
    Ratings(desk.office.ledger).rate(issued.code, 5)
    refused(StateError, "already_rated", desk.office.undo, "1", CLERK)
    assert desk.office.ticket(issued.ticket.id).state is State.DONE


def test_a_receipt_not_yet_printed_is_withdrawn(desk: OfficeHall) -> None:
    desk.issue()
    desk.call("1")
    desk.office.conclude("1", CLERK, "promised", print=True)
    assert len(desk.office.print_jobs(9)) == 1
    desk.office.undo("1", CLERK)
    assert desk.office.print_jobs(9) == []


def test_a_window_closed_meanwhile_is_open_again(desk: OfficeHall) -> None:
    desk.issue()
    desk.serve("1")
    desk.office.close_window("1", CLERK)
    desk.office.undo("1", CLERK)
    assert desk.office.window_view("1").window.state == "open"


def test_yesterday_stands(desk: OfficeHall) -> None:
    desk.now = desk.now.replace(hour=23, minute=59, second=40)
    desk.issue()
    desk.serve("1")
    desk.later(seconds=30)
    refused(StateError, "nothing_to_undo", desk.office.undo, "1", DESK)
