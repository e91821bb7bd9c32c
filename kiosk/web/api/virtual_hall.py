"""``/bench``: hands and eyes of the simulators, for the page of the virtual hall."""

from typing import Any

from flask import Response, request
from pydantic import Field

from kiosk.devices.virtual_hall import VirtualHall
from kiosk.web.auth import allow
from kiosk.web.schema.answers import answer
from kiosk.web.schema.routes import STREAM, NamedPath, Routes
from kiosk.web.streams import Streams

here_only = allow("kiosk")


class SimulatorPath(NamedPath):
    """A simulated device's name."""

    device: str = Field(max_length=64)


class HandPath(SimulatorPath):
    """A device's name, and what to do with it."""

    hand: str = Field(max_length=32)


class PiecePath(SimulatorPath):
    """A device's name, and that of a picture or sound: ``papers/1.png``, ``strip.png``, ``said/1.wav``."""

    piece: str = Field(max_length=64)


def routes(virtual_hall: VirtualHall, streams: Streams) -> Routes:
    """The routes of the virtual hall; only there where devices are simulated, and only on this box."""
    api = Routes("bench", "The virtual hall's simulators")

    @api.get("/bench", summary="Everything that can be seen of the simulators")
    @here_only
    def show() -> Response:
        return answer(virtual_hall.view())

    @api.get("/bench/events", summary="The same at each change", responses={"200": dict(STREAM)})
    @here_only
    def follow() -> Response:
        return streams.answer(virtual_hall.listen())

    @api.post("/bench/<device>/<hand>", summary="Do something with a hand: lay, lift, unplug, take_out_paper …")
    @here_only
    def use(path: HandPath) -> Response:
        body: Any = request.get_json(silent=True)
        virtual_hall.use(path.device, path.hand, body if isinstance(body, dict) else {})
        return answer(virtual_hall.view())

    @api.get("/bench/<device>/<path:piece>", summary="A picture or sound: papers/1.png, strip.png, said/1.wav")
    @here_only
    def piece(path: PiecePath) -> Response:
        body, media_type = virtual_hall.piece(path.device, path.piece)
        # What has a number of its own never changes: a slip that is cut, a sentence that was said.
        kept = "private, max-age=86400" if "/" in path.piece else "no-store"
        return Response(body, mimetype=media_type, headers={"Cache-Control": kept})

    return api
