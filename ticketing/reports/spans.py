"""Figures of any span of days, up to years, from the sums of days and months that are over and the tickets of today."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import select

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.model import ClosedError, StateError
from ticketing.reports import rollups
from ticketing.reports.figures import Books
from ticketing.reports.rollups import Kept, Part
from ticketing.reports.sums import Figures, Sums, merged
from ticketing.store import tables

By = Literal["hour", "weekday", "day", "month", "service", "window", "clerk", "class", "matter"]
LONGEST = 3660
"""Days."""
PATIENCE = 4.0
"""Seconds a question waits for sums that are not kept yet, such as the first one after a restore."""
WORTH = 59
"""Days from which on sums of months are made: fewer are read as quickly by day."""
_BY_DAY = ("weekday", "day", "month")
_MONTH = len("YYYY-MM")
_MATTERS = select(tables.matter.c.id, tables.matter.c.name).order_by(tables.matter.c.position)


@dataclass(frozen=True)
class Span:
    """Days, both ends included: the total and its parts."""

    first: date
    last: date
    by: By
    total: Figures
    rows: tuple[Figures, ...]


class Spans:
    """Gives spans, and keeps the sums they are made of. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def span(self, first: date, last: date, by: By = "service") -> Span:
        """The hall days from ``first`` to ``last``.

        Raises:
            StateError: ``bad_span`` (``most``: days), ``bad_by``.
            ClosedError: ``figures_not_ready`` (``days``): so many days are still to be added up; ask again.
        """
        if by not in get_args(By):
            raise StateError("bad_by")
        if not 0 <= (last - first).days < LONGEST or first < date(1970, 1, 8) or last > date.max - timedelta(days=40):
            raise StateError("bad_span", most=LONGEST)
        left = self._keep(first, last, PATIENCE)
        if left:
            raise ClosedError("figures_not_ready", days=left)
        with self._ledger.look() as m:
            return _read(m, first, last, by)

    def keep_up(self, seconds: float = 1.0) -> int:
        """Add up days that are over, for at most so long, the newest first; how many are left."""
        with self._ledger.look() as m:
            first = rollups.first_day(m)
        return 0 if first is None else self._keep(first, self._ledger.today(), seconds)

    def _keep(self, first: date, last: date, seconds: float) -> int:
        until = time.monotonic() + seconds
        with self._ledger.look() as m:
            days = rollups.missing_days(m, first, last)
        while days and time.monotonic() < until:
            # One transaction each, so that the hall's own never wait for more than one day's sums.
            with self._ledger.verb() as m:
                rollups.keep_day(m, days.pop())
        if days:
            return len(days)
        with self._ledger.look() as m:
            months = rollups.missing_months(m, first, last)
        for month in months if (last - first).days >= WORTH else ():
            with self._ledger.verb() as m:
                begin = date.fromisoformat(f"{month}-01")
                if not rollups.missing_days(m, begin, (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)):
                    rollups.keep_month(m, month)
        return 0


def _read(m: Transaction, first: date, last: date, by: By) -> Span:
    part: Part = "total" if by in _BY_DAY else by  # type: ignore[assignment]
    books = Books(m.conn, m.zone, first, last, m.at)
    lines = merged(_keyed(by, _lines(m, part, first, last, months=by not in _BY_DAY)))
    rollups.add_what_changes(books, m, part, lines, lambda row, key: _key(by, row.hall_day, key))
    # Tickets that were never called have no window and no clerk: they count in the total alone.
    whole = merged(_lines(m, "total", first, last, months=True).values())
    rollups.add_what_changes(books, m, "total", whole, lambda _row, key: key)
    hours, names = books.has_hours(), _names(m, by, books)
    rows = tuple(
        lines[key].figures(key, names.get(key, key), hours=hours, of_clerk=by == "clerk")
        for key in sorted(lines, key=lambda key: _place(by, key, names))
    )
    return Span(first, last, by, whole.get("", Sums()).figures("", "合计 Total", hours=hours), rows)


def _lines(m: Transaction, part: Part, first: date, last: date, *, months: bool) -> dict[str, Kept]:
    """The lines of these days by period: kept ones, and those of today as they are now."""
    wanted = rollups.periods(first, last, months=months)
    found = rollups.kept(m, part, wanted)
    for month in [one for one in wanted if len(one) == _MONTH and one not in found]:
        # One that is not over, or not added up yet.
        found |= rollups.kept(m, part, [f"{month}-{day:02}" for day in range(1, 32)])
    today = date.fromisoformat(m.day)
    if first <= today <= last:
        now = rollups.summed(Books(m.conn, m.zone, today, today, m.at), m)
        found[m.day] = {key: sums.as_json() for key, sums in now[part].items()}
    return found


def _keyed(by: By, kept: dict[str, Kept]) -> Iterable[Kept]:
    for period, lines in kept.items():
        yield {_key(by, period, key): sums for key, sums in lines.items()} if by in _BY_DAY else lines


def _key(by: By, day: str, key: str) -> str:
    if by == "day":
        return day
    if by == "month":
        return day[:7]
    return str(date.fromisoformat(day).isoweekday()) if by == "weekday" else key


def _names(m: Transaction, by: By, books: Books) -> dict[str, str]:
    if by == "hour":
        return {str(hour): f"{hour:02}:00" for hour in range(24)}
    if by == "weekday":
        return {str(number): f"周{day}" for number, day in enumerate("一二三四五六日", 1)}
    if by == "class":
        return {one.id: one.name for one in m.rules.classes}
    if by == "matter":
        return {row.id: row.name for row in m.conn.execute(_MATTERS)}
    return books.names(by) if by in ("service", "window") else {}


def _place(by: By, key: str, names: dict[str, str]) -> Any:
    if by in ("hour", "weekday"):
        return int(key)
    order = list(names)
    return (order.index(key) if key in names else len(order), key)
