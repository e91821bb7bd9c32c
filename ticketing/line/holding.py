"""Out of the line and back: held for a while, missed and here after all, cancelled."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from ticketing.calendar import hall_day
from ticketing.day import print_jobs, visits
from ticketing.day.transaction import Moment, after, is_open, microseconds, tickets, window_of
from ticketing.day.transaction import t as _t
from ticketing.line import issuing, limits
from ticketing.model import LimitError, State, StateError, Ticket
from ticketing.store import tables
from ticketing.store.opening import Prepared

LONGEST_REASON = 60
"""Characters."""

_MINE = _t.c.id == bindparam("ticket")
_HOLD = Prepared(
    update(_t)
    .where(_MINE)
    .values(
        state="held",
        window_id=bindparam("window"),
        held_until=bindparam("until"),
        hold_reason=bindparam("reason"),
        called_at=None,
        called_by=None,
        started_at=None,
        recalls=0,
    )
)
_CANCEL = Prepared(
    update(_t)
    .where(_MINE)
    .values(
        state="cancelled",
        window_id=None,
        called_at=None,
        started_at=None,
        recalls=0,
        held_until=None,
        hold_reason=None,
        ended_at=bindparam("now"),
    )
)
_DUE = tickets.where(
    tables.held,
    _t.c.held_until.is_not(None),
    _t.c.held_until <= bindparam("now"),
    _t.c.hall_day == bindparam("day"),
).order_by(_t.c.held_until, _t.c.id)
# The rank of the last of those whom a missed ticket lets pass.
_NTH = Prepared(
    select(_t.c.rank_at)
    .where(_t.c.line == bindparam("line"), _t.c.hall_day == bindparam("day"), tables.waiting)
    .order_by(_t.c.rank_at, _t.c.id)
    .limit(1)
    .offset(bindparam("places"))
)


def todays(m: Moment, ticket: int) -> Row[Any]:
    """The row of a ticket of today, which something may still become of; raises ``unknown_ticket``, ``other_day``."""
    row = m.row_of(ticket)
    if row.hall_day != m.day:
        raise StateError("other_day", number=row.number, day=row.hall_day)
    return row


def hold(m: Moment, row: Row[Any], reason: str | None, back_at: datetime | None) -> Ticket:
    """Take a ticket out of the line, or from its window, for a while; see :meth:`ticketing.office.Office.hold`."""
    state = after("hold", row)
    reason = (reason or "").strip() or None
    if reason is not None and len(reason) > LONGEST_REASON:
        raise StateError("bad_reason")
    if back_at is not None and not _still_today(m, back_at):
        raise StateError("bad_back_at")
    until = None if back_at is None else microseconds(back_at)
    if is_open(row):
        visits.record(m, row, "held")
    _HOLD.do(m.conn, {"ticket": row.id, "window": row.window_id, "until": until, "reason": reason})
    told = {"was": row.state, "line": visits.own_line(row.line, row.service_id)} if row.state == State.WAITING else {}
    gone = dict.fromkeys(("called_at", "called_by", "started_at"))
    return visits.happened(m, row, "held", told, state=state, held_until=until, hold_reason=reason, recalls=0, **gone)


def come_back(m: Moment, row: Row[Any]) -> Ticket:
    """Back into the line: a held ticket at its rank, a missed one behind the next few.

    Raises:
        StateError: ``wrong_state``; ``already_waiting``: this person took another number for the service meanwhile.
        LimitError: ``missed_too_often`` (``number``, ``misses``).
    """
    after("return", row)
    told = {"type": "ticket.returned", "was": row.state}
    line = _line_of(m, row)
    if row.state == State.HELD:
        return visits.into_line(m, row, "return", told, line=line)
    if row.misses > m.rules.missed_limit:
        raise LimitError("missed_too_often", number=row.number, misses=row.misses)
    issuing.refuse_second_of(m, row, row.service_id)
    visits.record(m, row, "missed", ended_at=row.ended_at)
    rank = _behind_the_next(m, line, row.rank_at)
    return visits.into_line(m, row, "return", told, line=line, rank=rank, rank_by="missed")


def due(m: Moment) -> list[Row[Any]]:
    """The held tickets whose time to come back has come."""
    return list(m.conn.execute(_DUE, {"now": m.at, "day": m.day}))


def cancel(m: Moment, row: Row[Any]) -> Ticket:
    """Nobody comes any more."""
    state = after("cancel", row)
    if row.state == State.MISSED:
        visits.record(m, row, "missed", ended_at=row.ended_at)
    _CANCEL.do(m.conn, {"ticket": row.id, "now": m.at})
    limits.give_back(m, row)
    print_jobs.withdraw_slip(m, row.id)
    was = None if row.state == State.WAITING else row.state
    told = {"was": was, "line": visits.own_line(row.line, row.service_id)}
    gone = dict.fromkeys(("window_id", "called_at", "started_at", "held_until", "hold_reason"))
    return visits.happened(m, row, "cancelled", told, state=state, recalls=0, ended_at=m.at, **gone)


def may_come_back(m: Moment, row: Row[Any]) -> bool:
    """Whether whoever holds the ticket may have it wait again."""
    if row.state == State.MISSED:
        return bool(row.misses <= m.rules.missed_limit)
    return bool(row.state == State.HELD)


def _line_of(m: Moment, row: Row[Any]) -> str:
    """Where it stood; its service's line when that of its window is no more."""
    alone = window_of(row.line)
    window = None if alone is None else m.window_or_none(alone)
    return str(row.service_id if alone is not None and (window is None or window.removed) else row.line)


def _behind_the_next(m: Moment, line: str, own: int) -> int:
    """A rank behind the next few who wait, and behind all when they are fewer; never before ``own``."""
    places = m.rules.missed_places
    if places <= 0:
        return own
    last = _NTH.scalar(m.conn, {"line": line, "day": m.day, "places": places - 1})
    # Who has an appointment for later is not waited for.
    return max(own, m.at if last is None else min(last + 1, m.at))


def _still_today(m: Moment, at: datetime) -> bool:
    return microseconds(at) > m.at and hall_day(at.astimezone(m.zone), m.rules.day_starts).isoformat() == m.day
