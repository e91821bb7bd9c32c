"""Lines of 平安力合 and two-colour strips against their simulator: pty and TCP, spoilt wires, what fails."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.device import About, Device, WindowDisplay
from drivers.led import lihe_frames as lihe
from drivers.led.lihe import LiheLine, LiheSettings
from drivers.port import Port, open_port
from drivers.simulators.led.lihe import LiheLineSimulator
from drivers.supervisor import Supervisor
from wires import WIRES, WholeWire, now, wait_until

STRIPS = [{"address": 3, "window": "3"}, {"address": 5, "window": "5"}]


def settings(**more: Any) -> LiheSettings:
    return LiheSettings.model_validate(
        {"name": "strips", "driver": "led-lihe", "port": "sim:", "strips": STRIPS} | more
    )


class Hall:
    """A line of strips, its driver at work."""

    def __init__(self, simulator: LiheLineSimulator, device: Device, supervisor: Supervisor[Port]) -> None:
        self.simulator = simulator
        self.supervisor = supervisor
        self.displays = {sink.window: sink for sink in device.sinks if isinstance(sink, WindowDisplay)}
        assert isinstance(device.driver, LiheLine)
        self.strips = {strip.address: strip for strip in device.driver._strips}

    def show(self, window: str, text: str, about: About = About()) -> None:  # noqa: B008
        self.displays[window].show(text, about)

    def text(self, address: int) -> str:
        return self.simulator.strips[address].text


@contextmanager
def running(
    wire: Callable[[Port], Port] = WholeWire,
    *,
    is_tcp: bool = False,
    answering: bool = True,
    patience: float = 60.0,
    **more: Any,
) -> Iterator[Hall]:
    """A line at work; ``patience``: seconds a strip has for an answer, short where it is to be found silent."""
    made = settings(**more)
    device = made.build(lambda _event: None)
    simulator = LiheLineSimulator.of(made, Path(), now)
    if is_tcp:
        simulator = LiheLineSimulator([(one.address, 192, 16) for one in made.strips], is_tcp=True)
    for strip in simulator.strips.values():
        strip.gives_receipts = answering
    supervisor = Supervisor("strips", "led-lihe", lambda: wire(open_port(simulator.url, 9600)), device.driver, now)
    hall = Hall(simulator, device, supervisor)
    for one in hall.strips.values():
        one.answer_timeout, one.ping_interval = patience, 0.2
        one.test_patience, one.test_shown = 60.0, 600.0
    simulator.start()
    supervisor.start()
    try:
        yield hall
    finally:
        supervisor.stop()
        simulator.stop()


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("model", ["aa-bb", "a0-90"])
def test_each_strip_shows_its_windows_text_over_any_wire(wire: Callable[[Port], Port], model: str) -> None:
    with running(wire, model=model, colours={"call": "green"}) as hall:
        hall.show("3", "A001请到3号窗口", About("call"))
        hall.show("5", "暂停服务", About("paused"))
        wait_until(lambda: (hall.text(3), hall.text(5)) == ("A001请到3号窗口", "暂停服务"))
        wait_until(lambda: hall.supervisor.state.state == "online")
        assert hall.simulator.look()["strips"][0]["colours"] == ["green"]
        hall.show("3", "")
        wait_until(lambda: hall.text(3) == "")


def test_strips_behind_a_tcp_converter_are_spoken_to_alike() -> None:
    with running(is_tcp=True) as hall:
        hall.show("5", "A001")
        wait_until(lambda: hall.text(5) == "A001")
        wait_until(lambda: hall.supervisor.state.state == "online")


def test_a_strip_of_four_pictures_is_told_which_and_the_number() -> None:
    with running(model="a0") as hall:
        hall.show("3", "A012请到3号窗口", About("call", "A012", "3"))
        wait_until(lambda: hall.text(3) == "请A012号到3号窗口")
        assert lihe.Call(lihe.STRIP, 3, bytes((1, 0, 12, 3)) + b"A") in hall.simulator.heard
        for kind, text in (("serving", "A012正在办理"), ("paused", "暂停服务"), ("idle", "欢迎光临")):
            hall.show("3", "whatever", About(kind, "A012" if kind == "serving" else "", "3"))  # type: ignore[arg-type]
            wait_until(lambda text=text: hall.text(3) == text)  # type: ignore[misc]
        hall.show("3", "A12345请到3号窗口", About("call", "A12345", "3"))
        wait_until(lambda: hall.text(3) == "A12345请到3号窗口")


def test_a_board_on_the_line_has_its_rows_filled_up() -> None:
    with running(strips=[{"address": 9, "height": 48, "width": 128}]) as hall:
        hall.show("", "A002 请到5号窗口\nA001 请到3号窗口")
        wait_until(lambda: hall.simulator.strips[9].lines == ["A002 请到5号窗口", "A001 请到3号窗口"])
        assert any(isinstance(frame, lihe.FreeText) and frame.is_board for frame in hall.simulator.heard)


@pytest.mark.parametrize("model", ["aa-bb", "a0", "a0-90"])
def test_a_dark_strip_is_a_fault_that_names_its_address_until_it_is_back(model: str) -> None:
    with running(model=model, patience=0.2) as hall:
        for window in ("3", "5"):
            hall.show(window, "暂停服务", About("paused"))
        wait_until(lambda: hall.supervisor.state.state == "online")
        hall.simulator.use("silence", {"address": 5})
        wait_until(lambda: hall.supervisor.state.state == "fault")
        wait_until(lambda: hall.supervisor.state.detail == "address 5")
        assert hall.supervisor.state.reason == "strip_dark"
        hall.simulator.use("lose_power", {"address": 5})
        hall.simulator.use("speak_up", {"address": 5})
        wait_until(lambda: hall.supervisor.state.state == "online")
        wait_until(lambda: hall.text(5) == "暂停服务")


def test_a_line_that_is_pulled_out_comes_back_with_its_texts() -> None:
    with running() as hall:
        hall.show("3", "A001")
        wait_until(lambda: hall.supervisor.state.state == "online")
        hall.simulator.unplug()
        wait_until(lambda: hall.supervisor.state.reason in ("unplugged", "not_found"))
        hall.show("3", "A002")
        hall.simulator.plug_in()
        wait_until(lambda: hall.text(3) == "A002")


def test_a_refusal_is_a_fault_with_what_was_said() -> None:
    with running(model="a0-90") as hall:
        hall.show("5", "A001")
        wait_until(lambda: hall.text(5) == "A001")
        for _ in range(1000):
            hall.simulator.use("refuse", {"address": 3})
        hall.show("3", "A002")
        wait_until(lambda: hall.supervisor.state.reason == "strip_refused")
        assert hall.supervisor.state.detail == "address 3; 55"
        hall.simulator.strips[3].refuses = 0
        wait_until(lambda: hall.text(3) == "A002")


def test_strips_that_never_answer_are_shown_their_texts_and_said_to_be_unconfirmed() -> None:
    with running(answering=False, patience=0.2) as hall:
        hall.show("3", "A001")
        wait_until(lambda: hall.text(3) == "A001")
        wait_until(lambda: hall.supervisor.state.state == "online")
        assert hall.supervisor.state.detail == "strip_unconfirmed"
    with running(answering=False, answers=True, patience=0.2) as hall:
        wait_until(lambda: hall.supervisor.state.reason == "silent")
    with running(answering=False, answers=False) as hall:
        wait_until(lambda: hall.supervisor.state.state == "online")
        assert hall.supervisor.state.detail == ""


def test_a_test_shows_each_strip_its_address() -> None:
    with running() as hall:
        wait_until(lambda: hall.supervisor.state.state == "online")
        for strip in hall.strips.values():
            strip.show("x")
        reasons: list[str | None] = []
        thread = threading.Thread(target=lambda: reasons.append(hall.supervisor.driver.test("显示测试", [])))  # type: ignore[attr-defined]
        thread.start()
        wait_until(lambda: (hall.text(3), hall.text(5)) == ("3 显示测试", "5 显示测试"))
        for strip in hall.strips.values():
            strip.show("y")
        thread.join()
        assert reasons == [None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"strips": [{"address": 3}, {"address": 3}]},
        {"strips": STRIPS, "window": "3"},
        {"strips": [{"address": 0}]},
        {"strips": [], "window": "3", "rows": 2},
    ],
)
def test_settings_that_contradict_themselves_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)
