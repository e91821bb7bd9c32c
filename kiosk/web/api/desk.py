"""``/desk``: what the guide desk does with tickets that are there already; it issues with ``POST /tickets``."""

from typing import Annotated

from flask import Response
from pydantic import Field

from kiosk.web.api.tickets import Number, TicketPath
from kiosk.web.api.windows import HoldBody, Reason
from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import TicketAnswer, answer
from kiosk.web.schema.bodies import Body, Identifier, QueryString
from kiosk.web.schema.routes import Routes

desk = allow("desk")


class NumberQuery(QueryString):
    """The number on the slip, in capitals or not."""

    number: Number


class PriorityBody(Body):
    """Another class, and why; the reason goes into the audit log, so it says nothing personal."""

    priority: Identifier
    reason: Annotated[Reason, Field(min_length=1)]


def routes(hall: Hall) -> Routes:
    """The routes of the guide desk."""
    api = Routes("desk", "The guide desk")
    office = hall.office

    @api.get("/desk/tickets", summary="Find today's ticket by its number", responses={"200": TicketAnswer})
    @desk
    def find(query: NumberQuery) -> Response:
        return answer(TicketAnswer.of(office.ticket_of_number(query.number)))

    @api.post("/desk/tickets/<int:ticket>/cancel", summary="Nobody comes for it", responses={"200": TicketAnswer})
    @desk
    def cancel(path: TicketPath) -> Response:
        return answer(TicketAnswer.of(office.cancel(path.ticket, actor())))

    @api.post("/desk/tickets/<int:ticket>/hold", summary="Put a ticket aside", responses={"200": TicketAnswer})
    @desk
    def hold(path: TicketPath, body: HoldBody) -> Response:
        """It keeps its number and its place in time."""
        until = body.until(hall.clock())
        return answer(TicketAnswer.of(office.hold_ticket(path.ticket, actor(), body.reason or None, until)))

    @api.post("/desk/tickets/<int:ticket>/return", summary="It waits again", responses={"200": TicketAnswer})
    @desk
    def come_back(path: TicketPath) -> Response:
        """Held, in its old place; missed, behind the next few who wait, and only so often."""
        return answer(TicketAnswer.of(office.return_ticket(path.ticket, actor())))

    @api.post("/desk/tickets/<int:ticket>/priority", summary="Give it another class", responses={"200": TicketAnswer})
    @allow("desk", "clerk")
    def priority(path: TicketPath, body: PriorityBody) -> Response:
        """It moves by as much as that class's head start is longer."""
        return answer(TicketAnswer.of(office.give_class(path.ticket, body.priority, body.reason, actor())))

    return api
