"""A large body is collected only for somebody who may send one there: its head is looked at first."""

import json
import socket
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from kiosk.exchange.appointment_lists import LARGEST
from kiosk.web.app import MAX_BODY, UNASKED
from wires import wait_until

READ = 16 * 1024
"""Bytes that one read brings; so much may have come with the head."""


def ask(here: Any, head: bytes, body: bytes = b"", token: str | None = None) -> tuple[int, str]:
    """Status and code of the answer to a head with only the beginning of its body."""
    bearer = f"Authorization: Bearer {token}\r\n".encode() if token else b""
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as client:
        client.sendall(head + b"\r\nHost: localhost\r\n" + bearer + b"\r\n" + body)
        said = b""
        while b"\r\n\r\n" not in said or not said.endswith(b"}"):
            piece = client.recv(65536)
            assert piece, said
            said += piece
    return int(said.split()[1]), json.loads(said.partition(b"\r\n\r\n")[2])["code"]


@pytest.mark.parametrize(
    ("route", "role", "size", "refusal"),
    [
        (b"PUT /api/v1/setup", None, 500_000, (401, "not_logged_in")),
        (b"PUT /api/v1/setup", "clerk", 500_000, (403, "forbidden")),
        (b"PUT /api/v1/setup", "manager", 513 * 1024, (413, "too_large")),
        (b"POST /api/v1/appointments/import", None, LARGEST, (401, "not_logged_in")),
        (b"POST /api/v1/appointments/import", "kiosk", LARGEST, (403, "forbidden")),
        (b"POST /api/v1/appointments/import", "manager", LARGEST + 2, (413, "too_large")),
        (b"POST /api/v1/tickets", None, UNASKED + 1, (401, "not_logged_in")),
        (b"POST /api/v1/tickets", "kiosk", MAX_BODY + 1, (413, "too_large")),
        (b"POST /api/v1/login", None, UNASKED + 1, (413, "too_large")),
        (b"POST /login", "manager", UNASKED + 1, (413, "too_large")),
        (b"POST /api/v1/nothing", None, UNASKED + 1, (404, "not_found")),
        (b"DELETE /api/v1/setup", None, UNASKED + 1, (405, "method_not_allowed")),
    ],
)
def test_a_body_that_is_not_wanted_is_refused_by_its_head(
    shared: Any, route: bytes, role: Any, size: int, refusal: tuple[int, str]
) -> None:
    """A megabyte was collected for any route before anybody had logged in."""
    head = route + b" HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d" % size
    assert ask(shared, head, token=role and shared.token(role)) == refusal


def test_no_more_of_it_is_collected_than_one_read_brings_while_nobody_has_said_yes(shared: Any) -> None:
    """In chunks nothing says how large it will be; the client sends as long as somebody reads."""
    head = b"PUT /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    held = 0
    with socket.create_connection(("127.0.0.1", shared.server.port), timeout=30) as client:
        client.sendall(head)
        said = b""
        client.settimeout(0.01)
        while b"\r\n\r\n" not in said:
            try:
                client.sendall(chunk)
                said += client.recv(65536)
            except TimeoutError:
                pass
            # Copied at once: the server may take one out meanwhile.
            held = max([held, *(len(one._body) for one in tuple(shared.server._house.state.connections))])
    assert said.startswith(b"HTTP/1.1 401 ")
    assert held <= UNASKED + READ
    assert held < 2 * READ


def test_whoever_may_send_a_large_body_is_asked_to_go_on_and_heard_to_the_end(here: Any) -> None:
    setup = here.get("/setup", token=here.token("manager")).json
    body = json.dumps(setup).encode() + b" " * 400_000
    bearer = f"Bearer {here.token('manager')}"
    head = (
        f"PUT /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\n"
        f"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as client:
        client.sendall(head.encode())
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("tls", [False, True])
def test_the_next_request_on_the_connection_is_another_one(
    start: Callable[..., Any], certificate: tuple[Path, Path], tls: bool
) -> None:
    here = start(tls_cert=certificate[0], tls_key=certificate[1]) if tls else start()
    bearer = {"Authorization": f"Bearer {here.token('manager')}", "Content-Type": "application/json"}
    with closing(here.connect(30)) as manager:
        for size in (10, 200_000, 10, 200_000):
            manager.request("PUT", "/api/v1/setup", b"[" + b" " * size, bearer)
            answer = manager.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (400, "bad_json")


def test_a_body_that_came_whole_with_its_head_keeps_its_connection(here: Any) -> None:
    body = b'{"service": "licence"}' + b" " * 9_000
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {here.kiosk_token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as client:
        for _ in range(3):
            client.sendall(head.encode() + body)
            # Read to its end, however many pieces it comes in.
            with HTTPResponse(client) as answer:
                answer.begin()
                assert (answer.status, bool(answer.read())) == (201, True)


def test_requests_before_it_on_the_same_connection_are_answered_first(here: Any) -> None:
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (UNASKED + 1)
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3 + head)
        said = b""
        while said.count(b"HTTP/1.1 ") < 4:
            piece = client.recv(65536)
            assert piece, said
            said += piece
    assert [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"200", b"401"]


def test_a_client_that_leaves_while_it_is_asked_about_costs_nothing(here: Any) -> None:
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n"
    for _ in range(20):
        with closing(HTTPConnection("127.0.0.1", here.server.port, timeout=30)) as client:
            client.connect()
            client.sock.sendall(head)
    wait_until(lambda: not here.server._house.state.connections, 30)
    assert here.get("/board").status == 200
