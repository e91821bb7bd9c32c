"""The registry of devices: a row for each name that ``driver`` may have in the configuration.

A row names the settings of a device (which build its driver) and its simulator as ``"module:Class"``: what a box has
no device of is never imported, and in a hall of real devices no simulator is.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.device import DeviceSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.simulators.simulator import Simulator


@dataclass(frozen=True)
class DriverKind:
    """One kind of device.

    Attributes:
        settings_at: its :class:`~drivers.device.DeviceSettings`.
        simulator_at: its :class:`~drivers.simulators.simulator.Simulator`.
        icon: a line drawing of it, 48 x 48: paths as of SVG.
        traced: how many bytes of a turn a wire trace shows; None for all, where none can be of a resident.
        only_one: what a box has no more than one of, besides its ``backup``, in Chinese and in English.
        apart: the key in which several of one box must differ; "" for none.
        shares_port: whether several with different addresses may be on one port.
        windows_have: whether windows may have some of their own besides.
    """

    settings_at: str
    simulator_at: str
    icon: tuple[str, ...]
    traced: int | None = 0
    only_one: tuple[str, str] | None = None
    apart: str = ""
    shares_port: bool = False
    windows_have: bool = False

    @property
    def settings(self) -> type[DeviceSettings]:
        """The model of its table in the configuration."""
        found: type[DeviceSettings] = _load(self.settings_at)
        return found

    def simulate(self, settings: DeviceSettings, folder: Path, now: "Callable[[], datetime]") -> "Simulator[Any]":
        """A simulator for a device with these settings; it may keep files in ``folder``."""
        found: type[Simulator[Any]] = _load(self.simulator_at)
        return found.of(settings, folder, now)


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


_DOTS = "".join(f"M{x} {y}h.01" for y in (20, 28) for x in range(12, 37, 6))

KINDS = {
    "sam": DriverKind(
        "drivers.card_reader.sam:SamSettings",
        "drivers.simulators.card_reader.sam:SamSimulator",
        ("M6 14h36v22H6z", "M13 30h22", "M15 20h8M15 25h5", "M29 19h6v7h-6z"),
        # A frame up to its status: what was read of a card is behind it.
        traced=10,
        only_one=("读卡器", "card reader"),
        windows_have=True,
    ),
    "pcsc": DriverKind(
        "drivers.card_reader.pcsc:PcscSettings",
        "drivers.simulators.card_reader.pcsc:PcscSimulator",
        ("M8 6h32v20H8z", "M14 12h8v7h-8zM14 15.500h8M18 12v7", "M4 30h40v12H4z", "M12 36h24"),
        only_one=("社保卡读卡器", "reader of chip cards"),
        windows_have=True,
    ),
    "escpos": DriverKind(
        "drivers.printer.driver:EscposSettings",
        "drivers.simulators.printer.simulator:PrinterSimulator",
        ("M12 18V6h24v12", "M6 18h36v18h-6", "M12 36H6V18", "M14 30h20v12H14z", "M19 35h10M19 39h6", "M35 24h2"),
        # Polls and their answers; what a slip says is longer.
        traced=3,
        only_one=("打印机", "printer"),
    ),
    "led-bx": DriverKind(
        "drivers.led.bx:BxSettings",
        "drivers.simulators.led.bx:LedStripSimulator",
        ("M4 13h40v22H4z", _DOTS),
        traced=None,
        shares_port=True,
    ),
    "led-lihe": DriverKind(
        "drivers.led.lihe:LiheSettings",
        "drivers.simulators.led.lihe:LiheLineSimulator",
        ("M4 9h40v12H4z", "M4 27h40v12H4z", "".join(f"M{x} {y}h.01" for y in (15, 33) for x in range(12, 37, 6))),
        traced=None,
        shares_port=True,
    ),
    "scanner": DriverKind(
        "drivers.scanner.driver:ScannerSettings",
        "drivers.simulators.scanner:ScannerSimulator",
        ("M10 10h22l6 8H16z", "M18 18l-4 22h10l3-22", "M40 10v8M44 8v12"),
    ),
    "pad": DriverKind(
        "drivers.pad.line:PadSettings",
        "drivers.simulators.pad:PadLineSimulator",
        ("M12 6h24v36H12z", "M16 11h16v7H16z", "".join(f"M{x} {y}h.01" for y in (25, 31, 37) for x in (18, 24, 30))),
        traced=None,
    ),
    "gpio": DriverKind(
        "drivers.gpio.driver:GpioSettings",
        "drivers.simulators.gpio:GpioSimulator",
        (
            "M10 24a14 14 0 1 0 28 0a14 14 0 1 0-28 0",
            "M18 24a6 6 0 1 0 12 0a6 6 0 1 0-12 0",
            "M24 4v6M24 38v6M4 24h6M38 24h6",
        ),
    ),
    "speaker": DriverKind(
        "drivers.speaker.settings:SpeakerSettings",
        "drivers.simulators.speaker:SpeakerSimulator",
        ("M8 18h8l12-9v30L16 30H8z", "M33 18c3 3 3 9 0 12", "M37 13c6 6 6 16 0 22"),
        apart="zone",
    ),
    "climate": DriverKind(
        "drivers.climate.driver:ClimateSettings",
        "drivers.simulators.climate:ClimateSimulator",
        ("M18 8a4 4 0 0 1 8 0v19a8 8 0 1 1-8 0z", "M22 16v16", "M32 12h8M32 20h6M32 28h4"),
        traced=None,
    ),
    "mqtt": DriverKind(
        "drivers.mqtt.driver:MqttSettings",
        "drivers.simulators.mqtt:MqttSimulator",
        ("M10 38a28 28 0 0 1 28 0", "M14 29a20 20 0 0 1 20 0", "M18 20a12 12 0 0 1 12 0", "M24 42h.01"),
        only_one=("MQTT 连接", "MQTT connection"),
    ),
}
"""By the name that ``driver`` has in the configuration."""
