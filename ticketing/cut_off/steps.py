"""What was done at windows while the box was cut off: kept in its own file, in the transaction that did it.

A step is one change of one ticket, or of one window itself: how that stood before, and what came of it — events,
a visit, cases, entries of the audit log. The store takes it as it happened, at its real time, if the ticket stands
there as it stood here before. A slip that was printed again is a step, too: it changes nothing of the ticket, and has
an entry.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, insert, select

from ticketing.day.numbers import is_own
from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import TicketIssued, kind_of
from ticketing.model import StoreError
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.prepared import Prepared

_s, _e, _v, _c, _w = tables.window_step, tables.event, tables.visit, tables.case_file, tables.window
STANDS = ("state", "window_id", "service_id", "line", "called_at", "recalls", "ended_at")
"""Columns by which a ticket is known to stand as it stood before a step."""
SEAT = ("state", "pause_text", "pause_text_en", "clerk", "clerk_since")
"""Columns of a window that its clerk changes."""
SEATS = Prepared(select(_w.c.id, *(_w.c[name] for name in SEAT)))
"""How each window stands, and who sits there."""

# Each verb of a box that is cut off does these.
_OPEN = Prepared(select(_t.c.id, *(_t.c[name] for name in STANDS)).where(tables.open_))
_LAST = Prepared(
    select(
        *(
            select(func.coalesce(func.max(of), 0)).scalar_subquery().label(name)
            for name, of in (
                ("event", _e.c.seq),
                ("visit", _v.c.id),
                ("case", _c.c.id),
                ("entry", tables.access_log.c.seq),
            )
        )
    )
)
_NEW_EVENTS = Prepared(select(_e).where(_e.c.seq > bindparam("last")).order_by(_e.c.seq))


@dataclass(frozen=True)
class Step:
    """One step; ``ticket`` is None where it changed the window alone. Times are in microseconds since 1970 UTC."""

    seq: int
    day: str
    at: int
    ticket: int | None
    body: Mapping[str, Any]


@contextmanager
def recorded(m: Transaction) -> Iterator[None]:
    """Keep as steps what the block does to tickets that were issued before it, and to windows.

    Raises:
        StoreError: ``needs_store``: it changes a ticket that others may be changing.
    """
    ((event, visit, case, entry),) = _LAST.all(m.conn)
    stood = {row.id: _values(row, STANDS) for row in _OPEN.all(m.conn)}
    seats = {row.id: _values(row, SEAT) for row in SEATS.all(m.conn)}
    yield
    told: dict[str, list[Any]] = {}
    for row in _NEW_EVENTS.all(m.conn, {"last": event}):
        data = json.loads(row.data)
        if "number" in data and kind_of(row.type) is not TicketIssued:
            told.setdefault(data["number"], []).append([row.type, data, row.at])
        elif row.type.startswith("window."):
            told.setdefault("", []).append([row.type, data, row.at])
    _record_windows(m, seats, told.pop("", []))
    entries: dict[str, list[Any]] = {}
    for one in access_log.take_notes(m.conn, entry):
        number = m.row_of(one["ticket_id"]).number
        entries.setdefault(number, []).append(one)
        told.setdefault(number, [])
    for number, events in told.items():
        ticket = m.row_of_number(number)
        if ticket.id not in stood and not is_own(m, ticket.id):
            raise StoreError("needs_store")
        body = {
            "number": number,
            "before": stood.get(ticket.id),
            "events": events,
            "visits": _taken(m, _v, visit, ticket.id),
            "cases": _taken(m, _c, case, ticket.id),
            "entries": entries.get(number, []),
        }
        _keep(m, ticket.id, body)


def _record_windows(m: Transaction, before: Mapping[str, Any], events: Sequence[Any]) -> None:
    for row in SEATS.all(m.conn):
        after = _values(row, SEAT)
        if after != before.get(row.id):
            mine = [one for one in events if one[1]["window"] == row.id]
            _keep(m, None, {"window": row.id, "before": before.get(row.id), "after": after, "events": mine})


def _taken(m: Transaction, table: Any, last: int, ticket: int) -> list[dict[str, Any]]:
    """The rows after the ``last`` one that are of this ticket. They are the step's now: the store numbers its own."""
    which = and_(table.c.id > last, table.c.ticket_id == ticket)
    columns = [one for one in table.columns if one.name != "id"]
    rows = [dict(row._mapping) for row in m.conn.execute(select(*columns).where(which).order_by(table.c.id))]
    m.conn.execute(delete(table).where(which))
    return rows


def _keep(m: Transaction, ticket: int | None, body: Mapping[str, Any]) -> None:
    text = json.dumps(body, ensure_ascii=False)
    m.conn.execute(insert(_s).values(hall_day=m.day, at=m.at, ticket_id=ticket, body=text))


def kept(m: Transaction) -> list[Step]:
    """All steps that the store has not taken, in their order."""
    rows = m.conn.execute(select(_s).order_by(_s.c.seq))
    return [Step(row.seq, row.hall_day, row.at, row.ticket_id, json.loads(row.body)) for row in rows]


def any_kept(m: Transaction) -> bool:
    """Whether there are any."""
    return bool(m.conn.scalar(select(exists(select(_s.c.seq)))))


def drop(m: Transaction, seqs: Sequence[int]) -> None:
    """The store has taken these."""
    m.conn.execute(delete(_s).where(_s.c.seq.in_(seqs)))


def _values(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
