"""Bodies and answers of ``/matters``."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from config.matters import MOST_MATTERS, MatterSettings, RowProblem
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import Answer
from kiosk.web.schema.bodies import Body, QueryString
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.routes import NamedPath
from ticketing.matters.matters import Listed


class MatterPath(NamedPath):
    """The matter's id."""

    unknown: ClassVar[str] = "unknown_matter"
    matter: str = Field(max_length=64)


class LeafletPath(MatterPath):
    """The matter's id and the number of a print."""

    unknown: ClassVar[str] = "unknown_print_job"
    leaflet: int = Field(ge=1, lt=2**31)


class LeafletAnswer(Answer):
    """A slip that says what to bring: `unconfirmed` may be out, `failed` is not, for the `reason` of the printer."""

    leaflet: int
    state: Literal["pending", "printed", "unconfirmed", "failed"]
    reason: str | None


class MattersBody(Body):
    """All matters; they are checked together, so that all that is wrong with them is told at once."""

    matters: Annotated[list[Any], Field(max_length=MOST_MATTERS)]


class MatterBody(RootModel[Any]):
    """A matter, whole."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Described as what it is checked for."""
        return handler(MatterSettings.__pydantic_core_schema__)


class PaperAnswer(Answer):
    """A paper to bring: whether its original is looked at, and how many copies stay there."""

    name: str
    name_en: str
    original: bool
    copies: int
    sample: str = Field(description="where a filled-in one is to be seen")


class MatterAnswer(Answer):
    """A matter, whole. Days are working days; `resident_fields` null means those of its service."""

    id: str
    name: str
    name_en: str
    audience: Literal["personal", "business"]
    theme: str
    theme_en: str
    service: str
    words: list[str]
    task_code: str
    task_handle_item: str
    area_code: str
    who: str
    who_en: str
    papers: list[PaperAnswer]
    fee: str
    fee_en: str
    statutory_days: int | None
    promised_days: int | None
    guide: str
    guide_en: str
    resident_fields: list[str] | None
    applies: bool
    form: str


class ListedMatterAnswer(Answer):
    """A matter in the list. Not `available`: its service is gone, and no number is issued for it."""

    id: str
    name: str
    name_en: str
    audience: Literal["personal", "business"]
    theme: str
    theme_en: str
    service: str
    available: bool
    initials: str = Field(description="first letters of the name in pinyin, such as `yyzz`")
    pinyin: str = Field(description="the name in pinyin, syllables apart")
    words: list[str] = Field(description="what else people call it")
    words_pinyin: list[str] = Field(description="each of `words` in pinyin")
    asked_today: int = Field(description="how many of today's tickets are for it")
    applies: bool
    form: str


class MatterListAnswer(Answer):
    """All matters, in their order; themes stand in the order of their first matters."""

    version: str = Field(description="changes when any field of any matter does")
    matters: list[ListedMatterAnswer]


class FiguresQuery(QueryString):
    """Which days, both included; today without them."""

    first: Date | None = Field(None, alias="from")
    last: Date | None = Field(None, alias="to")
    format: Literal["csv", "json"] = "json"


class MatterFiguresAnswer(Answer):
    """How often a matter came: tickets that carried it, cases that were recorded of it."""

    id: str
    name: str
    name_en: str
    theme: str
    service: str
    tickets: int
    cases: int


class AllMatterFiguresAnswer(Answer):
    """The matters that came, in their order."""

    matters: list[MatterFiguresAnswer]


class MatterChangeAnswer(Answer):
    """What was changed; `moved` is the order as a whole."""

    id: str
    how: Literal["added", "changed", "removed", "moved"]
    fields: list[str]


class MatterWarningAnswer(Answer):
    """Something odd that is kept all the same, such as a matter whose service is not there."""

    row: int
    matter: str
    column: str
    message: str
    message_zh: str

    @classmethod
    def of_problem(cls, one: RowProblem) -> "MatterWarningAnswer":
        """The warning of a row."""
        return cls.of(problem_as_json(one))


class FileQuery(QueryString):
    """The kind of file."""

    format: Literal["csv", "json"] = "csv"


class ImportQuery(QueryString):
    """Whether to say only what would change; the version that the file was made from."""

    dry_run: bool = False
    version: str | None = Field(None, max_length=64, description="refused if the matters were changed since")


class MattersChangedAnswer(Answer):
    """The version of the list, what was changed, and what is odd."""

    version: str
    changes: list[MatterChangeAnswer]
    warnings: list[MatterWarningAnswer]


def problem_as_json(one: RowProblem) -> dict[str, Any]:
    """What is wrong with a row, as answers have it."""
    zh, en = (f"{reason} → {advice}" for reason, advice in zip(one.reason, one.suggestion, strict=True))
    return {"row": one.row, "matter": one.matter, "column": one.column, "message": en, "message_zh": zh}


def refuse(problems: Sequence[RowProblem]) -> None:
    """Raise ``bad_matters`` with every row that is wrong, if any is."""
    if problems:
        faults = [
            {"field": f"matters.{one.row}.{one.column}".rstrip("."), "reason": "bad_matter", **problem_as_json(one)}
            for one in problems
        ]
        raise RequestError(422, "bad_matters", wrong=len(faults), errors=faults)


def listed_as_json(one: Listed, asked: int) -> dict[str, Any]:
    """A line of the list, as :class:`ListedMatterAnswer` has it; made by hand, since a hall has a thousand."""
    return {
        "id": one.id,
        "name": one.name,
        "name_en": one.name_en,
        "audience": one.audience,
        "theme": one.theme,
        "theme_en": one.theme_en,
        "service": one.service,
        "available": one.available,
        "initials": one.initials,
        "pinyin": one.pinyin,
        "words": list(one.words),
        "words_pinyin": list(one.words_pinyin),
        "asked_today": asked,
        "applies": one.applies,
        "form": one.form,
    }
