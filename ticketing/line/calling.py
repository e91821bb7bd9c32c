"""The verbs at a window: call, recall, start, finish, miss, transfer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func

from ticketing import events
from ticketing.cases import cases
from ticketing.cases.cases import Case, Further
from ticketing.day import serving, visits, windows
from ticketing.day.transaction import NO_CALL, THIS, Transaction, line_at, refuse_wrong_state, transition
from ticketing.day.transaction import t as _t
from ticketing.day.windows import HERE, SEATED, change_here, ticket_at
from ticketing.line import issuing, next_up
from ticketing.model import Actor, ClosedError, State, StateError, Ticket, TicketRow, Window
from ticketing.policy import Why
from ticketing.privacy import access_log

BY_STAFF = "number"
"""How a ticket that was called out of turn came to its window."""

_HERE: dict[str, Any] = {"window_id": bindparam("window"), "called_at": bindparam("now"), "clerk": bindparam("who")}
# A waiting ticket has no values of an earlier visit left; a held or missed one has.
_AFRESH = NO_CALL | {"ended_at": None, "held_until": None, "hold_reason": None} | _HERE | {"called_by": BY_STAFF}


def _call(*, weighed: bool, own: bool = False) -> ColumnElement[bool]:
    next_id = next_up.next_id(weighed=weighed, only_own=own).correlate(None).scalar_subquery()
    return (_t.c.id == next_id) & windows.FREE


_CALL = {weighed: transition("call", _call(weighed=weighed), **_HERE) for weighed in (False, True)}
_CALL_OWN = {weighed: transition("call", _call(weighed=weighed, own=True), **_HERE) for weighed in (False, True)}
_CALL_AT_ONCE = transition("call", _call(weighed=False) & windows.READY, **_HERE)
_SUMMON = transition("call-number", THIS, **_AFRESH)
_RECALL = transition("recall", HERE & SEATED, recalls=_t.c.recalls + 1)
_START = transition("start", THIS, started_at=bindparam("now"))
_START_HERE = transition("start", HERE & SEATED, started_at=bindparam("now"))
_FINISH = transition(
    "finish",
    HERE & SEATED,
    started_at=func.coalesce(_t.c.started_at, bindparam("now")),
    ended_at=bindparam("now"),
    outcome=bindparam("result"),
)
_MISS = transition("no-show", HERE & SEATED, ended_at=bindparam("now"), misses=_t.c.misses + 1)


@dataclass(frozen=True)
class Called:
    """The ticket that was called, and why this one."""

    ticket: Ticket
    why: Why


@dataclass(frozen=True)
class Finished:
    """The ticket whose service ended at the window, and the cases that were recorded, the ticket's own first.

    While the box is cut off the cases are recorded, and not told here: the store gives them their numbers.
    """

    ticket: Ticket
    cases: list[Case]


def call_next(m: Transaction, window_id: str, actor: Actor) -> Called | None:
    """Call the ticket whose turn it is; None when none waits.

    While the box is cut off, that is the first of those which no other box can call: see :func:`numbers.own`.

    Usually this is one statement. Only when that changes nothing, the window is looked at.
    """
    weights: Mapping[str, int] = {}
    here = {"window": window_id, "alone": line_at(window_id), "day": m.day, "who": actor.who, "now": m.at}
    row = None
    if not m.cut_off:
        row = _CALL_AT_ONCE.one_or_none(m.conn, {**here, "person": actor.who if actor.logged_in else None})
    if row is None:
        weights = ready(m, window_id, actor).weights
        row = (_CALL_OWN if m.cut_off else _CALL)[bool(weights)].one_or_none(m.conn, here)
    if row is None:
        windows.refuse_second_at(m, window_id)
        return None
    why = next_up.OF_THIS_BOX if m.cut_off else next_up.why(m, row, weights)
    return Called(m.happened(row, events.TicketCalled, line=row.own_line), why)


def call_number(m: Transaction, window_id: str, number: str, actor: Actor, reason: str | None) -> Called:
    """Call a ticket by its number, out of turn."""
    # It is to be in the audit log, which is the store's.
    m.refuse_cut_off()
    window = ready(m, window_id, actor)
    windows.refuse_second_at(m, window.id)
    row = m.row_of_number(number)
    refuse_wrong_state("call-number", row)
    if not window.serves(row.service_id) and row.line != line_at(window.id):
        raise StateError("not_served_there", number=row.number, service=row.service_id, window=window.id)
    summoned = summon(m, row, window.id, actor)
    access_log.append(m.conn, m.vault, m.now, actor, "call-number", row.id, reason)
    return Called(m.ticket(summoned), next_up.BY_NUMBER)


def ready(m: Transaction, window_id: str, actor: Actor) -> Window:
    """The window for a call: a closed one is opened; raises ``window_paused``. A ticket may still be there."""
    window = windows.at_work(m, window_id, actor)
    if window.state == "paused":
        raise ClosedError("window_paused", window=window_id)
    return windows.put_state(m, window, "open") if window.state == "closed" else window


def summon(m: Transaction, row: TicketRow, window: str, actor: Actor) -> TicketRow:
    """Call a ticket to ``window`` out of turn: one that waits, is held, or was missed. The row as changed."""
    refuse_wrong_state("call-number", row)
    if row.state == State.MISSED:
        issuing.refuse_second_of(m, row, row.service_id)
        visits.record(m, row, "missed", ended_at=row.ended_at)
    changed = m.change(_SUMMON, "call-number", row, window=window, who=actor.who)
    m.happened(changed, events.TicketCalled, was=None if row.state == State.WAITING else row.state, line=row.own_line)
    return changed


def recall(m: Transaction, window: str, actor: Actor) -> Ticket:
    """Call the called ticket once more; raises ``nobody_here``, ``wrong_state`` (``state``, ``verb``)."""
    return m.happened(change_here(m, _RECALL, "recall", window, actor), events.TicketRecalled)


def start(m: Transaction, window: str, actor: Actor) -> Ticket:
    """Start serving the called ticket: its resident is here; raises ``nobody_here``, ``wrong_state``."""
    return m.happened(change_here(m, _START_HERE, "start", window, actor), events.TicketStarted)


def start_this(m: Transaction, row: TicketRow) -> Ticket:
    """The resident of this ticket has come to its window."""
    return m.happened(m.change(_START, "start", row), events.TicketStarted)


def finish(
    m: Transaction,
    window: str,
    actor: Actor,
    outcome: str = "done",
    promise_days: int | None = None,
    further: Sequence[Further] = (),
    *,
    matter: str | None = None,
    print: bool = False,  # noqa: A002 - the field's word, as in the API
) -> Finished:
    """Finish the ticket at the window, called or being served, and record its cases.

    A ticket with services still to come goes on to the next one.

    Args:
        m: the transaction.
        window: its id.
        actor: who finishes.
        outcome: one of ``cases.OUTCOMES``, as an id or in Chinese, or the hall's own word of a–z and ``_``.
        promise_days: working days until a promised case is done; None for the service's or the hall's.
        further: other cases that were settled on the same ticket.
        matter: id of what the case is of; None for the first of the ticket's matters that belongs to its service.
        print: whether this box prints the receipts of cases that go on.

    Raises:
        UnknownError: ``unknown_service`` of a further case, ``unknown_matter``.
        StateError: ``nobody_here``; ``bad_outcome``: not 1 to 32 of a–z and ``_``.
    """
    outcome = cases.outcome_of(outcome)
    row = change_here(m, _FINISH, "finish", window, actor, result=outcome)
    made = [cases.record(m, row, row.service_id, outcome, promise_days, matter=matter, printed=print)]
    made += cases.record_all(m, row, further, printed=print)
    # Their numbers are the store's to give: nobody is told others.
    told = [] if m.cut_off else made
    serving.forget(m, row.id)
    if row.chain and (stops := _next_stop(m, row)):
        visits.record(m, row, "done")
        to, *later = stops
        ticket = visits.into_line(
            m, row, "next-stop", events.TicketTransferred, service=to, chain=later, window=row.window_id
        )
        return Finished(ticket, told)
    return Finished(m.happened(row, events.TicketFinished, outcome=outcome), told)


def no_show(m: Transaction, window: str, actor: Actor) -> Ticket:
    """The resident of the called ticket did not come; raises ``nobody_here``, ``wrong_state``."""
    return m.happened(change_here(m, _MISS, "no-show", window, actor), events.TicketMissed)


def transfer(m: Transaction, window: str, actor: Actor, service: str | None, to_window: str | None) -> Ticket:
    """Move the ticket at a window into the line of ``service``, or of ``to_window`` alone."""
    row = ticket_at(m, window, actor)
    to = row.service_id if service is None else service
    if to != row.service_id:
        issuing.open_service(m, to)
        issuing.refuse_second_of(m, row, to)
    if to_window is not None:
        target = m.window(to_window)
        windows.refuse_removed(target)
        if not target.serves(to):
            raise StateError("not_served_there", number=row.number, service=to, window=to_window)
    return hand_on(m, row, to, to_window)


def hand_on(m: Transaction, row: TicketRow, service: str, to_window: str | None = None) -> Ticket:
    """Move a ticket from its window into the line of ``service``, or of one window."""
    refuse_wrong_state("transfer", row)
    visits.record(m, row, "transferred")
    serving.forget(m, row.id)
    # A ticket that is sent to a later stop of its chain early does not go there again.
    chain = row.stops
    if service != row.service_id and service in chain:
        chain.remove(service)
    line = None if to_window is None else line_at(to_window)
    return visits.into_line(
        m, row, "transfer", events.TicketTransferred, service=service, line=line, chain=chain, window=row.window_id
    )


def _next_stop(m: Transaction, row: TicketRow) -> list[str]:
    """The rest of a ticket's chain from the next possible stop on.

    Left out are services that were removed, and those for which this person has another ticket.
    """
    stops = row.stops
    person = issuing.person_of(m, row)
    while stops:
        service = m.service_or_none(stops[0])
        second = person is not None and stops[0] != row.service_id and issuing.has_ticket(m, person, stops[0])
        if service is not None and not service.removed and not second:
            return stops
        stops.pop(0)
    return []
