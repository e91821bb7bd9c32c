"""``quhao voice``: the clips that calls are joined from."""

import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kiosk.cli.options import Context, ledger_of, write_whole

if TYPE_CHECKING:
    from config.settings import Settings
    from drivers.speaker.clips import Clips
    from drivers.speaker.settings import SpeakerSettings


@click.group()
def voice() -> None:
    """The clips that calls are joined from."""


@voice.command()
@click.option("--language", "languages", multiple=True, metavar="FOLDER", help="This one; may be given several times.")
@click.option("--program", help="Reads a line of text and writes a WAV file: from standard input, to standard output.")
@click.option("--dry-run", is_flag=True, help="List the clips and what is said in each, and make none.")
@click.pass_obj
def make(context: Context, languages: tuple[str, ...], program: str | None, dry_run: bool) -> None:
    """Make the clips that nobody has recorded yet, by espeak-ng or another PROGRAM.

    A clip is a WAV file in the folder of its language, named after what is said in it. Those that are made go into the
    folder "made" in there. A recording is never changed, and is heard instead of what was made.
    """
    from drivers.speaker import sound

    for speaker in _speakers(context.settings):
        clips = _clips_of(speaker)
        if speaker.chime:
            _make(clips, "", {"chime": ""}, dry_run, lambda _words: sound.write_wav(sound.chime()))
        for name in languages or speaker.languages:
            words, synthesizer = _wanted(context.settings, speaker, name, program)
            _make(clips, name, words, dry_run, synthesizer)


def _make(
    clips: "Clips", language: str, wanted: Mapping[str, str], dry_run: bool, make_wav: Callable[[str], bytes]
) -> None:
    """Make what is missing of ``wanted``, the words in each clip; say what was done."""
    recorded = made = 0
    for clip, words in wanted.items():
        place, found = clips.place(language, clip, made=True), clips.find(language, clip)
        is_new = found is None
        if found is None and not dry_run:
            with _in_words(clip):
                wav = make_wav(words)
                place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, wav)
        recorded += found not in (None, place)
        made += is_new
        if is_new or dry_run:
            state = "缺 missing" if is_new else "自制 made" if found == place else "已录 recorded"
            click.echo(
                f"{state + '  ' if dry_run else ''}{found or clips.place(language, clip, made=not dry_run)}  {words}"
            )
    if language:
        how = ("要录", "to make") if dry_run else ("新做", "made")
        click.echo(
            f"{clips.folder / language}: 共 {len(wanted)} 个，已录 {recorded} 个，{how[0]} {made} 个 / "
            f"{len(wanted)} clips, {recorded} recorded, {made} {how[1]}"
        )


def _speakers(settings: "Settings") -> "Iterator[SpeakerSettings]":
    """This box's speakers that have clips; it is an error if there is none."""
    from drivers.speaker.settings import SpeakerSettings

    found = [one for one in settings.devices if isinstance(one, SpeakerSettings) and one.clips and one.at == "hall"]
    if not found:
        raise click.ClickException(
            '没有语音设备写了 clips = "文件夹" / no speaker of the settings has clips = "folder"'
        )
    yield from found


def _clips_of(speaker: "SpeakerSettings") -> "Clips":
    from drivers.speaker.clips import Clips

    assert speaker.clips is not None  # noqa: S101 - _speakers() gives no other
    return Clips(speaker.clips)


def _wanted(
    settings: "Settings", speaker: "SpeakerSettings", name: str, program: str | None
) -> tuple[dict[str, str], Callable[[str], bytes]]:
    """The clips of a language, with the words in each, and what makes a WAV file of words."""
    from display.speech import LanguageError
    from drivers.speaker import programs, sound
    from kiosk.devices.voice import language_of

    try:
        language = language_of(speaker.clips, name)
        command = (
            shlex.split(program)
            if program
            else programs.espeak("espeak-ng", language.voice or speaker.voice, speaker.speed)
        )
    except LanguageError as error:
        raise click.ClickException(str(error)) from error
    except ValueError as error:
        raise click.ClickException(f"--program 的引号不成对 / --program has an unmatched quote: {program}") from error

    def make_wav(words: str) -> bytes:
        path = programs.find(command[0])
        wav = programs.synthesize([path, *command[1:]], words, Path(command[0]).name, threading.Event())
        return sound.write_wav(sound.even(sound.read_wav(wav)))

    prefixes, windows = _of_hall(settings)
    here = [one for one in windows if not speaker.windows or one[0] in speaker.windows]
    return language.clips(prefixes, here), make_wav


def _of_hall(settings: "Settings") -> tuple[list[str], list[tuple[str, str]]]:
    """The prefixes of ticket numbers, and id and name of each window; from the settings until there is a store."""
    from kiosk.opening import store_exists
    from ticketing.setup.setup import Setup

    if not store_exists(settings):
        return [one.prefix for one in settings.services], [(one.id, one.name) for one in settings.windows]
    with ledger_of(settings) as ledger:
        setup = Setup(ledger).read()
    return [one.prefix for one in setup.services], [(one.id, one.name) for one in setup.windows]


@contextmanager
def _in_words(clip: str) -> Iterator[None]:
    """Turn what went wrong with a clip into a sentence."""
    from display.staff.advice import advice
    from drivers.errors import DeviceError
    from drivers.speaker.sound import SoundError

    try:
        yield
    except DeviceError as error:
        said = advice(error.reason, error.detail)
        raise click.ClickException(
            f"{clip}: {said.reason_zh}，{said.advice_zh} / {said.reason_en}: {said.advice_en}"
        ) from error
    except SoundError as error:
        raise click.ClickException(f"{clip}: 做出来的{error.zh} / what the program wrote {error.en}") from error
    except OSError as error:
        raise click.ClickException(f"{clip}: {error.strerror}") from error
