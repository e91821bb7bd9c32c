"""The web server itself: streams and ordinary requests side by side, clients that hang, and the end."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.web.bridge import THREADS
from kiosk.web.server import Server
from wires import wait_until


def raw(here: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", here.server.port), timeout=30)


def threads() -> set[threading.Thread]:
    """All that answer requests, of any server; those of one that a test before has stopped may still be ending."""
    return {each for each in threading.enumerate() if each.name.startswith("web ") and each.name != "web server"}


def test_screens_never_keep_an_ordinary_request_waiting_and_cost_no_thread(here: Any) -> None:
    before = threads()
    screens = [here.listen() for _ in range(60)]
    assert threads() <= before
    for _ in range(20):
        assert here.get("/board").status == 200
    here.issue()
    assert [next(screen).id for screen in screens] == [1] * 60
    for screen in screens:
        screen.hang_up()

    def all_gone() -> bool:
        # A client that went without a word is noticed by what is written to it: the second time at the latest.
        here.issue()
        return bool(here.hall.feed.listeners == 0)

    wait_until(all_gone)
    wait_until(lambda: len(here.app.extensions["streams"]) == 0)
    assert here.get("/board").status == 200


@pytest.mark.parametrize("path", [b"/kiosk", b"/static/shared/tokens.css", b"/api/v1/hall", b"/healthz"])
def test_an_answer_has_one_date(here: Any, path: bytes) -> None:
    with raw(here) as client:
        client.sendall(b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % path)
        said = b"".join(iter(lambda: client.recv(65536), b""))
    head = said.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 200 ")
    assert head.count(b"\r\ndate: ") == 1


def test_one_stream_too_many_is_refused_in_words_and_there_is_room_again_later(start: Callable[..., Any]) -> None:
    here = start(max_streams=4, heartbeat=0.05)
    screens = [here.listen() for _ in range(4)]
    refused = here.get("/events")
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "too_many_listeners", "10")
    assert here.get("/board").status == 200
    screens[0].hang_up()
    wait_until(lambda: len(here.app.extensions["streams"]) == 3)
    assert here.listen().response.status == 200


def test_connections_that_say_nothing_take_no_thread(here: Any) -> None:
    """Browsers open some ahead of need."""
    before = threads()
    silent = [raw(here) for _ in range(THREADS * 3)]
    try:
        assert here.get("/board").status == 200
        assert threads() <= before
    finally:
        for one in silent:
            one.close()


def test_stopping_ends_streams_at_once_and_cleanly(start: Callable[..., Any]) -> None:
    here = start()
    screens = [here.listen() for _ in range(20)]
    rest: list[bytes] = []
    readers = [threading.Thread(target=lambda s=screen: rest.append(s.response.read())) for screen in screens]
    for reader in readers:
        reader.start()
    here.server.stop()
    for reader in readers:
        reader.join(30)
    # Read to the end of the last chunk: an answer that breaks off would have raised.
    assert rest == [b"retry: 2000\n\n"] * 20
    with pytest.raises(ConnectionRefusedError):
        raw(here)


def test_a_client_that_reads_nothing_does_not_keep_the_server_from_stopping(start: Callable[..., Any]) -> None:
    others = threads()
    here = start()
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    stuck.connect(("127.0.0.1", here.server.port))
    try:
        # Together more than the kernel keeps for somebody who does not read.
        stuck.sendall(b"GET /openapi/swagger/js/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
        wait_until(lambda: here.server._house.stalled)
        here.server.stop()
        with pytest.raises(ConnectionRefusedError):
            raw(here)
        assert not here.server._thread.is_alive()
        wait_until(lambda: threads() <= others)
    finally:
        stuck.close()


def test_what_a_refused_request_leaves_unread_is_not_taken_for_the_next_one(here: Any) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with raw(here) as client:
        client.sendall(
            b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer none\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
            % (len(smuggled), smuggled)
        )
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_requests_follow_each_other_on_one_connection(here: Any) -> None:
    connection = here.connect()
    try:
        for path in ("/healthz", "/api/v1/nothing", "/api/v1/board"):
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            assert not response.will_close
    finally:
        connection.close()


def test_the_second_half_of_an_answer_does_not_wait_for_an_acknowledgement_of_the_first(here: Any) -> None:
    with raw(here):
        # It is told of before it has its transport.
        wait_until(lambda: [one for one in list(here.server._house.state.connections) if one.transport])
        (connection,) = here.server._house.state.connections
        sock = connection.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n"],
)
def test_garbage_costs_its_own_connection_and_nothing_else(shared: Any, garbage: bytes) -> None:
    with raw(shared) as client:
        client.sendall(garbage)
        client.shutdown(socket.SHUT_WR)
        client.recv(65536)
    assert shared.get("/board").status == 200


def test_headers_without_end_are_refused(here: Any) -> None:
    with raw(here) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_taken_port_is_said_at_the_start(here: Any) -> None:
    settings = here.hall.settings.server.model_copy(update={"port": here.server.port})
    second = Server(here.app, settings)
    with pytest.raises(OSError, match="Address already in use"):
        second.start()
    second.stop()


def test_every_page_and_answer_is_dressed(here: Any) -> None:
    for path in ("/healthz", "/api/v1/board", "/openapi", "/api/v1/nothing", "/kiosk"):
        headers = here.ask("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["server"] == "quhao"
