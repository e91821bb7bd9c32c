"""Who looked at somebody, as the verbs write it and the auditor reads it."""

from datetime import timedelta

from sqlalchemy import select

from offices import CHEN, CLERK, LI, OfficeHall
from ticketing.model import Actor
from ticketing.privacy.anchors import AnchorFile
from ticketing.reports.audit import Audit, Filter
from ticketing.store import tables
from ticketing.terminals import Proof, Terminals

SHEN = Actor("shen", "auditor", "192.0.2.9")
TERMINAL = Actor("t-1", "terminal", "terminal hall-1")


def test_a_resident_is_told_every_look_and_nobody_elses(desk: OfficeHall) -> None:
    audit = Audit(desk.office.ledger, AnchorFile(desk.path))
    for resident in (LI, CHEN):
        code = desk.issue(resident=resident).code
        desk.call()
        desk.office.scan("1", code, CLERK, None)
        desk.office.holders_at("1", CLERK)
        Terminals(desk.office.ledger).scan(code, Proof(id_number=resident.id_number), TERMINAL)
        desk.office.finish("1", CLERK, "immediate")
    assert LI.id_number and CHEN.id_number
    page = audit.about(LI.id_number, Filter(), SHEN)
    assert [(one.who, one.action.partition("-")[0], one.ticket) for one in page.entries] == [
        (CLERK.who, "scan", "A001"),
        (CLERK.who, "resident", "A001"),
        ("t-1", "terminal", "A001"),
    ]
    assert [one.seq for one in audit.about(CHEN.id_number, Filter(), SHEN).entries] == [4, 5, 6]
    assert audit.about("110000199001010010", Filter(), SHEN).entries == []
    with desk.store.read() as conn:
        log = repr(conn.execute(select(tables.access_log)).all())
    assert LI.id_number not in log


def test_a_hall_day_begins_when_the_hall_says(desk: OfficeHall) -> None:
    audit = Audit(desk.office.ledger, AnchorFile(desk.path))
    audit.read(Filter(), SHEN)
    desk.next_day()
    audit.read(Filter(), SHEN)
    today = desk.office.ledger.today()
    days = (today - timedelta(days=1), today)
    assert [[one.seq for one in audit.read(Filter(day=day), SHEN).entries] for day in days] == [[1], [2, 3]]


def test_entries_end_with_their_retention_in_the_daily_purge(desk: OfficeHall) -> None:
    audit = Audit(desk.office.ledger, AnchorFile(desk.path))
    for _ in range(3):
        audit.read(Filter(), SHEN)
    anchor = audit.head()
    desk.later(days=180)
    desk.office.purge(desk.office.ledger.today())
    assert audit.prove([anchor]).verdict.first == 1, "the last day they are kept"
    desk.later(days=1)
    desk.office.purge(desk.office.ledger.today())
    proof = audit.prove([anchor])
    assert (proof.whole, proof.verdict.first) == (True, 4)
    assert "entries of the audit log: 3" in str(audit.read(Filter(action="purge"), SHEN).entries[-1].reason)
