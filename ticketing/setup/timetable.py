"""Opening hours and limits, cached until they are changed.

Each change of the hall's setup, and of its matters, writes a new random mark into the store; the cache is keyed by the
mark. So it is never stale, whichever process made the change and whichever backup was restored. Issuing reads the mark
together with the next number, in one statement.
"""

import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, delete, insert, select

from ticketing.calendar import Calendar, Hours, Quota, Slot, SpecialDay
from ticketing.day.transaction import Transaction
from ticketing.store import tables
from ticketing.store.prepared import Prepared

FACT = "timetable"
"""The fact that holds the mark; no row while nothing was set."""

_KEPT = 8
_f = tables.fact
_MARK = Prepared(select(_f.c.value).where(_f.c.name == bindparam("fact")))
_Rule = TypeVar("_Rule", bound=Hours | SpecialDay | Quota | Slot)
# The columns of each table are the fields of its class, in their order.
_TABLES: Mapping[type, Table] = {
    Hours: tables.opening,
    SpecialDay: tables.special_day,
    Quota: tables.quota,
    Slot: tables.slot,
}
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
    """Write a new mark; call it in the transaction that changes services, matters or any of these tables."""
    m.conn.execute(delete(_f).where(_f.c.name == FACT))
    m.conn.execute(insert(_f).values(name=FACT, value=secrets.token_bytes(16)))


def mark(m: Transaction) -> bytes | None:
    """The present mark; None while nothing was set."""
    found: bytes | None = _MARK.scalar(m.conn, {"fact": FACT})
    return None if found is None else bytes(found)


def read(m: Transaction, kind: type[_Rule]) -> tuple[_Rule, ...]:
    """All hours, special days, quotas or slots, by key."""
    table = _TABLES[kind]
    rows: Iterable[Any] = m.conn.execute(select(table).order_by(*table.primary_key))
    if kind is SpecialDay:
        rows = ((date.fromisoformat(day), *rest) for day, *rest in rows)
    return tuple(kind(*row) for row in rows)


def put(m: Transaction, kind: type[_Rule], rules: Sequence[_Rule]) -> None:
    """Replace all hours, special days, quotas or slots; then call :func:`changed`."""
    table = _TABLES[kind]
    m.conn.execute(delete(table))
    if rules:
        values = ((one.isoformat() if isinstance(one, date) else one for one in astuple(rule)) for rule in rules)
        m.conn.execute(insert(table), [dict(zip(table.columns.keys(), row, strict=True)) for row in values])


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
    return at(m, mark(m))


@lru_cache(_KEPT)
def _nothing(zone: ZoneInfo) -> Timetable:
    return Timetable(Calendar(zone))


def _of_store(m: Transaction) -> Timetable:
    hours, days, quotas, slots = read(m, Hours), read(m, SpecialDay), read(m, Quota), read(m, Slot)
    calendar = Calendar(m.zone, hours, days, quotas, slots, m.rules.day_starts)
    return Timetable(calendar, {row.id: row.per_person_day for row in m.conn.execute(_LIMITED)})
