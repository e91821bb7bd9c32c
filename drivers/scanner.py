"""Code scanners on a serial line: each code is a line of text.

A line ends with CR or LF, or with silence for scanners that are set to send no suffix: a short one behind a whole code
of a ticket, a long one behind anything else, since a slow wire may pause within a code. What is in a line is nobody's
promise: a resident may hold any code before a scanner.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.device import Device, DeviceEvent, SerialOrTcpSettings, WindowId
from drivers.port import Port
from drivers.supervisor import Link

LONGEST = 512
"""Bytes of the longest line; a longer one is thrown away whole."""
GAP = 0.05
"""Seconds of silence that end a line which is a whole code."""
PATIENCE = 1.5
"""Seconds of silence that end any other line."""
SLICE = 0.1
"""Seconds after which an idle driver looks whether it shall stop."""

_WHOLE = re.compile(r"(?:\A|/T/)[0-9A-Z]{16}\Z", re.ASCII | re.IGNORECASE)
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


@dataclass(frozen=True)
class LineScanned(DeviceEvent):
    """A line was read at ``window``; "" for one too long to be anything of ours."""

    window: str
    line: str


class ScannerSettings(SerialOrTcpSettings):
    """``driver = "scanner"``; ``window`` is where it lies."""

    window: WindowId

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        return Device(Scanner(lambda line: emit(LineScanned(self.window, line))))


class LineDecoder:
    """Cuts what comes into lines, in any chunks. Holds no more than one line."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._too_long = False

    @property
    def pending(self) -> bool:
        """Whether a line has begun and has not ended."""
        return bool(self._line) or self._too_long

    @property
    def whole(self) -> bool:
        """Whether what has come of the line looks like a ticket's code from end to end: bare, or in its address."""
        return _WHOLE.search(self._text()) is not None

    def receive(self, data: bytes) -> list[str]:
        """The lines ended by ``data``, without control characters.

        Blank ones are left out; one that is too long is "", so that whoever scanned it hears that it is no code.
        """
        lines = []
        pieces = data.replace(b"\n", b"\r").split(b"\r")
        for piece in pieces[:-1]:
            self._add(piece)
            lines += self.end()
        self._add(pieces[-1])
        return lines

    def end(self) -> list[str]:
        """Call when the line has been silent: what has come is a line."""
        text, too_long = self._text(), self._too_long
        self._too_long = False
        self._line.clear()
        return [text] if text or too_long else []

    def _text(self) -> str:
        return self._line.decode("utf-8", "replace").translate(_CONTROLS).strip()

    def _add(self, piece: bytes) -> None:
        self._too_long = self._too_long or len(self._line) + len(piece) > LONGEST
        if self._too_long:
            self._line.clear()
        else:
            self._line += piece


class Scanner:
    """Hands on every line.

    Args:
        on_line: told each line, on the device's thread; "" for one too long to be anything of ours.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line

    def serve(self, port: Port, link: Link) -> None:
        """Hand on lines until the port is lost or the program stops. A silent scanner counts as online."""
        decoder = LineDecoder()
        link.online()
        heard_at = 0.0
        while not link.stopping.is_set():
            lines: list[str] = []
            if data := port.read(GAP if decoder.pending else SLICE):
                heard_at = time.monotonic()
                lines = decoder.receive(data)
            elif decoder.whole or time.monotonic() - heard_at >= PATIENCE:
                lines = decoder.end()
            for line in lines:
                self._on_line(line)
