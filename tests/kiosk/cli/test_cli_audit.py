"""``quhao audit`` on a real store: proof, reading, export and the key that is kept elsewhere."""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli.audit import audit
from kiosk.cli.backup import backup
from kiosk.cli.options import Context
from kiosk.cli.people import purge
from kiosk.opening import open_ledger
from ticketing.day.ledger import Ledger
from ticketing.model import Actor
from ticketing.privacy import access_log
from ticketing.privacy.anchors import AnchorFile
from ticketing.reports.audit import follow

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
        (folder / "var").mkdir()
        with self.ledger() as ledger:
            for entry in range(6):
                self.write(ledger, "scan" if entry % 2 else "resident", "=1+1")
        self.anchor = AnchorFile(folder / "var" / "master.key")

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
    assert "no anchor" in done.stderr
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
    assert "anchor is new" in box.say("verify", "--accept").stderr
    assert box.say("verify").exit_code == 0
    box.anchor.path.write_text("")
    done = box.say("verify")
    assert (done.exit_code, "anchor was changed" in done.stderr) == (1, True)


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
