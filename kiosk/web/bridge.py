"""The bridge from uvicorn (ASGI) to Flask (WSGI, PEP 3333): whole requests go to threads, whole answers come back.

Nothing is streamed through it. A view that answers with a ``Place`` has freed its thread when the stream begins.
"""

import asyncio
import io
import logging
import queue
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from drivers.errors import kind_and_place
from kiosk.audience import Stream
from kiosk.web.problems import unparsed
from kiosk.web.streams import Place, Streams

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

THREADS = 10
"""For requests. The store takes one write at a time; more would only wait there."""
_SLASH = re.compile(rb"%2F", re.IGNORECASE)
QUEUED = 256
"""Requests that may wait for a thread; the next one is refused."""


class Bridge:
    """An ASGI application: asks a WSGI application on a pool of threads, and streams itself."""

    def __init__(self, app: "WSGIApplication", streams: Streams) -> None:
        self._app = app
        self._streams = streams
        self._replaying = asyncio.Lock()
        self._pool: Pool

    def open(self) -> None:
        """Begin, on the loop."""
        self._pool = Pool(asyncio.get_running_loop(), THREADS)

    def close(self) -> None:
        """End the threads, each after what it does now."""
        self._pool.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body = (await receive())["body"]
        if self._pool.queued >= QUEUED:
            await answer(send, 503, *unparsed(503, "store_busy"))
            return
        status, headers, said = await self._pool.run(partial(self._ask, scope, body))
        if isinstance(said, bytes):
            await answer(send, status, headers, said, head_only=scope["method"] == "HEAD")
            return
        try:
            await self._stream(scope, receive, headers, said)
        finally:
            said.close()

    def _ask(self, scope: Any, body: bytes) -> tuple[int, list[tuple[str, str]], bytes | Place]:
        """Call the application, on a thread of the pool."""
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            begun.append((status, headers))

        try:
            chunks: Any = self._app(_environ(scope, body), start_response)
            status, headers = begun[-1]
            if isinstance(chunks, Place):
                return int(status[:3]), headers, chunks
            try:
                return int(status[:3]), headers, b"".join(chunks)
            finally:
                getattr(chunks, "close", lambda: None)()
        except Exception as error:  # noqa: BLE001 - the top of a request: Flask answers errors, this is beneath it
            log.error("web server: %s", kind_and_place(error))
            return 500, *unparsed(500, "internal")

    async def _stream(self, scope: Any, receive: Any, headers: list[tuple[str, str]], place: Place) -> None:
        """Send the head and have the place filled; returns when the client or the stream is gone."""
        connection = scope["state"]["connection"]
        chunked = scope["http_version"] == "1.1"
        ends = (b"transfer-encoding", b"chunked") if chunked else (b"connection", b"close")
        head = [*connection.server_state.default_headers, *_encoded(headers), ends]
        # uvicorn would answer a client of HTTP/1.0 in chunks, and would see each message through a coroutine.
        connection.transport.write(b"HTTP/1.1 200 OK\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % one for one in head))
        stream = Stream(
            connection.transport,
            connection.flow.drain,
            self._aside,
            chunked=chunked,
            heartbeat=self._streams.heartbeat,
        )
        connection.over_at_end = True
        filling = asyncio.create_task(self._fill(place, stream))
        await receive()
        filling.cancel()

    async def _fill(self, place: Place, stream: Stream) -> None:
        try:
            await place.fill(stream)
        except Exception as error:  # noqa: BLE001 - the top of a task: the screen comes again
            log.warning("event stream: %s", kind_and_place(error))
            stream.end()

    async def _aside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run on the pool what a stream reads; one at a time, so that many streams leave threads for requests."""
        async with self._replaying:
            return await self._pool.run(partial(function, *arguments))


class Pool:
    """Threads for what blocks. They are daemons: a database that hangs must not keep the program from ending."""

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        self._loop = loop
        self._size = size
        self._jobs: queue.SimpleQueue[tuple[asyncio.Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        for number in range(size):
            threading.Thread(target=self._work, name=f"web {number}", daemon=True).start()

    @property
    def queued(self) -> int:
        """Jobs that no thread has begun."""
        return self._jobs.qsize()

    async def run(self, job: Callable[[], Any]) -> Any:
        """What ``job()`` gives or raises."""
        future = self._loop.create_future()
        self._jobs.put((future, job))
        return await future

    def close(self) -> None:
        """End the threads, each after what it does now."""
        for _ in range(self._size):
            self._jobs.put(None)

    def _work(self) -> None:
        while (found := self._jobs.get()) is not None:
            future, job = found
            try:
                done = partial(_settle, future, job(), None)
            except Exception as error:  # noqa: BLE001 - the top of a thread: it is raised where the job is awaited
                done = partial(_settle, future, None, error)
            _tell(self._loop, done)
            # Not until the next job: it may be somebody's.
            del found, future, job, done


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
        loop.call_soon_threadsafe(function)


async def answer(
    send: Any,
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    head_only: bool = False,
    more: bool = False,
) -> None:
    """Send an answer whose body is here."""
    found = _encoded(headers)
    if status in (204, 304):
        found = [one for one in found if one[0] != b"content-length"]
    elif not head_only and not any(name == b"content-length" for name, _ in found):
        found.append((b"content-length", b"%d" % len(body)))
    if status == 413:
        found.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": found})
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _environ(scope: Any, body: bytes) -> "WSGIEnvironment":
    """A request as WSGI has it (PEP 3333)."""
    host, port = scope["server"]
    client = scope["client"]
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # An encoded slash separates nothing.
        "PATH_INFO": unquote_to_bytes(_SLASH.sub(b"%252F", scope["raw_path"])).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client[0] if client else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        # A name with an underscore could pass for another one; what tells the body's length was met.
        if b"_" in name or name in (b"content-length", b"transfer-encoding", b"expect"):
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        said = value.decode("latin-1")
        environ[key] = f"{environ[key]}{'; ' if name == b'cookie' else ','}{said}" if key in environ else said
    return environ
