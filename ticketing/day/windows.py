"""Windows: whether they are open, and who sits there. Two people never sit at one window; machines may act at any."""

from dataclasses import replace
from typing import Any

from sqlalchemy import String, bindparam, func, literal_column, select, update

from ticketing.day import visits
from ticketing.day.transaction import Transaction, line_at, refuse_wrong_state, tickets
from ticketing.day.transaction import t as _t
from ticketing.events import TicketTransferred, WindowClosed, WindowEvent, WindowOpened, WindowPaused
from ticketing.model import Actor, StateError, TicketRow, UnknownError, Window, WindowState
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.prepared import Prepared

EVENT: dict[str, type[WindowEvent]] = {"open": WindowOpened, "paused": WindowPaused, "closed": WindowClosed}

_w, _ws = tables.window, tables.window_service
_THIS = _w.c.id == bindparam("which")
_STATE = Prepared(
    update(_w)
    .where(_THIS)
    .values(state=bindparam("to"), pause_text=bindparam("text"), pause_text_en=bindparam("text_en"))
)
_SIT = Prepared(update(_w).where(_THIS).values(clerk=bindparam("who"), clerk_since=bindparam("since")))
_SINCE = select(_w.c.clerk_since).where(_THIS)
_ANY_OF = select(_w.c.id).where(_w.c.clerk == bindparam("who")).limit(1)
_LEAVE = (
    update(_w)
    .where(
        _w.c.clerk == bindparam("who"),
        ~select(_t.c.id).where(_t.c.window_id == _w.c.id, tables.open_).correlate(_w).exists(),
    )
    .values(clerk=None, clerk_since=None)
)
_RELEASE_ALL = update(_w).where(_w.c.clerk.is_not(None)).values(clerk=None, clerk_since=None)
_WAIT_FOR = Prepared(
    tickets.where(_t.c.line == bindparam("alone"), tables.waiting, _t.c.hall_day == bindparam("day")).order_by(
        _t.c.rank_at, _t.c.id
    ),
    TicketRow,
)
_HERE = _w.c.id == bindparam("window")
# Without "or", for which PostgreSQL would make a new plan each time. A machine has no name here.
_SEATED = _w.c.clerk.is_not_distinct_from(func.coalesce(bindparam("person", type_=String), _w.c.clerk))
_WEIGHT = select(_ws.c.window_id).where(_ws.c.window_id == bindparam("window"), _ws.c.head_start != literal_column("0"))
HERE = (_t.c.window_id == bindparam("window")) & tables.open_
"""The ticket at window ``:window``."""
SEATED = select(_w.c.id).where(_HERE, _SEATED).exists()
"""Whether the actor may act at window ``:window`` as things are: a machine, or the ``:person`` who sits there."""
_OPEN = (_w.c.state == literal_column("'open'")) & _w.c.removed_at.is_(None)
READY = select(_w.c.id).where(_HERE, _SEATED, _OPEN).exists() & ~_WEIGHT.exists()
"""Whether the actor may call at window ``:window`` as things are, and the window gives no service a weight."""
FREE = ~select(_t.c.id).where(HERE).correlate(None).exists()
"""Whether no ticket is at window ``:window``."""


def change_here(
    m: Transaction, how: Prepared[TicketRow], verb: str, window: str, actor: Actor, **values: Any
) -> TicketRow:
    """Do ``verb`` to the ticket at a window, by its transition for the ticket ``HERE`` with its actor ``SEATED``.

    Usually this is one statement. Only when that changes nothing, others find out why.
    Raises as :func:`ticket_at`, and ``wrong_state``.
    """
    values = {"window": window, "person": actor.who if actor.logged_in else None, "now": m.at, **values}
    changed = how.one_or_none(m.conn, values)
    if changed is None:
        refuse_wrong_state(verb, ticket_at(m, window, actor))
        # The actor had not been seated yet.
        changed = how.one_or_none(m.conn, values)
    return m.known(changed, "unknown_ticket")


def ticket_at(m: Transaction, window: str, actor: Actor) -> TicketRow:
    """The ticket at the window, for the actor who sits there; raises as :func:`seat`, and ``nobody_here``."""
    seat(m, window, actor)
    row = m.open_at(window)
    if row is None:
        m.window(window)
        raise StateError("nobody_here", window=window)
    return row


def seat(m: Transaction, window: str, actor: Actor) -> None:
    """Have a person sit at the window of a verb about its ticket; raises ``unknown_window``, ``window_taken``."""
    if actor.logged_in:
        claim(m, m.window(window), actor)


def at_work(m: Transaction, window: str, actor: Actor, *, take_over: bool = False) -> Window:
    """The window, before something new begins there: as :func:`seat`, and it must not have been removed."""
    found = m.window(window)
    refuse_removed(found)
    return claim(m, found, actor, take_over=take_over)


def claim(m: Transaction, window: Window, actor: Actor, *, take_over: bool = False) -> Window:
    """Have a person sit at the window. Machines act beside whoever sits there, and change nothing.

    Raises:
        StateError: ``window_taken`` (``window``, ``clerk``, ``since``): somebody else sits there, and ``take_over`` is
            false. A take-over goes into the audit log.
    """
    if not actor.logged_in or window.clerk == actor.who:
        return window
    if not take_over:
        refuse_taken(m, window, actor)
    elif window.clerk is not None:
        m.refuse_cut_off()
        access_log.append(m.conn, m.vault, m.now, actor, "take-over", None, window.clerk)
    _SIT.later(m.conn, {"which": window.id, "who": actor.who, "since": m.at})
    if window.clerk is not None:
        # The page of the person who sat there learns of it by this event only.
        m.append(EVENT[window.state](window.id))
    return replace(window, clerk=actor.who)


def refuse_taken(m: Transaction, window: Window, actor: Actor) -> None:
    """Raise ``window_taken`` where somebody else than this person sits."""
    if actor.logged_in and window.clerk not in (None, actor.who):
        since = m.time(m.conn.scalar(_SINCE, {"which": window.id}) or 0)
        raise StateError(
            "window_taken", window=window.id, clerk=window.clerk, since=since.isoformat(timespec="seconds")
        )


def leave(m: Transaction, actor: Actor) -> int:
    """Have a person leave all windows, except where a ticket is; how many windows that were."""
    return m.conn.execute(_LEAVE, {"who": actor.who}).rowcount


def sits(m: Transaction, actor: Actor) -> bool:
    """Whether a person sits at any window."""
    return m.conn.scalar(_ANY_OF, {"who": actor.who}) is not None


def release_all(m: Transaction) -> None:
    """Have everybody leave their windows: the day is over."""
    m.conn.execute(_RELEASE_ALL)


def close(m: Transaction, window: Window) -> Window:
    """Close a window; tickets that wait for it alone go back to their services' lines. Raises ``window_busy``."""
    # Other boxes may be calling those tickets.
    m.refuse_cut_off()
    refuse_second_at(m, window.id)
    release_line(m, window.id)
    return put_state(m, window, "closed")


def release_line(m: Transaction, window: str) -> None:
    """Move the tickets that wait for this window alone to their services' lines, at the same rank."""
    for row in _WAIT_FOR.all(m.conn, {"alone": line_at(window), "day": m.day}):
        visits.into_line(m, row, "release", TicketTransferred, was=row.state, window=window)


def put_state(m: Transaction, window: Window, state: WindowState, text: str = "", text_en: str = "") -> Window:
    """Set a window's state; nothing happens when it has it already. A closed window has no clerk."""
    if (window.state, window.pause_text, window.pause_text_en) != (state, text, text_en):
        _STATE.later(m.conn, {"which": window.id, "to": state, "text": text, "text_en": text_en})
        m.append(EVENT[state](window.id, text or None, text_en or None))
    if state == "closed" and window.clerk is not None:
        _SIT.later(m.conn, {"which": window.id, "who": None, "since": None})
        window = replace(window, clerk=None)
    return replace(window, state=state, pause_text=text, pause_text_en=text_en)


def refuse_removed(window: Window) -> None:
    """Raise ``unknown_window`` for a removed window: nothing new begins there."""
    if window.removed:
        raise UnknownError("unknown_window", window=window.id)


def refuse_second_at(m: Transaction, window: str) -> None:
    """Raise ``window_busy`` while a ticket is called to the window or served there."""
    row = m.open_at(window)
    if row is not None:
        raise StateError("window_busy", window=window, number=row.number, state=row.state)
