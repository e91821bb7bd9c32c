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
