"""A light client: raw keep-alive connections, so that what is measured is the server."""

import json
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import psutil


class Raw:
    """One keep-alive connection, over TLS where ``tls`` says how."""

    def __init__(self, port: int, token: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._socket = tls.wrap_socket(self._socket)
        self._head = f"Host: 127.0.0.1:{port}\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
        self._held = b""

    def post(self, path: str, body: dict[str, object] | None = None) -> tuple[int, bytes]:
        """Status and body of a POST."""
        raw = json.dumps(body or {}).encode()
        self._socket.sendall(
            f"POST {path} HTTP/1.1\r\n{self._head}Content-Type: application/json\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n".encode()
            + raw
        )
        while b"\r\n\r\n" not in self._held:
            self._more()
        head, self._held = self._held.split(b"\r\n\r\n", 1)
        status = int(head[9:12])
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            while not self._held.endswith(b"0\r\n\r\n"):
                self._more()
            whole, self._held = self._held, b""
            return status, whole
        length = 0 if status == 204 else int(fields[b"content-length"])
        while len(self._held) < length:
            self._more()
        whole, self._held = self._held[:length], self._held[length:]
        return status, whole

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        self._held += data

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True)
class Turn:
    """What some clients got from a server in some seconds.

    Attributes:
        rate: calls per second.
        cpu: CPU time of the server's processes per call, in ms.
    """

    rate: float
    cpu: float


def rate(
    clients: int,
    seconds: float,
    connect: Callable[[int], Raw],
    step: Callable[[Raw, int], int],
    pids: Sequence[int],
) -> Turn:
    """Let ``clients`` threads call for ``seconds``, each on a connection of its own.

    Args:
        clients: how many.
        seconds: how long.
        connect: gives client ``index`` its connection.
        step: makes some calls on it and gives their number.
        pids: the server's processes.
    """
    over = threading.Event()

    def run(index: int) -> int:
        with closing(connect(index)) as raw:
            # One at least: the machine may have stood still since the begin.
            calls = step(raw, index)
            while not over.is_set():
                calls += step(raw, index)
        return calls

    with ThreadPoolExecutor(clients) as pool:
        begin, used = time.perf_counter(), cpu_seconds(pids)
        running = [pool.submit(run, index) for index in range(clients)]
        over.wait(seconds)
        over.set()
        calls = sum(each.result() for each in running)
        return Turn(calls / (time.perf_counter() - begin), (cpu_seconds(pids) - used) / max(calls, 1) * 1000)


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time, user and system, that these processes have used."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


class Streams:
    """Many event streams, read by one selector."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        try:
            self._open(port, path, count)
        except BaseException:
            self.close()
            raise

    def _open(self, port: int, path: str, count: int) -> None:
        for _ in range(count):
            stream = socket.create_connection(("127.0.0.1", port), 60)
            self._sockets.append(stream)
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        for stream in self._sockets:
            held = b""
            while b"\r\n\r\n" not in held or not held.endswith(b"\n\r\n"):
                piece = stream.recv(4096)
                assert piece, held
                held += piece
            assert held.startswith(b"HTTP/1.1 200"), held[:200]
            stream.setblocking(False)
            self._selector.register(stream, selectors.EVENT_READ)

    def wait_for(self, word: bytes, begin: float, timeout: float = 60.0) -> list[float]:
        """Seconds from ``begin`` until each stream had ``word``."""
        times: list[float] = []
        seen: set[int] = set()
        while len(times) < len(self._sockets):
            ready = self._selector.select(timeout)
            assert ready, f"only {len(times)} streams had {word!r}"
            for key, _ in ready:
                data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                assert data, "a stream ended"
                if word in data and key.fd not in seen:
                    seen.add(key.fd)
                    times.append(time.perf_counter() - begin)
        return times

    def drain(self) -> None:
        """Throw away what is there."""
        while ready := self._selector.select(0.05):
            for key, _ in ready:
                key.fileobj.recv(65536)  # type: ignore[union-attr]

    def close(self) -> None:
        self._selector.close()
        for stream in self._sockets:
            stream.close()
