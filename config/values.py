"""Kinds of values that settings are made of. Each validator says in its own words what it refuses."""

import re
from collections.abc import Callable
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
from pydantic_core import PydanticCustomError

from config.addresses import is_network, is_one_address


class Section(BaseModel):
    """A table of the file. Keys it does not know are refused: a mistyped key that is ignored costs a hall the most."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong_setting(zh: str, en: str, advice: str, advice_en: str, *, secret: bool = False) -> PydanticCustomError:
    """What a validator raises: what is wrong with a value, to be read behind it, and what to write instead.

    A value that is a ``secret`` is not shown.

    The settings of devices raise errors of the same type with the same context.
    """
    context = {"zh": zh, "en": en, "advice": advice, "advice_en": advice_en, "secret": secret}
    return PydanticCustomError("wrong-setting", "wrong", context)


def must(holds: Callable[[str], bool], zh: str, en: str, advice: str, advice_en: str) -> AfterValidator:
    """A validator that refuses, in the words of :func:`wrong_setting`, every value for which ``holds`` is false."""

    def check(value: str) -> str:
        if not holds(value):
            raise wrong_setting(zh, en, advice, advice_en)
        return value

    return AfterValidator(check)


def one_address(value: str) -> str:
    """The IP address of one machine; raises ValueError where ``value`` is none."""
    if is_network(value):
        raise wrong_setting("是一个网段", "is a network", "逐个写出 IP 地址", "write the IP addresses one by one")
    if not is_one_address(value):
        raise wrong_setting(
            "不是一台机器的 IP 地址",
            "is not the IP address of a machine",
            "写 IP 地址，如 192.168.1.2",
            "write an IP address such as 192.168.1.2",
        )
    return value


def minutes_of(clock: str) -> int | None:
    """Minutes after midnight of ``HH:MM``; None where ``clock`` is not of this form. 26:30 is 02:30 of the next day."""
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
        """The period of ``"09:00-12:00"``; raises ValueError."""
        if isinstance(value, ClockPeriod):
            return value
        ends = [minutes_of(end.strip()) for end in value.split("-")] if isinstance(value, str) else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            raise wrong_setting(
                "不是一段时间",
                "is no period",
                "写成 HH:MM-HH:MM，如 09:00-12:00",
                "write HH:MM-HH:MM, such as 09:00-12:00",
            )
        if ends[0] >= ends[1]:
            raise wrong_setting(
                "的结束不晚于开始",
                "does not end after it begins",
                "跨过午夜的时间写成 20:00-26:00 这样",
                "past midnight write it like 20:00-26:00",
            )
        return cls(ends[0], ends[1])

    def overlaps(self, other: "ClockPeriod") -> bool:
        """Whether both periods share a minute."""
        return self.from_at < other.to_at and other.from_at < self.to_at

    def contains(self, other: "ClockPeriod") -> bool:
        """Whether ``other`` lies within this period."""
        return self.from_at <= other.from_at and other.to_at <= self.to_at


def _time(value: Any) -> str:
    minutes = minutes_of(value) if isinstance(value, str) else None
    if minutes is None or minutes >= 24 * 60:
        raise wrong_setting(
            "不是一天中的时刻", "is no time of the day", "写成 HH:MM，如 04:00", "write HH:MM, such as 04:00"
        )
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
    raise wrong_setting("不是日期", "is no date", "写成 2026-10-01 这样", "write it like 2026-10-01")


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""ISO 8601's order: the first has number 1."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Whole = Annotated[int, Strict()]
"""A whole number: no boolean, no number in quotes or with a point."""
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
