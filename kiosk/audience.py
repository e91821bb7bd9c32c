"""Listeners of Server-Sent Events on the web server's event loop, and broadcasts to them from any thread.

A broadcast is encoded once and costs one call into the loop, however many listen. A slow client loses its stream.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

HEARTBEAT = 15.0
"""Seconds between comments: proxies keep the stream open, and a dead client is noticed."""
BEHIND = 64 * 1024
"""Bytes that a listener may be behind, beyond what the kernel holds for it."""
QUEUE = 256
"""Messages kept for a listener until its first one is made."""
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
        end_all(members)


def _write(members: Sequence[Stream], chunk: bytes, once: bool) -> None:
    framed = frame(chunk)
    for stream in members:
        stream.write(chunk, framed, once)


def end_all(streams: Sequence[Stream]) -> None:
    """End streams at once, from any thread."""
    if streams:
        _call(streams[0].loop, _end, streams)


def _end(members: Sequence[Stream]) -> None:
    for stream in members:
        stream.end()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    # A loop that is closed has ended its streams.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)
