"""Whose turn it is at a window: its services' lines with their weights, its own line, and what is called by number."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert, select, update

from offices import CHEN, CLERK, DESK, OfficeHall, refused
from ticketing.model import ClosedError, State, StateError, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables


def weigh(desk: OfficeHall, window: str, service: str, minutes: int) -> None:
    ws = tables.window_service
    with desk.store.write() as conn:
        found = conn.execute(
            update(ws).where(ws.c.window_id == window, ws.c.service_id == service).values(head_start=minutes)
        )
        if not found.rowcount:
            conn.execute(insert(ws).values(window_id=window, service_id=service, head_start=minutes))


# -- weights


def test_a_window_takes_the_service_first_to_which_it_gives_weight(desk: OfficeHall) -> None:
    weigh(desk, "3", "seal", 10)
    desk.issue("licence")
    desk.later(minutes=5)
    desk.issue("seal")
    desk.later(minutes=6)
    desk.issue("seal")
    assert desk.office.windows()[2].weights == {"seal": 10}
    assert desk.office.window_view("3").next == ["A002", "A001", "A003"]
    called = desk.office.call_next("3", CLERK)
    assert called
    assert called.why.zh == "A002 先于 A001：该窗口优先办理这项业务，提前10分钟"
    assert desk.office.window_view("3").why == called.why
    desk.office.finish("3", CLERK)
    # The other windows go by the time of issue, as before.
    assert [desk.serve("1"), desk.serve("3")] == ["A001", "A003"]


def test_a_window_that_takes_a_service_last_says_why_others_come_first(desk: OfficeHall) -> None:
    weigh(desk, "1", "tax", -20)
    desk.issue("tax")
    desk.later(minutes=10)
    desk.issue("licence")
    called = desk.office.call_next("1", CLERK)
    assert called
    assert called.ticket.number == "A001"
    assert "B001" in called.why.zh
    assert desk.office.window_view("1").why == called.why


def test_within_one_service_weight_changes_no_order(desk: OfficeHall) -> None:
    weigh(desk, "2", "tax", 60)
    for priority in ("normal", "senior", "normal"):
        desk.issue("tax", priority=priority)
    assert [desk.serve("2") for _ in range(3)] == ["B002", "B001", "B003"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrivals=st.lists(
        st.tuples(st.sampled_from(["licence", "tax", "seal"]), st.integers(0, 1500), st.booleans()), max_size=10
    ),
    weights=st.fixed_dictionaries({one: st.integers(-15, 30) for one in ("licence", "tax")}),
)
def test_the_smallest_weighed_rank_of_a_windows_lines_is_next(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[str, int, bool]], weights: dict[str, int]
) -> None:
    hall = OfficeHall(tmp_path_factory.mktemp("hall"))
    try:
        for service, minutes in weights.items():
            weigh(hall, "1", service, minutes)
        ranks: dict[str, tuple[float, int]] = {}
        for service, seconds, alone in arrivals:
            hall.later(seconds=seconds)
            ticket = hall.office.issue(service, DESK, print=False).ticket
            if alone:
                # The ways to another window and from there to this one's own line.
                hall.office.call_number("2" if service == "tax" else "3", ticket.number, CLERK)
                hall.office.transfer("2" if service == "tax" else "3", None, CLERK, to_window="1")
            ranks[ticket.number] = (ticket.rank_at.timestamp() - 60 * weights.get(service, 0), ticket.id)
        lines: dict[str, list[str]] = {}
        for (service, _, alone), number in zip(arrivals, ranks, strict=True):
            lines.setdefault("alone" if alone else service, []).append(number)
        expected = []
        while any(lines.values()):
            first = min((line[0] for line in lines.values() if line), key=lambda number: ranks[number])
            expected.append(first)
            next(line for line in lines.values() if line and line[0] == first).pop(0)
        assert [hall.serve("1") for _ in expected] == expected
        assert hall.call("1") == ""
    finally:
        hall.close()


# -- the line of one window


def test_a_ticket_handed_to_one_window_waits_for_that_one_alone(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.issue("licence")
    desk.call("3")
    moved = desk.office.transfer("3", None, CLERK, to_window="1")
    assert (moved.service, moved.for_window, moved.window, moved.ahead) == ("licence", "1", None, 0)
    event = desk.office.events_after(0, 99)[-1]
    facts = {"number": "A001", "service": "licence", "window": "3", "line": "@1"}
    assert (event.type, event.data) == ("ticket.transferred", facts)
    views = {one: desk.office.window_view(one) for one in ("1", "3")}
    assert [(view.next, view.waiting[0].count) for view in views.values()] == [(["A001", "A002"], 2), (["A002"], 1)]
    assert desk.office.hall().services[0].waiting == 2
    assert [desk.serve("3"), desk.call("3"), desk.call("1")] == ["A002", "", "A001"]


def test_its_holder_sees_which_window_it_is(desk: OfficeHall) -> None:
    issued = desk.issue("licence")
    desk.call("3")
    desk.office.transfer("3", None, CLERK, to_window="1")
    assert desk.office.ticket_of_code(issued.code).window_name == "1号窗口"


def test_a_window_that_does_not_serve_it_gets_nobody(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.call("1")
    facts = {"number": "A001", "service": "licence", "window": "2"}
    assert refused(StateError, "not_served_there", desk.office.transfer, "1", None, CLERK, to_window="2") == facts
    refused(UnknownError, "unknown_window", desk.office.transfer, "1", None, CLERK, to_window="9")
    assert desk.office.transfer("1", "tax", CLERK, to_window="2").for_window == "2"
    assert desk.call("2") == "A001"


def test_a_held_ticket_of_one_windows_line_comes_back_into_it(desk: OfficeHall) -> None:
    issued = desk.issue("licence")
    desk.call("3")
    desk.office.transfer("3", None, CLERK, to_window="1")
    desk.office.hold_ticket(issued.ticket.id, DESK)
    assert desk.call("1") == ""
    assert desk.office.return_ticket(issued.ticket.id, DESK).for_window == "1"
    assert [desk.call("3"), desk.call("1")] == ["", "A001"]


# -- by number


@pytest.mark.parametrize("was", ["waiting", "held", "missed"])
def test_a_number_is_called_out_of_turn_with_its_reason_in_the_log(desk: OfficeHall, was: str) -> None:
    issued = desk.issue()
    if was == "held":
        desk.office.hold_ticket(issued.ticket.id, DESK, "取材料")
    elif was == "missed":
        desk.call("3")
        desk.office.no_show("3", CLERK)
    desk.issue()
    desk.later(seconds=1)
    called = desk.office.call_number("1", " a001 ", CLERK, "材料已补齐")
    assert (called.ticket.state, called.ticket.window, called.ticket.called_at) == (State.CALLED, "1", desk.now)
    assert (called.ticket.clerk, called.ticket.hold_reason, called.ticket.ended_at) == ("wang", None, None)
    assert called.why.zh == "由工作人员按号呼叫"
    assert desk.office.window_view("1").why == called.why
    assert desk.office.ticket(issued.ticket.id) == called.ticket
    event = desk.office.events_after(0, 99)[-1]
    facts = {"number": "A001", "service": "licence", "window": "1"} | ({} if was == "waiting" else {"was": was})
    assert (event.type, event.data) == ("ticket.called", facts)
    with desk.store.read() as conn:
        entry = conn.execute(select(tables.access_log)).one()
        assert access_log.verify(conn, desk.vault).whole
        stays = list(conn.scalars(select(tables.visit.c.ended_as)))
    assert (entry.action, entry.ticket_id, entry.reason) == ("call-number", issued.ticket.id, "材料已补齐")
    assert stays == (["missed"] if was == "missed" else [])
    # What is called in its turn afterwards is said to be.
    desk.office.finish("1", CLERK)
    desk.call("1")
    assert desk.office.window_view("1").why == desk.office.window_view("1").why
    assert desk.office.window_view("1").why.zh == "按取号先后"  # type: ignore[union-attr]


def test_a_number_called_back_into_the_line_is_called_in_its_turn_then(desk: OfficeHall) -> None:
    desk.issue()
    desk.office.call_number("1", "A001", CLERK)
    desk.office.transfer("1", None, CLERK)
    called = desk.office.call_next("1", CLERK)
    assert called
    assert called.why.zh == "按取号先后"
    assert desk.office.window_view("1").why == called.why


def test_a_number_that_is_not_to_be_called_here_is_refused(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.issue("tax")
    refused(UnknownError, "unknown_number", desk.office.call_number, "1", "A999", CLERK)
    refused(UnknownError, "unknown_window", desk.office.call_number, "9", "A001", CLERK)
    facts = {"number": "A001", "service": "licence", "window": "2"}
    assert refused(StateError, "not_served_there", desk.office.call_number, "2", "A001", CLERK) == facts
    desk.office.pause_window("1", CLERK)
    assert refused(ClosedError, "window_paused", desk.office.call_number, "1", "A001", CLERK) == {"window": "1"}
    desk.office.open_window("1", CLERK)
    desk.office.call_number("1", "A001", CLERK)
    facts = {"window": "1", "number": "A001", "state": "called"}
    assert refused(StateError, "window_busy", desk.office.call_number, "1", "B001", CLERK) == facts
    facts = {"number": "A001", "state": "called", "verb": "call-number"}
    assert refused(StateError, "wrong_state", desk.office.call_number, "3", "A001", CLERK) == facts
    with desk.store.read() as conn:
        assert len(conn.execute(select(tables.access_log)).all()) == 1


def test_a_window_may_call_by_number_whom_another_one_was_to_serve_alone(desk: OfficeHall) -> None:
    desk.issue("licence")
    desk.call("3")
    desk.office.transfer("3", None, CLERK, to_window="1")
    assert desk.office.call_number("3", "A001", CLERK).ticket.window == "3"


def test_a_repeated_call_by_number_gives_the_same_answer(desk: OfficeHall) -> None:
    desk.issue()
    desk.issue()
    first = desk.office.call_number("1", "A001", CLERK, "急", key="k1")
    desk.office.finish("1", CLERK)
    assert desk.office.call_number("1", "A001", CLERK, "急", key="k1") == first
    refused(StateError, "idempotency_key_reused", desk.office.call_number, "1", "A002", CLERK, "急", key="k1")
    assert desk.office.window_view("1").ticket is None


def test_of_two_windows_that_call_one_held_number_one_has_it(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.office.hold_ticket(issued.ticket.id, DESK)
    desk.office.call_number("1", "A001", CLERK)
    refused(StateError, "wrong_state", desk.office.call_number, "3", "A001", CLERK)
    refused(StateError, "wrong_state", desk.office.return_ticket, issued.ticket.id, DESK)
    assert desk.office.window_view("3").ticket is None


def test_who_called_a_ticket_is_kept_with_it(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.call("1")
    assert desk.office.ticket(issued.ticket.id).clerk == "wang"
