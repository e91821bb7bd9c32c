"""A code scanner with a serial line, at the other end of a real pty."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from drivers.scanner.driver import ScannerSettings
from drivers.scanner.triggers import TRIGGERS, Maker
from drivers.simulators.panel import Lamp, Part, Press
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.simulator import Babble, Simulator

NOISE = bytes.fromhex("96 69 0A 00")
ANSWERS: dict[Maker, bytes] = {
    "gm65": bytes.fromhex("02 00 00 01 00 33 31"),
    # An acknowledgement of SSI: length, D0, from the scanner, status; then the sum.
    "zebra": bytes.fromhex("04 D0 00 00 FF 2C"),
}
"""What it says to a command; the other makers' scanners say nothing, or a control character."""


class ScannerSimulator(Simulator[PlugPty]):
    """The scanner; it sends what it sees.

    Args:
        suffix: sent after each code; scanners leave the factory with CR.
        maker: of one in host mode: it sees a code only while it is lit, and goes out with it. None for one that always
            looks, and listens to nothing.
        on_change: called after anything visible has changed.

    Attributes:
        lit: whether it looks for a code.
    """

    place = "scanner"
    hands = (*Simulator.hands, "babble", "hush")

    def __init__(
        self, suffix: bytes = b"\r", maker: Maker | None = None, on_change: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(PlugPty(self._receive, "scanner"), on_change)
        self._suffix = suffix
        self._maker = maker
        self._heard = b""
        self._babble = Babble(self.say)
        self.lit = maker is None

    @classmethod
    def of(cls, settings: ScannerSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls(maker=settings.maker)

    def look(self) -> dict[str, Any]:
        """Whether its light is on."""
        return {"lit": self.lit}

    def panel(self) -> Sequence[Part]:
        """Whether it looks for a code, and the newest slip to hold before it."""
        scan = Press("扫最新的小票", "Scan the newest slip", "scan", {"paper": 0})
        return [Lamp("扫描灯", "Its light", self.lit, "red"), scan]

    def stop(self) -> None:
        """Take it away for good."""
        self._babble.end()
        super().stop()

    # Hands

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand by its name; ``scan`` needs a ``text``."""
        if hand == "scan":
            self.scan(str(body["text"]))
        else:
            super().use(hand, body)

    def scan(self, text: str) -> bool:
        """Hold a code before it; False when its light or its plug is out."""
        if not self.lit:
            return False
        if self._maker:
            self._light(on=False)
        return self.say(text.encode() + self._suffix)

    def say(self, data: bytes) -> bool:
        """Send these very bytes; False when the plug is out."""
        return self._plug.send(data)

    def babble(self, data: bytes = NOISE * 16) -> None:
        """Send ``data`` again and again."""
        self._babble.begin(data)

    def hush(self) -> None:
        """Stop babbling."""
        self._babble.end()

    def _receive(self, data: bytes) -> None:
        if self._maker is None:
            return
        trigger = TRIGGERS[self._maker]
        self._heard += data
        for command, on in ((trigger.on, True), (trigger.off, False)):
            if command and command in self._heard:
                self._heard = self._heard.rpartition(command)[2]
                self._light(on=on)
                self._plug.send(ANSWERS.get(self._maker, b"\x06"))
        self._heard = self._heard[-32:]

    def _light(self, *, on: bool) -> None:
        changed = on != self.lit
        self.lit = on
        if changed:
            self.on_change()
