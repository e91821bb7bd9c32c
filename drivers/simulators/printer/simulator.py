"""A ticket printer on a TCP port: it prints what it is sent, and answers as an Epson does."""

import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from drivers.printer.driver import EscposSettings
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.printer.paper import Paper
from drivers.simulators.printer.typesetter import Typesetter, cuts_paper, feeds_paper, measure_command
from drivers.simulators.simulator import SHOWN, Simulator, numbered


class PrinterSimulator(Simulator[PlugTcp]):
    """An Epson-like printer.

    Args:
        width: of the print head in dots: 576 or 384.
        process_id: whether it knows GS ( H; if not, it prints the command's text, as clones do.
        answers: which DLE EOT n it answers.
        on_change: called after anything visible has changed.
        now: the time, with a zone.
        port: the TCP port; 0 takes a free one.
    """

    place = "printer"
    hands = (*Simulator.hands, "take_out_paper", "put_in_paper", "open_cover", "close_cover")

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
        super().__init__(PlugTcp(self._receive, port=port), on_change)
        self.width = width
        self.process_id = process_id
        self.answers = answers
        self._now = now
        self._lock = threading.RLock()
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
        self._typesetter = Typesetter()

    # Eyes

    @classmethod
    def of(cls, settings: EscposSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls(now=now)

    def look(self) -> dict[str, Any]:
        """Paper, cover and the newest slips, newest first."""
        papers = list(enumerate(self.papers, 1))[-SHOWN:]
        slips = [{"id": number, "at": one.at.isoformat() if one.at else None} for number, one in reversed(papers)]
        return {"paper": self.has_paper, "cover_open": self.cover_is_open, "papers": slips}

    def piece(self, name: str) -> tuple[bytes, str]:
        """A picture of a slip by its number: ``papers/1.png``."""
        return numbered(self.papers, name, "papers/", ".png").png(), "image/png"

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
    def has_paper(self) -> bool:
        """Whether there is paper."""
        return self._paper_in

    @property
    def cover_is_open(self) -> bool:
        """Whether the cover is open."""
        return self._cover_open

    # Hands

    def unplug(self) -> None:
        """Pull the power: what it had in its buffer is gone, and half a slip stays half a slip."""
        self._plug.unplug()
        with self._lock:
            self._realtime = b""
            self._asb = 0
            self._held = None
        self.clear_memory()

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
            self._typesetter = Typesetter()
            self._come_out()
        self.on_change()

    def lose_buffer(self) -> None:
        """It loses what it has not carried out yet, and what stands on its paper stays there."""
        with self._lock:
            self._buffer.clear()

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
            length = measure_command(self._buffer)
            if length == 0:
                return
            command = bytes(self._buffer[:length])
            if feeds_paper(command) and self._rows_left is not None:
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
            self._typesetter.print(self._paper, bytes(byte for byte in command[2:] if byte >= 0x20))
        else:
            self._paper.bytes += command
            if cuts_paper(command):
                self._paper.cut = True
                self._come_out()
            else:
                self._typesetter.obey(self._paper, command)

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
