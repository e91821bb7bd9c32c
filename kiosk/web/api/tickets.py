"""``/tickets``: take a number, look one up, give it back, print it again."""

from typing import Annotated, ClassVar

from flask import Response
from pydantic import Field

from kiosk.web.auth import actor, allow, gate, public
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import IssuedAnswer, TicketAnswer, TicketViewAnswer, WhyAnswer, answer, joined
from kiosk.web.schema.bodies import IssueBody, QueryString, ResidentBody
from kiosk.web.schema.routes import NamedPath, Routes, idempotency_key
from ticketing.model import ForbiddenError, Resident, State, Ticket

LONGEST_NUMBER = 16
"""Characters of a ticket's number, as the store keeps it."""

Number = Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER)]


class CodePath(NamedPath):
    """The code on the slip, in capitals or not."""

    unknown: ClassVar[str] = "unknown_code"
    code: str = Field(max_length=64)


class TicketPath(NamedPath):
    """The ticket's id."""

    unknown: ClassVar[str] = "unknown_ticket"
    ticket: int = Field(ge=1, lt=2**63)


class OtherQuery(QueryString):
    """The number that is asked about."""

    number: Number


def routes(hall: Hall) -> Routes:
    """The routes of tickets."""
    api = Routes("tickets", "Numbers")
    office = hall.office

    def look_up_again(path: CodePath) -> Response:
        view = office.ticket_of_code(path.code)
        left = returns_left(view.ticket, hall.settings.queue.missed_limit)
        return answer(TicketViewAnswer.of(joined(view.ticket, view, returns_left=left)))

    @api.post("/tickets", summary="Issue a ticket", responses={"201": IssuedAnswer})
    @allow("desk", "kiosk")
    def issue(body: IssueBody) -> Response:
        """Only the desk may give a priority, with the reason; the age on a card earns its class without being asked.

        With `agent`, somebody takes it for the resident (代办). With `chain`, the number goes on to those services.
        """
        who = actor()
        if body.priority is not None and who.role != "desk":
            raise ForbiddenError("priority_not_yours")
        issued = office.issue(
            body.service,
            who,
            resident=_born(hall, "resident", body.resident),
            agent=_born(hall, "agent", body.agent),
            priority=body.priority,
            priority_reason=body.priority_reason or None,
            chain=body.chain,
            matters=body.matters,
            print=hall.printing.present,
            key=idempotency_key(),
        )
        if issued.print_job is not None:
            hall.printing.wake()
        return answer(IssuedAnswer.of(joined(issued.ticket, code=issued.code)), 201)

    @api.get("/tickets/<code>", summary="A ticket's place in the queue", responses={"200": TicketViewAnswer})
    @public
    def look_up(path: CodePath) -> Response:
        with hall.wrong_codes.watch(gate().address(), path.code):
            return look_up_again(path)

    @api.get("/tickets/<code>/why", summary="Why is another number before it", responses={"200": WhyAnswer})
    @public
    def why(path: CodePath, query: OtherQuery) -> Response:
        """In one sentence, with nothing of a person in it."""
        with hall.wrong_codes.watch(gate().address(), path.code):
            said = office.why_before(path.code, query.number)
        return answer({"why": said.zh, "why_en": said.en})

    @api.post("/tickets/<code>/cancel", summary="Give the number back", responses={"200": TicketViewAnswer})
    @public
    def cancel(path: CodePath) -> Response:
        """By whoever holds it, while it waits, is held, or was missed."""
        with hall.wrong_codes.watch(gate().address(), path.code):
            office.cancel_by_code(path.code)
        return look_up_again(path)

    @api.post("/tickets/<code>/return", summary="Wait again after a missed call", responses={"200": TicketViewAnswer})
    @public
    def come_back(path: CodePath) -> Response:
        """Behind the next few who wait, and only so often; a held ticket, in its old place."""
        with hall.wrong_codes.watch(gate().address(), path.code):
            office.return_by_code(path.code)
        return look_up_again(path)

    @api.post("/tickets/<int:ticket>/print", summary="Print a slip again, marked 补打", responses={"200": TicketAnswer})
    @allow("desk", "kiosk")
    def print_again(path: TicketPath) -> Response:
        job = office.reprint(path.ticket, actor())
        hall.printing.wake()
        return answer(TicketAnswer.of(job.ticket))

    return api


def returns_left(ticket: Ticket, limit: int) -> int:
    """How often a ticket that was missed may still go back into the queue, of ``limit`` times in all."""
    return max(0, limit + 1 - ticket.misses) if ticket.state is State.MISSED else 0


def _born(hall: Hall, field: str, body: ResidentBody | None) -> Resident | None:
    """The resident; raises ``bad_body`` for one who is not born yet."""
    if body and body.birth_date and body.birth_date > hall.clock().date():
        fault = {"field": f"{field}.birth_date", "reason": "bad_day", "message": "not born yet"}
        raise RequestError(422, "bad_body", errors=[fault])
    return body.resident() if body else None
