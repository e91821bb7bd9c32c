"""A box's own file: what of the store it has to know to go on without it, and what it keeps of its lease.

It is a store as any other, of the same schema. It holds today's queue, the hall's setup, the limits that are used up
today, today's appointments and the wrapped key of the day: no more of persons than the store has, under the same keys.
Residents' data are in it only of tickets that this box issued without the store, sealed as there.

For a program that is started while the store is away it also says which keys are the store's, what the store's clock
shows, and of whom the box knows.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import sqlite

from ticketing.cut_off import merging, steps
from ticketing.cut_off.rules import Block, Lease
from ticketing.day import numbers, print_jobs
from ticketing.day.transaction import Transaction
from ticketing.events import HallChanged, kind_of
from ticketing.privacy.standing import STANDING
from ticketing.setup import timetable
from ticketing.store import sequences, tables
from ticketing.store.prepared import Prepared

MOST_EVENTS = 1000
"""With more than these, the whole queue is read anew."""
_LEASE = "lease"
_CLOCK = "store_clock"
_KNOWN = "known_people"
_t, _b, _f, _e, _j = tables.ticket, tables.number_block, tables.fact, tables.event, tables.print_job
_SETUP = (
    tables.service,
    tables.window,
    tables.window_service,
    tables.matter,
    tables.opening,
    tables.special_day,
    tables.quota,
    tables.slot,
    tables.setup_part,
)
_FACTS = (timetable.FACT, "hall_day", STANDING)
_w = tables.window

# Each round does these.
_KEEP = Prepared(update(_f).where(_f.c.name == _LEASE).values(value=bindparam("lease")))
_BLOCKS = select(_b.c.id, _b.c.hall_day, _b.c.prefix, _b.c.first, _b.c.next, _b.c.last).order_by(_b.c.id)
_HELD = Prepared(_BLOCKS.where(_b.c.holder == bindparam("of")), Block)
_TO_GIVE_BACK = Prepared(_BLOCKS.where(_b.c.holder.is_(None)), Block)
_LET_GO_OF = Prepared(update(_b).where(_b.c.id == bindparam("block")).values(holder=None))
_FORGET = Prepared(delete(_b).where(_b.c.id == bindparam("block")))
_PASS = Prepared(update(_b).where(_b.c.id == bindparam("block")).values(next=bindparam("to")))


@dataclass(frozen=True)
class Seen:
    """What the store holds, as of event ``seq``: rows by table, of tickets those that changed, or all of the day.

    ``seats``: how windows stand and who sits there, where anything happened.
    """

    day: str
    seq: int
    whole: bool
    tickets: Sequence[Mapping[str, Any]]
    others: Mapping[str, Sequence[Mapping[str, Any]]]
    seats: Sequence[Mapping[str, Any]]


def look(m: Transaction, day: str, seq: int, *, others: bool) -> Seen:
    """What changed in the store since event ``seq`` of ``day``; with ``others``, all but the tickets as well."""
    events = m.conn.execute(select(_e).where(_e.c.seq > seq).order_by(_e.c.seq).limit(MOST_EVENTS)).all()
    whole = day != m.day or len(events) == MOST_EVENTS or any(kind_of(one.type).changes_all for one in events)
    of_day = select(_t).where(_t.c.hall_day == m.day)
    if not whole:
        told = {json.loads(one.data).get("number") for one in events if one.type.startswith("ticket.")}
        of_day = of_day.where(_t.c.number.in_(told))
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    if whole or others:
        today = (
            select(tables.day_key).where(tables.day_key.c.hall_day == m.day),
            select(tables.used).where(tables.used.c.hall_day == m.day),
            select(tables.appointment).where(tables.appointment.c.day == m.day),
            select(_f).where(_f.c.name.in_(_FACTS)),
        )
        for table, rows in zip((*_SETUP, *_TODAYS), (*map(select, _SETUP), *today), strict=True):
            found[table.name] = [dict(row._mapping) for row in m.conn.execute(rows)]
    tickets = [dict(row._mapping) for row in m.conn.execute(of_day)]
    seats = [row._asdict() for row in steps.SEATS.all(m.conn)] if whole or others or events else []
    return Seen(m.day, m.last_seq() if whole else (events[-1].seq if events else seq), whole, tickets, found, seats)


_TODAYS = (tables.day_key, tables.used, tables.appointment, tables.fact)


def put(m: Transaction, holder: str, seen: Seen) -> None:
    """Bring the box's file to what was seen in the store, once all that is in it was merged.

    What a window did since then is in it alone, so it is not to be put: :func:`ticketing.cut_off.steps.any_kept`.
    """
    if seen.others:
        m.conn.execute(delete(_f).where(_f.c.name.in_(_FACTS)))
        for table in reversed((*_SETUP, *_TODAYS)):
            if table is not _f:
                m.conn.execute(delete(table))
        for table in (*_SETUP, *_TODAYS):
            if rows := seen.others[table.name]:
                m.conn.execute(insert(table), rows)
    if seen.whole:
        _forget_days(m, seen.day)
        m.conn.execute(delete(_t).where(_t.c.id < numbers.LEASED, _t.c.hall_day == seen.day))
    for row in seen.seats:
        m.conn.execute(update(_w).where(_w.c.id == row["id"]).values(row))
    _put_tickets(m, seen.tickets)
    _note_merged(m, holder, seen.tickets)
    if seen.whole or seen.tickets or seen.others:
        # Counts and forecasts follow events, and those of the store are not in this file.
        m.append(HallChanged())


def begin(m: Transaction) -> Lease:
    """The lease in the file; a new holder in a new one."""
    kept = m.conn.scalar(select(_f.c.value).where(_f.c.name == _LEASE))
    if kept is not None:
        return Lease(**json.loads(kept))
    # So that the box knows by the number of a print job in which of the two it stands.
    sequences.raise_to(m.conn, {"print_job": numbers.LEASED})
    lease = Lease(secrets.token_hex(16))
    m.conn.execute(insert(_f).values(name=_LEASE, value=_bytes(lease)))
    return lease


def end_unfinished(m: Transaction) -> bool:
    """End the print jobs of an earlier run, whose codes are gone with its memory; whether the last slip is in doubt.

    Whoever lays the card gets another slip: here, or from the store once the ticket is merged.
    """
    sent = update(_j).where(_j.c.state == "sending").values(state="unconfirmed", reason="interrupted", ended_at=m.at)
    lost = update(_j).where(_j.c.state == "pending").values(state="failed", reason=print_jobs.LOST, ended_at=m.at)
    m.conn.execute(lost)
    m.conn.execute(sent)
    return print_jobs.last_is_in_doubt(m)


def keep(m: Transaction, lease: Lease) -> None:
    """Keep the lease in the file."""
    _KEEP.do(m.conn, {"lease": _bytes(lease)})


def keep_clock(m: Transaction, boot: str, ahead: int) -> None:
    """Keep that the store's clock is ``ahead`` nanoseconds before the steady one of the machine's run ``boot``."""
    _put_fact(m, _CLOCK, json.dumps([boot, ahead]).encode())


def clock_ahead(conn: Connection, boot: str) -> int | None:
    """The same, as it was kept in this run of the machine; None where it was not."""
    kept = conn.scalar(select(_f.c.value).where(_f.c.name == _CLOCK))
    of, ahead = json.loads(kept) if kept else ("", 0)
    return int(ahead) if of == boot else None


def keep_known(m: Transaction, people: bytes) -> None:
    """Keep of whom this box knows."""
    _put_fact(m, _KNOWN, people)


def known(conn: Connection) -> bytes:
    """The same; empty where nothing was kept."""
    kept = conn.scalar(select(_f.c.value).where(_f.c.name == _KNOWN))
    return bytes(kept or b"")


def _put_fact(m: Transaction, name: str, value: bytes) -> None:
    m.conn.execute(delete(_f).where(_f.c.name == name))
    m.conn.execute(insert(_f).values(name=name, value=value))


def held(m: Transaction, holder: str) -> list[Block]:
    """The blocks that this box may issue numbers of."""
    return _HELD.all(m.conn, {"of": holder})


def let_go_of(m: Transaction, blocks: Sequence[Block]) -> None:
    """Issue no number of these blocks any more; they are still to be given back."""
    for one in blocks:
        _LET_GO_OF.do(m.conn, {"block": one.id})


def to_give_back(m: Transaction) -> list[Block]:
    """The blocks that were let go of."""
    return _TO_GIVE_BACK.all(m.conn)


def take(m: Transaction, holder: str, blocks: Sequence[Block], given_back: Sequence[Block]) -> None:
    """The store said that these blocks are the holder's, some of which are here, and took those back.

    What it does not name the holder has no more; and of none a number that the store knows to be issued. Otherwise a
    file that was put back from a copy would issue it again.
    """
    named = {one.id for one in blocks}
    for gone in [*given_back, *(one for one in held(m, holder) if one.id not in named)]:
        _FORGET.do(m.conn, {"block": gone.id})
    known = {one.id: one.next for one in [*held(m, holder), *to_give_back(m)]}
    for one in blocks:
        if known.get(one.id, one.next) < one.next:
            _PASS.do(m.conn, {"block": one.id, "to": one.next})
    rows = [asdict(one) | {"holder": holder} for one in blocks if one.id not in known]
    if rows:
        m.conn.execute(insert(_b), rows)


def _put_tickets(m: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    # Two of them may have changed places at a window: first none of them is anywhere.
    ids = [row["id"] for row in rows]
    for begins in range(0, len(ids), 500):
        some = ids[begins : begins + 500]
        m.conn.execute(update(_t).where(_t.c.id.in_(some)).values(state="cancelled", window_id=None))
    add = sqlite.insert(_t)
    changed = {column.name: add.excluded[column.name] for column in _t.columns if column.name != "id"}
    m.conn.execute(add.on_conflict_do_update(index_elements=[_t.c.id], set_=changed), list(rows))


def _note_merged(m: Transaction, holder: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """What the store has of any box's numbers is merged: it is not this box's to merge, nor its windows' to call."""
    merging.note_known(m, [row["id"] for row in rows if numbers.is_leased(row["id"])])
    names = {merging.name_of(holder, row["id"]): row for row in rows if numbers.is_leased(row["id"])}
    merged = tables.merged_record
    known = set(m.conn.scalars(select(merged.c.id))) if names else set()
    found = [
        {"id": name, "box": m.box, "hall_day": row["hall_day"], "at": row["issued_at"], "merged_at": m.at}
        for name, row in names.items()
        if name not in known
    ]
    if found:
        m.conn.execute(insert(merged), found)


def _forget_days(m: Transaction, day: str) -> None:
    """Remove what is of other days, which is merged, and the events of this file."""
    m.conn.execute(delete(_e))
    past = select(_t.c.id).where(_t.c.hall_day != day)
    for table in (tables.print_job, tables.resident, tables.slip_code, tables.handed_over):
        m.conn.execute(delete(table).where(table.c.ticket_id.in_(past)))
    for table in (tables.answer, _t, tables.merged_record):
        m.conn.execute(delete(table).where(table.c.hall_day != day))


def _bytes(lease: Lease) -> bytes:
    return json.dumps(asdict(lease)).encode()
