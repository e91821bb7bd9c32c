"""A form is a file: its fields, where each value comes from, and where it stands on a page of PDF.

::

    name = "居住证明申请表"
    matters = ["residence-permit"]
    pdf = "residence.pdf"                  # a page to print on; without one, a page of ours with all fields

    [[fields]]
    key = "name"
    label = "姓名"
    from = "resident.name"                 # resident.… agent.… matter.… today, number; without: asked
    at = { page = 1, x = 45, y = 62 }      # mm from the page's upper left corner to the foot of the first character
    # box = "Name"                         # or the name of a field of the PDF (AcroForm)

    [[fields]]
    key = "phone"
    label = "手机号码"
    pattern = "1[0-9]{10}"
    pattern_words = "手机号码是 11 位数字"

What is wrong with a file is told by ``folder``.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from config.problems import ConfigError, ConfigProblem, nearest, one_of, unreadable, wrong_value
from config.values import Identifier, Name, Section, Whole, wrong_setting
from ticketing.model import Resident

LONGEST = 200
"""Characters of a value."""
MOST_FIELDS = 60
PERSON = tuple(one.name for one in fields(Resident))
OF_MATTER = ("name", "name_en", "task_code", "task_handle_item", "area_code", "fee")
SOURCES = (
    "asked",
    "today",
    "number",
    *(f"{who}.{field}" for who in ("resident", "agent") for field in PERSON),
    *(f"matter.{field}" for field in OF_MATTER),
)
"""Where a value may come from; ``number`` is that of the ticket."""

Millimetres = Annotated[float, Field(ge=0, le=2000)]
Sentence = Annotated[str, Field(max_length=120)]


def _source(text: str) -> str:
    if text not in SOURCES:
        zh, en = nearest(text, list(SOURCES)) if "." in text else one_of(["asked", "today", "number", "resident.…"])
        raise wrong_setting("不是数据来源", "is no source", zh, en)
    return text


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise wrong_setting(
            f"不是正则表达式({error})", f"is no regular expression ({error})", "改正写法", "mend it"
        ) from error
    return text


class Place(Section):
    """Where a value stands: mm from the upper left corner of the page to the foot of its first character.

    Attributes:
        page: from 1.
        width: in mm; what is longer is set smaller, and then on several lines. Without it, up to the page's edge.
        size: of the characters, in points.
    """

    page: Whole = Field(1, ge=1, le=50)
    x: Millimetres
    y: Millimetres
    width: float | None = Field(None, gt=0, le=2000)
    size: float = Field(11, ge=5, le=40)


class Choice(Section):
    """One of several values."""

    value: Name
    label_en: str = Field("", max_length=60)


class FormField(Section):
    """A field.

    Attributes:
        key: its name for programs.
        label, label_en: its words.
        source: (``from``) where the value comes from.
        otherwise: (``else``) what happens where the source has no value: it is left for the pen, or asked.
        kind: ``text`` in letters and figures (nobody can type Chinese at a terminal: offer a ``choice``, or leave it
            for the pen), ``number``, ``date``, ``choice``, ``pen`` (always left for the pen).
        required: whether it must be there before the form is printed or handed in; not for what the pen writes.
        longest: characters.
        pattern: a regular expression that the whole value fits; ``pattern_words`` says it to people.
        choices: of a ``choice``.
        at, box: its place on the PDF: in mm, or the name of a field of the PDF.
    """

    key: Identifier
    label: Name
    label_en: str = Field("", max_length=60)
    source: Annotated[str, AfterValidator(_source)] = Field("asked", alias="from")
    otherwise: Literal["pen", "asked"] = Field("pen", alias="else")
    kind: Literal["text", "number", "date", "choice", "pen"] = "text"
    required: bool = True
    longest: Whole = Field(40, ge=1, le=LONGEST)
    pattern: Annotated[str, AfterValidator(_expression)] = ""
    pattern_words: Sentence = ""
    pattern_words_en: Sentence = ""
    choices: tuple[Choice, ...] = Field((), max_length=40)
    at: Place | None = None
    box: str = Field("", max_length=200)

    @model_validator(mode="after")
    def _whole(self) -> "FormField":
        if self.kind == "choice" and len(self.choices) < 2:
            raise wrong_setting(
                f"{self.key} 没有可选的值",
                f"{self.key} has no choices",
                "写至少两个 choices",
                "write two choices at least",
            )
        if self.pattern and not self.pattern_words:
            raise wrong_setting(
                f"{self.key} 没有说明 pattern",
                f"the pattern of {self.key} is not said in words",
                "加上 pattern_words",
                "add pattern_words",
            )
        return self


class FormFile(Section):
    """A form; see the module.

    Attributes:
        matters: the ids of the matters it is offered for; none: offered to everybody.
        pdf: the file of its page, beside it; None for a page of ours.
    """

    name: Name
    name_en: str = Field("", max_length=80)
    matters: tuple[Identifier, ...] = ()
    pdf: Path | None = None
    fields: tuple[FormField, ...] = Field(min_length=1, max_length=MOST_FIELDS)


@dataclass(frozen=True)
class Form:
    """A form as it is used: its ``id`` is the file's name, ``pdf`` its template's whole path."""

    id: str
    file: FormFile
    pdf: Path | None


def read_form(path: Path) -> Form:
    """The form in a file; raises :class:`ConfigError` with every problem of it. Its PDF is not looked at."""
    try:
        values = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, [unreadable(error)]) from error
    try:
        file = FormFile.model_validate(values)
    except ValidationError as error:
        raise ConfigError(path, _problems(error)) from error
    if problems := list(_twice(file)):
        raise ConfigError(path, problems)
    return Form(path.stem, file, path.parent / file.pdf if file.pdf else None)


def _problems(error: ValidationError) -> list[ConfigProblem]:
    found = error.errors(include_url=False)
    # Where every field is wrong, that there is none left is no news.
    inside = any(len(one["loc"]) > 1 and one["loc"][0] == "fields" for one in found)
    return [wrong_value(one, FormFile) for one in found if not (inside and one["loc"] == ("fields",))]


def _twice(file: FormFile) -> Iterable[ConfigProblem]:
    seen: set[str] = set()
    for at, field in enumerate(file.fields):
        if field.key in seen:
            yield ConfigProblem(
                f"fields[{at}].key",
                (f"{field.key} 已经用过", f"{field.key} is used already"),
                ("换一个名字", "give it another name"),
            )
        seen.add(field.key)
        if (field.at or field.box) and file.pdf is None:
            yield ConfigProblem(
                f"fields[{at}].{'at' if field.at else 'box'}",
                ("没有 pdf，不用写位置", "there is no pdf to stand on"),
                ("加上 pdf，或去掉这一项", "name a pdf, or leave this out"),
            )
