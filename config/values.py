"""Kinds of values that settings are made of, each refused by a code that ``config.problems`` has words for."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    WithJsonSchema,
)

from config.addresses import is_one_address


class Section(BaseModel):
    """A table of the file. Keys it does not know are refused: a mistyped key that is ignored costs a hall the most."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_address(value: str) -> str:
    """The address of one machine; raises ValueError (``no_address``)."""
    if not is_one_address(value):
        raise ValueError("no_address")
    return value


def minutes_of(clock: str) -> int | None:
    """Minutes after midnight of ``HH:MM``, or None where that is not what it is. 26:30 is half past two at night."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", clock)
    if not found or int(found[1]) > 48:
        return None
    return int(found[1]) * 60 + int(found[2])


def clock_of(minutes: int) -> str:
    """``HH:MM`` of minutes after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, order=True)
class ClockPeriod:
    """From one time of a hall day to another, in minutes after its midnight; may run past 24:00."""

    from_at: int
    to_at: int

    def __str__(self) -> str:
        return f"{clock_of(self.from_at)}-{clock_of(self.to_at)}"

    @classmethod
    def parse(cls, value: Any) -> "ClockPeriod":
        """The period of ``"09:00-12:00"``; raises ValueError (``no_period``, ``period_backwards``)."""
        if isinstance(value, ClockPeriod):
            return value
        ends = [minutes_of(end.strip()) for end in value.split("-")] if isinstance(value, str) else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            raise ValueError("no_period")
        if ends[0] >= ends[1]:
            raise ValueError("period_backwards")
        return cls(ends[0], ends[1])

    def overlaps(self, other: "ClockPeriod") -> bool:
        """Whether they share a minute."""
        return self.from_at < other.to_at and other.from_at < self.to_at

    def contains(self, other: "ClockPeriod") -> bool:
        """Whether ``other`` lies within."""
        return self.from_at <= other.from_at and other.to_at <= self.to_at


def _time(value: Any) -> str:
    minutes = minutes_of(value) if isinstance(value, str) else None
    if minutes is None or minutes >= 24 * 60:
        raise ValueError("no_time")
    return clock_of(minutes)


def _day(value: Any) -> date:
    # TOML has dates of its own, JSON writes them as texts.
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # the 31st of a short month
    raise ValueError("no_day")


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""ISO 8601's order: the first has number 1."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Whole = Annotated[int, Strict()]
"""No truth value, whatever Python thinks, and no number in quotes or with a point."""
Address = Annotated[str, AfterValidator(one_address)]
Time = Annotated[str, PlainValidator(_time), WithJsonSchema({"type": "string", "examples": ["04:00"]})]
PeriodText = Annotated[
    ClockPeriod,
    PlainValidator(ClockPeriod.parse),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["09:00-12:00"]}),
]
Day = Annotated[
    date,
    PlainValidator(_day),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]
