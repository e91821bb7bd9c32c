"""Wires for tests: the ways in which the same bytes may arrive, and waiting without luck.

A device's answer may come whole, one byte at a time, or between scraps of noise. Drivers must not care, so their
tests run over all of :data:`WIRES`.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from drivers.errors import OfflineError
from drivers.port import Port
from drivers.supervisor import BACKOFF, DeviceState, Driver, Supervisor

_PAUSE = threading.Event()


def wait_until(predicate: Callable[[], object], timeout: float = 30.0) -> None:
    """Return as soon as ``predicate()`` is true; fail the test after ``timeout`` seconds."""
    begun = time.monotonic()
    while not predicate():
        waited = time.monotonic() - begun
        if waited > timeout:
            raise AssertionError(f"not within {timeout} s: {predicate}")
        # What takes long is asked for less often: to ask may be a request, which others do without meanwhile.
        _PAUSE.wait(min(max(0.005, waited / 20), 0.02))


def now() -> datetime:
    """The time, with a zone."""
    return datetime.now(UTC)


def within(seconds: float, predicate: Callable[[], object]) -> bool:
    """Whether ``predicate()`` is true within ``seconds`` in which this machine runs.

    For what has to be quick by itself, such as the end of a program: while all processes stand still, and while this
    thread gets no turn, time is not counted.
    """
    left = seconds
    while not predicate():
        if left <= 0:
            return False
        begun = time.monotonic()
        _PAUSE.wait(0.005)
        left -= min(time.monotonic() - begun, 0.01)
    return True


def zone_of_the_forenoon() -> str:
    """A time zone in which it is ten o'clock and some minutes: no test begins before a midnight and ends after it."""
    east = (10 - now().hour + 12) % 24 - 12
    # POSIX counts hours to the west.
    return f"Etc/GMT{-east:+d}"


FORENOON = zone_of_the_forenoon()


class WholeWire:
    """Hands on what the port has, as it came."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def read(self, timeout: float) -> bytes:
        """See :meth:`drivers.port.Port.read`."""
        return self._port.read(timeout)

    def write(self, data: bytes, timeout: float) -> None:
        """See :meth:`drivers.port.Port.write`."""
        self._port.write(data, timeout)

    def close(self) -> None:
        """See :meth:`drivers.port.Port.close`."""
        self._port.close()


class LateWire(WholeWire):
    """Gives the last byte of each answer when the next one comes."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self._last = b""

    def read(self, timeout: float) -> bytes:
        """See :meth:`drivers.port.Port.read`."""
        data = super().read(timeout)
        if not data:
            return b""
        whole = self._last + data
        self._last = whole[-1:]
        return whole[:-1]


class ByteWire(WholeWire):
    """Hands on one byte at a time."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self._waiting = b""

    def read(self, timeout: float) -> bytes:
        """See :meth:`drivers.port.Port.read`."""
        if not self._waiting:
            self._waiting = super().read(timeout)
        first, self._waiting = self._waiting[:1], self._waiting[1:]
        return first


class NoisyWire(WholeWire):
    """Puts a scrap of noise before what arrives after each write, as a loose plug does.

    Args:
        scraps: what to choose from; give those that the protocol at hand must survive.
        seed: the same seed makes the same noise.
    """

    SCRAPS: tuple[bytes, ...] = (b"", b"\x00", b"\xff\x00\xff", bytes(range(1, 9)))

    def __init__(self, port: Port, scraps: tuple[bytes, ...] = SCRAPS, seed: int = 1) -> None:
        super().__init__(port)
        self._scraps = scraps
        self._random = random.Random(seed)
        self._due = False

    def read(self, timeout: float) -> bytes:
        """See :meth:`drivers.port.Port.read`."""
        data = super().read(timeout)
        if data and self._due:
            self._due = False
            return self._random.choice(self._scraps) + data
        return data

    def write(self, data: bytes, timeout: float) -> None:
        """See :meth:`drivers.port.Port.write`."""
        self._due = True
        super().write(data, timeout)


WIRES: tuple[type[WholeWire], ...] = (WholeWire, ByteWire, NoisyWire)


class DeadWire:
    """A port whose other end is gone: reading and writing say so."""

    def read(self, timeout: float) -> bytes:
        """See :meth:`drivers.port.Port.read`."""
        raise OfflineError("unplugged")

    def write(self, data: bytes, timeout: float) -> None:
        """See :meth:`drivers.port.Port.write`."""
        raise OfflineError("unplugged")

    def close(self) -> None:
        """See :meth:`drivers.port.Port.close`."""


def chunks(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Cut ``data`` into pieces of ``sizes`` (each at least 1), over and over."""
    place, turn = 0, 0
    while place < len(data):
        size = max(1, sizes[turn % len(sizes)]) if sizes else len(data)
        yield data[place : place + size]
        place, turn = place + size, turn + 1


class Ticking:
    """A clock in the test's hand: each look at it takes 5 ms, however long the machine stood still in between."""

    def __init__(self) -> None:
        self._at = 1000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.pass_on(0.005)

    def pass_on(self, seconds: float) -> float:
        """Put it forward; what it says then."""
        with self._lock:
            self._at += seconds
            return self._at

    def looked_at(self, times: int = 20) -> None:
        """Until somebody has looked at it so many times."""
        begun = self._at
        wait_until(lambda: self._at > begun + 0.005 * times)


class Watched(Supervisor[Any]):
    """A supervisor that remembers every state, since one may be over before a test looks.

    Attributes:
        seen: all states so far, oldest first.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        open_port: Callable[[], Any],
        driver: Driver[Any],
        backoff: Sequence[float] = BACKOFF,
    ) -> None:
        self.seen: list[DeviceState] = []
        super().__init__(name, kind, open_port, driver, now, self.seen.append, backoff)

    @property
    def reasons(self) -> list[str]:
        """The reason of each state so far; "online" where there was none."""
        return [state.reason or state.state for state in self.seen]


class SpyLink:
    """A :class:`drivers.supervisor.Link` that remembers what the driver said.

    Attributes:
        said: ``("online", "")`` or ``("fault", reason)``, oldest first.
    """

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.said: list[tuple[str, str]] = []

    def online(self, detail: str = "") -> None:
        """See :meth:`drivers.supervisor.Link.online`."""
        self.said.append(("online", ""))

    def fault(self, reason: str, detail: str = "") -> None:
        """See :meth:`drivers.supervisor.Link.fault`."""
        self.said.append(("fault", reason))

    def offline(self, reason: str, detail: str = "") -> None:
        """See :meth:`drivers.supervisor.Link.offline`."""
        self.said.append(("offline", reason))
