"""A wrong finish or no-show, taken back within a minute."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, literal_column, select, update

from ticketing.cases import cases
from ticketing.day import visits, windows
from ticketing.day.transaction import Moment, after, tickets
from ticketing.day.transaction import t as _t
from ticketing.line import issuing
from ticketing.model import Actor, State, StateError, Ticket
from ticketing.store import tables
from ticketing.store.opening import Prepared

_LAST = Prepared(
    tickets.where(
        _t.c.hall_day == bindparam("day"),
        _t.c.window_id == bindparam("window"),
        _t.c.window_id.is_not(None),
        _t.c.state.in_([literal_column("'done'"), literal_column("'missed'")]),
        _t.c.ended_at >= bindparam("since"),
        _t.c.ended_at <= bindparam("now"),
    )
    .order_by(_t.c.ended_at.desc(), _t.c.called_at.desc())
    .limit(1)
)
# A stop of a chain that ended, while its ticket waits for the next one and nothing has become of it since.
_v = tables.visit
_later = tables.visit.alias("later")
_LAST_STOP = Prepared(
    select(
        _v.c.id,
        _v.c.ticket_id,
        _v.c.service_id,
        _v.c.queued_at,
        _v.c.called_at,
        _v.c.started_at,
        _v.c.ended_at,
        _v.c.clerk,
        _v.c.window_id,
    )
    .join(_t, _t.c.id == _v.c.ticket_id)
    .where(
        tables.waiting,
        _t.c.hall_day == bindparam("day"),
        _t.c.queued_at >= bindparam("since"),
        _t.c.queued_at <= bindparam("now"),
        _v.c.ended_at == _t.c.queued_at,
        _v.c.window_id == bindparam("window"),
        _v.c.ended_as == literal_column("'done'"),
        ~exists().where(_later.c.ticket_id == _v.c.ticket_id, _later.c.id > _v.c.id),
    )
    .order_by(_v.c.ended_at.desc(), _v.c.id.desc())
    .limit(1)
)
_STEP_BACK = Prepared(
    update(_t)
    .where(_t.c.id == bindparam("ticket"))
    .values(
        state="serving",
        service_id=bindparam("service"),
        line=bindparam("service"),
        chain=bindparam("stops"),
        queued_at=bindparam("queued"),
        window_id=bindparam("window"),
        called_at=bindparam("called"),
        started_at=bindparam("started"),
        clerk=bindparam("who"),
    )
)
_FORGET_STAY = delete(_v).where(_v.c.id == bindparam("stay"))
_UNDO = Prepared(
    update(_t)
    .where(_t.c.id == bindparam("ticket"))
    .values(state=bindparam("to"), misses=bindparam("missed"), ended_at=None, outcome=None)
)


@dataclass(frozen=True)
class Last:
    """What ended last at a window: the ticket's row, when, and the stay that is kept of it where it was a stop."""

    row: Row[Any]
    ended_at: int
    stop: Row[Any] | None = None

    def ticket(self, m: Moment) -> Ticket:
        """The ticket as it left the window."""
        if self.stop is None:
            return m.ticket(self.row)
        return m.ticket(self.row, state=State.DONE, window_id=self.stop.window_id, service_id=self.stop.service_id)


def last_at(m: Moment, window: str) -> Last | None:
    """What ended last at the window, while that can be taken back."""
    since = m.at - m.rules.undo_within // timedelta(microseconds=1)
    which = {"day": m.day, "window": window, "since": since, "now": m.at}
    row, stop = _LAST.one_or_none(m.conn, which), _LAST_STOP.one_or_none(m.conn, which)
    if stop is not None and (row is None or (stop.ended_at, stop.called_at) > (row.ended_at, row.called_at)):
        return Last(m.row_of(stop.ticket_id), stop.ended_at, stop)
    return None if row is None else Last(row, row.ended_at)


def undo(m: Moment, window: str, actor: Actor) -> Ticket:
    """Take back what ended last at the window; see :meth:`ticketing.office.Office.undo`."""
    found = windows.at_work(m, window, actor)
    windows.refuse_second_at(m, window)
    last = last_at(m, window)
    if last is None:
        raise StateError("nothing_to_undo", window=window)
    ticket = _undo_end(m, last) if last.stop is None else _undo_stop(m, last, last.stop)
    if found.state == "closed":
        windows.put_state(m, found, "open")
    return ticket


def _undo_end(m: Moment, last: Last) -> Ticket:
    row = last.row
    state = after("undo", row)
    issuing.refuse_second_of(m, row, row.service_id)
    if row.state == State.DONE:
        cases.withdraw(m, row.id, last.ended_at)
    misses = row.misses - (row.state == State.MISSED)
    _UNDO.do(m.conn, {"ticket": row.id, "to": state.value, "missed": misses})
    return visits.happened(
        m, row, "undone", {"state": state.value}, state=state, misses=misses, ended_at=None, outcome=None
    )


def _undo_stop(m: Moment, last: Last, stop: Row[Any]) -> Ticket:
    """From the line of the next stop back to the window."""
    row = last.row
    state = after("step-back", row)
    if stop.service_id != row.service_id:
        issuing.refuse_second_of(m, row, stop.service_id)
    cases.withdraw(m, row.id, last.ended_at)
    stops = json.dumps([row.service_id, *json.loads(row.chain or "[]")])
    changed: dict[str, Any] = {
        "service_id": stop.service_id,
        "line": stop.service_id,
        "chain": stops,
        "queued_at": None if stop.queued_at == row.issued_at else stop.queued_at,
        "window_id": stop.window_id,
        "called_at": stop.called_at,
        "started_at": stop.started_at,
        "clerk": stop.clerk,
    }
    _STEP_BACK.do(
        m.conn,
        {
            "ticket": row.id,
            "service": stop.service_id,
            "stops": stops,
            "queued": changed["queued_at"],
            "window": stop.window_id,
            "called": stop.called_at,
            "started": stop.started_at,
            "who": stop.clerk,
        },
    )
    m.conn.execute(_FORGET_STAY, {"stay": stop.id})
    told = {"state": state.value, "was": row.state, "line": row.line}
    return visits.happened(m, row, "undone", told, state=state, **changed)
