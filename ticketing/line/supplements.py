"""Papers that were missing (补正): whoever comes back with them does not wait anew, once for each case.

On the same day it is the ticket that comes back, with its number and its place in time. On another day, and for an
application, which had no ticket, it is a new ticket at the head of its service's line: ranked as if it had been issued
a day earlier.
"""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from ticketing.cases import cases
from ticketing.cases.cases import CaseRow
from ticketing.day import residents, visits
from ticketing.day.ledger import Ledger
from ticketing.day.residents import Holders
from ticketing.day.transaction import Transaction, refuse_wrong_state
from ticketing.events import TicketReturned
from ticketing.line import issuing
from ticketing.line.issuing import Issued
from ticketing.line.waiting_counts import WaitingCounts
from ticketing.model import Resident, StateError, Ticket, TicketRow, UnknownError
from ticketing.privacy import codes

log = logging.getLogger(__name__)

RANK_BY = "supplement"
_HEAD_START = timedelta(days=1)


@dataclass(frozen=True)
class Back:
    """Somebody who came back with papers.

    Attributes:
        ticket: the place in the queue.
        code: what its slip says; for a ticket of today that was asked for by its receipt, another code that opens the
            place in the queue alone.
        print_job: the job that prints a new slip on this box; None when the old one is still good, or none is printed.
        new: whether it is a new ticket, since the first one was of another day.
    """

    ticket: Ticket
    code: str
    print_job: int | None
    new: bool

    def __repr__(self) -> str:
        return f"<Back {self.ticket.number}>"


class Supplements:
    """Takes back who brings what was missing. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._counts = WaitingCounts()

    def by_code(
        self,
        code_text: str,
        who: str,
        *,
        print: bool,  # noqa: A002 - the field's word, as in the API
    ) -> Back:
        """Put whoever holds this receipt, or this ticket of a case that was returned, back into the line.

        ``who`` is for the log; ``print``: whether this box prints the slip of a new ticket.

        Raises:
            UnknownError: ``unknown_code``.
            StateError: ``not_returned``: no papers are missing, or they were brought already; ``supplement_late``
                (``day``): until then they could be; ``already_waiting``; ``wrong_state``: the ticket is not over yet.
        """
        with self._ledger.verb() as m:
            row, by_slip = _returned_by_code(m, code_text)
            back = _back(m, self._counts, row, None, by_slip, printed=print)
        log.info("%s back with papers, by %s", back.ticket.number, who, extra={"ticket": back.ticket.number})
        return back

    def by_card(
        self,
        resident: Resident,
        service: str | None,
        who: str,
        *,
        print: bool,  # noqa: A002 - the field's word, as in the API
    ) -> Back:
        """The same by a card that was laid; ``service`` chooses where several cases were returned."""
        with self._ledger.verb() as m:
            rows = [
                row
                for row in cases.rows_of_person(m, resident.id_number or "")
                if row.progress == "returned" and service in (None, row.service_id)
            ]
            if not rows:
                raise StateError("not_returned")
            back = _back(m, self._counts, rows[0], resident, None, printed=print)
        log.info("%s back with papers, by %s", back.ticket.number, who, extra={"ticket": back.ticket.number})
        return back


def _returned_by_code(m: Transaction, code_text: str) -> tuple[CaseRow, str | None]:
    """The case, and the ticket's own code if it was that."""
    try:
        return cases.row_of_code(m, code_text), None
    except UnknownError:
        row = m.row_of_old_code(code_text)
    rows = cases.rows_of_ticket(m, row.id)
    returned = [one for one in rows if one.progress == "returned"]
    if row.hall_day != m.day and not returned:
        # What a ticket of another day tells nobody who looks it up, it does not tell here either.
        raise UnknownError("unknown_code")
    if not returned:
        raise StateError("not_returned")
    return returned[0], codes.find_code(code_text)


def _back(
    m: Transaction,
    counts: WaitingCounts,
    row: CaseRow,
    resident: Resident | None,
    by_slip: str | None,
    *,
    printed: bool,
) -> Back:
    if row.progress != "returned":
        raise StateError("not_returned")
    since = m.time(row.progress_at or row.ended_at).date()
    last = since + timedelta(days=m.rules.supplement_days)
    if date.fromisoformat(m.day) > last:
        raise StateError("supplement_late", day=last.isoformat())
    if row.ticket_id is None:
        # An application goes on: the window has yet to take it up.
        cases.submit_again(m, row)
    else:
        # What comes of it is a case of its own.
        cases.move(m, row, "closed", None)
        ticket = m.row_of(row.ticket_id)
        if ticket.hall_day == m.day:
            back = _same_day(m, ticket, row.service_id)
            code = by_slip or residents.add_code(m, ticket, Holders(resident) if resident else None)
            return Back(back, code, None, new=False)
    m.service(row.service_id)
    rank = m.now - _HEAD_START
    # For this matter alone: the others of a chain were settled then, or are cases of their own.
    issued: Issued = issuing.issue(
        m, counts, row.service_id, resident, None, printed=printed, rank_at=rank, rank_by=RANK_BY, chain=()
    )
    return Back(issued.ticket, issued.code, issued.print_job, new=True)


def _same_day(m: Transaction, row: TicketRow, service: str) -> Ticket:
    refuse_wrong_state("supplement", row)
    issuing.refuse_second_of(m, row, service)
    visits.record(m, row, "done", ended_at=row.ended_at)
    rank = row.rank_at, RANK_BY
    return visits.into_line(m, row, "supplement", TicketReturned, service=service, rank=rank, was=row.state)
