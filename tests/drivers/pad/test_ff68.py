"""Frames of call pads: the bytes of the published program, any chunking, any garbage."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.pad import ff68
from drivers.pad.ff68 import Frame, FrameDecoder

cuts = st.lists(st.integers(1, 30), max_size=8)
frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=ff68.MOST_DATA))


@pytest.mark.parametrize(
    ("wire", "frame"),
    [
        ("FF 68 08 08 68 05 02 0A 0A 0A 00 02 03 2A 16", ff68.encode_display(5, ticket="A023")),
        ("FF 68 08 08 68 05 02 00 01 07 0A 0A 0A 2D 16", ff68.encode_display(5, waiting=17)),
        ("FF 68 02 02 68 05 03 08 16", Frame(5, ff68.BEEP)),
        ("FF 68 03 03 68 05 11 00 16 16", Frame(5, ff68.EVALUATED, b"\x00")),
        ("FF 68 03 03 68 05 01 00 06 16", Frame(5, ff68.ASK, b"\x00")),
    ],
    ids=["ticket", "waiting", "beep", "grade", "its answer"],
)
def test_frames_are_those_of_the_published_program(wire: str, frame: Frame) -> None:
    assert frame.to_bytes() == bytes.fromhex(wire)
    assert FrameDecoder().receive(bytes.fromhex(wire)) == [frame]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ("0B", ("finish", None)),
        ("0C", ("call", None)),
        ("0D", ("recall", None)),
        ("0E", None),
        ("0F", None),
        ("06 0F", ("no-show", None)),
        ("00 0F", ("hold", None)),
        ("03 0F", ("call-back", None)),
        ("05 0F", None),
        ("00 06 0F", None),
        ("11", None),
        ("12", ("pause", None)),
        ("13", ("transfer", None)),
        ("01 02 13", ("transfer", 12)),
        ("0C 13", ("transfer", None)),
        ("", None),
    ],
)
def test_a_key_is_its_last_byte_and_the_digits_before_it(data: str, key: object) -> None:
    assert ff68.parse_key(bytes.fromhex(data)) == key


@pytest.mark.parametrize(
    ("data", "key"), [(b"L", None), (b"U", ("call", None)), (b"12M", ("transfer", 12)), (b"\xb2M", ("transfer", None))]
)
def test_a_polled_pads_letter_is_a_key_too(data: bytes, key: object) -> None:
    assert ff68.parse_status(data) == key


def test_no_more_waiting_than_three_digits_and_a_number_without_digits_is_blank() -> None:
    assert ff68.parse_display(ff68.encode_display(1, waiting=1000).data) == ("999", "")
    assert ff68.parse_display(ff68.encode_display(1, ticket="A1234").data) == ("", "234")
    assert ff68.parse_display(ff68.encode_display(1, ticket="Z٣").data) == ("", "")


@given(st.lists(frames, max_size=5), cuts)
def test_frames_come_out_the_same_in_any_chunks(sent: list[Frame], cuts: list[int]) -> None:
    decoder = FrameDecoder()
    stream = b"".join(frame.to_bytes() for frame in sent)
    assert [frame for chunk in wires.chunks(stream, cuts) for frame in decoder.receive(chunk)] == sent
    assert decoder.noise == 0


@given(st.binary(max_size=600), frames, cuts)
def test_garbage_gives_the_same_frames_in_any_chunks_is_not_kept_and_hides_none(
    garbage: bytes, frame: Frame, cuts: list[int]
) -> None:
    whole, cut = FrameDecoder(), FrameDecoder()
    stream = garbage + frame.to_bytes()
    found = whole.receive(stream) + whole.end()
    assert [one for chunk in wires.chunks(stream, cuts) for one in cut.receive(chunk)] + cut.end() == found
    for chunk in wires.chunks(garbage, cuts):
        cut.receive(chunk)
        assert len(cut._buffer) <= ff68.LONGEST
    cut.end()
    assert cut.receive(frame.to_bytes()) == [frame]


def test_a_frame_that_claims_more_than_there_can_be_waits_for_nothing() -> None:
    decoder = FrameDecoder()
    frame = Frame(5, ff68.BEEP)
    assert decoder.receive(bytes.fromhex("FF 68 FF FF 68") + frame.to_bytes()) == [frame]


def test_a_wrong_sum_a_wrong_end_and_two_lengths_are_no_frame() -> None:
    good = Frame(5, ff68.DISPLAY, bytes(6)).to_bytes()
    for place in (2, 3, 4, 9, -2, -1):
        bad = bytearray(good)
        bad[place] ^= 0x01
        decoder = FrameDecoder()
        assert decoder.receive(bytes(bad)) + decoder.end() == []
        assert decoder.noise == len(good)


def test_noise_takes_time_in_proportion_to_its_length() -> None:
    def taken(length: int) -> float:
        noise = bytes.fromhex("FF 68 10 10 68") * length
        began = time.thread_time()
        FrameDecoder().receive(noise)
        return time.thread_time() - began

    # In proportion it would be 64 times as much, by its square 512 times.
    least = [min(taken(length) for _ in range(3)) for length in (1000, 64_000)]
    assert least[1] < 200 * max(least[0], 0.001)
