"""An appointment on its holder's phone: a page and its forms, which need no JavaScript.

The code in the address is a capability, as a ticket's is: it is never sent to other sites, and never logged.
"""

from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, Response, request

from kiosk.web.auth import check_same_site, gate, public
from kiosk.web.hall import Hall
from kiosk.web.pages.public import form_page
from kiosk.web.schema.answers import see_other
from ticketing.model import StateError

STATES = {
    "booked": ("已预约", "Booked"),
    "checked_in": ("已取号", "Checked in"),
    "cancelled": ("已取消", "Cancelled"),
    "missed": ("没有来", "Missed"),
}


def booking_pages(hall: Hall) -> Blueprint:
    """The pages of appointments of ``hall``."""
    blueprint = Blueprint("bookings", __name__)

    @blueprint.get("/b/<code>")
    @blueprint.get("/B/<code>")
    @public
    def booking(code: str) -> Response:
        with hall.wrong_codes.watch(gate().address(), code):
            one = hall.appointments.of_code(code)
        rules = hall.office.ledger.rules.appointments
        return form_page(
            "booking.html",
            {},
            code=code,
            one=one,
            service=hall.service(one.service),
            state=STATES[one.state],
            come_from=one.begins - rules.early,
            come_until=one.ends + rules.late,
            asking=request.args.get("ask", ""),
        )

    @blueprint.post("/b/<code>/cancel")
    @public
    def cancel(code: str) -> Response:
        return _then_back(code, hall.appointments.cancel_code)

    @blueprint.post("/b/<code>/take-back")
    @public
    def take_back(code: str) -> Response:
        return _then_back(code, hall.appointments.take_back_code)

    def _then_back(code: str, verb: Callable[[str], object]) -> Response:
        """Run the verb and show the page again, with the reason if it was refused."""
        check_same_site(request)
        refused = ""
        try:
            with hall.wrong_codes.watch(gate().address(), code):
                verb(code)
        except StateError as error:
            refused = f"?refused={error.code}"
        return see_other(f"/b/{quote(code)}{refused}")

    return blueprint
