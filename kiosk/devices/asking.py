"""The devices as the running service sees them, asked over HTTP from the same box; or why they cannot be asked.

::

    TLS, or loopback            a token that is gone again with the answer     all there is to know
    plain HTTP on an address    no token goes there: what anybody may ask      up or not, and why
"""

import http.client
import ipaddress
import json
import os
import re
import ssl
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import ServerSettings, Settings
from kiosk.opening import box_of, open_people, store_exists
from ticketing.model import TicketingError
from ticketing.store.opening import StoreInUseError, open_store

TIMEOUT = 5.0
"""Seconds the service has for each answer."""

_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to ask where all addresses are listened on
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_DEVICE_UP = re.compile(r'^quhao_device_up\{device="([^"]+)",driver="([^"]+)"\}', re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """One device as it was found.

    Attributes:
        name: in the settings.
        driver: its driver's name.
        state: ``online``, ``offline`` or ``fault``; ``down`` for one of the last two.
        reason: of the driver's words; None when there is nothing to say.
        detail: a technical addition.
        since: when it came into this state (ISO 8601); None when that was not told.
    """

    name: str
    driver: str
    state: str
    reason: str | None
    detail: str = ""
    since: str | None = None


class NotAskedError(Exception):
    """A service runs, or something else is in its place, and the devices cannot be asked about."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")


def ask_service(settings: Settings, timeout: float = TIMEOUT) -> list[Found] | None:
    """All devices of the running service; None when none runs. ``timeout`` is for each of its answers, in seconds.

    Raises:
        NotAskedError: one runs, but does not tell.
    """
    url = _url(settings.server)
    connection = _connection(settings.server, timeout)
    with closing(connection):
        try:
            connection.connect()
        except OSError as error:
            holder = _who_runs(settings)
            if holder is None:
                return None
            raise NotAskedError(
                f"服务在运行({holder})，但连不上 {url}({error.strerror or error})",
                f"the service runs ({holder}), but is not to be reached at {url} ({error.strerror or error})",
            ) from error
        if settings.server.tls_cert or ipaddress.ip_address(connection.sock.getpeername()[0]).is_loopback:
            with_token = _ask_with_token(connection, settings, url)
            if with_token is not None:
                return with_token
        return _ask_openly(connection, url)


def _url(server: ServerSettings) -> str:
    host = _HERE.get(server.host, server.host)
    scheme = "https" if server.tls_cert else "http"
    return f"{scheme}://[{host}]:{server.port}" if ":" in host else f"{scheme}://{host}:{server.port}"


def _connection(server: ServerSettings, timeout: float) -> http.client.HTTPConnection:
    host = _HERE.get(server.host, server.host)
    if server.tls_cert is None:
        return http.client.HTTPConnection(host, server.port, timeout=timeout)
    return _Pinned(host, server.port, timeout, server.tls_cert, _url(server))


class _Pinned(http.client.HTTPConnection):
    """TLS to whoever has the certificate in this box's own file.

    No authority is asked: it must be that very one, whoever signed it, whatever names it bears, however old it is.
    """

    def __init__(self, host: str, port: int, timeout: float, certificate: Path, url: str) -> None:
        super().__init__(host, port, timeout=timeout)
        self._certificate = certificate
        self._url = url
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def connect(self) -> None:
        super().connect()
        try:
            self.sock = self._context.wrap_socket(self.sock)
        except OSError as error:
            why = getattr(error, "reason", None) or error.strerror or error
            raise NotAskedError(
                f"{self._url} 有程序应答，但不是 TLS({why})；改过配置请重启服务",
                f"what answers at {self._url} does not speak TLS ({why}); restart the service if its settings changed",
            ) from error
        if self.sock.getpeercert(binary_form=True) != _first_certificate(self._certificate):
            raise NotAskedError(
                f"{self._url} 用的证书不是 {self._certificate}；换过证书请重启服务",
                f"what answers at {self._url} has another certificate than {self._certificate}; "
                "restart the service if the file is new",
            )


def _first_certificate(chain: Path) -> bytes:
    found = _CERTIFICATE.search(chain.read_text("utf-8", "replace"))
    return ssl.PEM_cert_to_DER_cert(found.group()) if found else b""


def _ask_with_token(connection: http.client.HTTPConnection, settings: Settings, url: str) -> list[Found] | None:
    """None when this user, or a caller from this box, may not ask so."""
    name = f"quhao-devices-{os.getpid()}"
    try:
        store, people = open_people(settings)
        with closing(store):
            secret = people.add_token(name, "technician", (), None)
            try:
                status, body = _get(connection, "/api/v1/devices", url, {"Authorization": f"Bearer {secret}"})
            finally:
                people.remove_tokens(name)
    except TicketingError:
        return None
    if status == 403:
        return None
    if status != 200:
        raise _no_devices(url, status)
    try:
        return [
            Found(one["name"], one["driver"], one["state"], one["reason"], "", one["since"]) for one in json.loads(body)
        ]
    except (ValueError, LookupError, TypeError) as error:
        raise _no_devices(url, status) from error


def _ask_openly(connection: http.client.HTTPConnection, url: str) -> list[Found]:
    status, body = _get(connection, "/readyz", url)
    metrics_status, metrics = _get(connection, "/metrics", url)
    if metrics_status != 200:
        raise _no_devices(url, metrics_status)
    try:
        reasons = {one["what"].removeprefix("device "): one["reason"] for one in json.loads(body)["missing"]}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_devices(url, status) from error
    return [
        Found(name, driver, "down" if name in reasons else "online", reasons.get(name))
        for name, driver in _DEVICE_UP.findall(metrics.decode("utf-8", "replace"))
    ]


def _get(
    connection: http.client.HTTPConnection, path: str, url: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    try:
        connection.request("GET", path, headers=headers or {})
        answer: Any = connection.getresponse()
        return int(answer.status), bytes(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise NotAskedError(
            f"{url} 没有给出应答({type(error).__name__})", f"{url} gave no answer ({type(error).__name__})"
        ) from error


def _no_devices(url: str, status: int) -> NotAskedError:
    return NotAskedError(
        f"{url} 有程序应答，但不是本机数据库上的取号服务(HTTP {status})",
        f"what answers at {url} is not the service on this box's store (HTTP {status})",
    )


def _who_runs(settings: Settings) -> str | None:
    """The service on this store, which holds its lock; None when none does, or when this user cannot know."""
    if not store_exists(settings):
        return None
    try:
        with closing(open_store(settings.store.url, exclusive=True)) as store:
            store.claim(box_of(settings))
    except StoreInUseError as error:
        return f"PID {error.pid}" if error.pid else "PID ?"
    except TicketingError:
        return None
    return None
