"""``/tickets``: take a number, look one up, print it again."""

from typing import ClassVar

from flask import Response
from pydantic import Field

from kiosk.api.bodies import IssueBody
from kiosk.api.routes import NamedPath, Resource, idempotency_key, resource
from kiosk.api.shapes import IssuedAnswer, TicketAnswer, TicketViewAnswer, answer, of_ticket, of_ticket_view
from kiosk.auth import actor, allow, public
from kiosk.hall import Hall
from kiosk.problems import RequestError
from ticketing.model import ForbiddenError


class CodePath(NamedPath):
    """The code on the slip, in capitals or not."""

    unknown: ClassVar[str] = "unknown_code"
    code: str = Field(max_length=64)


class TicketPath(NamedPath):
    """The ticket's id."""

    unknown: ClassVar[str] = "unknown_ticket"
    ticket: int = Field(ge=1, lt=2**63)


def routes(hall: Hall) -> Resource:
    """The routes of tickets."""
    api = resource("tickets", "Numbers")

    @api.post("/tickets", summary="Issue a ticket", responses={"201": IssuedAnswer})
    @allow("desk", "kiosk")
    def issue(body: IssueBody) -> Response:
        """Only the desk may give a priority; the age on a card earns its class without being asked."""
        who = actor()
        if body.priority is not None and who.role != "desk":
            raise ForbiddenError("priority_not_yours")
        if body.resident and body.resident.birth_date and body.resident.birth_date > hall.clock().date():
            fault = {"field": "resident.birth_date", "reason": "bad_day", "message": "not born yet"}
            raise RequestError(422, "bad_body", errors=[fault])
        issued = hall.office.issue(
            body.service,
            who,
            resident=body.resident.resident() if body.resident else None,
            priority=body.priority,
            print=hall.printing.present,
            key=idempotency_key(),
        )
        if issued.print_job is not None:
            hall.printing.wake()
        return answer(of_ticket(issued.ticket) | {"code": issued.code}, 201)

    @api.get("/tickets/<code>", summary="A ticket's place in the queue", responses={"200": TicketViewAnswer})
    @public
    def look_up(path: CodePath) -> Response:
        return answer(of_ticket_view(hall.office.ticket_of_code(path.code)))

    @api.post("/tickets/<int:ticket>/print", summary="Print a slip again, marked 补打", responses={"200": TicketAnswer})
    @allow("desk", "kiosk")
    def print_again(path: TicketPath) -> Response:
        job = hall.office.reprint(path.ticket, actor())
        hall.printing.wake()
        return answer(of_ticket(job.ticket))

    return api
