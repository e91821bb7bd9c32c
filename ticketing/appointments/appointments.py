"""Appointments as residents, the desk, terminals and other systems book them. ``booking`` has the SQL of each step."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ticketing.appointments import booking
from ticketing.appointments.booking import Appointment
from ticketing.appointments.listing import ListedRow, Listing
from ticketing.calendar import SlotOfDay
from ticketing.day.idempotency import once
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import Actor, Resident, StateError, TicketingError, UnknownError
from ticketing.privacy import access_log
from ticketing.setup import timetable

__all__ = ["Appointment", "Appointments", "BadRow", "BadRowsError", "FreeDay", "FreeSlot", "ListedRow", "TakenIn"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FreeSlot:
    """A slot of a date, and how many places of it can still be booked; none once it has begun."""

    begins: datetime
    ends: datetime
    capacity: int
    free: int


@dataclass(frozen=True)
class FreeDay:
    """A date with slots, and how many places are free on it."""

    day: date
    free: int


@dataclass(frozen=True)
class BadRow:
    """What is wrong with a line of a list: a code and the facts its words need; never the line's content."""

    line: int
    code: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class TakenIn:
    """The result of an import: how many rows were booked now, and how many had been booked before."""

    booked: int
    known: int


class BadRowsError(TicketingError):
    """A list with wrong rows, none of which was imported; code ``bad_rows``.

    Attributes:
        rows: all of them, by line.
    """

    def __init__(self, rows: Iterable[BadRow]) -> None:
        self.rows = sorted(rows, key=lambda row: row.line)
        super().__init__("bad_rows", count=len(self.rows))


class Appointments:
    """Books, finds and cancels. Safe to use from any thread.

    Every verb raises a :class:`~ticketing.model.TicketingError` when it is refused, and has then changed nothing.

    Args:
        ledger: the hall's; its rules say how far ahead one may book, and what missed appointments lead to.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def slots(self, service: str, day: date) -> list[FreeSlot]:
        """The slots of a date, none on a holiday or for a service without appointments; raises ``unknown_service``."""
        with self._ledger.look() as m:
            m.service(service)
            found = timetable.now(m).calendar.slots(service, day)
            taken = booking.taken(m, service, day)
            reachable = day <= booking.last_day(m)
            return [FreeSlot(*slot.period, slot.capacity, _free(m, slot, taken) if reachable else 0) for slot in found]

    def days(self) -> dict[str, list[FreeDay]]:
        """By service, the dates with slots still to come, up to the last day that can be booked."""
        with self._ledger.look() as m:
            calendar = timetable.now(m).calendar
            services = [one.id for one in m.services() if not one.removed and calendar.has_slots(one.id)]
            taken = booking.taken_from_today(m) if services else {}
            today, last = date.fromisoformat(m.day), booking.last_day(m)
            dates = [today + timedelta(days=ahead) for ahead in range((last - today).days + 1)]
            return {
                service: [
                    FreeDay(day, sum(_free(m, slot, taken.get(service, {})) for slot in slots))
                    for day in dates
                    if (slots := [slot for slot in calendar.slots(service, day) if not booking.is_over(m, slot)])
                ]
                for service in services
            }

    def book(
        self,
        service: str,
        day: date,
        minute: int,
        resident: Resident,
        actor: Actor,
        made_by: str,
        key: str | None = None,
    ) -> Appointment:
        """Book a place for a person.

        Args:
            service: its id.
            day: the hall day.
            minute: of that day at which the slot begins.
            resident: who comes; known by the ID number.
            actor: who books.
            made_by: ``api``, ``terminal`` (by the card), ``typed`` (by a number typed at a terminal) or ``import``.
            key: an idempotency key: the same request with the same key gives the same answer.

        Raises:
            UnknownError: ``unknown_service``, ``no_such_slot``.
            ClosedError: ``service_removed``.
            StateError: ``no_id_number``, ``slot_over``, ``slot_full``, ``too_far_ahead`` (``until``),
                ``already_booked`` (``time``), ``idempotency_key_reused``; ``card_needed``: for a typed number of which
                more would have to be told.
            LimitError: ``appointments_blocked`` (``until``: the day from which this person may book again).
        """
        with self._ledger.verb() as m:

            def do() -> int:
                if booking.person_of(m, resident.id_number) is None:
                    raise StateError("no_id_number")
                last = booking.last_day(m)
                if day > last:
                    raise StateError("too_far_ahead", until=last)
                number = resident.id_number
                if made_by == booking.TYPED:
                    booking.refuse_known(m, number, service, day)
                else:
                    booking.refuse_blocked(m, number)
                    booking.withdraw_typed(m, number, service, day)
                return booking.book(m, service, day, minute, number, made_by)

            asked = ("book", service, day.isoformat(), minute, resident.as_json(), made_by)
            booked, new = once(m, actor, key, asked, do, lambda made: made, int)
            made = booking.appointment(m, booking.row_of(m, booked), with_code=True)
        if new:
            log.info("appointment %s booked by %s", made.id, actor.who)
        return made

    def of_code(self, code: str) -> Appointment:
        """An appointment that is not over; raises ``unknown_code``."""
        with self._ledger.look() as m:
            return booking.appointment(m, booking.row_of_code(m, code))

    def of_person(self, resident: Resident, day: date | None = None) -> list[Appointment]:
        """A person's appointments of a date (None: today), known by the ID number."""
        with self._ledger.look() as m:
            persons = booking.persons_of(m, resident.id_number)
            rows = booking.OF_PERSON.all(m.conn, persons, {"day": day.isoformat() if day else m.day})
            return [booking.appointment(m, row) for row in rows]

    def of_holder(self, card: Resident, actor: Actor) -> list[Appointment]:
        """The appointments from today on of the person whose card lies at a terminal. Logged."""
        with self._ledger.verb() as m:
            access_log.append(m.conn, m.vault, m.now, actor, "terminal-appointments", None, subject=card.id_number)
            rows = booking.FROM_DAY_ON.all(m.conn, booking.persons_of(m, card.id_number), {"day": m.day})
            return [booking.appointment(m, row) for row in rows]

    def cancel_by_holder(self, appointment: int, card: Resident, actor: Actor) -> Appointment:
        """Cancel at a terminal, by the card of whose it is. Each try is logged.

        Raises:
            UnknownError: ``unknown_appointment``, also for another person's.
            StateError: ``appointment_over`` (``state``).
        """
        with self._ledger.verb() as m:
            row = booking.row_of_holder(m, appointment, card.id_number or "")
            tried = "terminal-cancel" if row is not None else "terminal-cancel-refused"
            access_log.append(m.conn, m.vault, m.now, actor, tried, None, subject=card.id_number)
            cancelled = booking.cancel(m, row) if row is not None else None
        # Raised outside the transaction: the entry in the audit log is kept.
        if cancelled is None:
            raise UnknownError("unknown_appointment")
        log.info("appointment %s cancelled by its holder at %s", cancelled.id, actor.place)
        return cancelled

    def take_back(self, appointment: int, actor: Actor) -> Appointment:
        """Take back at the desk what was booked or cancelled last; errors as :meth:`take_back_code`.

        Raises ``unknown_appointment``, too.
        """
        with self._ledger.verb() as m:
            back = booking.take_back(m, booking.row_of(m, appointment))
        log.info("appointment %s is %s again, by %s", back.id, back.state, actor.who)
        return back

    def take_back_code(self, code: str) -> Appointment:
        """Take back, by its code, the booking or the cancellation of an appointment.

        Raises:
            UnknownError: ``unknown_code``.
            StateError: as :func:`booking.take_back`.
        """
        with self._ledger.verb() as m:
            back = booking.take_back(m, booking.row_of_code(m, code))
        log.info("appointment %s is %s again, by its holder", back.id, back.state)
        return back

    def take_back_by_holder(self, appointment: int, card: Resident, actor: Actor) -> Appointment:
        """The same at a terminal, by the card of whose it is. Each try is logged; raises ``unknown_appointment``."""
        with self._ledger.verb() as m:
            row = booking.row_of_holder(m, appointment, card.id_number or "")
            tried = "terminal-take-back" if row is not None else "terminal-take-back-refused"
            access_log.append(m.conn, m.vault, m.now, actor, tried, None, subject=card.id_number)
            try:
                back: Appointment | TicketingError = (
                    UnknownError("unknown_appointment") if row is None else booking.take_back(m, row)
                )
            except StateError as error:
                back = error
        # Raised outside the transaction: the entry in the audit log is kept.
        if isinstance(back, TicketingError):
            raise back
        log.info("appointment %s is %s again, by its holder at %s", back.id, back.state, actor.place)
        return back

    def of_day(self, day: date | None = None) -> list[Appointment]:
        """All appointments of a date (None: today), by time."""
        with self._ledger.look() as m:
            rows = booking.OF_DAY.all(m.conn, {"day": day.isoformat() if day else m.day})
            return [booking.appointment(m, row) for row in rows]

    def cancel(self, appointment: int, actor: Actor) -> Appointment:
        """Cancel at the desk; raises ``unknown_appointment``, ``appointment_over`` (``state``)."""
        with self._ledger.verb() as m:
            cancelled = booking.cancel(m, booking.row_of(m, appointment))
        log.info("appointment %s cancelled by %s", cancelled.id, actor.who)
        return cancelled

    def cancel_code(self, code: str) -> Appointment:
        """Cancel by its code; raises ``unknown_code``, ``appointment_over``."""
        with self._ledger.verb() as m:
            cancelled = booking.cancel(m, booking.row_of_code(m, code))
        log.info("appointment %s cancelled by its holder", cancelled.id)
        return cancelled

    def take_in(self, rows: Iterable[ListedRow | BadRow], actor: Actor) -> TakenIn:
        """Import a whole list that another system made, or nothing of it.

        Appointments that an earlier list booked stay as they are, also when they were cancelled since. The limits on
        booking ahead and on missed appointments do not apply: they are the other system's business.

        Raises:
            BadRowsError: with all wrong rows.
        """
        wrong: list[BadRow] = []
        booked = known = 0
        with self._ledger.verb() as m:
            listing = Listing(m)
            for row in rows:
                if isinstance(row, BadRow):
                    wrong.append(row)
                    continue
                try:
                    new = listing.add(row)
                except TicketingError as error:
                    wrong.append(BadRow(row.line, error.code, error.facts))
                else:
                    booked += new
                    known += not new
            if wrong:
                raise BadRowsError(wrong)
            listing.write()
        log.info("%s appointments taken in by %s, %s were there", booked, actor.who, known)
        return TakenIn(booked, known)


def _free(m: Transaction, slot: SlotOfDay, taken: Mapping[int, int]) -> int:
    """How many places of a slot are free, from the places taken by begin of slot."""
    if booking.is_over(m, slot):
        return 0
    return max(0, slot.capacity - taken.get(microseconds(slot.period.begins), 0))
