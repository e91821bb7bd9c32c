"""The hall's voice: recorded clips, or else espeak-ng, make a sentence, aplay plays it; one after the other.

Debian's espeak-ng 1.51 reads 请 as an English word under its voice ``cmn``; ``cmn-latn-pinyin`` reads it right.

Reasons: ``not_installed`` (espeak-ng or aplay), ``no_sound_card``, ``busy`` (another program has the card to itself),
``no_voice`` (espeak-ng could not make the sentence), ``stuck`` (a program that does not end), ``disk_full`` (a sentence
is a file for a moment). While it is online its detail may be ``silent_calling``, ``quiet_hours``, ``clips_missing`` or
``language_unusable``, each with what it is about.
"""

import errno
import logging
import tempfile
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from drivers.device import Announces
from drivers.errors import DeviceError, OfflineError, RefusedError
from drivers.speaker.alsa import Player
from drivers.speaker.clips import Clips
from drivers.speaker.hours import QuietHours
from drivers.speaker.programs import command_of, find, synthesize
from drivers.speaker.sound import SoundError, even, join, read_wav, silence, write_wav
from drivers.supervisor import Link

log = logging.getLogger(__name__)

IDLE_WATCH = 0.5
"""Seconds between looks at the sound card while there is nothing to say."""
LONGEST = 200
"""Characters of one sentence."""
PAUSE = ","
"""Among a sentence's clips: a short silence."""
CHIME = "chime"
"""The clip before an announcement, in the folder of all languages."""
_BETWEEN_CLIPS, _PAUSE, _BETWEEN_SENTENCES = 0.03, 0.12, 0.2
"""Seconds of silence."""
_MOST_TOLD = 12
"""Missing clips that are named."""


@dataclass(frozen=True)
class Sentence:
    """A sentence in one language.

    Attributes:
        text: for the synthesizer; only its first 200 characters are said.
        voice: of the synthesizer; "" for the speaker's usual one.
        language: whose folder has the clips.
        clips: their names in order; empty where there is nothing but the text.
    """

    text: str
    voice: str = ""
    language: str = ""
    clips: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Announcement:
    about: str
    sentences: tuple[Sentence, ...]
    asked_at: float = field(compare=False)


@dataclass(eq=False)
class Speaker(Announces):
    """One voice: says what it is asked to, in order.

    Attributes:
        voice: of espeak-ng.
        speed: in words a minute.
        clips: recordings; None where espeak-ng says all.
        languages: in which a call is to be said, for whoever makes the sentences.
        chime: whether two tones come first, where there are clips.
        repeats: how often each announcement is said.
        windows: whose calls it is to be asked to say; empty for all.
        quiet: times of the day when it is not to be asked.
        silent: it says nothing at all.
        backlog: how many may wait; beyond it the oldest is left out, for its call is the least news.
        patience: seconds after which a waiting announcement is left out: what was called long ago only confuses.
        program: the command that makes a sentence's sound; espeak-ng where it is empty.
        hush: the quiet hours now, "" at other times; told by whoever knows the hall's time.
        unusable: what is wrong with a language, "" for nothing; told by whoever makes the sentences.
        clock: seconds of a steady clock.
    """

    _: KW_ONLY
    voice: str = "cmn-latn-pinyin"
    speed: int = 150
    clips: Clips | None = None
    languages: tuple[str, ...] = ("zh",)
    chime: bool = True
    repeats: int = 1
    windows: frozenset[str] = frozenset()
    quiet: tuple[QuietHours, ...] = ()
    silent: bool = False
    backlog: int = 20
    patience: float = 60.0
    program: tuple[str, ...] = ()
    hush: str = ""
    unusable: str = ""
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[_Announcement] = deque()
        # Clips that were missed, and what is wrong with those that are there.
        self._missing: dict[tuple[str, str], str] = {}

    def announce(self, about: str, sentences: Sequence[Sentence]) -> None:
        """Announce ``sentences`` when their turn comes; may be called from any thread, and returns at once.

        What already waits to be said is not said twice. Where something else waits to be said about the same, that is
        out of date and left out.

        Args:
            about: what they are about, such as a ticket's number; "" for nothing else.
            sentences: the same in several languages, in order.
        """
        if self.silent:
            return
        one = _Announcement(about, tuple(sentences), self.clock())
        with self._changed:
            if one in self._waiting:
                return
            if about:
                self._waiting = deque(old for old in self._waiting if old.about != about)
            self._waiting.append(one)
            while len(self._waiting) > self.backlog:
                self._waiting.popleft()
                log.warning("speaker: more than %d announcements wait; the oldest was left out", self.backlog)
            self._changed.notify()

    def expect(self, clips: Iterable[tuple[str, str]]) -> None:
        """Tell which clips will be needed, by language and name: a technician hears of those that are missing."""
        here = self.clips
        if here is not None:
            self._missing = {clip: "" for clip in clips if not here.find(*clip)}

    def say(self, text: str, *, voice: str = "") -> None:
        """Announce one sentence without clips, in another voice than the usual one if it is in another language."""
        self.announce("", [Sentence(text, voice)])

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - a sentence is enough
        """Queue ``title`` to be said; whether it was heard is not known."""
        if self.silent:
            return "silent_calling"
        self.say(title)
        return None

    @property
    def waiting(self) -> int:
        """How many announcements wait."""
        return len(self._waiting)

    def serve(self, port: Player, link: Link) -> None:
        """Say announcements one after the other until the sound card is lost or the program stops."""
        if not self.silent and self.clips is None:
            find(command_of(self.program)[0])
        well = True
        try:
            with tempfile.TemporaryDirectory(prefix="quhao-voice-") as folder:
                wav = Path(folder) / "sentence.wav"
                while not link.stopping.is_set():
                    if well:
                        link.online(self._hint())
                    one = self._next()
                    if not port.present():
                        if one is not None:
                            self._put_back(one)
                        raise OfflineError("no_sound_card", "the sound cards have changed")
                    if one is not None:
                        well = self._perform(one, wav, port, link)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise
            raise OfflineError("disk_full", tempfile.gettempdir()) from error

    def _perform(self, one: _Announcement, wav: Path, port: Player, link: Link) -> bool:
        """Say one announcement; False where a part of it could not be made, which ``link`` is told."""
        parts: list[array[int]] = []
        trouble: RefusedError | None = None
        for sentence in one.sentences:
            try:
                parts += [silence(_BETWEEN_SENTENCES if parts else 0), self._sound_of(sentence, link.stopping)]
            except RefusedError as error:
                # Another sentence may do: the voice is not taken for lost.
                trouble = error
        if parts and not link.stopping.is_set():
            wav.write_bytes(write_wav(join([*self._chime(one), *parts])))
            try:
                for _ in range(self.repeats):
                    port.play(wav, " / ".join(sentence.text[:LONGEST] for sentence in one.sentences), link.stopping)
            except DeviceError:
                self._put_back(one)
                raise
        if trouble:
            link.fault(trouble.reason, trouble.detail)
        return not trouble

    def _hint(self) -> str:
        """What a technician should know of a voice that works."""
        if self.silent:
            return "silent_calling"
        if self.hush:
            return f"quiet_hours {self.hush}"
        if self.unusable:
            return f"language_unusable {self.unusable}"
        if self.clips is None or not self._missing:
            return ""
        if any(not why and self.clips.find(*clip) for clip, why in self._missing.items()):
            # Recorded meanwhile.
            self._missing = {clip: why for clip, why in self._missing.items() if why or not self.clips.find(*clip)}
        told = [why or "/".join(clip) for clip, why in self._missing.items()]
        more = f" (+{len(told) - _MOST_TOLD})" if len(told) > _MOST_TOLD else ""
        return f"clips_missing {', '.join(told[:_MOST_TOLD])}{more}" if told else ""

    def _next(self) -> _Announcement | None:
        """The next announcement that is still news; None when there is none just now."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(IDLE_WATCH)
            while self._waiting:
                one = self._waiting.popleft()
                if self.clock() - one.asked_at <= self.patience:
                    return one
                log.warning("speaker: an announcement that waited for %.0f s was left out", self.patience)
        return None

    def _put_back(self, one: _Announcement) -> None:
        with self._changed:
            if all(old != one and (not one.about or old.about != one.about) for old in self._waiting):
                self._waiting.appendleft(one)

    def _chime(self, one: _Announcement) -> "list[array[int]]":
        """Two tones for a call; none where there is no clip of them, for they can be left out."""
        if self.clips is None or not self.chime or not one.about:
            return []
        try:
            tones = self.clips.load("", CHIME)
        except SoundError:
            tones = None
        return [tones, silence(_PAUSE)] if tones else []

    def _sound_of(self, sentence: Sentence, stopping: threading.Event) -> "array[int]":
        """A sentence from its clips, or from the synthesizer where one of them is missing.

        Raises:
            RefusedError: ``no_voice``, or ``not_installed`` where there is no synthesizer to fall back on.
        """
        joined = self._joined(self.clips, sentence) if self.clips and sentence.clips else None
        return joined or self._synthesized(sentence, stopping)

    def _joined(self, clips: Clips, sentence: Sentence) -> "array[int] | None":
        parts: list[array[int]] = []
        for clip in sentence.clips:
            if clip == PAUSE:
                parts.append(silence(_PAUSE))
                continue
            key = (sentence.language, clip)
            try:
                samples, why = clips.load(*key), ""
            except SoundError as error:
                samples, why = None, error.en
            if samples is None:
                self._missing[key] = why
            else:
                self._missing.pop(key, None)
                parts += [samples, silence(_BETWEEN_CLIPS)]
        return None if any((sentence.language, clip) in self._missing for clip in sentence.clips) else join(parts)

    def _synthesized(self, sentence: Sentence, stopping: threading.Event) -> "array[int]":
        try:
            samples = synthesized(sentence, self.program, self.voice, self.speed, stopping)
        except OfflineError as error:
            if self.clips is None or error.reason != "not_installed":
                raise
            # With clips it is not needed, but for this sentence.
            raise RefusedError(error.reason, error.detail) from error
        return even(samples) if self.clips and samples else samples


def synthesized(
    sentence: Sentence, program: Sequence[str], voice: str, speed: int, stopping: threading.Event
) -> "array[int]":
    """The sound of a sentence that nobody recorded; none when ``stopping`` was set meanwhile.

    Args:
        sentence: only its first 200 characters are said.
        program: the command that reads a line and writes a WAV file; espeak-ng where it is empty.
        voice: of a sentence that names none.
        speed: in words a minute.
        stopping: ends the program.

    Raises:
        OfflineError: ``not_installed``, ``stuck``.
        RefusedError: ``no_voice``.
    """
    voice = sentence.voice or voice
    command = command_of(program, voice, speed)
    wav = synthesize([find(command[0]), *command[1:]], sentence.text[:LONGEST], voice, stopping)
    if not wav:
        return array("h")
    try:
        return read_wav(wav)
    except SoundError as error:
        raise RefusedError("no_voice", f"{voice}: {error.en}") from error
