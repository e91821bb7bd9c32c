"""The hall's voice: espeak-ng makes a sentence, aplay plays it; strictly one after the other.

Debian's espeak-ng 1.51 reads 请 as an English word under its voice ``cmn``; ``cmn-latn-pinyin`` reads it right.

Reasons: ``not_installed`` (espeak-ng or aplay), ``no_sound_card``, ``busy`` (another program has the card to itself),
``no_voice`` (espeak-ng could not make the sentence), ``stuck`` (a program that does not end).
"""

import logging
import os
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from shutil import which
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from drivers.device import Device, DeviceEvent, DeviceSettings, PortText, Sink, Whole, wrong_setting
from drivers.errors import DeviceError, OfflineError, RefusedError
from drivers.supervisor import Link

log = logging.getLogger(__name__)

SYNTHESIS_TIMEOUT = 10.0
"""Seconds; a sentence takes 0.03 of CPU."""
PLAY_TIMEOUT = 60.0
PROBE_TIMEOUT = 5.0
WATCH = 0.1
"""Seconds between looks at whether to stop a program."""
IDLE_WATCH = 0.5
"""Seconds between looks at the sound card while there is nothing to say."""
LONGEST = 200
"""Characters of one announcement."""
_SILENCE = bytes(2 * 22050 // 20)


def _sound_card(port: str) -> str:
    if "://" in port or port.startswith("/dev/"):
        raise wrong_setting(
            "不是声卡",
            "is no sound card",
            "写 aplay -L 列出的 ALSA 名称，如 default，或 sim:",
            "write an ALSA name as aplay -L lists them, such as default, or sim:",
        )
    return port


class SpeakerSettings(DeviceSettings):
    """``driver = "speaker"``.

    Attributes:
        port: the sound card's ALSA name, or ``sim:``.
        voice: of espeak-ng.
        speed: in words a minute.
    """

    port: Annotated[PortText, AfterValidator(_sound_card)]
    voice: str = "cmn-latn-pinyin"
    speed: Whole = Field(150, ge=80, le=300)

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        speaker = Speaker(voice=self.voice, speed=self.speed)
        return Device(speaker, (speaker,))

    def open_port(self) -> "AlsaPlayer":
        """The sound card; raises OfflineError where a moment of silence cannot be played."""
        return AlsaPlayer(self.port)


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
        self._program = _find("aplay")
        self._device = device
        raw = ("-t", "raw", "-f", "S16_LE", "-r", "22050", "-c", "1")
        self._cards = _cards()
        self._play((*raw, "-"), _SILENCE, PROBE_TIMEOUT, threading.Event())

    def play(self, wav: Path, text: str, stopping: threading.Event) -> None:  # noqa: ARG002 - other players show it
        """Play a WAV file to its end, or until ``stopping`` is set."""
        self._play((str(wav),), b"", PLAY_TIMEOUT, stopping)

    def present(self) -> bool:
        """Whether the list of sound cards is as it was: after a change the name is tried again."""
        return self._cards == _cards()

    def close(self) -> None:
        """Nothing is held between sentences."""

    def _play(self, what: Sequence[str], data: bytes, timeout: float, stopping: threading.Event) -> None:
        code, said = _run((self._program, "-q", "-D", self._device, *what), data, timeout, stopping)
        if code:
            reason = "busy" if "busy" in said else "no_sound_card"
            raise OfflineError(reason, f"{self._device}: {said}")


@dataclass
class _Announcement:
    text: str
    voice: str
    asked_at: float


@dataclass(eq=False)
class Speaker(Sink):
    """One voice: says what it is asked to, in order.

    Attributes:
        voice: of espeak-ng.
        speed: in words a minute.
        repeats: how often each sentence is said.
        backlog: how many may wait; beyond it the oldest is left out, for its call is the least news.
        patience: seconds after which a waiting announcement is left out: what was called long ago only confuses.
        synthesizer: the program that makes a sentence.
    """

    _: KW_ONLY
    voice: str = "cmn-latn-pinyin"
    speed: int = 150
    repeats: int = 1
    backlog: int = 20
    patience: float = 120.0
    synthesizer: str = "espeak-ng"

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[_Announcement] = deque()

    def say(self, text: str, *, voice: str | None = None) -> None:
        """Announce ``text`` when its turn comes; may be called from any thread, and returns at once.

        What already waits to be said is not said twice.

        Args:
            text: a sentence; only its first 200 characters are said.
            voice: another voice than the usual one, for a sentence in another language.
        """
        one = _Announcement(text[:LONGEST], voice or self.voice, time.monotonic())
        with self._changed:
            if any((old.text, old.voice) == (one.text, one.voice) for old in self._waiting):
                return
            self._waiting.append(one)
            while len(self._waiting) > self.backlog:
                self._waiting.popleft()
                log.warning("speaker: more than %d announcements wait; the oldest was left out", self.backlog)
            self._changed.notify()

    def test(self, title: str, lines: Sequence[str]) -> str | None:  # noqa: ARG002 - a sentence is enough
        """Queue ``title`` to be said; whether it was heard is not known, so this always succeeds."""
        self.say(title)
        return None

    @property
    def waiting(self) -> int:
        """How many announcements wait."""
        return len(self._waiting)

    def serve(self, port: Player, link: Link) -> None:
        """Say announcements one after the other until the sound card is lost or the program stops."""
        program = _find(self.synthesizer)
        link.online()
        with tempfile.TemporaryDirectory(prefix="quhao-voice-") as folder:
            wav = Path(folder) / "sentence.wav"
            while not link.stopping.is_set():
                one = self._next()
                if not port.present():
                    if one is not None:
                        self._put_back(one)
                    raise OfflineError("no_sound_card", "the sound cards have changed")
                if one is None:
                    continue
                try:
                    self._synthesize(program, one, wav, link.stopping)
                except RefusedError as error:
                    # Another sentence may do: the voice is not taken for lost.
                    link.fault(error.reason, error.detail)
                    continue
                if link.stopping.is_set():
                    return
                try:
                    for _ in range(self.repeats):
                        port.play(wav, one.text, link.stopping)
                except DeviceError:
                    self._put_back(one)
                    raise
                link.online()

    def _next(self) -> _Announcement | None:
        """The next announcement that is still news; None when there is none just now."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(IDLE_WATCH)
            while self._waiting:
                one = self._waiting.popleft()
                if time.monotonic() - one.asked_at <= self.patience:
                    return one
        return None

    def _put_back(self, one: _Announcement) -> None:
        with self._changed:
            if all((old.text, old.voice) != (one.text, one.voice) for old in self._waiting):
                self._waiting.appendleft(one)

    def _synthesize(self, program: str, one: _Announcement, wav: Path, stopping: threading.Event) -> None:
        wav.unlink(missing_ok=True)
        command = (program, "-v", one.voice, "-s", str(self.speed), "-b", "1", "-w", str(wav), "--stdin")
        # On standard input a sentence cannot be taken for an option; [[ would begin phonemes.
        text = "".join(character for character in one.text if character.isprintable() and character not in "[]")
        code, said = _run(command, text.encode("utf-8", "replace"), SYNTHESIS_TIMEOUT, stopping)
        if not stopping.is_set() and (code or not wav.exists()):
            raise RefusedError("no_voice", f"{one.voice}: {said}")


def _find(program: str) -> str:
    path = which(program)
    if path is None:
        raise OfflineError("not_installed", program)
    return path


def _cards() -> str:
    """The kernel's list of sound cards; "" where it has none."""
    try:
        return Path("/proc/asound/cards").read_text("utf-8", "replace")
    except OSError:
        return ""


def _run(command: Sequence[str], data: bytes, timeout: float, stopping: threading.Event) -> tuple[int, str]:
    """Run a program on ``data``; its exit code and the last line it complained with.

    It is ended at once when ``stopping`` is set; its exit code is then 0.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaint:
        given.write(data)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - a fixed program; what is said comes by its standard input
            command, stdin=given, stdout=subprocess.DEVNULL, stderr=complaint, env=os.environ | {"LC_ALL": "C"}
        )
        deadline = time.monotonic() + timeout
        with process:
            while (code := _wait(process, WATCH)) is None:
                if stopping.is_set():
                    process.kill()
                    return 0, ""
                if time.monotonic() > deadline:
                    process.kill()
                    raise OfflineError("stuck", Path(command[0]).name)
        complaint.seek(0)
        said = complaint.read().decode("utf-8", "replace").strip()
    return code, said.splitlines()[-1][:200] if said else ""


def _wait(process: "subprocess.Popen[bytes]", timeout: float) -> int | None:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return None
