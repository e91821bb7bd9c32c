"""Chromium by its DevTools protocol, over two pipes (``--remote-debugging-pipe``).

Messages are JSON and end in a zero byte; the browser reads from its file descriptor 3 and writes to 4. So no port is
open, and nothing else on the machine can speak to it.

::

    BrowserError
    ├── BrowserGoneError     the program has ended
    ├── DeafError            it does not answer in time
    └── RefusedError         it answered with an error
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

LONGEST_END = 3.0
"""Seconds that the browser may take to end when it is told to."""
_ABOVE = 10
"""The file descriptors of pipes lie here, out of the way of 3 and 4."""


class BrowserError(Exception):
    """Something is wrong with the browser."""


class BrowserGoneError(BrowserError):
    """The program has ended."""


class DeafError(BrowserError):
    """It does not answer in time."""


class RefusedError(BrowserError):
    """It answered with an error."""


class DevTools:
    """A browser that runs; for one thread.

    Args:
        command: the program and its arguments, with ``--remote-debugging-pipe``.

    Attributes:
        events: what the browser told by itself and nobody has taken yet.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.events: deque[dict[str, Any]] = deque()
        self._received = bytearray()
        self._last = 0
        hears, self._to = _pipe()
        self._from, says = _pipe()

        def hand_over() -> None:
            os.dup2(hears, 3)
            os.dup2(says, 4)

        try:
            # In a session of its own: signals of a terminal come to us, and we end it. The other descriptors of ours
            # are not inheritable anyway.
            self._process = subprocess.Popen(  # noqa: S603 - a program that this user chose
                command, preexec_fn=hand_over, close_fds=False, start_new_session=True, stdin=subprocess.DEVNULL
            )
        except BaseException:
            os.close(self._to)
            os.close(self._from)
            raise
        finally:
            os.close(hears)
            os.close(says)

    def call(
        self, method: str, params: dict[str, Any] | None = None, *, session: str | None = None, timeout: float
    ) -> dict[str, Any]:
        """The answer to a command; events that come meanwhile are kept.

        Raises:
            BrowserGoneError, DeafError, RefusedError.
        """
        self._last += 1
        wanted = self._last
        message: dict[str, Any] = {"id": wanted, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        try:
            os.write(self._to, json.dumps(message).encode() + b"\0")
        except OSError:
            raise BrowserGoneError("the browser has ended") from None
        until = time.monotonic() + timeout
        while True:
            found = self._receive(max(0.0, until - time.monotonic()))
            if found is None:
                raise DeafError(f"no answer to {method} in {timeout:g} s")
            if found.get("id") == wanted:
                if "error" in found:
                    raise RefusedError(f"{method}: {found['error'].get('message')}")
                result: dict[str, Any] = found.get("result", {})
                return result
            if "method" in found:
                self.events.append(found)
                if found["method"] == "Inspector.targetCrashed" and found.get("sessionId") == session:
                    # It has taken the command with it: no answer comes any more.
                    raise RefusedError(f"{method}: the page has crashed")

    def wait(self, timeout: float) -> None:
        """Return when an event is there, or after ``timeout`` seconds; raises BrowserGoneError."""
        if self.events:
            return
        found = self._receive(timeout)
        if found is not None and "method" in found:
            self.events.append(found)

    def end(self, *, at_once: bool = False) -> None:
        """End the browser and all its processes, within a few seconds; ``at_once`` one that hears nothing anyway."""
        for number in (signal.SIGKILL,) if at_once else (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LONGEST_END)
                break
        # What it has started may outlive it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def _receive(self, timeout: float) -> dict[str, Any] | None:
        until = time.monotonic() + timeout
        while (at := self._received.find(b"\0")) < 0:
            if not select.select([self._from], [], [], max(0.0, until - time.monotonic()))[0]:
                if self._process.poll() is not None:
                    raise BrowserGoneError("the browser has ended")
                return None
            part = os.read(self._from, 1 << 16)
            if not part:
                raise BrowserGoneError("the browser has ended")
            self._received += part
        message = bytes(self._received[:at])
        del self._received[: at + 1]
        found: dict[str, Any] = json.loads(message)
        return found


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are not inheritable, and not 3 or 4."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
