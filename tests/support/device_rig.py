"""Every kind of device at work under faults of its wire and of itself: one rig each, for soaks."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivers.device import DeviceEvent, WindowDisplay
from drivers.errors import OfflineError
from drivers.kinds import KINDS
from drivers.supervisor import Supervisor

Fault = tuple[str, Callable[[], None], Callable[[], None]]
"""Its name, what begins it, and what ends it."""


class FaultyWire:
    """A port between driver and simulator that does to bytes what bad cables, hubs and converters do.

    ``mode`` is one of the names in ``MODES``, or "" for a good wire.
    """

    MODES = ("silent", "deaf", "noisy", "spoilt", "bytewise", "late", "babbling", "hung_up")

    def __init__(self, port: Any, rig: "Rig") -> None:
        self._port = port
        self._rig = rig
        self._held = b""
        self._later = b""

    def read(self, timeout: float) -> bytes:
        mode, chance = self._rig.mode, self._rig.chance
        if mode == "hung_up":
            raise OfflineError("hung_up")
        if mode == "babbling":
            # As fast as a serial line is.
            self._rig.pause(min(timeout, 0.01))
            return chance.randbytes(115)
        data = self._held or self._port.read(timeout)
        self._held = b""
        if not data:
            return b""
        match mode:
            case "silent":
                return b""
            case "noisy":
                return chance.randbytes(chance.randrange(6)) + data
            case "spoilt":
                at = chance.randrange(len(data))
                return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            case "bytewise":
                self._held = data[1:]
                return data[:1]
            case "late":
                # One answer late for as long as it lasts: what came now is handed on when the next has come.
                data, self._later = self._later, data
                return data
        return data

    def write(self, data: bytes, timeout: float) -> None:
        if self._rig.mode == "hung_up":
            raise OfflineError("hung_up")
        if self._rig.mode != "deaf":
            self._port.write(data, timeout)

    def __getattr__(self, name: str) -> Any:
        # What is no byte pipe, such as a sound card, has other methods.
        return getattr(self._port, name)


@dataclass
class Rig:
    """One device of a kind, its simulator, and a wire between them that can be spoilt.

    Attributes:
        simulator: of the device.
        supervisor: at work since ``start``.
        events: what the device told.
        use: uses the device once as a hall does; true when that worked.
        turn: for a ``use`` that must not do the same twice in a row.
        faults: of the device itself; those of the wire are added.
    """

    driver: str
    folder: Path
    settings: dict[str, Any]
    use: Callable[["Rig"], bool]
    faults_of: Callable[["Rig"], list[Fault]] = lambda _rig: []
    seed: int = 1
    mode: str = ""
    turn: int = 0
    events: list[DeviceEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        kind = KINDS[self.driver]
        values = {"name": f"a-{self.driver}", "driver": self.driver, "port": "sim:"} | self.settings
        settings = kind.settings.model_validate(values, context={"folder": self.folder})
        self.chance = random.Random(self.seed)
        self.simulator: Any = kind.simulate(settings, self.folder, lambda: datetime.now(UTC))
        self.device = settings.build(self.events.append)
        self.supervisor: Supervisor[Any] = Supervisor(
            settings.name,
            self.driver,
            lambda: FaultyWire(self.simulator.open_port(settings), self),
            self.device.driver,
            lambda: datetime.now(UTC),
        )
        self._over = threading.Event()
        self.pause = self._over.wait

    @property
    def display(self) -> WindowDisplay:
        return next(sink for sink in self.device.sinks if isinstance(sink, WindowDisplay))

    def start(self) -> None:
        self.simulator.start()
        self.supervisor.start()

    def stop(self) -> None:
        self.mode = ""
        self.supervisor.stop()
        self.simulator.stop()

    def faults(self) -> list[Fault]:
        """Everything that can happen to it."""
        wire: list[Fault] = [
            (mode, lambda mode=mode: self._set(mode), lambda: self._set("")) for mode in FaultyWire.MODES
        ]
        plug: Fault = ("unplugged", self.simulator.unplug, self.simulator.plug_in)
        return [*(wire if hasattr(self.simulator, "url") and self.simulator.url else []), plug, *self.faults_of(self)]

    def _set(self, mode: str) -> None:
        self.mode = mode

    def seconds_until_used(self, patience: float) -> float:
        """Seconds until it is in use again: it says so and does its work. Fails after ``patience`` seconds."""
        begun = time.monotonic()
        while not self.use(self):
            if time.monotonic() - begun > patience:
                raise AssertionError(f"{self.driver} is not back after {patience} s: {self.supervisor.state}")
            self.pause(0.02)
        return time.monotonic() - begun
