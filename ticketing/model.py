"""What the queue is about: tickets, services, windows, residents; the one table of states; events; errors.

Times are aware ``datetime`` in the hall's own zone. Nothing here touches a store or a clock.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

NORMAL = "normal"
"""The class of a ticket with no head start."""

Role = Literal["kiosk", "clerk", "terminal", "desk", "manager", "technician"]
ROLES: tuple[Role, ...] = ("kiosk", "clerk", "terminal", "desk", "manager", "technician")


class State(StrEnum):
    """Where a ticket stands."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    DONE = "done"
    MISSED = "missed"
    EXPIRED = "expired"


TRANSITIONS: dict[str, dict[State, State]] = {
    # verb: {state before: state after}; anything else is refused
    "call": {State.WAITING: State.CALLED},
    "recall": {State.CALLED: State.CALLED},
    "start": {State.CALLED: State.SERVING},
    "finish": {State.CALLED: State.DONE, State.SERVING: State.DONE},
    "no-show": {State.CALLED: State.MISSED},
    "transfer": {State.CALLED: State.WAITING, State.SERVING: State.WAITING},
    "expire": {State.WAITING: State.EXPIRED, State.MISSED: State.EXPIRED},
}
"""All that can happen to a ticket. At the day's end the called and the served are finished, the others expire."""

OPEN_STATES = (State.CALLED, State.SERVING)
LIVE_STATES = (State.WAITING, State.CALLED, State.SERVING)

Print = Literal["pending", "printed", "unconfirmed", "failed", "none"]
WindowState = Literal["open", "paused", "closed"]


@dataclass(frozen=True)
class Service:
    """A business residents come for (业务); ``prefix`` heads its numbers."""

    id: str
    name: str
    name_en: str
    prefix: str


@dataclass(frozen=True)
class Window:
    """A service window (窗口); ``services`` holds service ids, or ``("*",)`` for all of them."""

    id: str
    name: str
    services: tuple[str, ...]
    state: WindowState

    def serves(self, service: str) -> bool:
        """Whether tickets of ``service`` may be called here."""
        return "*" in self.services or service in self.services


@dataclass(frozen=True)
class Coded:
    """A value of a national code table, such as sex in GB/T 2261.1."""

    code: str
    label: str


@dataclass(frozen=True)
class Resident:
    """What an ID card tells, or a resident typed. What a card does not have is None, so is ``valid_until`` for 长期."""

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
        """Says nothing of the person: representations end up in logs."""
        return f"<Resident {self.kind}>"

    def as_json(self) -> dict[str, Any]:
        """The shape of the API: dates as ``YYYY-MM-DD``, coded values as ``{code, label}``."""
        values = asdict(self)
        for name in ("birth_date", "valid_from", "valid_until"):
            if values[name] is not None:
                values[name] = values[name].isoformat()
        return values

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


@dataclass(frozen=True)
class Ticket:
    """A place in the queue (号)."""

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


@dataclass(frozen=True)
class Actor:
    """Who does something: an account, a token, a kiosk or a scanner; ``place`` is the window, box or address."""

    who: str
    role: Role
    place: str = ""


@dataclass(frozen=True)
class Event:
    """One change that screens and programs follow; ``data`` holds no personal data."""

    seq: int
    at: datetime
    type: str
    data: dict[str, Any]


class TicketingError(Exception):
    """A verb that was refused.

    ::

        TicketingError
        ├── UnknownError     no such service, window, ticket or code
        ├── ClosedError      the window or the service does not work now
        ├── StateError       the ticket or the window is in another state
        ├── LimitError       too many
        ├── ForbiddenError   not for this actor
        └── StoreError       the store is busy, full or broken; nothing was changed

    Attributes:
        code: stable, for programs and for translation.
        facts: what the words need, such as a ticket's number; no personal data.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class UnknownError(TicketingError):
    """No such service, window, ticket or code."""


class ClosedError(TicketingError):
    """The window or the service does not work now."""


class StateError(TicketingError):
    """The ticket or the window is in another state than the verb needs."""


class LimitError(TicketingError):
    """Too many of something."""


class ForbiddenError(TicketingError):
    """Not for this actor."""


class StoreError(TicketingError):
    """The store did not take the change: ``store_busy``, ``store_full``, ``store_broken``. Nothing was changed."""
