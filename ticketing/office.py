"""The verbs of the queue. Each is one transaction: all of it happens, with its events, durably, or nothing does."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from ticketing import policy
from ticketing.cases import cases
from ticketing.cases.cases import Further
from ticketing.day import closing, print_jobs, setup, windows
from ticketing.day.idempotency import once, ticket_as_json, ticket_from_json
from ticketing.day.ledger import Ledger
from ticketing.day.print_jobs import Ended, PrintJob
from ticketing.day.residents import Holders
from ticketing.day.transaction import Moment
from ticketing.line import calling, holding, issuing, priorities, recallable, scanning, undoing, views, why_before
from ticketing.line.calling import Called, Finished
from ticketing.line.forecasts import Forecasts
from ticketing.line.issuing import Issued
from ticketing.line.recallable import Undoable
from ticketing.line.scanning import Scanned
from ticketing.line.views import Board, Call, DayCounts, Figures, HallView, ServiceView, TicketView, Waiting, WindowView
from ticketing.line.waiting_counts import Crowd
from ticketing.model import Actor, Event, Resident, Service, Ticket, Window
from ticketing.policy import PriorityClass, Rules, Why
from ticketing.privacy.vault import Vault
from ticketing.store.opening import Store

__all__ = [
    "Board",
    "Call",
    "Called",
    "DayCounts",
    "Figures",
    "Finished",
    "HallView",
    "Holders",
    "Issued",
    "Office",
    "PrintJob",
    "Scanned",
    "ServiceView",
    "TicketView",
    "Undoable",
    "Waiting",
    "WindowView",
]

log = logging.getLogger(__name__)

_Called = TypeVar("_Called", bound=Called | None)

PHONE = Actor("phone", "kiosk")
"""Whoever holds a ticket, and looks it up by its code."""


class Office:
    """The office: who gets which number, who is next, and what is kept of it. Safe to use from any thread.

    Every verb raises a :class:`~ticketing.model.TicketingError` when it is refused, and has then changed nothing;
    :class:`~ticketing.model.StoreError` when the store did not take it.

    Args:
        store: where everything is.
        vault: what seals residents' data.
        rules: the classes of priority.
        zone: of the hall.
        clock: the time, as an aware ``datetime`` of any zone.
        box: name of this box, whose printer prints the tickets that are issued here.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        rules: Rules,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        box: str = "box",
    ) -> None:
        self.ledger = Ledger(store, vault, rules, zone, clock, box)
        self._rules = rules
        self.forecasts = Forecasts()
        self._crowd = Crowd()
        # The day on which it was last seen to whose cases are forgotten: old ones are many, and once a day is enough.
        self._forgot_on = ""
        # What was erased lies in the write-ahead log until that is cut; an earlier run may not have come to it.
        self._to_cut = True

    # What there is

    def seed(self, services: Sequence[Service], windows: Sequence[Window]) -> None:
        """Set up services and windows, in this order, unless the store has any."""
        with self.ledger.verb() as m:
            setup.seed(m, setup.HallSetup(tuple(services), tuple(windows)))

    def services(self) -> list[Service]:
        """All services, in the hall's order; none that was taken away."""
        with self.ledger.look() as m:
            return [one for one in m.services() if not one.removed]

    def windows(self) -> list[Window]:
        """All windows, in the hall's order; of those taken away, the ones where somebody still is."""
        with self.ledger.look() as m:
            return m.windows()

    def class_of(self, resident: Resident | None) -> PriorityClass:
        """The class that a ticket issued now to ``resident`` gets."""
        return policy.class_for(resident, self.ledger.now().date(), self._rules)

    # Numbers

    def issue(
        self,
        service: str,
        actor: Actor,
        *,
        resident: Resident | None = None,
        agent: Resident | None = None,
        priority: str | None = None,
        print: bool,  # noqa: A002 - the field's word, as in the API
        key: str | None = None,
        chain: Sequence[str] | None = None,
        priority_reason: str | None = None,
    ) -> Issued:
        """Issue the next number for ``service``.

        Args:
            service: its id.
            actor: who asks.
            resident: whose ticket it is; their data are sealed until the day is erased.
            agent: who takes it for them (代办), sealed with theirs; it is the agent's age that earns a class.
            priority: a class given by staff; None for the one the resident's age earns.
            print: whether this box prints a slip.
            key: an idempotency key: the same request with the same key gives the same answer.
            chain: services it goes on to with the same number (多窗联办); None for the service's own chain.
            priority_reason: why that class was given, for the access log; nothing personal.

        Raises:
            UnknownError: ``unknown_service``, ``unknown_priority``.
            ClosedError: ``service_removed``; ``service_closed`` (``opens_at``).
            StateError: ``already_waiting`` (``number``, ``ticket_id``, ``state``): this person's live ticket for it;
                ``proxy_needs_both``, ``proxy_for_oneself``: an agent and a resident have ID numbers, two different
                ones; ``too_early`` (``opens_at``), ``too_late`` (``time``) for an appointment;
                ``idempotency_key_reused``.
            LimitError: ``quota_reached`` (``opens_at``), ``person_limit`` (``most``), ``not_today`` (``closes_at``).
        """
        with self.ledger.verb() as m:
            # Requests of before there were agents keep their form, and so their kept answers.
            people = [one.as_json() for one in (resident, agent) if one] if agent else resident and resident.as_json()
            more: list[list[str] | str] = [] if chain is None else [list(chain)]
            more += [priority_reason] if priority_reason else []

            def do() -> Issued:
                issued = issuing.issue(
                    m,
                    self._crowd,
                    service,
                    resident,
                    priority,
                    printed=print,
                    agent=agent,
                    chain=chain,
                    reached=views.reached(m, self.forecasts),
                )
                if priority is not None:
                    priorities.record(m, issued.ticket.id, priority, priority_reason, actor)
                return issued

            def again(day: str, kept: Any) -> Issued:
                ticket = ticket_from_json(m, kept["ticket"])
                return Issued(ticket, m.code_of(day, ticket.id), kept["print_job"])

            asked = ("issue", service, people, priority, print, *more)
            issued, new = once(m, actor, key, asked, do, _issued_as_json, again)
        if new:
            log.info("%s issued by %s", issued.ticket.number, actor.who)
        return issued

    def tickets_of(self, resident: Resident) -> dict[str, Ticket]:
        """The live tickets this person has today, by service; known by the ID number."""
        with self.ledger.look() as m:
            return {ticket.service: ticket for ticket in issuing.of_person(m, resident)}

    def missed_of(self, resident: Resident) -> dict[str, Ticket]:
        """The tickets of today to which this person did not come, by service, the last one of each."""
        with self.ledger.look() as m:
            return {ticket.service: ticket for ticket in issuing.missed_of_person(m, resident)}

    def ticket_of_number(self, number: str) -> Ticket:
        """Today's ticket of this number, in capitals or not; raises ``unknown_number``."""
        with self.ledger.look() as m:
            return m.ticket(m.row_of_number(number))

    def used_up(self, resident: Resident) -> frozenset[str]:
        """The services for which this person gets no more tickets today."""
        with self.ledger.look() as m:
            return issuing.used_up(m, resident)

    def ticket(self, ticket_id: int) -> Ticket:
        """A ticket as it stands now; raises ``unknown_ticket``."""
        with self.ledger.look() as m:
            return m.ticket(m.row_of(ticket_id))

    # At a window

    def call_next(self, window: str, actor: Actor, key: str | None = None) -> Called | None:
        """Call the waiting ticket with the smallest rank among the window's services; None when nobody waits.

        A closed window is opened by it.

        Raises:
            UnknownError: ``unknown_window``.
            ClosedError: ``window_paused``.
            StateError: ``window_busy`` (``number``, ``state``): a ticket is at the window; ``idempotency_key_reused``.
        """
        asked = ("call next", window)
        return self._call(window, actor, key, asked, lambda m: calling.call_next(m, window, actor), "called")

    def call_number(
        self, window: str, number: str, actor: Actor, reason: str | None = None, key: str | None = None
    ) -> Called:
        """Call this very number out of turn, from where it waits, is held, or was missed; it goes into the access log.

        A closed window is opened by it.

        Args:
            window: where to.
            number: of today's tickets, in capitals or not.
            actor: who calls.
            reason: why, for the access log; nothing personal.
            key: an idempotency key.

        Raises:
            UnknownError: ``unknown_window``; ``unknown_number``.
            ClosedError: ``window_paused``.
            StateError: ``window_busy``; ``window_taken``; ``wrong_state`` (``number``, ``state``); ``not_served_there``
                (``number``, ``service``, ``window``); ``already_waiting``: who was missed has taken another number;
                ``idempotency_key_reused``.
        """
        asked, how = ("call number", window, number, reason), "called by number"
        return self._call(
            window, actor, key, asked, lambda m: calling.call_number(m, window, number, actor, reason), how
        )

    def recall(self, window: str, actor: Actor) -> Ticket:
        """Call once more who was called; raises ``nobody_here``, ``wrong_state`` (``state``, ``verb``)."""
        with self.ledger.verb() as m:
            ticket = calling.recall(m, window, actor)
        return self._note(ticket, "recalled", window, actor)

    def start(self, window: str, actor: Actor) -> Ticket:
        """Who was called is here; raises ``nobody_here``, ``wrong_state``."""
        with self.ledger.verb() as m:
            ticket = calling.start(m, calling.here(m, window, actor))
        return self._note(ticket, "started", window, actor)

    def finish(self, window: str, actor: Actor, outcome: str = "done") -> Ticket:
        """The ticket of :meth:`conclude`, with nothing promised and nothing printed."""
        return self.conclude(window, actor, outcome).ticket

    def conclude(
        self,
        window: str,
        actor: Actor,
        outcome: str = "done",
        promise_days: int | None = None,
        further: Sequence[Further] = (),
        *,
        print: bool = False,  # noqa: A002 - the field's word, as in the API
    ) -> Finished:
        """The case at the window is over, or goes on behind it; of a ticket that was only called, too.

        Args:
            window: where.
            actor: who says so.
            outcome: one of ``cases.OUTCOMES``, as an id or in Chinese, or the hall's own word of a–z and ``_``.
            promise_days: working days until a promised case is done; None for the service's or the hall's.
            further: other matters that were settled on the same ticket.
            print: whether this box prints the receipts of cases that go on.

        Raises:
            UnknownError: ``unknown_service`` of a further case.
            StateError: ``nobody_here``; ``bad_outcome``: not 1 to 32 of a–z and ``_``.
        """
        with self.ledger.verb() as m:
            finished = calling.finish(m, window, actor, outcome, promise_days, further, printed=print)
        self._note(finished.ticket, "finished", window, actor)
        return finished

    def no_show(self, window: str, actor: Actor) -> Ticket:
        """Who was called did not come; raises ``nobody_here``, ``wrong_state``."""
        with self.ledger.verb() as m:
            ticket = calling.no_show(m, window, actor)
        return self._note(ticket, "missed", window, actor)

    def transfer(self, window: str, service: str | None, actor: Actor, to_window: str | None = None) -> Ticket:
        """Have the ticket at the window wait again, where it keeps its number and its rank.

        Args:
            window: where it is.
            service: for which it waits from now on; None for the one it is for.
            actor: who says so.
            to_window: the only window that may call it in its turn; None for all that serve the service.

        Raises:
            UnknownError: ``unknown_service``, ``unknown_window``.
            ClosedError: ``service_removed``.
            StateError: ``nobody_here``; ``window_taken``; ``already_waiting``: this person has a live ticket for that
                service; ``not_served_there`` (``number``, ``service``, ``window``).
        """
        with self.ledger.verb() as m:
            ticket = calling.transfer(m, window, actor, service, to_window)
        return self._note(ticket, "transferred", window, actor)

    def hold(self, window: str, actor: Actor, reason: str | None = None, back_at: datetime | None = None) -> Ticket:
        """Have the ticket at the window step aside for a while: nobody calls it, and the window is free.

        Args:
            window: where it is.
            actor: who says so.
            reason: at most 60 characters, nothing personal; forgotten when it comes back, or with the day.
            back_at: when it waits again by itself; None for when somebody says so.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``nobody_here``; ``window_taken``; ``bad_reason``; ``bad_back_at``: not later today.
        """
        with self.ledger.verb() as m:
            ticket = holding.hold(m, calling.here(m, window, actor), reason, back_at)
        return self._note(ticket, "held", window, actor)

    def undo(self, window: str, actor: Actor) -> Ticket:
        """Take back the finish or the no-show that was the last thing at the window, up to a minute ago.

        A stop of a chain, too, as long as nothing has become of its ticket since.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``nothing_to_undo``; ``window_busy``; ``window_taken``; ``already_rated``; ``already_waiting``:
                this person has taken another number for the service meanwhile.
        """
        with self.ledger.verb() as m:
            ticket = undoing.undo(m, window, actor)
        return self._note(ticket, "undone", window, actor)

    # Out of the line and back

    def hold_ticket(
        self, ticket_id: int, actor: Actor, reason: str | None = None, back_at: datetime | None = None
    ) -> Ticket:
        """Have a waiting ticket step aside, as :meth:`hold`; one that is at a window, too.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``wrong_state``, ``bad_reason``, ``bad_back_at``.
        """
        with self.ledger.verb() as m:
            ticket = holding.hold(m, holding.todays(m, ticket_id), reason, back_at)
        return self._noted(ticket, "held", actor)

    def return_ticket(self, ticket_id: int, actor: Actor) -> Ticket:
        """Have a held ticket wait again in its old place, a missed one behind the next few, and not too often.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``wrong_state``; ``already_waiting``: this person has taken another number meanwhile.
            LimitError: ``missed_too_often`` (``number``, ``misses``).
        """
        with self.ledger.verb() as m:
            ticket = holding.come_back(m, holding.todays(m, ticket_id))
        return self._noted(ticket, "returned", actor)

    def return_by_code(self, code_text: str) -> Ticket:
        """The same by whoever holds the ticket; raises ``unknown_code``, and what :meth:`return_ticket` does."""
        with self.ledger.verb() as m:
            ticket = holding.come_back(m, m.row_of_code(code_text))
        return self._noted(ticket, "returned", PHONE)

    def return_number(self, window: str, number: str, actor: Actor) -> Ticket:
        """The same by a clerk to whom somebody came; raises ``unknown_number``, and what :meth:`return_ticket` does."""
        with self.ledger.verb() as m:
            windows.seat(m, window, actor)
            ticket = holding.come_back(m, m.row_of_number(number))
        return self._note(ticket, "returned", window, actor)

    def give_class(self, ticket_id: int, class_id: str, reason: str, actor: Actor) -> Ticket:
        """Give a ticket that waits or is held another class; the reason goes into the access log.

        Raises:
            UnknownError: ``unknown_ticket``, ``unknown_priority``.
            StateError: ``wrong_state``.
        """
        with self.ledger.verb() as m:
            ticket = priorities.give_class(m, holding.todays(m, ticket_id), class_id, reason, actor)
        return self._noted(ticket, "given another class", actor)

    def bring_back(self) -> int:
        """Have those held tickets wait again whose time has come; how many there were. For a timer."""
        with self.ledger.look() as m:
            if not holding.due(m):
                return 0
        with self.ledger.verb() as m:
            back = [holding.come_back(m, row) for row in holding.due(m)]
        return len(back)

    def cancel(self, ticket_id: int, actor: Actor) -> Ticket:
        """Nobody comes for this ticket any more: it waited, was held or missed.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``wrong_state``.
        """
        with self.ledger.verb() as m:
            ticket = holding.cancel(m, holding.todays(m, ticket_id))
        return self._noted(ticket, "cancelled", actor)

    def cancel_by_code(self, code_text: str) -> Ticket:
        """The same by whoever holds the ticket; raises ``unknown_code``, ``wrong_state``."""
        with self.ledger.verb() as m:
            ticket = holding.cancel(m, m.row_of_code(code_text))
        return self._noted(ticket, "cancelled", PHONE)

    # Windows

    def open_window(self, window: str, actor: Actor, take_over: bool = False) -> Window:
        """The window works now, and a person who opens it sits there.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``window_taken`` (``window``, ``clerk``, ``since``): another person sits there, and this is no
                ``take_over``, which goes into the access log.
        """
        with self.ledger.verb() as m:
            changed = windows.put_state(m, windows.at_work(m, window, actor, take_over=take_over), "open")
        log.info("window %s opened by %s", window, actor.who)
        return changed

    def pause_window(self, window: str, actor: Actor, text: str = "", text_en: str = "") -> Window:
        """Nobody is called for now; who is at the window is still served. Its strip says ``text``, if there is any."""
        with self.ledger.verb() as m:
            changed = windows.put_state(m, windows.at_work(m, window, actor), "paused", text.strip(), text_en.strip())
        log.info("window %s paused by %s", window, actor.who)
        return changed

    def close_window(self, window: str, actor: Actor) -> Window:
        """The window's work is over, and nobody sits there; who waited for it alone waits for the service again.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``window_busy`` while a ticket is there; ``window_taken``.
        """
        with self.ledger.verb() as m:
            changed = windows.close(m, windows.at_work(m, window, actor))
        log.info("window %s closed by %s", window, actor.who)
        return changed

    def leave(self, actor: Actor) -> int:
        """Have a person who logs out sit at no window any more, except where a ticket is; how many they left."""
        with self.ledger.look() as m:
            if not windows.sits(m, actor):
                return 0
        with self.ledger.verb() as m:
            return windows.leave(m, actor)

    # Residents' data

    def scan(self, window: str, code_text: str, actor: Actor, override_reason: str | None = None) -> Scanned:
        """A ticket was scanned at the window it was called to: start serving it, and open its resident's data.

        One that is held by this window is called here again first. With ``override_reason`` so is, out of turn, one
        that waits, was missed, is held or was called elsewhere; the reason goes into the access log. Scanned again,
        the data are given again, with another entry in that log.

        Args:
            window: where.
            code_text: what the scanner read.
            actor: who looks.
            override_reason: why this window takes a ticket that is not its own; nothing personal.

        Raises:
            UnknownError: ``unknown_window``; ``unknown_code``: no code of today.
            StateError: ``not_called`` (``number``, ``state``), ``ticket_over`` (``number``, ``state``),
                ``window_busy`` when another ticket is here, ``window_taken``, ``erased``.
            ForbiddenError: ``wrong_window`` (``number``, ``window``).
        """
        with self.ledger.verb() as m:
            scanned = scanning.scan(m, window, code_text, actor, override_reason)
        self._note(scanned.ticket, "scanned", window, actor)
        return scanned

    def holders_at(self, window: str, actor: Actor) -> Holders | None:
        """The data of the resident now being served, and of an agent; None for a ticket without any; logged.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``nobody_here``; ``wrong_state``: called, and not yet being served.
        """
        with self.ledger.verb() as m:
            return scanning.holders_at(m, window, actor)

    def resident_at(self, window: str, actor: Actor) -> Resident | None:
        """The resident of :meth:`holders_at`: whose business it is, whoever came for them."""
        holders = self.holders_at(window, actor)
        return holders.resident if holders else None

    # Views

    def hall(self) -> HallView:
        """All services with how many wait and how long, and all windows."""
        with self.ledger.look() as m:
            return views.hall(m, self.forecasts)

    def board(self) -> Board:
        """What screens show, and after which event."""
        with self.ledger.look() as m:
            return views.board(m)

    def window_view(self, window: str) -> WindowView:
        """What a window's clerk sees; raises ``unknown_window``."""
        with self.ledger.look() as m:
            return views.window(m, window)

    def away(self, window: str) -> list[Ticket]:
        """Today's tickets that a window may call back, held or missed; raises ``unknown_window``."""
        with self.ledger.look() as m:
            return [m.ticket(row) for row in recallable.away(m, m.window(window))]

    def undoable(self, window: str) -> Undoable | None:
        """What :meth:`undo` would take back at a window now."""
        with self.ledger.look() as m:
            return recallable.undoable(m, window)

    def ticket_of_code(self, code_text: str) -> TicketView:
        """What the holder of a ticket sees; raises ``unknown_code``."""
        with self.ledger.look() as m:
            return views.ticket(m, code_text, self.forecasts)

    def why_before(self, code_text: str, number: str) -> Why:
        """Why ``number`` is called before the ticket with this code; raises ``unknown_code``, ``unknown_number``."""
        with self.ledger.look() as m:
            return why_before.why_before(m, code_text, number)

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """At most ``limit`` events with a number above ``seq``, oldest first."""
        with self.ledger.look() as m:
            return views.events_after(m, seq, limit)

    def day_counts(self) -> DayCounts:
        """Today's tickets by state and slips by how printing stands, for those who watch over the box."""
        with self.ledger.look() as m:
            return views.day_counts(m)

    def last_seq(self) -> int:
        """Number of the newest event, 0 when there is none."""
        with self.ledger.look() as m:
            return m.last_seq()

    # Slips

    def print_jobs(self, limit: int) -> list[PrintJob]:
        """This box's slips still to be printed, oldest first, each with all that it shows as things stand now."""
        with self.ledger.look() as m:
            return print_jobs.pending(m, limit, partial(views.expected_wait, m, self.forecasts))

    def withdraw_print_jobs(self) -> int:
        """End this box's pending slips of tickets that are over, as ``failed``; how many there were."""
        with self.ledger.look() as m:
            if not print_jobs.over(m):
                return 0
        with self.ledger.verb() as m:
            jobs = print_jobs.over(m)
            for job in jobs:
                print_jobs.ended(m, job, "failed", "ticket_over")
        return len(jobs)

    def print_sending(self, job: int) -> None:
        """The first byte is about to be sent: kept durably, so that a crash never leads to an unmarked second slip."""
        with self.ledger.verb() as m:
            print_jobs.sending(m, job)

    def print_ended(self, job: int, state: Ended, reason: str | None) -> None:
        """A slip was printed, perhaps printed (``unconfirmed``), or not begun (``failed``), for a ``reason``'s code."""
        with self.ledger.verb() as m:
            print_jobs.ended(m, job, state, reason)

    def reprint(self, ticket_id: int, actor: Actor) -> PrintJob:
        """Print a slip again on this box, marked as a copy unless every earlier one failed with no byte sent.

        A slip that still waits to be printed here is not doubled: its job is returned.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``ticket_over`` (``number``, ``state``), ``other_day`` (``number``, ``day``).
        """
        with self.ledger.verb() as m:
            job = print_jobs.reprint(m, ticket_id)
        log.info("%s printed again by %s", job.ticket.number, actor.who)
        return job

    def recover(self) -> bool:
        """At the start: slips this box was sending when it stopped may have come out, and are in doubt from now on.

        Returns:
            Whether a half slip may still be in the printer: the last one that was sent is in doubt.
        """
        with self.ledger.verb() as m:
            print_jobs.recover(m)
            return print_jobs.last_in_doubt(m)

    # Days

    def end_of_day(self) -> None:
        """End the hall days before today: what waited expires, what was at a window is finished, windows close.

        Every other verb does this by itself before anything else on a new day; a timer keeps the screens right. The
        only service of a store also takes back what a command beside it, which believed a wrong clock, ended.
        """
        with self.ledger.verb() as m:
            if not self.ledger.store.shared:
                closing.begin(m)

    def purge(self, before: date) -> int:
        """Erase residents' data and kept answers of the hall days before ``before``, never of today, for good.

        With them goes whose the cases were whose own retention is over.

        Returns:
            How many days had something to erase.

        Raises:
            StoreError: ``store_busy``: the keys are erased, and what is left of them in the write-ahead log is not
                yet; the next call sees to it.
        """
        with self.ledger.verb() as m:
            erased = closing.erase(m, before)
            forgotten = 0
            if m.day != self._forgot_on:
                forgotten = cases.forget(m, date.fromisoformat(m.day) - timedelta(days=m.rules.cases_days))
            self._to_cut = self._to_cut or erased + forgotten > 0
        self._forgot_on = m.day
        if self._to_cut:
            self.ledger.store.checkpoint()
            self._to_cut = False
        return erased

    # How

    def _call(
        self,
        window: str,
        actor: Actor,
        key: str | None,
        asked: tuple[Any, ...],
        call: Callable[[Moment], _Called],
        how: str,
    ) -> _Called:
        def again(_day: str, kept: Any) -> Any:
            return kept and Called(ticket_from_json(m, kept["ticket"]), Why(*kept["why"]))

        called: _Called
        with self.ledger.verb() as m:
            called, new = once(m, actor, key, asked, lambda: call(m), _called_as_json, again)
        if isinstance(called, Called) and new:
            self._note(called.ticket, how, window, actor)
        return called

    def _note(self, ticket: Ticket, what: str, window: str, actor: Actor) -> Ticket:
        log.info("%s %s at window %s by %s", ticket.number, what, window, actor.who)
        return ticket

    def _noted(self, ticket: Ticket, what: str, actor: Actor) -> Ticket:
        log.info("%s %s by %s", ticket.number, what, actor.who)
        return ticket


def _issued_as_json(issued: Issued) -> Any:
    return {"ticket": ticket_as_json(issued.ticket), "print_job": issued.print_job}


def _called_as_json(called: Called | None) -> Any:
    return called and {"ticket": ticket_as_json(called.ticket), "why": [called.why.zh, called.why.en]}
