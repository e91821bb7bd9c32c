"""Reports as CSV for a spreadsheet, and as a table on a terminal."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from display.paper.slip import fit_words, measure_words
from ticketing.cases.ratings import GRADES
from ticketing.reports.definitions import DEFINITIONS
from ticketing.reports.reports import Day, Report
from ticketing.reports.spans import Span
from ticketing.reports.sums import SHARES, Figures, Spread, Times

BOM = "\ufeff"
"""Byte order mark: without it Excel in China reads the file as GBK."""

PARTS = {
    "hour": "时段",
    "weekday": "星期",
    "day": "日期",
    "month": "月份",
    "service": "业务",
    "window": "窗口",
    "clerk": "人员",
    "class": "优先类别",
    "matter": "事项",
}
_TIMES = {"wait": "等候", "walk": "到窗", "service": "办理"}
_OF_TIMES = {"mean": "平均", "median": "中位", "p90": "九成内", "longest": "最长"}
_COUNTS = ("issued", "served", "no_shows", "cancelled", "expired", "transferred", "held", "overtime")
_CASES = ("cases", "promised", "promised_late", "rated", "not_rated", "work_open", "work_late", "left_out")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NAME_WIDTH = 24
_Cell = TypeVar("_Cell")


class Column(NamedTuple):
    """A column: its heading in Chinese and English, and its value."""

    zh: str
    en: str
    value: str | float | None


def lines_of(report: Day | Report | Span) -> list[tuple[str, Figures]]:
    """All lines, each with its kind (``hour``, ``service`` …); the total comes last, as ``total``."""
    if isinstance(report, Report | Span):
        parts = [(str(report.by), one) for one in report.rows]
    else:
        kinds = {
            "hour": report.hours,
            "service": report.services,
            "window": report.windows,
            "clerk": report.clerks,
            "matter": report.matters,
        }
        parts = [(kind, one) for kind, figures in kinds.items() for one in figures]
    return [*parts, ("total", report.total)]


def as_csv(report: Day | Report | Span) -> str:
    """CSV (RFC 4180, with a byte order mark); cells that a spreadsheet would take for a formula begin with '."""
    text = io.StringIO()
    writer = csv.writer(text)
    lines, spread = lines_of(report), isinstance(report, Span)
    writer.writerow([f"{column.zh} {column.en}" for column in columns_of(*lines[-1], spread=spread)])
    for kind, figures in lines:
        writer.writerow([harmless(column.value) for column in columns_of(kind, figures, spread=spread)])
    return BOM + text.getvalue()


def as_text(report: Day | Report) -> Iterator[str]:
    """Tables for a terminal, one for each kind of part; a Chinese character takes two columns."""
    lines = lines_of(report)
    for kind in dict.fromkeys(kind for kind, _ in lines if kind != "total"):
        yield from _table(f"{PARTS[kind]} / {kind}", [figures for one, figures in lines if one == kind])
        yield ""
    yield from _table("合计 / total", [report.total])


def columns_of(kind: str, figures: Figures, *, spread: bool) -> Iterator[Column]:
    """The columns of a line; ``spread``: of a report that knows how durations are distributed."""
    yield Column("分类", "by", kind)
    yield Column("编号", "id", figures.key)
    yield Column("名称", "name", figures.name)
    yield from _counts(figures, _COUNTS)
    for name, zh in _TIMES.items():
        times: Times | None = getattr(figures, f"{name}s")
        for part, said in _OF_TIMES.items():
            yield Column(f"{zh}{said}(秒)", f"{name} {part} (s)", getattr(times, part, None))
        if spread:
            shares = times.within if isinstance(times, Spread) else (None,) * len(SHARES)
            for most, share in zip(SHARES, shares, strict=True):
                minutes, percent = most // 60, None if share is None else round(100 * share, 1)
                yield Column(f"{zh}{minutes}分钟内(%)", f"{name} within {minutes} min (%)", percent)
    yield from _counts(figures, _CASES)
    for grade, zh in GRADES.items():
        yield Column(zh, f"grade {grade}", figures.grades.get(grade) if figures.grades else None)
    yield Column("办理结果", "outcomes", "; ".join(f"{name} {count}" for name, count in figures.outcomes.items()))


def _counts(figures: Figures, names: Iterable[str]) -> Iterator[Column]:
    yield from (Column(DEFINITIONS[name].zh, DEFINITIONS[name].en, getattr(figures, name)) for name in names)


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


def harmless(value: _Cell) -> _Cell | str:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return value
