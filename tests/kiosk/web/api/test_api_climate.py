"""The zones over the API: their values, a day's curve, a person's override; and what is recorded of them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from drivers.climate.driver import Climate
from drivers.climate.stations import Registers
from drivers.climate.thermostat import Rules
from drivers.port import open_port
from drivers.simulators.climate import ClimateSimulator
from drivers.supervisor import Supervisor
from wires import wait_until


@pytest.fixture
def zone() -> Iterator[ClimateSimulator]:
    simulator = ClimateSimulator()
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def hall(start: Callable[..., Any], zone: ClimateSimulator) -> Any:
    """A hall with the zone 1F, whose relay may be switched at any time."""
    climate = Climate(
        name="climate-1f", zone="1F", registers=Registers(relay=0), rules=Rules(shortest=0.0), interval=0.02
    )

    def devices(now: Callable[[], datetime]) -> list[Supervisor[Any]]:
        supervisor = Supervisor("climate-1f", "climate", lambda: open_port(zone.url), climate, now)
        climate.allow(True)
        supervisor.start()
        return [supervisor]

    hall = start(devices=devices, zones=[climate])
    wait_until(lambda: climate.conditions().humidity == 45.0 and climate.conditions().on is False)
    return hall


def test_anybody_sees_how_warm_it_is(hall: Any) -> None:
    expected = [
        {
            "zone": "1F",
            "device": "climate-1f",
            "temperature": 25.0,
            "humidity": 45.0,
            "words": {"zh": "1F 室温 25.0 °C 湿度 45 %", "en": "1F 25.0 °C, humidity 45 %"},
            "controlled": True,
            "on": False,
            "why": "temperature",
            "override": None,
            "override_until": None,
        }
    ]
    # Whether it runs is unknown for a moment where the device was silent, as on a machine that stands still.
    wait_until(lambda: hall.get("/climate").json == expected)


def test_a_hall_without_zones_says_nothing_of_them(here: Any) -> None:
    assert here.get("/climate").json == []
    assert b'id="climate" hidden' in here.ask("GET", "/screen").body
    assert here.get("/climate/day", token=here.token("manager")).json["zones"] == []


def test_the_screen_comes_with_the_values(hall: Any) -> None:
    assert "1F 室温 25.0 °C 湿度 45 %" in hall.ask("GET", "/screen").body.decode()


def test_a_manager_switches_an_air_conditioner_for_a_while(hall: Any, zone: ClimateSimulator) -> None:
    manager = hall.token("manager")
    answer = hall.post("/climate/climate-1f/override", {"state": "on", "minutes": 30}, token=manager)
    assert answer.status == 200
    assert answer.json["override"] == "on"
    until = datetime.fromisoformat(answer.json["override_until"])
    # By the device's own clock, which goes on.
    assert timedelta(minutes=28) < until - hall.now() <= timedelta(minutes=30)
    wait_until(lambda: zone.relay)
    wait_until(lambda: hall.get("/climate").json[0]["on"])
    assert hall.get("/climate").json[0]["why"] == "override"
    assert hall.post("/climate/climate-1f/override", {"state": "auto"}, token=hall.token("technician")).status == 200
    wait_until(lambda: not zone.relay)
    assert hall.get("/climate").json[0]["override"] is None


def test_nobody_else_may(hall: Any) -> None:
    for role in ("clerk", "desk", "kiosk"):
        token = hall.token(role)
        assert hall.post("/climate/climate-1f/override", {"state": "on"}, token=token).code == "forbidden"
        assert hall.get("/climate/day", token=token).code == "forbidden"


def test_what_nobody_can_want_is_refused(hall: Any) -> None:
    manager = hall.token("manager")
    for body in ({}, {"state": "maybe"}, {"state": "on", "minutes": 0}, {"state": "on", "minutes": 721}):
        assert hall.post("/climate/climate-1f/override", body, token=manager).code == "bad_body"


def test_a_zone_that_is_not_there_or_has_nothing_to_control_is_told_so(start: Callable[..., Any]) -> None:
    hall = start(zones=[Climate(name="room")])
    manager = hall.token("manager")
    assert hall.post("/climate/other/override", {"state": "on"}, token=manager).code == "no_device"
    assert hall.post("/climate/room/override", {"state": "on"}, token=manager).code == "not_controlled"


def test_a_day_is_recorded_by_five_minutes(hall: Any, zone: ClimateSimulator) -> None:
    climate = hall.hall.climate
    hall.at = datetime(2026, 11, 23, 9, 33, tzinfo=hall.at.tzinfo)
    climate._look()
    hall.pass_time(minutes=1)
    climate._look()
    for degrees in (25.5, 26.0):
        zone.use("set_temperature", {"value": degrees})
        wait_until(lambda: hall.get("/climate").json[0]["temperature"] == degrees)  # noqa: B023
        hall.pass_time(minutes=5)
        climate._look()
    day = hall.get("/climate/day?date=2026-11-23", token=hall.token("manager")).json
    (one,) = day["zones"]
    assert (day["date"], one["zone"], one["on_minutes"]) == ("2026-11-23", "1F", 0)
    points = [(point["at"], point["temperature"], point["humidity"], point["on_seconds"]) for point in one["points"]]
    assert points == [
        ("2026-11-23T09:30:00.000+08:00", 25.5, 45.0, 0),
        ("2026-11-23T09:35:00.000+08:00", 26.0, 45.0, 0),
    ]
    # Another box, without a zone of its own, shows it as well while it is fresh.
    other = type(climate)([], climate.records, hall.now)
    assert [(view.zone, view.temperature, view.device) for view in other.views()] == [("1F", 26.0, None)]
    hall.pass_time(minutes=20)
    assert other.views() == []


def test_hours_and_the_halls_hours_are_told_to_the_zones(start: Callable[..., Any]) -> None:
    early, late = Climate(name="early", hours=((0, 9 * 60),)), Climate(name="late", hours=((9 * 60, 24 * 60),))
    hall = start(zones=[early, late])
    hall.hall.climate._look()
    assert [zone._is_open for zone in (early, late)] == [False, True]


def test_a_watcher_sees_the_zones(hall: Any) -> None:
    text = hall.ask("GET", "/metrics").body.decode()
    assert 'quhao_temperature_celsius{device="climate-1f",zone="1F"} 25.0' in text
    assert 'quhao_humidity_ratio{device="climate-1f",zone="1F"} 0.45' in text
    assert 'quhao_air_conditioner_on{device="climate-1f",zone="1F"} 0.0' in text
    assert 'quhao_air_conditioner_on_seconds_total{device="climate-1f",zone="1F"} 0.0' in text
