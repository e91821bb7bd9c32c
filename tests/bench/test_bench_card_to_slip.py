"""From a card on the reader to the last byte of its slip, against the time those bytes need on their wires.

Both lines run at 115200 baud, 8N1, and are paced to it. The clock starts with the *find* that sees the card: readers
ask for no more than one each 300 ms, so a card waits 150 ms for it on average, whatever the host does.
"""

import os
import pty
import re
import select
import statistics
import threading
import time
import tty
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import config
from beside import Side, compare
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.sam import SamSimulator
from program import STORE, Client, Following, QuhaoProcess
from wires import wait_until

BYTE = 10 / 115200
READER_BYTES = (10 + 15) + (10 + 19) + (10 + 1295)
"""Find, select and read, with their answers."""

DEVICES = """
[[devices]]
name = "reader"
driver = "sam"
port = "{reader}"

[[devices]]
name = "printer"
driver = "escpos"
port = "{printer}"
baudrate = 115200
profile = "epson"
"""


def whole_demo(devices: str) -> str:
    """The configuration of ``quhao demo`` with ``devices`` as its reader and printer, for :class:`QuhaoProcess`."""
    demo = (Path(config.__file__).parent / "demo.toml").read_text("utf-8")
    demo = re.sub(r'\[\[devices]]\nname = "(reader|printer)"\n[^[]*', "", demo)
    demo = demo.replace('timezone = "Asia/Shanghai"\n', "").replace("{", "{{").replace("}", "}}")
    return (
        f'{demo}\n[server]\nport = {{port}}\n\n[store]\nurl = "sqlite:///{STORE}"\nkey_file = "master.key"\n{devices}'
    )


class PacedPrinter:
    """A serial printer whose line takes its time, byte by byte, in both directions."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.bytes = 0
        self.cut_at: list[float] = []
        self.jobs: list[int] = []
        """Bytes of each slip, without the questions before it."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        held = b""
        while not self._stopping.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            arrived = time.perf_counter()
            data = os.read(self._master, 4096)
            self.bytes += len(data)
            self._pass(arrived + len(data) * BYTE)
            held += data
            while held:
                at = min((place for place in (held.find(b"\x10\x04"), held.find(b"\x1d(H")) if place >= 0), default=-1)
                if at < 0 or len(held) < at + 3 or (held[at] == 0x1D and len(held) < at + 11):
                    break
                if held[at] == 0x10:
                    self._answer(b"\x12")
                    held = held[at + 3 :]
                else:
                    self.cut_at.append(time.perf_counter())
                    self.jobs.append(at + 11)
                    self._answer(b"7\x22" + held[at + 7 : at + 11] + b"\0")
                    held = held[at + 11 :]

    def _answer(self, data: bytes) -> None:
        self.bytes += len(data)
        self._pass(time.perf_counter() + len(data) * BYTE)
        os.write(self._master, data)

    def _pass(self, until: float) -> None:
        # Finer than a thread's wait can be: the line is what is measured.
        while (left := until - time.perf_counter()) > 0:
            self._stopping.wait(left - 0.0005 if left > 0.001 else 0)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)
        os.close(self._master)
        os.close(self._slave)


class Hall:
    """A program with a reader and a printer."""

    def __init__(self, stack: ExitStack, side: Side, folder: Path, *, whole: bool = False) -> None:
        self.name = side.name
        self.reader, self.printer = SamSimulator(paced=True), PacedPrinter()
        stack.callback(self.printer.stop)
        stack.callback(self.reader.stop)
        self.reader.start()
        devices = DEVICES.format(reader=self.reader.url, printer=self.printer.path)
        hall = whole_demo(devices) if whole else None
        program = QuhaoProcess(side.folder(folder), devices, hall, checkout=side.checkout, forked=True)
        quhao = stack.enter_context(program)
        quhao.start(ready="//readyz")
        token = quhao.token("kiosk")
        self._client = stack.enter_context(closing(Client(quhao.port, token)))
        stream = Following(quhao.port, "/api/v1/kiosk/events", Authorization=f"Bearer {token}")
        self._following = stack.enter_context(closing(stream))
        self.times: list[float] = []
        self.ratios: list[float] = []

    def round(self, number: int) -> None:
        """A resident lays a card, chooses and gets the slip."""
        sample = CARDS[number % 5]
        wait_until(lambda: self._client.get("/kiosk").body["state"] == "idle")
        seen, cuts, before = len(self._following.events), len(self.printer.cut_at), self.printer.bytes
        service = ("business-licence", "social-security")[number // 5 % 2] if number < 10 else "business-licence"
        self.reader.lay(sample.text, sample.photo)
        # The resident who chooses is the only one not measured: they answer as soon as they are asked.
        self._following.wait_for(seen, lambda kiosk: kiosk["state"] == "choosing")
        answer = self._client.post("/kiosk/choose", {"service": service})
        if answer.status == 409:  # this resident has a ticket: the slip is printed again
            answer = self._client.post("/kiosk/reprint", {"service": service})
        assert answer.status in (200, 201), answer
        wait_until(lambda: len(self.printer.cut_at) > cuts)
        found = max(at for at, command in self.reader.asked if command == b"\x20\x02") - (10 + 15) * BYTE
        # The simulator notes monotonic seconds, as perf_counter does on Linux.
        taken = self.printer.cut_at[-1] - found
        self.times.append(taken * 1000)
        self.ratios.append(taken / ((READER_BYTES + self.printer.bytes - before - 7) * BYTE))
        self.reader.lift()


@pytest.mark.timeout(600)
def test_bench_card_to_slip(tmp_path: Path, whole: bool, figure: Callable[[str], None], sides: list[Side]) -> None:
    rounds = 20 if whole else 1
    with ExitStack() as stack:
        halls = [Hall(stack, side, tmp_path) for side in sides]
        for number in range(rounds):
            for hall in halls:
                hall.round(number)
        this, *others = halls
        figure(
            f"card to last byte of its slip: {statistics.median(this.times):.0f} ms, "
            f"{statistics.median(this.ratios):.2f}x the bytes' time on their wires (worst {max(this.ratios):.2f}x)"
        )
        for hall in others:
            figure(f"  beside {hall.name}: {compare(this.times, hall.times, 'ms')}")
        figure(f"bytes of a slip: {min(this.printer.jobs[-rounds:])} to {max(this.printer.jobs[-rounds:])}")


@pytest.mark.timeout(600)
def test_bench_card_to_slip_beside_all_devices(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    """The same in the hall of ``quhao demo``, whose other devices all run meanwhile, each with its simulator."""
    with ExitStack() as stack:
        hall = Hall(stack, Side("all-devices"), tmp_path, whole=True)
        for number in range(20 if whole else 1):
            hall.round(number)
        figure(
            f"card to last byte of its slip, all devices: {statistics.median(hall.times):.0f} ms, "
            f"{statistics.median(hall.ratios):.2f}x the bytes' time on their wires (worst {max(hall.ratios):.2f}x)"
        )
