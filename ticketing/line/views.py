"""What is shown of the queue: to the hall, to a window, to a resident with a ticket. No personal data."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import Select, bindparam, func, select

from ticketing.day import numbers
from ticketing.day.transaction import Transaction, line_at, microseconds
from ticketing.day.transaction import t as _t
from ticketing.line import holding, limits, next_up
from ticketing.line.forecasts import Forecasts
from ticketing.line.limits import ALWAYS, Admission, Reached
from ticketing.model import OPEN_STATES, TRANSITIONS, Event, Service, State, Ticket, UnknownError, Window
from ticketing.policy import Why
from ticketing.screens.hours import is_lit, lit_at
from ticketing.store import tables
from ticketing.store.prepared import Prepared
from ticketing.waits import estimate
from ticketing.waits.estimate import Forecast
from ticketing.waits.interval import Interval, Wait

LAST_CALLS = 12
"""Calls of the day that stay on the board when they are over, since people miss calls."""
NEXT_NUMBERS = 5

_TODAY = _t.c.hall_day == bindparam("day")
_COUNTS = select(_t.c.service_id, func.count().label("n")).where(tables.waiting, _TODAY).group_by(_t.c.service_id)
_IN_LINES = _t.c.line.in_(bindparam("lines", expanding=True))
_NEXT_NUMBERS = (
    select(_t.c.number, next_up.EFFECTIVE)
    .where(tables.waiting, _TODAY, _IN_LINES)
    .order_by("effective", _t.c.id)
    .limit(NEXT_NUMBERS)
)
_NEXT_OWN = _NEXT_NUMBERS.where(numbers.own(_t))
_CALL_COLUMNS = (_t.c.id, _t.c.number, _t.c.window_id, _t.c.service_id, _t.c.called_at, _t.c.recalls, _t.c.state)
_w = tables.window
_IN_ZONE = select(_w.c.id).where(_w.c.zone == bindparam("zone"))


def _calls(which: Any) -> Select[Any]:
    return select(*_CALL_COLUMNS, _w.c.name).outerjoin(_w, _w.c.id == _t.c.window_id).where(which)


_recent = tables.ticket.alias("recent")
_LAST = (
    select(_recent.c.id)
    # A held ticket keeps its window and has no call.
    .where(_recent.c.hall_day == bindparam("day"), _recent.c.window_id.is_not(None), _recent.c.called_at.is_not(None))
    .order_by(_recent.c.called_at.desc())
    .limit(LAST_CALLS)
)
# Of the whole hall, and of a zone. The newest are found in the index "ticket_figures"; only those rows are read.
_ALL_CALLS = (_calls(tables.open_), _calls(_t.c.id.in_(_LAST)))
_ZONE_CALLS = (
    _calls(tables.open_ & _t.c.window_id.in_(_IN_ZONE)),
    _calls(_t.c.id.in_(_LAST.where(_recent.c.window_id.in_(_IN_ZONE)))),
)
_FIGURES = select(
    func.count().filter(_t.c.state == "done").label("served"),
    func.count().filter(_t.c.state == "missed").label("missed"),
    func.sum(_t.c.ended_at - _t.c.called_at).filter(_t.c.state == "done").label("spent"),
).where(_TODAY, _t.c.window_id == bindparam("window"), _t.c.window_id.is_not(None))
# The same of tickets that went on from there, or were missed and returned.
_v = tables.visit
_STAYS = select(
    func.count().filter(_v.c.ended_as == "done").label("served"),
    func.count().filter(_v.c.ended_as == "missed").label("missed"),
    func.sum(_v.c.ended_at - _v.c.called_at).filter(_v.c.ended_as == "done").label("spent"),
).where(_v.c.hall_day == bindparam("day"), _v.c.window_id == bindparam("window"))
_e = tables.event
_EVENTS = select(_e.c.seq, _e.c.at, _e.c.type, _e.c.data).where(_e.c.seq > bindparam("after")).order_by(_e.c.seq)
_SOME_EVENTS = Prepared(_EVENTS.limit(bindparam("most")))
# Backwards from the end: it meets the events of this day alone.
_LAST_BEFORE = select(_e.c.seq).where(_e.c.at < bindparam("at")).order_by(_e.c.seq.desc()).limit(1)
_j = tables.print_job
_DAY_STATES = select(_t.c.state, func.count()).where(_t.c.hall_day == bindparam("day")).group_by(_t.c.state)
_DAY_PRINTS = (
    select(_j.c.state, func.count())
    .join(_t, _t.c.id == _j.c.ticket_id)
    .where(_t.c.hall_day == bindparam("day"))
    .group_by(_j.c.state)
)


@dataclass(frozen=True)
class ServiceView:
    """A service now.

    Attributes:
        waiting: its waiting tickets.
        expected_wait: of a new ticket, in minutes; None while no window is open for it.
        admission: whether new tickets are issued.
    """

    service: Service
    waiting: int
    expected_wait: Interval | None
    admission: Admission = ALWAYS


@dataclass(frozen=True)
class HallView:
    """All services and windows, in the hall's order, on a hall day."""

    day: str
    services: list[ServiceView]
    windows: list[Window]


@dataclass(frozen=True)
class BoardCall:
    """A line of the board; ``service`` is its id, ``state`` ``called``, ``serving`` or ``over``."""

    number: str
    window: str
    window_name: str
    service: str
    called_at: datetime
    recalls: int
    state: Literal["called", "serving", "over"]


@dataclass(frozen=True)
class Waiting:
    """The waiting tickets of a service."""

    service: str
    name: str
    count: int


@dataclass(frozen=True)
class Board:
    """What every screen shows after event ``seq``: present and last calls, newest first, and waiting counts.

    ``lit``: whether it shows them at all; at night nobody is there. ``lit_at``: when it does again, where it does not
    and that is known.
    """

    seq: int
    calls: list[BoardCall]
    waiting: list[Waiting]
    lit: bool = True
    lit_at: datetime | None = None


@dataclass(frozen=True)
class WindowFigures:
    """A window's day: tickets served and missed, mean seconds from call to end (None before the first)."""

    served: int
    missed: int
    mean_seconds: int | None


@dataclass(frozen=True)
class WindowView:
    """A window as its clerk sees it; ``waiting`` and ``next`` are about the services it serves."""

    window: Window
    ticket: Ticket | None
    why: Why | None
    waiting: list[Waiting]
    next: list[str]
    figures: WindowFigures


@dataclass(frozen=True)
class TicketView:
    """A ticket as its resident sees it.

    Attributes:
        window_name: of the window where it is, that holds it, or that it waits for alone.
        expected_wait: in minutes, while it waits and a window is open for it.
        may_return: whether its resident may have it wait again: it is held, or was missed and not too often.
        may_cancel: whether its resident may cancel it.
    """

    ticket: Ticket
    service_name: str
    service_name_en: str
    window_name: str | None
    expected_wait: Interval | None
    may_return: bool = False
    may_cancel: bool = False


@dataclass(frozen=True)
class DayCounts:
    """Today's tickets by state, and slips by state of printing."""

    tickets: dict[str, int]
    slips: dict[str, int]


def hall(m: Transaction, forecasts: Forecasts) -> HallView:
    """The hall now."""
    counts = _counts(m)
    services, found = _offered(m, counts), forecasts.at(m)
    admissions = limits.admissions(m, [one.id for one in services], partial(_is_reached, m, found))
    views = [
        ServiceView(one, counts.get(one.id, 0), _interval(found.newcomers.get(one.id)), admissions[one.id])
        for one in services
    ]
    return HallView(m.day, views, m.windows())


def reached(m: Transaction, forecasts: Forecasts) -> Reached:
    """A function that tells whether a new ticket will be called before a time; the forecast is made on first use."""
    return lambda service, until: _is_reached(m, forecasts.at(m, keep=False), service, until)


def _is_reached(m: Transaction, found: Forecast, service: str, until: datetime) -> bool:
    # Without an open window nothing can be foreseen.
    known = service in found.newcomers
    return not known or estimate.reached_before(found, service, (microseconds(until) - m.at) / 1e6)


def board(m: Transaction, zone: str = "") -> Board:
    """What screens show, and the number of the event it is up to; of one zone, if given.

    Raises:
        UnknownError: ``unknown_zone``: no window is in it.
    """
    here = [one for one in m.windows() if one.zone == zone and not one.removed] if zone else []
    if zone and not here:
        raise UnknownError("unknown_zone", zone=zone)
    about = {"day": m.day, "zone": zone}
    queries = _ZONE_CALLS if zone else _ALL_CALLS
    rows = {row.id: row for query in queries for row in m.conn.execute(query, about)}
    newest = sorted(rows.values(), key=lambda row: (row.called_at, row.id), reverse=True)
    calls = [
        BoardCall(
            row.number,
            row.window_id,
            row.name or row.window_id,
            row.service_id,
            m.time(row.called_at),
            row.recalls,
            row.state if row.state in OPEN_STATES else "over",
        )
        for row in newest
    ]
    counts = _counts(m)
    services = [one for one in _offered(m, counts) if not zone or any(at.serves(one.id) for at in here)]
    is_busy = any(one.state != "over" for one in calls) or any(counts.get(one.id) for one in services)
    lit = is_busy or is_lit(m, services)
    return Board(m.last_seq(), calls, _waiting(counts, services), lit, None if lit else lit_at(m, services))


def window(m: Transaction, window: str) -> WindowView:
    """What the clerk at a window sees; raises ``unknown_window``.

    While the box is cut off, those who wait are the ones that it may call.
    """
    found = m.window(window)
    lines = [*(one.id for one in m.services() if found.serves(one.id)), line_at(window)]
    counts = _counts(m, lines)
    services = [one for one in m.services() if found.serves(one.id) or one.id in counts]
    row = m.open_at(window)
    here = {"day": m.day, "window": window}
    figures = m.conn.execute(_FIGURES, here).one()
    stays = m.conn.execute(_STAYS, here).one()
    return WindowView(
        found,
        None if row is None else m.ticket(row),
        None if row is None else next_up.why_called(m, found, row),
        _waiting(counts, services),
        list(m.conn.scalars(_NEXT_OWN if m.cut_off else _NEXT_NUMBERS, {**here, "lines": lines})),
        _figures(figures, stays),
    )


def ticket(m: Transaction, code: str, forecasts: Forecasts) -> TicketView:
    """The ticket with this code."""
    row = m.row_of_code(code)
    service = m.service_or_none(row.service_id) or Service(row.service_id, "", "", "")
    found = m.ticket(row)
    name = next((one.name for one in m.windows() if one.id == (found.window or found.for_window)), None)
    wait = None
    if row.state == State.WAITING:
        wait = expected_wait(m, forecasts, row.id)
    may_cancel = found.state in TRANSITIONS["cancel"]
    return TicketView(found, service.name, service.name_en, name, wait, holding.may_come_back(m, row), may_cancel)


def expected_wait(m: Transaction, forecasts: Forecasts, ticket: int) -> Interval | None:
    """How many minutes a waiting ticket has still to wait; None while no window is open for it."""
    return _interval(forecasts.at(m).calls.get(ticket))


def events_after(m: Transaction, seq: int, limit: int) -> list[Event]:
    """At most ``limit`` events with a number above ``seq``, oldest first."""
    rows = _SOME_EVENTS.all(m.conn, {"after": seq, "most": limit})
    return [Event(row.seq, m.time(row.at), row.type, json.loads(row.data)) for row in rows]


def day_counts(m: Transaction) -> DayCounts:
    """Today's tickets by state and slips by state of printing, for monitoring."""
    tickets, slips = (
        {row[0]: row[1] for row in m.conn.execute(query, {"day": m.day})} for query in (_DAY_STATES, _DAY_PRINTS)
    )
    return DayCounts(tickets, slips)


def last_seq_before_today(m: Transaction) -> int:
    """Number of the newest event of the days before this hall day, 0 when there is none."""
    begins = m.begin_of(date.fromisoformat(m.day))
    return int(m.conn.scalar(_LAST_BEFORE, {"at": microseconds(begins)}) or 0)


def _counts(m: Transaction, lines: list[str] | None = None) -> dict[str, int]:
    """Waiting tickets by service; only those in ``lines``, if given, that this box may call."""
    if lines is None:
        found = m.conn.execute(_COUNTS, {"day": m.day})
    else:
        counts = _COUNTS.where(_IN_LINES, numbers.own(_t)) if m.cut_off else _COUNTS.where(_IN_LINES)
        found = m.conn.execute(counts, {"day": m.day, "lines": lines})
    return {row.service_id: row.n for row in found}


def _offered(m: Transaction, counts: dict[str, int]) -> list[Service]:
    """The hall's services; of the removed ones, those with waiting tickets."""
    return [one for one in m.services() if not one.removed or one.id in counts]


def _figures(ended: Any, left: Any) -> WindowFigures:
    served = ended.served + left.served
    spent = (float(ended.spent or 0) + float(left.spent or 0)) / 1e6
    return WindowFigures(served, ended.missed + left.missed, round(spent / served) if served else None)


def _waiting(counts: dict[str, int], services: list[Service]) -> list[Waiting]:
    return [Waiting(one.id, one.name, counts.get(one.id, 0)) for one in services]


def _interval(wait: Wait | None) -> Interval | None:
    return None if wait is None else wait.interval
