"""Pins of a Raspberry Pi that is not there: gpiozero's own MockFactory, with hands on its inputs."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from drivers.device import DeviceSettings
from drivers.errors import OfflineError
from drivers.gpio.board import Board
from drivers.gpio.driver import SENSORS, GpioSettings, Input, Output
from drivers.simulators.panel import Lamp, Part, Press
from drivers.simulators.simulator import BarePlug, Simulator

PRESS = 0.1
"""Seconds a button is held down by a press, and until the next."""


NAMES = {
    "call": ("呼叫", "Call"),
    "recall": ("重呼", "Recall"),
    "start": ("开始", "Start"),
    "finish": ("办结", "Finish"),
    "no-show": ("过号", "No-show"),
    "hold": ("挂起", "Hold"),
    "call-back": ("回呼", "Call back"),
    "pause": ("暂停", "Pause"),
    "presence": ("有人", "Somebody there"),
    "ticket-taken": ("小票取走", "Slip taken"),
    "door": ("柜门开", "Door open"),
    "key-next": ("下一个", "Next"),
    "key-prev": ("上一个", "Previous"),
    "key-ok": ("确定", "OK"),
    "key-back": ("返回", "Back"),
    "key-help": ("求助", "Help"),
    "open": ("开放", "Open"),
    "paused": ("暂停", "Paused"),
    "called": ("呼叫", "Called"),
    "serving": ("办理", "Serving"),
    "waiting": ("有人等", "Waiting"),
    "card": ("有卡", "Card here"),
    "take": ("取票", "Take the slip"),
    "help": ("求助", "Help"),
    "error": ("故障", "Error"),
    "buzzer": ("蜂鸣", "Buzzer"),
}
_COLOURS = {"paused": "amber", "called": "amber", "help": "amber", "error": "red", "buzzer": "amber"}


class _PluggedBoard(Board):
    """Pins that can be taken away."""

    def __init__(self, factory: Any, plug: BarePlug) -> None:
        super().__init__(factory)
        self._plug = plug

    def check(self) -> None:
        if not self._plug.plugged:
            raise OfflineError("unplugged")


class GpioSimulator(Simulator[BarePlug]):
    """Buttons, sensors and lamps on simulated pins.

    Args:
        inputs, outputs: what is on the pins.
        on_change: called after anything visible has changed.
    """

    place = "pins"

    def __init__(
        self, inputs: Sequence[Input] = (), outputs: Sequence[Output] = (), on_change: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(BarePlug(), on_change)
        self.inputs = {one.pin: one for one in inputs}
        self.outputs = {one.pin: one for one in outputs}
        self._held: dict[int, bool] = {}
        self._lock = threading.Lock()
        self._factory = self._made()

    @classmethod
    def of(cls, settings: GpioSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls(settings.inputs, settings.outputs)

    def open_port(self, settings: DeviceSettings) -> Board:  # noqa: ARG002 - there is one board
        """The simulated pins; raises OfflineError while they are away."""
        return self.open_board()

    def open_board(self) -> Board:
        """The same."""
        board = _PluggedBoard(self._factory, self._plug)
        board.check()
        return board

    def look(self) -> dict[str, Any]:
        """The pins of lamps that are on."""
        return {"lit": [pin for pin in self.outputs if self.lit(pin)]}

    def panel(self) -> Sequence[Part]:
        """Its lamps, its buttons, and its sensors as buttons that stay down."""
        lamps = [
            Lamp(*_name(one.shows, one.window), self.lit(pin), _COLOURS.get(one.shows, "green"))
            for pin, one in self.outputs.items()
        ]
        buttons = []
        for pin, one in self.inputs.items():
            is_held = pin in self._held if one.does in SENSORS else None
            hand = {None: "press", True: "release", False: "hold"}[is_held]
            buttons.append(Press(*_name(one.does, one.window), hand, {"pin": pin}, is_held))
        return [*lamps, *buttons]

    # Hands

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand; ``press``, ``hold`` and ``release`` need a ``pin``."""
        hands = {"press": self.press, "hold": self.hold, "release": self.release}
        if hand in hands:
            hands[hand](int(body["pin"]))
        else:
            super().use(hand, body)

    def press(self, pin: int, seconds: float = PRESS) -> None:
        """Press a button and let it go; returns when it could be pressed again. Raises LookupError."""
        self.hold(pin)
        threading.Event().wait(seconds)
        self.release(pin)
        threading.Event().wait(seconds)

    def hold(self, pin: int) -> None:
        """Keep a button down, or have a sensor sense something."""
        with self._lock:
            self._held[pin] = self.inputs[pin].active_high
            self._drive(pin, high=self._held[pin])
        self.on_change()

    def release(self, pin: int) -> None:
        """Let it go."""
        with self._lock:
            self._held.pop(pin, None)
            self._drive(pin, high=not self.inputs[pin].active_high)
        self.on_change()

    def bounce(self, pin: int, times: int = 20) -> None:
        """Have a contact bounce for less than any finger presses, and come to rest where it was."""
        for _ in range(times):
            with self._lock:
                self._drive(pin, high=self.inputs[pin].active_high)
                self._drive(pin, high=not self.inputs[pin].active_high)

    # Eyes

    def lit(self, pin: int) -> bool:
        """Whether a lamp is on."""
        found = self._factory.pin(pin)
        return bool(found.function == "output" and found.state == (self.outputs[pin].active == "high"))

    def _drive(self, pin: int, *, high: bool) -> None:
        found = self._factory.pin(pin)
        if high:
            found.drive_high()
        else:
            found.drive_low()

    def _made(self) -> Any:
        from gpiozero.pins.mock import MockFactory, MockPin

        simulator = self

        class Pin(MockPin):  # type: ignore[misc]
            """A pin that stays where a hand holds it."""

            def _set_pull(self, value: str) -> None:
                super()._set_pull(value)
                pin = simulator.inputs.get(self._number)
                if pin is None:
                    return
                # A contact at rest: a door that is shut connects its pin to ground.
                rest = not pin.active_high
                if simulator._held.get(self._number, rest):
                    self.drive_high()
                else:
                    self.drive_low()

            def _set_state(self, value: int) -> None:
                before = self._state
                super()._set_state(value)
                if self._state != before:
                    simulator.on_change()

        return MockFactory(pin_class=Pin)


def _name(what: str, window: str) -> tuple[str, str]:
    zh, en = NAMES.get(what, (what, what))
    return (f"{window}号窗口{zh}", f"{en}, window {window}") if window else (zh, en)
