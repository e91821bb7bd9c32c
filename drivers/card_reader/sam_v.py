"""The serial protocol of ID card readers with a SAM_V security module, as functions of bytes.

A frame is ``AA AA AA 96 69``, two bytes of length (big-endian, of all that follows them), the body and one byte that
is the XOR of everything between the preamble and itself. A host's body is command, parameter and data; a reader's is
three status bytes, of which only the third tells success, and data. Source: the vendors' "SAM_V 通信协议" documents;
the standards behind them (GA 450, GA 467) are not public.
"""

import functools
import operator
from dataclasses import dataclass, field
from enum import Enum

from drivers.errors import ProtocolError

PREAMBLE = bytes.fromhex("AA AA AA 96 69")
SYNC = PREAMBLE[3:]
"""What a decoder hunts for: readers are known to lose or double the bytes before it."""
MAX_LENGTH = 0x0A00
"""Above every answer of the protocol; the longest, with fingerprints, has a length of 090A."""


class Command(Enum):
    """CMD and PARA of what a host may ask."""

    RESET = b"\x10\xff"
    STATUS = b"\x11\xff"
    SAM_ID = b"\x12\xff"
    FIND = b"\x20\x01"
    SELECT = b"\x20\x02"
    READ = b"\x30\x01"
    READ_ADDRESS = b"\x30\x03"
    READ_IDS = b"\x30\x05"


SW_DONE = 0x90
SW_NO_SUCH_ITEM = 0x91
SW_FOUND = 0x9F
SW_HOST_CHECKSUM = 0x10
SW_HOST_LENGTH = 0x11
SW_BAD_COMMAND = 0x21
SW_UNKNOWN_ERROR = 0x24
SW_READ_FAILED = 0x41
SW_SELF_TEST_FAILED = 0x60
SW_NOT_AUTHORISED = 0x66
SW_NO_CARD = 0x80
SW_SELECT_FAILED = 0x81

REASONS: dict[int, str] = {
    SW_HOST_CHECKSUM: "garbled",
    SW_HOST_LENGTH: "garbled",
    SW_BAD_COMMAND: "reader_error",
    0x23: "sam_unauthorised",
    SW_UNKNOWN_ERROR: "reader_error",
    0x31: "card_unreadable",  # the card did not accept the module
    0x32: "card_unreadable",  # the module did not accept the card
    0x33: "card_unreadable",  # what the card says does not verify
    0x34: "card_moved",  # no card found yet
    0x37: "card_unreadable",  # the fingerprint does not verify
    0x3F: "card_unreadable",  # wrong length of what the card holds
    0x40: "card_unreadable",  # not a card of a kind it knows
    SW_READ_FAILED: "card_moved",
    0x47: "card_moved",  # the card gave no random number
    SW_SELF_TEST_FAILED: "sam_broken",
    SW_NOT_AUTHORISED: "sam_unauthorised",
    SW_NO_CARD: "card_moved",
    SW_SELECT_FAILED: "card_moved",
}
"""Why a command was refused, by the third status byte; anything else is a ``reader_error``."""


@dataclass(frozen=True)
class SamAnswer:
    """What a reader said.

    Attributes:
        sw1: first status byte, relayed from the card; mostly 0, and no sign of success.
        sw2: second status byte, likewise.
        sw3: the status that counts.
        data: what was asked for; personal, so never shown.
    """

    sw1: int
    sw2: int
    sw3: int
    data: bytes = field(default=b"", repr=False)


def encode_frame(body: bytes) -> bytes:
    """Preamble, length, ``body`` and check byte."""
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + counted + bytes([_xor(counted)])


def encode_command(command: Command, data: bytes = b"") -> bytes:
    """A host's frame."""
    return encode_frame(command.value + data)


def encode_answer(answer: SamAnswer) -> bytes:
    """A reader's frame."""
    return encode_frame(bytes([answer.sw1, answer.sw2, answer.sw3]) + answer.data)


def parse_answer(body: bytes) -> SamAnswer:
    """Read a reader's body; ``ProtocolError("garbled")`` when it is too short for three status bytes."""
    if len(body) < 3:
        raise ProtocolError("garbled", "answer without status")
    return SamAnswer(body[0], body[1], body[2], body[3:])


def parse_card_data(data: bytes) -> tuple[bytes, bytes]:
    """Text and photo out of the answer to 30 01, by its length fields; ProtocolError where these do not fit."""
    sizes = int.from_bytes(data[0:2], "big"), int.from_bytes(data[2:4], "big")
    if not sizes[0] or len(data) < 4 + sum(sizes):
        raise ProtocolError("garbled", f"card data of {len(data)} bytes, lengths {sizes[0]} and {sizes[1]}")
    photo_at = 4 + sizes[0]
    return data[4:photo_at], data[photo_at : photo_at + sizes[1]]


class FrameDecoder:
    """Finds frames in whatever comes, in any chunks. Holds no more than one frame of the longest kind.

    Attributes:
        garbled: how many beginnings of frames turned out to be none.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and is not complete."""
        return len(self._buffer) > 1

    def reset(self) -> None:
        """Forget what has begun."""
        self._buffer.clear()

    def receive(self, data: bytes) -> list[bytes]:
        """The bodies of the frames completed by ``data``."""
        self._buffer += data
        bodies = []
        while (body := self._next()) is not None:
            bodies.append(body)
        return bodies

    def salvage(self) -> list[bytes]:
        """Call when the line is quiet: the bodies of whole frames behind a beginning that was none.

        Noise that looks like the head of a long frame would otherwise swallow the true answer behind it. A frame that
        is merely late stays as it is.
        """
        place = self._buffer.find(SYNC, 1)
        while place > 0:
            inner = FrameDecoder()
            if bodies := inner.receive(bytes(self._buffer[place:])):
                self.garbled += 1
                self._buffer = inner._buffer
                return bodies
            place = self._buffer.find(SYNC, place + 1)
        return []

    def _next(self) -> bytes | None:
        while (start := self._buffer.find(SYNC)) >= 0:
            del self._buffer[:start]
            if len(self._buffer) < 4:
                return None
            end = 4 + int.from_bytes(self._buffer[2:4], "big")
            if 2 <= end - 4 <= MAX_LENGTH:
                if len(self._buffer) < end:
                    return None
                if _xor(self._buffer[2:end]) == 0:
                    body = bytes(self._buffer[4 : end - 1])
                    del self._buffer[:end]
                    return body
            # Only the beginning is given up: a true frame may start inside what looked like this one.
            self.garbled += 1
            del self._buffer[: len(SYNC)]
        self._buffer[:] = SYNC[:1] if self._buffer.endswith(SYNC[:1]) else b""
        return None


def _xor(data: bytes | bytearray) -> int:
    return functools.reduce(operator.xor, data, 0)
