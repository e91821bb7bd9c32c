"""Authentication and authorization of requests.

::

    Authorization: Bearer TOKEN     a machine, such as a kiosk    its token's role, windows, terminal or box
    Cookie: quhao=…                 somebody logged in            their account's role and windows

Nothing else gives a role: no address does, since a reverse proxy on the same box speaks from loopback for the whole
network. A page of another site can make a browser send the cookie, never the token (CSRF). So a request that changes
something under a cookie must come from our own pages (``Origin``, ``Sec-Fetch-Site``).

Credentials travel by TLS, or without it between programs of this box (:class:`Arrival`).

Every route says who may use it (:func:`allow`, :func:`public`); one that says nothing is refused.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, Request, Response, current_app, g, request

from config.settings import Settings
from kiosk.opening import box_of
from kiosk.web.problems import RequestError
from ticketing.model import ROLES, Actor, Role
from ticketing.people.people import LOGIN_LASTS, People, Principal

COOKIE = "quhao"
DEVICE_COOKIE = "quhao-device"
"""Marks a browser that has logged in before, whose tries are not slowed by others'. It is no credential."""
HOST_PREFIX = "__Host-"
"""Of both names over TLS: browsers take such a cookie only by TLS and from this very host (RFC 6265bis, 4.1.3.2), so
that neither plain HTTP nor another name of the same domain can plant one."""
DEVICE_KEPT = timedelta(days=400)
"""The longest that browsers keep a cookie (RFC 6265bis)."""
SAFE = ("GET", "HEAD", "OPTIONS")
FORWARDED = frozenset(
    f"HTTP_{name}"
    for name in (
        *("FORWARDED", "VIA", "X_REAL_IP", "X_FORWARDED", "X_FORWARDED_BY", "X_FORWARDED_FOR", "X_FORWARDED_HOST"),
        *("X_FORWARDED_PORT", "X_FORWARDED_PROTO", "X_FORWARDED_SCHEME", "X_FORWARDED_SERVER", "X_FORWARDED_SSL"),
        *("X_FORWARDED_URI", "X_FORWARDED_PREFIX", "X_ORIGINAL_FORWARDED_FOR", "X_ORIGINAL_URI", "X_CLUSTER_CLIENT_IP"),
        *("X_CLIENT_IP", "TRUE_CLIENT_IP", "CF_CONNECTING_IP"),
    )
)
"""WSGI names of headers that proxies set: whatever they say, the request is not from a program of this box."""

View = TypeVar("View", bound=Callable[..., object])


@dataclass(frozen=True)
class Access:
    """Who may use a route.

    Attributes:
        roles: the roles that may use it; None for anybody.
        window: whether the account or token must be bound to the route's window.
        login: whether it is for people who are logged in; a token, whatever its role, is refused.
        resting: whether a log-in that is locked, or must first be given another password, may use it all the same.
        terminal: whether the token must be that of the route's terminal.
        page: whether a visitor who is not logged in is sent to the log-in page instead of being refused.
        here: whether programs of this box may use it without credentials (:class:`Arrival`); for what is no secret.
    """

    roles: frozenset[Role] | None
    window: bool = False
    login: bool = False
    resting: bool = False
    terminal: bool = False
    page: bool = False
    here: bool = False

    def __str__(self) -> str:
        """In words, for the description of the API and for tests: ``clerk, of this window``."""
        if self.roles is None:
            return "anyone"
        roles = ", ".join(role for role in ROLES if role in self.roles)
        bound = ", of this window" * self.window + ", of this terminal" * self.terminal + ", this box" * self.here
        bound += ", logged in" * self.login
        return ("any role" if self.roles == set(ROLES) else roles) + bound


@dataclass(frozen=True)
class Asker:
    """The source of a request.

    Attributes:
        principal: account or token; None without credentials.
        by: ``token``, ``login``, or ``""`` without credentials.
        address: the client's, as a trusted proxy names it.
    """

    principal: Principal | None
    by: str
    address: str


class Arrival(NamedTuple):
    """How a request came.

    A request is from a program of this box (``direct``) when it comes from loopback, names this box by a loopback name
    (``Host``), bears no header that proxies set, and is not HTTP/1.0. So a proxy on the same box with its usual
    settings is told from it: nginx speaks HTTP/1.0 (before 1.29.7), Caddy and Apache send ``X-Forwarded-For``, HAProxy
    leaves ``Host`` as the client sent it. A proxy that hides all of that gives nobody a role either; its clients'
    credentials could pass in the clear, therefore it is to be named (``server.trusted_proxy``).

    Attributes:
        address: the client's, as the trusted proxy names it; ``unknown`` where that does not.
        tls: whether the client's side is ``https``.
        direct: whether it is from a program of this box.
    """

    address: str
    tls: bool
    direct: bool

    @property
    def secure(self) -> bool:
        """Whether nobody else can read it."""
        return self.tls or self.direct


def allow(*roles: Role, **bounds: bool) -> Callable[[View], View]:
    """Decorator: these roles may use the route; ``bounds`` are the other attributes of :class:`Access`."""
    return access(Access(frozenset(roles), **bounds))


def access(given: Access) -> Callable[[View], View]:
    """Decorator: who may use the route."""

    def mark(view: View) -> View:
        view.access = given  # type: ignore[attr-defined]
        return view

    return mark


public = access(Access(None))
"""Decorator: anybody may use the route."""


def access_of(view: object) -> Access | None:
    """Who may use the route of this view; None for one that says nothing, which nobody may."""
    found: Access | None = getattr(view, "access", None)
    return found


class Gate:
    """Checks every request before its route runs; ``clock`` gives the hall's time."""

    def __init__(self, settings: Settings, people: People, clock: Callable[[], datetime]) -> None:
        self._proxy = plain(settings.server.trusted_proxy)
        self._box = box_of(settings)
        self._people = people
        self._clock = clock
        self._views: Mapping[str, Callable[..., object]] = {}

    def install(self, app: Flask) -> None:
        """Check every request of ``app``."""
        self._views = app.view_functions
        app.before_request(self.check)

    def asker(self) -> Asker:
        """The source of the current request; found once. Raises ``bad_token``."""
        known: Asker | None = g.get("asker")
        if known is None:
            known = g.asker = self._identify(asked())
        return known

    def check(self) -> Response | None:
        """The way to the log-in for a visitor of a page who needs one; None for a request that may go on.

        Raises:
            RequestError: ``tls_required``, ``bad_token``, ``not_logged_in``, ``forbidden``, ``cross_site``,
                ``not_your_window``, ``not_your_terminal``.
        """
        request = asked()
        self._refuse_credentials_in_the_clear(request)
        view = self._views.get(request.endpoint or "")
        access = access_of(view)
        if access is None:
            if view is not None:
                raise RequestError(403, "forbidden")
            return None
        if access.roles is None:
            return None
        asker = self.asker()
        principal = asker.principal
        if principal is None:
            if access.here and self.arrival().direct:
                return None
            if access.page:
                return _to("/login", request)
            raise RequestError(401, "not_logged_in")
        if principal.role not in access.roles or (access.login and asker.by != "login"):
            raise RequestError(403, "forbidden")
        if asker.by == "login" and request.method not in SAFE:
            check_same_site(request)
        if access.page and not access.resting and principal.must:
            return _to("/account", request)
        # A page that is locked may be shown: it covers itself until the password is given.
        if not (access.page or access.resting):
            refuse_resting(principal)
        named = request.view_args or {}
        window = str(named.get("window", ""))
        if access.window and not principal.may_use(window):
            raise RequestError(403, "not_your_window", window=window)
        if access.terminal and principal.terminal != named.get("terminal"):
            raise RequestError(403, "not_your_terminal")
        if principal.role == "kiosk" and principal.terminal not in (None, self._box):
            raise RequestError(403, "not_your_terminal")
        g.actor = Actor(principal.name, principal.role, window or asker.address, logged_in=asker.by == "login")
        return None

    def arrival(self) -> Arrival:
        """How the current request came; found once."""
        known: Arrival | None = g.get("arrival")
        if known is None:
            known = g.arrival = arrival_of(asked().environ, self._proxy)
        return known

    def address(self) -> str:
        """The client's address in the current request."""
        return self.arrival().address

    def login_cookie(self) -> str | None:
        """The secret of the log-in that the current request bears; None for none."""
        return asked().cookies.get(self.cookie_name(COOKIE))

    def cookie_name(self, name: str) -> str:
        """The name by which a cookie goes over the current request's way."""
        return HOST_PREFIX + name if self.arrival().tls else name

    def _refuse_credentials_in_the_clear(self, request: Request) -> None:
        """Raise ``tls_required`` for credentials over plain HTTP, even where none are needed: others can read them."""
        environ = request.environ
        credentials = "HTTP_AUTHORIZATION" in environ or (
            "HTTP_COOKIE" in environ and not {COOKIE, HOST_PREFIX + COOKIE}.isdisjoint(request.cookies)
        )
        if credentials and not self.arrival().secure:
            raise RequestError(403, "tls_required")

    def _identify(self, request: Request) -> Asker:
        address = self.arrival().address
        scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme:
            principal = self._people.principal_of_token(token.strip(), address) if scheme.lower() == "bearer" else None
            if principal is None:
                raise RequestError(401, "bad_token")
            return Asker(principal, "token", address)
        cookie, acts = self.login_cookie(), request.method not in SAFE
        principal = self._people.principal_of_login(cookie, self._clock(), acts=acts) if cookie else None
        return Asker(principal, "login" if principal else "", address)


def gate() -> Gate:
    """The gate of the current application."""
    found: Gate = current_app.extensions["gate"]
    return found


def actor() -> Actor:
    """The actor of the current request; only in a route that names its roles."""
    found: Actor = g.actor
    return found


def refuse_resting(principal: Principal) -> None:
    """Refuse a log-in that must first be unlocked, or given another password or a second factor.

    Raises:
        RequestError: ``locked`` (423), ``password_change_needed``, ``totp_setup_needed``.
    """
    if principal.locked:
        raise RequestError(423, "locked")
    if principal.must:
        raise RequestError(403, principal.must)


def check_same_site(request: Request) -> None:
    """Raise ``cross_site`` for a request that a page of another site made the browser send (CSRF)."""
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise RequestError(403, "cross_site")
    if origin is not None:
        own = ("https" if gate().arrival().tls else "http", request.headers.get("Host", "").lower())
        scheme, _, host = origin.lower().partition("://")
        if (scheme, host) != own:
            raise RequestError(403, "cross_site")


def arrival_of(environ: Mapping[str, Any], proxy: str) -> Arrival:
    """How a request came; ``proxy`` is the address of the trusted one, ``""`` for none.

    Of a trusted proxy's headers the last value alone is its own: earlier ones are what the client wrote.
    """
    peer, by_loopback = _peer(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_HOST", ""))
    direct = by_loopback and environ.get("SERVER_PROTOCOL") != "HTTP/1.0" and FORWARDED.isdisjoint(environ)
    if direct or not proxy or peer != proxy:
        return Arrival(peer, environ.get("wsgi.url_scheme") == "https", direct)
    address = plain(environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip())
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "https").rpartition(",")[2].strip().lower()
    return Arrival(address or "unknown", scheme == "https", direct=False)


def remember(response: Response, secret: str, device: str) -> None:
    """Set the cookies of a log-in and of a known device."""
    secure, name = gate().arrival().tls, gate().cookie_name
    response.set_cookie(name(COOKIE), secret, LOGIN_LASTS, httponly=True, samesite="Lax", secure=secure)
    response.set_cookie(name(DEVICE_COOKIE), device, DEVICE_KEPT, httponly=True, samesite="Strict", secure=secure)


def forget(response: Response) -> None:
    """Delete the cookie of the log-in."""
    secure = gate().arrival().tls
    response.delete_cookie(gate().cookie_name(COOKIE), httponly=True, samesite="Lax", secure=secure)


def asked() -> Request:
    """The current request itself: each attribute read through Flask's proxy costs as much again."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]
    return found


@lru_cache(1024)
def plain(address: str) -> str:
    """An IP address in one spelling: ``::ffff:127.0.0.1`` is 127.0.0.1; "" for anything else."""
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@lru_cache(1024)
def _peer(address: str, host: str) -> tuple[str, bool]:
    """The address of a peer in one spelling; whether that and its ``Host`` are as programs of this box have them.

    They come from loopback, and name this box ``localhost`` or by a loopback address.
    """
    peer = plain(address)
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return peer, False
    return peer, _is_loopback(peer) and (name == "localhost" or _is_loopback(plain(name)))


def _to(page: str, request: Request) -> Response:
    """The way to a page where something has to be done first, and back from there."""
    place = f"{page}?{urlencode({'next': request.path})}"
    return Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})
