"""What may be done to the audit log by whom, and what finds it: the head, an anchor, a key that was printed before."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

import empty_store
from keyrings import held
from ticketing.model import Actor, microseconds
from ticketing.privacy import access_log, audit_chain
from ticketing.privacy.access_log import Key, Verdict
from ticketing.privacy.anchors import AnchorFile, Anchors
from ticketing.privacy.audit_chain import Anchor, Head
from ticketing.privacy.vault import LOG_HEAD, Vault, VaultError
from ticketing.store.base import Store
from ticketing.store.opening import open_store
from ticketing.store.tables import access_log as table
from ticketing.store.tables import event, fact

MASTER = bytes(range(32))
AT = datetime(2026, 11, 20, 9, 30, 15, 123457, tzinfo=UTC)
CLERK = Actor("李清", "clerk", "window 3")
NUMBER = "110000194903070026"
LENGTH = 20


class Log:
    """A log in a file, and what somebody may do to it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.store: Store = open_store(f"sqlite:///{file}", exclusive=False)
        self.vault = Vault(self.store, held(MASTER), "xicheng")
        self.heads = {0: self.sealed()}

    def write(self, count: int, action: str = "scan") -> None:
        for _ in range(count):
            with self.store.write() as conn:
                number = access_log.append(conn, self.vault, AT, CLERK, action, 7, "住址写错", subject=NUMBER)
            self.heads[number] = self.sealed()

    def sealed(self) -> bytes:
        with self.store.read() as conn:
            return bytes(conn.scalar(select(fact.c.value).where(fact.c.name == LOG_HEAD)) or b"")

    def head(self) -> Head:
        with self.store.read() as conn:
            return access_log.head(conn, self.vault)

    def verify(self, *anchors: Anchor, key: Key | None = None) -> Verdict:
        with self.store.read() as conn:
            return access_log.verify(conn, self.vault, anchors, key)

    def tamper(self, *statements: str) -> None:
        conn = sqlite3.connect(self.file, isolation_level=None)
        for statement in statements:
            assert conn.execute(statement).rowcount != 0, statement
        conn.close()

    def put_back_head(self, number: int) -> None:
        with self.store.write() as conn:
            conn.execute(update(fact).where(fact.c.name == LOG_HEAD).values(value=self.heads[number]))

    def cut(self, to: int) -> None:
        """Log and head as they were when the entry ``to`` was the last."""
        self.tamper(f"DELETE FROM access_log WHERE seq > {to}")
        self.put_back_head(to)

    def exchange(self) -> None:
        """Yesterday's log and head, gone on with since."""
        self.cut(10)
        self.write(15, "resident")

    def forge(self, entry: int) -> None:
        """With the key file: another entry, and all digests and MACs after it made anew with the present key."""
        head = self.head()
        assert head.key is not None
        key, before = head.key, audit_chain.BEFORE_THE_FIRST
        with self.store.write() as conn:
            for row in conn.execute(select(table).order_by(table.c.seq)).all():
                fields = {name: getattr(row, name) for name in audit_chain.FIELDS}
                code = row.mac
                if row.seq >= entry:
                    fields |= {"who": "nobody"} if row.seq == entry else {}
                    code = audit_chain.mac("sha256", key, before, audit_chain.body(list(fields.values())))
                    key = audit_chain.moved("sha256", key)
                before = audit_chain.digest("sha256", before, audit_chain.body(list(fields.values())), code)
                conn.execute(update(table).where(table.c.seq == row.seq).values(**fields, mac=code, digest=before))
            made = replace(head, digest=before, key=key).as_bytes()
            value = self.vault.seal_lasting(LOG_HEAD, "head", made)
            conn.execute(update(fact).where(fact.c.name == LOG_HEAD).values(value=value))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    empty_store.lay(tmp_path / "quhao.db")
    log = Log(tmp_path / "quhao.db")
    yield log
    log.store.close()


# What is done: with an anchor of the last entry, without one. Before there were anchors, what is marked was not found.
TABLE: dict[str, tuple[Callable[[Log], None], Verdict, Verdict]] = {
    "nothing": (lambda log: None, Verdict(20), Verdict(20)),
    **{
        f"{column} changed": (
            lambda log, column=column, value=value: log.tamper(  # type: ignore[misc]
                f"UPDATE access_log SET {column} = {value} WHERE seq = 7"
            ),
            Verdict(20, 7, "changed"),
            Verdict(20, 7, "changed"),
        )
        for column, value in {
            "at": "at + 1",
            "who": "'王五'",
            "place": "''",
            "ticket_id": "NULL",
            "action": "'resident'",
            "reason": "NULL",
            "subject": "NULL",
            "mac": "zeroblob(32)",
            "digest": "zeroblob(32)",
        }.items()
    },
    "the last subject changed": (
        lambda log: log.tamper("UPDATE access_log SET subject = zeroblob(32) WHERE seq = 20"),
        Verdict(20, 20, "changed"),
        Verdict(20, 20, "changed"),
    ),
    "made an old one": (
        lambda log: log.tamper("UPDATE access_log SET mac = NULL, subject = NULL WHERE seq = 7"),
        Verdict(20, 7, "changed"),
        Verdict(20, 7, "changed"),
    ),
    "an entry out": (
        lambda log: log.tamper("DELETE FROM access_log WHERE seq = 7"),
        Verdict(19, 7, "missing"),
        Verdict(19, 7, "missing"),
    ),
    "the beginning out": (
        lambda log: log.tamper("DELETE FROM access_log WHERE seq < 7"),
        Verdict(14, 1, "missing"),
        Verdict(14, 1, "missing"),
    ),
    "the last 1 cut": (
        lambda log: log.tamper("DELETE FROM access_log WHERE seq > 19"),
        Verdict(19, 20, "cut"),
        Verdict(19, 20, "cut"),
    ),
    "the last 10 cut": (
        lambda log: log.tamper("DELETE FROM access_log WHERE seq > 10"),
        Verdict(10, 11, "cut"),
        Verdict(10, 11, "cut"),
    ),
    "all cut": (lambda log: log.tamper("DELETE FROM access_log"), Verdict(0, 1, "cut"), Verdict(0, 1, "cut")),
    "head and the last 1 cut": (lambda log: log.cut(19), Verdict(19, 20, "cut"), Verdict(19)),  # not found before
    "head and the last 10 cut": (lambda log: log.cut(10), Verdict(10, 11, "cut"), Verdict(10)),  # not found before
    "head and all cut": (lambda log: log.cut(0), Verdict(0, 1, "cut"), Verdict(0)),  # not found before
    "exchanged for yesterday's": (Log.exchange, Verdict(25, 20, "other"), Verdict(25)),  # not found before
    "forged with the key file": (lambda log: log.forge(7), Verdict(20, 20, "other"), Verdict(20)),  # not found before
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE.keys())
def test_what_is_done_to_the_log_is_found(log: Log, case: tuple[Callable[[Log], None], Verdict, Verdict]) -> None:
    done, with_anchor, without = case
    log.write(LENGTH)
    anchor = log.head().anchor
    done(log)
    assert replace(log.verify(anchor), anchors=()) == with_anchor
    assert replace(log.verify(Anchor.parse(anchor.short)), anchors=()) == with_anchor, "and as it is on paper"
    assert log.verify() == without


def test_a_changed_anchor_is_found(log: Log) -> None:
    log.write(LENGTH)
    anchor = log.head().anchor
    other = Anchor(anchor.number, f"{anchor.hex[:5]}{'0' if anchor.hex[5] != '0' else '1'}{anchor.hex[6:]}")
    found = log.verify(anchor, other, Anchor(5, "0" * 16))
    assert (found.broken_at, found.fault) == (5, "other")
    assert [held for _, held in found.anchors] == ["other", "holds", "other"]


def test_who_takes_the_present_key_cannot_make_earlier_entries(log: Log) -> None:
    log.write(3)
    with log.store.write() as conn:
        key = access_log.begin_key(conn, log.vault, AT, CLERK)
    log.write(LENGTH - 4)
    assert key.number == 5
    assert Key.parse(str(key)) == key
    assert str(key).partition(":")[2] not in repr(key)
    assert log.verify(key=key) == Verdict(LENGTH)
    head = log.head()
    assert head.key not in (None, key.key)
    log.forge(7)
    assert log.verify(key=key) == Verdict(LENGTH, 7, "forged")
    assert log.verify() == Verdict(LENGTH), "only the key that is kept elsewhere knows"


def test_the_key_of_an_entry_is_in_no_file_once_the_entry_is_there(log: Log) -> None:
    log.write(LENGTH)
    log.store.checkpoint()
    files = b"".join(path.read_bytes() for path in log.file.parent.iterdir())
    assert log.heads[LENGTH] in files
    assert not [number for number, head in log.heads.items() if number < LENGTH and head in files]


def test_a_log_of_before_the_moving_key_goes_on(log: Log) -> None:
    before = audit_chain.BEFORE_THE_FIRST
    with log.store.write() as conn:
        for number in range(1, 4):
            fields = {
                "seq": number,
                "at": 1,
                "who": "li",
                "place": "3",
                "ticket_id": 7,
                "action": "scan",
                "reason": None,
            }
            before = access_log._old_digest(log.vault, before, (*fields.values(), None))
            conn.execute(insert(table).values(**fields, digest=before))
        value = log.vault.seal_lasting(LOG_HEAD, "head", b"3 " + before)
        conn.execute(update(fact).where(fact.c.name == LOG_HEAD).values(value=value))
    assert log.verify() == Verdict(3)
    log.write(3)
    assert log.verify() == Verdict(6)
    log.tamper("UPDATE access_log SET who = 'wang' WHERE seq = 2")
    assert log.verify() == Verdict(6, 2, "changed")


# -- retention ---------------------------------------------------------------------------------------------------------


def aged(log: Log) -> None:
    """Five entries of half a year ago, and five of today."""
    for at in (*[AT - timedelta(days=200)] * 5, *[AT] * 5):
        with log.store.write() as conn:
            access_log.append(conn, log.vault, at, CLERK, "scan", 7)


def forget(log: Log, days: int = 180) -> int:
    with log.store.write() as conn:
        return access_log.forget(conn, log.vault, AT - timedelta(days=days))


def test_the_beginning_ends_with_its_retention_and_the_log_is_whole(log: Log) -> None:
    aged(log)
    anchors = [Anchor(row.seq, row.digest.hex()) for row in rows(log)]
    assert forget(log) == 5
    assert forget(log) == 0
    found = log.verify(*anchors)
    assert replace(found, anchors=()) == Verdict(5, first=6)
    assert [held for _, held in found.anchors] == ["older"] * 4 + ["holds"] * 6
    log.write(2)
    assert log.verify(*anchors).whole
    log.tamper("DELETE FROM access_log WHERE seq = 6")
    assert log.verify() == Verdict(6, 6, "missing", first=6), "a cut is none"


def test_all_entries_may_be_too_old(log: Log) -> None:
    aged(log)
    anchor = log.head().anchor
    assert forget(log, days=-1) == 10
    assert replace(log.verify(anchor), anchors=()) == Verdict(0, first=11)
    log.write(1)
    assert log.verify(anchor).whole


def test_a_beginning_that_was_cut_is_not_covered_up_by_retention(log: Log) -> None:
    aged(log)
    log.tamper("DELETE FROM access_log WHERE seq < 3")
    assert forget(log) == 0
    assert log.verify() == Verdict(8, 1, "missing")


def rows(log: Log) -> list[Any]:
    with log.store.read() as conn:
        return list(conn.execute(select(table.c.seq, table.c.digest, table.c.reason).order_by(table.c.seq)))


# -- anchors beside the key file ---------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> AnchorFile:
    return AnchorFile(tmp_path / "master.key")


def keeper(log: Log, file: AnchorFile, hour: list[int] | None = None) -> Anchors:
    clock = hour or [9]
    return Anchors(log.store, log.vault, file, lambda: AT.replace(hour=clock[0]), lambda: date(2026, 11, 20))


def test_the_anchor_follows_the_log_and_is_written_whole(log: Log, file: AnchorFile, tmp_path: Path) -> None:
    anchors = keeper(log, file)
    assert file.read() is None
    for count in (0, 3, 2):
        log.write(count)
        anchors.keep()
        assert file.read() == log.head().anchor
        assert anchors.trouble is None
    assert file.path.stat().st_mode & 0o777 == 0o600
    written = file.path.stat().st_mtime_ns
    anchors.keep()
    assert file.path.stat().st_mtime_ns == written, "nothing new, nothing written"
    assert not list(tmp_path.glob(".master.key*"))


@pytest.mark.parametrize("done", [lambda log: log.cut(10), Log.exchange], ids=["cut", "exchanged"])
def test_a_log_that_does_not_go_on_is_told_once_and_the_anchor_stays(
    log: Log, file: AnchorFile, done: Callable[[Log], None], caplog: pytest.LogCaptureFixture
) -> None:
    log.write(LENGTH)
    keeper(log, file).keep()
    proof = log.head().anchor
    done(log)
    anchors = keeper(log, file)
    for _ in range(3):
        anchors.keep()
    assert file.read() == proof
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [anchors.trouble]
    assert proof.short in str(anchors.trouble)


def test_a_changed_anchor_file_is_told_and_stays(log: Log, file: AnchorFile) -> None:
    log.write(3)
    for content in (b"", b"3:zz\n", b"\xff" * 300):
        file.path.write_bytes(content)
        anchors = keeper(log, file)
        anchors.keep()
        assert anchors.trouble
        assert file.path.read_bytes() == content
        with pytest.raises(VaultError):
            file.read()


def test_an_anchor_file_that_is_gone_is_told_and_a_box_that_runs_remembers_it(
    log: Log, file: AnchorFile, caplog: pytest.LogCaptureFixture
) -> None:
    log.write(5)
    keeper(log, file).keep()
    assert caplog.records == [], "its first entry is not a minute old: nobody can have anchored it"
    file.path.unlink()
    anchors = keeper(log, file, [11])
    for last in (5, 6):
        proof = Anchor(last, rows(log)[last - 1].digest.hex())
        anchors.keep()
        assert f"begins anew with {proof.short}" in caplog.records[-1].message
        # Whoever reads the log later sees it, too.
        assert rows(log)[-1].reason == f"its file was gone; begun anew with {proof.short}"
        assert file.read() == log.head().anchor
        file.path.unlink()
    proof = log.head().anchor
    log.cut(3)
    anchors.keep()
    assert proof.short in str(anchors.trouble)
    assert file.read() is None


def test_a_log_lacks_no_anchor_where_the_hall_is_older_than_a_minute(log: Log) -> None:
    def may_lack() -> bool:
        with log.store.read() as conn:
            return access_log.may_lack_an_anchor(conn, access_log.head(conn, log.vault), AT)

    assert may_lack()
    with log.store.write() as conn:
        at = microseconds(AT - timedelta(seconds=59))
        conn.execute(insert(event).values(at=at, type="hall.changed", data="{}"))
    log.write(1)
    assert may_lack()
    with log.store.write() as conn:
        conn.execute(update(event).values(at=at - 1_000_000))
    assert not may_lack(), "an entry of just now, in a hall of yesterday"


def test_retention_does_not_make_an_old_anchor_wrong(log: Log, file: AnchorFile) -> None:
    with log.store.write() as conn:
        access_log.append(conn, log.vault, AT - timedelta(days=200), CLERK, "scan", 7)
    keeper(log, file).keep()
    aged(log)
    forget(log)
    anchors = keeper(log, file)
    anchors.keep()
    assert anchors.trouble is None
    assert file.read() == log.head().anchor


def test_the_head_is_said_in_the_services_log_each_hour(
    log: Log, file: AnchorFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    hour = [9]
    anchors = keeper(log, file, hour)
    for hour[0] in (9, 9, 10):
        log.write(1)
        anchors.keep()
    said = [record.message.split()[-1].partition(":")[0] for record in caplog.records if record.levelname == "INFO"]
    assert said == ["1", "3"]


def test_boxes_that_share_a_store_each_have_their_anchor(log: Log, tmp_path: Path) -> None:
    here, there = (AnchorFile(tmp_path / box / "master.key") for box in ("a", "b"))
    for file in (here, there):
        file.path.parent.mkdir()
    log.write(4)
    keeper(log, here).keep()
    log.write(4)
    keeper(log, there).keep()
    log.cut(6)
    # What the first box has seen is still there; the second knows more.
    at_first, at_second = (file.read() for file in (here, there))
    assert at_first is not None and at_second is not None
    assert log.verify(at_first).whole
    assert replace(log.verify(at_first, at_second), anchors=()) == Verdict(6, 7, "cut")


def test_a_backup_of_the_file_put_back_is_yesterdays_log(log: Log, file: AnchorFile, tmp_path: Path) -> None:
    log.write(5)
    log.store.checkpoint()
    shutil.copy(log.file, tmp_path / "yesterday.db")
    log.write(5)
    keeper(log, file).keep()
    old = Log(tmp_path / "yesterday.db")
    anchor = file.read()
    assert anchor is not None
    assert replace(old.verify(anchor), anchors=()) == Verdict(5, 6, "cut")
    old.store.close()
