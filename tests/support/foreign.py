"""Devices that are not ours: written from the manuals alone, they share no line with the drivers they answer.

They keep the drivers honest: a mistake that a codec and its simulator have in common shows up here.
"""

import os
import pty
import select
import socket
import threading
import tty
from dataclasses import dataclass, field
from typing import ClassVar

HEAD = bytes.fromhex("AAAAAA9669")


def card_text(
    name: str,
    sex: str,
    ethnicity: str,
    birth: str,
    address: str,
    number: str,
    authority: str,
    valid_from: str,
    valid_until: str,
) -> bytes:
    """The 256 bytes of a resident card: fixed fields of UTF-16LE, filled up with blanks."""
    fields = [
        (name, 30),
        (sex, 2),
        (ethnicity, 4),
        (birth, 16),
        (address, 70),
        (number, 36),
        (authority, 30),
        (valid_from, 16),
        (valid_until, 16),
        ("", 36),
    ]
    blank = " ".encode("utf-16-le")
    text = b""
    for value, size in fields:
        raw = value.encode("utf-16-le")
        text += raw + blank * ((size - len(raw)) // 2)
    assert len(text) == 256
    return text


CHEN = card_text(
    "陈示例",
    "1",
    "01",
    "19590307",
    "北京市西城区虚构胡同12号",
    "110102195903076513",
    "北京市公安局西城分局",
    "20180521",
    "长期",
)
"""An invented resident's card."""


class _Threaded:
    """Something that answers on a thread of its own."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        raise NotImplementedError


class ForeignReader(_Threaded):
    """A SAM_V card reader on a pty: find, select, read, newest address."""

    def __init__(self) -> None:
        super().__init__()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._card: bytes | None = None
        self._selected = False
        self.reads = 0

    def lay(self, text: bytes) -> None:
        self._selected = False
        self._card = text

    def lift(self) -> None:
        self._card = None
        self._selected = False

    def stop(self) -> None:
        super().stop()
        os.close(self._master)
        os.close(self._slave)

    def _run(self) -> None:
        held = b""
        while not self._stopping.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if not ready:
                continue
            held += os.read(self._master, 4096)
            while (start := held.find(HEAD)) >= 0 and len(held) >= start + 7:
                length = int.from_bytes(held[start + 5 : start + 7], "big")
                end = start + 7 + length
                if len(held) < end:
                    break
                frame, held = held[start:end], held[end:]
                os.write(self._master, self._answer(frame))

    def _answer(self, frame: bytes) -> bytes:
        check = 0
        for byte in frame[5:-1]:
            check ^= byte
        if check != frame[-1]:
            return self._frame(0x10)
        match frame[7:9]:
            case b"\x11\xff":
                return self._frame(0x90)
            case b"\x20\x01":
                if self._card is None or self._selected:
                    return self._frame(0x80)
                return self._frame(0x9F, bytes(4))
            case b"\x20\x02":
                if self._card is None or self._selected:
                    return self._frame(0x81)
                self._selected = True
                return self._frame(0x90, bytes(8))
            case b"\x30\x01":
                if self._card is None or not self._selected:
                    return self._frame(0x41)
                self.reads += 1
                photo = b"WL" + bytes(1022)
                return self._frame(0x90, bytes.fromhex("01000400") + self._card + photo)
            case b"\x30\x03":
                return self._frame(0x91 if self._card and self._selected else 0x41)
            case _:
                return self._frame(0x21)

    @staticmethod
    def _frame(status: int, data: bytes = b"") -> bytes:
        body = bytes([0, 0, status]) + data
        head = (len(body) + 1).to_bytes(2, "big")
        check = 0
        for byte in head + body:
            check ^= byte
        return HEAD + head + body + bytes([check])


class _Listening(_Threaded):
    """A TCP device that serves one host after another."""

    def __init__(self) -> None:
        super().__init__()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]

    def stop(self) -> None:
        super().stop()
        self._listener.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(30)
                try:
                    self._serve(connection)
                except OSError:
                    continue

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError

    def _receive(self, connection: socket.socket) -> bytes | None:
        """What came; b"" when nothing did for a moment, None once the host is gone."""
        ready, _, _ = select.select([connection], [], [], 0.05)
        return connection.recv(4096) or None if ready else b""


@dataclass
class ForeignPaper:
    """A slip as cut off: its text, what the QR holds, and how it came."""

    text: str = ""
    codes: list[str] = field(default_factory=list)
    raw: bytes = b""
    sizes: dict[str, int] = field(default_factory=dict)
    """The magnification each line of text was printed at."""


class ForeignPrinter(_Listening):
    """An Epson-like printer: status in real time, process ids after printing, paper cut by GS V."""

    # Commands with a fixed number of parameter bytes.
    FIXED: ClassVar[dict[bytes, int]] = {
        b"\x1b@": 0,
        b"\x1c&": 0,
        b"\x1d!": 1,
        b"\x1ba": 1,
        b"\x1bE": 1,
        b"\x1bJ": 1,
        b"\x1bd": 1,
        b"\x1b3": 1,
        b"\x1b2": 0,
        b"\x1b!": 1,
        b"\x1c!": 1,
        b"\x1bM": 1,
        b"\x1dL": 2,
        b"\x1dW": 2,
        b"\x1da": 1,
        b"\x1b-": 1,
        b"\x1bG": 1,
    }

    def __init__(self) -> None:
        super().__init__()
        self.papers: list[ForeignPaper] = []
        self.has_paper = True
        self.unknown: list[bytes] = []
        self.hang_up_after: int | None = None
        """Bytes of slips, not of questions, after which it hangs up once."""
        self._paper = ForeignPaper()

    def _serve(self, connection: socket.socket) -> None:
        # What was printed before a hang-up is still on the paper; nobody cut it off.
        held, paper, chinese, scale, line = b"", self._paper, False, 1, b""
        while not self._stopping.is_set():
            data = self._receive(connection)
            if data is None:
                return
            held += data
            while held:
                two = held[:2]
                used = 1
                if held[0] in (0x10, 0x1B, 0x1C, 0x1D) and len(held) < 2:
                    break
                if two == b"\x10\x04":
                    if len(held) < 3:
                        break
                    connection.sendall(self._status(held[2]))
                    held = held[3:]
                    continue
                if two == b"\x1dV":
                    if len(held) < 4:
                        break
                    used = 4
                    paper.raw += held[:used]
                    self.papers.append(paper)
                    paper = self._paper = ForeignPaper()
                elif two == b"\x1d(":
                    if len(held) < 5 or len(held) < 5 + int.from_bytes(held[3:5], "little"):
                        break
                    used = 5 + int.from_bytes(held[3:5], "little")
                    block = held[5:used]
                    if held[2:3] == b"k" and block[:3] == b"1P0":
                        paper.codes.append(block[3:].decode("ascii"))
                    elif held[2:3] == b"H" and block[:2] == b"00":
                        connection.sendall(b"7\x22" + block[2:6] + b"\x00")
                elif two == b"\x1dr":
                    if len(held) < 3:
                        break
                    used = 3
                    connection.sendall(b"\x00" if self.has_paper else b"\x0c")
                elif two == b"\x1dI":
                    if len(held) < 3:
                        break
                    used = 3
                elif two in self.FIXED:
                    used = 2 + self.FIXED[two]
                    if len(held) < used:
                        break
                    if two == b"\x1c&":
                        chinese = True
                    elif two == b"\x1b@":
                        chinese, scale = False, 1
                    elif two == b"\x1d!":
                        scale = (held[2] & 0x0F) + 1
                elif held[0] in (0x1B, 0x1C):
                    self.unknown.append(held[:8])
                elif held[0] == 0x0A:
                    text = line.decode("gbk") if chinese else line.decode("ascii", "replace")
                    paper.text += text + "\n"
                    paper.sizes[text] = max(scale, paper.sizes.get(text, 1))
                    line = b""
                else:
                    line += held[:1]
                if two != b"\x1dV":
                    paper.raw += held[:used]
                held = held[used:]
                if self.hang_up_after is not None and len(paper.raw) >= self.hang_up_after:
                    self.hang_up_after = None
                    return

    def _status(self, which: int) -> bytes:
        if self.has_paper:
            return b"\x12"
        return {1: b"\x1a", 2: b"\x32", 4: b"\x72"}.get(which, b"\x12")


class ForeignStrip(_Listening):
    """A BX-5K card: takes dynamic areas, checks them, and says so."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.news = threading.Event()

    def _serve(self, connection: socket.socket) -> None:
        held = b""
        while not self._stopping.is_set():
            data = self._receive(connection)
            if data is None:
                return
            held += data
            while b"\x5a" in held:
                frame, held = held.split(b"\x5a", 1)
                body = self._plain(frame.lstrip(b"\xa5"))
                if self._sum(body[:-2]) != int.from_bytes(body[-2:], "little"):
                    connection.sendall(self._reply(1, 5))
                    continue
                payload = body[14:-2]
                if payload[:2] == b"\xa3\x06":
                    self._take(payload[5:])
                connection.sendall(self._reply(0, 0))

    def _take(self, payload: bytes) -> None:
        count = payload[0]
        areas = payload[1 + (count if count != 0xFF else 0) :]
        size = int.from_bytes(areas[1:3], "little")
        area = areas[3 : 3 + size]
        length = int.from_bytes(area[23:27], "little")
        self.shown.append(area[27 : 27 + length].decode("gbk"))
        self.news.set()

    @staticmethod
    def _plain(escaped: bytes) -> bytes:
        for pair, byte in ((b"\xa6\x02", 0xA5), (b"\x5b\x02", 0x5A), (b"\xa6\x01", 0xA6), (b"\x5b\x01", 0x5B)):
            escaped = escaped.replace(pair, bytes([byte]) + b"\0\0\0mark")
        return escaped.replace(b"\0\0\0mark", b"")

    @staticmethod
    def _sum(data: bytes) -> int:
        value = 0
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (0xA001 if value & 1 else 0)
        return value

    def _reply(self, no: int, error: int) -> bytes:
        body = bytes.fromhex("00800100000000000000FE020500") + bytes([0xA0, no, error, 0, 0])
        body += self._sum(body).to_bytes(2, "little")
        for byte, pair in ((0xA6, b"\xa6\x01"), (0xA5, b"\xa6\x02"), (0x5B, b"\x5b\x01"), (0x5A, b"\x5b\x02")):
            body = body.replace(bytes([byte]), pair)
        return b"\xa5" * 8 + body + b"\x5a"
