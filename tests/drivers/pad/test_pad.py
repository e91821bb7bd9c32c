"""A line of call pads: the real driver on simulated pads, over a real pty."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import wires
from drivers.device import DeviceEvent
from drivers.pad import ff68
from drivers.pad.ff68 import Frame
from drivers.pad.line import DOUBLE, NOISE_LASTS, OWN, TEST_SHOWN, PadLine, PadSettings, Style
from drivers.port import Port, open_port
from drivers.presses import GradeGiven, KeyPressed, WindowFace
from drivers.simulators.pad import KEY, PadLineSimulator
from drivers.simulators.plug_tcp import PlugTcp
from drivers.supervisor import Supervisor
from wires import wait_until

WINDOWS = {5: "3", 6: "4"}
KEY_CALL = Frame(5, KEY, bytes([ff68.CALL])).to_bytes()


class Line:
    """Simulated pads and the driver at work on them."""

    def __init__(self, style: Style = "event", wire: Callable[[Port], Port] = wires.WholeWire) -> None:
        self.pads = PadLineSimulator(WINDOWS, style)
        self.told: list[DeviceEvent] = []
        self.clock = wires.Ticking()
        self.driver = PadLine(WINDOWS, self.told.append, style=style, clock=self.clock)
        self.supervisor = Supervisor("pads", "pad", lambda: wire(open_port(self.pads.url)), self.driver, wires.now)
        self.pads.start()
        self.supervisor.start()
        wait_until(lambda: self.state == "online")

    @property
    def state(self) -> str:
        return self.supervisor.state.reason or self.supervisor.state.state

    def stop(self) -> None:
        self.supervisor.stop()
        self.pads.stop()


@pytest.fixture
def line_of() -> Iterator[Callable[..., Line]]:
    built: list[Line] = []

    def build(*args: Any, **kw: Any) -> Line:
        built.append(Line(*args, **kw))
        return built[-1]

    yield build
    for line in built:
        line.stop()


@pytest.fixture
def line(line_of: Callable[..., Line]) -> Line:
    return line_of()


@pytest.mark.parametrize("wire", wires.WIRES)
def test_a_key_is_told_with_its_window_answered_and_shown(line_of: Callable[..., Line], wire: Any) -> None:
    line = line_of(wire=wire)
    line.pads.press(5, "call")
    line.pads.press(6, "transfer", "12")
    wait_until(lambda: line.told == [KeyPressed("3", "call"), KeyPressed("4", "transfer", 12)])
    wait_until(lambda: all(pad.unanswered is None for pad in line.pads.pads.values()))
    line.driver.panel(5).show(WindowFace("open", "A023", waiting=2))
    line.driver.panel(6).show(WindowFace("open", waiting=17))
    wait_until(lambda: (line.pads.pads[5].waiting, line.pads.pads[5].ticket) == ("", "023"))
    wait_until(lambda: (line.pads.pads[6].waiting, line.pads.pads[6].ticket) == ("017", ""))


def test_a_key_sent_again_or_pressed_twice_at_once_is_one_and_answered_each_time(line: Line) -> None:
    line.pads.press(5, "call")
    wait_until(lambda: line.pads.pads[5].unanswered is None)
    # Not within the time in which it would be an echo of our own answer
    line.clock.pass_on(OWN)
    line.clock.looked_at()
    line.pads.press(5, "call")
    wait_until(lambda: line.pads.pads[5].unanswered is None)
    line.pads.press(5, "recall")
    wait_until(lambda: line.told == [KeyPressed("3", "call"), KeyPressed("3", "recall")])


def test_a_grade_is_asked_for_told_and_answered_with_its_own_function(line: Line) -> None:
    line.driver.panel(5).ask()
    wait_until(lambda: line.pads.pads[5].asked)
    line.pads.grade(5, 3)
    wait_until(lambda: line.told == [GradeGiven("3", 2)])
    wait_until(lambda: not line.pads.pads[5].asked)
    line.pads.grade(6, 9)
    wait_until(lambda: line.pads.pads[6].unanswered is None)
    assert len(line.told) == 1


def test_a_refused_key_beeps_twice_on_its_pad_alone(line: Line) -> None:
    line.driver.panel(6).refuse()
    wait_until(lambda: line.pads.pads[6].beeps == 2)
    assert line.pads.pads[5].beeps == 0


def test_a_test_beeps_on_each_and_shows_its_address(line: Line) -> None:
    shown: list[list[str]] = []
    line.pads.on_change = lambda: shown.append([pad.ticket for pad in line.pads.pads.values()])
    assert line.driver.test("", []) is None
    wait_until(lambda: [pad.beeps for pad in line.pads.pads.values()] == [1, 1])
    wait_until(lambda: ["005", "006"] in shown)
    line.clock.pass_on(TEST_SHOWN)
    wait_until(lambda: [pad.ticket for pad in line.pads.pads.values()] == ["", ""])


def test_polled_pads_are_asked_in_turn_and_known_to_be_silent(line_of: Callable[..., Line]) -> None:
    line = line_of("poll")
    line.pads.press(6, "recall")
    wait_until(lambda: line.told == [KeyPressed("4", "recall")])
    line.pads.silence(6)
    wait_until(lambda: line.state == "pads_silent")
    assert line.supervisor.state.detail == "address 6"
    line.pads.press(5, "call")
    wait_until(lambda: line.told[1:] == [KeyPressed("3", "call")])
    line.pads.silence(5)
    wait_until(lambda: line.state == "silent")
    assert line.supervisor.state.state == "offline"
    for address in WINDOWS:
        line.pads.silence(address, silent=False)
    wait_until(lambda: line.state == "online")


def test_pads_pulled_out_and_put_back_show_what_they_showed(line: Line) -> None:
    line.driver.panel(5).show(WindowFace("open", "A023"))
    wait_until(lambda: line.pads.pads[5].ticket == "023")
    line.pads.unplug()
    wait_until(lambda: line.supervisor.state.state == "offline")
    assert not line.pads.press(5, "call")
    line.pads.pads[5].ticket = ""
    line.pads.plug_in()
    wait_until(lambda: line.pads.pads[5].ticket == "023")
    line.pads.press(5, "call")
    wait_until(lambda: line.told == [KeyPressed("3", "call")])


def test_a_pad_that_nobody_configured_is_named(line: Line) -> None:
    line.pads.say(Frame(9, KEY, bytes([ff68.CALL])).to_bytes())
    wait_until(lambda: (line.state, line.supervisor.state.detail) == ("pad_unknown", "address 9"))
    assert line.told == []


def test_noise_is_said_and_forgotten_and_keys_are_heard_beside_it(line: Line) -> None:
    line.pads.say(bytes(range(256)) * 2)
    wait_until(lambda: line.state == "garbled")
    line.pads.press(5, "call")
    wait_until(lambda: line.told == [KeyPressed("3", "call")])
    line.clock.pass_on(NOISE_LASTS)
    wait_until(lambda: line.state == "online")


def test_a_line_that_babbles_is_in_fault_and_comes_back(line: Line) -> None:
    line.pads.babble()
    wait_until(lambda: line.state == "babbling")
    line.pads.hush()
    wait_until(lambda: line.state == "online")
    line.pads.press(5, "call")
    wait_until(lambda: line.told == [KeyPressed("3", "call")])


def test_a_line_behind_a_converter_is_answered_over_tcp() -> None:
    heard, told = bytearray(), []
    plug = PlugTcp(heard.extend)
    driver = PadLine(WINDOWS, told.append)
    supervisor = Supervisor("pads", "pad", lambda: open_port(plug.url), driver, wires.now)
    plug.start()
    supervisor.start()
    try:
        wait_until(lambda: plug.connected)
        frame = Frame(5, KEY, bytes([ff68.CALL])).to_bytes()
        plug.send(frame)
        wait_until(lambda: told == [KeyPressed("3", "call")] and frame in heard)
        plug.hang_up(reset=True)
        wait_until(lambda: plug.connected)
    finally:
        supervisor.stop()
        plug.stop()


class EchoWire(wires.WholeWire):
    """A two-wire line: what is written comes back."""

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self._back = b""

    def read(self, timeout: float) -> bytes:
        back, self._back = self._back, b""
        return back or super().read(timeout)

    def write(self, data: bytes, timeout: float) -> None:
        super().write(data, timeout)
        self._back += data


def test_our_own_frames_that_come_back_are_neither_keys_nor_answered(line_of: Callable[..., Line]) -> None:
    line = line_of(wire=EchoWire)
    line.pads.press(5, "call")
    line.driver.panel(5).show(WindowFace("open", "A023"))
    wait_until(lambda: line.pads.pads[5].ticket == "023")
    # Told behind all that came back before it
    line.pads.press(6, "call")
    wait_until(lambda: line.told == [KeyPressed("3", "call"), KeyPressed("4", "call")])
    assert line.state == "online"


class Garbage:
    """A port that has garbage to read once, and stops its driver then."""

    def __init__(self, chunks: list[bytes], link: wires.SpyLink) -> None:
        self._chunks, self._link = chunks, link

    def read(self, timeout: float) -> bytes:
        if not self._chunks:
            self._link.stopping.set()
        return self._chunks.pop(0) if self._chunks else b""

    def write(self, data: bytes, timeout: float) -> None:
        pass

    def close(self) -> None:
        pass


class Standing(Garbage):
    """A two-wire line: what is written comes back, and the machine stands still for seconds wherever it is used."""

    def __init__(self, chunks: list[bytes], link: wires.SpyLink) -> None:
        super().__init__(chunks, link)
        self.clock = wires.Ticking()
        self.wrote: list[bytes] = []

    def read(self, timeout: float) -> bytes:
        self.clock.pass_on(2 * DOUBLE)
        self._chunks[:] = [b"".join(self._chunks)] if self._chunks else []
        return super().read(timeout)

    def write(self, data: bytes, timeout: float) -> None:
        self.clock.pass_on(2 * DOUBLE)
        self.wrote.append(data)
        if len(self.wrote) < 20:
            self._chunks.append(data)


@pytest.mark.parametrize("again", [[], [KEY_CALL]], ids=["its answer comes back", "sent again"])
def test_a_press_is_one_however_long_the_machine_stood_still(again: list[bytes]) -> None:
    link = wires.SpyLink()
    told: list[DeviceEvent] = []
    line = Standing([KEY_CALL, *again], link)
    PadLine(WINDOWS, told.append, clock=line.clock).serve(line, link)
    assert told == [KeyPressed("3", "call")]
    assert line.wrote.count(KEY_CALL) == 1 + len(again)


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8))
def test_any_garbage_is_survived_by_the_driver(chunks: list[bytes]) -> None:
    link = wires.SpyLink()
    told: list[DeviceEvent] = []
    PadLine(WINDOWS, told.append).serve(Garbage(chunks, link), link)
    assert {said for said, _ in link.said} <= {"online", "fault"}


def settings_of(**more: Any) -> PadSettings:
    return PadSettings.model_validate({"name": "p", "driver": "pad", "port": "sim:"} | more)


def test_a_line_names_its_pads_and_a_single_pad_its_window() -> None:
    many = settings_of(pads=[{"address": 5, "window": "3"}, {"address": 6, "window": "4"}])
    assert many.windows == WINDOWS
    assert settings_of(window="3").windows == {1: "3"}
    assert [sink.window for sink in many.build(lambda _event: None).sinks] == ["3", "4"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({}, ("window",)),
        ({"pads": [{"address": 5}]}, ("pads", 0, "window")),
        ({"pads": [{"address": 5, "window": "3"}] * 2}, ("pads",)),
        ({"pads": [{"address": 255, "window": "3"}]}, ("pads", 0, "address")),
        ({"window": "3", "grades": [6]}, ("grades", 0)),
    ],
)
def test_what_is_wrong_with_a_line_is_said_under_its_key(more: dict[str, Any], where: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_of(**more)
    assert caught.value.errors()[0]["loc"] == where
