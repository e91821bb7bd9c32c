"""Hold a ticket, return a held or missed one to its line, cancel one."""

from datetime import datetime

from sqlalchemy import bindparam, select

from ticketing.day import print_jobs, serving, visits
from ticketing.day.transaction import NO_CALL, THIS, Transaction, microseconds, refuse_wrong_state, tickets, transition
from ticketing.day.transaction import t as _t
from ticketing.events import TicketCancelled, TicketHeld, TicketReturned
from ticketing.line import issuing, limits
from ticketing.model import LimitError, State, StateError, Ticket, TicketRow
from ticketing.store import tables
from ticketing.store.prepared import Prepared

LONGEST_REASON = 60
"""Characters."""

_HOLD = transition("hold", THIS, **NO_CALL, held_until=bindparam("until"), hold_reason=bindparam("reason"))
_GONE = dict.fromkeys(("window_id", "called_at", "started_at", "held_until", "hold_reason"))
_CANCEL = transition("cancel", THIS, **_GONE, recalls=0, ended_at=bindparam("now"))
_DUE = Prepared(
    tickets.where(
        tables.held,
        _t.c.held_until.is_not(None),
        _t.c.held_until <= bindparam("now"),
        _t.c.hall_day == bindparam("day"),
    ).order_by(_t.c.held_until, _t.c.id),
    TicketRow,
)
# The rank of the last ticket that a missed one lets pass.
_NTH = Prepared(
    select(_t.c.rank_at)
    .where(_t.c.line == bindparam("line"), _t.c.hall_day == bindparam("day"), tables.waiting)
    .order_by(_t.c.rank_at, _t.c.id)
    .limit(1)
    .offset(bindparam("places"))
)


def todays(m: Transaction, ticket: int) -> TicketRow:
    """The row of a ticket of today; raises ``unknown_ticket``, ``other_day``."""
    row = m.row_of(ticket)
    if row.hall_day != m.day:
        raise StateError("other_day", number=row.number, day=row.hall_day)
    return row


def hold(m: Transaction, row: TicketRow, reason: str | None, back_at: datetime | None) -> Ticket:
    """Put a ticket on hold, from its line or its window; ``back_at`` is when it returns by itself."""
    refuse_wrong_state("hold", row)
    reason = (reason or "").strip() or None
    if reason is not None and len(reason) > LONGEST_REASON:
        raise StateError("bad_reason")
    if back_at is not None and (back_at <= m.now or m.day_of(back_at) != m.day):
        raise StateError("bad_back_at")
    if row.at_window:
        visits.record(m, row, "held")
        serving.forget(m, row.id)
    until = None if back_at is None else microseconds(back_at)
    changed = m.change(_HOLD, "hold", row, until=until, reason=reason)
    if row.state == State.WAITING:
        return m.happened(changed, TicketHeld, was=row.state, line=row.own_line)
    return m.happened(changed, TicketHeld)


def come_back(m: Transaction, row: TicketRow) -> Ticket:
    """Back into the line: a held ticket at its rank, a missed one behind the next few.

    Raises as :meth:`ticketing.office.Office.return_ticket`.
    """
    refuse_wrong_state("return", row)
    line = _line_of(m, row)
    rank = None
    if row.state == State.MISSED:
        if row.misses > m.rules.missed_limit:
            raise LimitError("missed_too_often", number=row.number, misses=row.misses)
        issuing.refuse_second_of(m, row, row.service_id)
        visits.record(m, row, "missed", ended_at=row.ended_at)
        rank = _behind_the_next(m, line, row.rank_at), "missed"
    return visits.into_line(m, row, "return", TicketReturned, line=line, rank=rank, was=row.state)


def due(m: Transaction) -> list[TicketRow]:
    """The held tickets whose time to return has come."""
    return _DUE.all(m.conn, {"now": m.at, "day": m.day})


def cancel(m: Transaction, row: TicketRow) -> Ticket:
    """Cancel a ticket: its resident does not come any more."""
    refuse_wrong_state("cancel", row)
    if row.state == State.MISSED:
        visits.record(m, row, "missed", ended_at=row.ended_at)
    changed = m.change(_CANCEL, "cancel", row)
    limits.give_back(m, row)
    print_jobs.withdraw_slip(m, row.id)
    was = None if row.state == State.WAITING else row.state
    return m.happened(changed, TicketCancelled, was=was, line=row.own_line)


def may_come_back(m: Transaction, row: TicketRow) -> bool:
    """Whether a resident may have their ticket wait again."""
    return row.state == State.HELD or (row.state == State.MISSED and row.misses <= m.rules.missed_limit)


def _line_of(m: Transaction, row: TicketRow) -> str:
    """The line it stood in; its service's when it stood in that of a window that is removed."""
    if row.only_window is None:
        return row.line
    window = m.window_or_none(row.only_window)
    return row.service_id if window is None or window.removed else row.line


def _behind_the_next(m: Transaction, line: str, own: int) -> int:
    """A rank behind the next few waiting tickets, or behind all when they are fewer; never before ``own``."""
    places = m.rules.missed_places
    if places <= 0:
        return own
    last = _NTH.scalar(m.conn, {"line": line, "day": m.day, "places": places - 1})
    # Appointments for later do not hold it back.
    return max(own, m.at if last is None else min(last + 1, m.at))
