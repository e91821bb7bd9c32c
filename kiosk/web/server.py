"""The web server: uvicorn's HTTP protocol (httptools) on an event loop of its own, and Flask behind a WSGI bridge.

::

    socket ─► Connection: parse, check, collect   (loop)     slow or silent: costs a socket, no thread
           ─► Bridge ─► Pool: Flask               (threads)  a whole request, a whole answer: kiosk.web.bridge
           ─► Connection: write                   (loop)     a client that reads slowly costs no thread either
           or Place ─► Stream                     (loop)     an event stream: kiosk.web.streams

A client has ``patience`` seconds for each step that is its own: to begin a request, to send it whole, to take the
TLS handshake to its end, to read its answer. Whoever is over it is cut. What may be open at once is bounded by kind:
connections that wait for their client (the one that waits longest goes), requests that wait for a thread (one more
is answered 503), streams (``Streams``).

uvicorn gives the parser's callbacks, the order of pipelined answers and the writing of heads. The names it is
overridden by are not a public interface: uvicorn and httptools are pinned in constraints.txt, and
``test_request_smuggling`` and ``test_slow_clients`` fail if they change their meaning.
"""

import asyncio
import asyncio.sslproto
import errno
import logging
import os
import resource
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Flask
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from config.settings import ServerSettings
from drivers.errors import kind_and_place
from kiosk.web.bridge import Bridge, answer
from kiosk.web.problems import unparsed
from kiosk.web.streams import Streams

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger(__name__)

BACKLOG = 256
WAITING = 2500
"""Connections that may wait for their client; never more than half of the files the system lets a program open."""
AT_ONCE = 2
"""Connections taken or cut before the loop sees to the others: in a flood each request would wait for all of it."""
STALLED = 64
"""Clients that may be slow to read; each may hold a whole answer in memory."""
LARGE = 32
"""Bodies above 64 KiB that may be held at once."""
PATIENCE = 10.0
STOPPING = 1.0
"""Seconds that requests under way have to end when the server stops."""
TICK = 0.1
"""Seconds between looks for clients whose time is over."""
LINE_RATE = 8 * 1024
"""Bytes per second: a client that reads slower than this is taken for one that does not read."""
MAX_HEAD = 32 * 1024
"""Bytes of a request's line and headers."""
SMALL = 64 * 1024
MAX_PIPELINED = 32
MAX_DRAINED = 8 * 1024 * 1024
"""Bytes of a refused request that are thrown away so that the client gets to read the refusal."""
PLAIN_ON_TLS = b"This port speaks HTTPS: use https:\n"
HANDSHAKE = b"\x16"
"""First byte of a TLS connection (RFC 8446, 5.1)."""

# Each TLS connection otherwise zeroes a buffer of 256 KiB, where a request has a few hundred bytes.
asyncio.sslproto.SSLProtocol.max_size = 16 * 1024


class Server:
    """The application on a TCP port.

    Args:
        app: what answers; its ``streams`` extension holds the open streams.
        settings: address, port, TLS.
        patience: seconds a silent connection is kept, and that a handshake, a whole request, or the next read may take.
        waiting: how many connections may be in that state; when more come, the one that has waited longest goes.
    """

    def __init__(
        self, app: Flask, settings: ServerSettings, *, patience: float = PATIENCE, waiting: int = WAITING
    ) -> None:
        self._settings = settings
        self._streams: Streams = app.extensions["streams"]
        self._tls: ssl.SSLContext | None = None
        if settings.tls_cert and settings.tls_key:
            # TLS 1.2 or newer.
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(settings.tls_cert, settings.tls_key)
        self._house = House(app.wsgi_app, self._streams, int(app.config["MAX_COLLECTED"]), patience, waiting)
        self._port = settings.port
        self._ready = threading.Event()
        self._stopping: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The TCP port it listens on; the one taken, where the settings say 0."""
        return self._port

    @property
    def address(self) -> str:
        """Where a browser on this box finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)  # noqa: S104
        scheme = "https" if self._settings.tls_cert else "http"
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Listen; returns once requests are answered.

        Raises:
            OSError: the port is taken, or not allowed.
        """
        host = self._settings.host
        try:
            family = socket.getaddrinfo(host, self._port, type=socket.SOCK_STREAM)[0][0]
            listener = socket.create_server(
                (host, self._port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::"
            )
        except socket.gaierror as error:
            raise OSError(errno.EADDRNOTAVAIL, error.strerror) from None
        except OSError as error:
            # Python adds the address to the system's words.
            raise OSError(error.errno, os.strerror(error.errno or errno.EADDRNOTAVAIL)) from None
        listener.setblocking(False)
        self._port = int(listener.getsockname()[1])
        # Each client is an open file; many systems allow a program no more than 1,024 until it asks.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._house.most_waiting = min(self._house.most_waiting, most // 2)
        self._thread = threading.Thread(target=self._run, args=(listener,), name="web server", daemon=True)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End streams at once, let requests under way end within a second, and close the port."""
        self._streams.end()
        with suppress(RuntimeError):  # The loop is closed: it was stopped before.
            self._stopping()
        if self._thread:
            self._thread.join(2 * STOPPING)

    def _run(self, listener: socket.socket) -> None:
        try:
            asyncio.run(self._serve(listener))
        finally:
            self._ready.set()

    async def _serve(self, listener: socket.socket) -> None:
        loop, house = asyncio.get_running_loop(), self._house
        loop.set_exception_handler(_log_kind)
        over = asyncio.Event()
        self._stopping = partial(loop.call_soon_threadsafe, over.set)
        house.open()
        loop.add_reader(listener, self._accept, listener)
        while not over.is_set():
            more = house.tick()
            self._ready.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), TICK / 20 if more else TICK)
        loop.remove_reader(listener)
        listener.close()
        await house.close()

    def _accept(self, listener: socket.socket) -> None:
        """Take those that knock."""
        house = self._house
        for _ in range(AT_ONCE):
            try:
                sock, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # Most likely too many open files.
                log.warning("web server: no connection taken: %s", error.strerror)
                house.cut_longest()
                return
            sock.setblocking(False)
            # Head and body go out in two pieces; the second would wait for the client's delayed ACK (Nagle).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(house, sock)
            house.wait(connection)
            if self._tls:
                # A handshake costs memory: not before it begins.
                house.loop.add_reader(sock, self._look_for_tls, sock, connection)
            else:
                house.begin(self._let_in(sock, connection))

    def _look_for_tls(self, sock: socket.socket, connection: "Connection") -> None:
        try:
            first = sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        self._house.loop.remove_reader(sock)
        if first == HANDSHAKE:
            self._house.begin(self._let_in(sock, connection))
            return
        if first:
            with suppress(OSError):
                # What came is read: closing would otherwise take the answer from the client (TCP reset).
                sock.recv(SMALL)
                sock.send(
                    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(PLAIN_ON_TLS), PLAIN_ON_TLS)
                )
        self._house.forget(connection)
        sock.close()

    async def _let_in(self, sock: socket.socket, connection: "Connection") -> None:
        limits = {"ssl_handshake_timeout": self._house.patience, "ssl_shutdown_timeout": STOPPING} if self._tls else {}
        try:
            await self._house.loop.connect_accepted_socket(lambda: connection, sock, ssl=self._tls, **limits)
        except OSError:
            # A handshake that failed or took too long: scanners knock, no news for whoever reads the log.
            self._house.forget(connection)


class House:
    """What all connections share: the pool, the application, and who is in which state. On the loop alone.

    Attributes:
        fresh, idle: connections that wait for their client, the longest first, and until when; those that were never
            answered, and those that were.
        stalled: those whose client does not read its answer, the longest first.
        large: those that hold a large body.
    """

    def __init__(
        self, app: "WSGIApplication", streams: Streams, max_body: int, patience: float, most_waiting: int
    ) -> None:
        self.fresh: OrderedDict[Connection, float] = OrderedDict()
        self.idle: OrderedDict[Connection, float] = OrderedDict()
        self.stalled: OrderedDict[Connection, None] = OrderedDict()
        self.large: set[Connection] = set()
        self.max_body = max_body
        self.patience = patience
        self.most_waiting = most_waiting
        self.state = ServerState()
        self.bridge = Bridge(app, streams)
        self.config = Config(
            self.bridge,
            http=Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            timeout_keep_alive=max(1, round(patience)),
        )
        # It quotes requests and tracebacks; what is to be known is logged here by kind.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self.config.load()
        self.loop: asyncio.AbstractEventLoop

    def open(self) -> None:
        """Begin, on the loop."""
        self.loop = asyncio.get_running_loop()
        self.bridge.open()

    def begin(self, work: Any) -> None:
        """Run a coroutine of the house's own."""
        task = self.loop.create_task(work)
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    async def close(self) -> None:
        """Let requests under way end, for a second; cut the rest."""
        for connection in list(self.state.connections):
            connection.shutdown()
        if self.state.tasks:
            await asyncio.wait(set(self.state.tasks), timeout=STOPPING)
        for connection in {*self.state.connections, *self.fresh}:
            connection.cut()  # type: ignore[union-attr]
        self.bridge.close()
        # The loop closes the sockets of what was cut in its next rounds.
        await asyncio.sleep(0.01)

    def wait(self, connection: "Connection") -> None:
        """The next step is the client's: it has its time, and what is unread of an answer takes its own."""
        self.go_on(connection)
        waiting = self.idle if connection.cycle else self.fresh
        waiting[connection] = self.loop.time() + self.patience + connection.unread() / LINE_RATE
        if len(self.fresh) + len(self.idle) > self.most_waiting:
            self.cut_longest()

    def cut_longest(self) -> None:
        """Cut the connection that has waited longest: most likely it will not say anything.

        Of the larger kind: a flood of silent connections does not take a kiosk's that was answered before, and a
        flood of answered ones does not take whoever comes now.
        """
        waiting = max(self.fresh, self.idle, key=len)
        if waiting:
            waiting.popitem(last=False)[0].cut()

    def go_on(self, connection: "Connection") -> None:
        """The next step is ours."""
        self.fresh.pop(connection, None)
        self.idle.pop(connection, None)

    def forget(self, connection: "Connection") -> None:
        """The connection is gone."""
        self.go_on(connection)
        self.stalled.pop(connection, None)
        self.large.discard(connection)

    def tick(self) -> bool:
        """Cut some whose time is over, and know the time for the ``Date`` of answers; whether there may be more."""
        now = self.loop.time()
        waiting = chain(self.fresh.items(), self.idle.items())
        late = [one for one, until in waiting if until <= now][:AT_ONCE]
        for connection in late:
            self.go_on(connection)
            connection.cut()
        date = formatdate(time.time(), usegmt=True).encode()
        self.state.default_headers = [(b"date", date), (b"server", b"quhao")]
        return len(late) == AT_ONCE


class FramingError(Exception):
    """A request that is refused while it is read: as too large, or because it could be read in two ways."""


class Connection(HttpToolsProtocol):
    """One client. Its request is collected here and handed on only when it is whole.

    Where httptools is lenient and another reader of the same bytes, such as a proxy, may see other requests
    (request smuggling, RFC 9112 11.2), the request is refused and the connection ends.

    Attributes:
        over_at_end: whether a client that says no more has gone; else it may still wait for its answer.
    """

    def __init__(self, house: House, sock: socket.socket) -> None:
        self._app_state: dict[str, Any] = {"connection": self}
        super().__init__(house.config, house.state, self._app_state, house.loop)
        self._house = house
        self._socket = sock
        self._fault = (400, "bad_request")
        self._in_head = False
        self._head = self._fed = 0
        self._body = bytearray()
        self._chunked = False
        self._deaf = self._ended = self.over_at_end = False
        self._drained = 0

    @property
    def busy(self) -> bool:
        """Whether a request waits for its answer."""
        return self.cycle is not None and not self.cycle.response_complete

    def unread(self) -> int:
        """Bytes of answers that the client has not taken yet."""
        return self.transport.get_write_buffer_size() if self.transport else 0

    def cut(self) -> None:
        """Close at once."""
        if self.transport:
            self.transport.abort()
        else:
            # A handshake that is under way then sees the end, as if the client had hung up.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    # The transport's side

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._house.forget(self)
        # What refers to itself stays until Python's collector comes.
        self._app_state.clear()
        self.scope = self.cycle = None  # type: ignore[assignment]

    @override
    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has asked and says no more gets its answers; over TLS the transport ends by itself."""
        self._ended = True
        if self.busy and self.scheme == "http" and not self.over_at_end:
            self.cycle.keep_alive = False
            return True
        return False

    @override
    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._drained += len(data)
            if self._drained > MAX_DRAINED:
                self.cut()
            return
        before = self.headers if self._in_head else None
        super().data_received(data)
        if self._in_head and self.headers is before and not self._deaf:
            # The parser keeps a header that does not end, and tells nothing of it.
            self._fed += len(data)
            if self._fed > MAX_HEAD:
                self._refuse(413, "too_large")

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._house.stalled[self] = None
        if len(self._house.stalled) > STALLED:
            next(iter(self._house.stalled)).cut()
        self._house.wait(self)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._house.stalled.pop(self, None)
        if self.busy:
            self._house.go_on(self)
        else:
            self._house.wait(self)

    # The parser's side

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head, self._fed, self._body = True, 0, 0, bytearray()
        if not self.busy:
            self._house.wait(self)

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers could pass for headers.
        if self._in_head:
            super().on_header(name, value)
            self._count(len(name) + len(value))

    @override
    def on_headers_complete(self) -> None:
        """Check the head; the request begins when its body is here, too."""
        self._in_head = False
        named: dict[bytes, list[bytes]] = {}
        for name, value in self.headers:
            named.setdefault(name, []).append(value)
        version = self.parser.get_http_version()
        hosts, coding = named.get(b"host", []), named.get(b"transfer-encoding")
        length = int(named.get(b"content-length", [b"0"])[0])
        self._chunked = coding is not None
        if (
            version not in ("1.0", "1.1")
            or (len(hosts) != 1 and (hosts or version == "1.1"))
            or (coding and (version == "1.0" or [one.lower() for one in coding] != [b"chunked"]))
            or len(self.pipeline) >= MAX_PIPELINED
        ):
            raise FramingError
        self._limit(length)
        if self.expect_100_continue and not self.busy and (coding or length):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.expect_100_continue = False

    @override
    def on_body(self, body: bytes) -> None:
        self._limit(len(self._body) + len(body))
        self._body += body

    @override
    def on_message_complete(self) -> None:
        self._house.go_on(self)
        super().on_headers_complete()
        self.cycle.body = self._body
        if self._chunked or self.parser.should_upgrade():
            # What follows chunks is where readers disagree; what follows an upgrade is not HTTP.
            self.cycle.keep_alive = False
            self._deaf = True
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._house.large.discard(self)
        if not self.busy:
            self._house.wait(self)

    @override
    def send_400_response(self, msg: str) -> None:
        """The parser gave up; uvicorn's own name for what to do then."""
        self._refuse(*self._fault)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD:
            self._fault = 413, "too_large"
            raise FramingError

    def _limit(self, size: int) -> None:
        house = self._house
        if size > house.max_body:
            self._fault = 413, "too_large"
            raise FramingError
        if size > SMALL and self not in house.large:
            if len(house.large) >= LARGE:
                self._fault = 503, "store_busy"
                raise FramingError
            house.large.add(self)

    def _refuse(self, status: int, code: str) -> None:
        """Answer in its turn, and hear no more: what follows must not be taken for a request."""
        if self._deaf:
            return
        self._deaf = True
        self._house.large.discard(self)
        HttpToolsProtocol.on_message_begin(self)
        self.url = b"/"
        self.app = partial(self._say_refused, status, code)
        HttpToolsProtocol.on_headers_complete(self)

    async def _say_refused(self, status: int, code: str, _scope: Any, receive: Any, send: Any) -> None:
        headers, body = unparsed(status, code)
        await answer(send, status, headers, body, more=True)
        if self._ended:
            self.transport.close()
        elif self.transport.can_write_eof():
            # Hanging up on a client that still sends might take the answer from it (TCP reset).
            self.transport.write_eof()
        self.over_at_end = True
        self._house.wait(self)
        await receive()


def _log_kind(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error that nobody caught, by its kind: its text may quote a request."""
    error = context.get("exception")
    if not isinstance(error, OSError):
        log.error("web server: %s", kind_and_place(error) if error else context["message"])
