"""ESC/POS, the other way: how a printer is asked, and what the bytes of its answers mean. No port, no clock.

Sources: Epson ESC/POS Application Programming Guide (DLE EOT, GS r, GS a, GS ( H fn 48); TM-T88III operator's manual
and SNBC BT-T080 manual for the bits; Citizen CT-S310 manual, appendix, for telling answers apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

GS_TRANSMIT_PAPER = b"\x1dr\x01"
"""GS r 1, answered by one :class:`PaperStatus` when its turn comes: all that was sent before it has been processed."""

GS_PROCESS_ID = b"\x1d(H\x06\x0000"
DLE_EOT = b"\x10\x04"

OFFLINE = 0x08
"""Of the answer to DLE EOT 1."""


def request_status(n: int) -> bytes:
    """DLE EOT n, answered at once by one :class:`Status`: 1 printer, 2 offline cause, 3 error cause, 4 paper."""
    return DLE_EOT + bytes([n])


def request_id(ident: bytes) -> bytes:
    """GS ( H fn 48, answered by :class:`ProcessId` when all before it is printed. ``ident``: 4 bytes, 20h–7Eh."""
    return GS_PROCESS_ID + ident


def find_trouble(status: dict[int, int]) -> str | None:
    """Why the printer cannot print, from its answers to DLE EOT; None when nothing speaks against it.

    Answers that did not come are left out of ``status``. Reasons: ``cover_open``, ``paper_out``, ``cutter``,
    ``head_hot``, ``printer_error``, ``printer_offline``.
    """
    printer, cause, error, paper = (status.get(n, 0) for n in (1, 2, 3, 4))
    if cause & 0x04:
        return "cover_open"
    # Bit 5 alone: in some printers' answers bit 6 is a ticket waiting in the presenter.
    if paper & 0x20 or cause & 0x20:
        return "paper_out"
    if error & 0x08:
        return "cutter"
    if error & 0x24:
        return "printer_error"
    if error & 0x40:
        return "head_hot"
    if cause & 0x40:
        return "printer_error"
    if printer & OFFLINE:
        return "printer_offline"
    return None


def is_near_end(status: dict[int, int]) -> bool:
    """Whether the roll is nearly used up."""
    return bool(status.get(4, 0) & 0x0C)


@dataclass(frozen=True)
class Status:
    """The answer to some DLE EOT."""

    value: int


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


PrinterAnswer = Status | PaperStatus | ProcessId | AutoStatus

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
    """

    def __init__(self) -> None:
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

    def _take(self, byte: int) -> PrinterAnswer | None:
        if self._block and (byte == 0 or 0x20 <= byte <= 0x7E):
            return self._take_block(byte)
        if self._auto and byte & 0x90 == 0:
            return self._take_auto(byte)
        if byte & 0x13 == 0x12:
            return Status(byte & 0x7F)
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
            if len(block) == 7 and block.startswith(b"\x37\x22"):
                return ProcessId(block[2:6])
        elif len(self._block) > BLOCK_LIMIT:
            # No block of ours; what follows is still its text, and no answer to anything.
            del self._block[1:]
        return None

    def _take_auto(self, byte: int) -> PrinterAnswer | None:
        self._auto.append(byte)
        if len(self._auto) < 4:
            return None
        value = bytes(self._auto)
        self._auto.clear()
        return AutoStatus(value)
