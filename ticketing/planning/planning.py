"""Reads the hall's past days for the models that foretell (``waits.turnout``) and try changes (``waits.replay``)."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from ticketing.calendar import Calendar
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.day.transaction import t as _t
from ticketing.model import StateError
from ticketing.reports import rollups
from ticketing.setup import timetable
from ticketing.store import tables
from ticketing.waits.pace import PastCase
from ticketing.waits.replay import Change, Comparison, Desk, PastDay, compare, past_day
from ticketing.waits.turnout import Expected, expected

WEEKS = 8
"""How far back days are looked at."""
MOST_DAYS = 20
"""Days that are replayed, the newest of those asked for."""
AHEAD = 7
"""Days that are foretold, and that are checked."""

_v = tables.visit
_QUEUED = func.coalesce(_t.c.queued_at, _t.c.issued_at)


@dataclass(frozen=True)
class DayExpected:
    """How many will come on a day.

    Attributes:
        day: the date.
        like: the ISO weekday whose days it is like; None on a holiday.
        hours: by hour; empty on a holiday, and where too few such days are known.
        services: the same by service.
        came, came_for: how many did come by hour, and by service, of a day that is over.
    """

    day: date
    like: int | None
    hours: dict[int, Expected]
    services: dict[str, Expected]
    came: dict[int, int] | None = None
    came_for: dict[str, int] | None = None


@dataclass(frozen=True)
class Week:
    """The next days, and the last ones as they had been foretold, each from the days before it.

    Attributes:
        coming, past: from the earliest.
        held, held_for: share, 0 to 1, of the past hours, and of the past days' services, that came within their
            interval; None without any.
    """

    coming: list[DayExpected]
    past: list[DayExpected]
    held: float | None
    held_for: float | None


Compare = Callable[[Sequence[PastDay], Sequence[Desk], Change], Comparison]


class Planning:
    """Answers a manager's questions about days to come. Safe to use from any thread.

    Args:
        ledger: the hall's.
        compare: lives through the days; another process's, so that the hall's own never waits for it.
    """

    def __init__(self, ledger: Ledger, compare: Compare = compare) -> None:
        self._ledger = ledger
        self._compare = compare
        # One question at a time, however many managers ask.
        self._asking = threading.Lock()

    def what_if(self, change: Change, day: date | None = None, weekday: int | None = None) -> Comparison:
        """What a change would have done to a past day, or to the last days like a weekday, or to all of the last weeks.

        Args:
            change: a window that is open or shut for a while; seconds after midnight.
            day: one past day.
            weekday: 1 is Monday; moved working days count as the weekday whose hours they have.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``bad_change``: it ends before it begins; ``no_past_days``: none of them has any ticket.
        """
        if not 0 <= change.begins < change.ends <= 48 * 3600:
            raise StateError("bad_change")
        with self._ledger.look() as m:
            m.window(change.window)
            desks = [
                Desk(one.id, one.services, {service: 60.0 * minutes for service, minutes in one.weights.items()})
                for one in m.windows()
            ]
            calendar = timetable.now(m).calendar
            today = date.fromisoformat(m.day)
            wanted = [day] if day is not None else _days_like(calendar, today, weekday)
            days = [found for one in wanted if one < today and (found := _read(m, one)).arrivals][:MOST_DAYS]
        if not days:
            raise StateError("no_past_days")
        with self._asking:
            return self._compare(days, desks, change)

    def week(self) -> Week:
        """How many will come by hour and by service in the next days, and how well that was foretold before."""
        with self._ledger.look() as m:
            today = date.fromisoformat(m.day)
            calendar = timetable.now(m).calendar
            first = today - timedelta(days=AHEAD + 7 * WEEKS)
            days = [f"{first + timedelta(days=n)}" for n in range((today - first).days)]
            hours, services = (rollups.kept(m, part, days) for part in ("hour", "service"))
        counts = {
            date.fromisoformat(day): _Counts(
                {int(hour): _issued(line) for hour, line in lines.items()},
                {service: _issued(line) for service, line in services.get(day, {}).items() if _issued(line)},
            )
            for day, lines in hours.items()
        }
        coming = [_foretell(calendar, today + timedelta(days=n), today, counts) for n in range(AHEAD)]
        past = [
            _foretell(calendar, day, day, counts) for n in range(AHEAD, 0, -1) if (day := today - timedelta(days=n))
        ]
        held = [one.holds(came.get(hour, 0)) for day in past if (came := day.came) for hour, one in day.hours.items()]
        held_for = [
            one.holds(came_for.get(service, 0))
            for day in past
            if (came_for := day.came_for)
            for service, one in day.services.items()
        ]
        return Week(coming, past, _share(held), _share(held_for))


@dataclass(frozen=True)
class _Counts:
    """How many came on a day, by hour and by service."""

    hours: dict[int, int]
    services: dict[str, int]


def _issued(line: Mapping[str, Any]) -> int:
    return int(line["counts"].get("issued", 0))


def _share(held: Sequence[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def _days_like(calendar: Calendar, before: date, weekday: int | None) -> list[date]:
    """The days of the last weeks that have a weekday's hours, the newest first; all working days without one."""
    days = [before - timedelta(days=number) for number in range(1, 7 * WEEKS + 1)]
    return [
        day for day in days if calendar.weekday(day) == weekday or (weekday is None and calendar.is_working_day(day))
    ]


def _foretell(calendar: Calendar, day: date, before: date, counts: dict[date, _Counts]) -> DayExpected:
    """A day by the like ones before a date; ``before`` is the day itself for one that is over."""
    like = calendar.weekday(day)
    days = [] if like is None else _days_like(calendar, before, like)
    past = [found for one in days if (found := counts.get(one)) and found.hours]
    hours, services = expected([one.hours for one in past]), expected([one.services for one in past])
    came = counts.get(day) if day == before else None
    if came is None:
        return DayExpected(day, like, hours, services)
    return DayExpected(day, like, hours, services, came.hours, came.services)


def _read(m: Transaction, day: date) -> PastDay:
    """A past day; times are seconds after its midnight."""
    midnight = microseconds(datetime.combine(day, time(), m.zone))

    def seconds(at: int | None) -> float | None:
        return None if at is None else (at - midnight) / 1e6

    queued = select(
        _t.c.service_id,
        _QUEUED.label("queued_at"),
        (_t.c.issued_at - _t.c.rank_at).label("head_start"),
        _t.c.rank_by,
        _t.c.window_id,
        _t.c.called_at,
        _t.c.ended_at,
        _t.c.state,
        _t.c.outcome,
    )
    cases = []
    for row in m.conn.execute(queued.where(_t.c.hall_day == day.isoformat(), _t.c.state != tables.word("cancelled"))):
        # The end of the day ended these, not the end of a case.
        unknown = row.state == "expired" or row.outcome == "end_of_day"
        cases.append(
            PastCase(
                row.service_id,
                (row.queued_at - midnight) / 1e6,
                0.0 if row.rank_by else row.head_start / 1e6,
                row.window_id if row.called_at is not None else None,
                seconds(row.called_at),
                None if unknown else seconds(row.ended_at),
                today=False,
            )
        )
    stays = select(_v.c.service_id, _v.c.queued_at, _v.c.window_id, _v.c.called_at, _v.c.ended_at, _v.c.ended_as)
    for stay in m.conn.execute(stays.where(_v.c.hall_day == day.isoformat())):
        cases.append(
            PastCase(
                stay.service_id,
                (stay.queued_at - midnight) / 1e6,
                window=stay.window_id,
                called=seconds(stay.called_at),
                ended=seconds(stay.ended_at),
                today=False,
            )
        )
    return past_day(_without_doubles(cases))


def _without_doubles(cases: list[PastCase]) -> list[PastCase]:
    """A ticket that was missed and expired is there twice: as the stay it was missed at, and as one never called."""
    called = {(one.service, one.queued) for one in cases if one.window is not None}
    return [one for one in cases if one.window is not None or (one.service, one.queued) not in called]
