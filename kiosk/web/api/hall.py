"""``/hall``, ``/board``, ``/events``: what anybody may see."""

from flask import Response, request
from pydantic import Field

from kiosk.web.auth import public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import BoardAnswer, HallAnswer, answer, joined
from kiosk.web.schema.bodies import QueryString
from kiosk.web.schema.routes import STREAM, Routes, last_event_id
from kiosk.web.streams import Streams


class BoardQuery(QueryString):
    """Of one zone, or of the whole hall."""

    zone: str = Field("", max_length=64)


def routes(hall: Hall, streams: Streams) -> Routes:
    """The routes of the hall as a whole."""
    api = Routes("hall", "What anybody may see")

    @api.get("/hall", summary="Services with their queues, and windows", responses={"200": HallAnswer})
    @public
    def show_hall() -> Response:
        view = hall.counter.at_hand.hall()
        services = [joined(one.service, one.admission, one) for one in view.services]
        return answer(HallAnswer.of(joined(hall.settings.hall, view, services=services)))

    @api.get("/board", summary="What screens show", responses={"200": BoardAnswer})
    @public
    def show_board(query: BoardQuery) -> Response:
        """With `zone`, the calls to windows of that part of the hall, and who waits for what they serve."""
        board, cut_off = hall.board(query.zone)
        themes = hall.waiting_by_theme(board)
        return answer(BoardAnswer.of(joined(board, at=hall.clock(), themes=themes, cut_off=cut_off)))

    @api.get("/events", summary="Every change since an event, as Server-Sent Events", responses={"200": dict(STREAM)})
    @public
    def follow() -> Response:
        """Take `/board`, then follow from its `seq`; a client that was cut off goes on with `Last-Event-ID`.

        After a message `reset` (it was away since another day, or the hall was put back from a backup) take the board
        again: its `seq` is where things go on.
        """
        return streams.answer(hall.feed.listen(last_event_id(request.args)))

    return api
