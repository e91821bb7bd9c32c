"""Reports of days and spans of days: how long residents waited, where, for what, and which grades were given.

No report names a resident: residents are counted, clerks appear by account name. Impossible durations (the clock was
set meanwhile) are left out, and their number is given.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

from ticketing.day.ledger import Ledger
from ticketing.model import StateError
from ticketing.reports.figures import Books, By
from ticketing.reports.sums import FEWEST_GRADES, SPANS, Exact, Figures, Sums, Times, percentile

__all__ = [
    "FEWEST_GRADES",
    "LONGEST_SPAN",
    "By",
    "Day",
    "Figures",
    "Report",
    "Reports",
    "Times",
    "check_span",
    "percentile",
]

LONGEST_SPAN = 366
"""Days."""
_FIRST, _LAST = date(1970, 1, 8), date.max - timedelta(days=7)


@dataclass(frozen=True)
class Report:
    """A span of days: the total and its parts."""

    first: date
    last: date
    by: By
    total: Figures
    rows: tuple[Figures, ...]


@dataclass(frozen=True)
class Day:
    """One day: the total and its parts of each kind."""

    day: date
    total: Figures
    hours: tuple[Figures, ...]
    services: tuple[Figures, ...]
    windows: tuple[Figures, ...]
    clerks: tuple[Figures, ...]
    matters: tuple[Figures, ...]


class Reports:
    """The figures of a hall. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def day(self, day: date) -> Day:
        """One hall day, by hour, service, window, clerk and matter; raises ``bad_span`` outside the calendar."""
        check_span(day, day)
        with self._ledger.look() as m:
            books = Books(m.conn, self._ledger.zone, day, day, m.at)
            total, hours = _report(books, "hour")
            _, services = _report(books, "service")
            _, windows = _report(books, "window")
            _, clerks = _report(books, "clerk")
            _, matters = _report(books, "matter")
        return Day(day, total, hours, services, windows, clerks, matters)

    def span(self, first: date, last: date, by: By) -> Report:
        """The hall days from ``first`` to ``last``, both included.

        Raises:
            StateError: ``bad_span`` (``most``: days): ends before it begins, or is too long; ``bad_by``.
        """
        if by not in get_args(By):
            raise StateError("bad_by")
        check_span(first, last)
        with self._ledger.look() as m:
            total, rows = _report(Books(m.conn, self._ledger.zone, first, last, m.at), by)
        return Report(first, last, by, total, rows)


def check_span(first: date, last: date) -> None:
    """Raise ``bad_span`` (``most``: days): ends before it begins, is too long, or lies outside the calendar."""
    # The day before and the day after are read, too, so they must exist.
    if not 0 <= (last - first).days < LONGEST_SPAN or first < _FIRST or last > _LAST:
        raise StateError("bad_span", most=LONGEST_SPAN)


def _report(books: Books, by: By) -> tuple[Figures, tuple[Figures, ...]]:
    """A total and its parts, from one set of queries: the total is the sum of the parts.

    By matter it is not: a ticket of several counts in each, one of none in the total alone.
    """
    total = Sums(Exact)
    parts: defaultdict[str, Sums] = defaultdict(lambda: Sums(Exact))

    def each(rows: Iterable[Any]) -> Iterator[tuple[Any, Sums]]:
        for row in rows:
            yield row, total
            for key in json.loads(row.part or "[]") if by == "matter" else (str(row.part),):
                yield row, parts[key]

    # Tickets that were never called have no window and no clerk: they count in the total alone (see _in_order).
    for row, sums in each(books.tickets(by)):
        sums.counts["issued"] += row.count
        if row.state in ("cancelled", "expired"):
            sums.counts[row.state] += row.count
    for row, sums in each(books.stays(by)):
        sums.counts[row.how] += row.count
    for span in SPANS:
        for row, sums in each(books.durations(by, span)):
            sums.spans[span].add(row.seconds, row.count)
    for row, sums in each(books.overtime(by)):
        sums.counts["overtime"] += row.count
    for row, sums in each(books.cases(by)):
        sums.outcomes[row.outcome] += row.count
        if row.grade is not None:
            sums.grades[row.grade] += row.count
        sums.counts["work_open"] += int(row.open)
        sums.counts["work_late"] += int(row.late)
    for row, sums in each(books.promised(by)):
        sums.counts["promised"] += 1
        sums.counts["promised_late"] += _is_late(books, row)
    hours, names = books.has_hours(), books.names(by)
    rows = tuple(
        parts[key].figures(key, _name(by, key, names), hours=hours, of_clerk=by == "clerk")
        for key in _in_order(by, parts, names)
    )
    return total.figures("", "合计 Total", hours=hours), rows


def _is_late(books: Books, row: Any) -> bool:
    if row.progress == "returned":
        # The deadline runs again once the papers are there.
        return False
    ready = row.progress_at if row.progress in ("ready", "closed") else books.now
    return ready is not None and bool(ready >= books.end_of(row.promised_on))


def _in_order(by: By, keys: Iterable[str], names: dict[str, str]) -> list[str]:
    order = {known: place for place, known in enumerate(names)}
    wanted = [key for key in keys if key or by == "service"]
    if by == "hour":
        return sorted(wanted, key=int)
    return sorted(wanted, key=lambda key: (order.get(key, len(order)), key))


def _name(by: By, key: str, names: dict[str, str]) -> str:
    if by == "hour":
        return f"{int(key):02}:00"
    return names.get(key, key)
