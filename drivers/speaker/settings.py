"""The settings of a speaker."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, Strict, ValidationInfo

from drivers.device import Device, DeviceEvent, DeviceSettings, PortText, Whole, WindowId, wrong_setting
from drivers.speaker.alsa import AlsaPlayer, NoPlayer, Player
from drivers.speaker.clips import Clips
from drivers.speaker.driver import Speaker
from drivers.speaker.earphones import Earphones
from drivers.speaker.hours import QuietHours


def _sound_card(port: str) -> str:
    if "://" in port or port.startswith("/dev/"):
        raise wrong_setting(
            "不是声卡",
            "is no sound card",
            "写 aplay -L 列出的 ALSA 名称，如 default，或 sim:",
            "write an ALSA name as aplay -L lists them, such as default, or sim:",
        )
    return port


def _clips_folder(value: Path | None, info: ValidationInfo) -> Path | None:
    folder: Path = (info.context or {}).get("folder", Path())
    return None if value is None else folder / value


def _command(value: str) -> str:
    try:
        shlex.split(value)
    except ValueError:
        raise wrong_setting(
            "的引号不成对",
            "has an unmatched quote",
            '写成一行命令，如 piper --model {voice}.onnx --output_file -，或 ""',
            'write a command line, such as piper --model {voice}.onnx --output_file -, or ""',
        ) from None
    return value


LanguageId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class SpeakerSettings(DeviceSettings):
    """``driver = "speaker"``.

    Attributes:
        port: the sound card's ALSA name, or ``sim:``.
        at: ``hall`` for one that says calls; ``kiosk`` for the earphone socket at this box's kiosk, which reads the
            page aloud, and whose keys for windows, languages, chime, repeats, quiet hours and silence have no meaning.
        voice: of espeak-ng, for Mandarin.
        speed: of espeak-ng, in words a minute.
        program: makes the sound of what is not recorded, in place of espeak-ng: a command that reads a line of text
            from standard input and writes a WAV file to standard output; ``{voice}`` in it becomes the voice.
        clips: folder of recorded clips, with a folder for each language; without it espeak-ng says all.
        languages: in which each call is said, in this order; the names of folders of clips.
        chime: whether two tones come before each call that is said with clips.
        repeats: how often each call is said.
        zone: the part of the hall where it is heard.
        windows: whose calls it says; without any, every window's.
        quiet: times of the day when calls are shown and not said.
        silent: calls are always shown and never said; no sound card is needed.
    """

    port: Annotated[PortText, AfterValidator(_sound_card)]
    at: Literal["hall", "kiosk"] = "hall"
    voice: str = "cmn-latn-pinyin"
    program: Annotated[str, AfterValidator(_command)] = ""
    speed: Whole = Field(150, ge=80, le=300)
    clips: Annotated[Path | None, AfterValidator(_clips_folder)] = None
    languages: tuple[LanguageId, ...] = Field(("zh",), min_length=1, max_length=5)
    chime: Annotated[bool, Strict()] = True
    repeats: Whole = Field(1, ge=1, le=3)
    zone: str = Field("", max_length=40)
    windows: tuple[WindowId, ...] = ()
    quiet: tuple[
        Annotated[QuietHours, PlainValidator(QuietHours.parse), PlainSerializer(str, return_type=str)], ...
    ] = ()
    silent: Annotated[bool, Strict()] = False

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        clips, program = Clips(self.clips) if self.clips else None, tuple(shlex.split(self.program))
        if self.at == "kiosk":
            earphones = Earphones(voice=self.voice, speed=self.speed, clips=clips, program=program)
            return Device(earphones, (earphones,))
        speaker = Speaker(
            voice=self.voice,
            speed=self.speed,
            clips=clips,
            program=program,
            languages=self.languages,
            chime=self.chime,
            repeats=self.repeats,
            windows=frozenset(self.windows or filter(None, [self.window])),
            quiet=self.quiet,
            silent=self.silent,
        )
        return Device(speaker, (speaker,))

    def open_port(self) -> Player:
        """The sound card; raises OfflineError where a moment of silence cannot be played."""
        return NoPlayer() if self.silent and self.at == "hall" else AlsaPlayer(self.port)
