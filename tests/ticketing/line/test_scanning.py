from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, DESK, LI, OfficeHall, refused
from ticketing.day.residents import Holders
from ticketing.model import (
    Actor,
    ForbiddenError,
    State,
    StateError,
    UnknownError,
)
from ticketing.privacy import access_log
from ticketing.store import tables

SCANNER = Actor("scanner:left", "clerk", "1")


def test_a_scan_starts_the_service_and_opens_the_data(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call()
    scanned = desk.office.scan("1", f"HTTPS://Q.EXAMPLE.CN/T/{issued.code}", SCANNER)
    assert (scanned.ticket.state, scanned.ticket.started_at) == (State.SERVING, desk.now)
    assert scanned.resident == LI
    assert desk.office.holders_at("1", CLERK) == Holders(LI)
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
    assert desk.office.holders_at("1", CLERK) is None


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
    facts = refused(StateError, "not_called", desk.office.scan, "1", issued.code, SCANNER)
    assert facts == {"number": "A001", "state": "waiting"}
    desk.call("3")
    facts = refused(ForbiddenError, "wrong_window", desk.office.scan, "1", issued.code, SCANNER)
    assert facts == {"number": "A001", "window": "3"}
    refused(ForbiddenError, "wrong_window", desk.office.scan, "1", issued.code, SCANNER, override_reason="  ")
    desk.office.finish("3", CLERK)
    facts = refused(StateError, "ticket_over", desk.office.scan, "3", issued.code, SCANNER)
    assert facts == {"number": "A001", "state": "done"}
    facts = refused(StateError, "ticket_over", desk.office.scan, "3", issued.code, SCANNER, override_reason="查档")
    with desk.store.read() as conn:
        entries = [(entry.action, entry.ticket_id) for entry in conn.execute(select(tables.access_log))]
    assert entries == [("scan-refused", issued.ticket.id)] * 3


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


def test_who_comes_back_to_the_window_that_holds_the_ticket_shows_the_slip(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call("1")
    desk.office.hold("1", CLERK, "去拍照")
    seq = desk.office.last_seq()
    scanned = desk.office.scan("1", issued.code, SCANNER)
    assert (scanned.ticket.state, scanned.ticket.window, scanned.resident) == (State.SERVING, "1", LI)
    assert scanned.ticket.hold_reason is None
    told = [(event.type, event.data.get("was")) for event in desk.office.events_after(seq, 9)]
    assert told == [("ticket.called", "held"), ("ticket.started", None)]
    with desk.store.read() as conn:
        assert [entry.action for entry in conn.execute(select(tables.access_log))] == ["scan"]


def test_who_comes_back_while_another_is_served_waits_a_moment(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.call("1")
    desk.office.hold("1", CLERK)
    desk.issue()
    desk.call("1")
    assert refused(StateError, "window_busy", desk.office.scan, "1", issued.code, SCANNER)["number"] == "A002"
    assert desk.office.ticket(issued.ticket.id).state is State.HELD


@pytest.mark.parametrize("was", ["held elsewhere", "held at the desk", "missed here"])
def test_whoever_else_is_out_of_the_line_is_taken_with_a_reason(desk: OfficeHall, was: str) -> None:
    issued = desk.issue("licence", LI)
    window = "3" if was == "held elsewhere" else "1"
    if was == "held at the desk":
        desk.office.hold_ticket(issued.ticket.id, DESK)
    else:
        desk.call(window)
        (desk.office.hold if was == "held elsewhere" else desk.office.no_show)(window, CLERK)
    state = desk.office.ticket(issued.ticket.id).state
    facts = refused(StateError, "not_called", desk.office.scan, "1", issued.code, SCANNER)
    assert facts == {"number": "A001", "state": state}
    scanned = desk.office.scan("1", issued.code, SCANNER, override_reason="人已到")
    assert (scanned.ticket.state, scanned.ticket.window, scanned.resident) == (State.SERVING, "1", LI)
    why = desk.office.window_view("1").why
    assert why
    assert why.zh == "由工作人员按号呼叫"


@pytest.mark.parametrize("verb", ["cancel", "expire"])
def test_a_ticket_that_nobody_comes_for_any_more_opens_nothing(desk: OfficeHall, verb: str) -> None:
    issued = desk.issue("licence", LI)
    if verb == "cancel":
        desk.office.cancel_by_code(issued.code)
        facts = refused(StateError, "ticket_over", desk.office.scan, "1", issued.code, SCANNER, override_reason="急")
        assert facts == {"number": "A001", "state": "cancelled"}
    else:
        desk.next_day()
        refused(UnknownError, "unknown_code", desk.office.scan, "1", issued.code, SCANNER, override_reason="急")


def test_a_code_of_yesterday_opens_nothing(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    desk.next_day()
    assert refused(UnknownError, "unknown_code", desk.office.scan, "1", issued.code, SCANNER) == {}
    assert refused(UnknownError, "unknown_code", desk.office.ticket_of_code, issued.code) == {}


def test_codes_that_are_none_of_today_are_refused_alike(desk: OfficeHall) -> None:
    old = desk.issue("licence", LI)
    served = desk.issue("licence", CHEN)
    desk.serve()
    desk.next_day()
    erased = desk.issue("licence", LI)
    desk.next_day()
    desk.office.purge(desk.now.date() - timedelta(days=1))
    desk.issue("licence", LI)
    codes = [old.code, served.code, erased.code, "0123456789ABCDEF", "6901028075763", ""]
    for code in codes:
        assert refused(UnknownError, "unknown_code", desk.office.scan, "1", code, SCANNER) == {}
        assert refused(UnknownError, "unknown_code", desk.office.cancel_by_code, code) == {}
        assert refused(UnknownError, "unknown_code", desk.office.return_by_code, code) == {}


def test_the_data_are_given_only_while_the_resident_is_served(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    assert refused(StateError, "nobody_here", desk.office.holders_at, "1", CLERK) == {"window": "1"}
    desk.call()
    facts = refused(StateError, "wrong_state", desk.office.holders_at, "1", CLERK)
    assert (facts["state"], facts["verb"]) == ("called", "resident")
    desk.office.start("1", CLERK)
    assert refused(StateError, "not_scanned", desk.office.holders_at, "1", CLERK) == {"number": "A001"}
    desk.office.scan("1", issued.code, CLERK)
    assert desk.office.holders_at("1", CLERK) == Holders(LI)
    desk.office.finish("1", CLERK)
    refused(StateError, "nobody_here", desk.office.holders_at, "1", CLERK)
