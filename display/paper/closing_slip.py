"""Layout of the closing slip (日结凭条): number and digest of the audit log's last entry, for the auditor's drawer.

A person compares it with what a screen says, so the digits stand in groups of four and large; a scanner at ``/audit``
reads the code.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from display.paper.slip import (
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
    wrap_words,
)
from display.prompts import Words

TITLE = Words("日结凭条", "Closing slip")
BROKEN = Words("审计日志已损坏，请立即报告", "The audit log is broken: report it at once")
_GROUP = 4


@dataclass(frozen=True)
class ClosingSlip:
    """The facts.

    Attributes:
        hall, box: their names.
        day: the hall day, ``YYYY-MM-DD``.
        at: the time as of which it is.
        anchor: number and digest of the log's last entry, ``1042:9f86d081884c7d65``; "" where the log is broken.
    """

    hall: str
    box: str
    day: str
    at: datetime
    anchor: str


def lay_out_closing_slip(slip: ClosingSlip, columns: int = 48) -> list[SlipLine]:
    """The lines of a closing slip, from the top; ``columns`` half-width characters of scale 1 fit across the paper."""
    hall, box = (fit_words(clean_words(text), columns) for text in (slip.hall, slip.box))
    return list(_lines(replace(slip, hall=hall, box=box), columns))


def in_groups(digits: str) -> str:
    """Digits as a person reads them: in groups of four."""
    return " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))


def _lines(slip: ClosingSlip, columns: int) -> Iterator[SlipLine]:
    yield from headline(slip.hall, columns)
    yield Divider()
    title = f"{TITLE.zh} {TITLE.en}"
    yield TextLine(title, largest_scale(title, columns, 2), bold=True)
    yield TextLine(f"{slip.day} {fit_words(slip.box, max(8, columns - len(slip.day) - 1))}")
    yield Space(12)
    if slip.anchor:
        number, _, digits = slip.anchor.partition(":")
        told = f"审计日志至第 {number} 条"
        scale = largest_scale(told, columns, 2)
        yield from (TextLine(line, scale) for line in wrap_words(told, columns))
        yield from map(TextLine, wrap_words(f"The audit log up to entry {number}", columns))
        yield Space(8)
        shown = in_groups(digits)
        yield TextLine(shown, largest_scale(shown, columns, 2), bold=True)
        yield QrCode(slip.anchor)
        yield from beside("请交审计员保管", "For the auditor's drawer", columns)
    else:
        yield TextLine(BROKEN.zh, largest_scale(BROKEN.zh, columns, 2), bold=True)
        yield from map(TextLine, wrap_words(BROKEN.en, columns))
    yield Space(12)
    yield TextLine(f"{slip.at:%Y-%m-%d %H:%M:%S}")
    yield Space(24)
    yield TextLine("签字 Signed " + "_" * max(8, min(24, columns - 12)))
