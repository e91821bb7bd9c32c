"""The sound card: aplay plays what is given to it."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from drivers.errors import OfflineError
from drivers.speaker.programs import find, run
from drivers.speaker.sound import RATE

PROBE_TIMEOUT = 5.0
PLAY_SLACK = 10.0
"""Seconds that aplay may take longer than the sound lasts: a card that stands still is taken for stuck then."""
_SILENCE = bytes(2 * RATE // 20)


class Player(Protocol):
    """What makes a sentence heard."""

    def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
        """Play ``wav`` to its end, or until ``stopping`` is set.

        Args:
            wav: the sentence.
            text: the same in letters.
            stopping: set when the program ends.

        Raises:
            DeviceError: it could not be played.
        """

    def present(self) -> bool:
        """Whether the sound card is still there, as far as can be told without a sound."""

    def close(self) -> None:
        """Let go of the sound card."""


class AlsaPlayer:
    """A sound card, by its ALSA name, such as ``default`` or ``plughw:1``.

    Raises:
        OfflineError: ``not_installed``, ``no_sound_card`` or ``busy``; found out by playing a moment of silence,
            since a name may lead anywhere.
    """

    def __init__(self, device: str = "default") -> None:
        self._program = find("aplay")
        self._device = device
        raw = ("-t", "raw", "-f", "S16_LE", "-r", str(RATE), "-c", "1")
        self._cards = _cards()
        self._play((*raw, "-"), _SILENCE, PROBE_TIMEOUT, threading.Event())

    def play(self, wav: Path, text: str, stopping: threading.Event) -> None:  # noqa: ARG002 - other players show it
        """Play a WAV file to its end, or until ``stopping`` is set."""
        self._play((str(wav),), b"", wav.stat().st_size / (2 * RATE) + PLAY_SLACK, stopping)

    def present(self) -> bool:
        """Whether the list of sound cards is as it was: after a change the name is tried again."""
        return self._cards == _cards()

    def close(self) -> None:
        """Nothing is held between sentences."""

    def _play(self, what: Sequence[str], data: bytes, timeout: float, stopping: threading.Event) -> None:
        done = run((self._program, "-q", "-D", self._device, *what), data, timeout, stopping)
        if done.code:
            reason = "busy" if "busy" in done.said else "no_sound_card"
            raise OfflineError(reason, f"{self._device}: {done.said}")


class NoPlayer:
    """Where calls are silent, no sound card is needed."""

    def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
        """Does nothing."""

    def present(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing is held."""


def _cards() -> str:
    """The kernel's list of sound cards; "" where it has none."""
    try:
        return Path("/proc/asound/cards").read_text("utf-8", "replace")
    except OSError:
        return ""
