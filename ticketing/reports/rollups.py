"""Sums of days and months that are over, kept so that a year is read as a few rows.

They can be made anew from the tables at any time, so whatever changes a day that is over just removes them
(:func:`forget`): a grade that is given late, the progress of a case, a clock that is repaired. No backup carries them.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import bindparam, delete, func, insert, select, union_all

from ticketing.day.transaction import Transaction
from ticketing.reports.figures import Books
from ticketing.reports.sums import IMPOSSIBLE, SPANS, Sums, merged
from ticketing.store import tables

Part = Literal["total", "hour", "service", "window", "clerk", "class", "matter"]
PARTS: tuple[Part, ...] = get_args(Part)

Kept = Mapping[str, Any]
"""The lines of a period by key, each as :meth:`Sums.as_json` makes it."""

_SECOND = 1_000_000
_DAY = 86400
_f = tables.figure_sum
_OF_PARTS = select(_f.c.period, _f.c.sums).where(
    _f.c.part == bindparam("part"), _f.c.period.in_(bindparam("periods", expanding=True))
)
_THERE = select(_f.c.period).where(_f.c.part == PARTS[0], _f.c.period.between(bindparam("first"), bindparam("last")))
_FIRST_OF_EACH = union_all(
    *(select(func.min(one.c.hall_day).label("day")) for one in (tables.ticket, tables.case_file))
)
_FIRST_DAY = select(func.min(_FIRST_OF_EACH.subquery("first").c.day))
_REMOVE = delete(_f).where(_f.c.period.in_(bindparam("periods", expanding=True)))


def first_day(m: Transaction) -> date | None:
    """The first hall day that has any ticket, or any case."""
    found = m.conn.scalar(_FIRST_DAY)
    return None if found is None else date.fromisoformat(found)


def missing_days(m: Transaction, first: date, last: date) -> list[date]:
    """The days that are over and have tickets or may have, of which no sums are kept; oldest first."""
    begin = first_day(m)
    end = min(last, date.fromisoformat(m.day) - timedelta(days=1))
    if begin is None or end < max(first, begin):
        return []
    days = _days(max(first, begin), end)
    there = set(m.conn.scalars(_THERE, {"first": days[0].isoformat(), "last": days[-1].isoformat()}))
    return [day for day in days if day.isoformat() not in there]


def missing_months(m: Transaction, first: date, last: date) -> list[str]:
    """The months that are over and lie in these days as a whole, of which no sums are kept though those of days are."""
    whole = [month for month in _months(first, last) if month < m.day[:7]]
    if not whole:
        return []
    there = set(m.conn.scalars(_THERE, {"first": whole[0], "last": whole[-1]}))
    return [month for month in whole if month not in there]


def keep_day(m: Transaction, day: date) -> None:
    """Add up a day that is over, and keep its sums."""
    sums = summed(Books(m.conn, m.zone, day, day, m.at), m)
    _keep(
        m, day.isoformat(), {part: {key: one.as_json() for key, one in lines.items()} for part, lines in sums.items()}
    )


def keep_month(m: Transaction, month: str) -> None:
    """Add up a month from its days, and keep its sums; nothing without days."""
    first = date.fromisoformat(f"{month}-01")
    days = _days(first, _last_of(first))
    lines = {
        part: {key: one.as_json() for key, one in merged(kept(m, part, map(date.isoformat, days)).values()).items()}
        for part in PARTS
    }
    _keep(m, month, lines)


def kept(m: Transaction, part: Part, periods: Iterable[str]) -> dict[str, Kept]:
    """The kept lines of these days or months, by period; those that are not kept are not there."""
    rows = m.conn.execute(_OF_PARTS, {"part": part, "periods": list(periods)})
    return {row.period: json.loads(row.sums) for row in rows}


def periods(first: date, last: date, months: bool) -> list[str]:
    """The fewest periods that make up these days: whole months where allowed, and the days beside them."""
    whole = set(_months(first, last)) if months else set()
    return list(dict.fromkeys(f"{day}"[:7] if f"{day}"[:7] in whole else f"{day}" for day in _days(first, last)))


def forget(m: Transaction, day: str) -> None:
    """Remove the sums of a day, which are not right any more, and of its month."""
    m.conn.execute(_REMOVE, {"periods": [day, day[:7]]})


def summed(books: Books, m: Transaction) -> dict[Part, dict[str, Sums]]:
    """The lines of the days of ``books``, by part and key."""
    found: dict[Part, defaultdict[str, Sums]] = {part: defaultdict(Sums) for part in PARTS}

    def lines(row: Any, at: int) -> Iterator[Sums]:
        for part, key in _keys(m, row, at):
            yield found[part][key]

    for row in books.each_ticket():
        for sums in lines(row, row.at):
            sums.counts["issued"] += 1
            if row.state in ("cancelled", "expired"):
                sums.counts[row.state] += 1
    closings = books.closings()
    for row in books.each_stay():
        closes = closings.get((row.hall_day, row.service_id))
        late = row.how == "done" and closes is not None and row.ended_at is not None and row.ended_at > closes
        spans = [(span, taken) for span in SPANS if (taken := _taken(row, *SPANS[span])) is not None]
        for sums in lines(row, row.began_at):
            sums.counts[row.how] += 1
            sums.counts["overtime"] += late
            for span, taken in spans:
                sums.spans[span].add(taken)
    for row in books.each_case():
        for sums in lines(row, row.at):
            sums.outcomes[row.outcome] += 1
            if row.grade is not None:
                sums.grades[row.grade] += 1
            if row.promised_on is not None:
                sums.counts["promised"] += 1
                if row.progress in ("ready", "closed"):
                    late = row.progress_at is not None and row.progress_at >= books.end_of(row.promised_on)
                    sums.counts["promised_late"] += late
                elif row.progress != "returned":
                    # The deadline of a returned one runs again once the papers are there.
                    sums.promised_open[row.promised_on] += 1
    return {part: dict(each) for part, each in found.items()}


def add_what_changes(
    books: Books, m: Transaction, part: str, lines: Mapping[str, Sums], key_of: Callable[[Any, str], str]
) -> None:
    """Add what changes by itself and so is not kept: work items that are not settled, promises that are late by now.

    ``key_of`` gives the line of a row and its key in ``part``.
    """
    for row in books.each_unsettled():
        for of, key in _keys(m, row, row.at):
            if of == part and (sums := lines.get(key_of(row, key))) is not None:
                sums.counts["work_open"] += 1
                sums.counts["work_late"] += bool(row.late)
    for sums in lines.values():
        for day, count in sums.promised_open.items():
            if books.now >= books.end_of(day):
                sums.counts["promised_late"] += count


def _keys(m: Transaction, row: Any, at: int) -> Iterator[tuple[Part, str]]:
    yield "total", ""
    yield "hour", str(m.time(at).hour)
    yield "service", row.service_id
    yield "class", row.priority
    # What was never called has no window and no clerk.
    if row.window_id:
        yield "window", row.window_id
    if row.clerk:
        yield "clerk", row.clerk
    # A ticket may be for several, or for none that is known; a case is of one.
    for matter in json.loads(row.matters) if row.matters else ():
        yield "matter", matter


def _taken(row: Any, since: str, until: str) -> int | None:
    """Whole seconds of a span of a stay; None where that is not known."""
    begin, end = getattr(row, since), getattr(row, until)
    # Finished without having been started: when the resident came to the window is unknown.
    unstarted = "started_at" in (since, until) and row.ended_at is not None and row.started_at == row.ended_at
    if begin is None or end is None or unstarted:
        return None
    taken = (end - begin) // _SECOND
    return int(taken) if end >= begin and end - begin <= _DAY * _SECOND else IMPOSSIBLE


def _keep(m: Transaction, period: str, lines: Mapping[Part, Kept]) -> None:
    m.conn.execute(_REMOVE, {"periods": [period]})
    rows = [
        {"period": period, "part": part, "sums": json.dumps(each, separators=(",", ":"))}
        for part, each in lines.items()
    ]
    m.conn.execute(insert(_f), rows)


def _days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _months(first: date, last: date) -> list[str]:
    """The months that lie in these days as a whole."""
    found, month = [], first.replace(day=1)
    while month <= last:
        end = _last_of(month)
        if month >= first and end <= last:
            found.append(f"{month}"[:7])
        month = end + timedelta(days=1)
    return found


def _last_of(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
