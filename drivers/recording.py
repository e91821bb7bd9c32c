"""What an unknown device says: frames cut out of a recording, and a guess at how they are made. Pure.

A frame of a strip or pad mostly is ``header | … length … | data | checksum | trailer``, and bytes that would look like
header or trailer are escaped. All of these are searched for by trying: a guess is given only where every frame of the
recording fits it, with the number of frames that say so. It is where a driver starts, not its proof.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise, takewhile
from operator import xor

MOST_FRAMES, LONGEST = 24, 512
"""Frames that are looked at, and bytes of the longest: enough to be sure, and searched in a second."""
_HEADER, _TRAILER = 8, 4
"""Bytes of the longest header and trailer that are told."""
_BEGINS = 12
"""Offsets at which a length may stand and a checksum may begin."""


@dataclass(frozen=True)
class Chunk:
    """Bytes that came at once, ``at`` seconds of any steady clock."""

    at: float
    data: bytes


@dataclass(frozen=True)
class Guess:
    """How frames seem to be made; None or b"" for what was not found.

    Attributes:
        frames: how many different ones were looked at.
        header: bytes that all begin with; ``trailer``: that all end with.
        length: where the length stands, and what is added to it to give that of the frame.
        checksum: which it is, what it covers and where it stands.
        escape: how bytes are escaped.
    """

    frames: int
    header: bytes = b""
    trailer: bytes = b""
    length: str | None = None
    checksum: str | None = None
    escape: str | None = None


def cut_frames(chunks: Iterable[Chunk], gap: float) -> list[bytes]:
    """The bytes between silences of at least ``gap`` seconds."""
    frames: list[bytearray] = []
    last = None
    for chunk in chunks:
        if last is None or chunk.at - last >= gap:
            frames.append(bytearray())
        frames[-1] += chunk.data
        last = chunk.at
    return [bytes(frame) for frame in frames if frame]


def guess(frames: Iterable[bytes]) -> Guess:
    """How ``frames`` are made. Two different ones are needed, and some of different lengths for a length."""
    seen = [frame for frame in dict.fromkeys(frames) if len(frame) <= LONGEST][:MOST_FRAMES]
    if len(seen) < 2:
        return Guess(len(seen))
    header, trailer = _ends(seen)
    for escape, undo in _ESCAPES.items():
        plain = [undone for frame in seen if (undone := undo(frame)) is not None]
        if len(plain) == len(seen) and (escape is None or plain != seen) and (found := _checksum(plain, len(trailer))):
            return Guess(len(seen), header, trailer, _length(plain, len(trailer)), found, escape)
    return Guess(len(seen), header, trailer, _length(seen, len(trailer)))


def report(found: Guess) -> list[str]:
    """A guess as lines for a technician, in Chinese and English."""
    rows = (
        ("帧头 header", found.header.hex(" ").upper()),
        ("帧尾 trailer", found.trailer.hex(" ").upper()),
        ("长度 length", found.length),
        ("校验 checksum", found.checksum),
        ("转义 escape", found.escape),
    )
    return [f"不同的帧 different frames: {found.frames}", *(f"{name}: {value or '?'}" for name, value in rows)]


def _ends(frames: Sequence[bytes]) -> tuple[bytes, bytes]:
    """What all begin and end with, without overlapping in the shortest."""
    header = _shared(frames)[:_HEADER]
    room = min(map(len, frames)) - len(header)
    trailer = _shared([frame[::-1] for frame in frames])[: min(_TRAILER, room)][::-1]
    return header, trailer


def _shared(frames: Sequence[bytes]) -> bytes:
    """The bytes that all begin with."""
    same = takewhile(lambda column: len(set(column)) == 1, zip(*frames, strict=False))
    return bytes(column[0] for column in same)


def _length(frames: Sequence[bytes], trailer: int) -> str | None:
    """Where a number stands that grows with the frame, byte for byte."""
    if len({len(frame) for frame in frames}) < 2:
        return None
    for at in range(min(min(map(len, frames)) - trailer, 2 * _BEGINS)):
        for name, size, order in _NUMBERS:
            if at + size <= min(map(len, frames)):
                apart = {len(f) - int.from_bytes(f[at : at + size], order) for f in frames}  # type: ignore[arg-type]
                if len(apart) == 1 and -4 <= (more := apart.pop()) <= 64:
                    return f"{name} @ {at}, + {more}"
    return None


_NUMBERS = (("u16le", 2, "little"), ("u16be", 2, "big"), ("u8", 1, "little"))


def _checksum(frames: Sequence[bytes], trailer: int) -> str | None:
    """Which sum over which part of each frame stands near its end."""
    shortest = min(map(len, frames))
    for behind in sorted({0, *range(1, trailer + 1)}, reverse=True):
        for name, size, calculate in _CHECKSUMS:
            for begin in range(min(_BEGINS, shortest - behind - size)):
                if all(_fits(frame, begin, len(frame) - behind - size, size, calculate) for frame in frames):
                    return f"{name} [{begin}:-{behind + size}] @ -{behind + size}"
    return None


def _fits(frame: bytes, begin: int, end: int, size: int, calculate: Callable[[bytes], bytes]) -> bool:
    return end > begin and calculate(frame[begin:end]) == frame[end : end + size]


def _crc16(polynomial: int, start: int, reflected: bool, order: str, data: bytes) -> bytes:
    crc = start
    for byte in data:
        crc ^= byte if reflected else byte << 8
        for _ in range(8):
            if reflected:
                crc = crc >> 1 ^ (polynomial if crc & 1 else 0)
            else:
                crc = (crc << 1 ^ (polynomial if crc & 0x8000 else 0)) & 0xFFFF
    return crc.to_bytes(2, order)  # type: ignore[arg-type]


def _sum(modulus: int, sign: int, size: int, order: str, data: bytes) -> bytes:
    return (sign * sum(data) % modulus).to_bytes(size, order)  # type: ignore[arg-type]


def _orders(
    name: str, make: Callable[[str], Callable[[bytes], bytes]]
) -> list[tuple[str, int, Callable[[bytes], bytes]]]:
    return [(f"{name} {order[0]}e", 2, make(order)) for order in ("little", "big")]


# Two bytes before one: a CRC is no accident, a sum of one byte may be one.
_CHECKSUMS: list[tuple[str, int, Callable[[bytes], bytes]]] = [
    *_orders("CRC-16/ARC", lambda order: partial(_crc16, 0xA001, 0, True, order)),
    *_orders("CRC-16/MODBUS", lambda order: partial(_crc16, 0xA001, 0xFFFF, True, order)),
    *_orders("CRC-16/XMODEM", lambda order: partial(_crc16, 0x1021, 0, False, order)),
    *_orders("CRC-16/CCITT-FALSE", lambda order: partial(_crc16, 0x1021, 0xFFFF, False, order)),
    *_orders("sum16", lambda order: partial(_sum, 1 << 16, 1, 2, order)),
    *_orders("-sum16", lambda order: partial(_sum, 1 << 16, -1, 2, order)),
    ("sum8", 1, partial(_sum, 1 << 8, 1, 1, "little")),
    ("-sum8", 1, partial(_sum, 1 << 8, -1, 1, "little")),
    ("sum mod 100", 1, partial(_sum, 100, 1, 1, "little")),
    ("xor", 1, lambda data: bytes([reduce(xor, data, 0)])),
]


def _stuffed(table: dict[bytes, bytes], frame: bytes) -> bytes | None:
    """``frame`` with each escaped pair replaced; None when an escape byte stands before anything else."""
    heads = {pair[0] for pair in table}
    plain = bytearray()
    at = 0
    while at < len(frame):
        if (pair := table.get(frame[at : at + 2])) is not None:
            plain += pair
            at += 2
        elif frame[at] in heads:
            return None
        else:
            plain.append(frame[at])
            at += 1
    return bytes(plain)


def _doubled(byte: int, frame: bytes) -> bytes | None:
    alone = bytes([byte])
    if not any(pair == (byte, byte) for pair in pairwise(frame[1:-1])):
        return None
    return frame[:1] + frame[1:-1].replace(alone * 2, alone) + frame[-1:]


_ESCAPES: dict[str | None, Callable[[bytes], bytes | None]] = {
    None: lambda frame: frame,
    "A5=A6 02, A6=A6 01, 5A=5B 02, 5B=5B 01": partial(
        _stuffed, {b"\xa6\x02": b"\xa5", b"\xa6\x01": b"\xa6", b"\x5b\x02": b"\x5a", b"\x5b\x01": b"\x5b"}
    ),
    "7E=7D 5E, 7D=7D 5D (HDLC)": partial(_stuffed, {b"\x7d\x5e": b"\x7e", b"\x7d\x5d": b"\x7d"}),
    "C0=DB DC, DB=DB DD (SLIP)": partial(_stuffed, {b"\xdb\xdc": b"\xc0", b"\xdb\xdd": b"\xdb"}),
    "10=10 10 (DLE)": partial(_doubled, 0x10),
    "FF=FF FF": partial(_doubled, 0xFF),
}
