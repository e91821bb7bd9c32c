"""Records of what a box did while it was cut off: how they are told, and how the store takes them.

A record has an id that nobody else gives: of its holder and of the ticket. So it may come any number of times, and
changes something once. What the store cannot take is kept, with the reason, and is never dropped.

::

    ticket   a ticket with its codes, sealed data and slips, as it stands at the box; waits in the store from its real
             time on
    step     what was done at a window, of a ticket that the store had or has from such a record, or of the window; or
             that a slip was printed again, of a ticket that is told with it
    answer   what a request with an idempotency key was answered; the same key gets the same answer from the store
    print    how a slip ended, once that is known

All that one transaction takes is of one moment of the box, so that at most one ticket is open at a window there.
"""

import base64
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import String, bindparam, cast, exists, func, insert, literal, literal_column, select, update

from ticketing.cut_off import leasing, steps
from ticketing.cut_off.steps import SEAT, STANDS
from ticketing.day import clock_repair, numbers, serving
from ticketing.day.transaction import NO_CALL, Transaction
from ticketing.events import TicketHeld, TicketIssued, TicketMissed, TicketRecalled, TicketStarted, kind_of
from ticketing.line import limits
from ticketing.model import LIVE_STATES, OPEN_STATES, Actor, State, TicketRow
from ticketing.privacy import access_log
from ticketing.privacy.vault import ErasedError, VaultError
from ticketing.store import tables
from ticketing.store.prepared import Prepared

log = logging.getLogger(__name__)

SECOND = "second"
"""Note: this person had a live ticket for the service in the store, too. Both are kept; this one is nobody's."""
DAY_OVER = "day_over"
"""Note: the ticket's day was over when it was merged, so it is expired."""
HELD = "window_busy"
"""Note: another ticket was at the window by then; this one is on hold there, and its call is kept."""
OVERTAKEN = "overtaken"
"""Note: the store had the ticket go another way meanwhile; what was done here is kept, and changes nothing."""
REFUSED = frozenset({"not_leased", "number_taken", "id_taken", "code_taken", OVERTAKEN})
"""Notes of records that could not be merged."""
WHY_HELD = "断网时在本窗口办理 / here while cut off"
"""Why a ticket is on hold after the merge."""

_t, _r, _a, _j, _m = tables.ticket, tables.resident, tables.answer, tables.print_job, tables.merged_record
_over, _v, _c, _w, _sc = tables.handed_over, tables.visit, tables.case_file, tables.window, tables.slip_code
_MOVES = frozenset(
    {"service_id", "state", "rank_at", "called_at", "started_at", "ended_at", "window_id", "recalls", "outcome", "line"}
    | {"rank_by", "clerk", "called_by", "queued_at", "held_until", "hold_reason", "misses", "chain"}
)
"""Columns of a ticket that a window changes."""
PURPOSE = "record that was refused"


def _name(ident: Any) -> Any:
    return bindparam("prefix", type_=String) + cast(ident, String)


# What a round looks for in the box's own file; most find nothing.
_KNOWN = select(_m.c.id)
_TICKETS = Prepared(
    select(_t)
    .where(_t.c.id >= numbers.LEASED, _name(_t.c.id).not_in(_KNOWN))
    .order_by(_t.c.id)
    .limit(bindparam("most"))
)
_SEALED = Prepared(select(_r).where(_r.c.ticket_id == bindparam("ticket")))
_CODES = Prepared(select(_sc).where(_sc.c.ticket_id == bindparam("ticket")))
_SLIPS = Prepared(
    select(_j.c.ticket_id, _j.c.copy, _j.c.state, _j.c.reason, _j.c.created_at, _j.c.ended_at)
    .where(_j.c.ticket_id == bindparam("ticket"))
    .order_by(_j.c.id)
)
_ENDED = Prepared(
    select(_j.c.id, _j.c.ticket_id, _j.c.created_at, _j.c.state, _j.c.reason, _j.c.ended_at, _t.c.hall_day)
    .join(_t, _t.c.id == _j.c.ticket_id)
    .where(
        _t.c.id >= numbers.LEASED,
        _j.c.state.in_([literal_column(f"'{state}'") for state in ("printed", "unconfirmed", "failed")]),
        _name(_t.c.id).in_(_KNOWN),
        (_name(_t.c.id) + literal("/print") + cast(_j.c.id, String)).not_in(_KNOWN),
    )
    .limit(bindparam("most"))
)
_ANSWERS = Prepared(
    select(_a)
    .where(
        (bindparam("prefix", type_=String) + literal("answer/") + func.lower(func.hex(_a.c.key_hash))).not_in(_KNOWN)
    )
    .limit(bindparam("most"))
)


@dataclass(frozen=True)
class Record:
    """One thing that a box did.

    Attributes:
        id: of it alone.
        kind: see the module.
        day: its hall day.
        at: when it was done, in microseconds since 1970 UTC.
        as_of: when the box's file was read: what the box does to the ticket or window afterwards is later.
        body: columns of rows, by table.
    """

    id: str
    kind: str
    day: str
    at: int
    as_of: int
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Record {self.id}>"


def collect(m: Transaction, holder: str, most: int) -> list[Record]:
    """What the box's own file holds and the store has not confirmed, oldest first, at most ``most`` of each kind."""
    found: list[Record] = []
    prefix = f"{holder}/"
    which = {"prefix": prefix, "most": most}
    for row in _TICKETS.all(m.conn, which):
        of = {"ticket": row.id}
        sealed = _SEALED.one_or_none(m.conn, of)
        body = {
            "ticket": row._asdict(),
            "resident": sealed and sealed._asdict(),
            "codes": [one._asdict() for one in _CODES.all(m.conn, of)],
            "slips": [_on_its_way(one._asdict()) for one in _SLIPS.all(m.conn, of)],
        }
        found.append(Record(name_of(holder, row.id), "ticket", row.hall_day, row.issued_at, m.at, body))
    found += _steps(m, holder, {one.body["ticket"]["id"] for one in found})
    for row in _ENDED.all(m.conn, which):
        told = {name: getattr(row, name) for name in ("ticket_id", "created_at", "state", "reason", "ended_at")}
        found.append(
            Record(f"{prefix}{row.ticket_id}/print{row.id}", "print", row.hall_day, row.ended_at or m.at, m.at, told)
        )
    for row in _ANSWERS.all(m.conn, which):
        name = f"{prefix}answer/{bytes(row.key_hash).hex()}"
        found.append(Record(name, "answer", row.hall_day, m.at, m.at, {"answer": row._asdict()}))
    return found


def _steps(m: Transaction, holder: str, told: Collection[int]) -> list[Record]:
    """The steps of tickets that are told with them or that the store has, each with how its ticket stands now."""
    found, stands = [], {}
    known = set(m.conn.scalars(select(_over.c.ticket_id)))
    for one in steps.kept(m):
        of = one.ticket
        if of is None:
            found.append(
                Record(f"{holder}/window/step{one.seq}", "step", one.day, one.at, m.at, {**one.body, "seq": one.seq})
            )
        elif not numbers.is_leased(of) or of in known or of in told:
            if of not in stands:
                stands[of] = dict(m.conn.execute(select(_t).where(_t.c.id == of)).one()._mapping)
            body = {**one.body, "seq": one.seq, "row": stands[of]}
            found.append(Record(f"{holder}/{of}/step{one.seq}", "step", one.day, one.at, m.at, body))
    return found


def hand_over(m: Transaction, records: Sequence[Record]) -> None:
    """Let go of the tickets of these records, durably, before the store hears of them: it calls them from then on.

    This box's windows call them no more; what stands at a window is ended there.
    """
    note_known(m, [one.body["ticket"]["id"] for one in records if one.kind == "ticket"])


def note_known(m: Transaction, tickets: Sequence[int]) -> None:
    """Note in the box's own file that the store knows of these tickets, or may."""
    known = set(m.conn.scalars(select(_over.c.ticket_id))) if tickets else set()
    if rows := [{"ticket_id": ident} for ident in tickets if ident not in known]:
        m.conn.execute(insert(_over), rows)


def name_of(holder: str, ticket: int) -> str:
    """The id of the record of a ticket."""
    return f"{holder}/{ticket}"


def confirm(m: Transaction, box: str, records: Sequence[Record]) -> None:
    """Note in the box's own file that the store has taken these records."""
    done = [one.body["seq"] for one in records if one.kind == "step"]
    if done:
        steps.drop(m, done)
    # A step is gone from the file; what else it has told stays there.
    rows = [
        {"id": one.id, "box": box, "hall_day": one.day, "at": one.at, "merged_at": m.at}
        for one in records
        if one.kind != "step"
    ]
    if rows:
        m.conn.execute(insert(_m), rows)


def merge(m: Transaction, box: str, holder: str, records: Sequence[Record]) -> dict[str, str | None]:
    """Take records into the store; the note of each, by its id. Those that it has taken before change nothing."""
    kept = select(_m.c.id, _m.c.note).where(_m.c.id.in_([one.id for one in records]))
    known = {row.id: row.note for row in m.conn.execute(kept)}
    notes: dict[str, str | None] = {}
    fresh = [one for one in records if one.id not in known]
    for turn in _turns(fresh):
        taken = _take(m, box, holder, turn)
        for one in turn:
            note = taken.get(one.id)
            sealed = _kept(m, one) if note in REFUSED else None
            row = {"id": one.id, "box": box, "hall_day": one.day, "at": one.at, "merged_at": m.at}
            m.conn.execute(insert(_m).values(**row, note=note, sealed=sealed))
            notes[one.id] = note
    issued = [notes[one.id] for one in fresh if one.kind == "ticket"]
    done = [notes[one.id] for one in fresh if one.kind == "step" and one.body["events"]]
    if issued or done:
        told = f"tickets: {len(issued)}; second tickets: {issued.count(SECOND)}; refused: "
        told += str(sum(note in REFUSED for note in issued))
        if done:
            told += f"; steps at windows: {len(done)}; overtaken: {done.count(OVERTAKEN)}"
        access_log.append_if_whole(m.conn, m.vault, m.now, Actor(f"box:{box}", "kiosk", box), "merge", told)
        log.info("what box %s did without the store was merged: %s", box, told)
    return {**known, **notes}


def _turns(records: Sequence[Record]) -> list[list[Record]]:
    """The records of each ticket and of each window together; those that leave a window go before those that come."""
    together: dict[Any, list[Record]] = {}
    for one in records:
        together.setdefault(_about(one), []).append(one)
    return sorted(together.values(), key=lambda turn: (turn[0].kind in ("answer", "print"), _is_open(turn)))


def _about(one: Record) -> Any:
    if one.kind == "ticket":
        return one.body["ticket"]["id"]
    if one.kind == "step":
        return one.body["row"]["id"] if "row" in one.body else one.body["window"]
    return one.id


def _is_open(turn: Sequence[Record]) -> bool:
    row = turn[-1].body.get("row") or turn[-1].body.get("ticket")
    return row is not None and row["state"] in OPEN_STATES


def _take(m: Transaction, box: str, holder: str, turn: Sequence[Record]) -> Mapping[str, str | None]:
    """Take what is of one ticket, of one window, or an answer; the note of each record that has one."""
    first, done = turn[0], [one for one in turn if one.kind == "step"]
    if first.kind == "ticket":
        note = _take_ticket(m, box, holder, first, done)
        _enter(m, done)
        return {one.id: OVERTAKEN for one in done} | {first.id: note} if note in REFUSED else {first.id: note}
    if first.kind == "step":
        if "row" not in first.body:
            _take_seat(m, done)
            return {}
        note = _take_steps(m, done)
        _enter(m, done)
        return {one.id: note for one in done} if note == OVERTAKEN else {done[-1].id: note}
    return {first.id: _TAKERS[first.kind](m, box, first)}


def _take_ticket(m: Transaction, box: str, holder: str, record: Record, done: Sequence[Record]) -> str | None:
    row = dict(record.body["ticket"])
    refused = _why_not(m, holder, row)
    if refused:
        if refused != "not_leased":
            leasing.passed(m, _block_of(row["id"]), _number_of(row))
        return refused
    leasing.passed(m, _block_of(row["id"]), _number_of(row))
    row, note = _fitted(m, row, None)
    if row["appointment_id"] is not None and not _check_in(m, row):
        row |= {"appointment_id": None}
    m.conn.execute(insert(_t).values(row))
    if row["hall_day"] in m.vault.days(m.conn):
        if (sealed := record.body["resident"]) is not None:
            m.conn.execute(insert(_r).values(sealed))
        if codes := record.body["codes"]:
            m.conn.execute(insert(_sc), codes)
    if slips := record.body["slips"]:
        m.conn.execute(insert(_j), [{**one, "box": box} for one in slips])
    if row["hall_day"] == m.day:
        limits.count(m, TicketRow(**{name: row[name] for name in TicketRow._fields if name in row}))
        # It may have gone on to another service since: it was called first from that of its number.
        told = [one.body["events"][0][1]["service"] for one in done if one.body["events"]]
        service = told[0] if told else row["service_id"]
        m.append(TicketIssued(row["number"], service, merged=True), at=row["issued_at"])
    _tell(m, done)
    if note == HELD:
        _hold(m, record.body["ticket"], record.as_of)
    return note


def _take_steps(m: Transaction, done: Sequence[Record]) -> str | None:
    """Take what a box's windows did to a ticket that the store has."""
    row, before = done[-1].body["row"], done[0].body["before"]
    found = m.conn.execute(select(_t).where(_t.c.id == row["id"])).one_or_none()
    if found is None or before is None:
        return OVERTAKEN
    now = found._mapping
    over = now["hall_day"] != m.day and (now["state"] == State.EXPIRED or now["outcome"] == clock_repair.END_OF_DAY)
    ours = now["state"] == State.HELD and now["hold_reason"] == WHY_HELD and now["window_id"] == before["window_id"]
    moves = {name: row[name] for name in _MOVES}
    if not (over or ours or all(now[name] == before[name] for name in STANDS)):
        if not _is_same_call(now, before, done):
            return OVERTAKEN
        moves |= {"recalls": row["recalls"] + now["recalls"] - before["recalls"]}
        if now["started_at"] is not None:
            done = [_without_start(one) for one in done]
            moves |= {"started_at": row["started_at"] and now["started_at"]}
    moved, note = _fitted(m, dict(now) | moves, now)
    changed = {name: moved[name] for name in (*_MOVES, "person_hash")}
    m.conn.execute(update(_t).where(_t.c.id == row["id"]).values(changed))
    if moved["state"] != State.SERVING:
        serving.forget(m, row["id"])
    _tell(m, done)
    if note == HELD:
        _hold(m, row, done[-1].as_of)
    return note


def _is_same_call(now: Any, before: Mapping[str, Any], done: Sequence[Record]) -> bool:
    """Whether its window had only called the ticket once more, or begun to serve it, which the box had not heard of.

    What was done there afterwards holds, unless it is for a ticket that has not been begun with.
    """
    same = all(now[name] == before[name] for name in STANDS if name not in ("state", "recalls"))
    if not same or now["state"] not in OPEN_STATES or before["state"] not in OPEN_STATES:
        return False
    told = {kind for one in done for kind, _, _ in one.body["events"]}
    return now["state"] == before["state"] or told.isdisjoint({TicketRecalled.type, TicketMissed.type})


def _without_start(one: Record) -> Record:
    """The step without the event of a service that had begun before."""
    return replace(one, body={**one.body, "events": [e for e in one.body["events"] if e[0] != TicketStarted.type]})


def _fitted(m: Transaction, row: dict[str, Any], before: Any) -> tuple[dict[str, Any], str | None]:
    """A ticket's row as it can stand in the store beside all others, and what should be known of that."""
    state = row["state"]
    if row["hall_day"] != m.day:
        clock_repair.forget_sums(m, row["hall_day"])
        if state in OPEN_STATES:
            row |= {"state": State.DONE.value, "ended_at": m.at, "outcome": clock_repair.END_OF_DAY}
        elif state not in (State.DONE, State.CANCELLED):
            row |= {"state": State.EXPIRED.value, "ended_at": m.at, "window_id": None, "called_at": None}
        return row | {"hold_reason": None, "held_until": None}, DAY_OVER
    note = None
    moved = before is None or before["service_id"] != row["service_id"]
    if state in LIVE_STATES and moved and row["person_hash"] is not None and _has_live(m, row):
        row, note = row | {"person_hash": None}, SECOND
    if state in OPEN_STATES:
        there = m.open_at(row["window_id"])
        if there is not None and there.id != row["id"]:
            held = {**NO_CALL, "state": State.HELD.value, "hold_reason": WHY_HELD, "held_until": None}
            row, note = row | held, HELD
    return row, note


def _hold(m: Transaction, row: Mapping[str, Any], at: int) -> None:
    """Keep the call of a ticket that is on hold since the merge, as another one is at its window.

    So it is since ``at``, when its box was asked: what that does with the ticket until the merge is kept comes after.
    """
    stay = {name: row[name] for name in ("hall_day", "service_id", "window_id", "clerk", "called_at", "started_at")}
    queued_at = row["issued_at"] if row["queued_at"] is None else row["queued_at"]
    m.conn.execute(insert(_v).values(ticket_id=row["id"], queued_at=queued_at, ended_at=at, ended_as="held", **stay))
    m.append(TicketHeld(row["number"], row["service_id"], row["window_id"]), at=at)


def _tell(m: Transaction, done: Sequence[Record]) -> None:
    """Keep the visits, the cases and the events of steps, each at its real time."""
    for one in done:
        for table in (_v, _c):
            if rows := one.body["visits" if table is _v else "cases"]:
                m.conn.execute(insert(table), rows)
        _append(m, one)


def _enter(m: Transaction, done: Sequence[Record]) -> None:
    """Append the entries of steps to the audit log, also of what changes nothing: somebody did it."""
    for one in done:
        # A version before this one kept steps without entries.
        for entry in one.body.get("entries", ()):
            access_log.append_note(m.conn, m.vault, entry)


def _append(m: Transaction, one: Record) -> None:
    for kind, data, at in one.body["events"]:
        m.append(kind_of(kind)(**{**data, "merged": True}), at=at)


def _take_seat(m: Transaction, done: Sequence[Record]) -> None:
    """Take how a clerk opened or paused a window, unless somebody with the store has changed it meanwhile."""
    window, before, after = done[0].body["window"], done[0].body["before"], done[-1].body["after"]
    found = m.conn.execute(select(_w).where(_w.c.id == window)).one_or_none()
    if found is not None and done[-1].day == m.day and before is not None:
        now = found._mapping
        if (now["state"], now["clerk"]) == (before["state"], before["clerk"]):
            m.conn.execute(update(_w).where(_w.c.id == window).values({name: after[name] for name in SEAT}))
    for one in done:
        _append(m, one)


def _take_answer(m: Transaction, _box: str, record: Record) -> str | None:
    row = record.body["answer"]
    days = m.vault.days(m.conn)
    there = m.conn.scalar(select(exists().where(_a.c.key_hash == row["key_hash"])))
    if not there and row["hall_day"] in days:
        m.conn.execute(insert(_a).values(row))
    return None


def _take_print(m: Transaction, _box: str, record: Record) -> str | None:
    told = record.body
    its = [_j.c[name] == told[name] for name in ("ticket_id", "created_at")]
    ended = {name: told[name] for name in ("state", "reason", "ended_at")}
    m.conn.execute(update(_j).where(*its, _j.c.state == "sending").values(ended))
    m.news()
    return None


_TAKERS = {"answer": _take_answer, "print": _take_print}


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
    return bool(m.conn.scalar(select(exists().where(*same, _t.c.id != row["id"], tables.live))))


def _check_in(m: Transaction, row: Mapping[str, Any]) -> bool:
    """Use the appointment with which the box issued the ticket; False where it is not booked any more."""
    booking = tables.appointment
    used = (
        update(booking)
        .where(booking.c.id == row["appointment_id"], booking.c.state == "booked")
        .values(state="checked_in", ticket_id=row["id"])
    )
    return m.conn.execute(used).rowcount == 1


def _on_its_way(slip: dict[str, Any]) -> dict[str, Any]:
    """A slip as the store knows it: its box prints it from its own file, so it is never pending in the store."""
    return slip | {"state": "sending"} if slip["state"] == "pending" else slip


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
