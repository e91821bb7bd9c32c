"""Undo a wrong finish or no-show, within a minute."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, case, delete, exists, literal_column, select

from ticketing.cases import cases
from ticketing.day import windows
from ticketing.day.transaction import THIS, Transaction, tickets, transition
from ticketing.day.transaction import t as _t
from ticketing.events import TicketUndone
from ticketing.line import issuing
from ticketing.model import Actor, State, StateError, Ticket, TicketRow
from ticketing.store import tables
from ticketing.store.prepared import Prepared

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
    .limit(1),
    TicketRow,
)


class Stop(NamedTuple):
    """A finished stop of a chain: a visit, with the columns of that table."""

    id: int
    ticket_id: int
    service_id: str
    queued_at: int
    called_at: int
    started_at: int | None
    ended_at: int
    clerk: str | None
    window_id: str


# The last stop that was finished while its ticket waits for the next one, and nothing has happened to it since.
_v = tables.visit
_later = tables.visit.alias("later")
_LAST_STOP = Prepared(
    select(*(_v.c[name] for name in Stop._fields))
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
    .limit(1),
    Stop,
)
_STEP_BACK = transition(
    "step-back",
    THIS,
    service_id=bindparam("service"),
    line=bindparam("service"),
    chain=bindparam("stops"),
    queued_at=bindparam("queued"),
    window_id=bindparam("window"),
    called_at=bindparam("called"),
    started_at=bindparam("started"),
    clerk=bindparam("who"),
)
_FORGET_VISIT = delete(_v).where(_v.c.id == bindparam("visit"))
_misses = _t.c.misses - case((_t.c.state == literal_column("'missed'"), 1), else_=0)
_UNDO = transition("undo", THIS, misses=_misses, ended_at=None, outcome=None)


@dataclass(frozen=True)
class Last:
    """What ended last at a window: the ticket's row, when it ended, and the stop where it was one of a chain."""

    row: TicketRow
    ended_at: int
    stop: Stop | None = None

    def ticket(self, m: Transaction) -> Ticket:
        """The ticket as it left the window."""
        row = self.row
        if self.stop is not None:
            row = row._replace(state=State.DONE, window_id=self.stop.window_id, service_id=self.stop.service_id)
        return m.ticket(row)


def last_at(m: Transaction, window: str) -> Last | None:
    """What ended last at the window, while that can be undone."""
    since = m.at - m.rules.undo_within // timedelta(microseconds=1)
    which = {"day": m.day, "window": window, "since": since, "now": m.at}
    row, stop = _LAST.one_or_none(m.conn, which), _LAST_STOP.one_or_none(m.conn, which)
    if stop is not None and (row is None or (stop.ended_at, stop.called_at) > (row.ended_at, row.called_at)):
        return Last(m.row_of(stop.ticket_id), stop.ended_at, stop)
    return None if row is None or row.ended_at is None else Last(row, row.ended_at)


def undo(m: Transaction, window: str, actor: Actor) -> Ticket:
    """Undo the finish or no-show that was last at the window, for a minute.

    The stop of a chain, too, as long as nothing has happened to its ticket since.

    Raises:
        StateError: ``nothing_to_undo``; ``window_busy``; ``already_rated``; ``already_waiting``: this person has
            taken another number for the service meanwhile.
    """
    # The cases that it would take back are kept for the store.
    m.refuse_cut_off()
    found = windows.at_work(m, window, actor)
    windows.refuse_second_at(m, window)
    last = last_at(m, window)
    if last is None:
        raise StateError("nothing_to_undo", window=window)
    ticket = _undo_end(m, last) if last.stop is None else _undo_stop(m, last, last.stop)
    if found.state == "closed":
        windows.put_state(m, found, "open")
    return ticket


def _undo_end(m: Transaction, last: Last) -> Ticket:
    row = last.row
    issuing.refuse_second_of(m, row, row.service_id)
    if row.state == State.DONE:
        cases.withdraw(m, row.id, last.ended_at)
    changed = m.change(_UNDO, "undo", row)
    return m.happened(changed, TicketUndone, state=changed.state)


def _undo_stop(m: Transaction, last: Last, stop: Stop) -> Ticket:
    """From the line of the next stop back to the window."""
    row = last.row
    if stop.service_id != row.service_id:
        issuing.refuse_second_of(m, row, stop.service_id)
    cases.withdraw(m, row.id, last.ended_at)
    changed = m.change(
        _STEP_BACK,
        "step-back",
        row,
        service=stop.service_id,
        stops=json.dumps([row.service_id, *row.stops]),
        queued=None if stop.queued_at == row.issued_at else stop.queued_at,
        window=stop.window_id,
        called=stop.called_at,
        started=stop.started_at,
        who=stop.clerk,
    )
    m.conn.execute(_FORGET_VISIT, {"visit": stop.id})
    return m.happened(changed, TicketUndone, state=changed.state, was=row.state, line=row.line)
