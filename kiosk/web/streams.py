"""Open event streams of the web server: how many there are, how many there may be, and how they end together.

Each stream keeps one thread of the server busy. Counting them here lets the server have one thread more for each, so
that two hundred screens never keep an ordinary request waiting, and refuse a stream too many in plain words.
"""

import threading
from collections.abc import Callable, Iterator

from flask import Response

from kiosk.event_feed import Listener
from kiosk.web.problems import RequestError

RETRY_AFTER = 10
"""Seconds a screen is asked to wait when there are too many."""


class Streams:
    """All streams of one server.

    Args:
        limit: how many may be open at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[_Body] = set()
        self._lock = threading.Lock()
        self._ending = False
        self._on_change: Callable[[int], None] = lambda _count: None

    def __len__(self) -> int:
        return len(self._open)

    def watch(self, on_change: Callable[[int], None]) -> None:
        """Have ``on_change`` told the number of open streams each time it changes; it must be quick."""
        self._on_change = on_change

    def answer(self, listen: Callable[[], Listener]) -> Response:
        """The answer that carries a stream; ``listen`` is called only when there is room for it.

        Raises:
            RequestError: ``too_many_listeners`` or ``stopping``, 503.
        """
        with self._lock:
            if self._ending:
                raise RequestError(503, "stopping", retry_after=RETRY_AFTER)
            if len(self._open) >= self._limit:
                raise RequestError(503, "too_many_listeners", retry_after=RETRY_AFTER)
            body = _Body(listen(), self._closed)
            self._open.add(body)
            self._on_change(len(self._open))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(body, mimetype="text/event-stream", headers=headers, direct_passthrough=True)

    def end(self) -> None:
        """End all streams at once, and let no more begin."""
        with self._lock:
            self._ending = True
            for body in self._open:
                body.listener.end()

    def _closed(self, body: "_Body") -> None:
        with self._lock:
            self._open.discard(body)
            self._on_change(len(self._open))


class _Body:
    """A stream as the server iterates it; closed by the server when the client is gone, even before the first byte."""

    def __init__(self, listener: Listener, on_close: Callable[["_Body"], None]) -> None:
        self.listener = listener
        self._on_close = on_close
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self.listener)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.listener.close()
            self._on_close(self)
