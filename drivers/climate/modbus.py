"""Modbus, as far as sensors and relays need it: requests, answers, and their two framings. Pure functions of bytes.

::

    PDU          function | data               Modbus Application Protocol V1.1b3, 6; big-endian, at most 253 bytes
    refusal      function + 80 | code          7
    RTU frame    unit | PDU | CRC              Modbus over Serial Line V1.02, 2.5.1; CRC low byte first
    TCP frame    transaction u16 | 0000 | length u16 | unit | PDU      Messaging on TCP/IP V1.0b, 3.1.3

RTU frames have no beginning, no end and no number: the answer to a request is found by its unit, function, length and
CRC. An adapter that echoes what is sent cannot be told from a device that confirms a write.

Of our own, since pymodbus takes 64 ms and 13 MB to load and opens its ports by itself.
"""

import struct
from typing import Literal, Protocol

Framing = Literal["rtu", "tcp"]

READ_COILS, READ_HOLDING, READ_INPUT, WRITE_COIL, WRITE_REGISTER = 1, 3, 4, 5, 6
REFUSED = 0x80
"""Added to the function in the answer of a device that refuses."""
REFUSALS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}
"""Exception codes (7, table)."""
LONGEST = 260
"""Bytes of the longest frame of either framing."""
_WRITES = (WRITE_COIL, WRITE_REGISTER)
_MBAP = struct.Struct(">HHHB")


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 8005 reflected, initially FFFF, no final xor (Serial Line V1.02, appendix B)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def read(function: int, address: int, count: int) -> bytes:
    """The PDU that reads ``count`` coils or registers from ``address`` on."""
    return struct.pack(">BHH", function, address, count)


def write_coil(address: int, on: bool) -> bytes:
    """The PDU that switches a coil, such as a relay."""
    return struct.pack(">BHH", WRITE_COIL, address, 0xFF00 if on else 0)


def write_register(address: int, value: int) -> bytes:
    """The PDU that writes a register (0 to FFFF)."""
    return struct.pack(">BHH", WRITE_REGISTER, address, value)


def answers(request: bytes, pdu: bytes) -> bool:
    """Whether ``pdu`` can be the answer to ``request``, by function, length and, of a write, by its echo."""
    if len(pdu) == 2 and pdu[0] == request[0] | REFUSED:
        return True
    if request[0] in _WRITES:
        return pdu == request
    return pdu[:2] == bytes((request[0], _size(request))) and len(pdu) == 2 + _size(request)


def parse_registers(pdu: bytes) -> tuple[int, ...]:
    """The registers in the answer to a read of them."""
    return struct.unpack(f">{len(pdu) // 2 - 1}H", pdu[2:])


def signed(register: int) -> int:
    """A register as a number with a sign (two's complement)."""
    return register - 0x10000 if register & 0x8000 else register


def _size(request: bytes) -> int:
    """Bytes of data in the answer to a read."""
    count: int = struct.unpack_from(">H", request, 3)[0]
    return (count + 7) // 8 if request[0] == READ_COILS else 2 * count


class Exchange(Protocol):
    """One request and the search for its answer. Holds no more than one frame.

    Attributes:
        frame: what to send.
        noise: whether anything came that is no part of the answer.
    """

    frame: bytes
    noise: bool

    def receive(self, data: bytes) -> bytes | None:
        """The PDU of the answer, once ``data`` completes it."""


class RtuExchange:
    """See :class:`Exchange`; on a serial line, or behind a converter that hands bytes through."""

    def __init__(self, unit: int, request: bytes) -> None:
        self.noise = False
        self._request = request
        self._unit = unit
        body = bytes((unit,)) + request
        self.frame = body + struct.pack("<H", crc16(body))
        size = len(request) if request[0] in _WRITES else 2 + _size(request)
        # By the function in an answer: how long its PDU is.
        self._sizes = {request[0]: size, request[0] | REFUSED: 2}
        self._held = bytearray()

    def receive(self, data: bytes) -> bytes | None:
        """Find the answer in what has come, at any place: what looks like its beginning may be noise before it."""
        self._held += data
        keep = len(self._held)
        for place, byte in enumerate(self._held):
            if byte != self._unit:
                continue
            size = self._sizes.get(self._held[place + 1]) if place + 1 < len(self._held) else 1
            if size is None:
                continue
            end = place + 1 + size
            if end + 2 > len(self._held):
                keep = min(keep, place)
                continue
            frame = bytes(self._held[place:end])
            crc = int.from_bytes(self._held[end : end + 2], "little")
            if crc16(frame) == crc and answers(self._request, frame[1:]):
                return frame[1:]
        self.noise |= keep > 0
        del self._held[:keep]
        return None


class TcpExchange:
    """See :class:`Exchange`; ``number`` tells this answer from a late one."""

    def __init__(self, unit: int, request: bytes, number: int) -> None:
        self.noise = False
        self._request = request
        self._head = (number & 0xFFFF, unit)
        self.frame = _MBAP.pack(self._head[0], 0, 1 + len(request), unit) + request
        self._held = bytearray()

    def receive(self, data: bytes) -> bytes | None:
        """Take frame after frame; from a length that cannot be on, nothing is found any more."""
        self._held += data
        while len(self._held) >= _MBAP.size:
            number, protocol, length, unit = _MBAP.unpack_from(self._held)
            if protocol != 0 or not 3 <= length <= 254:
                self.noise = True
                self._held.clear()
                return None
            if len(self._held) < 6 + length:
                return None
            pdu = bytes(self._held[_MBAP.size : 6 + length])
            del self._held[: 6 + length]
            if (number, unit) == self._head and answers(self._request, pdu):
                return pdu
            self.noise = True
        return None
