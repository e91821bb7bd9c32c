"""A stay at a window, and a place in a line: what is written when a ticket goes from the one to the other."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, insert, update

from ticketing.day.transaction import Moment, after
from ticketing.day.transaction import t as _t
from ticketing.model import Ticket
from ticketing.store import tables
from ticketing.store.opening import Prepared

_VISIT = Prepared(insert(tables.visit).inline())
_INTO_LINE = Prepared(
    update(_t)
    .where(_t.c.id == bindparam("ticket"))
    .values(
        state="waiting",
        service_id=bindparam("service"),
        line=bindparam("to"),
        rank_at=bindparam("rank"),
        rank_by=bindparam("by"),
        chain=bindparam("stops"),
        queued_at=bindparam("now"),
        window_id=None,
        called_at=None,
        called_by=None,
        started_at=None,
        ended_at=None,
        outcome=None,
        recalls=0,
        held_until=None,
        hold_reason=None,
    )
)


def happened(m: Moment, row: Row[Any], what: str, more: dict[str, Any] | None = None, **changed: Any) -> Ticket:
    """Tell what became of a ticket; ``changed`` holds the columns written, ``more`` what the event tells besides."""
    ticket = m.ticket(row, **changed)
    m.append(f"ticket.{what}", number=ticket.number, service=ticket.service, window=ticket.window, **(more or {}))
    return ticket


def own_line(line: str, service: str) -> str | None:
    """What an event says of the line of a ticket: nothing when it is its service's."""
    return None if line == service else line


def record(m: Moment, row: Row[Any], how: str, *, ended_at: int | None = None, started_at: int | None = None) -> None:
    """Keep a stay at a window that does not end the ticket, before the ticket's row forgets it.

    Args:
        m: the transaction.
        row: the ticket as it was called, served or missed there.
        how: ``transferred``, ``held``, ``missed`` or ``done``.
        ended_at: when, if not now.
        started_at: when the service began, if the row does not say.
    """
    _VISIT.do(
        m.conn,
        {
            "ticket_id": row.id,
            "hall_day": row.hall_day,
            "service_id": row.service_id,
            "window_id": row.window_id,
            "clerk": row.clerk,
            "queued_at": row.issued_at if row.queued_at is None else row.queued_at,
            "called_at": row.called_at,
            "started_at": row.started_at if started_at is None else started_at,
            "ended_at": m.at if ended_at is None else ended_at,
            "ended_as": how,
        },
    )


def into_line(
    m: Moment,
    row: Row[Any],
    verb: str,
    told: dict[str, Any],
    *,
    service: str | None = None,
    line: str | None = None,
    rank: int | None = None,
    rank_by: str | None = None,
    chain: Sequence[str] | None = None,
) -> Ticket:
    """Have a ticket wait, from wherever it is: the number stays, and what is not given stays too.

    Args:
        m: the transaction.
        row: the ticket.
        verb: of the table of states.
        told: type of the event, as ``type``, and what it tells besides number, service and line.
        service: for which from now on.
        line: to stand in, if not the service's.
        rank: its rank from now on, with what made it as ``rank_by``.
        rank_by: see there.
        chain: services still to come.
    """
    state = after(verb, row)
    to = row.service_id if service is None else service
    stops = row.chain if chain is None else (json.dumps(list(chain)) if chain else None)
    changed: dict[str, Any] = {
        "service_id": to,
        "line": line or to,
        "rank_at": row.rank_at if rank is None else rank,
        "rank_by": row.rank_by if rank is None else rank_by,
        "chain": stops,
        "queued_at": m.at,
    }
    _INTO_LINE.do(
        m.conn,
        {
            "ticket": row.id,
            "service": changed["service_id"],
            "to": changed["line"],
            "rank": changed["rank_at"],
            "by": changed["rank_by"],
            "stops": stops,
            "now": m.at,
        },
    )
    gone = dict.fromkeys(("window_id", "called_at", "called_by", "started_at", "ended_at", "outcome"))
    forgotten = dict.fromkeys(("held_until", "hold_reason"))
    kind = told.pop("type")
    m.append(kind, number=row.number, service=to, line=own_line(changed["line"], to), **told)
    return m.ticket(row, state=state, recalls=0, **changed, **gone, **forgotten)
