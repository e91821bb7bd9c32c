"""Authentication and authorization of requests.

::

    Authorization: Bearer TOKEN     a machine                         its token's role and windows
    Cookie: quhao=…                 somebody logged in                their account's role and windows
    from this box, no credentials   the browser of this box's kiosk   role kiosk

A page of another site can make a browser send the second and the third, never the first (CSRF). So a request that
changes something under those must come from our own pages (``Origin``, ``Sec-Fetch-Site``), and the kiosk's role is
given only under a name of this box (``Host``), against DNS rebinding.

Every route says who may use it (:func:`allow`, :func:`public`); one of the API that says nothing is refused.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, g, request

from config.settings import ServerSettings, Settings
from kiosk.web.problems import RequestError
from ticketing.model import Actor, Role
from ticketing.people.people import LOGIN_LASTS, People, Principal

COOKIE = "quhao"
DEVICE_COOKIE = "quhao-device"
"""Marks a browser that has logged in before, whose tries are not slowed by others'. It is no credential."""
DEVICE_KEPT = timedelta(days=400)
"""The longest that browsers keep a cookie (RFC 6265bis)."""
SAFE = ("GET", "HEAD", "OPTIONS")
FORWARDED = frozenset({"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"})
"""WSGI names of headers that proxies set. From a proxy that the settings do not name, they mean: not the kiosk."""

View = TypeVar("View", bound=Callable[..., object])


@dataclass(frozen=True)
class Access:
    """Who may use a route.

    Attributes:
        roles: the roles that may use it; None for anybody.
        window: whether the account or token must be bound to the route's window.
        resting: whether a log-in that is locked, or must first be given another password, may use it all the same.
    """

    roles: frozenset[str] | None
    window: bool = False
    resting: bool = False


@dataclass(frozen=True)
class Asker:
    """The source of a request.

    Attributes:
        principal: account or token; None without credentials.
        by: ``token``, ``login``, or ``""`` without credentials.
        address: the client's, as a trusted proxy names it.
        at_kiosk: whether it is the browser of this box's kiosk.
        rebound: the same, but under a foreign host name (DNS rebinding).
        secure: whether it came by TLS or from this box, so that nobody can listen.
    """

    principal: Principal | None
    by: str
    address: str
    at_kiosk: bool
    rebound: bool
    secure: bool

    def role_for(self, access: Access) -> Role | None:
        """The role in which this asker may use the route; None when in none."""
        if self.principal and (access.roles is None or self.principal.role in access.roles):
            return self.principal.role
        if self.at_kiosk and (access.roles is None or "kiosk" in access.roles):
            return "kiosk"
        return None


def allow(*roles: Role, window: bool = False, resting: bool = False) -> Callable[[View], View]:
    """Decorator: these roles may use the route; ``window`` also requires the account or token to be bound to it.

    ``resting``: also a log-in that is locked (:class:`Access`).
    """

    def mark(view: View) -> View:
        view.access = Access(frozenset(roles), window, resting)  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Decorator: anybody may use the route."""
    view.access = Access(None)  # type: ignore[attr-defined]
    return view


class _Arrival(NamedTuple):
    """How a request came: from where, whether from this box, and whether nobody could listen."""

    address: str
    here: bool
    secure: bool


class Gate:
    """Checks every request before its route runs; ``clock`` gives the hall's time."""

    def __init__(self, settings: Settings, people: People, clock: Callable[[], datetime]) -> None:
        self._server = settings.server
        self._people = people
        self._clock = clock
        names = {"localhost", socket.gethostname(), settings.server.host, settings.hall.public_host.partition(":")[0]}
        self._kiosks = {_plain(address) for address in settings.server.kiosk_addresses}
        self._own_names = {name.lower() for name in names if name}
        self._views: Mapping[str, Callable[..., object]] = {}

    def install(self, app: Flask) -> None:
        """Check every request of ``app``."""
        self._views = app.view_functions
        app.before_request(self._check)

    def asker(self) -> Asker:
        """The source of the current request; found once. Raises ``bad_token``."""
        known: Asker | None = g.get("asker")
        if known is None:
            known = g.asker = self._identify(asked())
        return known

    def _check(self) -> None:
        request = asked()
        self._refuse_credentials_in_the_clear(request)
        view = self._views.get(request.endpoint or "")
        access: Access | None = getattr(view, "access", None)
        if access is None:
            if view is not None and request.path.startswith("/api/"):
                raise RequestError(403, "forbidden")
            return
        if access.roles is None:
            return
        asker = self.asker()
        role = asker.role_for(access)
        if role is None:
            if asker.address in self._kiosks and not asker.secure:
                raise RequestError(403, "tls_required")
            if asker.rebound and "kiosk" in access.roles:
                raise RequestError(403, "bad_host")
            # Logging in would not help with the kiosk's own routes.
            if asker.principal or access.roles == {"kiosk"}:
                raise RequestError(403, "forbidden")
            raise RequestError(401, "not_logged_in")
        if request.method not in SAFE and asker.by != "token":
            check_same_site(request)
        if asker.principal and not access.resting:
            refuse_resting(asker.principal)
        window = str((request.view_args or {}).get("window", ""))
        if access.window and not (asker.principal and asker.principal.may_use(window)):
            raise RequestError(403, "not_your_window", window=window)
        place = window or asker.address
        if asker.principal and asker.principal.role == role:
            g.actor = Actor(asker.principal.name, role, place, logged_in=asker.by == "login")
        else:
            g.actor = Actor("kiosk", role, place)

    def _arrival(self, request: Request) -> "_Arrival":
        """How the current request came; found once."""
        known: _Arrival | None = g.get("arrival")
        if known is None:
            address, behind_proxy = caller(request, self._server)
            here = _is_loopback(address) and (behind_proxy or FORWARDED.isdisjoint(request.environ))
            known = g.arrival = _Arrival(address, here, here or arrived_by_tls(request, behind_proxy))
        return known

    def _refuse_credentials_in_the_clear(self, request: Request) -> None:
        """Raise ``tls_required`` for credentials over plain HTTP, even where none are needed: others can read them."""
        environ = request.environ
        credentials = "HTTP_AUTHORIZATION" in environ or ("HTTP_COOKIE" in environ and COOKIE in request.cookies)
        if credentials and not self._arrival(request).secure:
            raise RequestError(403, "tls_required")

    def address(self) -> str:
        """The client's address in the current request."""
        return caller(asked(), self._server)[0]

    def login_cookie(self) -> str | None:
        """The secret of the log-in that the current request bears; None for none."""
        return asked().cookies.get(COOKIE)

    def came_by_tls(self) -> bool:
        """Whether the browser of the current request sees an ``https`` address."""
        return arrived_by_tls(request, caller(request, self._server)[1])

    def _identify(self, request: Request) -> Asker:
        address, here, secure = self._arrival(request)
        scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme:
            principal = self._people.principal_of_token(token.strip(), address) if scheme.lower() == "bearer" else None
            if principal is None:
                raise RequestError(401, "bad_token")
            return Asker(principal, "token", address, at_kiosk=False, rebound=False, secure=secure)
        cookie = request.cookies.get(COOKIE)
        kiosk = here or (secure and address in self._kiosks)
        own_name = self._under_own_name(request)
        acts = request.method not in SAFE
        principal = self._people.principal_of_login(cookie, self._clock(), acts=acts) if cookie else None
        return Asker(
            principal, "login" if principal else "", address, kiosk and own_name, kiosk and not own_name, secure
        )

    def _under_own_name(self, request: Request) -> bool:
        host = _host_name(request.headers.get("Host", ""))
        # A bare IP address cannot be forged by DNS rebinding.
        return host in self._own_names or _plain(host) != ""


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
        own = ("https" if gate().came_by_tls() else "http", request.headers.get("Host", "").lower())
        scheme, _, host = origin.lower().partition("://")
        if (scheme, host) != own:
            raise RequestError(403, "cross_site")


def caller(request: Request, server: ServerSettings) -> tuple[str, bool]:
    """The address a request comes from, and whether the trusted proxy says so."""
    peer = _plain(request.remote_addr or "")
    if not server.trusted_proxy or peer != _plain(server.trusted_proxy):
        return peer, False
    # Only the last address was seen by the proxy; earlier ones may be forged.
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return _plain(named) or "unknown", True


def arrived_by_tls(request: Request, behind_proxy: bool) -> bool:
    """Whether the request came by TLS, to this server or to the trusted proxy that ends TLS."""
    if behind_proxy:
        return request.headers.get("X-Forwarded-Proto", "https").rpartition(",")[2].strip().lower() == "https"
    return request.scheme == "https"


def remember(response: Response, secret: str, device: str) -> None:
    """Set the cookies of a log-in and of a known device."""
    secure = gate().came_by_tls()
    response.set_cookie(COOKIE, secret, LOGIN_LASTS, httponly=True, samesite="Lax", secure=secure)
    response.set_cookie(DEVICE_COOKIE, device, DEVICE_KEPT, httponly=True, samesite="Strict", secure=secure)


def forget(response: Response) -> None:
    """Delete the cookie of the log-in."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax")


def asked() -> Request:
    """The current request itself: each attribute read through Flask's proxy costs as much again."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]
    return found


@lru_cache(1024)
def _plain(address: str) -> str:
    """An IP address in one spelling: ``::ffff:127.0.0.1`` is 127.0.0.1; "" for anything else."""
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)


@lru_cache(1024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@lru_cache(1024)
def _host_name(host: str) -> str:
    """The name in a ``Host`` header, without the port and the brackets of IPv6."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
