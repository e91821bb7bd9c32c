"""Repair after a clock that ran ahead and was set back: undoes what that did to today, as far as possible.

Call :func:`mend` after a jump back of the hall's time, before anything else is written at the new time.
"""

import json
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, bindparam, case, delete, exists, literal_column, or_, select, update

from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import HallChanged, TicketExpired, TicketReturned
from ticketing.model import State
from ticketing.store import tables

FAR = 60_000_000
"""Microseconds; a smaller step back needs no repair."""

END_OF_DAY = "end_of_day"
"""Outcome of a ticket that was still at a window at the day's end."""

_e, _v, _a = tables.event, tables.visit, tables.appointment
_NEWEST = select(_e.c.at).order_by(_e.c.seq.desc()).limit(1)
_TODAY = _t.c.hall_day == bindparam("today")
_ENDED = (
    select(_t.c.id, _t.c.number, _t.c.service_id, _t.c.state, _t.c.window_id, _t.c.started_at)
    .where(
        _TODAY,
        _t.c.ended_at > bindparam("now"),
        or_(_t.c.state == "expired", and_(_t.c.state == "done", _t.c.outcome == END_OF_DAY)),
    )
    .order_by(_t.c.id)
)
_EXPIRED = select(_e.c.data).where(_e.c.at > bindparam("now"), _e.c.type == TicketExpired.type).order_by(_e.c.seq)
_other = tables.ticket.alias("other")
_ALONE = ~exists().where(
    _other.c.hall_day == _t.c.hall_day,
    _other.c.person_hash == _t.c.person_hash,
    _other.c.service_id == _t.c.service_id,
    _other.c.id != _t.c.id,
    _other.c.state.in_([literal_column(f"'{state}'") for state in ("waiting", "called", "serving", "held")]),
)
_BACK = (
    update(_t).where(_t.c.id == bindparam("ticket"), _ALONE).values(state=bindparam("to"), ended_at=None, outcome=None)
)
_MISSED_STAY = (
    select(_v.c.id, _v.c.window_id, _v.c.called_at, _v.c.ended_at)
    .where(_v.c.ticket_id == bindparam("ticket"), _v.c.ended_as == "missed")
    .order_by(_v.c.id.desc())
    .limit(1)
)
_MISSED_AGAIN = update(_t).where(_t.c.id == bindparam("ticket"))
_BOOKED_AGAIN = (
    update(_a)
    .where(_a.c.state == "missed", _a.c.day >= bindparam("today"), _a.c.ended_at > bindparam("now"))
    .values(state="booked", ended_at=None)
)

_fs = tables.figure_sum
_FORGET_SUMS = delete(_fs).where(or_(_fs.c.period >= bindparam("since"), _fs.c.period == bindparam("month")))


def ahead_of(m: Transaction) -> int:
    """Microseconds from now to the newest time in the store; negative when all of them are past."""
    newest = m.conn.scalar(_NEWEST)
    return 0 if newest is None else newest - m.at


def forget_sums(m: Transaction, since: str) -> None:
    """Remove the figures kept of the days from ``since`` on, and of its month; they are made anew from the tickets."""
    m.conn.execute(_FORGET_SUMS, {"since": since, "month": since[:7]})


def mend(m: Transaction) -> None:
    """Undo what was done to today while the clock ran ahead.

    Tickets that a day's end closed get back their state, and appointments that it counted as missed are booked again.
    Times of today that lie ahead are moved back by the same amount, so that the order stays and no new ticket ranks
    before the waiting ones.
    """
    forget_sums(m, m.day)
    ahead = ahead_of(m)
    if ahead <= 0:
        return
    back = _bring_back(m)
    m.conn.execute(_BOOKED_AGAIN, {"today": m.day, "now": m.at})
    m.conn.execute(_moved(m, ahead), {"today": m.day})
    for row in back:
        m.append(TicketReturned(row.number, row.service_id, was=row.state))
    # Everything shown of the queue may have changed.
    m.append(HallChanged())


def _bring_back(m: Transaction) -> list[Any]:
    """Restore the state of today's tickets that ended in the future; returns the rows that wait again."""
    rows: list[Any] = list(m.conn.execute(_ENDED, {"today": m.day, "now": m.at}))
    if not rows:
        return []
    was: dict[str, str] = {}
    for data in m.conn.scalars(_EXPIRED, {"now": m.at}):
        told = TicketExpired(**json.loads(data))
        # The first event of a number is today's, however many days the clock ran ahead.
        was.setdefault(told.number, told.was or State.WAITING.value)
    waiting = []
    for row in rows:
        if row.state == State.DONE:
            if m.open_at(row.window_id) is None:
                m.conn.execute(_BACK, {"ticket": row.id, "to": "called" if row.started_at is None else "serving"})
            continue
        state = was.get(row.number, State.WAITING.value)
        if m.conn.execute(_BACK, {"ticket": row.id, "to": state}).rowcount == 0:
            continue
        if state == State.MISSED:
            stay = m.conn.execute(_MISSED_STAY, {"ticket": row.id}).one()
            values = {"window_id": stay.window_id, "called_at": stay.called_at, "ended_at": stay.ended_at}
            m.conn.execute(_MISSED_AGAIN, {"ticket": row.id, **values})
            m.conn.execute(delete(_v).where(_v.c.id == stay.id))
        elif state == State.WAITING:
            waiting.append(row)
    return waiting


def _moved(m: Transaction, ahead: int) -> Update:
    """The UPDATE that moves today's times that lie ahead back by ``ahead``."""

    def back(column: ColumnElement[int], lies_ahead: ColumnElement[bool]) -> ColumnElement[int]:
        return case((lies_ahead, column - ahead), else_=column)

    times = (_t.c.issued_at, _t.c.called_at, _t.c.started_at, _t.c.queued_at)
    booked = _t.c.rank_by == "appointment"
    ranked_ahead = or_(_t.c.rank_at > m.at, _t.c.issued_at > m.at) & (_t.c.rank_by.is_(None) | ~booked)
    return (
        update(_t)
        .where(_TODAY, or_(tables.live, _t.c.state == "missed"))
        .values(
            {
                **{column: back(column, column > m.at) for column in times},
                _t.c.rank_at: back(_t.c.rank_at, ranked_ahead),
                # A ticket whose hold would have ended by now came back by itself.
                _t.c.held_until: back(_t.c.held_until, _t.c.held_until > m.at + ahead),
            }
        )
    )
