"""``/setup``: what the hall is made of, read whole and replaced whole, as ``quhao hall export`` and ``import`` do."""

from typing import Any

from flask import Response
from pydantic import GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from config.hall_file import HallFile, values_of
from kiosk.exchange.hall_files import HallDocuments, hall_file_of
from kiosk.web.auth import actor, allow, gate
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import answer
from kiosk.web.schema.routes import Routes, seen_version
from ticketing.setup.setup import HallSetup


class SetupBody(RootModel[Any]):
    """The hall's make-up, whole; it is checked whole, so that all that is wrong with it is told at once."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Described as what it is checked for."""
        return handler(HallFile.__pydantic_core_schema__)


MAX_SETUP = 512 * 1024
"""Bytes of a whole hall: a hundred services with their slots."""


def routes(hall: Hall) -> Routes:
    """The routes of the hall's make-up."""
    api = Routes("setup", "What the hall is made of")
    documents = HallDocuments(hall.settings.hall)

    @api.get("/setup", summary="Services, windows, hours, holidays, quotas, slots", responses={"200": HallFile})
    @allow("manager")
    def show() -> Response:
        """The `ETag` names this make-up: send it back as `If-Match` with what you change."""
        return _told(hall.setup.read())

    @api.put("/setup", summary="Make the hall what this says", responses={"200": HallFile}, largest=MAX_SETUP)
    @allow("manager")
    def put(body: SetupBody) -> Response:
        """All of it or nothing. What is left out is taken away; a service that somebody waits for is served to the end.

        With `If-Match` it is refused (`setup_changed`) when somebody else changed the hall since.
        """
        sets_up()
        hall.setup.replace(documents.setup_of_file(body.root), actor(), version=seen_version())
        return _told(hall.setup.read())

    return api


def sets_up() -> None:
    """Refuse a manager who administers accounts and nothing else, where duties are kept apart; raises ``forbidden``."""
    principal = gate().asker().principal
    if principal and principal.duty == "security":
        raise RequestError(403, "forbidden")


def _told(setup: HallSetup) -> Response:
    said = answer(values_of(hall_file_of(setup)))
    said.set_etag(setup.version)
    return said
