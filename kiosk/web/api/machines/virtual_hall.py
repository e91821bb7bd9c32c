"""``/bench``: hands and eyes of the simulators, for the page of the virtual hall, which has the kiosk's token."""

from typing import Any, Literal

from flask import Response, request
from pydantic import BaseModel, Field

from kiosk.demonstration.hall_day import MOST_RESIDENTS, RESIDENTS
from kiosk.web.auth import allow, gate, remember
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import answer
from kiosk.web.schema.routes import STREAM, NamedPath, Routes
from kiosk.web.streams import Streams

kiosk_only = allow("kiosk")


class SimulatorPath(NamedPath):
    """A simulated device's name."""

    device: str = Field(max_length=64)


class HandPath(SimulatorPath):
    """A device's name, and what to do with it."""

    hand: str = Field(max_length=32)


class DayBegun(BaseModel):
    """A day that begins.

    Attributes:
        speed: how many times as fast as time.
        residents: who come.
    """

    speed: Literal[1, 10, 60, 240] = 240
    residents: int = Field(default=RESIDENTS, ge=1, le=MOST_RESIDENTS)


class DayChanged(BaseModel):
    """What is to be different with the day; what is None stays.

    Attributes:
        running: whether it goes on.
        speed: how many times as fast as time.
        clerks: by window, whether a clerk works there by themselves.
    """

    running: bool | None = None
    speed: Literal[1, 10, 60, 240] | None = None
    clerks: dict[str, bool] = Field(default_factory=dict, max_length=200)


class PiecePath(SimulatorPath):
    """A device's name, and that of a picture or sound: ``papers/1.png``, ``strip.png``, ``said/1.wav``."""

    piece: str = Field(max_length=64)


def routes(hall: Hall, streams: Streams, visitor: tuple[str, str] | None) -> Routes:
    """The routes of the virtual hall, which there is only where devices are simulated.

    ``visitor`` is name and password of the account that its visitors are logged in as, in the demonstration.
    """
    virtual_hall = hall.virtual_hall
    assert virtual_hall  # noqa: S101 - whoever calls this has looked
    api = Routes("bench", "The virtual hall's simulators")

    @api.get("/bench", summary="Everything that can be seen of the simulators")
    @kiosk_only
    def show() -> Response:
        return answer(virtual_hall.view())

    @api.get("/bench/events", summary="The same at each change", responses={"200": dict(STREAM)})
    @kiosk_only
    def follow() -> Response:
        return streams.answer(virtual_hall.listen())

    @api.post("/bench/visitor", summary="Be a clerk of the demonstration", responses={"204": None})
    @kiosk_only
    def sit_down() -> Response:
        """The answer's cookie is a log-in for the windows' pages; nothing changes for somebody who is logged in."""
        response, now = Response(status=204), hall.clock()
        kept = gate().login_cookie()
        if visitor and (kept is None or hall.people.principal_of_login(kept, now) is None):
            secret = hall.people.login(*visitor, now)
            if secret:
                remember(response, secret, hall.people.device(visitor[0]))
        return response

    day = virtual_hall.day
    if day:

        @api.post("/bench/day", summary="Begin a hall day that goes by itself", responses={"204": None})
        @kiosk_only
        def begin(body: DayBegun) -> Response:
            """At nine the next morning, with a clerk at each window. The hall's time runs ahead of real time by it."""
            day.begin(body.speed, body.residents)
            return Response(status=204)

        @api.put("/bench/day", summary="Stop the day, go on, change its speed or its clerks", responses={"204": None})
        @kiosk_only
        def change(body: DayChanged) -> Response:
            for window, on in body.clerks.items():
                day.set_clerk(window, on=on)
            if body.running is False:
                day.stop_day()
            elif body.running:
                day.go_on(body.speed)
            elif body.speed:
                day.set_speed(body.speed)
            return Response(status=204)

    @api.post("/bench/<device>/<hand>", summary="Do something with a hand: lay, lift, unplug, take_out_paper …")
    @kiosk_only
    def use(path: HandPath) -> Response:
        body: Any = request.get_json(silent=True)
        virtual_hall.use(path.device, path.hand, body if isinstance(body, dict) else {})
        return answer(virtual_hall.view())

    @api.get("/bench/<device>/<path:piece>", summary="A picture or sound: papers/1.png, strip.png, said/1.wav")
    @kiosk_only
    def piece(path: PiecePath) -> Response:
        body, media_type = virtual_hall.piece(path.device, path.piece)
        # What has a number of its own never changes: a slip that is cut, a sentence that was said.
        kept = "private, max-age=86400" if "/" in path.piece else "no-store"
        return Response(body, mimetype=media_type, headers={"Cache-Control": kept})

    return api
