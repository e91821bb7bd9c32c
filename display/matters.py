"""A matter in words: what to bring, how long it takes; and the layout of the slip that says what to bring (一次性告知).

The slip has no name of anybody and no number. It is as long as it has to be: whoever takes it home reads it there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from display.paper.slip import (
    Divider,
    QrCode,
    SlipLine,
    Space,
    TextLine,
    beside,
    clean_words,
    headline,
    largest_scale,
    measure_words,
)
from display.prompts import Words
from ticketing.matters.matters import Matter, Paper

TITLE = "一次性告知 What to bring"


@dataclass(frozen=True)
class Leaflet:
    """What stands on the slip beside the matter: ``where`` it is done, ``link`` for the QR code, "" for none."""

    hall: str
    matter: Matter
    where: str
    link: str
    printed_at: datetime


def paper_words(paper: Paper) -> Words:
    """What is wanted of a paper: 原件, 复印件 2 份."""
    zh = ["原件"] if paper.original else []
    en = ["original"] if paper.original else []
    if paper.copies:
        zh.append(f"复印件 {paper.copies} 份")
        en.append(f"{paper.copies} {'copy' if paper.copies == 1 else 'copies'}")
    return Words("，".join(zh), ", ".join(en))


def days_words(matter: Matter) -> Words | None:
    """How long it takes; None where nothing is said."""
    promised, statutory = matter.promised_days, matter.statutory_days
    if promised is None and statutory is None:
        return None
    zh, en = [], []
    if promised is not None:
        zh.append(f"{promised} 个工作日内办结" if promised else "当场办结")
        en.append(f"Done within {_days(promised)}" if promised else "Done at once")
    if statutory:
        zh.append(f"法定 {statutory} 个工作日")
        en.append(f"the law allows {_days(statutory)}" if promised is not None else f"Done within {_days(statutory)}")
    return Words("，".join(zh), "; ".join(en))


def lay_out_leaflet(leaflet: Leaflet, columns: int) -> list[SlipLine]:
    """The lines of the slip, from the top; ``columns`` half-width characters fit across the paper."""
    return list(_lines(leaflet, columns))


def _days(count: int) -> str:
    return f"{count} working {'day' if count == 1 else 'days'}"


def _lines(leaflet: Leaflet, columns: int) -> Iterator[SlipLine]:
    matter = leaflet.matter
    yield from headline(clean_words(leaflet.hall), columns)
    yield TextLine(TITLE, largest_scale(TITLE, columns, 2), bold=True)
    yield Divider()
    for line in fold(clean_words(matter.name), columns // 2):
        yield TextLine(line, 2, bold=True)
    if matter.name_en:
        yield from (TextLine(line) for line in fold(clean_words(matter.name_en), columns))
    yield Space(12)
    yield from _part("谁来办 Who", matter.who, columns)
    if matter.papers:
        yield TextLine("带什么 Bring", bold=True, left=True)
        for number, paper in enumerate(matter.papers, 1):
            wanted = paper_words(paper)
            text = f"{number}. {paper.name}" + (f"（{wanted.zh}）" if wanted.zh else "")
            yield from _left(text, columns)
            yield from _left("   " + " – ".join(filter(None, (paper.name_en, wanted.en))), columns)
            if paper.sample:
                yield from _left(f"   样表：{paper.sample}", columns)
        yield Space(8)
    days = days_words(matter)
    yield from _part("收费 Fee", " ".join(filter(None, (matter.fee, matter.fee_en))), columns)
    yield from _part("多久 How long", f"{days.zh} {days.en}" if days else "", columns)
    yield from _part("在哪办 Where", leaflet.where, columns)
    yield from _part("怎么办 How", matter.guide, columns)
    yield Divider()
    if leaflet.link:
        yield QrCode(leaflet.link)
        yield from beside("扫码在手机上看", "Scan to read it on your phone", columns)
    yield TextLine(f"{leaflet.printed_at:%Y-%m-%d %H:%M}")


def _part(title: str, text: str, columns: int) -> Iterator[SlipLine]:
    if text:
        yield TextLine(title, bold=True, left=True)
        for paragraph in text.splitlines():
            yield from _left(paragraph, columns)
        yield Space(8)


def _left(text: str, columns: int) -> Iterator[SlipLine]:
    if text.strip():
        yield from (TextLine(line, left=True) for line in fold(clean_words(text), columns))


def fold(text: str, columns: int) -> Iterator[str]:
    """``text`` on lines of at most ``columns`` half-width columns: broken at blanks, and between Chinese characters."""
    line = ""
    for piece in _pieces(text):
        if line and measure_words(line + piece) > columns:
            yield line.rstrip()
            line = ""
            piece = piece.lstrip()
        line += piece
        while measure_words(line) > columns:
            yield line[:columns]
            line = line[columns:]
    if line.strip():
        yield line.rstrip()


_CLOSES = "，。、；：！？）」』”’…"


def _pieces(text: str) -> Iterator[str]:
    """What must not be broken: words with the blank before them, and characters with the stop behind them."""
    piece = ""
    for character in text:
        if (
            piece
            and not (character.isascii() and character != " " and piece[-1].isascii())
            and character not in _CLOSES
        ):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece
