"""Another priority class for a ticket that was issued already."""

from datetime import timedelta

from sqlalchemy import bindparam, update

from ticketing.day.transaction import COLUMNS, THIS, Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import TicketRanked
from ticketing.model import NORMAL, Actor, State, StateError, Ticket, TicketRow
from ticketing.privacy import access_log
from ticketing.store.prepared import Prepared

_MICROSECOND = timedelta(microseconds=1)
_RANK = Prepared(
    update(_t).where(THIS).values(priority=bindparam("class_id"), rank_at=bindparam("rank")).returning(*COLUMNS),
    TicketRow,
)


def give_class(m: Transaction, row: TicketRow, class_id: str, reason: str, actor: Actor) -> Ticket:
    """Give a ticket another class: its rank moves by the difference of the head starts.

    Raises ``unknown_priority``, and ``wrong_state`` for a ticket that neither waits nor is held.
    """
    wanted = m.rules.named(class_id)
    if row.state not in (State.WAITING, State.HELD):
        raise StateError("wrong_state", number=row.number, state=row.state, verb="priority")
    known = {one.id: one.head_start for one in m.rules.classes}
    # The head start of a class that the hall has given up is not known any more: then the normal one counts.
    before = known.get(row.priority, known[NORMAL])
    rank = row.rank_at + (before - wanted.head_start) // _MICROSECOND
    (changed,) = _RANK.all(m.conn, {"ticket": row.id, "class_id": wanted.id, "rank": rank})
    record(m, row.id, wanted.id, reason, actor)
    m.append(TicketRanked(changed.number, changed.service_id))
    return m.ticket(changed)


def record(m: Transaction, ticket: int, class_id: str, reason: str | None, actor: Actor) -> None:
    """Record in the audit log who gave a class, and why."""
    access_log.append(m.conn, m.vault, m.now, actor, "priority", ticket, f"{class_id}: {reason or ''}".rstrip(": "))
