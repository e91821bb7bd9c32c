"""Driver of pins: call buttons and lamps at windows, sensors, lamps and a tactile pad at the kiosk.

A level counts once it has lasted longer than a contact bounces, by the times of its edges: a spike is no press, and a
press is not lost on a box that is busy. An edge that nobody told is found at the next look.

Faults: ``button_stuck``, ``door_open``, each with the pin.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from drivers.device import Device, DeviceEvent, DeviceSettings, PortText, Sink, Whole, wrong_setting
from drivers.gpio.board import Board, open_board
from drivers.presses import (
    KeyPressed,
    KioskFace,
    KioskKeyPressed,
    KioskPanel,
    Sensed,
    WindowFace,
    WindowKey,
    WindowPanel,
)
from drivers.supervisor import Link

Does = Literal[
    "call", "recall", "start", "finish", "no-show", "hold", "call-back", "pause",
    "presence", "ticket-taken", "door",
    "key-next", "key-prev", "key-ok", "key-back", "key-help",
]  # fmt: skip
Shows = Literal[
    "open", "paused", "called", "serving", "waiting",
    "card", "take", "help", "error", "buzzer",
]  # fmt: skip
AT_WINDOWS = frozenset({*get_args(WindowKey), "open", "paused", "called", "serving", "waiting"})
"""What needs a window; a buzzer may have one."""
SENSORS = frozenset({"presence", "ticket-taken", "door"})
RISES = frozenset({"presence", "door"})
"""What is active when its pin is high: a presence sensor gives 3.3 V, a door contact opens with the door."""

LOOK = 0.25
"""Seconds between looks at the pins when no edge came."""
DEBOUNCE = 0.03
"""Seconds a contact may bounce."""
LEAST = 0.01
"""Seconds between two looks at least: a loose wire makes thousands of edges a second."""
MOST_EDGES = 1000
"""Kept until the next look; a loose wire makes more, and the oldest are forgotten."""
DOUBLE = 1.0
"""Seconds within which a button at a window that is pressed again was pressed once."""
STUCK = 30.0
"""Seconds after which a button is stuck."""
BEEP = 0.3
TEST_SHOWN = 2.0
Level = Literal["low", "high"]


def _window_where_needed(table: Any, what: str) -> Any:
    # A field that is missing is said to be, beside all else that is wrong.
    if not isinstance(table, dict):
        return table
    needed = table.get(what) in AT_WINDOWS
    given = {key: value for key, value in table.items() if not (needed and (key, value) == ("window", ""))}
    return given if needed else {"window": ""} | given


class Input(BaseModel):
    """A button or sensor.

    Attributes:
        pin: by its GPIO (BCM) number.
        does: what it is for.
        window: of a button at a window.
        active: the level of a pressed button or a sensor that senses; None for the usual one of its kind. An input that
            is active when low has the pull-up resistor on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pin: Whole = Field(ge=0, le=27)
    does: Does
    window: str
    active: Level | None = None

    @model_validator(mode="before")
    @classmethod
    def _needs_a_window(cls, table: Any) -> Any:
        return _window_where_needed(table, "does")

    @property
    def active_high(self) -> bool:
        """Whether it is active when its pin is high."""
        return self.active == "high" if self.active else self.does in RISES

    @property
    def pull_up(self) -> bool:
        """Whether the pin is high when nothing is on it. A door's contact connects it to ground while it is shut."""
        return not self.active_high or self.does == "door"


class Output(BaseModel):
    """A lamp or buzzer; ``active`` is the level at which it is on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pin: Whole = Field(ge=0, le=27)
    shows: Shows
    window: str
    active: Level = "high"

    @model_validator(mode="before")
    @classmethod
    def _needs_a_window(cls, table: Any) -> Any:
        return _window_where_needed(table, "shows")


def _gpio_port(port: str) -> str:
    if port not in ("gpio:", "sim:"):
        raise wrong_setting(
            "不是 gpio:",
            "is not gpio:",
            "本机的针脚写 gpio:，模拟器写 sim:",
            "write gpio: for this box's pins, or sim:",
        )
    return port


def _pins_once(outputs: tuple[Output, ...], info: ValidationInfo) -> tuple[Output, ...]:
    pins = [one.pin for one in (*info.data.get("inputs", ()), *outputs)]
    twice = sorted({pin for pin in pins if pins.count(pin) > 1})
    if twice:
        raise wrong_setting(
            f"：针脚 {twice[0]} 用了两次", f": pin {twice[0]} is used twice", "每个针脚只用一次", "use each pin once"
        )
    return outputs


class GpioSettings(DeviceSettings):
    """``driver = "gpio"``."""

    port: Annotated[PortText, AfterValidator(_gpio_port)] = "gpio:"
    inputs: tuple[Input, ...] = ()
    outputs: Annotated[tuple[Output, ...], AfterValidator(_pins_once), Field(validate_default=True)] = ()

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        gpio = Gpio(self.inputs, self.outputs, emit)
        return Device(gpio, tuple(gpio.sinks()))

    def open_port(self) -> Board:
        """The pins of this box; raises OfflineError."""
        return open_board()


class Gpio:
    """Tells what is pressed and sensed, and switches lamps.

    Args:
        inputs, outputs: the pins.
        tell: told every press and what sensors sense, on the device's thread.
        clock: seconds of a steady clock.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        tell: Callable[[DeviceEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._tell = tell
        self._clock = clock
        self._wake = threading.Event()
        self._on = dict.fromkeys(self._outputs, False)
        self._until: dict[Output, float] = {}  # of what is on for a moment
        self._pressed_at: dict[Input, float] = {}

    def sinks(self) -> Iterator[Sink]:
        """What shows how windows and the kiosk are; may be used from any thread."""
        for window in dict.fromkeys(one.window for one in self._outputs if one.window):
            yield self._panel(window)
        if any(not one.window for one in self._outputs):
            yield KioskPanel(self._show_kiosk)

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - lamps have no words
        """Switch everything on for some seconds."""
        self._flash(self._outputs, TEST_SHOWN)
        return None

    def serve(self, board: Board, link: Link) -> None:
        """Look and switch until the pins are lost or the program stops."""
        contacts = [self._contact(board, one) for one in self._inputs]
        switches = {one: board.light(one.pin, active_high=one.active == "high") for one in self._outputs}
        lit = dict.fromkeys(switches, False)
        while not link.stopping.is_set():
            board.check()
            self._wake.clear()
            now = self._clock()
            for contact in contacts:
                for active in contact.look(now):
                    self._changed(contact.of, active, now)
            for output, switch in switches.items():
                wanted = self._on[output] or self._until.get(output, now) > now
                if wanted != lit[output]:
                    switch(wanted)
                    lit[output] = wanted
            self._report(link, [(one.of, now - one.since) for one in contacts if one.active])
            ends = [until - now for until in list(self._until.values()) if until > now]
            if self._wake.wait(min([DEBOUNCE if any(one.unsettled for one in contacts) else LOOK, *ends])):
                link.stopping.wait(LEAST)

    def _contact(self, board: Board, one: Input) -> "_Contact":
        contact = _Contact(one, self._clock())

        def changed(is_high: bool) -> None:
            contact.edges.append((self._clock(), is_high == one.active_high))
            self._wake.set()

        is_high = board.listen(one.pin, pull_up=one.pull_up, changed=changed)
        contact.is_active = lambda: is_high() == one.active_high
        # A button that is down when the program starts was not pressed.
        contact.active = contact.is_active() and one.does != "presence"
        return contact

    def _report(self, link: Link, active: list[tuple[Input, float]]) -> None:
        for one, seconds in active:
            if one.does not in SENSORS and seconds > STUCK:
                link.fault("button_stuck", f"GPIO{one.pin} {one.does} {one.window}".strip())
                return
        for one, _ in active:
            if one.does == "door":
                link.fault("door_open", f"GPIO{one.pin}")
                return
        link.online()

    def _changed(self, one: Input, active: bool, now: float) -> None:
        if one.does == "presence" or one.does == "ticket-taken":
            self._tell(Sensed(one.does, active))
        elif one.does == "door" or not active:
            return
        elif one.does in AT_WINDOWS:
            if now - self._pressed_at.get(one, -DOUBLE) >= DOUBLE:
                self._tell(KeyPressed(one.window, one.does))  # type: ignore[arg-type]
            self._pressed_at[one] = now
        else:
            self._tell(KioskKeyPressed(one.does.removeprefix("key-")))  # type: ignore[arg-type]

    # What is shown

    def _panel(self, window: str) -> WindowPanel:
        def show(face: WindowFace) -> None:
            called = bool(face.number)
            self._set(window, "open", face.state == "open")
            self._set(window, "paused", face.state == "paused")
            self._set(window, "called", called and not face.serving)
            self._set(window, "serving", called and face.serving)
            self._set(window, "waiting", face.waiting > 0)

        def refuse() -> None:
            self._flash([*self._showing("buzzer", window), *self._showing("error", window)], BEEP)

        return WindowPanel(window, show, refuse)

    def _show_kiosk(self, face: KioskFace) -> None:
        if face.slip and not any(self._on[one] for one in self._showing("take")):
            self._flash(self._showing("buzzer"), BEEP)
        self._set("", "card", face.card)
        self._set("", "take", face.slip)
        self._set("", "error", face.fault)
        self._set("", "help", face.help)

    def _showing(self, shows: Shows, window: str = "") -> list[Output]:
        return [one for one in self._outputs if (one.shows, one.window) == (shows, window)]

    def _set(self, window: str, shows: Shows, on: bool) -> None:
        for one in self._showing(shows, window):
            self._on[one] = on
        self._wake.set()

    def _flash(self, outputs: Sequence[Output], seconds: float) -> None:
        until = self._clock() + seconds
        self._until |= dict.fromkeys(outputs, until)
        self._wake.set()


class _Contact:
    """One input, and what of its edges was more than bouncing.

    Attributes:
        of: the input.
        is_active: how its pin is now.
        active, since: how it is known to be, and since when.
        edges: when it became active, or inactive; appended on another thread.
        unsettled: whether it may be bouncing.
    """

    is_active: Callable[[], bool]

    def __init__(self, of: Input, now: float) -> None:
        self.of = of
        self.active = False
        self.since = now
        self.edges: deque[tuple[float, bool]] = deque(maxlen=MOST_EDGES)
        self.unsettled = False

    def look(self, now: float) -> list[bool]:
        """What it became since the last look, in order: active or not. A level that did not last is none."""
        edges = [self.edges.popleft() for _ in range(len(self.edges))]
        is_active = self.is_active()
        # What has come meanwhile is told, and looked at next.
        if not self.edges and is_active != (edges[-1][1] if edges else self.active):
            edges.append((now, is_active))  # an edge that nobody told
        changes = []
        self.unsettled = False
        for place, (at, active) in enumerate(edges):
            is_last = place == len(edges) - 1
            if (now if is_last else edges[place + 1][0]) - at < DEBOUNCE:
                if is_last and active != self.active:
                    self.edges.appendleft((at, active))
                    self.unsettled = True
            elif active != self.active:
                self.active, self.since = active, at
                changes.append(active)
        return changes
