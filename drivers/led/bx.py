"""LED strips and boards with an Onbon (仰邦) BX-5K or BX-6K card: TCP port 5005, or a serial line.

The protocol is ``drivers.led.onbon_bx``. A strip keeps its text in RAM, answers every frame with ACK or NACK, and its
answers carry no number: they are taken in the order of the questions.

A refusal is one of ``onbon_bx.REFUSALS`` or ``strip_refused``; the strip is then in ``fault`` and its text is sent
again now and then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from pydantic import Field

from drivers.device import Device, DeviceEvent, Whole
from drivers.led import onbon_bx as bx
from drivers.led.settings import StripSettings
from drivers.led.strip import Answer, Content, Strip
from drivers.port import is_tcp

Model = Literal["5k", "6k", "6k-java"]

UNIT: dict[Model, Callable[[int], int]] = {
    "5k": lambda pixels: pixels // 8,
    "6k": lambda pixels: pixels | bx.IN_PIXELS,
    "6k-java": lambda pixels: pixels,
}
"""X and W as the card counts them."""


class BxSettings(StripSettings):
    """``driver = "led-bx"``.

    Attributes:
        model: of its card; ``5k`` counts widths in bytes, ``6k`` in pixels marked by bit 15. ``6k-java`` sends bare
            pixels, as the maker's Java library does: for a card whose test pattern shows that it wants them so.
        voice_volume: how loud a card with a voice (model …-YY) says new calls, 1 to 10; 0 for not at all.
    """

    model: Model = "5k"
    voice_volume: Whole = Field(0, ge=0, le=10)

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        strip = LedStrip(
            width=self.width,
            height=self.height,
            model=self.model,
            address=self.address,
            colours=self.colours,
            flash_seconds=self.flash_seconds,
            voice_volume=self.voice_volume,
            byte_time=0.0 if is_tcp(self.port) else 10 / self.baudrate,
        )
        return Device(strip, (self.display(strip, self.window, self.width, self.height),))


@dataclass(eq=False, kw_only=True)
class LedStrip(Strip):
    """One strip with a BX card; see :class:`drivers.led.strip.Strip`.

    Attributes:
        model: which unit X and W have.
        address: of the strip; FFFE reaches any strip that is alone on its line.
        voice_volume: of new calls, 1 to 10; 0 for none.
    """

    model: Model = "5k"
    voice_volume: int = 0

    def __post_init__(self) -> None:
        if self.address == bx.BROADCAST:
            raise ValueError("no strip answers at the broadcast address FFFF")
        self.speaks = self.voice_volume > 0
        self._has_pattern = False
        super().__post_init__()

    def decoder(self) -> bx.Unwrapper:
        """A new decoder of BX frames."""
        return bx.Unwrapper()

    def ping_frame(self) -> bytes:
        """Ping (A2 00)."""
        return self._frame(bx.encode_command(bx.CMD_PING))

    def other_frame(self) -> bytes:
        """The question for the status (A1 02): its answer is a report, not ACK."""
        return self._frame(bx.encode_command(bx.CMD_STATUS))

    def read(self, frame: Any) -> Answer | None:
        """What a frame says; our own, which come back as echoes on a two-wire line, say nothing."""
        match frame.command:
            case bx.CMD_ACK:
                return Answer("ok", frame.sender)
            case bx.CMD_NACK:
                code = frame.data[2] if len(frame.data) > 2 else 0
                reason = bx.REFUSALS.get(code, "strip_refused")
                return Answer(
                    "refused", frame.sender, reason, f"NACK {code}", reason in bx.PASSING, reason in bx.UNKNOWN
                )
            case _:
                return Answer("report", frame.sender) if frame.sender != bx.PC else None

    def text_frames(self, content: Content, speak: bool) -> bytes:
        """The frame that shows as much of a text as a card can receive at once."""
        if content.is_pattern:
            self._has_pattern = True
            return self._frame(self._pattern(content.text))
        if not content.text:
            return self._frame(bx.encode_command(bx.CMD_CLEAR))
        text = content.text[: bx.MAX_FRAME]
        unit = UNIT[self.model]
        area = partial(bx.Area, unit(0), 0, unit(self.width), self.height)
        if speak:
            spoken = bx.encode_text(content.about.spoken[:100].replace("\n", " "))
            area = partial(area, sound_data=spoken, sound_volume=self.voice_volume)
        while True:
            data = bx.encode_show(area(data=bx.encode_text(text, content.colour)), alone=self._has_pattern)
            frame = self._frame(data)
            if len(frame) <= bx.MAX_FRAME:
                return frame
            # A character takes four bytes of the wire at most.
            text = text[: -max(1, (len(frame) - bx.MAX_FRAME) // 4)]

    def _pattern(self, title: str) -> bytes:
        """Two areas, each half of the strip: a card that counts widths otherwise puts the second where it is not seen.

        Right: the red half begins at the left edge, the green one ends at the right edge.
        """
        half = self.width // 16 * 8
        middle = (len(title) + 1) // 2
        unit = UNIT[self.model]
        left = bx.encode_text(f"←{title[:middle]}", "red")
        right = bx.encode_text(f"{title[middle:]}→", "green")
        return bx.encode_show(
            bx.Area(unit(0), 0, unit(half), self.height, left, area_id=0, align=0x08),
            bx.Area(unit(half), 0, unit(self.width - half), self.height, right, area_id=1, align=0x09),
            alone=True,
        )

    def _frame(self, data: bytes) -> bytes:
        return bx.Frame(data, self.address).to_bytes()
