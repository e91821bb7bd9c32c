"""Papers that were missing (补正): whoever comes back with them does not wait anew, once for each case.

On the same day it is the ticket that comes back, with its number and its place in time. On another it is a new ticket
at the head of its service's line: ranked as if it had been issued a day earlier.
"""

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, update

from ticketing import cases, issuing, tables
from ticketing.crowd import Crowd
from ticketing.issuing import Issued
from ticketing.ledger import Ledger
from ticketing.model import Actor, Resident, StateError, Ticket, UnknownError
from ticketing.moment import Moment, after
from ticketing.moment import t as _t

log = logging.getLogger(__name__)

RANK_BY = "supplement"
_HEAD_START = timedelta(days=1)

_BACK = (
    update(_t)
    .where(_t.c.id == bindparam("ticket"))
    .values(
        state="waiting",
        service_id=bindparam("to"),
        line=bindparam("to"),
        rank_by=RANK_BY,
        queued_at=bindparam("now"),
        window_id=None,
        called_at=None,
        started_at=None,
        ended_at=None,
        outcome=None,
        recalls=0,
    )
)
_VISIT = insert(tables.visit)


@dataclass(frozen=True)
class Back:
    """Somebody who came back with papers.

    Attributes:
        ticket: the place in the queue.
        code: what its slip says.
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
        self._crowd = Crowd()

    def by_code(
        self,
        code_text: str,
        actor: Actor,
        *,
        print: bool,  # noqa: A002 - the field's word, as in the API
    ) -> Back:
        """Put whoever holds this receipt, or this ticket of a case that was returned, back into the line.

        Args:
            code_text: the code on the receipt, or on the ticket.
            actor: who asks.
            print: whether this box prints the slip of a new ticket.

        Raises:
            UnknownError: ``unknown_code``.
            StateError: ``not_returned``: no papers are missing, or they were brought already; ``supplement_late``
                (``day``): until then they could be; ``already_waiting``; ``wrong_state``: the ticket is not over yet.
        """
        with self._ledger.verb() as m:
            back = _back(m, self._crowd, _returned_by_code(m, code_text), None, printed=print)
        log.info("%s back with papers, by %s", back.ticket.number, actor.who)
        return back

    def by_card(
        self,
        resident: Resident,
        service: str | None,
        actor: Actor,
        *,
        print: bool,  # noqa: A002 - the field's word, as in the API
    ) -> Back:
        """The same for whoever laid a card; ``service`` chooses where several cases were returned.

        Raises:
            StateError: as in :meth:`by_code`.
        """
        with self._ledger.verb() as m:
            rows = [
                row
                for row in cases.rows_of_person(m, resident.id_number or "")
                if row.progress == "returned" and service in (None, row.service_id)
            ]
            if not rows:
                raise StateError("not_returned")
            back = _back(m, self._crowd, rows[0], resident, printed=print)
        log.info("%s back with papers, by %s", back.ticket.number, actor.who)
        return back


def _returned_by_code(m: Moment, code_text: str) -> Row[Any]:
    try:
        return cases.row_of_code(m, code_text)
    except UnknownError:
        row = m.row_of_old_code(code_text)
    rows = cases.rows_of_ticket(m, row.id)
    returned = [one for one in rows if one.progress == "returned"]
    if row.hall_day != m.day and not returned:
        # What a ticket of another day tells nobody who looks it up, it does not tell here either.
        raise UnknownError("unknown_code")
    if not returned:
        raise StateError("not_returned")
    return returned[0]


def _back(m: Moment, crowd: Crowd, row: Row[Any], resident: Resident | None, *, printed: bool) -> Back:
    if row.progress != "returned":
        raise StateError("not_returned")
    since = m.time(row.progress_at).date()
    last = since + timedelta(days=m.rules.supplement_days)
    if date.fromisoformat(m.day) > last:
        raise StateError("supplement_late", day=last.isoformat())
    # What comes of it is a case of its own.
    cases.move(m, row, "closed", None)
    ticket = m.row_of(row.ticket_id)
    if ticket.hall_day == m.day:
        return Back(_same_day(m, ticket, row.service_id), m.code_of(m.day, ticket.id), None, new=False)
    m.service(row.service_id)
    issued: Issued = issuing.issue(
        m, crowd, row.service_id, resident, None, printed=printed, rank_at=m.now - _HEAD_START, rank_by=RANK_BY
    )
    return Back(issued.ticket, issued.code, issued.print_job, new=True)


def _same_day(m: Moment, row: Row[Any], service: str) -> Ticket:
    state = after("supplement", row)
    person = issuing.person_of(m, row)
    if person is not None:
        issuing.refuse_second(m, person, service)
    m.conn.execute(
        _VISIT,
        {
            "ticket_id": row.id,
            "hall_day": row.hall_day,
            "service_id": row.service_id,
            "window_id": row.window_id,
            "clerk": row.clerk,
            "queued_at": row.issued_at if row.queued_at is None else row.queued_at,
            "called_at": row.called_at,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "ended_as": "done",
        },
    )
    m.conn.execute(_BACK, {"ticket": row.id, "to": service, "now": m.at})
    m.append("ticket.returned", number=row.number, service=service, was=row.state)
    return m.ticket(
        row,
        state=state,
        service_id=service,
        line=service,
        rank_by=RANK_BY,
        window_id=None,
        called_at=None,
        started_at=None,
        ended_at=None,
        outcome=None,
        recalls=0,
    )
