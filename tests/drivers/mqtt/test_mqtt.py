"""The broker's connection: against the simulator, against mosquitto, and against brokers that hang, lie and babble."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import wires
from certificates import make_certificate
from drivers.mqtt.driver import BACKLOG, Broker, MqttSettings
from drivers.simulators import mqtt as simulated
from drivers.simulators.mqtt import MqttSimulator, Packet, PacketDecoder, encode
from drivers.simulators.plug_tcp import PlugTcp
from mosquitto import Mosquitto


class Publishing:
    """The driver at work on some broker."""

    def __init__(self, port: str, patience: float = 60.0, name: str = "quhao", **settings: Any) -> None:
        table = {"name": "broker", "driver": "mqtt", "port": port} | settings
        self.settings = MqttSettings.model_validate(table)
        self.messages: list[tuple[str, str]] = []
        built = self.settings.build(lambda event: self.messages.append((event.topic, event.text)))  # type: ignore[attr-defined]
        assert isinstance(built.driver, Broker)
        self.broker = built.driver
        self.broker.client_id, self.broker.status = name, "quhao/status"
        self.broker.subscribed = ("quhao/+/test",)
        self.broker.answer_timeout, self.broker.test_patience = patience, 60.0
        self.supervisor = wires.Watched("broker", "mqtt", self.settings.open_port, self.broker)

    def wait(self, state: str, reason: str | None = None) -> None:
        now = lambda: self.supervisor.state  # noqa: E731
        wires.wait_until(lambda: (now().state, now().reason) == (state, reason))


@pytest.fixture
def publish() -> Iterator[Callable[..., Publishing]]:
    made: list[Publishing] = []

    def make(port: str, **options: Any) -> Publishing:
        made.append(Publishing(port, **options))
        made[-1].supervisor.start()
        return made[-1]

    yield make
    for one in made:
        one.supervisor.stop()


@pytest.fixture
def broker() -> Iterator[MqttSimulator]:
    simulator = MqttSimulator()
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    real = Mosquitto(tmp_path)
    real.start()
    yield real
    real.close()


# Settings


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"port": "tcp://10.0.0.1:1883"}, "port"),
        ({"port": "mqtt://user:secret@10.0.0.1:1883"}, "port"),
        ({"port": "mqtt://10.0.0.1:0"}, "port"),
        ({"port": "10.0.0.1"}, "port"),
        ({"prefix": "quhao/#"}, "prefix"),
        ({"prefix": ""}, "prefix"),
        ({"commands": "yes"}, "commands"),
        ({"username": "a", "password_file": "nowhere"}, "password_file"),
        ({"ca_file": "nowhere"}, "ca_file"),
    ],
)
def test_settings_that_will_not_do_are_refused_at_their_key(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MqttSettings.model_validate({"name": "b", "driver": "mqtt", "port": "mqtt://broker:1883"} | changes)
    assert [error["loc"][-1] for error in caught.value.errors()] == [key]


def test_a_password_needs_its_user(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n", "utf-8")
    table = {"name": "b", "driver": "mqtt", "port": "mqtts://broker", "password_file": "password"}
    with pytest.raises(ValidationError, match="wrong"):
        MqttSettings.model_validate(table, context={"folder": tmp_path})
    port = MqttSettings.model_validate(table | {"username": "quhao"}, context={"folder": tmp_path}).open_port()
    assert (port.host, port.port, port.password, port.tls is not None) == ("broker", 8883, "secret", True)
    assert "secret" not in repr(port)


# The simulator's packets


def test_packets_are_the_specifications() -> None:
    # MQTT 3.1.1, 3.2 and 3.4; the remaining length of 2.2.3.
    assert encode(Packet.CONNACK, b"\x00\x00") == bytes.fromhex("20 02 00 00")
    assert encode(Packet.PUBACK, b"\x00\x0a") == bytes.fromhex("40 02 00 0A")
    for size, length in ((127, "7F"), (128, "80 01"), (16383, "FF 7F"), (16384, "80 80 01")):
        assert encode(Packet.PUBLISH, bytes(size))[1:-size] == bytes.fromhex(length)


@given(st.lists(st.tuples(st.integers(1, 14), st.binary(max_size=300)), max_size=6), st.lists(st.integers(1, 90)))
def test_packets_come_out_the_same_in_any_chunks(packets: list[tuple[int, bytes]], cuts: list[int]) -> None:
    decoder = PacketDecoder()
    stream = b"".join(encode(kind, body) for kind, body in packets)
    found = [packet for chunk in wires.chunks(stream, cuts) for packet in decoder.receive(chunk)]
    assert [(kind, body) for kind, _, body in found] == packets


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_garbage_is_refused_and_not_kept(garbage: list[bytes]) -> None:
    decoder = PacketDecoder()
    for chunk in garbage:
        try:
            for kind, _flags, body in decoder.receive(chunk):
                if kind == Packet.CONNECT:
                    simulated._will_of(body)
        except (ValueError, IndexError):
            return
        assert len(decoder._held) <= simulated.LARGEST + 5


# Publishing


def test_topics_stand_at_the_broker_and_messages_are_sent_once(
    broker: MqttSimulator, publish: Callable[..., Publishing]
) -> None:
    one = publish(broker.url)
    one.broker.keep("quhao/devices/printer", "paper")
    one.broker.tell("quhao/call", "A001")
    wires.wait_until(lambda: ("quhao/call", "A001") in list(broker.heard))
    assert broker.topics == {"quhao/status": "online", "quhao/devices/printer": "paper"}
    for _ in range(3):
        one.broker.keep("quhao/devices/printer", "paper")
    one.broker.keep("quhao/devices/printer", "")
    wires.wait_until(lambda: "quhao/devices/printer" not in broker.topics)
    assert [topic for topic, _ in broker.heard].count("quhao/devices/printer") == 2
    assert one.broker.test("Test", ["hall"]) is None
    one.supervisor.stop()
    wires.wait_until(lambda: broker.topics == {"quhao/status": "offline"})


def test_mosquitto_has_everything_again_after_a_restart(
    mosquitto: Mosquitto, publish: Callable[..., Publishing]
) -> None:
    one = publish(f"mqtt://127.0.0.1:{mosquitto.port}")
    for turn in range(60):
        one.broker.keep(f"quhao/topic/{turn}", str(turn))
    one.wait("online")
    seen = mosquitto.watch()
    wires.wait_until(lambda: len(seen) == 61)
    assert seen["quhao/status"] == "online"
    mosquitto.stop()
    one.wait("offline", "refused")
    one.broker.keep("quhao/topic/0", "new")
    one.broker.tell("quhao/call", "A002")
    mosquitto.start()
    one.wait("online")
    again = mosquitto.watch("quhao/topic/#")
    wires.wait_until(lambda: len(again) == 60)
    wires.wait_until(lambda: again["quhao/topic/0"] == "new")
    wires.wait_until(lambda: one.broker.waiting == 0)


def test_mosquitto_says_offline_for_a_box_that_is_gone(
    mosquitto: Mosquitto, publish: Callable[..., Publishing]
) -> None:
    one = publish(f"mqtt://127.0.0.1:{mosquitto.port}")
    one.wait("online")
    seen = mosquitto.watch("quhao/status")
    wires.wait_until(lambda: seen == {"quhao/status": "online"})
    one.supervisor.stop()
    wires.wait_until(lambda: seen == {"quhao/status": "offline"})


def test_a_broker_that_is_only_tried_is_left_as_it_was(mosquitto: Mosquitto) -> None:
    one = Publishing(f"mqtt://127.0.0.1:{mosquitto.port}")
    one.broker.client_id = one.broker.status = ""
    seen = mosquitto.watch()
    one.supervisor.start()
    one.wait("online")
    one.supervisor.stop()
    mosquitto.send("end", "end")
    wires.wait_until(lambda: seen)
    assert seen == {"end": "end"}


def test_mosquitto_lets_in_with_the_password_alone(tmp_path: Path, publish: Callable[..., Publishing]) -> None:
    mosquitto = Mosquitto(tmp_path, password="right")
    mosquitto.start()
    try:
        (tmp_path / "right").write_text("right\n", "utf-8")
        (tmp_path / "wrong").write_text("wrong\n", "utf-8")
        port = f"mqtt://127.0.0.1:{mosquitto.port}"
        publish(port, username="quhao", password_file=tmp_path / "right").wait("online")
        publish(port, username="quhao", password_file=tmp_path / "wrong").wait("fault", "login_refused")
        publish(port).wait("fault", "login_refused")
    finally:
        mosquitto.close()


def test_mosquitto_by_tls_is_checked(tmp_path: Path, publish: Callable[..., Publishing]) -> None:
    certificate, key = make_certificate(tmp_path)
    mosquitto = Mosquitto(tmp_path, tls=(certificate, key))
    mosquitto.start()
    try:
        trusted = publish(f"mqtts://localhost:{mosquitto.port}", ca_file=certificate)
        trusted.wait("online")
        assert trusted.broker.test("Test", []) is None
        publish(f"mqtts://localhost:{mosquitto.port}").wait("offline", "tls_failed")
    finally:
        mosquitto.close()


# Commands


def test_commands_are_heard_only_where_they_are_allowed(
    mosquitto: Mosquitto, publish: Callable[..., Publishing]
) -> None:
    mosquitto.send("quhao/old/test", "PRESS", "-r")
    port = f"mqtt://127.0.0.1:{mosquitto.port}"
    deaf, listening = publish(port), publish(port, commands=True, name="other")
    for one in (deaf, listening):
        one.wait("online")
    mosquitto.send("quhao/printer/test", "PRESS")
    wires.wait_until(lambda: listening.messages)
    # Neither what was kept from some other time, nor anything of any length.
    mosquitto.send("quhao/printer/test", "x" * 300)
    mosquitto.send("quhao/reader/test", "PRESS")
    wires.wait_until(lambda: len(listening.messages) == 2)
    assert listening.messages == [("quhao/printer/test", "PRESS"), ("quhao/reader/test", "PRESS")]
    assert deaf.messages == []


def test_a_message_too_large_for_us_is_not_taken(mosquitto: Mosquitto, publish: Callable[..., Publishing]) -> None:
    one = publish(f"mqtt://127.0.0.1:{mosquitto.port}", commands=True)
    one.wait("online")
    mosquitto.send("quhao/printer/test", "x" * 100_000)
    mosquitto.send("quhao/printer/test", "PRESS")
    wires.wait_until(lambda: one.messages == [("quhao/printer/test", "PRESS")])
    assert one.supervisor.reasons[-1:] == ["online"] and "garbled" not in one.supervisor.reasons
    mosquitto.send("quhao/printer/test", "x" * 5_000_000)
    wires.wait_until(lambda: one.supervisor.reasons[-2:] == ["garbled", "online"])
    assert len(one.messages) == 1


# Brokers that fail


def test_a_broker_that_stops_answering_is_silent_and_is_told_everything_when_it_is_back(
    broker: MqttSimulator, publish: Callable[..., Publishing]
) -> None:
    one = publish(broker.url, patience=1.0)
    one.wait("online")
    broker.silence()
    for turn in range(3 * BACKLOG):
        one.broker.keep("quhao/value", str(turn))
        one.broker.tell("quhao/call", str(turn))
    one.wait("offline", "silent")
    assert one.broker.waiting <= BACKLOG + 2
    one.broker.answer_timeout = 60.0
    broker.speak()
    one.wait("online")
    last = str(3 * BACKLOG - 1)
    wires.wait_until(lambda: one.broker.waiting == 0 and broker.topics.get("quhao/value") == last)
    wires.wait_until(lambda: ("quhao/call", last) in list(broker.heard))
    assert [text for topic, text in broker.heard if topic == "quhao/call"][-1] == last


def test_a_broker_that_refuses_the_log_in_and_then_takes_it(
    broker: MqttSimulator, publish: Callable[..., Publishing]
) -> None:
    broker.refuse_login()
    one = publish(broker.url)
    one.wait("fault", "login_refused")
    broker.allow_login()
    one.wait("online")


def test_a_broker_unplugged_and_put_back(broker: MqttSimulator, publish: Callable[..., Publishing]) -> None:
    one = publish(broker.url)
    one.wait("online")
    broker.unplug()
    wires.wait_until(lambda: one.supervisor.state.state == "offline")
    one.broker.keep("quhao/value", "1")
    broker.plug_in()
    one.wait("online")
    wires.wait_until(lambda: broker.topics.get("quhao/value") == "1")


def test_a_broker_that_is_full_says_so(publish: Callable[..., Publishing]) -> None:
    full = PlugTcp(lambda _data: full.send(encode(Packet.CONNACK, b"\x00\x03")) and None)
    full.start()
    try:
        publish(full.url.replace("tcp:", "mqtt:")).wait("offline", "broker_refused")
    finally:
        full.stop()


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02\x00", b"\x30\xff\xff\xff\x7f" + bytes(100), b"\x00" * 4000],
    ids=["nothing", "http", "half", "a packet of 256 MB", "zeros"],
)
def test_what_is_no_broker_is_offline_and_stops_nobody(says: bytes, publish: Callable[..., Publishing]) -> None:
    odd = PlugTcp(lambda _data: says and odd.send(says) and None)
    odd.start()
    try:
        one = publish(odd.url.replace("tcp:", "mqtt:"), patience=1.0)
        wires.wait_until(lambda: one.supervisor.state.reason != "starting")
        assert one.supervisor.state.state == "offline"
        assert one.supervisor.state.reason in ("silent", "hung_up", "garbled", "defect")
        assert one.supervisor.state.reason != "defect", one.supervisor.state.detail
        for turn in range(1000):
            one.broker.keep("quhao/value", str(turn))
        one.supervisor.stop(30.0)
        assert not one.supervisor._thread.is_alive()
    finally:
        odd.stop()


def test_a_broker_that_babbles_takes_no_core(broker: MqttSimulator, publish: Callable[..., Publishing]) -> None:
    one = publish(broker.url)
    one.wait("online")
    over = threading.Event()
    flood = encode(Packet.PINGRESP, b"") * 500

    def babble() -> None:
        while not over.is_set():
            broker._plug.send(flood)

    thread = threading.Thread(target=babble)
    thread.start()
    try:
        one.broker.keep("quhao/value", "1")
        wires.wait_until(lambda: broker.topics.get("quhao/value") == "1")
    finally:
        over.set()
        broker.unplug()
        thread.join()


def test_a_broker_whose_answer_came_while_the_machine_stood_still_is_not_silent(
    broker: MqttSimulator, publish: Callable[..., Publishing]
) -> None:
    # No time at all for an answer: one that is there when it is looked for is in time.
    one = publish(broker.url, patience=0.0)
    wires.wait_until(lambda: "online" in one.supervisor.reasons)
