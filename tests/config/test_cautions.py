"""What ``quhao check`` says of settings that are allowed and leave residents' data less guarded."""

from pathlib import Path

import pytest

from config.cautions import cautions
from kiosk.settings import load

HALL = """
[hall]
id = "t"
name = "大厅"
[server]
host = "{host}"
{tls}
[store]
url = "{store}"
[[services]]
id = "a"
name = "甲"
prefix = "A"
[[windows]]
id = "1"
name = "1号窗口"
services = ["*"]
{devices}
"""
READER = '[[devices]]\nname = "reader"\ndriver = "sam"\nport = "tcp://{}:9000"\n'
PRINTER = '[[devices]]\nname = "printer"\ndriver = "escpos"\nport = "tcp://127.0.0.1:9100"\n'
SECRET = "postgresql+psycopg://quhao:a-secret@127.0.0.1/quhao"


@pytest.mark.parametrize(
    ("changed", "mode", "keys"),
    [
        ({}, 0o644, []),
        ({"host": "0.0.0.0"}, 0o644, ["server.host"]),
        ({"host": "::"}, 0o644, ["server.host"]),
        ({"host": "0.0.0.0", "tls": 'trusted_proxy = "10.0.0.1"'}, 0o644, []),
        ({"store": "postgresql+psycopg://quhao@10.0.0.2/quhao"}, 0o644, ["store.url"]),
        ({"store": "postgresql+psycopg://quhao@10.0.0.2/quhao?sslmode=prefer"}, 0o644, ["store.url"]),
        ({"store": "postgresql+psycopg://quhao@10.0.0.2/quhao?sslmode=verify-full"}, 0o644, []),
        ({"store": "postgresql+psycopg://quhao@/quhao?host=/var/run/postgresql"}, 0o644, []),
        ({"store": "postgresql+psycopg://quhao@/quhao?host=db.hall"}, 0o644, ["store.url"]),
        ({"store": "postgresql+psycopg://quhao@localhost/quhao"}, 0o644, []),
        ({"store": SECRET}, 0o640, ["quhao.toml"]),
        ({"store": SECRET}, 0o600, []),
        ({"devices": READER.format("192.168.1.9")}, 0o600, ["devices[0].port"]),
        ({"devices": READER.format("127.0.0.1")}, 0o600, []),
        ({"devices": '[audit]\nclosing_slip_at = "17:30"\n'}, 0o644, ["audit.closing_slip_at"]),
        ({"devices": '[audit]\nclosing_slip_at = "17:30"\n' + PRINTER}, 0o644, []),
    ],
)
def test_what_leaves_data_less_guarded_is_said(
    tmp_path: Path, changed: dict[str, str], mode: int, keys: list[str]
) -> None:
    path = tmp_path / "quhao.toml"
    usual = {"host": "127.0.0.1", "tls": "", "store": "sqlite:///quhao.db", "devices": ""}
    path.write_text(HALL.format(**{**usual, **changed}), "utf-8")
    path.chmod(mode)
    found = list(cautions(load(path), path))
    assert [one.key for one in found] == keys
    assert "a-secret" not in "".join(map(str, found))


def test_ports_that_are_named_by_the_order_of_plugging_in_are_told_with_the_name_that_stays(tmp_path: Path) -> None:
    dev = tmp_path / "root" / "dev"
    for kind, name in (("by-id", "usb-FTDI_A10K-if00"), ("by-path", "pci-0-usb-2"), ("by-path", "pci-0-usb-1")):
        (dev / "serial" / kind).mkdir(parents=True, exist_ok=True)
        line = "ttyUSB1" if name.endswith("2") else "ttyUSB0"
        (dev / line).touch()
        (dev / "serial" / kind / name).symlink_to(dev / line)
    devices = [
        ("sam", "/dev/ttyUSB0"),
        ("pad", "/dev/ttyUSB1"),
        ("scanner", "/dev/ttyACM0"),
        ("escpos", "/dev/usb/lp0"),
        ("led-bx", "/dev/ttyS0"),
    ]
    more = {"pad": 'pads = [{ address = 5, window = "1" }]', "scanner": 'window = "1"', "led-bx": 'window = "1"'}
    tables = "\n".join(
        f'[[devices]]\nname = "d{at}"\ndriver = "{driver}"\nport = "{port}"\n{more.get(driver, "")}'
        for at, (driver, port) in enumerate(devices)
    )
    path = tmp_path / "hall.toml"
    path.write_text(HALL.format(host="127.0.0.1", tls="", store="sqlite:///a.db", devices=tables), "utf-8")
    told = {one.key: one.suggestion[1] for one in cautions(load(path), path, tmp_path / "root")}
    assert told["devices[0].port"] == 'write "/dev/serial/by-id/usb-FTDI_A10K-if00"'
    assert told["devices[1].port"] == 'write "/dev/serial/by-path/pci-0-usb-2"'
    assert "udev" in told["devices[2].port"]
    assert set(told) == {"devices[0].port", "devices[1].port", "devices[2].port"}, "one printer alone stays lp0"
