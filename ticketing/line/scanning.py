"""The resident's data, at the window and nowhere else. Every look is an entry in the access log."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ticketing.day import residents, windows
from ticketing.day.residents import Holders
from ticketing.day.transaction import Moment, is_open
from ticketing.line import calling
from ticketing.model import LIVE_STATES, Actor, ForbiddenError, Resident, State, StateError, Ticket, Window
from ticketing.privacy import access_log


@dataclass(frozen=True)
class Scanned:
    """A ticket that was laid under a scanner, with what is known of whose it is, and of who took it for them."""

    ticket: Ticket
    resident: Resident | None
    agent: Resident | None = None


def scan(m: Moment, window: str, scanned: str, actor: Actor, override_reason: str | None) -> Scanned:
    """See :meth:`ticketing.office.Office.scan`."""
    place = windows.claim(m, m.window(window), actor)
    row = m.row_of_code(scanned)
    if row.state not in (*LIVE_STATES, State.MISSED):
        raise StateError("ticket_over", number=row.number, state=row.state)
    reason = (override_reason or "").strip() or None
    overrides = row.window_id != window or not (is_open(row) or row.state == State.HELD)
    if overrides and reason is None:
        raise _refusal(row)
    if overrides or not is_open(row):
        row = _bring_here(m, row, place, actor)
    ticket = m.ticket(row) if row.state == State.SERVING else calling.start(m, row)
    action = "scan-override" if overrides else "scan"
    access_log.append(m.conn, m.vault, m.now, actor, action, row.id, reason if overrides else None)
    holders = residents.opened(m, row.hall_day, row.id)
    return Scanned(ticket, holders.resident, holders.agent) if holders else Scanned(ticket, None)


def holders_at(m: Moment, window: str, actor: Actor) -> Holders | None:
    """See :meth:`ticketing.office.Office.holders_at`."""
    row = calling.here(m, window, actor)
    if row.state != State.SERVING:
        raise StateError("wrong_state", number=row.number, state=row.state, verb="resident")
    holders = residents.opened(m, row.hall_day, row.id)
    if holders is not None:
        access_log.append(m.conn, m.vault, m.now, actor, "resident", row.id)
    return holders


def _refusal(row: Row[Any]) -> StateError | ForbiddenError:
    if is_open(row):
        return ForbiddenError("wrong_window", number=row.number, window=row.window_id)
    return StateError("not_called", number=row.number, state=row.state)


def _bring_here(m: Moment, row: Row[Any], window: Window, actor: Actor) -> Row[Any]:
    """Call what is not here: another window where it is lets go of it first."""
    windows.refuse_removed(window)
    windows.refuse_second_at(m, window.id)
    if is_open(row):
        calling.hand_on(m, row, row.service_id)
        row = m.row_of(row.id)
    calling.summon(m, row, window.id, actor)
    return m.row_of(row.id)
