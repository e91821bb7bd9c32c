"""Calls for help (呼叫工作人员), from the press to the end: who called from where, who goes, when it was over.

One call is open at a place at a time: pressing again finds it. Where the hall day ends, what is still open ends with
it. Nothing of a person is kept but the ticket's id.

An emergency call is a clerk's. Its events say no more than those of any other call, since whoever stands at that
window can follow the hall's events on a phone; only staff can ask what the call is about.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Select, func, insert, select, update

from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.events import HelpAnswered, HelpCalled, HelpDone
from ticketing.model import LIVE_STATES, Actor, LimitError, State, StateError, UnknownError
from ticketing.privacy import access_log
from ticketing.store import tables

log = logging.getLogger(__name__)

PlaceKind = Literal["kiosk", "terminal", "window", "ticket"]
Reason = Literal["", "how", "papers", "device", "unwell", "other"]
"""Why: nothing said, how it is done, which papers, a device that does not work, somebody is unwell, something else."""

MOST_OF_TICKET = 3
"""Calls in a day from a phone with one ticket: a slip that somebody found must not ring all day."""

_h = tables.help_call
_COLUMNS = (*_h.c, tables.ticket.c.number, tables.ticket.c.service_id)
_CALLS: Select[tuple[object, ...]] = select(*_COLUMNS).outerjoin(tables.ticket, tables.ticket.c.id == _h.c.ticket_id)


@dataclass(frozen=True)
class Place:
    """Where help is wanted: the name of a kiosk's box, the id of a terminal or window, the number of a ticket."""

    kind: PlaceKind
    name: str


@dataclass(frozen=True)
class HelpCall:
    """A call for help.

    Attributes:
        place: where.
        service: of the ticket whose phone called; None for other calls.
        emergency: a clerk's silent call; answering it ends it.
        called_by: account or token; ``phone`` for a resident.
        answered_at, answered_by: since when somebody goes, and which account; None until then.
        answered_from: the window whose clerk goes; "" for the desk or the manager.
        done_at: when it was over; None while it is open.
    """

    id: int
    place: Place
    reason: Reason
    emergency: bool
    called_at: datetime
    called_by: str
    service: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answered_from: str = ""
    done_at: datetime | None = None

    @property
    def state(self) -> Literal["called", "answered", "done"]:
        """How far it is."""
        if self.done_at is not None:
            return "done"
        return "called" if self.answered_at is None else "answered"


@dataclass(frozen=True)
class HelpFigures:
    """The calls of a span of days.

    Attributes:
        calls: from residents and clerks, without emergencies.
        answered: those somebody went to.
        emergencies: between clerks.
        mean_seconds, longest_seconds: from the call until somebody went; None when nobody did.
    """

    calls: int
    answered: int
    emergencies: int
    mean_seconds: int | None
    longest_seconds: int | None


class HelpCalls:
    """The verbs and views of help. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def call(self, place: Place, actor: Actor, reason: Reason = "") -> HelpCall:
        """Call for help from a place; the call that is open there already is given instead of a second one."""
        with self._ledger.look() as m:
            found = _open_at(m, place)
        if found is not None:
            return found
        with self._ledger.verb() as m:
            return _open_at(m, place) or _begin(m, place, actor, reason)

    def call_by_code(self, code: str, actor: Actor, reason: Reason = "") -> HelpCall:
        """The same from a phone, by the ticket's code.

        Raises:
            UnknownError: ``unknown_code``.
            StateError: ``ticket_over`` (``number``, ``state``).
            LimitError: ``help_limit`` (``most``): so many calls today already.
        """
        with self._ledger.verb() as m:
            row = m.row_of_code(code)
            if row.state not in (*LIVE_STATES, State.MISSED):
                raise StateError("ticket_over", number=row.number, state=row.state)
            place = Place("ticket", row.number)
            found = _open_at(m, place)
            if found is None:
                before = m.conn.scalar(select(func.count()).where(_h.c.ticket_id == row.id)) or 0
                if before >= MOST_OF_TICKET:
                    raise LimitError("help_limit", most=MOST_OF_TICKET)
            return found or _begin(m, place, actor, reason, ticket=row.id)

    def of_code(self, code: str) -> HelpCall | None:
        """The open call of the ticket with this code; raises ``unknown_code``."""
        with self._ledger.look() as m:
            return _open_at(m, Place("ticket", m.row_of_code(code).number))

    def emergency(self, window: str, actor: Actor) -> HelpCall:
        """A silent call from a window to the desk, the other windows and the manager; it goes into the audit log."""
        with self._ledger.verb() as m:
            place = Place("window", m.window(window).id)
            found = _open_at(m, place, emergency=True)
            if found is None:
                access_log.append(m.conn, m.vault, m.now, actor, "emergency", None, f"window {window}")
                found = _begin(m, place, actor, "", emergency=True)
        log.warning("emergency call from window %s", window)
        return found

    def answer(self, call: int, actor: Actor, window: str = "") -> HelpCall:
        """Somebody goes: the actor, from a clerk's ``window``. An emergency is over with it, and is in the audit log.

        Raises:
            UnknownError: ``unknown_help``.
            StateError: ``help_answered``: somebody else goes; ``help_over``.
        """
        with self._ledger.verb() as m:
            found = _todays(m, call)
            if found.answered_at is not None and found.answered_by == actor.who:
                return found
            if found.done_at is not None:
                raise StateError("help_over")
            if found.answered_at is not None:
                raise StateError("help_answered")
            over = {"done_at": m.at} if found.emergency else {}
            m.conn.execute(
                update(_h)
                .where(_h.c.id == call)
                .values(answered_at=m.at, answered_by=actor.who, answered_from=window, **over)
            )
            if found.emergency:
                told = f"window {found.place.name}"
                access_log.append(m.conn, m.vault, m.now, actor, "emergency-answered", None, told)
            m.append(HelpDone(call) if found.emergency else HelpAnswered(call))
            return _todays(m, call)

    def done(self, call: int, actor: Actor) -> HelpCall:
        """It is over; said again, nothing changes. Raises ``unknown_help``.

        Nobody ends an emergency without having answered it, which ends it.
        """
        with self._ledger.verb() as m:
            found = _todays(m, call)
            if found.emergency and found.done_at is None:
                raise StateError("help_not_answered")
            if found.done_at is None:
                m.conn.execute(update(_h).where(_h.c.id == call).values(done_at=m.at))
                m.append(HelpDone(call))
        log.info("help call %s ended by %s", call, actor.who)
        return found if found.done_at else self.one(call)

    def one(self, call: int) -> HelpCall:
        """A call of today; raises ``unknown_help``."""
        with self._ledger.look() as m:
            return _todays(m, call)

    def open_at(self, place: Place) -> HelpCall | None:
        """The open call at a place."""
        with self._ledger.look() as m:
            return _open_at(m, place)

    def open(self) -> list[HelpCall]:
        """All open calls: emergencies first, then those nobody goes to yet, then the rest; each oldest first."""
        with self._ledger.look() as m:
            found = _read(m, _h.c.hall_day == m.day, _h.c.done_at.is_(None))
        return sorted(found, key=lambda one: (not one.emergency, one.answered_at is not None, one.called_at))

    def figures(self, first: date, last: date) -> HelpFigures:
        """The calls of the hall days from ``first`` to ``last``, both included."""
        took = _h.c.answered_at - _h.c.called_at
        plain = ~_h.c.emergency
        with self._ledger.look() as m:
            row = m.conn.execute(
                select(
                    func.count().filter(plain),
                    func.count(_h.c.answered_at).filter(plain),
                    func.count().filter(_h.c.emergency),
                    func.sum(took).filter(plain),
                    func.max(took).filter(plain),
                ).where(_h.c.hall_day >= first.isoformat(), _h.c.hall_day <= last.isoformat())
            ).one()
        calls, answered, emergencies, spent, longest = row
        mean = round(float(spent) / answered / 1e6) if answered else None
        return HelpFigures(calls, answered, emergencies, mean, round(longest / 1e6) if answered else None)


def _begin(
    m: Transaction, place: Place, actor: Actor, reason: Reason, *, ticket: int | None = None, emergency: bool = False
) -> HelpCall:
    made = m.conn.execute(
        insert(_h)
        .values(
            hall_day=m.day,
            place_kind=place.kind,
            place=place.name,
            ticket_id=ticket,
            reason=reason,
            emergency=emergency,
            called_at=m.at,
            called_by=actor.who,
        )
        .returning(_h.c.id)
    ).scalar_one()
    m.append(HelpCalled(made))
    return _todays(m, made)


def _open_at(m: Transaction, place: Place, *, emergency: bool = False) -> HelpCall | None:
    here = (_h.c.place_kind == place.kind, _h.c.place == place.name, _h.c.emergency == emergency)
    return next(iter(_read(m, _h.c.hall_day == m.day, _h.c.done_at.is_(None), *here)), None)


def _todays(m: Transaction, call: int) -> HelpCall:
    found = _read(m, _h.c.id == call, _h.c.hall_day == m.day)
    if not found:
        raise UnknownError("unknown_help")
    return found[0]


def _read(m: Transaction, *which: ColumnElement[bool]) -> list[HelpCall]:
    return [
        HelpCall(
            id=row.id,
            place=Place(row.place_kind, row.place),
            reason=row.reason,
            emergency=row.emergency,
            called_at=m.time(row.called_at),
            called_by=row.called_by,
            service=row.service_id,
            answered_at=None if row.answered_at is None else m.time(row.answered_at),
            answered_by=row.answered_by,
            answered_from=row.answered_from,
            done_at=None if row.done_at is None else m.time(row.done_at),
        )
        for row in m.conn.execute(_CALLS.where(*which).order_by(_h.c.id))
    ]
