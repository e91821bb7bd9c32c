"""Code scanners on a serial line: each code is a line of text.

A line ends with CR or LF, or with 50 ms of silence for scanners that are set to send no suffix. What is in it is
nobody's promise: a resident may hold any code before a scanner.
"""

from collections.abc import Callable

from drivers.port import Port
from drivers.supervisor import Link

LONGEST = 512
"""Bytes of the longest line; a longer one is thrown away whole."""
GAP = 0.05
"""Seconds of silence that end a line."""
SLICE = 0.1
"""Seconds after which an idle driver looks whether it shall stop."""

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


class LineDecoder:
    """Cuts what comes into lines, in any chunks. Holds no more than one line."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._too_long = False

    @property
    def pending(self) -> bool:
        """Whether a line has begun and has not ended."""
        return bool(self._line) or self._too_long

    def receive(self, data: bytes) -> list[str]:
        """The lines ended by ``data``, without control characters; blank ones are left out."""
        lines = []
        pieces = data.replace(b"\n", b"\r").split(b"\r")
        for piece in pieces[:-1]:
            self._add(piece)
            lines += self.end()
        self._add(pieces[-1])
        return lines

    def end(self) -> list[str]:
        """Call when the line has been silent: what has come is a line."""
        text = self._line.decode("utf-8", "replace").translate(_CONTROLS).strip()
        self._too_long = False
        self._line.clear()
        return [text] if text else []

    def _add(self, piece: bytes) -> None:
        self._too_long = self._too_long or len(self._line) + len(piece) > LONGEST
        if self._too_long:
            self._line.clear()
        else:
            self._line += piece


class Scanner:
    """Hands on every line.

    Args:
        on_line: told each line, on the device's thread.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line

    def serve(self, port: Port, link: Link) -> None:
        """See :meth:`drivers.supervisor.Driver.serve`. A scanner is silent until it sees a code: open is online."""
        decoder = LineDecoder()
        link.online()
        while not link.stopping.is_set():
            data = port.read(GAP if decoder.pending else SLICE)
            for line in decoder.receive(data) if data else decoder.end():
                self._on_line(line)
