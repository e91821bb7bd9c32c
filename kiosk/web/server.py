"""The web server: uvicorn's HTTP protocol (httptools) on an event loop of its own, and Flask on a pool of threads.

::

    socket ─► Connection: parse, check, collect   (loop)     slow or silent: costs a socket, no thread
           ─► Pool: ask Flask, send the answer    (threads)  what the kernel does not take goes back to the loop
           or Place ─► Stream                     (loop)     an event stream: kiosk.web.streams

A client has ``patience`` seconds for each step that is its own: to begin a request, to send it whole, to take the
TLS handshake to its end, to read its answer. Whoever is over it is cut. What may be open at once is bounded by kind:
connections that wait for their client (the one that waits longest goes), requests that wait for a thread (one more
is answered 503), streams (``Streams``).
"""

import asyncio
import asyncio.selector_events
import asyncio.sslproto
import errno
import logging
import os
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from config.settings import ServerSettings
from drivers.errors import kind_and_place
from kiosk.web.app import Application
from kiosk.web.connection import AT_ONCE, STOPPING, Connection, House
from kiosk.web.streams import Streams

log = logging.getLogger(__name__)

BACKLOG = 256
WAITING = 2500
"""Connections that may wait for their client; never more than half of the files the system lets a program open."""
PATIENCE = 10.0
TICK = 0.1
"""Seconds between looks for clients whose time is over."""
ROUNDS = 3
"""Rounds of the loop from the begin of one TLS handshake to that of the next."""
PLAIN_ON_TLS = b"This port speaks HTTPS: use https:\n"
HANDSHAKE = b"\x16"
"""First byte of a TLS connection (RFC 8446, 5.1)."""

# Each TLS connection otherwise zeroes a buffer of 256 KiB, where a request has a few hundred bytes.
asyncio.sslproto.SSLProtocol.max_size = 16 * 1024
# Each read otherwise allocates 256 KiB, and that much of a body would be here before anybody has looked at its head.
asyncio.selector_events._SelectorTransport.max_size = 16 * 1024  # type: ignore[attr-defined]


class Server:
    """The application on a TCP port.

    Args:
        app: what answers; its ``streams`` extension holds the open streams.
        settings: address, port, TLS.
        patience: seconds a silent connection is kept, and that a handshake, a whole request, or the next read may take.
        waiting: how many connections may be in that state; when more come, the one that has waited longest goes.
        wall: the time that answers tell, in seconds since 1970 UTC.
    """

    def __init__(
        self,
        app: Application,
        settings: ServerSettings,
        *,
        patience: float = PATIENCE,
        waiting: int = WAITING,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._streams: Streams = app.extensions["streams"]
        self._tls: ssl.SSLContext | None = None
        if settings.tls_cert and settings.tls_key:
            # TLS 1.2 or newer.
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(settings.tls_cert, settings.tls_key)
        self._house = House(app, self._streams.heartbeat, patience, waiting, wall)
        self._port = settings.port
        self._handshakes: set[asyncio.Task[None]] = set()
        self._spaced = asyncio.Lock()
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
        return self._settings.address(self.port)

    def start(self) -> None:
        """Listen; returns once requests are answered. Raises OSError for a port that is taken or not allowed."""
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
            # It takes little more than a second, but for a machine that stands still.
            self._thread.join(10 * STOPPING)

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
            # A stream's next message would wait for the client's delayed ACK of the last one (Nagle).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(house, sock)
            house.wait(connection)
            if self._tls:
                # A handshake costs memory: not before it begins.
                house.loop.add_reader(sock, self._look_for_tls, sock, connection)
            else:
                self._begin(sock, connection)

    def _look_for_tls(self, sock: socket.socket, connection: Connection) -> None:
        try:
            first = sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        self._house.loop.remove_reader(sock)
        if first == HANDSHAKE:
            self._begin(sock, connection)
            return
        if first:
            with suppress(OSError):
                # What came is read: closing would otherwise take the answer from the client (TCP reset).
                sock.recv(64 * 1024)
                sock.send(
                    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(PLAIN_ON_TLS), PLAIN_ON_TLS)
                )
        self._house.forget(connection)
        sock.close()

    def _begin(self, sock: socket.socket, connection: Connection) -> None:
        task = self._house.loop.create_task(self._let_in(sock, connection))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _let_in(self, sock: socket.socket, connection: Connection) -> None:
        limits = {}
        if self._tls:
            limits = {"ssl_handshake_timeout": self._house.patience, "ssl_shutdown_timeout": STOPPING}
            # Its arithmetic takes a millisecond: in a flood, requests get their turn between any two handshakes.
            async with self._spaced:
                for _ in range(ROUNDS):
                    await asyncio.sleep(0)
        try:
            await self._house.loop.connect_accepted_socket(lambda: connection, sock, ssl=self._tls, **limits)
        except OSError:
            # A handshake that failed or took too long: scanners knock, no news for whoever reads the log.
            self._house.forget(connection)


def _log_kind(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error that nobody caught, by its kind: its text may quote a request."""
    error = context.get("exception")
    if not isinstance(error, OSError):
        log.error("web server: %s", kind_and_place(error) if error else context["message"])
