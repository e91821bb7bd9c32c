"""``/matters``: the list that is searched, a matter whole, and how a manager changes them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from config.matters import MatterSettings, RowProblem, check, without_service
from display.matters import lay_out_leaflet
from kiosk.exchange.matter_files import LARGEST, as_csv, as_json, figures_as_csv, matters_of, read_matters
from kiosk.resident.slips import items_of
from kiosk.web.api.matters import guide
from kiosk.web.api.matters.shapes import (
    AllMatterFiguresAnswer,
    FiguresQuery,
    FileQuery,
    ImportQuery,
    LeafletAnswer,
    LeafletPath,
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
from ticketing.matters.matters import MatterChange, MatterList, differences, version_of

FILE = {
    "description": "the file",
    "content": {"text/csv": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}},
}


def routes(hall: Hall) -> Routes:
    """The routes of matters."""
    api = Routes("matters", "What residents come for, and what to bring")
    kept = _Told()

    def odd(rows: Sequence[MatterSettings]) -> list[RowProblem]:
        return without_service(rows, {one.id for one in hall.office.services()})

    def changed(changes: Sequence[MatterChange], warnings: Sequence[RowProblem] = ()) -> Response:
        version = hall.matters.listed().version
        told = [MatterWarningAnswer.of_problem(one) for one in warnings]
        said = answer(MattersChangedAnswer.of(joined(version=version, changes=changes, warnings=told)))
        said.set_etag(version)
        return said

    @api.get("/matters", summary="All matters, for search and choice", responses={"200": MatterListAnswer})
    @public
    def show() -> Response:
        """Asked again with the `ETag` as `If-None-Match`, it is answered 304 while nothing has changed."""
        listed, asked = hall.matters.listed_and_asked()
        tag, body = kept.of(listed, asked)
        said = Response(body, content_type="application/json")
        said.headers["Cache-Control"] = "no-cache"
        said.set_etag(tag)
        said.make_conditional(request)
        return said

    @api.get("/matters/file", summary="All matters as a file", responses={"200": dict(FILE)})
    @allow("manager")
    def download(query: FileQuery) -> Response:
        """As `quhao matters export` writes it; the `ETag` is the version of the list."""
        whole = hall.matters.read()
        if query.format == "csv":
            said = Response(as_csv(whole), content_type="text/csv; charset=utf-8")
        else:
            said = Response(as_json(whole), content_type="application/json")
        said.headers["Content-Disposition"] = f"attachment; filename=matters.{query.format}"
        said.set_etag(version_of(whole))
        return said

    @api.post(
        "/matters/file",
        summary="Make the matters what a file says",
        responses={"200": MattersChangedAnswer},
        takes="application/octet-stream",
        largest=LARGEST,
    )
    @allow("manager")
    def upload(query: ImportQuery) -> Response:
        """CSV (UTF-8, UTF-16 or GBK; comma, semicolon or tab) or JSON. All or nothing: every wrong row is named.

        With `dry_run` nothing is changed, and the answer says what would be.
        """
        sets_up()
        found = read_matters(request.get_data(), hall.office.services())
        refuse(found.problems)
        if query.dry_run:
            changes = differences(hall.matters.read(), found.matters)
        else:
            changes = hall.matters.replace(found.matters, actor(), version=query.version)
        return changed(changes, found.warnings)

    @api.get("/matters/figures", summary="How often each matter came", responses={"200": AllMatterFiguresAnswer})
    @allow("manager")
    def figures(query: FiguresQuery) -> Response:
        """Of the hall days `from` to `to`, both included; `format=csv` for a spreadsheet."""
        today = hall.office.ledger.today()
        first = query.first or query.last or today
        last = query.last or max(first, today)
        found = hall.matters.figures(first, last)
        if query.format == "csv":
            said = Response(figures_as_csv(found), content_type="text/csv; charset=utf-8")
            said.headers["Content-Disposition"] = f"attachment; filename=matters-{first}-{last}.csv"
            return said
        return answer(AllMatterFiguresAnswer.of({"matters": found}))

    @api.get("/matters/<matter>", summary="A matter, whole", responses={"200": MatterAnswer})
    @public
    def find(path: MatterPath) -> Response:
        return answer(MatterAnswer.of(hall.matters.find(path.matter)))

    @api.put(
        "/matters",
        summary="Make the matters what this says",
        responses={"200": MattersChangedAnswer},
        largest=LARGEST,
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
        return changed(hall.matters.replace(matters_of(rows), actor(), version=seen_version()), odd(rows))

    @api.put("/matters/<matter>", summary="Add or change a matter", responses={"200": MattersChangedAnswer})
    @allow("manager")
    def put(path: MatterPath, body: MatterBody) -> Response:
        """A new one goes behind the last of its theme. `If-Match` as for all of them."""
        sets_up()
        row = body.root | {"id": path.matter} if isinstance(body.root, dict) else body.root
        rows, problems = check([row])
        refuse(problems)
        return changed(hall.matters.put(matters_of(rows)[0], actor(), version=seen_version()), odd(rows))

    @api.post("/matters/<matter>/print", summary="Print what to bring", responses={"202": LeafletAnswer})
    @allow("kiosk", "clerk", "desk")
    def print_leaflet(path: MatterPath) -> Response:
        """On this box's printer (一次性告知). What waits to be printed already is not printed twice."""
        about = guide.leaflet(hall, hall.matters.find(path.matter))
        printed = hall.printing.print_leaflet(path.matter, lambda columns: items_of(lay_out_leaflet(about, columns)))
        return answer(LeafletAnswer.of({"leaflet": printed, "state": "pending", "reason": None}), 202)

    @api.get("/matters/<matter>/print/<int:leaflet>", summary="Whether it is printed", responses={"200": LeafletAnswer})
    @allow("kiosk", "clerk", "desk")
    def leaflet(path: LeafletPath) -> Response:
        became = hall.printing.leaflet(path.leaflet)
        state, reason = (became.state, became.reason) if became else ("pending", None)
        return answer(LeafletAnswer.of({"leaflet": path.leaflet, "state": state, "reason": reason}))

    @api.delete("/matters/<matter>", summary="Take a matter away", responses={"200": MattersChangedAnswer})
    @allow("manager")
    def remove(path: MatterPath) -> Response:
        """Tickets that are for it keep it. `If-Match` as for all of them."""
        sets_up()
        return changed(hall.matters.remove(path.matter, actor(), version=seen_version()))

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
