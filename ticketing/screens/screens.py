"""Screens (屏幕): boxes that show a page of the hall, and by which code a technician says which.

::

    the box      makes a secret, reports with it every few seconds ──► new: a code, good for ten minutes
    technician   types the code at /devices, chooses a page        ──► bound: the code is gone
    the box      reports again                                     ──► the page, from then on and after restarts

A code binds one screen once; when it is over, the screen gets another. A new screen that has not reported for ten
minutes is forgotten by itself. The secret opens nothing, it says who asks; the store has its hash. Binding, changing
and forgetting are entries in the audit log.

Kiosk, self-service terminal and second screen at a window ask the hall by a token (:mod:`ticketing.screens.own_token`).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.model import Actor, LimitError, StateError, UnknownError
from ticketing.people.principal import hash_of
from ticketing.privacy import access_log
from ticketing.screens import own_token
from ticketing.screens.hours import HallHours, hall_hours
from ticketing.store import tables

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of codes: none that is taken for another (0 O, 1 I L, U V)."""
LENGTH = 5
"""Letters of a code."""
CODE_LASTS = timedelta(minutes=10)
"""How long a code is good, and how long a new screen that does not report is kept."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a screen reported last."""
MOST_NEW = 64
"""Screens that wait for a technician at a time: anybody in the network may report one."""

PageName = Literal["board", "window", "guide", "kiosk", "resident", "terminal"]
Theme = Literal["", "light", "large", "contrast"]
THEMES: dict[PageName, tuple[Theme, ...]] = {
    "board": ("light",),
    "window": ("light",),
    "guide": (),
    "kiosk": ("large", "contrast"),
    "resident": (),
    "terminal": (),
}
"""How a page can look beside the usual way (``""``): dark words on a light ground in a bright hall; at the kiosk each
resident begins with large print, or with high contrast.
"""
AT_WINDOW: tuple[PageName, ...] = ("window", "resident")
"""Pages of one window."""
_STANDS_IN: dict[str, PageName] = {"kiosk": "board", "resident": "window", "terminal": "board"}
"""What the version before, which may work on the same store, takes for a page that it does not know."""

_s = tables.screen


@dataclass(frozen=True)
class Shows:
    """What a screen shows.

    Attributes:
        page: ``board``, the calls of the hall or of a zone; ``window``, those of one window; ``guide``, the service
            encyclopedia; ``kiosk``, that of the box it reports to; ``resident``, the second screen at a window;
            ``terminal``, a self-service terminal.
        window, zone: which.
        theme: how it looks, one of :data:`THEMES`.
        terminal: which, as the devices name it that belong to it; "" for one of the screen's own name.
    """

    page: PageName
    window: str | None = None
    zone: str = ""
    theme: Theme = ""
    terminal: str = ""

    def __str__(self) -> str:
        """For the audit log."""
        return " ".join(filter(None, (self.page, self.window, self.zone, self.theme, self.terminal)))


@dataclass(frozen=True)
class Screen:
    """A screen.

    Attributes:
        id, name: its id and name.
        shows: what it shows; None for a new one.
        code, code_until: by which it is bound, and until when; None for one that is.
        seen_at: when it reported last, to the minute.
        seen_from: from which address.
        made_at: when it reported first.
        token_hash: of the token that it made for itself; None while it has told none.
        box: the name of the hall's box that it reports to; "" while that is not known.
        switch_trouble: what it could not be switched to at night, ``on`` or ``off``, and in words why; "" for nothing.
    """

    id: int
    name: str
    shows: Shows | None
    code: str | None
    code_until: datetime | None
    seen_at: datetime
    seen_from: str
    made_at: datetime
    token_hash: bytes | None = None
    box: str = ""
    switch_trouble: str = ""

    @property
    def own_name(self) -> str:
        """Of its token, and of its terminal where it is given none."""
        return f"screen-{self.id}"


class Screens:
    """The verbs and views of screens. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def report(
        self, secret: str, name: str, source: str, token_hash: bytes | None = None, switch_trouble: str | None = None
    ) -> Screen:
        """What a screen box shows, or its code; a box that nobody knows is a new screen.

        Args:
            secret: the box's own.
            name: of a new screen, until a technician renames it.
            source: the address it comes from.
            token_hash: of the token that it made for itself, the first of which is kept.
            switch_trouble: as of a :class:`Screen`; None: it does not say.

        Raises:
            LimitError: ``screens_full`` (``most``): too many new screens wait.
        """
        hashed, box = hash_of(secret), self._ledger.box
        with self._ledger.look() as m:
            found = _find(m, _s.c.secret_hash == hashed)
            if found and found.box == box and not (_news(found, token_hash, switch_trouble) or _is_stale(m, found)):
                return found
        with self._ledger.verb() as m:
            found = _find(m, _s.c.secret_hash == hashed)
            if found is None:
                return _add(m, hashed, name, source, token_hash, box)
            seen: dict[str, Any] = {"seen_at": m.at, "seen_from": source, "box": box}
            seen |= _news(found, token_hash, switch_trouble)
            if found.box != box:
                own_token.move(m, found.token_hash, box)
            if found.shows is None and _is_over(m, found):
                seen |= _new_code(m)
            m.conn.execute(update(_s).where(_s.c.id == found.id).values(**seen))
            return _one(m, found.id)

    def knows(self, secret: str) -> bool:
        """Whether a screen has this secret."""
        with self._ledger.look() as m:
            return _find(m, _s.c.secret_hash == hash_of(secret)) is not None

    def hours(self) -> HallHours:
        """Whether screens are lit now, and when the hall opens."""
        with self._ledger.look() as m:
            return hall_hours(m)

    def all(self) -> list[Screen]:
        """All screens, those that wait for a technician first, then by name."""
        with self._ledger.look() as m:
            limit = m.at - _span(CODE_LASTS)
            known = _or_bound(_s.c.seen_at > limit)
            return sorted(_read(m, known), key=lambda one: (one.shows is not None, one.name, one.id))

    def bind(self, code: str, shows: Shows, name: str | None, actor: Actor) -> Screen:
        """Bind the screen that shows this code; the code is gone then.

        Raises:
            UnknownError: ``unknown_screen_code``: there is none, or not any more; ``unknown_window``.
            StateError: ``screen_without_token``: the page needs one, and its box has told none.
        """
        with self._ledger.verb() as m:
            _check(m, shows)
            found = _find(m, _s.c.code == code.upper(), _s.c.code_until > m.at)
            if found is None:
                raise UnknownError("unknown_screen_code")
            _give_token(m, found, shows, actor)
            values: dict[str, Any] = _columns(shows) | {"code": None, "code_until": None}
            m.conn.execute(update(_s).where(_s.c.id == found.id).values(name=name or found.name, **values))
            return _changed(m, found.id, actor, "screen-bound")

    def put(self, screen: int, name: str, shows: Shows, actor: Actor) -> Screen:
        """Give a bound screen another name, or something else to show.

        Raises:
            UnknownError: ``unknown_screen``, also for one that is not bound; ``unknown_window``.
            StateError: ``screen_without_token``, as :meth:`bind`.
        """
        with self._ledger.verb() as m:
            _check(m, shows)
            found = _one(m, screen)
            if found.shows is None:
                raise UnknownError("unknown_screen")
            _give_token(m, found, shows, actor)
            m.conn.execute(update(_s).where(_s.c.id == screen).values(name=name, **_columns(shows)))
            return _changed(m, screen, actor, "screen-changed")

    def forget(self, screen: int, actor: Actor) -> None:
        """Forget a screen; its box shows a code again. Raises ``unknown_screen``."""
        with self._ledger.verb() as m:
            _give_token(m, _one(m, screen), None, actor)
            _changed(m, screen, actor, "screen-forgotten")
            m.conn.execute(delete(_s).where(_s.c.id == screen))


def _span(span: timedelta) -> int:
    """A span as the store counts it."""
    return span // timedelta(microseconds=1)


def _or_bound(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The screens that show something, and of the new ones those for which the condition holds."""
    return _s.c.page.is_not(None) | condition


def _is_over(m: Transaction, screen: Screen) -> bool:
    return screen.code_until is None or screen.code_until <= m.now


def _is_stale(m: Transaction, screen: Screen) -> bool:
    """Whether its row is to be written: it has a code that is over, or was not seen for a while."""
    return (screen.shows is None and _is_over(m, screen)) or abs(m.now - screen.seen_at) >= SEEN_EVERY


def _news(screen: Screen, token_hash: bytes | None, switch_trouble: str | None) -> dict[str, Any]:
    """The columns that change by what its box says of itself."""
    news: dict[str, Any] = {}
    if token_hash and screen.token_hash is None:
        news["token_hash"] = token_hash
    if switch_trouble is not None and switch_trouble != screen.switch_trouble:
        news["switch_trouble"] = switch_trouble or None
    return news


def _add(m: Transaction, hashed: bytes, name: str, source: str, token_hash: bytes | None, box: str) -> Screen:
    m.conn.execute(delete(_s).where(~_or_bound(_s.c.seen_at > m.at - _span(CODE_LASTS))))
    waiting = m.conn.execute(select(func.count()).where(_s.c.page.is_(None))).scalar_one()
    if waiting >= MOST_NEW:
        raise LimitError("screens_full", most=MOST_NEW)
    values = {"secret_hash": hashed, "name": name, "made_at": m.at, "seen_at": m.at, "seen_from": source}
    values |= {"token_hash": token_hash, "box": box}
    made = m.conn.execute(insert(_s).values(**values, **_new_code(m)).returning(_s.c.id)).scalar_one()
    return _one(m, made)


def _new_code(m: Transaction) -> dict[str, Any]:
    """The columns of a code that no other screen has."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if _find(m, _s.c.code == code) is None:
            return {"code": code, "code_until": m.at + _span(CODE_LASTS)}


def _check(m: Transaction, shows: Shows) -> None:
    """Raises ``unknown_window``."""
    if shows.page in AT_WINDOW:
        m.window(shows.window or "")


def _give_token(m: Transaction, screen: Screen, shows: Shows | None, actor: Actor) -> None:
    """Have the screen's own token open what it is to show, and nothing else; raises ``screen_without_token``."""
    role = own_token.ROLES.get(shows.page) if shows else None
    if shows and role and screen.token_hash is None:
        raise StateError("screen_without_token")
    if screen.token_hash is not None:
        windows = (shows.window,) if shows and shows.window and shows.page in AT_WINDOW else ()
        bound_to = screen.box if role == "kiosk" else (shows and shows.terminal) or screen.own_name
        opens = own_token.Opens(role, windows, bound_to) if role else None
        own_token.put(m, screen.token_hash, screen.own_name, opens, actor)


def _columns(shows: Shows) -> dict[str, Any]:
    stands_in = _STANDS_IN.get(shows.page)
    theme = shows.theme if shows.theme in THEMES[shows.page] else ""
    return {
        "page": stands_in or shows.page,
        "window_id": shows.window if shows.page in AT_WINDOW else None,
        "zone": shows.zone if shows.page == "board" else "",
        "theme": " ".join(filter(None, (shows.page if stands_in else "", theme))) or None,
        "terminal": shows.terminal if shows.page == "terminal" and shows.terminal else None,
    }


def _shows(row: Any) -> Shows | None:
    """The reverse of :func:`_columns`; where the version before has changed the page, the theme is of another one."""
    if row.page is None:
        return None
    page, theme = row.page, row.theme or ""
    first, _, rest = theme.partition(" ")
    if _STANDS_IN.get(first) == page and not row.zone:
        page, theme = first, rest
    terminal = (row.terminal or "") if page == "terminal" else ""
    return Shows(page, row.window_id, row.zone, theme if theme in THEMES[page] else "", terminal)


def _changed(m: Transaction, screen: int, actor: Actor, action: str) -> Screen:
    found = _one(m, screen)
    what = f"screen {screen} {found.name}: {found.shows or 'new'}"
    access_log.append(m.conn, m.vault, m.now, actor, action, None, what)
    return found


def _one(m: Transaction, screen: int) -> Screen:
    found = _find(m, _s.c.id == screen)
    if found is None:
        raise UnknownError("unknown_screen")
    return found


def _find(m: Transaction, *which: ColumnElement[bool]) -> Screen | None:
    return next(iter(_read(m, *which)), None)


def _read(m: Transaction, *which: ColumnElement[bool]) -> list[Screen]:
    return [
        Screen(
            row.id,
            row.name,
            _shows(row),
            row.code,
            None if row.code_until is None else m.time(row.code_until),
            m.time(row.seen_at),
            row.seen_from,
            m.time(row.made_at),
            row.token_hash,
            row.box or "",
            row.switch_trouble or "",
        )
        for row in m.conn.execute(select(_s).where(*which))
    ]
