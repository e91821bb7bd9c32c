"""One transaction at one time of the hall: what every verb and view works in, and the statements that many share.

The clock is read once the transaction has its turn, so that times in the store are in the order of its writes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)

from ticketing.calendar import hall_day
from ticketing.day.memory import Memory
from ticketing.events import NewEvent, TicketEvent
from ticketing.model import (
    TRANSITIONS,
    Service,
    State,
    StateError,
    StoreError,
    Ticket,
    TicketRow,
    UnknownError,
    Window,
    time_of,
)
from ticketing.model import microseconds as microseconds  # for those who work in a transaction
from ticketing.policy import Rules, Standing
from ticketing.privacy import codes
from ticketing.privacy.vault import Vault
from ticketing.store import tables
from ticketing.store.base import NEWS
from ticketing.store.prepared import Prepared

_R = TypeVar("_R")
_P = ParamSpec("_P")
_About = Callable[Concatenate[str, str, str | None, _P], TicketEvent]
# The data of an event are flat, so they hold no circle.
_to_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode

t = tables.ticket
_print_state = (
    select(tables.print_job.c.state)
    # Written out, since SQLAlchemy leaves out the table's name in what a statement on SQLite returns.
    .where(tables.print_job.c.ticket_id == literal_column("ticket.id"), tables.print_job.c.case_id.is_(None))
    .order_by(tables.print_job.c.id.desc())
    .limit(1)
    .correlate(t)
    .scalar_subquery()
    .label("print_state")
)
COLUMNS = tuple(_print_state if name == "print_state" else t.c[name] for name in TicketRow._fields)
"""The columns of a :class:`TicketRow`."""

tickets: Select[Any] = select(*COLUMNS)


def transition(verb: str, which: ColumnElement[bool], **columns: Any) -> Prepared[TicketRow]:
    """The statement by which ``verb`` changes the ticket ``which``; it returns the ticket as changed.

    The state changes as :data:`~ticketing.model.TRANSITIONS` says. A ticket in any other state is neither changed nor
    returned.

    ``which`` is the condition for one ticket, ``columns`` the other columns to set.
    """
    states = [(tables.word(before), tables.word(after)) for before, after in TRANSITIONS[verb].items()]
    to = case(*((t.c.state == before, after) for before, after in states))
    # A filter alone: for a table whose rows it has not counted yet, PostgreSQL would look through all who wait.
    before = (t.c.state + literal_column("''")).in_([before for before, _ in states])
    changed = update(t).where(which, before).values({t.c.state: to, **columns})
    return Prepared(changed.returning(*COLUMNS), TicketRow)


THIS = t.c.id == bindparam("ticket")
"""The ticket of the id ``:ticket``."""

NO_CALL = dict.fromkeys(("called_at", "called_by", "started_at"), None) | {"recalls": 0}
"""The columns of a call, for a ticket that leaves its window."""

_BY_ID = Prepared(tickets.where(THIS), TicketRow)
_BY_CODE = Prepared(tickets.where(t.c.code_hash == bindparam("code")), TicketRow)
_sc = tables.slip_code
_BY_LATER_CODE = Prepared(
    tickets.join(_sc, _sc.c.ticket_id == t.c.id).where(_sc.c.code_hash == bindparam("code")), TicketRow
)
_BY_NUMBER = Prepared(tickets.where(t.c.hall_day == bindparam("day"), t.c.number == bindparam("number")), TicketRow)
_AT_WINDOW = Prepared(tickets.where(t.c.window_id == bindparam("window"), tables.open_), TicketRow)
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
    .where(THIS)
)
_EVENT = Prepared(insert(tables.event).inline())
_LAST_SEQ = Prepared(select(func.max(tables.event.c.seq)))


def _window(ident: str, served: str | None, removed_at: int | None, *rest: Any) -> Window:
    name, state, pause_text, pause_text_en, clerk, zone = rest
    starts = {service: int(start) for service, start in sorted(one.split("\t") for one in (served or "").splitlines())}
    services = ("*",) if "*" in starts else tuple(starts)
    weights = {service: start for service, start in starts.items() if start}
    removed = removed_at is not None
    return Window(ident, name, services, state, weights, pause_text, pause_text_en, clerk, removed, zone)


_w, _ws = tables.window, tables.window_service
_entry = _ws.c.service_id + literal_column("'\t'") + cast(_ws.c.head_start, String)
_newline: Any = literal_column("'\n'")
_served = select(func.aggregate_strings(_entry, _newline)).where(_ws.c.window_id == _w.c.id)
_windows = select(
    _w.c.id,
    _served.correlate(_w).scalar_subquery(),
    _w.c.removed_at,
    _w.c.name,
    _w.c.state,
    _w.c.pause_text,
    _w.c.pause_text_en,
    _w.c.clerk,
    _w.c.zone,
).order_by(_w.c.position)
# A removed window is still listed while a ticket is there.
_WINDOWS = Prepared(
    _windows.where(
        _w.c.removed_at.is_(None) | select(t.c.id).where(t.c.window_id == _w.c.id, tables.open_).correlate(_w).exists()
    ),
    _window,
)
_ONE_WINDOW = Prepared(_windows.where(_w.c.id == bindparam("window")), _window)


def _service(chain: str, needed: str | None, removed_at: int | None, *rest: Any) -> Service:
    name = dict(zip(_SERVICE, rest, strict=True))
    fields = None if needed is None else tuple(json.loads(needed))
    return Service(**name, chain=tuple(json.loads(chain)), resident_fields=fields, removed=removed_at is not None)


_SERVICE = ("id", "name", "name_en", "prefix", "place", "bring", "bring_en", "per_person_day", "promise_days")


_s = tables.service
_services = select(_s.c.chain, _s.c.resident_fields, _s.c.removed_at, *(_s.c[name] for name in _SERVICE))
_ONE_SERVICE = Prepared(_services.where(_s.c.id == bindparam("service")), _service)
_SERVICES = Prepared(_services.order_by(_s.c.position), _service)


def line_at(window: str) -> str:
    """The line of the tickets that wait for one window only; no service has such an id."""
    return f"@{window}"


class PrintedCode(NamedTuple):
    """The code of a slip, and the hash by which the store finds it."""

    text: str
    hash: bytes

    def __repr__(self) -> str:
        return "<PrintedCode>"


@dataclass(frozen=True)
class Transaction:
    """A transaction and its time.

    Attributes:
        conn: the connection on which it runs.
        vault, rules, zone: the hall's.
        box: name of this box, and so of its printer queue.
        now: the time, in the hall's zone.
        at: the same in microseconds since 1970 UTC.
        day: the hall day, ``YYYY-MM-DD``.
        memory: what this box holds outside the store.
        cut_off: whether this is the box's own copy of the queue, worked in while the store is away.
    """

    conn: Connection
    vault: Vault
    rules: Rules
    zone: ZoneInfo
    box: str
    now: datetime
    at: int
    day: str
    memory: Memory
    cut_off: bool = False

    def refuse_cut_off(self) -> None:
        """Raise ``needs_store`` while the box is cut off: for what others may be changing, or the store alone can."""
        if self.cut_off:
            raise StoreError("needs_store")

    # Reading

    def time(self, at: int) -> datetime:
        """A stored time, in the hall's zone."""
        return time_of(at).astimezone(self.zone)

    def day_of(self, at: datetime) -> str:
        """The hall day of an aware time."""
        return hall_day(at.astimezone(self.zone), self.rules.day_starts).isoformat()

    def begin_of(self, day: date) -> datetime:
        """When a hall day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone) + self.rules.day_starts

    def ticket(self, row: TicketRow) -> Ticket:
        """The ticket in a row, with how many are ahead of it when it waits."""
        return Ticket.of(row, self.time, self.ahead(row) if row.state == State.WAITING else 0)

    def ahead(self, row: TicketRow) -> int:
        """How many tickets of the same line rank before this one.

        Windows that serve several services may call other lines first; only ``estimate`` takes that into account.
        """
        place = {"line": row.line, "day": row.hall_day, "rank": row.rank_at, "ticket": row.id}
        return int(_AHEAD.scalar(self.conn, place))

    def standing(self, row: TicketRow, weight: int = 0) -> Standing:
        """How a ticket stands in the queue, with the ``weight`` in minutes that its service has at a window."""
        slot = _SLOT.one_or_none(self.conn, {"ticket": row.id}) if row.rank_by == "appointment" else None
        return Standing(
            row.number,
            row.priority,
            self.time(row.issued_at),
            self.time(row.rank_at),
            row.rank_by,
            timedelta(minutes=weight),
            slot and (self.time(slot.from_at), self.time(slot.to_at)),
        )

    def row_of(self, ticket: int) -> TicketRow:
        """The row of a ticket; raises :class:`UnknownError` (``unknown_ticket``)."""
        return self.known(_BY_ID.one_or_none(self.conn, {"ticket": ticket}), "unknown_ticket")

    def receipt_of(self, case: int) -> str:
        """The code on a case's receipt: not stored, but derived from the master key each time."""
        return codes.encode(self.vault.lasting_mac("receipt", str(case).encode())[: codes.BYTES])

    def hash_of(self, code: str) -> bytes:
        """The hash by which the store finds a code."""
        return self.vault.lasting_hash("ticket code", code)

    def code_in(self, scanned: str) -> PrintedCode | None:
        """The code in what was scanned or typed; None if there is none."""
        text = codes.find_code(scanned)
        return PrintedCode(text, self.hash_of(text)) if text else None

    def row_of_code(self, scanned: str | PrintedCode | None) -> TicketRow:
        """The row of today's ticket with the scanned code.

        A code of another day, an erased code, an unknown one and a text that is no code are all ``unknown_code``.
        """
        row = self.row_of_old_code(scanned)
        return self.known(row if row.hall_day == self.day else None, "unknown_code")

    def row_of_old_code(self, scanned: str | PrintedCode | None) -> TicketRow:
        """The row of a ticket of any day; only for callers that may know of past tickets."""
        code = self.code_in(scanned) if isinstance(scanned, str) else scanned
        which = code and {"code": code.hash}
        row = (
            (_BY_CODE.one_or_none(self.conn, which) or _BY_LATER_CODE.one_or_none(self.conn, which)) if which else None
        )
        return self.known(row, "unknown_code")

    def row_of_number(self, number: str) -> TicketRow:
        """The row of today's ticket of this number; raises :class:`UnknownError` (``unknown_number``)."""
        which = {"day": self.day, "number": number.strip().upper()}
        return self.known(_BY_NUMBER.one_or_none(self.conn, which), "unknown_number")

    def open_at(self, window: str) -> TicketRow | None:
        """The row of the ticket that is called to the window or served there."""
        return _AT_WINDOW.one_or_none(self.conn, {"window": window})

    def window(self, window: str) -> Window:
        """A window; raises :class:`UnknownError` (``unknown_window``)."""
        return self.known(self.window_or_none(window), "unknown_window", window=window)

    def window_or_none(self, window: str) -> Window | None:
        """A window, removed ones included; None when there was none with this id."""
        return _ONE_WINDOW.one_or_none(self.conn, {"window": window})

    def windows(self) -> list[Window]:
        """All windows, in the hall's order; of the removed ones, those where a ticket still is."""
        return _WINDOWS.all(self.conn)

    def service(self, service: str) -> Service:
        """A service; raises :class:`UnknownError` (``unknown_service``)."""
        return self.known(self.service_or_none(service), "unknown_service", service=service)

    def service_or_none(self, service: str) -> Service | None:
        """A service; None when there is none with this id."""
        return _ONE_SERVICE.one_or_none(self.conn, {"service": service})

    def services(self) -> list[Service]:
        """All services, in the hall's order."""
        return _SERVICES.all(self.conn)

    @staticmethod
    def known(found: _R | None, code: str, **facts: Any) -> _R:
        """What was found; raises :class:`UnknownError` with this code for None."""
        if found is None:
            raise UnknownError(code, **facts)
        return found

    def last_seq(self) -> int:
        """Number of the newest event, 0 when there is none."""
        return int(_LAST_SEQ.scalar(self.conn) or 0)

    # Writing

    def change(self, how: Prepared[TicketRow], verb: str, row: TicketRow, **values: Any) -> TicketRow:
        """The row as changed by ``verb``, whose :func:`transition` of ``THIS`` is ``how``; raises ``wrong_state``."""
        refuse_wrong_state(verb, row)
        changed = how.one_or_none(self.conn, {"ticket": row.id, "now": self.at, **values})
        return self.known(changed, "unknown_ticket")

    def happened(self, row: TicketRow, event: _About[_P], *args: _P.args, **data: _P.kwargs) -> Ticket:
        """Append the event of a ticket that was changed; gives the ticket as it is now.

        The event gets the changed row's number, service and window, and its other fields from the arguments.
        """
        self.append(event(row.number, row.service_id, row.window_id, *args, **data))
        return self.ticket(row)

    def append(self, event: NewEvent, at: int | None = None) -> None:
        """Append an event, of now, or of ``at`` where it is told late."""
        told = _to_json({name: value for name, value in vars(event).items() if value is not None})
        _EVENT.later(self.conn, {"at": self.at if at is None else at, "type": event.type, "data": told})
        self.news()

    def news(self) -> None:
        """Have the store's listeners called once this is committed."""
        self.conn.info[NEWS] = True


def refuse_wrong_state(verb: str, row: TicketRow) -> None:
    """Raise :class:`StateError` (``wrong_state``) when ``verb`` is not for a ticket in this state."""
    if row.state not in TRANSITIONS[verb]:
        raise StateError("wrong_state", number=row.number, state=row.state, verb=verb)
