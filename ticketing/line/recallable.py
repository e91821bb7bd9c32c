"""What a clerk may still turn back to: tickets that are out of the line for a while, and the last thing done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam

from ticketing.day.transaction import Moment, tickets
from ticketing.day.transaction import t as _t
from ticketing.line import undoing
from ticketing.model import Ticket, Window
from ticketing.store import tables

MOST_AWAY = 50
"""More than a clerk reads."""

# Of no day: the few that are held stand in an index of their own, and are of today.
_HELD = tickets.where(tables.held)
_MISSED = tickets.where(
    _t.c.hall_day == bindparam("day"),
    _t.c.window_id.is_not(None),
    _t.c.state == "missed",
    _t.c.misses <= bindparam("most_misses"),
)


@dataclass(frozen=True)
class Undoable:
    """A ticket whose end at a window can be taken back, and until when."""

    ticket: Ticket
    until: datetime


def away(m: Moment, window: Window) -> list[Row[Any]]:
    """The rows of today's tickets that ``window`` may call back: held, or missed and not too often; by rank."""
    rows = [
        *(row for row in m.conn.execute(_HELD) if row.hall_day == m.day),
        *m.conn.execute(_MISSED, {"day": m.day, "most_misses": m.rules.missed_limit}),
    ]
    ours = [row for row in rows if window.serves(row.service_id)]
    return sorted(ours, key=lambda row: (row.rank_at, row.id))[:MOST_AWAY]


def undoable(m: Moment, window: str) -> Undoable | None:
    """What ended last at the window, if it can still be taken back and nobody has come there since."""
    if m.open_at(window) is not None:
        return None
    last = undoing.last_at(m, window)
    if last is None:
        return None
    return Undoable(last.ticket(m), m.time(last.ended_at) + m.rules.undo_within)
