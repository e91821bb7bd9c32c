"""``/openapi``: the OpenAPI document and Swagger UI, with nothing from the internet."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, send_from_directory

from kiosk.web.auth import COOKIE, HOST_PREFIX, Access, access, access_of
from kiosk.web.problems import Problem
from kiosk.web.schema.answers import answer
from kiosk.web.schema.routes import PREFIX, Route, Routes

if TYPE_CHECKING:
    from flask_openapi3.models.operation import Operation

ABOUT = """The queue of one hall. Errors are `application/problem+json` with a stable `code`; times are RFC 3339 with
the hall's offset. Machines send `Authorization: Bearer TOKEN`, people log in with `POST /login`."""
SECURITY: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer"},
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": HOST_PREFIX + COOKIE,
        "description": f"without TLS, on the box itself, `{COOKIE}`",
    },
}
REFUSED = {
    "description": "refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
REPEATABLE = (
    "/tickets",
    "/windows/<window>/call-next",
    "/windows/<window>/call",
    "/kiosk/choose",
    "/kiosk/reprint",
    "/appointments",
    "/terminals/<terminal>/appointments",
    "/terminals/<terminal>/tickets",
    "/terminals/<terminal>/applications",
    "/terminals/<terminal>/forms/<form>/print",
    "/terminals/<terminal>/forms/<form>/hand-in",
)
"""Calls that take an ``Idempotency-Key``."""
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "repeated with the same key, the call gives the same answer and does nothing twice",
    "schema": {"type": "string", "maxLength": 255},
}
AFTER = {
    "name": "after",
    "in": "query",
    "description": "the number of the last event known; `Last-Event-ID` goes before it",
    "schema": {"type": "integer", "minimum": 0},
}

LAST = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "the number of the last event that arrived; browsers send it by themselves",
    "schema": {"type": "integer", "minimum": 0},
}

SWAGGER_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quhao API</title>
<link rel="icon" href="/openapi/swagger/images/swagger.svg" type="image/svg+xml">
<link rel="stylesheet" href="/openapi/swagger/css/swagger-ui.css">
<link rel="stylesheet" href="/static/openapi/openapi.css"></head>
<body><main id="swagger-ui"></main>
<script src="/openapi/swagger/js/swagger-ui-bundle.js"></script>
<script src="/openapi/start.js"></script></body></html>
"""
SWAGGER_START = """// The plain layout and no validator: nothing is asked of the internet.
SwaggerUIBundle({
  url: "/openapi/openapi.json",
  dom_id: "#swagger-ui",
  // It would put a link into each button.
  deepLinking: false,
  validatorUrl: null,
});
// The library leaves the second level of headings out.
function mend() {
  for (const heading of document.querySelectorAll(":is(h3, h4, h5, h6):not([aria-level])")) {
    heading.setAttribute("aria-level", String(Number(heading.tagName[1]) - 1));
  }
}
new MutationObserver(mend).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
"""


def description(resources: Sequence[Routes], hall_name: str, who: Access) -> Blueprint:
    """Swagger UI and the document of all ``resources``, for ``who``."""
    blueprint = Blueprint("openapi", __name__, url_prefix="/openapi")
    made: list[dict[str, Any]] = []

    @blueprint.get("/openapi.json")
    @access(who)
    def document() -> Response:
        if not made:
            made.append(describe(resources, hall_name))
        return answer(made[0])

    @blueprint.get("", strict_slashes=False)
    @access(who)
    def page() -> Response:
        if request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json":
            return document()
        return Response(SWAGGER_PAGE, mimetype="text/html")

    @blueprint.get("/start.js")
    @access(who)
    def start() -> Response:
        return Response(SWAGGER_START, mimetype="text/javascript")

    @blueprint.get("/swagger/<path:name>")
    @access(who)
    def part(name: str) -> Response:
        folder = str(files("flask_openapi3_swagger").joinpath("templates", "swagger"))
        return send_from_directory(folder, name, max_age=86400)

    return blueprint


def describe(resources: Sequence[Routes], hall_name: str) -> dict[str, Any]:
    """The OpenAPI document: every call with its types, roles and refusals."""
    # Imported here: the library takes as long to load as Flask itself, and few open this page.
    from flask_openapi3.blueprint import APIBlueprint
    from flask_openapi3.models.info import Info
    from flask_openapi3.models.tag import Tag
    from flask_openapi3.openapi import OpenAPI

    app = OpenAPI(
        "kiosk",
        info=Info(title=f"取号 Quhao · {hall_name}", version="1", description=ABOUT),
        security_schemes=SECURITY,
        validation_error_model=Problem,
        doc_ui=False,
    )
    for resource in resources:
        api = APIBlueprint(
            resource.name,
            __name__,
            url_prefix=PREFIX,
            abp_tags=[Tag(name=resource.name, description=resource.about)],
            abp_responses={"4XX": dict(REFUSED), "422": dict(REFUSED), "503": dict(REFUSED)},
        )
        for call in resource.calls:
            hang = getattr(api, call.method)(call.rule, summary=call.summary, responses=dict(call.responses))
            hang(call.view)
            _complete(getattr(api.paths[_path(call.rule)], call.method), call)
        app.register_api(api)
    return app.api_doc


def _complete(operation: "Operation", call: Route) -> None:
    """Add the roles of a call, and its headers."""
    from flask_openapi3.models.media_type import MediaType
    from flask_openapi3.models.parameter import Parameter
    from flask_openapi3.models.request_body import RequestBody

    who = access_of(call.view)
    operation.description = "\n\n".join(filter(None, (operation.description, f"For: {who or 'nobody'}")))
    if who is None or who.roles is not None:
        operation.security = [{"token": []}, {"login": []}]
    extra = (
        [KEY] if call.method == "post" and call.rule in REPEATABLE else [AFTER, LAST] if call.rule == "/events" else []
    )
    takes: str | None = getattr(call.view, "takes", None)
    if takes:
        operation.requestBody = RequestBody(content={takes: MediaType(schema={"type": "string"})}, required=True)
    if extra:
        operation.parameters = [*(operation.parameters or []), *map(Parameter.model_validate, extra)]


def _path(rule: str) -> str:
    return PREFIX + re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule)
