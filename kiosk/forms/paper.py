"""A filled-in form as a PDF of A4: on the page of its template, or on a page of ours.

Text is set by fpdf2 in a subset of a CJK font that is embedded, so that every printer has it; templates are read and
laid under it by pypdf. Fields of an AcroForm give the places, and are gone from what is printed: nobody types into it.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTCollection, TTFont
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import NameObject

from config.problems import ConfigProblem, nearest, one_of
from kiosk.forms.files import Form, FormField, FormFile, Place
from kiosk.forms.filling import Entry

MM = 72 / 25.4
"""Points of PDF to a millimetre."""
A4 = (210.0, 297.0)
SMALLEST = 8.0
"""Points: what is still too long then goes on another line."""
FAMILY = "cjk"
SIMPLIFIED = ("Noto Sans CJK SC", "Noto Serif CJK SC", "Source Han Sans SC", "Source Han Serif SC")


@dataclass(frozen=True)
class Printed:
    """A PDF, how many pages it has, and the words of the fields that hold a character the font does not have.

    Those characters are left out of it, to be written by hand.
    """

    pdf: bytes
    pages: int
    by_hand: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Printed {self.pages} pages>"


@cache
def font_in(path: Path) -> tuple[int, frozenset[int]]:
    """Which font of a file is used, and the characters it has; of a collection that for simplified Chinese.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) != b"ttcf":
            with TTFont(path, lazy=True) as font:
                return 0, frozenset(font.getBestCmap())
    with TTCollection(path, lazy=True) as fonts:
        names = [font["name"].getBestFamilyName() for font in fonts]
        number = next((at for at, name in enumerate(names) if name in SIMPLIFIED), 0)
        return number, frozenset(fonts[number].getBestCmap())


def print_form(form: Form, entries: Sequence[Entry], font: Path, hall: str, at: datetime) -> Printed:
    """The filled-in form, set in ``font``; ``hall`` and ``at`` stand on a page of ours."""
    number, has = font_in(font)
    by_hand = tuple(one.field.label for one in entries if not has.issuperset(map(ord, one.value)))
    pdf = FPDF(format="A4", unit="mm")
    pdf.set_auto_page_break(False)
    pdf.set_creator("quhao")
    pdf.add_font(FAMILY, fname=font, collection_font_number=number)
    sheet = _Sheet(pdf, has)
    if form.pdf is None:
        _own_page(sheet, form, entries, hall, at)
        return Printed(bytes(pdf.output()), pdf.page_no(), by_hand)
    template = PdfWriter(clone_from=PdfReader(form.pdf))
    boxes = _boxes(template)
    sizes = [_size(page) for page in template.pages]
    places = [(one, _place(one.field, boxes, sizes)) for one in entries if one.value]
    for page, size in enumerate(sizes, 1):
        pdf.add_page(format=size)
        for entry, place in places:
            if place is not None and place.page == page:
                sheet.put(entry.value, place, size)
    overlay = PdfReader(io.BytesIO(bytes(pdf.output())))
    for under, above in zip(template.pages, overlay.pages, strict=True):
        box = under.mediabox
        under.merge_translated_page(above, float(box.left), float(box.bottom))
        # What could be filled in has been.
        under.pop(NameObject("/Annots"), None)
    template.root_object.pop(NameObject("/AcroForm"), None)
    out = io.BytesIO()
    template.write(out)
    return Printed(out.getvalue(), len(sizes), by_hand)


def problems(file: FormFile, pdf: Path) -> Iterator[ConfigProblem]:
    """What is wrong with the PDF of a form, or with the places on it."""
    try:
        template = PdfReader(pdf)
        if template.is_encrypted:
            yield ConfigProblem(
                "pdf",
                (f"{pdf.name} 有密码", f"{pdf.name} has a password"),
                ("换成没有密码的", "take one without"),
            )
            return
        boxes, sizes = _boxes(template), [_size(page) for page in template.pages]
        turned = [at for at, page in enumerate(template.pages, 1) if page.rotation]
    except (OSError, PyPdfError, ValueError, KeyError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        yield ConfigProblem(
            "pdf",
            (f"{pdf.name} 读不了({why})", f"{pdf.name} cannot be read ({why})"),
            ("放上能打开的 PDF 文件", "put a PDF there that opens"),
        )
        return
    for page in turned:
        yield ConfigProblem(
            "pdf",
            (f"第 {page} 页是转过的", f"page {page} is turned"),
            ("另存为不转的一页", "save it unturned"),
        )
    for at, field in enumerate(file.fields):
        yield from _misplaced(f"fields[{at}]", field, boxes, sizes)


def _misplaced(
    key: str, field: FormField, boxes: dict[str, Place], sizes: list[tuple[float, float]]
) -> Iterable[ConfigProblem]:
    if field.box and field.box not in boxes:
        yield ConfigProblem(
            f"{key}.box",
            (f"PDF 里没有 {field.box} 这个域", f"the PDF has no field {field.box}"),
            nearest(field.box, list(boxes)) if boxes else ("用 at 写位置", "give the place by at"),
        )
    if field.at is None:
        if not field.box and field.kind != "pen":
            yield ConfigProblem(
                key,
                (f"没有说 {field.key} 写在哪里", f"where {field.key} stands is not said"),
                ("加上 at 或 box", "add at or box"),
            )
        return
    if field.at.page > len(sizes):
        pages = [str(page) for page in range(1, len(sizes) + 1)]
        yield ConfigProblem(
            f"{key}.at.page", (f"没有第 {field.at.page} 页", f"there is no page {field.at.page}"), one_of(pages)
        )
        return
    width, height = sizes[field.at.page - 1]
    if field.at.x >= width or field.at.y > height or field.at.x + (field.at.width or 0) > width + 1:
        yield ConfigProblem(
            f"{key}.at",
            (f"{field.key} 写到了纸外", f"{field.key} stands beside the page"),
            (f"这一页宽 {width:.0f}、高 {height:.0f} 毫米", f"this page is {width:.0f} × {height:.0f} mm"),
        )


def _size(page: Any) -> tuple[float, float]:
    """Width and height of a page in mm."""
    return float(page.mediabox.width) / MM, float(page.mediabox.height) / MM


def _boxes(pdf: PdfReader | PdfWriter) -> dict[str, Place]:
    """The places of a PDF's own fields, by name."""
    found: dict[str, Place] = {}
    for at, page in enumerate(pdf.pages, 1):
        for each in page.get("/Annots", None) or ():
            widget = each.get_object()
            name = _name(widget)
            if widget.get("/Subtype") != "/Widget" or not name:
                continue
            left, bottom, right, top = (float(one) for one in widget["/Rect"])
            box = page.mediabox
            high = (top - bottom) / MM
            found[name] = Place(
                page=at,
                x=max(0.0, (left - float(box.left)) / MM + 0.7),
                y=max(0.0, (float(box.top) - bottom) / MM - 0.28 * min(high, 6)),
                width=max(1.0, (right - left) / MM - 1.4),
                size=max(SMALLEST, min(11.0, high * MM * 0.7)),
            )
    return found


def _name(widget: Any) -> str:
    """The whole name of a field (ISO 32000-1, 12.7.3.2): those of its parents before its own, with dots."""
    names: list[str] = []
    while widget is not None:
        if "/T" in widget:
            names.insert(0, str(widget["/T"]))
        parent = widget.get("/Parent")
        widget = parent.get_object() if parent is not None else None
    return ".".join(names)


def _place(field: FormField, boxes: dict[str, Place], sizes: list[tuple[float, float]]) -> Place | None:
    place = field.at or boxes.get(field.box)
    return place if place is not None and place.page <= len(sizes) else None


class _Sheet:
    """Sets text on the pages of a PDF; characters that the font does not have are left out."""

    def __init__(self, pdf: FPDF, has: frozenset[int]) -> None:
        self.pdf = pdf
        self._has = has

    def put(self, text: str, place: Place, size: tuple[float, float]) -> None:
        """Set a value at its place: smaller where it is too long, then on further lines."""
        text = self._known(text)
        width = place.width or max(10.0, size[0] - place.x - 5)
        self.pdf.set_font(FAMILY, size=place.size)
        long = self.pdf.get_string_width(text)
        if long > width:
            self.pdf.set_font_size(max(SMALLEST, place.size * width / long * 0.98))
        lines = self._lines(text, width)
        step = self.pdf.font_size * 1.15
        # The last line stands where one line would.
        for at, line in enumerate(lines, 1):
            self.pdf.text(place.x, place.y - (len(lines) - at) * step, line)

    def line(self, x: float, y: float, text: str, size: float) -> None:
        self.pdf.set_font(FAMILY, size=size)
        self.pdf.text(x, y, self._known(text))

    def lines(self, text: str, width: float, size: float) -> list[str]:
        self.pdf.set_font(FAMILY, size=size)
        return self._lines(self._known(text), width)

    def _lines(self, text: str, width: float) -> list[str]:
        """Text cut to lines of a width; Chinese may be cut anywhere."""
        lines = [""]
        for character in text:
            if self.pdf.get_string_width(lines[-1] + character) > width and lines[-1]:
                lines.append("")
            lines[-1] += character
        return lines

    def _known(self, text: str) -> str:
        return "".join(one if ord(one) in self._has else "　" for one in text)


LEFT, RIGHT, TOP, BOTTOM = 22.0, 188.0, 28.0, 262.0
LABEL, ROW = 44.0, 9.0


def _own_page(sheet: _Sheet, form: Form, entries: Sequence[Entry], hall: str, at: datetime) -> None:
    """Pages of ours: the form's name, a row for each field, and where to sign."""
    pdf = sheet.pdf
    y = _head(sheet, form, hall)
    for entry in entries:
        label = sheet.lines(entry.field.label, LABEL - 4, 11)
        value = sheet.lines(entry.value, RIGHT - LEFT - LABEL - 4, 12)
        tall = max(len(label), len(value), 2 if entry.field.kind == "pen" else 1) * 6 + 4
        if y + tall > BOTTOM:
            y = _head(sheet, form, hall)
        pdf.rect(LEFT, y, LABEL, tall)
        pdf.rect(LEFT + LABEL, y, RIGHT - LEFT - LABEL, tall)
        for down, text in enumerate(label):
            sheet.line(LEFT + 2, y + 6.5 + 6 * down, text, 11)
        for down, text in enumerate(value):
            sheet.line(LEFT + LABEL + 2, y + 6.5 + 6 * down, text, 12)
        y += tall
    if y + 22 > BOTTOM:
        y = _head(sheet, form, hall)
    sheet.line(LEFT, y + 16, "申请人签名：", 12)
    pdf.line(LEFT + 28, y + 17, LEFT + 90, y + 17)
    sheet.line(LEFT + 100, y + 16, f"日期：{at.year}年{at.month}月{at.day}日", 12)


def _head(sheet: _Sheet, form: Form, hall: str) -> float:
    sheet.pdf.add_page()
    sheet.pdf.set_font(FAMILY, size=18)
    wide = min(sheet.pdf.get_string_width(form.file.name), RIGHT - LEFT)
    sheet.line((A4[0] - wide) / 2, TOP, form.file.name, 18)
    sheet.line(LEFT, 14, hall, 9)
    sheet.line(RIGHT - 16, 285, f"第 {sheet.pdf.page_no()} 页", 9)
    return TOP + 10
