"""The resident's data at the window. Every look at them is an entry in the audit log."""

from dataclasses import dataclass, replace

from ticketing.cases import cases
from ticketing.day import form_answers, residents, serving, windows
from ticketing.day.form_answers import FilledForm
from ticketing.day.residents import Holders
from ticketing.day.transaction import PrintedCode, Transaction
from ticketing.line import calling
from ticketing.model import (
    LIVE_STATES,
    Actor,
    ForbiddenError,
    Resident,
    State,
    StateError,
    Ticket,
    TicketRow,
    UnknownError,
    Window,
)
from ticketing.privacy import access_log


@dataclass(frozen=True)
class Scanned:
    """A ticket whose slip was scanned or whose card was laid.

    Attributes:
        resident, agent: whose it is, and who took it for them, as far as slip or card open that.
        closed: why they are not known although the ticket has data: ``slip_without_data`` (it was printed again
            without the card), ``agent_card`` (the agent's card opens the agent alone); None otherwise.
        forms: what they filled in at a terminal with this very slip.
    """

    ticket: Ticket
    resident: Resident | None
    agent: Resident | None = None
    closed: str | None = None
    forms: tuple[FilledForm, ...] = ()


def scan(
    m: Transaction, window: str, scanned: str, actor: Actor, override_reason: str | None
) -> Scanned | StateError | ForbiddenError:
    """Start serving a scanned ticket and open its resident's data. With a reason, a ticket of another window, too.

    Returns:
        The ticket with its resident; or why not, to be raised once the entry in the audit log is kept.
    """
    here = m.window(window)
    windows.refuse_taken(m, here, actor)
    code = m.code_in(scanned)
    row = _row_of(m, code)
    if row.state not in (*LIVE_STATES, State.MISSED):
        raise StateError("ticket_over", number=row.number, state=row.state)
    reason = (override_reason or "").strip() or None
    overrides = row.window_id != window or not (row.at_window or row.state == State.HELD)
    if overrides and reason is None:
        access_log.append(m.conn, m.vault, m.now, actor, "scan-refused", row.id)
        # Nothing else is changed: whoever scans here does not sit here by that.
        return _refusal(row)
    place = windows.claim(m, here, actor)
    if overrides or not row.at_window:
        row = bring_here(m, row, place, actor)
    ticket = m.ticket(row) if row.state == State.SERVING else calling.start_this(m, row)
    action = "scan-override" if overrides else "scan"
    holders = residents.by_code(m, row, code)
    if holders is not None:
        holders = replace(holders, forms=form_answers.by_code(m, row, code))
        serving.keep(m, row.id, window, holders)
    else:
        # The card may have been laid before.
        holders = serving.read(m, row.hall_day, row.id)
    subject = holders.resident.id_number if holders else None
    access_log.append(m.conn, m.vault, m.now, actor, action, row.id, reason if overrides else None, subject=subject)
    if holders is not None:
        return Scanned(ticket, holders.resident, holders.agent, forms=holders.forms)
    return Scanned(ticket, None, closed="slip_without_data" if residents.are_sealed(m, row.id) else None)


def holders_at(m: Transaction, window: str, actor: Actor) -> Holders | None:
    """The data of the resident now being served, and of an agent; None for a ticket without data. Logged.

    Raises:
        UnknownError: ``unknown_window``.
        StateError: ``nobody_here``; ``window_taken``; ``wrong_state``: called, but not being served yet;
            ``not_scanned``: neither slip nor card was shown in this service, or too long ago.
    """
    row = windows.ticket_at(m, window, actor)
    if row.state != State.SERVING:
        raise StateError("wrong_state", number=row.number, state=row.state, verb="resident")
    holders = serving.read(m, row.hall_day, row.id)
    if holders is None:
        if residents.are_sealed(m, row.id):
            raise StateError("not_scanned", number=row.number)
        return None
    access_log.append(m.conn, m.vault, m.now, actor, "resident", row.id, subject=holders.resident.id_number)
    return holders


def _row_of(m: Transaction, code: PrintedCode | None) -> TicketRow:
    """The row of today's ticket with this code; of the receipt of an application says that it is one."""
    try:
        return m.row_of_code(code)
    except UnknownError:
        if code is not None and cases.is_of_application(m, code.text):
            raise StateError("application_receipt") from None
        raise


def _refusal(row: TicketRow) -> StateError | ForbiddenError:
    if row.at_window:
        return ForbiddenError("wrong_window", number=row.number, window=row.window_id)
    return StateError("not_called", number=row.number, state=row.state)


def bring_here(m: Transaction, row: TicketRow, window: Window, actor: Actor) -> TicketRow:
    """Call a ticket that is not at this window; one that is at another window leaves that first."""
    windows.refuse_removed(window)
    windows.refuse_second_at(m, window.id)
    if row.at_window:
        calling.hand_on(m, row, row.service_id)
        row = m.row_of(row.id)
    return calling.summon(m, row, window.id, actor)
