"""Joins the card reader, the printer and the kiosk's page to the session.

::

    reader, supervisor, printer ──► a queue ──► the kiosk's loop ──► session ──► the page
    the page's requests ────────────────────────────────────────────────┘

A device's thread only queues, so neither the store nor a defect here can stop it. The kiosk's loop or a request, which
take the lock, first apply what was queued. While the store is away the page says so; the loop draws it again until the
store is back.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from threading import Lock

from display import prompts
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused, ChipRead
from drivers.printer.job import Outcome
from drivers.supervisor import DeviceState
from kiosk.card_holder import resident_of
from kiosk.counter import Counter
from kiosk.resident.printing import PrintQueue
from kiosk.resident.session import KioskSession, Stage
from kiosk.resident.slips import LargePrint
from kiosk.resident.spellings import Spellings
from kiosk.resident.view import Choice, KioskView, ShownTicket, choices, enquiries, masked
from kiosk.service import Loop
from ticketing.appointments.appointments import Appointments
from ticketing.matters.matters import Matters
from ticketing.matters.spelling import spell
from ticketing.model import (
    LIVE_STATES,
    Actor,
    Resident,
    StateError,
    StoreError,
    Ticket,
    TicketingError,
    UnknownError,
)
from ticketing.office import Office, PrintJob

TICK = 0.25
"""Seconds between looks at the clock: nobody notices a countdown that ends this late."""


class KioskController(Loop):
    """One kiosk: its session, and what it shows. Safe to use from any thread.

    Args:
        session: the pure state.
        office: issues the tickets, or a counter that chooses among two.
        printing: prints them.
        box: the name of this box, for the audit log.
        desk: name of the guide desk, in Chinese and English.
        ticket_url: gives the address in the QR code from a ticket's code.
        clock: monotonic seconds.
        has_reader: whether this box has a card reader at all.
        straight_seconds: after which the hall's only service is chosen by itself; 0 for never.
        enquiries: id of the service for who does not know what to choose; "" for the one that is named so.
        spell: gives the pinyin of texts.
        on_change: told what the page shows from now on; it must be quick.
        large_print: told whose slips are to be in large print.
    """

    def __init__(
        self,
        session: KioskSession,
        office: Office | Counter,
        printing: PrintQueue,
        *,
        box: str,
        desk: tuple[str, str],
        ticket_url: Callable[[str], str],
        clock: Callable[[], float],
        has_reader: bool,
        straight_seconds: float = 0.0,
        enquiries: str = "",
        spell: Callable[[Sequence[str]], list[str]] = spell,
        on_change: Callable[[KioskView], None],
        large_print: LargePrint | None = None,
    ) -> None:
        self._session = session
        self._counter = office if isinstance(office, Counter) else Counter(office)
        self._printing = printing
        self._actor = Actor(f"kiosk:{box}", "kiosk", box)
        self._desk = desk
        self._ticket_url = ticket_url
        self._clock = clock
        self._on_change = on_change
        self._large_print = large_print or LargePrint()
        self._lock = Lock()
        self._queue: deque[Callable[[], None]] = deque()
        # A page may outlive this run of the program, and its numbers of visits begin anew.
        self._run_id = secrets.token_hex(8)
        self._store_away = False
        self._went_on = False
        self._took_nothing = self._gave_none = False
        self._straight_seconds = straight_seconds
        self._enquiries = enquiries
        self._spellings = Spellings(spell)
        self._straight_at: float | None = None
        self._straight_tried = ""
        self._setting_up = False
        printing.on_outcome = self._on_outcome
        session.reader_fault = "starting" if has_reader else None
        super().__init__("kiosk", TICK, self._let_time_pass)

    # Called on devices' threads: each returns at once.

    def on_card(self, event: CardEvent) -> None:
        """Take what the reader saw."""
        self._enqueue(lambda: self._take_card(event))

    def on_reader(self, state: DeviceState) -> None:
        """Take the reader's state."""
        self._enqueue(lambda: self._session.reader_is(state.reason))

    def on_slip_taken(self) -> None:
        """Take that the slip has left its slot."""
        self._enqueue(lambda: self._session.slip_taken(self._clock()))

    def _on_outcome(self, job: PrintJob, outcome: Outcome) -> None:
        sent = outcome.state == "unconfirmed" and not self._printing.confirms
        became = "sent" if sent else outcome.state
        self._enqueue(lambda: self._session.printed(job.ticket.id, became, outcome.reason, self._clock()))

    def _enqueue(self, change: Callable[[], None]) -> None:
        self._queue.append(change)
        self.wake()

    def _take_card(self, event: CardEvent) -> None:
        match event:
            case CardFound():
                self._printing.look_soon()
                self._session.card_found()
            case CardRead(card):
                self._session.card_read(resident_of(card), self._clock())
            case CardRefused(reason):
                self._session.card_refused(reason)
            case ChipRead():
                self._session.card_refused("chip_only")
            case CardLeft():
                self._session.card_left(self._clock())

    @property
    def _visit(self) -> str:
        return f"{self._run_id}-{self._session.visit}"

    @contextmanager
    def _turn(self, visit: str | None = None) -> Iterator[KioskSession]:
        """The session, locked, after all queued changes are applied.

        Raises:
            StateError: ``other_visit``: ``visit``, in which a button was pressed, is over.
        """
        with self._lock, self._counter.entered():
            while self._queue:
                self._queue.popleft()()
                self._show()
            if visit not in (None, self._visit):
                raise StateError("other_visit")
            yield self._session

    def _let_time_pass(self) -> None:
        # Not under the lock: the page and the devices need not wait for it.
        learnt = self._spellings.learn()
        with self._turn() as session:
            before, now = session.printer_fault, self._clock()
            trouble = session.printer_fault = self._printing.trouble
            went_on, self._went_on = self._went_on, self._counter.goes_on
            changed = trouble != before or self._store_away or self._setting_up or learnt
            changed |= went_on != self._went_on
            gave_none, self._gave_none = self._gave_none, self._counter.gives_none
            changed |= gave_none != self._gave_none
            took_nothing, self._took_nothing = self._took_nothing, self._counter.takes_nothing
            changed |= took_nothing != self._took_nothing
            if trouble is not None:
                changed |= session.stuck(trouble, now)
            if session.stage is Stage.PRINTING and session.held and self._is_over(session.held.ticket):
                session.printed(session.held.ticket.id, "failed", "ticket_over", now)
                changed = True
            if self._straight_at is not None and now >= self._straight_at:
                self._go_straight()
            elif session.tick(now) or changed:
                self._show()

    def _go_straight(self) -> None:
        """Choose the only service there is; where it is refused, the resident may still touch it and be told why."""
        self._straight_tried = self._visit
        self._straight_at = None
        try:
            services = self._counter.do(Office.hall).services
            (only,) = (one.service.id for one in services if not one.service.removed)
            self._issue(only, (), f"{self._visit} straight")
        except (TicketingError, ValueError):
            self._show()

    def _is_over(self, ticket: Ticket) -> bool:
        """Whether a ticket ended before its slip was begun; the slip is then not printed."""
        try:
            now = self._counter.do(lambda office: office.ticket(ticket.id))
        except UnknownError:
            return True
        except StoreError:
            return False
        return now.state not in LIVE_STATES and now.print == "failed"

    # Buttons of the page. Each takes the ``visit`` that the page showed, and raises ``other_visit`` when it is over:
    # a request may arrive after its resident left.

    def choose(
        self,
        service: str,
        key: str | None = None,
        visit: str | None = None,
        matters: Sequence[str] = (),
        *,
        large: bool = False,
    ) -> tuple[Ticket, str]:
        """Issue a ticket for the resident here, and print it; a second tap on the same service gives the same one.

        The idempotency key is for when nobody knows whether the store took the ticket. It belongs to this visit: the
        same key of the next resident is another. In ``large`` print the slip is for who sees little.

        Returns:
            The ticket and its code.

        Raises:
            TicketingError: ``no_card`` when nobody is here, ``idempotency_key_reused``, or what the office refuses.
        """
        with self._turn(visit) as session:
            if session.held and session.held.ticket.service == service:
                return session.held.ticket, session.held.code
            return self._issue(service, matters, key and f"{self._run_id} {session.visit} {key}", large)

    def _issue(self, service: str, matters: Sequence[str], key: str | None, large: bool = False) -> tuple[Ticket, str]:
        resident = self._resident()
        if self._session.agent_wanted:
            raise StateError("proxy_needs_both")
        with self._printing.waiting() if large else nullcontext():
            issued = self._counter.do(
                lambda office: office.issue(
                    service,
                    self._actor,
                    resident=resident,
                    agent=self._session.agent,
                    matters=matters,
                    print=self._printing.present,
                    key=key,
                )
            )
            if large:
                self._large_print.add(issued.ticket.id)
        return self._hold(issued.ticket, issued.code)

    def reprint(
        self, service: str, visit: str | None = None, *, lost: bool = False, large: bool = False
    ) -> tuple[Ticket, str]:
        """Print again the ticket that the resident here already has for ``service``; a second tap prints no second one.

        With ``lost``, its earlier slips are worth nothing from now on; ``large`` as in :meth:`choose`.

        Raises:
            TicketingError: ``no_card``; ``card_needed`` for a typed number; ``unknown_ticket`` when there is none;
                ``reprint_later``: the store is away, and this box did not issue it since then.
        """
        with self._turn(visit) as session:
            if session.held and session.held.ticket.service == service:
                return session.held.ticket, session.held.code
            resident = self._resident()
            if resident.kind == "typed":
                raise StateError("card_needed")
            ticket = self._counter.do(lambda office: office.tickets_of(resident)).get(service)
            if ticket is None:
                raise StateError("unknown_ticket")
            ident, agent = ticket.id, session.agent
            if large:
                self._large_print.add(ident)
            job = self._counter.do(
                lambda office: office.reprint_by_card(ident, resident, self._actor, agent=agent, lost=lost)
            )
            return self._hold(job.ticket, job.code)

    def _hold(self, ticket: Ticket, code: str) -> tuple[Ticket, str]:
        """Show the ticket, and have it printed."""
        self._session.chose(ticket, code, self._printing.present, self._clock())
        self._printing.wake()
        self._show()
        return ticket, code

    def typed(self, id_number: str, visit: str | None = None) -> KioskView:
        """Begin for a resident without a card, who typed a number that the caller has checked.

        Raises:
            StateError: ``kiosk_busy`` when somebody is being served.
        """
        with self._turn(visit) as session:
            if not session.typed(Resident(kind="typed", id_number=id_number), self._clock()):
                raise StateError("kiosk_busy")
            return self._show()

    def for_other(self, visit: str | None = None) -> KioskView:
        """The same as :meth:`KioskSession.for_other`; raises StateError ``no_card`` when no card was read."""
        with self._turn(visit) as session:
            if not session.for_other(self._clock()):
                raise StateError("no_card")
            return self._show()

    def still_here(self, visit: str | None = None) -> KioskView:
        """The resident touches the page: the time to choose begins anew.

        Raises:
            StateError: ``no_card`` when nobody is choosing.
        """
        with self._turn(visit) as session:
            if not session.still_here(self._clock()):
                raise StateError("no_card")
            return self._show()

    def cancel(self, visit: str | None = None) -> KioskView:
        """The resident leaves."""
        with self._turn(visit) as session:
            session.quit()
            return self._show()

    # What the page shows.

    def view(self) -> KioskView:
        """What the page shows now."""
        with self._turn():
            return self._view()

    def _show(self) -> KioskView:
        view = self._view()
        self._on_change(view)
        return view

    def _view(self) -> KioskView:
        session, held = self._session, self._session.held
        stage, note = session.stage, session.note
        services: tuple[Choice, ...] = ()
        self._store_away = False
        self._straight_at = None
        self._setting_up = False
        if stage is Stage.IDLE:
            # Without a store the card says so, once it is laid.
            with suppress(StoreError):
                self._setting_up = not self._counter.do(Office.services)
        if stage is Stage.CHOOSING:
            try:
                # Nobody is told by a typed number what is somebody's.
                known = session.resident if session.resident and session.resident.kind != "typed" else None
                services = self._counter.do(lambda office: self._choices(office, known))
                self._straight_at = self._straight(services)
                self._setting_up = not services
            except StoreError:
                note = "gives_none" if self._counter.gives_none else "store_away"
                stage, self._store_away = Stage.FAULT, True
        if self._setting_up:
            stage, note = Stage.FAULT, "setting_up"
        if stage is Stage.IDLE and self._counter.gives_none:
            stage, note = Stage.FAULT, "gives_none"
        if stage in (Stage.IDLE, Stage.CHOOSING) and self._counter.takes_nothing:
            # Said before anybody chooses: what they choose could not be kept.
            stage, note, services, self._straight_at = Stage.FAULT, "takes_nothing", (), None
        fault = ("reader", session.reader_fault) if session.reader_fault else ("printer", session.printer_fault or "")
        if stage is Stage.IDLE and note is None and self._counter.goes_on:
            note = "cut_off"
        words = prompts.prompt(stage, note, fault if session.fault else None, *self._desk)
        return KioskView(
            state=stage,
            visit=self._visit,
            resident=masked(self._counter.office, session.resident, session.agent),
            agent=masked(self._counter.office, session.agent),
            agent_wanted=session.agent_wanted,
            services=services,
            enquiries=enquiries(services, self._enquiries),
            straight_in=None if self._straight_at is None else max(0.0, self._straight_at - self._clock()),
            ticket=ShownTicket(held.ticket, held.code, held.on_paper, self._ticket_url(held.code)) if held else None,
            message=words.zh,
            message_en=words.en,
            seconds_left=session.seconds_left(self._clock()),
            card_lies=session.card_lies,
            reader_ready=session.reader_fault is None,
            printer_ready=self._printing.ready,
        )

    def _straight(self, services: tuple[Choice, ...]) -> float | None:
        """When the resident here need not choose, for there is one service: when it is chosen by itself."""
        if len(services) != 1 or not self._straight_seconds or self._straight_tried == self._visit:
            return None
        if self._session.agent_wanted or services[0].shut or services[0].has_ticket or self._has_matters():
            return None
        return self._session.asked_at + self._straight_seconds

    def _choices(self, office: Office, resident: Resident | None) -> tuple[Choice, ...]:
        booked = Appointments(office.ledger).of_person(resident) if resident else []
        return choices(office, booked, resident, self._spellings)

    def _has_matters(self) -> bool:
        return bool(self._counter.do(lambda office: Matters(office.ledger).listed()).matters)

    def _resident(self) -> Resident:
        if self._session.stage is not Stage.CHOOSING or self._session.resident is None:
            raise StateError("no_card")
        return self._session.resident
