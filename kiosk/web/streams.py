"""Event streams (Server-Sent Events) on the server's event loop, none of which costs a thread.

::

    a view ──► Streams.answer ──► Place (who may listen: limits)      on a thread of the pool, like any request
                                    │ the server takes the Place instead of a body
    any thread ──► Audience.send ──►│ one call into the loop a message, however many listen
                                    └──► Stream.write ──► the client's transport
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from flask import Response

from kiosk.web.auth import asked, gate
from kiosk.web.problems import RequestError

HEARTBEAT = 15.0
"""Seconds between comments: proxies keep the stream open, and a dead client is noticed."""
BEHIND = 64 * 1024
"""Bytes that a listener may be behind, beyond what the kernel holds for it."""
QUEUE = 256
"""Messages kept for a listener until its first one is made."""
RETRY_AFTER = 10
"""Seconds a screen is asked to wait when there are too many."""
BEAT = b":\n\n"

Source = Callable[["Stream"], Awaitable[None]]
"""Begins a stream on the loop: writes what comes first and adds the stream to an audience."""


class Stream:
    """One open stream. Everything here runs on the event loop.

    Args:
        transport: of the client.
        drained: returns once the client has read so much that more may be written.
        aside: runs a function that blocks on a thread of the pool.
        chunked: whether the answer is in chunks (HTTP/1.1); else it ends with the connection.
        heartbeat: seconds between comments.
    """

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        drained: Callable[[], Awaitable[None]],
        aside: Callable[..., Awaitable[Any]],
        *,
        chunked: bool = True,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.drained = drained
        self.aside = aside
        self.ended = False
        self.audience: Audience | None = None
        self._transport = transport
        self._chunked = chunked
        self._held: list[bytes] | None = []
        self._last = b""
        self._heartbeat = heartbeat
        self._timer = self.loop.call_later(heartbeat, self._beat)

    def begin(self, chunk: bytes) -> None:
        """Write what comes first, and after it what came meanwhile."""
        held, self._held = self._held or (), None
        for one in (chunk, *held):
            self.write(one)

    def write(self, chunk: bytes, framed: bytes = b"", once: bool = False) -> None:
        """Send a chunk without waiting; a client that does not keep up (a slow client) loses its stream.

        Args:
            chunk: whole messages.
            framed: the same as a chunk of HTTP, where that is made already.
            once: not while the very same is the last that is still unread.
        """
        if self.ended:
            return
        if self._held is not None:
            if len(self._held) >= QUEUE:
                self.end()
            elif not (once and chunk in self._held):
                self._held.append(chunk)
            return
        behind = self._transport.get_write_buffer_size()
        if behind > BEHIND:
            self._transport.abort()
            self.end()
        elif not (once and behind and chunk == self._last):
            self._last = chunk
            self._transport.write((framed or frame(chunk)) if self._chunked else chunk)

    def end(self) -> None:
        """End the answer properly and close the connection."""
        if self.ended:
            return
        self.ended = True
        self._timer.cancel()
        if self.audience:
            self.audience.remove(self)
        if self._chunked:
            self._transport.write(b"0\r\n\r\n")
        self._transport.close()

    def _beat(self) -> None:
        self._timer = self.loop.call_later(self._heartbeat, self._beat)
        if self._held is None:
            self.write(BEAT)


def frame(chunk: bytes) -> bytes:
    """A chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)


class Audience:
    """The streams that hear the same news."""

    def __init__(self) -> None:
        self._members: set[Stream] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._members)

    def add(self, stream: Stream) -> None:
        """Have a stream hear what is sent from now on; on the loop."""
        with self._lock:
            if not (self._closed or stream.ended):
                stream.audience = self
                self._members.add(stream)
                return
        stream.end()

    def remove(self, stream: Stream) -> None:
        """Forget a stream."""
        with self._lock:
            self._members.discard(stream)

    def send(self, chunk: bytes, once: bool = False) -> None:
        """Send whole messages to everybody, from any thread, without waiting; see :meth:`Stream.write`."""
        with self._lock:
            members = tuple(self._members)
        if members:
            _call(members[0].loop, _write, members, chunk, once)

    def close(self) -> None:
        """End all streams at once, and those that come."""
        with self._lock:
            self._closed = True
            members = tuple(self._members)
        if members:
            _call(members[0].loop, _end, members)


def _write(members: Sequence[Stream], chunk: bytes, once: bool) -> None:
    framed = frame(chunk)
    for stream in members:
        stream.write(chunk, framed, once)


def _end(members: Sequence[Stream]) -> None:
    for stream in members:
        stream.end()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    # A loop that is closed has ended its streams.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)


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

    A quarter of all places is kept for listeners that are known: kiosk, windows, whoever shows a token or a login.
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
        """The answer that carries a stream.

        Raises:
            RequestError: ``too_many_listeners`` or ``stopping``, 503.
        """
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
        if streams:
            _call(streams[0].loop, _end, streams)


def _unknown_address() -> str:
    """Where the present request comes from; ``""`` for somebody known."""
    try:
        asker = gate().asker()
    except RequestError:
        # Bad credentials on a route for anybody are as good as none.
        return asked().remote_addr or "unknown"
    return "" if asker.principal or asker.at_kiosk else asker.address or "unknown"
