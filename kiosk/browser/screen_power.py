"""The screen itself: switched off while its page is dark, and on as soon as it is not.

::

    a panel with a backlight of its own    /sys/class/backlight/*/bl_power, where this account may write it
    a monitor, a television                two commands: of DDC/CI (ddcutil), HDMI-CEC (cec-ctl), a compositor (wlopm)

The page says when (``<html class="dark">``): it knows the hall's hours, who is left, and who touches it. Whatever
becomes of the switching, the page is black.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)

BACKLIGHTS = Path("/sys/class/backlight")
ON, OFF = "0", "4"
"""Of ``bl_power``: FB_BLANK_UNBLANK, FB_BLANK_POWERDOWN (Linux, Documentation/ABI/stable/sysfs-class-backlight)."""
SETTLED = 60.0
"""Seconds for which the page is dark before the screen is switched off."""
LONGEST = 20.0
"""Seconds that a command may take: DDC/CI and HDMI-CEC need one or two."""
AGAIN = 30.0
"""Seconds until what failed is tried again."""


class Switch(Protocol):
    """Switches a screen; neither method takes long."""

    def begin(self, *, on: bool) -> None:
        """Begin to switch it on, or off; what was begun before is dropped."""

    def outcome(self) -> str | None:
        """What became of it: ``""`` for done, what went wrong in words, None for not yet."""


class Backlights:
    """All backlights of this machine, of which there may be none; ``folder`` is the kernel's."""

    def __init__(self, folder: Path = BACKLIGHTS) -> None:
        self._folder = folder
        self._trouble = ""

    def begin(self, *, on: bool) -> None:
        """Switch them."""
        self._trouble = ""
        for file in sorted(self._folder.glob("*/bl_power")):
            try:
                file.write_text(ON if on else OFF, "ascii")
            except OSError as error:
                self._trouble = f"{file}: {error.strerror}"

    def outcome(self) -> str | None:
        """They are switched."""
        return self._trouble


class Commands:
    """Two commands, each with its arguments; no shell. What they say goes to the log of this program's unit."""

    def __init__(self, off: Sequence[str], on: Sequence[str], ticks: Callable[[], float] = time.monotonic) -> None:
        self._commands = {False: list(off), True: list(on)}
        self._ticks = ticks
        self._running: subprocess.Popen[bytes] | None = None
        self._until = 0.0
        self._trouble = ""

    def begin(self, *, on: bool) -> None:
        """Start the command."""
        self._stop()
        command = self._commands[on]
        self._trouble = ""
        try:
            self._running = subprocess.Popen(  # noqa: S603 - the technician's own, as it stands in the unit
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            self._trouble = f"{command[0]}: {error.strerror}"
        self._until = self._ticks() + LONGEST

    def outcome(self) -> str | None:
        """Whether it has ended, and how."""
        if self._running is None:
            return self._trouble
        status = self._running.poll()
        if status is None and self._ticks() < self._until:
            return None
        name = str(self._running.args[0])  # type: ignore[index]
        self._trouble = f"{name} does not end" if status is None else f"{name} ended with {status}" if status else ""
        self._stop()
        return self._trouble

    def _stop(self) -> None:
        if self._running is not None and self._running.poll() is None:
            # With what it started, where it is a script.
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
        self._running = None


class ScreenPower:
    """Has the screen follow its page; for one thread. ``ticks``: monotonic seconds."""

    def __init__(self, switch: Switch, ticks: Callable[[], float] = time.monotonic) -> None:
        self._switch = switch
        self._ticks = ticks
        self._dark_since: float | None = None
        self._target: bool | None = None
        self._pending = False
        self._again_at: float | None = None
        self._told = ""
        self._troubles = {"off": "", "on": ""}

    def follow(self, *, dark: bool) -> None:
        """Take how the page is now; called every second or so, and returns at once.

        At first the screen is switched on: whoever was here before may have left it off.
        """
        now = self._ticks()
        if not dark:
            self._dark_since = None
        elif self._dark_since is None:
            self._dark_since = now
        wanted = self._dark_since is None or now - self._dark_since < SETTLED
        self._look(now)
        if wanted != self._target or (self._again_at is not None and now >= self._again_at):
            self._target, self._pending, self._again_at = wanted, True, None
            self._switch.begin(on=wanted)
            self._look(now)

    @property
    def trouble(self) -> str:
        """What it could not be switched to the last time, and why: ``off ddcutil ended with 1``; "" for nothing.

        A screen that cannot be switched off is told of in the daytime, too, when somebody looks.
        """
        return next((f"{wanted} {why}" for wanted, why in self._troubles.items() if why), "")

    def end(self) -> None:
        """Nobody watches the page any more: leave the screen on."""
        if self._target is True:
            return
        self._switch.begin(on=True)
        until = self._ticks() + LONGEST / 4
        while self._switch.outcome() is None and self._ticks() < until:
            time.sleep(0.05)

    def _look(self, now: float) -> None:
        """See what became of what was begun, and tell of trouble once."""
        outcome = self._switch.outcome() if self._pending else None
        if outcome is None:
            return
        self._pending = False
        wanted = "on" if self._target else "off"
        if outcome:
            self._again_at = now + AGAIN
            if outcome != self._told:
                log.warning("the screen cannot be switched %s: %s", wanted, outcome)
        self._told = self._troubles[wanted] = outcome
