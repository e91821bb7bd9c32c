"""One client of the web server: uvicorn's HTTP protocol (httptools), with limits, deadlines and answers from threads.

uvicorn gives the parser's callbacks and the order of pipelined answers. The names it is overridden by are not a
public interface: uvicorn and httptools are pinned in constraints.txt, and ``test_request_smuggling`` and
``test_slow_clients`` fail if they change their meaning.
"""

import asyncio
import logging
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from itertools import chain, islice
from typing import Any

import httptools
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from drivers.errors import kind_and_place
from kiosk.audience import Stream
from kiosk.web.app import UNASKED, Application
from kiosk.web.bridge import THREADS, Headers, Pool, ask, ask_admission, encode_head
from kiosk.web.problems import unparsed
from kiosk.web.streams import Place

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Connections taken or cut before the loop sees to the others: in a flood each request would wait for all of it."""
STALLED = 64
"""Clients that may be slow to read; each may hold a whole answer in memory."""
LARGE = 32
"""Bodies above 64 KiB that may be held at once."""
QUEUED = 256
"""Requests that may wait for a thread; the next one is refused."""
STOPPING = 1.0
"""Seconds that requests under way have to end when the server stops."""
LINE_RATE = 8 * 1024
"""Bytes per second: a client that reads slower than this is taken for one that does not read."""
MAX_HEAD = 32 * 1024
"""Bytes of a request's line and headers."""
SMALL = 64 * 1024
MAX_PIPELINED = 32
MAX_DRAINED = 8 * 1024 * 1024
"""Bytes of a refused request that are thrown away so that the client gets to read the refusal."""


class House:
    """What all connections share: the pool, the application, and who is in which state. On the loop alone.

    Attributes:
        app: the application.
        fresh, idle: connections that wait for their client, the longest first, and until when; those that were never
            answered, and those that were.
        stalled: those whose client does not read its answer, the longest first.
        large: those that hold a large body.
        answered: connections whose last answer a thread has sent; what they wait for now is seen to by ``tick``.
        common: the header lines of every answer.
        wall: the time that answers tell, in seconds since 1970 UTC.
    """

    def __init__(
        self, app: Application, heartbeat: float, patience: float, most_waiting: int, wall: Callable[[], float]
    ) -> None:
        self.app = app
        self.wall = wall
        self.fresh: OrderedDict[Connection, float] = OrderedDict()
        self.idle: OrderedDict[Connection, float] = OrderedDict()
        self.stalled: OrderedDict[Connection, None] = OrderedDict()
        self.large: set[Connection] = set()
        self.answered: deque[Connection] = deque()
        self.common = b""
        self.heartbeat = heartbeat
        self.patience = patience
        self.most_waiting = most_waiting
        self.state = ServerState()
        self.config = Config(
            "", http=Connection, ws="none", lifespan="off", interface="asgi3", proxy_headers=False, log_config=None
        )
        self.config.loaded, self.config.loaded_app = True, None
        self.config.ws_protocol_class = None
        # It quotes requests; what is to be known is logged here by kind.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._replaying = asyncio.Lock()
        self._looked = 0.0
        self.loop: asyncio.AbstractEventLoop
        self.pool: Pool

    def open(self) -> None:
        """Begin, on the loop."""
        self.loop = asyncio.get_running_loop()
        self.pool = Pool(THREADS)

    async def close(self) -> None:
        """Let requests under way end, for a second; cut the rest."""
        for connection in list(self.state.connections):
            connection.shutdown()
        until = self.loop.time() + STOPPING
        while any(one.busy for one in self.state.connections) and self.loop.time() < until:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        for connection in {*self.state.connections, *self.fresh}:
            connection.cut()  # type: ignore[union-attr]
        self.pool.close()
        # The loop closes the sockets of what was cut in its next rounds.
        await asyncio.sleep(0.01)

    async def aside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run on the pool what a stream reads; one at a time, so that many streams leave threads for requests."""
        async with self._replaying:
            return await self.loop.run_in_executor(self.pool, partial(function, *arguments))

    def wait(self, connection: "Connection") -> None:
        """The next step is the client's: it has its time, and what is unread of an answer takes its own."""
        self.go_on(connection)
        waiting = self.idle if connection.cycle else self.fresh
        waiting[connection] = self.loop.time() + self.patience + connection.unread() / LINE_RATE
        if len(self.fresh) + len(self.idle) > self.most_waiting:
            self.cut_longest()

    def cut_longest(self) -> None:
        """Cut the connection that has waited longest: most likely it will not say anything.

        Of the larger kind: a flood of silent connections does not take a kiosk's that was answered before, and a
        flood of answered ones does not take whoever comes now.
        """
        waiting = max(self.fresh, self.idle, key=len)
        if waiting:
            waiting.popitem(last=False)[0].cut()

    def go_on(self, connection: "Connection") -> None:
        """The next step is ours."""
        self.fresh.pop(connection, None)
        self.idle.pop(connection, None)

    def forget(self, connection: "Connection") -> None:
        """The connection is gone."""
        self.go_on(connection)
        self.stalled.pop(connection, None)
        self.large.discard(connection)

    def tick(self) -> bool:
        """Cut some whose time is over, and know the time for the ``Date`` of answers; whether there may be more.

        Their time must have been over at the look before: after that the loop has read all that had come. On a machine
        that stood still, a request may have arrived in time and wait in the kernel.
        """
        while self.answered:
            connection = self.answered.popleft()
            if not (connection.gone or connection.busy):
                self.wait(connection)
        before, self._looked = self._looked, self.loop.time()
        waiting = chain(self.fresh.items(), self.idle.items())
        late = list(islice((one for one, until in waiting if until <= before), AT_ONCE))
        for connection in late:
            self.go_on(connection)
            connection.cut()
        self.common = b"date: %b\r\nserver: quhao\r\n" % formatdate(self.wall(), usegmt=True).encode()
        return len(late) == AT_ONCE


class FramingError(Exception):
    """A request that is refused while it is read: as too large, or because it could be read in two ways."""


class Connection(HttpToolsProtocol):
    """One client. Its request is collected here and handed on only when it is whole.

    ::

        head ─► body of at most UNASKED bytes ─────────────────► Pool: the application answers
             └► a larger one: read no more ─► Pool: who asks, for which route? ─► refuse, or collect what that may have

    Where httptools is lenient and another reader of the same bytes, such as a proxy, may see other requests
    (request smuggling, RFC 9112 11.2), the request is refused and the connection ends.

    uvicorn would begin a task for each request, and an application's answer would come back to it by the loop. Here
    a thread of the pool gets the request, and sends the answer itself as far as the kernel takes it: that saves two
    rounds of the loop and two system calls in each request, and a busy loop delays no answer.
    """

    def __init__(self, house: House, sock: socket.socket) -> None:
        super().__init__(house.config, house.state, {}, house.loop)
        self._house = house
        self._socket = sock
        self._fault = (400, "bad_request")
        self._in_head = False
        self._head = self._fed = 0
        self._body = bytearray()
        self._most = UNASKED
        # Numbers the questions whether a large body may come; 0 while none is open.
        self._question = self._questions = 0
        self._last = self._deaf = self._ended = False
        self._over_at_end = False
        self._drained = 0
        self._place: Place | None = None
        self._filling: asyncio.Task[None] | None = None
        # Held by a thread that sends: the loop closes the socket after connection_lost, and its number may then be
        # another client's.
        self._sending = threading.Lock()
        self._direct = True
        self._running: Any = None
        self.gone = False

    @property
    def busy(self) -> bool:
        """Whether a request waits for its answer."""
        return self.cycle is not None and not self.cycle.response_complete

    def unread(self) -> int:
        """Bytes of answers that the client has not taken yet."""
        return self.transport.get_write_buffer_size() if self.transport else 0

    def cut(self) -> None:
        """Close at once."""
        if self.transport:
            self.transport.abort()
        else:
            # A handshake that is under way then sees the end, as if the client had hung up.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    # The transport's side

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        with self._sending:
            self.gone = True
        super().connection_lost(exc)
        self._house.forget(self)
        if self._filling:
            self._filling.cancel()
        if self._place:
            self._place.close()
        # What refers to itself stays until Python's collector comes.
        self.scope = self.cycle = self.app = self._running = self._filling = self._place = None  # type: ignore[assignment]

    @override
    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that has asked and says no more gets its answers; over TLS the transport ends by itself."""
        self._ended = True
        with self._sending:
            if self.busy and self.scheme == "http" and not self._over_at_end:
                self.cycle.keep_alive = False
                return True
        return False

    @override
    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._drained += len(data)
            if self._drained > MAX_DRAINED:
                self.cut()
            return
        before = self.headers if self._in_head else None
        super().data_received(data)
        if self._in_head and self.headers is before and not self._deaf:
            # The parser keeps a header that does not end, and tells nothing of it.
            self._fed += len(data)
            if self._fed > MAX_HEAD:
                self._refuse(413, "too_large")

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._house.stalled[self] = None
        if len(self._house.stalled) > STALLED:
            next(iter(self._house.stalled)).cut()
        self._house.wait(self)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._house.stalled.pop(self, None)
        if self.busy:
            self._house.go_on(self)
        else:
            self._house.wait(self)

    # The parser's side

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head, self._fed, self._body = True, 0, 0, bytearray()
        self._most, self._question = UNASKED, 0
        if not self.busy:
            self._house.wait(self)

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers could pass for headers.
        if self._in_head:
            super().on_header(name, value)
            self._count(len(name) + len(value))

    @override
    def on_headers_complete(self) -> None:
        """Check the head; the request begins when its body is here, too."""
        self._in_head = False
        named: dict[bytes, list[bytes]] = {}
        for name, value in self.headers:
            named.setdefault(name, []).append(value)
        version = self.parser.get_http_version()
        hosts, coding = named.get(b"host", []), named.get(b"transfer-encoding")
        length = int(named.get(b"content-length", [b"0"])[0])
        # What follows chunks is where readers disagree; what follows an upgrade is not HTTP.
        self._last = coding is not None or self.parser.should_upgrade()
        if (
            version not in ("1.0", "1.1")
            or (len(hosts) != 1 and (hosts or version == "1.1"))
            or (coding and (version == "1.0" or [one.lower() for one in coding] != [b"chunked"]))
            or len(self.pipeline) >= MAX_PIPELINED
        ):
            raise FramingError
        self._limit(length)
        if (coding or length) and not self._question:
            self._invite()

    @override
    def on_body(self, body: bytes) -> None:
        self._limit(len(self._body) + len(body))
        self._body += body

    @override
    def on_message_complete(self) -> None:
        if self._question:
            # It was all in what had been read: the application itself refuses it, if it is to be refused.
            self._question = 0
            self.flow.resume_reading()
        self._house.go_on(self)
        self._deaf = self._last
        self._line_up(partial(self._ask, bytes(self._body), self._last))

    @override
    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        app(cycle)

    @override
    def on_response_complete(self) -> None:
        self._house.large.discard(self)
        if self.transport.is_closing():
            return
        if not self._question:
            self.flow.resume_reading()
        if not self.pipeline:
            if not self.busy:
                self._house.wait(self)
        elif self._running.response_complete:
            self._start_asgi_task(*self.pipeline.pop())

    @override
    def send_400_response(self, msg: str) -> None:
        """The parser gave up; uvicorn's own name for what to do then."""
        self._refuse(*self._fault)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD:
            self._fault = 413, "too_large"
            raise FramingError

    def _invite(self) -> None:
        """Have a client send the body that waits to be asked for it (RFC 9110, 10.1.1)."""
        if self.expect_100_continue and not self.busy:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _limit(self, size: int) -> None:
        """Refuse a body that is larger than this request's may be, or ask first how large that is."""
        house = self._house
        if self._question:
            return
        if size > self._most:
            if self._most != UNASKED:
                self._fault = 413, "too_large"
                raise FramingError
            if house.pool.queued >= QUEUED:
                self._fault = 503, "store_busy"
                raise FramingError
            self._ask_first(size)
            return
        if size > SMALL and self not in house.large:
            if len(house.large) >= LARGE:
                self._fault = 503, "store_busy"
                raise FramingError
            house.large.add(self)

    def _ask_first(self, size: int) -> None:
        """Read no more until a thread has looked at the head: who asks, and what its body may be."""
        try:
            url = httptools.parse_url(self.url)
        except httptools.HttpParserError:
            raise FramingError from None
        scope = {**self.scope, "method": self.parser.get_method().decode("ascii")}
        scope |= {"raw_path": url.path or b"/", "query_string": url.query or b""}
        self._questions += 1
        self._question = self._questions
        self.flow.pause_reading()
        self._house.go_on(self)
        self._house.pool.put(partial(self._look_at_head, self._question, size, scope))

    def _look_at_head(self, question: int, size: int, scope: Any) -> None:
        """On a thread of the pool."""
        self._tell(self._let_body_in, question, size, ask_admission(self._house.app, scope))

    def _let_body_in(self, question: int, size: int, most: int | tuple[int, str]) -> None:
        """Go on reading the body, or refuse it; ``size`` is what is known of it."""
        if self.gone or question != self._question:
            return
        self._question = 0
        try:
            if not isinstance(most, int):
                self._fault = most
                raise FramingError
            # Asked once: from now on what is larger is refused.
            self._most = -1 if most == UNASKED else most
            self._limit(size)
        except FramingError:
            self._refuse(*self._fault)
            return
        self._invite()
        self.flow.resume_reading()
        if not self.busy:
            self._house.wait(self)

    # The answer's side

    def _line_up(self, answer: Callable[[Any], None]) -> None:
        """Have ``answer`` called in its turn, with uvicorn's record of the request (a ``RequestResponseCycle``)."""
        self.app = answer
        HttpToolsProtocol.on_headers_complete(self)
        if self.pipeline and self._running.response_complete:
            # The thread of the request before may have looked just before this one was in line.
            self.on_response_complete()

    def _ask(self, body: bytes, last: bool, cycle: Any) -> None:
        """Hand a request to the pool."""
        if last:
            cycle.keep_alive = False
        if self._house.pool.queued >= QUEUED:
            self._answered(cycle, self._encode(cycle, 503, *unparsed(503, "store_busy")))
            return
        # What is written meanwhile is this answer.
        self._direct = self.scheme == "http" and not self.unread()
        self._house.pool.put(partial(self._work, body, cycle))

    def _work(self, body: bytes, cycle: Any) -> None:
        """Have the application answer, and send that; on a thread of the pool."""
        status, headers, said = ask(self._house.app.wsgi_app, cycle.scope, body)
        if isinstance(said, Place):
            self._tell(self._begin_stream, cycle, headers, said)
            return
        raw = self._encode(cycle, status, headers, said)
        sent = 0
        with self._sending:
            if self._direct and not self.gone:
                # The loop sends the rest, and sees what is wrong with the client.
                with suppress(OSError):
                    sent = self._socket.send(raw)
            if sent == len(raw) and cycle.keep_alive:
                cycle.response_complete = True
        if cycle.response_complete and not self.pipeline and self not in self._house.large:
            # Nothing that the loop would have to be woken for.
            self._house.answered.append(self)
        else:
            self._tell(self._answered, cycle, raw[sent:])

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            self._house.loop.call_soon_threadsafe(function, *arguments)

    def _encode(self, cycle: Any, status: int, headers: Headers, body: bytes) -> bytes:
        """A whole answer."""
        names = {name.lower() for name, _ in headers}
        head_only = cycle.scope["method"] == "HEAD"
        if status in (204, 304):
            headers = [one for one in headers if one[0].lower() != "content-length"]
        elif "content-length" not in names and not head_only:
            headers.append(("content-length", str(len(body))))
        if status == 413 or "connection" in names:
            cycle.keep_alive = False
        if not cycle.keep_alive and "connection" not in names:
            headers.append(("connection", "close"))
        head = encode_head(status, headers, self._house.common)
        return head if head_only else head + body

    def _answered(self, cycle: Any, rest: bytes) -> None:
        """Write what is left of an answer, and go on."""
        if self.gone:
            return
        if rest:
            self.transport.write(rest)
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _begin_stream(self, cycle: Any, headers: Headers, place: Place) -> None:
        """Send the head and have the place filled, until the client or the stream is gone."""
        if self.gone:
            place.close()
            return
        chunked = cycle.scope["http_version"] == "1.1"
        headers.append(("transfer-encoding", "chunked") if chunked else ("connection", "close"))
        self.transport.write(encode_head(200, headers, self._house.common))
        house = self._house
        stream = Stream(self.transport, self.flow.drain, house.aside, chunked=chunked, heartbeat=house.heartbeat)
        self._hear_out()
        self._place = place
        self._filling = house.loop.create_task(_fill(place, stream))

    def _hear_out(self) -> None:
        """Go on reading, so that the client's end is seen, which is now the connection's."""
        self._over_at_end = True
        self.flow.resume_reading()

    def _refuse(self, status: int, code: str) -> None:
        """Answer in its turn, and hear no more: what follows must not be taken for a request."""
        if self._deaf:
            return
        self._deaf = True
        self._house.large.discard(self)
        HttpToolsProtocol.on_message_begin(self)
        self.url = b"/"
        self._line_up(partial(self._say_refused, status, code))

    def _say_refused(self, status: int, code: str, cycle: Any) -> None:
        self.transport.write(self._encode(cycle, status, *unparsed(status, code)))
        if self._ended:
            self.transport.close()
        elif self.transport.can_write_eof():
            # Hanging up on a client that still sends might take the answer from it (TCP reset).
            with suppress(OSError):  # It is gone already (ENOTCONN).
                self.transport.write_eof()
        self._hear_out()
        self._house.wait(self)


async def _fill(place: Place, stream: Stream) -> None:
    try:
        await place.fill(stream)
    except Exception as error:  # noqa: BLE001 - the top of a task: the screen comes again
        log.warning("event stream: %s", kind_and_place(error))
        stream.end()
