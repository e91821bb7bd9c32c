"""Matters as spreadsheets and programs save them."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import large_hall
from kiosk.exchange.matter_files import LARGEST, as_csv, as_json, read_matters
from ticketing.matters.matters import Matter, Paper
from ticketing.model import Service

SERVICES = [Service("tax", "税务登记", "Tax", "B"), Service("seal", "公章备案", "", "A")]
HEADER = "编号,事项名称,主题,业务,服务对象,材料,承诺工作日,别名,可自助申请"
PAPERS = "营业执照 | Licence | 原件 | 2 | 一号窗口\n申请表 | | - | 1"
ROW = f'seal-new,公章刻制备案,开办企业,公章备案,企业,"{PAPERS}",3个工作日,刻章、印章,是'
SEAL = Matter(
    "seal-new",
    "公章刻制备案",
    "",
    "business",
    "开办企业",
    "",
    "seal",
    words=("刻章", "印章"),
    papers=(Paper("营业执照", "Licence", True, 2, "一号窗口"), Paper("申请表", "", False, 1)),
    promised_days=3,
    applies=True,
)
FULL = replace(
    SEAL,
    id="seal.2",
    name="=公章变更",
    name_en='Seal, "changed"',
    audience="personal",
    task_code="11110102000013579246801357924680",
    area_code="011010",
    guide="一、取号\n二、到窗口",
    fee="-",
    statutory_days=0,
    promised_days=None,
    resident_fields=(),
    applies=False,
    form="seal-form",
)


def named(text: str | bytes) -> set[tuple[int, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return {(one.row, one.column) for one in read_matters(data, SERVICES).problems}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_however_it_was_saved(encoding: str, delimiter: str) -> None:
    text = f"{HEADER}\r\n{ROW}\r\n".replace(",", delimiter)
    found = read_matters(text.encode(encoding), SERVICES)
    assert (found.problems, found.warnings, found.matters) == ((), (), (SEAL,))


@pytest.mark.parametrize("write", [as_csv, as_json])
def test_what_is_written_is_read_again_as_it_was(write: object) -> None:
    text = write([SEAL, FULL])  # type: ignore[operator]
    found = read_matters(text.encode(), SERVICES)
    assert found.problems == () and found.matters == (SEAL, FULL)


def test_no_cell_is_a_formula_and_no_code_is_shortened_by_a_spreadsheet() -> None:
    text = as_csv([FULL])
    assert "'=公章变更" in text and "'11110102000013579246801357924680" in text and "'011010" in text
    assert text.startswith("\ufeff编号 id,事项名称 name,")


def test_the_largest_hall_is_written_and_read_again() -> None:
    services = large_hall.services()
    rows = json.dumps({"matters": large_hall.matters()}).encode()
    first = read_matters(rows, services)
    assert len(first.matters) == 865 and not first.problems and not first.warnings
    assert read_matters(as_csv(first.matters).encode("gb18030"), services).matters == first.matters


def test_every_wrong_row_is_named_by_line_and_column() -> None:
    wrong = "\n".join(
        [
            "编号,事项名称,主题,业务,服务对象,材料,承诺工作日,证件信息,可自助申请,实施编码,备注",
            ",没有编号,办税,tax,个人,,,,,,",
            "a,,办税,tax,谁都行,,三天,,,,",
            "b,乙,办税,tax,个人,表 | | 原件 | 很多,,鞋码,也许,1.23E+30,",
            "c,丙,办税,tax,个人,,,,,,,多一列",
            "",
            "d,丁,办税,tax,个人,,,,,,",
            "d,丁,办税,tax,个人,,,,,,",
        ]
    )
    assert named(wrong) == {
        (1, "备注"),
        (2, "id"),
        (3, "name"),
        (3, "audience"),
        (3, "promised_days"),
        (4, "papers[0].copies"),
        (4, "resident_fields[0]"),
        (4, "applies"),
        (4, "task_code"),
        (5, ""),
        (8, "id"),
    }


def test_a_service_that_is_not_there_is_a_warning_at_its_line() -> None:
    found = read_matters(f"{HEADER}\nx,甲,办税,税务\n\ny,乙,办税,TAX\n".encode(), SERVICES)
    assert found.problems == ()
    assert [(one.row, one.matter, one.column) for one in found.warnings] == [(2, "x", "service")]
    assert [one.service for one in found.matters] == ["税务", "tax"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a,b\n1,2\n",
        HEADER.encode(),
        b"\xff\xff\xff",
        b"{",
        b'{"matters": 3}',
        b'[{"id": "x"',
        '{"matters": []}'.encode("utf-16"),
        b"x" * (LARGEST + 1),
        b'["x", 3]',
    ],
)
def test_a_file_that_is_none_is_told_so(data: bytes) -> None:
    found = read_matters(data, SERVICES)
    assert found.problems and all(all((*one.reason, *one.suggestion)) for one in found.problems)


def test_an_empty_list_takes_all_away_when_it_is_said_so() -> None:
    found = read_matters(b'{"matters": []}', SERVICES)
    assert (found.problems, found.matters) == ((), ())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode()))
def test_any_bytes_are_matters_or_problems(data: bytes) -> None:
    found = read_matters(data, SERVICES)
    assert found.problems or isinstance(found.matters, tuple)
