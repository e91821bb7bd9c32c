"""``/boxes``: the boxes that share the store, which version each runs, and how its last update ended."""

from typing import ClassVar, Literal

from flask import Response
from pydantic import Field, RootModel

from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, Instant, answer, joined
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.boxes.boxes import Box


class BoxPath(NamedPath):
    """The box's name."""

    unknown: ClassVar[str] = "unknown_box"
    box: str = Field(max_length=64)


class UpdateAnswer(Answer):
    """A box's last update, from `before` to `after`.

    `step` is where it stands. It is over when `confirmed` or `went_back`, then with a `reason`: `asked`, `interrupted`
    or `failed`. `noted`: somebody took note that it went back.
    """

    before: str
    after: str
    step: str
    reason: str | None
    at: Instant
    noted: bool


class BoxAnswer(Answer):
    """A box; `offline`, without the store for three minutes, it may still issue numbers that it holds `alone_until`.

    `taken_by` is another machine that goes by its name, and is kept out.
    """

    name: str
    machine: str
    state: Literal["online", "offline"]
    here: bool = Field(description="whether this is the box that was asked")
    version: str
    version_at: Instant
    started_at: Instant
    seen_at: Instant = Field(description="to the minute")
    alone_until: Instant | None
    update: UpdateAnswer | None
    taken_by: str | None
    taken_at: Instant | None


class BoxesAnswer(RootModel[list[BoxAnswer]]):
    """All boxes, by name."""


def routes(hall: Hall) -> Routes:
    """The routes of boxes."""
    api = Routes("boxes", "Boxes that share the store")
    technician = allow("technician", "manager")

    @api.get("/boxes", summary="All boxes", responses={"200": BoxesAnswer})
    @technician
    def show() -> Response:
        return answer(BoxesAnswer([_seen(one) for one in hall.boxes.all()]))

    @api.post("/boxes/<box>/noted", summary="Take note that its update went back", responses={"204": None})
    @technician
    def noted(path: BoxPath) -> Response:
        """The alert is over then; refused with `update_fine` where the update did not go back."""
        hall.boxes.note_update(path.box, actor())
        return Response(status=204)

    @api.delete("/boxes/<box>", summary="Forget a box", responses={"204": None})
    @technician
    def forget(path: BoxPath) -> Response:
        """One that is at work reports again within a minute."""
        hall.boxes.forget(path.box, actor())
        return Response(status=204)

    return api


def _seen(box: Box) -> BoxAnswer:
    return BoxAnswer.of(joined(box, here=box.is_here, state="offline" if box.is_gone else "online"))
