"""``/login``, ``/logout``, ``/me``."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from kiosk.web.auth import COOKIE, DEVICE_COOKIE, allow, check_same_site, forget, gate, public, remember
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import MeAnswer, answer, see_other
from kiosk.web.schema.bodies import LoginBody
from kiosk.web.schema.routes import Routes
from ticketing.model import ROLES, Actor, LimitError
from ticketing.people.people import Principal


def routes(hall: Hall) -> Routes:
    """The routes of log-ins."""
    api = Routes("login", "Logging in")

    @api.post("/login", summary="Log in; the answer's cookie is the key", responses={"200": MeAnswer})
    @public
    def log_in(body: LoginBody) -> Response:
        return _log_in(hall, body)

    @api.post("/logout", summary="Log out", responses={"204": None})
    @public
    def log_out() -> Response:
        check_same_site(request)
        if secret := request.cookies.get(COOKIE):
            principal = hall.people.principal_of_login(secret, hall.clock())
            hall.people.logout(secret)
            if principal:
                hall.office.leave(Actor(principal.name, principal.role, logged_in=True))
        response = Response(status=204)
        forget(response)
        return response

    @api.get("/me", summary="Who is asking", responses={"200": MeAnswer})
    @allow(*ROLES)
    def me() -> Response:
        principal = gate().asker().principal
        return _me(principal) if principal else answer({"username": "kiosk", "role": "kiosk", "windows": []})

    return api


def form(hall: Hall) -> Blueprint:
    """``POST /login``, as JSON or as the form of a page that works without scripts."""
    blueprint = Blueprint("login", __name__)

    @blueprint.post("/login")
    @public
    def log_in() -> Response:
        if request.is_json:
            return _log_in(hall, LoginBody.model_validate(request.get_json()))
        back = _own_path(request.form.get("next", ""))
        fields = {name: request.form.get(name, "") for name in ("username", "password")}
        try:
            entered = _log_in(hall, LoginBody.model_validate(fields))
        except (RequestError, LimitError) as error:
            if isinstance(error, RequestError) and error.code != "wrong_password":
                raise
            return see_other(f"/login?{urlencode({'next': back, 'failed': error.code})}")
        response = see_other(back)
        response.headers.extend([("Set-Cookie", cookie) for cookie in entered.headers.getlist("Set-Cookie")])
        return response

    return blueprint


def _log_in(hall: Hall, body: LoginBody) -> Response:
    """The answer with the cookie.

    Raises:
        RequestError: ``tls_required``, ``cross_site``, ``wrong_password``.
        LimitError: ``too_many_tries``.
    """
    asker = gate().asker()
    if not asker.secure:
        raise RequestError(403, "tls_required")
    check_same_site(request)
    now, device = hall.clock(), request.cookies.get(DEVICE_COOKIE, "")
    secret = hall.people.login(body.username, body.password, now, asker.address, device)
    principal = hall.people.principal_of_login(secret, now) if secret else None
    if secret is None or principal is None:
        raise RequestError(401, "wrong_password")
    response = _me(principal)
    remember(response, secret, hall.people.device(principal.name, device))
    return response


def _me(principal: Principal) -> Response:
    return answer({"username": principal.name, "role": principal.role, "windows": list(principal.windows)})


def _own_path(place: str) -> str:
    """A path of ours, or the front page: a log-in must not send anybody to another site."""
    printable = place.isprintable() and "\\" not in place
    return place if printable and place.startswith("/") and not place.startswith("//") else "/"
