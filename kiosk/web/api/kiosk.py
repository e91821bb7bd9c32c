"""``/kiosk``: the page in front of the resident, on this box."""

from typing import TYPE_CHECKING

from flask import Response

from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import IssuedAnswer, KioskAnswer, answer, joined
from kiosk.web.schema.bodies import ChooseBody, TypedBody
from kiosk.web.schema.routes import STREAM, Resource, idempotency_key, resource
from kiosk.web.streams import Streams
from ticketing.model import UnknownError

if TYPE_CHECKING:
    from kiosk.resident.controller import Counter

kiosk_only = allow("kiosk")


def routes(hall: Hall, streams: Streams) -> Resource:
    """The routes of this box's kiosk."""
    api = resource("kiosk", "The resident at this box")

    def counter() -> "Counter":
        if hall.counter is None:
            raise UnknownError("no_kiosk")
        return hall.counter

    @api.get("/kiosk", summary="What the kiosk shows; the resident is masked", responses={"200": KioskAnswer})
    @kiosk_only
    def show() -> Response:
        return answer(counter().view())

    @api.get("/kiosk/events", summary="The same at each change", responses={"200": dict(STREAM)})
    @kiosk_only
    def follow() -> Response:
        """Messages `state`, each with the whole of `GET /kiosk`, the first at once."""
        return streams.answer(counter().listen())

    @api.post("/kiosk/choose", summary="Take a number for the card now read", responses={"201": IssuedAnswer})
    @kiosk_only
    def choose(body: ChooseBody) -> Response:
        """A second tap on the same service gives the same ticket; a key belongs to the resident who stands here."""
        ticket, code = counter().choose(body.service, idempotency_key())
        return answer(IssuedAnswer.of(joined(ticket, code=code)), 201)

    @api.post("/kiosk/reprint", summary="Print the ticket this resident already has", responses={"200": IssuedAnswer})
    @kiosk_only
    def reprint(body: ChooseBody) -> Response:
        """A second tap prints no second slip, with a key or without."""
        idempotency_key()
        ticket, code = counter().reprint(body.service)
        return answer(IssuedAnswer.of(joined(ticket, code=code)))

    @api.post("/kiosk/typed", summary="Begin for a resident who has no card", responses={"200": KioskAnswer})
    @kiosk_only
    def typed(body: TypedBody) -> Response:
        return answer(counter().typed(body.id_number))

    @api.post("/kiosk/agent", summary="The next card is an agent's (代办)", responses={"200": KioskAnswer})
    @kiosk_only
    def agent() -> Response:
        """Whose card was read is not who came. Asked again, it is not after all."""
        return answer(counter().for_other())

    @api.post("/kiosk/cancel", summary="The resident leaves", responses={"200": KioskAnswer})
    @kiosk_only
    def cancel() -> Response:
        return answer(counter().cancel())

    return api
