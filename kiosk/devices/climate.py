"""The hall's zones: tells this box's when the hall is open, records them, and knows those of other boxes."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiosk.service import Loop
from ticketing.model import StateError, StoreError, UnknownError
from ticketing.reports.climate import SPAN, ClimateRecord, ClimateRecords

if TYPE_CHECKING:
    from drivers.climate.driver import Climate

log = logging.getLogger(__name__)

LOOK = 10.0
"""Seconds between looks at the clock."""
FRESH = timedelta(minutes=15)
"""Age after which another box's record is no news."""


@dataclass(frozen=True)
class ZoneView:
    """A zone as it is now.

    Attributes:
        zone: its name, or "".
        device: of this box; None for a zone of another box.
        temperature: °C; None without a fresh reading, as is ``humidity`` in percent.
        on: whether its air conditioner runs; None where that is not known.
        why: see ``drivers.climate.thermostat.Why``; "" for a zone of another box.
        override: ``on`` or ``off`` as a person said, until ``override_until``; None when nobody did.
        controlled: whether there is an air conditioner to override.
        on_seconds: how long it ran since the program began.
    """

    zone: str
    device: str | None = None
    temperature: float | None = None
    humidity: float | None = None
    on: bool | None = None
    why: str = ""
    override: str | None = None
    override_until: datetime | None = None
    controlled: bool = False
    on_seconds: float = 0.0


class HallClimate(Loop):
    """The climate of a hall.

    Args:
        zones: this box's.
        records: of all boxes.
        now: the time, in the hall's zone.
    """

    def __init__(self, zones: "Sequence[Climate]", records: ClimateRecords, now: Callable[[], datetime]) -> None:
        self.records = records
        self._zones = zones
        self._now = now
        self._span: datetime | None = None
        self._counted: dict[str, float] = {}
        super().__init__("climate", LOOK, self._look)

    def here(self) -> list[ZoneView]:
        """This box's zones."""
        return [self._view(zone) for zone in self._zones]

    def views(self) -> list[ZoneView]:
        """All zones of the hall, this box's first; those of other boxes as they were recorded last."""
        here = self.here()
        known = {_key(zone) for zone in self._zones}
        try:
            others = [one for one in self.records.newest(FRESH) if one.zone not in known]
        except StoreError:
            others = []  # a screen shows what it can
        return here + [ZoneView(one.zone, None, one.temperature, one.humidity) for one in others]

    def override(self, device: str, on: bool | None, seconds: float) -> ZoneView:
        """Have a zone's air conditioner run, or not, for so long; None goes back to the readings.

        Raises:
            UnknownError: ``no_device``: this box has no such zone.
            StateError: ``not_controlled``: there is nothing to override.
        """
        zone = next((one for one in self._zones if one.name == device), None)
        if zone is None:
            raise UnknownError("no_device")
        if not zone.controls:
            raise StateError("not_controlled")
        zone.override(on, seconds)
        log.info("climate %s: %s for %.0f s", device, {None: "auto", True: "on", False: "off"}[on], seconds)
        return self._view(zone)

    def _view(self, zone: "Climate") -> ZoneView:
        found = zone.conditions()
        said, left = found.overridden or (None, 0.0)
        return ZoneView(
            zone.zone,
            zone.name,
            found.temperature,
            found.humidity,
            found.on,
            found.why,
            None if said is None else "on" if said else "off",
            None if said is None else self._now() + timedelta(seconds=left),
            zone.controls,
            found.on_seconds,
        )

    def _look(self) -> None:
        now = self._now()
        span = now.replace(minute=now.minute - now.minute % (SPAN.seconds // 60), second=0, microsecond=0)
        if self._span is None:
            self._span = span
        elif span != self._span:
            self.records.record([self._record(zone, self._span) for zone in self._zones])
            self._counted = {zone.name: zone.conditions().on_seconds for zone in self._zones}
            self._span = span
        minute = now.hour * 60 + now.minute
        for zone in self._zones:
            if zone.hours:
                zone.allow(any(first <= minute < last for first, last in zone.hours))
        if not all(zone.hours for zone in self._zones):
            is_open = self.records.hall_is_open()
            for zone in self._zones:
                if not zone.hours:
                    zone.allow(is_open)

    def _record(self, zone: "Climate", span: datetime) -> ClimateRecord:
        found = zone.conditions()
        ran = round(found.on_seconds - self._counted.get(zone.name, 0.0))
        # With a set point alone the air conditioner runs as its own thermostat says.
        seconds = ran if zone.has_relay else None
        return ClimateRecord(_key(zone), span, found.temperature, found.humidity, seconds)


def _key(zone: "Climate") -> str:
    """What a zone is recorded under."""
    return zone.zone or zone.name
