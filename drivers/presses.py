"""What several kinds of devices tell and show alike: keys at a window and at the kiosk, sensors, a window's panel."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from drivers.device import DeviceEvent, Sink

WindowKey = Literal["call", "recall", "start", "finish", "no-show", "hold", "call-back", "pause", "transfer"]
"""``pause`` opens a paused window again; ``call-back`` calls what was held there."""
KioskKey = Literal["next", "prev", "ok", "back", "help"]
Sensor = Literal["presence", "ticket-taken"]


@dataclass(frozen=True)
class KeyPressed(DeviceEvent):
    """A key at a window; ``number`` was typed before it."""

    window: str
    does: WindowKey
    number: int | None = None


@dataclass(frozen=True)
class GradeGiven(DeviceEvent):
    """A resident at a window gave a grade, 5 (very satisfied) to 1."""

    window: str
    grade: int


@dataclass(frozen=True)
class KioskKeyPressed(DeviceEvent):
    """A key of the kiosk's tactile pad."""

    key: KioskKey


@dataclass(frozen=True)
class Sensed(DeviceEvent):
    """A sensor at the kiosk: whether somebody stands there, or whether the slip is gone from its slot."""

    sensor: Sensor
    active: bool


@dataclass(frozen=True)
class WindowFace:
    """How a window stands.

    Attributes:
        state: ``open``, ``paused``, ``closed``.
        number: of the ticket there, or "".
        serving: whether that ticket is being served; else it is called.
        waiting: how many tickets wait for this window.
    """

    state: str
    number: str = ""
    serving: bool = False
    waiting: int = 0


@dataclass(frozen=True)
class WindowPanel(Sink):
    """What shows a clerk how the window stands: a pad's display, lamps. Each call returns at once.

    Attributes:
        window: the window's id.
        show: replaces what is shown.
        refuse: tells that a key did nothing, by a sound or a light.
        ask: has the resident there asked for a grade.
    """

    window: str
    show: Callable[[WindowFace], None]
    refuse: Callable[[], None] = lambda: None
    ask: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class KioskFace:
    """What lamps at the kiosk show.

    Attributes:
        card: a card lies on the reader.
        slip: a slip waits to be taken.
        fault: reader or printer does not work.
        help: somebody called for help here, and it is not over.
    """

    card: bool = False
    slip: bool = False
    fault: bool = False
    help: bool = False


@dataclass(frozen=True)
class KioskPanel(Sink):
    """Lamps at the kiosk; ``show`` returns at once."""

    show: Callable[[KioskFace], None]
