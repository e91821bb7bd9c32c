"""From ESC/POS commands to the rows of a paper, as an Epson with Chinese characters carries them out.

It is stricter than a printer: what a printer would print as rubbish (Chinese outside Chinese mode, an unknown command)
is noted in :attr:`Paper.faults`.
"""

from drivers.printer.glyphs import CELL
from drivers.simulators.printer.paper import Align, CodeRow, Glyph, Paper, RasterRow, TextRow, White

LINE_SPACING = 30
ALIGNS: dict[int, Align] = {0: "left", 1: "center", 2: "right", 48: "left", 49: "center", 50: "right"}

ARGUMENTS: dict[bytes, int] = {
    # how many bytes follow, for commands whose length does not depend on them
    **dict.fromkeys((b"\x1b@", b"\x1b2", b"\x1bi", b"\x1bm", b"\x1b\x0c", b"\x1c&", b"\x1c.", b"\x1d\x0c"), 0),
    **dict.fromkeys((b"\x1d\xe1", b"\x1d\xe2", b"\x1d\xe3", b"\x1d\xe4", b"\x1d\xe5", b"\x1d\xf6", b"\x1d\xf8"), 0),
    **dict.fromkeys((b"\x1ba", b"\x1bE", b"\x1bG", b"\x1b!", b"\x1bJ", b"\x1bd", b"\x1b3", b"\x1bM", b"\x1bt"), 1),
    **dict.fromkeys((b"\x1b-", b"\x1bV", b"\x1b{", b"\x1c!", b"\x1cW", b"\x1c-", b"\x1d!", b"\x1dr", b"\x1da"), 1),
    **dict.fromkeys((b"\x1dI", b"\x1dB", b"\x1dh", b"\x1dw", b"\x1dH", b"\x1df", b"\x1b ", b"\x1bR", b"\x1d\xe0"), 1),
    **dict.fromkeys((b"\x1bc", b"\x1cS", b"\x1dL", b"\x1dW", b"\x1bB", b"\x1b$", b"\x1b\\", b"\x1dP", b"\x1d\xe7"), 2),
    b"\x1bp": 3,
    b"\x1dg": 4,
    b"\x1c2": 74,
}


def measure_command(buffer: bytearray) -> int:
    """How long the first command or piece of text is; 0 when it is not whole yet."""
    first = buffer[0]
    if first not in (0x1B, 0x1C, 0x1D):
        return 1 if first < 0x80 or first == 0xFF else 2 if len(buffer) > 1 else 0
    if len(buffer) < 2:
        return 0
    head = bytes(buffer[:2])
    if head == b"\x1dV":
        length = 4 if len(buffer) > 2 and buffer[2] in (65, 66) else 3
    elif head in (b"\x1d(", b"\x1c("):
        length = 5 + int.from_bytes(buffer[3:5], "little") if len(buffer) >= 5 else 5
    elif head == b"\x1d8":
        length = 7 + int.from_bytes(buffer[3:7], "little") if len(buffer) >= 7 else 7
    elif head == b"\x1dv":
        size = int.from_bytes(buffer[4:6], "little") * int.from_bytes(buffer[6:8], "little")
        length = 8 + size if len(buffer) >= 8 else 8
    elif head == b"\x1de":
        length = 3 + {3: 1, 0x20: 2}.get(buffer[2], 0) if len(buffer) >= 3 else 3
    else:
        length = 2 + ARGUMENTS.get(head, 0)
    return length if len(buffer) >= length else 0


def cuts_paper(command: bytes) -> bool:
    """Whether it ends a piece of paper."""
    return command[:2] in (b"\x1dV", b"\x1bi", b"\x1bm")


def feeds_paper(command: bytes) -> bool:
    """Whether it needs paper."""
    return command == b"\n" or command.startswith((b"\x1bJ", b"\x1bd", b"\x1dv0", b"\x1d(k\x03\x001Q"))


def typeset(data: bytes, width: int = 576) -> list[Paper]:
    """The pieces of paper, ``width`` dots wide, that these bytes make; the last one is perhaps not cut."""
    buffer, typesetter, papers = bytearray(data), Typesetter(), [Paper(1, width)]
    while length := measure_command(buffer) if buffer else 0:
        command = bytes(buffer[:length])
        del buffer[:length]
        papers[-1].bytes += command
        if cuts_paper(command):
            papers[-1].cut = True
            papers.append(Paper(len(papers) + 1, width))
        else:
            typesetter.obey(papers[-1], command)
    return [paper for paper in papers if paper.rows]


class Typesetter:
    """The settings in force, and the line being filled."""

    def __init__(self) -> None:
        self._code = b""
        self._code_module = 3
        self._code_level = 0
        self._initialise()

    def _initialise(self) -> None:
        self._glyphs: list[Glyph] = []
        self._chinese = False
        self._size = (1, 1)
        self._chinese_size = (1, 1)
        self._bold = False
        self._align: Align = "left"
        self._spacing = LINE_SPACING

    def obey(self, paper: Paper, command: bytes) -> None:
        """Carry out one command, or take one character into the line."""
        argument = command[2] if len(command) > 2 else 0
        match command[:2]:
            case b"\x1b@":
                self._initialise()
            case b"\x1c&":
                self._chinese = True
            case b"\x1c.":
                self._chinese = False
            case b"\x1ba":
                self._align = ALIGNS.get(argument, "left")
            case b"\x1bE" | b"\x1bG":
                self._bold = bool(argument & 1)
            case b"\x1d!":
                self._size = (argument >> 4 & 7) + 1, (argument & 7) + 1
            case b"\x1b!":
                self._bold = bool(argument & 0x08)
                self._size = 2 if argument & 0x20 else 1, 2 if argument & 0x10 else 1
            case b"\x1c!":
                self._chinese_size = 2 if argument & 0x04 else 1, 2 if argument & 0x08 else 1
            case b"\x1cW":
                self._chinese_size = (2, 2) if argument & 1 else (1, 1)
            case b"\x1b3":
                self._spacing = argument
            case b"\x1b2":
                self._spacing = LINE_SPACING
            case b"\x1bJ":
                self._end_line(paper)
                paper.rows.append(White(argument))
            case b"\x1bd":
                self._end_line(paper)
                paper.rows.append(White(argument * self._spacing))
            case b"\x1dv":
                self._end_line(paper)
                width, height = int.from_bytes(command[4:6], "little"), int.from_bytes(command[6:8], "little")
                scale = 2 if command[3] & 1 else 1, 2 if command[3] & 2 else 1
                paper.rows.append(RasterRow(width, height, command[8:], self._align, scale))
            case b"\x1d(":
                self._code_command(paper, command)
            case b"\x1d8" | b"\x1c(" | b"\x1de":
                pass
            case head if head in ARGUMENTS:
                pass
            case head if head[0] in (0x1B, 0x1C, 0x1D):
                paper.faults.append(f"unknown command {head.hex(' ')}")
            case b"\n":
                self._end_line(paper, feed=True)
            case _:
                self.print(paper, command)

    def print(self, paper: Paper, text: bytes) -> None:
        """Take ``text`` into the line."""
        if text[0] == 0:
            return  # printers pass over it
        if text[0] < 0x20:
            paper.faults.append(f"control character {text.hex(' ')}")
            return
        if text[0] >= 0x80 and not self._chinese:
            paper.faults.append(f"{text.hex(' ')} outside Chinese mode")
        for character in text.decode("gbk", "replace"):
            wide, high = self._size
            if ord(character) > 0x7F:
                # Both kinds of enlarging set one flag: together they are no more than the larger.
                wide, high = max(wide, self._chinese_size[0]), max(high, self._chinese_size[1])
            glyph = Glyph(character, wide, high, self._bold)
            if sum(each.width for each in self._glyphs) + glyph.width > paper.width:
                self._end_line(paper, feed=True)
            self._glyphs.append(glyph)

    def _end_line(self, paper: Paper, feed: bool = False) -> None:
        if not self._glyphs and not feed:
            return
        height = max([self._spacing, *(glyph.high * CELL for glyph in self._glyphs)])
        paper.rows.append(TextRow(tuple(self._glyphs), self._align, height))
        self._glyphs = []

    def _code_command(self, paper: Paper, command: bytes) -> None:
        if not command.startswith(b"\x1d(k") or command[5:6] != b"1":
            paper.faults.append(f"unknown command {command[:7].hex(' ')}")
            return
        function, data = command[6:7], command[7:]
        match function:
            case b"C":
                self._code_module = data[0]
            case b"E":
                self._code_level = data[0] - 0x30
            case b"P":
                self._code = data[1:]
            case b"Q":
                self._end_line(paper)
                payload = self._code.decode("utf-8", "replace")
                paper.rows.append(CodeRow(payload, self._code_module, self._code_level, self._align))
            case _:
                pass
