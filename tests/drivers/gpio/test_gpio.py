"""Buttons, sensors and lamps: the real driver on gpiozero's own mock of pins."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

import wires
from drivers.device import DeviceEvent
from drivers.errors import OfflineError
from drivers.gpio.board import Board, open_board
from drivers.gpio.driver import BEEP, STUCK, TEST_SHOWN, GpioSettings, Input, _Contact
from drivers.presses import KeyPressed, KioskFace, KioskKeyPressed, KioskPanel, Sensed, WindowFace, WindowPanel
from drivers.simulators.gpio import PRESS, GpioSimulator
from drivers.supervisor import Supervisor
from wires import wait_until

CALL, RECALL, PRESENCE, TAKEN, DOOR, NEXT, HELP = 17, 18, 27, 22, 4, 5, 6
INPUTS = [
    {"pin": CALL, "does": "call", "window": "3"},
    {"pin": RECALL, "does": "recall", "window": "3", "active": "high"},
    {"pin": PRESENCE, "does": "presence"},
    {"pin": TAKEN, "does": "ticket-taken"},
    {"pin": DOOR, "does": "door"},
    {"pin": NEXT, "does": "key-next"},
    {"pin": HELP, "does": "key-help"},
]
SERVING, CALLED, WAITING, BUZZER, WINDOW_BUZZER, HELP_LAMP, CARD, TAKE, ERROR = 23, 24, 25, 12, 13, 16, 19, 20, 21
OUTPUTS = [
    {"pin": SERVING, "shows": "serving", "window": "3"},
    {"pin": CALLED, "shows": "called", "window": "3"},
    {"pin": WAITING, "shows": "waiting", "window": "3", "active": "low"},
    {"pin": WINDOW_BUZZER, "shows": "buzzer", "window": "3"},
    {"pin": BUZZER, "shows": "buzzer"},
    {"pin": HELP_LAMP, "shows": "help"},
    {"pin": CARD, "shows": "card"},
    {"pin": TAKE, "shows": "take"},
    {"pin": ERROR, "shows": "error"},
]


def settings_of(**more: Any) -> GpioSettings:
    return GpioSettings.model_validate({"name": "pins", "driver": "gpio", "port": "sim:"} | more)


class Cabinet:
    """Simulated pins and the driver at work on them, with a clock in the test's hand."""

    def __init__(self, held: tuple[int, ...] = ()) -> None:
        settings = settings_of(inputs=INPUTS, outputs=OUTPUTS)
        self.pins = GpioSimulator(settings.inputs, settings.outputs)
        self.told: list[DeviceEvent] = []
        self.device = settings.build(self.told.append)
        self.at = 1000.0
        self.device.driver._clock = lambda: self.at  # type: ignore[attr-defined]
        self.supervisor = Supervisor("pins", "gpio", self.pins.open_board, self.device.driver, wires.now)
        self.pins.start()
        for pin in held:
            self.pins.hold(pin)
        self.supervisor.start()

    @property
    def state(self) -> str:
        return self.supervisor.state.reason or self.supervisor.state.state

    def time_passes(self) -> bool:
        self.at += PRESS
        return True

    def press(self, pin: int) -> None:
        """Press a button for as long as a finger does, and let it go for as long."""
        for hand in (self.pins.hold, self.pins.release):
            hand(pin)
            self.at += PRESS

    def panel(self, kind: Any) -> Any:
        return next(sink for sink in self.device.sinks if isinstance(sink, kind))

    def lit(self) -> set[int]:
        return {pin for pin in self.pins.outputs if self.pins.lit(pin)}

    def stop(self) -> None:
        self.supervisor.stop()
        self.pins.stop()


@pytest.fixture
def start() -> Iterator[Callable[..., Cabinet]]:
    built: list[Cabinet] = []

    def build(held: tuple[int, ...] = (), state: str = "online") -> Cabinet:
        built.append(Cabinet(held))
        wait_until(lambda: built[-1].state == state)
        return built[-1]

    yield build
    for cabinet in built:
        cabinet.stop()


@pytest.fixture
def cabinet(start: Callable[..., Cabinet]) -> Cabinet:
    return start()


@pytest.mark.parametrize(
    ("pin", "told"),
    [
        (CALL, [KeyPressed("3", "call")]),
        (RECALL, [KeyPressed("3", "recall")]),
        (NEXT, [KioskKeyPressed("next")]),
        (PRESENCE, [Sensed("presence", True), Sensed("presence", False)]),
        (TAKEN, [Sensed("ticket-taken", True), Sensed("ticket-taken", False)]),
    ],
)
def test_what_is_pressed_or_sensed_is_told_once(cabinet: Cabinet, pin: int, told: list[DeviceEvent]) -> None:
    cabinet.press(pin)
    wait_until(lambda: cabinet.told == told)


def test_a_contact_that_bounces_and_a_finger_that_trembles_press_once(cabinet: Cabinet) -> None:
    cabinet.pins.bounce(CALL)
    cabinet.pins.bounce(NEXT)
    cabinet.press(CALL)
    wait_until(lambda: cabinet.told)
    cabinet.press(CALL)
    for _ in range(2):
        cabinet.press(NEXT)
    wait_until(lambda: len(cabinet.told) == 3)
    cabinet.press(HELP)
    wait_until(lambda: KioskKeyPressed("help") in cabinet.told)
    key = KioskKeyPressed("next")
    assert cabinet.told == [KeyPressed("3", "call"), key, key, KioskKeyPressed("help")]


def test_a_press_that_comes_in_the_middle_of_a_look_is_not_lost() -> None:
    contact = _Contact(Input(pin=CALL, does="call", window="3"), 0.0)

    def is_active() -> bool:
        if not contact.edges:
            contact.edges.append((1.0, True))
        return False  # as it was a moment ago, and is when it is looked at next

    contact.is_active = is_active
    assert contact.look(1.0) == []
    contact.edges.append((1.1, False))
    assert contact.look(1.2) == [True, False]


def test_a_button_that_is_down_at_the_start_was_not_pressed_and_who_stands_there_is_told(
    start: Callable[..., Cabinet],
) -> None:
    cabinet = start(held=(CALL, PRESENCE))
    wait_until(lambda: cabinet.time_passes() and cabinet.told == [Sensed("presence", True)])
    cabinet.pins.release(CALL)
    cabinet.at += PRESS
    cabinet.press(CALL)
    wait_until(lambda: cabinet.told[1:] == [KeyPressed("3", "call")])


def test_a_stuck_button_is_found_and_said_until_it_is_free(cabinet: Cabinet) -> None:
    cabinet.pins.hold(CALL)
    cabinet.at += PRESS
    wait_until(lambda: cabinet.told)
    assert cabinet.state == "online"
    cabinet.at += STUCK + 1
    wait_until(lambda: cabinet.state == "button_stuck")
    assert cabinet.supervisor.state.detail == "GPIO17 call 3"
    cabinet.pins.release(CALL)
    cabinet.at += PRESS
    wait_until(lambda: cabinet.state == "online")


def test_an_open_door_is_said(start: Callable[..., Cabinet]) -> None:
    cabinet = start(held=(DOOR,), state="door_open")
    cabinet.pins.release(DOOR)
    cabinet.at += PRESS
    wait_until(lambda: cabinet.state == "online")
    assert cabinet.told == []


def test_lamps_show_how_the_window_stands(cabinet: Cabinet) -> None:
    panel = cabinet.panel(WindowPanel)
    for face, lamps in (
        (WindowFace("open", "A001", waiting=2), {CALLED, WAITING}),
        (WindowFace("open", "A001", serving=True), {SERVING}),
        (WindowFace("closed"), set()),
    ):
        panel.show(face)
        wait_until(lambda lamps=lamps: cabinet.lit() == lamps)  # type: ignore[misc]
    panel.refuse()
    wait_until(lambda: cabinet.lit() == {WINDOW_BUZZER})
    cabinet.at += BEEP
    wait_until(lambda: cabinet.lit() == set())


def test_lamps_show_how_the_kiosk_is_and_a_slip_is_heard(cabinet: Cabinet) -> None:
    panel = cabinet.panel(KioskPanel)
    panel.show(KioskFace(card=True))
    wait_until(lambda: cabinet.lit() == {CARD})
    panel.show(KioskFace(card=True, slip=True))
    wait_until(lambda: cabinet.lit() == {CARD, TAKE, BUZZER})
    cabinet.at += BEEP
    wait_until(lambda: cabinet.lit() == {CARD, TAKE})
    panel.show(KioskFace(fault=True))
    wait_until(lambda: cabinet.lit() == {ERROR})
    panel.show(KioskFace(help=True))
    wait_until(lambda: cabinet.lit() == {HELP_LAMP})


def test_a_test_lights_everything_for_a_moment(cabinet: Cabinet) -> None:
    assert cabinet.device.driver.test("", []) is None  # type: ignore[attr-defined]
    wait_until(lambda: len(cabinet.lit()) == len(OUTPUTS))
    cabinet.at += TEST_SHOWN
    wait_until(lambda: cabinet.lit() == set())


def test_pins_that_go_and_come_back_work_and_show_as_before(cabinet: Cabinet) -> None:
    cabinet.panel(WindowPanel).show(WindowFace("open", "A001", serving=True))
    wait_until(lambda: cabinet.lit() == {SERVING})
    cabinet.pins.unplug()
    wait_until(lambda: cabinet.state == "unplugged")
    assert cabinet.lit() == set()
    cabinet.pins.plug_in()
    wait_until(lambda: cabinet.lit() == {SERVING})
    cabinet.press(CALL)
    wait_until(lambda: cabinet.told == [KeyPressed("3", "call")])


def test_a_pin_that_is_taken_is_said_to_be(cabinet: Cabinet) -> None:
    second = cabinet.pins.open_board()
    with pytest.raises(OfflineError, match="busy: GPIO17"):
        second.listen(CALL, pull_up=True, changed=lambda _high: None)


def test_without_pins_a_machine_says_so() -> None:
    # Here there is no /dev/gpiochip, and no library that would find one.
    with pytest.raises(OfflineError, match="no_gpio"):
        open_board()


def test_a_pin_that_is_not_there_is_said_to_be() -> None:
    board = Board(GpioSimulator()._factory)
    with pytest.raises(OfflineError, match="no_gpio: GPIO77"):
        board.light(77, active_high=True)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"inputs": [{"pin": 1, "does": "call"}]}, ("inputs", 0, "window")),
        ({"inputs": [{"pin": 28, "does": "door"}]}, ("inputs", 0, "pin")),
        ({"outputs": [{"pin": 1, "shows": "serving", "window": ""}]}, ("outputs", 0, "window")),
        ({"outputs": [{"pin": 1, "shows": "smoke"}]}, ("outputs", 0, "shows")),
        ({"inputs": [{"pin": 1, "does": "door"}], "outputs": [{"pin": 1, "shows": "card"}]}, ("outputs",)),
        ({"port": "/dev/gpiochip0"}, ("port",)),
    ],
)
def test_what_is_wrong_with_the_pins_is_said_under_its_key(more: dict[str, Any], where: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings_of(**more)
    assert caught.value.errors()[0]["loc"] == where
