"""A ticket printer on a TCP port: it interprets ESC/POS, draws the paper, and answers as an Epson does.

It is stricter than a printer: what a printer would print as rubbish (Chinese outside Chinese mode, an unknown command)
is noted in :attr:`Paper.faults`.
"""

import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from drivers.simulators.paper import CELL, CodeRow, Glyph, Paper, RasterRow, TextRow, White
from drivers.simulators.plug_tcp import PlugTcp

LINE_SPACING = 30
ALIGNS = {0: "left", 1: "center", 2: "right", 48: "left", 49: "center", 50: "right"}

ARGUMENTS: dict[bytes, int] = {
    # how many bytes follow, for commands whose length does not depend on them
    **dict.fromkeys((b"\x1b@", b"\x1b2", b"\x1bi", b"\x1bm", b"\x1c&", b"\x1c."), 0),
    **dict.fromkeys((b"\x1ba", b"\x1bE", b"\x1bG", b"\x1b!", b"\x1bJ", b"\x1bd", b"\x1b3", b"\x1bM", b"\x1bt"), 1),
    **dict.fromkeys((b"\x1b-", b"\x1bV", b"\x1b{", b"\x1c!", b"\x1cW", b"\x1c-", b"\x1d!", b"\x1dr", b"\x1da"), 1),
    **dict.fromkeys((b"\x1dI", b"\x1dB", b"\x1dh", b"\x1dw", b"\x1dH", b"\x1df"), 1),
    **dict.fromkeys((b"\x1bc", b"\x1cS", b"\x1dL", b"\x1dW", b"\x1bB"), 2),
}


class PrinterSimulator:
    """An Epson-like printer.

    Args:
        width: of the print head in dots: 576 or 384.
        process_id: whether it knows GS ( H; if not, it prints the command's text, as clones do.
        answers: which DLE EOT n it answers.
        on_change: called after anything visible has changed.
        now: the time, with a zone.
        port: the TCP port; 0 takes a free one.
    """

    def __init__(
        self,
        *,
        width: int = 576,
        process_id: bool = True,
        answers: Collection[int] = (1, 2, 3, 4),
        on_change: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        port: int = 0,
    ) -> None:
        self.width = width
        self.process_id = process_id
        self.answers = answers
        self.on_change = on_change
        self._now = now
        self._lock = threading.RLock()
        self._plug = PlugTcp(self._receive, port=port)
        self._paper_in = True
        self._near_end = False
        self._cover_open = False
        self._cutter_jammed = False
        self._silent = False
        self._mute = False
        self._held: list[bytes] | None = None
        self._rows_left: int | None = None
        self._hang_up_in: int | None = None
        self._realtime = b""
        self._buffer = bytearray()
        self._papers: list[Paper] = []
        self._received = 0
        self._asb = 0
        self._paper = Paper(1, width)
        self._state = _PrintState()

    # Eyes

    @property
    def url(self) -> str:
        """Where a driver finds it."""
        return self._plug.url

    @property
    def papers(self) -> list[Paper]:
        """What has come out, oldest first: cut slips, and those torn off half printed."""
        with self._lock:
            return list(self._papers)

    @property
    def unfinished(self) -> Paper:
        """What is in the printer and not cut."""
        return self._paper

    @property
    def received(self) -> int:
        """How many bytes have come for printing; questions of status are not among them."""
        return self._received

    @property
    def plugged(self) -> bool:
        """Whether it has power."""
        return self._plug.plugged

    @property
    def has_paper(self) -> bool:
        """Whether there is paper."""
        return self._paper_in

    @property
    def cover_is_open(self) -> bool:
        """Whether the cover is open."""
        return self._cover_open

    # Hands

    def start(self) -> None:
        """Switch it on."""
        self._plug.start()

    def stop(self) -> None:
        """Switch it off for good."""
        self._plug.stop()

    def unplug(self) -> None:
        """Pull the power: what it had in its buffer is gone, and half a slip stays half a slip."""
        self._plug.unplug()
        with self._lock:
            self._realtime = b""
            self._asb = 0
            self._held = None
        self.clear_memory()

    def plug_in(self) -> None:
        """Give it power."""
        self._plug.plug_in()
        self.on_change()

    def hang_up(self, reset: bool = False) -> None:
        """End the connection; it goes on printing what it has."""
        self._plug.hang_up(reset)

    def hang_up_after(self, count: int) -> None:
        """End the connection when ``count`` more bytes for printing have come; those behind them are lost."""
        with self._lock:
            self._hang_up_in = count

    def take_out_paper(self) -> None:
        """The roll is used up."""
        self._set(_paper_in=False)

    def put_in_paper(self) -> None:
        """A new roll: it goes on with what it still holds."""
        self._set(_paper_in=True, _near_end=False, _rows_left=None)

    def paper_lasts(self, rows: int) -> None:
        """The roll ends after ``rows`` more printed rows."""
        with self._lock:
            self._rows_left = rows

    def wear_down_paper(self) -> None:
        """The roll is nearly used up."""
        self._set(_near_end=True)

    def open_cover(self) -> None:
        """It goes offline."""
        self._set(_cover_open=True)

    def close_cover(self) -> None:
        """It goes on with what it still holds."""
        self._set(_cover_open=False)

    def jam_cutter(self, jammed: bool = True) -> None:
        """Its cutter is stuck."""
        self._set(_cutter_jammed=jammed)

    def silence(self, silent: bool = True) -> None:
        """It neither answers nor prints, and keeps what it is sent."""
        self._set(_silent=silent)

    def mute(self, mute: bool = True) -> None:
        """It prints, and its answers get lost."""
        with self._lock:
            self._mute = mute

    def hold_confirmations(self, hold: bool = True, only: int | None = None) -> None:
        """It prints, and says so only when this is ended; ``only`` gives out so many, and holds on to the rest."""
        with self._lock:
            held = self._held or []
            given, kept = (held, []) if only is None else (held[:only], held[only:])
            self._held = kept if hold or only is not None else None
            for answer in given:
                self._send(answer)

    def clear_memory(self) -> None:
        """Somebody clears what it has not printed yet, as DLE ENQ 2 or switching it off and on does."""
        with self._lock:
            self._buffer.clear()
            self._state = _PrintState()
            self._come_out()
        self.on_change()

    def forget_host(self) -> None:
        """The connection is dead without a word: what the host sends into it goes nowhere."""
        self._plug.forget_host()

    def noise(self, data: bytes) -> None:
        """Bytes to the host that it has not asked for."""
        self._plug.send(data)

    # Inside

    @property
    def _offline(self) -> bool:
        return not self._paper_in or self._cover_open or self._cutter_jammed

    def _set(self, **states: object) -> None:
        with self._lock:
            for name, value in states.items():
                setattr(self, name, value)
            if self._asb:
                self._send(self._auto_status())
            self._print()
        self.on_change()

    def _send(self, data: bytes) -> None:
        if not (self._silent or self._mute):
            self._plug.send(data)

    def _receive(self, data: bytes) -> None:
        with self._lock:
            before = self._paper, len(self._paper.rows), self._offline
            hang_up = False
            for byte in data:
                if self._take_realtime(byte):
                    continue
                if self._hang_up_in == 0:
                    hang_up = True
                    break
                if self._hang_up_in is not None:
                    self._hang_up_in -= 1
                self._received += 1
                self._buffer.append(byte)
            self._print()
            if hang_up:
                self._hang_up_in = None
            changed = before != (self._paper, len(self._paper.rows), self._offline)
        if hang_up:
            self._plug.hang_up()
        if changed:
            self.on_change()

    def _take_realtime(self, byte: int) -> bool:
        """DLE EOT n is carried out as it comes in, whatever state the printer is in."""
        self._realtime += bytes([byte])
        if self._realtime in (b"\x10", b"\x10\x04"):
            return True
        command, self._realtime = self._realtime, b""
        if command.startswith(b"\x10\x04"):
            if byte in self.answers:
                self._send(bytes([self._status(byte)]))
            return True
        self._buffer += command[:-1]
        self._received += len(command) - 1
        return False

    def _status(self, n: int) -> int:
        match n:
            case 1:
                return 0x12 | 0x08 * self._offline
            case 2:
                return 0x12 | 0x04 * self._cover_open | 0x20 * (not self._paper_in) | 0x40 * self._cutter_jammed
            case 3:
                return 0x12 | 0x08 * self._cutter_jammed
            case _:
                return 0x12 | 0x0C * (self._near_end or not self._paper_in) | 0x60 * (not self._paper_in)

    def _auto_status(self) -> bytes:
        paper = 0x03 * (self._near_end or not self._paper_in) | 0x0C * (not self._paper_in)
        return bytes([0x10 | 0x08 * self._offline | 0x20 * self._cover_open, 0x08 * self._cutter_jammed, paper, 0])

    def _print(self) -> None:
        """Carry out what is in the buffer, as far as it is whole and the printer is able to."""
        while self._buffer and not self._offline and not self._silent:
            length = _measure(self._buffer)
            if length == 0:
                return
            command = bytes(self._buffer[:length])
            prints = command == b"\n" or command.startswith((b"\x1bJ", b"\x1bd", b"\x1dv0", b"\x1d(k\x03\x001Q"))
            if prints and self._rows_left is not None:
                if self._rows_left == 0:
                    self._paper_in, self._rows_left = False, None
                    if self._asb:
                        self._send(self._auto_status())
                    return
                self._rows_left -= 1
            del self._buffer[:length]
            self._carry_out(command)

    def _carry_out(self, command: bytes) -> None:
        head = command[:2]
        if head == b"\x1dr":
            self._confirm(bytes([0x03 * self._near_end]))
        elif head == b"\x1da":
            self._asb = command[2]
            if self._asb:
                self._send(self._auto_status())
        elif command.startswith(b"\x1d(H\x06\x0000") and self.process_id:
            self._confirm(b"\x37\x22" + command[7:11] + b"\x00")
        elif command.startswith(b"\x1d(H") and not self.process_id:
            self._state.print(self._paper, command[2:])
        else:
            self._paper.bytes += command
            if head in (b"\x1dV", b"\x1bi", b"\x1bm"):
                self._paper.cut = True
                self._come_out()
            else:
                self._state.obey(self._paper, command)

    def _confirm(self, answer: bytes) -> None:
        if self._held is not None:
            self._held.append(answer)
        else:
            self._send(answer)

    def _come_out(self) -> None:
        if self._paper.rows:
            self._paper.at = self._now()
            self._papers.append(self._paper)
        self._paper = Paper(len(self._papers) + 1, self.width)


def _measure(buffer: bytearray) -> int:
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
    elif head == b"\x1dv":
        size = int.from_bytes(buffer[4:6], "little") * int.from_bytes(buffer[6:8], "little")
        length = 8 + size if len(buffer) >= 8 else 8
    else:
        length = 2 + ARGUMENTS.get(head, 0)
    return length if len(buffer) >= length else 0


class _PrintState:
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
        self._align = "left"
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
                paper.rows.append(RasterRow(width, height, command[8:], self._align))  # type: ignore[arg-type]
            case b"\x1d(":
                self._code_command(paper, command)
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
        paper.rows.append(TextRow(tuple(self._glyphs), self._align, height))  # type: ignore[arg-type]
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
                paper.rows.append(CodeRow(payload, self._code_module, self._code_level, self._align))  # type: ignore[arg-type]
            case _:
                pass
