"""The second screen at a window, which faces the resident: what it shows, and the data shown back to be checked.

::

    clerk: show_back ──► Shown, sealed beside the data (day.serving) ──► event screen.changed, which tells nothing
    screen:    view  ──► what is no secret at the window, and that something is shown back
               look  ──► the data themselves; an entry in the audit log
    resident: answer ──► right, or what is wrong; an entry in the audit log ──► event ──► the clerk's page

What is shown back ends with the service, when the clerk takes it back, pauses or leaves, once it is said to be right,
and two minutes after it was shown. A box that cannot open the data cannot show them.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import bindparam, select

from ticketing.cases import cases, ratings
from ticketing.cases.cases import Case, CaseRow
from ticketing.day import residents, serving, windows
from ticketing.day.ledger import Ledger
from ticketing.day.residents import Holders
from ticketing.day.serving import Opened, Shown
from ticketing.day.transaction import Transaction
from ticketing.matters import matters
from ticketing.matters.matters import Matter
from ticketing.model import Actor, State, StateError, Ticket, TicketRow, UnknownError, Window
from ticketing.privacy import access_log
from ticketing.store import tables
from ticketing.store.prepared import Prepared

log = logging.getLogger(__name__)

SHOWN_FOR = timedelta(minutes=2)
"""The longest that data are shown back without the clerk showing them again."""
RECEIPT_FOR = timedelta(minutes=2)
"""How long a receipt's code is shown after its case was recorded."""
MOST_RECEIPTS = cases.MOST_CASES
AGENT = "agent_"
"""Before the name of a field of whoever came for the resident."""

_c = tables.case_file
_RECENT = Prepared(
    select(*(_c.c[name] for name in CaseRow._fields))
    .where(
        _c.c.hall_day == bindparam("day"),
        _c.c.window_id == bindparam("window"),
        _c.c.ended_at > bindparam("since"),
        _c.c.progress.is_not(None),
        # The code of an application, which has no ticket, is on its first receipt alone.
        _c.c.ticket_id.is_not(None),
    )
    .order_by(_c.c.id.desc())
    .limit(MOST_RECEIPTS),
    CaseRow,
)


@dataclass(frozen=True)
class ScreenView:
    """What the screen of a window shows, without any of the resident's data.

    Attributes:
        ticket: called to the window or served there.
        matters: what that ticket is for.
        shown: that its data are shown back; None for not.
        left: how long they still are.
        readable: whether this box can open the data of the ticket, where any box can.
        receipts: of the resident who is served, or else was the last; with their codes, for ``receipts_left``.
        to_rate: the case whose resident is asked for a grade; None while a ticket is here.
    """

    window: Window
    ticket: Ticket | None
    matters: tuple[Matter, ...]
    shown: Shown | None
    left: timedelta
    readable: bool
    receipts: tuple[Case, ...]
    receipts_left: timedelta
    to_rate: Case | None


@dataclass(frozen=True)
class ShownData:
    """The data that are shown back: those of ``shown.fields``, and how long they still are."""

    shown: Shown
    holders: Holders
    left: timedelta


class ResidentScreens:
    """The verbs and views of the screens that face residents. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def view(self, window: str) -> ScreenView:
        """What the screen at a window shows now; raises ``unknown_window``."""
        with self._ledger.look() as m:
            return _view(m, window)

    def show_back(self, window: str, actor: Actor, filled: Mapping[int, tuple[str, ...]] | None = None) -> Shown:
        """Have the data that are open for the service here shown to their resident, to be checked.

        Of a ticket in ``filled``, by its id, only these fields: those that went into a form. Asked for again before the
        resident has said anything, the same goes on; after that it begins anew. Each showing is an entry in the audit
        log.

        Raises:
            UnknownError: ``unknown_window``; ``no_resident``: a ticket without data.
            StateError: ``nobody_here``, ``window_taken``, ``wrong_state``; ``window_paused``; ``not_scanned``: this box
                cannot open the data: the slip is scanned (again).
        """
        with self._ledger.verb() as m:
            row = windows.ticket_at(m, window, actor)
            if row.state != State.SERVING:
                raise StateError("wrong_state", number=row.number, state=row.state, verb="resident")
            if m.window(window).state == "paused":
                raise StateError("window_paused")
            found = serving.opened(m, row.hall_day, row.id)
            if found is None:
                if residents.are_sealed(m, row.id) or serving.is_open_elsewhere(m, row.id):
                    raise StateError("not_scanned", number=row.number)
                raise UnknownError("no_resident")
            fields = (filled or {}).get(row.id)
            now = found.shown
            if now and now.right is None and now.fields == fields and _left(m, found):
                return now
            shown = Shown(m.at, fields)
            serving.show(m, row.id, window, found, shown)
            subject = found.holders.resident.id_number
            access_log.append(m.conn, m.vault, m.now, actor, "show-back", row.id, subject=subject)
        log.info("%s shown back at window %s by %s", row.number, window, actor.who)
        return shown

    def take_back(self, window: str, actor: Actor) -> None:
        """Have nothing shown back any more at a window; raises ``unknown_window``, ``window_taken``."""
        with self._ledger.verb() as m:
            windows.refuse_taken(m, m.window(window), actor)
            take_back(m, window)

    def look(self, window: str, actor: Actor) -> ShownData:
        """The data that are shown back at a window, for its screen. Logged.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``not_shown``; ``window_taken``: the screen is a clerk's page, and another clerk sits here.
        """
        with self._ledger.verb() as m:
            row, found, shown = _shown_at(m, window, actor)
            if shown.right:
                raise StateError("not_shown")
            subject = found.holders.resident.id_number
            access_log.append(m.conn, m.vault, m.now, actor, "shown-back", row.id, subject=subject)
            serving.show(m, row.id, window, found, replace(shown, seen=True))
            return ShownData(shown, _chosen(found.holders, shown.fields), _left(m, found))

    def answer(self, window: str, actor: Actor, since: int, right: bool, field: str | None = None) -> Shown:
        """What the resident says of the data shown ``since`` then: right, or not, and which ``field`` is not.

        Fields that are wrong add up until all is said to be right. The same once more changes nothing. An entry in the
        audit log.

        Raises:
            UnknownError: ``unknown_window``.
            StateError: ``not_shown``: that showing is over; ``window_taken``.
        """
        with self._ledger.verb() as m:
            row, found, shown = _shown_at(m, window, actor)
            if shown.since != since or (shown.right and not right):
                raise StateError("not_shown")
            wrong = () if right else tuple(dict.fromkeys((*shown.wrong, *filter(None, (field,)))))
            said = replace(shown, seen=True, right=right, wrong=wrong)
            if said != shown:
                serving.show(m, row.id, window, found, said)
                action = "checked" if right else "objected"
                subject = found.holders.resident.id_number
                access_log.append(
                    m.conn, m.vault, m.now, actor, action, row.id, None if right else field, subject=subject
                )
        return said


# -- inside a transaction ----------------------------------------------------------------------------------------------


def take_back(m: Transaction, window: str) -> None:
    """Have nothing shown back any more at a window."""
    row = m.open_at(window)
    found = row and serving.opened(m, row.hall_day, row.id)
    if row and found:
        serving.show(m, row.id, window, found, None)


def _view(m: Transaction, window: str) -> ScreenView:
    here = m.window(window)
    row = m.open_at(window)
    found = row and serving.opened(m, row.hall_day, row.id)
    left = _left(m, found) if found and here.state != "paused" else timedelta()
    asked = None if row else ratings.asked_at(m, window)
    receipts = _receipts(m, window, row)
    last = max((one.ended_at for one in receipts), default=m.now)
    return ScreenView(
        window=here,
        ticket=row and m.ticket(row),
        matters=matters.of_ticket(m, row.asked_for) if row else (),
        shown=found.shown if found and left else None,
        left=left,
        readable=row is None or found is not None or not serving.is_open_elsewhere(m, row.id),
        receipts=receipts,
        receipts_left=last + RECEIPT_FOR - m.now if receipts else timedelta(),
        to_rate=asked and cases.case_of(m, asked),
    )


def _receipts(m: Transaction, window: str, row: TicketRow | None) -> tuple[Case, ...]:
    """The cases just recorded of who is here, or of who was here last, which go on; their codes are made anew."""
    since = m.at - RECEIPT_FOR // timedelta(microseconds=1)
    recent = [
        one for one in _RECENT.all(m.conn, {"day": m.day, "window": window, "since": since}) if one.ended_at <= m.at
    ]
    whose = row.id if row else recent[0].ticket_id if recent else None
    return tuple(cases.case_of(m, one, m.receipt_of(one.id)) for one in reversed(recent) if one.ticket_id == whose)


def _left(m: Transaction, found: Opened) -> timedelta:
    """How long what is shown back still is; none where it is over, or by a clock that was set back since."""
    if found.shown is None or m.at < found.shown.since:
        return timedelta()
    most = SHOWN_FOR // timedelta(microseconds=1)
    return timedelta(microseconds=max(0, min(found.shown.since + most, found.until) - m.at))


def _shown_at(m: Transaction, window: str, actor: Actor) -> tuple[TicketRow, Opened, Shown]:
    here = m.window(window)
    windows.refuse_taken(m, here, actor)
    row = m.open_at(window)
    found = row and serving.opened(m, row.hall_day, row.id)
    if row is None or not found or found.shown is None or here.state == "paused" or not _left(m, found):
        raise StateError("not_shown")
    return row, found, found.shown


def _chosen(holders: Holders, fields: tuple[str, ...] | None) -> Holders:
    if fields is None:
        return holders
    own = {one for one in fields if not one.startswith(AGENT)}
    theirs = {one.removeprefix(AGENT) for one in fields if one.startswith(AGENT)}
    return Holders(holders.resident.only(own), holders.agent and holders.agent.only(theirs) if theirs else None)
