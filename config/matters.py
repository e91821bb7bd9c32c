"""Matters (事项) as files and the API write them: what residents come for, what to bring, and from which queue.

A matter is described as a whole; :func:`check` tells all that is wrong with all of them at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from config.businesses import ResidentField
from config.problems import Pair, nearest, wrong_value
from config.values import Identifier, Name, Section, Whole, must

MOST_MATTERS = 5000
"""Matters of one hall; the largest known have about 900."""

RESERVED = ("file", "figures")
"""No matter's ids: under their addresses are the file and the figures of all of them."""
_TAKEN = ("不能用作编号", "is no id for a matter", "换一个编号", "give it another id")

_ONE_PART = r"^[^|｜\r\n]*$"
"""In a table the parts of a paper stand between |."""

Line = Annotated[str, Field(max_length=300)]
Prose = Annotated[str, Field(max_length=4000)]
Code = Annotated[str, Field(max_length=64, pattern=r"^[\x21-\x7e]*$")]
Days = Annotated[Whole, Field(ge=0, le=3650)]


class PaperSettings(Section):
    """A paper to bring.

    Attributes:
        name, name_en: what it is.
        original: whether the original is looked at.
        copies: how many copies stay there.
        sample: where a filled-in one is to be seen, such as a place in the hall or an address.
    """

    name: Annotated[str, Field(min_length=1, max_length=120, pattern=_ONE_PART)]
    name_en: Annotated[str, Field(max_length=240, pattern=_ONE_PART)] = ""
    original: bool = True
    copies: Annotated[Whole, Field(ge=0, le=99)] = 0
    sample: Line = ""


class MatterSettings(Section):
    """A matter; the fields of :class:`ticketing.matters.matters.Matter`.

    Attributes:
        id: what programs call it.
        name, name_en: what residents are shown.
        audience: for persons or for businesses.
        theme, theme_en: the event in life that it belongs to; themes are shown in the order of their first matters.
        service: id of the service whose queue it is called from.
        words: what else people call it, for the search.
        task_code, task_handle_item, area_code: 实施编码, 业务办理项编码 and 行政区划代码 (GB/T 39554.1), kept as given.
        who, who_en: who may bring it.
        papers: what to bring.
        fee, fee_en: what it costs, in words.
        statutory_days, promised_days: working days that the law allows, and that the hall promises.
        guide, guide_en: how it goes, in words.
        resident_fields: what its windows need of the resident's card; without it what the service's need.
        applies: whether it may be applied for at a terminal.
        form: id of its form, "" for none.
    """

    id: Annotated[Identifier, must(lambda name: name not in RESERVED, *_TAKEN)]
    name: Name
    name_en: Annotated[str, Field(max_length=160)] = ""
    audience: Literal["personal", "business"] = "personal"
    theme: Annotated[str, Field(min_length=1, max_length=30)]
    theme_en: Annotated[str, Field(max_length=80)] = ""
    service: Annotated[str, Field(min_length=1, max_length=64)]
    words: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=40)], ...], Field(max_length=40)] = ()
    task_code: Code = ""
    task_handle_item: Code = ""
    area_code: Code = ""
    who: Line = ""
    who_en: Prose = ""
    papers: Annotated[tuple[PaperSettings, ...], Field(max_length=40)] = ()
    fee: Line = ""
    fee_en: Prose = ""
    statutory_days: Days | None = None
    promised_days: Days | None = None
    guide: Prose = ""
    guide_en: Prose = ""
    resident_fields: Annotated[tuple[ResidentField, ...] | None, Field(max_length=20)] = None
    applies: bool = False
    form: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")] = ""


@dataclass(frozen=True)
class RowProblem:
    """What is wrong, or odd, with a row.

    Attributes:
        row: number of the row, from 1: of a list its place, of a table its line.
        matter: id of the matter, as far as it is known.
        column: the field, such as ``papers[0].copies``; "" for the row as a whole.
        reason, suggestion: in Chinese and English.
    """

    row: int
    matter: str
    column: str
    reason: Pair
    suggestion: Pair


def check(
    rows: Sequence[Any], numbers: Iterable[int] | None = None
) -> tuple[tuple[MatterSettings, ...], list[RowProblem]]:
    """The matters that ``rows`` describe, as JSON has them, and everything that is wrong with them.

    ``numbers`` are the rows' numbers; without them rows are counted from 1. Rows with problems are left out.
    """
    found: list[MatterSettings] = []
    problems: list[RowProblem] = []
    seen: dict[str, int] = {}
    for number, row in zip(numbers or range(1, len(rows) + 1), rows, strict=False):
        known = str(row["id"])[:64] if isinstance(row, dict) and isinstance(row.get("id"), str) else ""
        if not isinstance(row, dict):
            problems.append(
                RowProblem(number, "", "", ("不是一个事项", "this is no matter"), ("写成 { … }", "write { … }"))
            )
            continue
        try:
            matter = MatterSettings.model_validate(row)
        except ValidationError as error:
            problems += (_told(number, known, item) for item in error.errors(include_url=False))
            continue
        first = seen.setdefault(matter.id, number)
        if first != number:
            problems.append(
                RowProblem(
                    number,
                    known,
                    "id",
                    (f"和第 {first} 行重复", f"row {first} has the same id"),
                    ("换一个编号，或删去一行", "give it another id, or remove one of them"),
                )
            )
            continue
        found.append(matter)
    return tuple(found), problems


def without_service(
    matters: Iterable[MatterSettings], services: Collection[str], numbers: Mapping[str, int] | None = None
) -> list[RowProblem]:
    """A warning for each matter whose service is not there: it is kept, and shown as not available.

    ``numbers`` are the rows' numbers by id; without them rows are counted from 1.
    """
    return [
        RowProblem(
            place if numbers is None else numbers[one.id],
            one.id,
            "service",
            (f"没有业务 {one.service}，此事项暂不能取号", f"there is no service {one.service}: no numbers for it"),
            nearest(one.service, sorted(services)),
        )
        for place, one in enumerate(matters, 1)
        if one.service not in services
    ]


def _told(number: int, matter: str, item: Any) -> RowProblem:
    problem = wrong_value(item, MatterSettings, ("matters",))
    suggestion = problem.suggestion
    if item["type"] == "string_pattern_mismatch" and item["loc"][0] == "papers":
        suggestion = ("不写 | 和换行", "leave out | and line breaks")
    elif item["type"] == "string_pattern_mismatch" and item["loc"][0] != "id":
        suggestion = ("只用字母、数字和符号，不留空格", "letters, digits and signs, no blanks")
    elif item["type"] == "missing":
        suggestion = ("填上这一项", "fill it in")
    return RowProblem(number, matter, problem.key.removeprefix("matters."), problem.reason, suggestion)
