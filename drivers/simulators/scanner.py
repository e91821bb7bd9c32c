"""A code scanner with a serial line, at the other end of a real pty."""

from collections.abc import Callable

from drivers.simulators.plug_pty import PlugPty


class ScannerSimulator:
    """The scanner; it sends what it sees and listens to nothing.

    Args:
        suffix: sent after each code; scanners leave the factory with CR.
        on_change: called after the plug was pulled or put back.
    """

    def __init__(self, suffix: bytes = b"\r", on_change: Callable[[], None] = lambda: None) -> None:
        self.on_change = on_change
        self._suffix = suffix
        self._plug = PlugPty(lambda _data: None, "scanner")

    @property
    def url(self) -> str:
        """What a driver opens; stays the same when the plug is pulled."""
        return self._plug.url

    @property
    def plugged(self) -> bool:
        """Whether the scanner is plugged in."""
        return self._plug.plugged

    def start(self) -> None:
        """Plug it in for the first time."""
        self._plug.start()

    def stop(self) -> None:
        """Take it away for good."""
        self._plug.stop()

    def unplug(self) -> None:
        """Pull the plug."""
        self._plug.unplug()
        self.on_change()

    def plug_in(self) -> None:
        """Put the plug back."""
        self._plug.plug_in()
        self.on_change()

    def scan(self, text: str) -> bool:
        """Hold a code before it; False when the plug is out."""
        return self.say(text.encode() + self._suffix)

    def say(self, data: bytes) -> bool:
        """Send these very bytes; False when the plug is out."""
        return self._plug.send(data)
