"""WAV files in, one format out; and joined again."""

import io
import itertools
import struct
import time
import wave
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.speaker.sound import LONGEST, RATE, SoundError, chime, even, join, read_wav, silence, write_wav
from speaking import tone


def wav(body: bytes, *, tag: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16, extra: bytes = b"") -> bytes:
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits) + extra
    parts = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def pitch_of(samples: "array[int]") -> float:
    """Of a pure tone: how often it rises through zero."""
    rises = sum(before < 0 <= after for before, after in itertools.pairwise(samples))
    return rises * RATE / len(samples)


def test_the_header_is_that_of_the_standard() -> None:
    # What espeak-ng 1.51 writes to a pipe, but for the sizes, which it cannot know: 24 F0 FF 7F and 00 F0 FF 7F.
    header = bytes.fromhex(
        "52494646 28000000 57415645 666d7420 10000000 0100 0100 22560000 44ac0000 0200 1000 64617461 04000000"
    )
    assert write_wav(array("h", [1, -2])) == header + b"\x01\x00\xfe\xff"
    piped = header.replace(b"\x28\x00\x00\x00", b"\x24\xf0\xff\x7f").replace(b"\x04\x00\x00\x00", b"\x00\xf0\xff\x7f")
    assert read_wav(piped + b"\x01\x00\xfe\xff") == array("h", [1, -2])


def test_pythons_own_reader_reads_what_is_written() -> None:
    samples = tone()
    with wave.open(io.BytesIO(write_wav(samples))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, RATE)
        assert sound.readframes(sound.getnframes()) == samples.tobytes()


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_what_was_written_is_read_again(values: list[int]) -> None:
    assert read_wav(write_wav(array("h", values))) == array("h", values)


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_wider_and_narrower_samples_become_sixteen_bits(bits: int) -> None:
    values = [0, 256, -256, 32512, -32768]
    bodies = {
        8: bytes((value >> 8) + 128 for value in values),
        24: b"".join((value << 8).to_bytes(3, "little", signed=True) for value in values),
        32: b"".join((value << 16).to_bytes(4, "little", signed=True) for value in values),
    }
    assert list(read_wav(wav(bodies[bits], bits=bits))) == values


def test_two_channels_become_one() -> None:
    body = array("h", [100, 300, -5, 5]).tobytes()
    assert list(read_wav(wav(body, channels=2))) == [200, 0]


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 192000])
def test_another_sample_rate_keeps_length_pitch_and_loudness(rate: int) -> None:
    samples = read_wav(wav(tone(0.5, rate).tobytes(), rate=rate))
    assert len(samples) / RATE == pytest.approx(0.5, abs=0.001)
    assert pitch_of(samples) == pytest.approx(440, rel=0.02)
    assert max(samples) == pytest.approx(8000, rel=0.1)


def test_the_extensible_header_and_other_chunks_are_read() -> None:
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    extra = struct.pack("<HHI", 22, 16, 4) + guid
    assert list(read_wav(wav(b"\x05\x00", tag=0xFFFE, extra=extra))) == [5]
    whole = wav(b"\x05\x00")
    noted = whole[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + whole[12:]
    assert list(read_wav(noted)) == [5]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no WAV file"),
        (b"ID3\x04" + bytes(100), "no WAV file"),
        (wav(b""), "without sound"),
        (wav(b"\x00\x00")[:36], "without sound"),
        (wav(b"\x00\x00\x00\x00", tag=3, bits=32), "not supported"),
        (wav(b"\x00\x00", channels=9), "not supported"),
        (wav(b"\x00\x00", rate=0), "not supported"),
        (wav(b"\x00\x00", bits=12), "not supported"),
        (wav(bytes(8000 * 2 * LONGEST + 2), rate=8000), "longer than"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(SoundError, match=words) as caught:
        read_wav(data)
    assert caught.value.zh


HEAD = wav(b"\x01\x00\x02\x00\x03\x00")


@given(st.binary(max_size=80), st.integers(0, len(HEAD)), st.integers(0, len(HEAD)))
def test_garbage_raises_the_one_error_at_most(garbage: bytes, begin: int, end: int) -> None:
    for data in (garbage, HEAD[:begin] + garbage + HEAD[end:]):
        try:
            samples = read_wav(data)
        except SoundError:
            continue
        assert len(samples) <= len(data) * RATE // 8000 + 1


def test_a_clip_is_trimmed_and_as_loud_as_the_others() -> None:
    quiet, loud = (even(join([silence(0.3), tone(loud=value), silence(0.4)])) for value in (1000, 30000))
    assert len(quiet) / RATE == pytest.approx(0.2, abs=0.03)
    assert max(quiet) == pytest.approx(max(loud), rel=0.1)
    with pytest.raises(SoundError, match="silent"):
        even(silence(1))


def test_the_chime_is_heard_and_breaks_no_limit() -> None:
    samples = chime()
    assert 1 < len(samples) / RATE < 2
    assert 5000 < max(samples) < 32000


def test_a_long_file_takes_time_in_proportion() -> None:
    second = tone(1, 48000).tobytes()

    def took(seconds: int) -> float:
        data = wav(second * seconds, rate=48000)
        begin = time.thread_time()
        even(read_wav(data))
        return time.thread_time() - begin

    # In proportion it is 25 times as much, by its square 625 times.
    assert took(25) < 150 * max(min(took(1) for _ in range(3)), 0.005)
