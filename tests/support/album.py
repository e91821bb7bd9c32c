"""Pictures of pages in the states that people meet, each looked over for barriers."""

import base64
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from axe import violations

SWITCH = "[data-switch-language]"


@dataclass
class Album:
    """Keeps pictures, and what is wrong with what they show.

    Attributes:
        folder: where the pictures go.
        is_kept: whether they are kept for the README: as small as can be, which takes five times as long.
        found: a line for each barrier, with the name of its picture.
    """

    folder: Path
    is_kept: bool = False
    found: list[str] = field(default_factory=list)

    def take(self, page: Page, name: str) -> None:
        """A picture of the page as it stands there, looked over; a page of staff in both of its languages."""
        self.picture(page, name)
        self._look(page, name)
        if page.locator(SWITCH).count() and not page.locator("dialog[open]").count():
            _switch(page, "en")
            self._look(page, f"{name} in English")
            _switch(page, "zh-CN")

    def picture(self, page: Page, name: str) -> None:
        """A picture alone; it must not be empty."""
        self.folder.mkdir(exist_ok=True)
        file = self.folder / f"{name}.png"
        if self.is_kept:
            page.screenshot(path=file)
        else:
            protocol = page.context.new_cdp_session(page)
            taken = protocol.send("Page.captureScreenshot", {"optimizeForSpeed": True})
            protocol.detach()
            file.write_bytes(base64.b64decode(taken["data"]))
        with Image.open(file) as picture:
            shades = picture.convert("L").histogram()
        assert max(shades) < 0.997 * sum(shades), f"{name} is empty"

    def _look(self, page: Page, name: str) -> None:
        self.found += [f"{name}: {line}" for line in violations(page)]


def _switch(page: Page, language: str) -> None:
    # Not by a click: an element that covers the button, and where the mouse is, are no matter here.
    page.locator(SWITCH).evaluate("button => button.click()")
    expect(page.locator("html")).to_have_attribute("lang", language)
