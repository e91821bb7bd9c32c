"""The voice in a kiosk's earphones: it reads aloud what a resident asks to hear, the newest sentence alone.

What it says may be about the resident who stands there: no sentence is logged, kept, or named in an error.
"""

import re
import tempfile
import threading
from array import array
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path

from drivers.device import ReadsAloud
from drivers.errors import OfflineError, RefusedError
from drivers.speaker.alsa import Player
from drivers.speaker.clips import Clips
from drivers.speaker.driver import IDLE_WATCH, LONGEST, Sentence, synthesized
from drivers.speaker.programs import command_of, find
from drivers.speaker.sound import SoundError, amplify, even, write_wav
from drivers.supervisor import Link

LEVELS = 5
"""Steps of loudness, 6 dB apart."""
NORMAL = 3
"""The step that everybody begins with."""
_STEP = 2.0
_AS_MADE = 4
"""The step at which a sentence is as loud as a call in the hall."""
_LONG = 60
"""Characters of a part, unless one sentence has more."""
_PIECES = re.compile(r"[^。！？；，、.!?;,]*[。！？；，、.!?;,]+|[^。！？；，、.!?;,]+")


@dataclass(eq=False)
class Earphones(ReadsAloud):
    """One socket for earphones.

    Attributes:
        voice: of espeak-ng, for sentences that name none.
        speed: in words a minute.
        clips: recordings of whole sentences, named after what is said in them; None where there are none.
        program: the command that makes the sound of what is not recorded; espeak-ng where it is empty.
    """

    _: KW_ONLY
    voice: str = "cmn-latn-pinyin"
    speed: int = 150
    clips: Clips | None = None
    program: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._next: tuple[Sentence, int] | None = None
        # Set while what is being read is out of date.
        self._leave_off = threading.Event()

    def read(self, sentence: Sentence, level: int = NORMAL) -> None:
        """Read ``sentence``, in place of the one that is being read; from any thread, and returns at once.

        Args:
            sentence: its clip is looked for under its own words, in the folder of its language.
            level: how loud, from 1 to ``LEVELS``.
        """
        with self._changed:
            self._next = (sentence, level)
            self._leave_off.set()
            self._changed.notify()

    def hush(self) -> None:
        """Leave off."""
        with self._changed:
            self._next = None
            self._leave_off.set()

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - a sentence is enough
        """Read ``title``; whether it was heard is not known."""
        self.read(Sentence(title))
        return None

    def serve(self, port: Player, link: Link) -> None:
        """Read until the sound card is lost or the program stops."""
        find(command_of(self.program)[0])
        stopping = _Either(link.stopping, self._leave_off)
        well = True
        with tempfile.TemporaryDirectory(prefix="quhao-earphones-") as folder:
            wav = Path(folder) / "sentence.wav"
            while not link.stopping.is_set():
                if well:
                    link.online()
                one = self._take()
                if not port.present():
                    raise OfflineError("no_sound_card", "the sound cards have changed")
                if one:
                    well = self._read(*one, wav, port, link, stopping)

    def _take(self) -> tuple[Sentence, int] | None:
        with self._changed:
            if self._next is None:
                self._changed.wait(IDLE_WATCH)
            one, self._next = self._next, None
            self._leave_off.clear()
            return one

    def _read(
        self, sentence: Sentence, level: int, wav: Path, port: Player, link: Link, stopping: threading.Event
    ) -> bool:
        """Read to the end or until ``stopping``; False where a part could not be made, which ``link`` is told."""
        recorded, gain = self._recorded(sentence), _STEP ** (level - _AS_MADE)
        # Part by part: the first is heard while the next is not made yet.
        for words in [sentence.text] if recorded else parts(sentence.text):
            try:
                samples = (
                    amplify(recorded, gain) if recorded else self._made(replace(sentence, text=words), gain, stopping)
                )
            except RefusedError as error:
                # Another sentence may do. What the program said of this one may repeat it.
                link.fault(error.reason, sentence.voice or self.voice)
                return False
            if stopping.is_set():
                break
            if samples:
                wav.write_bytes(write_wav(samples))
                port.play(wav, words, stopping)
        return True

    def _recorded(self, sentence: Sentence) -> "array[int] | None":
        try:
            return self.clips.load(sentence.language, sentence.text) if self.clips else None
        except SoundError:
            return None

    def _made(self, sentence: Sentence, gain: float, stopping: threading.Event) -> "array[int]":
        samples = synthesized(sentence, self.program, self.voice, self.speed, stopping)
        try:
            return even(samples, gain) if samples else samples
        except SoundError:
            # Nothing but marks, such as a dash.
            return array("h")


def parts(text: str) -> list[str]:
    """``text`` in parts that a synthesizer takes, each of some sentences, or of some words of a long one."""
    found: list[str] = []
    for piece in _PIECES.findall(text):
        if found and len(found[-1]) + len(piece) <= _LONG:
            found[-1] += piece
        else:
            found += [piece[at : at + LONGEST] for at in range(0, len(piece), LONGEST)]
    return [one.strip() for one in found if one.strip()]


class _Either(threading.Event):
    """Set while one of two others is."""

    def __init__(self, first: threading.Event, second: threading.Event) -> None:
        super().__init__()
        self._both = (first, second)

    def is_set(self) -> bool:
        return any(one.is_set() for one in self._both)
