"""Back into a line, and the visit to a window that this ends."""

import json
from collections.abc import Sequence

from sqlalchemy import bindparam, insert

from ticketing.day.transaction import NO_CALL, THIS, Transaction, transition
from ticketing.events import IntoLine
from ticketing.model import Ticket, TicketRow
from ticketing.store import tables
from ticketing.store.prepared import Prepared

_VISIT = Prepared(insert(tables.visit).inline())
_INTO_LINE = {
    verb: transition(
        verb,
        THIS,
        **NO_CALL,
        service_id=bindparam("service"),
        line=bindparam("to"),
        rank_at=bindparam("rank"),
        rank_by=bindparam("by"),
        chain=bindparam("stops"),
        queued_at=bindparam("now"),
        window_id=None,
        ended_at=None,
        outcome=None,
        held_until=None,
        hold_reason=None,
    )
    for verb in ("next-stop", "transfer", "release", "return", "supplement")
}


def record(m: Transaction, row: TicketRow, how: str, *, ended_at: int | None = None) -> None:
    """Keep a visit to a window that does not end the ticket, before the ticket's row is overwritten.

    ``how`` is ``transferred``, ``held``, ``missed`` or ``done``; ``ended_at``, in microseconds, None for now.
    """
    _VISIT.later(
        m.conn,
        {
            "ticket_id": row.id,
            "hall_day": row.hall_day,
            "service_id": row.service_id,
            "window_id": row.window_id,
            "clerk": row.clerk,
            "queued_at": row.issued_at if row.queued_at is None else row.queued_at,
            "called_at": row.called_at,
            "started_at": row.started_at,
            "ended_at": m.at if ended_at is None else ended_at,
            "ended_as": how,
        },
    )


def into_line(
    m: Transaction,
    row: TicketRow,
    verb: str,
    event: type[IntoLine],
    *,
    service: str | None = None,
    line: str | None = None,
    rank: tuple[int, str | None] | None = None,
    chain: Sequence[str] | None = None,
    window: str | None = None,
    was: str | None = None,
) -> Ticket:
    """Have a ticket wait, from any state that ``verb`` allows. The number stays, and so does what is not given.

    Without a ``line`` it waits in that of its service. ``rank`` is the new rank and what made it, ``chain`` the
    services still to come. ``event`` tells ``window``, which the ticket leaves, and ``was``, its state before.
    """
    to = service or row.service_id
    rank_at, rank_by = rank or (row.rank_at, row.rank_by)
    stops = row.chain if chain is None else (json.dumps(list(chain)) if chain else None)
    values = {"service": to, "to": line or to, "rank": rank_at, "by": rank_by, "stops": stops}
    changed = m.change(_INTO_LINE[verb], verb, row, **values)
    m.append(event(changed.number, changed.service_id, window, changed.own_line, was))
    return m.ticket(changed)
