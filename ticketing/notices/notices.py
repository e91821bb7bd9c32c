"""Notices (通知): words, pictures and films for the hall's screens, and messages to all who wait.

A notice about a service or a window is a message: the phones of those who wait for it show it, too. Every change is an
entry in the audit log.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction, microseconds
from ticketing.events import NoticeChanged
from ticketing.model import Actor, State, StateError, Ticket, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables

MOST = 200
"""Notices of a hall at a time; those that are over do not count, and are deleted after a while."""
KEPT_DAYS = 30

_n = tables.notice


@dataclass(frozen=True)
class Draft:
    """What a notice says, where and when.

    Attributes:
        text, text_en: in Chinese and in English; may be empty where there is a picture or a film.
        media: the name of a file among the hall's media; None for words alone.
        starts, ends: from when until when; None for at once, and until it is withdrawn.
        zones: whose screens show it; empty for all.
        service, window: those who wait for this are told; None for everybody in the hall.
        priority: how often it comes in a round of all notices, 1 to 3 times.
    """

    text: str = ""
    text_en: str = ""
    media: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    zones: tuple[str, ...] = ()
    service: str | None = None
    window: str | None = None
    priority: int = 1


@dataclass(frozen=True)
class Notice:
    """A notice, and who made it."""

    id: int
    says: Draft
    made_at: datetime
    made_by: str

    def holds_at(self, now: datetime) -> bool:
        """Whether it is shown at ``now``."""
        starts, ends = self.says.starts, self.says.ends
        return (starts is None or starts <= now) and (ends is None or now < ends)


class Notices:
    """The verbs and views of notices. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def all(self) -> list[Notice]:
        """All notices, newest first; also those that are still to come, and those that are over since a few days."""
        with self._ledger.look() as m:
            return _read(m)[::-1]

    def current(self, zone: str = "") -> list[Notice]:
        """What a screen of a zone shows now; of the whole hall without one."""
        with self._ledger.look() as m:
            return [one for one in _read(m, *_now(m)) if not (zone and one.says.zones and zone not in one.says.zones)]

    def for_ticket(self, ticket: Ticket) -> list[Notice]:
        """The messages to whoever has this ticket: about its service, its window, or a window that may call it."""
        if ticket.state not in (State.WAITING, State.HELD, State.CALLED):
            return []
        with self._ledger.look() as m:
            about = _read(m, *_now(m), or_(_n.c.service_id.is_not(None), _n.c.window_id.is_not(None)))
            if not about:
                return []
            only = ticket.window or ticket.for_window
            windows = {one.id for one in m.windows() if one.id == only or (only is None and one.serves(ticket.service))}
        return [
            one
            for one in about
            if (one.says.service in (None, ticket.service)) and (one.says.window is None or one.says.window in windows)
        ]

    def add(self, says: Draft, actor: Actor) -> Notice:
        """Make a notice.

        Raises:
            StateError: ``notice_empty``, ``notice_times``: it ends before it begins, ``notices_full`` (``most``).
            UnknownError: ``unknown_service``, ``unknown_window``.
        """
        with self._ledger.verb() as m:
            values = _checked(m, says)
            _forget(m)
            if len(_read(m)) >= MOST:
                raise StateError("notices_full", most=MOST)
            made = m.conn.execute(
                insert(_n).values(made_at=m.at, made_by=actor.who, **values).returning(_n.c.id)
            ).scalar_one()
            return _changed(m, made, actor, "notice-made")

    def put(self, notice: int, says: Draft, actor: Actor) -> Notice:
        """Replace what a notice says; raises ``unknown_notice``, and as :meth:`add` does."""
        with self._ledger.verb() as m:
            _one(m, notice)
            m.conn.execute(update(_n).where(_n.c.id == notice).values(**_checked(m, says)))
            return _changed(m, notice, actor, "notice-changed")

    def withdraw(self, notice: int, actor: Actor) -> Notice:
        """Take a notice away; raises ``unknown_notice``."""
        with self._ledger.verb() as m:
            found = _changed(m, notice, actor, "notice-withdrawn")
            m.conn.execute(delete(_n).where(_n.c.id == notice))
        return found

    def media(self) -> set[str]:
        """The names of all media that notices show or will show."""
        with self._ledger.look() as m:
            return {one.says.media for one in _read(m) if one.says.media}


def _changed(m: Transaction, notice: int, actor: Actor, action: str) -> Notice:
    found = _one(m, notice)
    access_log.append(m.conn, m.vault, m.now, actor, action, None, f"notice {notice}")
    m.append(NoticeChanged())
    return found


def _checked(m: Transaction, says: Draft) -> dict[str, object]:
    """The columns; raises as :meth:`Notices.add` does."""
    if not (says.text.strip() or says.media):
        raise StateError("notice_empty")
    if says.starts and says.ends and says.ends <= says.starts:
        raise StateError("notice_times")
    if says.service is not None:
        m.service(says.service)
    if says.window is not None:
        m.window(says.window)
    return {
        "text": says.text.strip(),
        "text_en": says.text_en.strip(),
        "media": says.media,
        "from_at": None if says.starts is None else microseconds(says.starts),
        "until_at": None if says.ends is None else microseconds(says.ends),
        "zones": json.dumps(says.zones, ensure_ascii=False),
        "service_id": says.service,
        "window_id": says.window,
        "priority": says.priority,
    }


def _now(m: Transaction) -> tuple[ColumnElement[bool], ...]:
    return (
        or_(_n.c.from_at.is_(None), _n.c.from_at <= m.at),
        or_(_n.c.until_at.is_(None), _n.c.until_at > m.at),
    )


def _forget(m: Transaction) -> None:
    """Delete what has been over for long."""
    m.conn.execute(delete(_n).where(_n.c.until_at < m.at - KEPT_DAYS * 86_400_000_000))


def _one(m: Transaction, notice: int) -> Notice:
    found = _read(m, _n.c.id == notice)
    if not found:
        raise UnknownError("unknown_notice")
    return found[0]


def _read(m: Transaction, *which: ColumnElement[bool]) -> list[Notice]:
    def time(at: int | None) -> datetime | None:
        return None if at is None else m.time(at)

    return [
        Notice(
            row.id,
            Draft(
                row.text,
                row.text_en,
                row.media,
                time(row.from_at),
                time(row.until_at),
                tuple(json.loads(row.zones)),
                row.service_id,
                row.window_id,
                row.priority,
            ),
            m.time(row.made_at),
            row.made_by,
        )
        for row in m.conn.execute(select(_n).where(*which).order_by(_n.c.id))
    ]
