"""Windows: whether they work, and who sits there. Two people never sit at one window; machines may help at any."""

from dataclasses import replace

from sqlalchemy import bindparam, select, update

from ticketing.day import visits
from ticketing.day.transaction import Moment, line_at, tickets
from ticketing.day.transaction import t as _t
from ticketing.model import Actor, StateError, UnknownError, Window, WindowState
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.opening import Prepared

EVENT = {"open": "window.opened", "paused": "window.paused", "closed": "window.closed"}

_w = tables.window
_THIS = _w.c.id == bindparam("which")
_STATE = Prepared(
    update(_w)
    .where(_THIS)
    .values(state=bindparam("to"), pause_text=bindparam("text"), pause_text_en=bindparam("text_en"))
)
_SIT = Prepared(update(_w).where(_THIS).values(clerk=bindparam("who"), clerk_since=bindparam("since")))
_SINCE = select(_w.c.clerk_since).where(_THIS)
_ANYBODYS = select(_w.c.id).where(_w.c.clerk == bindparam("who")).limit(1)
_LEAVE = (
    update(_w)
    .where(
        _w.c.clerk == bindparam("who"),
        ~select(_t.c.id).where(_t.c.window_id == _w.c.id, tables.open_).correlate(_w).exists(),
    )
    .values(clerk=None, clerk_since=None)
)
_RELEASE_ALL = update(_w).where(_w.c.clerk.is_not(None)).values(clerk=None, clerk_since=None)
_WAIT_FOR = tickets.where(_t.c.line == bindparam("alone"), tables.waiting, _t.c.hall_day == bindparam("day")).order_by(
    _t.c.rank_at, _t.c.id
)


def seat(m: Moment, window: str, actor: Actor) -> None:
    """Before a verb about who is at the window: a person has to sit there, and does from now on.

    Raises:
        UnknownError: ``unknown_window``.
        StateError: ``window_taken``.
    """
    if actor.logged_in:
        claim(m, m.window(window), actor)


def at_work(m: Moment, window: str, actor: Actor, *, take_over: bool = False) -> Window:
    """The window, before something new begins there: as :func:`seat`, and it must not have been taken away."""
    found = m.window(window)
    refuse_removed(found)
    return claim(m, found, actor, take_over=take_over)


def claim(m: Moment, window: Window, actor: Actor, *, take_over: bool = False) -> Window:
    """Have a person sit at the window; machines, which act beside whoever sits there, change nothing.

    Raises:
        StateError: ``window_taken`` (``window``, ``clerk``, ``since``): somebody else sits there, and this is no
            ``take_over``, which goes into the access log.
    """
    if not actor.logged_in or window.clerk == actor.who:
        return window
    if window.clerk is not None:
        if not take_over:
            since = m.time(m.conn.scalar(_SINCE, {"which": window.id}) or 0)
            raise StateError(
                "window_taken", window=window.id, clerk=window.clerk, since=since.isoformat(timespec="seconds")
            )
        access_log.append(m.conn, m.vault, m.now, actor, "take-over", None, window.clerk)
    _SIT.do(m.conn, {"which": window.id, "who": actor.who, "since": m.at})
    if window.clerk is not None:
        # Nothing else would tell the page of who sat there.
        m.append(EVENT[window.state], window=window.id)
    return replace(window, clerk=actor.who)


def leave(m: Moment, actor: Actor) -> int:
    """Have a person sit nowhere any more, except where a ticket is; how many windows that are."""
    return m.conn.execute(_LEAVE, {"who": actor.who}).rowcount


def sits(m: Moment, actor: Actor) -> bool:
    """Whether a person sits at any window."""
    return m.conn.scalar(_ANYBODYS, {"who": actor.who}) is not None


def release_all(m: Moment) -> None:
    """Have nobody sit anywhere: the day is over."""
    m.conn.execute(_RELEASE_ALL)


def close(m: Moment, window: Window) -> Window:
    """End a window's work: who waits for it alone waits for its service again.

    Raises:
        StateError: ``window_busy``.
    """
    refuse_second_at(m, window.id)
    release_line(m, window.id)
    return put_state(m, window, "closed")


def release_line(m: Moment, window: str) -> None:
    """Have those who wait for this window alone wait for their service, at the same rank."""
    for row in m.conn.execute(_WAIT_FOR, {"alone": line_at(window), "day": m.day}).all():
        told = {"type": "ticket.transferred", "was": row.state, "window": window}
        visits.into_line(m, row, "release", told)


def put_state(m: Moment, window: Window, state: WindowState, text: str = "", text_en: str = "") -> Window:
    """Give a window this state, whoever is there; nothing happens when it has it already. Closed, nobody sits there."""
    if (window.state, window.pause_text, window.pause_text_en) != (state, text, text_en):
        _STATE.do(m.conn, {"which": window.id, "to": state, "text": text, "text_en": text_en})
        m.append(EVENT[state], window=window.id, text=text or None, text_en=text_en or None)
    if state == "closed" and window.clerk is not None:
        _SIT.do(m.conn, {"which": window.id, "who": None, "since": None})
        window = replace(window, clerk=None)
    return replace(window, state=state, pause_text=text, pause_text_en=text_en)


def refuse_removed(window: Window) -> None:
    """Raise ``unknown_window`` for one that was taken away: nothing new begins there."""
    if window.removed:
        raise UnknownError("unknown_window", window=window.id)


def refuse_second_at(m: Moment, window: str) -> None:
    """Raise ``window_busy`` while a ticket is called to the window or served there."""
    row = m.open_at(window)
    if row is not None:
        raise StateError("window_busy", window=window, number=row.number, state=row.state)
