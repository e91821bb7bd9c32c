"""A reverse proxy on the same box speaks from loopback for the whole network: nobody gets a role by that, or is taken
for a program of this box.

The header sets are what each proxy sends with its usual settings for a client that asks for ``http://hall.example``
(nginx 1.22, Caddy 2, HAProxy 2.6, Apache 2.4 with mod_proxy), and with the lines that the README gives for it.
"""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.web.auth import Arrival, arrival_of

PASSWORD = "Kaimen-dajia-hao"
CLIENT = "203.0.113.9"
FORGED = [None, "127.0.0.1", "::1", "127.0.0.1, 127.0.0.1", "localhost", "unknown, 10.0.0.1"]
"""``X-Forwarded-For`` as the client itself sent it."""

Proxied = Callable[[str, str | None], tuple[str, dict[str, str]]]


def passed_on(own: str | None) -> dict[str, str]:
    return {} if own is None else {"X-Forwarded-For": own}


def appended(own: str | None) -> dict[str, str]:
    return {"X-Forwarded-For": f"{own}, {CLIENT}" if own else CLIENT}


def nginx(box: str, own: str | None) -> tuple[str, dict[str, str]]:
    return "HTTP/1.0", {"Host": box, "Connection": "close"} | passed_on(own)


def nginx_with_host(_box: str, own: str | None) -> tuple[str, dict[str, str]]:
    """``proxy_set_header Host $host; proxy_http_version 1.1;``, as many have it."""
    return "HTTP/1.1", {"Host": "hall.example"} | passed_on(own)


def caddy(_box: str, _own: str | None) -> tuple[str, dict[str, str]]:
    """It does not believe what the client says."""
    said = {"X-Forwarded-For": CLIENT, "X-Forwarded-Host": "hall.example", "X-Forwarded-Proto": "http"}
    return "HTTP/1.1", {"Host": "hall.example", "Accept-Encoding": "gzip", "Via": "1.1 Caddy"} | said


def haproxy(_box: str, own: str | None) -> tuple[str, dict[str, str]]:
    return "HTTP/1.1", {"Host": "hall.example"} | passed_on(own)


def haproxy_to_our_public_host(_box: str, own: str | None) -> tuple[str, dict[str, str]]:
    """The name that is printed in QR codes is no name of this box."""
    return "HTTP/1.1", {"Host": "q.example.cn"} | passed_on(own)


def apache(box: str, own: str | None) -> tuple[str, dict[str, str]]:
    said = {"X-Forwarded-Host": "hall.example", "X-Forwarded-Server": "www.hall.example"}
    return "HTTP/1.1", {"Host": box, "Connection": "Keep-Alive"} | said | appended(own)


def cdn(box: str, _own: str | None) -> tuple[str, dict[str, str]]:
    """A reverse proxy that tells the client's address by a name of its own alone."""
    return "HTTP/1.1", {"Host": box, "CF-Connecting-IP": CLIENT}


PROXIES: list[Proxied] = [nginx, nginx_with_host, caddy, haproxy, haproxy_to_our_public_host, apache, cdn]


def send(here: Any, head: tuple[str, dict[str, str]], method: str, path: str, body: Any = None, **more: str) -> Any:
    """Status, code and head of the answer to what a proxy sends from loopback."""
    version, headers = head
    data = b"" if body is None else json.dumps(body).encode()
    headers = headers | {name.replace("_", "-"): value for name, value in more.items()}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as proxy:
        proxy.sendall(f"{method} {path} {version}\r\n{lines}\r\n".encode() + data)
        proxy.shutdown(socket.SHUT_WR)
        said = b""
        while piece := proxy.recv(65536):
            said += piece
    answer, _, content = said.partition(b"\r\n\r\n")
    code = json.loads(content).get("code", "") if b"json" in answer and content else ""
    return int(answer.split()[1]), code, answer.decode()


@pytest.mark.parametrize("own", FORGED)
@pytest.mark.parametrize("proxy", PROXIES)
def test_behind_a_proxy_nobody_has_a_role_and_credentials_in_the_clear_are_refused(
    busy: Any, proxy: Proxied, own: str | None
) -> None:
    """Each of these gave the whole network the kiosk's role, or took its passwords in the clear."""
    head = proxy(f"127.0.0.1:{busy.server.port}", own)
    for method, path in (("GET", "/me"), ("GET", "/kiosk"), ("POST", "/tickets"), ("GET", "/windows/3/rating")):
        body = {"service": "licence"} if method == "POST" else None
        assert send(busy, head, method, f"/api/v1{path}", body)[:2] == (401, "not_logged_in"), path
    bearer = f"Bearer {busy.kiosk_token}"
    assert send(busy, head, "GET", "/api/v1/kiosk", Authorization=bearer)[:2] == (403, "tls_required")
    busy.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    status, code, answer = send(busy, head, "POST", "/api/v1/login", {"username": "wang", "password": PASSWORD})
    assert (status, code, "set-cookie" in answer.lower()) == (403, "tls_required", False)
    assert send(busy, head, "GET", "/login")[0] == 403
    assert send(busy, head, "GET", "/metrics")[:2] == (401, "not_logged_in")
    assert send(busy, head, "GET", "/api/v1/board")[0] == 200


def test_a_proxy_that_hides_itself_wholly_gives_nobody_a_role_either(busy: Any) -> None:
    """nginx 1.29.7 and newer with its usual settings: nothing tells it from a program of this box."""
    head = "HTTP/1.1", {"Host": f"127.0.0.1:{busy.server.port}"}
    assert send(busy, head, "GET", "/api/v1/me")[:2] == (401, "not_logged_in")
    assert send(busy, head, "POST", "/api/v1/tickets", {"service": "licence"})[:2] == (401, "not_logged_in")
    # A browser behind it says where its page is from.
    busy.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    body = {"username": "wang", "password": PASSWORD}
    refused = send(busy, head, "POST", "/api/v1/login", body, Origin="http://hall.example")
    assert refused[:2] == (403, "cross_site")


def environ(version: str, headers: dict[str, str], peer: str = "127.0.0.1", scheme: str = "http") -> dict[str, str]:
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return {"REMOTE_ADDR": peer, "wsgi.url_scheme": scheme, "SERVER_PROTOCOL": version} | named


BOX = {"Host": "127.0.0.1:8080"}
HALL = {"Host": "hall.example", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("sent", "arrival"),
    [
        # Programs of this box, with a proxy named or not.
        (environ("HTTP/1.1", BOX), Arrival("127.0.0.1", tls=False, direct=True)),
        (environ("HTTP/1.1", {"Host": "localhost"}, "::1"), Arrival("::1", tls=False, direct=True)),
        (environ("HTTP/1.1", {"Host": "[::1]:8080"}, "::ffff:127.0.0.1"), Arrival("127.0.0.1", False, True)),
        # The lines of the README: only what the proxy itself set counts, the last value.
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": CLIENT}), Arrival(CLIENT, True, False)),
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": f"127.0.0.1, {CLIENT}"}), Arrival(CLIENT, True, False)),
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": f"127.0.0.1,{CLIENT}"}), Arrival(CLIENT, True, False)),
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": "127.0.0.1"}), Arrival("127.0.0.1", True, False)),
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": f"{CLIENT}:4711"}), Arrival("unknown", True, False)),
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": ""}), Arrival("unknown", True, False)),
        (environ("HTTP/1.1", {"Host": "hall.example"}), Arrival("unknown", True, False)),
        (
            environ("HTTP/1.1", HALL | {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https, http"}),
            Arrival(CLIENT, False, False),
        ),
        # Not from the named proxy: what it says counts for nothing.
        (environ("HTTP/1.1", HALL | {"X-Forwarded-For": CLIENT}, "192.0.2.1"), Arrival("192.0.2.1", False, False)),
        (environ("HTTP/1.1", BOX, "192.0.2.1", "https"), Arrival("192.0.2.1", True, False)),
    ],
)
def test_the_named_proxy_says_who_asks_and_how_by_the_last_value_of_its_headers(
    sent: dict[str, str], arrival: Arrival
) -> None:
    assert arrival_of(sent, "127.0.0.1") == arrival


@pytest.mark.parametrize(
    "host", ["127.0.0.1.evil.example", "evil.example", "", "[::1", "[v1.a]", "0.0.0.0", "10.0.0.1"]
)
def test_a_name_that_is_not_loopbacks_is_no_program_of_this_box(host: str) -> None:
    assert not arrival_of(environ("HTTP/1.1", {"Host": host}), "").direct


def test_behind_the_named_proxy_a_login_gets_the_cookie_of_tls_and_needs_that(start: Callable[..., Any]) -> None:
    here = start(trusted_proxy="127.0.0.1")
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    body = {"username": "wang", "password": PASSWORD}
    by_tls = "HTTP/1.1", HALL | {"X-Forwarded-For": f"127.0.0.1, {CLIENT}"}
    status, _, answer = send(here, by_tls, "POST", "/api/v1/login", body, Origin="https://hall.example")
    assert (status, "__Host-quhao=" in answer) == (200, True)
    in_the_clear = "HTTP/1.1", HALL | {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "http"}
    assert send(here, in_the_clear, "POST", "/api/v1/login", body)[:2] == (403, "tls_required")
    # A program of this box needs no proxy.
    assert here.get("/kiosk", token=here.kiosk_token).status == 200
