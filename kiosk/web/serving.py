"""The web server around the application: cheroot, in the same process as the devices' threads.

A stream of events keeps a thread busy for as long as a screen hangs on the wall. So the pool has a few threads for
ordinary requests and one more for each open stream, which go again when the streams do. A connection takes a thread
only while there is something to do for it: the TLS handshake is made step by step, a request is collected piece by
piece (:mod:`kiosk.web.wire`), and in between the connection waits in the selector, for as long as it may. A thread that
has to wait for a client to read its answer is replaced by another one meanwhile.
"""

import errno
import logging
import os
import queue
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from cheroot import errors
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.ssl import Adapter
from cheroot.wsgi import Gateway_10
from cheroot.wsgi import Server as WsgiServer
from flask import Flask

from config.settings import ServerSettings
from drivers.errors import places
from kiosk.web.problems import OF_HTTP, unparsed
from kiosk.web.streams import Streams
from kiosk.web.wire import Came, Incoming, Outgoing

log = logging.getLogger(__name__)

ORDINARY = 10
"""Threads for ordinary requests. The store takes one write at a time; more would only wait there."""
SPARE = 4
"""Idle threads kept when streams close: a screen that reloads needs no new one."""
BACKLOG = 256
WAITING = 400
STALLED = 64
"""Threads that may wait for clients to read; the next such client is cut."""
PATIENCE = 10.0
STOPPING = 1.0
"""Seconds that requests under way have to end when the server stops."""
_USE_HTTPS = b"This port speaks HTTPS: use https:\n"
PLAIN_ON_TLS = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_USE_HTTPS), _USE_HTTPS)
)


class Server:
    """The application on a TCP port.

    Args:
        app: what answers; its ``streams`` extension says how many streams are open.
        settings: address, port, TLS.
        patience: seconds a silent connection is kept, and that a handshake, a whole request, or the next read may take.
        waiting: how many connections may be in that state; when more come, the one that has waited longest goes.
    """

    def __init__(
        self, app: Flask, settings: ServerSettings, *, patience: float = PATIENCE, waiting: int = WAITING
    ) -> None:
        self._settings = settings
        self._streams: Streams = app.extensions["streams"]
        self._web = _Web((settings.host, settings.port), app, patience, waiting)
        if settings.tls_cert and settings.tls_key:
            self._web.ssl_adapter = _Tls(settings.tls_cert, settings.tls_key)
        self._streams.watch(self._web.requests.fit)
        self._thread = threading.Thread(target=self._serve, name="web server", daemon=True)

    @property
    def port(self) -> int:
        """The TCP port it listens on; the one taken, where the settings say 0."""
        return int(self._web.bind_addr[1])

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
        try:
            self._web.prepare()
        except OSError as error:
            raise OSError(error.errno or errno.EADDRNOTAVAIL, error.strerror or str(error)) from None
        self._thread.start()

    def stop(self) -> None:
        """End streams at once, let requests under way end within a second, and close the port."""
        self._streams.end()
        self._web.stop()
        if self._thread.is_alive():
            self._thread.join(STOPPING)

    def _serve(self) -> None:
        self._web.serve()


class _Web(WsgiServer):
    """Cheroot with our pool, and with its own words kept out of the log: they may quote a request."""

    server_name = "quhao"
    _connections: Any

    def __init__(self, address: tuple[str, int], app: Flask, patience: float, waiting: int) -> None:
        super().__init__(
            address,
            app,
            server_name="quhao",
            request_queue_size=BACKLOG,
            timeout=patience,  # type: ignore[arg-type]
            shutdown_timeout=1,
        )
        self.requests = Pool(self, ORDINARY, SPARE)
        self._waiting = waiting
        self.max_body = int(app.config["MAX_COLLECTED"])
        self.gateway = Gateway_10
        self.ConnectionClass = _Connection
        self.nodelay = True
        # More than may wait anyway.
        self.keep_alive_conn_limit = 2 * waiting
        # Both are seen to before cheroot reads a request.
        self.max_request_header_size = 0
        self.max_request_body_size = 0
        # How often the loop that accepts connections looks for those that have said nothing for too long.
        self.expiration_interval = 0.2

    @staticmethod
    def bind_socket(socket_: Any, bind_addr: Any) -> Any:
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_

    def stop(self) -> None:
        """Stop now: cheroot waits for the end of an interval, unless somebody knocks and has its loop look."""
        with ExitStack() as knocking:
            if self.ready:
                self._connections._stop_requested = True
                with suppress(OSError):
                    knocking.enter_context(socket.create_connection(self.socket.getsockname()[:2], STOPPING))
            super().stop()
        # Cheroot never lets go of a server it has counted for, nor would of the whole hall behind it.
        getattr(logging, "statistics", {}).pop(f"Cheroot HTTPServer {id(self)}", None)

    def process_conn(self, conn: Any) -> None:
        if conn.last_used is None:
            # New: it costs a thread only when its first bytes are here.
            self.put_conn(conn)
            self._make_room()
        else:
            super().process_conn(conn)

    def _make_room(self) -> None:
        """Cut the connection that has waited longest, if there are too many: most likely it will not say anything."""
        if self._connections._num_connections <= self._waiting:
            return
        waiting = [conn for _, conn in self._connections._selector.connections if conn is not self]
        longest = min((conn for conn in waiting if not conn.cut), key=lambda conn: conn.last_used, default=None)
        if longest:
            # The selector then sees its end, as if the client had hung up.
            longest.cut = True
            longest._close_kernel_socket()

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: ARG002
        error = sys.exc_info()[1]
        # Clients hang up and scanners knock: no news for whoever reads this log.
        level = logging.DEBUG if isinstance(error, OSError) else level
        log.log(level, "web server: %s", f"{type(error).__name__} at {places(error)}" if error else msg)


class _Headers(HeaderReader):
    """The headers the application hears of: not ``Expect``, which is met by now, nor what could pass for another."""

    def _allow_header(self, key_name: bytes) -> bool:
        return b"_" not in key_name and key_name != b"Expect"


class _Request(HTTPRequest):
    """One request, which is whole: reading it never waits."""

    header_reader = _Headers()

    def parse_request(self) -> None:
        incoming = self.conn.rfile
        self.rfile = incoming.request
        if incoming.fault:
            self._refuse(413 if incoming.fault == "too_large" else 400)
            return
        self.ready = bool(self.read_request_line()) and self.read_request_headers()  # type: ignore[no-untyped-call]

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        incoming = self.conn.rfile
        if self.chunked_read:
            # They have been put together; those of a body too long have not, and its length says so.
            self.chunked_read = False
            del self.inheaders[b"Transfer-Encoding"]
            self.inheaders[b"Content-Length"] = b"%d" % incoming.length
            # What a refused request leaves unread must not be taken for the next one.
            self.close_connection = True
        self.close_connection |= incoming.unread
        return True

    def simple_response(self, status: str, msg: str = "") -> None:  # noqa: ARG002
        self._refuse(int(str(status)[:3]))

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        code = OF_HTTP.get(status, "internal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "bad_request")
        self.conn.wfile.write(unparsed(status, code))


class _Connection(HTTPConnection):
    """One client. Whatever it is slow with, it keeps no thread waiting, and has a time in which it must be done."""

    RequestHandlerClass = _Request

    def __init__(self, server: _Web, sock: Any, _makefile: Any) -> None:
        def make(sock: Any, mode: str, _size: int) -> Any:
            if "r" in mode:
                return Incoming(sock, server.max_body)
            return Outgoing(sock, server.requests.waiting, server.timeout)

        super().__init__(server, sock, make)
        sock.setblocking(False)
        self.cut = False
        self._to_shake = isinstance(sock, ssl.SSLSocket)
        self._leaving = False
        self._put_at: float | None = None
        self._begun_at: float | None = None

    @property
    def last_used(self) -> float | None:
        """Since when it is waited for: since it was answered last, or began something that it has not ended."""
        return self._put_at if self._begun_at is None else self._begun_at

    @last_used.setter
    def last_used(self, now: float) -> None:
        self._put_at = now

    def communicate(self) -> bool:
        # The selector cannot see the time of a connection that always has another byte.
        return self._go_on() and not self._is_late()

    def _is_late(self) -> bool:
        return self._begun_at is not None and time.time() - self._begun_at > self.server.timeout

    def _go_on(self) -> bool:
        """Do what can be done now; whether there will be more."""
        if self._to_shake:
            return self._shake()
        if self._leaving:
            return bool(self.rfile.drain())
        came: Came = self.rfile.gather()
        if came is not Came.WHOLE:
            if came is Came.PART and self._begun_at is None:
                self._begun_at = time.time()
            return came is not Came.END
        self._begun_at = None
        keep = bool(super().communicate())  # type: ignore[no-untyped-call]
        return keep or bool(self.rfile.unread and self._leave())

    def _shake(self) -> bool:
        """Go on with the TLS handshake."""
        self._begun_at = self._begun_at or self._put_at
        try:
            self.socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except OSError as error:
            if isinstance(error, ssl.SSLError) and "HTTP_REQUEST" in str(error.reason):
                os.write(self.socket.fileno(), PLAIN_ON_TLS)
            return False
        self._to_shake, self._begun_at = False, None
        return self._go_on()

    def _leave(self) -> bool:
        """Say no more, and hear the client out: hanging up on it might take the answer from it."""
        self._leaving, self._begun_at = True, time.time()
        self.socket.shutdown(socket.SHUT_WR)
        return bool(self.rfile.drain())


class _Tls(Adapter):
    """TLS by the standard library; TLS 1.2 or newer.

    Args:
        certificate: PEM file of the chain.
        key: PEM file of its key.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(str(certificate), str(key))
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate, key)

    def bind(self, sock: Any) -> Any:
        return sock

    def wrap(self, sock: Any) -> tuple[Any, dict[str, str]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """Not asked: a connection makes its own."""


class Pool:
    """Threads that answer requests, as many as there is need of; the face cheroot asks of a pool.

    Args:
        server: whose connections they serve.
        ordinary: threads besides those that streams keep busy.
        spare: threads that may be idle beyond that before one is let go.
    """

    def __init__(self, server: WsgiServer, ordinary: int, spare: int) -> None:
        self.min = ordinary
        self._server = server
        self._spare = spare
        self._streams = 0
        self._stalled = 0
        self._stopped = False
        self._leaving = 0
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads: dict[threading.Thread, Any] = {}
        self._lock = threading.Lock()
        self._numbers = iter(range(1, sys.maxsize))

    @property
    def threads(self) -> int:
        """How many there are."""
        return len(self._threads)

    @property
    def idle(self) -> int:
        """How many have nothing to do."""
        return sum(conn is None for conn in list(self._threads.values()))

    def start(self) -> None:
        """Begin."""
        with self._lock:
            self._fit()

    def fit(self, streams: int) -> None:
        """Have one thread for each of ``streams``, besides the ordinary ones."""
        with self._lock:
            self._streams = streams
            self._fit()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Have another thread in the place of this one, while it waits for its client.

        Raises:
            TimeoutError: too many do.
        """
        with self._lock:
            if self._stalled >= STALLED:
                raise TimeoutError("timed out")
            self._stalled += 1
            self._fit()
        try:
            yield
        finally:
            with self._lock:
                self._stalled -= 1
                self._fit()

    def put(self, conn: Any) -> None:
        """Have a connection served."""
        self._queue.put(conn)

    def get(self) -> Any:
        """The next connection; None for a thread that is to end."""
        return self._queue.get()

    def stop(self, timeout: float = STOPPING) -> None:
        """End all threads; connections that still work after ``timeout`` seconds are cut."""
        with self._lock:
            self._stopped = True
            threads = dict(self._threads)
            for _ in threads:
                self._queue.put(None)
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for thread in threads:
            conn = self._threads.get(thread)
            if conn is not None:
                conn._close_kernel_socket()
            thread.join(timeout)

    def _fit(self) -> None:
        if self._stopped:
            return
        wanted = self.min + self._streams + self._stalled
        while len(self._threads) - self._leaving < wanted:
            thread = threading.Thread(target=self._work, name=f"web {next(self._numbers)}", daemon=True)
            self._threads[thread] = None
            thread.start()
        while len(self._threads) - self._leaving > wanted + self._spare:
            self._leaving += 1
            self._queue.put(None)

    def _work(self) -> None:
        me = threading.current_thread()
        while (conn := self._queue.get()) is not None:
            self._threads[me] = conn
            keep = False
            try:
                keep = conn.communicate()
            except Exception as error:  # noqa: BLE001 - the top of a thread: the next connection is somebody else's
                if not isinstance(error, (OSError, errors.FatalSSLAlert)):
                    log.error("web server: %s at %s", type(error).__name__, places(error))
            finally:
                self._threads[me] = None
                if keep:
                    self._server.put_conn(conn)
                else:
                    conn.close()
        with self._lock:
            self._threads.pop(me, None)
            self._leaving = max(0, self._leaving - 1)
