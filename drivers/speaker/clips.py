"""Recorded clips: a folder for each language, in it a WAV file for each word, named after what is said in it.

``zh/请到.wav`` was recorded; ``zh/made/请到.wav`` was made by ``quhao voice make`` and is used until there is a
recording. Files are read when they are needed: a new recording is heard at the next call.
"""

from array import array
from functools import lru_cache
from pathlib import Path

from drivers.speaker.sound import MOST_BYTES, SoundError, even, read_wav

MADE = "made"
"""The folder of clips that nobody recorded."""
KEPT = 128
"""Clips that are kept in memory; each is about 30 kB."""


class Clips:
    """The clips of a hall.

    Args:
        folder: with a folder for each language.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, language: str, clip: str, *, made: bool = False) -> Path:
        """Where a clip is, or would be; ``language`` is "" for the chime."""
        # A window's name may hold any character.
        name = clip.replace("/", "／").replace("\0", "")
        name = f"．{name[1:]}" if name.startswith(".") else name
        return self.folder / language / (MADE if made else "") / f"{name}.wav"

    def find(self, language: str, clip: str) -> Path | None:
        """The recording of a clip, or else what was made for it; None where there is neither."""
        for made in (False, True):
            place = self.place(language, clip, made=made)
            if _is_file(place):
                return place
        return None

    def load(self, language: str, clip: str) -> "array[int] | None":
        """The samples of a clip, trimmed and evened; None where there is none.

        Raises:
            SoundError: the file cannot be used; its words begin with the file's place.
        """
        place = self.find(language, clip)
        if place is None:
            return None
        try:
            state = place.stat()
            return _load(place, state.st_mtime_ns, state.st_size)
        except SoundError as error:
            where = place.relative_to(self.folder)
            raise SoundError(f"{where} {error.zh}", f"{where} {error.en}") from error
        except OSError as error:
            where, why = place.relative_to(self.folder), error.strerror
            raise SoundError(f"{where} 读不了({why})", f"{where} cannot be read ({why})") from error


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError:  # a name too long for the disk, a stick that was pulled out
        return False


@lru_cache(KEPT)
def _load(place: Path, changed: int, size: int) -> "array[int]":  # noqa: ARG001 - a changed file is read anew
    if size > MOST_BYTES:
        raise SoundError("太大", "is too large")
    return even(read_wav(place.read_bytes()))
