"""Records of what a box did while it was cut off: how they are told, and how the store takes them.

A record has an id that nobody else gives: of its holder and of the ticket. So it may come any number of times, and
changes something once. What the store cannot take is kept, with the reason, and is never dropped.

::

    ticket   a ticket with its sealed data, as the box issued it; waits in the store from its real time on
    answer   what a request with an idempotency key was answered; the same key gets the same answer from the store
    print    how its slip ended, once that is known
"""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, cast, exists, func, insert, literal, select, update

from ticketing.cut_off import leasing
from ticketing.day import numbers
from ticketing.day.transaction import Transaction
from ticketing.events import TicketIssued
from ticketing.line import limits
from ticketing.model import Actor, State, TicketRow
from ticketing.privacy import access_log
from ticketing.privacy.vault import ErasedError, VaultError
from ticketing.store import tables

log = logging.getLogger(__name__)

SECOND = "second"
"""Note: this person had a live ticket for the service in the store, too. Both are kept; this one is nobody's."""
DAY_OVER = "day_over"
"""Note: the ticket's day was over when it was merged, so it is expired."""
REFUSED = frozenset({"not_leased", "number_taken", "id_taken", "code_taken"})
"""Notes of records that could not be merged."""

_t, _r, _a, _j, _m = tables.ticket, tables.resident, tables.answer, tables.print_job, tables.merged_record
PURPOSE = "record that was refused"


@dataclass(frozen=True)
class Record:
    """One thing that a box did.

    Attributes:
        id: of it alone.
        kind: see the module.
        day: its hall day.
        at: when it was done, in microseconds since 1970 UTC.
        body: columns of rows, by table.
    """

    id: str
    kind: str
    day: str
    at: int
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Record {self.id}>"


def collect(m: Transaction, holder: str, most: int) -> list[Record]:
    """What the box's own file holds and the store has not confirmed, oldest first, at most ``most`` of each kind."""
    found: list[Record] = []
    known = select(_m.c.id)
    prefix = f"{holder}/"

    def unknown(name: Any) -> Any:
        return name.not_in(known)

    tickets = select(_t).where(_t.c.id >= numbers.LEASED, unknown(_named(prefix, _t.c.id, ""))).order_by(_t.c.id)
    for row in m.conn.execute(tickets.limit(most)):
        ticket = dict(row._mapping)
        sealed = m.conn.execute(select(_r).where(_r.c.ticket_id == row.id)).one_or_none()
        body = {"ticket": ticket, "resident": sealed and dict(sealed._mapping), "print": _last_job(m, row.id)}
        found.append(Record(name_of(holder, row.id), "ticket", row.hall_day, row.issued_at, body))
    jobs = (
        select(_j, _t.c.hall_day)
        .join(_t, _t.c.id == _j.c.ticket_id)
        .where(
            _t.c.id >= numbers.LEASED,
            _j.c.state.in_(["printed", "unconfirmed", "failed"]),
            _named(prefix, _t.c.id, "").in_(known),
            unknown(_named(prefix, _t.c.id, "/print")),
        )
    )
    for row in m.conn.execute(jobs.limit(most)):
        names = ("ticket_id", "created_at", "state", "reason", "ended_at")
        told = {name: row._mapping[name] for name in names}
        found.append(Record(f"{prefix}{row.ticket_id}/print", "print", row.hall_day, row.ended_at or m.at, told))
    answers = select(_a).where(unknown(literal(f"{prefix}answer/") + func.lower(func.hex(_a.c.key_hash))))
    for row in m.conn.execute(answers.limit(most)):
        name = f"{prefix}answer/{bytes(row.key_hash).hex()}"
        found.append(Record(name, "answer", row.hall_day, m.at, {"answer": dict(row._mapping)}))
    return found


def name_of(holder: str, ticket: int) -> str:
    """The id of the record of a ticket."""
    return f"{holder}/{ticket}"


def confirm(m: Transaction, box: str, records: Sequence[Record]) -> None:
    """Note in the box's own file that the store has taken these records."""
    if records:
        rows = [{"id": one.id, "box": box, "hall_day": one.day, "at": one.at, "merged_at": m.at} for one in records]
        m.conn.execute(insert(_m), rows)


def merge(m: Transaction, box: str, holder: str, records: Sequence[Record]) -> dict[str, str | None]:
    """Take records into the store; the note of each, by its id. Those that it has taken before change nothing."""
    kept = select(_m.c.id, _m.c.note).where(_m.c.id.in_([one.id for one in records]))
    known = {row.id: row.note for row in m.conn.execute(kept)}
    notes: dict[str, str | None] = {}
    fresh = [one for one in records if one.id not in known]
    for one in fresh:
        note = _TAKERS[one.kind](m, box, holder, one)
        sealed = _kept(m, one) if note in REFUSED else None
        row = {"id": one.id, "box": box, "hall_day": one.day, "at": one.at, "merged_at": m.at}
        m.conn.execute(insert(_m).values(**row, note=note, sealed=sealed))
        notes[one.id] = note
    taken = [one for one in fresh if one.kind == "ticket"]
    if taken:
        told = [notes[one.id] for one in taken]
        words = f"tickets: {len(taken)}; second tickets: {told.count(SECOND)}; refused: "
        words += str(sum(note in REFUSED for note in told))
        access_log.append_if_whole(m.conn, m.vault, m.now, Actor(f"box:{box}", "kiosk", box), "merge", words)
        log.info("what box %s did without the store was merged: %s", box, words)
    return {**known, **notes}


def _take_ticket(m: Transaction, box: str, holder: str, record: Record) -> str | None:
    row = dict(record.body["ticket"])
    refused = _why_not(m, holder, row)
    if refused:
        if refused != "not_leased":
            leasing.passed(m, _block_of(row["id"]), _number_of(row))
        return refused
    leasing.passed(m, _block_of(row["id"]), _number_of(row))
    note = None
    if row["hall_day"] != m.day:
        note = DAY_OVER
        row |= {"state": State.EXPIRED.value, "ended_at": m.at}
    elif row["person_hash"] is not None and _has_live(m, row):
        note = SECOND
        row |= {"person_hash": None}
    if row["appointment_id"] is not None and not _check_in(m, row):
        row |= {"appointment_id": None}
    m.conn.execute(insert(_t).values(row))
    if (sealed := record.body["resident"]) is not None and row["hall_day"] in m.vault.days(m.conn):
        m.conn.execute(insert(_r).values(sealed))
    if (job := record.body["print"]) is not None:
        m.conn.execute(insert(_j).values({**job, "box": box}))
    if note != DAY_OVER:
        limits.count(m, TicketRow(**{name: row[name] for name in TicketRow._fields if name in row}))
        m.append(TicketIssued(row["number"], row["service_id"], merged=True), at=row["issued_at"])
    return note


def _take_answer(m: Transaction, _box: str, _holder: str, record: Record) -> str | None:
    row = record.body["answer"]
    days = m.vault.days(m.conn)
    there = m.conn.scalar(select(exists().where(_a.c.key_hash == row["key_hash"])))
    if not there and row["hall_day"] in days:
        m.conn.execute(insert(_a).values(row))
    return None


def _take_print(m: Transaction, _box: str, _holder: str, record: Record) -> str | None:
    told = record.body
    its = [_j.c[name] == told[name] for name in ("ticket_id", "created_at")]
    ended = {name: told[name] for name in ("state", "reason", "ended_at")}
    m.conn.execute(update(_j).where(*its, _j.c.state == "sending").values(ended))
    m.news()
    return None


_TAKERS = {"ticket": _take_ticket, "answer": _take_answer, "print": _take_print}


def _why_not(m: Transaction, holder: str, row: Mapping[str, Any]) -> str | None:
    found = leasing.block(m, _block_of(row["id"]))
    # One that the store does not know is of before it was restored, or of a day that is erased.
    if found is not None:
        block, whose = found
        number = _number_of(row)
        ident = numbers.ident(block.id, block.first, number)
        ours = whose == holder and (block.hall_day, ident) == (row["hall_day"], row["id"])
        if not ours or not block.first <= number <= block.last or row["number"] != f"{block.prefix}{number:03}":
            return "not_leased"
    if m.conn.scalar(select(exists().where(_t.c.id == row["id"]))):
        return "id_taken"
    of_day = _t.c.hall_day == row["hall_day"]
    if m.conn.scalar(select(exists().where(of_day, _t.c.number == row["number"]))):
        return "number_taken"
    if m.conn.scalar(select(exists().where(_t.c.code_hash == row["code_hash"]))):
        return "code_taken"
    return None


def _has_live(m: Transaction, row: Mapping[str, Any]) -> bool:
    same = [_t.c[name] == row[name] for name in ("hall_day", "person_hash", "service_id")]
    return bool(m.conn.scalar(select(exists().where(*same, tables.live))))


def _check_in(m: Transaction, row: Mapping[str, Any]) -> bool:
    """Use the appointment with which the box issued the ticket; False where it is not booked any more."""
    booking = tables.appointment
    used = (
        update(booking)
        .where(booking.c.id == row["appointment_id"], booking.c.state == "booked")
        .values(state="checked_in", ticket_id=row["id"])
    )
    return m.conn.execute(used).rowcount == 1


def _last_job(m: Transaction, ticket: int) -> dict[str, Any] | None:
    columns = (_j.c.ticket_id, _j.c.copy, _j.c.state, _j.c.reason, _j.c.created_at, _j.c.ended_at)
    newest = select(*columns).where(_j.c.ticket_id == ticket).order_by(_j.c.id.desc()).limit(1)
    row = m.conn.execute(newest).one_or_none()
    if row is None:
        return None
    job = dict(row._mapping)
    # The box that issued it prints it, from its own file; the store only knows that it is on the way.
    return job | {"state": "sending"} if job["state"] == "pending" else job


def _kept(m: Transaction, record: Record) -> bytes | None:
    text = json.dumps(record.body, ensure_ascii=False, default=_as_text).encode()
    try:
        return m.vault.seal(m.conn, record.day, PURPOSE, record.id, text)
    except (ErasedError, VaultError):
        # What is of an erased day is not kept any longer than the others of it.
        return None


def refused_body(m: Transaction, ident: str, day: str, sealed: bytes) -> dict[str, Any]:
    """The whole of a record that was refused; raises as :meth:`ticketing.privacy.vault.Vault.open` does."""
    body: dict[str, Any] = json.loads(m.vault.open(m.conn, day, PURPOSE, ident, sealed))
    return body


def _as_text(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()


def _block_of(ticket: int) -> int:
    return (ticket - numbers.LEASED) // numbers.MOST


def _number_of(row: Mapping[str, Any]) -> int:
    """Which number of its prefix a ticket has, which ends in a letter."""
    digits = str(row["number"]).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits)


def _named(prefix: str, ident: Any, suffix: str) -> Any:
    return literal(prefix) + cast(ident, String) + literal(suffix)
