"""Driver of code scanners, on a serial line, on TCP or as a keyboard of Linux: each code is a line of text.

A line that its scanner does not end is ended by silence: a short one behind a whole code of a ticket, a long one behind
anything else, since a slow wire may pause within a code.

Faults: ``babbling``: it sends without end, or more than any hand can scan. What it sends is then thrown away unread, at
a bounded rate, until it has sent little for a moment.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from drivers.babble import Allowance, drain
from drivers.device import Device, DeviceEvent, PortText, SerialOrTcpSettings, serial_or_tcp, wrong_setting
from drivers.port import Port
from drivers.scanner.keyboard import KeyboardPort
from drivers.scanner.lines import LineDecoder
from drivers.scanner.triggers import TRIGGERS, Maker
from drivers.supervisor import Link, Resource

GAP = 0.05
"""Seconds of silence that end a line which is a whole code."""
PATIENCE = 1.5
"""Seconds of silence that end any other line."""
SLICE = 0.1
"""Seconds after which an idle driver looks whether it shall stop."""
TRIGGER_AGAIN = 5.0
"""Seconds after which a scanner in host mode is switched on again."""
WRITE_TIMEOUT = 1.0
BURST, BYTES_A_SECOND = 16_384, 2_048
"""Bytes that may come at once, and from then on; the longest QR code has 4,296 characters."""
LINES_AT_ONCE, LINES_A_SECOND = 20, 3
"""Codes likewise. Nobody scans more in a second for long."""
UNENDED = 10.0
"""Seconds after which a line that has neither ended nor paused is none: the longest code takes 5 at 9600 baud."""

At = Literal["window", "kiosk", "terminal"]
EVDEV = "evdev:"


@dataclass(frozen=True)
class LineScanned(DeviceEvent):
    """A line was read.

    Attributes:
        window: where, for a scanner at a window; "" elsewhere.
        line: what was read; "" for a line too long to be anything of ours.
        at: what kind of place that is.
        terminal: the terminal, for a scanner at one.
    """

    window: str
    line: str
    at: At = "window"
    terminal: str = ""


def _scanner_port(port: str, info: ValidationInfo) -> str:
    if not port.startswith(EVDEV):
        return serial_or_tcp(port, info)
    if not port.removeprefix(EVDEV).startswith("/dev/"):
        raise wrong_setting(
            "不是输入设备的路径",
            "is no path of an input device",
            "写成 evdev:/dev/input/by-id/…-event-kbd",
            "write evdev:/dev/input/by-id/…-event-kbd",
        )
    return port


def _can_be_triggered(maker: Maker | None, info: ValidationInfo) -> Maker | None:
    if maker and str(info.data.get("port", "")).startswith(EVDEV):
        raise wrong_setting(
            "用于键盘式扫描枪：键盘没有触发命令",
            "is for a scanner that is a keyboard, which takes no trigger commands",
            "去掉 maker，或把扫描枪改为串口模式",
            "leave maker out, or set the scanner to its serial mode",
        )
    return maker


class ScannerSettings(SerialOrTcpSettings):
    """``driver = "scanner"``.

    Attributes:
        port: also ``evdev:/dev/input/by-id/…`` for one that is a keyboard to Linux.
        at: what kind of place it lies at.
        window: which window.
        terminal: which terminal, by the name in its token.
        maker: of a fixed scanner that waits for a command to look for codes.
    """

    port: Annotated[PortText, AfterValidator(_scanner_port)]
    window: str
    at: At = "window"
    terminal: Annotated[str, Field(max_length=64)]
    maker: Annotated[Maker | None, AfterValidator(_can_be_triggered)] = None

    @model_validator(mode="before")
    @classmethod
    def _needs_what_it_lies_at(cls, table: Any) -> Any:
        # A field that is missing is said to be, beside all else that is wrong.
        if not isinstance(table, dict):
            return table
        at = table.get("at", "window")
        elsewhere = {place: "" for place in ("window", "terminal") if place != at}
        return elsewhere | {key: value for key, value in table.items() if (key, value) != (at, "")}

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device, with its driver and sinks."""
        window = self.window if self.at == "window" else ""
        terminal = self.terminal if self.at == "terminal" else ""
        return Device(Scanner(lambda line: emit(LineScanned(window, line, self.at, terminal)), self.maker))

    def open_port(self) -> Resource:
        """The open line or input device; raises OfflineError."""
        if self.port.startswith(EVDEV):
            return KeyboardPort(self.port.removeprefix(EVDEV))
        return super().open_port()


def _has_ends(heard: bytes) -> bool:
    """Whether it is silent, or what it sends are lines."""
    return not heard or b"\r" in heard or b"\n" in heard


class Scanner:
    """Hands on every line.

    Args:
        on_line: told each line, on the device's thread; "" for one too long to be anything of ours.
        maker: whose commands switch it on; None for one that needs none.
        clock: seconds of a steady clock.
    """

    def __init__(
        self,
        on_line: Callable[[str], None],
        maker: Maker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_line = on_line
        self._clock = clock
        self._trigger = TRIGGERS[maker] if maker else None

    def serve(self, port: Port, link: Link) -> None:
        """Hand on lines until the port is lost or the program stops. A silent scanner counts as online."""
        while not link.stopping.is_set():
            link.online()
            self._listen(port, link)
            if not link.stopping.is_set():
                link.fault("babbling")
                drain(port, link, _has_ends)
        if self._trigger and self._trigger.off:
            port.write(self._trigger.off, WRITE_TIMEOUT)

    def _listen(self, port: Port, link: Link) -> None:
        """Hand on lines until the scanner babbles."""
        decoder = LineDecoder(self._trigger.without_answers) if self._trigger else LineDecoder()
        may_send = Allowance(BURST, BYTES_A_SECOND, self._clock)
        may_tell = Allowance(LINES_AT_ONCE, LINES_A_SECOND, self._clock)
        heard_at, triggered_at = 0.0, -TRIGGER_AGAIN
        began_at = self._clock()
        while not link.stopping.is_set():
            now = self._clock()
            if self._trigger and now - triggered_at >= TRIGGER_AGAIN and not decoder.pending:
                port.write(self._trigger.on, WRITE_TIMEOUT)
                triggered_at = now
            lines: list[str] = []
            if data := port.read(GAP if decoder.pending else SLICE):
                heard_at = self._clock()
                if not may_send.take(len(data)) or heard_at - began_at > UNENDED:
                    return
                lines = decoder.receive(data)
            elif decoder.whole or self._clock() - heard_at >= PATIENCE:
                lines = decoder.end()
            if lines or not decoder.pending:
                began_at = self._clock()
            if lines and not may_tell.take(len(lines)):
                return
            for line in lines:
                self._on_line(line)
                triggered_at = -TRIGGER_AGAIN
