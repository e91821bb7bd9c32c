"""What stands in a zone: a sensor, and where there is one the air conditioner's relay or set point, on an open port.

A station raises ``OfflineError("silent")``, ``ProtocolError("garbled")`` or ``RefusedError("modbus_refused")`` for a
question that was not answered well, and whatever its port raises when that is lost.
"""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from drivers.climate import modbus, sht3x
from drivers.climate.i2c_bus import I2cBus
from drivers.climate.modbus import Exchange, Framing, RtuExchange, TcpExchange
from drivers.climate.thermostat import Reading
from drivers.errors import DeviceError, OfflineError, ProtocolError, RefusedError
from drivers.port import Port, slices

TRIES = 2
"""How often a question is asked; the serial line specification lets a master repeat it."""
ANSWER_TIMEOUT = 0.5
"""Seconds; sensors answer within 0.1 s at 9,600 baud."""
WRITE_TIMEOUT = 2.0
SLICE = 0.1
"""Seconds between looks whether to stop."""
MOST_NOISE = 2048
"""Bytes without an answer after which a question is given up: a babbling line takes no core."""
MAX_DRAINS = 16


class Station(Protocol):
    """A sensor and what it controls."""

    def read(self) -> Reading:
        """What the sensor says."""

    def relay(self) -> bool | None:
        """Whether the relay is on; None where that cannot be asked."""

    def switch(self, on: bool) -> None:
        """Switch the relay, where there is one; returns once it has confirmed that."""

    def aim(self, degrees: float) -> None:
        """Write the air conditioner's set point, where there is one."""


@dataclass(frozen=True)
class Registers:
    """Where a Modbus device keeps what; the sensor's and the relay's unit may be two devices on one line.

    Attributes:
        unit: the sensor's address; ``control_unit`` that of relay and set point.
        temperature, humidity: registers; humidity may be None.
        scale: degrees, and percent, of a register's 1.
        relay: a coil, or None; ``set_point`` a holding register, or None.
    """

    unit: int = 1
    temperature: int = 0
    humidity: int | None = 1
    scale: float = 0.1
    control_unit: int = 1
    relay: int | None = None
    set_point: int | None = None


@dataclass
class Found:
    """What was found out about a Modbus device, and is kept when its port is lost.

    Attributes:
        framings: what may be spoken; one once it answered.
        tables: functions that may read the sensor; one once it gave other values than zeros.
    """

    framings: tuple[Framing, ...] = ("rtu",)
    tables: tuple[int, ...] = (modbus.READ_INPUT, modbus.READ_HOLDING)


@dataclass
class ModbusStation:
    """See :class:`Station`."""

    port: Port
    registers: Registers
    found: Found
    stopping: threading.Event
    answer_timeout: float = ANSWER_TIMEOUT
    _number: int = 0
    _aimed: int | None = field(default=None, init=False)

    def read(self) -> Reading:
        """Ask the table of registers that is known to hold the values, else either."""
        refusal: DeviceError | None = None
        empty: Reading | None = None
        for function in self.found.tables:
            try:
                reading = self._read(function)
            except (RefusedError, OfflineError) as error:
                if not isinstance(error, RefusedError) and error.reason != "silent":
                    raise
                refusal = error
                continue
            if reading.temperature or reading.humidity:
                self.found.tables = (function,)
                return reading
            # Many devices answer for registers that they do not have, with zeros.
            empty = empty or reading
        if empty is None:
            assert refusal is not None  # noqa: S101 - there is at least one table
            raise refusal
        return empty

    def relay(self) -> bool | None:
        """Read its coil."""
        address = self.registers.relay
        if address is None:
            return None
        try:
            answer = self._ask(self.registers.control_unit, modbus.read(modbus.READ_COILS, address, 1))
        except RefusedError:
            return None
        return bool(answer[2] & 1)

    def switch(self, on: bool) -> None:
        """Write its coil."""
        if self.registers.relay is not None:
            self._ask(self.registers.control_unit, modbus.write_coil(self.registers.relay, on))

    def aim(self, degrees: float) -> None:
        """Write the set point if it is another: some devices keep it in a memory that wears out."""
        address, unit = self.registers.set_point, self.registers.control_unit
        if address is None:
            return
        value = round(degrees / self.registers.scale) & 0xFFFF
        try:
            answer = self._ask(unit, modbus.read(modbus.READ_HOLDING, address, 1))
            present: int | None = modbus.parse_registers(answer)[0]
        except RefusedError:  # it can be written alone
            present = self._aimed
        if present != value:
            self._ask(unit, modbus.write_register(address, value))
        self._aimed = value

    def _read(self, function: int) -> Reading:
        at, humidity_at = self.registers.temperature, self.registers.humidity
        if humidity_at is not None and abs(at - humidity_at) == 1:
            first = min(at, humidity_at)
            both = self._registers(function, first, 2)
            temperature, humidity = both[at - first], both[humidity_at - first]
        else:
            temperature = self._registers(function, at, 1)[0]
            humidity = 0 if humidity_at is None else self._registers(function, humidity_at, 1)[0]
        scale = self.registers.scale
        # Rounded: 271 × 0.1 is 27.1, and not a little more.
        return Reading(
            round(modbus.signed(temperature) * scale, 3), None if humidity_at is None else round(humidity * scale, 3)
        )

    def _registers(self, function: int, address: int, count: int) -> tuple[int, ...]:
        return modbus.parse_registers(self._ask(self.registers.unit, modbus.read(function, address, count)))

    def _ask(self, unit: int, request: bytes) -> bytes:
        """The answer to ``request``."""
        noise = False
        for _ in range(TRIES):
            for framing in self.found.framings:
                exchange = self._exchange(framing, unit, request)
                pdu = self._answer(exchange)
                noise |= exchange.noise
                if pdu is None:
                    continue
                self.found.framings = (framing,)
                if pdu[0] & modbus.REFUSED:
                    said = modbus.REFUSALS.get(pdu[1], "")
                    raise RefusedError("modbus_refused", f"unit {unit}: exception {pdu[1]} {said}".strip())
                return pdu
        if noise:
            raise ProtocolError("garbled", f"unit {unit}: answers that are no Modbus frames")
        raise OfflineError("silent", f"unit {unit}")

    def _exchange(self, framing: Framing, unit: int, request: bytes) -> Exchange:
        if framing == "rtu":
            return RtuExchange(unit, request)
        self._number += 1
        return TcpExchange(unit, request, self._number)

    def _answer(self, exchange: Exchange) -> bytes | None:
        for _ in range(MAX_DRAINS):
            # A late answer to an earlier question is none to this one.
            if not self.port.read(0.0):
                break
        self.port.write(exchange.frame, WRITE_TIMEOUT)
        heard = 0
        for wait in slices(self.answer_timeout, SLICE):
            if heard >= MOST_NOISE or self.stopping.is_set():
                break
            data = self.port.read(wait)
            heard += len(data)
            pdu = exchange.receive(data)
            if pdu is not None:
                return pdu
        return None


@dataclass
class Sht3xStation:
    """See :class:`Station`; a sensor alone."""

    bus: I2cBus
    address: int
    stopping: threading.Event

    def read(self) -> Reading:
        """Have it measure once, and wait for that."""
        self.bus.send(self.address, sht3x.MEASURE)
        self.stopping.wait(sht3x.MEASURED_AFTER)
        temperature, humidity = sht3x.parse_answer(self.bus.receive(self.address, sht3x.SIZE))
        return Reading(round(temperature, 2), round(humidity, 2))

    def relay(self) -> bool | None:
        """There is none."""
        return None

    def switch(self, on: bool) -> None:
        """There is none."""

    def aim(self, degrees: float) -> None:
        """There is none."""
