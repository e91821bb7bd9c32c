import pytest

from offices import CHEN, CLERK, OfficeHall, refused
from ticketing.model import (
    TRANSITIONS,
    ClosedError,
    State,
    StateError,
    UnknownError,
    Window,
)


def test_a_case_from_call_to_finish(desk: OfficeHall) -> None:
    number = desk.issue().ticket.number
    called = desk.office.call_next("1", CLERK)
    assert called
    assert (called.ticket.state, called.ticket.window, called.ticket.called_at) == (State.CALLED, "1", desk.now)
    assert desk.office.recall("1", CLERK).recalls == 1
    assert desk.office.recall("1", CLERK).recalls == 2
    desk.later(minutes=1)
    started = desk.office.start("1", CLERK)
    assert (started.state, started.started_at, started.called_at) == (State.SERVING, desk.now, called.ticket.called_at)
    desk.later(minutes=5)
    done = desk.office.finish("1", CLERK, "needs_papers")
    assert (done.state, done.ended_at, done.outcome, done.window) == (State.DONE, desk.now, "needs_papers", "1")
    assert desk.office.ticket(done.id) == done
    assert desk.event_types() == [
        "ticket.issued",
        "ticket.called",
        "ticket.recalled",
        "ticket.recalled",
        "ticket.started",
        "ticket.finished",
    ]
    last = desk.office.events_after(0, 100)[-1]
    assert last.data == {"number": number, "service": "licence", "window": "1", "outcome": "needs_papers"}
    assert last.at == desk.now


def test_a_verb_tells_how_the_slip_of_its_own_ticket_was_printed(desk: OfficeHall) -> None:
    desk.issue()
    job = desk.issue(print=True).print_job
    assert job
    desk.office.print_ended(job, "printed", None)
    assert desk.serve() == "A001"
    desk.later(seconds=1)
    called = desk.office.call_next("1", CLERK)
    assert called
    assert called.ticket.print == "printed"
    assert desk.office.start("1", CLERK).print == "printed"
    done = desk.office.finish("1", CLERK)
    assert done.print == "printed"
    assert desk.office.undo("1", CLERK).print == "printed"


def test_finish_on_a_called_ticket_starts_and_ends_it(desk: OfficeHall) -> None:
    desk.issue()
    desk.call()
    done = desk.office.finish("1", CLERK)
    assert (done.state, done.started_at, done.ended_at, done.outcome) == (State.DONE, desk.now, desk.now, "done")


def test_who_does_not_come_is_missed(desk: OfficeHall) -> None:
    desk.issue()
    desk.call()
    missed = desk.office.no_show("1", CLERK)
    assert (missed.state, missed.ended_at, missed.window) == (State.MISSED, desk.now, "1")
    assert desk.call() == ""


VERBS = {
    "recall": lambda office: office.recall("1", CLERK),
    "start": lambda office: office.start("1", CLERK),
    "finish": lambda office: office.finish("1", CLERK),
    "no-show": lambda office: office.no_show("1", CLERK),
    "transfer": lambda office: office.transfer("1", "tax", CLERK),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", [State.CALLED, State.SERVING])
def test_the_table_of_states_decides_what_may_happen(desk: OfficeHall, verb: str, state: State) -> None:
    issued = desk.issue()
    desk.call()
    if state is State.SERVING:
        desk.office.start("1", CLERK)
    before = desk.event_types()
    if state in TRANSITIONS[verb]:
        ticket = VERBS[verb](desk.office)
        assert ticket.state == TRANSITIONS[verb][state]
        assert desk.office.ticket(ticket.id) == ticket
        assert len(desk.event_types()) == len(before) + 1
    else:
        facts = refused(StateError, "wrong_state", VERBS[verb], desk.office)
        assert facts == {"number": "A001", "state": state, "verb": verb}
        assert desk.office.ticket(issued.ticket.id).state is state
        assert desk.event_types() == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_window_where_nobody_is_has_nothing_to_do(desk: OfficeHall, verb: str) -> None:
    desk.issue()
    assert refused(StateError, "nobody_here", VERBS[verb], desk.office) == {"window": "1"}


def test_one_window_has_one_ticket_at_a_time(desk: OfficeHall) -> None:
    desk.issue()
    desk.issue()
    desk.call()
    busy = {"window": "1", "number": "A001", "state": "called"}
    assert refused(StateError, "window_busy", desk.office.call_next, "1", CLERK) == busy
    desk.office.start("1", CLERK)
    assert refused(StateError, "window_busy", desk.office.call_next, "1", CLERK) == busy | {"state": "serving"}
    assert desk.serve("3") == "A002"


@pytest.mark.parametrize(
    "verb", ["call_next", "recall", "start", "finish", "no_show", "open_window", "pause_window", "holders_at"]
)
def test_a_window_there_is_not_is_unknown(desk: OfficeHall, verb: str) -> None:
    assert refused(UnknownError, "unknown_window", getattr(desk.office, verb), "9", CLERK) == {"window": "9"}


@pytest.mark.parametrize("outcome", ["", "Done", "x" * 33, "two words", "完成"])
def test_an_outcome_is_a_short_code(desk: OfficeHall, outcome: str) -> None:
    desk.issue()
    desk.call()
    refused(StateError, "bad_outcome", desk.office.finish, "1", CLERK, outcome)


def test_a_transferred_ticket_keeps_its_number_and_its_place_in_time(desk: OfficeHall) -> None:
    desk.issue("licence")
    waiting = desk.issue("tax").ticket
    desk.call("3")
    desk.office.start("3", CLERK)
    moved = desk.office.transfer("3", "tax", CLERK)
    assert (moved.number, moved.service, moved.state, moved.window) == ("A001", "tax", State.WAITING, None)
    assert (moved.called_at, moved.started_at, moved.ahead) == (None, None, 0)
    assert desk.office.ticket(waiting.id).ahead == 1
    event = desk.office.events_after(0, 100)[-1]
    assert (event.type, event.data) == (
        "ticket.transferred",
        {"number": "A001", "service": "tax", "window": "3"},
    )
    assert [desk.serve("2"), desk.serve("2")] == ["A001", "B001"]


def test_a_transfer_back_into_the_same_queue_is_allowed(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.call("3")
    assert desk.office.transfer("3", "licence", CLERK).state is State.WAITING
    assert desk.call("1") == "A001"


def test_a_transfer_never_gives_a_person_two_tickets_for_one_service(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.issue("tax", CHEN)
    desk.call("3")
    facts = refused(StateError, "already_waiting", desk.office.transfer, "3", "tax", CLERK)
    assert facts["number"] == "B001"
    refused(UnknownError, "unknown_service", desk.office.transfer, "3", "passports", CLERK)
    assert desk.office.window_view("3").ticket


def test_windows_open_pause_and_close(desk: OfficeHall) -> None:
    desk.issue()
    assert desk.office.pause_window("1", CLERK).state == "paused"
    assert refused(ClosedError, "window_paused", desk.office.call_next, "1", CLERK) == {"window": "1"}
    assert desk.office.open_window("1", CLERK) == Window("1", "1号窗口", ("*",), "open")
    assert desk.office.open_window("1", CLERK).state == "open"
    desk.call("1")
    refused(StateError, "window_busy", desk.office.close_window, "1", CLERK)
    assert desk.office.pause_window("1", CLERK).state == "paused"
    desk.office.finish("1", CLERK)
    assert desk.office.close_window("1", CLERK).state == "closed"
    told = [
        event.type
        for event in desk.office.events_after(0, 100)
        if event.data.get("window") and "ticket" not in event.type
    ]
    assert told == ["window.paused", "window.opened", "window.paused", "window.closed"]


def test_calling_opens_a_closed_window(desk: OfficeHall) -> None:
    assert desk.call("3") == ""
    assert desk.event_types() == ["window.opened"]
    assert desk.office.windows()[2].state == "open"
