"""The resident's side of this box: the card reader, the printer and the kiosk page meet here.

::

    reader, supervisor, printer ──► a queue ──► the kiosk's loop ──► session ──► the page
    the page's requests ────────────────────────────────────────────────┘

A device's thread only queues, so neither the store nor a defect here can stop it. Whoever takes the lock, the loop or a
request, first applies what was queued. A page that cannot be drawn while the store is away says so, and is drawn again
by the loop until the store is back.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from display import masking, prompts
from display.admission import UNCERTAIN, Reason, booked_words, shut_words
from display.prompts import Words
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused
from drivers.card_reader.id_card import IdCard
from drivers.printer.driver import Outcome
from drivers.supervisor import DeviceState
from kiosk.event_feed import Channel, Source
from kiosk.resident.printing import PrintDesk
from kiosk.resident.session import KioskSession, Stage
from kiosk.service import Loop
from ticketing.appointments.appointments import Appointment, Appointments
from ticketing.model import LIVE_STATES, NORMAL, Actor, Coded, Resident, StateError, StoreError, Ticket, UnknownError
from ticketing.office import Office, PrintJob, ServiceView

TICK = 0.25
"""Seconds between looks at the time: a countdown that ends this late is not noticed."""


def resident_of(card: IdCard) -> Resident:
    """What the queue knows of a card's holder."""
    return Resident(
        kind=card.kind,
        name=card.name or None,
        name_en=card.name_en or None,
        sex=Coded(card.sex_code, card.sex_label or "") if card.sex_code else None,
        ethnicity=Coded(card.ethnicity_code, card.ethnicity_label or "") if card.ethnicity_code else None,
        birth_date=card.birth_date,
        address=card.address or None,
        id_number=card.id_number or None,
        authority=card.authority or None,
        valid_from=card.valid_from,
        valid_until=card.valid_until,
        nationality=card.nationality or None,
        pass_number=card.pass_number or None,
        issue_count=card.issue_count or None,
        renewal_count=card.renewal_count or None,
    )


class Counter:
    """One kiosk: its session, and what it shows. Safe to use from any thread.

    Args:
        session: the pure state.
        office: issues the tickets.
        printing: prints them.
        box: the name of this box, for who did what.
        desk: where a person helps, in Chinese and English.
        ticket_url: the address in the QR code, from a ticket's code.
        clock: steady seconds.
        has_reader: whether this box has a card reader at all.
        screen: where the page hears what it shows, as ``state`` messages.
    """

    def __init__(
        self,
        session: KioskSession,
        office: Office,
        printing: PrintDesk,
        *,
        box: str,
        desk: tuple[str, str],
        ticket_url: Callable[[str], str],
        clock: Callable[[], float],
        has_reader: bool,
        screen: Channel,
    ) -> None:
        self._session = session
        self._office = office
        self._appointments = Appointments(office.ledger)
        self._printing = printing
        self._actor = Actor(f"kiosk:{box}", "kiosk", box)
        self._desk = desk
        self._ticket_url = ticket_url
        self._clock = clock
        self._screen = screen
        self._lock = threading.Lock()
        self._queue: deque[Callable[[], None]] = deque()
        self._loop = Loop("kiosk", TICK, self._step)
        # Of this run: a page may outlive it, and repeat the key of a visit before.
        self._run = secrets.token_hex(8)
        self._store_away = False
        printing.on_outcome = self._on_outcome
        session.reader_fault = "starting" if has_reader else None

    def start(self) -> None:
        """Let time pass."""
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()

    # Told by devices, on their threads: each returns at once.

    def on_card(self, event: CardEvent) -> None:
        """What the reader saw."""
        self._enqueue(lambda: self._take_card(event))

    def on_reader(self, state: DeviceState) -> None:
        """How the reader is."""
        self._enqueue(lambda: self._session.reader_is(state.reason))

    def _on_outcome(self, job: PrintJob, outcome: Outcome) -> None:
        sent = outcome.state == "unconfirmed" and not self._printing.confirms
        became = "sent" if sent else outcome.state
        self._enqueue(lambda: self._session.printed(job.ticket.id, became, outcome.reason, self._clock()))

    def _enqueue(self, change: Callable[[], None]) -> None:
        self._queue.append(change)
        self._loop.wake()

    def _take_card(self, event: CardEvent) -> None:
        match event:
            case CardFound():
                self._printing.look_soon()
                self._session.card_found()
            case CardRead(card):
                self._session.card_read(resident_of(card), self._clock())
            case CardRefused(reason):
                self._session.card_refused(reason)
            case CardLeft():
                self._session.card_left(self._clock())

    @contextmanager
    def _turn(self) -> Iterator[KioskSession]:
        """The session, with all applied that devices told before, and held for as long as the block lasts."""
        with self._lock:
            while self._queue:
                self._queue.popleft()()
                self._show()
            yield self._session

    def _step(self) -> None:
        with self._turn() as session:
            before, now = session.printer_fault, self._clock()
            trouble = session.printer_fault = self._printing.trouble
            changed = trouble != before or self._store_away
            if trouble is not None:
                changed |= session.stuck(trouble, now)
            if session.stage is Stage.PRINTING and session.held and self._is_over(session.held.ticket):
                session.printed(session.held.ticket.id, "failed", "ticket_over", now)
                changed = True
            if session.tick(now) or changed:
                self._show()

    def _is_over(self, ticket: Ticket) -> bool:
        """Whether a ticket ended before its slip was begun, which is not printed any more then."""
        try:
            now = self._office.ticket(ticket.id)
        except UnknownError:
            return True
        except StoreError:
            return False
        return now.state not in LIVE_STATES and now.print == "failed"

    # Pressed on the page.

    def choose(self, service: str, key: str | None = None) -> tuple[Ticket, str]:
        """Issue a ticket for the resident here, and print it; a second tap on the same service gives the same one.

        Args:
            service: its id.
            key: an idempotency key, which belongs to this resident's visit: the next one's is another, whatever the
                page sends. It matters when nobody knows whether the store took the ticket.

        Returns:
            The ticket and its code.

        Raises:
            TicketingError: ``no_card`` when nobody is here, ``idempotency_key_reused``, or what the office refuses.
        """
        with self._turn() as session:
            if session.held and session.held.ticket.service == service:
                return session.held.ticket, session.held.code
            resident = self._resident()
            if session.agent_wanted:
                raise StateError("proxy_needs_both")
            issued = self._office.issue(
                service,
                self._actor,
                resident=resident,
                agent=session.agent,
                print=self._printing.present,
                key=key and f"{self._run} {session.visit} {key}",
            )
            return self._hold(issued.ticket, issued.code)

    def reprint(self, service: str) -> tuple[Ticket, str]:
        """Print again the ticket that the resident here already has for ``service``; a second tap prints no second one.

        Raises:
            TicketingError: ``no_card``, or ``unknown_ticket`` when there is none.
        """
        with self._turn() as session:
            if session.held and session.held.ticket.service == service:
                return session.held.ticket, session.held.code
            ticket = self._office.tickets_of(self._resident()).get(service)
            if ticket is None:
                raise StateError("unknown_ticket")
            job = self._office.reprint(ticket.id, self._actor)
            return self._hold(job.ticket, job.code)

    def _hold(self, ticket: Ticket, code: str) -> tuple[Ticket, str]:
        """Put a ticket into the hands of the resident here."""
        self._session.chose(ticket, code, self._printing.present, self._clock())
        self._printing.wake()
        self._show()
        return ticket, code

    def typed(self, id_number: str) -> dict[str, Any]:
        """A resident without a card typed a number, which the caller has checked.

        Raises:
            StateError: ``kiosk_busy`` when somebody is being served.
        """
        with self._turn() as session:
            if not session.typed(Resident(kind="typed", id_number=id_number), self._clock()):
                raise StateError("kiosk_busy")
            return self._show()

    def for_other(self) -> dict[str, Any]:
        """Whose card was read is not who came (代办): the next card is the agent's. Asked again, it is not after all.

        Raises:
            StateError: ``no_card`` when nobody's was read.
        """
        with self._turn() as session:
            if not session.for_other(self._clock()):
                raise StateError("no_card")
            return self._show()

    def cancel(self) -> dict[str, Any]:
        """The resident leaves."""
        with self._turn() as session:
            session.quit()
            return self._show()

    # What the page shows.

    def listen(self) -> Source:
        """A stream of what the page shows, as ``state`` messages."""
        return self._screen.listen()

    def view(self) -> dict[str, Any]:
        """What the page shows, in the shape of ``GET /api/v1/kiosk``; the resident is masked. Every press gives it."""
        with self._turn():
            return self._view()

    def _show(self) -> dict[str, Any]:
        view = self._view()
        self._screen.tell("state", view)
        return view

    def _view(self) -> dict[str, Any]:
        session = self._session
        stage, note, services = session.stage, session.note, []
        self._store_away = False
        if stage is Stage.CHOOSING:
            try:
                services = self._services(session.resident)
            except StoreError:
                stage, note, self._store_away = Stage.FAULT, "store_away", True
        fault = ("reader", session.reader_fault) if session.reader_fault else ("printer", session.printer_fault or "")
        words = prompts.prompt(stage, note, fault if session.fault else None, *self._desk)
        return {
            "state": str(stage),
            "resident": self._resident_view(session.resident, session.agent),
            "agent": self._resident_view(session.agent, None),
            "agent_wanted": session.agent_wanted,
            "services": services,
            "ticket": self._ticket_view(),
            "message": words.zh,
            "message_en": words.en,
            "seconds_left": session.seconds_left(self._clock()),
            "card_lies": session.card_lies,
            "reader_ready": session.reader_fault is None,
            "printer_ready": self._printing.ready,
        }

    def _resident(self) -> Resident:
        if self._session.stage is not Stage.CHOOSING or self._session.resident is None:
            raise StateError("no_card")
        return self._session.resident

    def _resident_view(self, resident: Resident | None, agent: Resident | None) -> dict[str, Any] | None:
        if resident is None:
            return None
        # It is who came that waits.
        earned = self._office.class_of(agent or resident)
        name = resident.name or resident.name_en
        return {
            "kind": resident.kind,
            "name": masking.mask_name(name) if name else None,
            "id_number": masking.mask_id_number(resident.id_number) if resident.id_number else None,
            "priority": None
            if earned.id == NORMAL
            else {"id": earned.id, "name": earned.name, "name_en": earned.name_en},
        }

    def _services(self, resident: Resident | None) -> list[dict[str, Any]]:
        mine = self._office.tickets_of(resident) if resident else {}
        used_up = self._office.used_up(resident) if resident else frozenset()
        today = self._appointments.of_person(resident) if resident else []
        booked = {one.service: one for one in today if one.state == "booked"}
        views = [view for view in self._office.hall().services if not view.service.removed]
        # What is booked comes first: it is what they came for.
        views.sort(key=lambda view: view.service.id not in booked)
        return [
            {
                "id": view.service.id,
                "name": view.service.name,
                "name_en": view.service.name_en,
                "waiting": view.waiting,
                "expected_wait": interval(view.expected_wait),
                "open": view.admission.open,
                "has_ticket": mine[view.service.id].number if view.service.id in mine else None,
                "appointment": self._appointment_view(booked.get(view.service.id)),
                "warning": _both(UNCERTAIN) if self._is_uncertain(view, booked) else None,
                "shut": self._shut_view(view, booked, used_up),
            }
            for view in views
        ]

    def _is_uncertain(self, view: ServiceView, booked: Mapping[str, Appointment]) -> bool:
        return view.admission.not_today and view.service.id not in booked

    def _shut_view(
        self, view: ServiceView, booked: Mapping[str, Appointment], used_up: frozenset[str]
    ) -> dict[str, Any] | None:
        """Why this resident gets no number for a service; None when they do."""
        admission, rules = view.admission, self._office.ledger.rules
        until = None
        reason: Reason
        if not admission.open:
            reason, until = "closed", admission.opens_at
        elif view.service.id in booked:
            return None
        elif view.service.id in used_up:
            reason = "person"
        elif admission.places == 0:
            reason, until = "quota", admission.places_at
        elif admission.not_today and rules.last_ticket == "refuse":
            reason = "not_today"
        else:
            return None
        said = shut_words(reason, until, self._office.ledger.now())
        return {"reason": reason, "why": _both(said.why), "then": _both(said.then)}

    @staticmethod
    def _appointment_view(booked: Appointment | None) -> dict[str, Any] | None:
        if booked is None:
            return None
        return {
            "begins_at": booked.begins.isoformat(timespec="milliseconds"),
            "ends_at": booked.ends.isoformat(timespec="milliseconds"),
            "words": _both(booked_words(booked.begins, booked.ends)),
        }

    def _ticket_view(self) -> dict[str, Any] | None:
        held = self._session.held
        if held is None:
            return None
        ticket = held.ticket
        return {
            "id": ticket.id,
            "number": ticket.number,
            "service": ticket.service,
            "ahead": ticket.ahead,
            "on_paper": held.on_paper,
            "code": held.code,
            "url": self._ticket_url(held.code),
        }


def _both(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def interval(minutes: tuple[int, int] | None) -> dict[str, int] | None:
    """An expected wait as the API gives it: ``{low, high}`` in minutes."""
    return None if minutes is None else {"low": minutes[0], "high": minutes[1]}
