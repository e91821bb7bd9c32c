"""What is guessed of an unknown device's frames, on frames of manuals."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.recording import Chunk, Guess, cut_frames, guess, report

# BX-5K/6K user protocol V1.4: ping, status, unlock, and a text with a voice whose CRC is escaped.
BX = [
    "A5A5A5A5A5A5A5A5 01000080000000000000FE020500 A200010000 68F8 5A",
    "A5A5A5A5A5A5A5A5 01000080000000000000FE020500 A102010000 2D40 5A",
    "A5A5A5A5A5A5A5A5 01000080000000000000FE020B00 A3040106000000503030 30 7FAA 5A",
    "A5A5A5A5A5A5A5A5 FEFF0080000000000000FE025C00 A30601000000015300000000000010002000000000050002000A051900"
    "0000C7EB41C1E3C1E3D2BBBAC5B5BDC8FDBAC5B4B0BFDAB0ECC0ED0000020102000008180000005C43314130 30315C4332C7EBB5BD"
    "5C433333BAC5B4B0BFDA 375B02 5A",
]
# A call pad: a ticket, a waiting count, a beep, an evaluation.
PAD = [
    "FF6808086805020A0A0A0002032A16",
    "FF6808086805020001070A0A0A2D16",
    "FF680202680503 0816",
    "FF68030368051100 1616",
]
# A strip of the A0 family, whose sum is taken modulo 100.
A0 = ["A007280301 0C22034242FF", "A006280301 0C220363FF"]
# Modbus RTU: read, relay on, set point.
MODBUS = ["010400010002 200B", "01050000FF00 8C3A", "010600020104 2859"]


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (
            BX,
            Guess(
                4,
                b"\xa5" * 8,
                b"\x5a",
                "u16le @ 20, + 25",
                "CRC-16/ARC le [8:-3] @ -3",
                "A5=A6 02, A6=A6 01, 5A=5B 02, 5B=5B 01",
            ),
        ),
        (PAD, Guess(4, b"\xff\x68", b"\x16", "u8 @ 2, + 7", "sum8 [5:-2] @ -2")),
        (A0, Guess(2, b"\xa0", b"\xff", "u8 @ 1, + 4", "sum mod 100 [1:-2] @ -2")),
        (MODBUS, Guess(3, b"\x01", b"", None, "CRC-16/MODBUS le [0:-2] @ -2")),
    ],
    ids=["BX", "pad", "A0", "Modbus"],
)
def test_frames_of_known_devices_are_guessed_right(frames: list[str], expected: Guess) -> None:
    assert guess(bytes.fromhex(frame) for frame in frames) == expected


@pytest.mark.parametrize(
    ("name", "plain", "escaped"),
    [
        ("HDLC", b"\x7e\x7d", b"\x7d\x5e\x7d\x5d"),
        ("SLIP", b"\xc0\xdb", b"\xdb\xdc\xdb\xdd"),
        ("DLE", b"\x10", b"\x10\x10"),
    ],
)
def test_escapes_are_seen_by_the_checksum_that_fits_without_them(name: str, plain: bytes, escaped: bytes) -> None:
    frames = []
    for number in range(1, 5):
        data = bytes([0x40 + number, number * 7]) + plain + bytes([number * 3, 1])
        check = sum(data) % 256
        frames.append(b"\x02" + data.replace(plain, escaped) + bytes([check, 3]))
    found = guess(frames)
    assert found.checksum == "sum8 [1:-2] @ -2"
    assert found.escape is not None and name in found.escape


def test_nothing_is_guessed_of_what_has_no_sense() -> None:
    source = random.Random(7)
    noise = [source.randbytes(source.randrange(9, 40)) for _ in range(12)]
    assert guess(noise) == Guess(12)
    assert guess([b"\x01\x02"] * 5) == Guess(1), "the same frame again proves nothing"
    assert guess([]) == Guess(0)
    assert report(guess(noise))[-1].endswith("?")


def test_frames_are_parted_by_silence_however_they_were_read() -> None:
    chunks = [Chunk(0.0, b"\xff\x68"), Chunk(0.004, b"\x02"), Chunk(1.0, b"\xff"), Chunk(1.01, b"\x16"), Chunk(9, b"")]
    assert cut_frames(chunks, 0.02) == [b"\xff\x68\x02", b"\xff\x16"]


@given(st.lists(st.binary(max_size=600), max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_recording_gets_an_answer(frames: list[bytes]) -> None:
    assert len(report(guess(frames))) == 6
