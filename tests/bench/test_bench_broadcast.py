"""From the press of *call next* to the screens, in turns with a bare broadcast and with another checkout."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from beside import Bare, Side, compare
from load import Raw, Streams
from program import CONFIG, QuhaoProcess

SETTLED = 3.0
"""Seconds after its start until the program has put its collector at rest, which holds it up once."""
CHEROOT_THREADS = 200
"""Streams that the bare application on cheroot has threads for."""


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


def megabytes(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 1e6)


@dataclass
class Sender:
    """A server that tells its screens of each press.

    Attributes:
        path: of its event streams.
        token: of who presses.
        press: has the server tell the screens.
        tidy: what is to be done before the next press.
        times: of each press, the seconds until each screen had it.
    """

    name: str
    port: int
    pid: int
    path: str
    token: str | None
    press: Callable[[Raw], None]
    tidy: Callable[[Raw], None]
    streams: Streams | None = None
    raw: Raw | None = None
    before: float = 0.0
    times: list[list[float]] = field(default_factory=list)

    def open(self, screens: int) -> None:
        self.before = megabytes(self.pid)
        self.streams = Streams(self.port, self.path, screens)

    def connect(self) -> None:
        """For the presses: when all streams are open, so that no server ends it as idle meanwhile."""
        self.raw = Raw(self.port, self.token)

    def close(self) -> None:
        for each in (self.streams, self.raw):
            if each:
                each.close()

    def turn(self) -> list[float]:
        assert self.streams
        assert self.raw
        self.streams.drain()
        begin = time.perf_counter()
        self.press(self.raw)
        told = self.streams.wait_for(b"ticket.called", begin)
        self.tidy(self.raw)
        return told

    def percentile(self, part: float) -> float:
        """Of all presses together, in ms."""
        return percentile([time for press in self.times for time in press], part)

    def told(self) -> str:
        return (
            f"p50 {self.percentile(0.5):.1f} ms, p99 {self.percentile(0.99):.1f} ms, "
            f"memory + {megabytes(self.pid) - self.before:.0f} MB"
        )


def hall(stack: ExitStack, side: Side, folder: Path, tickets: int) -> Sender:
    """A program with so many tickets that wait."""
    config = CONFIG.replace("[server]", "[server]\nmax_streams = 1200")
    quhao = stack.enter_context(QuhaoProcess(side.folder(folder), config=config, checkout=side.checkout, forked=True))
    desk, clerk = quhao.token("desk"), quhao.token("clerk", "3")
    quhao.start()
    with closing(Raw(quhao.port, desk)) as issuing:
        for _ in range(tickets):
            assert issuing.post("/api/v1/tickets", {"service": "business-licence"})[0] == 201
    assert quhao.process
    return Sender(side.name, quhao.port, quhao.process.pid, "/api/v1/events", clerk, call_next, finish)


def call_next(raw: Raw) -> None:
    assert raw.post("/api/v1/windows/3/call-next")[0] == 200


def finish(raw: Raw) -> None:
    assert raw.post("/api/v1/windows/3/finish", {"outcome": "done"})[0] == 200


def bare_broadcast(server: str, port: int, pid: int) -> Sender:
    def press(raw: Raw) -> None:
        assert raw.post("/broadcast")[0] == 200

    return Sender(f"bare broadcast on {server}", port, pid, "/events", None, press, lambda _raw: None)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("screens", [200, 1000])
def test_bench_press_to_screens(
    tmp_path: Path,
    whole: bool,
    figure: Callable[[str], None],
    bare: Bare,
    sides: list[Side],
    screens: int,
) -> None:
    presses, warm_up, streams = (60, 5, screens) if whole else (3, 1, screens // 20)
    with ExitStack() as stack:
        halls = [hall(stack, side, tmp_path, presses + warm_up) for side in sides]
        started = time.monotonic()
        on = [server for server in bare.servers if server != "cheroot" or streams <= CHEROOT_THREADS]
        bares = [bare_broadcast(server, *bare.start("broadcast", server)) for server in on]
        if whole:
            time.sleep(max(0, started + SETTLED - time.monotonic()))
        for sender in (*halls, *bares):
            stack.enter_context(closing(sender))
            try:
                sender.open(streams)
            except (AssertionError, OSError) as error:
                if sender is halls[0] or sender in bares:
                    raise
                figure(f"{sender.name} takes no {streams} streams: {str(error) or type(error).__name__:.100}")
        senders = [sender for sender in (*halls, *bares) if sender.streams]
        for sender in senders:
            sender.connect()
        for number in range(presses + warm_up):
            for sender in senders:
                told = sender.turn()
                if number >= warm_up:
                    sender.times.append(told)
        this = halls[0]
        figure(f"press to {screens} screens: {this.told()}")
        for sender in senders[1:]:
            slowest, theirs = ([percentile(press, 0.99) for press in each.times] for each in (this, sender))
            figure(
                f"  {sender.name} {sender.told()}: p99 {this.percentile(0.99) / sender.percentile(0.99):.2f}x; "
                f"p99 of each press {compare(slowest, theirs, 'ms', 1)}"
            )
