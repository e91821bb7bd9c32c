"""Pictures of LED strips: lit characters, 16 pixels high and 8 or 16 wide, as those of a card's smallest font."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

CELL = 16
PITCH = 6
"""Pixels of the picture from one LED to the next."""
BEZEL = 18
RED, GREEN, YELLOW = (255, 59, 40), (64, 255, 96), (255, 196, 40)
DARK = (38, 24, 22)
FONT = "NotoSansCJK-Regular.ttc"

Rgb = tuple[int, int, int]
NAMES: dict[Rgb, str] = {RED: "red", GREEN: "green", YELLOW: "yellow"}


@dataclass(frozen=True)
class Lamp:
    """One lit character."""

    character: str
    colour: Rgb

    @property
    def width(self) -> int:
        """In pixels."""
        return CELL // 2 if self.character < "\x80" else CELL


def png_of(leds: Image.Image) -> bytes:
    """A photograph of LEDs as PNG; ``leds`` has a pixel for each."""
    out = io.BytesIO()
    _photograph(leds).save(out, "PNG", optimize=True)
    return out.getvalue()


def draw_lines(
    leds: Image.Image, lines: Sequence[Sequence[Lamp]], area: tuple[int, int, int, int], align: int = 0
) -> None:
    """Light ``lines`` inside ``area``.

    Args:
        leds: a pixel for each LED.
        lines: what to light, top line first.
        area: left, top, width and height.
        align: bits 1-0 left, right, centre; bits 3-2 top, bottom, centre.
    """
    left, top, width, height = area
    free = height - CELL * len(lines)
    top += {0: 0, 1: free, 2: free // 2}.get(align >> 2 & 3, 0)
    for line in lines:
        spare = width - sum(lamp.width for lamp in line)
        place = left + {0: 0, 1: spare, 2: spare // 2}.get(align & 3, 0)
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
