"""Modbus frames: copied from the specifications, in any chunks, among any garbage."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.climate import modbus
from drivers.climate.modbus import RtuExchange, TcpExchange

sizes = st.lists(st.integers(1, 12), max_size=6)
words = st.integers(0, 0xFFFF)
units = st.integers(1, 247)
requests = st.one_of(
    st.builds(modbus.read, st.sampled_from([3, 4]), words, st.integers(1, 20)),
    st.builds(modbus.write_coil, words, st.booleans()),
    st.builds(modbus.write_register, words, words),
)


def answer_to(request: bytes, data: bytes) -> bytes:
    if request[0] in (modbus.WRITE_COIL, modbus.WRITE_REGISTER):
        return request
    size = 2 * int.from_bytes(request[3:5], "big")
    return bytes((request[0], size)) + (data * size)[:size]


def rtu(unit: int, pdu: bytes) -> bytes:
    body = bytes((unit,)) + pdu
    return body + struct.pack("<H", modbus.crc16(body))


@pytest.mark.parametrize(
    ("unit", "request_", "frame"),
    [
        # Modbus Application Protocol V1.1b3, 6.4, 6.5, 6.6 with the CRC that pymodbus and others put behind them.
        (1, modbus.read(modbus.READ_INPUT, 1, 2), "01 04 00 01 00 02 20 0B"),
        (1, modbus.write_coil(0, True), "01 05 00 00 FF 00 8C 3A"),
        (1, modbus.write_coil(0, False), "01 05 00 00 00 00 CD CA"),
        (1, modbus.write_register(2, 260), "01 06 00 02 01 04 28 59"),
    ],
)
def test_requests_are_the_bytes_that_devices_know(unit: int, request_: bytes, frame: str) -> None:
    assert RtuExchange(unit, request_).frame == bytes.fromhex(frame)


def test_a_request_over_tcp_has_the_head_of_the_specification() -> None:
    # Messaging on TCP/IP V1.0b, 3.1.3: transaction, protocol 0, length, unit.
    assert TcpExchange(255, modbus.read(3, 4, 1), 0x1501).frame == bytes.fromhex("15 01 00 00 00 06 FF 03 00 04 00 01")
    assert TcpExchange(255, modbus.read(3, 4, 1), 0x1501).receive(
        bytes.fromhex("15 01 00 00 00 05 FF 03 02 00 05")
    ) == bytes.fromhex("03 02 00 05")


def test_an_answer_is_read() -> None:
    exchange = RtuExchange(1, modbus.read(modbus.READ_INPUT, 1, 2))
    pdu = exchange.receive(bytes.fromhex("01 04 04 01 05 01 C2 6A 78"))
    assert pdu is not None
    assert modbus.parse_registers(pdu) == (261, 450)
    assert modbus.signed(0xFF9B) == -101


@given(units, requests, st.binary(min_size=1, max_size=40), sizes)
def test_an_answer_comes_out_the_same_in_any_chunks_and_behind_noise(
    unit: int, request_: bytes, data: bytes, cuts: list[int]
) -> None:
    pdu = answer_to(request_, data)
    for exchange, stream in (
        (RtuExchange(unit, request_), b"\x00\xff" + rtu(unit, pdu)),
        (TcpExchange(unit, request_, 7), struct.pack(">HHHB", 6, 0, 1 + len(pdu), unit) + pdu),
        (TcpExchange(unit, request_, 7), struct.pack(">HHHB", 7, 0, 1 + len(pdu), unit) + pdu),
    ):
        found = [got for chunk in wires.chunks(stream, cuts) if (got := exchange.receive(chunk)) is not None]
        # What carries another number is an answer to an earlier question.
        late = isinstance(exchange, TcpExchange) and stream[1] == 6
        assert found == ([] if late else [pdu])
        assert exchange.noise or not late


@given(units, requests, st.integers(1, 255))
def test_a_refusal_is_an_answer(unit: int, request_: bytes, code: int) -> None:
    pdu = bytes((request_[0] | modbus.REFUSED, code))
    assert RtuExchange(unit, request_).receive(rtu(unit, pdu)) == pdu
    # Noise that looks like the beginning of a longer answer does not hide it.
    assert RtuExchange(unit, request_).receive(bytes((unit, request_[0])) + rtu(unit, pdu)) == pdu


@given(units, requests, st.lists(st.binary(max_size=300), max_size=8))
def test_garbage_is_no_answer_and_is_not_kept(unit: int, request_: bytes, garbage: list[bytes]) -> None:
    for exchange in (RtuExchange(unit, request_), TcpExchange(unit, request_, 1)):
        for chunk in garbage:
            pdu = exchange.receive(chunk)
            assert pdu is None or modbus.answers(request_, pdu)
            assert len(exchange._held) <= modbus.LONGEST


def test_a_spoilt_answer_is_none() -> None:
    frame = bytearray.fromhex("01 04 04 01 05 01 C2 6A 78")
    for place in range(len(frame)):
        spoilt = bytes(frame[:place]) + bytes((frame[place] ^ 0x10,)) + bytes(frame[place + 1 :])
        assert RtuExchange(1, modbus.read(modbus.READ_INPUT, 1, 2)).receive(spoilt) is None


def test_the_answer_of_another_unit_function_or_length_is_none() -> None:
    request_ = modbus.read(modbus.READ_INPUT, 0, 2)
    for unit, pdu in ((2, b"\x04\x04" + bytes(4)), (1, b"\x03\x04" + bytes(4)), (1, b"\x04\x02" + bytes(2))):
        assert RtuExchange(1, request_).receive(rtu(unit, pdu)) is None
    # The echo of our own question, as adapters of two-wire lines give it.
    assert RtuExchange(1, request_).receive(rtu(1, request_)) is None
