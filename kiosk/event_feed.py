"""News for screens and pages, as Server-Sent Events (WHATWG HTML, 9.2).

::

    a verb commits ──► EventFeed (one thread: reads the table, encodes once) ──► Audience ──► its streams
    kiosk, window, bench ──► Channel (encodes once) ────────────────────────────────┘   (on the loop, kiosk.audience)

The table of events is the truth: what is committed is told, in order, whoever committed it. A listener that asks for
what it missed today reads the table first and then goes live, without a gap and without hearing anything twice. A
listener that does not keep up loses its stream, never the others theirs; it comes back with ``Last-Event-ID``.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from drivers.errors import kind_and_place
from kiosk.audience import Audience, Source, Stream
from ticketing.events import HallChanged, ScreenChanged, kind_of
from ticketing.model import Event, StoreError

__all__ = ["Channel", "Channels", "EventFeed", "ScreenNews", "Source", "WindowNews", "encode", "encode_event"]

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at the table for what another process committed."""
PAGE = 500
"""Events read from the table at a time."""
GATHER = 0.01
"""Seconds after news before the table is looked at again: a burst of commits is then told together, where a look after
each would cost as much as the commit. No screen shows a picture sooner."""

HELLO = b"retry: 2000\n\n"


class Diary(Protocol):
    """Where the events stand: the office."""

    def events_after(self, seq: int, limit: int) -> Sequence[Event]:
        """At most ``limit`` events with a number above ``seq``, in order."""

    def last_seq(self) -> int:
        """The number of the newest event, 0 when there is none."""

    def last_seq_before_today(self) -> int:
        """The number of the newest event of the days before this hall day, 0 when there is none."""


def encode(event: str, data: Any, seq: int | None = None) -> bytes:
    """One message of a stream; ``data`` is made JSON, on one line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = "" if seq is None else f"id: {seq}\n"
    return f"{head}event: {event}\ndata: {text}\n\n".encode()


def encode_event(event: Event, *, numbered: bool = True) -> bytes:
    """One hall event: its number as ``id`` (unless it has none in the store), its type, and what it is about."""
    told = event.data | {"at": event.at.isoformat(timespec="milliseconds")}
    return encode(event.type, told, event.seq if numbered else None)


class Channel:
    """A private stream: whoever listens hears how things are, and then what is told.

    Args:
        first: gives the first message as ``(event, data)``; None for a stream that begins with the next news.
    """

    def __init__(self, first: Callable[[], tuple[str, Any]] | None = None) -> None:
        self._first = first
        self._audience = Audience()

    def tell(self, event: str, data: Any, once: bool = False) -> None:
        """Send a message to everybody who listens. ``once``: not to those who have the very same unread."""
        if self.listeners:
            self._audience.send(encode(event, data), once)

    def listen(self) -> Source:
        """A stream of it."""
        return self._begin

    def close(self) -> None:
        """End all streams at once."""
        self._audience.close()

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._audience)

    async def _begin(self, stream: Stream) -> None:
        # Known before the first look, so that nothing told meanwhile is lost.
        self._audience.add(stream)
        stream.begin(HELLO + (encode(*await stream.aside(self._first)) if self._first else b""))


class EventFeed:
    """Follows the table of events and tells everybody who listens.

    Args:
        diary: the office.
        on_commit: takes a callback that is called after each commit with events; it wakes the feed.
        look: seconds between looks for the commits of other processes.
        steady: a clock that nobody can set, in seconds.
        now: the hall's time.

    Attributes:
        goes_on: whether this box goes on without the store; what it does then is told by :meth:`tell_aside`.
    """

    def __init__(
        self,
        diary: Diary,
        on_commit: Callable[[Callable[[], None]], None],
        look: float = LOOK,
        steady: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._steady = steady
        self._now = now
        self._diary = diary
        self._look = look
        self._audience = Audience()
        self._followers: list[Callable[[Sequence[Event]], None]] = []
        self._logged: set[tuple[Callable[[Sequence[Event]], None], type[Exception]]] = set()
        self.goes_on: Callable[[], bool] = lambda: False
        self._told = threading.Condition()
        self._wake = threading.Event()
        self._over = threading.Event()
        # Whether the table's end is unknown: the store did not answer, and what is in it is not told as new then.
        self._lost_place = False
        self._seq = self._end_of_table()
        self._abreast = steady()
        self._thread = threading.Thread(target=self._run, name="event feed", daemon=True)
        on_commit(self._wake.set)

    def start(self) -> None:
        """Begin to follow; returns at once."""
        self._abreast = self._steady()
        self._thread.start()

    def follow(self, follower: Callable[[Sequence[Event]], None]) -> None:
        """Have ``follower`` called with new events, in order, on the feed's thread; it must be quick.

        What it raises is logged; the events are then lost for it, and for nobody else.
        """
        self._followers.append(follower)

    @property
    def listeners(self) -> int:
        """How many streams are live: they have caught up."""
        return len(self._audience)

    @property
    def behind(self) -> float:
        """Seconds since it last had told all there was: less than two in the ordinary course.

        More tells that the store does not answer, that a follower holds it up, or that there is too much to tell.
        """
        return self._steady() - self._abreast

    @property
    def seq(self) -> int:
        """The number of the last event of the store that was told."""
        return self._seq

    def tell_aside(self, events: Sequence[Event]) -> None:
        """Tell events that are not in the table: who listens goes on from where they were in it."""
        self._audience.send(b"".join(encode_event(one, numbered=False) for one in events))
        self._tell_followers(events)

    def listen(self, after: int | None = None) -> Source:
        """A stream of what comes after event ``after``, or only of what is new. It may wait for the store.

        A number of an earlier day, and one that the hall has not reached (the store was put back from a backup), gets
        one ``reset`` message, whose ``seq`` is where things go on; a screen then looks at the board again. So nobody
        can have the whole history read.

        Raises:
            StoreError: the store does not answer.
        """
        first = HELLO
        if after is not None and (self.goes_on() or not self._can_go_on(after)):
            after = self._seq
            first += encode("reset", {"seq": after}, after)
        return partial(self._begin, first, self._seq if after is None else after)

    def close(self) -> None:
        """Stop following and end all streams at once."""
        self._over.set()
        self._audience.close()
        with self._told:
            self._told.notify_all()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    async def _begin(self, first: bytes, after: int, stream: Stream) -> None:
        """Write what was missed, page by page; the stream goes live at the moment it has caught up."""
        stream.begin(first)
        while (target := self._join(stream, after)) is not None:
            chunk, after = await stream.aside(self._page, after, target)
            if chunk:
                stream.write(chunk)
                await stream.drained()

    def _page(self, after: int, target: int) -> tuple[bytes, int]:
        """The next messages up to number ``target``, and the number they reach."""
        events = [event for event in self._diary.events_after(after, PAGE) if event.seq <= target]
        # An empty page: numbers without rows.
        return b"".join(map(encode_event, events)), events[-1].seq if events else target

    def _can_go_on(self, after: int) -> bool:
        """Whether ``after`` is of today, or the end of an earlier day, and told."""
        return after >= self._diary.last_seq_before_today() and (after <= self._seq or self._reaches(after))

    def _reaches(self, seq: int) -> bool:
        """Whether ``seq`` is committed, only not told yet; if so, it is told before this returns."""
        if seq > self._diary.last_seq():
            return False
        self._wake.set()
        with self._told:
            return self._told.wait_for(lambda: self._seq >= seq or self._over.is_set(), timeout=5.0)

    def _join(self, stream: Stream, after: int) -> int | None:
        """Go live when nothing is left to catch up with (None), else say up to where the table is to be read."""
        with self._told:
            if after < self._seq and not stream.ended and not self._over.is_set():
                return self._seq
            self._audience.add(stream)
            return None

    def _run(self) -> None:
        troubled = False
        while not self._over.is_set():
            try:
                more = self._pass_on()
                troubled = False
            except Exception as error:  # noqa: BLE001 - the top of a thread
                if not troubled:
                    kind = error.code if isinstance(error, StoreError) else kind_and_place(error)
                    log.warning("event feed: %s; trying again", kind)
                troubled, more = True, False
            if not more:
                self._over.wait(GATHER)
                self._wake.wait(self._look)
            self._wake.clear()

    def _end_of_table(self) -> int:
        try:
            return self._diary.last_seq()
        except StoreError:
            self._lost_place = True
            return 0

    def _pass_on(self) -> bool:
        """Tell what is new; True when there may be more."""
        if self._lost_place:
            seq = self._diary.last_seq()
            with self._told:
                self._seq, self._lost_place = seq, False
            self.tell_aside([Event(0, self._now(), HallChanged.type, {})])
        events = self._diary.events_after(self._seq, PAGE)
        if not events:
            self._abreast = self._steady()
            return False
        chunk = b"".join(map(encode_event, events))
        with self._told:
            # Together: a stream that joins hears it either from the table or from here.
            self._seq = events[-1].seq
            self._audience.send(chunk)
            self._told.notify_all()
        self._tell_followers(events)
        if len(events) == PAGE:
            return True
        self._abreast = self._steady()
        return False

    def _tell_followers(self, events: Sequence[Event]) -> None:
        for follower in self._followers:
            try:
                follower(events)
            except Exception as error:  # noqa: BLE001 - the others are told, and so is what comes next
                if (follower, type(error)) not in self._logged:
                    self._logged.add((follower, type(error)))
                    log.error("event feed: a follower failed: %s", kind_and_place(error))


class Channels:
    """Private streams by name: of the pages of one window, of one terminal."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()
        self._closed = False

    def tell(self, name: str, event: str, data: Any) -> None:
        """Send a message to whoever listens to ``name``."""
        channel = self._channels.get(name)
        if channel is not None:
            channel.tell(event, data)

    def listen(self, name: str) -> Source:
        """A stream of what is told to ``name``."""
        with self._lock:
            channel = self._channels.setdefault(name, Channel())
            if self._closed:
                channel.close()
        return channel.listen()

    def is_heard(self, name: str) -> bool:
        """Whether somebody listens to ``name`` now."""
        channel = self._channels.get(name)
        return channel is not None and channel.listeners > 0

    def names(self) -> list[str]:
        """Those that somebody has listened to."""
        with self._lock:
            return list(self._channels)

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


class WindowNews(Channels):
    """What is for one window's clerk alone, by window.

    Messages: ``refresh`` (look again), ``scan``, ``card``, ``photo`` (what was read), ``press`` (a key did nothing),
    ``help`` (its own call), ``emergency`` (those of other windows), ``screen`` (look at its second screen again).
    Every event of the hall may change what a window page shows, so each is a ``refresh`` there.
    """

    def __init__(self, feed: EventFeed) -> None:
        super().__init__()
        feed.follow(self._hear)

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if kind_of(event.type) is ScreenChanged:
                self.tell(event.data["window"], "screen", {})
        self._refresh()

    def _refresh(self) -> None:
        with self._lock:
            channels = list(self._channels.values())
        for channel in channels:
            # A page that has not yet read one will look at everything anyway.
            channel.tell("refresh", {}, once=True)


class ScreenNews(Channels):
    """What is for the second screens at windows, which face residents; by window.

    The message ``refresh`` (look again) comes with each event of that window, and with those that change everything.
    """

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events, in order; called on the event feed's thread, and returns at once."""
        about = {event.data.get("window") for event in events}
        every = any(kind_of(event.type).changes_all for event in events)
        for window in self.names():
            if every or window in about:
                self.tell(window, "refresh", {})
