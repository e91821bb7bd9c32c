"""The protocol of Onbon (仰邦) BX-5K and BX-6K "font cards", which drive LED strips: functions of bytes.

Source: vendor protocol "BX-5K/6K 通讯协议用户版本" V1.4 (2021-02-28), sections
发送实时显示信息 and 区域数据格式. A frame is::

    A5 x8 | escaped(header 14 | data | CRC-16/ARC, little endian) | 5A
    escape: A5 -> A6 02, A6 -> A6 01, 5A -> 5B 02, 5B -> 5B 01, also in the header and the CRC
    header: DstAddr u16 | SrcAddr u16 | 00 00 00 | Option | CheckMode | DisplayMode | DeviceType | Version | DataLen u16
    data:   CmdGroup | Cmd | Response (01 must answer, 02 none) | ProcessMode u16 | payload

The text goes into a dynamic area (A3 06): it lives in RAM, so it may be rewritten as often as one likes, and is lost
when the strip loses power.

X and W are in bytes of 8 pixels on BX-5K. On BX-6K they are in pixels, marked by bit 15: so the maker's C# demo
(onbonlab/BX-K, Area.cs), strongercjd/Onbon-Protocol-Analysis and app-tools-zxw have it. The maker's Java library
(onbonlab/bx.k.java) sends bare pixels, which the others read as bytes.

Not verified on a card: which of the two a BX-6K wants; the voice of a card (SoundMode 2); what a card says to A1 02,
its status (assumed: neither ACK nor NACK).
"""

import struct
from dataclasses import dataclass

from drivers.device import Colour

PC = 0x8000
BROADCAST = 0xFFFF
"""Reaches every strip on a line; none of them answers."""
IN_PIXELS = 0x8000
"""Marks X and W as pixels on BX-6K."""
DEVICE_ANY = 0xFE
VERSION = 0x02
CHECK_CRC16, CHECK_SUM16 = 0, 1
MAX_FRAME = 1024
"""MAX_CONTROLLER_RECEIVE_BUFFER of K cards, in bytes; counted as on the wire, to be on the safe side."""
MAX_ANSWER = 4096
"""More bytes than this without an end are no answer."""
GETA = "〓"
"""Stands for a character the strip's fonts do not have (GB2312, A1 FE)."""

CMD_ACK, CMD_NACK = (0xA0, 0x00), (0xA0, 0x01)
CMD_PING, CMD_STATUS = (0xA2, 0x00), (0xA1, 0x02)
CMD_SHOW, CMD_LOCK, CMD_CLEAR = (0xA3, 0x06), (0xA3, 0x04), (0xA3, 0x10)
DELETE_ALL = 0xFF
"""DeleteAreaNum: every area goes."""

REFUSALS: dict[int, str] = {
    1: "strip_unknown_group",
    2: "strip_unknown_command",
    3: "strip_busy",
    4: "strip_memory",
    5: "strip_checksum",
    6: "strip_no_file",
    7: "strip_flash",
    8: "strip_download",
    9: "strip_name",
    10: "strip_type",
    11: "strip_file_checksum",
    12: "strip_no_font",
    13: "strip_firmware",
    14: "strip_date",
    15: "strip_exists",
    16: "strip_block",
}
"""CmdError of a NACK -> our reason; any other code is ``strip_refused``."""
UNKNOWN = ("strip_unknown_group", "strip_unknown_command")
"""Refusals by a card that does not know a command."""
PASSING = ("strip_busy", "strip_checksum")
"""Refusals that another try may cure: it was busy, or the wire spoilt the frame."""

_ESCAPES = {0xA5: b"\xa6\x02", 0xA6: b"\xa6\x01", 0x5A: b"\x5b\x02", 0x5B: b"\x5b\x01"}
_PLAIN = {bytes(escaped): byte for byte, escaped in _ESCAPES.items()}
_HEADER = struct.Struct("<HH3xBBBBBH")
_COLOURS: dict[Colour, bytes] = {"red": rb"\C1", "green": rb"\C2", "yellow": rb"\C3"}


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0xA001 if byte & 1 else byte >> 1
        table.append(byte)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/ARC: polynomial 8005 reflected, initially 0, no final xor."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def escape(body: bytes) -> bytes:
    """Put ``body`` into bytes without A5 and 5A, which mark a frame's ends."""
    return b"".join(_ESCAPES.get(byte) or bytes((byte,)) for byte in body)


def unescape(data: bytes) -> bytes | None:
    """The reverse of :func:`escape`; None when ``data`` is not escaped text."""
    plain = bytearray()
    place = 0
    while place < len(data):
        if data[place] in (0xA6, 0x5B):
            byte = _PLAIN.get(bytes(data[place : place + 2]))
            if byte is None:
                return None
            plain.append(byte)
            place += 2
        else:
            plain.append(data[place])
            place += 1
    return bytes(plain)


@dataclass(frozen=True)
class Frame:
    """One message: ``data`` starts with CmdGroup and Cmd; addresses are those of the wire."""

    data: bytes
    to: int = 1
    sender: int = PC

    @property
    def command(self) -> tuple[int, int]:
        """CmdGroup and Cmd."""
        return self.data[0], self.data[1]

    def to_bytes(self) -> bytes:
        """The frame as it goes on the wire."""
        header = _HEADER.pack(self.to, self.sender, 0, CHECK_CRC16, 0, DEVICE_ANY, VERSION, len(self.data))
        body = header + self.data
        return b"\xa5" * 8 + escape(body + struct.pack("<H", crc16(body))) + b"\x5a"

    @classmethod
    def from_body(cls, body: bytes) -> "Frame | None":
        """A frame of an unescaped body; None when its length or its checksum is wrong.

        A sum may stand in the CRC's place, as CheckMode says. CheckMode 2, no check at all, is not taken: we never
        ask for it, and one spoilt byte would switch all checking off.
        """
        if len(body) < _HEADER.size + 4:
            return None
        to, sender, _, check, _, _, _, length = _HEADER.unpack_from(body)
        content, given = body[:-2], int.from_bytes(body[-2:], "little")
        if len(content) != _HEADER.size + length:
            return None
        right = {CHECK_CRC16: crc16(content), CHECK_SUM16: sum(content) & 0xFFFF}.get(check)
        return cls(content[_HEADER.size :], to, sender) if given == right else None


class Unwrapper:
    """Finds frames in a stream, in whatever pieces it comes, and steps over everything else.

    Attributes:
        garbled: how many stretches of bytes were no frame.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self._body: bytearray | None = None

    @property
    def held(self) -> int:
        """How many bytes of an unfinished frame are kept; never more than ``MAX_ANSWER``."""
        return len(self._body or b"")

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        frames = []
        for byte in data:
            if byte == 0xA5:  # never inside a frame: whatever came before it has no end
                self.garbled += bool(self._body)
                self._body = bytearray()
            elif self._body is None:
                continue
            elif byte == 0x5A:
                body = unescape(bytes(self._body))
                frame = Frame.from_body(body) if body is not None else None
                self._body = None
                if frame is None:
                    self.garbled += 1
                else:
                    frames.append(frame)
            elif len(self._body) >= MAX_ANSWER:
                self._body = None
                self.garbled += 1
            else:
                self._body.append(byte)
        return frames


@dataclass(frozen=True)
class Area:
    r"""A dynamic area: where it is and what it shows. Fields bear the manual's names (区域数据格式).

    Attributes:
        x: and ``width`` in bytes of 8 pixels on BX-5K, in pixels on BX-6K.
        y: and ``height`` in pixels.
        data: text in the strip's own encoding, with its escapes (``\C1`` red, ``\n`` a new line ...).
        align: bits 1-0 left, right, centre; bits 3-2 top, bottom, centre.
        single_line: 1 single, 2 multi. ``new_line``: 1 by hand, 2 wraps.
        display_mode: 1 static, 2 instant, 3 left, 4 right, 5 up, 6 down.
        stay: in half seconds. ``timeout``: in seconds.
        sound_data: text to be spoken by a card with a voice; b"" for none.
    """

    x: int
    y: int
    width: int
    height: int
    data: bytes
    area_id: int = 0
    line_space: int = 0
    run_mode: int = 0
    timeout: int = 5
    align: int = 0x0A
    single_line: int = 2
    new_line: int = 2
    display_mode: int = 1
    speed: int = 0
    stay: int = 8
    sound_data: bytes = b""
    sound_person: int = 0
    sound_volume: int = 10
    sound_speed: int = 5

    def to_bytes(self) -> bytes:
        """The area, without its AreaDataLen."""
        place = struct.pack("<BHHHHBB", 0, self.x, self.y, self.width, self.height, self.area_id, self.line_space)
        sound = b"\x00"
        if self.sound_data:
            sound = struct.pack(
                "<BBBBI", 2, self.sound_person, self.sound_volume, self.sound_speed, len(self.sound_data)
            )
        return (
            place
            + struct.pack("<BH", self.run_mode, self.timeout)
            + sound
            + self.sound_data
            + bytes((0, self.align, self.single_line, self.new_line, self.display_mode, 0, self.speed, self.stay))
            + struct.pack("<I", len(self.data))
            + self.data
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Area":
        """The reverse of :meth:`to_bytes`; raises ValueError for bytes that are no area."""
        try:
            kind, x, y, width, height, area_id, line_space, run_mode, timeout, sound = struct.unpack_from(
                "<BHHHHBBBHB", data
            )
            place, person, volume, speed, spoken = 15, 0, 10, 5, b""
            if sound in (1, 2):
                person, volume, speed = data[place : place + 3]
                place += 3
            if sound == 2:
                (length,) = struct.unpack_from("<I", data, place)
                spoken = data[place + 4 : place + 4 + length]
                place += 4 + length
            place += 1 + data[place]
            align, single, new_line, mode, _, pace, stay, length = struct.unpack_from("<7BI", data, place)
        except (struct.error, IndexError) as error:
            raise ValueError("a short area") from error
        text = data[place + 11 :]
        if kind != 0 or len(text) != length:
            raise ValueError("not an area of text")
        return cls(
            x, y, width, height, text, area_id, line_space, run_mode, timeout, align, single, new_line, mode, pace,
            stay, spoken, person, volume, speed,
        )  # fmt: skip


def encode_show(*areas: Area, answer: bool = True, process: int = 0, alone: bool = False) -> bytes:
    """Data of the command that puts ``areas`` on the strip (A3 06); ``alone`` removes all other areas."""
    delete = DELETE_ALL if alone else 0
    data = bytes((*CMD_SHOW, 1 if answer else 2)) + struct.pack("<HBB", process, delete, len(areas))
    for area in areas:
        content = area.to_bytes()
        data += struct.pack("<H", len(content)) + content
    return data


def parse_show(data: bytes) -> list[Area]:
    """The areas of an A3 06 command; raises ValueError for other bytes."""
    try:
        place = 6 + (0 if data[5] in (0, DELETE_ALL) else data[5])
        count, areas = data[place], []
        place += 1
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, place)
            areas.append(Area.from_bytes(data[place + 2 : place + 2 + length]))
            place += 2 + length
    except (struct.error, IndexError) as error:
        raise ValueError("a short command") from error
    return areas


def encode_command(command: tuple[int, int]) -> bytes:
    """Data of a command without a payload, such as ``CMD_PING`` or ``CMD_CLEAR``; it is to be answered."""
    return bytes((*command, 1, 0, 0))


def encode_answer(error: int | None = None) -> bytes:
    """Data of the strip's answer: ACK, or a NACK with its CmdError."""
    return bytes((*CMD_ACK, 0, 0, 0)) if error is None else bytes((*CMD_NACK, error, 0, 0))


def encode_text(text: str, colour: Colour | None = None) -> bytes:
    r"""``text`` as GBK, fit for an area; 〓 stands for what GBK lacks.

    Nothing in it can be taken for an escape: no backslash (``\C1`` would be a colour, ``\F`` a font), no control
    character but the line feed, and no character whose second byte is a backslash (as in 誠), since a card that looks
    at bytes would read on from there.
    """
    clean = "".join(_fit_for_strip(character) for character in text)
    return (_COLOURS[colour] if colour else b"") + clean.encode("gbk").replace(b"\n", rb"\n")


def _fit_for_strip(character: str) -> str:
    if character == "\\" or (character < " " and character != "\n") or "\x7f" <= character <= "\x9f":
        return ""
    try:
        encoded = character.encode("gbk")
    except UnicodeEncodeError:
        return GETA
    return GETA if b"\\" in encoded else character
