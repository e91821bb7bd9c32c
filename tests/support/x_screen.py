"""A screen with a keyboard and a mouse that nobody sees: Xvfb, and xdotool's real key events into it."""

import os
import shutil
import subprocess
from typing import Self

from wires import wait_until

SIZE = (1280, 800)


class XScreen:
    """An X server without a window manager, as a context; ``environment`` is for what shows something on it."""

    def __enter__(self) -> Self:
        program = shutil.which("Xvfb")
        assert program and shutil.which("xdotool"), "apt install xvfb xdotool"
        told, tells = os.pipe()
        size = f"{SIZE[0]}x{SIZE[1]}x24"
        # It takes a free display by itself and tells which.
        command = [program, "-displayfd", str(tells), "-screen", "0", size, "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, pass_fds=[tells], stderr=subprocess.DEVNULL)
        os.close(tells)
        with os.fdopen(told) as line:
            self.display = f":{line.readline().strip()}"
        self.environment = {**os.environ, "DISPLAY": self.display}
        self.environment.pop("WAYLAND_DISPLAY", None)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.wait(30)

    def focus(self) -> None:
        """Give the keyboard to the newest Chromium window; waits for one."""
        windows: list[str] = []

        def found() -> bool:
            asked = self._do("search", "--onlyvisible", "--class", "chromium")
            windows[:] = asked.stdout.split()
            return bool(windows)

        wait_until(found, 60)
        self._do("windowfocus", windows[-1])

    def press(self, *keys: str) -> None:
        """Key combinations one after the other, such as ``ctrl+t``."""
        self._do("key", *keys)

    def click(self, button: int) -> None:
        """A button of the mouse, in the middle of the screen."""
        self._do("mousemove", str(SIZE[0] // 2), str(SIZE[1] // 2), "click", str(button))

    def _do(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["xdotool", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
