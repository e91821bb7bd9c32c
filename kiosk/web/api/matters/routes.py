"""``/matters``: the list that is searched, a matter whole, and how a manager changes them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from config.matters import MatterSettings, check, without_service
from kiosk.exchange.matter_files import matters_of
from kiosk.web.api.matters.shapes import (
    MatterAnswer,
    MatterBody,
    MatterListAnswer,
    MatterPath,
    MattersBody,
    MattersChangedAnswer,
    MatterWarningAnswer,
    listed_as_json,
    refuse,
)
from kiosk.web.api.setup import sets_up
from kiosk.web.auth import actor, allow, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import answer, joined
from kiosk.web.schema.routes import Routes, seen_version
from ticketing.matters.matters import MatterChange, MatterList

MAX_MATTERS = 16 * 1024 * 1024
"""Bytes of all matters of the largest halls, with their guides."""


def routes(hall: Hall) -> Routes:
    """The routes of matters."""
    api = Routes("matters", "What residents come for, and what to bring")
    told = _Told()

    def warnings(rows: Sequence[MatterSettings]) -> list[MatterWarningAnswer]:
        services = {one.id for one in hall.office.services()}
        return [MatterWarningAnswer.of_problem(one) for one in without_service(rows, services)]

    def changed(changes: Sequence[MatterChange], rows: Sequence[MatterSettings]) -> Response:
        version = hall.matters.listed().version
        said = answer(MattersChangedAnswer.of(joined(version=version, changes=changes, warnings=warnings(rows))))
        said.set_etag(version)
        return said

    @api.get("/matters", summary="All matters, for search and choice", responses={"200": MatterListAnswer})
    @public
    def show() -> Response:
        """Asked again with the `ETag` as `If-None-Match`, it is answered 304 while nothing has changed."""
        listed, asked = hall.matters.listed_and_asked()
        tag, body = told.of(listed, asked)
        said = Response(body, content_type="application/json")
        said.headers["Cache-Control"] = "no-cache"
        said.set_etag(tag)
        said.make_conditional(request)
        return said

    @api.get("/matters/<matter>", summary="A matter, whole", responses={"200": MatterAnswer})
    @public
    def find(path: MatterPath) -> Response:
        return answer(MatterAnswer.of(hall.matters.find(path.matter)))

    @api.put(
        "/matters",
        summary="Make the matters what this says",
        responses={"200": MattersChangedAnswer},
        largest=MAX_MATTERS,
    )
    @allow("manager")
    def replace(body: MattersBody) -> Response:
        """All of them or nothing: every row that is wrong is named. What is left out is taken away.

        With `If-Match`, the `version` this one was based on, it is refused (`matters_changed`) when somebody else
        changed them since.
        """
        sets_up()
        rows, problems = check(body.matters)
        refuse(problems)
        return changed(hall.matters.replace(matters_of(rows), actor(), version=seen_version()), rows)

    @api.put("/matters/<matter>", summary="Add or change a matter", responses={"200": MattersChangedAnswer})
    @allow("manager")
    def put(path: MatterPath, body: MatterBody) -> Response:
        """A new one goes behind the last of its theme. `If-Match` as for all of them."""
        sets_up()
        row = body.root | {"id": path.matter} if isinstance(body.root, dict) else body.root
        rows, problems = check([row])
        refuse(problems)
        return changed(hall.matters.put(matters_of(rows)[0], actor(), version=seen_version()), rows)

    @api.delete("/matters/<matter>", summary="Take a matter away", responses={"200": MattersChangedAnswer})
    @allow("manager")
    def remove(path: MatterPath) -> Response:
        """Tickets that are for it keep it. `If-Match` as for all of them."""
        sets_up()
        return changed(hall.matters.remove(path.matter, actor(), version=seen_version()), ())

    return api


class _Told:
    """The list as it was told last: a thousand lines are written once a change, not once for each who asks."""

    def __init__(self) -> None:
        self._last: tuple[MatterList, Mapping[str, int], str, bytes] | None = None

    def of(self, listed: MatterList, asked: Mapping[str, int]) -> tuple[str, bytes]:
        """The tag and the body."""
        last = self._last
        if last is None or last[0] is not listed or last[1] != asked:
            lines: list[dict[str, Any]] = [listed_as_json(one, asked.get(one.id, 0)) for one in listed.matters]
            body = answer({"version": listed.version, "matters": lines}).get_data()
            last = self._last = listed, asked, hashlib.sha256(body).hexdigest()[:16], body
        return last[2], last[3]
