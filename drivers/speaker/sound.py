"""Sound as numbers: WAV files of many formats in, one format out (16-bit mono, 22,050 Hz, as espeak-ng makes it).

Format of WAV: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0 (1991), chapter 3;
``WAVE_FORMAT_EXTENSIBLE`` as Microsoft's ``mmreg.h`` has it. No ``audioop``: Python 3.13 has none any more.
"""

import math
import struct
import sys
from array import array
from collections.abc import Iterable
from itertools import accumulate, pairwise, takewhile
from operator import mul

RATE = 22050
"""Hz of all that is played."""
LONGEST = 30
"""Seconds that a WAV file may last; a clip lasts about one."""
MOST_BYTES = 8_000_000
"""Size of a WAV file; that many seconds of CD quality are 5 MB."""

_PCM, _EXTENSIBLE = 0x0001, 0xFFFE
_LOUD = 3000.0
"""Root mean square that clips are brought to: 21 dB below the most that 16 bits can hold."""
_PEAK = 30000
_MOST = 32767
_MOST_GAIN = 8.0
_QUIET = 300
"""What counts as silence at the ends of a clip: 40 dB below the most."""
_EDGE = RATE // 100
_LONG = 5 * RATE
"""Samples of a clip whose power is measured in parts of it."""
_PART = RATE // 10


class SoundError(Exception):
    """A WAV file that cannot be played; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


def read_wav(data: bytes) -> "array[int]":
    """The samples of a WAV file: PCM of 8 to 32 bits, up to eight channels, 8 to 192 kHz, at most 30 s.

    The length that a file claims may be more than there is: a program that writes to a pipe does not know it.

    Raises:
        SoundError: it is no such file, or there is no sound in it.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SoundError("不是 WAV 文件", "is no WAV file")
    form = b""
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = body
        elif name == b"data":
            return _decode(form, body)
        at += 8 + size + size % 2
    raise SoundError("WAV 文件里没有声音", "is a WAV file without sound")


def _decode(form: bytes, body: bytes) -> "array[int]":
    tag, channels, rate, bits = (0, 0, 0, 0)
    if len(form) >= 16:
        tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack_from("<H", form, 24)[0]
    if tag != _PCM or bits not in (8, 16, 24, 32) or not 1 <= channels <= 8 or not 8000 <= rate <= 192_000:
        raise SoundError(
            "格式不支持，请存成 16 位 PCM 的 WAV", "is of a format that is not supported: save it as 16-bit PCM"
        )
    width = bits // 8
    body = body[: len(body) - len(body) % (width * channels)]
    if not body:
        raise SoundError("WAV 文件里没有声音", "is a WAV file without sound")
    if len(body) > LONGEST * rate * channels * width:
        raise SoundError(f"长于 {LONGEST} 秒", f"is longer than {LONGEST} seconds")
    return _resampled(_mono(_sixteen_bit(body, width), channels), rate)


def _sixteen_bit(body: bytes, width: int) -> "array[int]":
    if width == 1:
        return array("h", [(value - 128) << 8 for value in body])
    # Of wider samples the two upper bytes.
    both = bytearray(len(body) // width * 2)
    both[0::2], both[1::2] = body[width - 2 :: width], body[width - 1 :: width]
    samples = array("h", bytes(both))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _mono(samples: "array[int]", channels: int) -> "array[int]":
    if channels == 1:
        return samples
    return array(
        "h", [sum(frame) // channels for frame in zip(*(samples[c::channels] for c in range(channels)), strict=True)]
    )


def _resampled(samples: "array[int]", rate: int) -> "array[int]":
    """At ``RATE``. Downwards by the mean over each new sample's time, which keeps most of the aliasing out."""
    if rate == RATE:
        return samples
    count = len(samples) * RATE // rate
    places = [divmod(index * rate, RATE) for index in range(count + 1)]
    if rate < RATE:
        padded = [*samples, samples[-1], samples[-1]]
        return array("h", [padded[at] + (padded[at + 1] - padded[at]) * part // RATE for at, part in places[:count]])
    sums = list(accumulate(samples, initial=0))
    padded = [*samples, 0]
    areas = [sums[at] * RATE + padded[at] * part for at, part in places]
    return array("h", [(to - begin) // rate for begin, to in pairwise(areas)])


def even(samples: "array[int]", gain: float = 1.0) -> "array[int]":
    """A clip without the silence at its ends, as loud as the others, times ``gain``.

    Raises:
        SoundError: it is all silence.
    """
    begin = _silent(samples)
    if begin == len(samples):
        raise SoundError("没有声音", "is silent")
    end = len(samples) - _silent(reversed(samples))
    samples = samples[max(0, begin - _EDGE) : end + _EDGE - 1]
    least, most = _range(samples)
    loudness = min(_LOUD / _power(samples), _PEAK / max(most, -least), _MOST_GAIN)
    return _scaled(samples, loudness * gain, least, most)


def _silent(samples: "Iterable[int]") -> int:
    """How many samples come before the first that can be heard; all of them where none can."""
    return sum(1 for _ in takewhile(lambda value: -_QUIET <= value <= _QUIET, samples))


def _power(samples: "array[int]") -> float:
    """Root mean square of a clip; of a long one, of a tenth of a second in each half."""
    if len(samples) > _LONG:
        parts = (samples[at : at + _PART] for at in range(0, len(samples), 5 * _PART))
        samples = join(parts)
    return math.sqrt(sum(map(mul, samples, samples)) / len(samples))


def _range(samples: "array[int]") -> tuple[int, int]:
    """The least and the most of them."""
    # A sentence has a hundred thousand samples, of some thousand values.
    values = set(samples)
    return min(values), max(values)


def amplify(samples: "array[int]", gain: float) -> "array[int]":
    """``samples`` louder or softer; what would be more than 16 bits can hold is cut off."""
    return _scaled(samples, gain, *_range(samples)) if samples else samples


def _scaled(samples: "array[int]", gain: float, least: int, most: int) -> "array[int]":
    """:func:`amplify` for samples between ``least`` and ``most``."""
    # Looked up: to calculate each sample is most of the work of reading a sentence aloud.
    factor = round(gain * 65536)
    louder = [max(-_MOST, min(_MOST, value * factor >> 16)) for value in (*range(most + 1), *range(least, 0))]
    # A negative index counts from the end, where the negative values are.
    return array("h", list(map(louder.__getitem__, samples)))


def silence(seconds: float) -> "array[int]":
    """Nothing to hear."""
    return array("h", bytes(2 * round(seconds * RATE)))


def join(parts: "Iterable[array[int]]") -> "array[int]":
    """All parts, one behind the other."""
    whole = array("h")
    for part in parts:
        whole.extend(part)
    return whole


def chime() -> "array[int]":
    """Two bell tones, a third apart, that die away."""
    struck = ((0.0, 659.26), (0.42, 523.25))  # E5, C5
    samples = [0.0] * round(1.3 * RATE)
    for begin, pitch in struck:
        first = round(begin * RATE)
        for index in range(first, len(samples)):
            time = (index - first) / RATE
            # Two milliseconds to rise, or it clicks.
            samples[index] += (
                9000 * min(1.0, time / 0.002) * math.exp(-time / 0.28) * math.sin(2 * math.pi * pitch * time)
            )
    return array("h", map(int, samples))


def write_wav(samples: "array[int]") -> bytes:
    """A WAV file of ``samples``."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    body = samples.tobytes()
    form = struct.pack("<HHIIHH", _PCM, 1, RATE, RATE * 2, 2, 16)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", 36 + len(body), b"WAVE"),
            struct.pack("<4sI", b"fmt ", len(form)),
            form,
            struct.pack("<4sI", b"data", len(body)),
            body,
        )
    )
