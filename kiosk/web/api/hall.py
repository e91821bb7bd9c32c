"""``/hall``, ``/board``, ``/events``: what anybody may see."""

from flask import Response, request

from kiosk.web.auth import public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import BoardAnswer, HallAnswer, answer, instant, of_service, of_window
from kiosk.web.schema.routes import STREAM, Resource, last_event_id, resource
from kiosk.web.streams import Streams


def routes(hall: Hall, streams: Streams) -> Resource:
    """The routes of the hall as a whole."""
    api = resource("hall", "What anybody may see")

    @api.get(
        "/hall",
        summary="Services with their queues, and windows",
        responses={"200": HallAnswer},
    )
    @public
    def show_hall() -> Response:
        view = hall.office.hall()
        return answer(
            {
                "id": hall.settings.hall.id,
                "name": hall.settings.hall.name,
                "day": view.day,
                "services": [of_service(service) for service in view.services],
                "windows": [of_window(window) for window in view.windows],
            }
        )

    @api.get("/board", summary="What screens show", responses={"200": BoardAnswer})
    @public
    def show_board() -> Response:
        board = hall.office.board()
        calls = [
            {
                "number": call.number,
                "window": call.window,
                "window_name": call.window_name,
                "service": call.service,
                "called_at": instant(call.called_at),
                "recalls": call.recalls,
            }
            for call in board.calls
        ]
        waiting = [{"service": one.service, "name": one.name, "count": one.count} for one in board.waiting]
        return answer({"seq": board.seq, "calls": calls, "waiting": waiting})

    @api.get("/events", summary="Every change since an event, as Server-Sent Events", responses={"200": dict(STREAM)})
    @public
    def follow() -> Response:
        """Take `/board`, then follow from its `seq`; a client that was cut off goes on with `Last-Event-ID`.

        After a message `reset` (the hall's store was put back from a backup) take the board again.
        """
        after = last_event_id(request.args)
        return streams.answer(lambda: hall.feed.listen(after))

    return api
