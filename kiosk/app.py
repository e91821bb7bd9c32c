"""The application: routes, the gate in front of them, and what every answer carries."""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Flask, Response, request, send_from_directory
from flask_openapi3.models.info import Info
from flask_openapi3.models.parameter import Parameter
from flask_openapi3.openapi import OpenAPI
from werkzeug.exceptions import BadRequest

from kiosk import auth, health, problems
from kiosk.api import devices, kiosk, session, tickets, windows
from kiosk.api import hall as hall_api
from kiosk.api.routes import PREFIX
from kiosk.api.shapes import answer
from kiosk.auth import Access, Gate
from kiosk.hall import Hall
from kiosk.pages import pages
from kiosk.pages_staff import staff_pages
from kiosk.problems import Problem, RequestError
from kiosk.streams import Streams

MAX_BODY = 64 * 1024
"""Bytes of a request's body; the largest of ours, a resident with a long address, is two thousand."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=()",
}
ABOUT = """The queue of one hall. Errors are `application/problem+json` with a stable `code`; times are RFC 3339 with
the hall's offset. Machines send `Authorization: Bearer TOKEN`, people log in with `POST /login`."""

SECURITY: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer"},
    "login": {"type": "apiKey", "in": "cookie", "name": auth.COOKIE},
}
REPEATABLE = (("/tickets", "post"), ("/windows/{window}/call-next", "post"))
"""Calls that take an ``Idempotency-Key``."""


def create_app(hall: Hall, *, visitor: tuple[str, str] | None = None, check_answers: bool = False) -> Flask:
    """The application of one hall.

    Args:
        hall: its parts, which may start after this.
        visitor: in the demonstration, name and password of the account that ``/bench`` logs its visitor in as.
        check_answers: hold every answer to the shape that the API describes; for tests.
    """
    app = OpenAPI(
        "kiosk",
        info=Info(title=f"取号 Quhao · {hall.settings.hall.name}", version="1", description=ABOUT),
        security_schemes=SECURITY,
        validation_error_callback=problems.of_validation,
        validation_error_model=Problem,
        validate_response=check_answers,
        doc_ui=False,
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    streams = Streams(hall.settings.server.max_streams)
    gate = Gate(hall.settings, hall.people, hall.clock)
    app.extensions |= {"streams": streams, "gate": gate}
    problems.install(app)
    health.install(app, hall, streams)
    gate.install(app)
    app.before_request(_expect_json)
    app.after_request(_dress)
    for api in (
        hall_api.routes(hall, streams),
        tickets.routes(hall),
        windows.routes(hall, streams),
        kiosk.routes(hall, streams),
        devices.routes(hall),
        session.routes(hall),
    ):
        app.register_api(api)
    app.register_blueprint(session.form(hall))
    app.register_blueprint(_description(app))
    if hall.bench:
        # Imported here: a hall of real devices has no bench.
        from kiosk.api import bench

        app.register_api(bench.routes(hall.bench, streams))
    app.register_blueprint(pages(hall))
    app.register_blueprint(staff_pages(hall, visitor))
    return app


def _expect_json() -> None:
    """Bodies of the API are JSON; anything else is told so, rather than taken for an empty one."""
    if not request.path.startswith(PREFIX) or request.method in auth.SAFE or not _has_body():
        return
    if not request.is_json:
        raise RequestError(415, "json_expected")
    try:
        request.get_json()
    except BadRequest:
        raise RequestError(400, "bad_json") from None


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _dress(response: Response) -> Response:
    """What every answer carries."""
    headers = response.headers
    headers.extend(HEADERS)
    # A ticket's page has the ticket's code in its address; the log-in's form must be able to say where it comes from.
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers["Content-Security-Policy"] = PAGE_POLICY if response.mimetype == "text/html" else DATA_POLICY
    return response


def _description(app: OpenAPI) -> Blueprint:
    """``/openapi``: the API described, and Swagger UI from the installed package: nothing is fetched from elsewhere."""
    folder = str(files("flask_openapi3_swagger").joinpath("templates", "swagger"))
    blueprint = Blueprint("openapi", __name__, url_prefix="/openapi")
    described: list[Any] = []

    @blueprint.get("/openapi.json")
    def document() -> Response:
        if not described:
            _describe_access(app)
            described.append(app.api_doc)
        return answer(described[0])

    @blueprint.get("", strict_slashes=False)
    def page() -> Response:
        if request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json":
            return document()
        return Response(SWAGGER_PAGE, mimetype="text/html")

    @blueprint.get("/start.js")
    def start() -> Response:
        return Response(SWAGGER_START, mimetype="text/javascript")

    @blueprint.get("/swagger/<path:name>")
    def part(name: str) -> Response:
        return send_from_directory(folder, name, max_age=86400)

    return blueprint


SWAGGER_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Quhao API</title>
<link rel="icon" href="/openapi/swagger/images/swagger.svg" type="image/svg+xml">
<link rel="stylesheet" href="/openapi/swagger/css/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/openapi/swagger/js/swagger-ui-bundle.js"></script>
<script src="/openapi/start.js"></script></body></html>
"""
SWAGGER_START = """// Without `validatorUrl: null` the page would ask a validator on the internet.
SwaggerUIBundle({
  url: "/openapi/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""


def _describe_access(app: OpenAPI) -> None:
    """Add to each call who may use it, and the header of those that may be repeated."""
    for rule in app.url_map.iter_rules():
        access: Access | None = getattr(app.view_functions[rule.endpoint], "access", None)
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", f"{{{argument}}}").replace(f"<int:{argument}>", f"{{{argument}}}")
        item = app.paths.get(path)
        if item is None or access is None:
            continue
        for method in (rule.methods or set()) & {"GET", "POST"}:
            operation = getattr(item, method.lower())
            if operation is None:
                continue
            if access.roles is not None:
                who = ", ".join(sorted(access.roles))
                operation.description = "\n\n".join(filter(None, (operation.description, f"For: {who}")))
                operation.security = [{"token": []}, {"login": []}]
            if (path.removeprefix(PREFIX), method.lower()) in REPEATABLE:
                operation.parameters = [*(operation.parameters or []), _KEY]


_KEY = Parameter.model_validate(
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "repeated with the same key, the call gives the same answer and does nothing twice",
        "schema": {"type": "string", "maxLength": 255},
    }
)
