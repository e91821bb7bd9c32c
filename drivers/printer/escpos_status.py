"""ESC/POS, the other way: how a printer is asked, and what the bytes of its answers mean. No port, no clock.

Sources: Epson ESC/POS Application Programming Guide (DLE EOT, GS r, GS a, GS ( H fn 48); TM-T88III operator's manual
and SNBC BT-T080 manual for the bits; Citizen CT-S310 manual, appendix, for telling answers apart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

GS_TRANSMIT_PAPER = b"\x1dr\x01"
"""GS r 1, answered by one :class:`PaperStatus` when its turn comes: all that was sent before it has been processed."""

GS_PROCESS_ID = b"\x1d(H\x06\x0000"
DLE_EOT = b"\x10\x04"

PAPER = Literal["ok", "near_end", "out", "unknown"]


@dataclass(frozen=True)
class Sign:
    """Bits of the answer to a question, any of which means something: the reason of a trouble, or a state."""

    question: int
    mask: int
    means: str


def fault(reason: str, question: int, mask: int) -> Sign:
    """The bits of the answer to a question that say why it cannot print."""
    return Sign(question, mask, reason)


@dataclass(frozen=True)
class Dialect:
    """The questions of status that a family of printers answers, and what the bits of its answers mean.

    Attributes:
        troubles: what keeps it from printing; the first that applies is told.
        near_end: the roll is nearly used up.
        waiting: a slip hangs in the exit and was not taken.
        busy: it is at work.
        questions: DLE EOT n, the most telling first.
        unformed: questions whose answer has no fixed bits: whatever single byte comes next.
        full: it answers DLE EOT 14h by ``10 0F`` and four bytes, b3 to b6 of the manuals, here as one number.
    """

    troubles: tuple[Sign, ...]
    near_end: Sign
    waiting: Sign | None = None
    busy: Sign | None = None
    questions: tuple[int, ...] = (1, 2, 3, 4)
    unformed: tuple[int, ...] = ()
    full: bool = False


_PAPER_OUT = (
    # Bit 5 alone: in some printers' answers bit 6 is a ticket waiting in the presenter.
    fault("paper_out", 4, 0x20),
    fault("paper_out", 2, 0x20),
)
_COVER = fault("cover_open", 2, 0x04)
_CUTTER = fault("cutter", 3, 0x08)
_BROKEN = fault("printer_error", 3, 0x24)
_HOT = fault("head_hot", 3, 0x40)
_OFF_LINE = (fault("printer_error", 2, 0x40), fault("printer_offline", 1, 0x08))
_NEAR_END = Sign(4, 0x0C, "paper_near_end")

STANDARD = Dialect((_COVER, *_PAPER_OUT, _CUTTER, _BROKEN, _HOT, *_OFF_LINE), _NEAR_END)
"""Epson and most others."""
SNBC = Dialect(
    (_COVER, *_PAPER_OUT, _CUTTER, fault("paper_jam", 3, 0x04), fault("printer_error", 3, 0x20), _HOT, *_OFF_LINE),
    _NEAR_END,
)
"""SNBC BT-T080 p. 43: bit 2 of the third answer is its guard against jams, and bit 6 heat, voltage or a raised head."""
CASHINO = Dialect(STANDARD.troubles, _NEAR_END, waiting=Sign(1, 0x80, "ticket_waits"))
"""Cashino KP-628E: bit 7 of the first answer is a ticket that was not torn away."""
MASUNG = Dialect(
    (
        _COVER,
        *_PAPER_OUT,
        _CUTTER,
        fault("black_mark", 3, 0x20),
        _HOT,
        fault("paper_jam", 5, 0x09),
        fault("printer_error", 5, 0x80),
        *_OFF_LINE,
    ),
    _NEAR_END,
    waiting=Sign(5, 0x04, "ticket_waits"),
    questions=(1, 2, 3, 4, 5),
    unformed=(5,),
)
"""Masung EP800 and EP802, after the maker's PrintCmd.java; 5 is its exit, whose bits fill the whole byte."""
FULL_STATUS = 0x14
CUSTOM = Dialect(
    (
        fault("cover_open", FULL_STATUS, 0x00_03_00_00),
        fault("paper_out", FULL_STATUS, 0x01_00_00_00),
        fault("cutter", FULL_STATUS, 0x00_00_00_01),
        fault("paper_jam", FULL_STATUS, 0x00_00_40_00),
        fault("head_hot", FULL_STATUS, 0x00_00_01_00),
        fault("printer_error", FULL_STATUS, 0x00_00_08_4C),
    ),
    Sign(FULL_STATUS, 0x04_00_00_00, "paper_near_end"),
    waiting=Sign(FULL_STATUS, 0x20_00_00_00, "ticket_waits"),
    busy=Sign(FULL_STATUS, 0x00_0C_00_00, "busy"),
    questions=(FULL_STATUS,),
    full=True,
)
"""Custom VKP80 and KPM: b3 paper, b4 user, b5 recoverable, b6 unrecoverable."""


def request_status(n: int) -> bytes:
    """DLE EOT n, answered at once by one :class:`Status`: 1 printer, 2 offline cause, 3 error cause, 4 paper."""
    return DLE_EOT + bytes([n])


def request_id(ident: bytes) -> bytes:
    """GS ( H fn 48, answered by :class:`ProcessId` when all before it is printed. ``ident``: 4 bytes, 20h–7Eh."""
    return GS_PROCESS_ID + ident


def find_trouble(status: Mapping[int, int], dialect: Dialect = STANDARD) -> str | None:
    """Why the printer cannot print, from its answers to DLE EOT; None when nothing speaks against it.

    Answers that did not come are left out of ``status``. Reasons: ``cover_open``, ``paper_out``, ``cutter``,
    ``paper_jam``, ``head_hot``, ``black_mark``, ``printer_error``, ``printer_offline``.
    """
    return next((sign.means for sign in dialect.troubles if shows(status, sign)), None)


def is_near_end(status: Mapping[int, int], dialect: Dialect = STANDARD) -> bool:
    """Whether the roll is nearly used up."""
    return bool(shows(status, dialect.near_end))


def read_paper(status: Mapping[int, int], dialect: Dialect = STANDARD) -> PAPER:
    """How much paper there is; ``unknown`` unless it was told."""
    if any(shows(status, sign) for sign in dialect.troubles if sign.means == "paper_out"):
        return "out"
    if dialect.near_end.question not in status:
        return "unknown"
    return "near_end" if shows(status, dialect.near_end) else "ok"


def shows(status: Mapping[int, int], sign: Sign | None) -> bool | None:
    """Whether a sign is set; None where that is not known, since its question was not answered."""
    if sign is None or sign.question not in status:
        return None
    return bool(status[sign.question] & sign.mask)


def from_automatic(value: bytes) -> dict[int, int]:
    """What an automatic status (ASB) says, in the bits of the answers to DLE EOT 1 to 4."""
    printer, error, paper = value[0], value[1], value[2]
    out = bool(paper & 0x0C)
    return {
        1: 0x12 | printer & 0x08,
        2: 0x12 | 0x04 * bool(printer & 0x20) | 0x20 * out | 0x40 * bool(error & 0x6C),
        3: 0x12 | error & 0x6C,
        4: 0x12 | 0x0C * bool(paper & 0x03) | 0x60 * out,
    }


@dataclass(frozen=True)
class Status:
    """The answer to some DLE EOT, without its bit 7; ``high``: that bit, which only some printers ever set."""

    value: int
    high: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class PaperStatus:
    """The answer to GS r 1."""

    value: int

    @property
    def out(self) -> bool:
        """PaperStatus end."""
        return bool(self.value & 0x0C)


@dataclass(frozen=True)
class ProcessId:
    """The answer to GS ( H."""

    ident: bytes


@dataclass(frozen=True)
class AutoStatus:
    """Four bytes that the printer sends by itself when something changes (ASB)."""

    value: bytes


@dataclass(frozen=True)
class Count:
    """The answer to a question for a counter."""

    value: int


PrinterAnswer = Status | PaperStatus | ProcessId | AutoStatus | Count

BLOCK_HEADS = b"\x35\x37\x3b\x3d\x5f"
BLOCK_LIMIT = 96


class Classifier:
    """Tells a printer's answers apart by their fixed bits, however they arrive.

    ::

        0xx1 xx10      DLE EOT       (bit 7 set as well by some printers)
        0xx1 xx00      ASB, and three more of 0xx0 xxxx
        0xx0 xxxx      GS r
        0001 00x1      XON, XOFF
        35 37 3B 3D 5F a block, up to 00

    A real-time answer in the middle of a block or of an ASB is taken out of it. What never completes is dropped by
    :meth:`forget`, which the driver calls after a pause.

    In the dialect of Custom an answer is ``10 0F`` and four bytes of any value, or text such as ``2376 cuts``.

    Attributes:
        unformed: the next byte is the answer to a question whose answers have no fixed bits.
        cleared: how often it has said that its memory was cleared (DLE DC4 fn 8).
    """

    def __init__(self, dialect: Dialect = STANDARD) -> None:
        self.unformed = False
        self.cleared = 0
        self._full = dialect.full
        self._block = bytearray()
        self._auto = bytearray()

    def feed(self, data: bytes) -> Iterator[PrinterAnswer]:
        """The answers that ``data`` completes, in order."""
        for byte in data:
            answer = self._take(byte)
            if answer is not None:
                yield answer

    def __len__(self) -> int:
        """How many bytes of half an answer are kept."""
        return len(self._block) + len(self._auto)

    def forget(self) -> None:
        """Drop what has begun and not ended."""
        self._block.clear()
        self._auto.clear()
        self.unformed = False

    def _take(self, byte: int) -> PrinterAnswer | None:
        if self._full:
            return self._take_of_custom(byte)
        if self.unformed:
            self.unformed = False
            return Status(byte & 0x7F, byte > 0x7F)
        if self._block and (byte == 0 or 0x20 <= byte <= 0x7E):
            return self._take_block(byte)
        if self._auto and byte & 0x90 == 0:
            return self._take_auto(byte)
        if byte & 0x13 == 0x12:
            return Status(byte & 0x7F, byte > 0x7F)
        if byte & 0x93 == 0x10:
            self._auto[:] = [byte]
        elif byte in BLOCK_HEADS:
            self._block[:] = [byte]
        elif byte & 0x90 == 0 and not self._block:
            return PaperStatus(byte)
        return None

    def _take_block(self, byte: int) -> PrinterAnswer | None:
        self._block.append(byte)
        if byte == 0:
            block = bytes(self._block)
            self._block.clear()
            if block[-7:-5] == b"\x37\x22":
                # Noise may have begun a block before it.
                return ProcessId(block[-5:-1])
            if block == b"\x37\x25\x00":
                self.cleared += 1
            if block[:1] == b"\x5f" and block[1:-1].isdigit():
                return Count(int(block[1:-1]))
        else:
            # Longer is no block of ours, but what follows is still its text, and no answer in turn.
            del self._block[1:-BLOCK_LIMIT]
        return None

    def _take_auto(self, byte: int) -> PrinterAnswer | None:
        self._auto.append(byte)
        if len(self._auto) < 4:
            return None
        value = bytes(self._auto)
        self._auto.clear()
        return AutoStatus(value)

    def _take_of_custom(self, byte: int) -> PrinterAnswer | None:
        if self._auto:
            self._auto.append(byte)
            if len(self._auto) == 2 and byte != 0x0F:
                self._auto[:] = b"\x10" if byte == 0x10 else b""
            elif len(self._auto) == 6:
                value = int.from_bytes(self._auto[2:], "big")
                self._auto.clear()
                return Status(value)
        elif byte == 0x10:
            self._auto[:] = b"\x10"
        elif 0x20 <= byte <= 0x7E:
            self._block.append(byte)
            del self._block[:-BLOCK_LIMIT]
            if found := re.search(rb"(\d+) ?cuts$", bytes(self._block)):
                self._block.clear()
                return Count(int(found[1]))
        return None
