"""LED strips by 平安力合 on an RS-485 line, and two-colour strips (双色屏) that are addressed alike.

The protocols are in ``drivers.led.lihe_frames``. One device is a whole line: ``strips`` lists the addresses on it.

Strips with A0 frames answer with a receipt, two-colour strips with AA or 55. Whether a strip answers free text is
not known: it is asked by a ping after each text. One that has never answered counts as lit, and it is said that
nobody knows (``strip_unconfirmed``); one that has answered and then falls silent is lost.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drivers.device import Device, DeviceEvent, Whole, wrong_setting
from drivers.led import lihe_frames as lihe
from drivers.led.settings import StripSettings
from drivers.led.strip import DEAF_AFTER, Answer, Content, Strip
from drivers.port import Port, is_tcp
from drivers.shared_line import Roll, Station, serve_line
from drivers.supervisor import Link

Model = Literal["aa-bb", "a0", "a0-90"]

CELL = 8
"""Pixels of a character of one byte."""
_SCREENS = {"idle": lihe.WELCOME, "paused": lihe.PAUSE, "closed": lihe.PAUSE}


class LiheStripSettings(BaseModel):
    """``strips = [{ … }]``: one address on the line; what is left out is as for the whole device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Whole = Field(ge=1, le=254)
    window: str = ""
    width: Whole | None = Field(None, ge=32, le=1024)
    height: Whole | None = Field(None, ge=16, le=256)


class LiheSettings(StripSettings):
    """``driver = "led-lihe"``.

    Attributes:
        strips: the addresses on the line; without it there is one, ``address``.
        model: ``aa-bb`` shows any text; ``a0`` has ready-made pictures for a call, service, pause and welcome, with
            the number in them; ``a0-90`` is a two-colour strip.
        answers: whether its strips answer; without it ``a0`` and ``a0-90`` must, and of ``aa-bb`` it is found out.
    """

    baudrate: Whole = Field(9600, ge=300, le=4_000_000)
    height: Whole = Field(16, ge=16, le=256)
    address: Whole = Field(1, ge=1, le=254)
    model: Model = "aa-bb"
    answers: bool | None = None
    strips: tuple[LiheStripSettings, ...] = Field((), max_length=64)

    @model_validator(mode="after")
    def _each_address_once(self) -> "LiheSettings":
        addresses = [one.address for one in self.strips]
        if len(set(addresses)) < len(addresses):
            raise wrong_setting(
                "的 strips 里有两个相同的 address",
                "has an address twice in strips",
                "每块条屏写一个自己的地址",
                "give each strip an address of its own",
            )
        if self.strips and self.window:
            raise wrong_setting(
                "写了 strips，又写了 window",
                "has strips as well as a window",
                "把 window 写进 strips 的每一项",
                "write the window in each entry of strips",
            )
        return self

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        entries = self.strips or (LiheStripSettings(address=self.address, window=self.window),)
        strips, displays = [], []
        for one in entries:
            width, height = one.width or self.width, one.height or self.height
            strip = LiheStrip(
                width=width,
                height=height,
                address=one.address,
                model=self.model,
                is_board=not one.window,
                colours=self.colours,
                flash_seconds=self.flash_seconds,
                gives_answers=self.answers if self.answers is not None else None if self.model == "aa-bb" else True,
                byte_time=0.0 if is_tcp(self.port) else 10 / self.baudrate,
            )
            strips.append(strip)
            displays.append(self.display(strip, one.window, width, height))
        return Device(LiheLine(strips), tuple(displays))


@dataclass(eq=False, kw_only=True)
class LiheStrip(Strip):
    """One strip or board; see :class:`drivers.led.strip.Strip`.

    Attributes:
        model: how it is spoken to.
        is_board: whether it is a board of the hall.
    """

    model: Model = "aa-bb"
    is_board: bool = False

    def __post_init__(self) -> None:
        self._last = b""
        super().__post_init__()

    def _start_over(self) -> None:
        super()._start_over()
        if self.model == "a0-90":
            # It has no ping: its text, sent again, is one.
            self._deaf = DEAF_AFTER

    def decoder(self) -> lihe.Decoder:
        """A new decoder of the line's frames."""
        return lihe.Decoder()

    def ping_frame(self) -> bytes:
        """A question that changes nothing."""
        if self.model == "a0-90":
            return self._last or lihe.TwoColourText(self.address, ((b" ", 0),)).to_bytes()
        return lihe.Call(lihe.PING, self.address, bytes((0,))).to_bytes()

    def read(self, frame: Any) -> Answer | None:
        """What a frame says; our own, which come back as echoes on a two-wire line, say nothing."""
        match frame:
            case lihe.Call(lihe.RECEIPT, address, data):
                if data[:1] == bytes((lihe.TAKEN,)):
                    return Answer("ok", address)
                return Answer("refused", address, "strip_refused", f"receipt {data[:1].hex() or 'empty'}")
            case lihe.TwoColourAnswer(address, is_taken):
                return Answer("ok", address) if is_taken else Answer("refused", address, "strip_refused", "55")
            case _:
                return None

    def text_frames(self, content: Content, speak: bool) -> bytes:  # noqa: ARG002 - it has no voice
        """What shows as much of a text as a frame takes."""
        about = content.about
        if self.model == "a0" and content.text and not content.is_pattern:
            if about.number:
                window = int(about.window) if about.window.isdecimal() and int(about.window) < 256 else self.address
                command = lihe.BOARD if self.is_board else lihe.STRIP
                shows = lihe.SERVING if about.kind == "serving" else lihe.CALL
                called = lihe.encode_call(about.number, window, self.address, command, shows)
                if called is not None:
                    return called
            elif about.kind in _SCREENS and not self.is_board:
                return lihe.Call(lihe.STRIP, self.address, bytes((_SCREENS[about.kind],))).to_bytes()
        text = f"{self.address} {content.text}" if content.is_pattern else content.text
        characters = self._filled(text)
        colour = lihe.COLOURS[content.colour or "red"]
        if self.model == "a0-90":
            colours = (0, 1, 2) if content.is_pattern else (colour,)
            coloured = ((one, colours[place % len(colours)]) for place, one in enumerate(characters))
            self._last = lihe.TwoColourText(self.address, tuple(coloured)).to_bytes()
            return self._last
        frame = lihe.FreeText(self.address, b"".join(characters), colour, self.is_board).to_bytes()
        # Whether free text gets a receipt is not known, a ping does.
        return frame if self.gives_answers is False else frame + self.ping_frame()

    def _filled(self, text: str) -> list[bytes]:
        """The characters of a text, each line but the last filled up: no command for a new line is known."""
        columns = self.width // CELL
        lines = [lihe.cut(lihe.encode_characters(line), columns) for line in text.split("\n")]
        filled = [line + [b" "] * (columns - sum(map(len, line))) for line in lines[:-1]] + [lines[-1] or [b" "]]
        return lihe.cut(one for line in filled for one in line)


class LiheLine:
    """All strips of one device, on one line.

    Args:
        strips: by address.
    """

    def __init__(self, strips: Sequence[LiheStrip]) -> None:
        self._strips = strips

    def stations(self, link: Link) -> Sequence[Station[Any]]:
        """The strips; of several, the device's state names those that do not answer."""
        if len(self._strips) == 1:
            return self._strips[0].stations(link)
        roll = Roll(link, [strip.address for strip in self._strips], "strip_dark")
        for strip in self._strips:
            strip.stations(roll.at(strip.address))
        return self._strips

    def decoder(self) -> lihe.Decoder:
        """A new decoder of the line's frames."""
        return lihe.Decoder()

    def serve(self, port: Port, link: Link) -> None:
        """Send and refresh the wanted texts until the line is lost or the program stops."""
        serve_line(self.stations(link), self.decoder(), port, link.stopping)

    def test(self, title: str, lines: Sequence[str]) -> str | None:
        """Show ``title`` on all strips, each with its address before it; the reason of the first that did not."""
        with ThreadPoolExecutor(len(self._strips)) as pool:
            reasons = pool.map(lambda strip: strip.test(title, lines), self._strips)
        return next(filter(None, reasons), None)
