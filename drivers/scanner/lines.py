"""What a scanner sends, cut into lines. Pure.

A line ends with CR or LF, or with silence for scanners that are set to send no suffix. What is in a line is nobody's
promise: a resident may hold any code before a scanner.
"""

import re
from collections.abc import Callable

LONGEST = 512
"""Bytes of the longest line; a longer one is thrown away whole."""

_WHOLE = re.compile(r"(?:\A|/T/)[0-9A-Z]{16}\Z", re.ASCII | re.IGNORECASE)
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


class LineDecoder:
    """Cuts what comes into lines, in any chunks. Holds no more than one line.

    Args:
        without_answers: what is left of a line without what its scanner answers to commands.
    """

    def __init__(self, without_answers: Callable[[bytes], bytes] = lambda line: line) -> None:
        self._without_answers = without_answers
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
        line = self._without_answers(bytes(self._line))
        return line.decode("utf-8", "replace").translate(_CONTROLS).strip()

    def _add(self, piece: bytes) -> None:
        self._too_long = self._too_long or len(self._line) + len(piece) > LONGEST
        if self._too_long:
            self._line.clear()
        else:
            self._line += piece
