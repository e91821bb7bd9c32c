"""What is said in English on residents' pages, as the file of a further language has to give it.

The sentences are looked up where they stand: in templates beside the Chinese ones, in the pages' modules and in
``display`` as pairs. ``{1}``, ``{2}`` … stand for what is put in.
"""

import ast
import html
import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import count, pairwise

from config.page_language import MARK, PageLanguage
from config.settings import Settings

TEMPLATES = (
    "kiosk",
    "terminal",
    "rate",
    "grades",
    "resident",
    "rating",
    "ticket",
    "progress",
    "grade",
    "booking",
    "guide",
    "guide_matter",
    "guide_parts",
)
ROOMS = ("kiosk", "terminal", "rate", "resident", "ticket", "guide", "shared")
"""Folders of modules that residents' pages are made of. What staff alone see in ``shared`` is passed over."""
FOR_STAFF = ("resident_rows.js", "language.js")
WORDS = ("admission.py", "found.py", "prompts.py", "refusals.py", "waits.py")
"""Modules of ``display`` whose words residents read."""

_HAN = re.compile("[\u3400-\u9fff]")
_LETTER = re.compile("[A-Za-z]{2}")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\$\{[^{}]*\}|\{[^{}]*\}")
_TEXT = r""""(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`"""
_PAIR = re.compile(rf"({_TEXT})\s*,\s*({_TEXT})")
_CHOICE = re.compile(r"\{% if (?:(?!\{%).)*%\}((?:(?!\{%).)*)(?:\{% else %\}((?:(?!\{%).)*))?\{% endif %\}", re.DOTALL)
_IN_ENGLISH = re.compile(r'<(\w+)[^<>]*\slang="en"[^<>]*>((?:(?!</\1>).)*)</\1>', re.DOTALL)


def sentences() -> frozenset[str]:
    """All English sentences of residents' pages."""
    found = {normal(one) for one in (*_of_templates(), *_of_modules(), *_of_display())}
    return frozenset(one for one in found if _LETTER.search(MARK.sub("", one)))


def unfit(language: PageLanguage, settings: Settings) -> tuple[list[str], list[str]]:
    """The sentences that a language's file does not have, and those of the file that stand on no page.

    The hall's own names in English, of services, desk and hall, may be in the file, and need not.
    """
    wanted, given = sentences(), set(language.words)
    names = {settings.hall.name_en, settings.hall.desk_en, *(one.name_en for one in settings.services)}
    names |= {one.bring_en for one in settings.services}
    return sorted(wanted - given), sorted(given - wanted - names)


def normal(text: str) -> str:
    """A sentence as files write it: what is put in is numbered, blanks are single."""
    number = count(1)
    return " ".join(_EXPRESSION.sub(lambda _: f"{{{next(number)}}}", html.unescape(text)).split())


def _of_templates() -> Iterator[str]:
    folder = files("kiosk.web") / "templates"
    for name in TEMPLATES:
        place = folder / f"{name}.html"
        if not place.is_file():
            continue
        text = place.read_text("utf-8")
        for _, inner in _IN_ENGLISH.findall(text):
            if "<" not in inner:
                yield from _choices(inner)
        yield from (english for _, english in _pairs(_without_joins(text)))


def _choices(text: str) -> Iterator[str]:
    """A template's text for each way through its conditions."""
    found = _CHOICE.search(text)
    if found is None:
        yield text
        return
    for way in (found[1], found[2] or ""):
        yield from _choices(text[: found.start()] + way + text[found.end() :])


def _without_joins(text: str) -> str:
    """A template's ``"words " ~ name`` as ``"words {name}"``."""
    text = re.sub(r'"\s*~\s*([\w.]+)\s*~\s*"', r"{\1}", text)
    return re.sub(r'"\s*~\s*([\w.]+)', r'{\1}"', text)


def _of_modules() -> Iterator[str]:
    static = files("kiosk.web") / "static"
    for room in ROOMS:
        folder = static / room
        for place in folder.iterdir() if folder.is_dir() else ():
            if place.name.endswith(".js") and place.name not in FOR_STAFF:
                yield from (english for _, english in _pairs(place.read_text("utf-8")))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Texts of which one is Chinese and the next is not."""
    at = 0
    while found := _PAIR.search(text, at):
        chinese, english = (one[1:-1].replace('\\"', '"') for one in found.groups())
        if _HAN.search(chinese) and not _HAN.search(english):
            yield chinese, english
        # The second text may be the first of another pair.
        at = found.start(2)


def _of_display() -> Iterator[str]:
    folder = files("display")
    for name in WORDS:
        for node in ast.walk(ast.parse((folder / name).read_text("utf-8"))):
            parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
            texts = [_text(one) for one in parts]
            for chinese, english in pairwise(texts):
                if chinese and english and _HAN.search(chinese) and not _HAN.search(english):
                    yield english


def _text(node: ast.expr) -> str | None:
    """A text, with braces where an expression stands in it; None for anything else."""
    match node:
        case ast.Constant(str(value)):
            return value
        case ast.JoinedStr(values):
            return "".join(_text(one) or "{x}" for one in values)
    return None
