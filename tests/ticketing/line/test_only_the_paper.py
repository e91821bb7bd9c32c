"""Codes that are kept nowhere: what each slip opens, for how long the window reads it, and what a restart forgets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from offices import CHEN, CLERK, DESK, LI, OfficeHall, refused
from ticketing.day import residents
from ticketing.day.residents import Holders
from ticketing.model import Resident, StateError, UnknownError
from ticketing.privacy import codes
from ticketing.store import tables

TYPED = Resident(id_number=LI.id_number)


def printed_code(desk: OfficeHall) -> str:
    """The code on the slip that is printed next, which is then out."""
    (job,) = desk.office.print_jobs(1)
    desk.office.print_sending(job.id)
    desk.office.print_ended(job.id, "printed", None)
    return job.code


def served(desk: OfficeHall, code: str, window: str = "1") -> Resident | None:
    desk.call(window)
    return desk.office.scan(window, code, CLERK).resident


def test_the_code_of_a_slip_is_in_no_table(desk: OfficeHall) -> None:
    issued = desk.office.issue("licence", DESK, resident=LI, print=True, key="8c0b1d6e-1f6b-4bb0-9c9c-5d3c3f0b1a10")
    codes_of = {issued.code, desk.office.reprint(desk.issue("tax").ticket.id, DESK).code}
    assert len(codes_of) == 2
    with desk.store.read() as conn:
        for table in tables.metadata.sorted_tables:
            text = repr([tuple(row) for row in conn.execute(select(table))])
            assert not [code for code in codes_of if code in text], table.name


def test_a_slip_printed_again_without_the_card_opens_the_place_alone(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    job = desk.office.reprint(issued.ticket.id, DESK)
    assert desk.office.ticket_of_code(job.code).ticket.id == issued.ticket.id
    desk.call()
    scanned = desk.office.scan("1", job.code, CLERK)
    assert (scanned.ticket.state, scanned.resident, scanned.closed) == ("serving", None, "slip_without_data")
    refused(StateError, "not_scanned", desk.office.holders_at, "1", CLERK)
    # The card at the window brings what is on it, and the first slip is still good.
    assert desk.office.identify("1", LI, CLERK).resident == LI
    assert desk.office.scan("1", job.code, CLERK).resident == LI
    assert desk.office.scan("1", issued.code, CLERK).resident == LI


def test_a_slip_printed_again_with_the_card_opens_the_data_too(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI, print=True)
    first = printed_code(desk)
    job = desk.office.reprint_by_card(issued.ticket.id, LI, DESK)
    assert (first, job.copy) == (issued.code, True)
    assert served(desk, job.code) == LI
    assert desk.office.scan("1", first, CLERK).resident == LI


def test_a_lost_slip_is_worth_nothing_once_the_card_has_said_so(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI, print=True)
    found = printed_code(desk)
    desk.office.reprint(issued.ticket.id, DESK)
    copied = printed_code(desk)
    job = desk.office.reprint_by_card(issued.ticket.id, LI, DESK, lost=True)
    for code in (found, copied):
        refused(UnknownError, "unknown_code", desk.office.ticket_of_code, code)
        refused(UnknownError, "unknown_code", desk.office.scan, "1", code, CLERK)
    assert served(desk, job.code) == LI


def test_a_slip_that_still_waits_gets_a_code_that_opens_once_the_card_lies_there(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    waiting = desk.office.reprint(issued.ticket.id, DESK)
    desk.office.reprint_by_card(issued.ticket.id, LI, DESK)
    desk.office.reprint(issued.ticket.id, DESK)
    assert len(desk.office.print_jobs(9)) == 1
    code = printed_code(desk)
    assert code != waiting.code
    assert served(desk, code) == LI


def test_a_typed_number_and_somebody_elses_card_print_nothing_again(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI)
    refused(StateError, "card_needed", desk.office.reprint_by_card, issued.ticket.id, TYPED, DESK)
    refused(UnknownError, "unknown_ticket", desk.office.reprint_by_card, issued.ticket.id, CHEN, DESK)
    assert desk.office.print_jobs(9) == []


@pytest.mark.parametrize(
    "end",
    [
        lambda desk: desk.office.finish("1", CLERK),
        lambda desk: desk.office.hold("1", CLERK),
        lambda desk: desk.office.transfer("1", "licence", CLERK),
        lambda desk: desk.office.scan("2", desk.code, CLERK, "nearer"),
        lambda desk: (desk.next_day(), desk.office.end_of_day()),
        lambda desk: (desk.later(minutes=30), desk.office.put_away()),
    ],
    ids=["finish", "hold", "transfer", "called elsewhere", "the day's end", "half an hour"],
)
def test_the_end_of_a_service_puts_its_data_away(desk: OfficeHall, end: Callable[[OfficeHall], object]) -> None:
    desk.code = desk.issue("licence", LI).code  # type: ignore[attr-defined]
    assert served(desk, desk.code) == LI  # type: ignore[attr-defined]
    with desk.store.read() as conn:
        before = [bytes(sealed) for sealed in conn.scalars(select(tables.serving.c.sealed))]
    assert len(before) == 1
    end(desk)
    with desk.store.read() as conn:
        assert not [one for one in conn.scalars(select(tables.serving.c.sealed)) if bytes(one) in before]


def test_after_half_an_hour_the_slip_is_scanned_again(desk: OfficeHall) -> None:
    code = desk.issue("licence", LI).code
    assert served(desk, code) == LI
    desk.later(minutes=29)
    assert desk.office.holders_at("1", CLERK) == Holders(LI)
    desk.later(minutes=1)
    refused(StateError, "not_scanned", desk.office.holders_at, "1", CLERK)
    desk.office.scan("1", code, CLERK)
    assert desk.office.holders_at("1", CLERK) == Holders(LI)


@pytest.mark.parametrize("back", ["undo", "held"])
def test_who_comes_back_to_a_window_is_scanned_again(desk: OfficeHall, back: str) -> None:
    code = desk.issue("licence", LI).code
    assert served(desk, code) == LI
    if back == "undo":
        desk.office.finish("1", CLERK)
        desk.office.undo("1", CLERK)
        refused(StateError, "not_scanned", desk.office.holders_at, "1", CLERK)
    else:
        desk.office.hold("1", CLERK)
    assert desk.office.scan("1", code, CLERK).resident == LI
    assert desk.office.holders_at("1", CLERK) == Holders(LI)


def test_calling_a_number_and_starting_it_opens_nobody(desk: OfficeHall) -> None:
    desk.issue("licence", LI)
    desk.office.call_number("1", "A001", CLERK)
    desk.office.start("1", CLERK)
    refused(StateError, "not_scanned", desk.office.holders_at, "1", CLERK)


def test_another_box_of_the_hall_reads_who_is_served_and_a_box_that_started_again_does_not(desk: OfficeHall) -> None:
    other = OfficeHall(desk.url, seeded=False, box="other")
    try:
        other.office.board()
        code = desk.issue("licence", LI).code
        assert served(desk, code) == LI
        other.now = desk.now
        assert other.office.holders_at("1", CLERK) == Holders(LI)
        other.restart()
        refused(StateError, "not_scanned", other.office.holders_at, "1", CLERK)
        assert other.office.scan("1", code, CLERK).resident == LI
        assert desk.office.holders_at("1", CLERK) == other.office.holders_at("1", CLERK) == Holders(LI)
    finally:
        other.close()


def test_nothing_is_sealed_to_a_key_that_somebody_wrote_into_the_store(desk: OfficeHall) -> None:
    code = desk.issue("licence", LI).code
    with desk.store.write() as conn:
        conn.execute(insert(tables.reading_key).values(box="spy", public=b"\x09" * 32, mac=bytes(32)))
    served(desk, code)
    with desk.store.read() as conn:
        assert list(conn.scalars(select(tables.serving.c.box))) == ["box"]


def test_a_restart_forgets_the_codes_of_slips_that_wait_and_the_card_brings_another(desk: OfficeHall) -> None:
    issued = desk.issue("licence", LI, print=True)
    desk.restart()
    assert desk.office.print_jobs(9) == []
    assert not desk.office.recover()
    assert desk.office.ticket(issued.ticket.id).print == "failed"
    job = desk.office.reprint_by_card(issued.ticket.id, LI, DESK)
    assert not job.copy, "no byte of the first one was sent"
    assert served(desk, job.code) == LI


def test_the_same_request_gives_the_same_code_after_a_restart_and_prints_its_slip(desk: OfficeHall) -> None:
    key = "8c0b1d6e-1f6b-4bb0-9c9c-5d3c3f0b1a10"
    ask = {"resident": LI, "print": True, "key": key}
    issued = desk.office.issue("licence", DESK, **ask)  # type: ignore[arg-type]
    desk.restart()
    desk.office.recover()
    again = desk.office.issue("licence", DESK, **ask)  # type: ignore[arg-type]
    assert (again.code, again.ticket.id) == (issued.code, issued.ticket.id)
    assert printed_code(desk) == issued.code
    assert served(desk, issued.code) == LI


def as_before(desk: OfficeHall, ticket: int, resident: Resident | None) -> str:
    """Make a ticket what the version before made of it; its code."""
    with desk.office.ledger.verb() as m:
        code = codes.encode(m.vault.day_code(m.conn, m.day, ticket))
        mine = tables.ticket.c.id == ticket
        m.conn.execute(update(tables.ticket).where(mine).values(code_hash=m.hash_of(code)))
        m.conn.execute(delete(tables.resident).where(tables.resident.c.ticket_id == ticket))
        if resident:
            sealed = m.vault.seal(m.conn, m.day, residents.PURPOSE, ticket, residents.to_bytes(Holders(resident)))
            m.conn.execute(insert(tables.resident).values(ticket_id=ticket, hall_day=m.day, sealed=sealed))
    return code


def test_tickets_of_the_version_before_keep_their_slips_and_lose_what_opened_them_without(desk: OfficeHall) -> None:
    done = desk.issue("licence", replace(LI, id_number=None), print=True).ticket.id
    desk.serve()
    ids = [desk.issue("licence", one, print=True).ticket.id for one in (LI, CHEN, None)]
    as_before(desk, done, LI)
    old = [as_before(desk, *one) for one in zip(ids, (LI, CHEN, None), strict=True)]
    desk.restart()
    desk.office.recover()
    assert [job.code for job in desk.office.print_jobs(9)] == old
    with desk.store.write() as conn:
        rows = conn.execute(select(tables.resident)).all()
        assert [row.ticket_id for row in rows] == ids[:2], "what is over nobody asks for"
        for row in rows:
            with pytest.raises(Exception, match="does not open"):
                desk.vault.open(conn, row.hall_day, residents.PURPOSE, row.ticket_id, row.sealed)
    assert [served(desk, code, window) for code, window in zip(old[:2], ("1", "3"), strict=True)] == [LI, CHEN]
    (case,) = desk.office.conclude("1", CLERK, "promised").cases
    assert case.receipt
    desk.now += timedelta(seconds=1)
    assert served(desk, old[2]) is None
