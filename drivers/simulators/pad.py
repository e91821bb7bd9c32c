"""A line of call pads at the other end of a real pty: displays to read, keys to press."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from drivers.pad import ff68
from drivers.pad.ff68 import Frame
from drivers.pad.line import PadSettings, Style
from drivers.simulators.panel import Part, Press, Reading
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.simulator import Babble, Simulator

KEY = 0x10
"""FUNC of a key; which one a pad has is not known, and hosts do not look at it."""
NOISE = bytes.fromhex("FF 68 00 FF")
KEYS: dict[str, tuple[str, str, bytes, str]] = {
    # the label in Chinese and English, the key behind the digits before it, and a polled pad's letter
    "call": ("呼叫", "Call", bytes([ff68.CALL]), "U"),
    "recall": ("重呼", "Recall", bytes([ff68.RECALL]), "P"),
    "finish": ("评价", "Evaluate", bytes([ff68.EVALUATE]), "Y"),
    "no-show": ("弃号", "No-show", bytes([6, ff68.CONFIRM]), "L"),
    "hold": ("挂起", "Hold", bytes([0, ff68.CONFIRM]), "L"),
    "call-back": ("回呼", "Call back", bytes([3, ff68.CONFIRM]), "L"),
    "pause": ("暂停", "Pause", bytes([ff68.PAUSE]), "E"),
    "transfer": ("转移", "Transfer", bytes([ff68.TRANSFER]), "M"),
}
GRADES = (
    ("非常满意", "Very satisfied"),
    ("满意", "Satisfied"),
    ("基本满意", "Fairly satisfied"),
    ("不满意", "Dissatisfied"),
)


@dataclass
class SimulatedPad:
    """One pad.

    Attributes:
        window: whose it is.
        waiting, ticket: what its display shows.
        beeps: how often it beeped.
        asked: whether it asks its resident for a grade.
        unanswered: what it said and has no answer to.
        silent: whether it neither hears nor speaks.
    """

    window: str
    waiting: str = ""
    ticket: str = ""
    beeps: int = 0
    asked: bool = False
    unanswered: Frame | None = None
    silent: bool = False


class PadLineSimulator(Simulator[PlugPty]):
    """Pads on one line.

    Args:
        windows: of each pad, by its address.
        style: whether they speak by themselves.
        on_change: called after anything visible has changed.

    Attributes:
        pads: by address.
    """

    place = "pads"
    hands = (*Simulator.hands, "babble", "hush")

    def __init__(
        self, windows: Mapping[int, str], style: Style = "event", on_change: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(PlugPty(self._receive, "pads"), on_change)
        self.pads = {address: SimulatedPad(window) for address, window in windows.items()}
        self._polled = style == "poll"
        self._lock = threading.Lock()
        self._decoder = ff68.FrameDecoder()
        self._babble = Babble(self.say)

    @classmethod
    def of(cls, settings: PadSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls(settings.windows, settings.style)

    def look(self) -> dict[str, Any]:
        """Each pad's display, by its address."""
        return {str(address): {"waiting": pad.waiting, "ticket": pad.ticket} for address, pad in self.pads.items()}

    def panel(self) -> Sequence[Part]:
        """Each pad's display, and its keys."""
        parts: list[Part] = []
        for address, pad in self.pads.items():
            shown = f"{pad.waiting or '---'} | {pad.ticket or '---'}"
            parts.append(Reading(f"{pad.window}号窗口 等候 | 号码", f"Window {pad.window} waiting | number", shown))
            parts += [Press(zh, en, "press", {"address": address, "key": key}) for key, (zh, en, *_) in KEYS.items()]
            if pad.asked:
                parts.append(Reading("评价器", "Evaluation", "请评价"))
                parts += [
                    Press(zh, en, "grade", {"address": address, "key": key}) for key, (zh, en) in enumerate(GRADES)
                ]
        return parts

    def stop(self) -> None:
        """Take it away for good."""
        self._babble.end()
        super().stop()

    # Hands

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand; ``press`` needs ``address`` and ``key``, ``grade`` needs ``address`` and the number of a key."""
        match hand:
            case "press":
                self.press(int(body["address"]), str(body["key"]), str(body.get("digits", "")))
            case "grade":
                self.grade(int(body["address"]), int(body["key"]))
            case _:
                super().use(hand, body)

    def press(self, address: int, key: str, digits: str = "") -> bool:
        """Press a key by its name, behind ``digits``; False when nobody hears it. Raises LookupError."""
        *_, data, letter = KEYS[key]
        typed = bytes(int(digit) for digit in digits)
        if self._polled:
            frame = Frame(address, ff68.POLL, digits.encode() + letter.encode())
        else:
            frame = Frame(address, KEY, typed + data)
        return self._say(address, frame)

    def grade(self, address: int, key: int) -> bool:
        """Press an evaluation key, 0 being the best."""
        return self._say(address, Frame(address, ff68.EVALUATED, bytes([key])))

    def again(self, address: int) -> bool:
        """Send what was said last once more, as a pad does that had no answer."""
        frame = self.pads[address].unanswered
        return frame is not None and self.say(frame.to_bytes())

    def silence(self, address: int, silent: bool = True) -> None:
        """Have a pad hear and say nothing, or come to its senses."""
        self.pads[address].silent = silent

    def say(self, data: bytes) -> bool:
        """Put these very bytes on the line; False when the plug is out."""
        return self._plug.send(data)

    def babble(self, data: bytes = NOISE * 16) -> None:
        """Send ``data`` again and again."""
        self._babble.begin(data)

    def hush(self) -> None:
        """Stop babbling."""
        self._babble.end()

    def _say(self, address: int, frame: Frame) -> bool:
        pad = self.pads[address]
        if pad.silent:
            return False
        with self._lock:
            pad.unanswered = frame
        # A polled pad waits until it is asked.
        return self._polled or self.say(frame.to_bytes())

    def _receive(self, data: bytes) -> None:
        for frame in self._decoder.receive(data):
            pad = self.pads.get(frame.address)
            if pad and not pad.silent:
                before = str(pad)
                self._obey(pad, frame)
                if str(pad) != before:
                    self.on_change()

    def _obey(self, pad: SimulatedPad, frame: Frame) -> None:
        match frame.function:
            case ff68.DISPLAY:
                pad.waiting, pad.ticket = ff68.parse_display(frame.data)
            case ff68.BEEP:
                pad.beeps += 1
            case ff68.ASK if frame.data == bytes([ff68.EVALUATE]):
                pad.asked = True
            case ff68.ASK:
                pad.asked, pad.unanswered = False, None
            case ff68.POLL:
                with self._lock:
                    answer, pad.unanswered = pad.unanswered, None
                self.say((answer or Frame(frame.address, ff68.POLL, b"L")).to_bytes())
            case _ if frame == pad.unanswered:
                pad.unanswered = None
