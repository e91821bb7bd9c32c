"""The protocols of 平安力合 and two-colour strips: the sheets' own bytes, any chunking, any garbage."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.led import lihe_frames as lihe

WORKED = {
    # 平安力合 V2.1
    "call of B1234": (lihe.Call(lihe.STRIP, 3, bytes((1, 12, 34, 3)) + b"B"), "A0 07 28 03 01 0C 22 03 42 42 FF"),
    "call of 1234": (lihe.Call(lihe.STRIP, 3, bytes((1, 12, 34, 3))), "A0 06 28 03 01 0C 22 03 63 FF"),
    # Made by the rule of the sheet.
    "free text": (
        lihe.FreeText(3, "请A001号到3号窗口".encode("gb2312")),
        "AA 03 BB 51 54 20 01 00 99 00 63 C7 EB 41 30 30 31 BA C5 B5 BD 33 BA C5 B4 B0 BF DA FF",
    ),
    "receipt": (lihe.Call(lihe.RECEIPT, 3, b"\x50"), "A0 03 14 03 50 06 FF"),
    # 双色屏
    "two colours": (
        lihe.TwoColourText(1, (("请".encode("gb2312"), 0), (b"8", 1))),
        "A0 90 01 A5 00 05 C7 EB 00 38 01 B4",
    ),
    "taken": (lihe.TwoColourAnswer(1, True), "A0 90 01 A5 AA"),
    "refused": (lihe.TwoColourAnswer(1, False), "A0 90 01 A5 55"),
}


@pytest.mark.parametrize("name", WORKED)
def test_frames_are_those_of_the_sheets_and_are_read_back(name: str) -> None:
    frame, text = WORKED[name]
    assert frame.to_bytes().hex(" ").upper() == text
    assert lihe.Decoder().feed(bytes.fromhex(text)) == [frame]


def test_a_number_is_two_bytes_of_two_digits_and_its_letter() -> None:
    assert lihe.encode_call("B1234", 3, 3) == bytes.fromhex(WORKED["call of B1234"][1])
    assert lihe.encode_call("1234", 3, 3) == bytes.fromhex(WORKED["call of 1234"][1])
    assert lihe.encode_call("A12345", 3, 3) is None
    assert lihe.encode_call("号001", 3, 3) is None


ADDRESS = st.integers(1, 254)
GLYPH = st.sampled_from([b"A", b"8", "请".encode("gb2312"), "窗".encode("gb2312")])
FRAMES = st.one_of(
    st.builds(lihe.Call, st.sampled_from(lihe.COMMANDS), ADDRESS, st.binary(max_size=20)),
    st.builds(
        lihe.FreeText,
        ADDRESS,
        st.lists(GLYPH, max_size=30).map(b"".join),
        st.integers(0, 2),
        st.booleans(),
    ),
    st.builds(lihe.TwoColourText, ADDRESS, st.lists(st.tuples(GLYPH, st.integers(0, 2)), max_size=40).map(tuple)),
    st.builds(lihe.TwoColourAnswer, ADDRESS, st.booleans()),
)


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(1, 40), max_size=6))
def test_any_frames_in_any_pieces_come_out_the_same(frames: list[lihe.Frame], sizes: list[int]) -> None:
    decoder = lihe.Decoder()
    stream = b"".join(frame.to_bytes() for frame in frames)
    assert [frame for piece in wires.chunks(stream, sizes) for frame in decoder.feed(piece)] == frames
    assert decoder.held == 0


@given(st.lists(st.binary(max_size=80), max_size=12))
def test_garbage_gives_the_same_in_one_piece_or_byte_by_byte_and_is_not_kept(pieces: list[bytes]) -> None:
    stream = b"\xa0\x90\x01\xa5\x01".join(pieces) + b"\xaa\x03\xbb\x51".join(pieces)
    whole, slow = lihe.Decoder(), lihe.Decoder()
    assert whole.feed(stream) == [frame for byte in stream for frame in slow.feed(bytes((byte,)))]
    assert whole.held == slow.held <= lihe.MAX_FRAME


@pytest.mark.parametrize(
    "unit", [b"\xa0", b"\xa0\x90\x01\xa5\x02\x00", b"\xaa\x01\xbb\x51\x54\x00", b"\xa0\xf0", b"\xa0\x90", b"\xaa"]
)
def test_hostile_bytes_are_read_in_linear_time_and_not_kept(unit: bytes) -> None:
    decoder = lihe.Decoder()
    stream = unit * (40_000 // len(unit))
    begun = time.thread_time()
    for piece in wires.chunks(stream, [512]):
        decoder.feed(piece)
        assert decoder.held <= lihe.MAX_FRAME
    assert time.thread_time() - begun < 5.0


def test_noise_that_begins_a_frame_swallows_no_answer() -> None:
    answer = bytes.fromhex(WORKED["taken"][1])
    assert lihe.Decoder().feed(b"\x00\xff\xa0\x13" + answer) == [WORKED["taken"][0]]


def test_no_text_is_an_escape_of_a_strip() -> None:
    shown = b"".join(lihe.encode_characters("\\1\\2^fnt:16^A\x1b\x00\x7f𠮷号"))
    assert shown.decode("gb2312") == "12fnt:16A〓号"
