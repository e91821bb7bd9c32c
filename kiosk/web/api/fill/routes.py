"""``/fill``: mappings of business systems' forms, and what goes into one for the resident now served."""

import json
from typing import Any, ClassVar

from flask import Response
from pydantic import Field

from display.form_values import form_value
from kiosk.exchange.form_mappings import FormMapping, FormMappings
from kiosk.web.auth import actor, allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import Answer, answer
from kiosk.web.schema.bodies import Body
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.model import StateError, UnknownError


class MappingPath(NamedPath):
    """The mapping's id."""

    unknown: ClassVar[str] = "unknown_mapping"
    mapping: str = Field(max_length=64)


class MappingBody(Body, FormMapping):
    """A mapping, whole."""


class MappingAnswer(Answer):
    """A mapping and its id."""

    id: str
    name: str
    pages: tuple[str, ...]
    inputs: tuple[dict[str, str], ...]


class MappingsAnswer(Answer):
    """All mappings of this box."""

    mappings: list[MappingAnswer]


class FilledInput(Answer):
    """What goes into an input: `values` has the value first, then other ways in which a list of choices may have it."""

    field: str
    selector: str
    values: list[str]


class ValuesAnswer(Answer):
    """What goes into a form. `without` names fields that the form has and this resident's data do not."""

    window: str
    number: str
    inputs: list[FilledInput]
    without: list[str]


def routes(hall: Hall) -> Routes:
    """The routes of mappings, for the browser extension and the page ``/fill``."""
    api = Routes("fill", "Filling the forms of business systems")
    mappings = FormMappings(hall.settings.fill.folder)

    @api.get("/fill/mappings", summary="The mappings of forms", responses={"200": MappingsAnswer})
    @allow("clerk", "technician", "manager", login=True)
    def show() -> Response:
        return answer({"mappings": [_told(name, one) for name, one in mappings.all().items()]})

    @api.put("/fill/mappings/<mapping>", summary="Keep a mapping", responses={"204": None})
    @allow("technician", login=True)
    def put(path: MappingPath, body: MappingBody) -> Response:
        mappings.put(path.mapping, body)
        return Response(status=204)

    @api.delete("/fill/mappings/<mapping>", summary="Take a mapping away", responses={"204": None})
    @allow("technician", login=True)
    def remove(path: MappingPath) -> Response:
        mappings.remove(path.mapping)
        return Response(status=204)

    @api.get("/fill/mappings/<mapping>/values", summary="What goes into a form now", responses={"200": ValuesAnswer})
    @allow("clerk", login=True)
    def values(path: MappingPath) -> Response:
        """Of the resident being served at the window where this clerk sits, and no other field than the form has.

        Every look is an entry in the audit log.
        """
        form, asker = mappings.find(path.mapping), actor()
        window = hall.seat_of(asker.who)
        if window is None:
            raise StateError("no_seat")
        before = hall.office.window_view(window).ticket
        found = hall.office.holders_at(window, asker)
        at = hall.office.window_view(window).ticket
        # Another resident may have come to the window in between.
        if found is None or at is None or before is None or at.id != before.id:
            raise UnknownError("no_resident")
        inputs: list[dict[str, Any]] = []
        without = []
        for one in form.inputs:
            said = form_value(one.field, found.resident, found.agent, at.number, one.date)
            if said:
                inputs.append({"field": one.field, "selector": one.selector, "values": said})
            else:
                without.append(one.field)
        hall.filled[window] = at.id, tuple(dict.fromkeys(one["field"] for one in inputs if one["field"] != "number"))
        return answer({"window": window, "number": at.number, "inputs": inputs, "without": without})

    return api


def _told(name: str, one: FormMapping) -> dict[str, Any]:
    return {"id": name, **json.loads(one.model_dump_json())}
