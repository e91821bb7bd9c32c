"""Pictures of lines with characters that printers do not have, drawn with Debian's fonts-noto-cjk.

Pillow is imported when the first such line is drawn: most boxes never do.
"""

import functools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

CELL = 24
"""Dots: a Chinese character is 24 x 24, any other 12 x 24, times its size."""
BASE = 0.88
"""How far down in its cell a character stands."""
FONTS = Path("/usr/share/fonts/opentype/noto")
FONT_FAMILY = "Noto Sans Mono CJK SC"
NOT_THERE = "\U0010fffd"
"""A character that no font has, to know its box by."""


@dataclass(frozen=True)
class Picture:
    """Dots, row by row, 1 is black; ``width`` in bytes of 8 dots."""

    width: int
    dots: bytes


Draw = Callable[[str, int, bool], Picture | None]
"""Draws a line of text, in a scale, bold or not; None where it cannot."""


def draw_line(text: str, scale: int, bold: bool) -> Picture | None:
    """A line as a printer would set it, were the characters its own.

    Returns:
        None without the font, or where the font lacks a character too.
    """
    text = "".join(character for character in text if unicodedata.category(character) not in ("Cc", "Cf"))
    font = load_font(FONTS, CELL * scale, bold)
    if font is None or any(unicodedata.category(character) in ("Cs", "Co", "Cn") for character in text):
        return None
    from PIL import Image, ImageDraw

    places, width = [], 0
    for character in text:
        places.append((character, width))
        width += (CELL // 2 if character < "\x80" else CELL) * scale
    if any(character > "\x7f" and _is_missing(font, character) for character in text):
        return None
    picture = Image.new("1", (-(-width // 8) * 8, CELL * scale))
    drawing = ImageDraw.Draw(picture)
    for character, left in places:
        drawing.text((left, round(BASE * CELL * scale)), character, 1, font, anchor="ls")
    return Picture(picture.width // 8, picture.tobytes())


def _is_missing(font: "FreeTypeFont", character: str) -> bool:
    return bytes(font.getmask(character)) == bytes(font.getmask(NOT_THERE))


@functools.lru_cache(maxsize=64)
def load_font(fonts: Path, size: int, bold: bool) -> "FreeTypeFont | None":
    """The Chinese face of even width, ``size`` dots high; None when it is not installed in ``fonts``."""
    from PIL import ImageFont

    place = find_font(fonts, "Bold" if bold else "Regular")
    return None if place is None else ImageFont.truetype(place[0], size, index=place[1])


@functools.cache
def find_font(fonts: Path, weight: str) -> tuple[str, int] | None:
    """The file of Debian's fonts-noto-cjk, and which of its faces is the Chinese one of even width."""
    from PIL import ImageFont

    path = fonts / f"NotoSansCJK-{weight}.ttc"
    # Pillow would look for a missing file's name everywhere; here a folder means that folder.
    for index in range(16 if path.is_file() else 0):
        try:
            font = ImageFont.truetype(str(path), CELL, index=index)
        except OSError:
            return None
        if font.getname()[0] == FONT_FAMILY:
            return str(path), index
    return None
