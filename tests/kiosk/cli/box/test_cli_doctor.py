"""`quhao doctor`: what it finds of a box, and what is in its bundle, and what is not."""

import grp
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from foreign import ForeignPrinter
from kiosk.cli.box.bundle import without_secrets
from kiosk.cli.box.doctor import backlights
from program import CONFIG, Client, QuhaoProcess
from ticketing.store.base import HEAD

PRINTER = '[[devices]]\nname = "printer"\ndriver = "escpos"\nport = "tcp://127.0.0.1:{port}"\n'
ID_NUMBER = "110102195903076513"
KEY = "0123456789abcdef" * 4


def make_key(process: QuhaoProcess) -> Path:
    key = process.folder / "var" / "master.key"
    key.parent.mkdir(exist_ok=True)
    key.write_text(KEY)
    key.chmod(0o600)
    return key


def test_the_doctor_finds_what_is_to_be_mended(printer: ForeignPrinter, new_quhao: Callable[..., QuhaoProcess]) -> None:
    devices = PRINTER.format(port=printer.port) + '[[devices]]\nname = "gone"\ndriver = "sam"\nport = "/dev/ttyNONE"\n'
    process = new_quhao(devices=devices)
    key = make_key(process)
    found = process.say("doctor", check=False)
    assert found.returncode == 1, "a device does not work"
    assert "✓ 配置正确" in found.stdout
    assert f"quhao.db ({HEAD})" in found.stdout
    assert "找不到设备" in found.stdout, "the devices, each with advice"
    key.chmod(0o644)
    assert "chmod 600" in process.say("doctor", check=False).stdout


def test_the_doctor_tells_a_store_of_a_newer_program_and_one_that_is_none(
    new_quhao: Callable[..., QuhaoProcess],
) -> None:
    process = new_quhao()
    store = process.folder / "var" / "quhao.db"
    assert process.say("doctor").returncode == 0
    with closing(sqlite3.connect(store)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    found = process.say("doctor", check=False)
    assert (found.returncode, "a newer version" in found.stdout) == (1, True)
    store.write_bytes(b"no store at all" * 100)
    found = process.say("doctor", check=False)
    assert (found.returncode, "✗ 数据库 / store" in found.stdout) == (1, True)


def test_a_bundle_holds_no_secret_and_no_number_of_a_person(
    new_quhao: Callable[..., QuhaoProcess], tmp_path: Path
) -> None:
    config = CONFIG.replace("[hall]", f"# {ID_NUMBER}\n[hall]", 1)
    process = new_quhao(config=config)
    make_key(process)
    bundle = tmp_path / "support.zip"
    process.say("doctor", "--bundle", str(bundle))
    with zipfile.ZipFile(bundle) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert set(texts) == {
        *("doctor.txt", "devices.json", "settings.toml", "system.txt", "versions.txt", "metrics.txt", "log.txt"),
    }
    assert "[hall]" in texts["settings.toml"]
    assert ID_NUMBER not in "".join(texts.values())
    assert KEY not in "".join(texts.values())
    assert "quhao==" in texts["versions.txt"]
    assert os.access(bundle, os.R_OK)


JOURNAL = """\
2026-11-30T09:01:02+0800 box quhao[1]: A001 issued by kiosk
2026-11-30T09:01:03+0800 box quhao[1]: A001 called at window 3 by li.na
2026-11-30T09:01:04+0800 box quhao[1]: A002 called at window 3 by li.na.two, who is not li.na
2026-11-30T09:01:05+0800 box other[2]: card {number} phone 13800138000 of 10.7.7.7 at 127.0.0.1
2026-11-30T09:01:06+0800 box proxy[3]: GET /t/{code} Bearer {token}
"""
"""What stands in a journal, of this program and of careless others."""


def test_a_bundle_of_a_hall_at_work_holds_nothing_of_its_residents_nor_of_its_people(
    new_quhao: Callable[..., QuhaoProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quhao = new_quhao(forked=True).start()
    for name in ("li.na", "li.na.two"):
        quhao.say("user", "add", name, "--role", "clerk", "--window", "3", line="Kaimen-dajia-hao\n")
    resident = {"kind": "typed", "name": "梁试问", "id_number": ID_NUMBER}
    with closing(Client(quhao.port, quhao.token("desk"))) as desk:
        issued = desk.post("/tickets", {"service": "business-licence", "resident": resident})
    assert issued.status == 201, issued.body
    code, token = issued.body["code"], str(desk.token)
    # This machine's journal has nothing of the program: another program says what it might.
    (tmp_path / "journal").write_text(JOURNAL.format(number=ID_NUMBER, code=code, token=token), "utf-8")
    program = tmp_path / "programs" / "journalctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec cat "{tmp_path}/journal"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    found = quhao.say("doctor", "--bundle", str(tmp_path / "support.zip"))
    assert "✓ 服务就绪" in found.stdout
    with zipfile.ZipFile(tmp_path / "support.zip") as packed:
        texts = {name: packed.read(name) for name in packed.namelist()}
    whole = b"".join(texts.values())
    assert "服务就绪".encode() in texts["doctor.txt"]
    assert b"quhao_waiting" in texts["metrics.txt"]
    for secret in ("梁试问", ID_NUMBER, code, token, "li.na", "13800138000", "10.7.7.7"):
        assert secret.encode() not in whole, secret
    log = texts["log.txt"].decode().splitlines()
    # What is nobody's stays, and one is told from another.
    assert "A001 called at window 3 by <person 2>" in log[1]
    assert "A002 called at window 3 by <person 1>, who is not <person 2>" in log[2]
    assert "of <address> at 127.0.0.1" in log[3]
    for path in (quhao.folder / "var").glob("*.key"):
        assert not any(line in whole for line in path.read_bytes().split() if len(line) >= 32)


def test_passwords_in_the_settings_are_not_packed() -> None:
    text = 'url = "postgresql+psycopg://quhao:s3cret@db/quhao"\nport = "mqtt://hall:pw@host"\npassword = "pw"\n'
    shown = 'url = "postgresql+psycopg://quhao:***@db/quhao"\nport = "mqtt://hall:***@host"\npassword = "***"\n'
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        '# password = "geheim"\n',
        'devices = [{ name = "a", password = "geheim" }]\n',
        'api_secret = """\ngeheim"""\n',
        "token = 'geheim'\nnote = \"geheim again\"\n",
        'password = "geheim\n',
    ],
)
def test_passwords_are_found_wherever_they_stand(text: str) -> None:
    assert "geheim" not in without_secrets(text)


def test_a_backlight_that_the_screens_account_may_not_switch_is_told(tmp_path: Path) -> None:
    power = tmp_path / "10-0045" / "bl_power"
    power.parent.mkdir()
    power.write_text("0")
    power.chmod(0o644)
    own = grp.getgrgid(power.stat().st_gid).gr_name
    (told,) = backlights(tmp_path, own)
    assert str(power) in told and "udevadm trigger" in told
    power.chmod(0o664)
    assert list(backlights(tmp_path, own)) == []
    assert list(backlights(tmp_path, "no-such-account")) == [], "this box shows nothing by itself"
    assert list(backlights(tmp_path / "nowhere", own)) == []
