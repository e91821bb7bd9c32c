"""From a card on the reader to the last byte of its slip, against the time those bytes need on their wires.

Both lines run at 115200 baud, 8N1, and are paced to it. The clock starts with the *find* that sees the card: readers
ask for no more than one each 300 ms, so a card waits 150 ms for it on average, whatever the host does.
"""

import os
import pty
import select
import statistics
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.sam import SamSimulator
from program import Client, Following, QuhaoProcess
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


@pytest.mark.timeout(600)
def test_bench_card_to_slip(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    rounds = 20 if whole else 1
    reader, printer = SamSimulator(paced=True), PacedPrinter()
    reader.start()
    quhao = QuhaoProcess(tmp_path, DEVICES.format(reader=reader.url, printer=printer.path))
    client = Client(quhao.port)
    ratios, times = [], []
    try:
        quhao.start(ready="//readyz")
        following = Following(quhao.port, "/api/v1/kiosk/events")
        sizes: list[int] = []
        for number in range(rounds):
            sample = CARDS[number % 5]
            wait_until(lambda: client.get("/kiosk").body["state"] == "idle", 20)
            seen, cuts, before = len(following.events), len(printer.cut_at), printer.bytes
            service = ("business-licence", "social-security")[number // 5 % 2] if number < 10 else "business-licence"
            reader.lay(sample.text, sample.photo)
            wait_until(lambda seen=seen: any(one[1]["state"] == "choosing" for one in following.events[seen:]), 5)
            answer = client.post("/kiosk/choose", {"service": service})
            if answer.status == 409:  # this resident has a ticket: the slip is printed again
                answer = client.post("/kiosk/reprint", {"service": service})
            assert answer.status in (200, 201), answer
            wait_until(lambda cuts=cuts: len(printer.cut_at) > cuts, 10)
            found = max(at for at, command in reader.asked if command == b"\x20\x02") - (10 + 15) * BYTE
            # The simulator notes monotonic seconds, as perf_counter does on Linux.
            taken = printer.cut_at[-1] - found
            on_the_wires = (READER_BYTES + printer.bytes - before - 7) * BYTE
            sizes.append(printer.jobs[-1])
            times.append(taken)
            ratios.append(taken / on_the_wires)
            reader.lift()
        following.close()
        figure(
            f"card to last byte of its slip: {statistics.median(times) * 1000:.0f} ms, "
            f"{statistics.median(ratios):.2f}x the bytes' time on their wires (worst {max(ratios):.2f}x)"
        )
        figure(f"bytes of a slip: {min(sizes)} to {max(sizes)}")
    finally:
        client.close()
        quhao.stop()
        printer.stop()
        reader.stop()
