"""The hall at this moment: waiting by service, windows with their tickets, today's grades and key figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select

from ticketing.day.transaction import Transaction, microseconds
from ticketing.day.transaction import t as _t
from ticketing.line.forecasts import Forecasts
from ticketing.model import OPEN_STATES, Service, State, Window
from ticketing.store import tables
from ticketing.waits.interval import Interval

_c, _r, _w = tables.case_file, tables.rating, tables.window
_QUEUED = func.coalesce(_t.c.queued_at, _t.c.issued_at)
_WAITING = (
    select(_t.c.service_id, func.count().label("n"), func.min(_QUEUED).label("since"))
    .where(tables.waiting, _t.c.hall_day == bindparam("day"))
    .group_by(_t.c.service_id)
)
_AT_WINDOWS = select(_t.c.window_id, _t.c.number, _t.c.service_id, _t.c.state, _t.c.called_at, _t.c.started_at).where(
    tables.open_
)
_SINCE = select(_w.c.id, _w.c.clerk_since).where(_w.c.clerk_since.is_not(None))
_GRADES = (
    select(_r.c.grade, func.count().label("n"))
    .outerjoin_from(_c, _r, _r.c.case_id == _c.c.id)
    .where(_c.c.hall_day == bindparam("day"))
    .group_by(_r.c.grade)
)
# Up to the last full hour: whoever follows events must not see which grade made an alert.
_RATED_BEFORE = (
    select(_c.c.service_id, _r.c.grade, func.count().label("n"))
    .join_from(_c, _r, _r.c.case_id == _c.c.id)
    .where(_c.c.hall_day == bindparam("day"), _r.c.given_at < bindparam("before"))
    .group_by(_c.c.service_id, _r.c.grade)
)
_STATES = select(_t.c.state, func.count().label("n")).where(_t.c.hall_day == bindparam("day")).group_by(_t.c.state)
_CALLED = (
    _t.c.hall_day == bindparam("day"),
    _t.c.window_id.is_not(None),
    _t.c.called_at.is_not(None),
    _t.c.state.in_([tables.word(state) for state in (*OPEN_STATES, State.DONE)]),
)
_WAITED = _t.c.called_at - _QUEUED
_CALLS = select(func.count().label("n"), func.sum(_WAITED).label("waited"), func.max(_WAITED)).where(*_CALLED)
WAITS_UP_TO = (60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)
"""Upper ends, in seconds, of the spans that waits are counted in; the last span is open."""
_SPAN = case(*((most * 1_000_000 >= _WAITED, at) for at, most in enumerate(WAITS_UP_TO)), else_=len(WAITS_UP_TO))
_WAITS = (
    select(_t.c.service_id, _SPAN.label("span"), func.count().label("n"), func.sum(_WAITED).label("waited"))
    .where(*_CALLED)
    .group_by(_t.c.service_id, "span")
)


@dataclass(frozen=True)
class ServiceNow:
    """A service now; ``oldest`` is since when the one who came first waits, None when nobody does."""

    service: Service
    waiting: int
    oldest: datetime | None
    expected_wait: Interval | None


@dataclass(frozen=True)
class Waits:
    """Waits of a service's tickets of today until they were called.

    Attributes:
        numbers: how many lie in each span of :data:`WAITS_UP_TO` and in the open one behind.
        seconds: their sum.
    """

    numbers: tuple[int, ...]
    seconds: float


@dataclass(frozen=True)
class TicketNow:
    """The ticket at a window, by its number alone; ``since`` it has been called, or served."""

    number: str
    service: str
    state: str
    since: datetime


@dataclass(frozen=True)
class WindowNow:
    """A window now, who sits there and since when."""

    window: Window
    clerk_since: datetime | None
    ticket: TicketNow | None


@dataclass(frozen=True)
class Today:
    """The day so far.

    Attributes:
        issued, waiting, served, missed, cancelled: tickets by what has become of them until now.
        mean_wait, longest_wait: seconds until the call, of the tickets called; None before the first.
        grades: cases by grade, 5 the best.
        not_rated: cases without a grade.
    """

    issued: int
    waiting: int
    served: int
    missed: int
    cancelled: int
    mean_wait: int | None
    longest_wait: int | None
    grades: Mapping[int, int]
    not_rated: int


@dataclass(frozen=True)
class HallNow:
    """All of it, at ``at``; ``seq`` is the number of the event it is up to."""

    at: datetime
    seq: int
    services: list[ServiceNow]
    windows: list[WindowNow]
    today: Today


def hall_now(m: Transaction, forecasts: Forecasts) -> HallNow:
    """The hall now."""
    rows = {row.service_id: row for row in m.conn.execute(_WAITING, {"day": m.day})}
    newcomers = forecasts.at(m).newcomers
    services = []
    for one in m.services():
        row, wait = rows.get(one.id), newcomers.get(one.id)
        if not one.removed or row is not None:
            oldest = m.time(row.since) if row else None
            services.append(ServiceNow(one, row.n if row else 0, oldest, None if wait is None else wait.interval))
    return HallNow(m.now, m.last_seq(), services, _windows(m), _today(m))


def waits(m: Transaction) -> dict[str, Waits]:
    """By service: the waits of today's tickets that were called; no entry where none was."""
    numbers: dict[str, list[int]] = {}
    sums: dict[str, float] = {}
    for row in m.conn.execute(_WAITS, {"day": m.day}):
        numbers.setdefault(row.service_id, [0] * (len(WAITS_UP_TO) + 1))[row.span] = row.n
        sums[row.service_id] = sums.get(row.service_id, 0.0) + float(row.waited) / 1e6
    return {service: Waits(tuple(found), sums[service]) for service, found in numbers.items()}


def oldest_waits(m: Transaction) -> dict[str, float]:
    """By service that somebody waits for: the seconds that the one who came first has waited."""
    return {row.service_id: (m.at - row.since) / 1e6 for row in m.conn.execute(_WAITING, {"day": m.day})}


def grades_of_full_hours(m: Transaction) -> dict[str, dict[int, int]]:
    """By service: today's grades that were given before the last full hour, each with how many there are."""
    found: dict[str, dict[int, int]] = {}
    before = microseconds(m.now.replace(minute=0, second=0, microsecond=0))
    for row in m.conn.execute(_RATED_BEFORE, {"day": m.day, "before": before}):
        found.setdefault(row.service_id, {})[row.grade] = row.n
    return found


def _windows(m: Transaction) -> list[WindowNow]:
    at = {row.window_id: row for row in m.conn.execute(_AT_WINDOWS)}
    since = {row.id: row.clerk_since for row in m.conn.execute(_SINCE)}
    return [
        WindowNow(one, m.time(since[one.id]) if one.clerk and one.id in since else None, _ticket(m, at.get(one.id)))
        for one in m.windows()
    ]


def _ticket(m: Transaction, row: Any) -> TicketNow | None:
    if row is None:
        return None
    began = row.started_at if row.state == State.SERVING and row.started_at is not None else row.called_at
    return TicketNow(row.number, row.service_id, row.state, m.time(began))


def _today(m: Transaction) -> Today:
    states = {row.state: row.n for row in m.conn.execute(_STATES, {"day": m.day})}
    called, waited, longest = m.conn.execute(_CALLS, {"day": m.day}).one()
    grades = {row.grade: row.n for row in m.conn.execute(_GRADES, {"day": m.day})}
    return Today(
        issued=sum(states.values()),
        waiting=states.get(State.WAITING, 0),
        served=states.get(State.DONE, 0),
        missed=states.get(State.MISSED, 0),
        cancelled=states.get(State.CANCELLED, 0),
        mean_wait=round(float(waited) / called / 1e6) if called else None,
        longest_wait=round(float(longest) / 1e6) if called else None,
        grades={grade: grades.get(grade, 0) for grade in (5, 4, 3, 2, 1)},
        not_rated=grades.get(None, 0),
    )
