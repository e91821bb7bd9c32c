"""One transaction at one moment of the hall: what every verb and view works in.

The moment is taken once the transaction holds its place, so that times in the store never run against its order.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select

from ticketing.calendar import hall_day
from ticketing.model import OPEN_STATES, TRANSITIONS, Print, Service, State, StateError, Ticket, UnknownError, Window
from ticketing.policy import Rules, Standing
from ticketing.privacy import codes
from ticketing.privacy.vault import ErasedError, Vault
from ticketing.store import tables
from ticketing.store.opening import NEWS, Prepared

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

t = tables.ticket
print_state = (
    select(tables.print_job.c.state)
    .where(tables.print_job.c.ticket_id == t.c.id, tables.print_job.c.case_id.is_(None))
    .order_by(tables.print_job.c.id.desc())
    .limit(1)
    .correlate(t)
    .scalar_subquery()
    .label("print_state")
)
"""State of the newest print job of a ticket's own slip."""

tickets: Select[Any] = select(
    t.c.id,
    t.c.hall_day,
    t.c.number,
    t.c.service_id,
    t.c.state,
    t.c.priority,
    t.c.rank_at,
    t.c.issued_at,
    t.c.called_at,
    t.c.started_at,
    t.c.ended_at,
    t.c.window_id,
    t.c.recalls,
    t.c.outcome,
    t.c.line,
    t.c.rank_by,
    t.c.clerk,
    t.c.called_by,
    t.c.queued_at,
    t.c.held_until,
    t.c.hold_reason,
    t.c.misses,
    t.c.chain,
    print_state,
)
"""What :meth:`Moment.ticket` wants to know."""

_BY_ID = Prepared(tickets.where(t.c.id == bindparam("ticket")))
_CODE_HASH = Prepared(select(t.c.code_hash).where(t.c.id == bindparam("ticket")))
_BY_CODE = Prepared(tickets.where(t.c.code_hash == bindparam("code"), t.c.hall_day == bindparam("day")))
_BY_CODE_OF_ANY_DAY = Prepared(tickets.where(t.c.code_hash == bindparam("code")))
_BY_NUMBER = Prepared(tickets.where(t.c.hall_day == bindparam("day"), t.c.number == bindparam("number")))
_AT_WINDOW = Prepared(tickets.where(t.c.window_id == bindparam("window"), tables.open_))
_AHEAD = Prepared(
    select(func.count())
    .select_from(t)
    .where(
        t.c.line == bindparam("line"),
        t.c.hall_day == bindparam("day"),
        tables.waiting,
        (t.c.rank_at < bindparam("rank")) | ((t.c.rank_at == bindparam("rank")) & (t.c.id < bindparam("ticket"))),
    )
)
_SLOT = Prepared(
    select(tables.appointment.c.from_at, tables.appointment.c.to_at)
    .join(t, t.c.appointment_id == tables.appointment.c.id)
    .where(t.c.id == bindparam("ticket"))
)
_EVENT = Prepared(insert(tables.event).inline())
_LAST_SEQ = Prepared(select(func.max(tables.event.c.seq)))
_w, _ws = tables.window, tables.window_service
_WINDOW = (
    select(
        _w.c.id,
        _w.c.name,
        _w.c.state,
        _w.c.pause_text,
        _w.c.pause_text_en,
        _w.c.clerk,
        _w.c.removed_at,
        _ws.c.service_id,
        _ws.c.head_start,
    )
    .outerjoin_from(_w, _ws, _w.c.id == _ws.c.window_id, full=False)
    .order_by(_w.c.position, _ws.c.service_id)
)
# One that was taken away stays for as long as somebody is there.
_WINDOWS = Prepared(
    _WINDOW.where(
        _w.c.removed_at.is_(None) | select(t.c.id).where(t.c.window_id == _w.c.id, tables.open_).correlate(_w).exists()
    )
)
_ONE_WINDOW = Prepared(_WINDOW.where(tables.window.c.id == bindparam("window")))
_s = tables.service
_SERVICE = select(
    _s.c.id,
    _s.c.name,
    _s.c.name_en,
    _s.c.prefix,
    _s.c.place,
    _s.c.bring,
    _s.c.bring_en,
    _s.c.chain,
    _s.c.per_person_day,
    _s.c.promise_days,
    _s.c.removed_at,
)
_ONE_SERVICE = Prepared(_SERVICE.where(tables.service.c.id == bindparam("service")))
_SERVICES = Prepared(_SERVICE.order_by(tables.service.c.position))


def microseconds(at: datetime) -> int:
    """The store's form of an aware time."""
    return (at - _EPOCH) // _MICROSECOND


@dataclass(frozen=True)
class Moment:
    """A transaction and its time.

    Attributes:
        conn: the transaction.
        vault, rules, zone, box: the hall's; ``box`` names this box's printer queue.
        now: the time, in the hall's zone.
        at: the same as the store keeps it.
        day: the hall day, ``YYYY-MM-DD``.
    """

    conn: Connection
    vault: Vault
    rules: Rules
    zone: ZoneInfo
    box: str
    now: datetime
    at: int
    day: str

    # Reading

    def time(self, at: int) -> datetime:
        """A kept time, in the hall's zone."""
        return (_EPOCH + timedelta(microseconds=at)).astimezone(self.zone)

    def day_of(self, at: datetime) -> str:
        """The hall day of an aware time."""
        return hall_day(at.astimezone(self.zone), self.rules.day_starts).isoformat()

    def ticket(self, row: Row[Any], **changed: Any) -> Ticket:
        """The ticket in a row of :data:`tickets`; ``changed`` holds the columns written since."""
        kept: dict[str, Any] = {**row._mapping, **changed}
        state = State(kept["state"])
        ahead = 0
        if state is State.WAITING:
            ahead = self.ahead(kept)
        return Ticket(
            id=kept["id"],
            number=kept["number"],
            service=kept["service_id"],
            state=state,
            window=kept["window_id"],
            issued_at=self.time(kept["issued_at"]),
            called_at=self._time(kept["called_at"]),
            started_at=self._time(kept["started_at"]),
            ended_at=self._time(kept["ended_at"]),
            rank_at=self.time(kept["rank_at"]),
            priority=kept["priority"],
            ahead=ahead,
            recalls=kept["recalls"],
            outcome=kept["outcome"],
            print=print_of(kept["print_state"]),
            held_until=self._time(kept["held_until"]),
            hold_reason=kept["hold_reason"],
            misses=kept["misses"],
            chain=tuple(json.loads(kept["chain"])) if kept["chain"] else (),
            for_window=window_of(kept["line"]) if state is State.WAITING else None,
            rank_by=kept["rank_by"],
            clerk=kept["clerk"],
        )

    def _time(self, at: int | None) -> datetime | None:
        return None if at is None else self.time(at)

    def ahead(self, kept: Mapping[str, Any]) -> int:
        """How many wait for the same service and rank before the ticket in the columns ``kept``.

        Simple on purpose, and only about the resident's own queue: a window that serves other services too may call
        their tickets first, or never come to this queue; ``estimate`` counts that in.
        """
        place = {"line": kept["line"], "day": kept["hall_day"], "rank": kept["rank_at"], "ticket": kept["id"]}
        return int(_AHEAD.scalar(self.conn, place))

    def standing(self, row: Row[Any], weight: int = 0) -> Standing:
        """How the row's ticket stands in the queue; ``weight`` in minutes."""
        return Standing(
            row.number,
            row.priority,
            self.time(row.issued_at),
            self.time(row.rank_at),
            row.rank_by,
            timedelta(minutes=weight),
            self._slot_of(row) if row.rank_by == "appointment" else None,
        )

    def _slot_of(self, row: Row[Any]) -> tuple[datetime, datetime] | None:
        """Begin and end of the appointment that became the row's ticket."""
        slot = _SLOT.one_or_none(self.conn, {"ticket": row.id})
        return slot and (self.time(slot.from_at), self.time(slot.to_at))

    def row_of(self, ticket: int) -> Row[Any]:
        """The row of a ticket; raises :class:`UnknownError` (``unknown_ticket``)."""
        row = _BY_ID.one_or_none(self.conn, {"ticket": ticket})
        if row is None:
            raise UnknownError("unknown_ticket")
        return row

    def code_of(self, day: str, ticket: int) -> str:
        """The code on a ticket of ``day``; raises :class:`ErasedError` once that day is erased."""
        return codes.encode(self.vault.day_code(self.conn, day, ticket))

    def code_again(self, day: str, ticket: int) -> str:
        """The same, for a ticket that was issued before.

        Raises:
            ErasedError: the day is erased, or its key was not the one that is here now: a backup brought the ticket,
                and no backup brings a key.
        """
        code = self.code_of(day, ticket)
        if _CODE_HASH.scalar(self.conn, {"ticket": ticket}) != self.hash_of(code):
            raise ErasedError(day)
        return code

    def receipt_of(self, case: int) -> str:
        """The code on a case's receipt; kept nowhere, and made again from the master key."""
        return codes.encode(self.vault.lasting_mac("receipt", str(case).encode())[: codes.BYTES])

    def hash_of(self, code: str) -> bytes:
        """What the store knows a code by."""
        return self.vault.lasting_hash("ticket code", code)

    def row_of_code(self, scanned: str) -> Row[Any]:
        """The row of today's ticket whose code was scanned.

        A code of another day, an erased one, one that never was and what is no code at all are answered alike.

        Raises:
            UnknownError: ``unknown_code``.
        """
        return self._row_of_code(_BY_CODE, scanned)

    def row_of_old_code(self, scanned: str) -> Row[Any]:
        """The same for a ticket of any day, for those few who may know of it."""
        return self._row_of_code(_BY_CODE_OF_ANY_DAY, scanned)

    def _row_of_code(self, statement: Prepared, scanned: str) -> Row[Any]:
        code = codes.find_code(scanned)
        row = statement.one_or_none(self.conn, {"code": self.hash_of(code), "day": self.day}) if code else None
        if row is None:
            raise UnknownError("unknown_code")
        return row

    def row_of_number(self, number: str) -> Row[Any]:
        """The row of today's ticket of this number; raises :class:`UnknownError` (``unknown_number``)."""
        row = _BY_NUMBER.one_or_none(self.conn, {"day": self.day, "number": number.strip().upper()})
        if row is None:
            raise UnknownError("unknown_number")
        return row

    def open_at(self, window: str) -> Row[Any] | None:
        """The row of the ticket that is called to the window or served there."""
        return _AT_WINDOW.one_or_none(self.conn, {"window": window})

    def window(self, window: str) -> Window:
        """A window; raises :class:`UnknownError` (``unknown_window``)."""
        found = self.window_or_none(window)
        if found is None:
            raise UnknownError("unknown_window", window=window)
        return found

    def window_or_none(self, window: str) -> Window | None:
        """A window, one that was taken away too; None when there was none of that name."""
        found = _windows_of(_ONE_WINDOW.all(self.conn, {"window": window}))
        return found[0] if found else None

    def windows(self) -> list[Window]:
        """All windows, in the hall's order; of those taken away, the ones where somebody still is."""
        return _windows_of(_WINDOWS.all(self.conn))

    def service(self, service: str) -> Service:
        """A service; raises :class:`UnknownError` (``unknown_service``)."""
        found = self.service_or_none(service)
        if found is None:
            raise UnknownError("unknown_service", service=service)
        return found

    def service_or_none(self, service: str) -> Service | None:
        """A service; None when there is none of that name."""
        row = _ONE_SERVICE.one_or_none(self.conn, {"service": service})
        return None if row is None else _service_of(row)

    def services(self) -> list[Service]:
        """All services, in the hall's order."""
        return [_service_of(row) for row in _SERVICES.all(self.conn)]

    def last_seq(self) -> int:
        """Number of the newest event, 0 when there is none."""
        return int(_LAST_SEQ.scalar(self.conn) or 0)

    # Writing

    def append(self, kind: str, **data: Any) -> None:
        """Append an event; data without a value is left out."""
        self.append_all([(kind, data)])

    def append_all(self, events: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Append events in this order."""
        for kind, data in events:
            told = json.dumps({k: v for k, v in data.items() if v is not None}, ensure_ascii=False)
            _EVENT.do(self.conn, {"at": self.at, "type": kind, "data": told})
            self.news()

    def news(self) -> None:
        """Have the store's listeners woken once this is committed."""
        self.conn.info[NEWS] = True


def line_at(window: str) -> str:
    """The line of those who wait for one window alone; no service has such an id."""
    return f"@{window}"


def window_of(line: str) -> str | None:
    """The one window that a line leads to; None for a service's."""
    return line[1:] if line.startswith("@") else None


def print_of(state: str | None) -> Print:
    """What a print job's state means for the ticket; its holder need not know that bytes are on their way."""
    if state == "sending":
        return "pending"
    return state or "none"  # type: ignore[return-value]


def after(verb: str, row: Row[Any]) -> State:
    """The state that ``verb`` leads to; raises :class:`StateError` (``wrong_state``) from any other than its own."""
    to = TRANSITIONS[verb].get(State(row.state))
    if to is None:
        raise StateError("wrong_state", number=row.number, state=row.state, verb=verb)
    return to


def is_open(row: Row[Any]) -> bool:
    """Whether the row's ticket is at a window."""
    return row.state in OPEN_STATES


def _service_of(row: Row[Any]) -> Service:
    return Service(
        row.id,
        row.name,
        row.name_en,
        row.prefix,
        row.place,
        row.bring,
        row.bring_en,
        tuple(json.loads(row.chain)) if row.chain != "[]" else (),
        row.per_person_day,
        row.promise_days,
        row.removed_at is not None,
    )


def _windows_of(rows: Iterable[Row[Any]]) -> list[Window]:
    found: dict[str, tuple[Any, list[str], dict[str, int]]] = {}
    for row in rows:
        _, services, weights = found.setdefault(row.id, (row, [], {}))
        if row.service_id:
            services.append(row.service_id)
        if row.head_start:
            weights[row.service_id] = row.head_start
    return [
        Window(
            row.id,
            row.name,
            ("*",) if "*" in services else tuple(services),
            row.state,
            weights,
            row.pause_text,
            row.pause_text_en,
            row.clerk,
            row.removed_at is not None,
        )
        for row, services, weights in found.values()
    ]
