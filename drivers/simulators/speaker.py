"""A loudspeaker that keeps what it was given to play: sentences and their WAV files."""

import shutil
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drivers.errors import OfflineError

MOST_KEPT = 200
"""Sentences whose sound is kept; the files of older ones are removed."""


@dataclass(frozen=True)
class Spoken:
    """One sentence that was heard in the hall."""

    text: str
    wav: Path
    at: datetime


class SpeakerSimulator:
    """A sound card and its loudspeaker.

    Args:
        folder: where the WAV files are kept; made if it is not there.
        now: the time, with a zone.
        paced: take the time that a sentence takes to say.
        on_change: called after anything visible has changed.

    Attributes:
        said: what was played, oldest first; its sound may be gone for all but the newest 200.
    """

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        paced: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.said: list[Spoken] = []
        self.on_change = on_change
        self._folder = folder
        self._now = now
        self._paced = paced
        self._out = threading.Event()

    @property
    def plugged(self) -> bool:
        """Whether its plug is in."""
        return not self._out.is_set()

    def start(self) -> None:
        """Plug it in."""
        self._out.clear()

    def stop(self) -> None:
        """Take it down."""
        self._out.set()

    def unplug(self) -> None:
        """Pull the sound card out: what is being said breaks off."""
        self._out.set()
        self.on_change()

    def plug_in(self) -> None:
        """Put it back."""
        self._out.clear()
        self.on_change()

    def open_player(self) -> "SimulatedPlayer":
        """What a driver plays on; ``OfflineError("no_sound_card")`` while the plug is out."""
        if self._out.is_set():
            raise OfflineError("no_sound_card", "unplugged")
        return SimulatedPlayer(self)

    def keep(self, wav: Path, text: str, stopping: threading.Event) -> None:
        """Play one sentence."""
        if self._out.is_set():
            raise OfflineError("no_sound_card", "unplugged")
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = self._folder / f"{len(self.said) + 1:05}.wav"
        shutil.copyfile(wav, kept)
        self.said.append(Spoken(text, kept, self._now()))
        if len(self.said) > MOST_KEPT:
            self.said[-1 - MOST_KEPT].wav.unlink(missing_ok=True)
        self.on_change()
        if self._paced:
            with wave.open(str(kept), "rb") as sound:
                left = sound.getnframes() / sound.getframerate()
            while left > 0 and not stopping.is_set():
                if self._out.wait(min(left, 0.1)):
                    raise OfflineError("no_sound_card", "unplugged")
                left -= 0.1


class SimulatedPlayer:
    """A :class:`~drivers.speaker.Player` on a simulated loudspeaker."""

    def __init__(self, speaker: SpeakerSimulator) -> None:
        self._speaker = speaker

    def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
        """See :meth:`drivers.speaker.Player.play`."""
        self._speaker.keep(wav, text, stopping)

    def present(self) -> bool:
        """See :meth:`drivers.speaker.Player.present`."""
        return self._speaker.plugged

    def close(self) -> None:
        """Nothing is held between sentences."""
