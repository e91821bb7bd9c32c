"""A line of 平安力合 or two-colour strips on a real pty: each shows what is sent to its address, and can fail."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from PIL import Image

from drivers.led import lihe_frames as lihe
from drivers.led.lihe import LiheSettings, LiheStripSettings
from drivers.simulators.led.faults import Answers, Flicker
from drivers.simulators.led.picture import CELL, GREEN, NAMES, RED, YELLOW, Lamp, draw_lines, png_of
from drivers.simulators.panel import Part, Picture, Press
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.simulator import Simulator

_COLOURS = (RED, GREEN, YELLOW)
_PICTURES = {lihe.WELCOME: "欢迎光临", lihe.PAUSE: "暂停服务"}


class SimulatedStrip:
    """One strip of a line.

    Args:
        address: of the strip.
        width: in pixels; ``height`` likewise.
        send: puts bytes on the line.

    Attributes:
        answers: how it answers.
        gives_receipts: whether it answers A0 frames at all.
        refuses: so many of the next frames it refuses.
    """

    def __init__(self, address: int, width: int, height: int, send: Callable[[bytes], object]) -> None:
        self.address = address
        self.width = width
        self.height = height
        self.answers = Answers(send)
        self.gives_receipts = True
        self.refuses = 0
        self._lamps: list[Lamp] = []
        self._flicker = Flicker()

    @property
    def text(self) -> str:
        """What is on it; "" when it is dark."""
        return "".join(lamp.character for lamp in self._lamps).rstrip()

    @property
    def lines(self) -> list[str]:
        """What can be read on it, line by line."""
        return ["".join(lamp.character for lamp in line).rstrip() for line in self._fitted()]

    def look(self) -> dict[str, Any]:
        """What can be seen of it."""
        return {
            "address": self.address,
            "text": self.text,
            "lines": self.lines,
            "colours": sorted({NAMES[lamp.colour] for lamp in self._lamps if lamp.character != " "}),
            "flashing": self._flicker.flashes,
        }

    def png(self) -> bytes:
        """A picture of its LEDs."""
        leds = Image.new("RGB", (self.width, self.height))
        draw_lines(leds, self._fitted(), (0, 0, self.width, self.height), 0x08)
        return png_of(leds)

    def darken(self) -> None:
        """Lose the text, and the power."""
        self._show([])

    def take(self, frame: lihe.Frame) -> bool:
        """Do what a frame to this address says; whether that changed what is shown."""
        if self.answers.is_silent:
            return False
        before = self._lamps
        is_refused = self.refuses > 0
        if not isinstance(frame, lihe.FreeText):  # which has no answer of its own
            self.refuses -= is_refused
        match frame:
            case lihe.Call(lihe.PING):
                self._receive(is_refused)
            case lihe.Call(lihe.STRIP | lihe.BOARD, _, data) if data:
                if not is_refused:
                    self._show([Lamp(one, RED) for one in _said_by(data)])
                self._receive(is_refused)
            case lihe.FreeText(_, text, colour):
                if not is_refused:
                    self._show([Lamp(one, _COLOURS[colour % 3]) for one in text.decode("gb2312", "replace")])
            case lihe.TwoColourText(address, characters):
                if not is_refused:
                    self._show(
                        [Lamp(code.decode("gb2312", "replace"), _COLOURS[colour % 3]) for code, colour in characters]
                    )
                self.answers.give(lihe.TwoColourAnswer(address, not is_refused).to_bytes())
        return before != self._lamps

    def _receive(self, is_refused: bool) -> None:
        if self.gives_receipts:
            code = 0x51 if is_refused else lihe.TAKEN
            self.answers.give(lihe.Call(lihe.RECEIPT, self.address, bytes((code,))).to_bytes())

    def _show(self, lamps: list[Lamp]) -> None:
        self._lamps = lamps
        self._flicker.see(self.text)

    def _fitted(self) -> list[list[Lamp]]:
        lines: list[list[Lamp]] = [[]]
        used = 0
        for lamp in self._lamps:
            if used + lamp.width > self.width:
                lines.append([])
                used = 0
            lines[-1].append(lamp)
            used += lamp.width
        return lines[: max(1, self.height // CELL)]


def _said_by(data: bytes) -> str:
    """The picture that an A0 frame calls up, as this strip has it."""
    if data[0] in _PICTURES or len(data) < 4:
        return _PICTURES.get(data[0], "")
    number = f"{data[4:].decode('ascii', 'replace')}{data[1] * 100 + data[2]:03}"
    return f"{number}正在办理" if data[0] == lihe.SERVING else f"请{number}号到{data[3]}号窗口"


class LiheLineSimulator(Simulator[PlugPty | PlugTcp]):
    """A line with strips to look at.

    Args:
        strips: address, width and height in pixels of each.
        is_tcp: whether a converter from TCP to serial stands before it.
        on_change: called after anything visible has changed.

    Attributes:
        strips: by address.
        heard: the newest frames, oldest first.
    """

    place = "strips"
    hands = ("unplug", "plug_in")

    def __init__(
        self,
        strips: Sequence[tuple[int, int, int]] = ((1, 192, 16),),
        *,
        is_tcp: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        plug: PlugPty | PlugTcp = PlugTcp(self._receive) if is_tcp else PlugPty(self._receive, "strips")
        super().__init__(plug, on_change)
        self.heard: deque[lihe.Frame] = deque(maxlen=200)
        self.strips = {one[0]: SimulatedStrip(*one, plug.send) for one in strips}
        self._decoder = lihe.Decoder()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: LiheSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        entries = settings.strips or (LiheStripSettings(address=settings.address),)
        made = cls([(one.address, one.width or settings.width, one.height or settings.height) for one in entries])
        if settings.window:
            made.place = "strip"  # type: ignore[misc]
        return made

    def look(self) -> dict[str, Any]:
        """What can be seen of each strip."""
        strips = [strip.look() for strip in self.strips.values()]
        return {"text": strips[0]["text"], "lines": strips[0]["lines"], "strips": strips}

    def panel(self) -> Sequence[Part]:
        """The picture of each strip, and what can go wrong with it."""
        parts: list[Part] = []
        for address, strip in self.strips.items():
            picture = Picture(f"地址 {address}", f"Address {address}", f"strip-{address}.png", strip.look()["text"])
            power = Press("断电", "Lose power", "lose_power", {"address": address})
            parts += [picture, *strip.answers.panel(address=address), power]
        return parts

    def piece(self, name: str) -> tuple[bytes, str]:
        """A picture of a strip by its address, such as ``strip-3.png``; ``strip.png`` is the first."""
        if name == "strip.png":
            name = f"strip-{next(iter(self.strips))}.png"
        for address, strip in self.strips.items():
            if name == f"strip-{address}.png":
                return strip.png(), "image/png"
        raise LookupError(name)

    # Hands

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Do something with a hand.

        Besides ``hands`` there are ``silence``, ``speak_up``, ``fall_behind``, ``catch_up``, ``rustle``, ``hush``,
        ``refuse`` and ``lose_power``, which need the ``address`` of a strip in ``body``.
        """
        if hand in self.hands:
            super().use(hand, body)
            return
        strip = self.strips[int(body["address"])]
        match hand:
            case "silence" | "speak_up":
                strip.answers.is_silent = hand == "silence"
            case "fall_behind" | "catch_up":
                strip.answers.is_late = hand == "fall_behind"
            case "rustle" | "hush":
                strip.answers.is_noisy = hand == "rustle"
            case "refuse":
                strip.refuses += 1
            case "lose_power":
                strip.darken()
                self.on_change()
            case _:
                raise LookupError(hand)

    def unplug(self) -> None:
        """Pull the line's plug; the strips, which have their own power, keep their texts."""
        super().unplug()
        self._decoder = lihe.Decoder()

    def _receive(self, data: bytes) -> None:
        is_changed = False
        for frame in self._decoder.feed(data):
            self.heard.append(frame)
            strip = self.strips.get(frame.address)
            with self._lock:
                is_changed |= strip is not None and strip.take(frame)
        if is_changed:
            self.on_change()
