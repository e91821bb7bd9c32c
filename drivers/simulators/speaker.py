"""A loudspeaker that keeps what it was given to play: sentences and their WAV files."""

import shutil
import threading
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from drivers.device import DeviceSettings
from drivers.errors import OfflineError
from drivers.simulators.panel import Part, Pull, Reading
from drivers.simulators.simulator import SHOWN, BarePlug, Simulator, numbered
from drivers.speaker.settings import SpeakerSettings

STUCK_AFTER = 10.0
"""Seconds after which a sound card that takes no sound is given up, as aplay on a real one is."""
_OCCUPIED = (
    *("taken", "占用", "Taken", "occupy", "release"),
    *(("别的程序占用声卡", "Another program takes the sound card"), ("放开声卡", "Let the sound card go")),
    "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
)
_SILENT = (
    *("mute", "失声", "Silent", "go_silent", "answer"),
    *(("声卡不再应答", "The sound card falls silent"), ("声卡恢复应答", "The sound card answers again")),
    "M4 9h4l5-4v14l-5-4H4zM16.5 9.5l5 5M21.5 9.5l-5 5",
)
MOST_KEPT = 200
"""Sentences whose sound is kept; the files of older ones are removed."""


@dataclass(frozen=True)
class Spoken:
    """One sentence that was heard in the hall."""

    text: str
    wav: Path
    at: datetime


class SpeakerSimulator(Simulator[BarePlug]):
    """A sound card and its loudspeaker.

    Args:
        folder: where the WAV files are kept; made if it is not there.
        now: the time, with a zone.
        paced: take the time that a sentence takes to say.
        stuck_after: seconds after which a sound card that takes no sound is given up.
        on_change: called after anything visible has changed.

    Attributes:
        said: what was played, oldest first; its sound may be gone for all but the newest 200.
        occupied: another program has the sound card to itself.
    """

    place = "speaker"
    hands = ("unplug", "plug_in", "occupy", "release", "go_silent", "answer")

    def __init__(
        self,
        folder: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        paced: bool = False,
        stuck_after: float = STUCK_AFTER,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(BarePlug(), on_change)
        self.said: list[Spoken] = []
        self._folder = folder
        self._now = now
        self._paced = paced
        self._stuck_after = stuck_after
        self._answers = threading.Event()
        self._answers.set()
        self.occupied = False

    @classmethod
    def of(cls, settings: SpeakerSettings, folder: Path, now: Callable[[], datetime]) -> Self:
        """The simulator of a device with these settings."""
        return cls(folder / settings.name, now=now)

    def open_port(self, settings: DeviceSettings) -> Self:  # noqa: ARG002 - there is one sound card
        """The simulated sound card; raises OfflineError while its plug is out."""
        return self.open_player()

    def look(self) -> dict[str, Any]:
        """The newest sentences, newest first; whether the sound card is another program's, or takes no sound."""
        said = list(enumerate(self.said, 1))[-SHOWN:]
        return {
            "said": [{"id": number, "text": one.text, "at": one.at.isoformat()} for number, one in reversed(said)],
            "occupied": self.occupied,
            "silent": not self._answers.is_set(),
        }

    def panel(self) -> Sequence[Part]:
        """What it said last."""
        return [Reading("刚说的", "Said last", self.said[-1].text if self.said else "-")]

    def pulls(self) -> Sequence[Pull]:
        """Its plug, and what a sound card may do."""
        return [
            *super().pulls(),
            Pull(*_OCCUPIED, is_out=self.occupied),
            Pull(*_SILENT, is_out=not self._answers.is_set()),
        ]

    def piece(self, name: str) -> tuple[bytes, str]:
        """The sound of a sentence by its number: ``said/1.wav``."""
        return numbered(self.said, name, "said/", ".wav").wav.read_bytes(), "audio/wav"

    def occupy(self) -> None:
        """Another program takes the sound card."""
        self.occupied = True
        self.on_change()

    def release(self) -> None:
        """The other program lets it go."""
        self.occupied = False
        self.on_change()

    def go_silent(self) -> None:
        """The sound card takes no more sound, and does not say why."""
        self._answers.clear()
        self.on_change()

    def answer(self) -> None:
        """It takes sound again."""
        self._answers.set()
        self.on_change()

    def open_player(self) -> Self:
        """What a driver plays on: this, as a :class:`~drivers.speaker.alsa.Player`.

        Raises:
            OfflineError: the plug is out, or another program has the sound card.
        """
        self._check_plugged(self.plugged)
        return self

    def present(self) -> bool:
        """Whether the plug is in."""
        return self.plugged

    def close(self) -> None:
        """Does nothing: nothing is held between sentences."""

    def play(self, wav: Path, text: str, stopping: threading.Event) -> None:
        """Keep a copy of the sentence, and take the time it needs where paced."""
        self._check_plugged(self.plugged)
        self._wait_for_answer(stopping)
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
                self._check_plugged(not self._plug.out.wait(min(left, 0.1)))
                left -= 0.1

    def _check_plugged(self, plugged: bool) -> None:
        if not plugged:
            raise OfflineError("no_sound_card", "unplugged")
        if self.occupied:
            raise OfflineError("busy", "another program")

    def _wait_for_answer(self, stopping: threading.Event) -> None:
        left = self._stuck_after
        while not self._answers.wait(0.05) and not stopping.is_set():
            self._check_plugged(self.plugged)
            left -= 0.05
            if left <= 0:
                raise OfflineError("stuck", "aplay")
