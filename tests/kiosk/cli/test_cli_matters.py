"""``quhao matters``: out of the store and into it, on both stores, while a service works with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings
from kiosk.cli.matters import matters
from kiosk.exchange.hall_files import setup_of
from kiosk.opening import open_ledger
from kiosk.settings import load
from ticketing.setup.setup import Setup

CONFIG = """
[hall]
id = "test"
name = "测试大厅"

[store]
url = "{url}"
key_file = "master.key"

[[services]]
id = "licence"
name = "营业执照"
prefix = "A"
"""
TABLE = "编号,事项名称,主题,业务\nopen,开办,企业,licence\nclose,注销,企业,licence\n"


@dataclass
class Desk:
    """A hall's file and its command line."""

    file: Path

    @property
    def settings(self) -> Settings:
        return load(self.file)

    def run(self, *arguments: str | Path, text: str | bytes | None = None) -> Result:
        return CliRunner().invoke(matters, [str(one) for one in arguments], obj=self, input=text)


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[Desk]:
    file = tmp_path / "quhao.toml"
    file.write_text(CONFIG.format(url=store_url), "utf-8")
    made = Desk(file)
    with open_ledger(made.settings) as ledger:
        Setup(ledger).seed(setup_of(made.settings, "open"))
        yield made


def test_a_table_goes_in_whole_comes_out_and_in_again(desk: Desk) -> None:
    told = desk.run("import", "-", text=TABLE.encode("gbk"))
    assert told.exit_code == 0, told.output
    assert "新增事项 open / matter open added" in told.output
    for name in ("all.csv", "all.json"):
        assert desk.run("export", desk.file.parent / name).exit_code == 0
        again = desk.run("import", desk.file.parent / name)
        assert "没有变化 / nothing changes" in again.output
    assert (desk.file.parent / "all.json").read_text("utf-8").startswith('{\n "matters"')


def test_a_dry_run_says_what_would_change_and_a_wrong_row_changes_nothing(desk: Desk) -> None:
    desk.run("import", "-", text=TABLE)
    other = TABLE.replace("open,开办", "start,开办").replace("close,注销", "close,注销登记")
    told = desk.run("import", "-", "--dry-run", text=other)
    assert told.exit_code == 0
    for line in ("新增事项 start", "修改事项 close name", "撤销事项 open", "试运行"):
        assert line in told.output
    wrong = desk.run("import", "-", text=other + "x y,,企业,licence\n")
    assert wrong.exit_code == 2
    assert "第 4 行 x y id：" in wrong.output and "row 4 x y name:" in wrong.output and "2 处有错" in wrong.output
    assert "open,开办" in desk.run("export").output


def test_a_matter_without_a_service_is_named(desk: Desk) -> None:
    told = desk.run("import", "-", text=TABLE + "tax,税务登记,办税,licences\n")
    assert told.exit_code == 0
    assert "注意 / mind: 第 4 行 tax service：没有业务 licences" in told.output
