"""The driver against the simulated zone and against pymodbus: on all wires, and through faults."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import wires
from drivers.climate import modbus
from drivers.climate.driver import MISSES, Climate, ClimateSettings
from drivers.climate.stations import TRIES, Found, ModbusStation, Registers
from drivers.climate.thermostat import Rules
from drivers.errors import DeviceError, OfflineError
from drivers.port import open_port
from drivers.simulators.climate import ClimateSimulator
from drivers.supervisor import Supervisor
from foreign_modbus import ForeignModbus

QUICK = Rules(shortest=0.0)
RELAY = Registers(relay=0, set_point=16)


class Zone:
    """A simulated zone and the driver at work on it, with a clock in the test's hand.

    ``patience``: seconds for an answer; short where there is to be none.
    """

    def __init__(
        self, simulator: ClimateSimulator, wire: Any, rules: Rules, registers: Registers | None, patience: float
    ) -> None:
        self.simulator = simulator
        self.at = 1000.0
        tcp = simulator.url.startswith("tcp:")
        self.climate = Climate(
            name="climate",
            registers=registers,
            found=Found(("tcp", "rtu") if tcp else ("rtu",)),
            rules=rules,
            interval=0.02,
            refresh=0.5,
            answer_timeout=patience,
            test_patience=60.0,
            clock=lambda: self.at,
        )
        simulator.start()
        self.supervisor = wires.Watched(
            "climate", "climate", lambda: wire(open_port(simulator.url, 9600)), self.climate
        )

    def start(self, allowed: bool = True) -> None:
        if allowed:
            self.climate.allow(True)
        self.supervisor.start()

    def wait(self, state: str, reason: str | None = None) -> None:
        now = lambda: self.supervisor.state  # noqa: E731
        wires.wait_until(lambda: (now().state, now().reason) == (state, reason))

    def reads(self, temperature: float) -> None:
        wires.wait_until(lambda: self.climate.conditions().temperature == temperature)

    def stop(self) -> None:
        self.supervisor.stop()
        self.simulator.stop()


@pytest.fixture
def zones() -> Iterator[Callable[..., Zone]]:
    made: list[Zone] = []

    def make(
        *,
        wire: Any = wires.WholeWire,
        rules: Rules = QUICK,
        registers: Registers | None = RELAY,
        start: bool = True,
        patience: float = 60.0,
        **options: Any,
    ) -> Zone:
        made.append(Zone(ClimateSimulator(**options), wire, rules, registers, patience))
        if start:
            made[-1].start()
        return made[-1]

    yield make
    for zone in made:
        zone.stop()


def settings_of(**changes: Any) -> ClimateSettings:
    table = {"name": "hall", "driver": "climate", "port": "/dev/ttyUSB1", "modbus": {}} | changes
    return ClimateSettings.model_validate(
        {key: value for key, value in table.items() if value is not None}, context={"folder": Path()}
    )


# Settings


def test_the_settings_of_the_design_are_taken() -> None:
    table = {"unit": 1, "temperature": 0, "humidity": 1, "scale": 0.1, "set_point": 16}
    for port in ("/dev/ttyUSB1", "tcp://192.168.1.70:502"):
        settings_of(port=port, modbus=table, target=26.0, band=1.0, minutes=5)
    settings_of(port="i2c:1", modbus=None, sht3x=0x44, target=26.0, band=1.0, minutes=5)
    settings_of(port="sim:", modbus=None)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"modbus": None}, "modbus"),
        ({"modbus": None, "sht3x": 0x44}, "sht3x"),
        ({"port": "i2c:1", "modbus": None}, "sht3x"),
        ({"port": "i2c:1"}, "modbus"),
        ({"port": "i2c:one", "modbus": None, "sht3x": 0x44}, "port"),
        ({"port": "i2c:1", "modbus": None, "sht3x": 0x76}, "sht3x"),
        ({"modbus": {"unit": 0}}, "unit"),
        ({"modbus": {"relais": 0}}, "relais"),
        ({"modbus": {"temperature": 1, "humidity": 1}}, "humidity"),
        ({"target": float("nan")}, "target"),
        ({"target": 260}, "target"),
        ({"minutes": 0.5}, "minutes"),
        ({"hours": ["18:00-08:00"]}, 0),
        ({"hours": ["8-18"]}, 0),
        ({"zone": "1F/2F"}, "zone"),
        ({"port": "sim:", "sht3x": 0x44}, "sht3x"),
    ],
)
def test_settings_that_contradict_themselves_are_refused_at_their_key(changes: dict[str, Any], key: object) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_of(**changes)
    assert key in [error["loc"][-1] for error in caught.value.errors()]


# On all wires


@pytest.mark.parametrize("wire", wires.WIRES)
@pytest.mark.parametrize("framing", [None, "tcp", "rtu"])
def test_a_zone_is_read_and_controlled(zones: Callable[..., Zone], wire: Any, framing: Any) -> None:
    # Behind a converter Modbus TCP is tried first, and gets no answer.
    patience = 0.5 if framing == "rtu" else 60.0
    zone = zones(wire=wire if framing != "tcp" else wires.ByteWire, framing=framing, patience=patience)
    zone.wait("online")
    zone.reads(25.0)
    assert zone.climate.conditions().humidity == 45.0
    wires.wait_until(lambda: zone.simulator.set_point == 26.0)
    assert zone.simulator.relay is False
    zone.simulator.use("set_temperature", {"value": 27.1})
    wires.wait_until(lambda: zone.simulator.relay)
    zone.reads(27.1)
    # The relay has clicked before it confirms.
    wires.wait_until(lambda: zone.climate.conditions().on)
    zone.simulator.use("set_temperature", {"value": 24.9})
    wires.wait_until(lambda: not zone.simulator.relay)


@pytest.mark.parametrize("tcp", [False, True], ids=["pty", "tcp"])
@pytest.mark.parametrize("unit", [1, 3], ids=["input", "holding"])
def test_a_foreign_device_is_read_and_controlled(tcp: bool, unit: int) -> None:
    device = ForeignModbus(tcp)
    device.start()
    climate = Climate(
        registers=Registers(unit=unit, control_unit=2, relay=0, set_point=16),
        found=Found(("tcp", "rtu") if tcp else ("rtu",)),
        rules=Rules(target=25.0, shortest=0.0),
        interval=0.02,
        answer_timeout=60.0,
    )
    supervisor = Supervisor("c", "climate", lambda: open_port(device.url, 9600), climate, wires.now)
    climate.allow(True)
    supervisor.start()
    try:
        wires.wait_until(lambda: climate.conditions().on)
        assert climate.conditions().temperature == 26.1
        assert climate.conditions().humidity == 45.0
        wires.wait_until(lambda: (6, 16, [250]) in device.writes)
        assert (5, 0, [True]) in device.writes
        wires.wait_until(lambda: supervisor.state.state == "online")
    finally:
        supervisor.stop()
        device.stop()


@pytest.mark.parametrize("zeros", [False, True], ids=["refuses", "gives zeros"])
def test_values_are_found_in_the_table_that_has_them(zones: Callable[..., Zone], zeros: bool) -> None:
    zone = zones(table=modbus.READ_HOLDING, zeros=zeros)
    zone.reads(25.0)
    assert zone.climate.found.tables == (modbus.READ_HOLDING,)


def test_below_freezing_is_read_with_its_sign(zones: Callable[..., Zone]) -> None:
    zone = zones()
    zone.simulator.use("set_temperature", {"value": -10.1})
    zone.reads(-10.1)


@pytest.mark.parametrize("humidity", [None, 9])
def test_humidity_may_be_elsewhere_or_missing(zones: Callable[..., Zone], humidity: int | None) -> None:
    zone = zones(humidity=humidity, registers=Registers(humidity=humidity, relay=0))
    zone.reads(25.0)
    assert zone.climate.conditions().humidity == (None if humidity is None else 45.0)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=60), max_size=8))
def test_whatever_a_line_says_is_an_answer_or_an_error_of_ours(chunks: list[bytes]) -> None:
    line = Line(chunks)
    station = ModbusStation(line, RELAY, Found(("tcp", "rtu")), wires.SpyLink().stopping, answer_timeout=0.001)
    for ask in (station.read, station.relay, lambda: station.switch(True), lambda: station.aim(26.0)):
        line.rest, line.asked = list(chunks), False
        try:
            ask()
        except DeviceError as error:
            assert error.reason in ("silent", "garbled", "modbus_refused")


class Line:
    """A port that says what it was given, once it was written to."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.rest: list[bytes] = list(chunks)
        self.asked = False

    def read(self, timeout: float) -> bytes:
        return self.rest.pop(0) if self.asked and self.rest else b""

    def write(self, data: bytes, timeout: float) -> None:
        self.asked = True

    def close(self) -> None:
        pass


# Faults


def test_a_zone_unplugged_and_put_back_works_again(zones: Callable[..., Zone]) -> None:
    zone = zones()
    zone.wait("online")
    zone.simulator.unplug()
    wires.wait_until(lambda: zone.supervisor.state.state == "offline")
    assert zone.climate.conditions().on is None
    zone.simulator.plug_in()
    zone.wait("online")


def test_a_silent_zone_is_offline_only_at_the_third_question(zones: Callable[..., Zone]) -> None:
    questions: list[bytes] = []

    class Noted(wires.WholeWire):
        def write(self, data: bytes, timeout: float) -> None:
            questions.append(data)
            super().write(data, timeout)

    zone = zones(wire=Noted, patience=0.1)
    zone.wait("online")
    zone.simulator.silence()
    begun = len(questions)
    wires.wait_until(lambda: "silent" in zone.supervisor.reasons)
    # But for the question that was under way
    assert len(questions) - begun >= MISSES * TRIES - 1
    zone.simulator.speak()
    zone.wait("online")


def test_stale_readings_switch_the_air_conditioner_off_while_its_relay_still_answers(
    zones: Callable[..., Zone],
) -> None:
    zone = zones(rules=Rules(shortest=300.0, stale=600.0))
    zone.simulator.use("set_temperature", {"value": 30.0})
    wires.wait_until(lambda: zone.simulator.relay)
    # The sensor breaks: it reads -45 °C, which is never acted on.
    zone.simulator.break_sensor()
    zone.wait("fault", "sensor_implausible")
    assert "-45.0" in zone.supervisor.state.detail
    assert zone.simulator.relay
    zone.at += 599.0
    wires.wait_until(lambda: zone.climate.conditions().temperature == 30.0)
    assert zone.simulator.relay
    zone.at += 2.0
    zone.wait("fault", "sensor_stale")
    wires.wait_until(lambda: zone.simulator.relay is False)
    assert zone.climate.conditions().temperature is None
    zone.simulator.repair_sensor()
    zone.wait("online")
    # It rests for its time first.
    assert zone.climate.conditions().why == "waits"
    zone.at += 301.0
    wires.wait_until(lambda: zone.simulator.relay)


@pytest.mark.parametrize(("temperature", "humidity"), [(125.0, 45.0), (-45.0, 45.0), (26.0, 0.0), (26.0, 120.0)])
def test_a_value_that_cannot_be_is_a_fault(zones: Callable[..., Zone], temperature: float, humidity: float) -> None:
    zone = zones()
    zone.reads(25.0)
    zone.simulator.use("set_humidity", {"value": humidity})
    zone.simulator.use("set_temperature", {"value": temperature})
    zone.wait("fault", "sensor_implausible")
    assert zone.simulator.relay is False
    assert zone.climate.conditions().temperature in (25.0, 26.0)


def test_a_relay_that_does_not_answer_is_said(zones: Callable[..., Zone]) -> None:
    zone = zones(registers=Registers(relay=7))
    zone.wait("fault", "control_failed")
    assert "illegal data address" in zone.supervisor.state.detail
    assert zone.climate.conditions().temperature == 25.0
    assert zone.climate.conditions().on is None


def test_a_relay_that_let_go_is_switched_on_again(zones: Callable[..., Zone]) -> None:
    zone = zones()
    zone.simulator.use("set_temperature", {"value": 30.0})
    wires.wait_until(lambda: zone.simulator.relay)
    zone.simulator.coils[0] = False
    zone.at += 1.0
    wires.wait_until(lambda: zone.simulator.relay)


def test_a_relay_that_runs_is_left_running_within_the_band(zones: Callable[..., Zone]) -> None:
    zone = zones(start=False)
    zone.simulator.coils[0] = True
    zone.simulator.degrees = 26.0
    zone.start()
    zone.wait("online")
    wires.wait_until(lambda: zone.climate.conditions().on)
    zone.simulator.use("set_temperature", {"value": 24.0})
    wires.wait_until(lambda: zone.simulator.relay is False)


def test_outside_the_hours_the_relay_is_off_and_the_set_point_relaxed(zones: Callable[..., Zone]) -> None:
    zone = zones()
    zone.simulator.use("set_temperature", {"value": 30.0})
    wires.wait_until(lambda: zone.simulator.relay and zone.simulator.set_point == 26.0)
    zone.climate.allow(False)
    wires.wait_until(lambda: not zone.simulator.relay and zone.simulator.set_point == 30.0)
    zone.climate.override(True, 60.0)
    wires.wait_until(lambda: zone.simulator.relay and zone.simulator.set_point == 26.0)
    assert zone.climate.conditions().overridden == (True, 60.0)
    zone.at += 61.0
    wires.wait_until(lambda: not zone.simulator.relay and zone.simulator.set_point == 30.0)
    assert zone.climate.conditions().overridden is None


def test_nothing_is_controlled_before_the_hours_are_known(zones: Callable[..., Zone]) -> None:
    zone = zones(start=False)
    zone.simulator.degrees = 30.0
    zone.start(allowed=False)
    zone.wait("online")
    before = zone.simulator.asked
    wires.wait_until(lambda: zone.simulator.asked > before + 3)
    # So "quhao check", which opens every device for some seconds, leaves no air conditioner running.
    assert (zone.simulator.relay, zone.simulator.set_point) == (False, 0.0)
    zone.climate.allow(True)
    wires.wait_until(lambda: zone.simulator.relay)


def test_the_time_the_relay_was_on_is_counted(zones: Callable[..., Zone]) -> None:
    zone = zones()
    zone.simulator.use("set_temperature", {"value": 30.0})
    wires.wait_until(lambda: zone.climate.conditions().on)
    zone.at += 120.0
    wires.wait_until(lambda: zone.climate.conditions().on_seconds == 120.0)
    zone.simulator.unplug()
    wires.wait_until(lambda: zone.climate.conditions().on is None)
    # Nobody knows whether it runs.
    zone.at += 500.0
    assert zone.climate.conditions().on_seconds == 120.0


def test_the_set_point_is_written_only_when_it_is_another(zones: Callable[..., Zone]) -> None:
    zone = zones(start=False, registers=Registers(set_point=16))
    zone.simulator.holding[16] = 260
    changes: list[int] = []
    zone.simulator.on_change = lambda: changes.append(zone.simulator.holding[16])
    zone.start()
    zone.wait("online")
    zone.at += 1.0
    before = zone.simulator.asked
    # A refresh, and some readings after it.
    wires.wait_until(lambda: zone.simulator.asked > before + 6)
    assert changes == []


def test_a_test_reads_the_sensor_now(zones: Callable[..., Zone]) -> None:
    zone = zones()
    zone.wait("online")
    assert zone.climate.test("", []) is None
    zone.simulator.break_sensor()
    assert zone.climate.test("", []) == "sensor_implausible"


def test_a_babbling_line_is_garbled_and_takes_no_core(zones: Callable[..., Zone]) -> None:
    zone = zones(patience=0.5)
    zone.wait("online")
    zone.simulator.silence()
    babbling = wires.threading.Event()

    def babble() -> None:
        while not babbling.is_set():
            zone.simulator.say(b"\x01\x04" * 2000)

    thread = wires.threading.Thread(target=babble)
    thread.start()
    try:
        wires.wait_until(lambda: "garbled" in zone.supervisor.reasons)
    finally:
        babbling.set()
        thread.join()
    zone.simulator.speak()
    zone.wait("online")


def test_a_sensor_on_a_bus_is_read() -> None:
    settings = settings_of(port="sim:", modbus=None, sht3x=0x44)
    simulator = ClimateSimulator.of(settings, Path(), wires.now)
    climate = settings.build(lambda _event: None).driver
    supervisor = Supervisor("c", "climate", lambda: simulator.open_port(settings), climate, wires.now)
    simulator.start()
    supervisor.start()
    assert isinstance(climate, Climate)
    climate.interval = 0.02
    try:
        wires.wait_until(lambda: climate.conditions().temperature == 25.0)
        assert not climate.controls
        simulator.silence()
        wires.wait_until(lambda: supervisor.state.reason == "silent")
        simulator.speak()
        wires.wait_until(lambda: supervisor.state.state == "online")
        simulator.unplug()
        wires.wait_until(lambda: supervisor.state.reason == "unplugged" or supervisor.state.reason == "not_found")
    finally:
        supervisor.stop()
        simulator.stop()


def test_a_line_that_is_gone_is_told_by_whatever_is_asked() -> None:
    station = ModbusStation(wires.DeadWire(), RELAY, Found(), wires.SpyLink().stopping)
    with pytest.raises(OfflineError, match="unplugged"):
        station.read()


def test_an_answer_that_came_while_the_machine_stood_still_is_not_late() -> None:
    answer = bytes.fromhex("01 04 04 01 05 01 C2 6A 78")
    line = Line([answer])
    station = ModbusStation(line, RELAY, Found(), wires.SpyLink().stopping, answer_timeout=0.0)
    # No time at all is left by the time it is looked for.
    reading = station.read()
    assert (reading.temperature, reading.humidity) == (26.1, 45.0)
