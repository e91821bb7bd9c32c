"""The SQL of reports: visits to windows, tickets, cases and overtime, counted by the database.

A *stay* is one time at a window, from the call to its end: the last stay of a ticket is in the ticket's row, the
earlier ones are in ``visit``. The database groups durations by whole seconds, so that a quarter of a year is read as a
few thousand rows; means and percentiles are computed from those. Every query begins with the hall day, as the indexes
do.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Subquery,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from ticketing.day.transaction import microseconds
from ticketing.model import NORMAL
from ticketing.reports.sums import IMPOSSIBLE, SPANS
from ticketing.store import tables
from ticketing.store.tables import word

By = Literal["hour", "service", "window", "clerk", "day", "matter"]

_t, _v, _c, _r, _w = tables.ticket, tables.visit, tables.case_file, tables.rating, tables.work_item
_o, _sd = tables.opening, tables.special_day
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR

# As the column of a ticket: a JSON list.
_MATTER_OF_CASE: Any = (literal_column("'[\"'") + _c.c.matter_id + literal_column("'\"]'")).label("matters")
# An application has no ticket, and so no class of its own.
_CLASS_OF_CASE: Any = func.coalesce(_t.c.priority, word(NORMAL)).label("priority")


def _number(value: int) -> ColumnElement[int]:
    # A literal: PostgreSQL takes an expression with a bound value for another expression in GROUP BY.
    return literal_column(str(value), BigInteger)


def _stays(first: str, last: str) -> Subquery:
    """All stays of these days. A stay that the day's end finished has no end: it tells nothing."""
    over = _t.c.state.in_([word("missed"), word("expired"), word("cancelled")])
    last_ones = select(
        _t.c.hall_day,
        _t.c.service_id,
        _t.c.window_id,
        func.coalesce(_t.c.clerk, "").label("clerk"),
        func.coalesce(_t.c.queued_at, _t.c.issued_at).label("began_at"),
        _t.c.called_at,
        _t.c.started_at,
        case((_t.c.outcome == "end_of_day", None), else_=_t.c.ended_at).label("ended_at"),
        case((over, "missed"), else_=_t.c.state).label("how"),
        _t.c.priority,
        _t.c.matters,
    ).where(
        _t.c.hall_day.between(first, last),
        _t.c.window_id.is_not(None),
        _t.c.called_at.is_not(None),
        _t.c.state.in_([word(state) for state in ("called", "serving", "done", "missed", "expired", "cancelled")]),
    )
    whose = _v.join(_t, _t.c.id == _v.c.ticket_id)
    earlier = select(
        _v.c.hall_day,
        _v.c.service_id,
        _v.c.window_id,
        func.coalesce(_v.c.clerk, ""),
        _v.c.queued_at,
        _v.c.called_at,
        _v.c.started_at,
        _v.c.ended_at,
        _v.c.ended_as,
        _t.c.priority,
        _t.c.matters,
    ).select_from(whose)
    earlier = earlier.where(_v.c.hall_day.between(first, last))
    return union_all(last_ones, earlier).subquery("stay")


class Books:
    """Queries on one connection about the days from ``first`` to ``last``.

    Args:
        conn: in a transaction, so that all figures are of one snapshot.
        zone: the hall's, for the hours of its day.
        now: microseconds; work items and promises are overdue by it.
    """

    def __init__(self, conn: Connection, zone: ZoneInfo, first: date, last: date, now: int) -> None:
        self._conn = conn
        self._zone = zone
        self._days = first, last
        self._first, self._last = first.isoformat(), last.isoformat()
        self.now = now

    def tickets(self, by: By) -> Iterator[Row[Any]]:
        """``(part, state, count)`` of the tickets issued."""
        part = self._part(by, _t.c, _t.c.issued_at)
        return self._all(
            select(part, _t.c.state, func.count().label("count"))
            .where(_t.c.hall_day.between(self._first, self._last))
            .group_by(part, _t.c.state)
        )

    def stays(self, by: By) -> Iterator[Row[Any]]:
        """``(part, how, count)`` of the stays; ``how`` says how each ended."""
        stay = _stays(self._first, self._last)
        part = self._part(by, stay.c, stay.c.began_at)
        return self._all(select(part, stay.c.how, func.count().label("count")).group_by(part, stay.c.how))

    def durations(self, by: By, span: str) -> Iterator[Row[Any]]:
        """``(part, seconds, count)`` of a span of ``SPANS``."""
        since, until = SPANS[span]
        stay = _stays(self._first, self._last)
        part = self._part(by, stay.c, stay.c.began_at)
        taken = stay.c[until] - stay.c[since]
        seconds = case(
            (taken < _number(0), _number(IMPOSSIBLE)),
            (taken > _number(_DAY), _number(IMPOSSIBLE)),
            else_=taken // _number(_SECOND),
        ).label("seconds")
        known: list[ColumnElement[bool]] = [stay.c[since].is_not(None), stay.c[until].is_not(None)]
        if "started_at" in (since, until):
            # Finished without having been started: when the resident came to the window is unknown.
            known.append(or_(stay.c.ended_at.is_(None), stay.c.started_at != stay.c.ended_at))
        return self._all(select(part, seconds, func.count().label("count")).where(*known).group_by(part, seconds))

    def cases(self, by: By) -> Iterator[Row[Any]]:
        """``(part, outcome, grade, count, open, late)``: cases, work items of low grades; grade None: not rated."""
        part = self._part(by, _c.c, _c.c.ended_at)
        unsettled = and_(_w.c.id.is_not(None), _w.c.settled_at.is_(None))
        due = or_(_w.c.settle_by < self.now, and_(_w.c.contacted_at.is_(None), _w.c.contact_by < self.now))
        return self._all(
            select(
                part,
                _c.c.outcome,
                _r.c.grade,
                func.count().label("count"),
                func.sum(case((unsettled, 1), else_=0)).label("open"),
                func.sum(case((and_(unsettled, due), 1), else_=0)).label("late"),
            )
            .select_from(_c.outerjoin(_r, _r.c.case_id == _c.c.id).outerjoin(_w, _w.c.case_id == _c.c.id))
            .where(_c.c.hall_day.between(self._first, self._last))
            .group_by(part, _c.c.outcome, _r.c.grade)
        )

    def promised(self, by: By) -> Iterator[Row[Any]]:
        """``(part, promised_on, progress, progress_at)`` of each case with a promised day."""
        part = self._part(by, _c.c, _c.c.ended_at)
        return self._all(
            select(part, _c.c.promised_on, _c.c.progress, _c.c.progress_at).where(
                _c.c.hall_day.between(self._first, self._last), _c.c.promised_on.is_not(None)
            )
        )

    def overtime(self, by: By) -> Iterator[Row[Any]]:
        """``(part, count)`` of tickets whose service ended after the service had closed for the day."""
        for day, closings in self._closings():
            stay = _stays(day, day)
            part = self._part(by, stay.c, stay.c.began_at)
            after = [and_(stay.c.ended_at > at, stay.c.service_id.in_(ids)) for at, ids in closings.items()]
            yield from self._all(
                select(part, func.count().label("count")).where(stay.c.how == "done", or_(*after)).group_by(part)
            )

    # One by one, for sums that are kept

    def each_ticket(self) -> Iterator[Row[Any]]:
        """Each ticket: ``hall_day, service_id, window_id, clerk, priority, matters, state, at``."""
        columns = _t.c.hall_day, _t.c.service_id, _t.c.window_id, _t.c.clerk, _t.c.priority, _t.c.matters, _t.c.state
        wanted = select(*columns, _t.c.issued_at.label("at"))
        return self._all(wanted.where(_t.c.hall_day.between(self._first, self._last)))

    def each_stay(self) -> Iterator[Row[Any]]:
        """Each stay, with the columns of the query above."""
        return self._all(select(_stays(self._first, self._last)))

    def each_case(self) -> Iterator[Row[Any]]:
        """Each case: ``hall_day, service_id, window_id, clerk, priority, matters, at``, its outcome and its grade."""
        columns = _c.c.hall_day, _c.c.service_id, _c.c.window_id, _c.c.clerk, _CLASS_OF_CASE, _MATTER_OF_CASE
        case_columns = _c.c.outcome, _c.c.promised_on, _c.c.progress, _c.c.progress_at, _r.c.grade
        return self._all(
            select(*columns, _c.c.ended_at.label("at"), *case_columns)
            .select_from(_c.outerjoin(_t, _t.c.id == _c.c.ticket_id).outerjoin(_r, _r.c.case_id == _c.c.id))
            .where(_c.c.hall_day.between(self._first, self._last))
        )

    def each_unsettled(self) -> Iterator[Row[Any]]:
        """Each work item that is not settled: its case's columns as above, and ``late``."""
        columns = _c.c.hall_day, _c.c.service_id, _c.c.window_id, _c.c.clerk, _CLASS_OF_CASE, _MATTER_OF_CASE
        late = or_(_w.c.settle_by < self.now, and_(_w.c.contacted_at.is_(None), _w.c.contact_by < self.now))
        return self._all(
            select(*columns, _c.c.ended_at.label("at"), late.label("late"))
            .select_from(_w.join(_c, _c.c.id == _w.c.case_id).outerjoin(_t, _t.c.id == _c.c.ticket_id))
            .where(_w.c.settled_at.is_(None), _c.c.hall_day.between(self._first, self._last))
        )

    def closings(self) -> dict[tuple[str, str], int]:
        """By day and service that has hours: when it closed for the last time, microseconds."""
        return {
            (day, service): at
            for day, closings in self._closings()
            for at, services in closings.items()
            for service in services
        }

    def has_hours(self) -> bool:
        """Whether the hall has opening hours at all."""
        return bool(self._conn.scalar(select(func.count()).select_from(_o)))

    def names(self, by: By) -> dict[str, str]:
        """The names of services, windows or matters by id, in the hall's order."""
        if by not in ("service", "window", "matter"):
            return {}
        table = {"service": tables.service, "window": tables.window, "matter": tables.matter}[by]
        query = select(table.c.id, table.c.name).order_by(table.c.position, table.c.id)
        return {row.id: row.name for row in self._conn.execute(query)}

    def end_of(self, day: str) -> int:
        """When a calendar day is over, microseconds."""
        midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), self._zone)
        return microseconds(midnight)

    def _all(self, query: Any) -> Iterator[Row[Any]]:
        return iter(self._conn.execute(query).all())

    def _part(self, by: By, columns: Any, at: ColumnElement[int]) -> Any:
        """The column to group by; by matter it is the JSON list of them all, or empty."""
        if by == "hour":
            hour = (at + self._offset(at)) // _number(_HOUR) % _number(24)
            return hour.label("part")
        if by == "matter":
            matters = columns.get("matters", _MATTER_OF_CASE.element)
            return func.coalesce(matters, word("")).label("part")
        column = {"service": "service_id", "window": "window_id", "clerk": "clerk", "day": "hall_day"}[by]
        return func.coalesce(columns[column], word("")).label("part")

    def _offset(self, at: ColumnElement[int]) -> ColumnElement[int]:
        """UTC offset at ``at``, microseconds."""
        *earlier, (_, newest) = self._offsets
        changes = [(at < _number(until), _number(offset)) for until, offset in earlier]
        return case(*changes, else_=_number(newest)) if changes else _number(newest)

    @cached_property
    def _offsets(self) -> list[tuple[int, int]]:
        """The UTC offsets in these days and a day around them, each with the time until which it holds."""
        start = microseconds(datetime.combine(self._days[0] - timedelta(days=1), time(), self._zone))
        hours = (self._days[1] - self._days[0]).days * 24 + 72
        offsets: list[tuple[int, int]] = []
        for moment in range(start, start + hours * _HOUR, _HOUR):
            offset = datetime.fromtimestamp(moment / _SECOND, self._zone).utcoffset() or timedelta()
            offset_here = int(offset / timedelta(microseconds=1))
            if offsets and offsets[-1][1] == offset_here:
                offsets.pop()
            offsets.append((moment + _HOUR, offset_here))
        return offsets

    def _closings(self) -> Iterator[tuple[str, dict[int, list[str]]]]:
        """Each day with opening hours: closing time, microseconds, to the services that close then."""
        hours: dict[tuple[str, int], int] = {}
        for row in self._conn.execute(select(_o.c.service_id, _o.c.weekday, _o.c.closes_at)):
            which = row.service_id, row.weekday
            hours[which] = max(row.closes_at, hours.get(which, 0))
        if not hours:
            return
        own = {service for service, _ in hours}
        special = {row.day: row.weekday for row in self._conn.execute(select(_sd.c.day, _sd.c.weekday))}
        services = list(self._conn.scalars(select(tables.service.c.id)))
        for number in range((self._days[1] - self._days[0]).days + 1):
            day = self._days[0] + timedelta(days=number)
            weekday = special.get(day.isoformat(), day.isoweekday())
            midnight = datetime.combine(day, time(), self._zone).replace(tzinfo=None)
            closings: dict[int, list[str]] = {}
            for service in services:
                minutes = hours.get((service if service in own else "*", weekday))
                if minutes is not None:
                    at = microseconds((midnight + timedelta(minutes=minutes)).replace(tzinfo=self._zone))
                    closings.setdefault(at, []).append(service)
            if closings:
                yield day.isoformat(), closings
