"""What the queue is about: tickets, services, windows, residents; the one table of states; events; errors.

Times are aware ``datetime`` in the hall's own zone. Nothing here touches a store or a clock.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
    HELD = "held"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TRANSITIONS: dict[str, dict[State, State]] = {
    # verb: {state before: state after}; anything else is refused
    "call": {State.WAITING: State.CALLED},
    "call-number": {State.WAITING: State.CALLED, State.HELD: State.CALLED, State.MISSED: State.CALLED},
    "recall": {State.CALLED: State.CALLED},
    "start": {State.CALLED: State.SERVING},
    "finish": {State.CALLED: State.DONE, State.SERVING: State.DONE},
    "next-stop": {State.CALLED: State.WAITING, State.SERVING: State.WAITING},
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
"""All that can happen to a ticket. At the day's end the called and the served are finished, the others expire."""

OPEN_STATES = (State.CALLED, State.SERVING)
LIVE_STATES = (State.WAITING, State.CALLED, State.SERVING, State.HELD)

Print = Literal["pending", "printed", "unconfirmed", "failed", "none"]
WindowState = Literal["open", "paused", "closed"]


@dataclass(frozen=True)
class Service:
    """A business residents come for (业务).

    Attributes:
        id, name, name_en: what it is called.
        prefix: heads its numbers.
        place: where to wait for it; "" for wherever its windows are.
        bring, bring_en: what to have ready.
        chain: services its tickets go on to with the same number, in this order (多窗联办).
        per_person_day: tickets one person may take for it in a day; None for any number.
        promise_days: working days in which a promised case (承诺件) is done; None for the hall's rule.
        removed: taken away while tickets wait for it: those are served, and no new ones issued.
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
    removed: bool = False


@dataclass(frozen=True)
class Window:
    """A service window (窗口).

    Attributes:
        id, name: what it is called.
        services: ids of those it serves, or ``("*",)`` for all of them.
        state: whether it works now.
        weights: minutes by which tickets of a service rank earlier here than elsewhere.
        pause_text, pause_text_en: what its strip says while it is paused; "" for the hall's usual words.
        clerk: the account of who sits there; None for nobody.
        removed: taken away while a ticket was there.
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
    """A place in the queue (号).

    Attributes:
        ahead: how many wait before it for the same service.
        held_until, hold_reason: while it is held: when it comes back by itself (None: when called back), and why.
        misses: how often it was called and nobody came.
        chain: services still to come with this number.
        for_window: the one window that may call it; None for all that serve it.
        rank_by: what else than issue and class made its rank: ``appointment``, ``missed``, ``supplement``.
        clerk: who called it last.
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


@dataclass(frozen=True)
class Actor:
    """Who does something.

    Attributes:
        who: an account, a token, a kiosk or a scanner.
        role: in which role.
        place: the window, box or address.
        logged_in: a person at a page, not a machine: only people sit at windows.
    """

    who: str
    role: Role
    place: str = ""
    logged_in: bool = False


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
    """The store did not take the change; nothing was changed.

    Codes: ``store_busy``, ``store_full``, ``store_broken``, ``store_gone`` (no connection to the database),
    ``store_newer`` (this program is too old for it), ``box_taken`` (another process goes by this box's name).

    With ``store_in_doubt`` nobody knows: the connection was lost during the commit. The same request, sent again with
    the same idempotency key, is answered once.
    """
