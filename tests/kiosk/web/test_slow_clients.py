"""Clients that are slow, silent or wrong about where a request ends: they cost the others nothing."""

import json
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from kiosk.web.bridge import THREADS
from kiosk.web.connection import STALLED
from kiosk.web.server import Server
from wires import wait_until

HALF_HEAD = b"GET /api/v1/hall HTTP/1.1\r\nHost: 127"
HALF_BODY = (
    b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
)
HALF_CHUNK = HALF_BODY.replace(b"Content-Length: 9", b"Transfer-Encoding: chunked").replace(b"{", b"9\r\n{")
BUNDLE = b"GET /openapi/swagger/js/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
TICKET = b'{"service": "licence"}'
FOREVER = 600.0
"""Seconds: what is answered is answered while the others hang, for a server that waits for them answers no more."""


def as_kiosk(here: Any, head: bytes) -> bytes:
    """A head with the kiosk's token."""
    return head.replace(b"Host: ", b"Authorization: Bearer %b\r\nHost: " % here.kiosk_token.encode(), 1)


def raw(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def answer_to(port: int, request: bytes) -> tuple[bytes, dict[str, Any]]:
    """Status line and JSON of the only answer to ``request``, after which the connection must end."""
    with raw(port) as client:
        client.sendall(request)
        said = b""
        while piece := client.recv(65536):
            said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, said
    return head.partition(b"\r\n")[0], json.loads(body)


def answers(server: Server, context: ssl.SSLContext | None = None) -> bool:
    """Whether somebody else's request is answered."""
    if context:
        client: HTTPConnection = HTTPSConnection("127.0.0.1", server.port, timeout=30, context=context)
    else:
        client = HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(client):
        client.request("GET", "/api/v1/board")
        return client.getresponse().status == 200


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts further servers of a hall, with limits that a test can reach, or cannot."""
    with ExitStack() as stack:

        def serve(here: Any, **limits: Any) -> Server:
            server = Server(here.app, here.hall.settings.server, **limits)
            server.start()
            stack.callback(server.stop)
            return server

        yield serve


@pytest.mark.parametrize("half", [HALF_HEAD, HALF_BODY, HALF_CHUNK], ids=["head", "body", "chunks"])
def test_half_a_request_keeps_nobody_waiting(here: Any, serve: Callable[..., Server], half: bytes) -> None:
    server = serve(here, patience=FOREVER)
    with ExitStack() as stack:
        for _ in range(THREADS * 2):
            stack.enter_context(raw(server.port)).sendall(half)
        assert answers(server)


def test_half_a_handshake_keeps_nobody_waiting(
    start: Callable[..., Any], serve: Callable[..., Server], certificate: tuple[Path, Path]
) -> None:
    here = start(tls_cert=certificate[0], tls_key=certificate[1])
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    half = hello.read()[:100]
    server = serve(here, patience=FOREVER)
    with ExitStack() as stack:
        for _ in range(THREADS * 2):
            stack.enter_context(raw(server.port)).sendall(half)
        assert answers(server, here.context)


def test_a_client_that_drips_is_cut_when_its_time_is_over(here: Any, serve: Callable[..., Server]) -> None:
    server = serve(here, patience=0.5)
    with raw(server.port) as client:
        client.sendall(HALF_HEAD)
        # Each byte would begin the wait anew, if it were the bytes that are waited for. One that crosses the end on
        # its way is answered by a reset.
        with suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(600):
                if select.select([client], [], [], 0.05)[0]:
                    assert client.recv(1) == b""
                    return
                client.sendall(b"a")
            pytest.fail("never cut")


def test_what_came_while_the_machine_stood_still_is_read_before_its_client_is_cut(
    here: Any, serve: Callable[..., Server]
) -> None:
    server = serve(here, patience=FOREVER)
    house = server._house
    with raw(server.port) as client:
        client.sendall(HALF_HEAD)
        wait_until(lambda: house.fresh)

        def stand_still() -> None:
            """On the loop: when it goes on, the rest has come and is not read, and the client's time is over."""
            client.sendall(b".0.0.1\r\n\r\n")
            for connection in house.fresh:
                house.fresh[connection] = house.loop.time()
            house.tick()

        house.loop.call_soon_threadsafe(stand_still)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_request_in_pieces_is_answered_like_any_other(here: Any) -> None:
    whole = HALF_BODY.replace(b"Content-Length: 9", b"Content-Length: %d" % len(TICKET))[:-1] + TICKET
    with raw(here.server.port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in as_kiosk(here, whole):
            client.sendall(bytes([one]))
        assert client.recv(65536).startswith(b"HTTP/1.1 201 ")


def test_several_requests_at_once_are_answered_one_after_the_other(here: Any) -> None:
    with raw(here.server.port) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        said = b""
        while said.count(b"HTTP/1.1 200 OK") < 20 and (piece := client.recv(65536)):
            said += piece
        assert said.count(b"HTTP/1.1 200 OK") == 20


def test_clients_that_do_not_read_keep_nobody_waiting(here: Any) -> None:
    with ExitStack() as stack:
        for _ in range(THREADS + 2):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.connect(("127.0.0.1", here.server.port))
            # Together more than the kernel keeps for somebody who does not read.
            deaf.sendall(BUNDLE * 10)
        assert answers(here.server)
        wait_until(lambda: len(here.server._house.stalled) == THREADS + 2)
        assert answers(here.server)


def test_of_clients_that_do_not_read_only_so_many_are_kept(here: Any) -> None:
    """Each may hold a whole answer in memory."""
    stalled = here.server._house.stalled
    with ExitStack() as stack:

        def do_not_read() -> None:
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.connect(("127.0.0.1", here.server.port))
            deaf.sendall(BUNDLE * 10)

        for _ in range(STALLED):
            do_not_read()
        wait_until(lambda: len(stalled) == STALLED)
        longest = next(iter(stalled))
        do_not_read()
        wait_until(lambda: longest not in stalled)
        wait_until(lambda: len(stalled) == STALLED)
        assert answers(here.server)


def test_of_too_many_connections_the_one_that_has_waited_longest_goes(here: Any, serve: Callable[..., Server]) -> None:
    server = serve(here, waiting=20, patience=FOREVER)
    with ExitStack() as stack:
        silent = [stack.enter_context(raw(server.port)) for _ in range(40)]
        assert silent[0].recv(1) == b""
        last = stack.enter_context(raw(server.port))
        last.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert last.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_was_answered_keeps_its_connection_before_those_that_never_asked(
    here: Any, serve: Callable[..., Server]
) -> None:
    server = serve(here, waiting=20, patience=FOREVER)
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as kiosk, ExitStack() as stack:
        kiosk.connect()
        port = kiosk.sock.getsockname()
        for _ in range(2):
            kiosk.request("GET", "/healthz")
            assert kiosk.getresponse().read() == b'{"alive":true}'
            assert kiosk.sock.getsockname() == port
            silent = [stack.enter_context(raw(server.port)) for _ in range(40)]
            assert silent[0].recv(1) == b""


@pytest.mark.parametrize("size", [70_000, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_a_body_too_large_is_refused_in_words_that_arrive(shared: Any, size: int, chunked: bool) -> None:
    body = b'"' + b"x" * (size - 2) + b'"'
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%b\r\n\r\n" % framing
    if chunked:
        pieces = [body[at : at + 5000] for at in range(0, size, 5000)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    status, problem = answer_to(shared.server.port, as_kiosk(shared, head) + body)
    assert status.startswith(b"HTTP/1.1 413 ")
    assert problem["code"] == "too_large"


def test_chunks_are_put_together(here: Any) -> None:
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    chunks = b"5;why=not\r\n%b\r\n%X\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (TICKET[:5], len(TICKET) - 5, TICKET[5:])
    with raw(here.server.port) as client:
        client.sendall(as_kiosk(here, head) + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert client.recv(65536).startswith(b"HTTP/1.1 201 ")


def test_who_asks_first_is_told_to_go_on(here: Any) -> None:
    with raw(here.server.port) as client:
        head = (
            b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(TICKET)
        )
        client.sendall(as_kiosk(here, head))
        assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(TICKET)
        assert client.recv(65536).startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: +1",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nX: 1\r\n Content-Length: 2",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nmany",
        b"GET\r\nHost: a",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_nothing_follows_it(shared: Any, head: bytes) -> None:
    status, problem = answer_to(shared.server.port, head + b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 400 ")
    assert (problem["code"], problem["status"]) == ("bad_request", 400)
