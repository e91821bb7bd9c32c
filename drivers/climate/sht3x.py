"""Sensirion SHT3x: temperature and humidity over I²C, single shot. Pure functions of bytes.

Source: Sensirion, Datasheet SHT3x-DIS, version 7: 4.3 (single shot), 4.12 (checksum), 4.13 (conversion), 4.9 (reset).

::

    command   u16 big-endian                 nothing is answered while it measures: a read is not acknowledged
    answer    temperature u16 | CRC-8 | humidity u16 | CRC-8
"""

from typing import Literal

from drivers.errors import ProtocolError

Address = Literal[0x44, 0x45]
"""By its pin ADDR: low, high."""

MEASURE = b"\x24\x00"
"""Single shot, high repeatability, no clock stretching (table 9): a Pi's I²C does not stretch clocks reliably."""
SOFT_RESET = b"\x30\xa2"
MEASURED_AFTER = 0.0155
"""Seconds of a measurement at most (table 4)."""
SIZE = 6
"""Bytes of an answer."""


def crc8(data: bytes) -> int:
    """Polynomial 31, initially FF, no final xor."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31) & 0xFF if crc & 0x80 else crc << 1
    return crc


def encode_answer(temperature: int, humidity: int) -> bytes:
    """The answer with these raw values."""
    words = (temperature.to_bytes(2, "big"), humidity.to_bytes(2, "big"))
    return b"".join(word + bytes((crc8(word),)) for word in words)


def parse_answer(data: bytes) -> tuple[float, float]:
    """Temperature in °C (-45 to 130) and relative humidity in % (0 to 100).

    Raises:
        ProtocolError: ``garbled``: the length or a checksum is wrong.
    """
    if len(data) != SIZE or crc8(data[:2]) != data[2] or crc8(data[3:5]) != data[5]:
        raise ProtocolError("garbled", "checksum")
    temperature, humidity = int.from_bytes(data[:2], "big"), int.from_bytes(data[3:5], "big")
    return 175 * temperature / 0xFFFF - 45, 100 * humidity / 0xFFFF


def raw(temperature: float, humidity: float) -> tuple[int, int]:
    """The raw values of a measurement: what :func:`parse_answer` converts back."""
    return round((temperature + 45) / 175 * 0xFFFF), round(humidity / 100 * 0xFFFF)
