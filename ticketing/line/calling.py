"""What happens at a window: who is called there, and what becomes of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, update

from ticketing.cases import cases
from ticketing.cases.cases import Case, Further
from ticketing.day import visits, windows
from ticketing.day.transaction import Moment, after, line_at
from ticketing.day.transaction import t as _t
from ticketing.line import issuing, next_up
from ticketing.model import Actor, ClosedError, State, StateError, Ticket, Window
from ticketing.policy import Why
from ticketing.privacy import access_log
from ticketing.store.opening import Prepared

BY_STAFF = "number"
"""How a ticket came to its window that was called out of turn."""

_MINE = _t.c.id == bindparam("ticket")
# Whoever waits has nothing of an earlier stay left.
_TO_WINDOW = (
    update(_t)
    .where(_MINE)
    .values(
        state="called",
        window_id=bindparam("window"),
        called_at=bindparam("now"),
        clerk=bindparam("who"),
    )
)
_CALL = Prepared(_TO_WINDOW)
_SUMMON = Prepared(
    _TO_WINDOW.values(called_by=BY_STAFF, started_at=None, ended_at=None, recalls=0, held_until=None, hold_reason=None)
)
_RECALL = Prepared(update(_t).where(_MINE).values(recalls=_t.c.recalls + 1))
_START = Prepared(update(_t).where(_MINE).values(state="serving", started_at=bindparam("now")))
_FINISH = Prepared(
    update(_t)
    .where(_MINE)
    .values(state="done", started_at=bindparam("began"), ended_at=bindparam("now"), outcome=bindparam("how"))
)
_MISS = Prepared(update(_t).where(_MINE).values(state="missed", ended_at=bindparam("now"), misses=_t.c.misses + 1))


@dataclass(frozen=True)
class Called:
    """Who was called, and why this one."""

    ticket: Ticket
    why: Why


@dataclass(frozen=True)
class Finished:
    """Whose service ended here, and the cases that came of it, the ticket's own first."""

    ticket: Ticket
    cases: list[Case]


def call_next(m: Moment, window_id: str, actor: Actor) -> Called | None:
    """Call the next; see :meth:`ticketing.office.Office.call_next`."""
    window = ready(m, window_id, actor)
    row = next_up.next_at(m, window)
    if row is None:
        return None
    why = next_up.why(m, window, row)
    return Called(call(m, row, window.id, actor), why)


def call_number(m: Moment, window_id: str, number: str, actor: Actor, reason: str | None) -> Called:
    """Call this very number; see :meth:`ticketing.office.Office.call_number`."""
    window = ready(m, window_id, actor)
    row = m.row_of_number(number)
    after("call-number", row)
    if not window.serves(row.service_id) and row.line != line_at(window.id):
        raise StateError("not_served_there", number=row.number, service=row.service_id, window=window.id)
    ticket = summon(m, row, window.id, actor)
    access_log.append(m.conn, m.vault, m.now, actor, "call-number", row.id, reason)
    return Called(ticket, next_up.BY_NUMBER)


def ready(m: Moment, window_id: str, actor: Actor) -> Window:
    """The window, when somebody may be called there; a closed one is opened by it."""
    window = windows.at_work(m, window_id, actor)
    if window.state == "paused":
        raise ClosedError("window_paused", window=window_id)
    windows.refuse_second_at(m, window_id)
    return windows.put_state(m, window, "open") if window.state == "closed" else window


def call(m: Moment, row: Row[Any], window: str, actor: Actor) -> Ticket:
    """Call this ticket, whose turn it is, to ``window``."""
    state = after("call", row)
    _CALL.do(m.conn, {"ticket": row.id, "window": window, "now": m.at, "who": actor.who})
    told = {"line": row.line} if row.line != row.service_id else None
    return visits.happened(m, row, "called", told, state=state, window_id=window, called_at=m.at, clerk=actor.who)


def summon(m: Moment, row: Row[Any], window: str, actor: Actor) -> Ticket:
    """Call this ticket to ``window`` out of turn, from wherever it waits, is held, or was missed."""
    state = after("call-number", row)
    if row.state == State.MISSED:
        issuing.refuse_second_of(m, row, row.service_id)
        visits.record(m, row, "missed", ended_at=row.ended_at)
    _SUMMON.do(m.conn, {"ticket": row.id, "window": window, "now": m.at, "who": actor.who})
    told = {
        "was": None if row.state == State.WAITING else row.state,
        "line": visits.own_line(row.line, row.service_id),
    }
    gone: dict[str, Any] = dict.fromkeys(("started_at", "ended_at", "held_until", "hold_reason"))
    here = {"window_id": window, "called_at": m.at, "clerk": actor.who, "called_by": BY_STAFF, "recalls": 0}
    return visits.happened(m, row, "called", told, state=state, **here, **gone)


def recall(m: Moment, window: str, actor: Actor) -> Ticket:
    """Call once more."""
    row = here(m, window, actor)
    state = after("recall", row)
    _RECALL.do(m.conn, {"ticket": row.id})
    return visits.happened(m, row, "recalled", state=state, recalls=row.recalls + 1)


def start(m: Moment, row: Row[Any]) -> Ticket:
    """The resident is at the window."""
    state = after("start", row)
    _START.do(m.conn, {"ticket": row.id, "now": m.at})
    return visits.happened(m, row, "started", state=state, started_at=m.at)


def finish(
    m: Moment,
    window: str,
    actor: Actor,
    outcome: str,
    promise_days: int | None = None,
    further: Sequence[Further] = (),
    *,
    printed: bool = False,
) -> Finished:
    """The case is done, or is for another day: ``outcome`` tells. With stops left, the ticket goes on to the next."""
    outcome = cases.outcome_of(outcome)
    row = here(m, window, actor)
    state = after("finish", row)
    began = row.started_at if row.started_at is not None else m.at
    made = [cases.record(m, row, outcome, promise_days, printed=printed)]
    made += cases.record_all(m, row, further, printed=printed)
    if row.chain and (stop := _next_stop(m, row)):
        visits.record(m, row, "done", started_at=began)
        told = {"type": "ticket.transferred", "window": row.window_id}
        return Finished(visits.into_line(m, row, "next-stop", told, service=stop[0], chain=stop[1:]), made)
    _FINISH.do(m.conn, {"ticket": row.id, "began": began, "now": m.at, "how": outcome})
    ticket = visits.happened(
        m, row, "finished", {"outcome": outcome}, state=state, started_at=began, ended_at=m.at, outcome=outcome
    )
    return Finished(ticket, made)


def no_show(m: Moment, window: str, actor: Actor) -> Ticket:
    """Nobody came."""
    row = here(m, window, actor)
    state = after("no-show", row)
    _MISS.do(m.conn, {"ticket": row.id, "now": m.at})
    return visits.happened(m, row, "missed", state=state, ended_at=m.at, misses=row.misses + 1)


def transfer(m: Moment, window: str, actor: Actor, service: str | None, to_window: str | None) -> Ticket:
    """To another service's line, or that of one window; see :meth:`ticketing.office.Office.transfer`."""
    row = here(m, window, actor)
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


def hand_on(m: Moment, row: Row[Any], service: str, to_window: str | None = None) -> Ticket:
    """From its window into the line of ``service``, or of one window."""
    after("transfer", row)
    visits.record(m, row, "transferred")
    # Who is sent early to a later stop has been there then.
    chain = json.loads(row.chain) if row.chain else []
    if service != row.service_id and service in chain:
        chain.remove(service)
    told = {"type": "ticket.transferred", "window": row.window_id}
    line = None if to_window is None else line_at(to_window)
    return visits.into_line(m, row, "transfer", told, service=service, line=line, chain=chain)


def here(m: Moment, window: str, actor: Actor) -> Row[Any]:
    """The ticket at the window, for who sits there; raises ``nobody_here``, ``unknown_window``, ``window_taken``."""
    windows.seat(m, window, actor)
    row = m.open_at(window)
    if row is None:
        m.window(window)
        raise StateError("nobody_here", window=window)
    return row


def _next_stop(m: Moment, row: Row[Any]) -> list[str]:
    """The stops of a chain from the next one on that the ticket can go to: not taken away, and no second ticket."""
    stops: list[str] = json.loads(row.chain)
    person = issuing.person_of(m, row)
    while stops:
        service = m.service_or_none(stops[0])
        second = person is not None and stops[0] != row.service_id and issuing.has_ticket(m, person, stops[0])
        if service is not None and not service.removed and not second:
            return stops
        stops.pop(0)
    return []
