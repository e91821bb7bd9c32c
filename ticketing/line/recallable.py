"""What a clerk can call back or undo: tickets that are held or missed, and the last one that ended at the window."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam

from ticketing.day.transaction import Transaction, tickets
from ticketing.day.transaction import t as _t
from ticketing.line import undoing
from ticketing.model import Ticket, TicketRow
from ticketing.store import tables
from ticketing.store.prepared import Prepared

MOST_AWAY = 50
"""A clerk does not read more."""

# Without a day: held tickets have an index of their own, and are of today.
_HELD = Prepared(tickets.where(tables.held), TicketRow)
_MISSED = Prepared(
    tickets.where(
        _t.c.hall_day == bindparam("day"),
        _t.c.window_id.is_not(None),
        _t.c.state == "missed",
        _t.c.misses <= bindparam("most_misses"),
    ),
    TicketRow,
)


@dataclass(frozen=True)
class Undoable:
    """A ticket whose end at a window can be undone, and until when."""

    ticket: Ticket
    until: datetime


def away(m: Transaction, window: str) -> list[Ticket]:
    """Today's held tickets that a window may call back, and missed ones, by rank; raises ``unknown_window``."""
    served = m.window(window)
    rows = [
        *(row for row in _HELD.all(m.conn) if row.hall_day == m.day),
        *_MISSED.all(m.conn, {"day": m.day, "most_misses": m.rules.missed_limit}),
    ]
    ours = [row for row in rows if served.serves(row.service_id)]
    return [m.ticket(row) for row in sorted(ours, key=lambda row: (row.rank_at, row.id))[:MOST_AWAY]]


def undoable(m: Transaction, window: str) -> Undoable | None:
    """The finish or no-show last at the window, if it can be undone: in time, and no ticket has come there since."""
    if m.open_at(window) is not None:
        return None
    last = undoing.last_at(m, window)
    if last is None:
        return None
    return Undoable(last.ticket(m), m.time(last.ended_at) + m.rules.undo_within)
