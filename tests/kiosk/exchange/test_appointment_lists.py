"""Lists of appointments as spreadsheets save them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_reader.id_card import check_digit
from kiosk.exchange.appointment_lists import LARGEST, MOST_ROWS, read_list
from ticketing.appointments.appointments import BadRow, ListedRow
from ticketing.model import Service, StateError

SERVICES = [Service("tax", "税务登记", "Tax", "B"), Service("seal", "公章备案", "", "A")]
HEADER = "业务,日期,时间,身份证号,姓名"
NUMBER = "11000019880314123" + check_digit("11000019880314123")
RIGHT = ListedRow(2, "tax", date(2026, 3, 9), 570, NUMBER)


def rows(text: str, encoding: str = "utf-8") -> list[ListedRow | BadRow]:
    return read_list(text.encode(encoding), SERVICES)


def one(row: str, header: str = HEADER) -> ListedRow | BadRow:
    return rows(f"{header}\r\n{row}\r\n")[0]


def code_of(row: str) -> str:
    found = one(row)
    assert isinstance(found, BadRow)
    return found.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_list_is_read_however_it_was_saved(encoding: str, delimiter: str, end: str) -> None:
    text = f"{HEADER}{end}税务登记,2026-03-09,09:30,{NUMBER},欧阳娜{end}".replace(",", delimiter)
    assert rows(text, encoding) == [RIGHT]


def test_an_english_header_in_any_order_and_case_is_understood() -> None:
    assert one(f"09:30,{NUMBER},Tax,x,2026-03-09", "Time,ID number,SERVICE,remark,date") == RIGHT


def test_chinese_that_could_be_utf_8_by_chance_is_still_gbk() -> None:
    # In GBK these two characters are bytes of valid UTF-8, too.
    text = f"{HEADER}\n联通,2026-03-09,09:30,{NUMBER},\n"
    found = read_list(text.encode("gbk"), SERVICES)[0]
    assert isinstance(found, ListedRow) and found.service == "联通"


@pytest.mark.parametrize("day", ["2026-03-09", "2026/3/9", "20260309", "2026年3月9日", "2026.03.09", "2026/3/9 0:00"])
def test_dates_as_people_write_them(day: str) -> None:
    assert one(f"tax,{day},09:30,{NUMBER}") == RIGHT


@pytest.mark.parametrize("time", ["09:30", "9:30", "09:30:00", "09:30-10:00", "9：30～10：00", "09:30至10:00"])
def test_times_as_people_write_them(time: str) -> None:
    assert one(f"tax,2026-03-09,{time},{NUMBER}") == RIGHT


def test_quoted_fields_may_hold_anything() -> None:
    assert one(f'"税务登记","2026-03-09","09:30","{NUMBER}","甲,""乙""\n丙"') == RIGHT


def test_numbers_may_be_full_width_spaced_and_marked_as_text() -> None:
    wide = NUMBER.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    for number in (wide, f"'{NUMBER}", f" {NUMBER[:6]} {NUMBER[6:]} ", NUMBER.lower()):
        assert one(f"tax,2026-03-09,09:30,{number}") == RIGHT


def test_each_wrong_row_is_told_by_its_line() -> None:
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    text = "\n".join(
        [
            HEADER,
            f"tax,2026-03-09,09:30,{NUMBER}",
            "",
            f"tax,2026-02-30,09:30,{NUMBER}",
            f"tax,2026-03-09,25h,{NUMBER}",
            f"tax,2026-03-09,09:30,{wrong}",
            "tax,2026-03-09,09:30",
            f"tax,2026-03-09,09:30,{NUMBER},甲,乙",
            f'tax,2026-03-09,09:30,"{NUMBER}"x',
            f"tax,2026-03-09,09:30,{NUMBER}",
        ]
    )
    found = rows(text)
    assert [(row.line, row.code) for row in found if isinstance(row, BadRow)] == [
        (4, "bad_date"),
        (5, "bad_time"),
        (6, "bad_id_number"),
        (7, "row_incomplete"),
        (8, "row_columns"),
        (9, "row_quotes"),
    ]
    assert [row.line for row in found if isinstance(row, ListedRow)] == [2, 10]
    assert wrong not in repr(found) and NUMBER not in repr(found)


def test_a_quotation_mark_that_never_ends_is_told_where_it_begins() -> None:
    found = rows(f'{HEADER}\ntax,2026-03-09,09:30,{NUMBER}\n"tax,2026-03-09,09:30,{NUMBER}\nmore\n')
    assert [(row.line, type(row)) for row in found] == [(2, ListedRow), (3, BadRow)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "list_header"),
        (b"a,b,c\n1,2,3\n", "list_header"),
        ("日期,时间,身份证号\n".encode(), "list_header"),
        (HEADER.encode(), "list_empty"),
        (HEADER.encode() + b"\n,,,\n", "list_empty"),
        (b"\xff\xff\xff", "list_encoding"),
        (b"x" * (LARGEST + 1), "list_too_large"),
        (HEADER.encode() + b"\nx,x,x,x" * (MOST_ROWS + 1), "list_too_long"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(StateError) as caught:
        read_list(data, SERVICES)
    assert caught.value.code == code


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda more: HEADER.encode() + b"\n" + more))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read_list(data, SERVICES)
    except StateError as error:
        assert error.code.startswith("list_")
    else:
        assert found
