"""A ticket printer on a TCP port or a serial line: it prints what it is sent, and answers as its model does."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from drivers.printer.driver import EscposSettings
from drivers.printer.escpos_status import CASHINO, MASUNG, SNBC
from drivers.printer.profiles import DLE_CLEAR, PROFILES, Profile
from drivers.simulators.panel import Part, Picture, Pull, Reading
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp
from drivers.simulators.printer.paper import Paper
from drivers.simulators.printer.typesetter import Typesetter, cuts_paper, feeds_paper, measure_command
from drivers.simulators.simulator import SHOWN, Simulator, numbered

REALTIME = (b"\x10\x04", DLE_CLEAR)
"""What is carried out as it comes in, whatever is before it; DLE EOT has one more byte."""
NAMES = {0x41: b"1.00", 0x42: b"QUHAO", 0x43: b"SIMULATOR", 0x44: b"0000001", 0x45: b"CHINA GB18030"}
"""Its answers to GS I: firmware, maker, model, serial number, fonts."""
_PULLS = (
    (
        *("cover", "上盖", "Cover", "open_cover", "close_cover"),
        *(("打开上盖", "Open the cover"), ("合上上盖", "Close the cover")),
        "M4 20h16v-7H4zM4 13 17 4l3 4",
    ),
    (
        *("roll", "纸卷", "Paper", "take_out_paper", "put_in_paper"),
        *(("取走纸卷", "Take out the paper"), ("装上纸卷", "Put in paper")),
        "M3 10a6 6 0 1 0 12 0a6 6 0 1 0-12 0M7.4 10a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0M15 10v11h5v-9",
    ),
    (
        *("low", "纸少", "Low", "wear_down_paper", "put_in_paper"),
        *(("纸快用完", "Let the roll run low"), ("装上纸卷", "Put in paper")),
        "M6.5 13a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M11.5 13v8h8v-12M4 5h5",
    ),
    (
        *("cutter", "切刀", "Cutter", "jam_cutter", "free_cutter"),
        *(("卡住切刀", "Jam the cutter"), ("松开切刀", "Free the cutter")),
        "M3 9l4-5 5 5 5-5 4 5M4 20h16M4 16h16",
    ),
    (
        *("jam", "卡纸", "Jam", "jam_paper", "clear_jam"),
        *(("卡住纸", "Jam the paper"), ("取出卡纸", "Pull out the paper")),
        "M5 4h14M5 20h14M8 4v4l8 3-8 3 8 3v3",
    ),
    (
        *("heat", "过热", "Heat", "heat", "cool"),
        *(("打印头过热", "Heat the head"), ("等它凉下来", "Let it cool")),
        "M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-3 2-4 2-7 1.5 1 2 2 3 4 1-2 1-5 0-8z",
    ),
)
AT_WORK = 0.15
"""Seconds for which its motor runs on."""


class PrinterSimulator(Simulator[PlugTcp | PlugPty]):
    """A printer of a model.

    Args:
        profile: the model; a presenter, a way of telling its status and counters are as there.
        width: of the print head in dots: 576 or 384; None: the model's.
        process_id: whether it knows GS ( H; if not, it prints the command's text, as clones do.
        answers: which DLE EOT n it answers, of those the model has.
        on_change: called after anything visible has changed.
        now: the time, with a zone.
        port: the TCP port; 0 takes a free one.
        serial: a pty, as of a serial or USB printer, instead of a TCP port.
    """

    place = "printer"
    hands = (
        *Simulator.hands,
        "take_out_paper",
        "put_in_paper",
        "open_cover",
        "close_cover",
        "wear_down_paper",
        "jam_cutter",
        "free_cutter",
        "jam_paper",
        "clear_jam",
        "heat",
        "cool",
        "take_ticket",
    )

    def __init__(
        self,
        *,
        profile: Profile = PROFILES["epson"],
        width: int | None = None,
        process_id: bool = True,
        answers: Collection[int] = (1, 2, 3, 4, 5, 0x14),
        on_change: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        port: int = 0,
        serial: bool = False,
    ) -> None:
        plug: PlugTcp | PlugPty = PlugPty(self._receive, "lp0") if serial else PlugTcp(self._receive, port=port)
        super().__init__(plug, on_change)
        self.width = width or profile.width
        self.process_id = process_id
        self.answers = answers
        self.retracted = 0
        self._profile = profile
        self._jammed = False
        self._hot = False
        self._ticket: Paper | None = None
        self._busy_until = 0.0
        self._cuts = 2376
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
        self._paper = Paper(1, self.width)
        self._typesetter = Typesetter()

    # Eyes

    @classmethod
    def of(cls, settings: EscposSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        profile = PROFILES[settings.profile]
        answers = () if profile.confirm == "none" else (1, 2, 3, 4, 5, 0x14)
        return cls(profile=profile, process_id=profile.confirm == "gs_h", answers=answers, now=now)

    def look(self) -> dict[str, Any]:
        """Paper, cover, what is the matter, and the newest slips, newest first."""
        papers = list(enumerate(self.papers, 1))[-SHOWN:]
        slips = [{"id": number, "at": one.at.isoformat() if one.at else None} for number, one in reversed(papers)]
        return {
            "paper": self.has_paper,
            "near_end": self._near_end,
            "cover_open": self.cover_is_open,
            "cutter_jammed": self._cutter_jammed,
            "jammed": self._jammed,
            "hot": self._hot,
            "ticket_waits": self.ticket_waits,
            "papers": slips,
        }

    def panel(self) -> Sequence[Part]:
        """The newest slip."""
        newest = len(self.papers)
        if not newest:
            return [Reading("小票", "Slip", "-")]
        return [Picture("最新的小票", "The newest slip", f"papers/{newest}.png", str(newest))]

    def pulls(self) -> Sequence[Pull]:
        """Its plug, cover and roll, and what can go wrong with them."""
        out = {
            "cover": self.cover_is_open,
            "roll": not self.has_paper,
            "low": self._near_end,
            "cutter": self._cutter_jammed,
            "jam": self._jammed,
            "heat": self._hot,
        }
        return [*super().pulls(), *(Pull(*one, is_out=out[one[0]]) for one in _PULLS)]

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
    def ticket_waits(self) -> bool:
        """Whether a slip hangs in its exit."""
        return self._ticket is not None

    @property
    def cuts(self) -> int:
        """Its counter of cuts."""
        return self._cuts

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
        if isinstance(self._plug, PlugTcp):
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

    def free_cutter(self) -> None:
        """Somebody frees it."""
        self.jam_cutter(False)

    def jam_paper(self) -> None:
        """Paper is stuck on its way out."""
        self._set(_jammed=True)

    def clear_jam(self) -> None:
        """Somebody pulls it out."""
        self._set(_jammed=False)

    def heat(self) -> None:
        """Its head is too hot."""
        self._set(_hot=True)

    def cool(self) -> None:
        """It goes on with what it still holds."""
        self._set(_hot=False)

    def take_ticket(self) -> None:
        """A resident takes the slip that hangs in the exit."""
        self._set(_ticket=None)

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
        if isinstance(self._plug, PlugTcp):
            self._plug.forget_host()

    def noise(self, data: bytes) -> None:
        """Bytes to the host that it has not asked for."""
        self._plug.send(data)

    # Inside

    @property
    def _offline(self) -> bool:
        return not self._paper_in or self._cover_open or self._cutter_jammed or self._jammed or self._hot

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
            self.hang_up()
        if changed:
            self.on_change()

    def _take_realtime(self, byte: int) -> bool:
        """DLE EOT n and DLE DC4 8 are carried out as they come in, whatever state the printer is in."""
        self._realtime += bytes([byte])
        if any(command.startswith(self._realtime) for command in REALTIME) and self._realtime != DLE_CLEAR:
            return True
        command, self._realtime = self._realtime, b""
        if command == DLE_CLEAR and self._profile.clear:
            # The paper stays as it is, half printed or not.
            self._buffer.clear()
            self._typesetter = Typesetter()
            self._send(b"\x37\x25\x00")
            return True
        if command.startswith(b"\x10\x04"):
            if byte in self.answers and byte in self._profile.status.questions:
                self._send(self._full_status() if self._profile.status.full else bytes([self._status(byte)]))
            return True
        self._buffer += command[:-1]
        self._received += len(command) - 1
        return False

    def _status(self, n: int) -> int:
        broken = self._cutter_jammed or self._jammed or self._hot
        jam_is_told = self._profile.status in (MASUNG, SNBC)
        match n:
            case 1:
                torn = 0x80 * (self.ticket_waits and self._profile.status is CASHINO)
                return 0x12 | 0x08 * self._offline | torn
            case 2:
                return 0x12 | 0x04 * self._cover_open | 0x20 * (not self._paper_in) | 0x40 * broken
            case 3:
                jam = 0x04 if jam_is_told else 0x20
                stuck = self._jammed and self._profile.status is not MASUNG
                return 0x12 | 0x08 * self._cutter_jammed | jam * stuck | 0x40 * self._hot
            case 5:
                return 0x08 * self._jammed | 0x04 * self.ticket_waits
            case _:
                return 0x12 | 0x0C * (self._near_end or not self._paper_in) | 0x60 * (not self._paper_in)

    def _full_status(self) -> bytes:
        working = bool(self._buffer) or time.monotonic() < self._busy_until
        paper = 0x01 * (not self._paper_in) | 0x04 * (self._near_end or not self._paper_in) | 0x20 * self.ticket_waits
        user = 0x02 * self._cover_open | 0x04 * bool(self._buffer) | 0x08 * (working and not self._offline)
        return bytes([0x10, 0x0F, paper, user, 0x01 * self._hot | 0x40 * self._jammed, 0x01 * self._cutter_jammed])

    def _auto_status(self) -> bytes:
        paper = 0x03 * (self._near_end or not self._paper_in) | 0x0C * (not self._paper_in)
        error = 0x08 * self._cutter_jammed | 0x20 * self._jammed | 0x40 * self._hot
        return bytes([0x10 | 0x08 * self._offline | 0x20 * self._cover_open, error, paper, 0])

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
        elif head == b"\x1dI":
            self._confirm(self._who_am_i(command[2]))
        elif command.startswith(b"\x1dg2") and self._profile.counter:
            self._confirm(b"\x5f%d\x00" % self._cuts)
        elif head == b"\x1d\xe2" and self._profile.counter:
            self._confirm(b"%d cuts" % self._cuts)
        elif head == b"\x1de" and self._profile.presenter:
            self._paper.bytes += command
            self._move_ticket(command)
        elif command.startswith(b"\x1d(H") and not self.process_id:
            self._typesetter.print(self._paper, bytes(byte for byte in command[2:] if byte >= 0x20))
        else:
            self._paper.bytes += command
            self._busy_until = time.monotonic() + AT_WORK
            if cuts_paper(command):
                self._cuts += 1
                self._paper.cut = True
                self._come_out()
            else:
                self._typesetter.obey(self._paper, command)

    def _who_am_i(self, n: int) -> bytes:
        if name := NAMES.get(n):
            return b"\x5f" + name + b"\x00"
        return bytes([{1: 0x20, 2: 0x02, 3: 0x01}.get(n & 0x0F, 0x00)])

    def _move_ticket(self, command: bytes) -> None:
        presenter = self._profile.presenter
        if presenter and command == presenter.present:
            self._ticket = self._papers[-1] if self._papers else None
        elif presenter and command in (presenter.retract, presenter.eject):
            self.retracted += self._ticket is not None and command == presenter.retract
            self._ticket = None

    def _confirm(self, answer: bytes) -> None:
        if self._held is not None:
            self._held.append(answer)
        else:
            self._send(answer)

    def _come_out(self) -> None:
        if self._paper.rows:
            self._paper.at = self._now()
            self._papers.append(self._paper)
            if self._profile.status.waiting and not self._profile.presenter:
                self._ticket = self._paper
        self._paper = Paper(len(self._papers) + 1, self.width)
