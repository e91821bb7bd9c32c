"""The web server around the application: cheroot, in the same process as the devices' threads.

A stream of events keeps a thread busy for as long as a screen hangs on the wall. So the pool has a few threads for
ordinary requests and one more for each open stream, which go again when the streams do. A connection that says
nothing (browsers open such ahead of need) waits in the selector and takes no thread, TLS handshakes included.
"""

import errno
import logging
import os
import queue
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from cheroot import errors
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter
from cheroot.wsgi import Gateway_10
from cheroot.wsgi import Server as WsgiServer
from flask import Flask

from config.settings import ServerSettings
from kiosk.problems import places
from kiosk.streams import Streams

log = logging.getLogger(__name__)

ORDINARY = 10
"""Threads for ordinary requests. The store takes one write at a time; more would only wait there."""
SPARE = 4
"""Idle threads kept when streams close: a screen that reloads needs no new one."""
BACKLOG = 256
KEPT_CONNECTIONS = 1000
PATIENCE = 10
"""Seconds a silent connection is kept, and a client may take to read or write the next bytes."""
STOPPING = 1.0
"""Seconds that requests under way have to end when the server stops."""
MAX_HEADER = 32 * 1024
MAX_BODY = 1024 * 1024
"""Bytes; the application refuses bodies long before, in plain words. This is for what does not get that far."""

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
    """

    def __init__(self, app: Flask, settings: ServerSettings) -> None:
        self._settings = settings
        self._streams: Streams = app.extensions["streams"]
        self._web = _Web((settings.host, settings.port), app)
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

    def __init__(self, address: tuple[str, int], app: Flask) -> None:
        super().__init__(
            address,
            app,
            server_name="quhao",
            request_queue_size=BACKLOG,
            timeout=PATIENCE,
            shutdown_timeout=1,
        )
        self.requests = Pool(self, ORDINARY, SPARE)
        self.gateway = _Gateway
        self.ConnectionClass = _Connection
        self.nodelay = True
        self.keep_alive_conn_limit = KEPT_CONNECTIONS
        self.max_request_header_size = MAX_HEADER
        self.max_request_body_size = MAX_BODY
        # How soon the loop that accepts connections notices that it should stop.
        self.expiration_interval = 0.2

    @staticmethod
    def bind_socket(socket_: Any, bind_addr: Any) -> Any:
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_

    def process_conn(self, conn: Any) -> None:
        if conn.last_used is None:
            # New: it costs a thread only when its first bytes are here.
            self.put_conn(conn)
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: ARG002
        error = sys.exc_info()[1]
        # Clients hang up and scanners knock: no news for whoever reads this log.
        level = logging.DEBUG if isinstance(error, OSError) else level
        log.log(level, "web server: %s", f"{type(error).__name__} at {places(error)}" if error else msg)


class _Gateway(Gateway_10):
    """One request."""

    def respond(self) -> None:
        if self.req.chunked_read:
            # What a refused request leaves unread must not be taken for the next one.
            self.req.close_connection = True
        super().respond()


class _Connection(HTTPConnection):
    """One client; the TLS handshake is made on a thread of the pool, where a slow one keeps nobody waiting."""

    shaken = False

    def communicate(self) -> bool:
        if isinstance(self.socket, ssl.SSLSocket) and not self.shaken:
            try:
                self.socket.do_handshake()
            except OSError as error:
                if isinstance(error, ssl.SSLError) and "HTTP_REQUEST" in str(error.reason):
                    os.write(self.socket.fileno(), PLAIN_ON_TLS)
                return False
            self.shaken = True
        return bool(super().communicate())  # type: ignore[no-untyped-call]


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
        return (StreamReader if "r" in mode else StreamWriter)(sock, mode, bufsize)


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
        self._wanted = ordinary
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
            self._grow()

    def fit(self, streams: int) -> None:
        """Have one thread for each of ``streams``, besides the ordinary ones."""
        with self._lock:
            self._wanted = self.min + streams
            self._grow()
            while len(self._threads) - self._leaving > self._wanted + self._spare:
                self._leaving += 1
                self._queue.put(None)

    def put(self, conn: Any) -> None:
        """Have a connection served."""
        self._queue.put(conn)

    def get(self) -> Any:
        """The next connection; None for a thread that is to end."""
        return self._queue.get()

    def stop(self, timeout: float = STOPPING) -> None:
        """End all threads; connections that still work after ``timeout`` seconds are cut."""
        with self._lock:
            self._wanted = 0
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

    def _grow(self) -> None:
        while len(self._threads) - self._leaving < self._wanted:
            thread = threading.Thread(target=self._work, name=f"web {next(self._numbers)}", daemon=True)
            self._threads[thread] = None
            thread.start()

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
