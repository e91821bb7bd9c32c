"""Opening hours and limits, cached until they are changed.

Each change writes a new random mark into the store; the cache is keyed by the mark. So it is never stale, whichever
process made the change and whichever backup was restored. Issuing reads the mark together with the next number, in one
statement.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, insert, select

from ticketing.calendar import Calendar, Hours, Quota, Slot, SpecialDay
from ticketing.day.transaction import Transaction
from ticketing.store import tables
from ticketing.store.prepared import Prepared

FACT = "timetable"
"""The fact that holds the mark; no row while nothing was set."""

_KEPT = 8
_f = tables.fact
_MARK = Prepared(select(_f.c.value).where(_f.c.name == bindparam("fact")))
_o, _d, _q, _s = tables.opening, tables.special_day, tables.quota, tables.slot
_HOURS = select(_o.c.service_id, _o.c.weekday, _o.c.opens_at, _o.c.closes_at)
_DAYS = select(_d.c.day, _d.c.weekday, _d.c.name, _d.c.name_en)
_QUOTAS = select(_q.c.service_id, _q.c.from_at, _q.c.to_at, _q.c.most)
_SLOTS = select(_s.c.service_id, _s.c.weekday, _s.c.from_at, _s.c.to_at, _s.c.capacity)
_LIMITED = select(tables.service.c.id, tables.service.c.per_person_day).where(
    tables.service.c.per_person_day.is_not(None)
)


@dataclass(frozen=True)
class Timetable:
    """Hours and limits.

    Attributes:
        calendar: hours, holidays, quotas, slots.
        per_person_day: tickets a person may take for a service in a day, where that is limited.
    """

    calendar: Calendar
    per_person_day: Mapping[str, int] = field(default_factory=dict)


_lock = threading.Lock()
_read: dict[tuple[bytes, ZoneInfo, timedelta], Timetable] = {}


def changed(m: Transaction) -> None:
    """Write a new mark; call it in the transaction that changes any of these tables."""
    m.conn.execute(delete(_f).where(_f.c.name == FACT))
    m.conn.execute(insert(_f).values(name=FACT, value=secrets.token_bytes(16)))


def at(m: Transaction, mark: bytes | None) -> Timetable:
    """The timetable under ``mark``, which was read in this transaction."""
    if mark is None:
        return _nothing(m.zone)
    key = bytes(mark), m.zone, m.rules.day_starts
    with _lock:
        found = _read.get(key)
    if found is None:
        found = _of_store(m)
        with _lock:
            _read[key] = found
            while len(_read) > _KEPT:
                del _read[next(iter(_read))]
    return found


def now(m: Transaction) -> Timetable:
    """The present timetable."""
    return at(m, _MARK.scalar(m.conn, {"fact": FACT}))


@lru_cache(_KEPT)
def _nothing(zone: ZoneInfo) -> Timetable:
    return Timetable(Calendar(zone))


def _of_store(m: Transaction) -> Timetable:
    days = (SpecialDay(date.fromisoformat(day), *rest) for day, *rest in m.conn.execute(_DAYS))
    calendar = Calendar(
        m.zone,
        [Hours(*row) for row in m.conn.execute(_HOURS)],
        days,
        [Quota(*row) for row in m.conn.execute(_QUOTAS)],
        [Slot(*row) for row in m.conn.execute(_SLOTS)],
        m.rules.day_starts,
    )
    return Timetable(calendar, {row.id: row.per_person_day for row in m.conn.execute(_LIMITED)})
