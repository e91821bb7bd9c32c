"""What can go wrong with a strip's answers, and whether its text flashes."""

import time
from collections import deque
from collections.abc import Callable

from drivers.simulators.panel import Part, Press

NOISE = b"\x00\xff\x5a\xa5\x5b\x00\xa0\x13"
"""Bytes that begin frames of all protocols and end none."""
FLASHES_WITHIN = 1.6
"""Seconds within which a flashing text goes out and comes back."""


class Answers:
    """How a strip answers.

    Args:
        send: puts bytes on the line.

    Attributes:
        is_silent: it hears and says nothing.
        is_late: it answers each question only when the next one comes.
        is_noisy: noise comes before each answer.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self.is_silent = False
        self.is_noisy = False
        self._send = send
        self._is_late = False
        self._held: bytes | None = None

    @property
    def is_late(self) -> bool:
        """Whether it answers each question only when the next one comes."""
        return self._is_late

    @is_late.setter
    def is_late(self, late: bool) -> None:
        self._is_late = late
        self._held = None

    def give(self, answer: bytes) -> None:
        """Say ``answer``, or what was due before it."""
        due: bytes | None = answer
        if self._is_late:
            due, self._held = self._held, answer
        if due is not None:
            self._send(NOISE + due if self.is_noisy else due)

    def panel(self, **body: int) -> list[Part]:
        """Buttons for what can go wrong; ``body`` names the strip where several are on the line."""
        return [
            Press(zh, en, back if is_so else hand, body, is_so)
            for zh, en, is_so, hand, back in (
                ("不应答", "Silent", self.is_silent, "silence", "speak_up"),
                ("应答迟到", "One answer late", self.is_late, "fall_behind", "catch_up"),
                ("线路干扰", "Noise", self.is_noisy, "rustle", "hush"),
            )
        ]


class Flicker:
    """Knows from what was shown lately whether a text flashes.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, str]] = deque(maxlen=3)

    def see(self, text: str) -> None:
        """``text`` is shown from now on."""
        if not self._seen or self._seen[-1][1] != text:
            self._seen.append((self._clock(), text))

    @property
    def flashes(self) -> bool:
        """Whether a text has gone out and come back, or the other way round, just now."""
        if len(self._seen) < 3 or self._clock() - self._seen[-1][0] > FLASHES_WITHIN:
            return False
        (begun, first), _, (back, last) = self._seen
        return first == last and back - begun < FLASHES_WITHIN
