"""Reports of days and spans of days: how long residents waited, where, for what, and which grades were given.

No report names a resident: residents are counted, clerks appear by account name. Impossible durations (the clock was
set meanwhile) are left out, and their number is given.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any, get_args

from ticketing.day.ledger import Ledger
from ticketing.model import StateError
from ticketing.reports.figures import IMPOSSIBLE, SPANS, Books, By

__all__ = ["FEWEST_GRADES", "LONGEST_SPAN", "By", "Day", "Figures", "Report", "Reports", "Times", "percentile"]

LONGEST_SPAN = 366
"""Days."""
_FIRST, _LAST = date(1970, 1, 8), date.max - timedelta(days=7)

FEWEST_GRADES = 5
"""A clerk's grades are shown from this many on: fewer could be matched with who was there."""

GRADES = (5, 4, 3, 2, 1)


@dataclass(frozen=True)
class Times:
    """A set of durations, in whole seconds.

    Attributes:
        count: how many.
        mean, longest: over all of them.
        median, p90: half, and nine tenths, of them were at most this long.
    """

    count: int
    mean: int
    median: int
    p90: int
    longest: int


@dataclass(frozen=True)
class Figures:
    """One line of a report.

    Attributes:
        key: the hour (``0`` to ``23``), the day, or the id of service, window or clerk; ``""`` for nobody.
        name: as shown.
        issued: tickets; by the hour in which they were issued.
        served: finished stays at a window; each stop of a chain is one.
        no_shows: calls that were not answered.
        cancelled, expired: tickets given back, and tickets still waiting at the day's end.
        transferred, held: stays that ended this way.
        overtime: of those served, how many ended after closing time; None in a hall without opening hours.
        waits: from joining the queue to the call; None if there was none, as for the next two.
        walks: from the call to the start.
        services: from the start to the end.
        left_out: impossible durations.
        cases: counted by the hour in which they ended; everything above by the hour of joining the queue.
        outcomes: cases by outcome.
        grades: ratings by grade, 5 the best; None if there are too few to show.
        rated, not_rated: cases.
        work_open, work_late: work items of low grades that are not settled, and of those the overdue ones.
        promised, promised_late: cases with a promised day, and of those the ones not ready by that day.
    """

    key: str
    name: str
    issued: int
    served: int
    no_shows: int
    cancelled: int
    expired: int
    transferred: int
    held: int
    overtime: int | None
    waits: Times | None
    walks: Times | None
    services: Times | None
    left_out: int
    cases: int
    outcomes: dict[str, int]
    grades: dict[int, int] | None
    rated: int
    not_rated: int
    work_open: int
    work_late: int
    promised: int
    promised_late: int


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


class Reports:
    """The figures of a hall. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def day(self, day: date) -> Day:
        """One hall day, by hour, service, window and clerk; raises ``bad_span`` outside the calendar."""
        _check(day, day)
        with self._ledger.look() as m:
            books = Books(m.conn, self._ledger.zone, day, day, m.at)
            total, hours = _report(books, "hour")
            _, services = _report(books, "service")
            _, windows = _report(books, "window")
            _, clerks = _report(books, "clerk")
        return Day(day, total, hours, services, windows, clerks)

    def span(self, first: date, last: date, by: By) -> Report:
        """The hall days from ``first`` to ``last``, both included.

        Raises:
            StateError: ``bad_span`` (``most``: days): ends before it begins, or is too long; ``bad_by``.
        """
        if by not in get_args(By):
            raise StateError("bad_by")
        _check(first, last)
        with self._ledger.look() as m:
            total, rows = _report(Books(m.conn, self._ledger.zone, first, last, m.at), by)
        return Report(first, last, by, total, rows)


def _check(first: date, last: date) -> None:
    # The day before and the day after are read, too, so they must exist.
    if not 0 <= (last - first).days < LONGEST_SPAN or first < _FIRST or last > _LAST:
        raise StateError("bad_span", most=LONGEST_SPAN)


class _Sums:
    """Counters for one line of a report."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds: dict[str, Counter[int]] = {span: Counter() for span in SPANS}
        self.outcomes: Counter[str] = Counter()
        self.grades: Counter[int] = Counter()

    def figures(self, key: str, name: str, *, hours: bool, of_clerk: bool = False) -> Figures:
        counts, rated = self.counts, self.grades.total()
        left_out = sum(times.get(IMPOSSIBLE, 0) for times in self.seconds.values())
        few = of_clerk and rated < FEWEST_GRADES
        return Figures(
            key=key,
            name=name,
            issued=counts["issued"],
            served=counts["done"],
            no_shows=counts["missed"],
            cancelled=counts["cancelled"],
            expired=counts["expired"],
            transferred=counts["transferred"],
            held=counts["held"],
            overtime=counts["overtime"] if hours else None,
            waits=_times(self.seconds["waits"]),
            walks=_times(self.seconds["walks"]),
            services=_times(self.seconds["services"]),
            left_out=left_out,
            cases=self.outcomes.total(),
            outcomes=dict(sorted(self.outcomes.items())),
            grades=None if few else {grade: self.grades[grade] for grade in GRADES},
            rated=0 if few else rated,
            not_rated=0 if few else self.outcomes.total() - rated,
            work_open=0 if few else counts["work_open"],
            work_late=0 if few else counts["work_late"],
            promised=counts["promised"],
            promised_late=counts["promised_late"],
        )


def _report(books: Books, by: By) -> tuple[Figures, tuple[Figures, ...]]:
    """A total and its parts, from one set of queries: the total is the sum of the parts."""
    total = _Sums()
    parts: defaultdict[str, _Sums] = defaultdict(_Sums)

    def each(rows: Iterable[Any]) -> Iterator[tuple[Any, _Sums]]:
        for row in rows:
            yield row, total
            yield row, parts[str(row.part)]

    # Tickets that were never called have no window and no clerk: they count in the total alone (see _in_order).
    for row, sums in each(books.tickets(by)):
        sums.counts["issued"] += row.count
        if row.state in ("cancelled", "expired"):
            sums.counts[row.state] += row.count
    for row, sums in each(books.stays(by)):
        sums.counts[row.how] += row.count
    for span in SPANS:
        for row, sums in each(books.durations(by, span)):
            sums.seconds[span][row.seconds] += row.count
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


def _times(seconds: Counter[int]) -> Times | None:
    known = {value: count for value, count in seconds.items() if value != IMPOSSIBLE}
    count = sum(known.values())
    if not count:
        return None
    mean = round(sum(value * often for value, often in known.items()) / count)
    return Times(count, mean, percentile(known, 0.5), percentile(known, 0.9), max(known))


def percentile(seconds: dict[int, int], share: float) -> int:
    """Nearest-rank percentile of values with their counts: the least with at least ``share`` of all at or below it."""
    wanted, seen = max(1, ceil(share * sum(seconds.values()))), 0
    for value in sorted(seconds):
        seen += seconds[value]
        if seen >= wanted:
            return value
    raise ValueError("there is no percentile of nothing")
