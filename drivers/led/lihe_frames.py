"""The protocols of strips by 平安力合 (Ping'an Lihe) and of two-colour strips by 欣瑞: functions of bytes.

All are spoken over RS-485 at 9600 baud 8N1 with an address of one byte and text in GB2312. Sources: 平安力合 LED
控制卡通讯协议 V2.1 (2012-02-13) and the two-colour strip's sheet, as a bank's queue program had them (wangenheng).

AA/BB (即时信息), free text::

    AA ADD BB 51 54 SUM | mode speed stay colour life text FF     54: a strip, 50: the whole hall board
    SUM = (mode … FF, with the FF) mod 256

A0 (标准四幕屏), ready-made pictures with a number in them::

    A0 LEN CMD ADD SCMD data CHK FF     LEN counts CMD … data; CHK = (LEN … data) mod 100, decimal
    CMD: 28 strip, 2A hall board, 29 ping;  SCMD: 00 welcome, 01 call, 02 pause, 04 serving
    data of a call: the four digits as two bytes (1234 is 0C 22), window, letters of the number in ASCII
    receipt: A0 LEN 14 ADD 50 CHK FF

A0 90 (双色屏), text with a colour for each character::

    A0 90 addr A5 lenH lenL (code colour)… XOR     XOR of addr … data; colour 0 red, 1 green, 2 yellow
    answer: A0 90 addr A5 AA (taken) or 55 (refused)

Verified against the sheets' own examples: both A0 calls, the A0 90 text. Not verified on a strip: the colours and the
values of mode, speed and stay in AA/BB beyond those of the one known frame; that a ping, welcome and pause have no
data; a number with more than one letter; a receipt that is not 50; whether AA/BB text gets a receipt.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor

from drivers.device import Colour

STRIP, BOARD, PING, RECEIPT = 0x28, 0x2A, 0x29, 0x14
"""CMD of an A0 frame."""
COMMANDS = (STRIP, BOARD, PING, RECEIPT, 0x2B, 0x2D)
"""All that are known: what has another is noise, and its length is not waited for. 2B and 2D are tickets in ASCII."""
WELCOME, CALL, PAUSE, SERVING = 0x00, 0x01, 0x02, 0x04
"""SCMD of an A0 frame."""
TAKEN = 0x50
"""In a receipt: the frame was taken."""
TEXT_STRIP, TEXT_BOARD = 0x54, 0x50
TWO_COLOUR = 0x90
COLOURS: dict[Colour, int] = {"red": 0, "green": 1, "yellow": 2}
STILL, SPEED, STAY, LIFE = 0x01, 0x00, 0x99, 0x63
"""Mode, speed, stay and life of the known AA/BB frame."""
MAX_TEXT = 240
"""Bytes of text in a frame, to be on the safe side: the sheets name no limit."""
MAX_FRAME = 3 * MAX_TEXT
GETA = "〓".encode("gb2312")


@dataclass(frozen=True)
class Call:
    """A call or a picture in an A0 frame.

    Attributes:
        command: ``STRIP``, ``BOARD``, ``PING`` or ``RECEIPT``.
        address: whose it is.
        data: SCMD and what follows it.
    """

    command: int
    address: int
    data: bytes

    def to_bytes(self) -> bytes:
        """The frame as it goes on the wire."""
        body = bytes((self.command, self.address)) + self.data
        body = bytes((len(body),)) + body
        return b"\xa0" + body + bytes((sum(body) % 100, 0xFF))


@dataclass(frozen=True)
class FreeText:
    """An AA/BB frame with ``text`` in GB2312; ``colour`` as in ``COLOURS``."""

    address: int
    text: bytes
    colour: int = 0
    is_board: bool = False

    def to_bytes(self) -> bytes:
        """The frame as it goes on the wire."""
        data = bytes((STILL, SPEED, STAY, self.colour, LIFE)) + self.text + b"\xff"
        kind = TEXT_BOARD if self.is_board else TEXT_STRIP
        return bytes((0xAA, self.address, 0xBB, 0x51, kind, sum(data) & 0xFF)) + data


@dataclass(frozen=True)
class TwoColourText:
    """An A0 90 frame: characters in GB2312, each with its colour."""

    address: int
    characters: tuple[tuple[bytes, int], ...]

    def to_bytes(self) -> bytes:
        """The frame as it goes on the wire."""
        data = b"".join(code + bytes((colour,)) for code, colour in self.characters)
        body = bytes((self.address, 0xA5)) + len(data).to_bytes(2, "big") + data
        return bytes((0xA0, TWO_COLOUR)) + body + bytes((reduce(xor, body),))


@dataclass(frozen=True)
class TwoColourAnswer:
    """The answer to an A0 90 frame."""

    address: int
    is_taken: bool

    def to_bytes(self) -> bytes:
        """The frame as it goes on the wire."""
        return bytes((0xA0, TWO_COLOUR, self.address, 0xA5, 0xAA if self.is_taken else 0x55))


Frame = Call | FreeText | TwoColourText | TwoColourAnswer


def encode_call(number: str, window: int, address: int, command: int = STRIP, shows: int = CALL) -> bytes | None:
    """The A0 frame that calls ``number`` to ``window``; None when the number does not fit into four digits.

    Args:
        number: letters, then digits: ``A001``.
        window: its number, 0 to 255.
        address: of the strip.
        command: ``STRIP`` or ``BOARD``.
        shows: ``CALL`` or ``SERVING``.
    """
    letters = number.rstrip("0123456789")
    digits = number[len(letters) :]
    if not (1 <= len(digits) <= 4 and letters.isascii() and len(letters) <= 3 and (letters.isupper() or not letters)):
        return None
    high, low = divmod(int(digits), 100)
    return Call(command, address, bytes((shows, high, low, window)) + letters.encode()).to_bytes()


def encode_characters(text: str) -> list[bytes]:
    """Each character of ``text`` in GB2312; 〓 for what it lacks.

    Control characters are left out, and so are backslash and ^, with which strips of this line write escapes.
    """
    return [_in_gb2312(one) for one in text if one >= " " and one not in "\\^\x7f" and not "\x80" <= one <= "\x9f"]


def _in_gb2312(character: str) -> bytes:
    try:
        return character.encode("gb2312")
    except UnicodeEncodeError:
        return GETA


def cut(characters: Iterable[bytes], size: int = MAX_TEXT) -> list[bytes]:
    """As many of ``characters`` as fit into ``size`` bytes."""
    kept: list[bytes] = []
    for one in characters:
        size -= len(one)
        if size < 0:
            break
        kept.append(one)
    return kept


class Decoder:
    """Finds frames of all three protocols in a stream, in whatever pieces it comes, and steps over everything else.

    Attributes:
        held: how many bytes of an unfinished frame are kept; never more than ``MAX_FRAME``.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def held(self) -> int:
        """How many bytes of an unfinished frame are kept."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        return list(self._frames(data))

    def _frames(self, data: bytes) -> Iterator[Frame]:
        held = bytes(self._held) + data
        place = 0
        while place < len(held):
            length, frame = _frame_at(held, place)
            if length is None and len(held) - place <= MAX_FRAME:
                break
            if frame is not None:
                yield frame
            place += length if frame is not None and length else 1
        self._held = bytearray(held[place:])


_COMMANDS = bytes(COMMANDS)
_NONE = (1, None)
_MORE = (None, None)


def _frame_at(held: bytes, place: int) -> tuple[int | None, Frame | None]:
    """The frame that begins at ``place``, and its length; (None, None) when its end has not come yet."""
    first = held[place]
    if first == 0xAA:
        return _free_text_at(held, place)
    if first != 0xA0:
        return _NONE
    if place + 1 == len(held):
        return _MORE
    return _two_colour_at(held, place) if held[place + 1] == TWO_COLOUR else _call_at(held, place)


def _call_at(held: bytes, place: int) -> tuple[int | None, Frame | None]:
    length = held[place + 1]
    if length < 2 or length > MAX_TEXT or held[place + 2 : place + 3].strip(_COMMANDS):
        return _NONE
    end = place + length + 4
    if end > len(held):
        return _MORE
    body = held[place + 1 : end - 2]
    if held[end - 1] != 0xFF or held[end - 2] != sum(body) % 100:
        return _NONE
    return end - place, Call(body[1], body[2], body[3:])


def _free_text_at(held: bytes, place: int) -> tuple[int | None, Frame | None]:
    head = held[place : place + 6]
    if any(byte not in right for byte, right in zip(head[2:5], (b"\xbb", b"\x51", b"\x54\x50"), strict=False)):
        return _NONE
    start = place + 6
    end = held.find(b"\xff", start + 5, start + 6 + MAX_TEXT)
    if end < 0:
        return _MORE if len(held) < start + 6 + MAX_TEXT else _NONE
    data = held[start : end + 1]
    if sum(data) & 0xFF != head[5]:
        return _NONE
    return end + 1 - place, FreeText(head[1], data[5:-1], data[3], head[4] == TEXT_BOARD)


def _two_colour_at(held: bytes, place: int) -> tuple[int | None, Frame | None]:
    head = held[place : place + 6]
    if len(head) > 3 and head[3] != 0xA5:
        return _NONE
    if len(head) < 5:
        return _MORE
    if head[4] in (0xAA, 0x55):
        return 5, TwoColourAnswer(head[2], head[4] == 0xAA)
    if len(head) < 6:
        return _MORE
    length = int.from_bytes(head[4:6], "big")
    if length > MAX_FRAME - 7:
        return _NONE
    end = place + 7 + length
    if end > len(held):
        return _MORE
    body = held[place + 2 : end - 1]
    if reduce(xor, body) != held[end - 1]:
        return _NONE
    characters = _characters(body[4:])
    return (end - place, TwoColourText(head[2], characters)) if characters is not None else _NONE


def _characters(data: bytes) -> tuple[tuple[bytes, int], ...] | None:
    found = []
    place = 0
    while place < len(data):
        size = 2 if data[place] >= 0x80 else 1
        if place + size >= len(data):
            return None
        found.append((data[place : place + size], data[place + size]))
        place += size + 1
    return tuple(found)
