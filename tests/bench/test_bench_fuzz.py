"""Random and spoilt bytes for every codec: at most its one error, a bounded buffer, linear time.

``--whole`` takes 1,000,000 inputs a codec.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from drivers.card_reader import sam_v
from drivers.card_reader.id_card import parse_card
from drivers.card_reader.social_security import read_card
from drivers.errors import DeviceError, ProtocolError
from drivers.led import lihe_frames, onbon_bx
from drivers.pad import ff68
from drivers.printer.escpos_status import BLOCK_LIMIT, Classifier
from drivers.scanner.keyboard import KeyDecoder
from drivers.scanner.lines import LONGEST, LineDecoder

INPUTS, FEW = 1_000_000, 2_000
BYTES = 200_000
"""Of the long inputs whose time is compared with that of an eighth."""


@dataclass(frozen=True)
class Codec:
    """What is fuzzed.

    Attributes:
        new: makes a decoder, as a function that takes bytes.
        samples: right inputs, to be spoilt.
        held: bytes that a decoder keeps, by the function that ``new`` gave; most of them in ``most``.
        errors: what it may raise.
        hostile: what is repeated to find a codec that is slow on it.
    """

    new: Callable[[], tuple[Callable[[bytes], object], Callable[[], int]]]
    samples: tuple[bytes, ...]
    most: int = 0
    errors: tuple[type[Exception], ...] = ()
    hostile: tuple[bytes, ...] = ()


def nothing() -> int:
    return 0


def sam() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = sam_v.FrameDecoder()
    return decoder.receive, lambda: len(decoder._buffer)


def onbon() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = onbon_bx.Unwrapper()
    return decoder.feed, lambda: decoder.held


def escpos() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = Classifier()
    return lambda data: list(decoder.feed(data)), lambda: len(decoder)


def scanner() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = LineDecoder()
    return decoder.receive, lambda: len(decoder._line)


def lihe() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = lihe_frames.Decoder()
    return decoder.feed, lambda: decoder.held


def pad() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = ff68.FrameDecoder()
    return decoder.receive, lambda: len(decoder._buffer)


def keyboard() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    decoder = KeyDecoder()
    return decoder.receive, lambda: len(decoder._rest)


def social_security() -> tuple[Callable[[bytes], object], Callable[[], int]]:
    """A card that answers each command with the same bytes."""

    def converse(data: bytes) -> object:
        conversation = read_card()
        next(conversation)
        try:
            for _ in range(400):
                conversation.send(data)
        except StopIteration as end:
            return end.value
        raise AssertionError("the conversation has no end")

    return converse, nothing


CODECS = {
    "lihe": Codec(
        lihe,
        (bytes.fromhex("A007280301 0C22034242FF"), bytes.fromhex("A0900 1a50005c7eb003801b4".replace(" ", ""))),
        lihe_frames.MAX_FRAME,
        hostile=(b"\xa0", b"\xa0\x13", b"\xaa\x03\xbb\x51\x54"),
    ),
    "pad": Codec(
        pad,
        (bytes.fromhex("FF6808086805020A0A0A0002032A16"), bytes.fromhex("FF68030368051100 1616")),
        ff68.LONGEST,
        hostile=(b"\xff", b"\xff\x68\x08\x08\x68"),
    ),
    "keyboard": Codec(keyboard, (bytes(16) + b"\x01\0\x1e\0\1\0\0\0",), 24, hostile=(b"\x01",)),
    "social security": Codec(social_security, (b"\x90\0", b"\x5a\x09A12345678\x90\0"), errors=(DeviceError,)),
    "sam frames": Codec(
        sam,
        (sam_v.encode_command(sam_v.Command.FIND), sam_v.encode_frame(bytes(300))),
        4 + sam_v.MAX_LENGTH + 4,
        hostile=(b"\x96\x69\x0a\x00", b"\xaa", b"\x96\x69"),
    ),
    "sam card data": Codec(
        lambda: (sam_v.parse_card_data, nothing), (b"\x01\x00\x04\x00" + bytes(1280),), errors=(ProtocolError,)
    ),
    "sam answers": Codec(lambda: (sam_v.parse_answer, nothing), (b"\x00\x00\x90" + bytes(8),), errors=(ProtocolError,)),
    "cards": Codec(lambda: (parse_card, nothing), ("张示例".ljust(128).encode("utf-16-le"),), errors=(ProtocolError,)),
    "onbon": Codec(
        onbon,
        (onbon_bx.Frame(onbon_bx.encode_command(onbon_bx.CMD_PING)).to_bytes(), onbon_bx.Frame(bytes(200)).to_bytes()),
        onbon_bx.MAX_ANSWER,
        hostile=(b"\xa5\x01", b"\x5a\xa5\xa6"),
    ),
    "onbon areas": Codec(
        lambda: (onbon_bx.parse_show, nothing), (b"\xa3\x06\x01" + bytes(60),), errors=(ProtocolError, ValueError)
    ),
    "printer answers": Codec(
        escpos, (b"\x12\x16", b"\x37\x220001\0", b"\x10\0\0\0"), BLOCK_LIMIT + 7, hostile=(b"\x37\x22", b"\x10")
    ),
    "scanner": Codec(scanner, (b"HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF\r",), LONGEST, hostile=(b"\r", b"\0", b"A")),
}


def inputs(codec: Codec, chance: random.Random, count: int) -> Iterator[bytes]:
    """Garbage, and samples that were cut, joined, spoilt or repeated."""
    for number in range(count):
        sample = bytearray(chance.choice(codec.samples))
        match number % 4:
            case 0:
                yield chance.randbytes(chance.randrange(64))
            case 1:
                for _ in range(chance.randrange(1, 4)):
                    sample[chance.randrange(len(sample))] = chance.randrange(256)
                yield bytes(sample)
            case 2:
                yield bytes(sample[chance.randrange(len(sample)) :] + sample[: chance.randrange(len(sample))])
            case _:
                at = chance.randrange(len(sample))
                yield bytes(sample[:at]) + chance.randbytes(chance.randrange(9)) + bytes(sample[at:])


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", CODECS)
def test_any_bytes_raise_at_most_the_codecs_one_error(name: str, whole: bool, figure: Callable[[str], None]) -> None:
    codec, chance = CODECS[name], random.Random(name)
    refused = 0
    feed, held = codec.new()
    begun = time.perf_counter()
    count = INPUTS if whole else FEW
    for data in inputs(codec, chance, count):
        if chance.random() < 0.001:
            feed, held = codec.new()
        try:
            feed(data)
        except codec.errors:
            refused += 1
        assert held() <= codec.most
    figure(f"{name}: {count:,} inputs, {refused:,} refused, {(time.perf_counter() - begun) / count * 1e6:.1f} µs each")


@pytest.mark.parametrize("name", [name for name, codec in CODECS.items() if codec.most])
def test_the_time_of_hostile_bytes_grows_as_they_do(name: str, figure: Callable[[str], None]) -> None:
    codec = CODECS[name]
    for pattern in (*codec.hostile, random.Random(1).randbytes(BYTES), *codec.samples):
        few, many = (min(_seconds(codec, pattern, size) for _ in range(3)) for size in (BYTES // 8, BYTES))
        figure(f"{name}: {pattern[:8].hex(' ')}… {BYTES / many / 1e6:.2f} MB/s")
        # Linear gives 8, quadratic 64; what takes next to no time says nothing.
        assert many < 24 * few + 0.05, f"{pattern[:8].hex(' ')}: {few:.3f} s, 8 times as many bytes {many:.3f} s"


def _seconds(codec: Codec, pattern: bytes, size: int) -> float:
    data = (pattern * (size // len(pattern) + 1))[:size]
    feed, _ = codec.new()
    begun = time.thread_time()
    for at in range(0, size, 4096):
        try:
            feed(data[at : at + 4096])
        except DeviceError:
            continue
    return time.thread_time() - begun
