"""The bytes of a web client, in and out, without ever waiting for a slow one.

A request is collected as its pieces arrive and handed on only when it is whole; until then its connection lies in the
selector and costs no thread. Where it ends is decided here alone (RFC 9112, 6): what could be read in two ways is
refused. An answer is written as fast as its client takes it; one that has to wait for that says so to the pool.
"""

import io
import re
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum, auto

MAX_HEAD = 32 * 1024
"""Bytes of a request's line and headers."""
MAX_FRAMING = 4096
"""Bytes of a chunk's size line, or of the trailers."""
MAX_DRAINED = 8 * 1024 * 1024
"""Bytes of a refused body that are thrown away so that the client gets to read the refusal."""
PIECE = 64 * 1024
LINE_RATE = 8 * 1024
"""Bytes per second: a client that reads slower than this is taken for one that does not read."""

_END = b"\r\n\r\n"
_FRAMING = re.compile(rb"\r\n(host|content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_NOT_YET = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Came(Enum):
    """What there is of a request."""

    NOTHING = auto()
    PART = auto()
    WHOLE = auto()
    END = auto()


class Incoming:
    """What a client has sent and nobody has answered yet.

    Args:
        sock: the client's socket, which does not block.
        most: the longest body that is collected, in bytes. The start of a request with a longer one is handed on at
            once, so that it can be refused.

    Attributes:
        request: the request at hand, head and body; chunks are put together.
        length: of a body that came in chunks; None when the head tells it.
        unread: whether the client is still sending a body that nobody wants.
        fault: why the request at hand cannot be read, as the code of a refusal.
    """

    def __init__(self, sock: socket.socket, most: int) -> None:
        self._socket = sock
        self._most = most
        self._data = bytearray()
        self._looked = 0
        self._head = b""
        self._body = bytearray()
        self._left: int | None = 0
        self._drained = 0
        self.request = io.BytesIO()
        self.length: int | None = None
        self.unread = False
        self.fault: str | None = None

    def gather(self) -> Came:
        """Take what has arrived, as far as the end of one request.

        Raises:
            OSError: the connection is broken.
        """
        while not (self._data and self._is_whole()):
            try:
                piece = self._socket.recv(PIECE)
            except _NOT_YET:
                return Came.PART if self._data or self._head else Came.NOTHING
            if not piece:
                return Came.END
            self._data += piece
        return Came.WHOLE

    def drain(self) -> bool:
        """Throw away what has arrived; False when nothing more will, or too much did.

        Raises:
            OSError: the connection is broken.
        """
        self._data.clear()
        while self._drained < MAX_DRAINED:
            try:
                piece = self._socket.recv(PIECE)
            except _NOT_YET:
                return True
            if not piece:
                return False
            self._drained += len(piece)
        return False

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the request at hand."""
        return self.request.read(size)

    def readline(self, size: int = -1) -> bytes:
        """The next line of the request at hand."""
        return self.request.readline(size)

    def has_data(self) -> bool:
        """Whether something is here that was not looked at: the selector would not tell of it."""
        if self._head or self._looked:
            return False
        return bool(self._data) or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0)

    def close(self) -> None:
        """Forget everything."""
        self._data.clear()
        self._body.clear()
        self.request.close()

    def _is_whole(self) -> bool:
        if not self._head and not self._take_head():
            return False
        if self.fault:
            self.unread = True
        elif self._left is None:
            try:
                if not self._take_chunks():
                    return False
            except ValueError:
                self.fault, self.unread = "bad_request", True
        elif not self.unread:
            if len(self._data) < self._left:
                return False
            self._body += self._data[: self._left]
            del self._data[: self._left]
        self.request = io.BytesIO(self._head + self._body)
        self._head, self._looked = b"", 0
        self._body.clear()
        return True

    def _take_head(self) -> bool:
        """Cut the head off, once it is here, and see what body follows."""
        data = self._data
        end = data.find(_END, max(0, self._looked - 3))
        if end < 0 and len(data) <= MAX_HEAD:
            self._looked = len(data)
            return False
        self.length, self.fault = None, None
        if end < 0 or end > MAX_HEAD:
            self._head, self.fault = b"\r\n", "too_large"
            return True
        self._head = bytes(data[: end + 4])
        del data[: end + 4]
        self._see_framing(self._head)
        return True

    def _see_framing(self, head: bytes) -> None:
        said: dict[bytes, list[bytes]] = {}
        for name, value in _FRAMING.findall(head):
            said.setdefault(name.lower(), []).append(value.strip())
        lengths, coding = said.get(b"content-length"), said.get(b"transfer-encoding")
        self._left = 0
        if (
            (lengths and (coding or len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0])))
            or len(said.get(b"host", ())) > 1
            or (b"host" not in said and head.partition(b"\r\n")[0].endswith(b"HTTP/1.1"))
            # A line that goes on in the next one could be read in two ways.
            or b"\r\n " in head
            or b"\r\n\t" in head
        ):
            self.fault = "bad_request"
        elif coding:
            if coding == [b"chunked"] or coding[0].lower() == b"chunked":
                self._left = None
            else:
                self.unread = True
        elif lengths:
            self._left = int(lengths[0])
            self.unread = self._left > self._most
        if b"expect" in said and not self.fault and not self.unread and self._left != 0:
            self._ask_for_body()

    def _ask_for_body(self) -> None:
        try:
            self._socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        except _NOT_YET:
            return

    def _take_chunks(self) -> bool:
        """Put the chunks that are here into the body; whether that was the last one (RFC 9112, 7.1).

        Raises:
            ValueError: these are no chunks.
        """
        data = self._data
        while True:
            line = data.find(b"\r\n")
            if line < 0 or line > MAX_FRAMING:
                if len(data) > MAX_FRAMING:
                    raise ValueError
                return False
            size_text = bytes(data[:line]).partition(b";")[0].strip()
            if not _CHUNK_SIZE.fullmatch(size_text):
                raise ValueError
            size = int(size_text, 16)
            if size == 0:
                end = data.find(_END, line)
                if end < 0:
                    if len(data) > MAX_FRAMING:
                        raise ValueError
                    return False
                del data[: end + 4]
                self.length = len(self._body)
                return True
            if len(self._body) + size > self._most:
                self.length, self.unread = self._most + 1, True
                return True
            stop = line + 2 + size
            if len(data) < stop + 2:
                return False
            if data[stop : stop + 2] != b"\r\n":
                raise ValueError
            self._body += data[line + 2 : stop]
            del data[: stop + 2]


class Outgoing:
    """What a client is sent.

    Args:
        sock: the client's socket, which does not block.
        waiting: entered while a thread waits for the client to read.
        patience: seconds a client may take to begin to read.
    """

    def __init__(
        self, sock: socket.socket, waiting: Callable[[], AbstractContextManager[None]], patience: float
    ) -> None:
        self._socket = sock
        self._waiting = waiting
        self._patience = patience

    def write(self, data: bytes) -> int:
        """Send all of ``data``.

        Raises:
            OSError: the connection is broken, or the client does not read.
        """
        sent = self._send(memoryview(data))
        if sent < len(data):
            self._send_slowly(memoryview(data)[sent:])
        return len(data)

    def close(self) -> None:
        """Nothing is kept here."""

    def _send(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except _NOT_YET:
            return 0

    def _send_slowly(self, rest: memoryview) -> None:
        with self._waiting():
            poll = select.poll()
            poll.register(self._socket.fileno(), select.POLLOUT)
            deadline = time.monotonic() + self._patience + len(rest) / LINE_RATE
            while rest:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError("timed out")
                poll.poll(left * 1000)
                rest = rest[self._send(rest) :]
