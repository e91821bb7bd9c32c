"""What the voice says: numbers digit by digit, windows as number words (A零零一号,请到三号窗口), in any language.

A :class:`Language` turns a call into pieces. A piece is a clip that can be recorded, and the words in it: the clips of
all pieces are what a hall has to record, and the words of a sentence are what a speech synthesizer reads.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

TEST = "语音测试,请到三号窗口"
"""What a technician hears to know that the voice works."""
DIGITS = "零一二三四五六七八九"
PAUSE = ","
"""The clip that is a short silence; nobody records it."""
CHIME = "chime"
"""The clip before a call, the same in all languages."""

_UNITS = ("", "十", "百", "千")
_NUMBER, _WINDOW, _WINDOW_ID = "{number}", "{window}", "{window_id}"
# A capital letter that does not begin a word is spelt: A12, VIP窗口.
_IN_NAMES = re.compile(r"[0-9]{1,4}|[A-Z](?![a-z])|(?:(?![0-9]|[A-Z](?![a-z])).)+")
_IN_PATTERNS = re.compile(r"\{[^{}]*\}?|[,，]|[^{},，]+")
_HAN = "[\u3400-\u9fff]"


class LanguageError(Exception):
    """A language that cannot be used; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Piece:
    """A part of a sentence.

    Attributes:
        clip: name of its recording; ``PAUSE`` for a short silence.
        words: what is said in it.
    """

    clip: str
    words: str


@dataclass(frozen=True)
class Language:
    """How a call is said in a language or dialect.

    Attributes:
        id: the name of its folder of clips.
        call: the sentence, with ``{number}`` for the ticket's number, ``{window}`` for the window's name,
            ``{window_id}`` for its id, and a comma for a short pause. The words between them are clips.
        voice: of espeak-ng; "" for the speaker's own.
        digits: how the figures of ticket numbers are said, 0 to 9.
        numbers: how the number of a window is said: ``chinese`` puts it together from 一 to 九, 十, 百 and 千,
            ``whole`` has one clip for each number.
        window_word: follows a window's name that is a bare number or letter.
        say: the words of clips whose name is not what is said, such as ``A`` read 诶.
    """

    id: str
    call: str
    voice: str = ""
    digits: tuple[str, ...] = tuple(DIGITS)
    numbers: Literal["chinese", "whole"] = "chinese"
    window_word: str = ""
    say: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, number: str, window_name: str, window_id: str) -> tuple[Piece, ...]:
        """The pieces that call a ticket to a window.

        Args:
            number: the ticket's, such as ``"A001"``.
            window_name: such as ``"3号窗口"``, or a bare ``"3"``.
            window_id: such as ``"3"``.
        """
        return tuple(Piece(clip, self.say.get(clip, clip)) for clip in self._clips(number, window_name, window_id))

    def clips(self, prefixes: Iterable[str], windows: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Every clip that a hall needs, and the words in it, in the order in which they are first said.

        Args:
            prefixes: of the ticket numbers.
            windows: id and name of each window.
        """
        here = list(windows)
        calls = (self.sentence(f"{prefix}0123456789", name, key) for prefix in prefixes for key, name in here)
        return {piece.clip: piece.words for call in calls for piece in call if piece.clip != PAUSE}

    def _clips(self, number: str, window_name: str, window_id: str) -> Iterator[str]:
        for part in _IN_PATTERNS.findall(self.call):
            match part:
                case "{number}":
                    yield from (self.digits[int(one)] if one in "0123456789" else one for one in number)
                case "{window}":
                    yield from self._window(window_name.strip())
                case "{window_id}":
                    yield from self._window(window_id)
                case "," | "，":
                    yield PAUSE
                case _ if part.strip():
                    yield part.strip()

    def _window(self, name: str) -> Iterator[str]:
        for part in _IN_NAMES.findall(name):
            if part.isdigit() and self.numbers == "chinese":
                yield from _in_words(int(part))
            elif part.isdigit():
                yield str(int(part))
            elif any(character.isalnum() for character in part):
                yield part.strip()
        if self.window_word and name.isascii():
            yield self.window_word


MANDARIN = Language("zh", "{number}号,请到{window}", window_word="号窗口")
LANGUAGES = {
    "zh": MANDARIN,
    "yue": replace(MANDARIN, id="yue", voice="yue"),
    "en": Language(
        "en", "{number}, please go to window {window_id}", "en", digits=tuple("0123456789"), numbers="whole"
    ),
}
"""The languages that need no file, by id."""


def text(pieces: Iterable[Piece]) -> str:
    """The sentence as a synthesizer reads it.

    Chinese has no spaces; letters stand apart, or a voice reads them as a word.
    """
    said = "\0".join(piece.words for piece in pieces).replace(f"\0{PAUSE}", PAUSE)
    return re.sub(rf"(?<={_HAN})\0|\0(?={_HAN})", "", said).replace("\0", " ")


def parse_language(name: str, table: Mapping[str, Any]) -> Language:
    """A language from the table of its file; what the file leaves out is as in the language that ``like`` names.

    Args:
        name: of its folder.
        table: of the keys of :class:`Language` but ``id``, and ``like``: ``zh``, ``yue`` or ``en``.

    Raises:
        LanguageError: a key is unknown or a value will not do.
    """
    known = {one.name for one in fields(Language)} - {"id"} | {"like"}
    if strange := sorted(set(table) - known):
        raise LanguageError(f"没有 {strange[0]} 这一项", f"there is no key {strange[0]}")
    like = table.get("like", name if name in LANGUAGES or "call" in table else None)
    base = LANGUAGES.get(like) if isinstance(like, str) else None
    if base is None and "call" not in table:
        raise LanguageError("要写 call，或 like = zh、yue、en 之一", "it needs call, or like: zh, yue or en")
    given = {key: value for key, value in table.items() if key != "like"}
    for key, value in given.items():
        _check(key, value)
    if "digits" in given:
        given["digits"] = tuple(given["digits"])
    return replace(base or Language(name, ""), id=name, **given)


def _check(key: str, value: Any) -> None:
    match key:
        case "call":
            marks = set(re.findall(r"\{[^{}]*\}?|\}", value)) if isinstance(value, str) else set()
            good = {_NUMBER} < marks <= {_NUMBER, _WINDOW, _WINDOW_ID}
            wanted = f"{_NUMBER} 和 {_WINDOW} 或 {_WINDOW_ID}", f"{_NUMBER} and {_WINDOW} or {_WINDOW_ID}"
        case "digits":
            good = (
                isinstance(value, str | list)
                and len(value) == 10
                and all(isinstance(one, str) and one for one in value)
            )
            wanted = "0 到 9 的十个读法", "ten words, for 0 to 9"
        case "numbers":
            good = value in ("chinese", "whole")
            wanted = "chinese 或 whole", "chinese or whole"
        case "say":
            good = isinstance(value, dict) and all(isinstance(one, str) and one for one in value.values())
            wanted = "一张表，值是文字", "a table of texts"
        case _:
            good = isinstance(value, str)
            wanted = "一段文字", "a text"
    if not good:
        raise LanguageError(f"{key} 要写{wanted[0]}", f"{key} must have {wanted[1]}")


def _in_words(value: int) -> str:
    """A cardinal number, 0 to 9999: 12 十二, 20 二十, 101 一百零一, 110 一百一十."""
    if value == 0:
        return DIGITS[0]
    words, gap = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit:
            words += (DIGITS[0] if gap and words else "") + DIGITS[digit] + _UNITS[place]
        gap = not digit
    return words.removeprefix("一") if 10 <= value < 20 else words
