"""The JSON of the API: what bodies may be (checked), and what answers are (described; tests hold answers to it)."""

import json
import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from drivers.id_card import valid_id_number
from ticketing.model import Coded, Resident, Ticket, Window
from ticketing.views import ServiceView, TicketView, WindowView

FOREIGNER_2017 = re.compile(r"[A-Z]{3}[0-9]{12}")
"""The number on the 2017 permanent residence card, which is no GB 11643 number."""


_TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what follows."""


def _printable(value: Any) -> Any:
    """Text without control and direction characters, which would travel to printers, screens and forms."""
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if unicodedata.category(c) not in ("Cc", "Zl", "Zp") and c not in _TURNS).strip()


Line = Annotated[str, BeforeValidator(_printable), Field(max_length=200)]
Identifier = Annotated[str, Field(min_length=1, max_length=64)]


class _Body(BaseModel):
    # Built when first needed: a program that has just started should be ready, not prepared for everything.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


# -- bodies ------------------------------------------------------------------------------------------------------------


class CodedBody(_Body):
    """A value of a national code table."""

    code: Line
    label: Line = ""


Day = Annotated[date, Field(strict=False)]


class ResidentBody(_Body):
    """A resident as far as known; `kind` is `typed` where no card was read."""

    kind: Literal["resident", "hk-macao-taiwan", "foreigner-2017", "foreigner-2023", "typed"] = "typed"
    name: Line | None = None
    name_en: Line | None = None
    sex: CodedBody | None = None
    ethnicity: CodedBody | None = None
    birth_date: Day | None = None
    address: Line | None = None
    id_number: Annotated[Line | None, Field(description="GB 11643")] = None
    authority: Line | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    nationality: Line | None = None
    pass_number: Line | None = None
    issue_count: Line | None = None
    renewal_count: Line | None = None

    @model_validator(mode="after")
    def _real_number(self) -> "ResidentBody":
        if self.id_number is not None:
            self.id_number = checked_id_number(self.id_number, self.kind)
        return self

    def resident(self) -> Resident:
        """The same for the office."""
        values: dict[str, Any] = {name: getattr(self, name) or None for name in type(self).model_fields}
        for name in ("sex", "ethnicity"):
            coded: CodedBody | None = values[name]
            values[name] = Coded(coded.code, coded.label) if coded else None
        return Resident(**values)


def checked_id_number(number: str, kind: str = "typed") -> str:
    """The number in capitals, if it is one.

    Raises:
        PydanticCustomError: ``bad_id_number``.
    """
    number = number.replace(" ", "").upper()
    if not valid_id_number(number) and not (kind == "foreigner-2017" and FOREIGNER_2017.fullmatch(number)):
        raise PydanticCustomError("bad_id_number", "not a valid ID number: 18 digits (the last may be X) by GB 11643")
    return number


class IssueBody(_Body):
    """A ticket to be issued."""

    service: Identifier
    priority: Identifier | None = Field(None, description="a class of the hall's settings; the desk's to give")
    resident: ResidentBody | None = None


class ChooseBody(_Body):
    """The service a resident at the kiosk chose."""

    service: Identifier


class TypedBody(_Body):
    """The number of a resident who has no card."""

    id_number: Line

    @model_validator(mode="after")
    def _real_number(self) -> "TypedBody":
        self.id_number = checked_id_number(self.id_number)
        return self


class TransferBody(_Body):
    """Where a ticket goes on."""

    service: Identifier


class FinishBody(_Body):
    """How it ended; nothing is the same as `{}`."""

    outcome: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = "done"

    @model_validator(mode="before")
    @classmethod
    def _may_be_nothing(cls, value: Any) -> Any:
        return {} if value is None else value


class ScanBody(_Body):
    """What a scanner read at a window."""

    code: Annotated[str, Field(min_length=1, max_length=512)]
    override_reason: Annotated[Line | None, Field(description="to serve a ticket called elsewhere; it is logged")] = (
        None
    )


class LoginBody(_Body):
    """A name and a password."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


# -- answers -----------------------------------------------------------------------------------------------------------


class CodedAnswer(_Answer):
    """A value of a national code table (GB/T 2261.1, GB/T 3304)."""

    code: str
    label: str


class ResidentAnswer(_Answer):
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


class WaitAnswer(_Answer):
    """An expected wait, in minutes."""

    low: int
    high: int


class TicketAnswer(_Answer):
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


class IssuedAnswer(TicketAnswer):
    """A ticket with its code, which is given only here."""

    code: str


class TicketViewAnswer(_Answer):
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


class ServiceAnswer(_Answer):
    """A service and how many wait for it."""

    id: str
    name: str
    name_en: str
    prefix: str
    waiting: int
    expected_wait: WaitAnswer | None


class HallWindowAnswer(_Answer):
    """A window."""

    id: str
    name: str
    state: Literal["open", "paused", "closed"]
    services: list[str]


class HallAnswer(_Answer):
    """The hall."""

    id: str
    name: str
    day: date
    services: list[ServiceAnswer]
    windows: list[HallWindowAnswer]


class CallAnswer(_Answer):
    """A number and where it is called to."""

    number: str
    window: str
    window_name: str
    service: str
    called_at: datetime
    recalls: int


class WaitingAnswer(_Answer):
    """How many wait for a service."""

    service: str
    name: str
    count: int


class BoardAnswer(_Answer):
    """What screens show; `seq` is the event to follow from."""

    seq: int
    calls: list[CallAnswer]
    waiting: list[WaitingAnswer]


class CalledAnswer(_Answer):
    """The ticket that is next, and why."""

    ticket: TicketAnswer
    why: str
    why_en: str


class ScannedAnswer(_Answer):
    """The scanned ticket and its resident, where a card was read or a resident typed."""

    ticket: TicketAnswer
    resident: ResidentAnswer | None


class FiguresAnswer(_Answer):
    """A window's day so far."""

    served: int
    missed: int
    mean_seconds: float | None


class WindowAnswer(_Answer):
    """A window as its clerk sees it."""

    window: HallWindowAnswer
    ticket: TicketAnswer | None
    since: datetime | None = Field(description="when the ticket was called or, later, its service began")
    why: str | None
    why_en: str | None
    waiting: list[WaitingAnswer]
    next: list[str]
    figures: FiguresAnswer


class DeviceAnswer(_Answer):
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


class TestedAnswer(_Answer):
    """What became of a device's test."""

    ok: bool
    message: str
    message_en: str


class EarnedAnswer(_Answer):
    """A priority class that the card earns."""

    id: str
    name: str
    name_en: str


class KioskResidentAnswer(_Answer):
    """The resident at the kiosk, masked."""

    kind: str
    name: str | None
    id_number: str | None
    priority: EarnedAnswer | None


class KioskServiceAnswer(_Answer):
    """A service to choose; `has_ticket` is the number this resident already has for it."""

    id: str
    name: str
    name_en: str
    waiting: int
    expected_wait: WaitAnswer | None
    open: bool
    has_ticket: str | None


class KioskTicketAnswer(_Answer):
    """The ticket in hand; `url` is what the QR code holds."""

    id: int
    number: str
    service: str
    ahead: int
    on_paper: bool
    code: str
    url: str


class KioskAnswer(_Answer):
    """What the kiosk shows."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    state: Literal["idle", "reading", "choosing", "printing", "taking", "fault"]
    resident: KioskResidentAnswer | None
    services: list[KioskServiceAnswer]
    ticket: KioskTicketAnswer | None
    message: str
    message_en: str
    seconds_left: float | None
    card_lies: bool
    reader_ready: bool
    printer_ready: bool


class MeAnswer(_Answer):
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
    }


def of_window(window: Window) -> dict[str, Any]:
    """A window."""
    return {"id": window.id, "name": window.name, "state": window.state, "services": list(window.services)}


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
    }


def of_ticket_view(view: TicketView) -> dict[str, Any]:
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
    }


def of_window_view(view: WindowView) -> dict[str, Any]:
    """A window as its clerk sees it."""
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
    }
