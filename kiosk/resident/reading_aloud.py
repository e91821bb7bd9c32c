"""Reading aloud at the kiosk: what the page shows, in the earphones there, as loud as its resident wants."""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Literal

from kiosk.resident.view import KioskView
from ticketing.model import StateError

if TYPE_CHECKING:
    from drivers.speaker.earphones import Earphones

Change = Literal["louder", "softer", "normal"]
"""What a key for the volume does."""
QUIET = 60.0
"""Seconds in which nothing was asked for, after which another person stands there."""


class ReadingAloud:
    """What the earphones at this box's kiosk say. Safe to use from any thread; keeps and logs no words.

    Args:
        earphones: all at the kiosk.
        voices: of a synthesizer, by language; "" for the earphones' own.
        clock: seconds of a steady clock.
    """

    def __init__(
        self,
        earphones: "Sequence[Earphones]",
        voices: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from drivers.speaker.earphones import LEVELS, NORMAL

        self.levels = LEVELS
        self._normal = self._level = NORMAL
        self._earphones = earphones
        self._voices = voices
        self._clock = clock
        self._asked_at = clock()
        # The visit that the page shows, and whether it is somebody's who laid a card.
        self._visit: str | None = None
        self._known = False
        self._lock = Lock()

    def read(self, words: str, language: str, visit: str | None = None) -> None:
        """Read ``words`` in place of what is being read; be quiet where they are empty, or the language is unknown.

        Raises:
            StateError: ``other_visit``: the resident to whom they were shown has left.
        """
        from drivers.speaker.driver import Sentence

        with self._lock:
            if visit is not None and self._visit not in (None, visit):
                raise StateError("other_visit")
        self._let_time_pass()
        voice = self._voices.get(language)
        for one in self._earphones:
            if words and voice is not None:
                one.read(Sentence(words, voice, language), self._level)
            else:
                one.hush()

    def turn(self, change: Change) -> int:
        """Make what is read from now on louder or softer; the level, from 1 to ``levels``."""
        self._let_time_pass()
        with self._lock:
            step = {"louder": 1, "softer": -1}.get(change)
            self._level = self._normal if step is None else min(self.levels, max(1, self._level + step))
            return self._level

    def follow(self, view: KioskView) -> None:
        """The kiosk shows something else: when a resident has left, it is quiet, and as loud as usual for the next."""
        with self._lock:
            left = self._known and self._visit != view.visit
            self._visit, self._known = view.visit, view.resident is not None
            if left:
                self._level = self._normal
        if left:
            for one in self._earphones:
                one.hush()

    def _let_time_pass(self) -> None:
        with self._lock:
            now = self._clock()
            # Nobody has laid a card, but somebody may have listened and gone.
            if now - self._asked_at > QUIET and not self._known:
                self._level = self._normal
            self._asked_at = now
