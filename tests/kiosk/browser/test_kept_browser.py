"""``quhao screen`` with Chromium in kiosk mode on a real X server: no key leads out, nothing keeps the page away."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from conftest import CHROMIUM
from kiosk.browser.assignment import STATE
from kiosk.cli.box.browsing import BROWSER
from watched_page import WatchedPage
from wires import wait_until
from x_screen import SIZE, XScreen

KEYS = {
    "windows": "alt+F4 alt+space alt+Tab F11 ctrl+w ctrl+n ctrl+shift+n ctrl+shift+w ctrl+q ctrl+shift+q super super+d",
    "tabs": "ctrl+t ctrl+shift+t ctrl+Tab ctrl+1 ctrl+shift+a",
    "other pages": "ctrl+l ctrl+k ctrl+e alt+d F6 alt+Left alt+Right alt+Home ctrl+h ctrl+j ctrl+u ctrl+shift+o F1",
    "browser's keys": "XF86HomePage XF86Back XF86Refresh BackSpace",
    "again": "F5 ctrl+r ctrl+shift+r ctrl+F5",
    "files": "ctrl+o ctrl+p ctrl+s ctrl+shift+b ctrl+d Print",
    "tools": "F12 ctrl+shift+i ctrl+shift+j ctrl+shift+c shift+Escape ctrl+shift+Delete ctrl+shift+m alt+shift+i F7",
    "menus": "F10 alt+f alt+e Menu shift+F10",
    "look": "ctrl+plus ctrl+minus ctrl+0 ctrl+f ctrl+g F3",
    "machine": "ctrl+alt+Delete Escape",
}
SPARE = 120.0
"""Seconds that a machine may need that does everything at once; how soon the page is back, a bench measures."""


@pytest.fixture(scope="module")
def display() -> Iterator[XScreen]:
    with XScreen() as screen:
        yield screen


@pytest.fixture
def page() -> Iterator[WatchedPage]:
    served = WatchedPage()
    yield served
    served.end()


class Shown:
    """``quhao screen`` at work, on a page that it was told to show before."""

    def __init__(self, folder: Path, page: WatchedPage, display: XScreen) -> None:
        self.folder, self.page, self.display = folder, page, display
        folder.mkdir(mode=0o700)
        (folder / STATE).write_text(json.dumps({"secret": "s" * 43, "path": "/screen"}), "utf-8")
        command = [sys.executable, "-m", "kiosk", "screen", "--server", page.origin, "--folder", str(folder)]
        # A machine that stands still makes it seem deaf: then it would be started again, and loaded once more.
        command += [
            "--patience",
            str(SPARE),
            "--browser",
            CHROMIUM,
            "--",
            "--no-sandbox",
            "--disable-gpu",
            "--window-position=0,0",
        ]
        command += [f"--window-size={SIZE[0]},{SIZE[1]}", "--remote-debugging-port=0"]
        self.program = psutil.Popen(command, env=display.environment)

    def pages(self) -> list[str]:
        """The addresses of all pages of the browser, as it says itself."""
        try:
            port = (self.folder / BROWSER / "DevToolsActivePort").read_text().split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=60) as answer:
                return [one["url"] for one in json.load(answer) if one["type"] not in ("service_worker", "iframe")]
        except (OSError, IndexError):
            return []  # it is just starting

    def browser(self) -> psutil.Process:
        (browser,) = self.program.children()
        return browser

    def renderers(self) -> list[psutil.Process]:
        return [one for one in self.browser().children(recursive=True) if "--type=renderer" in one.cmdline()]

    def end(self) -> None:
        if self.program.poll() is None:
            self.program.send_signal(signal.SIGTERM)
        assert self.program.wait(60) == 0


@pytest.fixture
def shown(tmp_path: Path, page: WatchedPage, display: XScreen) -> Iterator[Shown]:
    one = Shown(tmp_path / "screen", page, display)
    try:
        wait_until(lambda: page.loads, SPARE)
        yield one
    finally:
        one.end()
        # Told to end, it leaves nothing behind; what was killed takes a moment to go.
        leftover = ["pgrep", "-f", f"user-data-dir={tmp_path}"]
        wait_until(lambda: subprocess.run(leftover, capture_output=True, check=False).stdout == b"", SPARE)


def test_no_key_leads_out_of_the_page_and_whatever_happens_to_it_it_comes_back(shown: Shown) -> None:
    page, display = shown.page, shown.display
    display.focus()
    wait_until(lambda: display.press("a") or page.keys("a") > 0, SPARE)
    browser = shown.browser().pid
    for keys in " ".join(KEYS.values()).split():
        seen = page.keys("z")
        display.press(keys, "z")
        # The page has the keyboard still: whatever the browser made of the keys before, this one came after.
        wait_until(lambda seen=seen: page.keys("z") > seen, SPARE)
    for button in (3, 2, 8, 9):
        display.click(button)
    display.press("x")
    wait_until(lambda: page.keys("x") > 0, SPARE)
    assert shown.pages() == [f"{page.origin}/screen"]
    assert (len(page.loads), {one["scale"] for one in page.told}) == (1, {1}), (
        "it was neither loaded again nor enlarged"
    )
    assert shown.browser().pid == browser

    # A link is no way out either: the page is fetched back.
    with page.loaded_anew("/screen", SPARE):
        display.click(1)
    assert shown.pages() == [f"{page.origin}/screen"]

    # "Aw, snap".
    with page.loaded_anew("/screen", SPARE):
        for one in shown.renderers():
            one.send_signal(signal.SIGSEGV)
    assert shown.browser().pid == browser

    # The browser is killed while its server is gone, and both come back.
    page.end()
    shown.browser().kill()
    wait_until(lambda: [one.pid for one in shown.program.children()] not in ([browser], []), SPARE)
    wait_until(lambda: shown.pages() == ["about:blank"], SPARE)
    with page.loaded_anew("/screen", SPARE):
        page.begin()
    assert shown.pages() == [f"{page.origin}/screen"]
