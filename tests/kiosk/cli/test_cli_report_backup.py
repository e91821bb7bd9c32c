"""Reports, backups and restoring from the command line, beside a service that holds the store."""

import csv
import io
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import console
import empty_store
from display.paper.slip import measure_words
from kiosk.box.backups import decrypted
from kiosk.opening import open_ledger, open_office_parts, rules_of
from kiosk.settings import load
from ticketing.model import Actor, Service, Window
from ticketing.office import Office

CONFIG = """
[hall]
id = "{hall}"
name = "西城区综合行政服务中心"

[store]
url = "sqlite:///var/quhao.db"
key_file = "var/master.key"

[[services]]
id = "licence"
name = "营业执照"
prefix = "A"

[[windows]]
id = "3"
name = "3号窗口"
"""
CLERK = Actor("wang", "clerk", "3")


@dataclass
class Box:
    """A box and the folder it lives in."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "quhao.toml"

    def say(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, in this process."""
        return console.say(self.file, *arguments)

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """One command, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "kiosk", "--config", str(self.file), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            **options,
        )

    @contextmanager
    def office(self) -> Iterator[Office]:
        """An office on the box's store, as the service has it."""
        empty_store.lay(self.folder / "var" / "quhao.db")
        settings = load(self.file)
        store, vault, _people = open_office_parts(settings, exclusive=True)
        with closing(store):
            zone = settings.hall.zone
            office = Office(store, vault, rules_of(settings), zone, lambda: datetime.now(zone))
            office.seed(
                [Service("licence", "营业执照", "Business licence", "A")], [Window("3", "3号窗口", ("*",), "open")]
            )
            yield office


@pytest.fixture
def new_box(tmp_path: Path) -> Callable[..., Box]:
    def make(name: str = "box", hall: str = "xicheng") -> Box:
        box = Box(tmp_path / name)
        box.folder.mkdir()
        box.file.write_text(CONFIG.format(hall=hall), "utf-8")
        return box

    return make


@pytest.fixture
def box(new_box: Callable[..., Box]) -> Box:
    return new_box()


def serve(office: Office, times: int) -> None:
    for _ in range(times):
        office.issue("licence", CLERK, print=False)
        office.call_next("3", CLERK)
        office.finish("3", CLERK, "immediate")


def test_a_report_is_a_table_whose_columns_stand_under_each_other(box: Box) -> None:
    with box.office() as office:
        serve(office, 12)
        told = box.run("report")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == datetime.now(load(box.file).hall.zone).date().isoformat()
    at = next(place for place, line in enumerate(lines) if line.startswith("业务 / service"))
    assert lines[at + 1].split() == ["营业执照", "12", "12", "0", "0:00/0:00/0:00", "-", "0", "0", "0"]
    assert measure_words(lines[at]) == measure_words(lines[at + 1])
    assert lines[-1].startswith("合计 Total")


def test_a_report_of_several_days_goes_into_a_file_whole(box: Box) -> None:
    with box.office() as office:
        serve(office, 2)
        today = office.ledger.today().isoformat()
        told = box.say("report", "--from", "2026-01-01", "--to", today, "--by", "day", "--csv", "out.csv")
    assert (told.returncode, told.stdout) == (0, "")
    content = (box.folder / "out.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    told_of = [(row["分类 by"], row["编号 id"], row["办结 served"]) for row in rows]
    assert told_of == [("day", today, "2"), ("total", "", "2")]
    assert sorted(one.name for one in box.folder.iterdir()) == ["out.csv", "quhao.toml", "var"]
    missing = box.say("report", "--csv", "none/out.csv")
    assert missing.returncode == 1
    assert "cannot be written" in missing.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--date", "2026-02-30"),
        ("--date", "yesterday"),
        ("--from", "2026-02-03"),
        ("--from", "2026-02-03", "--to", "2026-02-02"),
        ("--date", "2026-02-03", "--from", "2026-02-02", "--to", "2026-02-03"),
        ("--by", "window"),
        ("--from", "2026-02-02", "--to", "2026-02-03", "--by", "colour"),
    ],
)
def test_bad_days_are_refused_with_exit_code_two(box: Box, arguments: tuple[str, ...]) -> None:
    told = box.say("report", *arguments)
    assert told.returncode == 2
    assert "Traceback" not in told.stderr


def test_without_a_store_there_is_nothing_to_report_or_back_up(box: Box) -> None:
    for command in (("report",), ("backup", "out")):
        told = box.say(*command)
        assert told.returncode == 1
        assert "there is no store" in told.stderr
    assert not (box.folder / "var").exists()


def test_a_backup_moves_a_hall_to_another_box(box: Box, new_box: Callable[..., Box]) -> None:
    with box.office() as office:
        serve(office, 3)
        code = office.issue("licence", CLERK, print=False).code
        told = box.say("backup", "hall.backup")
        assert told.returncode == 0, told.stderr
        assert "4 tickets" in told.stderr
    other = new_box("other")
    backup = str(box.folder / "hall.backup")
    assert "key file" in other.say("restore", backup).stderr
    assert not (other.folder / "var" / "quhao.db").exists()
    (other.folder / "var").mkdir(mode=0o700)
    key = other.folder / "var" / "master.key"
    key.touch(0o600)
    key.write_bytes((box.folder / "var" / "master.key").read_bytes())
    told = other.say("restore", backup)
    assert told.returncode == 0, told.stderr
    with other.office() as office:
        assert office.ticket_of_code(code).ticket.number == "A004"
        assert office.issue("licence", CLERK, print=False).ticket.number == "A005"
    assert other.say("audit", "verify").returncode == 0


def kept(box: Box) -> list[str]:
    return sorted(path.name for path in (box.folder / "kept").iterdir())


def test_the_timers_backups_are_proved_and_the_oldest_go(box: Box) -> None:
    with box.file.open("a", encoding="utf-8") as config:
        config.write('[backup]\nfolder = "kept"\nkeep = 2\n')
    (box.folder / "kept").mkdir()
    older = [f"quhao-xicheng-2026010{day}T031000Z.db" for day in (1, 2, 3)]
    foreign = ["notes.txt", "quhao-dongcheng-20260101T031000Z.db"]
    for name in (*older, *foreign):
        (box.folder / "kept" / name).write_bytes(b"")
    with box.office() as office:
        serve(office, 3)
        told = box.say("backup", "auto")
        assert told.returncode == 0, told.stderr
        assert "3 tickets" in told.stderr
        made = set(kept(box)) - {*older, *foreign}
        assert len(made) == 1
        assert kept(box) == sorted([*foreign, older[-1], *made])
        key = (box.folder / "var" / "master.key").read_bytes()
        proved = box.say("backup", "verify", "--newest")
        assert proved.returncode == 0, proved.stderr
        assert made.pop() in proved.stdout
        assert "3 tickets" in proved.stdout
        # The hall is as it was: the restored store was another one, and so were the keys it changed.
        assert (box.folder / "var" / "master.key").read_bytes() == key
        assert office.issue("licence", CLERK, print=False).ticket.number == "A004"
    assert "restore" not in box.say("audit", "export").stdout
    assert "newest backup: 0 h" in box.say("doctor").stdout
    spoilt = box.folder / "kept" / older[-1]
    assert "no backup of this program" in box.say("backup", "verify", str(spoilt)).stderr
    assert box.say("backup", "verify").returncode == 2


def test_a_backup_for_several_recipients_is_opened_by_each_of_them_alone(box: Box) -> None:
    people = {}
    for name in ("first", "second", "stranger"):
        subprocess.run(["age-keygen", "-o", box.folder / name], check=True, capture_output=True)
        told = (box.folder / name).read_text("ascii")
        people[name] = next(line.split()[-1] for line in told.splitlines() if "public key" in line)
    whole = box.file.read_text("utf-8")
    secret = (box.folder / "first").read_text("ascii").split()[-1]
    box.file.write_text(f'{whole}[backup]\nfolder = "kept"\nrecipients = ["{secret}"]\n', "utf-8")
    refused = box.say("check")
    assert (refused.returncode, "secret key" in refused.stderr, secret in refused.stderr) == (2, True, False)
    recipients = f'["{people["first"]}", "{people["second"]}"]'
    box.file.write_text(f'{whole}[backup]\nfolder = "kept"\nrecipients = {recipients}\n', "utf-8")
    with box.office() as office:
        serve(office, 2)
        told = box.say("backup", "auto")
    assert told.returncode == 0, told.stderr
    (name,) = kept(box)
    sealed = box.folder / "kept" / name
    assert name.endswith(".db.age")
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1")
    proved = box.say("backup", "verify", str(sealed), "--identity", str(box.folder / "first"))
    assert "2 tickets" in proved.stdout, proved.stderr
    with decrypted(sealed, box.folder / "second") as plain:
        assert plain.read_bytes().startswith(b"SQLite format 3")
    assert not plain.exists()
    told = box.say("backup", "verify", str(sealed), "--identity", str(box.folder / "stranger"))
    assert (told.returncode, "age failed" in told.stderr) == (1, True)
    assert "--identity" in box.say("backup", "verify", str(sealed)).stderr
    # The weekly proof of the timer has nobody who types.
    box.file.write_text(f'{box.file.read_text("utf-8")}identity = "second"\n', "utf-8")
    proved = box.say("backup", "verify", "--newest")
    assert "2 tickets" in proved.stdout, proved.stderr


def test_a_folder_that_takes_no_backup_is_told(box: Box) -> None:
    with box.file.open("a", encoding="utf-8") as config:
        config.write('[backup]\nfolder = "quhao.toml/kept"\n')
    with box.office():
        told = box.say("backup", "auto")
    assert (told.returncode, "cannot be written to" in told.stderr) == (1, True)


def test_restoring_over_a_hall_at_work_says_what_would_be_lost(box: Box) -> None:
    with box.office() as office:
        serve(office, 1)
        assert box.say("backup", "hall.backup").returncode == 0
        serve(office, 1)
        refused = box.say("restore", "hall.backup")
        assert refused.returncode == 1
        assert "ticket 2" in refused.stderr
        assert "--replace" in refused.stderr
        seq = office.last_seq()
        # A process of its own, as it is beside a service.
        told = box.run("restore", "hall.backup", "--replace")
        assert told.returncode == 0, told.stderr
        assert "1 tickets issued since the backup are over" in told.stderr
        assert [event.type for event in office.events_after(seq, 9)] == ["hall.restored"]
        serve(office, 1)


def test_a_backup_of_another_hall_is_refused_in_words(box: Box, new_box: Callable[..., Box]) -> None:
    with box.office():
        assert box.say("backup", "hall.backup").returncode == 0
    other = new_box("other", "dongcheng")
    with other.office():
        told = other.say("restore", str(box.folder / "hall.backup"), "--replace")
    assert told.returncode == 1
    assert "another hall" in told.stderr


def fill(box: Box, tickets: int) -> None:
    with open_ledger(load(box.file)) as ledger, ledger.store.write() as conn:
        conn.execute(
            text(
                """
                WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 1000 + :tickets)
                INSERT INTO ticket (id, hall_day, number, service_id, state, priority, rank_at, issued_at, code_hash,
                    line) SELECT i, '2025-01-01', 'A' || i, 'licence', 'expired', 'normal', 0, 0, randomblob(32), ''
                FROM n
                """
            ),
            {"tickets": tickets},
        )


def test_a_full_disk_leaves_the_old_backup_and_nothing_half(box: Box) -> None:
    with box.office() as office:
        serve(office, 1)
        assert box.say("backup", "hall.backup").returncode == 0
        before = (box.folder / "hall.backup").read_bytes()
        fill(box, 20_000)

        def small_files() -> None:
            # Writing beyond it fails, as on a full disk, instead of ending the process.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

        told = box.run("backup", "hall.backup", preexec_fn=small_files)
    assert told.returncode == 1
    assert "cannot be written" in told.stderr
    assert (box.folder / "hall.backup").read_bytes() == before
    assert sorted(one.name for one in box.folder.iterdir()) == ["hall.backup", "quhao.toml", "var"]


def everything(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as raw:
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return [raw.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


DIES_IN_THE_MIDDLE = """
import os, signal
from pathlib import Path
from sqlalchemy import Engine, event
from kiosk.__main__ import main

# By its own hand: another process might come too late for it.
@event.listens_for(Engine, "after_cursor_execute")
def look(*_):
    log = Path({log!r})
    if log.exists() and log.stat().st_size > {size}:
        os.kill(os.getpid(), signal.SIGKILL)

main()
"""


def test_killed_in_the_middle_of_a_restore_the_old_store_is_whole(box: Box) -> None:
    with box.office() as office:
        serve(office, 1)
    fill(box, 30_000)
    assert box.say("backup", "hall.backup").returncode == 0
    with box.office() as office:
        serve(office, 5)
    store = box.folder / "var" / "quhao.db"
    before = everything(store)
    log = box.folder / "var" / "quhao.db-wal"
    started = log.stat().st_size if log.exists() else 0
    # Half of the new tickets are in the log by then, and none of it is committed.
    program = DIES_IN_THE_MIDDLE.format(log=str(log), size=started + 2_000_000)
    command = [sys.executable, "-c", program, "--config", str(box.file), "restore", "hall.backup", "--replace"]
    killed = subprocess.run(command, cwd=box.folder, capture_output=True, timeout=110)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert everything(store) == before
    with box.office() as office:
        serve(office, 1)
    assert box.say("audit", "verify").returncode == 0
