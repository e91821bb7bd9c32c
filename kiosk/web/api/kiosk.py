"""``/kiosk``: the page in front of the resident, on this box."""

from typing import TYPE_CHECKING

from flask import Response

from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import IssuedAnswer, KioskAnswer, VolumeAnswer, answer, joined
from kiosk.web.schema.bodies import ChooseBody, PressBody, ReprintBody, SpeakBody, TypedBody, VolumeBody
from kiosk.web.schema.routes import STREAM, Routes, idempotency_key
from kiosk.web.streams import Streams
from ticketing.model import UnknownError

if TYPE_CHECKING:
    from kiosk.resident.controller import KioskController

kiosk_only = allow("kiosk")


def routes(hall: Hall, streams: Streams) -> Routes:
    """The routes of this box's kiosk."""
    api = Routes("kiosk", "The resident at this box")

    def kiosk() -> "KioskController":
        if hall.kiosk is None:
            raise UnknownError("no_kiosk")
        return hall.kiosk

    @api.get("/kiosk", summary="What the kiosk shows; the resident is masked", responses={"200": KioskAnswer})
    @kiosk_only
    def show() -> Response:
        return answer(KioskAnswer.of(kiosk().view()))

    @api.get("/kiosk/events", summary="The same at each change", responses={"200": dict(STREAM)})
    @kiosk_only
    def follow() -> Response:
        """Messages `state`, each with the whole of `GET /kiosk`, the first at once.

        From devices at the kiosk: `key` `{key}`, one of next, prev, ok, back, help; `presence` `{here}`; `found`
        `{ok, number, service, words}`, what a code that was scanned is about; `help` `{call, state, words}`, that
        somebody was called to this kiosk, who goes, and that it is over.
        """
        kiosk()
        return streams.answer(hall.screen.listen())

    @api.post("/kiosk/choose", summary="Take a number for the card now read", responses={"201": IssuedAnswer})
    @kiosk_only
    def choose(body: ChooseBody) -> Response:
        """A second tap on the same service gives the same ticket; a key belongs to the resident who stands here."""
        ticket, code = kiosk().choose(body.service, idempotency_key(), body.visit, body.matters, large=body.large)
        return answer(IssuedAnswer.of(joined(ticket, code=code)), 201)

    @api.post("/kiosk/reprint", summary="Print the ticket this resident already has", responses={"200": IssuedAnswer})
    @kiosk_only
    def reprint(body: ReprintBody) -> Response:
        """By the card alone, not by a typed number. A second tap prints no second slip, with a key or without."""
        idempotency_key()
        ticket, code = kiosk().reprint(body.service, body.visit, lost=body.lost, large=body.large)
        return answer(IssuedAnswer.of(joined(ticket, code=code)))

    @api.post("/kiosk/typed", summary="Begin for a resident who has no card", responses={"200": KioskAnswer})
    @kiosk_only
    def typed(body: TypedBody) -> Response:
        return answer(KioskAnswer.of(kiosk().typed(body.id_number, body.visit)))

    @api.post("/kiosk/agent", summary="The next card is an agent's (代办)", responses={"200": KioskAnswer})
    @kiosk_only
    def agent(body: PressBody) -> Response:
        """Whose card was read is not who came. Asked again, it is not after all."""
        return answer(KioskAnswer.of(kiosk().for_other(body.visit)))

    @api.post("/kiosk/stay", summary="The resident is still here: the time begins anew", responses={"200": KioskAnswer})
    @kiosk_only
    def stay(body: PressBody) -> Response:
        return answer(KioskAnswer.of(kiosk().still_here(body.visit)))

    @api.post("/kiosk/cancel", summary="The resident leaves", responses={"200": KioskAnswer})
    @kiosk_only
    def cancel(body: PressBody) -> Response:
        return answer(KioskAnswer.of(kiosk().cancel(body.visit)))

    @api.post("/kiosk/speak", summary="Read aloud what the page shows", responses={"204": None})
    @kiosk_only
    def speak(body: SpeakBody) -> Response:
        """In the kiosk's earphones, in place of what is being read; where there are none, nothing is read."""
        if hall.reading_aloud:
            hall.reading_aloud.read(body.words, body.language, body.visit)
        return Response(status=204)

    @api.post("/kiosk/volume", summary="Louder or softer earphones", responses={"200": VolumeAnswer})
    @kiosk_only
    def volume(body: VolumeBody) -> Response:
        """It is normal again for the next resident."""
        reading = hall.reading_aloud
        if reading is None:
            return answer(VolumeAnswer(level=None, levels=None))
        return answer(VolumeAnswer(level=reading.turn(body.change), levels=reading.levels))

    return api
