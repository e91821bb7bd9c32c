"""The layout of the papers that a hall prints: which lines stand on slip and receipt, in which order and size.

What each line shows is for ``display.paper.slip`` and ``display.paper.receipt`` to say, which know the names used here;
what does not fit into the bytes of a paper is told by whoever can weigh it.
"""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.values import Section, Whole, wrong_setting

MOST_LINES = 24
"""Lines of a paper; more than any slip of 400 bytes can hold."""
LOGO_WIDTH, LOGO_HEIGHT = 192, 96
"""Dots of the largest logo."""


def _eights(dots: int) -> int:
    if dots % 8:
        raise wrong_setting(
            "不是 8 的倍数", "is no multiple of 8", "写 8 的倍数，如 64", "write a multiple of 8, such as 64"
        )
    return dots


def _picture(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise wrong_setting(
            "不是图片的点阵",
            "holds no dots",
            "在版式页面重新选图片",
            "choose the picture anew on the page of layouts",
        ) from None
    return text


class LogoSettings(Section):
    """``slip.logo``, ``receipt.logo``: a small picture.

    Attributes:
        width: in dots of 0.125 mm.
        dots: its dots row by row, 8 in a byte, 1 is black, in base64.
    """

    width: Annotated[Whole, Field(ge=8, le=LOGO_WIDTH), AfterValidator(_eights)]
    dots: Annotated[
        str, Field(min_length=4, max_length=LOGO_WIDTH // 8 * LOGO_HEIGHT * 4 // 3 + 4), AfterValidator(_picture)
    ]

    def raster(self) -> bytes:
        """The dots, whole rows of them."""
        dots = base64.b64decode(self.dots)
        return dots[: len(dots) // (self.width // 8) * (self.width // 8)]


class _LineSettings(Section):
    """A line of a paper.

    Attributes:
        size: how many times the size of a usual character, at most; what would not fit is set smaller.
        bold: whether it is bold.
        text, text_en: the words of a ``text``.
        dots: the height of a ``gap``.
    """

    size: Whole = Field(1, ge=1, le=8)
    bold: bool = False
    text: str = Field("", max_length=60)
    text_en: str = Field("", max_length=60)
    dots: Whole = Field(12, ge=1, le=200)


class SlipLineSettings(_LineSettings):
    """``[[slip.lines]]``: ``shows`` names what stands there."""

    shows: Literal[
        "hall", "service", "service-en", "number", "ahead", "place", "code", "caption", "time",
        "rule", "gap", "text", "logo",
    ]  # fmt: skip


class ReceiptLineSettings(_LineSettings):
    """``[[receipt.lines]]``: ``shows`` names what stands there."""

    shows: Literal[
        "hall", "title", "service", "service-en", "promise", "code", "letters", "caption", "time",
        "rule", "gap", "text", "logo",
    ]  # fmt: skip


class _PaperSettings(Section):
    """A paper.

    Attributes:
        code_dots: of a module of its QR code; 6 are 0.75 mm.
        logo: stands where its lines say so.
    """

    code_dots: Whole = Field(6, ge=3, le=8)
    logo: LogoSettings | None = None


class SlipSettings(_PaperSettings):
    """``[slip]``: the slip of a ticket; ``lines`` from the top."""

    lines: tuple[SlipLineSettings, ...] = Field(max_length=MOST_LINES)


class ReceiptSettings(_PaperSettings):
    """``[receipt]``: the receipt of a case; ``lines`` from the top."""

    lines: tuple[ReceiptLineSettings, ...] = Field(max_length=MOST_LINES)
