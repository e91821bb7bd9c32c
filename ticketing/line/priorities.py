"""Another class for a ticket that was issued already: somebody who needs it says so only at the desk."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, update

from ticketing.day.transaction import Moment
from ticketing.day.transaction import t as _t
from ticketing.model import NORMAL, Actor, State, StateError, Ticket
from ticketing.privacy import access_log
from ticketing.store.opening import Prepared

_MICROSECOND = timedelta(microseconds=1)
_RANK = Prepared(
    update(_t).where(_t.c.id == bindparam("ticket")).values(priority=bindparam("class_id"), rank_at=bindparam("rank"))
)


def give_class(m: Moment, row: Row[Any], class_id: str, reason: str, actor: Actor) -> Ticket:
    """Give the ticket another class: it moves by as much as that one's head start is longer, wherever it stands.

    Nobody in the hall learns of which class somebody is: the event names neither it nor the reason.

    Raises:
        UnknownError: ``unknown_priority``.
        StateError: ``wrong_state``: it neither waits nor is held.
    """
    wanted = m.rules.named(class_id)
    if row.state not in (State.WAITING, State.HELD):
        raise StateError("wrong_state", number=row.number, state=row.state, verb="priority")
    known = {one.id: one.head_start for one in m.rules.classes}
    # Of a class that the hall has given up since, nobody knows the head start any more: its own it keeps.
    before = known.get(row.priority, known[NORMAL])
    rank = row.rank_at + (before - wanted.head_start) // _MICROSECOND
    _RANK.do(m.conn, {"ticket": row.id, "class_id": wanted.id, "rank": rank})
    record(m, row.id, wanted.id, reason, actor)
    m.append("ticket.ranked", number=row.number, service=row.service_id)
    return m.ticket(row, priority=wanted.id, rank_at=rank)


def record(m: Moment, ticket: int, class_id: str, reason: str | None, actor: Actor) -> None:
    """Keep in the access log that somebody gave a class, and why."""
    access_log.append(m.conn, m.vault, m.now, actor, "priority", ticket, f"{class_id}: {reason or ''}".rstrip(": "))
