"""Held for a while, missed and here after all, cancelled: out of the line, and fairly back."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, DESK, ZONE, OfficeHall, refused
from ticketing.model import LimitError, State, StateError, UnknownError
from ticketing.office import Issued
from ticketing.store import tables


def missed(desk: OfficeHall, service: str = "licence", **options: object) -> Issued:
    """A ticket to which nobody came."""
    issued = desk.issue(service, **options)  # type: ignore[arg-type]
    assert desk.call("1") == issued.ticket.number
    desk.later(seconds=30)
    desk.office.no_show("1", CLERK)
    return issued


def visits(desk: OfficeHall) -> list[tuple[object, ...]]:
    v = tables.visit.c
    with desk.store.read() as conn:
        rows = conn.execute(select(v.service_id, v.window_id, v.clerk, v.ended_as).order_by(v.id)).all()
    return [tuple(row) for row in rows]


# -- held


def test_who_is_held_leaves_the_window_free_and_comes_back_in_the_old_place(desk: OfficeHall) -> None:
    first = desk.issue().ticket
    desk.issue()
    desk.call("1")
    desk.office.start("1", CLERK)
    held = desk.office.hold("1", CLERK, "去复印")
    assert (held.state, held.window, held.hold_reason, held.held_until) == (State.HELD, "1", "去复印", None)
    assert (held.called_at, held.started_at, held.ahead) == (None, None, 0)
    assert desk.office.ticket(first.id) == held
    assert desk.serve("1") == "A002"
    assert desk.call("1") == ""
    back = desk.office.return_ticket(first.id, DESK)
    assert (back.state, back.rank_at, back.rank_by, back.hold_reason, back.window) == (
        State.WAITING,
        first.rank_at,
        None,
        None,
        None,
    )
    desk.issue()
    assert desk.call("1") == "A001"
    assert visits(desk) == [("licence", "1", "wang", "held")]


def test_each_way_of_holding_is_told_so_that_who_follows_can_count(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.office.hold_ticket(issued.ticket.id, DESK)
    desk.office.return_ticket(issued.ticket.id, DESK)
    desk.call("1")
    desk.office.hold("1", CLERK)
    told = [(event.type, event.data) for event in desk.office.events_after(1, 100)]
    ticket = {"number": "A001", "service": "licence"}
    assert told == [
        ("ticket.held", ticket | {"was": "waiting"}),
        ("ticket.returned", ticket | {"was": "held"}),
        ("ticket.called", ticket | {"window": "1"}),
        ("ticket.held", ticket | {"window": "1"}),
    ]


def test_a_waiting_ticket_is_held_at_the_desk_without_a_visit(desk: OfficeHall) -> None:
    issued = desk.issue()
    held = desk.office.hold_ticket(issued.ticket.id, DESK, "  接孩子  ")
    assert (held.state, held.window, held.hold_reason) == (State.HELD, None, "接孩子")
    assert desk.call("1") == ""
    assert visits(desk) == []
    assert desk.office.hall().services[0].waiting == 0


def test_whose_time_has_come_waits_again_by_itself(desk: OfficeHall) -> None:
    for minutes in (10, 5, None):
        desk.issue()
        desk.call("1")
        desk.office.hold("1", CLERK, back_at=None if minutes is None else desk.now + timedelta(minutes=minutes))
    assert desk.office.bring_back() == 0
    desk.later(minutes=4, seconds=57)
    assert desk.office.bring_back() == 0
    desk.later(seconds=1)
    assert desk.office.bring_back() == 1
    assert desk.office.bring_back() == 0
    assert desk.serve("1") == "A002"
    desk.later(minutes=10)
    assert desk.office.bring_back() == 1
    assert [desk.serve("1"), desk.call("1")] == ["A001", ""]


def test_looking_for_who_is_due_writes_nothing(desk: OfficeHall) -> None:
    desk.issue()
    with desk.store.write():
        # Another writer keeps the store: only a look can pass it.
        assert desk.office.bring_back() == 0


@pytest.mark.parametrize(
    ("reason", "back", "code"),
    [
        ("长" * 61, None, "bad_reason"),
        (None, timedelta(0), "bad_back_at"),
        (None, timedelta(minutes=-1), "bad_back_at"),
        (None, timedelta(hours=16), "bad_back_at"),
    ],
)
def test_a_reason_is_short_and_the_time_is_later_today(
    desk: OfficeHall, reason: str | None, back: timedelta | None, code: str
) -> None:
    issued = desk.issue()
    desk.call("1")
    back_at = None if back is None else desk.now + back
    refused(StateError, code, desk.office.hold, "1", CLERK, reason, back_at)
    assert desk.office.ticket(issued.ticket.id).state is State.CALLED


def test_holding_twice_and_returning_twice_is_told(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.call("1")
    desk.office.hold("1", CLERK)
    assert refused(StateError, "nobody_here", desk.office.hold, "1", CLERK) == {"window": "1"}
    facts = {"number": "A001", "state": "held", "verb": "hold"}
    assert refused(StateError, "wrong_state", desk.office.hold_ticket, issued.ticket.id, DESK) == facts
    desk.office.return_number("1", "a001", CLERK)
    facts = {"number": "A001", "state": "waiting", "verb": "return"}
    assert refused(StateError, "wrong_state", desk.office.return_number, "1", "A001", CLERK) == facts
    refused(UnknownError, "unknown_number", desk.office.return_number, "1", "A999", CLERK)
    refused(UnknownError, "unknown_ticket", desk.office.return_ticket, 99, DESK)


def test_who_is_held_takes_no_second_number_for_the_same_service(desk: OfficeHall) -> None:
    desk.issue("licence", CHEN)
    desk.call("1")
    desk.office.hold("1", CLERK)
    facts = refused(StateError, "already_waiting", desk.issue, "licence", CHEN)
    assert (facts["number"], facts["state"]) == ("A001", "held")
    assert desk.office.tickets_of(CHEN)["licence"].state is State.HELD


def test_a_held_ticket_is_seen_by_its_holder_and_its_slip_is_printed(desk: OfficeHall) -> None:
    issued = desk.issue(print=True)
    desk.call("1")
    desk.office.hold("1", CLERK)
    view = desk.office.ticket_of_code(issued.code)
    assert (view.ticket.state, view.window_name, view.expected_wait) == (State.HELD, "1号窗口", None)
    assert (view.may_return, view.may_cancel) == (True, True)
    assert [job.id for job in desk.office.print_jobs(9)] == [issued.print_job]
    assert desk.office.reprint(issued.ticket.id, DESK).id == issued.print_job
    assert desk.office.board().calls == []


def test_holders_bring_themselves_back_by_the_code(desk: OfficeHall) -> None:
    issued = desk.issue()
    desk.office.hold_ticket(issued.ticket.id, DESK)
    assert desk.office.return_by_code(issued.code).state is State.WAITING
    refused(StateError, "wrong_state", desk.office.return_by_code, issued.code)
    refused(UnknownError, "unknown_code", desk.office.return_by_code, "0123456789ABCDEF")


# -- missed


def test_who_was_missed_comes_back_behind_the_next_three(desk: OfficeHall) -> None:
    lost = missed(desk)
    for _ in range(5):
        desk.issue()
    back = desk.office.return_by_code(lost.code)
    assert (back.state, back.rank_by, back.misses, back.ahead) == (State.WAITING, "missed", 1, 3)
    assert [desk.serve("1") for _ in range(6)] == ["A002", "A003", "A004", "A001", "A005", "A006"]
    assert visits(desk) == [("licence", "1", "wang", "missed")]


def test_where_fewer_wait_who_was_missed_comes_back_last(desk: OfficeHall) -> None:
    lost = missed(desk)
    desk.issue()
    desk.issue()
    desk.later(seconds=1)
    back = desk.office.return_ticket(lost.ticket.id, DESK)
    assert (back.ahead, back.rank_at) == (2, desk.now)
    desk.issue()
    assert [desk.serve("1") for _ in range(4)] == ["A002", "A003", "A001", "A004"]


def test_who_was_missed_never_comes_back_before_the_own_rank(desk: OfficeHall) -> None:
    lost = missed(desk)
    for _ in range(3):
        desk.issue(priority="senior")
    assert desk.office.return_ticket(lost.ticket.id, DESK).rank_at == lost.ticket.rank_at


def test_who_has_an_appointment_for_later_is_not_waited_for(desk: OfficeHall) -> None:
    lost = missed(desk)
    late = [desk.issue().ticket.id for _ in range(3)]
    with desk.store.write() as conn:
        one = tables.ticket
        conn.execute(one.update().where(one.c.id.in_(late)).values(rank_at=one.c.rank_at + 3_600_000_000))
    back = desk.office.return_ticket(lost.ticket.id, DESK)
    assert (back.rank_at, back.ahead) == (desk.now, 0)


def test_two_who_were_missed_come_back_in_the_order_of_their_numbers(desk: OfficeHall) -> None:
    lost = [missed(desk), missed(desk)]
    for _ in range(4):
        desk.issue()
    for one in reversed(lost):
        desk.office.return_ticket(one.ticket.id, DESK)
    assert [desk.serve("1") for _ in range(6)] == ["A003", "A004", "A005", "A001", "A002", "A006"]


def test_one_comes_back_twice_and_not_a_third_time(desk: OfficeHall) -> None:
    lost = missed(desk)
    for _ in range(2):
        desk.office.return_ticket(lost.ticket.id, DESK)
        assert desk.call("1") == "A001"
        desk.office.no_show("1", CLERK)
    for verb, what in (
        (desk.office.return_ticket, (lost.ticket.id, DESK)),
        (desk.office.return_by_code, (lost.code,)),
        (desk.office.return_number, ("1", "A001", CLERK)),
    ):
        assert refused(LimitError, "missed_too_often", verb, *what) == {"number": "A001", "misses": 3}
    view = desk.office.ticket_of_code(lost.code)
    assert (view.ticket.state, view.may_return, view.may_cancel) == (State.MISSED, False, True)
    # Whoever stands before the clerk after all is called by number.
    assert desk.office.call_number("1", "A001", CLERK).ticket.state is State.CALLED


def test_who_took_another_number_does_not_come_back_with_the_first(desk: OfficeHall) -> None:
    lost = missed(desk, resident=CHEN)
    second = desk.issue("licence", CHEN).ticket
    facts = refused(StateError, "already_waiting", desk.office.return_ticket, lost.ticket.id, DESK)
    assert facts == {"number": "A002", "ticket_id": second.id, "state": "waiting"}
    refused(StateError, "already_waiting", desk.office.call_number, "1", "A001", CLERK)
    desk.office.cancel(second.id, DESK)
    assert desk.office.return_ticket(lost.ticket.id, DESK).state is State.WAITING


def test_the_figures_of_a_window_keep_who_was_missed_there(desk: OfficeHall) -> None:
    lost = missed(desk)
    desk.office.return_ticket(lost.ticket.id, DESK)
    desk.serve("3")
    assert desk.office.window_view("1").figures.missed == 1
    assert desk.office.window_view("3").figures.missed == 0
    assert desk.office.window_view("3").figures.served == 1


# -- cancelled


def test_a_ticket_is_cancelled_by_its_holder_or_at_the_desk(desk: OfficeHall) -> None:
    mine, theirs = desk.issue("licence", CHEN, print=True), desk.issue()
    assert desk.office.cancel_by_code(mine.code).state is State.CANCELLED
    over = desk.office.cancel(theirs.ticket.id, DESK)
    assert (over.state, over.ended_at, desk.office.ticket(over.id)) == (State.CANCELLED, desk.now, over)
    assert desk.call("1") == ""
    assert desk.office.print_jobs(9) == []
    assert desk.office.ticket(mine.ticket.id).print == "failed"
    refused(StateError, "ticket_over", desk.office.reprint, mine.ticket.id, DESK)
    assert desk.issue("licence", CHEN).ticket.number == "A003"
    told = [event.data for event in desk.office.events_after(0, 99) if event.type == "ticket.cancelled"]
    assert told == [{"number": number, "service": "licence"} for number in ("A001", "A002")]
    view = desk.office.ticket_of_code(mine.code)
    assert (view.ticket.state, view.may_return, view.may_cancel) == (State.CANCELLED, False, False)


def test_who_is_held_or_was_missed_can_be_cancelled_and_who_is_at_a_window_cannot(desk: OfficeHall) -> None:
    lost, away, here = missed(desk), desk.issue(), desk.issue()
    desk.office.hold_ticket(away.ticket.id, DESK)
    desk.call("1")
    for one in (lost, away):
        assert desk.office.cancel_by_code(one.code).state is State.CANCELLED
        refused(StateError, "wrong_state", desk.office.cancel_by_code, one.code)
    facts = {"number": "A003", "state": "called", "verb": "cancel"}
    assert refused(StateError, "wrong_state", desk.office.cancel_by_code, here.code) == facts
    told = [event.data["was"] for event in desk.office.events_after(0, 99) if event.type == "ticket.cancelled"]
    assert told == ["missed", "held"]
    # That nobody came to the first is not forgotten with it.
    assert visits(desk) == [("licence", "1", "wang", "missed")]


# -- the day


def test_what_was_held_or_missed_expires_with_the_day_and_nobody_knows_why(desk: OfficeHall) -> None:
    lost, held = missed(desk), desk.issue()
    desk.call("1")
    desk.office.hold("1", CLERK, "身份证忘在家里", datetime(2026, 3, 2, 17, 0, tzinfo=ZONE))
    desk.next_day()
    assert desk.office.bring_back() == 0
    for one in (lost, held):
        after = desk.office.ticket(one.ticket.id)
        assert (after.state, after.hold_reason, after.held_until) == (State.EXPIRED, None, None)
        for verb in (desk.office.return_ticket, desk.office.hold_ticket, desk.office.cancel):
            refused(StateError, "other_day", verb, one.ticket.id, DESK)
        for verb in (desk.office.return_by_code, desk.office.cancel_by_code):
            assert refused(UnknownError, "unknown_code", verb, one.code) == {}
        refused(UnknownError, "unknown_number", desk.office.call_number, "1", one.ticket.number, CLERK)
    assert sorted(visits(desk)) == [("licence", "1", "wang", "held"), ("licence", "1", "wang", "missed")]
    with desk.store.read() as conn:
        assert (
            list(conn.scalars(select(tables.ticket.c.hold_reason).where(tables.ticket.c.hold_reason.is_not(None))))
            == []
        )
