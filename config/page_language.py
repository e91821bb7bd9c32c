"""A language of residents' pages beside Chinese and English: a TOML file that ``[hall] languages`` names.

Pages say everything in Chinese and in English; the file gives the English sentences in its language::

    id = "ar"                       # BCP 47
    name = "العربية"                # as its speakers write it
    direction = "rtl"
    voice = "ar"                    # of espeak-ng, for reading aloud

    [words]
    "Take your ticket below" = "خذ تذكرتك من الأسفل"
    "{1} ahead of you" = "أمامك {1}"

``{1}`` to ``{9}`` stand for what changes in a sentence: a figure, a name, a time.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from config.problems import ConfigProblem, unreadable, wrong_value
from config.values import Name, Section, must, wrong_setting

MARK = re.compile(r"\{([1-9])\}")
"""Where something stands in a sentence that changes."""
MOST_BYTES = 512 * 1024


def _same_marks(words: dict[str, str]) -> dict[str, str]:
    for english, said in words.items():
        marks = sorted(MARK.findall(english))
        if len(set(marks)) != len(marks) or set(MARK.findall(said)) - set(marks):
            raise wrong_setting(
                f"“{english}”这一句的 {{1}} 和译文对不上",
                f"has a sentence whose {{1}} are not those of its translation: {english}",
                "英文里每个 {1} 写一次，译文里只用英文里有的",
                "each {1} once in the English, and none in the translation that is not there",
            )
        if not re.search("[A-Za-z]", MARK.sub("", english)):
            raise wrong_setting(
                f"“{english}”不是一句英文",
                f"has a sentence without English words: {english}",
                "等号左边照抄页面上的英文",
                "copy the page's English to the left of the equals sign",
            )
    return words


class PageLanguage(Section):
    """A language, and what the English sentences are in it.

    Attributes:
        id: BCP 47, such as ``ar`` or ``mn-Mong``.
        name: as its speakers write it; it stands on the buttons.
        direction: in which it is written.
        voice: of a synthesizer, for reading aloud; "" where there is none.
        words: by the English sentence.
    """

    id: Annotated[
        str,
        Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"),
        must(
            lambda text: text.split("-")[0] not in ("zh", "en"),
            "已经有了",
            "is there already",
            "中文和英文不用文件",
            "Chinese and English need no file",
        ),
    ]
    name: Name
    direction: Literal["ltr", "rtl"] = "ltr"
    voice: str = Field("", max_length=40)
    words: Annotated[dict[str, str], AfterValidator(_same_marks)] = Field(default_factory=dict)


def read_page_language(path: Path) -> tuple[PageLanguage | None, list[ConfigProblem]]:
    """The language in a file, or None and all that is wrong with it; keys begin with the file's name."""
    try:
        with path.open("rb") as file:
            values = tomllib.loads(file.read(MOST_BYTES).decode("utf-8-sig"))
        return PageLanguage.model_validate(values), []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [unreadable(error)]
    except ValidationError as error:
        return None, [wrong_value(item, PageLanguage, (path.name,)) for item in error.errors(include_url=False)]
