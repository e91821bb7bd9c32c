"""News for screens and pages, as Server-Sent Events (WHATWG HTML, 9.2).

::

    a verb commits ──► EventFeed (one thread: reads the table, encodes once) ──► a bounded queue a listener
    kiosk, window, bench ──► Channel (encodes once) ─────────────────────────────────┘  └─► Listener: one stream

The table of events is the truth: what is committed is told, in order, whoever committed it. A listener that asks for
what it missed reads the table first and then goes live, without a gap and without hearing anything twice. A listener
that does not keep up loses its stream, never the others theirs; it comes back with ``Last-Event-ID``.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Protocol, Self

from ticketing.model import Event, StoreError

log = logging.getLogger(__name__)

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent: proxies keep the stream open, and a dead client is noticed."""
LOOK = 1.0
"""Seconds between looks at the table for what another process committed."""
QUEUE = 256
"""Chunks a listener may be behind."""
PAGE = 500
"""Events read from the table at a time."""
GATHER = 0.01
"""Seconds after news before the table is looked at again: a burst of commits is then told together, where a look after
each would cost as much as the commit. No screen shows a picture sooner."""

HELLO = b"retry: 2000\n\n"
BEAT = b":\n\n"


class Diary(Protocol):
    """Where the events stand: the office."""

    def events_after(self, seq: int, limit: int) -> Sequence[Event]:
        """At most ``limit`` events with a number above ``seq``, in order."""

    def last_seq(self) -> int:
        """The number of the newest event, 0 when there is none."""


def encode(event: str, data: Any, seq: int | None = None) -> bytes:
    """One message of a stream; ``data`` is made JSON, on one line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = "" if seq is None else f"id: {seq}\n"
    return f"{head}event: {event}\ndata: {text}\n\n".encode()


def encode_event(event: Event) -> bytes:
    """One hall event: its number as ``id``, its type, and what it is about."""
    return encode(event.type, event.data | {"at": event.at.isoformat(timespec="milliseconds")}, event.seq)


class Listener:
    """One stream: an iterator of chunks of bytes, for one thread, that ends when it is closed or left behind.

    Args:
        first: gives what is sent before anything live, on the stream's own thread; it may take as long as it likes.
        on_close: told once, when the stream is over.
        heartbeat: seconds of silence until a comment is sent.
    """

    def __init__(
        self,
        first: Callable[["Listener"], Iterator[bytes]],
        on_close: Callable[["Listener"], None],
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._first: Iterator[bytes] | None = first(self)
        self._on_close = on_close
        self._heartbeat = heartbeat
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._unread: set[bytes] = set()
        self._ended = False
        self._closed = False
        self._lock = threading.Lock()

    def offer(self, chunk: bytes, once: bool = False) -> None:
        """Queue a chunk, from any thread, without waiting. ``once``: not while the very same is still unread."""
        if self._ended:
            return
        if once:
            if chunk in self._unread:
                return
            self._unread.add(chunk)
        if self._queue.qsize() >= QUEUE:
            self.end()
        else:
            self._queue.put(chunk)

    def end(self) -> None:
        """Let the stream end at once, from any thread; what is still queued is dropped."""
        self._ended = True
        self._queue.put(None)

    def close(self) -> None:
        """The stream's own thread is done with it, or never began."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self.end()
        self._on_close(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            chunk = next(self._first, None)
            if chunk is not None and not self._ended:
                return chunk
            self._first = None
        try:
            chunk = None if self._ended else self._queue.get(timeout=self._heartbeat)
        except Empty:
            return BEAT
        if chunk is None or self._ended:
            self.close()
            raise StopIteration
        self._unread.discard(chunk)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Channel:
    """A private stream: whoever listens hears how things are, and then what is told.

    Args:
        first: gives the first message as ``(event, data)``; None for a stream that begins with the next news.
        heartbeat: see :class:`Listener`.
    """

    def __init__(self, first: Callable[[], tuple[str, Any]] | None = None, heartbeat: float = HEARTBEAT) -> None:
        self._first = first
        self._heartbeat = heartbeat
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._closed = False

    def tell(self, event: str, data: Any, once: bool = False) -> None:
        """Send a message to everybody who listens. ``once``: not to those who have the very same unread."""
        with self._lock:
            if self._listeners:
                chunk = encode(event, data)
                for listener in self._listeners:
                    listener.offer(chunk, once)

    def listen(self) -> Listener:
        """A new stream; close it in the end."""
        listener = Listener(self._beginning, self._forget, self._heartbeat)
        with self._lock:
            self._listeners.add(listener)
            if self._closed:
                listener.end()
        return listener

    def close(self) -> None:
        """End all streams at once."""
        with self._lock:
            self._closed = True
            for listener in self._listeners:
                listener.end()

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    def _beginning(self, _listener: Listener) -> Iterator[bytes]:
        # The listener is already known when this runs, so that nothing told meanwhile is lost.
        yield HELLO + (encode(*self._first()) if self._first else b"")

    def _forget(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)


class EventFeed:
    """Follows the table of events and tells everybody who listens.

    Args:
        diary: the office.
        on_commit: takes a callback that is called after each commit with events; it wakes the feed.
        look: seconds between looks for the commits of other processes.
        heartbeat: see :class:`Listener`.
    """

    def __init__(
        self,
        diary: Diary,
        on_commit: Callable[[Callable[[], None]], None],
        look: float = LOOK,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._diary = diary
        self._look = look
        self._heartbeat = heartbeat
        self._listeners: set[Listener] = set()
        self._followers: list[Callable[[Sequence[Event]], None]] = []
        self._told = threading.Condition()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._closing = False
        self._seq = diary.last_seq()
        self._thread = threading.Thread(target=self._run, name="event feed", daemon=True)
        on_commit(self._wake.set)

    def start(self) -> None:
        """Begin to follow; returns at once."""
        self._thread.start()

    def follow(self, follower: Callable[[Sequence[Event]], None]) -> None:
        """Have ``follower`` called with new events, in order, on the feed's thread; it must be quick and not fail."""
        self._followers.append(follower)

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    def listen(self, after: int | None = None) -> Listener:
        """A new stream of what comes after event ``after``, or only of what is new; close it in the end.

        A number that the hall has not reached (the store was put back from a backup) gets one ``reset`` message,
        whose ``seq`` is where things go on; a screen then looks at the board again.
        """
        start = self._seq if after is None else after
        return Listener(lambda listener: self._beginning(listener, start), self._forget, self._heartbeat)

    def close(self) -> None:
        """Stop following and end all streams at once."""
        with self._told:
            self._closing = True
            for listener in self._listeners:
                listener.end()
            self._told.notify_all()
        self._over.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _beginning(self, listener: Listener, after: int) -> Iterator[bytes]:
        """What was missed, page by page; the listener goes live at the moment it has caught up."""
        yield HELLO
        if after > self._seq and not self._reaches(after):
            after = self._seq
            yield encode("reset", {"seq": after}, after)
        while (target := self._join(listener, after)) is not None:
            events = [event for event in self._diary.events_after(after, PAGE) if event.seq <= target]
            if events:
                yield b"".join(map(encode_event, events))
            # An empty page: numbers without rows.
            after = events[-1].seq if events else target

    def _reaches(self, seq: int) -> bool:
        """Whether ``seq`` is committed, only not told yet; if so, it is told before this returns."""
        if seq > self._diary.last_seq():
            return False
        self._wake.set()
        with self._told:
            return self._told.wait_for(lambda: self._seq >= seq or self._closing, timeout=5.0)

    def _join(self, listener: Listener, after: int) -> int | None:
        """Go live when nothing is left to catch up with (None), else say up to where the table is to be read."""
        with self._told:
            if after < self._seq and not self._closing:
                return self._seq
            self._listeners.add(listener)
            if self._closing:
                listener.end()
            return None

    def _forget(self, listener: Listener) -> None:
        with self._told:
            self._listeners.discard(listener)

    def _run(self) -> None:
        troubled = False
        while not self._closing:
            try:
                more = self._pass_on()
                troubled = False
            except StoreError as error:
                if not troubled:
                    log.warning("event feed: %s; trying again", error.code)
                troubled, more = True, False
            if not more:
                self._over.wait(GATHER)
                self._wake.wait(self._look)
            self._wake.clear()

    def _pass_on(self) -> bool:
        """Tell what is new; True when there may be more."""
        events = self._diary.events_after(self._seq, PAGE)
        if not events:
            return False
        chunk = b"".join(map(encode_event, events))
        with self._told:
            self._seq = events[-1].seq
            for listener in self._listeners:
                listener.offer(chunk)
            self._told.notify_all()
        for follower in self._followers:
            follower(events)
        return len(events) == PAGE


class WindowNews:
    """What is for one window's clerk alone: ``refresh`` (look again) and ``scan`` (what a scanner there read).

    Every event of the hall may change what a window page shows, so each is a ``refresh`` there.
    """

    def __init__(self, feed: EventFeed, heartbeat: float = HEARTBEAT) -> None:
        self._heartbeat = heartbeat
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()
        self._closed = False
        feed.follow(lambda _events: self._refresh())

    def tell(self, window: str, event: str, data: Any) -> None:
        """Send a message to the pages of ``window``."""
        channel = self._channels.get(window)
        if channel is not None:
            channel.tell(event, data)

    def listen(self, window: str) -> Listener:
        """A new stream of one window's news; close it in the end."""
        with self._lock:
            channel = self._channels.setdefault(window, Channel(heartbeat=self._heartbeat))
            if self._closed:
                channel.close()
        return channel.listen()

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        with self._lock:
            return sum(channel.listeners for channel in self._channels.values())

    def close(self) -> None:
        """End all streams at once."""
        with self._lock:
            self._closed = True
            for channel in self._channels.values():
                channel.close()

    def _refresh(self) -> None:
        with self._lock:
            channels = list(self._channels.values())
        for channel in channels:
            # A page that has not yet read one will look at everything anyway.
            channel.tell("refresh", {}, once=True)
