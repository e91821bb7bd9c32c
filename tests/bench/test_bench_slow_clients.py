"""Requests of a hall at work beside clients that are silent, or stop half-way through a head or a body.

What stops in a TLS handshake is tested in test_slow_clients.
"""

import resource
import selectors
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from load import Raw
from program import CONFIG, QuhaoProcess
from wires import wait_until

HALVES = (
    b"",
    b"GET /api/v1/ha",
    b"POST /api/v1/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
)


class Slow:
    """Keeps ``count`` such connections open: a new one for each that is cut, twenty each 50 ms."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._wanted = count
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self.opened = 0

    @property
    def open(self) -> int:
        return len(self._selector.get_map())

    def _connect(self) -> None:
        client = socket.create_connection(("127.0.0.1", self._port), 20)
        client.sendall(HALVES[self.opened % len(HALVES)])
        self._selector.register(client, selectors.EVENT_READ)
        self.opened += 1

    def _keep(self) -> None:
        while not self._over.wait(0.05):
            for _ in range(min(20, self._wanted - self.open)):
                self._connect()
            # Cut, or told what is wrong with it.
            for key, _ in self._selector.select(0):
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]

    @contextmanager
    def kept(self) -> "Iterator[Slow]":
        self._thread.start()
        try:
            wait_until(lambda: self.open >= self._wanted * 0.9, 60)
            yield self
        finally:
            self._over.set()
            self._thread.join()
            for key in list(self._selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            self._selector.close()


def told(values: Sequence[float], digits: int = 1) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


@pytest.mark.timeout(600)
def test_bench_slow_clients(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    count, seconds = (2000, 60.0) if whole else (100, 0.5)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # The thread that keeps them open must not hold up the one that measures.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
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
        alone = work(seconds / 4)
        with Slow(quhao.port, count).kept() as slow:
            beside = work(seconds)
            still_open = slow.open
        alone += work(seconds / 4)
        # Of those that were open at first, none is left.
        assert not whole or slow.opened > 2 * count
        kiosk.close()
        window.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    sys.setswitchinterval(interval)
    ours, theirs = (
        (statistics.median(times), sorted(times)[int(len(times) * 0.99)], max(times)) for times in (beside, alone)
    )
    figure(
        f"beside {still_open} slow connections ({slow.opened - still_open} more were cut): p50, p99, longest "
        f"{told(ours)} ms; without them "
        f"{told(theirs)} ms; ratios {told([a / b for a, b in zip(ours, theirs, strict=True)], 2)}"
    )
