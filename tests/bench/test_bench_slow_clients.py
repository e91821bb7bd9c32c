"""Requests of a hall at work beside clients that are silent or stop half-way: head, body, TLS handshake."""

import resource
import socket
import ssl
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from load import Raw
from program import CONFIG, QuhaoProcess

HALVES = (
    b"",
    b"GET /api/v1/ha",
    b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
)


def half_a_handshake() -> bytes:
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    return hello.read()[:100]


class Slow:
    """Keeps ``count`` such connections open: a new one for each that is cut."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._halves = (*HALVES, half_a_handshake())
        self._over = threading.Event()
        self.cut = 0
        self.open: list[socket.socket] = [self._connect(number) for number in range(count)]
        self._thread = threading.Thread(target=self._keep)

    def _connect(self, number: int) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self._port), 20)
        client.sendall(self._halves[number % len(self._halves)])
        client.setblocking(False)
        return client

    def _keep(self) -> None:
        while not self._over.wait(0.5):
            for number, client in enumerate(self.open):
                try:
                    client.recv(65536)
                except BlockingIOError:
                    continue
                except OSError:
                    pass
                # Cut, or told what is wrong with it.
                client.close()
                self.cut += 1
                self.open[number] = self._connect(number)

    @contextmanager
    def kept(self) -> "Iterator[Slow]":
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()
            for client in self.open:
                client.close()


def told(values: Sequence[float], digits: int = 1) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


@pytest.mark.timeout(600)
def test_bench_slow_clients(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    count, seconds = (2000, 60.0) if whole else (100, 0.5)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with QuhaoProcess(tmp_path, config=CONFIG) as quhao:
        desk, clerk = quhao.token("desk"), quhao.token("clerk", "3")
        quhao.start()
        kiosk, window = Raw(quhao.port, desk), Raw(quhao.port, clerk)

        def work(seconds: float) -> list[float]:
            """Times of a kiosk's and a window's requests, at the pace of a busy hall."""
            times: list[float] = []
            over = time.monotonic() + seconds
            while time.monotonic() < over:
                for raw, path, body in (
                    (kiosk, "/api/v1/tickets", {"service": "business-licence"}),
                    (window, "/api/v1/windows/3/call-next", {}),
                    (window, "/api/v1/windows/3/finish", {"outcome": "done"}),
                ):
                    begin = time.perf_counter()
                    assert raw.post(path, dict(body))[0] in (200, 201)
                    times.append((time.perf_counter() - begin) * 1000)
                    time.sleep(0.01)
            return times

        work(min(3.0, seconds))
        alone = work(seconds / 2)
        with Slow(quhao.port, count).kept() as slow:
            beside = work(seconds)
        alone += work(seconds / 2)
        assert not whole or slow.cut > 0
        kiosk.close()
        window.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    ours, theirs = (
        (statistics.median(times), sorted(times)[int(len(times) * 0.99)], max(times)) for times in (beside, alone)
    )
    figure(
        f"beside {count} slow connections ({slow.cut} cut): p50, p99, longest {told(ours)} ms; without them "
        f"{told(theirs)} ms; ratios {told([a / b for a, b in zip(ours, theirs, strict=True)], 2)}"
    )
