"""A code scanner with a serial line, at the other end of a real pty."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from drivers.scanner import ScannerSettings
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.simulator import Simulator


class ScannerSimulator(Simulator[PlugPty]):
    """The scanner; it sends what it sees and listens to nothing.

    Args:
        suffix: sent after each code; scanners leave the factory with CR.
        on_change: called after the plug was pulled or put back.
    """

    place = "scanner"

    def __init__(self, suffix: bytes = b"\r", on_change: Callable[[], None] = lambda: None) -> None:
        super().__init__(PlugPty(lambda _data: None, "scanner"), on_change)
        self._suffix = suffix

    @classmethod
    def of(cls, settings: ScannerSettings, folder: Path, now: Callable[[], datetime]) -> Self:  # noqa: ARG003
        """The simulator of a device with these settings."""
        return cls()

    def use(self, hand: str, body: Mapping[str, Any]) -> None:
        """Use a hand by its name; ``scan`` needs a ``text``."""
        if hand == "scan":
            self.scan(str(body["text"]))
        else:
            super().use(hand, body)

    def scan(self, text: str) -> bool:
        """Hold a code before it; False when the plug is out."""
        return self.say(text.encode() + self._suffix)

    def say(self, data: bytes) -> bool:
        """Send these very bytes; False when the plug is out."""
        return self._plug.send(data)
