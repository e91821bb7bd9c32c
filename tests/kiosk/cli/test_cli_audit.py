"""``quhao audit`` on a real store: proof, reading, export and the key that is kept elsewhere."""

import csv
import hashlib
import json
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, update

import empty_store
from foreign import CHEN, ForeignPrinter, ForeignReader
from kiosk.cli.audit import audit
from kiosk.cli.box.backup import backup
from kiosk.cli.options import Context
from kiosk.cli.people import purge, user
from kiosk.opening import open_ledger
from program import PRINTER, READER, Client, QuhaoProcess
from ticketing.day.ledger import Ledger
from ticketing.model import Actor
from ticketing.privacy import access_log
from ticketing.privacy.anchors import AnchorFile
from ticketing.privacy.vault import LOG_HEAD
from ticketing.reports.audit import follow
from ticketing.store import tables
from wires import wait_until

CONFIG = """
[hall]
id = "test"
name = "西城区综合行政服务中心"
[store]
url = "sqlite:///var/quhao.db"
key_file = "var/master.key"
[[services]]
id = "licence"
name = "营业执照"
prefix = "A"
"""
NUMBER = "110000194903070026"


class Box:
    """A box with a log of six entries and an anchor of them."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "hall.toml"
        self.file.write_text(CONFIG)
        empty_store.lay(folder / "var" / "quhao.db")
        self.anchor = AnchorFile(folder / "var" / "master.key")
        with self.ledger() as ledger:
            for entry in range(6):
                self.write(ledger, "scan" if entry % 2 else "resident", "=1+1")

    def ledger(self) -> Any:
        return open_ledger(Context(self.file).settings)

    def write(self, ledger: Ledger, action: str, reason: str | None = None) -> None:
        with ledger.verb() as m:
            access_log.append(m.conn, m.vault, m.now, Actor("li", "clerk", "3"), action, None, reason, subject=NUMBER)

    def say(self, *arguments: str, line: str = "", command: Any = audit) -> Result:
        return CliRunner().invoke(command, arguments, obj=Context(self.file), input=line)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    yield Box(tmp_path)


def test_the_log_is_proved_by_what_is_on_paper(box: Box) -> None:
    head = box.say("show", "--head").stdout.strip()
    assert head.startswith("6:") and len(head) == 2 + 16
    done = box.say("verify", "--anchor", head)
    assert done.exit_code == 0
    assert "whole: 6 entries" in done.stdout
    done = box.say("verify", "--anchor", f"5{head[1:]}")
    assert done.exit_code == 1
    assert "entry 5 is not the one that was anchored" in done.stderr
    assert box.say("verify", "--anchor", "yesterday").exit_code == 2


def test_this_boxs_anchor_is_compared_until_another_is_accepted(box: Box, tmp_path: Path) -> None:
    with box.ledger() as ledger, ledger.store.read() as conn:
        anchor = access_log.head(conn, ledger.vault).anchor
    box.anchor.write(anchor)
    assert box.say("verify").exit_code == 0
    other = tmp_path / "other.anchor"
    other.write_text(f"9:{'0' * 64}\n")
    done = box.say("verify", "--anchor", str(other))
    assert (done.exit_code, "entry 7 and all after it" in done.stderr) == (1, True)
    box.anchor.path.write_text(f"6:{'0' * 64}\n")
    assert box.say("verify").exit_code == 1
    done = box.say("verify", "--accept")
    assert (done.exit_code, "anchor is new" in done.stderr, "broken all the same" in done.stderr) == (3, True, True)
    assert box.say("verify").exit_code == 0
    assert "accepted although broken: entry 6 other" in box.say("show", "--action", "audit-anchor").stdout
    box.anchor.path.write_text("")
    done = box.say("verify")
    assert (done.exit_code, "anchor was changed" in done.stderr) == (1, True)


def test_a_log_that_nothing_was_compared_with_is_not_called_whole(box: Box) -> None:
    with box.ledger() as ledger, ledger.store.read() as conn:
        slip = access_log.head(conn, ledger.vault).anchor.short
    box.anchor.path.unlink()
    assert box.say("verify").exit_code == 0, "its first entry is not a minute old: nobody can have anchored it"
    tamper(box, f"UPDATE access_log SET at = at - {61 * 1_000_000} WHERE seq = 1")
    assert "not as it was written" in box.say("verify").stderr
    aged(box)
    assert "its file was gone; begun anew with 7:" in box.say("show", "--action", "audit-anchor").stdout
    box.anchor.path.unlink()
    done = box.say("verify")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "not proven: the 9 entries" in done.stderr
    assert "anchor of this box is gone" in done.stderr
    head = box.say("show", "--head").stdout.strip()
    assert box.say("verify", "--slip", head).exit_code == 0
    assert box.say("verify", "--slip", slip).exit_code == 1, "of another log"
    assert box.say("verify", "--accept").exit_code == 0
    assert box.say("verify").exit_code == 0


def test_an_anchor_behind_a_changed_entry_is_not_called_cut(box: Box) -> None:
    tamper(box, "UPDATE access_log SET who = 'nobody' WHERE seq = 2")
    done = box.say("verify")
    assert (done.exit_code, "entry 2 is not as it was written" in done.stderr) == (1, True)
    assert "相符 6:" in done.stdout
    assert "ends before" not in done.stderr
    tamper(box, "DELETE FROM access_log WHERE seq > 4")
    assert "ends before" in box.say("verify").stderr
    done = box.say("verify", "--accept")
    assert (done.exit_code, "broken all the same" in done.stderr) == (3, True)
    assert box.say("verify").exit_code == 1, "accepted is not mended"


def test_entries_of_a_command_are_anchored_when_it_ends(box: Box) -> None:
    assert str(box.anchor.read()).startswith("6:")
    assert box.say("add", "li", "--role", "desk", line="a-long-password-1\n", command=user).exit_code == 0
    anchor = box.anchor.read()
    with box.ledger() as ledger, ledger.store.read() as conn:
        assert anchor == access_log.head(conn, ledger.vault).anchor
    assert anchor
    assert anchor.number == 7
    written = box.anchor.path.stat().st_ino
    assert box.say("show", "--head").exit_code == 0
    assert box.anchor.path.stat().st_ino == written, "reading the head is no entry"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_an_anchor_that_root_writes_stays_the_services(box: Box) -> None:
    key_file = box.anchor.path.with_name("master.key")
    os.chown(key_file, 12, 34)
    for before in (True, False):
        if before:
            os.chown(box.anchor.path, 12, 34)
            box.anchor.path.chmod(0o640)
        else:
            box.anchor.path.unlink()
        assert box.say("show").exit_code == 0
        about = box.anchor.path.stat()
        assert (about.st_uid, about.st_gid) == (12, 34)
        assert about.st_mode & 0o777 == (0o640 if before else 0o600)


def tamper(box: Box, statement: str) -> None:
    with closing(sqlite3.connect(box.file.parent / "var" / "quhao.db", isolation_level=None)) as conn:
        assert conn.execute(statement).rowcount


def aged(box: Box) -> None:
    """Another log of seven entries, of an hour ago, whose anchor is gone."""
    box.anchor.path.unlink(missing_ok=True)
    with box.ledger() as ledger:
        with ledger.store.write() as conn:
            conn.execute(delete(tables.access_log))
            head = ledger.vault.seal_lasting(LOG_HEAD, "head", b"")
            conn.execute(update(tables.fact).where(tables.fact.c.name == LOG_HEAD).values(value=head))
        for _ in range(7):
            with ledger.verb() as m:
                then = m.now - timedelta(hours=1)
                access_log.append(m.conn, m.vault, then, Actor("li", "clerk", "3"), "scan", None)


def test_entries_are_shown_and_each_reading_is_one(box: Box) -> None:
    shown = box.say("show", "--action", "scan").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["2", "4", "6"]
    (read,) = box.say("show", "--action", "audit-read", "--json").stdout.splitlines()
    entry = json.loads(read)
    assert (entry["seq"], entry["place"], entry["reason"]) == (7, "quhao audit show", "action scan")
    assert "no such entries" in box.say("show", "--who", "nobody").stderr
    assert box.say("show", "--day", "2020-01-01").stdout == ""


def test_a_person_is_told_who_looked_at_them(box: Box) -> None:
    done = box.say("show", "--subject", "--action", "scan", line=f"{NUMBER}\n")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["2", "4", "6"]
    assert box.say("show", "--subject", line="110000194903070018\n").stdout == ""
    assert box.say("show", "--subject").exit_code == 2
    everything = box.say("show", "--json").stdout
    assert NUMBER not in everything


def test_a_closing_slip_is_printed_by_the_service_and_written_down_without_one(box: Box) -> None:
    done = box.say("show", "--head", "--print")
    assert (done.exit_code, done.stdout[:2]) == (1, "6:")
    assert "write down the code" in done.stderr
    assert box.say("show", "--print").exit_code == 2


def test_paper_and_card_go_by_the_devices_of_the_running_service(
    printer: ForeignPrinter, reader: ForeignReader, new_quhao: Callable[..., QuhaoProcess]
) -> None:
    devices = PRINTER.format(port=printer.port) + READER.format(path=reader.path)
    process = new_quhao(devices=devices, forked=True).start(ready="//readyz")
    said = process.say("audit", "show", "--head", "--print")
    wait_until(lambda: printer.papers)
    shown = re.sub(r"\s", "", printer.papers[0].text)
    assert "日结凭条" in shown
    (number,) = re.findall(r"审计日志至第([0-9]+)条", shown)
    (digits,) = re.findall(rf"uptoentry{number}([0-9a-f]{{16}})", shown)
    slip = f"{number} {digits[:4]} {digits[4:8]} {digits[8:12]} {digits[12:]}"
    assert "is printed" in said.stderr
    assert process.say("audit", "verify", "--slip", slip).returncode == 0
    assert process.say("audit", "verify", "--slip", slip[:-1] + "x", check=False).returncode == 2
    wrong = slip[:-1] + ("0" if slip[-1] != "0" else "1")
    assert process.say("audit", "verify", "--slip", wrong, check=False).returncode == 1
    # A token that is removed on this box is refused at once.
    desk = Client(process.port, process.say("token", "add", "till", "--role", "desk").stdout.strip())
    assert desk.get("/me").status == 200
    process.say("token", "remove", "till")
    assert desk.get("/me").status == 401
    desk.close()
    # Who looked at whose card lies there: by the service's reader, and by one that the command opens itself.
    for running in (True, False):
        if not running:
            process.stop()
        asked: list[Any] = []

        def ask(told: list[Any] = asked) -> None:
            told.append(process.command("audit", "show", "--card", "--json", check=False))

        thread = threading.Thread(target=ask)
        thread.start()
        while thread.is_alive():
            reader.lay(CHEN)
            thread.join(0.7)
            reader.lift()
            thread.join(0.7)
        assert asked[0].returncode == 0, asked[0].stderr
    last = json.loads(process.say("audit", "show", "--json", "--action", "audit-read").stdout.splitlines()[-1])
    assert re.fullmatch("subject [0-9a-f]{64}", last["reason"])


def test_an_export_is_checked_elsewhere_with_nothing_but_a_hash_function(box: Box, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    assert box.say("export", str(file)).exit_code == 0
    told, *entries = (json.loads(line) for line in file.read_text("utf-8").splitlines())
    before = bytes.fromhex(told["before"])
    for entry in entries:
        body = json.dumps([entry[name] for name in told["fields"]], separators=(",", ":")).encode()
        before = hashlib.new(told["hash"], before + body + bytes.fromhex(entry["mac"])).digest()
        assert before.hex() == entry["digest"]
    assert (before.hex(), len(entries)) == (told["head"], 6)
    lines = file.read_text("utf-8").splitlines()
    assert follow(lines).short == f"6:{told['head'][:16]}"
    lines[3] = lines[3].replace('"li"', '"wang"')
    with pytest.raises(ValueError, match="3"):
        follow(lines)
    assert box.say("verify").exit_code == 0
    assert "export jsonl" in box.say("show").stdout


def test_an_export_for_a_spreadsheet_holds_no_formula(box: Box, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    box.say("export", str(file))
    first, *rest = file.read_text("utf-8-sig").splitlines()
    assert json.loads(first.removeprefix("# "))["last"] == 6
    rows = list(csv.DictReader(rest))
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert {row["reason"] for row in rows} == {"'=1+1"}


def test_a_key_that_is_kept_elsewhere_proves_what_came_after_it(box: Box) -> None:
    key = box.say("new-key").stdout.strip()
    assert key.startswith("8:")
    with box.ledger() as ledger:
        box.write(ledger, "scan")
    assert box.say("verify", "--key", line=f"{key}\n").exit_code == 0
    done = box.say("verify", "--key", line=f"8:{'0' * 64}\n")
    assert (done.exit_code, "entry 8 was made with a key of later" in done.stderr) == (1, True)
    assert box.say("verify", "--key", line="what\n").exit_code == 2


def test_backup_and_purge_are_entries(box: Box, tmp_path: Path) -> None:
    with box.ledger() as ledger, ledger.verb() as m:
        m.vault.seal(m.conn, "2026-01-02", "resident", 1, b"somebody")
    assert box.say(str(tmp_path / "backup.db"), command=backup).exit_code == 0
    assert box.say(command=purge).exit_code == 0
    shown = [json.loads(line) for line in box.say("show", "--json").stdout.splitlines()][6:]
    assert [(one["action"], one["place"]) for one in shown] == [("backup", "quhao backup"), ("purge", "quhao purge")]
    assert "days: 1" in shown[1]["reason"]
