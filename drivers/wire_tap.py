"""A wire trace: what passes between a driver and its device, told to whoever asks while they ask.

What may hold a resident's data is cut: of what comes one way until something goes the other way, only the head is told,
however it is cut into chunks. How many bytes depends on the kind of device (``drivers.kinds``).
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from drivers.port import Port

KEPT = 1000
"""Chunks that wait for a slow listener; older ones are dropped."""
R = TypeVar("R")


@dataclass(frozen=True)
class Passed:
    """A chunk of bytes that passed.

    Attributes:
        at: in seconds of ``time.time()``.
        way: ``in`` from the device, ``out`` to it.
        size: in bytes.
        shown: as many of the first bytes as may be told.
    """

    at: float
    way: Literal["in", "out"]
    size: int
    shown: bytes

    def __str__(self) -> str:
        cut = f" … {self.size} B" if len(self.shown) < self.size else ""
        return f"{'←' if self.way == 'in' else '→'} {self.shown.hex(' ').upper()}{cut}"


class WireTap:
    """Hears what passes on the ports of one device.

    Args:
        shown: how many bytes of a turn are told; None for all.
    """

    def __init__(self, shown: int | None) -> None:
        self._shown = shown
        self._listeners: tuple[deque[Passed], ...] = ()
        self._way = ""
        self._left = 0

    def around(self, open_port: Callable[[], R]) -> "Callable[[], R | TappedPort]":
        """``open_port``, whose port is heard; what is no port, such as a sound card, stays as it is."""

        def opened() -> R | TappedPort:
            port: Any = open_port()
            return TappedPort(port, self) if hasattr(port, "read") and hasattr(port, "write") else port

        return opened

    @contextmanager
    def listen(self) -> Iterator[deque[Passed]]:
        """A queue that what passes is put into from now on, until this ends."""
        heard: deque[Passed] = deque(maxlen=KEPT)
        if not self._listeners:
            # Nobody knows what passed just before: a turn that is under way is not told.
            self._way = ""
        self._listeners += (heard,)
        try:
            yield heard
        finally:
            self._listeners = tuple(one for one in self._listeners if one is not heard)

    def hear(self, way: Literal["in", "out"], data: bytes) -> None:
        """Tell the listeners of a chunk; costs next to nothing while there is none."""
        if data and self._listeners:
            if self._shown is None:
                head = data
            else:
                if way != self._way:
                    self._left = self._shown if self._way else 0
                    self._way = way
                head = data[: self._left]
                self._left -= len(head)
            passed = Passed(time.time(), way, len(data), bytes(head))
            for heard in self._listeners:
                heard.append(passed)


class TappedPort:
    """A port that is heard: a :class:`~drivers.port.Port`."""

    def __init__(self, port: Port, tap: WireTap) -> None:
        self._port = port
        self._tap = tap

    def read(self, timeout: float) -> bytes:
        """What has arrived; waits at most ``timeout`` seconds for the first byte."""
        data = self._port.read(timeout)
        self._tap.hear("in", data)
        return data

    def write(self, data: bytes, timeout: float) -> None:
        """Write all of ``data`` within ``timeout`` seconds, or raise ``OfflineError("stuck")``."""
        self._tap.hear("out", data)
        self._port.write(data, timeout)

    def close(self) -> None:
        """Let go of the port; may be called twice."""
        self._port.close()
