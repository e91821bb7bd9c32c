"""Event streams as HTTP answers: who may have one, and how many (limits).

::

    a view ──► Streams.answer ──► Place (who may listen)      on a thread of the pool, like any request
                                    │ the server takes the Place instead of a body
                                    └──► Stream (kiosk.audience) on the loop
"""

import threading
from collections import Counter
from collections.abc import Iterator

from flask import Response

from kiosk.audience import HEARTBEAT, Source, Stream, end_all
from kiosk.web.auth import asked, gate
from kiosk.web.problems import RequestError

RETRY_AFTER = 10
"""Seconds a screen is asked to wait when there are too many."""


class Place:
    """What a view answers with instead of a body: room for one listener, and how its stream begins.

    Attributes:
        address: of a listener that nobody knows; ``""`` for one that is known.
    """

    def __init__(self, streams: "Streams", source: Source, address: str) -> None:
        self._streams = streams
        self._source = source
        self.address = address
        self.stream: Stream | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Nothing; the server never iterates it. WSGI asks for an iterable."""
        return iter(())

    async def fill(self, stream: Stream) -> None:
        """Begin the stream."""
        self.stream = stream
        if self._streams.ending:
            stream.end()
        else:
            await self._source(stream)

    def close(self) -> None:
        """Give the place back; also where the stream never began."""
        if self.stream:
            self.stream.end()
        self._streams.leave(self)


class Streams:
    """All streams of one server: how many there are, who may have one, and how they end together.

    A quarter of all places is kept for listeners that are known: programs of this box, and who shows a token or login.
    Of the others half may go to one address. That is generous on purpose: all screens of a hall may stand behind one
    router (NAT), and so may the phones of its residents; two addresses together can still not take what is kept.

    Args:
        limit: how many may be open at once.
        heartbeat: seconds between comments.
    """

    def __init__(self, limit: int, heartbeat: float = HEARTBEAT) -> None:
        self.heartbeat = heartbeat
        self.ending = False
        self._limit = limit
        self._for_anybody = limit - limit // 4
        self._share = max(1, self._for_anybody // 2)
        self._open: set[Place] = set()
        self._unknown: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def answer(self, source: Source) -> Response:
        """The answer that carries a stream; raises ``too_many_listeners``, ``stopping`` (503)."""
        place = Place(self, source, _unknown_address())
        with self._lock:
            if self.ending:
                raise RequestError(503, "stopping", retry_after=RETRY_AFTER)
            if len(self._open) >= self._limit or (
                place.address
                and (self._unknown.total() >= self._for_anybody or self._unknown[place.address] >= self._share)
            ):
                raise RequestError(503, "too_many_listeners", retry_after=RETRY_AFTER)
            self._open.add(place)
            if place.address:
                self._unknown[place.address] += 1
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(place, mimetype="text/event-stream", headers=headers, direct_passthrough=True)

    def leave(self, place: Place) -> None:
        """Give a place back."""
        with self._lock:
            if place in self._open:
                self._open.remove(place)
                if place.address:
                    self._unknown[place.address] -= 1
                    # Unary plus drops the addresses that have none left.
                    self._unknown = +self._unknown

    def end(self) -> None:
        """End all streams at once, and let no more begin."""
        with self._lock:
            self.ending = True
            streams = [place.stream for place in self._open if place.stream]
        end_all(streams)


def _unknown_address() -> str:
    """Where the present request comes from; ``""`` for somebody known, or a program of this box."""
    try:
        asker = gate().asker()
    except RequestError:
        # Bad credentials on a route for anybody are as good as none.
        return asked().remote_addr or "unknown"
    return "" if asker.principal or gate().arrival().direct else asker.address or "unknown"
