"""What a box publishes by MQTT, on a real office, with a real mosquitto and mosquitto's own client as the listener."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import wires
from display.prompts import Words
from drivers.climate.driver import Climate
from drivers.climate.stations import Registers
from drivers.climate.thermostat import Rules
from drivers.device import DeviceEvent
from drivers.led.bx import LedStrip
from drivers.mqtt.driver import Broker, MqttSettings
from drivers.port import open_port
from drivers.simulators.climate import ClimateSimulator
from drivers.simulators.led.bx import LedStripSimulator
from drivers.supervisor import Supervisor
from kiosk.devices.climate import HallClimate
from kiosk.devices.help_signals import HelpSignals, HelpWords
from kiosk.devices.publishing import OVERRIDE, Publisher
from kiosk.event_feed import Channel, Channels, EventFeed
from mosquitto import Mosquitto
from offices import CLERK, DESK, LI, OfficeHall
from ticketing.help.help_calls import HelpCalls, Place
from ticketing.live.alerts import Limits
from ticketing.live.watch import Watch
from ticketing.reports.climate import ClimateRecords
from wires import wait_until


class PublishedHall(OfficeHall):
    """A hall with a strip, a zone and a broker's connection."""

    def __init__(self, folder: Path, *, commands: bool, mosquitto: Mosquitto) -> None:
        super().__init__(folder, box="kiosk-1")
        self.mosquitto = mosquitto
        self.strip, self.zone = LedStripSimulator(), ClimateSimulator()
        self.climate = Climate(
            name="climate-1f",
            zone="1F",
            registers=Registers(relay=0),
            rules=Rules(shortest=0.0),
            interval=0.02,
        )
        table = {"name": "broker", "driver": "mqtt", "port": f"mqtt://127.0.0.1:{mosquitto.port}", "commands": commands}
        settings = MqttSettings.model_validate(table)
        built = settings.build(lambda event: self.publisher.take(event))
        assert isinstance(built.driver, Broker)
        self.broker = built.driver
        drivers: list[tuple[str, str, Any, Any]] = [
            ("strip.1", "led-bx", lambda: open_port(self.strip.url), LedStrip()),
            ("climate-1f", "climate", lambda: open_port(self.zone.url), self.climate),
            ("broker", "mqtt", settings.open_port, self.broker),
        ]
        self.climate.allow(True)
        self.supervisors = [Supervisor(name, kind, opener, driver, wires.now) for name, kind, opener, driver in drivers]
        self.at = 0.0
        self.watch = Watch(self.office.ledger, self.office.forecasts, Limits())
        self.publisher = Publisher(
            self.broker,
            box="kiosk-1",
            hall="试验大厅",
            devices=self.supervisors,
            window_of={"strip.1": "1"},
            climate=HallClimate([self.climate], ClimateRecords(self.office.ledger), lambda: self.now),
            windows=self.office.windows,
            alerts=self.watch.standing,
            now=lambda: self.now,
            clock=lambda: self.at,
        )
        self.feed = EventFeed(self.office, self.store.on_commit)
        self.feed.follow(self.publisher.hear)
        calls, words = HelpCalls(self.office.ledger), HelpWords(self.office, "hall", Words("咨询台", "the desk"))
        self.help = HelpSignals(calls, words, (Place("kiosk", "kiosk-1"), Channel()), Channels(), Channels())
        self.help.follow(self.publisher.show_help)
        self.feed.follow(self.help.hear)
        self.parts = [self.strip, self.zone, *self.supervisors, self.publisher, self.help]
        for part in self.parts:
            part.start()
        self.feed.start()
        self.seen = mosquitto.watch()
        wait_until(lambda: self.read("devices/strip.1").get("state") == "online")
        wait_until(lambda: self.read("climate/climate-1f").get("on") is False)

    def read(self, topic: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.seen.get(f"quhao/kiosk-1/{topic}", "{}"))
        return found

    def found(self) -> dict[str, dict[str, Any]]:
        """What Home Assistant finds, by kind and name."""
        configs = [
            (topic, text) for topic, text in list(self.seen.items()) if topic.startswith("homeassistant/") and text
        ]
        return {f"{topic.split('/')[1]}/{topic.split('/')[3]}": json.loads(text) for topic, text in configs}

    def stop(self) -> None:
        self.feed.close()
        for part in reversed(self.parts):
            part.stop()
        self.close()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.close()


@pytest.fixture
def hall(tmp_path: Path, mosquitto: Mosquitto, request: pytest.FixtureRequest) -> Iterator[PublishedHall]:
    commands = getattr(request, "param", True)
    made = PublishedHall(tmp_path, commands=commands, mosquitto=mosquitto)
    yield made
    made.stop()


def test_devices_and_climate_stand_there_and_follow(hall: PublishedHall) -> None:
    strip = hall.read("devices/strip.1")
    assert (strip["driver"], strip["window"], strip["reason"]) == ("led-bx", "1", None)
    told = {"zone": "1F", "temperature": 25.0, "humidity": 45, "on": False, "why": "temperature", "override": None}
    wait_until(lambda: hall.read("climate/climate-1f") == told)
    wait_until(lambda: hall.seen.get("quhao/kiosk-1/status") == "online")
    assert "quhao/kiosk-1/devices/broker" not in hall.seen
    hall.strip.unplug()
    hall.zone.use("set_temperature", {"value": 28.04})
    wait_until(lambda: hall.read("devices/strip.1")["state"] == "offline")
    wait_until(lambda: hall.read("climate/climate-1f")["temperature"] == 28.0)
    wait_until(lambda: hall.read("climate/climate-1f")["on"])


def test_calls_are_told_with_number_and_window_and_nothing_of_the_resident(hall: PublishedHall) -> None:
    issued = hall.issue("tax", LI)
    hall.call("2")
    wait_until(lambda: hall.read("call").get("number") == issued.ticket.number)
    assert hall.read("last_call") == hall.read("call")
    said = hall.read("call")
    assert (said["window"], said["window_name"], said["recall"]) == ("2", "2号窗口", False)
    assert set(said) == {"number", "window", "window_name", "at", "recall"}
    everything = json.dumps(hall.seen, ensure_ascii=False)
    for secret in (LI.name, LI.id_number, LI.address, issued.code):
        assert secret and secret not in everything
    hall.later(seconds=5)
    hall.office.recall("2", CLERK)
    wait_until(lambda: hall.read("call")["recall"])


def test_alerts_stand_there_in_words_for_as_long_as_they_stand(hall: PublishedHall) -> None:
    topic = "quhao/kiosk-1/alerts"
    wait_until(lambda: hall.seen.get(topic) == "[]")
    hall.issue("licence", LI)
    hall.later(minutes=31)
    hall.watch.look()
    wait_until(lambda: hall.seen.get(topic, "[]") != "[]")
    (said,) = json.loads(hall.seen[topic])
    assert (said["kind"], said["subject"]) == ("wait", "licence")
    assert said["what_en"] == "Business licence: somebody has waited for 31 minutes"
    hall.later(minutes=15)
    hall.watch.look()
    wait_until(lambda: "46 minutes" in hall.seen[topic])
    (again,) = json.loads(hall.seen[topic])
    assert (again["since"], again["told_at"] > again["since"]) == (said["since"], True)
    hall.call("1")
    hall.watch.look()
    hall.later(minutes=3)
    hall.watch.look()
    wait_until(lambda: hall.seen.get(topic) == "[]")


def test_calls_for_help_and_emergencies_stand_there_until_they_are_over(hall: PublishedHall) -> None:
    nothing = {"open": 0, "unanswered": 0, "calls": []}
    wait_until(lambda: hall.read("help") == nothing)
    calls = HelpCalls(hall.office.ledger)
    wanted = calls.call(Place("kiosk", "kiosk-1"), DESK)
    wait_until(lambda: hall.read("help").get("open") == 1)
    told = {"place": "取号机 kiosk-1", "place_en": "Kiosk kiosk-1", "answered": False}
    at = hall.now.isoformat(timespec="seconds")
    assert hall.read("help") == {"open": 1, "unanswered": 1, "calls": [told | {"at": at}]}
    calls.answer(wanted.id, DESK)
    wait_until(lambda: hall.read("help")["unanswered"] == 0)
    silent = calls.emergency("2", CLERK)
    wait_until(lambda: hall.read("emergency") == {"open": 1, "windows": ["2"]})
    assert hall.read("help")["open"] == 1
    calls.answer(silent.id, DESK)
    calls.done(wanted.id, DESK)
    wait_until(lambda: hall.read("help") == nothing)
    wait_until(lambda: hall.read("emergency") == {"open": 0, "windows": []})


def test_a_broker_that_forgot_everything_has_it_again(hall: PublishedHall) -> None:
    hall.mosquitto.stop()
    hall.issue("tax")
    number = hall.call("2")
    hall.mosquitto.start()
    seen = hall.mosquitto.watch()
    kept = {f"quhao/kiosk-1/{topic}" for topic in ("status", "devices/strip.1", "climate/climate-1f", "last_call")}
    wait_until(lambda: kept <= set(seen))
    assert json.loads(seen["quhao/kiosk-1/last_call"])["number"] == number


def test_a_call_that_is_old_is_not_told(hall: PublishedHall) -> None:
    hall.issue("tax")
    hall.call("2")
    called = next(event for event in hall.office.events_after(0, 100) if event.type == "ticket.called")
    hall.later(minutes=2)
    fresh = replace(called, at=hall.now, data=called.data | {"number": "B222"})
    hall.publisher.hear([replace(called, data=called.data | {"number": "B111"}), fresh])
    wait_until(lambda: hall.read("call").get("number") == "B222")
    assert "B111" not in json.dumps(hall.seen)


def test_home_assistant_finds_everything(hall: PublishedHall) -> None:
    expected = {
        "binary_sensor/strip_1",
        "button/strip_1_test",
        "binary_sensor/climate-1f",
        "button/climate-1f_test",
        "sensor/climate-1f_temperature",
        "sensor/climate-1f_humidity",
        "binary_sensor/climate-1f_on",
        "select/climate-1f_override",
        "sensor/alerts",
        "sensor/last_call",
        "sensor/help",
        "binary_sensor/emergency",
    }
    wait_until(lambda: set(hall.found()) >= expected)
    found = hall.found()
    assert set(found) == expected
    # Every topic that they name is there (nobody was called yet); states come after what says where they are.
    topics = {config["state_topic"] for config in found.values() if "state_topic" in config}
    wait_until(lambda: all(topic in hall.seen for topic in topics - {"quhao/kiosk-1/last_call"}))
    for config in found.values():
        assert config["availability_topic"] == "quhao/kiosk-1/status"
        assert config["device"]["identifiers"] == ["quhao_kiosk-1"]
    assert len({config["unique_id"] for config in found.values()}) == len(found)
    assert found["sensor/climate-1f_temperature"]["unit_of_measurement"] == "°C"


def times_tested(shown: list[str]) -> int:
    """How often a dark strip showed something."""
    return sum(bool(now) and not before for before, now in pairwise(["", *shown]))


def test_a_command_tests_a_device_once_in_a_while(hall: PublishedHall) -> None:
    topic = "quhao/kiosk-1/devices/strip.1/test"
    shown: list[str] = []
    hall.strip.on_change = lambda: shown.append(hall.strip.text)
    for _ in range(5):
        hall.mosquitto.send(topic, "PRESS")
    # The strip is dark before and after each test.
    wait_until(lambda: times_tested(shown) == 1)
    wait_until(lambda: shown[-1] == "")
    hall.mosquitto.send("quhao/kiosk-1/devices/nobody/test", "PRESS")
    hall.mosquitto.send(topic, "DROP")
    hall.at += 11.0
    hall.mosquitto.send(topic, "PRESS")
    wait_until(lambda: times_tested(shown) == 2)


def test_a_command_overrides_an_air_conditioner_for_an_hour(hall: PublishedHall) -> None:
    topic = "quhao/kiosk-1/climate/climate-1f/override"
    hall.mosquitto.send(topic, "on")
    wait_until(lambda: hall.zone.relay)
    wait_until(lambda: hall.read("climate/climate-1f")["override"] == "on")
    overridden = hall.climate.conditions().overridden
    assert overridden and OVERRIDE - 60 < overridden[1] <= OVERRIDE
    for text in ("maybe", " ", "x" * 200):
        hall.mosquitto.send(topic, text)
    hall.mosquitto.send("quhao/kiosk-1/climate/nobody/override", "on")
    hall.mosquitto.send(topic, "auto")
    wait_until(lambda: not hall.zone.relay)


@pytest.mark.parametrize("hall", [False], indirect=True)
def test_without_leave_nothing_is_obeyed_and_no_key_is_shown(hall: PublishedHall) -> None:
    wait_until(lambda: "sensor/last_call" in hall.found())
    assert [name for name in hall.found() if name.startswith(("button/", "select/"))] == []
    hall.mosquitto.send("quhao/kiosk-1/climate/climate-1f/override", "on")
    hall.mosquitto.send("quhao/kiosk-1/devices/strip.1/test", "PRESS")
    hall.zone.use("set_temperature", {"value": 24.5})
    wait_until(lambda: hall.read("climate/climate-1f")["temperature"] == 24.5)
    assert hall.climate.conditions().overridden is None
    assert hall.strip.text == ""


def test_what_is_no_message_is_left_out(hall: PublishedHall) -> None:
    hall.publisher.take(DeviceEvent())
    assert hall.publisher._waiting == set()
