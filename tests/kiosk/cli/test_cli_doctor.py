"""`quhao doctor`: what it finds of a box, and what is in its bundle, and what is not."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from foreign import ForeignPrinter
from program import CONFIG, QuhaoProcess

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
    told = process.say("doctor").stdout
    assert "✓ 配置正确" in told
    assert "找不到设备" in told, "the devices, each with advice"
    key.chmod(0o644)
    assert "chmod 600" in process.say("doctor").stdout


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
    assert set(texts) == {"doctor.txt", "devices.json", "settings.toml", "system.txt", "versions.txt", "log.txt"}
    assert "[hall]" in texts["settings.toml"]
    assert ID_NUMBER not in "".join(texts.values())
    assert KEY not in "".join(texts.values())
    assert "quhao==" in texts["versions.txt"]
    assert os.access(bundle, os.R_OK)


def test_passwords_in_the_settings_are_not_packed() -> None:
    from kiosk.cli.doctor import _without_secrets

    text = 'url = "postgresql+psycopg://quhao:s3cret@db/quhao"\nport = "mqtt://hall:pw@host"\npassword = "pw"\n'
    shown = 'url = "postgresql+psycopg://quhao:***@db/quhao"\nport = "mqtt://hall:***@host"\npassword = "***"\n'
    assert _without_secrets(text) == shown
