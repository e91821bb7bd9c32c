"""``/bench``: hands and eyes of the simulators, for the page of the virtual hall."""

from typing import Any

from flask import Response, request
from pydantic import Field

from kiosk.devices.virtual_hall import Bench
from kiosk.web.auth import allow
from kiosk.web.schema.answers import answer
from kiosk.web.schema.routes import STREAM, NamedPath, Resource, resource
from kiosk.web.streams import Streams

here_only = allow("kiosk")


class SimulatorPath(NamedPath):
    """A simulated device's name."""

    device: str = Field(max_length=64)


class HandPath(SimulatorPath):
    """A device's name, and what to do with it."""

    hand: str = Field(max_length=32)


class PiecePath(SimulatorPath):
    """A device's name, and the number of a slip or sentence."""

    number: int = Field(ge=1)


def routes(bench: Bench, streams: Streams) -> Resource:
    """The routes of the virtual hall; only there where devices are simulated, and only on this box."""
    api = resource("bench", "The virtual hall's simulators")

    @api.get("/bench", summary="Everything that can be seen of the simulators")
    @here_only
    def show() -> Response:
        return answer(bench.view())

    @api.get("/bench/events", summary="The same at each change", responses={"200": dict(STREAM)})
    @here_only
    def follow() -> Response:
        return streams.answer(bench.listen)

    @api.post("/bench/<device>/<hand>", summary="Do something with a hand: lay, lift, unplug, take_out_paper …")
    @here_only
    def use(path: HandPath) -> Response:
        body: Any = request.get_json(silent=True)
        bench.use(path.device, path.hand, body if isinstance(body, dict) else {})
        return answer(bench.view())

    @api.get("/bench/<device>/papers/<int:number>.png", summary="A slip's picture")
    @here_only
    def paper(path: PiecePath) -> Response:
        # A slip that is cut never changes.
        return Response(bench.paper(path.device, path.number), mimetype="image/png", headers=KEPT)

    @api.get("/bench/<device>/strip.png", summary="A strip's picture")
    @here_only
    def strip(path: SimulatorPath) -> Response:
        return Response(bench.strip(path.device), mimetype="image/png", headers={"Cache-Control": "no-store"})

    @api.get("/bench/<device>/said/<int:number>.wav", summary="A sentence as it was spoken")
    @here_only
    def said(path: PiecePath) -> Response:
        return Response(bench.spoken(path.device, path.number), mimetype="audio/wav", headers=KEPT)

    return api


KEPT = {"Cache-Control": "private, max-age=86400"}
