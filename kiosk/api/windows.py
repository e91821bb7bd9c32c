"""``/windows``: what a clerk does, and a business system asks, at a window."""

from collections.abc import Callable

from flask import Response

from kiosk.api.bodies import FinishBody, ScanBody, TransferBody
from kiosk.api.routes import STREAM, Resource, WindowPath, idempotency_key, resource
from kiosk.api.shapes import (
    CalledAnswer,
    HallWindowAnswer,
    ResidentAnswer,
    ScannedAnswer,
    TicketAnswer,
    WindowAnswer,
    answer,
    of_resident,
    of_ticket,
    of_window,
    of_window_view,
)
from kiosk.auth import actor, allow
from kiosk.hall import Hall
from kiosk.streams import Streams
from ticketing.model import Actor, Ticket, UnknownError, Window

clerk = allow("clerk", window=True)


def routes(hall: Hall, streams: Streams) -> Resource:
    """The routes of windows."""
    api = resource("windows", "Calling and serving")
    office = hall.office

    @api.get("/windows/<window>", summary="A window as its clerk sees it", responses={"200": WindowAnswer})
    @clerk
    def show(path: WindowPath) -> Response:
        return answer(of_window_view(office.window_view(path.window)))

    @api.get("/windows/<window>/events", summary="News for one window's clerk", responses={"200": dict(STREAM)})
    @clerk
    def follow(path: WindowPath) -> Response:
        """`refresh`: something changed, look again.

        `scan`: what the scanner at this window read: `{ok, code, message, message_en}`.
        """
        if all(window.id != path.window for window in office.windows()):
            raise UnknownError("unknown_window")
        return streams.answer(lambda: hall.news.listen(path.window))

    @api.post(
        "/windows/<window>/call-next", summary="Call the next ticket", responses={"200": CalledAnswer, "204": None}
    )
    @clerk
    def call_next(path: WindowPath) -> Response:
        """Answers 204 when nobody waits. With an `Idempotency-Key`, a repeated request calls nobody else."""
        called = office.call_next(path.window, actor(), key=idempotency_key())
        if called is None:
            return Response(status=204)
        return answer({"ticket": of_ticket(called.ticket), "why": called.why.zh, "why_en": called.why.en})

    def state_verb(name: str, summary: str, verb: Callable[[str, Actor], Window]) -> None:
        @clerk
        def change(path: WindowPath) -> Response:
            return answer(of_window(verb(path.window, actor())))

        change.__name__ = f"{name}_window"
        api.post(f"/windows/<window>/{name}", summary=summary, responses={"200": HallWindowAnswer})(change)

    def ticket_verb(name: str, summary: str, verb: Callable[[str, Actor], Ticket]) -> None:
        @clerk
        def change(path: WindowPath) -> Response:
            return answer(of_ticket(verb(path.window, actor())))

        change.__name__ = name.replace("-", "_")
        api.post(f"/windows/<window>/{name}", summary=summary, responses={"200": TicketAnswer})(change)

    state_verb("open", "Open the window", office.open_window)
    state_verb("pause", "Pause the window", office.pause_window)
    state_verb("close", "Close the window", office.close_window)
    ticket_verb("recall", "Call the called ticket again", office.recall)
    ticket_verb("start", "Begin to serve the called ticket", office.start)
    ticket_verb("no-show", "Nobody came", office.no_show)

    @api.post("/windows/<window>/finish", summary="End the service", responses={"200": TicketAnswer})
    @clerk
    def finish(path: WindowPath, body: FinishBody) -> Response:
        """On a called ticket it starts and ends the service."""
        return answer(of_ticket(office.finish(path.window, actor(), body.outcome)))

    @api.post(
        "/windows/<window>/transfer", summary="Send the ticket on to another service", responses={"200": TicketAnswer}
    )
    @clerk
    def transfer(path: WindowPath, body: TransferBody) -> Response:
        """It keeps its number and its place in time."""
        return answer(of_ticket(office.transfer(path.window, body.service, actor())))

    @api.post("/windows/<window>/scan", summary="A scanned ticket's resident", responses={"200": ScannedAnswer})
    @clerk
    def scan(path: WindowPath, body: ScanBody) -> Response:
        """Starts the service of a ticket called here. One called elsewhere needs `override_reason`, which is logged."""
        scanned = office.scan(path.window, body.code, actor(), body.override_reason or None)
        return answer({"ticket": of_ticket(scanned.ticket), "resident": of_resident(scanned.resident)})

    @api.get("/windows/<window>/resident", summary="The resident now being served", responses={"200": ResidentAnswer})
    @clerk
    def resident(path: WindowPath) -> Response:
        """Every look is an entry in the access log."""
        found = office.resident_at(path.window, actor())
        if found is None:
            raise UnknownError("no_resident")
        return answer(of_resident(found))

    return api
