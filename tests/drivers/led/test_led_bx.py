"""The BX-5K/6K protocol: the manual's own bytes, any chunking, any garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.led import onbon_bx as bx

WORKED = {
    "ping": (
        bx.Frame(bx.encode_command(bx.CMD_PING)),
        "01 00 00 80 00 00 00 00 00 00 FE 02 05 00 A2 00 01 00 00 68 F8 5A",
    ),
    "status": (
        bx.Frame(bx.encode_command(bx.CMD_STATUS)),
        "01 00 00 80 00 00 00 00 00 00 FE 02 05 00 A1 02 01 00 00 2D 40 5A",
    ),
    "clear": (
        bx.Frame(bx.encode_command(bx.CMD_CLEAR)),
        "01 00 00 80 00 00 00 00 00 00 FE 02 05 00 A3 10 01 00 00 51 F8 5A",
    ),
    "unlock": (
        bx.Frame(bytes((*bx.CMD_LOCK, 1, 6, 0, 0, 0)) + b"P000"),
        "01 00 00 80 00 00 00 00 00 00 FE 02 0B 00 A3 04 01 06 00 00 00 50 30 30 30 7F AA 5A",
    ),
    "text of the older manual": (
        bx.Frame(
            bx.encode_show(
                bx.Area(
                    0, 0, 24, 32, b"012345QRSTTV'B", timeout=2, align=0, display_mode=3, speed=4, stay=5
                ),
                process=0x2D,
            )
        ),
        "01 00 00 80 00 00 00 00 00 00 FE 02 32 00 A3 06 01 2D 00 00 01 29 00"
        "00 00 00 00 00 18 00 20 00 00 00 00 02 00 00 00 00 02 02 03 00 04 05 0E 00 00 00"
        "30 31 32 33 34 35 51 52 53 54 54 56 27 42 A8 7D 5A",
    ),
    "field capture that asks for no answer": (
        bx.Frame(
            bx.encode_show(
                bx.Area(
                    0, 36, 12, 12, rb"\FO000AIRPRE:1016.0hPa", area_id=2, line_space=10, run_mode=1, timeout=2,
                    align=0, single_line=1, new_line=1, speed=0x17, stay=2,
                ),
                answer=False,
            )
        ),
        "01 00 00 80 00 00 00 00 00 00 FE 02 3A 00 A3 06 02 00 00 00 01 31 00 00 00 00 24 00 0C 00 0C 00 02 0A 01"
        "02 00 00 00 00 01 01 01 00 17 02 16 00 00 00 5C 46 4F 30 30 30" + b"AIRPRE:1016.0hPa".hex() + "4A 72 5A",
    ),
    "vendor's Java, with a voice and an escaped checksum": (
        bx.Frame(
            bx.encode_show(
                bx.Area(
                    0, 0, 16, 32, rb"\C1A001\C2" + "请到".encode("gbk") + rb"\C3" + "3号窗口".encode("gbk"),
                    align=0, new_line=1, display_mode=2, sound_data="请A零零一号到三号窗口办理".encode("gbk"),
                )
            ),
            to=0xFFFE,
        ),
        "FE FF 00 80 00 00 00 00 00 00 FE 02 5C 00 A3 06 01 00 00 00 01 53 00 00 00 00 00 00 10 00 20 00 00 00 00"
        "05 00 02 00 0A 05 19 00 00 00"
        "C7 EB 41 C1 E3 C1 E3 D2 BB BA C5 B5 BD C8 FD BA C5 B4 B0 BF DA B0 EC C0 ED 00 00 02 01 02 00 00 08"
        "18 00 00 00 5C 43 31 41 30 30 31 5C 43 32 C7 EB B5 BD 5C 43 33 33 BA C5 B4 B0 BF DA 37 5B 02 5A",
    ),
    "a window's call": (
        bx.Frame(bx.encode_show(bx.Area(0, 0, 24, 32, bx.encode_text("A001请到3号窗口")))),
        "01 00 00 80 00 00 00 00 00 00 FE 02 33 00 A3 06 01 00 00 00 01 2A 00 00 00 00 00 00 18 00 20 00 00 00 00"
        "05 00 00 00 0A 02 02 01 00 00 08 0F 00 00 00 41 30 30 31 C7 EB B5 BD 33 BA C5 B4 B0 BF DA 3A A7 5A",
    ),
    "acknowledgement": (
        bx.Frame(bx.encode_answer(), to=bx.PC, sender=1),
        "00 80 01 00 00 00 00 00 00 00 FE 02 05 00 A0 00 00 00 00 64 DC 5A",
    ),
}  # fmt: skip


def wire_of(name: str) -> bytes:
    return b"\xa5" * 8 + bytes.fromhex(WORKED[name][1])


@pytest.mark.parametrize("name", WORKED)
def test_frames_are_those_of_the_manuals_and_captures(name: str) -> None:
    frame, _ = WORKED[name]
    assert frame.to_bytes().hex(" ") == wire_of(name).hex(" ")


@pytest.mark.parametrize("name", WORKED)
def test_frames_of_the_manuals_and_captures_are_read_back(name: str) -> None:
    unwrapper = bx.Unwrapper()
    assert unwrapper.feed(wire_of(name)) == [WORKED[name][0]]
    assert unwrapper.garbled == 0


def test_the_documentation_page_with_a_misprinted_width_has_a_checksum_that_does_not_fit() -> None:
    misprinted = wire_of("text of the older manual").replace(b"\x18\x00\x20\x00", b"\x80\x00\x20\x00")
    assert bx.Unwrapper().feed(misprinted) == []


def test_a_number_that_begins_with_z_is_escaped() -> None:
    frame = bx.Frame(bx.encode_show(bx.Area(0, 0, 24, 32, bx.encode_text("Z001"))))
    assert b"\x5b\x02001" in frame.to_bytes()
    assert frame.to_bytes().count(b"\x5a") == 1
    assert bx.Unwrapper().feed(frame.to_bytes()) == [frame]


@given(st.binary())
def test_whatever_is_escaped_holds_no_mark_and_comes_back(body: bytes) -> None:
    escaped = bx.escape(body)
    assert not {0xA5, 0x5A} & set(escaped)
    assert bx.unescape(escaped) == body


FRAMES = st.builds(
    bx.Frame, st.binary(min_size=2, max_size=200), to=st.integers(0, 0xFFFF), sender=st.integers(0, 0xFFFF)
)


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(1, 40), max_size=6))
def test_any_frames_in_any_pieces_come_out_the_same(frames: list[bx.Frame], sizes: list[int]) -> None:
    unwrapper = bx.Unwrapper()
    stream = b"".join(frame.to_bytes() for frame in frames)
    found = [frame for piece in wires.chunks(stream, sizes) for frame in unwrapper.feed(piece)]
    assert found == frames
    assert unwrapper.garbled == 0


@given(st.binary(max_size=300), FRAMES)
def test_a_frame_after_any_garbage_is_found(garbage: bytes, frame: bx.Frame) -> None:
    assert bx.Unwrapper().feed(garbage + frame.to_bytes())[-1:] == [frame]


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_garbage_gives_the_same_in_one_piece_or_byte_by_byte_and_raises_nothing(pieces: list[bytes]) -> None:
    stream = b"\xa5".join(pieces)
    whole, slow = bx.Unwrapper(), bx.Unwrapper()
    assert whole.feed(stream) == [f for byte in stream for f in slow.feed(bytes((byte,)))]
    assert whole.garbled == slow.garbled


def test_a_frame_without_an_end_is_not_kept_for_ever() -> None:
    unwrapper = bx.Unwrapper()
    for _ in range(1000):
        unwrapper.feed(b"\xa5" + b"\x00" * 5000)
        assert unwrapper.held <= bx.MAX_ANSWER
    assert unwrapper.feed(wire_of("acknowledgement")) == [WORKED["acknowledgement"][0]]


@given(st.integers(8, 8 + 20), st.integers(0, 7))
def test_one_flipped_bit_makes_a_frame_unheard(place: int, bit: int) -> None:
    spoilt = bytearray(wire_of("acknowledgement"))
    spoilt[place] ^= 1 << bit
    assert bx.Unwrapper().feed(bytes(spoilt)) == []


def test_a_byte_sum_in_place_of_the_checksum_is_taken() -> None:
    body = bytes.fromhex("00 80 01 00 00 00 00 00 01 00 FE 02 05 00 A0 00 00 00 00")
    wire = b"\xa5" + bx.escape(body + (sum(body) & 0xFFFF).to_bytes(2, "little")) + b"\x5a"
    assert [frame.command for frame in bx.Unwrapper().feed(wire)] == [bx.CMD_ACK]


def test_a_frame_of_another_length_than_it_says_is_none() -> None:
    body = bytes.fromhex("00 80 01 00 00 00 00 00 00 00 FE 02 04 00 A0 00 00 00 00")
    wire = b"\xa5" + bx.escape(body + bx.crc16(body).to_bytes(2, "little")) + b"\x5a"
    assert bx.Unwrapper().feed(wire) == []


AREAS = st.builds(
    bx.Area,
    *[st.integers(0, 0xFFFF)] * 4,
    st.binary(max_size=100),
    area_id=st.integers(0, 255),
    align=st.integers(0, 15),
    display_mode=st.integers(1, 6),
    sound_data=st.binary(max_size=30),
)


@given(AREAS)
def test_any_area_is_read_back(area: bx.Area) -> None:
    assert bx.parse_show(bx.encode_show(area)) == [area]


@given(st.binary(max_size=120))
def test_an_area_that_is_none_raises_one_error(garbage: bytes) -> None:
    try:
        bx.parse_show(b"\xa3\x06\x01\x00\x00" + garbage)
    except ValueError as error:
        assert str(error)


@given(st.text())
def test_any_text_goes_on_the_strip_without_control_bytes_or_escapes_of_its_own(text: str) -> None:
    encoded = bx.encode_text(text)
    shown = encoded.decode("gbk")
    assert "\\" not in shown.replace(r"\n", "")
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in shown)


def test_a_character_that_ends_in_a_backslash_cannot_begin_an_escape() -> None:
    assert "誠".encode("gbk")[1:] == b"\\"
    assert bx.encode_text("誠C1号").decode("gbk") == "〓C1号"


def test_characters_the_strip_has_no_font_for_become_a_geta_mark() -> None:
    assert bx.encode_text("𠮷\ue000€号").decode("gbk") == "〓〓〓号"
    assert bx.encode_text("〓") == b"\xa1\xfe"


def test_lines_and_colours_are_the_strips_own_escapes() -> None:
    assert bx.encode_text("A001\n3号", colour="red") == rb"\C1A001\n3" + "号".encode("gbk")
    assert bx.encode_text(r"\C3\n") == b"C3n"
