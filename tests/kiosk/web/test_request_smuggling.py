"""Requests that two readers could take apart in two ways (request smuggling, RFC 9112 11.2), over raw sockets.

A proxy in front of us may see other requests in the same bytes. So each of these is refused, or is read in the one
way that is meant; and what is glued behind it is answered only where nobody could disagree where it begins.
"""

import socket
from contextlib import suppress
from typing import Any

import pytest

GLUED = b"GET /api/v1/glued HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""The second request: it is known by its 404."""
HOST = b"Host: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\n"
POST = b"POST /api/v1/nothing HTTP/1.1\r\n"
JSON = HOST + b"Content-Type: application/json\r\n"


def statuses(here: Any, sent: bytes, *more: bytes) -> list[int]:
    """The status of each answer until the connection ends; ``more`` is sent in pieces of its own."""
    with socket.create_connection(("127.0.0.1", here.server.port), timeout=30) as client:
        for piece in (sent, *more):
            client.sendall(piece)
        said = b""
        # By now the server may have ended the connection.
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := client.recv(65536):
                said += piece
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


REFUSED = {
    # Lengths
    "two lengths": POST + JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "one length twice": POST + JSON + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": POST + JSON + b"Content-Length: 2, 2\r\n\r\n{}",
    "negative": POST + JSON + b"Content-Length: -2\r\n\r\n{}",
    "plus": POST + JSON + b"Content-Length: +2\r\n\r\n{}",
    "hexadecimal": POST + JSON + b"Content-Length: 0x2\r\n\r\n{}",
    "exponent": POST + JSON + b"Content-Length: 2e0\r\n\r\n{}",
    "fraction": POST + JSON + b"Content-Length: 2.0\r\n\r\n{}",
    "no number": POST + JSON + b"Content-Length: \r\n\r\n{}",
    "two numbers": POST + JSON + b"Content-Length: 2 3\r\n\r\n{}",
    "beyond 64 bits": POST + JSON + b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "other digits": POST + JSON + "Content-Length: ２\r\n\r\n{}".encode(),
    # Length and chunks
    "length and chunks": POST + JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + JSON + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "no length and chunks": POST + JSON + b"Content-Length:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Codings
    "identity": POST + JSON + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked twice": POST + JSON + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two lines of codings": POST + JSON + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + JSON + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "nearly chunked": POST + JSON + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "quoted": POST + JSON + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "with a parameter": POST + JSON + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "vertical tab": POST + JSON + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + JSON + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # Names
    "space before the colon": POST + JSON + b"Content-Length : 2\r\n\r\n{}",
    "tab before the colon": POST + JSON + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "space before the name": POST + JSON + b" Content-Length: 2\r\n\r\n{}",
    "a name in the first line's place": GET + b" " + HOST + b"\r\n",
    "no name": GET + HOST + b": x\r\n\r\n",
    "no colon": GET + HOST + b"Content-Length\r\n\r\n",
    "NUL in a name": GET + HOST + b"X\0: y\r\n\r\n",
    "NUL in a value": GET + HOST + b"X: y\0z\r\n\r\n",
    "a character of no token": GET + HOST + b"X(y): z\r\n\r\n",
    "folded": GET + HOST + b"X: y\r\n Content-Length: 2\r\n\r\n",
    "folded by a tab": GET + HOST + b"X: y\r\n\tz\r\n\r\n",
    # Hosts
    "no host": GET + b"\r\n",
    "two hosts": GET + HOST + HOST + b"\r\n",
    # Line ends
    "bare LF after the first line": GET.replace(b"\r", b"") + HOST + b"\r\n",
    "bare LF after a header": GET + HOST.replace(b"\r", b"") + b"\r\n",
    "bare LF at the end": GET + HOST + b"\n",
    "bare CR in a value": GET + HOST + b"X: y\rContent-Length: 2\r\n\r\n",
    "bare CR as line end": GET + HOST + b"X: y\rZ: z\r\n\r\n",
    "CR CR LF": GET + HOST + b"X: y\r\r\n\r\n",
    # Chunks
    "no size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    "negative size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "plus size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "0x size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "size beyond 64 bits": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "space before the size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n",
    "space after the size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n",
    "LF after the size": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "LF after the chunk": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
    "nothing after the chunk": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
    "LF in an extension": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
    "CR in an extension": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2;a\rb\r\n{}\r\n0\r\n\r\n",
    "a length as trailer": POST
    + JSON
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 70\r\n\r\n",
    "a chunk longer than said": POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n",
    # First lines
    "HTTP/2.0": b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /healthz\r\n" + HOST + b"\r\n",
    "HTTP/1.9": b"GET /healthz HTTP/1.9\r\n" + HOST + b"\r\n",
    "small letters": b"GET /healthz http/1.1\r\n" + HOST + b"\r\n",
    "a tab": b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the address": b"GET /health z HTTP/1.1\r\n" + HOST + b"\r\n",
    "something after the version": b"GET /healthz HTTP/1.1 x\r\n" + HOST + b"\r\n",
    "NUL in the address": b"GET /health\0z HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of nobody's": b"GE T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "only a space": b" /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("odd", REFUSED.values(), ids=REFUSED.keys())
def test_what_could_be_read_in_two_ways_is_refused_and_nothing_after_it_is_heard(shared: Any, odd: bytes) -> None:
    assert statuses(shared, odd + GLUED) == [400]
    # Whatever was answered before it on this connection.
    assert statuses(shared, GET + HOST + b"\r\n" + odd + GLUED) == [200, 400]


@pytest.mark.parametrize("odd", REFUSED.values(), ids=REFUSED.keys())
def test_the_same_when_it_comes_byte_by_byte(shared: Any, odd: bytes) -> None:
    found = statuses(shared, *(bytes([one]) for one in odd), GLUED)
    assert found == [400]


HARMLESS = {
    "nothing odd": (GET + HOST + b"\r\n", [200, 404]),
    "two spaces": (GET.replace(b" /", b"  /") + HOST + b"\r\n", [200, 404]),
    "an empty line first": (b"\r\n" + GET + HOST + b"\r\n", [200, 404]),
    "a body of a GET": (GET + HOST + b"Content-Length: 2\r\n\r\n{}", [200, 404]),
    "a request as a body": (GET + HOST + b"Content-Length: %d\r\n\r\n%b" % (len(GLUED), GLUED), [200, 404]),
    "zeros before the length": (POST + JSON + b"Content-Length: 002\r\n\r\n{}", [404, 404]),
    "spaces around the length": (POST + JSON + b"Content-Length:  2 \r\n\r\n{}", [404, 404]),
    "an underscore for a dash": (GET + HOST + b"Content_Length: 70\r\n\r\n", [200, 404]),
    "a header by another's name": (GET + HOST + b"X-Content-Length: 70\r\n\r\n", [200, 404]),
    # After chunks the connection ends.
    "chunks": (POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [404]),
    "Chunked": (POST + JSON + b"Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [404]),
    "an extension": (POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n", [404]),
    # What asks for another protocol is answered in ours, and heard no further.
    "an upgrade": (GET + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", [200]),
    "the last one said so": (GET + HOST + b"Connection: close\r\n\r\n", [200]),
    "HTTP/1.0": (GET.replace(b"1.1", b"1.0") + HOST + b"\r\n", [200]),
}


@pytest.mark.parametrize(("odd", "answers"), HARMLESS.values(), ids=HARMLESS.keys())
def test_what_is_odd_and_clear_is_answered_and_so_is_what_is_glued_to_it(
    shared: Any, odd: bytes, answers: list[int]
) -> None:
    assert statuses(shared, odd + GLUED) == answers


def test_what_a_trailer_says_is_not_a_header(shared: Any) -> None:
    token = shared.token("desk")
    bearer = b"Authorization: Bearer " + token.encode() + b"\r\n"
    chunks = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    head = b"POST /api/v1/tickets HTTP/1.1\r\n" + JSON
    assert statuses(shared, head + bearer + chunks + b"\r\n") == [422]
    assert statuses(shared, head + chunks + bearer + b"\r\n") == [401]


def test_a_header_with_an_underscore_is_not_the_one_with_a_dash(shared: Any) -> None:
    """A proxy that takes ``X-Forwarded-For`` out of a request lets ``X_Forwarded_For`` pass."""
    bearer = b"Authorization: Bearer " + shared.kiosk_token.encode() + b"\r\n"
    kiosk = b"GET /api/v1/kiosk HTTP/1.1\r\n" + HOST + bearer + b"Connection: close\r\n"
    assert statuses(shared, kiosk + b"\r\n") == [200]
    assert statuses(shared, kiosk + b"X-Forwarded-For: 192.0.2.7\r\n\r\n") == [403]
    assert statuses(shared, kiosk + b"X_Forwarded_For: 192.0.2.7\r\n\r\n") == [200]
