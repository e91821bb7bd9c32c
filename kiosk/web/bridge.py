"""The bridge from the web server to Flask (WSGI, PEP 3333): whole requests go to threads, whole answers come back.

Nothing is streamed through it. A view that answers with a ``Place`` has freed its thread when the stream begins.
"""

import io
import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from drivers.errors import kind_and_place
from kiosk.box.logs import begin_request, end_request
from kiosk.web.app import Application
from kiosk.web.problems import unparsed
from kiosk.web.streams import Place

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

THREADS = 10
"""For requests. The store takes one write at a time; more would only wait there."""
_SLASH = re.compile(rb"%2F", re.IGNORECASE)
_MET = frozenset({b"content-length", b"transfer-encoding", b"expect"})
"""Headers that tell the body's length, or what was done before the request goes on."""

Headers = list[tuple[str, str]]


class _Worker:
    """A thread of the pool: ``wake`` is locked while it has nothing to do."""

    def __init__(self) -> None:
        self.job: Callable[[], object] | None = None
        self.wake = threading.Lock()
        self.wake.acquire()


class Pool(Executor):
    """Threads for what blocks. They are daemons: a database that hangs must not keep the program from ending.

    A job goes to the thread that was idle last, whose data are still in the processor's caches, and wakes no other
    one. All threads that wait at a ``queue.SimpleQueue`` are woken one by one, and each wants Python's lock.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], object]] = deque()
        self._idle: list[_Worker] = []
        self._closed = False
        for number in range(size):
            threading.Thread(target=self._work, args=(_Worker(),), name=f"web {number}", daemon=True).start()

    @property
    def queued(self) -> int:
        """Jobs that no thread has begun."""
        return len(self._jobs)

    def put(self, job: Callable[[], object]) -> None:
        """Have a job done that raises nothing."""
        with self._lock:
            if not self._idle:
                self._jobs.append(job)
                return
            worker = self._idle.pop()
        worker.job = job
        worker.wake.release()

    @override
    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """See ``concurrent.futures.Executor``; for ``loop.run_in_executor``."""
        future: Future[Any] = Future()
        self.put(partial(_fulfil, future, partial(function, *arguments, **named)))
        return future

    def close(self) -> None:
        """End the threads, each after what it does now."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.wake.release()

    def _work(self, worker: _Worker) -> None:
        while job := self._next(worker):
            job()
            # Not until the next job: it may be somebody's.
            del job

    def _next(self, worker: _Worker) -> Callable[[], object] | None:
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            if self._closed:
                return None
            self._idle.append(worker)
        worker.wake.acquire()
        job, worker.job = worker.job, None
        return job


def _fulfil(future: Future[Any], job: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(job())
    except Exception as error:  # noqa: BLE001 - the top of a thread: it is raised where the result is awaited
        future.set_exception(error)


def ask(app: "WSGIApplication", scope: Any, body: bytes) -> tuple[int, Headers, bytes | Place]:
    """Status, headers and body of the application's answer to a request; the scope is as in ASGI."""
    begun: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, _exc_info: Any = None) -> Any:
        begun.append((status, headers))

    begin_request()
    try:
        chunks: Any = app(_environ(scope, body), start_response)
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
    finally:
        end_request()


def ask_admission(app: Application, scope: Any) -> int | tuple[int, str]:
    """What the body of a request may be, by its head: see :meth:`Application.largest_body`."""
    return app.largest_body(_environ(scope, b""))


def encode_head(status: int, headers: Headers, common: bytes) -> bytes:
    """The head of an answer; ``common`` is what all answers have, as header lines."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return b"%b%b%b\r\n" % (STATUS_LINE[status], common, lines.encode("latin-1"))


def _environ(scope: Any, body: bytes) -> "WSGIEnvironment":
    """A request as WSGI has it (PEP 3333)."""
    host, port = scope["server"]
    client = scope["client"]
    path = scope["raw_path"]
    if b"%" in path:
        # An encoded slash separates nothing.
        path = unquote_to_bytes(_SLASH.sub(b"%252F", path))
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
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
        key = _key_of(name)
        if key:
            said = value.decode("latin-1")
            environ[key] = f"{environ[key]}{'; ' if name == b'cookie' else ','}{said}" if key in environ else said
    return environ


@lru_cache(maxsize=256)
def _key_of(name: bytes) -> str:
    """WSGI's name of a header; ``""`` for one that is not passed on."""
    # A name with an underscore could pass for another one.
    if b"_" in name or name in _MET:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"
