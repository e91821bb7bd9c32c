"""ESC/POS, the bytes of a slip. What a printer answers is in :mod:`drivers.printer.escpos_status`. No port, no clock.

python-escpos composes (sizes, QR, cut); Chinese text goes around its text path, which prints ``???`` for full-width
punctuation and for everything outside U+4E00–9FA5. Here a character is two GBK bytes in Chinese mode, or it is 〓.

Sources: Epson ESC/POS Application Programming Guide (GS ( k, GS !, GS V, GS v 0); TM-T88III specification §6.4 and SNBC
BT-T080 manual for Chinese mode.
"""

import functools
import logging
import os
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drivers.printer.glyphs import Draw, Picture
from drivers.printer.profiles import PROFILES, Profile

if TYPE_CHECKING:
    from escpos.printer import Dummy

FS_CHINESE = b"\x1c&"
FS_CHINESE_DOUBLE = b"\x1c!\x0c"
FS_CHINESE_NORMAL = b"\x1c!\x00"
ESC_FEED_DOTS = b"\x1bJ"
GETA = "〓"
"""The printers' mark for "a character I do not have" (下駄)."""
_GETA = GETA.encode("gbk")

QUIET_DOTS = 24
"""White above and below a native QR code: 4 modules of 6 dots. The printer adds none of its own."""

BAND = 24
"""Rows of dots in one raster command. A picture is sent in bands, so that no command is long: what hangs in the middle
of one is ended by as many NULs as it may still want."""
LONGEST_CODE = 400
"""Bytes of the longest command that stores a QR code: a whole slip is no longer."""

Align = Literal["left", "center"]


@dataclass(frozen=True)
class Text:
    """One line. ``scale`` 1..8 counts both ways; a line that would not fit is set smaller."""

    text: str
    scale: int = 1
    align: Align = "center"
    bold: bool = False


@dataclass(frozen=True)
class Code:
    """A QR code, EC level M, in the middle, with white around it. ``module`` is in dots of 0.125 mm."""

    payload: str
    module: int = 6


@dataclass(frozen=True)
class Rule:
    """A thin line across the paper."""


@dataclass(frozen=True)
class Gap:
    """White, in dots of 0.125 mm (0..255)."""

    dots: int


@dataclass(frozen=True)
class Raster:
    """A picture in the middle, each of its dots ``scale`` (1 or 2) dots of the printer wide and high."""

    picture: Picture
    scale: int = 1


Item = Text | Code | Rule | Gap | Raster


def encode_text(text: str) -> bytes:
    """``text`` for a printer in Chinese mode: ASCII as it is, Chinese as 2-byte GBK, everything else as 〓.

    Control and format characters (ESC, newlines, C1, bidi marks …) are left out: text never carries a command.
    """
    return b"".join(_encode_character(character) for character in text)


@functools.lru_cache(maxsize=4096)
def _encode_character(character: str) -> bytes:
    if unicodedata.category(character) in ("Cc", "Cf"):
        return b""
    try:
        return character.encode("gbk")
    except UnicodeEncodeError:
        return _GETA


def is_rare(text: str) -> bool:
    """Whether ``text`` has a character that printers do not have."""
    return any(character != GETA and _encode_character(character) == _GETA for character in text)


def compose(items: Sequence[Item], profile: Profile, draw: Draw | None = None) -> bytes:
    """One slip, from ESC @ through the cut; the questions of ``escpos_status`` may follow it.

    Args:
        items: from the top.
        profile: of the printer.
        draw: draws a line with a rare character; without it, or where it can draw none, that character is 〓.
    """
    dummy = _load_dummy()()
    dummy.hw("INIT")
    dummy._raw(FS_CHINESE)
    style = _Style(dummy, profile, draw)
    for item in items:
        match item:
            case Text():
                style.print(item)
            case Rule():
                style.rule()
            case Code():
                style.code(item)
            case Gap(dots):
                style.feed(dots)
            case Raster():
                style.raster(item)
    dummy._raw(profile.cut)
    return bytes(dummy.output)


def cut_off(profile: Profile) -> bytes:
    """Cuts a slip off whose end never came, so that the next one does not continue it.

    The printer may be in the middle of a command: NULs, which it passes over otherwise, complete the longest there is.
    """
    return bytes(max(LONGEST_CODE, 8 + profile.width // 8 * BAND)) + b"\x1b@" + profile.cut


class _Style:
    """Sends a setting when it changes: python-escpos would repeat them for each line, at 15 bytes a line."""

    def __init__(self, dummy: "Dummy", profile: Profile, draw: Draw | None) -> None:
        self._dummy = dummy
        self._profile = profile
        self._draw = draw
        self._size = (1, 1)
        self._chinese_double = False
        self._bold = False
        self._align: Align = "left"

    def print(self, item: Text) -> None:
        encoded = encode_text(item.text)
        scale = max(1, min(item.scale, 8, self._profile.columns // max(1, len(encoded))))
        self._align_to(item.align)
        if self._draw and is_rare(item.text):
            picture = self._draw(item.text, scale, item.bold)
            if picture and picture.width <= self._profile.width // 8:
                self._dummy._raw(_raster(picture))
                return
        self._bolden(item.bold)
        self._enlarge((scale, scale), len(encoded) > len(item.text))
        self._dummy._raw(encoded + b"\n")

    def rule(self) -> None:
        self._align_to("left")
        self._bolden(False)
        if self._profile.chinese_size == "gs":
            # ─ joins its neighbours; stretched to 8 x 24 dots a few of them cross the paper in 10 bytes.
            self._enlarge((8, 1), True)
            self._dummy._raw("─".encode("gbk") * (self._profile.width // 192) + b"\n")
        else:
            # GS ! does not stretch Chinese characters here, and ─ is one of them.
            self._enlarge((8, 1), False)
            self._dummy._raw(b"-" * (self._profile.width // 96) + b"\n")

    def code(self, item: Code) -> None:
        self._align_to("center")
        self.feed(QUIET_DOTS)
        if self._profile.qr == "native":
            self._dummy.qr(item.payload, ec=1, size=item.module, native=True)  # 1: level M
        else:
            self._dummy._raw(_raster(_draw_code(item, self._profile.width)))
        self.feed(QUIET_DOTS)

    def raster(self, item: Raster) -> None:
        self._align_to("center")
        self._dummy._raw(_raster(item.picture, item.scale))

    def feed(self, dots: int) -> None:
        self._dummy._raw(ESC_FEED_DOTS + bytes([dots]))

    def _align_to(self, align: Align) -> None:
        if align != self._align:
            self._dummy.set(align=align)
            self._align = align

    def _bolden(self, bold: bool) -> None:
        if bold != self._bold:
            self._dummy.set(bold=bold)
            self._bold = bold

    def _enlarge(self, size: tuple[int, int], chinese: bool) -> None:
        if size != self._size:
            self._dummy.set(custom_size=True, width=size[0], height=size[1])
            self._size = size
        double = size >= (2, 2)
        # FS ! is about Chinese only, so a line without any leaves it as it is.
        if self._profile.chinese_size == "both" and chinese and double != self._chinese_double:
            self._dummy._raw(FS_CHINESE_DOUBLE if double else FS_CHINESE_NORMAL)
            self._chinese_double = double


def _draw_code(item: Code, widest: int) -> Picture:
    """A QR code of at most ``widest`` dots, with four modules of white around it: python-escpos' own has one."""
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(item.payload)
    rows = code.get_matrix()
    module = max(1, min(item.module, widest // len(rows)))
    width = -(-len(rows) * module // 8)
    dots = bytearray()
    for row in rows:
        bits = "".join(("1" if dark else "0") * module for dark in row).ljust(width * 8, "0")
        dots += int(bits, 2).to_bytes(width, "big") * module
    return Picture(width, bytes(dots))


def _raster(picture: Picture, scale: int = 1) -> bytes:
    """GS v 0, in bands of :data:`BAND` rows, which join without a gap; its mode 3 doubles width and height."""
    mode = b"\x03" if scale > 1 else b"\x00"
    band, sent = picture.width * BAND, bytearray()
    for start in range(0, len(picture.dots), band):
        dots = picture.dots[start : start + band]
        height = len(dots) // picture.width
        sent += b"\x1dv0" + mode + picture.width.to_bytes(2, "little") + height.to_bytes(2, "little") + dots
    return bytes(sent)


_loading = threading.Lock()

_ANY_PRINTER = '{"profiles": {"default": {"codePages": {}, "features": {}, "fonts": {}}}, "encodings": {}}'
"""What python-escpos is told of printers: nothing, as ours have profiles and code pages of their own."""


@functools.cache
def _load_dummy() -> "Callable[[], Dummy]":
    """python-escpos' composing printer; importing it takes 0.1 s and leaves things behind, which are undone here.

    It sets up the root logger, makes a temporary folder that nobody removes, and unpickles a file of whatever folder
    ``ESCPOS_CAPABILITIES_PICKLE_DIR`` names. Its own descriptions of printers, which it takes half a second to read,
    are passed over.
    """
    with _loading, tempfile.NamedTemporaryFile("w", encoding="ascii") as described:
        described.write(_ANY_PRINTER)
        described.flush()
        os.environ.pop("ESCPOS_CAPABILITIES_PICKLE_DIR", None)
        os.environ["ESCPOS_CAPABILITIES_FILE"] = described.name
        shield = logging.NullHandler()
        logging.getLogger().addHandler(shield)
        try:
            from escpos import capabilities
            from escpos.printer import Dummy
        finally:
            logging.getLogger().removeHandler(shield)
            del os.environ["ESCPOS_CAPABILITIES_FILE"]
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
        return Dummy


def warm_up() -> None:
    """Have the first slip composed as fast as the others: import everything that composing needs."""
    compose([Text("取号"), Code("A001")], PROFILES["epson"])
