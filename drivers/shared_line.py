"""One line, many addresses, one thread: strips on an RS-485 bus, call pads behind each other.

The stations on a line (one for each address) take turns on one port. A station is asked one question at a time, so
that a silent one costs the others one timeout at most, and stations with news go before those that are only polled.
A station that is lost does not end the line; when all are lost, the port is closed and opened again.

Two ways lead to a line with several stations: one device that lists its addresses (``strips = […]``, ``pads = […]``,
whose state is made by :class:`Roll`), and several devices on one ``port``, each with its own state
(:class:`SharedPort`, :class:`LineMember`).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from drivers.errors import DeviceError
from drivers.port import Port
from drivers.supervisor import DeviceState, Link, Supervisor

WATCH = 0.2
"""Seconds between looks at an idle line: has it hung up, has a station said something unasked?"""
WRITE_TIMEOUT = 2.0
MAX_READS = 16
"""How often an idle line is read in a row: a station that talks without end takes no core."""
MAX_NOISE = 65_536
"""Bytes read in answer to one question; what comes above that is left on the line."""

F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
F_contra = TypeVar("F_contra", contravariant=True)


class Decoder(Protocol[F_co]):
    """Finds frames in a stream of bytes."""

    def feed(self, data: bytes) -> Sequence[F_co]:
        """The frames that ``data`` completes."""


class Station(Protocol[F_contra]):
    """One address on a line.

    Attributes:
        address: on the line.
        due: when it wants the line next, by ``time.monotonic()``; 0 at once. May be set from any thread; then set the
            event given to ``begin``.
        urgent: whether it goes before stations that are not.
        lost: why it counts as gone; None while it does not.
        link: where its state is told.
    """

    address: int
    due: float
    lost: DeviceError | None
    link: Link

    @property
    def urgent(self) -> bool:
        """Whether it goes before stations that are not."""

    def begin(self, wake: threading.Event, others: frozenset[int]) -> None:
        """The line was opened. ``wake`` interrupts its idling; ``others`` are the other addresses on it."""

    def turn(self, line: "Line[Any]") -> None:
        """Ask one question; takes about a second at most, then sets ``due``, and ``lost`` where that has changed.

        Raises:
            DeviceError: the line itself is gone.
        """

    def heard(self, frame: F_contra) -> None:
        """Take a frame that nobody asked for, of this address or another."""

    def end(self) -> None:
        """The line was closed."""


class Line(Generic[F]):
    """Questions and answers on one port, from its opening to its loss.

    Attributes:
        stopping: set when the program ends.
        wake: set when a station has got something to say.
        noisy: whether bytes came since the last question that were no frame.
    """

    def __init__(
        self, port: Port, decoder: Decoder[F], stations: Sequence[Station[F]], stopping: threading.Event
    ) -> None:
        self.stopping = stopping
        self.wake = threading.Event()
        self.noisy = False
        self._port = port
        self._decoder = decoder
        self._stations = stations
        self._come: deque[F] = deque()
        self._read = 0

    def send(self, frame: bytes) -> None:
        """Put ``frame`` on the line, after what arrived before it has been drained."""
        self.listen()
        self.noisy = False
        self._read = 0
        self._port.write(frame, WRITE_TIMEOUT)

    def next(self, timeout: float) -> F | None:
        """The next frame to come within ``timeout`` seconds; sooner None when what came completes none."""
        if not self._come:
            if self._read >= MAX_NOISE:
                self.stopping.wait(timeout)
                return None
            data = self._port.read(timeout)
            self._read += len(data)
            self._come.extend(self._decoder.feed(data))
            self.noisy |= bool(data) and not self._come
        return self._come.popleft() if self._come else None

    def listen(self) -> None:
        """Hand what has arrived unasked to all stations."""
        for _ in range(MAX_READS):
            data = self._port.read(0.0)
            if not data:
                break
            self._come.extend(self._decoder.feed(data))
        while self._come:
            self.pass_on(self._come.popleft())

    def pass_on(self, frame: F) -> None:
        """Hand ``frame`` to all stations: it is no answer to what was asked."""
        for station in self._stations:
            station.heard(frame)


def serve_line(stations: Sequence[Station[Any]], decoder: Decoder[Any], port: Port, stopping: threading.Event) -> None:
    """Give each station its turns on ``port`` until ``stopping`` is set.

    Raises:
        DeviceError: the line is gone, or every station on it is lost.
    """
    line = Line(port, decoder, stations, stopping)
    addresses = frozenset(station.address for station in stations)
    order = deque(stations)
    for station in stations:
        station.begin(line.wake, addresses - {station.address})
    try:
        while not stopping.is_set():
            line.wake.clear()
            now = time.monotonic()
            due = [station for station in order if station.due <= now]
            if not due:
                soonest = min(station.due for station in stations)
                if not line.wake.wait(min(WATCH, soonest - now)):
                    line.listen()
                continue
            station = next((one for one in due if one.urgent), due[0])
            order.remove(station)
            order.append(station)
            station.turn(line)
            if station.lost:
                if len(stations) > 1:
                    station.link.offline(station.lost.reason, station.lost.detail)
                if all(one.lost for one in stations):
                    raise station.lost
    finally:
        for station in stations:
            station.end()


@runtime_checkable
class SharesLine(Protocol):
    """A driver whose device may share its port with others of the same driver."""

    def stations(self, link: Link) -> Sequence[Station[Any]]:
        """Its addresses; their state is told to ``link``."""

    def decoder(self) -> Decoder[Any]:
        """A new decoder of what is said on such a line."""


class SharedPort:
    """The driver of a port that several devices share: the stations of all of them, on one thread.

    Args:
        name: of the thread and in the log.
        kind: the devices' driver.
        open_port: opens the port.
        now: the time, with a zone.
    """

    def __init__(self, name: str, kind: str, open_port: Callable[[], Port], now: Callable[[], datetime]) -> None:
        self.members: list[LineMember] = []
        self.supervisor: Supervisor[Port] = Supervisor(name, kind, self._open, self, now, self._spread)
        self._open_port = open_port
        self._are_told = False
        self._lock = threading.Lock()
        self._started = False

    def serve(self, port: Port, link: Link) -> None:
        """Serve all members' stations; see :class:`drivers.supervisor.Driver`."""
        stations = [station for member in self.members for station in member.driver.stations(member)]
        try:
            serve_line(stations, self.members[0].driver.decoder(), port, link.stopping)
        finally:
            # Each knows its own reason then.
            self._are_told = all(station.lost for station in stations)

    def start(self) -> None:
        """Start the thread, the first time."""
        with self._lock:
            if not self._started:
                self._started = True
                self.supervisor.start()

    def _open(self) -> Port:
        self._are_told = False
        return self._open_port()

    def _spread(self, state: DeviceState) -> None:
        """The port could not be opened, or is gone: so are all devices on it."""
        if state.state == "offline" and not self._are_told:
            for member in self.members:
                member.offline(state.reason or "offline", state.detail)


class LineMember(Supervisor[Port]):
    """A device that shares its port: it has its own state, and the port's thread works for it.

    Args:
        name: the device's name.
        kind: its driver's name.
        driver: its stations.
        port: what it shares.
        now: the time, with a zone.
    """

    driver: Any

    def __init__(self, name: str, kind: str, driver: SharesLine, port: SharedPort, now: Callable[[], datetime]) -> None:
        super().__init__(name, kind, self._never, driver, now)  # type: ignore[arg-type]
        self._shared = port
        self.stopping = port.supervisor.stopping
        port.members.append(self)

    def start(self) -> None:
        """Start the port's thread, unless another member has."""
        self._shared.start()

    def stop(self, timeout: float = 3.0) -> None:
        """End the port's thread; with it end all members."""
        self._shared.supervisor.stop(timeout)

    def online(self, detail: str = "") -> None:
        """The device answers and is ready."""
        self._shared.supervisor.online()
        super().online(detail)

    def fault(self, reason: str, detail: str = "") -> None:
        """The device answers, but reports a fault."""
        self._shared.supervisor.online()
        super().fault(reason, detail)

    def _never(self) -> Port:
        raise NotImplementedError


class Roll:
    """The state of one device with several addresses, made of the state of each.

    It is online when all are, and in ``fault`` while some are not: the detail names their addresses. Nothing is told
    before each address has answered, or failed to.

    Args:
        link: the device's.
        addresses: all of them.
        gone: the reason when some addresses do not answer.
    """

    def __init__(self, link: Link, addresses: Sequence[int], gone: str) -> None:
        self._link = link
        self._gone = gone
        self._states: dict[int, tuple[str, str] | None] = dict.fromkeys(addresses)

    def at(self, address: int) -> Link:
        """Where the station at ``address`` tells its state."""
        return _Entry(self, address, self._link.stopping)

    def enter(self, address: int, reason: str, detail: str = "") -> None:
        """Note the state of ``address``: a reason, or "" when it is online; then tell that of the device."""
        self._states[address] = (reason, detail)
        if None in self._states.values():
            return
        states = {at: state for at, state in self._states.items() if state is not None}
        bad = {at: state for at, state in states.items() if state[0]}
        if not bad:
            details = [detail for _, detail in states.values() if detail]
            self._link.online(details[0] if details else "")
            return
        reasons = {reason for reason, _ in bad.values()}
        reason = reasons.pop() if len(reasons) == 1 else self._gone
        said = (detail.removeprefix(f"address {at}").removeprefix(": ") for at, (_, detail) in bad.items())
        more = sorted(set(filter(None, said)))
        self._link.fault(reason, "; ".join([f"address {', '.join(map(str, sorted(bad)))}", *more]))

    def lose(self, address: int, reason: str, detail: str) -> None:
        """Note that ``address`` does not answer, while others may."""
        self.enter(address, self._gone if reason == "silent" else reason, detail)


class _Entry:
    """The link of one address of a :class:`Roll`."""

    def __init__(self, roll: Roll, address: int, stopping: threading.Event) -> None:
        self.stopping = stopping
        self._roll = roll
        self._address = address

    def online(self, detail: str = "") -> None:
        """See :meth:`drivers.supervisor.Link.online`."""
        self._roll.enter(self._address, "", detail)

    def fault(self, reason: str, detail: str = "") -> None:
        """See :meth:`drivers.supervisor.Link.fault`."""
        self._roll.enter(self._address, reason, detail)

    def offline(self, reason: str, detail: str = "") -> None:
        """See :meth:`drivers.supervisor.Link.offline`."""
        self._roll.lose(self._address, reason, detail)
