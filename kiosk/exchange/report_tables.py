"""Reports as CSV for a spreadsheet, and as a table on a terminal."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from display.slip import fit_words, measure_words
from ticketing.cases.ratings import GRADES
from ticketing.reports.reports import Day, Figures, Report, Times

BOM = "\ufeff"
"""Byte order mark: without it Excel in China reads the file as GBK."""

PARTS = {"hour": "时段", "service": "业务", "window": "窗口", "clerk": "人员", "day": "日期"}
_TIMES = {"wait": "等候", "walk": "到窗", "service": "办理"}
_OF_TIMES = {"mean": "平均", "median": "中位", "p90": "九成内", "longest": "最长"}
_COUNTS = {
    "issued": ("取号", "issued"),
    "served": ("办结", "served"),
    "no_shows": ("过号", "no-shows"),
    "cancelled": ("取消", "cancelled"),
    "expired": ("日终未办", "expired"),
    "transferred": ("转办", "transferred"),
    "held": ("挂起", "held"),
    "overtime": ("延时服务", "overtime"),
}
_CASES = {
    "cases": ("办件", "cases"),
    "promised": ("承诺件", "promised"),
    "promised_late": ("逾期承诺件", "promised, late"),
    "rated": ("已评价", "rated"),
    "not_rated": ("未评价", "not rated"),
    "work_open": ("待整改", "work open"),
    "work_late": ("整改逾期", "work late"),
    "left_out": ("剔除时长", "left out"),
}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NAME_WIDTH = 24


class Column(NamedTuple):
    """A column: its heading in Chinese and English, and its value."""

    zh: str
    en: str
    value: str | int | None


def lines_of(report: Day | Report) -> list[tuple[str, Figures]]:
    """All lines, each with its kind (``hour``, ``service`` …); the total comes last, as ``total``."""
    if isinstance(report, Report):
        parts = [(str(report.by), one) for one in report.rows]
    else:
        kinds = {"hour": report.hours, "service": report.services, "window": report.windows, "clerk": report.clerks}
        parts = [(kind, one) for kind, figures in kinds.items() for one in figures]
    return [*parts, ("total", report.total)]


def as_csv(report: Day | Report) -> str:
    """CSV (RFC 4180, with a byte order mark); cells that a spreadsheet would take for a formula begin with '."""
    text = io.StringIO()
    writer = csv.writer(text)
    lines = lines_of(report)
    writer.writerow([f"{column.zh} {column.en}" for column in _columns(*lines[-1])])
    for kind, figures in lines:
        writer.writerow([harmless(column.value) for column in _columns(kind, figures)])
    return BOM + text.getvalue()


def as_text(report: Day | Report) -> Iterator[str]:
    """Tables for a terminal, one for each kind of part; a Chinese character takes two columns."""
    lines = lines_of(report)
    for kind in dict.fromkeys(kind for kind, _ in lines if kind != "total"):
        yield from _table(f"{PARTS[kind]} / {kind}", [figures for one, figures in lines if one == kind])
        yield ""
    yield from _table("合计 / total", [report.total])


def _columns(kind: str, figures: Figures) -> Iterator[Column]:
    yield Column("分类", "by", kind)
    yield Column("编号", "id", figures.key)
    yield Column("名称", "name", figures.name)
    yield from (Column(zh, en, getattr(figures, name)) for name, (zh, en) in _COUNTS.items())
    for name, zh in _TIMES.items():
        times: Times | None = getattr(figures, f"{name}s")
        for part, said in _OF_TIMES.items():
            yield Column(f"{zh}{said}(秒)", f"{name} {part} (s)", getattr(times, part, None))
    yield from (Column(zh, en, getattr(figures, name)) for name, (zh, en) in _CASES.items())
    for grade, zh in GRADES.items():
        yield Column(zh, f"grade {grade}", figures.grades.get(grade) if figures.grades else None)
    yield Column("办理结果", "outcomes", "; ".join(f"{name} {count}" for name, count in figures.outcomes.items()))


def _table(title: str, lines: Sequence[Figures]) -> Iterator[str]:
    heads = [title, "取号", "办结", "过号", "等候均/九成/最长", "办理均", "评价", "差评", "逾期件"]
    rows = [heads, *([str(cell) for cell in _cells(figures)] for figures in lines)]
    widths = [max(measure_words(row[at]) for row in rows) for at in range(len(heads))]
    for row in rows:
        first = row[0] + " " * (widths[0] - measure_words(row[0]))
        rest = [" " * (width - measure_words(cell)) + cell for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([first, *rest]).rstrip()


def _cells(figures: Figures) -> Iterator[str | int]:
    wait, service = figures.waits, figures.services
    yield fit_words(figures.name or "-", _NAME_WIDTH)
    yield from (figures.issued, figures.served, figures.no_shows)
    yield "/".join(map(_minutes, (wait.mean, wait.p90, wait.longest))) if wait else "-"
    yield _minutes(service.mean) if service else "-"
    grades = figures.grades
    yield "-" if grades is None else figures.rated
    yield "-" if grades is None else grades[1] + grades[2]
    yield figures.promised_late


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def harmless(value: str | int | None) -> str | int | None:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return value
