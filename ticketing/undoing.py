"""A wrong finish or no-show, taken back within a minute."""

from typing import Any

from sqlalchemy import Row, bindparam, literal_column, update

from ticketing import cases, issuing, stays, windows
from ticketing.model import Actor, State, StateError, Ticket
from ticketing.moment import Moment, after, microseconds, tickets
from ticketing.moment import t as _t
from ticketing.store import Prepared

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
_UNDO = Prepared(
    update(_t)
    .where(_t.c.id == bindparam("ticket"))
    .values(state=bindparam("to"), misses=bindparam("missed"), ended_at=None, outcome=None)
)


def last_at(m: Moment, window: str) -> Row[Any] | None:
    """The row of what ended last at the window, while that can be taken back."""
    since = microseconds(m.now - m.rules.undo_within)
    return _LAST.one_or_none(m.conn, {"day": m.day, "window": window, "since": since, "now": m.at})


def undo(m: Moment, window: str, actor: Actor) -> Ticket:
    """Take back what ended last at the window; see :meth:`ticketing.office.Office.undo`."""
    found = windows.at_work(m, window, actor)
    windows.refuse_second_at(m, window)
    row = last_at(m, window)
    if row is None:
        raise StateError("nothing_to_undo", window=window)
    state = after("undo", row)
    issuing.refuse_second_of(m, row, row.service_id)
    if row.state == State.DONE:
        cases.withdraw(m, row.id)
    misses = row.misses - (row.state == State.MISSED)
    _UNDO.do(m.conn, {"ticket": row.id, "to": state.value, "missed": misses})
    if found.state == "closed":
        windows.put_state(m, found, "open")
    return stays.happened(
        m, row, "undone", {"state": state.value}, state=state, misses=misses, ended_at=None, outcome=None
    )
