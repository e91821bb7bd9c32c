"""What every simulated device has: a plug that can be pulled, hands to use it by, and eyes to see what it does."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from drivers.device import DeviceSettings
from drivers.simulators.panel import Part, Pull
from drivers.simulators.plug_pty import PlugPty
from drivers.simulators.plug_tcp import PlugTcp
from drivers.supervisor import Resource

if TYPE_CHECKING:
    from drivers.simulators.plug_usb import PlugUsb

SHOWN = 12
"""How many slips and sentences can be looked at."""
T = TypeVar("T")
_PLUG = (
    *("plug", "插头", "Plug", "unplug", "plug_in", ("拔掉插头", "Pull the plug"), ("插上插头", "Plug it in")),
    "M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v4",
)


def numbered(things: Sequence[T], name: str, before: str, after: str) -> T:
    """The thing whose number, counted from 1, stands between ``before`` and ``after`` in ``name``; LookupError."""
    number = name.removeprefix(before).removesuffix(after)
    if name != f"{before}{number}{after}" or not number.isdecimal() or not 1 <= int(number) <= len(things):
        raise LookupError(name)
    return things[int(number) - 1]


class BarePlug:
    """The plug of a device that is no byte pipe: it is in or out.

    Attributes:
        out: set while the plug is out.
    """

    url = ""

    def __init__(self) -> None:
        self.out = threading.Event()
        self.start = self.plug_in = self.out.clear
        self.stop = self.unplug = self.out.set

    @property
    def plugged(self) -> bool:
        """Whether the plug is in."""
        return not self.out.is_set()


class Babble:
    """A fault that a device may have: it sends without end.

    Args:
        send: sends bytes; waits while the line is full, and is False when they were lost.
    """

    def __init__(self, send: Callable[[bytes], bool]) -> None:
        self._send = send
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, data: bytes) -> None:
        """Send ``data`` again and again."""
        self.end()
        self._over.clear()
        self._thread = threading.Thread(target=self._run, args=(data,), name="babble", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, data: bytes) -> None:
        while not self._over.is_set():
            if not self._send(data):
                self._over.wait(0.02)


P = TypeVar("P", bound="PlugPty | PlugTcp | PlugUsb | BarePlug")


class Simulator(Generic[P]):
    """One simulated device.

    Args:
        plug: its end of the line.
        on_change: called after each visible change, with no lock held.

    Attributes:
        place: where the virtual hall draws it: the first ``reader``, ``printer`` and ``speaker`` of the hall and each
            window's ``strip`` and ``scanner`` have their furniture there; all others are drawn by their ``panel``.
        hands: its methods that need no more than a press, by name.
    """

    place: ClassVar[str]
    hands: ClassVar[tuple[str, ...]] = ("unplug", "plug_in")

    def __init__(self, plug: P, on_change: Callable[[], None] = lambda: None) -> None:
        self.on_change = on_change
        self._plug = plug

    @classmethod
    def of(cls, settings: Any, folder: Path, now: Callable[[], datetime]) -> Self:
        """The simulator of a device with these settings.

        Args:
            settings: the device's own.
            folder: where it may keep files.
            now: the time, with a zone.
        """
        raise NotImplementedError

    def open_port(self, settings: DeviceSettings) -> Resource:
        """What the real driver works on: a real port, whose other end is here."""
        return settings.model_copy(update={"port": self.url}).open_port()

    @property
    def url(self) -> str:
        """What a driver opens; stays the same when the plug is pulled."""
        return self._plug.url

    @property
    def plugged(self) -> bool:
        """Whether its plug is in."""
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

    def use(self, hand: str, body: Mapping[str, Any]) -> None:  # noqa: ARG002 - other hands hold something
        """Do something with a hand.

        Args:
            hand: a name in ``hands``, or that of a hand that needs something in ``body``.
            body: what the hand needs.

        Raises:
            LookupError: there is no such hand, or not the thing it needs.
        """
        if hand not in self.hands:
            raise LookupError(hand)
        getattr(self, hand)()

    def look(self) -> dict[str, Any]:
        """What can be seen of it, as JSON has it."""
        return {}

    def panel(self) -> Sequence[Part]:
        """How the virtual hall draws it, where it has no furniture there."""
        return ()

    def pulls(self) -> Sequence[Pull]:
        """What of it can be pulled, opened or taken out: its plug at least."""
        return [Pull(*_PLUG, is_out=not self.plugged)]

    def piece(self, name: str) -> tuple[bytes, str]:
        """A picture or sound of it by its name, and its media type; raises LookupError for an unknown name."""
        raise LookupError(name)
