"""The screen follows its page: a tree of files as the kernel's, and real commands."""

import logging
import sys
from pathlib import Path

import pytest

from kiosk.browser.screen_power import AGAIN, LONGEST, SETTLED, Backlights, Commands, ScreenPower, Switch
from wires import wait_until


class Box:
    """A box whose time goes by the test's hand; its page is looked at once a second."""

    def __init__(self, switch: Switch) -> None:
        self.now = 100.0
        self.power = ScreenPower(switch, lambda: self.now)

    def look(self, *, dark: bool, seconds: float = 1.0) -> None:
        self.now += seconds
        self.power.follow(dark=dark)


@pytest.fixture
def panels(tmp_path: Path) -> list[Path]:
    """Two panels, as links in the kernel's folder of classes to those of their devices; off, as at a power cut."""
    (tmp_path / "class").mkdir()
    for name in ("10-0045", "rpi_backlight"):
        device = tmp_path / "devices" / name
        device.mkdir(parents=True)
        (device / "bl_power").write_text("4\n")
        (tmp_path / "class" / name).symlink_to(device)
    return [tmp_path / "class" / name / "bl_power" for name in ("10-0045", "rpi_backlight")]


def test_a_backlight_goes_off_once_the_page_is_dark_for_a_minute_and_on_as_soon_as_it_is_not(
    panels: list[Path], tmp_path: Path
) -> None:
    box = Box(Backlights(tmp_path / "class"))

    def power() -> set[str]:
        return {one.read_text().strip() for one in panels}

    box.look(dark=False)
    assert power() == {"0"}, "whoever was here before left it off"
    box.look(dark=True)
    box.look(dark=True, seconds=SETTLED - 1)
    assert power() == {"0"}
    box.look(dark=True)
    assert power() == {"4"}
    panels[0].write_text("changed by somebody")
    box.look(dark=True, seconds=3600)
    assert panels[0].read_text() == "changed by somebody", "it is switched when something changes, and not all the time"
    box.look(dark=False)
    assert power() == {"0"}
    box.look(dark=True)
    box.look(dark=False, seconds=SETTLED - 1)
    box.look(dark=True)
    box.look(dark=True, seconds=SETTLED - 1)
    assert power() == {"0"}, "each touch gives it a minute"
    box.look(dark=True)
    box.power.end()
    assert power() == {"0"}, "whoever ends the program finds a screen that is on"


def test_a_box_without_a_backlight_has_nothing_to_switch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    box = Box(Backlights(tmp_path / "nothing"))
    for dark in (False, True, True):
        box.look(dark=dark, seconds=SETTLED)
    box.power.end()
    assert not caplog.records


def test_trouble_is_told_once_and_tried_again(
    panels: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = Box(Backlights(tmp_path / "class"))
    box.look(dark=False)
    panels[0].unlink()
    panels[0].mkdir()  # what nobody can write, whoever runs this
    caplog.set_level(logging.WARNING)
    box.look(dark=True)
    for _ in range(5):
        box.look(dark=True, seconds=max(SETTLED, AGAIN))
    (told,) = caplog.messages
    assert told == f"the screen cannot be switched off: {panels[0]}: Is a directory"
    assert panels[1].read_text() == "4", "the other one is off all the same"
    assert box.power.trouble == f"off {panels[0]}: Is a directory"
    panels[0].rmdir()
    panels[0].write_text("0")
    box.look(dark=True)
    assert panels[0].read_text() == "0", "not before its time"
    box.look(dark=True, seconds=AGAIN)
    assert panels[0].read_text() == "4"
    assert len(caplog.messages) == 1
    assert box.power.trouble == ""


class NeverOff:
    """A screen that can be switched on alone."""

    def begin(self, *, on: bool) -> None:
        self._on = on

    def outcome(self) -> str:
        return "" if self._on else "ddcutil ended with 1"


def test_a_screen_that_stays_on_at_night_is_told_of_by_day() -> None:
    box = Box(NeverOff())
    box.look(dark=True)
    assert box.power.trouble == ""
    box.look(dark=True, seconds=SETTLED)
    box.look(dark=False)
    assert box.power.trouble == "off ddcutil ended with 1"


def test_a_screen_is_switched_by_two_commands_whatever_stands_in_their_arguments(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = tmp_path / "screen power.py"
    script.write_text(f"import sys\nopen({str(said)!r}, 'a').write(' '.join(sys.argv[1:]) + ';')\n")
    box = Box(Commands([sys.executable, str(script), "off", "$HOME"], [sys.executable, str(script), "on"]))

    def until(words: str, *, dark: bool) -> None:
        def is_said() -> bool:
            box.look(dark=dark, seconds=0)
            return said.exists() and said.read_text() == words

        wait_until(is_said)

    until("on;", dark=False)
    box.look(dark=True)
    box.look(dark=True, seconds=SETTLED)
    until("on;off $HOME;", dark=True)
    box.power.end()
    assert said.read_text() == "on;off $HOME;on;"


def test_a_command_that_fails_hangs_or_is_not_there_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ended = tmp_path / "ended"
    hangs = ["sh", "-c", "sleep 600; touch ended"]
    now = 0.0
    commands = Commands(hangs, ["sh", "-c", "exit 3"], lambda: now)
    commands.begin(on=True)
    wait_until(lambda: commands.outcome() == "sh ended with 3")
    commands.begin(on=False)
    assert commands.outcome() is None
    now += LONGEST
    assert commands.outcome() == "sh does not end"
    assert not ended.exists()
    missing = Commands(["/no/such/command"], ["/no/such/command"])
    box = Box(missing)
    for dark in (False, False, True, True, False):
        box.look(dark=dark, seconds=max(AGAIN, SETTLED))
    assert caplog.messages == ["the screen cannot be switched on: /no/such/command: No such file or directory"], (
        "the same trouble is told once"
    )
