"""Answers of the API: models that take their fields from domain objects by name.

A field that is added to a ticket is answered once it stands in :class:`TicketAnswer`. Tests check every answer.
"""

import json
from datetime import date, datetime
from types import SimpleNamespace
from typing import Annotated, Any, Literal, Self

from flask import Response, redirect
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from display.admission import booked_words
from display.waits import wait_words
from ticketing.appointments.appointments import Appointment
from ticketing.model import Service
from ticketing.waits.interval import Interval


def instant(at: datetime) -> str:
    """RFC 3339 with the hall's offset."""
    return at.isoformat("T", "milliseconds")


Instant = Annotated[
    datetime, PlainSerializer(instant, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, defer_build=True)

    @classmethod
    def of(cls, value: Any) -> Self:
        """The answer from ``value``: an object with the fields as attributes, or a mapping.

        Raises:
            TypeError: it does not fit; names the fields and no value.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            # A defect of the program, not of the request; pydantic's own text would quote a resident's data.
            faults = [fault["loc"] for fault in error.errors(include_url=False, include_input=False)]
            raise TypeError(f"{cls.__name__} does not fit at {faults}") from None


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


class SaidAnswer(Answer):
    """The same in Chinese and in English."""

    zh: str
    en: str


class WaitAnswer(Answer):
    """An expected wait, in minutes, and in words."""

    low: int
    high: int
    words: SaidAnswer

    @model_validator(mode="before")
    @classmethod
    def _of_interval(cls, value: Any) -> Any:
        if not isinstance(value, Interval):
            return value
        return {"low": value.low, "high": value.high, "words": wait_words(value.low, value.high)}


class TicketAnswer(Answer):
    """A ticket as staff see it."""

    id: int
    number: str
    service: str
    state: str
    window: str | None
    issued_at: Instant
    called_at: Instant | None
    rank_at: Instant
    priority: str
    ahead: int
    print: Literal["pending", "printed", "unconfirmed", "failed", "none"]
    held_until: Instant | None = Field(description="when a held ticket comes back by itself")
    hold_reason: str | None
    misses: int = Field(description="how often it was called and nobody came")
    chain: list[str] = Field(description="services still to come with this number")
    for_window: str | None = Field(description="the one window that may call it")
    matters: list[str] = Field(description="what it is for")


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
    issued_at: Instant
    called_at: Instant | None
    held_until: Instant | None = Field(description="when a held ticket comes back by itself")
    returns_left: int = Field(description="how often a missed ticket may still go back into the queue")
    matters: list[str] = Field(description="what it is for")


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
    opens_at: Instant | None
    closes_at: Instant | None
    not_today: bool


class HallWindowAnswer(Answer):
    """A window."""

    id: str
    name: str
    state: Literal["open", "paused", "closed"]
    services: list[str]
    pause_text: str = Field(description="what its strip says while it is paused; empty for the usual words")
    pause_text_en: str
    zone: str = Field(description="the part of the hall it is in, such as a floor; empty for none")


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
    called_at: Instant
    recalls: int
    state: Literal["called", "serving", "over"]


class WaitingAnswer(Answer):
    """How many wait for a service."""

    service: str
    name: str
    count: int


class ThemeWaitingAnswer(Answer):
    """How many wait for the services of a theme."""

    name: str
    count: int


class BoardAnswer(Answer):
    """What screens show; `seq` is the event to follow from, `at` the hall's time."""

    seq: int
    at: Instant
    calls: list[CallAnswer]
    waiting: list[WaitingAnswer]
    themes: list[ThemeWaitingAnswer] = Field(
        description="the same by the theme of the matters, where there are more than 12 services; else empty"
    )
    cut_off: bool = Field(description="the box is cut off from the hall's database: it shows what it did itself since")
    lit: bool = Field(description="false at night, when the hall is closed and nobody is left: screens are dark then")
    lit_at: Instant | None = Field(description="when they are lit again, where that is known; null while they are")


class CalledAnswer(Answer):
    """The ticket that is next, and why."""

    ticket: TicketAnswer
    why: str
    why_en: str


class FormFieldAnswer(Answer):
    """A field of a form that was filled in."""

    key: str
    label: str
    label_en: str
    value: str


class FilledFormAnswer(Answer):
    """A form that was filled in at a terminal."""

    form: str
    name: str
    name_en: str
    fields: list[FormFieldAnswer]


class ScannedAnswer(Answer):
    """The scanned ticket, its resident as far as the slip opens the data, and who came for them (代办).

    `closed` says why there is no resident although the ticket has data, and `message` what to do then.
    """

    ticket: TicketAnswer
    resident: ResidentAnswer | None
    agent: ResidentAnswer | None
    forms: list[FilledFormAnswer] = Field(description="what they filled in at a terminal with this very slip")
    closed: Literal["slip_without_data", "agent_card"] | None = None
    message: str | None = None
    message_en: str | None = None


class NowServedAnswer(ResidentAnswer):
    """The resident now being served; `agent` and `forms` are there only where there is any of them."""

    agent: ResidentAnswer | None = None
    forms: list[FilledFormAnswer] = Field([], description="filled in at a terminal with this slip")


class CaseAnswer(Answer):
    """A case as it was recorded; `receipt` is the code of one that goes on, told only here."""

    id: int
    service: str
    outcome: str
    promised_on: date | None
    receipt: str | None
    matter: str | None = Field(description="the matter it is of")


class FinishedAnswer(TicketAnswer):
    """The ticket, and what was recorded with it."""

    cases: list[CaseAnswer]


class OneAway(Answer):
    """A ticket that may be called back."""

    number: str
    service: str
    state: Literal["held", "missed"]
    held_until: Instant | None
    hold_reason: str | None
    misses: int


class AwayAnswer(RootModel[list[OneAway]]):
    """Tickets that may be called back."""


class UndoAnswer(Answer):
    """What can be taken back at a window, and until when."""

    number: str
    state: Literal["done", "missed"]
    until: Instant


class WindowFiguresAnswer(Answer):
    """A window's day so far."""

    served: int
    missed: int
    mean_seconds: int | None


class WindowAnswer(Answer):
    """A window as its clerk sees it."""

    window: HallWindowAnswer
    ticket: TicketAnswer | None
    since: Instant | None = Field(description="when the ticket was called or, later, its service began")
    why: str | None
    why_en: str | None
    waiting: list[WaitingAnswer]
    next: list[str]
    figures: WindowFiguresAnswer
    clerk: str | None = Field(description="the account of who sits there")
    cut_off: bool = Field(
        description="the box is cut off from the hall's database: it calls only numbers that it gave since then"
    )
    undo: UndoAnswer | None


class DeviceAnswer(Answer):
    """A device of this box; `advice` says what to do about `reason`."""

    name: str
    driver: str
    window: str | None
    state: Literal["online", "offline", "fault"]
    since: Instant
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


class BookedHereAnswer(Answer):
    """This resident's appointment of today."""

    begins_at: Instant
    ends_at: Instant
    words: SaidAnswer

    @model_validator(mode="before")
    @classmethod
    def _of_appointment(cls, value: Any) -> Any:
        if not isinstance(value, Appointment):
            return value
        return {"begins_at": value.begins, "ends_at": value.ends, "words": booked_words(value.begins, value.ends)}


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
    pinyin: str = Field(description="of the name, syllables apart; empty while the services are few")
    initials: str = Field(description="the first letters of its syllables")
    waiting: int
    expected_wait: WaitAnswer | None
    open: bool
    has_ticket: str | None
    appointment: BookedHereAnswer | None
    warning: SaidAnswer | None
    shut: ShutAnswer | None

    @model_validator(mode="before")
    @classmethod
    def _of_choice(cls, value: Any) -> Any:
        offer = getattr(value, "offer", None)
        if not offer:
            return value
        initials = "".join(syllable[0] for syllable in value.pinyin.split())
        return joined(offer.service, offer.admission, offer, value, initials=initials)


class KioskTicketAnswer(Answer):
    """The ticket in hand; `url` is what the QR code holds."""

    id: int
    number: str
    service: str
    ahead: int
    on_paper: bool
    code: str
    url: str
    matters: list[str] = Field(description="what it is for")

    @model_validator(mode="before")
    @classmethod
    def _of_held(cls, value: Any) -> Any:
        ticket = getattr(value, "ticket", None)
        return joined(ticket, value) if ticket else value


class KioskAnswer(Answer):
    """What the kiosk shows."""

    state: Literal["idle", "reading", "choosing", "printing", "taking", "fault"]
    visit: str = Field(description="changes when a resident comes or leaves; send it with what that resident presses")
    resident: KioskResidentAnswer | None
    agent: KioskResidentAnswer | None = Field(description="who came for the resident (代办)")
    agent_wanted: bool = Field(description="the next card is the agent's")
    services: list[KioskServiceAnswer]
    enquiries: str | None = Field(description="the service for whoever does not know what to choose")
    straight_in: float | None = Field(description="seconds until the only service is chosen by itself")
    ticket: KioskTicketAnswer | None
    message: str
    message_en: str
    seconds_left: float | None
    card_lies: bool
    reader_ready: bool
    printer_ready: bool


class VolumeAnswer(Answer):
    """How loud the earphones are; null where there are none."""

    level: int | None
    levels: int | None


class MeAnswer(Answer):
    """Who is logged in."""

    username: str
    role: str
    windows: list[str]
    locked: bool = False
    must: str = Field("", description="what has to be done first: `password_change_needed`, `totp_setup_needed`")


def kiosk_message(view: Any) -> tuple[str, Any]:
    """The message ``state`` of the kiosk's stream: the same as ``GET /kiosk``."""
    return "state", KioskAnswer.of(view).model_dump(mode="json")


# -- responses ---------------------------------------------------------------------------------------------------------


def answer(value: Any, status: int = 200) -> Response:
    """A JSON response that no cache keeps, from a model or from anything JSON can hold."""
    if isinstance(value, BaseModel):
        text = value.model_dump_json(by_alias=True)
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    response = Response(text, status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def see_other(place: str) -> Response:
    """A redirect (303) that no cache keeps."""
    response: Response = redirect(place, 303)  # type: ignore[assignment]
    response.headers["Cache-Control"] = "no-store"
    return response


def named(service: Service | None, unknown: str = "") -> SimpleNamespace:
    """A service's names, as answers about something else have them; ``unknown`` where the hall has none such."""
    name, name_en = (service.name, service.name_en) if service else (unknown, "")
    return SimpleNamespace(service_name=name, service_name_en=name_en)


def joined(*parts: Any, **more: Any) -> SimpleNamespace:
    """One object with the attributes of several; later ones win."""
    found: dict[str, Any] = {}
    for part in parts:
        found |= vars(part)
    return SimpleNamespace(**found | more)
