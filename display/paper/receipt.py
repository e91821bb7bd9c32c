"""Layout of the receipt of a case in progress (受理回执): service, promised date, and the code to follow it by.

No name and no ID number, as on a ticket's slip, and as short: :data:`~display.paper.slip.LONGEST` bytes. The code
stands in letters, too, for whoever asks at a terminal and has no phone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from display.paper.slip import (
    COPY,
    LONGEST,
    Layout,
    LogoLine,
    Part,
    QrCode,
    SlipLine,
    TextLine,
    beside,
    clean_words,
    fit_words,
    headline,
    largest_scale,
    own_part,
    weigh_lines,
    wrap_words,
)
from display.prompts import Words

TITLE = Words("受理回执", "Receipt")
WHAT_NOW = {
    "promised": Words("{day} 前办结", "Done by {day}"),
    "joint": Words("联办，{day} 前办结", "With other offices, by {day}"),
    "reported": Words("已上报，{day} 前办结", "Passed on, done by {day}"),
    "applied": Words("已提交，凭回执到窗口办理", "Submitted: bring this receipt to a window"),
    "supplement": Words("请补齐材料再来，不用重新排队", "Bring the missing papers: no new wait"),
}
_OTHER = Words("办理中", "In progress")

USUAL = Layout(
    (
        Part("hall", 2),
        Part("rule"),
        Part("title", 2, bold=True),
        Part("service", 2, bold=True),
        Part("service-en"),
        Part("gap"),
        Part("promise", 2, bold=True),
        Part("code"),
        Part("letters"),
        Part("caption"),
        Part("time"),
    )
)
"""The layout of a receipt in a hall that has none of its own."""


@dataclass(frozen=True)
class Receipt:
    """The facts; ``link`` is what the QR code holds, ``code`` the same bare."""

    hall: str
    service: str
    service_en: str
    outcome: str
    promised_on: date | None
    number: str
    ended_at: datetime
    link: str
    code: str
    copy: bool = False


def lay_out_receipt(receipt: Receipt, columns: int = 48, layout: Layout = USUAL) -> list[SlipLine]:
    """The lines of a receipt, from the top; ``columns`` half-width characters of scale 1 fit across the paper.

    Names of any length fit: what is dispensable goes first, then long names are shortened, last the logo goes.
    """
    *most, least = _forms(receipt, columns, layout)
    for lines in most:
        if weigh_lines(lines) <= LONGEST:
            return lines
    return least


def weigh_receipt(receipt: Receipt, columns: int, layout: Layout) -> int:
    """At most this many bytes has a receipt in its briefest form that still shows all that the layout names."""
    return weigh_lines(_forms(receipt, columns, layout)[-2])


def _forms(receipt: Receipt, columns: int, layout: Layout) -> list[list[SlipLine]]:
    """The receipt, ever briefer; the last form is without the logo."""
    receipt = replace(
        receipt,
        hall=fit_words(clean_words(receipt.hall), columns),
        service=fit_words(clean_words(receipt.service), columns),
        service_en=fit_words(clean_words(receipt.service_en), columns),
    )
    shorter = replace(receipt, service_en="")
    shortest = replace(shorter, hall=fit_words(receipt.hall, 24), service=fit_words(receipt.service, 24))
    last = replace(shortest, link=receipt.code)
    forms = ((receipt, False), (receipt, True), (shorter, True), (last, True))
    made = [list(_lines(facts, layout, columns, brief)) for facts, brief in forms]
    return [*made, [line for line in made[-1] if not isinstance(line, LogoLine)]]


def _lines(receipt: Receipt, layout: Layout, columns: int, brief: bool) -> Iterator[SlipLine]:
    if receipt.copy:
        yield COPY
    for part in layout.parts:
        match part.shows:
            case "hall":
                yield from headline(receipt.hall, columns, part.bold, part.size)
            case "title":
                title = f"{TITLE.zh} {TITLE.en}"
                yield TextLine(title, 1 if brief else largest_scale(title, columns, part.size), part.bold)
            case "service":
                yield from headline(receipt.service, columns, part.bold, part.size)
            case "service-en" if receipt.service_en:
                yield TextLine(receipt.service_en, largest_scale(receipt.service_en, columns, part.size), part.bold)
            case "promise":
                yield from _promise(receipt, columns, part, brief)
            case "code":
                yield QrCode(receipt.link, layout.code_dots)
            case "letters":
                letters = " ".join(receipt.code[at : at + 4] for at in range(0, len(receipt.code), 4))
                yield TextLine(letters, largest_scale(letters, columns, part.size), part.bold)
            case "caption":
                yield from beside("扫码或凭码查进度", "" if brief else "Scan to see how it goes", columns, part)
            case "time":
                said = f"{receipt.ended_at:%Y-%m-%d %H:%M} {receipt.number}"
                yield TextLine(said, largest_scale(said, columns, part.size), part.bold)
            case _:
                yield from own_part(part, layout, columns, brief)


def _promise(receipt: Receipt, columns: int, part: Part, brief: bool) -> Iterator[TextLine]:
    said = WHAT_NOW.get(receipt.outcome, _OTHER)
    if receipt.promised_on is None and "{day}" in said.zh:
        said = _OTHER
    day = receipt.promised_on.isoformat() if receipt.promised_on else ""
    chinese, english = said.zh.format(day=day), said.en.format(day=day)
    yield TextLine(chinese, largest_scale(chinese, columns, part.size), part.bold)
    if not brief:
        yield from map(TextLine, wrap_words(english, columns))
