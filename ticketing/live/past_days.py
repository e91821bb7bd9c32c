"""A past hall day as it was at any second: the screen, the windows and the queue, made again from its events.

Events are kept for good and name no person, so this works for days whose residents' data are erased. Names of services
and windows are today's. What no event tells is left out: ranks, classes, and who sat at a window.
"""

import json
import re
from bisect import insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import bindparam, func, select

from ticketing.day.closing import OUTCOME
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.events import WindowClosed, WindowOpened, WindowPaused
from ticketing.line import views
from ticketing.line.views import LAST_CALLS, BoardCall, Waiting
from ticketing.model import OPEN_STATES, Event, State, StateError
from ticketing.reports.reports import check_span
from ticketing.store import tables
from ticketing.store.prepared import Prepared

_State = Literal["open", "paused", "closed"]
_KINDS = (WindowOpened.type, WindowPaused.type, WindowClosed.type)

_e = tables.event
_NEXT = Prepared(
    select(_e.c.seq, _e.c.at).where(_e.c.seq >= bindparam("seq")).order_by(_e.c.seq).limit(1),
)
_OF_WINDOWS = select(_e.c.type, _e.c.data).where(_e.c.type.in_([*_KINDS])).order_by(_e.c.seq).limit(1000)
_BEFORE = select(_e.c.seq).where(_e.c.seq < bindparam("first")).limit(1)
_ENDS = select(func.min(_e.c.seq), func.max(_e.c.seq))
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")


@dataclass(frozen=True)
class PastTicket:
    """A ticket at that time; ``since`` when it came into this state."""

    number: str
    service: str
    state: str
    since: datetime


@dataclass(frozen=True)
class PastWindow:
    """A window at that time: what it showed, and the ticket that was there."""

    id: str
    name: str
    state: _State
    text: str = ""
    text_en: str = ""
    ticket: PastTicket | None = None


@dataclass(frozen=True)
class Moment:
    """The hall after event ``seq``.

    Attributes:
        seq: of the last event by then; 0 before the day's first.
        at: the time that was asked for, or that of the event.
        calls: what screens showed, newest first.
        waiting: how many waited, by service.
        windows: in the hall's order.
        queue: who waited, in the order in which they joined; ranks are in no event.
        held: who was on hold.
    """

    seq: int
    at: datetime
    calls: list[BoardCall]
    waiting: list[Waiting]
    windows: list[PastWindow]
    queue: list[PastTicket]
    held: list[PastTicket]


class _Call(NamedTuple):
    """A call in the order of the board."""

    called_at: datetime
    order: int
    number: str


@dataclass
class _Ticket:
    number: str
    order: int
    service: str
    state: str
    since: datetime
    window: str | None = None
    called_at: datetime | None = None
    recalls: int = 0
    # The call that it had before it went on to the next stop of a chain, to which an undo may bring it back.
    last_call: datetime | None = None

    @property
    def call(self) -> _Call | None:
        """Its call, while the board may show it."""
        return None if self.called_at is None else _Call(self.called_at, self.order, self.number)


class _Hall:
    """The hall while events are told to it, one after the other."""

    def __init__(self, names: "_Names") -> None:
        self._names = names
        self._tickets: dict[str, _Ticket] = {}
        self._windows = {one: PastWindow(one, names.windows[one], state) for one, state in names.listed.items()}
        # All calls; those of tickets that have left their window since are passed over.
        self._calls: list[_Call] = []

    def tell(self, event: Event) -> None:
        """Change as the event says. A ticket of another day is not known here."""
        kind, _, what = event.type.partition(".")
        if kind == "window":
            self._window(what, event.data)
        elif kind == "ticket" and what == "issued":
            number = event.data["number"]
            self._tickets[number] = _Ticket(number, len(self._tickets), event.data["service"], "waiting", event.at)
        elif kind == "ticket" and event.data["number"] in self._tickets and event.data.get("outcome") != OUTCOME:
            self._ticket(self._tickets[event.data["number"]], what, event)

    def _window(self, what: str, data: Any) -> None:
        window = data["window"]
        known = self._windows.get(window) or PastWindow(window, self._names.windows.get(window, window), "closed")
        state: Any = {"opened": "open"}.get(what, what)
        text, text_en = data.get("text") or "", data.get("text_en") or ""
        self._windows[window] = replace(known, state=state, text=text, text_en=text_en)

    def _ticket(self, one: _Ticket, what: str, event: Event) -> None:
        data = event.data
        match what:
            case "called":
                one.window, one.called_at, one.recalls = data["window"], event.at, 0
                insort(self._calls, _Call(event.at, one.order, one.number))
                self._into(one, "called", event)
            case "recalled":
                one.recalls += 1
            case "started":
                self._into(one, "serving", event)
            case "finished":
                self._into(one, "done", event)
            case "missed":
                self._into(one, "missed", event)
            case "held":
                one.called_at, one.recalls = None, 0
                self._into(one, "held", event)
            case "transferred" | "returned":
                one.last_call, one.service = one.called_at, data["service"]
                one.window, one.called_at, one.recalls = None, None, 0
                self._into(one, "waiting", event)
            case "cancelled" | "expired":
                one.window, one.called_at, one.recalls = None, None, 0
                self._into(one, what, event)
            case "undone":
                if one.called_at is None:
                    # Back from the line of its next stop.
                    one.service, one.window, one.called_at = data["service"], data["window"], one.last_call
                self._into(one, data["state"], event)

    @staticmethod
    def _into(one: _Ticket, state: str, event: Event) -> None:
        one.state, one.since = state, event.at

    def look(self, at: datetime, seq: int) -> Moment:
        """The hall as it is now."""
        tickets = self._tickets.values()
        there = {one.window: _seen(one) for one in tickets if one.state in OPEN_STATES}
        queue = sorted((one for one in tickets if one.state == State.WAITING), key=lambda one: (one.since, one.order))
        counts = Counter(one.service for one in queue)
        offered = [*self._names.offered, *(one for one in counts if one not in self._names.offered)]
        return Moment(
            seq,
            at,
            self._board(),
            [Waiting(one, self._names.services.get(one, one), counts[one]) for one in offered],
            [replace(one, ticket=there.get(one.id)) for one in self._windows.values()],
            [_seen(one) for one in queue],
            [_seen(one) for one in tickets if one.state == State.HELD],
        )

    def _board(self) -> list[BoardCall]:
        last: dict[str, _Ticket] = {}
        for call in reversed(self._calls):
            one = self._tickets[call.number]
            if one.call == call and one.window is not None:
                last[one.number] = one
            if len(last) == LAST_CALLS:
                break
        last |= {one.number: one for one in self._tickets.values() if one.state in OPEN_STATES}
        newest = sorted((one for one in last.values() if one.call), key=lambda one: one.call or (), reverse=True)
        return [
            BoardCall(
                one.number,
                one.window or "",
                self._names.windows.get(one.window or "", one.window or ""),
                one.service,
                one.called_at or one.since,
                one.recalls,
                one.state if one.state in OPEN_STATES else "over",  # type: ignore[arg-type]
            )
            for one in newest
        ]


@dataclass(frozen=True)
class _Names:
    """Names by id, removed ones included; of what the hall has, in its order, how windows began the day."""

    windows: dict[str, str]
    listed: dict[str, _State]
    services: dict[str, str]
    offered: tuple[str, ...]


@dataclass(frozen=True)
class PastDay:
    """A hall day and its events.

    Attributes:
        day: the hall day.
        begins, ends: its first moment, and the next day's.
        events: what happened, in order. Those by which the next day ended what was left are not among them.
    """

    day: date
    begins: datetime
    ends: datetime
    events: tuple[Event, ...]
    _names: _Names

    def at(self, when: datetime) -> Moment:
        """The hall at that time of the day.

        Raises:
            StateError: ``bad_time``: not on this day.
        """
        if not self.begins <= when < self.ends:
            raise StateError("bad_time")
        hall, seq = _Hall(self._names), 0
        for event in self.events:
            if event.at > when:
                break
            hall.tell(event)
            seq = event.seq
        return hall.look(when, seq)

    def when(self, clock: str) -> datetime:
        """The moment of the day that ``10:42`` or ``10:42:05`` names, to the end of its second.

        Raises:
            StateError: ``bad_time``: no clock time.
        """
        parts = _CLOCK.fullmatch(clock.strip())
        if parts is None:
            raise StateError("bad_time")
        hours, minutes, seconds = (int(one or 0) for one in parts.groups())
        midnight = datetime.combine(self.day, time(), self.begins.tzinfo)
        found = midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=999_999)
        # A time before the day's beginning is of its last hours, on the next date.
        return found if found >= self.begins else found + timedelta(days=1)

    def beside(self, when: datetime) -> tuple[datetime | None, datetime | None]:
        """The times of the last event before the second of ``when``, and of the first event after it."""
        second = when.replace(microsecond=0)
        earlier = [one.at for one in self.events if one.at < second]
        later = (one.at for one in self.events if one.at >= second + timedelta(seconds=1))
        return (earlier[-1] if earlier else None), next(later, None)

    def moments(self) -> Iterator[tuple[Event, Moment]]:
        """Each event, and the hall after it."""
        hall = _Hall(self._names)
        for event in self.events:
            hall.tell(event)
            yield event, hall.look(event.at, event.seq)


class PastDays:
    """The days of a hall. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def day(self, day: date) -> PastDay:
        """A hall day, today as far as it has come.

        Raises:
            StateError: ``bad_span``: outside the calendar.
        """
        check_span(day, day)
        with self._ledger.look() as m:
            begins, ends = m.begin_of(day), m.begin_of(day + timedelta(days=1))
            first, after = _first_from(m, begins), _first_from(m, ends)
            events = tuple(views.events_after(m, first - 1, after - first)) if after > first else ()
            services = m.services()
            names = _Names(
                {row.id: row.name for row in m.conn.execute(select(tables.window.c.id, tables.window.c.name))},
                _at_first(m, first),
                {one.id: one.name for one in services},
                tuple(one.id for one in services if not one.removed),
            )
        of_day = [one for one in events if begins <= one.at < ends]
        if any("merged" in one.data for one in of_day):
            # What a box did while it was cut off has its real time, and the number of when it was merged.
            of_day.sort(key=lambda one: one.at)
        return PastDay(day, begins, ends, tuple(of_day), names)


def _first_from(m: Transaction, when: datetime) -> int:
    """Number of the first event at or after a time, one more than the last where there is none.

    Found by halving, since times have no index: events are in the order of their times, but where a clock was wrong.
    """
    low, high = m.conn.execute(_ENDS).one()
    if low is None:
        return 1
    at, high = microseconds(when), high + 1
    while low < high:
        middle = (low + high) // 2
        row = _NEXT.one_or_none(m.conn, {"seq": middle})
        if row is not None and row.at < at:
            low = row.seq + 1
        else:
            high = middle
    return int(low)


def _at_first(m: Transaction, first: int) -> dict[str, _State]:
    """How windows were before the day's first event: closed, but on a hall's first day as it was set up."""
    windows = [one for one in m.windows() if not one.removed]
    if m.conn.scalar(_BEFORE, {"first": first}):
        return {one.id: "closed" for one in windows}
    told = {one.id: one.state for one in windows}
    for row in reversed(m.conn.execute(_OF_WINDOWS).all()):
        told[json.loads(row.data)["window"]] = "closed" if row.type == WindowOpened.type else "open"
    return {one.id: told[one.id] for one in windows}


def _seen(one: _Ticket) -> PastTicket:
    return PastTicket(one.number, one.service, one.state, one.since)
