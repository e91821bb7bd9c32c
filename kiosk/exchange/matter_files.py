"""Matters as files, CSV and JSON: read with everything that is wrong in them, written so that they can be read again.

A CSV has a column for each field, named in Chinese, English or both; those that it does not have are empty. In a cell,
``papers`` has a line for each paper: ``name | English name | original | copies | where a sample is``, such as
``身份证 | ID card | 原件 | 1 |``. Words and resident fields stand between 、 or ;. A cell that a spreadsheet would take
for a formula, or a code that it would shorten, begins with ', which is left out when it is read.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from config.matters import MOST_MATTERS, MatterSettings, PaperSettings, RowProblem, check, without_service
from config.problems import Pair
from kiosk.exchange.csv_tables import plain, read_table
from kiosk.exchange.report_tables import BOM, harmless
from ticketing.matters.matters import Matter, MatterFigures, Paper
from ticketing.model import Service, StateError

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest file."""

COLUMNS = {
    "id": "编号",
    "name": "事项名称",
    "name_en": "英文名称",
    "audience": "服务对象",
    "theme": "主题",
    "theme_en": "主题英文",
    "service": "业务",
    "words": "别名",
    "task_code": "实施编码",
    "task_handle_item": "业务办理项编码",
    "area_code": "行政区划代码",
    "who": "办理人",
    "who_en": "办理人英文",
    "papers": "材料",
    "fee": "收费",
    "fee_en": "收费英文",
    "statutory_days": "法定工作日",
    "promised_days": "承诺工作日",
    "guide": "办事指南",
    "guide_en": "办事指南英文",
    "resident_fields": "证件信息",
    "applies": "可自助申请",
    "form": "表单",
}
"""The columns of a CSV, in their order, and their Chinese names."""
_FIGURES = {
    "id": "编号",
    "name": "事项名称",
    "theme": "主题",
    "service": "业务",
    "tickets": "取号",
    "cases": "办件",
}
NEEDED = ("id", "name", "theme", "service")

_COLUMN_OF = {
    spelt.casefold().replace(" ", "_"): name for name, zh in COLUMNS.items() for spelt in (name, zh, f"{zh} {name}")
}
_AUDIENCES = {"个人": "personal", "自然人": "personal", "企业": "business", "法人": "business"}
_TRUTHS = {"是": True, "yes": True, "y": True, "1": True, "true": True, "√": True}
_UNTRUTHS = {"否": False, "no": False, "n": False, "0": False, "false": False, "×": False}
_ORIGINAL = {"原件": True, "original": True, "是": True, "": False, "-": False, "否": False, "no": False}
_SHORTENED = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
_WHOLE = re.compile(r"(\d{1,6})\s*(?:days?|个?工作日|天|日|份)?")
_LONG_CODE = re.compile(r"0\d*|\d{12,}")
_BETWEEN = re.compile(r"[、;；\n]")
_SHARED = tuple(name for name in MatterSettings.model_fields if name != "papers")
_PAPER = tuple(PaperSettings.model_fields)


@dataclass(frozen=True)
class MatterFile:
    """What a file has in it.

    Attributes:
        matters: those without a fault, in their order; all of them only where there is no problem.
        problems: everything that is wrong; with any, nothing is imported.
        warnings: what is odd, and is imported all the same.
    """

    matters: tuple[Matter, ...]
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]


def read_matters(data: bytes, services: Iterable[Service]) -> MatterFile:
    """The matters in a file: JSON (a list, or an object with ``matters``), or else CSV.

    The rows of a CSV are numbered by their lines, those of JSON from 1. A matter may name its service by id or name.
    """
    offered = list(services)
    if len(data) > LARGEST:
        return _refused("文件太大，最多 16 MB", "the file is larger than 16 MB", "分几次，或删去多余的列", "shorten it")
    begins = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        numbers, rows, problems = _of_json(data) if begins in (b"{", b"[") else _of_csv(data)
    except _FileError as error:
        return _refused(*error.args)
    if len(rows) > MOST_MATTERS:
        return _refused(f"超过 {MOST_MATTERS} 行", f"more than {MOST_MATTERS} rows", "删去多余的行", "remove some")
    ids = {plain(one.name).casefold(): one.id for one in reversed(offered)}
    ids |= {one.id.casefold(): one.id for one in offered}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("service"), str):
            row["service"] = ids.get(plain(row["service"]).casefold(), row["service"])
    found, wrong = check(rows, numbers)
    # A cell that could not be read is told once, in the words of the cell.
    told = {(one.row, one.column) for one in problems}
    problems += (one for one in wrong if (one.row, one.column) not in told)
    ids_of = (str(row.get("id")) if isinstance(row, dict) else "" for row in rows)
    of_row = dict(zip(ids_of, numbers, strict=True))
    warnings = without_service(found, {one.id for one in offered}, of_row)
    return MatterFile(matters_of(found), tuple(sorted(problems, key=lambda one: one.row)), tuple(warnings))


def as_csv(matters: Iterable[Matter]) -> str:
    """All matters as CSV (RFC 4180, with a byte order mark), as :func:`read_matters` reads it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"{zh} {name}" for name, zh in COLUMNS.items()])
    for one in matters:
        writer.writerow([_cell(name, getattr(one, name)) for name in COLUMNS])
    return BOM + text.getvalue()


def figures_as_csv(figures: Iterable[MatterFigures]) -> str:
    """How often matters came, as CSV like :func:`as_csv`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f"{zh} {name}" for name, zh in _FIGURES.items()])
    writer.writerows([[harmless(getattr(one, name)) for name in _FIGURES] for one in figures])
    return BOM + text.getvalue()


def as_json(matters: Iterable[Matter]) -> str:
    """All matters as JSON, without what is empty, as :func:`read_matters` and ``PUT /matters`` read it."""
    rows = [row.model_dump(mode="json", exclude_defaults=True) for row in rows_of(matters)]
    return json.dumps({"matters": rows}, ensure_ascii=False, indent=1) + "\n"


def matters_of(rows: Iterable[MatterSettings]) -> tuple[Matter, ...]:
    """The matters of checked rows."""
    return tuple(
        Matter(
            **{name: getattr(row, name) for name in _SHARED},
            papers=tuple(Paper(**{name: getattr(paper, name) for name in _PAPER}) for paper in row.papers),
        )
        for row in rows
    )


def rows_of(matters: Iterable[Matter]) -> tuple[MatterSettings, ...]:
    """The reverse of :func:`matters_of`."""
    return tuple(
        MatterSettings.model_construct(
            **{name: getattr(one, name) for name in _SHARED},
            papers=tuple(
                PaperSettings.model_construct(**{name: getattr(paper, name) for name in _PAPER}) for paper in one.papers
            ),
        )
        for one in matters
    )


# -- reading -----------------------------------------------------------------------------------------------------------


class _FileError(Exception):
    """The file as a whole: what is wrong and what to do, each in Chinese and English."""


def _refused(zh: str, en: str, advice: str, advice_en: str) -> MatterFile:
    return MatterFile((), (RowProblem(1, "", "", (zh, en), (advice, advice_en)),), ())


def _of_json(data: bytes) -> tuple[list[int], list[Any], list[RowProblem]]:
    try:
        values = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _FileError("编码不是 UTF-8", "it is not UTF-8", "另存为 UTF-8", "save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        why = getattr(error, "msg", "")
        at = f"{getattr(error, 'lineno', '?')}:{getattr(error, 'colno', '?')}"
        raise _FileError(
            f"不是合法的 JSON（{at}）", f"this is not JSON ({at}: {why})", "改正所指的地方", "mend the place it names"
        ) from None
    rows = values.get("matters") if isinstance(values, dict) else values
    if not isinstance(rows, list):
        raise _FileError(
            "里面没有事项列表",
            "there is no list of matters in it",
            '写成 {"matters": [ … ]}',
            'write {"matters": [ … ]}',
        )
    return list(range(1, len(rows) + 1)), [dict(row) if isinstance(row, dict) else row for row in rows], []


def _of_csv(data: bytes) -> tuple[list[int], list[Any], list[RowProblem]]:
    try:
        table = read_table(data, _COLUMN_OF, NEEDED)
        lines = list(table.lines())
    except StateError as error:
        if error.code == "list_encoding":
            raise _FileError(
                "看不懂文件的编码", "the encoding is not understood", "另存为 UTF-8 或 GBK", "save it as UTF-8 or GBK"
            ) from None
        zh = "、".join(COLUMNS[name] for name in NEEDED)
        raise _FileError(
            "第一行没有写明各列",
            "the first line does not name the columns",
            f"至少要有 {zh}",
            "id, name, theme, service at least",
        ) from None
    problems = [
        RowProblem(
            1, "", name[:40], ("没有这一列", "there is no such column"), ("改列名，或删去这一列", "rename or remove it")
        )
        for name in table.unknown
    ]
    numbers: list[int] = []
    rows: list[Any] = []
    for line, fields in lines:
        if fields is None:
            problems.append(
                RowProblem(line, "", "", ("引号不成对", "a quote is not closed"), ("补上引号", "close the quote"))
            )
            continue
        if not any(field.strip() for field in fields):
            continue
        if any(field.strip() for field in fields[table.width :]):
            problems.append(
                RowProblem(
                    line,
                    "",
                    "",
                    ("比第一行多出几列", "more columns than the first line"),
                    ("有分隔符的内容加上双引号", "put cells with a delimiter in double quotes"),
                )
            )
            continue
        cells = {name: fields[at].strip() for name, at in table.columns.items() if at < len(fields)}
        row, wrong = _row_of(line, {name: text.removeprefix("'") for name, text in cells.items()})
        numbers.append(line)
        rows.append(row)
        problems += wrong
    if not rows and not problems:
        raise _FileError("文件里没有事项", "the file has no matters in it", "写上事项", "write some")
    return numbers, rows, problems


def _row_of(line: int, cells: Mapping[str, str]) -> tuple[dict[str, Any], list[RowProblem]]:
    row: dict[str, Any] = {}
    problems: list[RowProblem] = []
    known = cells.get("id", "")[:64]

    def wrong(column: str, reason: Pair, suggestion: Pair) -> None:
        problems.append(RowProblem(line, known, column, reason, suggestion))

    for name, text in cells.items():
        if not text and name not in NEEDED:
            continue
        match name:
            case "audience":
                row[name] = _AUDIENCES.get(plain(text), plain(text).casefold())
            case "words":
                row[name] = [word.strip() for word in _BETWEEN.split(text) if word.strip()]
            case "papers":
                row[name] = [_paper(line) for line in text.splitlines() if line.strip()]
            case "statutory_days" | "promised_days":
                found = _WHOLE.fullmatch(plain(text))
                row[name] = int(found[1]) if found else text
            case "applies":
                said = plain(text).casefold()
                row[name] = _TRUTHS.get(said, _UNTRUTHS.get(said))
                if row[name] is None:
                    del row[name]
                    wrong(
                        name,
                        (f"看不懂“{text[:20]}”", f"{text[:20]} is not understood"),
                        ("写是或否", "write yes or no"),
                    )
            case "resident_fields":
                none = plain(text) in ("无", "-", "none")
                row[name] = [] if none else [one.strip() for one in re.split(r"[、;；,，\s]+", text) if one.strip()]
            case "task_code" | "task_handle_item" | "area_code":
                row[name] = plain(text)
                if _SHORTENED.fullmatch(plain(text)):
                    wrong(
                        name,
                        ("表格软件把编码写成了科学计数", "the spreadsheet has shortened the code"),
                        ("把这一列设为文本格式，重新填写", "format the column as text and enter it again"),
                    )
            case "id" | "service" | "form":
                row[name] = plain(text)
            case _:
                row[name] = text
    return row, problems


def _paper(text: str) -> dict[str, Any]:
    """A paper from ``name | English name | original | copies | sample``; what is left out at the end is empty.

    A name alone is an original.
    """
    parts = [part.strip() for part in re.split(r"[|｜]", text)]
    paper: dict[str, Any] = {"name": parts[0]}
    if len(parts) > 1:
        paper["name_en"] = parts[1]
    if len(parts) > 2:
        paper["original"] = _ORIGINAL.get(parts[2].casefold(), parts[2])
    if len(parts) > 3:
        found = _WHOLE.fullmatch(plain(parts[3]).removeprefix("复印件")) if parts[3] else None
        paper["copies"] = int(found[1]) if found else parts[3] or 0
    if len(parts) > 4:
        paper["sample"] = "|".join(parts[4:])
    return paper


# -- writing -----------------------------------------------------------------------------------------------------------


def _cell(name: str, value: Any) -> str | int | None:
    match name:
        case "audience":
            return "企业" if value == "business" else "个人"
        case "words":
            return harmless("、".join(value))
        case "papers":
            return harmless("\n".join(map(_paper_text, value)))
        case "applies":
            return "是" if value else ""
        case "resident_fields":
            return "" if value is None else "、".join(value) or "无"
        case "task_code" | "task_handle_item" | "area_code":
            return f"'{value}" if _LONG_CODE.fullmatch(value) else harmless(value)
        case _:
            return harmless(value)


def _paper_text(paper: Paper) -> str:
    original, copies = "原件" if paper.original else "-", str(paper.copies or "")
    return " | ".join((paper.name, paper.name_en, original, copies, paper.sample)).rstrip(" |")
