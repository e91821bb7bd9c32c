"""Another class for a ticket that was issued already."""

from datetime import timedelta

from offices import CLERK, DESK, LI, OfficeHall, refused
from ticketing.model import StateError, UnknownError
from ticketing.privacy.access_log import verify

HALF_AN_HOUR = timedelta(minutes=30)


def test_it_moves_by_its_head_start_and_back_again(desk: OfficeHall) -> None:
    first, second = desk.issue().ticket, desk.issue().ticket
    moved = desk.office.give_class(second.id, "senior", "没带身份证，看过户口本", DESK)
    assert (moved.priority, moved.rank_at, moved.ahead) == ("senior", second.rank_at - HALF_AN_HOUR, 0)
    assert desk.office.window_view("1").next == [second.number, first.number]
    back = desk.office.give_class(second.id, "normal", "弄错了", DESK)
    assert (back.priority, back.rank_at, back.ahead) == ("normal", second.rank_at, 1)
    assert desk.call("1") == first.number


def test_a_head_start_is_not_given_twice(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI).ticket
    assert issued.priority == "senior"
    again = desk.office.give_class(issued.id, "senior", "已有优先", DESK)
    assert again.rank_at == issued.rank_at


def test_a_held_ticket_keeps_its_new_rank_when_it_comes_back(desk: OfficeHall) -> None:
    desk.issue()
    ticket = desk.issue().ticket
    desk.office.hold_ticket(ticket.id, DESK)
    desk.office.give_class(ticket.id, "senior", "看过证件", DESK)
    assert desk.office.return_ticket(ticket.id, DESK).ahead == 0


def test_only_who_waits_or_is_held_gets_another_class(desk: OfficeHall) -> None:
    ticket = desk.issue().ticket
    refused(UnknownError, "unknown_priority", desk.office.give_class, ticket.id, "friend", "朋友", DESK)
    refused(UnknownError, "unknown_ticket", desk.office.give_class, 999, "senior", "看过证件", DESK)
    desk.call("1")
    refused(StateError, "wrong_state", desk.office.give_class, ticket.id, "senior", "看过证件", DESK)
    desk.office.finish("1", CLERK)
    assert desk.event_types()[-1] == "ticket.finished"


def test_who_gave_it_and_why_is_proven_by_the_access_log(desk: OfficeHall) -> None:
    ticket = desk.issue().ticket
    desk.office.give_class(ticket.id, "senior", "看过证件", DESK)
    desk.issue("licence", priority="senior", priority_reason="行动不便")
    desk.issue("licence")
    with desk.store.read() as conn:
        kept = conn.exec_driver_sql("SELECT who, ticket_id, action, reason FROM access_log ORDER BY seq").all()
        assert verify(conn, desk.vault).whole
    assert [tuple(row) for row in kept] == [
        ("desk-1", 1, "priority", "senior: 看过证件"),
        ("desk-1", 2, "priority", "senior: 行动不便"),
    ]
