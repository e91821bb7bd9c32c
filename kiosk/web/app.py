"""The application: routes, the gate in front of them, and what every answer carries."""

import json
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Flask, Request, Response, g
from typing_extensions import override
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.routing import MapAdapter, Rule

from drivers.errors import kind_and_place
from kiosk.audience import HEARTBEAT
from kiosk.web import auth, health, problems
from kiosk.web.api import (
    applications,
    appointments,
    cases,
    desk,
    forms,
    kiosk,
    ratings,
    reports,
    resident_screen,
    setup,
    terminals,
    tickets,
    windows,
)
from kiosk.web.api import hall as hall_api
from kiosk.web.api import help as help_api
from kiosk.web.api.fill import routes as fill
from kiosk.web.api.machines import climate, devices, hall_boxes
from kiosk.web.api.manage import accounts, drafts, live, papers, planning, replay, spans
from kiosk.web.api.matters import routes as matters
from kiosk.web.api.people import account, audit, login
from kiosk.web.api.screens import boxes, media, notices
from kiosk.web.auth import Access, Gate, public
from kiosk.web.hall import Hall
from kiosk.web.languages import Languages
from kiosk.web.pages.bookings import booking_pages
from kiosk.web.pages.cases import case_pages
from kiosk.web.pages.guide import guide_pages
from kiosk.web.pages.public import pages
from kiosk.web.pages.staff import staff_pages
from kiosk.web.pages.ticket import ticket_pages
from kiosk.web.problems import RequestError
from kiosk.web.refused import ENTERED, ENTERED_OF_KNOWN, NOBODY, RefusedRequests
from kiosk.web.schema.openapi import description
from kiosk.web.schema.routes import PREFIX
from kiosk.web.streams import Streams
from ticketing.model import ROLES, TicketingError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

UNASKED = 8 * 1024
"""Bytes of a body that are collected before anybody has looked at the request's head."""
MAX_BODY = 64 * 1024
"""Bytes of a request's body; the largest of ours, a resident with a long address, is two thousand. A route that takes
more says so (``Routes.post``); one for anybody takes no more than ``UNASKED``."""
MOST_NAMES = 100
"""Names of this server that are kept."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
OVER_TLS = [
    # Browsers that have been here come by TLS alone, for a year (RFC 6797).
    ("Strict-Transport-Security", "max-age=31536000"),
    # Browsers ignore it, with an error in their console, for addresses without TLS.
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=()"),
]
FOR_PAGES = [*HEADERS, ("Content-Security-Policy", PAGE_POLICY)]
FOR_DATA = [*HEADERS, ("Content-Security-Policy", DATA_POLICY)]


class Answer(Response):
    """A response whose headers are final once a view has returned it, as all of ours are.

    Werkzeug otherwise copies and looks through them once more for each answer.
    """

    @override
    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self.direct_passthrough or "Location" in self.headers or not isinstance(self.response, list):
            return super().__call__(environ, start_response)
        start_response(self.status, list(self.headers))
        return self.response


class Route(Rule):
    """A rule that compiles what writes its URLs when the first is wanted: of most routes, none ever is.

    Werkzeug compiles two functions for each rule as it is added, which is most of what making an application takes.
    """

    @override
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        compiled: Callable[..., tuple[str, str]] | None = None

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            compiled = compiled or compile_now(append_unknown)
            return compiled(rule, **values)

        return build


class Application(Flask):
    """Flask without the checks whose result is the same for each request."""

    response_class = Answer
    url_rule_class = Route
    _server_names: ClassVar[dict[tuple[str, str], str]] = {}

    @override
    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        # The name is looked through once for each that clients use, not for each request.
        asked_for = (request.scheme, request.environ.get("HTTP_HOST", "")) if request else ("", "")
        name = self._server_names.get(asked_for)
        if request is None or name is None:
            adapter = super().create_url_adapter(request)
            if adapter and asked_for[1] and len(self._server_names) < MOST_NAMES:
                self._server_names[asked_for] = adapter.server_name
            return adapter
        query = request.query_string.decode("latin-1")
        return MapAdapter(self.url_map, name, "/", "", request.scheme, request.path, request.method, query)

    def largest_body(self, environ: "WSGIEnvironment") -> int | tuple[int, str]:
        """What the head of a request is good for, before its body is there.

        The most bytes that the body may have; or the status and the code by which the request is refused.
        """
        with self.request_context(environ):
            try:
                request = auth.asked()
                if request.routing_exception:
                    raise request.routing_exception
                if auth.gate().check():
                    raise RequestError(401, "not_logged_in")
                return largest_of(self.view_functions[request.endpoint or ""])
            except (TicketingError, RequestError, HTTPException) as error:
                status, code = problems.status_of(error)
                self.extensions["refused"](code)
                return status, code
            except Exception as error:  # noqa: BLE001 - the top of a request
                log.error("web server: %s", kind_and_place(error))
                return 500, "internal"

    @override
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # No view is a coroutine.
        return func


def create_app(
    hall: Hall, *, visitor: tuple[str, str] | None = None, check_answers: bool = False, heartbeat: float = HEARTBEAT
) -> Application:
    """The application of one hall.

    Args:
        hall: its parts, which may start after this.
        visitor: in the demonstration, name and password of the account that ``/bench`` logs its visitor in as.
        check_answers: hold every answer to the shape that the API describes; for tests.
        heartbeat: seconds between comments on event streams.
    """
    app = Application("kiosk.web")
    app.config["CHECK_ANSWERS"] = check_answers
    public(app.view_functions["static"])
    streams = Streams(hall.settings.server.max_streams, heartbeat)
    gate = Gate(hall.settings, hall.people, hall.clock)
    languages = Languages.read(hall.settings.hall.languages)
    app.extensions |= {"streams": streams, "gate": gate, "languages": languages}
    problems.install(app, partial(_note_refused, hall.refused))
    health.install(app, hall, streams)
    gate.install(app)
    app.before_request(lambda: _expect_json(app.view_functions))
    app.wsgi_app = _dressed(app.wsgi_app, hall.settings.server.trusted_proxy)  # type: ignore[method-assign, assignment]
    resources = [
        hall_api.routes(hall, streams),
        tickets.routes(hall),
        windows.routes(hall, streams),
        desk.routes(hall),
        kiosk.routes(hall, streams),
        cases.routes(hall),
        ratings.routes(hall),
        resident_screen.routes(hall, streams),
        reports.routes(hall),
        live.routes(hall),
        spans.routes(hall),
        replay.routes(hall),
        fill.routes(hall),
        planning.routes(hall),
        audit.routes(hall),
        terminals.routes(hall, streams),
        forms.routes(hall),
        applications.routes(hall),
        appointments.routes(hall),
        devices.routes(hall),
        hall_boxes.routes(hall),
        climate.routes(hall),
        help_api.routes(hall),
        notices.routes(hall),
        media.routes(hall),
        boxes.routes(hall),
        setup.routes(hall),
        matters.routes(hall),
        drafts.routes(hall),
        papers.routes(hall),
        login.routes(hall),
        account.routes(hall),
        accounts.routes(hall),
    ]
    if hall.virtual_hall:
        # Imported here: a hall of real devices has no simulators.
        from kiosk.web.api.machines import virtual_hall

        resources.append(virtual_hall.routes(hall, streams, visitor))
    for one in resources:
        app.register_blueprint(one.blueprint)
    app.register_blueprint(login.form(hall))
    if hall.settings.server.openapi != "off":
        who = Access(None) if hall.settings.server.openapi == "public" else Access(frozenset(ROLES), page=True)
        app.register_blueprint(description(resources, hall.settings.hall.name, who))
    app.register_blueprint(pages(hall))
    app.register_blueprint(guide_pages(hall))
    app.register_blueprint(ticket_pages(hall))
    app.register_blueprint(case_pages(hall))
    app.register_blueprint(booking_pages(hall))
    app.register_blueprint(staff_pages(hall))
    return app


def _note_refused(requests: RefusedRequests, code: str) -> None:
    """Have the current request, which is refused with this code, noted where that is an entry of the audit log."""
    asker: auth.Asker | None = g.get("asker")
    known = asker and asker.principal
    asked = auth.asked()
    # A lock that is not opened is an entry already.
    of_known = known and code in ENTERED_OF_KNOWN and asked.path != f"{PREFIX}/unlock"
    if code not in ENTERED and not of_known:
        return
    what = f"{asked.method} {asked.url_rule.rule if asked.url_rule else '?'}"
    name, role = (known.name, known.role) if known else (NOBODY, "kiosk")
    requests.note(name, role, auth.gate().address(), code, what)


def largest_of(view: object) -> int:
    """The most bytes of a body for this route: little before anybody has said who asks."""
    access = auth.access_of(view)
    return getattr(view, "largest", None) or (UNASKED if access is None or access.roles is None else MAX_BODY)


def _expect_json(views: dict[str, Any]) -> None:
    """Bodies of the API are JSON of whole characters; anything else is told so, not taken for an empty one.

    Raises:
        RequestError: ``csv_expected``, ``file_expected``, ``json_expected``, ``bad_json``, ``bad_body``.
    """
    asked = auth.asked()
    if asked.method in auth.SAFE or not int(asked.environ.get("CONTENT_LENGTH") or 0):
        return
    view = views.get(asked.endpoint or "")
    asked.max_content_length = largest_of(view)
    takes = getattr(view, "takes", None)
    if takes:
        if asked.mimetype != takes:
            is_table = takes == "text/csv"
            raise RequestError(415, "csv_expected" if is_table else "file_expected")
        return
    if not asked.is_json:
        if asked.path.startswith(PREFIX):
            raise RequestError(415, "json_expected")
        return
    try:
        g.body = body = asked.get_json()
    except (BadRequest, RecursionError):
        raise RequestError(400, "bad_json") from None
    sent = asked.get_data()
    if b"\\" in sent or not sent.isascii():
        try:
            json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            # Half a character (a lone surrogate): JSON can say it, but nobody could store it or say it again.
            raise RequestError(422, "bad_body") from None


def _dressed(app: "WSGIApplication", trusted_proxy: str) -> "WSGIApplication":
    """``app`` with what every answer carries; beneath Flask, whose headers cost more the more there are."""

    def answer_dressed(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            said = dict(headers)
            html = said.get("Content-Type", "").startswith("text/html")
            if "Date" in said:
                # Flask's, where an answer may be a 304; the server has its own for all.
                headers = [one for one in headers if one[0] != "Date"]
            headers += FOR_PAGES if html else FOR_DATA
            if "Referrer-Policy" not in said:
                # A ticket's page has the ticket's code in its address.
                headers.append(("Referrer-Policy", "no-referrer"))
            if "Cache-Control" not in said:
                headers.append(("Cache-Control", "no-store"))
            if environ["wsgi.url_scheme"] == "https" or (
                trusted_proxy and auth.arrival_of(environ, auth.plain(trusted_proxy)).tls
            ):
                headers += OVER_TLS
            return start_response(status, headers, exc_info)

        return app(environ, begin)

    return answer_dressed
