"""The settings that strips and boards of all makers share."""

from typing import Literal

from pydantic import Field, model_validator

from drivers.device import Colour, SerialOrTcpSettings, TextKind, Whole, WindowDisplay, wrong_setting
from drivers.led.strip import Strip


class StripSettings(SerialOrTcpSettings):
    """What ``[[devices]]`` of strips and boards share.

    Attributes:
        window: whose calls it shows; "" for a hall's board, which shows the last calls of all windows.
        width: in pixels; ``height`` likewise.
        rows: lines of a board; None: as many as its height has, 16 pixels each.
        address: of its card.
        colours: by kind of text; without it the strip's own.
        flash_seconds: how long a new call flashes; 0 for not at all.
        texts: the hall's own words for windows that are ``idle``, ``paused`` or ``closed``.
    """

    width: Whole = Field(192, ge=32, le=1024)
    height: Whole = Field(32, ge=16, le=256)
    rows: Whole | None = Field(None, ge=1, le=16)
    address: Whole = Field(1, ge=1, le=0xFFFE)
    colours: dict[TextKind, Colour] = Field(default_factory=dict)
    flash_seconds: Whole = Field(0, ge=0, le=10)
    texts: dict[Literal["idle", "paused", "closed"], str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rows_are_a_boards(self) -> "StripSettings":
        if self.rows is not None and self.window:
            raise wrong_setting(
                "写了 rows，又写了 window",
                "has rows as well as a window",
                "大厅综合屏只写 rows，窗口条屏只写 window",
                "rows is for a hall's board, window for a window's strip: leave one out",
            )
        return self

    def display(self, strip: Strip, window: str, width: int, height: int) -> WindowDisplay:
        """The sink that ``strip`` is."""
        return WindowDisplay(
            window, width, height, strip.show, self.rows, {str(kind): text for kind, text in self.texts.items()}
        )
