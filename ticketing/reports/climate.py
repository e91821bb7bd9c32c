"""The climate of the hall's zones: a value each five minutes, for a day's curve and the hours an air conditioner ran.

Every box writes its own zones; any box can show them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, select

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.setup import timetable
from ticketing.store import tables

SPAN = timedelta(minutes=5)
"""From one record of a zone to the next."""
KEPT = timedelta(days=366)
"""How long records are kept: as long as a report may reach back."""
_HUNDREDTHS = 100
_c = tables.climate


@dataclass(frozen=True)
class ClimateRecord:
    """A zone in one span of five minutes.

    Attributes:
        zone: its name.
        at: when the span began.
        temperature: °C at its end; None without a reading, as is ``humidity`` in percent.
        on_seconds: how long the air conditioner ran in it; None where that is not known.
    """

    zone: str
    at: datetime
    temperature: float | None
    humidity: float | None
    on_seconds: int | None


class ClimateRecords:
    """Keeps and gives records. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(self, records: Sequence[ClimateRecord]) -> None:
        """Keep records, in place of any of the same zone and span; drop those whose time is over."""
        with self._ledger.verb() as m:
            m.conn.execute(delete(_c).where(_c.c.at < microseconds(m.now - KEPT)))
            for one in records:
                key = {"at": microseconds(one.at), "zone": one.zone}
                m.conn.execute(delete(_c).where(_c.c.at == key["at"], _c.c.zone == key["zone"]))
                values = {
                    "temperature": _stored(one.temperature),
                    "humidity": _stored(one.humidity),
                    "on_seconds": one.on_seconds,
                }
                m.conn.execute(insert(_c).values(**key, **values))

    def day(self, day: date) -> list[ClimateRecord]:
        """The records of a hall day, by time and zone."""
        with self._ledger.look() as m:
            return _between(m, m.begin_of(day), m.begin_of(day + timedelta(days=1)))

    def newest(self, within: timedelta) -> list[ClimateRecord]:
        """The newest record of each zone that has any in the time before now."""
        with self._ledger.look() as m:
            found = _between(m, m.now - within, m.now + SPAN)
        return list({one.zone: one for one in found}.values())

    def hall_is_open(self) -> bool:
        """Whether any service is open now."""
        with self._ledger.look() as m:
            calendar = timetable.now(m).calendar
            services = [one.id for one in m.services() if not one.removed]
            return not services or any(calendar.open_now(one, m.now) for one in services)


def _between(m: Transaction, first: datetime, last: datetime) -> list[ClimateRecord]:
    """The records from ``first`` on, before ``last``."""
    wanted = select(_c).where(_c.c.at >= microseconds(first), _c.c.at < microseconds(last))
    return [
        ClimateRecord(row.zone, m.time(row.at), _read(row.temperature), _read(row.humidity), row.on_seconds)
        for row in m.conn.execute(wanted.order_by(_c.c.at, _c.c.zone))
    ]


def _stored(value: float | None) -> int | None:
    return None if value is None else round(value * _HUNDREDTHS)


def _read(value: int | None) -> float | None:
    return None if value is None else value / _HUNDREDTHS
