"""Layout of the receipt of a case in progress (受理回执): service, promised date, and the code to follow it by.

No name and no ID number, as on a ticket's slip, and as short: :data:`~display.slip.LONGEST` bytes. The code stands in
letters, too, for whoever asks at a terminal and has no phone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from display.prompts import Words
from display.slip import (
    LONGEST,
    Divider,
    QrCode,
    SlipLine,
    Space,
    TextLine,
    beside,
    clean_words,
    fit_words,
    headline,
    largest_scale,
    weigh_lines,
    wrap_words,
)

TITLE = Words("受理回执", "Receipt")
WHAT_NOW = {
    "promised": Words("{day} 前办结", "Done by {day}"),
    "joint": Words("联办，{day} 前办结", "With other offices, by {day}"),
    "reported": Words("已上报，{day} 前办结", "Passed on, done by {day}"),
    "supplement": Words("请补齐材料再来，不用重新排队", "Bring the missing papers: no new wait"),
}
_OTHER = Words("办理中", "In progress")


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


def lay_out_receipt(receipt: Receipt, columns: int = 48) -> list[SlipLine]:
    """The lines of a receipt, from the top; ``columns`` half-width characters of scale 1 fit across the paper.

    Names of any length fit: what is dispensable goes first, then long names are shortened.
    """
    receipt = replace(
        receipt,
        hall=fit_words(clean_words(receipt.hall), columns),
        service=fit_words(clean_words(receipt.service), columns),
        service_en=fit_words(clean_words(receipt.service_en), columns),
    )
    shorter = replace(receipt, service_en="")
    shortest = replace(shorter, hall=fit_words(receipt.hall, 24), service=fit_words(receipt.service, 24))
    for facts, brief in ((receipt, False), (receipt, True), (shorter, True)):
        lines = list(_lines(facts, columns, brief))
        if weigh_lines(lines) <= LONGEST:
            return lines
    return list(_lines(replace(shortest, link=receipt.code), columns, True))


def _lines(receipt: Receipt, columns: int, brief: bool) -> Iterator[SlipLine]:
    if receipt.copy:
        yield TextLine("【补打】COPY", 2, bold=True)
    yield from headline(receipt.hall, columns)
    yield Divider()
    title = f"{TITLE.zh} {TITLE.en}"
    yield TextLine(title, 1 if brief else largest_scale(title, columns, 2), bold=True)
    yield from headline(receipt.service, columns, bold=True)
    if receipt.service_en:
        yield TextLine(receipt.service_en)
    yield Space(12)
    said = WHAT_NOW.get(receipt.outcome, _OTHER)
    if receipt.promised_on is None and "{day}" in said.zh:
        said = _OTHER
    day = receipt.promised_on.isoformat() if receipt.promised_on else ""
    chinese, english = said.zh.format(day=day), said.en.format(day=day)
    yield TextLine(chinese, largest_scale(chinese, columns, 2), bold=True)
    if not brief:
        yield from map(TextLine, wrap_words(english, columns))
    yield QrCode(receipt.link)
    yield TextLine(" ".join(receipt.code[at : at + 4] for at in range(0, len(receipt.code), 4)))
    yield from beside("扫码或凭码查进度", "" if brief else "Scan to see how it goes", columns)
    yield TextLine(f"{receipt.ended_at:%Y-%m-%d %H:%M} {receipt.number}")
