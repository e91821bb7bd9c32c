"""Figures of a span as a workbook (XLSX): its figures, what they are compared with, waits by length, definitions."""

import io
from typing import Any

import xlsxwriter

from kiosk.exchange.report_tables import PARTS, columns_of, lines_of
from ticketing.reports.definitions import DEFINITIONS
from ticketing.reports.spans import Span
from ticketing.reports.sums import Figures, Spread

_WIDE, _NARROW = 26, 12


def as_xlsx(span: Span, compared: Span | None = None) -> bytes:
    """The workbook; texts stay texts, whatever they begin with."""
    file = io.BytesIO()
    # Nothing in it is a formula or a link, even where a name looks like one.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        _figures(book, "数据 Figures", span, head)
        if compared is not None:
            _figures(book, "对比 Compared", compared, head)
        _distribution(book, [span, *([compared] if compared else [])], head)
        _definitions(book, head)
    return file.getvalue()


def _figures(book: Any, name: str, span: Span, head: Any) -> None:
    sheet = book.add_worksheet(name)
    lines = lines_of(span)
    sheet.write_row(0, 0, [f"{span.first} – {span.last}", f"{PARTS[span.by]} / {span.by}"])
    sheet.write_row(2, 0, [f"{column.zh}\n{column.en}" for column in columns_of(*lines[-1], spread=True)], head)
    for at, (kind, figures) in enumerate(lines, 3):
        sheet.write_row(at, 0, [column.value for column in columns_of(kind, figures, spread=True)])
    sheet.freeze_panes(3, 3)
    sheet.set_column(0, 1, _NARROW)
    sheet.set_column(2, 2, _WIDE)
    sheet.set_column(3, 60, _NARROW)


def _distribution(book: Any, spans: list[Span], head: Any) -> None:
    sheet = book.add_worksheet("等候分布 Waits")
    for place, span in enumerate(spans):
        sheet.write(0, 4 * place, f"{span.first} – {span.last}")
        heads = ["从（秒）\nfrom, s", "到（秒）\nto, s", "人次\ncount"]
        sheet.write_row(1, 4 * place, heads, head)
        for at, row in enumerate(_bins(span.total), 2):
            sheet.write_row(at, 4 * place, row)
    sheet.set_column(0, 8, _NARROW)


def _bins(figures: Figures) -> tuple[tuple[int, int, int], ...]:
    return figures.waits.bins if isinstance(figures.waits, Spread) else ()


def _definitions(book: Any, head: Any) -> None:
    sheet = book.add_worksheet("说明 Definitions")
    sheet.write_row(0, 0, ["数据 Figure", "说明 What it counts", ""], head)
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for at, one in enumerate(DEFINITIONS.values(), 1):
        sheet.write_row(at, 0, [f"{one.zh} {one.en}", one.means, one.means_en], wrap)
    sheet.set_column(0, 0, _WIDE)
    sheet.set_column(1, 2, 70)
