"""Closing slips: asked for once, at their time, printed as any slip, with the log as it stands then."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from offices import CLERK, MORNING, OfficeHall, refused
from ticketing.day.closing_slips import AGAIN, ClosingSlips
from ticketing.model import Actor, UnknownError
from ticketing.privacy import access_log
from ticketing.privacy.vault import LOG_HEAD
from ticketing.store.tables import fact

SHEN = Actor("shen", "auditor", "127.0.0.1")
CLOSING = 17 * 60 + 30


@pytest.fixture
def slips(desk: OfficeHall) -> ClosingSlips:
    return ClosingSlips(desk.office.ledger)


def end(desk: OfficeHall, job: int, state: str, reason: str | None = None) -> None:
    desk.office.print_ended(job, state, reason)  # type: ignore[arg-type]


def test_a_slip_has_the_anchor_of_the_log_as_it_is_printed(desk: OfficeHall, slips: ClosingSlips) -> None:
    job = slips.ask(SHEN)
    with desk.office.ledger.verb() as m:
        access_log.append(m.conn, m.vault, m.now, CLERK, "scan", None)
        (last,) = [access_log.head(m.conn, m.vault).anchor]
    (slip,) = desk.office.closing_slips(5)
    assert (slip.id, slip.box, slip.day, slip.at, slip.anchor) == (job, "box", "2026-03-02", desk.now, last)
    assert last.number == 2, "that it was asked for is an entry, too"
    assert desk.office.print_jobs(5) == []
    assert slips.state(job) == ("pending", None)
    desk.office.print_sending(job)
    end(desk, job, "printed")
    assert slips.state(job) == ("printed", None)
    assert desk.office.closing_slips(5) == []


def test_one_that_waits_is_not_asked_for_twice(desk: OfficeHall, slips: ClosingSlips) -> None:
    job = slips.ask(SHEN)
    desk.later(seconds=30)
    assert slips.ask(SHEN) == job
    (slip,) = desk.office.closing_slips(5)
    assert slip.asked_at == desk.now, "somebody waits for it now"
    end(desk, job, "failed", "no_paper")
    assert slips.ask(SHEN) > job


def test_a_slip_of_a_ticket_is_no_closing_slip(desk: OfficeHall, slips: ClosingSlips) -> None:
    job = desk.issue(print=True).print_job
    refused(UnknownError, "unknown_print_job", slips.state, job)


def test_the_days_slip_is_asked_for_once_when_its_time_has_come(desk: OfficeHall, slips: ClosingSlips) -> None:
    assert slips.ask_at(CLOSING, SHEN) is None
    # One that somebody asked for in the morning is not the day's.
    end(desk, slips.ask(SHEN), "printed")
    desk.now = MORNING.replace(hour=17, minute=30)
    job = slips.ask_at(CLOSING, SHEN)
    assert job is not None
    assert slips.ask_at(CLOSING, SHEN) is None
    end(desk, job, "failed", "expired")
    assert slips.ask_at(CLOSING, SHEN) is None
    desk.now += AGAIN
    again = slips.ask_at(CLOSING, SHEN)
    assert again is not None
    end(desk, again, "unconfirmed")
    desk.now += AGAIN
    assert slips.ask_at(CLOSING, SHEN) is None, "the paper may be there"
    desk.next_day()
    assert slips.ask_at(CLOSING, SHEN) is None
    desk.now = desk.now.replace(hour=18)
    assert slips.ask_at(CLOSING, SHEN) is not None


def test_a_time_of_the_night_belongs_to_the_hall_day_that_goes_on(file_desk: OfficeHall) -> None:
    rules = file_desk.office.ledger.rules
    object.__setattr__(rules, "day_starts", timedelta(hours=4))
    slips = ClosingSlips(file_desk.office.ledger)
    assert slips.ask_at(60, SHEN) is None
    file_desk.now = MORNING.replace(hour=1) + timedelta(days=1)
    assert slips.ask_at(60, SHEN) is not None


def test_a_box_that_starts_again_prints_what_waits_and_doubts_what_it_was_sending(desk: OfficeHall) -> None:
    slips = ClosingSlips(desk.office.ledger)
    sent = slips.ask(SHEN)
    desk.office.print_sending(sent)
    waiting = slips.ask(SHEN)
    desk.restart()
    slips = ClosingSlips(desk.office.ledger)
    assert desk.office.recover(), "half of it may be in the printer"
    assert slips.state(sent) == ("unconfirmed", "interrupted")
    assert [one.id for one in desk.office.closing_slips(5)] == [waiting]


def test_another_box_prints_its_own(desk: OfficeHall, slips: ClosingSlips) -> None:
    slips.ask(SHEN)
    other = OfficeHall(desk.url, seeded=False, box="second", keys=desk.keys)
    other.now = desk.now
    assert other.office.closing_slips(5) == []
    other.close()


def test_a_broken_log_prints_no_anchor_and_keeps_no_slip_from_printing(desk: OfficeHall, slips: ClosingSlips) -> None:
    with desk.store.write() as conn:
        conn.execute(update(fact).where(fact.c.name == LOG_HEAD).values(value=b"\x01" * 60))
    job = slips.ask(SHEN)
    (slip,) = desk.office.closing_slips(5)
    assert (slip.id, slip.anchor) == (job, None)
