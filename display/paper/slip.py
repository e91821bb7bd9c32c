"""Layout of the paper ticket: number, service, place to wait, expected wait, and the code.

No name and no ID number: a slip gets lost. Chinese with English beside it. It is kept short, for it goes out at 9600
baud on old printers: :data:`LONGEST` bytes with everything that the printer needs around the words.

What stands on it, in which order and size, is a :class:`Layout`, the hall's own or :data:`USUAL`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from display.waits import wait_words

LONGEST = 400
"""Bytes."""

AROUND = 72
"""Bytes of commands that any slip has: beginning, code, cut, confirmation."""

WAIT_AT = "请到{}等候"

LONGEST_LINK = 96
"""Characters: a longer link would make the code too fine to scan; the bare code stands for it."""


@dataclass(frozen=True)
class Slip:
    """The facts. Waiting time in minutes, at least and at most; ``code`` is what the QR code holds, a link or bare.

    ``cut_off``: the number was issued without the hall's database, and the slip says so.
    """

    hall: str
    service: str
    service_en: str
    number: str
    ahead: int
    wait: tuple[int, int] | None
    place: str
    issued_at: datetime
    code: str
    copy: bool = False
    cut_off: bool = False


@dataclass(frozen=True)
class Logo:
    """A small picture: ``width`` in bytes of 8 dots, ``dots`` row by row, 1 is black."""

    width: int
    dots: bytes


@dataclass(frozen=True)
class Part:
    """One thing on a paper.

    Attributes:
        shows: a fact of the paper by its name, or ``rule``, ``gap``, ``text``, ``logo``.
        size: how many times the size of a usual character, at most; what would not fit is set smaller.
        bold: whether it is bold.
        text, text_en: the hall's own words of a ``text``.
        dots: the height of a ``gap``, in dots of 0.125 mm.
    """

    shows: str
    size: int = 1
    bold: bool = False
    text: str = ""
    text_en: str = ""
    dots: int = 12


@dataclass(frozen=True)
class Layout:
    """What stands on a paper, from the top; ``code_dots``: of a module of its QR code."""

    parts: tuple[Part, ...]
    code_dots: int = 6
    logo: Logo | None = None


USUAL = Layout(
    (
        Part("hall", 2),
        Part("rule"),
        Part("service", 2, bold=True),
        Part("service-en"),
        Part("gap"),
        Part("number", 6, bold=True),
        Part("gap"),
        Part("ahead", 2),
        Part("place", 2),
        Part("code"),
        Part("caption"),
        Part("time"),
    )
)
"""The layout of a slip in a hall that has none of its own."""


@dataclass(frozen=True)
class TextLine:
    """A line in the middle, or at the left; ``scale`` 1..8 counts both ways."""

    text: str
    scale: int = 1
    bold: bool = False
    left: bool = False


@dataclass(frozen=True)
class QrCode:
    """A QR code in the middle, with white around it; ``dots`` of 0.125 mm a module."""

    payload: str
    dots: int = 6


@dataclass(frozen=True)
class LogoLine:
    """A small picture in the middle, each of its dots ``scale`` (1 or 2) dots wide and high."""

    logo: Logo = field(repr=False)
    scale: int = 1


@dataclass(frozen=True)
class Divider:
    """A thin line across."""


@dataclass(frozen=True)
class Space:
    """White, in dots of 0.125 mm."""

    dots: int


SlipLine = TextLine | QrCode | LogoLine | Divider | Space

LARGEST = 8
"""The largest scale of a printer."""
BAND = 24
"""Rows of a picture that a printer takes in one command."""


def lay_out_slip(slip: Slip, columns: int = 48, layout: Layout = USUAL, *, large: bool = False) -> list[SlipLine]:
    """The lines of a slip, from the top; ``columns`` half-width characters of scale 1 fit across the paper.

    In ``large`` print every line is twice as large, and goes on to a next one where it does not fit.

    Names of any length fit: what is dispensable goes first, then long names are shortened, last the logo goes.
    """
    forms = _forms(slip, columns, layout)
    *most, least = [list(_enlarged(lines, columns)) for lines in forms] if large else forms
    for lines in most:
        if weigh_lines(lines) <= LONGEST:
            return lines
    return least


def weigh_slip(slip: Slip, columns: int, layout: Layout) -> int:
    """At most this many bytes has a slip in its briefest form that still shows all that the layout names."""
    return weigh_lines(_forms(slip, columns, layout)[-2])


def _forms(slip: Slip, columns: int, layout: Layout) -> list[list[SlipLine]]:
    """The slip, ever briefer; the last form is without the logo."""
    slip = replace(
        slip,
        hall=fit_words(clean_words(slip.hall), columns),
        service=fit_words(clean_words(slip.service), columns),
        service_en=fit_words(clean_words(slip.service_en), columns),
        place=fit_words(clean_words(slip.place), columns - measure_words(WAIT_AT.format(""))),
        code=slip.code if len(slip.code) <= LONGEST_LINK else slip.code.rsplit("/", 1)[-1][:LONGEST_LINK],
    )
    shorter = replace(slip, service_en="")
    shortest = replace(shorter, place=fit_words(slip.place, 16), hall=fit_words(slip.hall, 24))
    last = replace(shortest, service=fit_words(slip.service, 24))
    forms = ((slip, False), (slip, True), (shorter, True), (shortest, True), (last, True))
    made = [list(_lines(facts, layout, columns, brief)) for facts, brief in forms]
    return [*made, [line for line in made[-1] if not isinstance(line, LogoLine)]]


def _enlarged(lines: list[SlipLine], columns: int) -> Iterator[SlipLine]:
    for line in lines:
        if not isinstance(line, TextLine):
            yield line
            continue
        wanted = min(LARGEST, 2 * line.scale)
        for words in _broken(line.text, columns // wanted):
            yield TextLine(words, largest_scale(words, columns, wanted), line.bold)


def _broken(text: str, columns: int) -> Iterator[str]:
    """``text`` on lines of so many columns, broken at blanks, else beside Chinese characters, never within a number."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if measure_words(longer) <= columns:
            line = longer
            continue
        if line:
            yield line
        line = ""
        for part in re.findall(r"[\x21-\x7e]+|[^\x21-\x7e]", word):
            if line and measure_words(line + part) > columns:
                yield line
                line = ""
            line += part
    if line:
        yield line


def fit_words(text: str, columns: int) -> str:
    """``text``, or its beginning and an ellipsis, in at most ``columns`` half-width columns."""
    if measure_words(text) <= columns:
        return text
    while text and measure_words(text) > columns - 2:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap_words(text: str, columns: int) -> Iterator[str]:
    """``text`` on lines of at most ``columns`` half-width columns, broken at its blanks."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and measure_words(longer) > columns:
            yield line
            longer = word
        line = longer
    yield fit_words(line, columns)


def measure_words(text: str) -> int:
    """How many half-width columns ``text`` takes: a Chinese character takes two."""
    return sum(1 if ord(character) < 0x80 else 2 for character in text)


def _lines(slip: Slip, layout: Layout, columns: int, brief: bool) -> Iterator[SlipLine]:
    if slip.copy:
        yield COPY
    for part in layout.parts:
        match part.shows:
            case "hall":
                yield from headline(slip.hall, columns, part.bold, part.size)
            case "service":
                yield from headline(slip.service, columns, part.bold, part.size)
            case "service-en" if slip.service_en:
                yield TextLine(slip.service_en, largest_scale(slip.service_en, columns, part.size), part.bold)
            case "number":
                yield TextLine(slip.number, largest_scale(slip.number, columns, part.size), part.bold)
            case "ahead":
                yield from _queue(slip, columns, part)
            case "place" if slip.place:
                yield Space(8)
                place = WAIT_AT.format(slip.place)
                yield TextLine(place, largest_scale(place, columns, part.size), part.bold)
            case "code":
                yield QrCode(slip.code, layout.code_dots)
            case "caption" if "/" in slip.code:
                yield from beside("扫码看排队进度", "" if brief else "Scan for your turn", columns, part)
            case "caption":
                yield from beside("请在窗口扫码", "" if brief else "Scan at the window", columns, part)
            case "time":
                said = f"{slip.issued_at:%Y-%m-%d %H:%M} 当日有效"
                yield from beside(said, "" if brief else "Today only", columns, part)
            case _:
                yield from own_part(part, layout, columns, brief)
    if slip.cut_off:
        yield TextLine("与数据库断开时取号，号码照常有效", 1)
        if not brief:
            yield TextLine("Taken offline; valid as usual", 1)


COPY = TextLine("【补打】COPY", 2, bold=True)
"""Heads what is printed again, whatever the layout."""


def own_part(part: Part, layout: Layout, columns: int, brief: bool) -> Iterator[SlipLine]:
    """What a hall may put on any of its papers: a line across, white, words of its own, its logo."""
    match part.shows:
        case "rule":
            yield Divider()
        case "gap":
            yield Space(part.dots)
        case "text" if words := fit_words(clean_words(part.text), columns):
            english = "" if brief else fit_words(clean_words(part.text_en), columns)
            yield from beside(words, english, columns, part)
        case "logo" if layout.logo:
            yield LogoLine(layout.logo, min(part.size, 2))


def headline(text: str, columns: int, bold: bool = False, size: int = 2) -> Iterator[TextLine]:
    """In ``size`` or less; double on two lines when one does not hold it, and only then in single size."""
    if size < 2 or largest_scale(text, columns, size) > 2:
        yield TextLine(text, largest_scale(text, columns, size), bold)
        return
    if measure_words(text) <= columns // 2:
        yield TextLine(text, 2, bold)
        return
    first, second = _halve(text)
    if max(measure_words(first), measure_words(second)) <= columns // 2:
        yield TextLine(first, 2, bold)
        yield TextLine(second, 2, bold)
    else:
        yield TextLine(text, 1, bold)


def beside(chinese: str, english: str, columns: int, part: Part = Part("text")) -> Iterator[TextLine]:
    """On one line if there is room for both; in a larger size the Chinese has a line of its own."""
    scale = largest_scale(chinese, columns, part.size)
    if scale > 1:
        yield TextLine(chinese, scale, part.bold)
        if english:
            yield TextLine(english)
        return
    if english and measure_words(chinese) + 1 + measure_words(english) <= columns:
        yield TextLine(f"{chinese} {english}", 1, part.bold)
        return
    yield TextLine(chinese, 1, part.bold)
    if english:
        yield TextLine(english, 1, part.bold)


def _halve(text: str) -> tuple[str, str]:
    """Two lines: before an opening bracket if there is one near the middle, else about even."""
    middle = len(text) // 2
    brackets = [place for place, character in enumerate(text) if character in "(\uff08" and place > 0]
    nearest = min(brackets, key=lambda place: abs(place - middle), default=middle)
    if abs(nearest - middle) <= max(2, len(text) // 5):
        middle = nearest
    return text[:middle].rstrip(), text[middle:].lstrip()


def _queue(slip: Slip, columns: int, part: Part) -> Iterator[TextLine]:
    chinese = f"前面{slip.ahead}人" if slip.ahead else "下一位就是您"
    english = f"{slip.ahead} ahead" if slip.ahead else "You are next"
    if slip.wait and slip.ahead:
        said = wait_words(*slip.wait)
        chinese += f" {said.zh.replace(' ', '')}"
        english += f", {said.en}"
    yield TextLine(chinese, largest_scale(chinese, columns, part.size), part.bold)
    yield TextLine(english)


def largest_scale(text: str, columns: int, limit: int) -> int:
    """The largest scale up to ``limit`` in which ``text`` fits on a line."""
    return max(1, min(limit, columns // max(1, measure_words(text))))


def clean_words(text: str) -> str:
    """``text`` without what printers take for commands."""
    return "".join(character for character in text if unicodedata.category(character) not in ("Cc", "Cf")).strip()


def weigh_lines(lines: list[SlipLine]) -> int:
    """At most this many bytes on the wire of an ESC/POS printer, one that is told the size of Chinese apart too."""
    total = AROUND
    style = 1, False
    chinese_double = False
    for line in lines:
        match line:
            case TextLine(text, scale, bold):
                total += measure_words(text) + 1
                total += 3 * (scale != style[0]) + 3 * (bold != style[1])
                style = scale, bold
                if not text.isascii():
                    total += 3 * ((scale > 1) != chinese_double)
                    chinese_double = scale > 1
            case QrCode(payload):
                total += len(payload.encode())
            case LogoLine(logo):
                total += len(logo.dots) + 8 * -(-len(logo.dots) // (logo.width * BAND))
            case Divider():
                total += 19
                style = 0, False
            case Space():
                total += 3
    return total
