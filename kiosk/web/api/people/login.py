"""``/login``, ``/logout``, ``/me``, and the lock of a page that was left."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from kiosk.web.auth import DEVICE_COOKIE, allow, check_same_site, forget, gate, public, remember
from kiosk.web.hall import Hall
from kiosk.web.problems import RequestError
from kiosk.web.schema.answers import MeAnswer, answer, see_other
from kiosk.web.schema.bodies import LoginBody, PasswordBody
from kiosk.web.schema.routes import Routes
from ticketing.model import ROLES, Actor, LimitError
from ticketing.people.guessing import Try
from ticketing.people.people import Principal, SecondFactorError

STAFF = tuple(role for role in ROLES if role not in ("kiosk", "terminal"))
"""The roles of people, who log in."""


def routes(hall: Hall) -> Routes:
    """The routes of log-ins."""
    api = Routes("login", "Logging in")

    @api.post("/login", summary="Log in; the answer's cookie is the key", responses={"200": MeAnswer})
    @public
    def log_in(body: LoginBody) -> Response:
        """`totp_needed` asks for the same once more, with the code of the account's second factor."""
        return _log_in(hall, body)

    @api.post("/logout", summary="Log out", responses={"204": None})
    @public
    def log_out() -> Response:
        check_same_site(request)
        if secret := gate().login_cookie():
            principal = hall.people.principal_of_login(secret, hall.clock())
            hall.people.logout(secret, gate().address())
            if principal:
                _clear_screen(hall, principal)
                hall.office.leave(Actor(principal.name, principal.role, logged_in=True))
        response = Response(status=204)
        forget(response)
        return response

    @api.get("/me", summary="Who is asking", responses={"200": MeAnswer})
    @allow(*ROLES, resting=True)
    def me() -> Response:
        """`must` is there where something has to be done first, `locked` where the password has to be given."""
        principal = gate().asker().principal
        if principal is None:
            raise RequestError(401, "not_logged_in")
        return _me(principal)

    @api.post("/me/active", summary="Somebody is at the page", responses={"204": None})
    @allow(*STAFF, login=True)
    def active() -> Response:
        """Once a minute at most. Without this, and without requests that change something, the page is locked."""
        return Response(status=204)

    @api.post("/lock", summary="Lock the page until the password is given", responses={"204": None})
    @allow(*STAFF, login=True, resting=True)
    def lock() -> Response:
        """The ticket stays at its window. Whoever is locked may read `/me`, follow the window, unlock and log out."""
        principal, secret = logged_in()
        hall.people.lock(secret, hall.clock(), gate().address())
        _clear_screen(hall, principal)
        return Response(status=204)

    @api.post("/unlock", summary="Go on, by the password", responses={"200": MeAnswer})
    @allow(*STAFF, login=True, resting=True)
    def unlock(body: PasswordBody) -> Response:
        principal, secret = logged_in()
        here = guessing(hall, principal)
        if not hall.people.unlock(here, secret, body.password, hall.clock(), gate().address()):
            raise RequestError(403, "wrong_password")
        found = hall.people.principal_of_login(secret, hall.clock())
        if found is None:
            raise RequestError(401, "not_logged_in")
        return _me(found)

    return api


def _clear_screen(hall: Hall, principal: Principal) -> None:
    """Take away what the second screen shows at the window of a clerk who leaves the page."""
    window = hall.seat_of(principal.name)
    if window is not None:
        hall.resident_screens.take_back(window, Actor(principal.name, principal.role, window, logged_in=True))


def logged_in() -> tuple[Principal, str]:
    """The person who asks and the secret of the log-in; for routes that take a log-in alone."""
    principal, secret = gate().asker().principal, gate().login_cookie()
    if principal is None or not secret:
        raise RequestError(401, "not_logged_in")
    return principal, secret


def guessing(hall: Hall, principal: Principal) -> Try:
    """Whose guess a password is that somebody logged in types again."""
    return hall.people.known_as(
        principal.name, gate().address(), request.cookies.get(gate().cookie_name(DEVICE_COOKIE), "")
    )


def form(hall: Hall) -> Blueprint:
    """``POST /login``, as JSON or as the form of a page that works without scripts."""
    blueprint = Blueprint("login", __name__)

    @blueprint.post("/login")
    @public
    def log_in() -> Response:
        if request.is_json:
            return _log_in(hall, LoginBody.model_validate(request.get_json()))
        back = own_path(request.form.get("next", ""))
        fields = {name: request.form.get(name, "") for name in ("username", "password", "totp")}
        try:
            entered = _log_in(hall, LoginBody.model_validate(fields))
        except (RequestError, LimitError, SecondFactorError) as error:
            if isinstance(error, RequestError) and error.code != "wrong_password":
                raise
            return see_other(f"/login?{urlencode({'next': back, 'failed': error.code})}")
        response = see_other(f"/account?{urlencode({'next': back})}" if entered.get_json().get("must") else back)
        response.headers.extend([("Set-Cookie", cookie) for cookie in entered.headers.getlist("Set-Cookie")])
        return response

    return blueprint


def _log_in(hall: Hall, body: LoginBody) -> Response:
    """The answer with the cookie.

    Raises:
        RequestError: ``tls_required``, ``cross_site``, ``wrong_password``.
        LimitError: ``too_many_tries``.
        SecondFactorError: ``totp_needed``, ``totp_wrong``.
    """
    arrival = gate().arrival()
    if not arrival.secure:
        raise RequestError(403, "tls_required")
    check_same_site(request)
    now, device = hall.clock(), request.cookies.get(gate().cookie_name(DEVICE_COOKIE), "")
    secret = hall.people.login(body.username, body.password, now, arrival.address, device, body.totp or "")
    principal = hall.people.principal_of_login(secret, now) if secret else None
    if secret is None or principal is None:
        raise RequestError(401, "wrong_password")
    response = _me(principal)
    remember(response, secret, hall.people.device(principal.name, device))
    return response


def _me(principal: Principal) -> Response:
    return answer(_me_of(principal))


def _me_of(principal: Principal) -> dict[str, object]:
    told: dict[str, object] = {"username": principal.name, "role": principal.role, "windows": list(principal.windows)}
    return told | ({"locked": True} if principal.locked else {}) | ({"must": principal.must} if principal.must else {})


def own_path(place: str) -> str:
    """A path of ours, or the front page: a log-in must not send anybody to another site."""
    printable = place.isprintable() and "\\" not in place
    return place if printable and place.startswith("/") and not place.startswith("//") else "/"
