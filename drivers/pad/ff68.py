"""Frames of call pads, ``FF 68 L L 68 ADDR FUNC DATA... CS 16``. Pure.

L counts ADDR to the last byte of DATA; CS is the sum of the same bytes mod 256. There is no standard for pads; this is
the one that the open program JackQChen/QueueSystem speaks (CallSystem/frmMain.cs at 50f57ba) at 9600 baud, 8N1, with
several pads on one RS-485 line. Nothing here was tried on a pad of ours.

========= ==================== =============================================================================
pad → us  FUNC is not 11       DATA is a key, with the digits typed before it; it is answered by the same frame
          FUNC 11              DATA is the evaluation key, 0 to 3; it is answered by the same frame with FUNC 01
us → pad  FUNC 02              six digits: waiting (3), ticket (3); 0A is blank
          FUNC 03              beep
          FUNC 01, DATA 0B     ask the resident for a grade
========= ==================== =============================================================================

Pads of other makers (KeyPad 19, CallPad V2015) speak only when they are polled, and answer with a letter. Their letters
are known; their frames are in a DLL. Here they travel in the frames above under POLL, a function of our own choice: the
polled style stands ready for such a pad, and its frames have to be recorded from the pad.
"""

from dataclasses import dataclass
from typing import Literal

from drivers.presses import WindowKey

PREAMBLE, START, END = 0xFF, 0x68, 0x16
ASK, DISPLAY, BEEP, POLL, EVALUATED = 0x01, 0x02, 0x03, 0x04, 0x11
EVALUATE, CALL, RECALL, CANCEL, CONFIRM, ONE_METRE, PAUSE, TRANSFER = (
    *range(0x0B, 0x10),
    0x11,
    0x12,
    0x13,
)
BLANK = 0x0A
MOST_DATA = 14
LONGEST = 9 + MOST_DATA
KEYS: dict[int, WindowKey] = {
    EVALUATE: "finish",
    CALL: "call",
    RECALL: "recall",
    PAUSE: "pause",
    TRANSFER: "transfer",
}
"""What a key does by itself. CANCEL and ONE_METRE do nothing there, either."""
STATUS: dict[str, WindowKey] = {
    **dict.fromkeys("UT", "call"),
    "P": "recall",
    "E": "pause",
    "S": "start",
    "Y": "finish",
    **dict.fromkeys("MB", "transfer"),
}
"""What a polled pad wants, by its letter; L is idle, I asks for help and Q logs in, which do nothing here."""
CONFIRMED: dict[int, WindowKey] = {6: "no-show", 0: "hold", 3: "call-back"}
"""What CONFIRM does, by the digit before it."""


@dataclass(frozen=True)
class Frame:
    """One frame, of either side."""

    address: int
    function: int
    data: bytes = b""

    def to_bytes(self) -> bytes:
        """As it is on the wire."""
        body = bytes([self.address, self.function]) + self.data
        length = len(body)
        return bytes([PREAMBLE, START, length, length, START]) + body + bytes([sum(body) & 0xFF, END])


class FrameDecoder:
    """Finds frames in what comes, in any chunks. Holds less than one frame.

    Attributes:
        noise: how many bytes came since the last frame that are of none.
    """

    def __init__(self) -> None:
        self.noise = 0
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        buffer, place = self._buffer + data, 0
        frames: list[Frame] = []
        while (begin := buffer.find(PREAMBLE, place)) >= 0:
            self.noise += begin - place
            place = begin
            found = _frame_at(buffer, place)
            if found == "more":
                break
            if found == "none":
                self.noise += 1
                place += 1
            else:
                self.noise = 0
                place += 7 + len(found.data) + 2
                frames.append(found)
        else:
            self.noise += len(buffer) - place
            place = len(buffer)
        self._buffer = buffer[place:]
        return frames

    def end(self) -> list[Frame]:
        """Call when the line has been silent: what has begun is no frame, and may have hidden one."""
        frames: list[Frame] = []
        while self._buffer:
            self.noise += 1
            rest = bytes(self._buffer[1:])
            self._buffer.clear()
            frames += self.receive(rest)
        return frames


def _frame_at(buffer: bytearray, place: int) -> Frame | Literal["more", "none"]:
    head = buffer[place : place + 5]
    for index, right in ((1, START), (4, START)):
        if len(head) > index and head[index] != right:
            return "none"
    if len(head) > 2 and not 2 <= head[2] <= 2 + MOST_DATA:
        return "none"
    if len(head) > 3 and head[3] != head[2]:
        return "none"
    if len(head) < 5 or len(buffer) < place + 5 + head[2] + 2:
        return "more"
    body = bytes(buffer[place + 5 : place + 5 + head[2]])
    check, end = buffer[place + 5 + head[2] : place + 7 + head[2]]
    if check != sum(body) & 0xFF or end != END:
        return "none"
    return Frame(body[0], body[1], body[2:])


def encode_display(address: int, *, ticket: str = "", waiting: int | None = None) -> Frame:
    """The last three digits of a ticket's number, and how many wait (999 at most); nothing of either is blank."""
    digits = "".join(character for character in ticket if character in "0123456789")[-3:]
    count = "" if waiting is None else f"{min(max(waiting, 0), 999):03}"
    return Frame(address, DISPLAY, _three(count) + _three(digits.zfill(3) if digits else ""))


def parse_display(data: bytes) -> tuple[str, str]:
    """The digits shown, of waiting and ticket; for the simulator. Raises ValueError."""
    if len(data) != 6 or not all(byte <= BLANK for byte in data):
        raise ValueError("not six digits")
    text = "".join(" " if byte == BLANK else str(byte) for byte in data)
    return text[:3].strip(), text[3:].strip()


def parse_key(data: bytes) -> tuple[WindowKey, int | None] | None:
    """What a clerk's key does, and the number typed before it; None for a key that does nothing."""
    *typed, key = data or b"\x00"
    number = int("".join(map(str, typed))) if typed and all(digit <= 9 for digit in typed) else None
    if key == CONFIRM:
        does = CONFIRMED.get(number) if number is not None and len(typed) == 1 else None
        return (does, None) if does else None
    return (KEYS[key], number) if key in KEYS else None


def parse_status(data: bytes) -> tuple[WindowKey, int | None] | None:
    """The same of a polled pad's answer: a letter, with the digits typed before it."""
    letter = data[-1:].decode("latin-1")
    if letter not in STATUS:
        return None
    typed = data[:-1].decode("latin-1")
    return STATUS[letter], int(typed) if typed.isascii() and typed.isdigit() else None


def _three(digits: str) -> bytes:
    return bytes(map(int, digits)) if digits else bytes([BLANK] * 3)
