"""A zone's climate: reads its sensor, and runs its air conditioner by a relay, a set point, or both.

The relay is switched by the readings (``drivers.climate.thermostat``). A set point is written instead to an air
conditioner that has a thermostat of its own: the target within the hours, ``set_back`` outside them. When the program
stops, both stay as they are.

Reasons besides those of the port: ``silent``, ``garbled``, ``modbus_refused``; ``sensor_implausible`` (a reading that
cannot be is never acted on), ``sensor_stale`` (none for so long that the relay was switched off), ``control_failed``
(the sensor answers, relay or set point do not). Three polls in a row must fail before the device does.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from drivers.climate.i2c_bus import I2cBus, Smbus
from drivers.climate.modbus import READ_HOLDING, READ_INPUT
from drivers.climate.stations import ANSWER_TIMEOUT, Found, ModbusStation, Registers, Sht3xStation, Station
from drivers.climate.thermostat import Mode, Rules, Thermostat
from drivers.device import Device, DeviceEvent, DeviceSettings, PortText, Sink, Whole, serial_or_tcp, wrong_setting
from drivers.errors import DeviceError, OfflineError, ProtocolError, RefusedError
from drivers.port import is_tcp, open_port
from drivers.supervisor import Link, Resource

INTERVAL = 5.0
"""Seconds between readings."""
RETRY = 1.0
"""Seconds after a reading that failed."""
WATCH = 0.2
"""Seconds between looks whether to stop."""
MISSES = 3
REFRESH = 30.0
"""Seconds after which relay and set point are written again: a relay board that lost its power has let go."""
TEST_PATIENCE = 5.0
SET_BACK = 4.0
"""Degrees by which the target is relaxed outside the hours, unless the settings say how far."""
I2C = re.compile(r"i2c:([0-9]{1,3})")
_PERIOD = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-([01]?[0-9]|2[0-4]):([0-5][0-9])")


def _serial_tcp_or_i2c(port: str, info: ValidationInfo) -> str:
    if not port.startswith("i2c"):
        return serial_or_tcp(port, info)
    if I2C.fullmatch(port) is None:
        raise wrong_setting("不是 I²C 总线", "is no I²C bus", "写 i2c:1，即 /dev/i2c-1", "write i2c:1 for /dev/i2c-1")
    return port


def _period(text: str) -> str:
    found = _PERIOD.fullmatch(text)
    if not found or not _minutes(text)[0] < _minutes(text)[1] <= 24 * 60:
        raise wrong_setting(
            "不是一段时间", "is no period", "写成 HH:MM-HH:MM，如 08:00-18:00", "write HH:MM-HH:MM, such as 08:00-18:00"
        )
    return text


def _minutes(period: str) -> tuple[int, int]:
    """Beginning and end of a period in minutes after midnight."""
    first, last = (clock.split(":") for clock in period.split("-"))
    return int(first[0]) * 60 + int(first[1]), int(last[0]) * 60 + int(last[1])


_MISSING: Literal["missing"] = "missing"
Register = Annotated[Whole, Field(ge=0, le=0xFFFF)]
Unit = Annotated[Whole, Field(ge=1, le=247)]


class ModbusSettings(BaseModel):
    """``modbus = { … }``: addresses count from 0, as on the wire; a manual's 30001 or 40001 is 0.

    Attributes:
        unit: address of the sensor.
        temperature, humidity: its registers; ``humidity = -1`` where it measures none.
        scale: degrees and percent of a register's 1.
        registers: the table they are in; ``auto`` tries input registers (function 4), then holding registers (3).
        relay: the coil that runs the air conditioner.
        set_point: the holding register of its set point.
        control_unit: address of relay and set point, where that is another device on the same line.
        framing: of a ``tcp://`` port: ``tcp`` is Modbus TCP, ``rtu`` a converter that hands the line's bytes through.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    unit: Unit = 1
    temperature: Register = 0
    humidity: Whole = Field(1, ge=-1, le=0xFFFF)
    scale: float = Field(0.1, gt=0, le=10)
    registers: Literal["auto", "input", "holding"] = "auto"
    relay: Register | None = None
    set_point: Register | None = None
    control_unit: Unit | None = None
    framing: Literal["auto", "rtu", "tcp"] = "auto"

    @field_validator("humidity")
    @classmethod
    def _another(cls, value: int, info: ValidationInfo) -> int:
        if value == info.data.get("temperature"):
            raise wrong_setting(
                "也是温度的寄存器", "is the temperature's register, too", "没有湿度写 -1", "write -1 for no humidity"
            )
        return value


class ClimateSettings(DeviceSettings):
    """``driver = "climate"``.

    Attributes:
        port: a serial path, ``tcp://host:port``, ``i2c:1``, or ``sim:``.
        baudrate: of a serial line, 8N1.
        zone: the floor or room; one device each.
        modbus: where its values are, on a serial or TCP port.
        sht3x: address of the sensor on an I²C port, 0x44 or 0x45.
        mode: what the air conditioner does: ``cool`` or ``heat``.
        target: °C; ``band`` how far beyond it the relay is switched.
        minutes: for how long at least the air conditioner stays on, and off.
        stale_minutes: without a reading for so long, the relay is switched off.
        hours: when it may run; else while the hall is open.
        set_back: the set point outside the hours, °C.
    """

    port: Annotated[PortText, AfterValidator(_serial_tcp_or_i2c)]
    baudrate: Whole = Field(9600, ge=300, le=4_000_000)
    zone: str = Field("", max_length=32, pattern=r"^[^\x00-\x1f\x7f/+#]*$")
    modbus: ModbusSettings | None = Field(None, validate_default=True)
    sht3x: Annotated[Whole, Field(ge=0x44, le=0x45)] | None = Field(None, validate_default=True)
    mode: Mode = "cool"
    target: float = Field(26.0, ge=5, le=40)
    band: float = Field(1.0, ge=0.1, le=10)
    minutes: Whole = Field(5, ge=0, le=60)
    stale_minutes: Whole = Field(10, ge=1, le=120)
    hours: tuple[Annotated[str, AfterValidator(_period)], ...] = ()
    set_back: float | None = Field(None, ge=5, le=40)

    @field_validator("modbus")
    @classmethod
    def _of_a_line(cls, value: ModbusSettings | None, info: ValidationInfo) -> ModbusSettings | None:
        port = info.data.get("port", "sim:")
        if value is not None and port.startswith("i2c:"):
            raise wrong_setting(
                "不能用在 I²C 总线上",
                "does not go with an I²C bus",
                "I²C 传感器写 sht3x = 0x44；Modbus 设备的 port 写串口或 tcp://",
                "for a sensor on I²C write sht3x = 0x44; for a Modbus device a serial or tcp:// port",
            )
        if value is None and port != "sim:" and not port.startswith("i2c:"):
            raise PydanticKnownError(_MISSING)
        return value

    @field_validator("sht3x")
    @classmethod
    def _of_a_bus(cls, value: int | None, info: ValidationInfo) -> int | None:
        port = info.data.get("port", "sim:")
        if value is not None and (info.data.get("modbus") or not port.startswith(("i2c:", "sim:"))):
            raise wrong_setting(
                "只能用在 I²C 总线上",
                "needs an I²C bus",
                "port 写 i2c:1，或去掉 sht3x、写 modbus = { … }",
                "write port = i2c:1, or modbus = { … } instead of sht3x",
            )
        if value is None and port.startswith("i2c:"):
            raise PydanticKnownError(_MISSING)
        return value

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        climate = Climate(
            name=self.name,
            zone=self.zone,
            hours=tuple(map(_minutes, self.hours)),
            registers=self._registers(),
            sht3x=self.sht3x or 0,
            found=self._found(),
            rules=Rules(self.mode, self.target, self.band, 60.0 * self.minutes, 60.0 * self.stale_minutes),
            set_back=self.target + (SET_BACK if self.mode == "cool" else -SET_BACK)
            if self.set_back is None
            else self.set_back,
        )
        return Device(climate, (climate,))

    def open_port(self) -> Resource:
        """The open line or bus; raises OfflineError."""
        bus = I2C.fullmatch(self.port)
        return Smbus.open(int(bus[1])) if bus else open_port(self.port, self.baudrate)

    def _registers(self) -> Registers | None:
        if self.sht3x:
            return None
        # A simulated zone that says nothing has all that there can be.
        table = self.modbus or ModbusSettings(relay=0)
        return Registers(
            table.unit,
            table.temperature,
            None if table.humidity < 0 else table.humidity,
            table.scale,
            table.control_unit or table.unit,
            table.relay,
            table.set_point,
        )

    def _found(self) -> Found:
        """What the settings say; the rest is found out."""
        found = Found()
        if self.modbus and self.modbus.registers != "auto":
            found.tables = (READ_INPUT if self.modbus.registers == "input" else READ_HOLDING,)
        if self.modbus and self.modbus.framing != "auto":
            found.framings = (self.modbus.framing,)
        elif is_tcp(self.port):
            found.framings = ("tcp", "rtu")
        return found


@dataclass(frozen=True)
class Conditions:
    """How a zone is.

    Attributes:
        temperature: °C; None without a fresh reading, as is ``humidity``, also where there is no sensor for it.
        on: whether the relay runs the air conditioner; None without a relay, or where it does not answer.
        why: see :data:`~drivers.climate.thermostat.Why`; "" before anything was decided.
        overridden: what a person said, and for how many seconds more; None when nothing.
        on_seconds: how long the relay was on since the program began.
    """

    temperature: float | None = None
    humidity: float | None = None
    on: bool | None = None
    why: str = ""
    overridden: tuple[bool, float] | None = None
    on_seconds: float = 0.0


@dataclass(eq=False)
class Climate(Sink):
    """One zone. Safe to use from any thread.

    Attributes:
        name: the device's name; ``zone`` its floor or room, or "".
        hours: when it may run, in minutes after midnight; () for whatever :meth:`allow` says.
        registers: where a Modbus device keeps what; None for an SHT3x.
        sht3x: its address.
        found: what is known of the Modbus device.
        rules: what is wanted.
        set_back: the set point outside the hours.
        interval: seconds between readings.
        refresh: seconds after which relay and set point are written again.
        answer_timeout: seconds a Modbus device has for an answer.
        test_patience: seconds within which a test must get to its next round of questions.
        clock: seconds, of a clock that never jumps.
    """

    _: KW_ONLY
    name: str = ""
    zone: str = ""
    hours: tuple[tuple[int, int], ...] = ()
    registers: Registers | None = None
    sht3x: int = 0x44
    found: Found = field(default_factory=Found)
    rules: Rules = field(default_factory=Rules)
    set_back: float = 30.0
    interval: float = INTERVAL
    refresh: float = REFRESH
    answer_timeout: float = ANSWER_TIMEOUT
    test_patience: float = TEST_PATIENCE
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._thermostat = Thermostat(self.rules, self.clock())
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._round = 0
        self._failure: str | None = None
        self._is_open: bool | None = None
        self._why = ""
        self._on: bool | None = None
        self._on_seconds = 0.0
        self._counted_at = 0.0

    @property
    def controls(self) -> bool:
        """Whether there is anything to control."""
        return self.registers is not None and (self.registers.relay, self.registers.set_point) != (None, None)

    def conditions(self) -> Conditions:
        """How the zone is now."""
        at = self.clock()
        with self._lock:
            reading = self._thermostat.reading(at)
            overridden = self._thermostat.overridden(at)
            return Conditions(
                reading.temperature if reading else None,
                reading.humidity if reading else None,
                self._on,
                self._why,
                overridden and (overridden[0], overridden[1] - at),
                self._on_seconds,
            )

    def allow(self, is_open: bool) -> None:
        """Tell whether it is within the hours; returns at once. Before that, nothing is controlled, only read."""
        if is_open != self._is_open:
            self._is_open = is_open
            self._wake.set()

    def override(self, on: bool | None, seconds: float = 0.0) -> None:
        """Have the air conditioner run, or not, for so long; None goes back to the readings. Returns at once."""
        with self._lock:
            self._thermostat.override(on, self.clock() + seconds)
        self._wake.set()

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - nothing is shown
        """Read the sensor now; None when that and what it controls went well, else the reason."""
        with self._rounds:
            # The round under way may have begun before.
            wanted = self._round + 2
            for number in (wanted - 1, wanted):
                self._wake.set()
                if not self._rounds.wait_for(partial(self._is_past, number), self.test_patience):
                    return "silent"
            return self._failure

    def _is_past(self, number: int) -> bool:
        return self._round >= number

    def serve(self, port: Any, link: Link) -> None:
        """Read and control until the port is lost or the program stops."""
        station = self._station(port, link.stopping)
        misses, due = 0, 0.0
        asked: tuple[bool, float] | None = None  # what relay and set point confirmed
        try:
            if (was_on := self._try(station.relay)[0]) is not None:
                with self._lock:
                    self._thermostat.found(was_on)
            while not link.stopping.is_set():
                self._wake.clear()
                failure = self._read(station)
                at = self.clock()
                wanted = self._decide(at)
                unable: DeviceError | None = None
                # Asked for anew where the sensor failed: it tells whether anything on the line answers.
                if wanted and (failure or wanted != asked or at >= due):
                    unable = self._control(station, *wanted)
                    asked = None if unable else wanted
                    due = at + self.refresh
                self._count(at, None if asked is None or not self.has_relay else asked[0])
                misses = misses + 1 if failure or unable else 0
                self._tell_round(failure or unable)
                self._say(link, failure, unable, misses)
                self._rest(link.stopping, self.interval if misses == 0 else min(RETRY, self.interval))
        finally:
            self._count(self.clock(), None)

    def _rest(self, stopping: threading.Event, seconds: float) -> None:
        """Wait, unless woken."""
        due = time.monotonic() + seconds
        while not stopping.is_set() and (left := due - time.monotonic()) > 0:
            if self._wake.wait(min(left, WATCH)):
                return

    @property
    def _is_stale(self) -> bool:
        return self._why == "stale"

    @property
    def has_relay(self) -> bool:
        """Whether its air conditioner is switched here, so that the time it ran is known."""
        return self.registers is not None and self.registers.relay is not None

    def _station(self, port: Any, stopping: threading.Event) -> Station:
        if self.registers is None:
            bus: I2cBus = port
            return Sht3xStation(bus, self.sht3x, stopping)
        return ModbusStation(port, self.registers, self.found, stopping, self.answer_timeout)

    def _read(self, station: Station) -> DeviceError | None:
        """Read the sensor; what went wrong."""
        reading, failure = self._try(station.read)
        if reading is None:
            return failure
        if not reading.plausible:
            humidity = "" if reading.humidity is None else f", {reading.humidity:.1f} %"
            return RefusedError("sensor_implausible", f"{reading.temperature:.1f} °C{humidity}")
        with self._lock:
            self._thermostat.read(reading, self.clock())
        return None

    def _try(self, question: Callable[[], Any]) -> tuple[Any, DeviceError | None]:
        """The answer to a question, or why there was none; raises when the port is lost."""
        try:
            return question(), None
        except (ProtocolError, RefusedError) as error:
            return None, error
        except OfflineError as error:
            if error.reason != "silent":
                raise
            return None, error

    def _decide(self, at: float) -> tuple[bool, float] | None:
        """How the relay shall be, and the set point; None where nothing is to be controlled.

        The set point does not follow the readings, since the air conditioner does that.
        """
        is_open = self._is_open
        if is_open is None or not self.controls:
            return None
        with self._lock:
            decision = self._thermostat.decide(at, is_open)
            self._why = decision.why
            overridden = self._thermostat.overridden(at)
        runs = overridden[0] if overridden else is_open
        return decision.on, self.rules.target if runs else self.set_back

    def _control(self, station: Station, on: bool, degrees: float) -> DeviceError | None:
        for act in (lambda: station.switch(on), lambda: station.aim(degrees)):
            if failure := self._try(act)[1]:
                return failure
        return None

    def _count(self, at: float, on: bool | None) -> None:
        """Count the time the relay was on, and note how it is."""
        with self._lock:
            if self._on:
                self._on_seconds += at - self._counted_at
            self._on, self._counted_at = on, at

    def _tell_round(self, failure: DeviceError | None) -> None:
        with self._rounds:
            self._round += 1
            self._failure = failure.reason if failure else None
            self._rounds.notify_all()

    def _say(
        self,
        link: Link,
        failure: DeviceError | None,
        unable: DeviceError | None,
        misses: int,
    ) -> None:
        if failure is None and unable is None:
            link.online()
        elif misses < MISSES:
            return
        elif failure and (unable or not self.controls) and not isinstance(failure, RefusedError):
            # Nothing answers: open the port anew.
            raise failure
        elif failure:
            link.fault("sensor_stale" if self._is_stale else failure.reason, failure.detail)
        elif unable:
            link.fault("control_failed", f"{unable.reason} {unable.detail}".strip())
