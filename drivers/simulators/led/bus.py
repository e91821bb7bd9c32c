"""An RS-485 bus: one pty, and as many strips behind it as are hung on."""

from collections.abc import Callable

from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.simulator import BarePlug


class Tap(BarePlug):
    """Where one device hangs on the bus; pulled out, it hears nothing and its words reach nobody."""

    def __init__(self, bus: "Bus", on_bytes: Callable[[bytes], None]) -> None:
        super().__init__()
        self.url = bus.url
        self.on_bytes = on_bytes
        self._bus = bus

    def send(self, data: bytes) -> bool:
        """Send to the host; False when nobody hears it."""
        return self.plugged and self._bus.plug.send(data)


class Bus:
    """The line itself.

    Attributes:
        plug: its end at the host, which can be pulled.
    """

    def __init__(self, name: str = "bus") -> None:
        self._taps: list[Tap] = []
        self.plug = PlugPty(self._spread, name)
        self.start, self.stop, self.url = self.plug.start, self.plug.stop, self.plug.url

    def tap(self, on_bytes: Callable[[bytes], None]) -> Tap:
        """Hang a device on it: ``on_bytes`` is given all that the host says."""
        tap = Tap(self, on_bytes)
        self._taps.append(tap)
        return tap

    def _spread(self, data: bytes) -> None:
        for tap in self._taps:
            if tap.plugged:
                tap.on_bytes(data)
