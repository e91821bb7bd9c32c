"""What answers are: their shapes, for the description (tests hold every answer to it), and how they are made."""

import json
from datetime import date, datetime
from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, ConfigDict, Field, RootModel

from ticketing.cases.cases import Case
from ticketing.line.recallable import Undoable
from ticketing.line.views import ServiceView, TicketView, WindowView
from ticketing.model import Resident, Ticket, Window
from ticketing.office import Finished


class Answer(BaseModel):
    """What every answer keeps to."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class CodedAnswer(Answer):
    """A value of a national code table (GB/T 2261.1, GB/T 3304)."""

    code: str
    label: str


class ResidentAnswer(Answer):
    """A resident's data; what the card does not have is null, so is `valid_until` for 长期."""

    kind: str
    name: str | None
    name_en: str | None
    sex: CodedAnswer | None
    ethnicity: CodedAnswer | None
    birth_date: date | None
    address: str | None
    id_number: str | None
    authority: str | None
    valid_from: date | None
    valid_until: date | None
    nationality: str | None
    pass_number: str | None
    issue_count: str | None
    renewal_count: str | None


class WaitAnswer(Answer):
    """An expected wait, in minutes."""

    low: int
    high: int


class TicketAnswer(Answer):
    """A ticket as staff see it."""

    id: int
    number: str
    service: str
    state: str
    window: str | None
    issued_at: datetime
    called_at: datetime | None
    rank_at: datetime
    priority: str
    ahead: int
    print: Literal["pending", "printed", "unconfirmed", "failed", "none"]
    held_until: datetime | None = Field(description="when a held ticket comes back by itself")
    hold_reason: str | None
    misses: int = Field(description="how often it was called and nobody came")
    chain: list[str] = Field(description="services still to come with this number")
    for_window: str | None = Field(description="the one window that may call it")


class IssuedAnswer(TicketAnswer):
    """A ticket with its code, which is given only here."""

    code: str


class TicketViewAnswer(Answer):
    """A ticket as whoever holds its code sees it."""

    number: str
    service: str
    service_name: str
    service_name_en: str
    state: str
    window: str | None
    window_name: str | None
    ahead: int
    expected_wait: WaitAnswer | None
    issued_at: datetime
    called_at: datetime | None
    held_until: datetime | None = Field(description="when a held ticket comes back by itself")
    returns_left: int = Field(description="how often a missed ticket may still go back into the queue")


class WhyAnswer(Answer):
    """Why a number is before another, in one sentence."""

    why: str
    why_en: str


class ServiceAnswer(Answer):
    """A service and how many wait for it.

    `opens_at` is told while it is closed, `closes_at` where it has hours; `not_today`: who takes a number now will
    probably not be called before it closes.
    """

    id: str
    name: str
    name_en: str
    prefix: str
    waiting: int
    expected_wait: WaitAnswer | None
    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    not_today: bool


class HallWindowAnswer(Answer):
    """A window."""

    id: str
    name: str
    state: Literal["open", "paused", "closed"]
    services: list[str]
    pause_text: str = Field(description="what its strip says while it is paused; empty for the usual words")
    pause_text_en: str


class HallAnswer(Answer):
    """The hall."""

    id: str
    name: str
    day: date
    services: list[ServiceAnswer]
    windows: list[HallWindowAnswer]


class CallAnswer(Answer):
    """A number and where it is called to."""

    number: str
    window: str
    window_name: str
    service: str
    called_at: datetime
    recalls: int


class WaitingAnswer(Answer):
    """How many wait for a service."""

    service: str
    name: str
    count: int


class BoardAnswer(Answer):
    """What screens show; `seq` is the event to follow from."""

    seq: int
    calls: list[CallAnswer]
    waiting: list[WaitingAnswer]


class CalledAnswer(Answer):
    """The ticket that is next, and why."""

    ticket: TicketAnswer
    why: str
    why_en: str


class ScannedAnswer(Answer):
    """The scanned ticket, its resident where a card was read or typed, and who came for them (代办)."""

    ticket: TicketAnswer
    resident: ResidentAnswer | None
    agent: ResidentAnswer | None


class NowServedAnswer(ResidentAnswer):
    """The resident now being served; `agent` is there only where somebody came for them (代办)."""

    agent: ResidentAnswer | None = None


class CaseAnswer(Answer):
    """A case as it was recorded; `receipt` is the code of one that goes on, told only here."""

    id: int
    service: str
    outcome: str
    promised_on: date | None
    receipt: str | None


class FinishedAnswer(TicketAnswer):
    """The ticket, and what was recorded with it."""

    cases: list[CaseAnswer]


class OneAway(Answer):
    """A ticket that may be called back."""

    number: str
    service: str
    state: Literal["held", "missed"]
    held_until: datetime | None
    hold_reason: str | None
    misses: int


class AwayAnswer(RootModel[list[OneAway]]):
    """Tickets that may be called back."""


class UndoAnswer(Answer):
    """What can be taken back at a window, and until when."""

    number: str
    state: Literal["done", "missed"]
    until: datetime


class WindowFiguresAnswer(Answer):
    """A window's day so far."""

    served: int
    missed: int
    mean_seconds: float | None


class WindowAnswer(Answer):
    """A window as its clerk sees it."""

    window: HallWindowAnswer
    ticket: TicketAnswer | None
    since: datetime | None = Field(description="when the ticket was called or, later, its service began")
    why: str | None
    why_en: str | None
    waiting: list[WaitingAnswer]
    next: list[str]
    figures: WindowFiguresAnswer
    clerk: str | None = Field(description="the account of who sits there")
    undo: UndoAnswer | None


class DeviceAnswer(Answer):
    """A device of this box; `advice` says what to do about `reason`."""

    name: str
    driver: str
    window: str | None
    state: Literal["online", "offline", "fault"]
    since: datetime
    reason: str | None
    detail: str
    advice: str | None
    advice_en: str | None


class TestedAnswer(Answer):
    """What became of a device's test."""

    ok: bool
    message: str
    message_en: str


class EarnedAnswer(Answer):
    """A priority class that the card earns."""

    id: str
    name: str
    name_en: str


class KioskResidentAnswer(Answer):
    """The resident at the kiosk, masked."""

    kind: str
    name: str | None
    id_number: str | None
    priority: EarnedAnswer | None


class SaidAnswer(Answer):
    """The same in Chinese and in English."""

    zh: str
    en: str


class BookedHereAnswer(Answer):
    """This resident's appointment of today."""

    begins_at: datetime
    ends_at: datetime
    words: SaidAnswer


class ShutAnswer(Answer):
    """Why this resident gets no number for a service, and what then."""

    reason: Literal["closed", "quota", "person", "not_today"]
    why: SaidAnswer
    then: SaidAnswer


class KioskServiceAnswer(Answer):
    """A service to choose, what is booked today first; `has_ticket` is the number this resident already has for it.

    With `shut` no number can be had now; `warning` says that it may not be their turn before the service closes.
    """

    id: str
    name: str
    name_en: str
    waiting: int
    expected_wait: WaitAnswer | None
    open: bool
    has_ticket: str | None
    appointment: BookedHereAnswer | None
    warning: SaidAnswer | None
    shut: ShutAnswer | None


class KioskTicketAnswer(Answer):
    """The ticket in hand; `url` is what the QR code holds."""

    id: int
    number: str
    service: str
    ahead: int
    on_paper: bool
    code: str
    url: str


class KioskAnswer(Answer):
    """What the kiosk shows."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    state: Literal["idle", "reading", "choosing", "printing", "taking", "fault"]
    resident: KioskResidentAnswer | None
    agent: KioskResidentAnswer | None = Field(description="who came for the resident (代办)")
    agent_wanted: bool = Field(description="the next card is the agent's")
    services: list[KioskServiceAnswer]
    ticket: KioskTicketAnswer | None
    message: str
    message_en: str
    seconds_left: float | None
    card_lies: bool
    reader_ready: bool
    printer_ready: bool


class MeAnswer(Answer):
    """Who is logged in."""

    username: str
    role: str
    windows: list[str]


# -- from the office's values ------------------------------------------------------------------------------------------


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer that nobody keeps."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/json", headers={"Cache-Control": "no-store"})


def instant(at: datetime) -> str:
    """RFC 3339 with the hall's offset."""
    return at.isoformat(timespec="milliseconds")


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def of_wait(minutes: tuple[int, int] | None) -> dict[str, int] | None:
    """An expected wait."""
    return None if minutes is None else {"low": minutes[0], "high": minutes[1]}


def of_ticket(ticket: Ticket) -> dict[str, Any]:
    """A ticket as staff see it."""
    return {
        "id": ticket.id,
        "number": ticket.number,
        "service": ticket.service,
        "state": str(ticket.state),
        "window": ticket.window,
        "issued_at": instant(ticket.issued_at),
        "called_at": _instant(ticket.called_at),
        "rank_at": instant(ticket.rank_at),
        "priority": ticket.priority,
        "ahead": ticket.ahead,
        "print": ticket.print,
        "held_until": _instant(ticket.held_until),
        "hold_reason": ticket.hold_reason,
        "misses": ticket.misses,
        "chain": list(ticket.chain),
        "for_window": ticket.for_window,
    }


def of_away(ticket: Ticket) -> dict[str, Any]:
    """A ticket that may be called back."""
    whole = of_ticket(ticket)
    return {name: whole[name] for name in OneAway.model_fields}


def of_finished(finished: Finished) -> dict[str, Any]:
    """A ticket that was finished, and what was recorded with it."""
    return of_ticket(finished.ticket) | {"cases": [of_case(case) for case in finished.cases]}


def of_case(case: Case) -> dict[str, Any]:
    """A case as it was recorded."""
    return {
        "id": case.id,
        "service": case.service,
        "outcome": case.outcome,
        "promised_on": case.promised_on.isoformat() if case.promised_on else None,
        "receipt": case.receipt,
    }


def of_window(window: Window) -> dict[str, Any]:
    """A window."""
    return {
        "id": window.id,
        "name": window.name,
        "state": window.state,
        "services": list(window.services),
        "pause_text": window.pause_text,
        "pause_text_en": window.pause_text_en,
    }


def of_resident(resident: Resident | None) -> dict[str, Any] | None:
    """A resident's data, whole."""
    return None if resident is None else resident.as_json()


def of_service(view: ServiceView) -> dict[str, Any]:
    """A service and how many wait for it."""
    service = view.service
    return {
        "id": service.id,
        "name": service.name,
        "name_en": service.name_en,
        "prefix": service.prefix,
        "waiting": view.waiting,
        "expected_wait": of_wait(view.expected_wait),
        "open": view.admission.open,
        "opens_at": _instant(view.admission.opens_at),
        "closes_at": _instant(view.admission.closes_at),
        "not_today": view.admission.not_today,
    }


def of_ticket_view(view: TicketView, returns_left: int) -> dict[str, Any]:
    """A ticket as its holder sees it."""
    ticket = view.ticket
    return {
        "number": ticket.number,
        "service": ticket.service,
        "service_name": view.service_name,
        "service_name_en": view.service_name_en,
        "state": str(ticket.state),
        "window": ticket.window,
        "window_name": view.window_name,
        "ahead": ticket.ahead,
        "expected_wait": of_wait(view.expected_wait),
        "issued_at": instant(ticket.issued_at),
        "called_at": _instant(ticket.called_at),
        "held_until": _instant(ticket.held_until),
        "returns_left": returns_left,
    }


def of_window_view(view: WindowView, undoable: Undoable | None) -> dict[str, Any]:
    """A window as its clerk sees it."""
    undo = undoable and {
        "number": undoable.ticket.number,
        "state": str(undoable.ticket.state),
        "until": instant(undoable.until),
    }
    return {
        "window": of_window(view.window),
        "ticket": of_ticket(view.ticket) if view.ticket else None,
        "since": _instant(view.ticket.started_at or view.ticket.called_at) if view.ticket else None,
        "why": view.why.zh if view.why else None,
        "why_en": view.why.en if view.why else None,
        "waiting": [{"service": one.service, "name": one.name, "count": one.count} for one in view.waiting],
        "next": list(view.next),
        "figures": {
            "served": view.figures.served,
            "missed": view.figures.missed,
            "mean_seconds": view.figures.mean_seconds,
        },
        "clerk": view.window.clerk,
        "undo": undo,
    }
