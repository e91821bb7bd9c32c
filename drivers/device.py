"""What every device has in common: a table of settings, events that it tells, sinks that take what the hall gives out.

A device is fitted in three steps: its :class:`DeviceSettings` are read from the configuration, ``build`` makes a
:class:`Device` of them, and a supervisor serves the device's driver on what ``open_port`` opens.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationInfo
from pydantic_core import PydanticCustomError

from drivers.port import is_tcp, open_port
from drivers.supervisor import Driver, Resource

Whole = Annotated[int, Strict()]
"""A whole number: no truth value, no number in quotes or with a point."""
WindowId = Annotated[str, Field(min_length=1)]
"""The window a device belongs to, where it must belong to one."""


class DeviceEvent:
    """Base of what a device tells the hall: the events of card readers, a line that was scanned."""


class Sink:
    """Base of what takes what the hall gives out: a window's display, the printer, the speaker."""


class Announces(Sink):
    """Base of the speaker, so that a box without one need not load its driver."""


class ReadsAloud(Sink):
    """Base of the voice in a kiosk's earphones; likewise."""


TextKind = Literal["idle", "call", "serving", "paused", "closed"]
"""What a text on a display says: colours are chosen by it."""
Colour = Literal["red", "green", "yellow"]
"""What LEDs can be: red and green, and both."""


@dataclass(frozen=True)
class About:
    """What a display may make of a text besides its words.

    Attributes:
        kind: what it says.
        number: the ticket that it names; "" for none. ``window`` likewise.
        fresh: so many of its first lines are a new call, which may flash.
        spoken: the sentence that a display with a voice says, once; "" for none.
    """

    kind: TextKind = "idle"
    number: str = ""
    window: str = ""
    fresh: int = 0
    spoken: str = ""


NOTHING_MORE = About()


class Show(Protocol):
    """Replaces what a display shows by a text, whose lines are parted by a newline; returns at once."""

    def __call__(self, text: str, about: About = ..., /) -> None:
        """Show ``text``; "" for nothing."""


@dataclass(frozen=True)
class WindowDisplay(Sink):
    """A display for the calls of one window, or a hall's board for the last calls of all.

    Attributes:
        window: the window's id; "" for a board.
        width: in pixels; ``height`` likewise.
        show: replaces what is shown.
        rows: lines of text that it has; None where its height tells.
        texts: the hall's own words by kind of text, in place of the usual ones.
    """

    window: str
    width: int
    height: int
    show: Show
    rows: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Device:
    """One device, built and not yet at work.

    Attributes:
        driver: its conversation.
        sinks: what of it the hall can use; a device may have several, as a line of displays has.
        reads_cards: whether it is a reader of residents' cards: the kiosk shows when it is out of order.
    """

    driver: Driver[Any]
    sinks: tuple[Sink, ...] = ()
    reads_cards: bool = False


@runtime_checkable
class CanBeTested(Protocol):
    """A driver that can be tested by something to be seen, heard or held."""

    def test(self, title: str, lines: Sequence[str]) -> str | None:
        """Print, show or say ``title``, and below it ``lines`` where there is room; blocks for seconds at most.

        Returns:
            None when it went well, else the reason.
        """


_A_PORT = (
    "写串口路径(如 /dev/ttyUSB0)、tcp://主机:端口 或 sim:",
    "write a serial path such as /dev/ttyUSB0, tcp://host:port, or sim:",
)


def wrong_setting(zh: str, en: str, advice: str, advice_en: str) -> PydanticCustomError:
    """What a validator raises: what is wrong with a value, to be read behind it, and what to write instead."""
    return PydanticCustomError("wrong-setting", "wrong", {"zh": zh, "en": en, "advice": advice, "advice_en": advice_en})


def _can_be_typed(port: str) -> str:
    if not port.isprintable() or port != port.strip():
        raise wrong_setting("含有空格或控制字符", "has blanks around it or control characters in it", *_A_PORT)
    if port == "sim" or (port.startswith("sim:") and port != "sim:"):
        # What stood behind the colon would be passed over in silence.
        raise wrong_setting("不是端口", "is no port", "模拟器只写 sim:", "for a simulator write sim: and nothing more")
    return port


PortText = Annotated[str, Field(min_length=1), AfterValidator(_can_be_typed)]
"""A port as any device may have it; each kind says more about its own."""


class DeviceSettings(BaseModel):
    """``[[devices]]``: one device of this box. Each kind adds its own keys.

    Validation takes ``context={"folder": Path}``: where relative paths start.

    Attributes:
        name: how people and pages call it.
        driver: its row in ``drivers.kinds``.
        port: where it is; ``sim:`` for its simulator.
        window: the window it belongs to, or "".
    """

    # Built when first used: a box has few of all kinds.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    driver: str
    port: PortText
    window: str = ""

    @property
    def simulated(self) -> bool:
        """Whether a simulator sits at the other end."""
        return self.port == "sim:"

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:
        """The device; ``emit`` is told its events, on the device's thread, and returns at once."""
        raise NotImplementedError

    def open_port(self) -> Resource:
        """What the driver works on; raises OfflineError if it cannot be opened."""
        raise NotImplementedError


def serial_or_tcp(port: str, info: ValidationInfo) -> str:
    """Validates ``port`` as a serial path, whose folder it completes, ``tcp://host:port`` or ``sim:``."""
    if port == "sim:":
        return port
    if port.startswith("tcp:") or _is_address(port):
        if is_tcp(port):
            return port
        raise wrong_setting(
            "不是 tcp://主机:端口",
            "is not tcp://host:port",
            "写成 tcp://主机:端口，如 tcp://192.168.1.50:9100；端口为 1–65535",
            "write tcp://host:port, such as tcp://192.168.1.50:9100; the port is from 1 to 65535",
        )
    if "://" in port:
        raise wrong_setting("不是能打开的端口", "is not a port that can be opened", *_A_PORT)
    if re.fullmatch(r"COM[0-9]+:?", port, re.IGNORECASE):
        raise wrong_setting("是 Windows 的端口名", "is a port's name on Windows", *_A_PORT)
    folder: Path = (info.context or {}).get("folder", Path())
    return str(folder / port)


def _is_address(port: str) -> bool:
    """Whether ``port`` is a bare IP address, or a host and a port number without ``tcp://``."""
    try:
        ip_address(port)
    except ValueError:
        return re.fullmatch(r"[^/]+:[0-9]+", port) is not None
    return True


class SerialOrTcpSettings(DeviceSettings):
    """A device on a serial line or on a TCP port.

    Attributes:
        port: a serial path, ``tcp://host:port`` or ``sim:``; a relative path starts from the configuration's folder.
        baudrate: of a serial line.
    """

    port: Annotated[PortText, AfterValidator(serial_or_tcp)]
    baudrate: Whole = Field(115200, ge=300, le=4_000_000)

    def open_port(self) -> Resource:
        """The open serial line or TCP connection; raises OfflineError."""
        return open_port(self.port, self.baudrate)
