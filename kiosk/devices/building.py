"""This box's devices, built from its settings. Which kinds of device there are is known to ``drivers.kinds``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from config.settings import Settings
from drivers.device import Announces, DeviceEvent, DeviceSettings, ReadsAloud, WindowDisplay
from drivers.kinds import KINDS
from drivers.presses import KioskPanel, WindowPanel
from drivers.printer.driver import EscposSettings, Printer
from drivers.shared_line import LineMember, SharedPort, SharesLine
from drivers.supervisor import DeviceState, Resource, Supervisor
from drivers.wire_tap import WireTap
from kiosk.service import Parts

if TYPE_CHECKING:
    from drivers.climate.driver import Climate
    from drivers.mqtt.driver import Broker
    from drivers.port import Port
    from drivers.simulators.simulator import Simulator
    from drivers.speaker.driver import Speaker
    from drivers.speaker.earphones import Earphones


@dataclass
class Devices:
    """This box's devices, built and not yet started.

    Attributes:
        supervisors: one a device, in the order of the settings.
        taps: a wire trace of each, by the device's name.
        simulators: by the device's name; empty in a hall of real devices.
        printers: the box's printer, and behind it what takes over, in that order.
        displays: by window.
        speakers: the box's speakers.
        earphones: those at its kiosk.
        panels: what shows clerks how their window stands, by window.
        kiosk_panels: lamps at the kiosk.
        zones: whose climate this box measures.
        broker: where this box publishes, or None.
        has_reader: whether the box has a card reader.
        folder: where simulators keep their sounds.
    """

    supervisors: list[Supervisor[Any]] = field(default_factory=list)
    taps: dict[str, WireTap] = field(default_factory=dict)
    simulators: "dict[str, Simulator[Any]]" = field(default_factory=dict)
    printers: list[Printer] = field(default_factory=list)
    displays: dict[str, list[WindowDisplay]] = field(default_factory=dict)
    speakers: "list[Speaker]" = field(default_factory=list)
    earphones: "list[Earphones]" = field(default_factory=list)
    panels: dict[str, list[WindowPanel]] = field(default_factory=dict)
    kiosk_panels: list[KioskPanel] = field(default_factory=list)
    zones: "list[Climate]" = field(default_factory=list)
    broker: "Broker | None" = None
    has_reader: bool = False
    folder: "TemporaryDirectory[str] | None" = None

    def start(self) -> None:
        """Simulators first: they are what the drivers open."""
        self._parts = Parts([*self.simulators.values(), *self.supervisors])
        self._parts.start()

    def request_stop(self) -> None:
        """Have every driver end, without waiting for that."""
        for supervisor in self.supervisors:
            supervisor.stopping.set()

    def stop(self) -> None:
        """Stop the drivers, then the simulators."""
        self.request_stop()
        try:
            self._parts.stop()
        finally:
            if self.folder:
                self.folder.cleanup()


def build_devices(
    settings: Settings,
    now: Callable[[], datetime],
    on_event: Callable[[str, DeviceEvent], None] = lambda _device, _event: None,
    on_reader: Callable[[DeviceState], None] = lambda _state: None,
) -> Devices:
    """The drivers of ``settings``, each under its supervisor.

    Args:
        settings: what this box is.
        now: the time, in the hall's zone.
        on_event: a device's name, and what it tells.
        on_reader: how the kiosk's card reader is, the first one of several.

    Both are called on a device's thread, and have to return at once.
    """
    devices = Devices()
    ports: dict[str, SharedPort] = {}
    taps: dict[str, WireTap] = {}
    printers: dict[str, Printer] = {}
    for one in settings.devices:
        assert isinstance(one, DeviceSettings)  # noqa: S101 - the registry's models were handed to the configuration
        device = one.build(partial(on_event, one.name))
        opener: Callable[[], Resource] = one.open_port
        if one.simulated:
            devices.folder = devices.folder or TemporaryDirectory(prefix="quhao-")
            simulator = KINDS[one.driver].simulate(one, Path(devices.folder.name), now)
            devices.simulators[one.name] = simulator
            opener = partial(simulator.open_port, one)
        for sink in device.sinks:
            match sink:
                case Printer():
                    printers[one.name] = sink
                case Announces():
                    devices.speakers.append(cast("Speaker", sink))
                case ReadsAloud():
                    devices.earphones.append(cast("Earphones", sink))
                case WindowDisplay():
                    devices.displays.setdefault(sink.window, []).append(sink)
                case WindowPanel():
                    devices.panels.setdefault(sink.window, []).append(sink)
                case KioskPanel():
                    devices.kiosk_panels.append(sink)
                case _ if one.driver == "climate":
                    # Told by its driver: a box without a zone does not load it.
                    devices.zones.append(cast("Climate", sink))
                case _ if one.driver == "mqtt":
                    devices.broker = cast("Broker", sink)
        # The first one is what residents are asked to lay their card on; another is a way besides.
        watch = on_reader if device.reads_cards and not devices.has_reader else lambda _state: None
        devices.has_reader |= device.reads_cards
        tap = WireTap(KINDS[one.driver].traced)
        opener = tap.around(opener)
        shares = sum(other.port == one.port for other in settings.devices) > 1 and not one.simulated
        if shares and isinstance(device.driver, SharesLine):
            if one.port not in ports:
                ports[one.port] = SharedPort(one.port, one.driver, cast("Callable[[], Port]", opener), now)
                taps[one.port] = tap
            tap = taps[one.port]
            devices.supervisors.append(LineMember(one.name, one.driver, device.driver, ports[one.port], now))
        else:
            devices.supervisors.append(Supervisor(one.name, one.driver, opener, device.driver, now, watch))
        devices.taps[one.name] = tap
    devices.printers = [printers[name] for name in _in_turn(settings)]
    return devices


def _in_turn(settings: Settings) -> list[str]:
    """Names of the printers: the one that is nobody's backup, its backup, and so on."""
    backups = {one.name: one.backup for one in settings.devices if isinstance(one, EscposSettings)}
    name = next((one for one in backups if one not in backups.values()), next(iter(backups), ""))
    turn: list[str] = []
    while name in backups and name not in turn:
        turn.append(name)
        name = backups[name]
    return turn
