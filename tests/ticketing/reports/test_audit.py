"""Who looked at somebody, as the verbs write it and the auditor reads it."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, select

from offices import CHEN, CLERK, LI, OfficeHall
from ticketing.backup.restore import Backups
from ticketing.model import Actor
from ticketing.privacy.anchors import AnchorFile, Anchors
from ticketing.privacy.audit_chain import Head
from ticketing.privacy.vault import LOG_HEAD
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
        Terminals(desk.office.ledger).scan(code, Proof(card=resident), TERMINAL)
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


def test_a_number_that_a_chinese_keyboard_wrote_finds_the_same_looks(desk: OfficeHall) -> None:
    audit = Audit(desk.office.ledger, AnchorFile(desk.path))
    code = desk.issue(resident=LI).code
    desk.call()
    desk.office.scan("1", code, CLERK, None)
    assert LI.id_number
    full_width = "".join(chr(ord(one) + 0xFEE0) for one in LI.id_number.lower())
    assert [one.action for one in audit.about(f" {full_width} ", Filter(), SHEN).entries] == ["scan"]


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


def test_a_backup_holds_no_key_of_the_log_and_a_restored_log_goes_on(desk: OfficeHall, tmp_path: Path) -> None:
    audit = Audit(desk.office.ledger, AnchorFile(desk.path))
    audit.read(Filter(), SHEN)
    Backups(desk.office.ledger).write(tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as conn:
        (sealed,) = conn.execute("SELECT value FROM fact WHERE name = 'access_log'").fetchone()
    kept = Head.of(desk.vault.open_lasting(LOG_HEAD, "head", sealed))
    assert (kept.number, kept.key) == (1, None)
    with desk.store.write() as conn:
        conn.execute(delete(tables.access_log))
    Backups(desk.office.ledger).restore(tmp_path / "backup.db", SHEN, replace=True, replace_log=True)
    audit.read(Filter(), SHEN)
    assert audit.prove([kept.anchor]).verdict.entries == 3


def test_two_boxes_write_one_log_and_each_is_an_anchor_of_it(shared_url: str, tmp_path: Path) -> None:
    boxes = [OfficeHall(shared_url, box=name, seeded=name == "a") for name in ("a", "b")]
    audits = [Audit(one.office.ledger, AnchorFile(tmp_path / str(n))) for n, one in enumerate(boxes)]
    writers = [
        threading.Thread(target=lambda one=audit: [one.read(Filter(), SHEN, 1) for _ in range(15)])  # type: ignore[misc]
        for audit in audits * 2
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    for name, box, audit in zip("ab", boxes, audits, strict=True):
        ledger = box.office.ledger
        anchors = Anchors(box.store, box.vault, AnchorFile(tmp_path / name), ledger.now, ledger.today)
        anchors.keep()
        assert anchors.trouble is None
        assert audit.prove([audit.head()]).verdict.entries == 60
    for box in boxes:
        box.close()
