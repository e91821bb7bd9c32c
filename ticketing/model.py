"""The types of the queue: tickets, services, windows, residents, the table of states, events, errors.

Times are aware ``datetime`` in the hall's time zone. Nothing here touches a store or a clock.
"""

import json
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

NORMAL = "normal"
"""The class of a ticket with no head start."""

Role = Literal["kiosk", "clerk", "terminal", "desk", "manager", "technician", "auditor"]
ROLES: tuple[Role, ...] = ("kiosk", "clerk", "terminal", "desk", "manager", "technician", "auditor")


class State(StrEnum):
    """The state of a ticket."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    HELD = "held"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TRANSITIONS: dict[str, dict[State, State]] = {
    # verb: {state before: state after}; any other state before is refused
    "call": {State.WAITING: State.CALLED},
    "call-number": {State.WAITING: State.CALLED, State.HELD: State.CALLED, State.MISSED: State.CALLED},
    "recall": {State.CALLED: State.CALLED},
    "start": {State.CALLED: State.SERVING},
    "finish": {State.CALLED: State.DONE, State.SERVING: State.DONE},
    "next-stop": {State.DONE: State.WAITING},
    "no-show": {State.CALLED: State.MISSED},
    "transfer": {State.CALLED: State.WAITING, State.SERVING: State.WAITING},
    "release": {State.WAITING: State.WAITING},
    "hold": {State.WAITING: State.HELD, State.CALLED: State.HELD, State.SERVING: State.HELD},
    "return": {State.HELD: State.WAITING, State.MISSED: State.WAITING},
    "supplement": {State.DONE: State.WAITING},
    "cancel": {State.WAITING: State.CANCELLED, State.HELD: State.CANCELLED, State.MISSED: State.CANCELLED},
    "undo": {State.DONE: State.SERVING, State.MISSED: State.CALLED},
    "step-back": {State.WAITING: State.SERVING},
    "expire": {State.WAITING: State.EXPIRED, State.HELD: State.EXPIRED, State.MISSED: State.EXPIRED},
}
"""Every state change of a ticket. At the end of a day, tickets at a window are finished and the others expire."""

OPEN_STATES = (State.CALLED, State.SERVING)
LIVE_STATES = (State.WAITING, State.CALLED, State.SERVING, State.HELD)

Print = Literal["pending", "printed", "unconfirmed", "failed", "none"]
WindowState = Literal["open", "paused", "closed"]


@dataclass(frozen=True)
class Service:
    """A business that residents come for (业务).

    Attributes:
        id, name, name_en: its id and names.
        prefix: first letters of its ticket numbers.
        place: where to wait; "" for the area of its windows.
        bring, bring_en: documents to have ready.
        chain: ids of the services that its tickets go on to with the same number, in order (多窗联办).
        per_person_day: most tickets per person and day; None for no limit.
        promise_days: working days until a promised case (承诺件) is done; None for the hall's rule.
        resident_fields: names of the fields of :class:`Resident` that its windows need; None for all.
        removed: removed while tickets wait for it: these are served, no new ones are issued.
    """

    id: str
    name: str
    name_en: str
    prefix: str
    place: str = ""
    bring: str = ""
    bring_en: str = ""
    chain: tuple[str, ...] = ()
    per_person_day: int | None = None
    promise_days: int | None = None
    resident_fields: tuple[str, ...] | None = None
    removed: bool = False


@dataclass(frozen=True)
class Window:
    """A service window (窗口).

    Attributes:
        id, name: its id and name.
        services: ids of the services it serves, or ``("*",)`` for all.
        state: ``open``, ``paused`` or ``closed``.
        weights: by service, the minutes by which its tickets rank earlier at this window.
        pause_text, pause_text_en: text on its LED strip while paused; "" for the default.
        clerk: account of the clerk at the window; None when nobody is logged in there.
        removed: removed while a ticket was there.
        zone: the part of the hall it is in, such as a floor, which has screens and notices of its own; "" for none.
    """

    id: str
    name: str
    services: tuple[str, ...]
    state: WindowState
    weights: Mapping[str, int] = field(default_factory=dict)
    pause_text: str = ""
    pause_text_en: str = ""
    clerk: str | None = None
    removed: bool = False
    zone: str = ""

    def serves(self, service: str) -> bool:
        """Whether tickets of ``service`` may be called to this window."""
        return "*" in self.services or service in self.services


def microseconds(at: datetime) -> int:
    """An aware time as the store keeps it: microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def time_of(kept: int) -> datetime:
    """The reverse of :func:`microseconds`, in UTC."""
    return _EPOCH + kept * _MICROSECOND


@dataclass(frozen=True)
class Coded:
    """A value of a national code table, such as sex in GB/T 2261.1."""

    code: str
    label: str


@dataclass(frozen=True)
class Resident:
    """The data of an ID card, or what a resident typed. Missing fields are None, and ``valid_until`` for 长期."""

    kind: str = "typed"
    name: str | None = None
    name_en: str | None = None
    sex: Coded | None = None
    ethnicity: Coded | None = None
    birth_date: date | None = None
    address: str | None = None
    id_number: str | None = None
    authority: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    nationality: str | None = None
    pass_number: str | None = None
    issue_count: str | None = None
    renewal_count: str | None = None

    def __repr__(self) -> str:
        """Without personal data, since representations end up in logs."""
        return f"<Resident {self.kind}>"

    def as_json(self) -> dict[str, Any]:
        """As JSON in the API: dates as ``YYYY-MM-DD``, coded values as ``{code, label}``."""
        # Not by asdict(), which copies each value deeply: this is done for every ticket.
        values = dict(vars(self))
        for name in ("birth_date", "valid_from", "valid_until"):
            if values[name] is not None:
                values[name] = values[name].isoformat()
        for name in ("sex", "ethnicity"):
            if values[name] is not None:
                values[name] = dict(vars(values[name]))
        return values

    def only(self, fields: Collection[str] | None) -> "Resident":
        """With these fields alone; None for all. ``kind`` always stays."""
        if fields is None:
            return self
        left_out: dict[str, Any] = dict.fromkeys(vars(self).keys() - {"kind", *fields})
        return replace(self, **left_out)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Resident":
        """The reverse of :meth:`as_json`."""
        values = dict(values)
        for name in ("birth_date", "valid_from", "valid_until"):
            if values.get(name) is not None:
                values[name] = date.fromisoformat(values[name])
        for name in ("sex", "ethnicity"):
            if values.get(name) is not None:
                values[name] = Coded(**values[name])
        return cls(**values)


def plain_number(id_number: str | None) -> str:
    """An ID number in the one spelling that is compared and hashed; "" for none."""
    return "".join(unicodedata.normalize("NFKC", id_number or "").split()).upper()


class TicketRow(NamedTuple):
    """A ticket as the store keeps it: columns of the table, with times in microseconds since 1970 UTC.

    Attributes:
        line: the queue it waits in: its service's id, or ``@`` and the id of the one window it waits for.
        called_by: ``number`` when staff called it out of turn.
        queued_at: since when it waits in this line, if not since it was issued.
        chain: JSON list of service ids.
        matters: JSON list of the ids of its matters; None for none.
        print_state: of the newest print job of its slip; None without a job.

    The other fields are those of :class:`Ticket`.
    """

    id: int
    hall_day: str
    number: str
    service_id: str
    state: str
    priority: str
    rank_at: int
    issued_at: int
    line: str
    called_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    window_id: str | None = None
    recalls: int = 0
    outcome: str | None = None
    rank_by: str | None = None
    clerk: str | None = None
    called_by: str | None = None
    queued_at: int | None = None
    held_until: int | None = None
    hold_reason: str | None = None
    misses: int = 0
    chain: str | None = None
    matters: str | None = None
    print_state: str | None = None

    @property
    def at_window(self) -> bool:
        """Whether it is called to a window or being served there."""
        return self.state in OPEN_STATES

    @property
    def stops(self) -> list[str]:
        """The services still to come."""
        return list(json.loads(self.chain)) if self.chain else []

    @property
    def asked_for(self) -> list[str]:
        """The ids of its matters."""
        return list(json.loads(self.matters)) if self.matters else []

    @property
    def own_line(self) -> str | None:
        """The line it waits in when that is not its service's own; events leave the usual one out."""
        return None if self.line == self.service_id else self.line

    @property
    def only_window(self) -> str | None:
        """The only window that may call it; None when every window of its service may."""
        return self.line[1:] if self.line.startswith("@") else None


@dataclass(frozen=True)
class Ticket:
    """A place in the queue (号).

    Attributes:
        ahead: tickets for the same service that are called before it.
        held_until, hold_reason: while held: when it returns by itself (None: only when called back), and the reason.
        misses: how many calls were missed.
        chain: services still to come with this number.
        for_window: the only window that may call it; None when every window of its service may.
        rank_by: what made its rank besides issue time and class: ``appointment``, ``missed``, ``supplement``.
        clerk: account or token that called it last.
        matters: ids of the matters that it is for.
    """

    id: int
    number: str
    service: str
    state: State
    window: str | None
    issued_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    rank_at: datetime
    priority: str
    ahead: int
    recalls: int
    outcome: str | None
    print: Print
    held_until: datetime | None = None
    hold_reason: str | None = None
    misses: int = 0
    chain: tuple[str, ...] = ()
    for_window: str | None = None
    rank_by: str | None = None
    clerk: str | None = None
    matters: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: TicketRow, time: Callable[[int], datetime], ahead: int = 0) -> "Ticket":
        """The ticket in a row; ``time`` converts a stored time into the hall's zone."""
        state = State(row.state)
        return cls(
            id=row.id,
            number=row.number,
            service=row.service_id,
            state=state,
            window=row.window_id,
            issued_at=time(row.issued_at),
            called_at=None if row.called_at is None else time(row.called_at),
            started_at=None if row.started_at is None else time(row.started_at),
            ended_at=None if row.ended_at is None else time(row.ended_at),
            rank_at=time(row.rank_at),
            priority=row.priority,
            ahead=ahead,
            recalls=row.recalls,
            outcome=row.outcome,
            # Residents need not know that the bytes are on their way to the printer.
            print="pending" if row.print_state == "sending" else row.print_state or "none",  # type: ignore[arg-type]
            held_until=None if row.held_until is None else time(row.held_until),
            hold_reason=row.hold_reason,
            misses=row.misses,
            chain=tuple(row.stops),
            for_window=row.only_window if state is State.WAITING else None,
            rank_by=row.rank_by,
            clerk=row.clerk,
            matters=tuple(row.asked_for),
        )


@dataclass(frozen=True)
class Actor:
    """The person or machine that does something.

    ``who`` is the name of the account, token, kiosk or scanner, ``place`` the window, box or address. ``logged_in``: a
    person at a page, not a machine; only people occupy a window.
    """

    who: str
    role: Role
    place: str = ""
    logged_in: bool = False


HALL = Actor("quhao", "technician")
"""The program itself, at its own times."""


@dataclass(frozen=True)
class Event:
    """A change that screens and programs follow. ``data`` holds no personal data."""

    seq: int
    at: datetime
    type: str
    data: dict[str, Any]


class TicketingError(Exception):
    """A verb that was refused.

    ::

        TicketingError
        ├── UnknownError     no such service, window, ticket or code
        ├── ClosedError      the window or the service is closed now
        ├── StateError       the ticket or the window is in another state
        ├── LimitError       too many
        ├── ForbiddenError   not allowed for this actor
        └── StoreError       the store is busy, full or broken; nothing was changed

    Attributes:
        code: stable identifier, for programs and translation.
        facts: values for the message, such as a ticket's number; no personal data.

    Args:
        words: what ``str()`` gives instead of the code: what is wrong, and what to do.
    """

    def __init__(self, code: str, words: str = "", **facts: Any) -> None:
        super().__init__(words or code)
        self.code = code
        self.facts = facts


class UnknownError(TicketingError):
    """No such service, window, ticket or code."""


class ClosedError(TicketingError):
    """The window or the service is closed now."""


class StateError(TicketingError):
    """The ticket or the window is not in a state for this verb."""


class LimitError(TicketingError):
    """Too many of something."""


class ForbiddenError(TicketingError):
    """Not allowed for this actor."""


class StoreError(TicketingError):
    """The store refused the change; nothing was changed.

    Codes: ``store_busy``, ``store_full``, ``store_broken``, ``store_gone`` (no connection to the database),
    ``store_newer`` (this program is too old for it), ``box_taken`` (another process goes by this box's name).

    ``needs_store``: the box is cut off from the store, and this verb cannot be done without it; others can.

    ``store_in_doubt``: the connection was lost during the commit, so the change may or may not be there. The same
    request with the same idempotency key is answered once.
    """
