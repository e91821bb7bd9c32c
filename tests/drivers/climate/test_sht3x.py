"""The SHT3x: its datasheet's examples, any values, any garbage; and the bus beneath smbus2's ``i2c_rdwr``."""

import errno
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.climate import sht3x
from drivers.climate.i2c_bus import Smbus
from drivers.errors import DeviceError, OfflineError, ProtocolError

ANSWER = bytes.fromhex("66 66 93 72 B0 BC")


def test_the_checksum_is_the_datasheets() -> None:
    assert sht3x.crc8(bytes.fromhex("BE EF")) == 0x92  # 4.12


def test_values_are_converted_as_the_datasheet_says() -> None:
    temperature, humidity = sht3x.parse_answer(sht3x.encode_answer(0x6666, 0x72B0))
    assert (round(temperature, 2), round(humidity, 2)) == (25.0, 44.8)
    assert sht3x.parse_answer(sht3x.encode_answer(0, 0)) == (-45, 0)
    assert sht3x.parse_answer(sht3x.encode_answer(0xFFFF, 0xFFFF)) == (130, 100)


@given(st.floats(-45, 130), st.floats(0, 100))
def test_any_values_come_out_as_they_went_in(temperature: float, humidity: float) -> None:
    found = sht3x.parse_answer(sht3x.encode_answer(*sht3x.raw(temperature, humidity)))
    assert found == (pytest.approx(temperature, abs=0.002), pytest.approx(humidity, abs=0.002))


@given(st.binary(max_size=20))
def test_garbage_is_refused(garbage: bytes) -> None:
    try:
        temperature, humidity = sht3x.parse_answer(garbage)
    except ProtocolError:
        return
    assert -45 <= temperature <= 130 and 0 <= humidity <= 100


@pytest.mark.parametrize("bit", range(48))
def test_any_wrong_bit_is_found(bit: int) -> None:
    answer = bytearray(sht3x.encode_answer(0x6666, 0x72B0))
    answer[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        sht3x.parse_answer(bytes(answer))


class Wires:
    """What stands below ``smbus2.SMBus.i2c_rdwr``: a sensor at 0x44; its messages are smbus2's own."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.closed = False
        self._measured = b""

    def i2c_rdwr(self, *messages: Any) -> None:
        for message in messages:
            if self.fails or message.addr != 0x44:
                raise OSError(self.fails or errno.EREMOTEIO, "no")
            if message.flags & 1:
                for place, byte in enumerate(self._measured[: message.len]):
                    message.buf[place] = bytes((byte,))
            elif bytes(message) == sht3x.MEASURE:
                self._measured = sht3x.encode_answer(0x6666, 0x72B0)

    def close(self) -> None:
        self.closed = True


def test_a_sensor_is_read_through_smbus2() -> None:
    wires = Wires()
    bus = Smbus(wires)
    bus.send(0x44, sht3x.MEASURE)
    assert bus.receive(0x44, sht3x.SIZE) == sht3x.encode_answer(0x6666, 0x72B0)
    bus.close()
    assert wires.closed


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EREMOTEIO, "silent"), (errno.ENXIO, "silent"), (errno.EIO, "silent"), (errno.ENODEV, "unplugged")],
)
def test_what_the_kernel_says_is_a_reason(number: int, reason: str) -> None:
    with pytest.raises(DeviceError) as caught:
        Smbus(Wires(number)).send(0x44, sht3x.MEASURE)
    assert caught.value.reason == reason


def test_a_bus_that_is_not_there_is_not_found() -> None:
    with pytest.raises(OfflineError) as caught:
        Smbus.open(99)
    assert (caught.value.reason, caught.value.detail) == ("not_found", "/dev/i2c-99")
