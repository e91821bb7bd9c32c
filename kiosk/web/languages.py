"""Residents' pages in further languages: what is said in English there, in the words of a language's file.

Pages that are read without JavaScript are put into the language here; the others fetch its words and do the same
(``shared/languages.js``).
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from flask import Request

from config.page_language import MARK, PageLanguage, read_page_language

COOKIE = "quhao_language"
"""Holds the id of the language that a phone's holder has chosen."""
ASKED = "language"
"""The query parameter by which it is chosen."""

_SAID = re.compile(r'<(\w+)((?:\s[^<>]*)?\slang="en"[^<>]*)>([^<]+)</\1>')


@dataclass(frozen=True)
class Spoken:
    """A language, and its sentences put to use."""

    language: PageLanguage

    def say(self, english: str) -> str | None:
        """An English sentence in this language; None where its file does not have it."""
        english = " ".join(english.split())
        if english in self.language.words:
            return self.language.words[english]
        for pattern, said in self._patterns:
            if found := pattern.fullmatch(english):
                return MARK.sub(lambda mark: self._within(found[f"m{mark[1]}"]), said)
        return None

    def html(self, page: str) -> str:
        """``page`` with what is said in English in this language: the text of each element with ``lang="en"``."""
        return _SAID.sub(self._replaced, page)

    def _within(self, part: str) -> str:
        """What changes in a sentence: it may be a sentence of the file itself."""
        return self.say(part) or part

    def _replaced(self, found: re.Match[str]) -> str:
        tag, attributes, text = found.groups()
        said = self.say(html.unescape(text))
        if said is None:
            return found[0]
        one = self.language
        words = f'<span class="said" lang="{one.id}" dir="{one.direction}">{html.escape(said)}</span>'
        return f"<{tag}{attributes}>{words}</{tag}>"

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Sentences with something that changes, those with the most words first."""
        marked = sorted((one for one in self.language.words if MARK.search(one)), key=lambda one: -len(one))
        return [(re.compile(_pattern(one)), self.language.words[one]) for one in marked]


def _pattern(sentence: str) -> str:
    parts = MARK.split(sentence)
    return "".join(f"(?P<m{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))


@dataclass(frozen=True)
class Languages:
    """The languages of a hall beside Chinese and English, by id."""

    by_id: Mapping[str, Spoken] = field(default_factory=dict)

    @classmethod
    def read(cls, files: Sequence[Path]) -> "Languages":
        """Those in ``files``, which the settings have found right; one that cannot be read any more is left out."""
        found = (read_page_language(path)[0] for path in files)
        return cls({one.id: Spoken(one) for one in found if one})

    @property
    def offered(self) -> list[dict[str, str]]:
        """What pages are told of each."""
        said = (one.language for one in self.by_id.values())
        return [{"id": one.id, "name": one.name, "direction": one.direction} for one in said]

    def chosen(self, request: Request) -> Spoken | None:
        """The one that a page's address asks for, or that was asked for before."""
        return self.by_id.get(request.args.get(ASKED) or request.cookies.get(COOKIE, ""))
