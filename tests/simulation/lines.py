"""Lines between a box and its devices: bytes that take their time, arrive in pieces, and get lost with the plug."""

from collections.abc import Callable
from typing import ClassVar

from drivers.errors import OfflineError
from tests.simulation.scheduler import Scheduler, Task

PIECE = 96
"""Bytes that arrive at once, at most."""
LATENCY = 0.002
"""Seconds until a piece arrives, and between pieces."""


class VirtualPlug:
    """The device's end of a line: what the simulators' own plugs are, without a socket.

    Args:
        received: given what the host sent, as it arrives.
    """

    scheduler: ClassVar[Scheduler]
    url = "virtual:"

    def __init__(self, received: Callable[[bytes], None], port: int = 0) -> None:
        self._received = received
        self.plugged = False
        self._host: VirtualPort | None = None

    def start(self) -> None:
        self.plugged = True

    def plug_in(self) -> None:
        self.plugged = True

    def stop(self) -> None:
        self.unplug()

    def unplug(self) -> None:
        self.plugged = False
        self.hang_up()

    def hang_up(self, reset: bool = False) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.lose("unplugged")

    def forget_host(self) -> None:
        self._host = None

    def send(self, data: bytes) -> bool:
        if self._host is None:
            return False
        self._host.arrive(data)
        return True

    def open(self) -> "VirtualPort":
        """The host's end; raises OfflineError while the plug is out, or another host is connected."""
        if not self.plugged:
            raise OfflineError("unreachable")
        if self._host is not None and self._host.alive():
            raise OfflineError("busy")
        self._host = VirtualPort(self.scheduler, self)
        return self._host

    def take(self, host: "VirtualPort", data: bytes) -> None:
        """What arrives from the host."""
        if self._host is host:
            self._received(data)


class VirtualPort:
    """The host's end of a line: a :class:`drivers.port.Port`."""

    def __init__(self, scheduler: Scheduler, plug: VirtualPlug) -> None:
        self._scheduler = scheduler
        self._plug = plug
        self._owner = scheduler.current.process
        self._came = bytearray()
        self._lost: str | None = None
        self._readers: list[Task] = []

    def alive(self) -> bool:
        """Whether the host still holds it: the kernel closes what a killed process had open."""
        return self._owner.alive and self._lost is None

    def read(self, timeout: float) -> bytes:
        if not self._came and self._lost is None and timeout > 0:
            self._scheduler.wait(self._readers, timeout)
        if self._came:
            data = bytes(self._came)
            self._came.clear()
            return data
        if self._lost is not None:
            raise OfflineError(self._lost)
        return b""

    def write(self, data: bytes, timeout: float) -> None:
        size = PIECE
        for begin in range(0, len(data), size):
            if self._lost is not None:
                raise OfflineError(self._lost)
            # A process that is killed here has sent what came before.
            if len(data) > 8:
                self._scheduler.sleep(LATENCY)
            self._plug.take(self, data[begin : begin + size])

    def close(self) -> None:
        self.lose("closed")

    def arrive(self, data: bytes) -> None:
        """Take what the device sent."""
        self._came += data
        for task in list(self._readers):
            self._scheduler.wake(task)

    def lose(self, why: str) -> None:
        """The other end is gone."""
        self._lost = self._lost or why
        for task in list(self._readers):
            self._scheduler.wake(task)
