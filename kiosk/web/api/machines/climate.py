"""``/climate``: how warm it is in the hall's zones, a day's curve, and a person's override of an air conditioner."""

from itertools import groupby
from typing import Any, Literal

from flask import Response
from pydantic import Field, RootModel, model_validator

from display.climate import zone_words
from kiosk.devices.climate import ZoneView
from kiosk.web.api.machines.devices import DevicePath
from kiosk.web.auth import allow, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, Instant, SaidAnswer, answer, joined
from kiosk.web.schema.bodies import Body, QueryString
from kiosk.web.schema.bodies import Day as Date
from kiosk.web.schema.routes import Routes
from ticketing.reports.climate import ClimateRecord


class ClimateDayQuery(QueryString):
    """Which day; today when none is named."""

    date: Date | None = None


class OverrideBody(Body):
    """What a person wants of an air conditioner, and for how long."""

    state: Literal["on", "off", "auto"] = Field(description="`auto` goes back to the readings")
    minutes: int = Field(60, ge=1, le=12 * 60, description="then it goes back by itself")


class ZoneAnswer(Answer):
    """A zone now; values are null without a fresh reading, `on` where it is not known whether it runs."""

    zone: str
    device: str | None = Field(description="this box's device; null for a zone of another box")
    temperature: float | None = Field(description="°C")
    humidity: float | None = Field(description="percent")
    words: SaidAnswer | None
    controlled: bool = Field(description="whether it has an air conditioner that can be overridden")
    on: bool | None
    why: Literal["override", "stale", "closed", "temperature", "waits", ""]
    override: Literal["on", "off"] | None = Field(description="what a person said")
    override_until: Instant | None

    @model_validator(mode="before")
    @classmethod
    def _of_view(cls, value: Any) -> Any:
        if not isinstance(value, ZoneView):
            return value
        return joined(value, words=zone_words(value.zone, value.temperature, value.humidity))


class ZonesAnswer(RootModel[list[ZoneAnswer]]):
    """The zones of the hall."""


class ClimatePointAnswer(Answer):
    """A zone at the end of five minutes that began at `at`."""

    at: Instant
    temperature: float | None
    humidity: float | None
    on_seconds: int | None = Field(description="how long the air conditioner ran in them; null where not known")


class ZoneDayAnswer(Answer):
    """A zone's day."""

    zone: str
    on_minutes: int | None = Field(description="how long the air conditioner ran; null where that is not known")
    points: list[ClimatePointAnswer]


class ClimateDayAnswer(Answer):
    """The zones of a hall day."""

    date: str
    zones: list[ZoneDayAnswer]


def routes(hall: Hall) -> Routes:
    """The routes of the hall's climate."""
    api = Routes("climate", "Temperature, humidity, air conditioners")

    @api.get("/climate", summary="How warm it is", responses={"200": ZonesAnswer})
    @public
    def show() -> Response:
        return answer(ZonesAnswer([ZoneAnswer.of(one) for one in hall.climate.views()]))

    @api.get("/climate/day", summary="A day's curve", responses={"200": ClimateDayAnswer})
    @allow("manager", "technician")
    def day(query: ClimateDayQuery) -> Response:
        wanted = query.date or hall.office.ledger.today()
        records = sorted(hall.climate.records.day(wanted), key=lambda one: one.zone)
        zones = [_zone_day(zone, list(some)) for zone, some in groupby(records, lambda one: one.zone)]
        return answer(ClimateDayAnswer(date=f"{wanted}", zones=zones))

    @api.post(
        "/climate/<device>/override",
        summary="Have an air conditioner run, or not, for a while",
        responses={"200": ZoneAnswer},
    )
    @allow("manager", "technician")
    def override(path: DevicePath, body: OverrideBody) -> Response:
        """It goes before readings and hours, until its time is over or `auto` is said."""
        on = {"on": True, "off": False, "auto": None}[body.state]
        return answer(ZoneAnswer.of(hall.climate.override(path.device, on, 60.0 * body.minutes)))

    return api


def _zone_day(zone: str, records: list[ClimateRecord]) -> ZoneDayAnswer:
    known = [one.on_seconds for one in records if one.on_seconds is not None]
    points = [ClimatePointAnswer.of(one) for one in records]
    return ZoneDayAnswer(zone=zone, on_minutes=round(sum(known) / 60) if known else None, points=points)
