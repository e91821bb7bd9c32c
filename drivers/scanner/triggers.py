"""Commands that switch a scanner's light on and off, by maker. Pure.

Only a fixed scanner in host mode needs them: a handheld has a trigger of its own, and one in presentation mode sees a
code by itself. The bytes are those that many published programs send; none was tried on a scanner of ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Maker = Literal["honeywell", "mindeo", "newland", "zebra", "gm65"]


def _gm65_answers(data: bytes) -> bytes:
    """GM65 and GM861 acknowledge a command with 02 00 00 01 00 33 31, which would stand in front of the next code."""
    return data.replace(bytes.fromhex("02 00 00 01 00 33 31"), b"")


def _ssi_answers(data: bytes) -> bytes:
    """Zebra answers in packets of its Simple Serial Interface: length, ..., two's complement sum (2 bytes, high first).

    The length counts itself and what follows, without the sum; no code begins with a control character.
    """
    while data and 4 <= data[0] < 0x20 and len(data) >= data[0] + 2:
        packet, check = data[: data[0]], data[data[0] : data[0] + 2]
        if int.from_bytes(check) != -sum(packet) & 0xFFFF:
            break
        data = data[data[0] + 2 :]
    return data


def _no_answers(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Trigger:
    """How a maker's scanners are switched.

    Attributes:
        on: begin to look for a code; again after each code and after some seconds, since scanners stop by themselves.
        off: stop.
        without_answers: a line without the answers to these commands.
    """

    on: bytes
    off: bytes
    without_answers: Callable[[bytes], bytes] = _no_answers


_SYN_T, _SYN_U = bytes.fromhex("16 54 0D"), bytes.fromhex("16 55 0D")
TRIGGERS: dict[Maker, Trigger] = {
    "honeywell": Trigger(_SYN_T, _SYN_U),
    "mindeo": Trigger(_SYN_T, _SYN_U),
    # SOH T EOT; the command that stops is not published, and it stops by itself.
    "newland": Trigger(bytes.fromhex("01 54 04"), b""),
    # SSI: wake-up, then START_SESSION E4 and STOP_SESSION E5.
    "zebra": Trigger(bytes.fromhex("00 04 E4 04 00 FF 14"), bytes.fromhex("00 04 E5 04 00 FF 13"), _ssi_answers),
    "gm65": Trigger(bytes.fromhex("7E 00 08 01 00 02 01 AB CD"), b"", _gm65_answers),
}
