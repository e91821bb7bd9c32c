"""Lists of appointments from other systems: CSV as spreadsheets save it. Pure.

Errors name the line and a code, never the line's content.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from drivers.card_reader.id_card import valid_id_number
from kiosk.exchange.csv_tables import CsvTable, plain, read_table
from ticketing.appointments.appointments import BadRow, ListedRow
from ticketing.model import Service, StateError

LARGEST = 1024 * 1024
"""Largest list, bytes."""
MOST_ROWS = 10_000
"""Most rows: all are booked in one transaction, while nobody else can write."""

_HEADERS = {
    "service": [
        "service",
        "业务",
        "事项",
        "服务",
        "业务名称",
        "事项名称",
        "业务编号",
        "办理事项",
        "预约事项",
        "预约业务",
    ],
    "date": ["date", "日期", "预约日期", "办理日期"],
    "time": ["time", "时间", "时段", "预约时间", "预约时段", "办理时间"],
    "id_number": ["id_number", "idnumber", "身份证", "身份证号", "身份证号码", "证件号", "证件号码", "公民身份号码"],
}
_COLUMN_OF = {name: column for column, names in _HEADERS.items() for name in names}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 0?0:00(?::00)?)?|(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::00)?(?:\s*[-–—~至到]\s*\d{1,2}:\d{2}(?::00)?)?")
_HOURS = 48


def read_list(data: bytes, services: Iterable[Service]) -> list[ListedRow | BadRow]:
    """The rows of a list, valid and invalid.

    Its first line names the columns, in Chinese or English: service, date, time, id_number; other columns, such as a
    name, are ignored. Encoding (UTF-8, UTF-16 with BOM, GB 18030 which includes GBK) and delimiter (comma, semicolon,
    tab) are those with which that line can be read. A list may name a service by id or by name.

    Raises:
        StateError: ``list_too_large``, ``list_encoding``, ``list_header``, ``list_empty``.
    """
    if len(data) > LARGEST:
        raise StateError("list_too_large", most=LARGEST // 1024)
    table = read_table(data, _COLUMN_OF, _HEADERS)
    names = {plain(name).casefold(): one.id for one in services for name in (one.name_en, one.name, one.id) if name}
    rows: list[ListedRow | BadRow] = []
    for line, fields in table.lines():
        if fields is None:
            rows.append(BadRow(line, "row_quotes", {}))
        elif any(field.strip() for field in fields):
            rows.append(_row(line, fields, table, names))
        if len(rows) > MOST_ROWS:
            raise StateError("list_too_long", most=MOST_ROWS)
    if not rows:
        raise StateError("list_empty")
    return rows


def _row(line: int, fields: list[str], table: CsvTable, services: Mapping[str, str]) -> ListedRow | BadRow:
    if any(field.strip() for field in fields[table.width :]):
        return BadRow(line, "row_columns", {})
    told = {name: plain(fields[at]) if at < len(fields) else "" for name, at in table.columns.items()}
    if not all(told.values()):
        return BadRow(line, "row_incomplete", {})
    day, minute = _date(told["date"]), _minute(told["time"])
    number = told["id_number"].replace(" ", "").lstrip("'").upper()
    if day is None:
        return BadRow(line, "bad_date", {})
    if minute is None:
        return BadRow(line, "bad_time", {})
    if not valid_id_number(number):
        return BadRow(line, "bad_id_number", {})
    return ListedRow(line, services.get(told["service"].casefold(), told["service"]), day, minute, number)


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _minute(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) >= _HOURS or int(found[2]) > 59:
        return None
    return 60 * int(found[1]) + int(found[2])
