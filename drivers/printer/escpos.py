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
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from escpos.printer import Dummy

FS_CHINESE = b"\x1c&"
FS_CHINESE_DOUBLE = b"\x1c!\x0c"
FS_CHINESE_NORMAL = b"\x1c!\x00"
ESC_FEED_DOTS = b"\x1bJ"
GETA = "〓"
"""The printers' mark for "a character I do not have" (下駄)."""

QUIET_DOTS = 24
"""White above and below a native QR code: 4 modules of 6 dots. The printer adds none of its own."""

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


Item = Text | Code | Rule | Gap
ProfileName = Literal[
    "epson", "epson-58", "generic", "generic-58", "generic-fs", "raster-qr", "write-only", "write-only-58"
]


@dataclass(frozen=True)
class Profile:
    """What a model of printer can do.

    Attributes:
        name: as in the configuration.
        width: of the printable area, in dots: 576 on 80 mm paper, 384 on 58 mm.
        confirm: how it tells that a slip is printed: by process id (GS ( H), by an answer in turn (GS r), not at all.
        qr: whether it draws QR codes itself.
        chinese_size: whether GS ! enlarges Chinese too, or FS ! has to be sent beside it.
    """

    name: ProfileName
    width: int = 576
    confirm: Literal["gs_h", "gs_r", "none"] = "gs_r"
    qr: Literal["native", "raster"] = "native"
    chinese_size: Literal["gs", "both"] = "gs"

    @property
    def columns(self) -> int:
        """How many half-width characters fit in a line; a Chinese one takes two."""
        return self.width // 12


PROFILES: dict[ProfileName, Profile] = {
    profile.name: profile
    for profile in (
        Profile("epson", confirm="gs_h"),
        Profile("epson-58", width=384, confirm="gs_h"),
        Profile("generic"),
        Profile("generic-58", width=384),
        Profile("generic-fs", chinese_size="both"),
        Profile("raster-qr", qr="raster"),
        Profile("write-only", confirm="none"),
        Profile("write-only-58", width=384, confirm="none"),
    )
}
"""By name. ``epson``: Epson and true compatibles; ``generic``: most others; ``generic-fs``: those that enlarge Chinese
by FS ! only; ``raster-qr``: those without QR codes of their own; ``write-only``: those that never answer."""


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
        return GETA.encode("gbk")


def compose(items: Sequence[Item], profile: Profile) -> bytes:
    """One slip, from ESC @ through the cut; the questions of ``escpos_status`` may follow it."""
    dummy = _load_dummy()()
    dummy.hw("INIT")
    dummy._raw(FS_CHINESE)
    style = _Style(dummy, profile)
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
    dummy.cut(feed=False)
    return bytes(dummy.output)


def cut_off(profile: Profile) -> bytes:
    """Cuts a slip off whose end never came, so that the next one does not continue it.

    The printer may be in the middle of a command: NULs, which it passes over otherwise, complete the longest there is.
    """
    return bytes(128 if profile.qr == "native" else 8192) + b"\x1b@\x1dVB\x00"


class _Style:
    """Sends a setting when it changes: python-escpos would repeat them for each line, at 15 bytes a line."""

    def __init__(self, dummy: "Dummy", profile: Profile) -> None:
        self._dummy = dummy
        self._profile = profile
        self._size = (1, 1)
        self._chinese_double = False
        self._bold = False
        self._align: Align = "left"

    def print(self, item: Text) -> None:
        encoded = encode_text(item.text)
        scale = max(1, min(item.scale, 8, self._profile.columns // max(1, len(encoded))))
        self._align_to(item.align)
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
            self._dummy._raw(_raster(item))
        self.feed(QUIET_DOTS)

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


def _raster(item: Code) -> bytes:
    """A QR code as GS v 0: python-escpos' own has one module of white around it instead of four."""
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(item.payload)
    rows = code.get_matrix()
    width = -(-len(rows) * item.module // 8)
    dots = bytearray()
    for row in rows:
        bits = "".join(("1" if dark else "0") * item.module for dark in row).ljust(width * 8, "0")
        dots += int(bits, 2).to_bytes(width, "big") * item.module
    height = len(rows) * item.module
    return b"\x1dv0\x00" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(dots)


_loading = threading.Lock()


@functools.cache
def _load_dummy() -> "Callable[[], Dummy]":
    """python-escpos' composing printer; importing it takes 0.2–0.7 s and leaves things behind, which are undone here.

    It sets up the root logger, makes a temporary folder that nobody removes, and unpickles a file of whatever folder
    ``ESCPOS_CAPABILITIES_PICKLE_DIR`` names.
    """
    with _loading:
        os.environ.pop("ESCPOS_CAPABILITIES_PICKLE_DIR", None)
        shield = logging.NullHandler()
        logging.getLogger().addHandler(shield)
        try:
            from escpos import capabilities
            from escpos.printer import Dummy
        finally:
            logging.getLogger().removeHandler(shield)
        shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
        return Dummy


def warm_up() -> None:
    """Have the first slip composed as fast as the others: import everything that composing needs."""
    compose([Text("取号"), Code("A001")], PROFILES["epson"])
