"""The paper of a ticket printer as a picture: 8 dots/mm, as wide as the print head."""

import functools
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from drivers.printer.glyphs import BASE, CELL, FONTS, find_font, load_font

INK = (30, 30, 34)
WHITE = (253, 252, 248)
NO_FONT = "no Chinese font here: install fonts-noto-cjk"

Align = Literal["left", "center", "right"]
Png = bytes


@dataclass(frozen=True)
class Glyph:
    """One character and its size, in multiples of its cell."""

    character: str
    wide: int
    high: int
    bold: bool

    @property
    def width(self) -> int:
        """In dots."""
        return CELL * self.wide if ord(self.character) > 0x7F else CELL // 2 * self.wide


@dataclass(frozen=True)
class TextRow:
    """A printed line; ``height`` in dots."""

    glyphs: tuple[Glyph, ...]
    align: Align
    height: int

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(glyph.character for glyph in self.glyphs)


@dataclass(frozen=True)
class CodeRow:
    """A QR code that the printer draws itself; ``module`` in dots, ``level`` 0..3 for L M Q H."""

    payload: str
    module: int
    level: int
    align: Align


@dataclass(frozen=True)
class RasterRow:
    """A picture sent by the host: ``width`` in bytes of 8 dots, ``dots`` row by row, 1 is black.

    ``scale``: how many dots of the printer each of them is wide and high.
    """

    width: int
    height: int
    dots: bytes
    align: Align
    scale: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class White:
    """Feed, in dots."""

    height: int


Row = TextRow | CodeRow | RasterRow | White


@dataclass
class Paper:
    """One piece of paper.

    Attributes:
        id: counts up from 1.
        width: of the print head, in dots.
        at: when it came out; None while it is in the printer.
        rows: what is printed on it, from the top.
        bytes: the commands and text it was made of, from the cut before it through its own.
        cut: whether it is cut off; if not, it is torn off or still in the printer.
        faults: what a strict printer would not have taken.
        fonts: where Debian's fonts-noto-cjk lies.
    """

    id: int
    width: int
    at: datetime | None = None
    rows: list[Row] = field(default_factory=list)
    bytes: bytes = b""
    cut: bool = False
    faults: list[str] = field(default_factory=list)
    fonts: Path = FONTS

    @property
    def texts(self) -> list[str]:
        """Its lines of text."""
        return [row.text for row in self.rows if isinstance(row, TextRow)]

    @property
    def codes(self) -> list[str]:
        """The payloads of its QR codes."""
        return [row.payload for row in self.rows if isinstance(row, CodeRow)]

    def png(self) -> Png:
        """The picture, PNG."""
        target = io.BytesIO()
        self.draw().save(target, "PNG", compress_level=3)
        return target.getvalue()

    def draw(self) -> Image.Image:
        """The picture: RGB, ``width`` dots wide."""
        strips = list(self._strips())
        picture = Image.new("RGB", (self.width, sum(strip.height for strip in strips) or 1), WHITE)
        top = 0
        for strip in strips:
            picture.paste(INK, (0, top), strip)
            top += strip.height
        return picture

    def _strips(self) -> Iterator[Image.Image]:
        """Masks of ink, one a row."""
        if find_font(self.fonts, "Regular") is None:
            yield _draw_note(self.width)
        yield Image.new("L", (self.width, CELL))
        for row in self.rows:
            match row:
                case TextRow():
                    yield _draw_text(row, self.width, self.fonts)
                case CodeRow():
                    yield _place(_draw_code(row), row.align, self.width)
                case RasterRow():
                    size = (row.width * 8, row.height)
                    mask = Image.frombytes("1", size, row.dots).convert("L")
                    mask = mask.resize((size[0] * row.scale[0], size[1] * row.scale[1]), Image.Resampling.NEAREST)
                    yield _place(mask, row.align, self.width)
                case White(height):
                    yield Image.new("L", (self.width, height))
        yield Image.new("L", (self.width, CELL))


def _place(mask: Image.Image, align: Align, width: int) -> Image.Image:
    strip = Image.new("L", (width, mask.height))
    strip.paste(mask, (_indent(mask.width, align, width), 0))
    return strip


def _indent(wide: int, align: Align, width: int) -> int:
    return {"left": 0, "center": (width - wide) // 2, "right": width - wide}[align]


def _draw_text(row: TextRow, width: int, fonts: Path) -> Image.Image:
    strip = Image.new("L", (width, row.height))
    left = _indent(sum(glyph.width for glyph in row.glyphs), row.align, width)
    tallest = max((glyph.high for glyph in row.glyphs), default=1) * CELL
    for glyph in row.glyphs:
        high = glyph.high * CELL
        # The characters of a line stand on its base, whatever their size.
        strip.paste(_draw_glyph(glyph, fonts), (left, tallest - high))
        left += glyph.width
    return strip


@functools.lru_cache(maxsize=1024)
def _draw_glyph(glyph: Glyph, fonts: Path) -> Image.Image:
    scale = max(glyph.wide, glyph.high)
    cell = (glyph.width // glyph.wide * scale, CELL * scale)
    mask = Image.new("L", cell)
    draw = ImageDraw.Draw(mask)
    font = load_font(fonts, CELL * scale, glyph.bold)
    if glyph.character == "─":
        # The printers' own character crosses its cell from edge to edge.
        middle = mask.height // 2
        draw.rectangle((0, middle - scale, mask.width, middle + scale - 1), 255)
    elif glyph.character.isspace():
        pass
    elif font is not None:
        draw.text((0, round(BASE * CELL * scale)), glyph.character, 255, font, anchor="ls")
    elif ord(glyph.character) <= 0x7F:
        draw.text((0, 0), glyph.character, 255, ImageFont.load_default(CELL * scale * 0.8))
    else:
        draw.rectangle(
            (2 * scale, 2 * scale, mask.width - 3 * scale, mask.height - 3 * scale), outline=255, width=scale
        )
    size = (glyph.width, glyph.high * CELL)
    return mask if mask.size == size else mask.resize(size)


def _draw_code(row: CodeRow) -> Image.Image:
    import qrcode
    from qrcode import constants

    level = getattr(constants, f"ERROR_CORRECT_{'LMQH'[row.level]}")
    code = qrcode.QRCode(error_correction=level, border=0)
    code.add_data(row.payload)
    modules = code.get_matrix()
    mask = Image.new("L", (len(modules), len(modules)))
    mask.putdata([255 if dark else 0 for line in modules for dark in line])
    return mask.resize((len(modules) * row.module, len(modules) * row.module), Image.Resampling.NEAREST)


def _draw_note(width: int) -> Image.Image:
    strip = Image.new("L", (width, 2 * CELL))
    ImageDraw.Draw(strip).text((width // 2, CELL), NO_FONT, 255, ImageFont.load_default(18), anchor="mm")
    return strip
