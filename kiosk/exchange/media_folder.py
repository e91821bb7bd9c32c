"""The folder of the hall's pictures and films: what is in it, and what managers add to it.

A file is taken for what its first bytes say, whatever its name: JPEG, PNG, WebP, MP4, WebM. Nothing else is listed,
served or taken. An upload comes in parts, into a draft that becomes a file once it is whole and is what it said.
"""

import hashlib
import os
import re
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ticketing.model import LimitError, StateError, UnknownError

Kind = Literal["picture", "film"]

PART = 512 * 1024
"""Most bytes of a part of an upload, and of an answer to one request."""
MOST_BYTES: dict[Kind, int] = {"picture": 8 * 2**20, "film": 300 * 2**20}
MOST_PIXELS = 40_000_000
"""Of a picture: a screen's browser holds each in four bytes."""
FOLDER_BYTES = 3 * 2**30
"""Of the whole folder: the store is on the same disk."""
UPLOADS = 4
"""Drafts at a time."""
DRAFT_LASTS = 3600.0
"""Seconds after which a draft that gets no more parts is thrown away."""
UPLOADED = re.compile(r"[0-9a-f]{24}\.[a-z0-9]{3,4}")
"""The name of a file that came as an upload: shown with its notice alone."""
HEAD = 32
NAME = re.compile(r"[\w][\w .()-]{0,70}\.(jpg|jpeg|png|webp|mp4|webm)", re.IGNORECASE)

_TYPES: tuple[tuple[Kind, str, str], ...] = (
    ("picture", "image/jpeg", ".jpg"),
    ("picture", "image/png", ".png"),
    ("picture", "image/webp", ".webp"),
    ("film", "video/mp4", ".mp4"),
    ("film", "video/webm", ".webm"),
)


@dataclass(frozen=True)
class Media:
    """A picture or a film: its name in the folder, what it is, its media type, its size in bytes."""

    name: str
    kind: Kind
    type: str
    size: int


@dataclass
class _Draft:
    path: Path
    size: int
    touched: float
    got: int = 0


class MediaFolder:
    """The folder. Safe to use from any thread.

    Args:
        path: made when the first file is added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int, int], Media | None] = {}
        self._drafts: dict[str, _Draft] = {}

    def all(self) -> list[Media]:
        """What is in the folder, by name; nothing when there is no folder."""
        try:
            files = sorted(one for one in self._path.iterdir() if NAME.fullmatch(one.name))
        except OSError:
            return []
        return [found for one in files if (found := self._look(one))]

    def get(self, name: str) -> Media:
        """One of them; raises ``unknown_media``."""
        found = self._look(self._path / name) if NAME.fullmatch(name) else None
        if found is None:
            raise UnknownError("unknown_media")
        return found

    def read(self, media: Media, first: int, count: int) -> bytes:
        """So many bytes from ``first`` on; raises ``unknown_media`` when it is gone."""
        try:
            with (self._path / media.name).open("rb") as file:
                file.seek(first)
                return file.read(count)
        except OSError:
            raise UnknownError("unknown_media") from None

    def begin(self, size: int) -> str:
        """Begin an upload of ``size`` bytes; gives the draft's id.

        Raises:
            LimitError: ``media_too_large`` (``most``: MB), ``media_full``: the folder, or too many uploads at a time.
        """
        if size > max(MOST_BYTES.values()):
            raise LimitError("media_too_large", most=max(MOST_BYTES.values()) // 2**20)
        with self._lock:
            self._forget()
            there = sum(one.size for one in self.all()) + sum(one.size for one in self._drafts.values())
            if len(self._drafts) >= UPLOADS or there + size > FOLDER_BYTES:
                raise LimitError("media_full")
            self._path.mkdir(parents=True, exist_ok=True)
            ident = secrets.token_hex(16)
            draft = _Draft(self._path / f".{ident}.part", size, time.monotonic())
            draft.path.touch(mode=0o600)
            self._drafts[ident] = draft
        return ident

    def add(self, draft: str, at: int, part: bytes) -> Media | None:
        """Add a part that begins at byte ``at``; gives the file once it is whole. A part sent again changes nothing.

        Raises:
            UnknownError: ``unknown_upload``.
            StateError: ``media_part`` (``at``): another part is due; ``media_unknown``: neither picture nor film, or
                broken, ``media_too_many_pixels``; then the draft is gone.
            LimitError: ``media_too_large`` (``most``: MB).
        """
        with self._lock:
            found = self._drafts.get(draft)
            if found is None:
                raise UnknownError("unknown_upload")
            if at + len(part) <= found.got < found.size:
                return None
            if at != found.got or at + len(part) > found.size:
                raise StateError("media_part", at=found.got)
            with found.path.open("ab") as file:
                file.write(part)
            found.got += len(part)
            found.touched = time.monotonic()
            if found.got < found.size:
                return None
            del self._drafts[draft]
        try:
            return self._take(found)
        finally:
            found.path.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Delete a file; one that is gone is no error."""
        if NAME.fullmatch(name):
            (self._path / name).unlink(missing_ok=True)

    def _take(self, draft: _Draft) -> Media:
        head = _head(draft.path)
        known = type_of(head)
        if known is None:
            raise StateError("media_unknown")
        kind, _, ending = known
        if draft.size > MOST_BYTES[kind]:
            raise LimitError("media_too_large", most=MOST_BYTES[kind] // 2**20)
        if kind == "picture":
            _refuse_bad_picture(draft.path)
        with draft.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        path = self._path / f"{digest[:24]}{ending}"
        draft.path.replace(path)
        return self.get(path.name)

    def _look(self, path: Path) -> Media | None:
        try:
            found = path.stat()
        except OSError:
            return None
        key = (path.name, found.st_size, found.st_mtime_ns)
        if key not in self._known:
            known = type_of(_head(path))
            is_good = known is not None and found.st_size <= MOST_BYTES[known[0]]
            self._known[key] = Media(path.name, known[0], known[1], found.st_size) if known and is_good else None
        return self._known[key]

    def _forget(self) -> None:
        for ident, one in list(self._drafts.items()):
            if time.monotonic() - one.touched > DRAFT_LASTS:
                del self._drafts[ident]
                one.path.unlink(missing_ok=True)


def type_of(head: bytes) -> tuple[Kind, str, str] | None:
    """Kind, media type and ending of a file by its first 32 bytes; None for what is neither picture nor film. Pure."""
    signs = (
        head.startswith(b"\xff\xd8\xff"),
        head.startswith(b"\x89PNG\r\n\x1a\n"),
        head[:4] == b"RIFF" and head[8:12] == b"WEBP",
        head[4:8] == b"ftyp",
        head.startswith(b"\x1a\x45\xdf\xa3"),
    )
    return next((known for sign, known in zip(signs, _TYPES, strict=True) if sign), None)


def _head(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        return file.read(HEAD)
    return b""


def _refuse_bad_picture(path: Path) -> None:
    """Raise ``media_unknown`` for a picture that cannot be read, ``media_too_many_pixels`` for too large a one."""
    # Imported here: few boxes are ever sent a picture, and it takes a while to load.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise StateError("media_too_many_pixels", most=MOST_PIXELS // 1_000_000)
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise StateError("media_unknown") from error
