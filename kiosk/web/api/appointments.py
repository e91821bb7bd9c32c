"""``/appointments``: times to come at, booked at the desk, at terminals, and by lists of other systems."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

from flask import Response, request
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from display.refusals import words
from kiosk.exchange.appointment_lists import LARGEST, read_list
from kiosk.exchange.papers import code_url
from kiosk.web.api.terminals import TerminalPath, card_at, own_terminal
from kiosk.web.api.tickets import CodePath
from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.problems import problem
from kiosk.web.qr import qr_data
from kiosk.web.schema.answers import Answer, Instant, answer, joined, named
from kiosk.web.schema.bodies import Body, Day, Identifier, MayBeEmpty, QueryString, ResidentBody
from kiosk.web.schema.routes import NamedPath, Routes, idempotency_key
from ticketing.appointments.appointments import Appointment, BadRow, BadRowsError
from ticketing.appointments.booking import TYPED
from ticketing.model import Actor, Resident, Service, UnknownError

CSV = "text/csv"
_TIME = re.compile(r"([0-9]{2}):([0-5][0-9])")


class AppointmentPath(NamedPath):
    """The appointment's id."""

    unknown: ClassVar[str] = "unknown_appointment"
    appointment: int = Field(ge=1, lt=2**63)


class OwnAppointmentPath(AppointmentPath, TerminalPath):
    """The terminal's id, and the appointment's."""


class SlotsQuery(QueryString):
    """Which service, and which date."""

    service: Identifier
    date: Day


class DateQuery(QueryString):
    """Which date; without it today."""

    date: Day | None = None


class BookBody(Body):
    """A place to be booked, and for whom; the ID number is all that is kept of them, as a keyed hash."""

    service: Identifier
    date: Day
    time: Annotated[str, Field(description="at which the slot begins, `HH:MM`")]
    resident: ResidentBody

    @model_validator(mode="after")
    def _in_the_day(self) -> "BookBody":
        if not _TIME.fullmatch(self.time):
            raise PydanticCustomError("bad_time", "not a time: HH:MM")
        return self

    @property
    def minute(self) -> int:
        """The same in minutes after midnight."""
        hours, minutes = self.time.split(":")
        return 60 * int(hours) + int(minutes)


class TerminalBookBody(BookBody):
    """The same at a terminal: without `resident`, for the card that lies on its reader."""

    resident: ResidentBody | None = None  # type: ignore[assignment]


class HolderBody(MayBeEmpty):
    """Whose appointments: by a booking's code, or without one by the card that lies on the terminal's reader."""

    code: Annotated[str, Field(min_length=1, max_length=512)] | None = None


class BookableDayAnswer(Answer):
    """A date with times to come; none `free` means booked out."""

    date: date
    free: int


class BookableAnswer(Answer):
    """A service that takes appointments, and the dates to choose from."""

    service: str
    service_name: str
    service_name_en: str
    days: list[BookableDayAnswer]


class BookablesAnswer(Answer):
    """All of them, in the hall's order."""

    services: list[BookableAnswer]


class SlotAnswer(Answer):
    """A slot; none are `free` once it has begun, and on a date that cannot be booked yet."""

    time: str
    begins_at: Instant
    ends_at: Instant
    capacity: int
    free: int


class SlotsAnswer(Answer):
    """The slots of a date."""

    slots: list[SlotAnswer]


class OwnAppointmentAnswer(Answer):
    """An appointment; nothing in it says whose."""

    id: int
    service: str
    service_name: str
    service_name_en: str
    date: date
    time: str
    begins_at: Instant
    ends_at: Instant
    come_from: Instant = Field(description="from when on its holder gets a number by it")
    come_until: Instant = Field(description="and until when; who comes later has missed it")
    state: Literal["booked", "checked_in", "cancelled", "missed"]
    take_back_until: Instant | None = Field(
        description="until when its booking, or its cancellation, can be taken back; null once it cannot"
    )


class OwnAppointmentsAnswer(Answer):
    """What somebody has from today on, by time."""

    appointments: list[OwnAppointmentAnswer]


class AppointmentAnswer(OwnAppointmentAnswer):
    """The same, and the ticket that it became."""

    ticket: int | None


class BookedAnswer(AppointmentAnswer):
    """An appointment with its code, which is given only here."""

    code: str
    qr: str = Field(description="its own page, as a picture (`data:`); empty where phones reach none")


class AppointmentsAnswer(Answer):
    """The appointments of a date, by time."""

    appointments: list[AppointmentAnswer]


class ImportedAnswer(Answer):
    """How many were booked, and how many had been before."""

    booked: int
    known: int


def routes(hall: Hall) -> Routes:
    """The routes of appointments."""
    api = Routes("appointments", "Appointments")

    def services() -> dict[str, Service]:
        return {one.id: one for one in hall.office.services()}

    def own(one: Appointment, known: Mapping[str, Service]) -> SimpleNamespace:
        rules = hall.office.ledger.rules.appointments
        return joined(
            one,
            named(known.get(one.service)),
            date=one.day,
            time=f"{one.begins:%H:%M}",
            begins_at=one.begins,
            ends_at=one.ends,
            come_from=one.begins - rules.early,
            come_until=one.ends + rules.late,
        )

    def change_own(
        path: OwnAppointmentPath,
        body: HolderBody,
        by_holder: Callable[[int, Resident, Actor], Appointment],
        by_code: Callable[[str], Appointment],
    ) -> Response:
        """Change an appointment at a terminal, by the card of whose it is or by its code."""
        who = own_terminal(path.terminal)
        if body.code is None:
            changed = by_holder(path.appointment, card_at(hall, path.terminal), who)
        else:
            with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code):
                if hall.appointments.of_code(body.code).id != path.appointment:
                    raise UnknownError("unknown_appointment")
                changed = by_code(body.code)
        return answer(OwnAppointmentAnswer.of(own(changed, services())))

    def told(one: Appointment) -> AppointmentAnswer:
        return AppointmentAnswer.of(own(one, services()))

    def book(body: BookBody, resident: Resident, who: Actor, made_by: str) -> Response:
        made = hall.appointments.book(body.service, body.date, body.minute, resident, who, made_by, idempotency_key())
        host = hall.settings.hall.public_host
        qr = qr_data(code_url(host, made.code or "", "B")) if host else ""
        shown = own(made, services())
        shown.qr = qr
        return answer(BookedAnswer.of(shown), 201)

    @api.get("/appointments/days", summary="Services and dates that can be booked", responses={"200": BookablesAnswer})
    @public
    def days() -> Response:
        names = services()
        found = [
            joined(named(names[service]), service=service, days=[joined(one, date=one.day) for one in days])
            for service, days in hall.appointments.days().items()
            if service in names
        ]
        return answer(BookablesAnswer.of({"services": found}))

    @api.get("/appointments/slots", summary="Times that can be booked", responses={"200": SlotsAnswer})
    @public
    def slots(query: SlotsQuery) -> Response:
        found = hall.appointments.slots(query.service, query.date)
        slots = [joined(one, time=f"{one.begins:%H:%M}", begins_at=one.begins, ends_at=one.ends) for one in found]
        return answer(SlotsAnswer.of({"slots": slots}))

    @api.post("/appointments", summary="Book a time", responses={"201": BookedAnswer})
    @allow("desk", "terminal")
    def book_here(body: BookBody) -> Response:
        """One appointment a person, service and day. At the kiosk it is found by the card."""
        who = actor()
        if who.role != "terminal":
            return book(body, body.resident.resident(), who, "api")
        return book_typed(body, body.resident.resident(), who)

    def book_typed(body: BookBody, resident: Resident, who: Actor) -> Response:
        hall.typed_numbers.use(who.who, resident.id_number or "")
        return book(body, resident, who, TYPED)

    @api.post(
        "/terminals/<terminal>/appointments", summary="Book a time at a terminal", responses={"201": BookedAnswer}
    )
    @allow("terminal", terminal=True)
    def book_at_terminal(path: TerminalPath, body: TerminalBookBody) -> Response:
        """For the card that lies there, or the number typed there, of which nothing is told."""
        who, card = own_terminal(path.terminal), hall.terminal_cards.at(path.terminal)
        asked = body.resident.resident() if body.resident else None
        if asked is None or (card is not None and card.id_number == asked.id_number):
            return book(body, card_at(hall, path.terminal), who, "terminal")
        return book_typed(body, asked, who)

    @api.post(
        "/terminals/<terminal>/appointments/mine",
        summary="What somebody at a terminal has booked",
        responses={"200": OwnAppointmentsAnswer},
    )
    @allow("terminal", terminal=True)
    def of_holder(path: TerminalPath, body: HolderBody) -> Response:
        """From today on: all of the card's holder, or that of a booking's code. Each look by a card is logged."""
        who = own_terminal(path.terminal)
        if body.code is None:
            found = hall.appointments.of_holder(card_at(hall, path.terminal), who)
        else:
            with hall.wrong_codes.watch(f"terminal {path.terminal}", body.code):
                found = [hall.appointments.of_code(body.code)]
        known = services()
        return answer(OwnAppointmentsAnswer.of({"appointments": [own(one, known) for one in found]}))

    @api.post(
        "/terminals/<terminal>/appointments/<int:appointment>/cancel",
        summary="Give one's own time back",
        responses={"200": OwnAppointmentAnswer},
    )
    @allow("terminal", terminal=True)
    def cancel_own(path: OwnAppointmentPath, body: HolderBody) -> Response:
        """By the same card or code; somebody else's is as unknown as one that never was."""
        return change_own(path, body, hall.appointments.cancel_by_holder, hall.appointments.cancel_code)

    @api.post(
        "/terminals/<terminal>/appointments/<int:appointment>/take-back",
        summary="Take back what was booked or cancelled just now",
        responses={"200": OwnAppointmentAnswer},
    )
    @allow("terminal", terminal=True)
    def take_own_back(path: OwnAppointmentPath, body: HolderBody) -> Response:
        """By the same card or code, for ten minutes: a booking is cancelled, a cancelled one is booked again."""
        return change_own(path, body, hall.appointments.take_back_by_holder, hall.appointments.take_back_code)

    @api.get("/appointments", summary="The appointments of a date", responses={"200": AppointmentsAnswer})
    @allow("desk", "manager")
    def of_day(query: DateQuery) -> Response:
        known = services()
        found = hall.appointments.of_day(query.date)
        return answer(AppointmentsAnswer.of({"appointments": [own(one, known) for one in found]}))

    @api.get("/appointments/<code>", summary="One's own appointment", responses={"200": AppointmentAnswer})
    @public
    def look_up(path: CodePath) -> Response:
        """Once its day is over it is as unknown as a code that never was."""
        with hall.wrong_codes.watch(gate().address(), path.code):
            return answer(told(hall.appointments.of_code(path.code)))

    @api.post("/appointments/<code>/cancel", summary="Give the time back", responses={"200": AppointmentAnswer})
    @public
    def cancel(path: CodePath) -> Response:
        with hall.wrong_codes.watch(gate().address(), path.code):
            return answer(told(hall.appointments.cancel_code(path.code)))

    @api.post(
        "/appointments/<code>/take-back",
        summary="Take back what was booked or cancelled just now",
        responses={"200": AppointmentAnswer},
    )
    @public
    def take_back(path: CodePath) -> Response:
        """For ten minutes: a booking is cancelled, a cancelled one, whose place was kept, is booked again."""
        with hall.wrong_codes.watch(gate().address(), path.code):
            return answer(told(hall.appointments.take_back_code(path.code)))

    @api.post(
        "/desk/appointments/<int:appointment>/take-back",
        summary="Take back what was booked or cancelled just now",
        responses={"200": AppointmentAnswer},
    )
    @allow("desk", "manager")
    def take_back_at_desk(path: AppointmentPath) -> Response:
        return answer(told(hall.appointments.take_back(path.appointment, actor())))

    @api.post(
        "/desk/appointments/<int:appointment>/cancel",
        summary="Give somebody's time back",
        responses={"200": AppointmentAnswer},
    )
    @allow("desk", "manager")
    def cancel_at_desk(path: AppointmentPath) -> Response:
        return answer(told(hall.appointments.cancel(path.appointment, actor())))

    @api.post(
        "/appointments/import",
        summary="Take in a list as CSV",
        responses={"200": ImportedAnswer},
        takes=CSV,
        largest=LARGEST + 1,
    )
    @allow("manager")
    def take_in() -> Response:
        """Columns service, date, time, id_number, named in the first line in Chinese or English; UTF-8 or GBK.

        All of the list is booked or nothing; `errors` then names every wrong row by its line. The same list again
        books nothing twice.
        """
        rows = read_list(request.get_data(cache=False), hall.office.services())
        try:
            found = hall.appointments.take_in(rows, actor())
        except BadRowsError as error:
            return problem(422, error.code, error.facts | {"errors": [_fault(row) for row in error.rows]})
        return answer({"booked": found.booked, "known": found.known})

    return api


def _fault(row: BadRow) -> dict[str, Any]:
    said = words(row.code, row.facts)
    return {
        "field": f"line {row.line}",
        "line": row.line,
        "reason": row.code,
        "message": said.zh,
        "message_en": said.en,
    }
