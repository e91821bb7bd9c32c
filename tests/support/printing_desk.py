"""A ticket printer on TCP, its driver, and whoever prints: for the tests of the printer's driver."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import wires
from drivers.port import Port, open_port
from drivers.printer.driver import Outcome, Printer
from drivers.printer.escpos import PROFILES, Code, Item, Rule, Text
from drivers.simulators.printer.simulator import PrinterSimulator
from drivers.supervisor import Supervisor

SLIP = (
    Text("西城区综合行政服务中心", 2),
    Rule(),
    Text("A012", 5, bold=True),
    Code("HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF"),
    Text("请留意叫号"),
)


class Clock:
    """Steady seconds; the test may skip some."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


@dataclass
class Desk:
    """A printer, its driver with its clock, and whoever prints."""

    simulator: PrinterSimulator
    printer: Printer
    supervisor: Supervisor[Port]
    clock: Clock
    sendings: int = 0

    def sending(self) -> None:
        self.sendings += 1

    def slip(self, number: str) -> tuple[Item, ...]:
        return (*SLIP[:2], Text(number, 5), *SLIP[3:])

    def print(self, number: str = "A012", **options: Any) -> Outcome:
        """Print; a printer that is being connected again is waited for as long as it takes, unless told otherwise."""
        return self.printer.print(self.slip(number), self.sending, **{"patience": 60.0} | options)

    def print_aside(self, number: str = "A012", **options: Any) -> "Aside":
        return Aside(lambda: self.print(number, **options))

    def numbers(self) -> list[str]:
        """The numbers on the slips that came out whole."""
        return [paper.texts[2] for paper in self.simulator.papers if paper.cut]


class Aside:
    """Prints on a thread of its own."""

    def __init__(self, work: Callable[[], Outcome]) -> None:
        self._outcome: list[Outcome] = []
        self._thread = threading.Thread(target=lambda: self._outcome.append(work()))
        self._thread.start()

    @property
    def done(self) -> bool:
        return bool(self._outcome)

    def goes_on_for(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self.done

    def outcome(self, timeout: float = 60.0) -> Outcome:
        self._thread.join(timeout)
        return self._outcome[0]


Open = Callable[..., Desk]


def open_desks() -> Iterator[Open]:
    """For a fixture to yield from: opens desks, and closes them in the end."""
    opened: list[Desk] = []

    def open_desk(
        profile: str = "epson",
        wire: type[wires.WholeWire] = wires.WholeWire,
        plugged: bool = True,
        simulator: PrinterSimulator | None = None,
        half_slip: bool = False,
        **options: Any,
    ) -> Desk:
        # Short where a test is about nothing being confirmed; answers are waited for as long as they take.
        timeouts = {"ack_timeout": 0.6, "poll_interval": 0.3, "paused_timeout": 60.0, "answer_timeout": 10.0}
        timeouts["take_timeout"] = 60.0
        timeouts["fresh"] = 0.0  # so that "sending" is told right before the first byte
        timeouts |= {name: options.pop(name) for name in list(options) if name in timeouts}
        at_work = simulator or PrinterSimulator(**{"profile": PROFILES[profile], **options})
        if simulator is None:
            at_work.start()
        clock = Clock()
        printer = Printer(PROFILES[profile], clock=clock, **timeouts)
        if half_slip:
            printer.expect_half_slip()
        supervisor = Supervisor("printer", "escpos", lambda: wire(open_port(at_work.url)), printer, wires.now)
        if not plugged:
            at_work.unplug()
        supervisor.start()
        if plugged:
            wires.wait_until(lambda: printer.ready != "offline")
        opened.append(Desk(at_work, printer, supervisor, clock))
        return opened[-1]

    yield open_desk
    for each in opened:
        each.supervisor.stop()
    for each in opened:
        each.simulator.stop()
