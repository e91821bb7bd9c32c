"""An LED strip with a BX card, on a real socket or pty: it shows what the bytes say, and can be made to fail."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from PIL import Image

from drivers.led import onbon_bx as bx
from drivers.led.bx import BxSettings
from drivers.simulators.led.bus import Bus, Tap
from drivers.simulators.led.faults import Answers, Flicker
from drivers.simulators.led.picture import CELL, GREEN, NAMES, RED, YELLOW, Lamp, draw_lines, png_of
from drivers.simulators.panel import Part, Picture, Press, Reading
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.simulator import Simulator

_COLOURS = {"1": RED, "2": GREEN, "3": YELLOW}


def parse_text(data: bytes) -> list[list[Lamp]]:
    r"""The lines of an area's Data: ``\C`` colours, ``\n`` parts lines, ``\F`` (fonts) is read and not drawn."""
    text = data.decode("gbk", "replace")
    lines: list[list[Lamp]] = [[]]
    colour, place = RED, 0
    while place < len(text):
        match text[place : place + 2]:
            case r"\C":
                colour = _COLOURS.get(text[place + 2 : place + 3], RED)
                place += 3
            case r"\n":
                lines.append([])
                place += 2
            case r"\F":
                place += 6
            case _:
                lines[-1].append(Lamp(text[place], colour))
                place += 1
    return lines


class LedStripSimulator(Simulator[PlugPty | PlugTcp | Tap]):
    """A strip to look at.

    Args:
        width: in pixels; ``height`` likewise.
        model: ``"5k"``, ``"6k"`` or ``"6k-java"``: how it reads X and W.
        address: what it answers to, besides FFFE.
        on_change: called after anything visible has changed.
        port: the TCP port number; 0 takes a free one.
        is_serial: whether it is on a serial line instead.
        bus: the line that it shares with others, in place of a port of its own.

    Attributes:
        heard: the newest frames it was sent, oldest first.
        missed: how many frames were not for it, or came while it was silent.
        said: the newest sentences of its voice, oldest first.
    """

    place = "strip"
    hands = ("unplug", "plug_in", "silence", "speak_up", "fall_behind", "catch_up", "rustle", "hush", "lose_power")

    def __init__(
        self,
        width: int = 192,
        height: int = 32,
        *,
        model: str = "5k",
        address: int = 1,
        on_change: Callable[[], None] = lambda: None,
        port: int = 0,
        is_serial: bool = False,
        bus: Bus | None = None,
    ) -> None:
        plug: PlugPty | PlugTcp | Tap
        if bus is not None:
            plug = bus.tap(self._receive)
        elif is_serial:
            plug = PlugPty(self._receive, "strip")
        else:
            plug = PlugTcp(self._receive, on_connect=self._begin, port=port)
        super().__init__(plug, on_change)
        self.width = width
        self.height = height
        self.address = address
        self.heard: deque[bx.Frame] = deque(maxlen=200)
        self.missed = 0
        self.said: deque[str] = deque(maxlen=12)
        self._model = model
        self._lock = threading.Lock()
        self._unwrapper = bx.Unwrapper()
        self._areas: dict[int, bx.Area] = {}
        self._answers = Answers(plug.send)
        self._flicker = Flicker()
        self._knows_ping = True
        self._nacks: deque[int] = deque()

    @classmethod
    def of(cls, settings: BxSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        made = cls(settings.width, settings.height, model=settings.model, address=settings.address)
        if not settings.window:
            made.place = "board"  # type: ignore[misc]
        return made

    def look(self) -> dict[str, Any]:
        """The text on the strip, the lines that fit on it with their colours, and what its voice said last."""
        fitted = [line for area in self._shown() for line in self._fitted(area)]
        return {
            "text": self.text,
            "lines": self.lines,
            "colours": [NAMES.get(line[0].colour) if line else None for line in fitted],
            "flashing": self._flicker.flashes,
            "said": self.said[-1] if self.said else "",
        }

    def panel(self) -> Sequence[Part]:
        """Its picture, what its voice said last, and what can go wrong with it."""
        picture = Picture("显示内容", "What it shows", "strip.png", self.text)
        said = [Reading("卡上语音", "Its own voice", self.said[-1])] if self.said else []
        power = Press("断电", "Lose power", "lose_power")
        return [picture, *said, *self._answers.panel(), power]

    def piece(self, name: str) -> tuple[bytes, str]:
        """A picture of the strip: ``strip.png``."""
        if name != "strip.png":
            raise LookupError(name)
        return self.png(), "image/png"

    # Hands

    def unplug(self) -> None:
        """Pull its plug: the text, kept in RAM, goes out."""
        self._plug.unplug()
        self._go_dark()

    def hang_up(self) -> None:
        """Drop the connection; the text stays."""
        if isinstance(self._plug, PlugTcp):
            self._plug.hang_up()

    def lose_power(self) -> None:
        """Lose the text while the connection, held by a converter in front of the strip, lives on."""
        self._go_dark()

    def silence(self, silent: bool = True) -> None:
        """Hear nothing and answer nothing, or come to its senses again."""
        self._answers.is_silent = silent

    def speak_up(self) -> None:
        """Answer again."""
        self.silence(False)

    def fall_behind(self, late: bool = True) -> None:
        """Answer each question only when the next one comes."""
        self._answers.is_late = late

    def catch_up(self) -> None:
        """Answer at once again."""
        self.fall_behind(False)

    def rustle(self, noisy: bool = True) -> None:
        """Put noise before each answer, as a loose plug does."""
        self._answers.is_noisy = noisy

    def hush(self) -> None:
        """Make no noise any more."""
        self.rustle(False)

    def nack(self, code: int, times: int = 1) -> None:
        """Refuse the next ``times`` texts with this CmdError."""
        self._nacks.extend([code] * times)

    def ignore_pings(self, ignore: bool = True) -> None:
        """Be a card whose firmware answers texts but no pings."""
        self._knows_ping = not ignore

    # Eyes

    @property
    def text(self) -> str:
        r"""What is on it, lines parted by ``\n``; ``""`` when it is dark."""
        lines = (line for area in self._shown() for line in parse_text(area.data))
        return "\n".join("".join(lamp.character for lamp in line) for line in lines)

    @property
    def lines(self) -> list[str]:
        """What can be read on it, line by line; what does not fit is not there."""
        return ["".join(lamp.character for lamp in line) for area in self._shown() for line in self._fitted(area)]

    def png(self) -> bytes:
        """A picture of its LEDs."""
        leds = Image.new("RGB", (self.width, self.height))
        for area in self._shown():
            draw_lines(leds, self._fitted(area), self._place(area), area.align)
        return png_of(leds)

    def _shown(self) -> list[bx.Area]:
        with self._lock:
            return list(self._areas.values())

    def _begin(self) -> None:
        self._unwrapper = bx.Unwrapper()

    def _receive(self, data: bytes) -> None:
        for frame in self._unwrapper.feed(data):
            if self._answers.is_silent or frame.to not in (self.address, 0xFFFE, bx.BROADCAST):
                self.missed += 1
                continue
            self.heard.append(frame)
            answer = self._obey(frame)
            asks = len(frame.data) > 2 and frame.data[2] == 1 and frame.to != bx.BROADCAST
            if asks and answer is not None:
                self._answers.give(bx.Frame(answer, to=frame.sender, sender=self.address).to_bytes())

    def _obey(self, frame: bx.Frame) -> bytes | None:
        """Do what ``frame`` says; the answer's data, or None for none."""
        match frame.command:
            case bx.CMD_PING:
                return bx.encode_answer() if self._knows_ping else None
            case bx.CMD_STATUS:
                # Made up: what a card says here is not known.
                return bytes((*bx.CMD_STATUS, 0, 0, 0, 1))
            case bx.CMD_CLEAR:
                self._go_dark()
                return bx.encode_answer()
            case bx.CMD_SHOW if self._nacks:
                return bx.encode_answer(self._nacks.popleft())
            case bx.CMD_SHOW:
                try:
                    areas = bx.parse_show(frame.data)
                except ValueError:
                    return bx.encode_answer(2)
                self._take(areas, frame.data)
                return bx.encode_answer()
            case _:
                return bx.encode_answer(2)

    def _take(self, areas: list[bx.Area], data: bytes) -> None:
        with self._lock:
            before = dict(self._areas)
            gone = data[6 : 6 + data[5]] if data[5] != bx.DELETE_ALL else bytes(self._areas)
            for area_id in gone:
                self._areas.pop(area_id, None)
            self._areas.update({area.area_id: area for area in areas})
            is_changed = before != self._areas
        self.said.extend(area.sound_data.decode("gbk", "replace") for area in areas if area.sound_data)
        if is_changed:
            self._changed()

    def _go_dark(self) -> None:
        with self._lock:
            self._areas.clear()
        self._changed()

    def _changed(self) -> None:
        self._flicker.see(self.text)
        self.on_change()

    def _pixels(self, value: int) -> int:
        """X or W of an area in pixels, as this card reads it."""
        if self._model == "6k-java":
            return value
        return value & ~bx.IN_PIXELS if self._model == "6k" and value & bx.IN_PIXELS else value * 8

    def _place(self, area: bx.Area) -> tuple[int, int, int, int]:
        left = min(self._pixels(area.x), self.width)
        height = max(0, min(area.height, self.height - area.y))
        return left, area.y, min(self._pixels(area.width), self.width - left), height

    def _fitted(self, area: bx.Area) -> list[list[Lamp]]:
        """The lines that fit in ``area``, wrapped when it says so."""
        _, _, width, height = self._place(area)
        if width <= 0:
            return []
        lines: list[list[Lamp]] = []
        for line in parse_text(area.data):
            lines.append([])
            used = 0
            for lamp in line:
                if used + lamp.width > width:
                    if area.single_line == 1 or area.new_line == 1:
                        break
                    lines.append([])
                    used = 0
                lines[-1].append(lamp)
                used += lamp.width
        return lines[: max(1, height // CELL)]
