"""Applications: cases opened at a terminal, sealed by their receipts, taken up at windows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from offices import CHEN, CLERK, LI, OfficeHall, refused
from spelt import spell_once
from ticketing.backup.restore import Backups
from ticketing.cases.applications import MOST_SUBMITTED, Application, Applications
from ticketing.cases.cases import Cases
from ticketing.cases.ratings import Ratings
from ticketing.day.form_answers import FilledForm, FormField
from ticketing.day.residents import Holders
from ticketing.line.supplements import Supplements
from ticketing.matters.matters import Matter, Matters, Paper
from ticketing.model import Actor, ForbiddenError, LimitError, State, StateError, UnknownError
from ticketing.privacy.errors import ErasedError
from ticketing.reports.spans import Spans
from ticketing.store import tables

MANAGER = Actor("zhou", "manager", "hall")
TERMINAL = Actor("t-1", "terminal", "terminal hall-1")
PLAIN = Matter(
    "licence-lost",
    "营业执照补领",
    "Replace a lost licence",
    "business",
    "开办企业",
    "Start a business",
    "licence",
    papers=(Paper("遗失声明", "Statement"), Paper("照片", "Photo")),
    promised_days=3,
    resident_fields=("name", "id_number"),
    applies=True,
)
WITH_FORM = replace(PLAIN, id="seal-new", name="公章刻制备案", service="seal", form="seal-form", resident_fields=None)
NOT_HERE = replace(PLAIN, id="licence-new", name="营业执照新办", applies=False)
HOMELESS = replace(PLAIN, id="gone", name="没有窗口的事", service="no-such-service")
FORM = FilledForm("seal-form", "备案表", "Seal form", (FormField("phone", "手机号码", "Phone", "13800000000"),))
MORE = [replace(PLAIN, id=f"more-{order}", name=f"另一件事{order}") for order in range(MOST_SUBMITTED + 1)]


@pytest.fixture
def at(desk: OfficeHall) -> Iterator[Applications]:
    matters = Matters(desk.office.ledger, spell_once)
    matters.replace([PLAIN, WITH_FORM, NOT_HERE, HOMELESS, *MORE], MANAGER)
    yield Applications(desk.office.ledger)


def applied(at: Applications, matter: str = "licence-lost", **more: object) -> Application:
    return at.apply(matter, Holders(CHEN), TERMINAL, **more)[0]  # type: ignore[arg-type]


def entries(desk: OfficeHall) -> list[tuple[str, str | None]]:
    with desk.store.read() as conn:
        log = tables.access_log
        return [(row.action, row.reason) for row in conn.execute(select(log.c.action, log.c.reason))]


def kept(desk: OfficeHall) -> int:
    with desk.store.read() as conn:
        return len(conn.execute(select(tables.application.c.case_id)).all())


def test_a_window_opens_by_the_receipt_what_was_handed_in_at_night(desk: OfficeHall, at: Applications) -> None:
    desk.now += timedelta(hours=16)
    made = applied(at, "seal-new", form=FORM, later=[1])
    case = made.case
    assert (case.state, case.outcome, case.promised_on, case.matter) == ("submitted", "applied", None, "seal-new")
    assert [(one.name, one.later) for one in made.papers] == [("遗失声明", False), ("照片", True)]
    assert [one.case.id for one in at.listed(window="3")] == [case.id]
    assert at.listed(window="2") == []
    assert case.receipt is not None
    desk.next_day()
    opened = at.open("3", f"https://q.example/p/{case.receipt}", CLERK)
    assert (opened.holders.resident, opened.holders.agent, opened.holders.forms) == (CHEN, None, (FORM,))
    assert opened.application.papers == made.papers
    assert "陈" not in repr(opened)
    assert entries(desk)[-2:] == [("terminal-apply", f"case {case.id}"), ("application", f"case {case.id}")]


def test_its_receipt_scanned_as_a_slip_says_what_it_is(desk: OfficeHall, at: Applications) -> None:
    refused(StateError, "application_receipt", desk.office.scan, "1", applied(at).case.receipt, CLERK)


def test_the_desk_finds_by_the_receipt_how_one_stands_and_opens_nothing(desk: OfficeHall, at: Applications) -> None:
    made = applied(at, later=[0])
    before = entries(desk)
    found = at.find(f"https://q.example/p/{made.case.receipt}")
    assert found == replace(made, case=replace(made.case, receipt=None))
    assert entries(desk) == before, "nobody looked at anybody's data"
    at.take_back(TERMINAL, receipt=made.case.receipt or "")
    over = at.find(made.case.receipt or "")
    assert (over.case.state, over.papers) == ("closed", ())
    refused(UnknownError, "unknown_code", at.find, desk.issue().code)


def test_as_much_is_kept_as_the_matter_needs_and_nothing_in_the_clear(desk: OfficeHall, at: Applications) -> None:
    made = applied(at)
    receipt = str(made.case.receipt)
    opened = at.open("1", receipt, CLERK)
    assert (opened.holders.resident.name, opened.holders.resident.address) == (CHEN.name, None)
    with desk.store.read() as conn:
        rows = conn.execute(select(tables.case_file)).all(), conn.execute(select(tables.application)).all()
    for word in (str(CHEN.name), str(CHEN.id_number), receipt):
        assert word not in repr(rows) and word.encode() not in bytes(rows[1][0].sealed)


def test_its_days_begin_when_a_window_takes_it_up(desk: OfficeHall, at: Applications) -> None:
    case = applied(at).case
    desk.next_day()
    taken = at.take_up("3", case.id, CLERK)
    assert (taken.state, taken.promised_on) == ("open", date(2026, 3, 6))
    with desk.store.read() as conn:
        row = conn.execute(select(tables.case_file)).one()
    assert (row.window_id, row.clerk, row.ticket_id) == ("3", "wang", None)
    refused(StateError, "application_taken_up", at.take_up, "1", case.id, CLERK)
    files = Cases(desk.office.ledger)
    assert files.move(case.id, "ready", None, CLERK).promised_on == taken.promised_on
    assert kept(desk) == 1
    files.move(case.id, "closed", None, CLERK)
    assert (kept(desk), at.listed()) == (0, [])
    refused(StateError, "case_over", at.open, "1", case.receipt, CLERK)
    assert files.progress(str(case.receipt)).state == "closed"


def test_a_window_that_does_not_serve_it_opens_nothing(desk: OfficeHall, at: Applications) -> None:
    case = applied(at).case
    refused(ForbiddenError, "application_elsewhere", at.open, "2", case.receipt, CLERK)
    refused(ForbiddenError, "application_elsewhere", at.take_up, "2", case.id, CLERK)
    assert entries(desk)[-1] == ("application-refused", f"case {case.id}")
    desk.issue("licence", LI)
    desk.call("1")
    (promised,) = desk.office.conclude("1", CLERK, "promised").cases
    refused(UnknownError, "unknown_code", at.open, "1", promised.receipt, CLERK)
    refused(UnknownError, "unknown_case", at.take_up, "1", promised.id, CLERK)
    refused(UnknownError, "unknown_code", at.open, "1", "0" * 16, CLERK)


def test_only_the_code_on_its_own_receipt_opens_it(desk: OfficeHall, at: Applications) -> None:
    case, other = applied(at).case, applied(at, "more-0").case
    with desk.store.read() as conn:
        row = conn.execute(select(tables.application).where(tables.application.c.case_id == case.id)).one()
    with desk.office.ledger.look() as m:
        derived = m.receipt_of(case.id)
    for code in (derived, str(other.receipt), "", "0" * 16):
        with pytest.raises(ErasedError):
            desk.vault.open_of_month(row.hall_day, "application", code.encode(), case.id, bytes(row.sealed))


def test_asked_twice_by_one_key_it_is_one_case(desk: OfficeHall, at: Applications) -> None:
    made, new = at.apply("licence-lost", Holders(CHEN), TERMINAL, later=[0], key="k" * 32)
    again, once_more = at.apply("licence-lost", Holders(CHEN), TERMINAL, later=[0], key="k" * 32)
    assert (again, new, once_more, kept(desk)) == (made, True, False, 1)
    refused(StateError, "idempotency_key_reused", at.apply, "licence-lost", Holders(CHEN), TERMINAL, key="k" * 32)
    assert refused(StateError, "already_applied", applied, at) == {"case": made.case.id}
    assert kept(desk) == 1


@pytest.mark.parametrize(
    ("matter", "code"),
    [
        ("licence-new", "matter_not_applied"),
        ("gone", "application_unavailable"),
        ("seal-new", "application_needs_form"),
    ],
)
def test_what_cannot_be_applied_for_says_so(at: Applications, matter: str, code: str) -> None:
    refused(StateError, code, applied, at, matter)
    refused(UnknownError, "unknown_matter", applied, at, "never-heard-of")
    refused(StateError, "card_no_number", at.apply, "licence-lost", Holders(replace(CHEN, id_number=None)), TERMINAL)


def test_one_person_has_a_few_at_a_time(at: Applications) -> None:
    made = [applied(at, f"more-{order}").case for order in range(MOST_SUBMITTED)]
    refused(LimitError, "applications_too_many", applied, at)
    at.take_up("1", made[0].id, CLERK)
    assert applied(at).case.state == "submitted"
    at.apply("licence-lost", Holders(LI), TERMINAL)


def test_it_is_taken_back_by_card_or_receipt_until_a_window_takes_it_up(desk: OfficeHall, at: Applications) -> None:
    first = applied(at).case
    refused(UnknownError, "unknown_case", at.take_back, TERMINAL, card=LI, matter="licence-lost")
    assert at.take_back(TERMINAL, card=CHEN, matter="licence-lost").state == "closed"
    refused(StateError, "case_over", at.take_back, TERMINAL, receipt=first.receipt)
    second = applied(at).case
    assert at.take_back(TERMINAL, receipt=str(second.receipt)).id == second.id
    third = applied(at).case
    at.take_up("1", third.id, CLERK)
    refused(StateError, "application_taken_up", at.take_back, TERMINAL, receipt=third.receipt)
    assert kept(desk) == 1


def test_with_the_missing_papers_it_goes_on_and_nobody_waits_anew(desk: OfficeHall, at: Applications) -> None:
    case = applied(at).case
    Cases(desk.office.ledger).move(case.id, "returned", "缺照片", CLERK)
    desk.issue("licence", LI)
    desk.next_day()
    waiting = desk.issue("licence", LI)
    back = Supplements(desk.office.ledger).by_code(str(case.receipt), "t-1", print=False)
    assert (back.new, back.ticket.state, back.ticket.ahead) == (True, State.WAITING, 0)
    assert desk.office.ticket(waiting.ticket.id).ahead == 1
    assert at.listed()[0].case.state == "submitted"
    assert at.open("1", str(case.receipt), CLERK).holders.resident.name == CHEN.name
    refused(StateError, "not_returned", Supplements(desk.office.ledger).by_code, case.receipt, "t-1", print=False)


def test_it_is_rated_once_somebody_has_looked_at_it(desk: OfficeHall, at: Applications) -> None:
    box, case = Ratings(desk.office.ledger), applied(at).case
    refused(StateError, "not_served_yet", box.rate, case.receipt, 5, via="terminal")
    assert box.to_rate(str(case.receipt)) == []
    at.take_up("3", case.id, CLERK)
    assert box.rate(str(case.receipt), 5, via="terminal").case == case.id


def test_it_is_counted_by_its_matter_and_service(desk: OfficeHall, at: Applications) -> None:
    applied(at)
    at.take_up("3", applied(at, "more-0").case.id, CLERK)
    today = desk.now.date()
    counts = Matters(desk.office.ledger).figures(today, today)
    assert {one.id: (one.tickets, one.cases) for one in counts} == {"licence-lost": (0, 1), "more-0": (0, 1)}
    desk.next_day()
    for part, whose in (
        ("matter", {"licence-lost": 1, "more-0": 1}),
        ("service", {"licence": 2}),
        ("window", {"3": 1}),
    ):
        rows = Spans(desk.office.ledger).span(today, today, part).rows  # type: ignore[arg-type]
        assert {one.key: one.cases for one in rows if one.cases} == whose, part


def test_its_receipt_is_not_printed_from_the_store(desk: OfficeHall, at: Applications) -> None:
    refused(StateError, "receipt_once", Cases(desk.office.ledger).reprint, applied(at).case.id, CLERK)


def test_after_the_retention_nothing_opens_it(desk: OfficeHall, at: Applications) -> None:
    case = applied(at).case
    with desk.store.read() as conn:
        row = conn.execute(select(tables.application)).one()
    for days in (180, 1):
        assert kept(desk) == 1
        desk.now += timedelta(days=days)
        desk.office.purge(desk.now.date())
    assert (kept(desk), at.listed()) == (0, [])
    desk.now += timedelta(days=400)
    desk.office.purge(desk.now.date())
    with pytest.raises(ErasedError):
        desk.vault.open_of_month(row.hall_day, "application", str(case.receipt).encode(), case.id, bytes(row.sealed))


def test_a_backup_brings_it_back_and_the_receipt_opens_it(desk: OfficeHall, at: Applications, tmp_path: Path) -> None:
    case = applied(at, later=[0]).case
    backups = Backups(desk.office.ledger)
    backups.write(tmp_path / "hall.backup")
    Cases(desk.office.ledger).move(case.id, "closed", None, CLERK)
    backups.restore(tmp_path / "hall.backup", MANAGER, replace=True)
    assert at.open("1", str(case.receipt), CLERK).holders.resident.name == CHEN.name
