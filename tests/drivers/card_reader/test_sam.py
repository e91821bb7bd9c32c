"""SAM_V frames."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.card_reader import sam_v
from drivers.card_reader.sam_v import Command, FrameDecoder, SamAnswer
from drivers.errors import ProtocolError

# From the vendors' protocol documents; bodies are without length and check byte.
QUESTIONS = [
    (Command.RESET, "AA AA AA 96 69 00 03 10 FF EC"),
    (Command.STATUS, "AA AA AA 96 69 00 03 11 FF ED"),
    (Command.SAM_ID, "AA AA AA 96 69 00 03 12 FF EE"),
    (Command.FIND, "AA AA AA 96 69 00 03 20 01 22"),
    (Command.SELECT, "AA AA AA 96 69 00 03 20 02 21"),
    (Command.READ, "AA AA AA 96 69 00 03 30 01 32"),
    (Command.READ_ADDRESS, "AA AA AA 96 69 00 03 30 03 30"),
    (Command.READ_IDS, "AA AA AA 96 69 00 03 30 05 36"),
    (Command.READ_ALL, "AA AA AA 96 69 00 03 30 10 23"),
    (Command.SET_115200, "AA AA AA 96 69 00 03 60 00 63"),
    (Command.SET_57600, "AA AA AA 96 69 00 03 60 01 62"),
    (Command.SET_38400, "AA AA AA 96 69 00 03 60 02 61"),
    (Command.SET_19200, "AA AA AA 96 69 00 03 60 03 60"),
    (Command.SET_9600, "AA AA AA 96 69 00 03 60 04 67"),
]
ANSWERS = [
    (SamAnswer(0, 0, 0x90), "AA AA AA 96 69 00 04 00 00 90 94"),
    (SamAnswer(0, 0, 0x60), "AA AA AA 96 69 00 04 00 00 60 64"),
    (SamAnswer(0, 0, 0x9F, bytes(4)), "AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97"),
    (SamAnswer(0, 0, 0x80), "AA AA AA 96 69 00 04 00 00 80 84"),
    (SamAnswer(0, 0, 0x90, bytes(8)), "AA AA AA 96 69 00 0C 00 00 90 00 00 00 00 00 00 00 00 9C"),
    (SamAnswer(0, 0, 0x81), "AA AA AA 96 69 00 04 00 00 81 85"),
    (SamAnswer(0, 0, 0x41), "AA AA AA 96 69 00 04 00 00 41 45"),
]

bodies = st.lists(st.binary(min_size=1, max_size=60).filter(lambda body: sam_v.SYNC not in body), max_size=8)
sizes = st.lists(st.integers(1, 40), max_size=8)


@pytest.mark.parametrize(("command", "frame"), QUESTIONS)
def test_questions_are_those_of_the_manual(command: Command, frame: str) -> None:
    assert sam_v.encode_command(command) == bytes.fromhex(frame)


@pytest.mark.parametrize(("answer", "frame"), ANSWERS)
def test_answers_are_those_of_the_manual(answer: SamAnswer, frame: str) -> None:
    assert sam_v.encode_answer(answer) == bytes.fromhex(frame)
    (body,) = FrameDecoder().receive(bytes.fromhex(frame))
    assert sam_v.parse_answer(body) == answer


def test_a_card_answer_has_the_length_of_the_manual() -> None:
    data = bytes.fromhex("01 00 04 00") + b"t" * 256 + b"p" * 1024
    frame = sam_v.encode_answer(SamAnswer(0, 0, 0x90, data))
    assert (len(frame), frame[5:14]) == (1295, bytes.fromhex("05 08 00 00 90 01 00 04 00"))
    assert sam_v.parse_card_data(data) == (b"t" * 256, b"p" * 1024)


def test_card_data_is_cut_by_its_own_lengths() -> None:
    assert sam_v.parse_card_data(bytes.fromhex("00 02 00 00") + b"ab") == (b"ab", b"")
    surplus = "00 02 00 00 61 62 63"
    for data in ("", "00", "01 00 04 00", "00 02 00 01 61 62", "00 00 00 00 61", surplus):
        with pytest.raises(ProtocolError):
            sam_v.parse_card_data(bytes.fromhex(data))


def test_data_of_a_module_has_the_form_of_the_manual() -> None:
    assert sam_v.encode_command(Command.SET_RADIO_FRAME, b"\x50") == bytes.fromhex("AA AA AA 96 69 00 04 61 FF 50 CA")
    number = bytes.fromhex("05 00 01 00 25 02 33 01 01 00 00 00 01 00 00 00")
    assert sam_v.parse_sam_id(number) == "05.01-20120101-0000000001-0000000001"
    ids = sam_v.parse_ids(bytes(range(28)))
    assert (ids.iin, ids.sn, ids.dn) == (bytes(range(4)), bytes(range(4, 12)), bytes(range(12, 28)))
    assert str(ids) == "<CardIds>"
    for parse in (sam_v.parse_sam_id, sam_v.parse_ids):
        with pytest.raises(ProtocolError):
            parse(b"1234")


@pytest.mark.parametrize("prints", [1024, 512, 0])
def test_an_answer_with_three_lengths_is_the_one_with_fingerprints_and_loses_these(prints: int) -> None:
    head = bytes.fromhex("01 00 04 00") + prints.to_bytes(2, "big")
    data = head + b"t" * 256 + b"p" * 1024 + b"f" * prints
    length = len(sam_v.encode_answer(SamAnswer(0, 0, 0x90, data)))
    assert length == {1024: 2321, 512: 1809, 0: 1297}[prints]
    assert sam_v.parse_card_data(data) == (b"t" * 256, b"p" * 1024)


def test_every_status_of_the_manual_has_a_reason() -> None:
    words = "10 11 21 23 24 31 32 33 34 37 3F 40 41 47 60 66 80 81"
    assert set(sam_v.REASONS) == set(bytes.fromhex(words))


@given(bodies, sizes)
def test_frames_come_out_the_same_in_any_chunks(frames: list[bytes], cuts: list[int]) -> None:
    decoder = FrameDecoder()
    stream = b"".join(sam_v.encode_frame(body) for body in frames)
    came = [body for chunk in wires.chunks(stream, cuts) for body in decoder.receive(chunk)]
    assert came == frames
    assert decoder.garbled == 0
    assert not decoder.pending


@given(
    st.binary(max_size=400),
    st.lists(st.sampled_from([sam_v.SYNC, sam_v.PREAMBLE, b"\x96", b"\x0a\x00", b"\x00"])),
    sizes,
)
def test_garbage_is_the_same_in_any_chunks_and_is_not_kept(
    rubbish: bytes, pieces: list[bytes], cuts: list[int]
) -> None:
    stream = rubbish.join(pieces) + rubbish
    whole, cut = FrameDecoder(), FrameDecoder()
    came = whole.receive(stream)
    assert [body for chunk in wires.chunks(stream, cuts) for body in cut.receive(chunk)] == came
    assert len(cut._buffer) <= 4 + sam_v.MAX_LENGTH
    for body in came:
        try:
            sam_v.parse_answer(body)
        except ProtocolError as error:
            assert error.reason == "garbled"


@given(st.binary(max_size=40).filter(lambda noise: b"\x96" not in noise), bodies, sizes)
def test_noise_before_a_preamble_costs_nothing(noise: bytes, frames: list[bytes], cuts: list[int]) -> None:
    decoder = FrameDecoder()
    stream = b"".join(noise + sam_v.encode_frame(body) for body in frames)
    assert [body for chunk in wires.chunks(stream, cuts) for body in decoder.receive(chunk)] == frames


@pytest.mark.parametrize("preamble", ["AA AA 96 69", "96 69", "AA 00 AA AA 96 69", "AA AA AA AA 96 69", "96 96 69"])
def test_a_preamble_with_lost_or_stray_bytes_is_recognised(preamble: str) -> None:
    frame = bytes.fromhex(preamble + "00 04 00 00 90 94")
    assert FrameDecoder().receive(frame) == [b"\x00\x00\x90"]


@pytest.mark.parametrize("head", ["AA AA AA 96 69 FF FF", "AA AA AA 96 69 0A 01", "AA AA AA 96 69 00 01"])
def test_impossible_lengths_do_not_swallow_what_follows(head: str) -> None:
    decoder = FrameDecoder()
    assert decoder.receive(bytes.fromhex(head) + sam_v.encode_answer(SamAnswer(0, 0, 0x80))) == [b"\x00\x00\x80"]


def test_a_possible_length_that_is_wrong_swallows_nothing_once_the_line_is_quiet() -> None:
    # A vendor's published "timeout" answer, which breaks the rule of its own length.
    decoder = FrameDecoder()
    stream = bytes.fromhex("AA AA AA 96 69 05 05 05 05") + sam_v.encode_answer(SamAnswer(0, 0, 0x80))
    assert decoder.receive(stream) == []
    assert decoder.salvage() == [b"\x00\x00\x80"]


@pytest.mark.parametrize("head", ["96 69 0A 00", "96 69 FF FF", "96 69", "96", ""])
def test_a_babbling_line_fills_no_memory(head: str) -> None:
    decoder = FrameDecoder()
    for _ in range(200):
        decoder.receive(bytes.fromhex(head) + b"\x96" * 1000)
        assert len(decoder._buffer) <= 4 + sam_v.MAX_LENGTH


@pytest.mark.parametrize("chunk", [4096, 16])
def test_noise_full_of_beginnings_is_decoded_as_fast_as_it_comes(chunk: int) -> None:
    decoder = FrameDecoder()
    noise = bytes.fromhex("96 69 0A 00") * 50_000
    began = time.thread_time()
    for at in range(0, len(noise), chunk):
        decoder.receive(noise[at : at + chunk])
    decoder.salvage()
    # 200,000 bytes: 17 s of a line at 115,200 baud.
    assert time.thread_time() - began < 10.0


def test_a_wrong_check_byte_gives_up_one_frame_alone() -> None:
    decoder = FrameDecoder()
    stream = bytes.fromhex("AA AA AA 96 69 00 04 00 00 90 95") + sam_v.encode_answer(SamAnswer(0, 0, 0x80))
    assert decoder.receive(stream) == [b"\x00\x00\x80"]
    assert decoder.garbled == 1


def test_a_late_rest_of_a_frame_still_completes_it() -> None:
    decoder = FrameDecoder()
    frame = sam_v.encode_answer(SamAnswer(0, 0, 0x90, bytes(100)))
    assert decoder.receive(frame[:50]) == decoder.salvage() == []
    assert decoder.pending
    assert decoder.receive(frame[50:]) == [frame[7:-1]]


def test_an_answer_shows_nothing_of_its_data() -> None:
    assert "张" not in repr(SamAnswer(0, 0, 0x90, "张".encode()))
    assert "data" not in repr(SamAnswer(0, 0, 0x90, b"x"))


def test_a_body_without_status_is_garbled() -> None:
    with pytest.raises(ProtocolError):
        sam_v.parse_answer(b"\x00\x00")
