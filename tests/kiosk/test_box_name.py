"""By which name a box knows the slips that it is to print."""

import socket
from pathlib import Path

import pytest

from kiosk.opening import box_of, store_name
from kiosk.settings import load

DATABASE = "postgresql+psycopg://quhao:geheim@db.hall.example/quhao"


@pytest.mark.parametrize(
    ("hall", "store", "name"),
    [
        ("", "sqlite:///var/quhao.db", "xicheng"),
        ('box = "kiosk-2"', "sqlite:///var/quhao.db", "kiosk-2"),
        ("", DATABASE, f"{socket.gethostname()}-8181"),
        ('box = "kiosk-2"', DATABASE, "kiosk-2"),
    ],
)
def test_boxes_that_share_a_store_have_names_that_differ(tmp_path: Path, hall: str, store: str, name: str) -> None:
    file = tmp_path / "hall.toml"
    file.write_text(
        f'[hall]\nid = "xicheng"\nname = "大厅"\n{hall}\n[server]\nport = 8181\n[store]\nurl = "{store}"\n', "utf-8"
    )
    settings = load(file)
    assert box_of(settings) == name
    assert "geheim" not in store_name(settings)
