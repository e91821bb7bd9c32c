import json
from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert, select, text, update

from offices import CHEN, CLERK, DESK, LI, SERVICES, WINDOWS, OfficeHall
from ticketing import access_log, calling, tables
from ticketing.model import (
    NORMAL,
    TRANSITIONS,
    Actor,
    ClosedError,
    ForbiddenError,
    State,
    StateError,
    TicketingError,
    UnknownError,
    Window,
)
from ticketing.office import Board

SCANNER = Actor("scanner:left", "clerk", "1")


def refused(kind: type[TicketingError], code: str, verb: object, *args: object, **kw: object) -> dict[str, object]:
    """The facts of the refusal."""
    with pytest.raises(kind) as caught:
        verb(*args, **kw)  # type: ignore[operator]
    assert caught.value.code == code
    return caught.value.facts


# -- what there is


def test_a_new_store_is_set_up_once_and_keeps_what_is_there(desk: OfficeHall) -> None:
    desk.office.seed([replace(SERVICES[0], name="other")], [])
    assert desk.office.services() == SERVICES
    assert desk.office.windows() == WINDOWS
    desk.restart()
    assert desk.office.services() == SERVICES


# -- numbers


def test_numbers_begin_at_001_and_run_without_gaps_by_prefix(desk: OfficeHall) -> None:
    services = ["licence", "tax", "licence", "seal", "tax", "licence"]
    assert [desk.issue(one).ticket.number for one in services] == ["A001", "B001", "A002", "A003", "B002", "A004"]


def test_a_refused_issue_costs_no_number(desk: OfficeHall) -> None:
    desk.issue("licence", LI)
    refused(StateError, "already_waiting", desk.issue, "licence", LI)
    refused(UnknownError, "unknown_priority", desk.issue, "licence", priority="vip")
    refused(UnknownError, "unknown_service", desk.issue, "passports")
    assert desk.issue().ticket.number == "A002"


def test_numbers_go_on_after_999(desk: OfficeHall) -> None:
    desk.issue()
    with desk.store.write() as conn:
        conn.execute(update(tables.counter).values(last=999))
    assert desk.issue().ticket.number == "A1000"


def test_the_ticket_says_where_it_stands(desk: OfficeHall) -> None:
    desk.issue("tax")
    desk.issue("licence")
    issued = desk.issue("licence")
    ticket = issued.ticket
    assert (ticket.number, ticket.service, ticket.state, ticket.window) == ("A002", "licence", State.WAITING, None)
    assert (ticket.priority, ticket.ahead, ticket.recalls, ticket.print) == (NORMAL, 1, 0, "none")
    assert ticket.issued_at == ticket.rank_at == desk.now
    assert str(ticket.issued_at.tzinfo) == "Asia/Shanghai"
    assert desk.office.ticket(ticket.id) == ticket
    assert issued.code not in repr(issued)


def test_tickets_of_the_same_instant_stand_in_order_of_number(desk: OfficeHall) -> None:
    tickets = [desk.office.issue("tax", DESK, print=False).ticket for _ in range(3)]
    assert [ticket.ahead for ticket in tickets] == [0, 1, 2]
    assert [desk.office.ticket(ticket.id) for ticket in tickets] == tickets
    assert [desk.serve() for _ in tickets] == ["B001", "B002", "B003"]


def test_a_senior_gets_a_head_start_and_others_see_one_more_ahead(desk: OfficeHall) -> None:
    first = desk.issue().ticket
    senior = desk.issue(resident=LI).ticket
    assert (senior.priority, senior.ahead) == ("senior", 0)
    assert senior.rank_at == senior.issued_at - timedelta(minutes=30)
    assert desk.office.ticket(first.id).ahead == 1
    assert desk.office.class_of(LI).id == "senior"
    assert desk.office.class_of(CHEN).id == "normal"
    assert desk.office.class_of(None).id == "normal"


def test_staff_can_give_a_class(desk: OfficeHall) -> None:
    assert desk.issue(priority="senior").ticket.priority == "senior"
    assert desk.issue(resident=replace(LI, id_number=None), priority=NORMAL).ticket.priority == NORMAL


def test_one_person_has_one_live_ticket_a_service(desk: OfficeHall) -> None:
    first = desk.issue("licence", CHEN).ticket
    typed = replace(CHEN, kind="typed", id_number=" 11010219900115 0015 ")
    facts = refused(StateError, "already_waiting", desk.issue, "licence", typed)
    assert facts == {"number": "A001", "ticket_id": first.id, "state": "waiting"}
    other = desk.issue("tax", CHEN).ticket
    assert desk.office.tickets_of(CHEN) == {"licence": first, "tax": desk.office.ticket(other.id)}
    assert desk.office.tickets_of(LI) == {}
    assert desk.office.tickets_of(replace(CHEN, id_number=None)) == {}


def test_who_was_served_or_missed_may_take_a_number_again(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.call()
    refused(StateError, "already_waiting", desk.issue, "licence", CHEN)
    desk.office.finish("1", CLERK)
    desk.issue("licence", CHEN)
    desk.call()
    desk.office.no_show("1", CLERK)
    assert desk.issue("licence", CHEN).ticket.number == "A003"


def test_people_without_a_number_on_their_card_are_not_taken_for_one_person(desk: OfficeHall) -> None:
    nobody = replace(CHEN, id_number=None)
    assert [desk.issue("licence", nobody).ticket.number for _ in range(2)] == ["A001", "A002"]


# -- who is next, and why


def test_tickets_are_called_in_order_of_issue(desk: OfficeHall) -> None:
    numbers = [desk.issue(one).ticket.number for one in ("tax", "licence", "seal", "tax")]
    assert [desk.serve() for _ in numbers] == numbers
    assert desk.call() == ""


def test_a_window_calls_only_what_it_serves(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.issue("tax")
    assert desk.serve("2") == "B001"
    assert desk.call("2") == ""
    assert desk.serve("3") == "A001"


def test_a_senior_passes_whoever_waits_for_less_than_the_head_start(desk: OfficeHall) -> None:
    desk.issue()
    desk.later(minutes=31)
    desk.issue()
    desk.issue("tax", LI)
    called = []
    for _ in range(3):
        desk.later(seconds=1)
        next_one = desk.office.call_next("1", CLERK)
        assert next_one
        called.append((next_one.ticket.number, next_one.why.zh))
        view = desk.office.window_view("1")
        assert view.why == next_one.why
        assert view.ticket == next_one.ticket
        desk.office.finish("1", CLERK)
    assert called == [
        ("A001", "按取号先后"),
        ("B001", "B001 先于 A002: 绿色通道(65岁以上),提前30分钟"),
        ("A002", "按取号先后"),
    ]


def test_why_names_only_whom_this_window_could_have_called(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.issue("tax", LI)
    called = desk.office.call_next("2", CLERK)
    assert called
    assert called.why.zh == "按取号先后"
    assert desk.office.window_view("2").why == called.why


def test_why_can_still_be_told_after_the_passed_one_was_called_too(desk: OfficeHall) -> None:
    desk.issue("tax")
    desk.issue("tax", LI)
    assert desk.call("1") == "B002"
    assert desk.call("2") == "B001"
    view = desk.office.window_view("1")
    assert view.why
    assert view.why.en == "B002 before B001: green channel (65+), 30 minutes' head start"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["licence", "tax"]), st.booleans(), st.integers(0, 2000)), max_size=12),
    st.sampled_from(["1", "2", "3"]),
)
def test_the_smallest_rank_a_window_serves_is_next(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[str, bool, int]], window: str
) -> None:
    hall = OfficeHall(tmp_path_factory.mktemp("hall"))
    try:
        tickets = []
        for service, senior, seconds in arrivals:
            hall.later(seconds=seconds)
            tickets.append(
                hall.office.issue(service, DESK, priority="senior" if senior else NORMAL, print=False).ticket
            )
        served = [t for t in tickets if window == "1" or (t.service == "tax") == (window == "2")]
        expected = [t.number for t in sorted(served, key=lambda t: (t.rank_at, t.id))]
        assert [hall.serve(window) for _ in served] == expected
        assert hall.call(window) == ""
    finally:
        hall.close()


def plan(desk: OfficeHall, statement: object, **values: object) -> str:
    compiled = statement.compile(desk.store.engine)  # type: ignore[attr-defined]
    parameters = tuple((compiled.params | values)[name] for name in compiled.positiontup)
    with desk.store.read() as conn:
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", parameters)
        return "\n".join(row.detail for row in rows)


def test_next_is_found_by_one_look_a_service_however_many_tickets_there_were(desk: OfficeHall) -> None:
    ticket = dict.fromkeys(("rank_at", "issued_at", "called_at", "started_at", "ended_at"), 0)
    with desk.store.write() as conn:
        conn.execute(
            insert(tables.ticket),
            [
                ticket
                | {
                    "hall_day": f"{2000 + n // 1000}-01-01",
                    "number": f"A{n % 1000:03}",
                    "service_id": "licence",
                    "state": "done",
                    "priority": NORMAL,
                    "window_id": "1",
                    "code_hash": n.to_bytes(32),
                }
                for n in range(20_000)
            ],
        )
        # With statistics the planner knows how full the store is; it has to stay with the index.
        conn.execute(text("ANALYZE"))
    desk.restart()
    for statement in (calling.NEXT, calling.PASSED):
        found = plan(desk, statement, window="1", day="2026-03-02", rank=0, issued=0)
        assert "USING INDEX ticket_next (service_id=? AND hall_day=?" in found
        assert "SCAN ticket" not in found
        assert "SCAN x" not in found
    assert desk.issue().ticket.number == "A001"
    assert desk.call() == "A001"


# -- at a window


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
    "verb", ["call_next", "recall", "start", "finish", "no_show", "open_window", "pause_window", "resident_at"]
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


# -- the code, and the resident's data


def test_a_scan_starts_the_service_and_opens_the_data(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call()
    scanned = desk.office.scan("1", f"HTTPS://Q.EXAMPLE.CN/T/{issued.code}", SCANNER)
    assert (scanned.ticket.state, scanned.ticket.started_at) == (State.SERVING, desk.now)
    assert scanned.resident == LI
    assert desk.office.resident_at("1", CLERK) == LI
    again = desk.office.scan("1", issued.code.lower(), SCANNER)
    assert again.resident == LI
    assert desk.event_types() == ["ticket.issued", "ticket.called", "ticket.started"]
    with desk.store.read() as conn:
        log = conn.execute(
            select(tables.access_log.c.who, tables.access_log.c.place, tables.access_log.c.action).order_by(
                tables.access_log.c.seq
            )
        ).all()
        assert access_log.verify(conn, desk.vault).whole
    assert log == [("scanner:left", "1", "scan"), ("wang", "1", "resident"), ("scanner:left", "1", "scan")]


def test_a_ticket_without_data_is_scanned_all_the_same(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.call()
    assert desk.office.scan("1", issued.code, SCANNER).resident is None
    assert desk.office.resident_at("1", CLERK) is None


def test_any_character_a_card_may_hold_comes_back_as_it_was(desk: OfficeHall) -> None:
    rare = replace(CHEN, name="𠮷\ue123龘\ud842", address="a'\"\\;--\x00\n")
    issued = desk.issue("licence", rare)
    desk.call()
    assert desk.office.scan("1", issued.code, SCANNER).resident == rare


def test_a_code_that_is_none_of_ours_is_unknown(desk: OfficeHall) -> None:
    desk.issue()
    for scanned in ("", "6901028075763", "0123456789ABCDEF", "https://q.example.cn/t/0123456789ABCDEF"):
        refused(UnknownError, "unknown_code", desk.office.scan, "1", scanned, SCANNER)
        refused(UnknownError, "unknown_code", desk.office.ticket_of_code, scanned)


def test_a_ticket_is_opened_only_where_it_was_called(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    assert refused(StateError, "not_called", desk.office.scan, "1", issued.code, SCANNER) == {"number": "A001"}
    desk.call("3")
    facts = refused(ForbiddenError, "wrong_window", desk.office.scan, "1", issued.code, SCANNER)
    assert facts == {"number": "A001", "window": "3"}
    refused(ForbiddenError, "wrong_window", desk.office.scan, "1", issued.code, SCANNER, override_reason="  ")
    desk.office.finish("3", CLERK)
    facts = refused(StateError, "ticket_over", desk.office.scan, "3", issued.code, SCANNER)
    assert facts == {"number": "A001", "state": "done"}
    facts = refused(StateError, "ticket_over", desk.office.scan, "3", issued.code, SCANNER, override_reason="查档")
    with desk.store.read() as conn:
        assert conn.execute(select(tables.access_log)).all() == []


def test_a_clerk_takes_a_ticket_from_another_window_with_a_reason(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call("3")
    scanned = desk.office.scan("1", issued.code, SCANNER, override_reason="3号窗口设备故障")
    assert (scanned.ticket.window, scanned.ticket.state, scanned.resident) == ("1", State.SERVING, LI)
    assert desk.office.window_view("3").ticket is None
    told = [(event.type, event.data.get("window")) for event in desk.office.events_after(2, 100)]
    # The other window's strip must hear of it, too.
    assert told == [
        ("ticket.called", "3"),
        ("ticket.transferred", "3"),
        ("ticket.called", "1"),
        ("ticket.started", "1"),
    ]
    with desk.store.read() as conn:
        entry = conn.execute(select(tables.access_log)).one()
    assert (entry.action, entry.reason, entry.ticket_id) == ("scan-override", "3号窗口设备故障", issued.ticket.id)


def test_a_clerk_takes_a_waiting_ticket_out_of_turn_with_a_reason(desk: OfficeHall) -> None:
    desk.issue()
    issued = desk.issue("licence", CHEN)
    scanned = desk.office.scan("1", issued.code, SCANNER, override_reason="孕妇")
    assert (scanned.ticket.window, scanned.ticket.state) == ("1", State.SERVING)
    other = desk.issue("tax", LI)
    refused(StateError, "window_busy", desk.office.scan, "1", other.code, SCANNER, override_reason="孕妇")


def test_a_code_of_yesterday_opens_nothing(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.next_day()
    facts = refused(StateError, "other_day", desk.office.scan, "1", issued.code, SCANNER)
    assert facts == {"number": "A001", "day": "2026-03-02"}


def test_the_data_are_given_only_while_the_resident_is_served(desk: OfficeHall) -> None:
    desk.issue("licence", LI)
    assert refused(StateError, "nobody_here", desk.office.resident_at, "1", CLERK) == {"window": "1"}
    desk.call()
    facts = refused(StateError, "wrong_state", desk.office.resident_at, "1", CLERK)
    assert (facts["state"], facts["verb"]) == ("called", "resident")
    desk.office.start("1", CLERK)
    assert desk.office.resident_at("1", CLERK) == LI
    desk.office.finish("1", CLERK)
    refused(StateError, "nobody_here", desk.office.resident_at, "1", CLERK)


# -- views


def test_the_holder_of_a_ticket_sees_the_place_in_the_queue(desk: OfficeHall) -> None:
    desk.issue("tax")
    issued = desk.issue("tax")
    view = desk.office.ticket_of_code(issued.code)
    assert (view.ticket.number, view.ticket.ahead) == ("B002", 1)
    assert (view.service_name, view.service_name_en, view.window_name) == ("税务登记", "Tax", None)
    assert view.expected_wait
    desk.call("1")
    desk.call("2")
    view = desk.office.ticket_of_code(issued.code)
    assert (view.ticket.state, view.window_name, view.expected_wait) == (State.CALLED, "2号窗口", None)


def test_waits_are_learned_from_the_days_cases(desk: OfficeHall) -> None:
    desk.office.pause_window("1", CLERK)
    for _ in range(40):
        desk.issue("tax")
        desk.call("2")
        desk.later(seconds=59)
        desk.office.finish("2", CLERK)
        desk.later(seconds=1)
    for _ in range(5):
        desk.issue("tax")
    services = {view.service.id: view for view in desk.office.hall().services}
    assert services["tax"].waiting == 5
    wait = services["tax"].expected_wait
    assert wait
    assert wait == (4, 5)
    # Nobody opened a window for it.
    assert services["licence"].expected_wait is None


def test_the_board_shows_calls_newest_first_with_the_last_ones_of_the_day(desk: OfficeHall) -> None:
    assert desk.office.board() == Board(0, [], [w for w in desk.office.board().waiting if w.count == 0])
    for _ in range(10):
        desk.issue("tax")
    for _ in range(9):
        desk.serve("2")
    desk.issue()
    desk.call("1")
    desk.office.recall("1", CLERK)
    board = desk.office.board()
    assert board.seq == desk.office.last_seq()
    assert [call.number for call in board.calls] == ["B010", *(f"B{n:03}" for n in range(9, 2, -1))]
    first = board.calls[0]
    assert (first.window, first.window_name, first.service, first.recalls) == ("1", "1号窗口", "tax", 1)
    assert [(one.service, one.name, one.count) for one in board.waiting] == [
        ("licence", "营业执照", 1),
        ("tax", "税务登记", 0),
        ("seal", "公章备案", 0),
    ]


def test_who_is_at_a_window_stays_on_the_board_however_many_were_called_since(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.call("3")
    for _ in range(10):
        desk.issue("tax")
        desk.serve("2")
    calls = desk.office.board().calls
    assert [call.number for call in calls] == [*(f"B{n:03}" for n in range(10, 2, -1)), "A001"]


def test_a_clerk_sees_the_own_window(desk: OfficeHall) -> None:
    for _ in range(3):
        desk.issue("tax")
        desk.call("2")
        desk.later(seconds=60)
        desk.office.finish("2", CLERK)
    desk.issue("tax")
    desk.call("2")
    desk.office.no_show("2", CLERK)
    numbers = [desk.issue("tax").ticket.number for _ in range(7)]
    desk.issue("licence")
    view = desk.office.window_view("2")
    assert (view.window.id, view.ticket, view.why) == ("2", None, None)
    assert view.next == numbers[:5]
    assert [(one.service, one.count) for one in view.waiting] == [("tax", 7)]
    assert (view.figures.served, view.figures.missed, view.figures.mean_seconds) == (3, 1, 60)
    assert desk.office.window_view("1").figures.mean_seconds is None
    refused(UnknownError, "unknown_window", desk.office.window_view, "9")


def test_events_are_numbered_and_read_on_from_any_of_them(desk: OfficeHall) -> None:
    assert desk.office.last_seq() == 0
    for _ in range(5):
        desk.issue()
    events = desk.office.events_after(0, 100)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert desk.office.events_after(2, 2) == events[2:4]
    assert desk.office.events_after(5, 10) == []
    assert desk.office.last_seq() == 5


def test_nothing_personal_is_in_events(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call()
    desk.office.scan("1", issued.code, SCANNER)
    text = json.dumps([event.data for event in desk.office.events_after(0, 100)], ensure_ascii=False)
    assert LI.name and LI.name not in text
    assert LI.id_number and LI.id_number not in text
    assert issued.code not in text
