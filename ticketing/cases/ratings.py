"""Ratings (好差评): five grades, once for each case, never changed.

A rating does not say who gave it. Cases without a rating are counted apart, never as satisfied. The two lowest grades
name reasons and make a work item: contact within an hour, settle within a day, in wall-clock time, not opening hours.

No clerk can find out who gave which grade. Figures for clerks cover a whole week that is over, since a count seen
before and after one rating would tell the grade. Nothing is shown while fewer than :data:`LEAST_SHOWN` residents
answered.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, bindparam, func, insert, select, update

from ticketing.cases import cases
from ticketing.cases.cases import Case, CaseRow
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import Actor, StateError, UnknownError
from ticketing.reports import rollups
from ticketing.store import tables
from ticketing.store.prepared import Prepared

log = logging.getLogger(__name__)

Via = Literal["window", "terminal", "phone"]

GRADES = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
LOW = 2
"""Grades up to this one name a reason, and make a work item."""

REASONS = ("slow", "attitude", "repeated_trips", "unclear", "extra_papers", "other")
CONTACT_WITHIN = timedelta(hours=1)
SETTLE_WITHIN = timedelta(hours=24)
ASKED_FOR = timedelta(minutes=10)
"""How long after a finish the tablet asks for a grade; later, the next resident stands there."""

LEAST_SHOWN = 5
LONGEST_NOTE = 500

_c, _r, _w = tables.case_file, tables.rating, tables.work_item
_INSERT = insert(_r)
_RATED = select(_r.c.case_id).where(_r.c.case_id.in_(bindparam("cases", expanding=True)))
_LAST_AT = Prepared(
    select(tables.ticket.c.id)
    .where(
        tables.ticket.c.hall_day == bindparam("day"),
        tables.ticket.c.window_id == bindparam("window"),
        tables.ticket.c.window_id.is_not(None),
        tables.ticket.c.ended_at >= bindparam("since"),
        tables.ticket.c.state == "done",
    )
    .order_by(tables.ticket.c.ended_at.desc())
    .limit(1)
)
_MAKE_WORK = insert(_w)
_WORK: Select[Any] = select(_w, _r.c.grade, _r.c.reasons, _c.c.hall_day, _c.c.service_id, _c.c.window_id).join_from(
    _w, _r, _r.c.case_id == _w.c.case_id
)
_WORK = _WORK.join(_c, _c.c.id == _w.c.case_id)
_OPEN_WORK = _WORK.where(_w.c.settled_at.is_(None)).order_by(_w.c.settle_by, _w.c.id)
_ALL_WORK = _WORK.order_by(_w.c.id.desc())
_ONE_WORK = _WORK.where(_w.c.id == bindparam("item"))
_DO_WORK = update(_w).where(_w.c.id == bindparam("item"))
_FIGURES = (
    select(_c.c.hall_day, _c.c.service_id, _c.c.window_id, _c.c.clerk, _r.c.grade, func.count().label("n"))
    .outerjoin_from(_c, _r, _r.c.case_id == _c.c.id)
    .where(_c.c.hall_day >= bindparam("first"), _c.c.hall_day <= bindparam("last"))
    .group_by(_c.c.hall_day, _c.c.service_id, _c.c.window_id, _c.c.clerk, _r.c.grade)
    .order_by(_c.c.hall_day, _c.c.service_id, _c.c.window_id, _c.c.clerk, _r.c.grade)
)
_WEEK = (
    select(_r.c.grade, func.count().label("n"))
    .join(_c, _c.c.id == _r.c.case_id)
    .where(_r.c.given_at >= bindparam("begin"), _r.c.given_at < bindparam("end"), _c.c.window_id == bindparam("window"))
    .group_by(_r.c.grade)
)


@dataclass(frozen=True)
class Rating:
    """A grade. It does not say who gave it."""

    case: int
    service: str
    grade: int
    reasons: tuple[str, ...]
    late: bool


@dataclass(frozen=True)
class WorkItem:
    """The work that a low grade makes, with its deadlines, and what ``who`` did about it; None until it is done."""

    id: int
    case: int
    service: str
    window: str
    day: date
    grade: int
    reasons: tuple[str, ...]
    made_at: datetime
    contact_by: datetime
    settle_by: datetime
    contacted_at: datetime | None
    settled_at: datetime | None
    who: str | None
    note: str | None


@dataclass(frozen=True)
class Count:
    """How many cases of one day, service, window and clerk got ``grade``; None counts the cases without a rating."""

    day: date
    service: str
    window: str
    clerk: str | None
    grade: int | None
    cases: int


@dataclass(frozen=True)
class WindowGrades:
    """Grades of a window's cases in the last whole week.

    Attributes:
        first, last: days of that week, Monday and Sunday.
        grades: how many of each, 1 to 5; None while there are fewer than ``LEAST_SHOWN``.
    """

    first: date
    last: date
    grades: dict[int, int] | None


class Ratings:
    """Takes grades, and keeps the work items they make. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def to_rate(self, code_text: str) -> list[Case]:
        """The cases that this code, of a ticket or a receipt, may rate now, oldest first; raises ``unknown_code``."""
        with self._ledger.look() as m:
            rows = _served(_rows_of_code(m, code_text))
            return [cases.case_of(m, row) for row in _unrated(m, rows)]

    def rate(
        self, code_text: str, grade: int, reasons: Sequence[str] = (), case: int | None = None, via: Via = "phone"
    ) -> Rating:
        """Rate a case by the code of a ticket or a receipt; allowed long after its hall day, too.

        Args:
            code_text: the code.
            grade: 5 (very satisfied) to 1 (very dissatisfied).
            reasons: some of ``REASONS``; the two lowest grades need one.
            case: which of a ticket's cases; None for the oldest that is not rated.
            via: where it was given.

        Raises:
            UnknownError: ``unknown_code``; ``unknown_case``: not one of this ticket's.
            StateError: ``already_rated``; ``not_served_yet``: the ticket has no case yet, or nobody has looked at the
                application;
                ``reason_needed``; ``bad_rating``: no such grade or reason.
        """
        _check(grade, reasons)
        with self._ledger.verb() as m:
            rows = _rows_of_code(m, code_text)
            if case is not None:
                rows = [row for row in rows if row.id == case]
                if not rows:
                    raise UnknownError("unknown_case")
            rows = _served(rows)
            if not rows:
                raise StateError("not_served_yet")
            left = _unrated(m, rows)
            if not left:
                raise StateError("already_rated")
            return _rate(m, left[0], grade, reasons, via)

    def asked_at(self, window: str) -> Case | None:
        """The case just finished at a window and not rated, which its tablet asks about; raises ``unknown_window``."""
        with self._ledger.look() as m:
            row = asked_at(m, window)
            return row and cases.case_of(m, row)

    def rate_at(self, window: str, case: int, grade: int, reasons: Sequence[str] = ()) -> Rating:
        """Rate at the window the case that :meth:`asked_at` gave.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``nothing_to_rate``: that case is not the last one finished there, or is rated;
                ``reason_needed``, ``bad_rating``.
        """
        _check(grade, reasons)
        with self._ledger.verb() as m:
            row = asked_at(m, window)
            # The next resident may have been served meanwhile: a grade never goes to another resident's case.
            if row is None or row.id != case:
                raise StateError("nothing_to_rate")
            return _rate(m, row, grade, reasons, "window")

    def work(self, *, only_open: bool = True, limit: int = 500) -> list[WorkItem]:
        """The work items: the open ones, most urgent first, or all, newest first."""
        with self._ledger.look() as m:
            query = (_OPEN_WORK if only_open else _ALL_WORK).limit(limit)
            return [_item(m, row) for row in m.conn.execute(query)]

    def see_to(
        self, item: int, actor: Actor, *, contacted: bool = False, settled: bool = False, note: str | None = None
    ) -> WorkItem:
        """Mark a work item as contacted or settled; raises ``unknown_work``, ``work_settled``.

        A settled item counts as contacted by now at the latest.
        """
        with self._ledger.verb() as m:
            row = m.known(m.conn.execute(_ONE_WORK, {"item": item}).one_or_none(), "unknown_work")
            if row.settled_at is not None:
                raise StateError("work_settled")
            seen = m.at if row.contacted_at is None and (contacted or settled) else row.contacted_at
            done = {"contacted_at": seen, "settled_at": m.at if settled else None, "who": actor.who}
            said = note[:LONGEST_NOTE] if note else row.note
            m.conn.execute(_DO_WORK, {"item": item, **done, "note": said})
            changed = _item(m, m.conn.execute(_ONE_WORK, {"item": item}).one())
        log.info("work item %s seen to by %s", item, actor.who)
        return changed

    def of_window(self, window: str) -> WindowGrades:
        """The grades of a window as its clerks may see them; raises ``unknown_window``."""
        with self._ledger.look() as m:
            m.window(window)
            today = date.fromisoformat(m.day)
            monday = today - timedelta(days=today.weekday() + 7)
            begin, end = (_midnight(m, day) for day in (monday, monday + timedelta(days=7)))
            rows = m.conn.execute(_WEEK, {"window": window, "begin": begin, "end": end}).all()
            counts = dict.fromkeys(GRADES, 0) | {row.grade: row.n for row in rows}
            shown = sum(counts.values()) >= LEAST_SHOWN
            return WindowGrades(monday, monday + timedelta(days=6), counts if shown else None)


# -- inside a transaction ----------------------------------------------------------------------------------------------


def figures(m: Transaction, first: date, last: date) -> list[Count]:
    """The grades of all cases of the hall days ``first`` to ``last``; for managers."""
    days = {"first": first.isoformat(), "last": last.isoformat()}
    return [
        Count(date.fromisoformat(row.hall_day), row.service_id, row.window_id, row.clerk, row.grade, row.n)
        for row in m.conn.execute(_FIGURES, days)
    ]


def asked_at(m: Transaction, window: str) -> CaseRow | None:
    """The row of the case that :meth:`Ratings.asked_at` gives."""
    m.window(window)
    since = m.at - ASKED_FOR // timedelta(microseconds=1)
    ticket = _LAST_AT.scalar(m.conn, {"day": m.day, "window": window, "since": since})
    if ticket is None:
        return None
    rows = [row for row in cases.rows_of_ticket(m, ticket) if row.window_id == window and row.ended_at >= since]
    left = _unrated(m, rows)
    return left[0] if left else None


def _check(grade: int, reasons: Sequence[str]) -> None:
    if grade not in GRADES or not set(reasons) <= set(REASONS):
        raise StateError("bad_rating")
    if grade <= LOW and not reasons:
        raise StateError("reason_needed")


def _rows_of_code(m: Transaction, code_text: str) -> list[CaseRow]:
    """The cases behind the code of a receipt or a ticket.

    A ticket of another day is found by its code alone, which outlives the day's key, and only if it has a case;
    otherwise it is unknown here, as it is everywhere else.
    """
    try:
        return [cases.row_of_code(m, code_text)]
    except UnknownError:
        row = m.row_of_old_code(code_text)
    rows = cases.rows_of_ticket(m, row.id)
    if not rows and row.hall_day != m.day:
        raise UnknownError("unknown_code")
    return rows


def _served(rows: Sequence[CaseRow]) -> list[CaseRow]:
    """Without applications that are only submitted."""
    return [row for row in rows if row.progress != "submitted"]


def _unrated(m: Transaction, rows: Sequence[CaseRow]) -> list[CaseRow]:
    rated = set(m.conn.scalars(_RATED, {"cases": [row.id for row in rows]}))
    return [row for row in rows if row.id not in rated]


def _rate(m: Transaction, row: CaseRow, grade: int, reasons: Sequence[str], via: Via) -> Rating:
    named = tuple(dict.fromkeys(reasons))
    late = row.hall_day != m.day
    if late:
        rollups.forget(m, row.hall_day)
    m.conn.execute(
        _INSERT,
        {"case_id": row.id, "grade": grade, "reasons": json.dumps(named), "given_at": m.at, "via": via, "late": late},
    )
    if grade <= LOW:
        contact, settle = (m.at + span // timedelta(microseconds=1) for span in (CONTACT_WITHIN, SETTLE_WITHIN))
        m.conn.execute(_MAKE_WORK, {"case_id": row.id, "made_at": m.at, "contact_by": contact, "settle_by": settle})
    return Rating(row.id, row.service_id, grade, named, late)


def _item(m: Transaction, row: Any) -> WorkItem:
    def at(kept: int | None) -> datetime | None:
        return None if kept is None else m.time(kept)

    return WorkItem(
        id=row.id,
        case=row.case_id,
        service=row.service_id,
        window=row.window_id,
        day=date.fromisoformat(row.hall_day),
        grade=row.grade,
        reasons=tuple(json.loads(row.reasons)),
        made_at=m.time(row.made_at),
        contact_by=m.time(row.contact_by),
        settle_by=m.time(row.settle_by),
        contacted_at=at(row.contacted_at),
        settled_at=at(row.settled_at),
        who=row.who,
        note=row.note,
    )


def _midnight(m: Transaction, day: date) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=m.zone))
