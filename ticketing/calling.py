"""What happens at a window: who is called there, and what becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, bindparam, literal_column, or_, select, update

from ticketing import cases, issuing, policy, tables
from ticketing.cases import Case, Further
from ticketing.model import NORMAL, ClosedError, StateError, Ticket, Window, WindowState
from ticketing.moment import Moment, after, tickets
from ticketing.moment import t as _t
from ticketing.policy import Why
from ticketing.store import Prepared

_s, _ws = tables.service, tables.window_service
_served_here = (
    select(_ws.c.window_id)
    .where(
        _ws.c.window_id == bindparam("window"),
        or_(_ws.c.service_id == literal_column("'*'"), _ws.c.service_id == _s.c.id),
    )
    .correlate(_s)
    .exists()
)
"""Whether window ``:window`` serves the service of the enclosing query."""


def _first_of_each(*conditions: Any, name: str) -> Select[Any]:
    """The first in rank today, of those ``conditions`` allow, of each service the window serves.

    The first of one service is one look into the index ``ticket_next``, however many tickets there are or were.
    """
    x = tables.ticket.alias(name)
    waiting = x.c.state == literal_column("'waiting'")
    first = (
        select(x.c.id)
        .where(x.c.line == _s.c.id, waiting, x.c.hall_day == bindparam("day"), *(c(x) for c in conditions))
        .order_by(x.c.rank_at, x.c.id)
        .limit(1)
        .correlate(_s)
        .scalar_subquery()
    )
    return select(first).select_from(_s).where(_served_here)


# The few first ones, one a service, are then sorted.
NEXT = Prepared(tickets.where(_t.c.id.in_(_first_of_each(name="x"))).order_by(_t.c.rank_at, _t.c.id).limit(1))
PASSED = Prepared(
    select(_t.c.number)
    .where(
        _t.c.id.in_(
            _first_of_each(
                lambda x: x.c.rank_at >= bindparam("rank"), lambda x: x.c.issued_at < bindparam("issued"), name="x"
            )
        )
    )
    .order_by(_t.c.rank_at, _t.c.id)
    .limit(1)
)
# The same, told later: who was passed over then waited still, or was called after.
_WAS_PASSED = Prepared(
    select(_t.c.number)
    .join(_s, _s.c.id == _t.c.service_id)
    .where(
        _t.c.hall_day == bindparam("day"),
        _t.c.rank_at >= bindparam("rank"),
        _t.c.issued_at < bindparam("issued"),
        or_(tables.waiting, _t.c.called_at > bindparam("called")),
        _served_here,
    )
    .order_by(_t.c.rank_at, _t.c.id)
    .limit(1)
)

_MINE = _t.c.id == bindparam("ticket")
_CALL = Prepared(
    update(_t)
    .where(_MINE, tables.waiting)
    .values(state="called", window_id=bindparam("window"), called_at=bindparam("now"), started_at=None, recalls=0)
)
_RECALL = Prepared(update(_t).where(_MINE).values(recalls=_t.c.recalls + 1))
_START = Prepared(update(_t).where(_MINE).values(state="serving", started_at=bindparam("now")))
_FINISH = Prepared(
    update(_t)
    .where(_MINE)
    .values(state="done", started_at=bindparam("began"), ended_at=bindparam("now"), outcome=bindparam("how"))
)
_MISS = Prepared(update(_t).where(_MINE).values(state="missed", ended_at=bindparam("now")))
_TO_QUEUE = Prepared(
    update(_t)
    .where(_MINE)
    .values(
        state="waiting",
        service_id=bindparam("to"),
        line=bindparam("to"),
        window_id=None,
        called_at=None,
        started_at=None,
        recalls=0,
    )
)
_WINDOW_STATE = Prepared(
    update(tables.window).where(tables.window.c.id == bindparam("which")).values(state=bindparam("to"))
)
_STATE_EVENT = {"open": "window.opened", "paused": "window.paused", "closed": "window.closed"}


@dataclass(frozen=True)
class Called:
    """Who was called, and why this one."""

    ticket: Ticket
    why: Why


@dataclass(frozen=True)
class Finished:
    """Whose service ended, and the cases that came of it, the ticket's own first."""

    ticket: Ticket
    cases: list[Case]


def call_next(m: Moment, window_id: str) -> Called | None:
    """Call the next; see :meth:`ticketing.office.Office.call_next`."""
    window = m.window(window_id)
    if window.state == "paused":
        raise ClosedError("window_paused", window=window_id)
    refuse_second_at(m, window_id)
    if window.state == "closed":
        set_state(m, window, "open")
    row = NEXT.one_or_none(m.conn, {"window": window_id, "day": m.day})
    if row is None:
        return None
    overtaken = None
    if row.priority != NORMAL:
        overtaken = PASSED.scalar(
            m.conn, {"window": window_id, "day": m.day, "rank": row.rank_at, "issued": row.issued_at}
        )
    return Called(call(m, row, window_id), policy.why(m.standing(row), overtaken, m.rules))


def call(m: Moment, row: Row[Any], window: str) -> Ticket:
    """Call this ticket to ``window``."""
    state = after("call", row)
    _CALL.do(m.conn, {"ticket": row.id, "window": window, "now": m.at})
    return _happened(m, row, "called", state=state, window_id=window, called_at=m.at, started_at=None, recalls=0)


def why_called(m: Moment, row: Row[Any]) -> Why | None:
    """Why the ticket at a window was called before others; None when it is not at one."""
    if row.called_at is None or row.window_id is None:
        return None
    overtaken = None
    if row.priority != NORMAL:
        then = {"rank": row.rank_at, "issued": row.issued_at, "called": row.called_at}
        overtaken = _WAS_PASSED.scalar(m.conn, {"window": row.window_id, "day": row.hall_day, **then})
    return policy.why(m.standing(row), overtaken, m.rules)


def recall(m: Moment, window: str) -> Ticket:
    """Call once more."""
    row = here(m, window)
    state = after("recall", row)
    _RECALL.do(m.conn, {"ticket": row.id})
    return _happened(m, row, "recalled", state=state, recalls=row.recalls + 1)


def start(m: Moment, row: Row[Any]) -> Ticket:
    """The resident is at the window."""
    state = after("start", row)
    _START.do(m.conn, {"ticket": row.id, "now": m.at})
    return _happened(m, row, "started", state=state, started_at=m.at)


def finish(
    m: Moment,
    window: str,
    outcome: str,
    promise_days: int | None = None,
    further: Sequence[Further] = (),
    *,
    printed: bool = False,
) -> Finished:
    """The case is done, or is for another day: ``outcome`` tells."""
    outcome = cases.outcome_of(outcome)
    row = here(m, window)
    state = after("finish", row)
    began = row.started_at if row.started_at is not None else m.at
    _FINISH.do(m.conn, {"ticket": row.id, "began": began, "now": m.at, "how": outcome})
    made = [cases.record(m, row, outcome, promise_days, printed=printed)]
    made += cases.record_all(m, row, further, printed=printed)
    ticket = _happened(
        m, row, "finished", {"outcome": outcome}, state=state, started_at=began, ended_at=m.at, outcome=outcome
    )
    return Finished(ticket, made)


def no_show(m: Moment, window: str) -> Ticket:
    """Nobody came."""
    row = here(m, window)
    state = after("no-show", row)
    _MISS.do(m.conn, {"ticket": row.id, "now": m.at})
    return _happened(m, row, "missed", state=state, ended_at=m.at)


def transfer(m: Moment, window: str, service: str) -> Ticket:
    """To another service's queue, or back into the same one; number and place in time stay."""
    row = here(m, window)
    m.service(service)
    if service != row.service_id and (person := issuing.person_of(m, row)) is not None:
        issuing.refuse_second(m, person, service)
    return to_queue(m, row, service)


def to_queue(m: Moment, row: Row[Any], service: str) -> Ticket:
    """From its window into the queue of ``service``."""
    state = after("transfer", row)
    _TO_QUEUE.do(m.conn, {"ticket": row.id, "to": service})
    m.append("ticket.transferred", number=row.number, service=service, window=row.window_id)
    return m.ticket(
        row, state=state, service_id=service, line=service, window_id=None, called_at=None, started_at=None, recalls=0
    )


def set_state(m: Moment, window: Window, state: WindowState) -> Window:
    """Open, pause or close a window; raises ``window_busy`` when it is to close and a ticket is there."""
    if state == "closed":
        refuse_second_at(m, window.id)
    return put_state(m, window, state)


def put_state(m: Moment, window: Window, state: WindowState) -> Window:
    """Give a window this state, whoever is there; nothing happens when it has it already."""
    if window.state != state:
        _WINDOW_STATE.do(m.conn, {"which": window.id, "to": state})
        m.append(_STATE_EVENT[state], window=window.id)
    return Window(window.id, window.name, window.services, state)


def refuse_second_at(m: Moment, window: str) -> None:
    """Raise ``window_busy`` while a ticket is called to the window or served there."""
    row = m.open_at(window)
    if row is not None:
        raise StateError("window_busy", window=window, number=row.number, state=row.state)


def here(m: Moment, window: str) -> Row[Any]:
    """The ticket at the window; raises ``nobody_here``, or ``unknown_window``."""
    row = m.open_at(window)
    if row is None:
        m.window(window)
        raise StateError("nobody_here", window=window)
    return row


def _happened(m: Moment, row: Row[Any], what: str, more: dict[str, Any] | None = None, **changed: Any) -> Ticket:
    ticket = m.ticket(row, **changed)
    m.append(f"ticket.{what}", number=ticket.number, service=ticket.service, window=ticket.window, **(more or {}))
    return ticket
