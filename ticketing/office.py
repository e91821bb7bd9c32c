"""The verbs of the queue. Each is one transaction: all of it is kept durably, with its events, or nothing is."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

from ticketing import policy
from ticketing.cases import cases
from ticketing.day import closing, closing_slips, print_jobs, serving, windows
from ticketing.day.idempotency import once, ticket_as_json, ticket_from_json
from ticketing.day.ledger import Ledger
from ticketing.day.print_jobs import PrintJob
from ticketing.day.transaction import Transaction
from ticketing.line import (
    calling,
    holding,
    identifying,
    issuing,
    priorities,
    recallable,
    resident_screen,
    scanning,
    undoing,
    views,
)
from ticketing.line.calling import Called
from ticketing.line.forecasts import Forecasts
from ticketing.line.issuing import Issued
from ticketing.line.scanning import Scanned
from ticketing.line.views import Board, HallView, ServiceView, TicketView
from ticketing.line.waiting_counts import WaitingCounts
from ticketing.line.why_before import why_before
from ticketing.model import HALL as HALL
from ticketing.model import Actor, Resident, Service, Ticket, TicketingError, Window
from ticketing.policy import PriorityClass, Rules, Why
from ticketing.privacy import access_log
from ticketing.privacy.vault import Vault
from ticketing.setup import setup
from ticketing.store.base import Store

__all__ = ["Board", "Called", "Issued", "Office", "PrintJob", "ServiceView"]

log = logging.getLogger(__name__)

PHONE = Actor("phone", "kiosk")
"""A resident who looks a ticket up by its code."""


class _OfTicket(Protocol):
    @property
    def ticket(self) -> Ticket: ...


_P = ParamSpec("_P")
_R = TypeVar("_R")
_Done = TypeVar("_Done", bound=Ticket | _OfTicket)
_Called = TypeVar("_Called", bound=Called | None)


def _in(
    begin: Callable[[Ledger], AbstractContextManager[Transaction]], do: Callable[Concatenate[Transaction, _P], _R]
) -> "Callable[Concatenate[Office, _P], _R]":
    """The method of :class:`Office` that calls ``do`` in a transaction that ``begin`` opens."""

    @wraps(do)
    def method(self: "Office", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with begin(self.ledger) as m:
            return do(m, *args, **kwargs)

    return method


def _at_window(
    what: str, do: Callable[Concatenate[Transaction, str, Actor, _P], _Done]
) -> "Callable[Concatenate[Office, str, Actor, _P], _Done]":
    """The method of :class:`Office` that does a verb at a window, and logs as ``what`` it was done."""

    @wraps(do)
    def method(self: "Office", window: str, actor: Actor, /, *args: _P.args, **kwargs: _P.kwargs) -> _Done:
        return self._at(window, what, actor, lambda m: do(m, window, actor, *args, **kwargs))

    return method


class Office:
    """The verbs and views of the queue. Safe to use from any thread.

    A verb that is refused raises a :class:`~ticketing.model.TicketingError` and has changed nothing;
    :class:`~ticketing.model.StoreError` when the store refused it. Every verb at a window raises ``unknown_window``,
    and ``window_taken`` when another person sits there.

    The arguments are those of :class:`~ticketing.day.ledger.Ledger`; ``ledger`` is one that is made of them already.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        rules: Rules,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        box: str = "box",
        *,
        ledger: Ledger | None = None,
    ) -> None:
        self.ledger = ledger or Ledger(store, vault, rules, zone, clock, box, serves=True)
        self.forecasts = Forecasts()
        self._counts = WaitingCounts()
        # The day on which old cases were last looked through; once a day is enough.
        self._forgot_on = ""
        # Erased data stay in the write-ahead log until that is truncated, which an earlier run may have missed.
        self._to_cut = True
        # The same for a whole day, and asked for by each stream that begins.
        self._before_today = ("", 0)

    # Verbs and views that are one function in one transaction: the function has the docstring.

    windows = _in(Ledger.look, Transaction.windows)
    tickets_of = _in(Ledger.look, issuing.tickets_of)
    used_up = _in(Ledger.look, issuing.used_up)
    board = _in(Ledger.look, views.board)
    window_view = _in(Ledger.look, views.window)
    away = _in(Ledger.look, recallable.away)
    undoable = _in(Ledger.look, recallable.undoable)
    why_before = _in(Ledger.look, why_before)
    events_after = _in(Ledger.look, views.events_after)
    day_counts = _in(Ledger.look, views.day_counts)
    last_seq = _in(Ledger.look, Transaction.last_seq)
    holders_at = _in(Ledger.verb, scanning.holders_at)
    closing_slips = _in(Ledger.look, closing_slips.pending)
    print_sending = _in(Ledger.verb, print_jobs.sending)
    print_ended = _in(Ledger.verb, print_jobs.ended)
    recover = _in(Ledger.verb, print_jobs.recover)
    recall = _at_window("recalled", calling.recall)
    start = _at_window("started", calling.start)
    conclude = _at_window("finished", calling.finish)
    no_show = _at_window("missed", calling.no_show)
    undo = _at_window("undone", undoing.undo)

    # Services, windows, classes

    def seed(self, services: Sequence[Service], windows: Sequence[Window]) -> None:
        """Set up services and windows, in this order, unless the store has any."""
        with self.ledger.verb() as m:
            setup.seed(m, setup.HallSetup(tuple(services), tuple(windows)))

    def services(self) -> list[Service]:
        """All services, in the hall's order, without the removed ones."""
        with self.ledger.look() as m:
            return [one for one in m.services() if not one.removed]

    def class_of(self, resident: Resident | None) -> PriorityClass:
        """The priority class of a ticket that is issued to ``resident`` now."""
        return policy.class_for(resident, self.ledger.now().date(), self.ledger.rules)

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
        matters: Sequence[str] = (),
        priority_reason: str | None = None,
    ) -> Issued:
        """Issue the next number for ``service``.

        Args:
            service: its id.
            actor: who issues it.
            resident: the ticket's resident; their data are sealed, and unreadable once the day is erased.
            agent: who takes the ticket for them (代办), sealed with them. The agent's age then earns the class.
            priority: a class given by staff; None for the class that the age earns.
            print: whether this box prints a slip.
            key: an idempotency key: the same request with the same key gives the same answer.
            chain: services it goes on to with the same number (多窗联办); None for the service's own chain.
            matters: ids of the matters it is for, of this service or of its chain.
            priority_reason: why that class was given, for the audit log; no personal data.

        Raises:
            UnknownError: ``unknown_service``, ``unknown_priority``, ``unknown_matter`` (``matter``).
            ClosedError: ``service_removed``; ``service_closed`` (``opens_at``).
            StateError: ``already_waiting`` (``number``, ``ticket_id``, ``state``): this person's live ticket for it;
                ``proxy_needs_both``, ``proxy_for_oneself``: an agent and a resident have ID numbers, two different
                ones; ``too_early`` (``opens_at``), ``too_late`` (``time``) for an appointment;
                ``matter_elsewhere`` (``matter``, ``service``): it is called from another queue;
                ``idempotency_key_reused``; ``card_needed``: for a number typed at a kiosk, instead of
                ``already_waiting``.
            LimitError: ``quota_reached`` (``opens_at``), ``person_limit`` (``most``), ``not_today`` (``closes_at``).
        """
        asked: tuple[Any, ...] = ()
        if key is not None:
            # Without an agent in the form of old versions, so that answers kept by them still match.
            people = [one.as_json() for one in (resident, agent) if one] if agent else resident and resident.as_json()
            more: list[Any] = [] if chain is None else [list(chain)]
            more += [priority_reason] if priority_reason else []
            more += [{"matters": list(matters)}] if matters else []
            asked = ("issue", service, people, priority, print, *more)
        with self.ledger.verb() as m:

            def do() -> Issued:
                issued = issuing.issue(
                    m,
                    self._counts,
                    service,
                    resident,
                    priority,
                    printed=print,
                    agent=agent,
                    chain=chain,
                    matters=matters,
                    reached=views.reached(m, self.forecasts),
                    # Whoever types a number at a kiosk is told nothing of whose it is.
                    told=not (resident and resident.kind == "typed" and actor.role == "kiosk"),
                )
                if priority is not None:
                    priorities.record(m, issued.ticket.id, priority, priority_reason, actor)
                return issued

            def again(kept: Any) -> Issued:
                ticket, job = ticket_from_json(m, kept["ticket"]), kept["print_job"]
                if job is not None:
                    job = print_jobs.print_kept(m, ticket.id, job, kept["code"])
                return Issued(ticket, kept["code"], job)

            issued, new = once(m, actor, key, asked, do, _issued_as_json, again)
        return _logged(issued, "issued", actor) if new else issued

    def ticket_of_number(self, number: str) -> Ticket:
        """Today's ticket of this number, upper or lower case; raises ``unknown_number``."""
        with self.ledger.look() as m:
            return m.ticket(m.row_of_number(number))

    def ticket(self, ticket_id: int) -> Ticket:
        """A ticket as it is now; raises ``unknown_ticket``."""
        with self.ledger.look() as m:
            return m.ticket(m.row_of(ticket_id))

    # At a window

    def call_next(self, window: str, actor: Actor, key: str | None = None) -> Called | None:
        """Call the waiting ticket with the smallest rank among the window's services; None when none waits.

        A closed window is opened by the call. ``key`` is an idempotency key.

        Raises:
            ClosedError: ``window_paused``.
            StateError: ``window_busy`` (``number``, ``state``): a ticket is at the window; ``idempotency_key_reused``.
        """
        asked = ("call next", window)
        return self._call(window, actor, key, asked, "called", lambda m: calling.call_next(m, window, actor))

    def call_number(
        self, window: str, number: str, actor: Actor, reason: str | None = None, key: str | None = None
    ) -> Called:
        """Call a ticket of today by its number, out of turn: one that waits, is held, or was missed.

        A closed window is opened by the call. The audit log records it with the ``reason``, which holds no personal
        data. ``key`` is an idempotency key.

        Raises:
            UnknownError: ``unknown_number``.
            ClosedError: ``window_paused``.
            StateError: ``window_busy``; ``wrong_state`` (``number``, ``state``); ``not_served_there``
                (``number``, ``service``, ``window``); ``already_waiting``: the resident has taken another number;
                ``idempotency_key_reused``.
        """
        asked = ("call number", window, number, reason)
        return self._call(
            window,
            actor,
            key,
            asked,
            "called by number",
            lambda m: calling.call_number(m, window, number, actor, reason),
        )

    def finish(self, window: str, actor: Actor, outcome: str = "done") -> Ticket:
        """Finish the ticket at the window without further cases or receipts; see :meth:`conclude`."""
        return self.conclude(window, actor, outcome).ticket

    def transfer(self, window: str, service: str | None, actor: Actor, to_window: str | None = None) -> Ticket:
        """Have the ticket at the window wait again; it keeps its number and its rank.

        ``service`` is the one it waits for from now on, None for its present one; ``to_window`` the only window that
        may call it in its turn, None for all that serve the service.

        Raises:
            UnknownError: ``unknown_service``, ``unknown_window``.
            ClosedError: ``service_removed``.
            StateError: ``nobody_here``; ``already_waiting``: this person has a live ticket for that service;
                ``not_served_there`` (``number``, ``service``, ``window``).
        """
        return self._at(window, "transferred", actor, lambda m: calling.transfer(m, window, actor, service, to_window))

    def hold(self, window: str, actor: Actor, reason: str | None = None, back_at: datetime | None = None) -> Ticket:
        """Put the ticket at the window on hold: it is not called, and the window is free.

        ``reason`` has at most 60 characters and no personal data; it is deleted when the ticket returns, or with the
        day. At ``back_at`` it waits again by itself; None for only when it is called back.

        Raises:
            StateError: ``nobody_here``; ``bad_reason``; ``bad_back_at``: not later today.
        """
        return self._at(
            window, "held", actor, lambda m: holding.hold(m, windows.ticket_at(m, window, actor), reason, back_at)
        )

    # Hold, return, cancel

    def hold_ticket(
        self, ticket_id: int, actor: Actor, reason: str | None = None, back_at: datetime | None = None
    ) -> Ticket:
        """Put a ticket on hold, as :meth:`hold` does; one that waits or is at a window.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``wrong_state``, ``bad_reason``, ``bad_back_at``.
        """
        return self._do("held", actor, lambda m: holding.hold(m, holding.todays(m, ticket_id), reason, back_at))

    def return_ticket(self, ticket_id: int, actor: Actor) -> Ticket:
        """Have a held ticket wait again in its old place, or a missed one behind the next few, and not too often.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``wrong_state``; ``already_waiting``: this person has taken another number meanwhile.
            LimitError: ``missed_too_often`` (``number``, ``misses``).
        """
        return self._do("returned", actor, lambda m: holding.come_back(m, holding.todays(m, ticket_id)))

    def return_by_code(self, code_text: str) -> Ticket:
        """Return a ticket by its code; raises ``unknown_code``, and what :meth:`return_ticket` does."""
        return self._do("returned", PHONE, lambda m: holding.come_back(m, m.row_of_code(code_text)))

    def return_number(self, window: str, number: str, actor: Actor) -> Ticket:
        """Return a ticket by its number, at a window; raises ``unknown_number`` and as :meth:`return_ticket` does."""

        def do(m: Transaction) -> Ticket:
            windows.seat(m, window, actor)
            return holding.come_back(m, m.row_of_number(number))

        return self._at(window, "returned", actor, do)

    def give_class(self, ticket_id: int, class_id: str, reason: str, actor: Actor) -> Ticket:
        """Give a waiting or held ticket another priority class; the reason goes into the audit log.

        Raises:
            UnknownError: ``unknown_ticket``, ``unknown_priority``.
            StateError: ``wrong_state``.
        """

        def do(m: Transaction) -> Ticket:
            return priorities.give_class(m, holding.todays(m, ticket_id), class_id, reason, actor)

        return self._do("given another class", actor, do)

    def put_away(self) -> int:
        """Put away the data of services that have been open for too long; how many there were. For a timer."""
        with self.ledger.look() as m:
            if not serving.overdue(m):
                return 0
        with self.ledger.verb() as m:
            return serving.forget_overdue(m)

    def bring_back(self) -> int:
        """Return the held tickets whose time has come; how many there were. For a timer."""
        with self.ledger.look() as m:
            if not holding.due(m):
                return 0
        with self.ledger.verb() as m:
            return len([holding.come_back(m, row) for row in holding.due(m)])

    def cancel(self, ticket_id: int, actor: Actor) -> Ticket:
        """Cancel a ticket that waits, is held or was missed; raises ``unknown_ticket``, ``wrong_state``."""
        return self._do("cancelled", actor, lambda m: holding.cancel(m, holding.todays(m, ticket_id)))

    def cancel_by_code(self, code_text: str) -> Ticket:
        """Cancel a ticket by its code; raises ``unknown_code``, ``wrong_state``."""
        return self._do("cancelled", PHONE, lambda m: holding.cancel(m, m.row_of_code(code_text)))

    # Windows

    def open_window(self, window: str, actor: Actor, take_over: bool = False) -> Window:
        """Open a window; a person who opens it sits there.

        Raises:
            StateError: ``window_taken`` (``window``, ``clerk``, ``since``): another person sits there, and
                ``take_over`` is false. A take-over goes into the audit log.
        """
        with self.ledger.verb() as m:
            changed = windows.put_state(m, windows.at_work(m, window, actor, take_over=take_over), "open")
        log.info("window %s opened by %s", window, actor.who, extra={"window": window})
        return changed

    def pause_window(self, window: str, actor: Actor, text: str = "", text_en: str = "") -> Window:
        """Pause calls to a window; the ticket there is still served. Its LED strip shows ``text``, if given."""
        with self.ledger.verb() as m:
            changed = windows.put_state(m, windows.at_work(m, window, actor), "paused", text.strip(), text_en.strip())
            resident_screen.take_back(m, window)
        log.info("window %s paused by %s", window, actor.who, extra={"window": window})
        return changed

    def close_window(self, window: str, actor: Actor) -> Window:
        """Close a window: its clerk leaves, tickets for it alone wait for their services; raises ``window_busy``."""
        with self.ledger.verb() as m:
            changed = windows.close(m, windows.at_work(m, window, actor))
        log.info("window %s closed by %s", window, actor.who, extra={"window": window})
        return changed

    def leave(self, actor: Actor) -> int:
        """Have a person who logs out leave their windows, except where a ticket is; how many they left."""
        with self.ledger.look() as m:
            if not windows.sits(m, actor):
                return 0
        with self.ledger.verb() as m:
            return windows.leave(m, actor)

    # Residents' data

    def scan(self, window: str, code_text: str, actor: Actor, override_reason: str | None = None) -> Scanned:
        """Start serving the ticket that was scanned at the window it was called to, and open its resident's data.

        A ticket that this window holds is called here again first. With ``override_reason``, so is one that waits,
        was missed, is held elsewhere or was called elsewhere; the reason goes into the audit log and holds no
        personal data. A second scan gives the data again, with another entry in that log; so has one that is refused
        because the ticket is not here.

        Raises:
            UnknownError: ``unknown_code``: no code of today.
            StateError: ``not_called`` (``number``, ``state``), ``ticket_over`` (``number``, ``state``),
                ``window_busy`` when another ticket is here, ``erased``; ``application_receipt``: it is opened with the
                applications.
            ForbiddenError: ``wrong_window`` (``number``, ``window``).
        """
        with self.ledger.verb() as m:
            scanned = scanning.scan(m, window, code_text, actor, override_reason)
        # Raised here: the entry in the audit log is kept.
        if isinstance(scanned, TicketingError):
            raise scanned
        return _logged(scanned, f"scanned at window {window}", actor)

    def identify(self, window: str, card: Resident, actor: Actor) -> Scanned:
        """Know the resident at a window by the card laid there, as :meth:`scan` does by the slip.

        Their ticket is the one called to the window, being served there, or held by it. A ticket that was issued
        without a card gets the card's data. Card and refusal are entries in the audit log.

        Raises:
            UnknownError: ``card_no_ticket``: this person has no ticket today.
            StateError: ``card_not_called`` (``number``, ``state``), ``card_no_number``, ``window_busy``, ``erased``.
            ForbiddenError: ``wrong_window`` (``number``, ``window``).
        """
        with self.ledger.verb() as m:
            known = identifying.identify(m, window, card, actor)
        # Raised here: the entry in the audit log is kept.
        if isinstance(known, TicketingError):
            raise known
        return _logged(known, f"known by card at window {window}", actor)

    # Views

    def hall(self) -> HallView:
        """All services with waiting tickets and expected waits, and all windows."""
        with self.ledger.look() as m:
            return views.hall(m, self.forecasts)

    def ticket_of_code(self, code_text: str) -> TicketView:
        """What the resident with this ticket sees; raises ``unknown_code``."""
        with self.ledger.look() as m:
            return views.ticket(m, code_text, self.forecasts)

    def last_seq_before_today(self) -> int:
        """Number of the newest event of the days before this hall day, 0 when there is none."""
        with self.ledger.look() as m:
            if self._before_today[0] != m.day:
                self._before_today = m.day, views.last_seq_before_today(m)
            return self._before_today[1]

    # Slips

    def print_jobs(self, limit: int) -> list[PrintJob]:
        """This box's slips still to be printed, oldest first, each with all that it shows as things stand now."""
        with self.ledger.look() as m:
            return print_jobs.pending(m, limit, partial(views.expected_wait, m, self.forecasts))

    def withdraw_print_jobs(self) -> int:
        """End this box's pending print jobs of tickets that are over, as ``failed``; how many there were."""
        with self.ledger.look() as m:
            if not print_jobs.over(m):
                return 0
        with self.ledger.verb() as m:
            jobs = print_jobs.over(m)
            for job in jobs:
                print_jobs.ended(m, job, "failed", "ticket_over")
        return len(jobs)

    def reprint(self, ticket_id: int, actor: Actor) -> PrintJob:
        """Print a slip again on this box, marked as a copy unless every earlier one failed with no byte sent.

        Its code opens the place in the queue, not the resident's data. A job that still waits here is returned instead
        of a second one. It is an entry in the audit log.

        Raises:
            UnknownError: ``unknown_ticket``.
            StateError: ``ticket_over`` (``number``, ``state``), ``other_day`` (``number``, ``day``).
        """

        def do(m: Transaction) -> PrintJob:
            job = print_jobs.reprint(m, ticket_id)
            access_log.append_if_whole(m.conn, m.vault, m.now, actor, "reprint", None, ticket_id=ticket_id)
            return job

        return self._do("printed again", actor, do)

    def reprint_by_card(
        self, ticket_id: int, card: Resident, actor: Actor, *, agent: Resident | None = None, lost: bool = False
    ) -> PrintJob:
        """The same for the person whose card lies there: the slip opens the card's data.

        With ``lost``, the slips that were printed before are worth nothing from now on.

        Raises:
            UnknownError: ``unknown_ticket``, also for somebody else's.
            StateError: ``card_needed``: no card was read; ``reprint_later``: the ticket needs the store, which is
                away; as :meth:`reprint`.
        """
        return self._do(
            "printed again by card",
            actor,
            lambda m: identifying.reprint(m, ticket_id, card, agent, actor, lost=lost),
        )

    # Days

    def end_of_day(self) -> None:
        """End the hall days before today: waiting tickets expire, those at windows are finished, windows close.

        The first verb of a day does this by itself; a timer calls it to keep the screens right. On a store with one
        service, this also undoes what a command with a wrong clock has ended.
        """
        with self.ledger.verb() as m:
            if not self.ledger.store.shared:
                closing.begin(m)

    def purge(self, before: date, actor: Actor = HALL) -> int:
        """Erase residents' data and kept answers of the hall days before ``before``, never of today.

        The link from a case to its person is erased once the retention of cases is over, and entries of the audit log
        once theirs is. After the commit this box destroys its own keys of those days, and of months that are over: see
        :meth:`Vault.move`.

        Returns:
            How many days had something to erase.

        Raises:
            StoreError: ``store_busy``: the keys are erased, but traces are left in the write-ahead log; the next call
                removes them.
            VaultError: ``key_unwritable``: the key file is as it was; the next call moves it on.
        """
        with self.ledger.verb() as m:
            erased = closing.erase(m, before)
            forgotten = entries = 0
            if m.day != self._forgot_on:
                forgotten = cases.forget(m, date.fromisoformat(m.day) - timedelta(days=m.rules.cases_days))
                entries = access_log.forget(m.conn, m.vault, m.now - timedelta(days=m.rules.audit_days))
            if erased or entries:
                told = f"days: {erased}; entries of the audit log: {entries}"
                access_log.append_if_whole(m.conn, m.vault, m.now, actor, "purge", told)
            self._to_cut = self._to_cut or erased + forgotten > 0
        self._forgot_on = m.day
        today = date.fromisoformat(m.day)
        try:
            self.ledger.vault.move(min(before, today), today - closing.persons_kept(m.rules))
        finally:
            if self._to_cut:
                self.ledger.store.checkpoint()
                self._to_cut = False
        return erased

    # Helpers

    def _do(self, what: str, actor: Actor, verb: Callable[[Transaction], _Done]) -> _Done:
        """Do a verb about a ticket in one transaction, and log it once that is committed."""
        with self.ledger.verb() as m:
            done = verb(m)
        return _logged(done, what, actor)

    def _at(self, window: str, what: str, actor: Actor, verb: Callable[[Transaction], _Done]) -> _Done:
        return self._do(f"{what} at window {window}", actor, verb)

    def _call(
        self,
        window: str,
        actor: Actor,
        key: str | None,
        asked: tuple[Any, ...],
        what: str,
        call: Callable[[Transaction], _Called],
    ) -> _Called:
        def again(kept: Any) -> Any:
            return kept and Called(ticket_from_json(m, kept["ticket"]), Why(*kept["why"]))

        called: _Called
        with self.ledger.verb() as m:
            called, new = once(m, actor, key, asked, lambda: call(m), _called_as_json, again)
        if isinstance(called, Called) and new:
            _logged(called, f"{what} at window {window}", actor)
        return called


def _logged(done: _Done, what: str, actor: Actor) -> _Done:
    ticket = done if isinstance(done, Ticket) else done.ticket
    fields = {"ticket": ticket.number, "window": ticket.window}
    log.info("%s %s by %s", ticket.number, what, actor.who, extra=fields)
    return done


def _issued_as_json(issued: Issued) -> Any:
    return {"ticket": ticket_as_json(issued.ticket), "code": issued.code, "print_job": issued.print_job}


def _called_as_json(called: Called | None) -> Any:
    return called and {"ticket": ticket_as_json(called.ticket), "why": [called.why.zh, called.why.en]}
