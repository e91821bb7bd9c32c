"""An LED strip with a BX card, on a real socket: it shows what the bytes say, and can be made to fail.

Its characters are 16 pixels high and 8 or 16 wide, as those of the card's smallest font.
"""

import io
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from drivers.led import onbon_bx as bx
from drivers.led.bx import BxSettings
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.simulator import Simulator

CELL = 16
PITCH = 6
"""Pixels of the picture from one LED to the next."""
BEZEL = 18
RED, GREEN, YELLOW = (255, 59, 40), (64, 255, 96), (255, 196, 40)
DARK = (38, 24, 22)
FONT = "NotoSansCJK-Regular.ttc"
_COLOURS = {"1": RED, "2": GREEN, "3": YELLOW}

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Lamp:
    """One lit character."""

    character: str
    colour: Rgb

    @property
    def width(self) -> int:
        """In pixels."""
        return CELL // 2 if self.character < "\x80" else CELL


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


class LedStripSimulator(Simulator[PlugTcp]):
    """A strip to look at.

    Args:
        width: in pixels; ``height`` likewise.
        model: ``"5k"`` or ``"6k"``: the unit of X and W it understands.
        address: what it answers to, besides FFFE.
        on_change: called after anything visible has changed.
        port: the TCP port number; 0 takes a free one.

    Attributes:
        heard: the newest frames it was sent, oldest first.
        missed: how many frames were not for it, or came while it was silent.
    """

    place = "strip"

    def __init__(
        self,
        width: int = 192,
        height: int = 32,
        *,
        model: str = "5k",
        address: int = 1,
        on_change: Callable[[], None] = lambda: None,
        port: int = 0,
    ) -> None:
        super().__init__(PlugTcp(self._receive, on_connect=self._begin, port=port), on_change)
        self.width = width
        self.height = height
        self.address = address
        self.heard: deque[bx.Frame] = deque(maxlen=200)
        self.missed = 0
        self._unit = 8 if model == "5k" else 1
        self._lock = threading.Lock()
        self._unwrapper = bx.Unwrapper()
        self._areas: dict[int, bx.Area] = {}
        self._silent = False
        self._knows_ping = True
        self._nacks: deque[int] = deque()

    @classmethod
    def of(cls, settings: BxSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls(settings.width, settings.height, model=settings.model, address=settings.address)

    def look(self) -> dict[str, Any]:
        """The text on the strip, and the lines that fit on it."""
        return {"text": self.text, "lines": self.lines}

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
        self._plug.hang_up()

    def lose_power(self) -> None:
        """Lose the text while the connection, held by a converter in front of the strip, lives on."""
        self._go_dark()

    def silence(self, silent: bool = True) -> None:
        """Hear nothing and answer nothing, or come to its senses again."""
        self._silent = silent

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
            self._draw(leds, area)
        out = io.BytesIO()
        _photograph(leds).save(out, "PNG", optimize=True)
        return out.getvalue()

    def _shown(self) -> list[bx.Area]:
        with self._lock:
            return list(self._areas.values())

    def _begin(self) -> None:
        self._unwrapper = bx.Unwrapper()

    def _receive(self, data: bytes) -> None:
        for frame in self._unwrapper.feed(data):
            if self._silent or frame.to not in (self.address, 0xFFFE, bx.BROADCAST):
                self.missed += 1
                continue
            self.heard.append(frame)
            error, answers = self._obey(frame)
            if answers and frame.to != bx.BROADCAST:
                answer = bx.Frame(bx.encode_answer(error), to=frame.sender, sender=self.address)
                self._plug.send(answer.to_bytes())

    def _obey(self, frame: bx.Frame) -> tuple[int | None, bool]:
        """Do what ``frame`` says; the CmdError to refuse it with or None, and whether to answer at all."""
        answers = len(frame.data) > 2 and frame.data[2] == 1
        match frame.command:
            case bx.CMD_PING:
                return None, answers and self._knows_ping
            case bx.CMD_CLEAR:
                self._go_dark()
                return None, answers
            case bx.CMD_SHOW if self._nacks:
                return self._nacks.popleft(), answers
            case bx.CMD_SHOW:
                try:
                    areas = bx.parse_show(frame.data)
                except ValueError:
                    return 2, answers
                with self._lock:
                    before = dict(self._areas)
                    gone = frame.data[6 : 6 + frame.data[5]] if frame.data[5] != 0xFF else bytes(self._areas)
                    for area_id in gone:
                        self._areas.pop(area_id, None)
                    self._areas.update({area.area_id: area for area in areas})
                    changed = before != self._areas
                if changed:
                    self.on_change()
                return None, answers
            case _:
                return 2, answers

    def _go_dark(self) -> None:
        with self._lock:
            self._areas.clear()
        self.on_change()

    def _fitted(self, area: bx.Area) -> list[list[Lamp]]:
        """The lines that fit in ``area``, wrapped when it says so."""
        width = min(area.width * self._unit, self.width - area.x * self._unit)
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
        return lines[: max(1, min(area.height, self.height - area.y) // CELL)]

    def _draw(self, leds: Image.Image, area: bx.Area) -> None:
        lines = self._fitted(area)
        left, width = area.x * self._unit, min(area.width * self._unit, self.width - area.x * self._unit)
        free = min(area.height, self.height - area.y) - CELL * len(lines)
        top = area.y + {0: 0, 1: free, 2: free // 2}.get(area.align >> 2 & 3, 0)
        for line in lines:
            spare = width - sum(lamp.width for lamp in line)
            place = left + {0: 0, 1: spare, 2: spare // 2}.get(area.align & 3, 0)
            for lamp in line:
                leds.paste(lamp.colour, (place, top), _glyph(lamp.character, lamp.width))
                place += lamp.width
            top += CELL


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype(FONT, CELL - 1, index=2)
    except OSError:  # fonts-noto-cjk is not installed: boxes instead of characters
        return ImageFont.load_default()


@cache
def _glyph(character: str, width: int) -> Image.Image:
    """A character as lit and unlit LEDs."""
    glyph = Image.new("1", (width, CELL))
    draw = ImageDraw.Draw(glyph)
    draw.fontmode = "1"
    draw.text((width / 2, CELL - 3), character, font=_font(), fill=1, anchor="ms")
    return glyph


@cache
def _lens() -> Image.Image:
    """The round face of one LED."""
    big = Image.new("L", (PITCH * 8, PITCH * 8))
    ImageDraw.Draw(big).ellipse((5, 5, PITCH * 8 - 6, PITCH * 8 - 6), fill=255)
    return big.resize((PITCH, PITCH), Image.Resampling.LANCZOS)


def _photograph(leds: Image.Image) -> Image.Image:
    """Turn a picture with a pixel for each LED into one of round lamps that glow, in a black housing."""
    size = leds.width * PITCH, leds.height * PITCH
    lenses = Image.new("L", size)
    for x in range(0, size[0], PITCH):
        lenses.paste(_lens(), (x, 0))
    row = lenses.crop((0, 0, size[0], PITCH))
    for y in range(PITCH, size[1], PITCH):
        lenses.paste(row, (0, y))
    lit = leds.resize(size, Image.Resampling.NEAREST)
    unlit = ImageChops.lighter(lit, Image.new("RGB", size, DARK))
    face = Image.composite(unlit, Image.new("RGB", size, (12, 11, 12)), lenses)
    glow = lit.filter(ImageFilter.GaussianBlur(PITCH * 0.9)).point(lambda value: value * 0.45)
    picture = Image.new("RGB", (size[0] + 2 * BEZEL, size[1] + 2 * BEZEL), (20, 20, 22))
    frame = ImageDraw.Draw(picture)
    frame.rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), 8, (26, 26, 29), (58, 58, 64), 2)
    picture.paste(ImageChops.screen(face, glow), (BEZEL, BEZEL))
    return picture
