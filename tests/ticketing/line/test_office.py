from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert, text, update

from offices import CHEN, CLERK, DESK, LI, SERVICES, WINDOWS, OfficeHall, refused
from ticketing.line import next_up
from ticketing.model import (
    NORMAL,
    State,
    StateError,
    UnknownError,
)
from ticketing.store import tables

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
        ("B001", "B001 先于 A002：绿色通道(65岁以上)，提前30分钟"),
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


def plan(file_desk: OfficeHall, statement: object, **values: object) -> str:
    compiled = statement.compile(file_desk.store.engine)  # type: ignore[attr-defined]
    parameters = tuple((compiled.params | values)[name] for name in compiled.positiontup)
    with file_desk.store.read() as conn:
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", parameters)
        return "\n".join(row.detail for row in rows)


def test_next_is_found_by_one_look_a_service_however_many_tickets_there_were(file_desk: OfficeHall) -> None:
    ticket = dict.fromkeys(("rank_at", "issued_at", "called_at", "started_at", "ended_at"), 0)
    with file_desk.store.write() as conn:
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
    file_desk.restart()
    for statement in (next_up.next_id(weighed=False), next_up.next_id(weighed=True), next_up.PASSED.statement):
        found = plan(file_desk, statement, window="1", day="2026-03-02", rank=0, issued=0)
        assert "USING INDEX ticket_next (line=? AND hall_day=?" in found
        assert "SCAN ticket" not in found
        assert "SCAN x" not in found
    assert file_desk.issue().ticket.number == "A001"
    assert file_desk.call() == "A001"
