"""Bodies and query strings of requests. An error names field and kind; it never repeats a value."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from drivers.card_reader.id_card import valid_id_number
from ticketing.model import Coded, Resident

FOREIGNER_2017 = re.compile(r"[A-Z]{3}[0-9]{12}")
"""The number on the 2017 permanent residence card, which is no GB 11643 number."""


DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Bidirectional control characters."""


def _printable(value: Any) -> Any:
    """Text without control and bidirectional characters, which would reach printers, screens and forms."""
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if unicodedata.category(c) not in ("Cc", "Zl", "Zp") and c not in _TURNS).strip()


Line = Annotated[str, BeforeValidator(_printable), Field(max_length=200)]
Identifier = Annotated[str, Field(min_length=1, max_length=64)]


MatterIds = Annotated[
    list[Identifier],
    Field(max_length=20, description="matters it is for: of its service, or of a service it goes on to"),
]


class Body(BaseModel):
    """Base of all bodies: no unknown fields, no conversion, no value in error messages."""

    # Built when first used: the program starts faster.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


class QueryString(BaseModel):
    """Base of all query strings; values are text, and converted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)


class CodedBody(Body):
    """A value of a national code table."""

    code: Line
    label: Line = ""


def _day(value: Any) -> Any:
    """Refuses what pydantic would also take for a day: a moment, a number of seconds."""
    if isinstance(value, int | float) or (isinstance(value, str) and not DAY.fullmatch(value)):
        raise PydanticCustomError("bad_day", "not a day: YYYY-MM-DD")
    return value


Day = Annotated[date, Field(strict=False, ge=date(1850, 1, 1)), BeforeValidator(_day)]


class ResidentBody(Body):
    """A resident as far as known; `kind` is `typed` where no card was read."""

    kind: Literal["resident", "hk-macao-taiwan", "foreigner-2017", "foreigner-2023", "social-security", "typed"] = (
        "typed"
    )
    name: Line | None = None
    name_en: Line | None = None
    sex: CodedBody | None = None
    ethnicity: CodedBody | None = None
    birth_date: Day | None = None
    address: Line | None = None
    id_number: Annotated[Line | None, Field(description="GB 11643")] = None
    authority: Line | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    nationality: Line | None = None
    pass_number: Line | None = None
    issue_count: Line | None = None
    renewal_count: Line | None = None

    @model_validator(mode="after")
    def _real_number(self) -> "ResidentBody":
        if self.id_number is not None:
            self.id_number = checked_id_number(self.id_number, self.kind)
        return self

    def resident(self) -> Resident:
        """The same for the office."""
        values: dict[str, Any] = {name: getattr(self, name) or None for name in type(self).model_fields}
        for name in ("sex", "ethnicity"):
            coded: CodedBody | None = values[name]
            values[name] = Coded(coded.code, coded.label) if coded else None
        return Resident(**values)


def checked_id_number(number: str, kind: str = "typed") -> str:
    """The number in capitals and half-width, however a Chinese keyboard wrote it; raises ``bad_id_number``."""
    number = unicodedata.normalize("NFKC", number).replace(" ", "").upper()
    if not valid_id_number(number) and not (kind == "foreigner-2017" and FOREIGNER_2017.fullmatch(number)):
        raise PydanticCustomError("bad_id_number", "not a valid ID number: 18 digits (the last may be X) by GB 11643")
    return number


class IssueBody(Body):
    """A ticket to be issued."""

    service: Identifier
    priority: Identifier | None = Field(None, description="a class of the hall's settings; the desk's to give")
    priority_reason: Annotated[Line | None, Field(max_length=60, description="why; for the audit log")] = None
    resident: ResidentBody | None = None
    agent: Annotated[ResidentBody | None, Field(description="who takes it for the resident (代办)")] = None
    chain: Annotated[
        list[Identifier] | None, Field(max_length=20, description="services it goes on to; null for the service's own")
    ] = None
    matters: MatterIds = Field(default_factory=list)


class MayBeEmpty(Body):
    """A body that may be missing: the same as ``{}``."""

    @model_validator(mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        return {} if value is None else value


class PressBody(MayBeEmpty):
    """What a resident at the kiosk presses; with the `visit` that was shown, it is refused once they have left."""

    visit: Annotated[str | None, Field(max_length=64)] = None


class ChooseBody(PressBody):
    """The service a resident at the kiosk chose, and for which of its matters."""

    service: Identifier
    matters: MatterIds = Field(default_factory=list)
    large: bool = Field(False, description="the slip in large print")


class ReprintBody(PressBody):
    """The service for which somebody has a ticket."""

    service: Identifier
    lost: bool = Field(False, description="earlier slips were lost: they are worth nothing from now on")
    large: bool = Field(False, description="the slip in large print")


class TypedBody(PressBody):
    """The number of a resident who has no card."""

    id_number: Line

    @model_validator(mode="after")
    def _real_number(self) -> "TypedBody":
        self.id_number = checked_id_number(self.id_number)
        return self


class SpeakBody(PressBody):
    """What the page shows, to be read aloud in its place."""

    words: Annotated[Line, Field(max_length=600, description="empty: be quiet")]
    language: Annotated[str, Field(max_length=20, description="zh, en, or a language of the hall's settings")]


class VolumeBody(Body):
    """What a resident does to the volume of the earphones."""

    change: Literal["louder", "softer", "normal"]


class ScanBody(Body):
    """What a scanner read at a window."""

    code: Annotated[str, Field(min_length=1, max_length=512)]
    override_reason: Annotated[Line | None, Field(description="to serve a ticket called elsewhere; it is logged")] = (
        None
    )


Password = Annotated[str, Field(min_length=1, max_length=1024)]
Code = Annotated[str, Field(max_length=32, description="six digits of the second factor, or a recovery code")]


class LoginBody(Body):
    """A name and a password, and the code of the second factor where the account has one."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password
    totp: Code | None = None


class PasswordBody(Body):
    """A password alone."""

    password: Password


class NewPasswordBody(Body):
    """The present password and the next one."""

    old: Password
    new: Password


class TotpBody(Body):
    """A code of the second factor that is being set up."""

    totp: Code
