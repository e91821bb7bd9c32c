"""``quhao hall``: out of the store and into it, on both stores, while a service works with it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from config.settings import Settings
from kiosk.cli.hall import hall
from kiosk.exchange.hall_files import setup_of
from kiosk.opening import open_office_parts, rules_of
from kiosk.settings import load
from ticketing.model import Actor
from ticketing.office import Office
from ticketing.setup.setup import Setup
from ticketing.store import tables
from ticketing.store.base import Store

DESK = Actor("desk", "desk")
CONFIG = """
[hall]
id = "test"
name = "西城区综合行政服务中心"
day_starts = "04:00"

[store]
url = "{url}"
key_file = "master.key"

[hours]
mon = ["09:00-12:00", "13:30-26:00"]

[[holidays]]
day = 2026-10-01
name = "国庆节"

[[services]]
id = "licence"
name = "营业执照"
prefix = "A"

[[services.slots]]
days = ["mon"]
period = "09:00-09:30"
capacity = 2

[[services]]
id = "tax"
name = "税务"
prefix = "B"
chain = ["licence"]

[services.hours]
tue = ["09:00-12:00"]

[[services.quotas]]
period = "09:00-10:00"
most = 7

[[windows]]
id = "1"
name = "1号窗口"
weights = {{ tax = 15 }}

[[windows]]
id = "3"
name = "3号窗口"
services = ["tax"]
"""


@dataclass
class Box:
    """A box whose service works with its store.

    Attributes:
        file: its configuration.
        store: as the service holds it.
        office: the service's.
    """

    file: Path
    store: Store
    office: Office

    @property
    def settings(self) -> Settings:
        return load(self.file)

    @property
    def folder(self) -> Path:
        return self.file.parent

    def say(self, *arguments: str) -> Result:
        return CliRunner().invoke(hall, arguments, obj=self)

    def write(self, values: Any, name: str = "new.json") -> str:
        path = self.folder / name
        path.write_text(json.dumps(values, ensure_ascii=False), "utf-8")
        return str(path)

    def exported(self) -> Any:
        done = self.say("export")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture
def box(tmp_path: Path, store_url: str) -> Iterator[Box]:
    file = tmp_path / "quhao.toml"
    file.write_text(CONFIG.format(url=store_url), "utf-8")
    settings = load(file)
    store, vault, _people = open_office_parts(settings, exclusive=True)
    zone = settings.hall.zone
    office = Office(store, vault, rules_of(settings), zone, lambda: datetime.now(zone), "test")
    Setup(office.ledger).seed(setup_of(settings, "open"))
    yield Box(file, store, office)
    store.close()


def test_what_fills_a_store_comes_out_and_goes_in_again_unchanged(box: Box) -> None:
    values = box.exported()
    assert values["hours"] == {"mon": ["09:00-12:00", "13:30-26:00"]}
    assert values["services"][1]["quotas"] == [{"period": "09:00-10:00", "most": 7}]
    assert values["windows"][0] == {"id": "1", "name": "1号窗口", "services": ["*"], "weights": {"tax": 15}}
    out = box.folder / "hall.json"
    assert box.say("export", str(out)).exit_code == 0
    assert out.read_text("utf-8") == box.say("export").stdout
    seq = box.office.last_seq()
    done = box.say("import", str(out))
    assert done.exit_code == 0
    assert "nothing changes" in done.stdout
    assert box.office.last_seq() == seq
    toml = box.folder / "hall.toml"
    toml.write_text("[hours]\n" + CONFIG.partition("[hours]")[2].replace("{{", "{").replace("}}", "}"), "utf-8")
    assert "nothing changes" in box.say("import", str(toml)).stdout


def test_a_change_is_told_line_by_line_and_reaches_the_running_service(box: Box) -> None:
    values = box.exported()
    values["services"] = [{"id": "seal", "name": "公章", "prefix": "C"}, values["services"][0]]
    values["windows"][1]["services"] = ["seal"]
    values["windows"][0].pop("weights")
    values.pop("holidays")
    file = box.write(values)
    dry = box.say("import", file, "--dry-run")
    assert dry.exit_code == 0
    assert [one.id for one in box.office.services()] == ["licence", "tax"]
    seq = box.office.last_seq()
    done = box.say("import", file)
    assert done.stdout == dry.stdout
    assert done.stdout.splitlines() == [
        "新增 业务 seal / service seal added",
        "撤销 业务 tax / service tax removed",
        "修改 窗口 1 weights / window 1 changed weights",
        "修改 窗口 3 services / window 3 changed services",
        "修改 营业时间 / hours changed",
        "修改 节假日 / holidays changed",
        "修改 限号 / quotas changed",
    ]
    assert [one.id for one in box.office.services()] == ["seal", "licence"]
    assert [event.type for event in box.office.events_after(seq, 9)] == ["hall.changed"]
    with box.store.read() as conn:
        entry = conn.execute(select(tables.access_log.c.who, tables.access_log.c.action)).one()
    assert entry.who.startswith("cli:")
    assert entry.action == "setup-changed"


def test_who_waits_for_what_is_taken_away_is_still_called(box: Box) -> None:
    values = box.exported()
    values.pop("hours")
    values.pop("holidays")
    values["services"][1].pop("hours")
    assert box.say("import", box.write(values)).exit_code == 0
    ticket = box.office.issue("tax", DESK, print=False).ticket
    values["services"] = values["services"][:1]
    values["windows"] = [{"id": "1", "name": "1号窗口"}]
    assert box.say("import", box.write(values)).exit_code == 0
    called = box.office.call_next("1", Actor("li", "clerk", "1"))
    assert called
    assert called.ticket.number == ticket.number


def test_a_bad_file_is_refused_whole_with_all_that_is_wrong(box: Box) -> None:
    before = box.exported()
    values = json.loads(json.dumps(before))
    values["services"][0]["prefix"] = "a"
    values["services"][1]["chain"] = ["nowhere"]
    values["windows"].append({"id": "1", "name": "又一个"})
    values["hours"]["mon"] = ["03:00-12:00"]
    done = box.say("import", box.write(values))
    assert done.exit_code == 2
    for key in ("services[0].prefix", "services[1].chain", "windows[2].id", "hours.mon[0]"):
        assert key in done.stderr
    assert box.exported() == before


def test_a_program_of_its_own_exports_for_a_pipe(box: Box) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "--config", str(box.file), "hall", "export"], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == box.exported()
    assert done.stdout.endswith(b"}\n")
    assert "营业执照".encode() in done.stdout


def test_a_file_that_cannot_be_written_is_refused_in_words_and_the_old_one_stays(box: Box) -> None:
    done = box.say("export", str(box.folder / "nowhere" / "hall.json"))
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr
    assert [one.name for one in box.folder.iterdir() if one.name.startswith(".")] == []


def test_without_a_store_there_is_nothing_to_export(tmp_path: Path) -> None:
    file = tmp_path / "quhao.toml"
    file.write_text(CONFIG.format(url="sqlite:///none.db"), "utf-8")

    class Alone:
        settings = load(file)

    done = CliRunner().invoke(hall, ["export"], obj=Alone())
    assert done.exit_code == 1
    assert "there is no store" in done.stderr
    assert not (tmp_path / "none.db").exists()
