"""``quhao appointments import``: on both stores, beside the service."""

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drivers.card_reader.id_card import check_digit
from kiosk.cli.appointments import appointments
from kiosk.exchange.hall_files import setup_of
from kiosk.opening import open_ledger
from kiosk.settings import load
from ticketing.setup.setup import Setup

CONFIG = """
[hall]
id = "test"
name = "试验大厅"

[store]
url = "{url}"
key_file = "master.key"

[[services]]
id = "tax"
name = "税务登记"
prefix = "B"

[[services.slots]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
period = "10:00-10:30"
capacity = 1
"""
NUMBER = "11000019880314123" + check_digit("11000019880314123")


@pytest.fixture
def hall(tmp_path: Path, store_url: str) -> Any:
    """What the commands know of a hall of one service that can be booked at 10:00."""
    file = tmp_path / "quhao.toml"
    file.write_text(CONFIG.format(url=store_url))
    settings = load(file)
    with open_ledger(settings) as ledger:
        Setup(ledger).seed(setup_of(settings, "open"))
        day = ledger.today() + timedelta(days=1)
    return SimpleNamespace(settings=settings, folder=tmp_path, day=day)


def run(hall: Any, text: str, encoding: str = "gbk") -> Result:
    file = hall.folder / "list.csv"
    file.write_bytes(text.encode(encoding))
    return CliRunner().invoke(appointments, ["import", str(file)], obj=hall)


def line(day: date, number: str = NUMBER, time: str = "10:00") -> str:
    return f"税务登记,{day},{time},{number}\r\n"


def test_a_list_is_booked_once(hall: Any) -> None:
    text = f"业务,日期,时间,身份证号\r\n{line(hall.day)}"
    first = run(hall, text)
    assert (first.exit_code, "导入 1 个预约" in first.stderr) == (0, True)
    assert "0 appointments booked, 1 were there" in run(hall, text).stderr


def test_bad_rows_are_all_named_and_nothing_is_booked(hall: Any) -> None:
    other = "11000019880314125" + check_digit("11000019880314125")
    text = f"业务,日期,时间,身份证号\r\n{line(hall.day)}{line(hall.day, 'x')}{line(hall.day, other)}"
    refused = run(hall, text)
    assert refused.exit_code == 1
    assert [one.partition("：")[0] for one in refused.stderr.splitlines()[:2]] == ["第 3 行", "第 4 行"]
    assert "2 rows are wrong" in refused.stderr
    assert NUMBER not in refused.output and other not in refused.output
    assert "导入 1 个预约" in run(hall, f"业务,日期,时间,身份证号\r\n{line(hall.day)}").stderr


def test_what_is_no_list_is_refused_in_words(hall: Any) -> None:
    refused = run(hall, "a,b,c\n")
    assert refused.exit_code == 1 and "第一行应写明各列" in refused.stderr


def test_without_a_store_none_is_made(tmp_path: Path) -> None:
    file = tmp_path / "quhao.toml"
    file.write_text(CONFIG.format(url="sqlite:///none.db"))
    refused = run(SimpleNamespace(settings=load(file), folder=tmp_path), "x")
    assert refused.exit_code == 1 and "there is no store" in refused.stderr
    assert not (tmp_path / "none.db").exists()
