"""Hours (时间): when screens are lit, and when the hall opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from ticketing.day.transaction import Transaction, t
from ticketing.model import Service
from ticketing.setup import timetable
from ticketing.store import tables

LIT_BEFORE, LIT_AFTER = timedelta(minutes=30), timedelta(minutes=15)
"""How long before the hall opens screens are lit, and how long after it closed; longer while anybody is left."""

_ANYBODY = select(t.c.id).where(tables.waiting | tables.open_, t.c.hall_day == bindparam("day")).limit(1)


@dataclass(frozen=True)
class HallHours:
    """The hours of the hall as a whole, now.

    Attributes:
        open: whether any service gives numbers; also where the hall has no services yet.
        opens_at: when the first one does; None while one does, and where no opening is known.
        lit: whether screens show anything: at night, when nobody is left, they are dark.
        lit_at: when they show something again; None while they do, and where no opening is known.
    """

    open: bool
    opens_at: datetime | None
    lit: bool
    lit_at: datetime | None


def hall_hours(m: Transaction) -> HallHours:
    """The hours now."""
    services = [one for one in m.services() if not one.removed]
    calendar = timetable.now(m).calendar
    is_open = not services or any(calendar.open_now(one.id, m.now) for one in services)
    coming = [] if is_open else [calendar.opens_next(one.id, m.now) for one in services]
    opens_at = min((at for at in coming if at), default=None)
    lit = is_lit(m, services) or m.conn.execute(_ANYBODY, {"day": m.day}).first() is not None
    return HallHours(is_open, opens_at, lit, None if lit else _before(opens_at))


def is_lit(m: Transaction, services: Sequence[Service]) -> bool:
    """Whether any of these services is open, opens soon, or closed just now; of no services, always."""
    calendar = timetable.now(m).calendar
    times = (m.now, m.now + LIT_BEFORE, m.now - LIT_AFTER)
    return not services or any(calendar.open_now(one.id, at) for one in services for at in times)


def lit_at(m: Transaction, services: Sequence[Service]) -> datetime | None:
    """When screens of these services, which are dark now, are lit again; None where no opening is known."""
    calendar = timetable.now(m).calendar
    coming = (calendar.opens_next(one.id, m.now) for one in services)
    return _before(min((at for at in coming if at), default=None))


def _before(opens_at: datetime | None) -> datetime | None:
    return None if opens_at is None else opens_at - LIT_BEFORE
