"""The serial protocol of ID card readers with a SAM_V security module, as functions of bytes.

A frame is ``AA AA AA 96 69``, two bytes of length (big-endian, of all that follows them), the body and one byte that
is the XOR of everything between the preamble and itself. A host's body is command, parameter and data; a reader's is
three status bytes, of which only the third tells success, and data. Source: the vendors' "SAM_V 通信协议" documents;
the standards behind them (GA 450, GA 467) are not public.
"""

from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate
from operator import xor
from typing import NamedTuple

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
    READ_ALL = b"\x30\x10"  # with fingerprints
    READ_ADDRESS = b"\x30\x03"
    READ_IDS = b"\x30\x05"
    # Unverified: whether the answer still comes at the old speed. The setting outlives a loss of power.
    SET_115200 = b"\x60\x00"
    SET_57600 = b"\x60\x01"
    SET_38400 = b"\x60\x02"
    SET_19200 = b"\x60\x03"
    SET_9600 = b"\x60\x04"
    SET_RADIO_FRAME = b"\x61\xff"  # data: the most bytes of a frame to the card, 24 to 255


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
    return PREAMBLE + counted + bytes(accumulate(counted, xor))[-1:]


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
    """Text and photo out of the answer to 30 01, or to 30 10, whose fingerprints are left out.

    Two lengths come first, of text and photo, or three with that of the fingerprints (512 bytes each); what follows is
    as long as they say. ProtocolError where it is not.
    """
    for lengths in (2, 3):
        head = data[: 2 * lengths]
        sizes = [int.from_bytes(head[at : at + 2], "big") for at in range(0, len(head), 2)]
        if len(sizes) == lengths and sizes[0] and len(data) == 2 * lengths + sum(sizes):
            photo_at = 2 * lengths + sizes[0]
            return data[2 * lengths : photo_at], data[photo_at : photo_at + sizes[1]]
    raise ProtocolError("garbled", f"card data of {len(data)} bytes, which is not what its lengths say")


SAM_ID_SIZE = 16


def parse_sam_id(data: bytes) -> str:
    """The module's number as on its label, ``05.01-20120101-0000000001-0000000001``, out of the answer to 12 FF.

    Little-endian: two numbers of 16 bits, a date and two numbers of 32 bits. One of the known programs pads the last
    two to nine digits instead of ten.
    """
    if len(data) != SAM_ID_SIZE:
        raise ProtocolError("garbled", f"a module's number of {len(data)} bytes")
    maker, kind = (int.from_bytes(data[at : at + 2], "little") for at in (0, 2))
    date, first, second = (int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12))
    return f"{maker:02}.{kind:02}-{date}-{first:010}-{second:010}"


class CardIds(NamedTuple):
    """What the answer to 30 05 holds: the card's numbers in the trade, not its holder's. ``sn`` is 8 bytes.

    Whether that is the serial number that the chip tells any reader (00 36 00 00 08) is not known.
    """

    iin: bytes
    sn: bytes
    dn: bytes

    def __repr__(self) -> str:
        return "<CardIds>"


def parse_ids(data: bytes) -> CardIds:
    """Read the answer to 30 05; ProtocolError for another length than 28."""
    if len(data) != 28:
        raise ProtocolError("garbled", f"a card's numbers of {len(data)} bytes")
    return CardIds(data[:4], data[4:12], data[12:])


class FrameDecoder:
    """Finds frames in whatever comes, in any chunks. Holds no more than one frame of the longest kind.

    The time is linear in what came, also where every few bytes look like the beginning of a long frame: with the XOR of
    all bytes up to each place, the check byte of any stretch is one look.

    Attributes:
        garbled: how many beginnings of frames turned out to be none.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self._buffer = bytearray()
        self._xor = bytearray(1)  # at each place of the buffer, the XOR of all before it

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and is not complete."""
        return len(self._buffer) > 1

    def reset(self) -> None:
        """Forget what has begun."""
        self._forget(len(self._buffer))

    def receive(self, data: bytes) -> list[bytes]:
        """The bodies of the frames completed by ``data``."""
        self._buffer += data
        self._xor += bytes(accumulate(data, xor, initial=self._xor[-1]))[1:]
        return self._bodies_from(0)

    def salvage(self) -> list[bytes]:
        """Call when the line is quiet: the bodies of whole frames behind a beginning that was none.

        Noise that looks like the head of a long frame would otherwise swallow the true answer behind it. A frame that
        is merely late stays as it is.
        """
        place = self._buffer.find(SYNC, 1)
        while place > 0:
            end = self._end_of(place)
            if end and end <= len(self._buffer) and self._xor[place + 2] == self._xor[end]:
                self.garbled += 1
                return self._bodies_from(place)
            place = self._buffer.find(SYNC, place + 1)
        return []

    def _bodies_from(self, place: int) -> list[bytes]:
        """The bodies of whole frames from ``place`` on; what is before the last beginning is forgotten."""
        bodies = []
        while (start := self._buffer.find(SYNC, place)) >= 0:
            end = self._end_of(start)
            if end is not None and end > len(self._buffer):
                break
            if end and self._xor[start + 2] == self._xor[end]:
                bodies.append(bytes(self._buffer[start + 4 : end - 1]))
                place = end
            else:
                # Only the beginning is given up: a true frame may start inside what looked like this one.
                self.garbled += 1
                place = start + len(SYNC)
        else:
            start = len(self._buffer)
            start -= start > place and self._buffer.endswith(SYNC[:1])
        self._forget(start)
        return bodies

    def _end_of(self, start: int) -> int | None:
        """Where the frame ends that seems to begin at ``start``, past the buffer while unknown; None: it is none."""
        if len(self._buffer) < start + 4:
            return start + 4
        length = int.from_bytes(self._buffer[start + 2 : start + 4], "big")
        return start + 4 + length if 2 <= length <= MAX_LENGTH else None

    def _forget(self, size: int) -> None:
        del self._buffer[:size], self._xor[:size]
