"""A ticket on its holder's phone: a page that works without JavaScript, and its forms.

The code in the address is a capability: it is never sent to other sites (Referrer-Policy), and never logged.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from flask import Blueprint, Response, request

from display.prompts import Words
from display.refusals import words
from display.waits import wait_words
from kiosk.exchange.hall_plan import Plan
from kiosk.web.api.tickets import LONGEST_NUMBER, returns_left
from kiosk.web.auth import check_same_site, gate, public
from kiosk.web.hall import Hall
from kiosk.web.pages.public import form_page
from kiosk.web.schema.answers import see_other
from ticketing.model import ClosedError, LimitError, State, StateError, UnknownError
from ticketing.office import PHONE
from ticketing.policy import Why

SOON = 2
"""With so many ahead a phone says that it is nearly their turn."""


def ticket_pages(hall: Hall) -> Blueprint:
    """The pages of tickets of ``hall``."""
    blueprint = Blueprint("ticket", __name__)
    plan = Plan(hall.settings.hall.plan)

    @blueprint.get("/plan.svg")
    @public
    def hall_plan() -> Response:
        drawn = plan.of(request.args.get("window", "")[:64])
        if drawn is None:
            raise UnknownError("unknown_window")
        return Response(drawn, mimetype="image/svg+xml", headers={"Cache-Control": "private, max-age=600"})

    @blueprint.get("/t/<code>")
    @blueprint.get("/T/<code>")
    @public
    def ticket(code: str) -> Response:
        number = request.args.get("why", "").strip().upper()
        with hall.wrong_codes.watch(gate().address(), code):
            try:
                view = hall.office.ticket_of_code(code)
            except UnknownError:
                # A slip of an earlier day can still be graded, and shows nothing else.
                if not hall.ratings.to_rate(code):
                    raise
                return see_other(f"/grade/{quote(code)}")
        services = {one.id: one for one in hall.office.services()}
        at = view.ticket.window or view.ticket.for_window
        place = next((one for one in hall.office.windows() if one.id == at), None) if at else None
        facts = {"number": view.ticket.number, "state": str(view.ticket.state)}
        return form_page(
            "ticket.html",
            facts,
            view=view,
            ticket=view.ticket,
            service=services.get(view.ticket.service),
            chain=[services[one].name for one in view.ticket.chain if one in services],
            returns_left=returns_left(view.ticket, hall.settings.queue.missed_limit),
            wait=wait_words(*view.expected_wait) if view.expected_wait and view.ticket.ahead else None,
            why=_why(code, number) if number and view.ticket.state is State.WAITING else None,
            asking="why" if number else request.args.get("ask", ""),
            help_said=_help(code),
            messages=hall.notices.for_ticket(view.ticket),
            matters=hall.matters.of(view.ticket.matters) if view.ticket.matters else (),
            place=place,
            on_plan=place is not None and plan.has(place.id),
            soon=view.ticket.state is State.WAITING and view.ticket.ahead <= SOON,
            now=hall.clock(),
        )

    def _help(code: str) -> Words | None:
        """What to say of the call for help that is open for this ticket."""
        found = hall.help.of_code(code)
        return hall.help_words.going(found) if found else None

    def _why(code: str, number: str) -> Why:
        try:
            return hall.office.why_before(code, number[:LONGEST_NUMBER])
        except UnknownError as error:
            said = words(error.code, error.facts)
            return Why(said.zh, said.en)

    @blueprint.post("/t/<code>/cancel")
    @blueprint.post("/T/<code>/cancel")
    @public
    def cancel(code: str) -> Response:
        return _then_back(code, State.CANCELLED, hall.office.cancel_by_code)

    @blueprint.post("/t/<code>/return")
    @blueprint.post("/T/<code>/return")
    @public
    def come_back(code: str) -> Response:
        return _then_back(code, State.WAITING, hall.office.return_by_code)

    @blueprint.post("/t/<code>/help")
    @blueprint.post("/T/<code>/help")
    @public
    def call_help(code: str) -> Response:
        return _then_back(code, None, partial(hall.help.call_by_code, actor=PHONE))

    def _then_back(code: str, wanted: State | None, verb: Callable[[str], object]) -> Response:
        """Run the verb and show the page again, with the reason if it was refused."""
        check_same_site(request)
        refused = ""
        try:
            with hall.wrong_codes.watch(gate().address(), code):
                verb(code)
        except (StateError, LimitError, ClosedError) as error:
            if error.code == "too_many_tries":
                raise
            # A second press: it is done already.
            if error.facts.get("state") != wanted:
                refused = f"?refused={error.code}"
        return see_other(f"/t/{quote(code)}{refused}")

    return blueprint
