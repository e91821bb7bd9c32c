"""A zone with a sensor and an air conditioner: Modbus on a real pty or socket, or an SHT3x on a simulated I²C bus.

The bus is simulated beneath ``drivers.climate.i2c_bus``: nothing of I²C passes through the kernel.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from drivers.climate import modbus, sht3x
from drivers.climate.driver import ClimateSettings
from drivers.climate.modbus import Framing
from drivers.device import DeviceSettings
from drivers.errors import OfflineError
from drivers.simulators.panel import Lamp, Part, Press, Reading, Slide
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.simulator import Simulator
from drivers.supervisor import Resource

TEMPERATURES, HUMIDITIES = (-45.0, 130.0), (0.0, 150.0)
"""What a hand can set; a broken sensor says more than there is."""
_REQUEST = 5
"""Bytes of the requests that are understood: function, address, value."""


class ClimateSimulator(Simulator[PlugPty | PlugTcp]):
    """The zone.

    Args:
        unit: answers to this address alone.
        temperature, humidity: in which registers they are; ``set_point`` likewise, ``relay`` in which coil.
        table: the function that reads them; the other one is refused, or gives zeros where ``zeros``.
        framing: None for a pty with RTU, else of a TCP port.
        zeros: answer for registers that are not there.
        on_change: called after anything visible has changed.

    Attributes:
        degrees, percent: what the sensor says.
        asked: requests that were answered.
    """

    place = "climate"
    hands = (*Simulator.hands, "silence", "speak", "break_sensor", "repair_sensor")

    def __init__(
        self,
        *,
        unit: int = 1,
        temperature: int = 0,
        humidity: int | None = 1,
        scale: float = 0.1,
        relay: int | None = 0,
        set_point: int | None = 16,
        table: int = modbus.READ_INPUT,
        framing: Framing | None = None,
        zeros: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        plug = PlugTcp(self._receive, self._begin) if framing else PlugPty(self._receive, "climate")
        super().__init__(plug, on_change)
        self.degrees, self.percent = 25.0, 45.0
        self.silent = False
        self.broken = False
        self.asked = 0
        self.coils = {} if relay is None else {relay: False}
        self.holding = {} if set_point is None else {set_point: 0}
        self._set_point = set_point
        self._unit = unit
        self._temperature, self._humidity, self._scale = temperature, humidity, scale
        self._table = table
        self._tcp = framing == "tcp"
        self._zeros = zeros
        self._held = bytearray()

    @classmethod
    def of(cls, settings: ClimateSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        table = settings.modbus
        if table is None:
            return cls(relay=None if settings.sht3x else 0, set_point=None)
        function = modbus.READ_HOLDING if table.registers == "holding" else modbus.READ_INPUT
        return cls(
            unit=table.unit,
            temperature=table.temperature,
            humidity=None if table.humidity < 0 else table.humidity,
            scale=table.scale,
            relay=table.relay,
            set_point=table.set_point,
            table=function,
        )

    def open_port(self, settings: DeviceSettings) -> Resource:
        """A real port, or the simulated bus."""
        if isinstance(settings, ClimateSettings) and settings.sht3x:
            return _Bus(self, settings.sht3x)
        return super().open_port(settings)

    # Hands

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand by its name; ``set_temperature`` and ``set_humidity`` need a ``value``."""
        if hand == "set_temperature":
            self.degrees = _within(body["value"], TEMPERATURES)
        elif hand == "set_humidity":
            self.percent = _within(body["value"], HUMIDITIES)
        else:
            super().use(hand, body)
            return
        self.on_change()

    def silence(self) -> None:
        """Answer nothing any more."""
        self.silent = True
        self.on_change()

    def speak(self) -> None:
        """Answer again."""
        self.silent = False
        self.on_change()

    def break_sensor(self) -> None:
        """Break the sensor's cable: it reads the lowest there is, -45 °C."""
        self.broken = True
        self.on_change()

    def repair_sensor(self) -> None:
        """Put the cable right."""
        self.broken = False
        self.on_change()

    # Eyes

    @property
    def relay(self) -> bool | None:
        """Whether the air conditioner runs; None where it has no relay."""
        return next(iter(self.coils.values()), None)

    @property
    def set_point(self) -> float | None:
        """What its set point is, in °C; None where it has none."""
        return None if self._set_point is None else self.holding[self._set_point] * self._scale

    def measured(self) -> tuple[float, float]:
        """What the sensor says: °C and %."""
        return (-45.0, 0.0) if self.broken else (self.degrees, self.percent)

    def look(self) -> dict[str, Any]:
        """What the sensor says, and what the air conditioner does."""
        temperature, humidity = self.measured()
        return {
            "temperature": temperature,
            "humidity": humidity,
            "on": self.relay,
            "set_point": self.set_point,
            "silent": self.silent,
            "broken": self.broken,
        }

    def panel(self) -> Sequence[Part]:
        """What its sensor says, to be set by hand, and what its air conditioner does."""
        temperature, humidity = self.measured()
        set_point = [] if self.set_point is None else [Reading("设定", "Set to", f"{self.set_point:.1f} °C")]
        return [
            *([] if self.relay is None else [Lamp("空调", "Air conditioner", self.relay)]),
            *set_point,
            Slide("温度 °C", "Temperature, °C", "set_temperature", 10, 40, 0.5, temperature),
            Slide("湿度 %", "Humidity, %", "set_humidity", 10, 95, 1, humidity),
            Press("传感器断线", "Broken sensor", "repair_sensor" if self.broken else "break_sensor", {}, self.broken),
            Press("不应答", "Silent", "speak" if self.silent else "silence", {}, self.silent),
        ]

    # The wire

    def say(self, data: bytes) -> bool:
        """Send these very bytes; False when nobody is there."""
        return self._plug.send(data)

    def _begin(self) -> None:
        self._held.clear()

    def _receive(self, data: bytes) -> None:
        self._held += data
        if self._tcp:
            self._receive_tcp()
            return
        size = 1 + _REQUEST + 2
        while len(self._held) >= size:
            frame = bytes(self._held[:size])
            if modbus.crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
                del self._held[0]
                continue
            del self._held[:size]
            answer = self._answer(frame[0], frame[1:-2])
            if answer:
                body = frame[:1] + answer
                self._plug.send(body + modbus.crc16(body).to_bytes(2, "little"))

    def _receive_tcp(self) -> None:
        while len(self._held) >= 7 + _REQUEST:
            frame = bytes(self._held[: 7 + _REQUEST])
            if frame[2:6] != b"\x00\x00\x00\x06":
                self._held.clear()
                return
            del self._held[: 7 + _REQUEST]
            if answer := self._answer(frame[6], frame[7:]):
                self._plug.send(frame[:4] + (1 + len(answer)).to_bytes(2, "big") + frame[6:7] + answer)

    def _answer(self, unit: int, request: bytes) -> bytes:
        """The PDU in answer to ``request``; b"" for silence."""
        if self.silent or unit != self._unit:
            return b""
        self.asked += 1
        function = request[0]
        address, value = int.from_bytes(request[1:3], "big"), int.from_bytes(request[3:5], "big")
        match function:
            case modbus.READ_COILS if address in self.coils and value == 1:
                return bytes((function, 1, self.coils[address]))
            case modbus.READ_HOLDING | modbus.READ_INPUT:
                registers = self._registers(function, range(address, address + value))
                if registers:
                    return bytes((function, 2 * value)) + b"".join(one.to_bytes(2, "big") for one in registers)
            case modbus.WRITE_COIL if address in self.coils:
                self.coils[address] = value == 0xFF00
                self.on_change()
                return request
            case modbus.WRITE_REGISTER if address in self.holding:
                self.holding[address] = value
                self.on_change()
                return request
        return bytes((function | modbus.REFUSED, 2))

    def _registers(self, function: int, wanted: range) -> list[int]:
        """The registers wanted; [] if they are not there."""
        there = dict(self.holding) if function == modbus.READ_HOLDING else {}
        if function == self._table:
            temperature, humidity = self.measured()
            there[self._temperature] = round(temperature / self._scale) & 0xFFFF
            if self._humidity is not None:
                there[self._humidity] = round(humidity / self._scale) & 0xFFFF
        found = [there.get(address, 0 if self._zeros else -1) for address in wanted]
        return [] if -1 in found else found


class _Bus:
    """The I²C bus with the sensor: an :class:`~drivers.climate.i2c_bus.I2cBus`."""

    def __init__(self, zone: ClimateSimulator, address: int) -> None:
        self._zone = zone
        self._address = address
        self._measured = b""
        self._lock = threading.Lock()
        if not zone.plugged:
            raise OfflineError("not_found", "unplugged")

    def send(self, address: int, data: bytes) -> None:
        """Take a command."""
        self._check(address)
        with self._lock:
            if data == sht3x.MEASURE:
                temperature, humidity = self._zone.measured()
                raw = sht3x.raw(temperature, humidity)
                self._measured = sht3x.encode_answer(*(min(max(value, 0), 0xFFFF) for value in raw))

    def receive(self, address: int, size: int) -> bytes:
        """Give what was measured, once."""
        self._check(address)
        with self._lock:
            measured, self._measured = self._measured, b""
        if len(measured) < size:
            raise OfflineError("silent", f"0x{address:02X}")
        return measured[:size]

    def close(self) -> None:
        """Nothing is held."""

    def _check(self, address: int) -> None:
        if not self._zone.plugged:
            raise OfflineError("unplugged")
        if self._zone.silent or address != self._address:
            raise OfflineError("silent", f"0x{address:02X}")


def _within(value: Any, span: tuple[float, float]) -> float:
    number = float(value)
    if not span[0] <= number <= span[1]:
        raise LookupError(value)
    return number
