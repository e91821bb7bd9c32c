"""``/what-if``: what a window more or less would have changed; ``/expected``: how many will come in the next days."""

from typing import Any, Literal

from flask import Response
from pydantic import Field

from config.values import clock_of, minutes_of
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, answer, joined
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.bodies import QueryString
from kiosk.web.schema.routes import Routes
from ticketing.model import StateError
from ticketing.planning.planning import DayExpected
from ticketing.waits.replay import Change
from ticketing.waits.turnout import Expected

CLOCK = r"^[0-9]{1,2}:[0-5][0-9]$"


class WhatIfQuery(QueryString):
    """A window that is open or shut from one time of the day to another, and the days to try it on.

    One past `day`; or the last eight weeks' days like `weekday` (1 is Monday); or, without either, all working days.
    """

    window: str = Field(max_length=64)
    does: Literal["open", "shut"] = "open"
    begins: str = Field(alias="from", pattern=CLOCK)
    ends: str = Field(alias="to", pattern=CLOCK)
    day: Date | None = None
    weekday: int | None = Field(None, ge=1, le=7)


class OutcomeAnswer(Answer):
    """A day's waits, in minutes: of all residents together, of half and of nine tenths of them at most."""

    minutes: float
    median: float
    p90: float
    unserved: float = Field(description="tickets that are never called")


class WhatIfAnswer(Answer):
    """What the change would have done to such a day."""

    window: str
    does: Literal["open", "shut"]
    begins: str = Field(alias="from")
    ends: str = Field(alias="to")
    base: OutcomeAnswer = Field(description="without it")
    changed: OutcomeAnswer = Field(description="with it")
    saves: float = Field(description="person-minutes a day, on average")
    low: float = Field(description="between low and high lie four days of five")
    high: float
    days: int = Field(description="past days that were lived through")
    runs: int = Field(description="how often altogether")
    waited: float | None = Field(description="minutes that residents of these days really waited, on average")
    replayed: float = Field(description="the same without the change, lived through again")


class PartAnswer(Answer):
    """A part of a day: how many are expected, and how many came."""

    mean: float
    low: int
    high: int
    came: int | None


class HourAnswer(PartAnswer):
    """An hour."""

    hour: int


class ServiceExpectedAnswer(PartAnswer):
    """A service, of all hours."""

    service: str


class DayExpectedAnswer(Answer):
    """A day; `like` is the weekday whose days it is like, null on a holiday."""

    day: str
    like: int | None
    hours: list[HourAnswer]
    services: list[ServiceExpectedAnswer]


class ExpectedAnswer(Answer):
    """The next days, and the last ones as they had been foretold."""

    coming: list[DayExpectedAnswer]
    past: list[DayExpectedAnswer]
    held: float | None = Field(description="the share of the past hours that came as foretold")
    held_for: float | None = Field(description="the same of the past days' services")


def routes(hall: Hall) -> Routes:
    """The routes of questions about days to come."""
    api = Routes("planning", "Days to come")

    @api.get("/what-if", summary="What a window more or less would change", responses={"200": WhatIfAnswer})
    @allow("manager")
    def what_if(query: WhatIfQuery) -> Response:
        """Past days are lived through again with and without the change, by another process of the box."""
        begins, ends = minutes_of(query.begins), minutes_of(query.ends)
        if begins is None or ends is None:
            raise StateError("bad_change")
        change = Change(query.window, 60.0 * begins, 60.0 * ends, query.does == "open")
        found = hall.planning.what_if(change, query.day, query.weekday)
        asked = {"window": query.window, "does": query.does, "from": clock_of(begins), "to": clock_of(ends)}
        return answer(WhatIfAnswer.of(joined(found, **asked)))

    @api.get("/expected", summary="How many will come in the next days", responses={"200": ExpectedAnswer})
    @allow("manager")
    def expected() -> Response:
        """By hour and by service, with the interval in which four of five lie, from the same weekday of eight weeks."""
        week = hall.planning.week()
        told = {"coming": [_day(one) for one in week.coming], "past": [_day(one) for one in week.past]}
        return answer(ExpectedAnswer.of(joined(week, **told)))

    return api


def _day(one: DayExpected) -> DayExpectedAnswer:
    hours = [
        HourAnswer(hour=hour, **_part(each, None if one.came is None else one.came.get(hour, 0)))
        for hour, each in one.hours.items()
    ]
    services = [
        ServiceExpectedAnswer(
            service=service, **_part(each, None if one.came_for is None else one.came_for.get(service, 0))
        )
        for service, each in one.services.items()
    ]
    return DayExpectedAnswer(day=f"{one.day}", like=one.like, hours=hours, services=services)


def _part(one: Expected, came: int | None) -> dict[str, Any]:
    return {"mean": round(one.mean, 1), "low": one.low, "high": one.high, "came": came}
