"""The disks that this box writes to: of the store, of the key file, of the logs."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from config.settings import Settings
from ticketing.files import is_read_only

FULL = 8 * 2**20
"""Free bytes below which nothing can be relied on: the store's log alone grows by 4 MB before it is worked in."""
MB = 2**20
_JOURNALS = (Path("/var/log/journal"), Path("/run/log/journal"), Path("/var/log"))


@dataclass(frozen=True)
class Disk:
    """A file system that this box writes to.

    Attributes:
        holds: what of this box lies on it, the first of ``store``, ``keys`` and ``logs``.
        folder: a folder on it.
        free, size: bytes; ``free`` are those that a program without privileges may still take.
        read_only: whether nobody can write to it, as after an error of the medium.
    """

    holds: Literal["store", "keys", "logs"]
    folder: Path
    free: int
    size: int
    read_only: bool

    def trouble(self, low: int) -> str | None:
        """What is the matter: ``disk_read_only``, ``disk_full``, or ``disk_low`` below ``low`` bytes; None: nothing."""
        if self.read_only:
            return "disk_read_only"
        if self.free < FULL:
            return "disk_full"
        return "disk_low" if self.free < low else None


def disks(settings: Settings) -> list[Disk]:
    """The disks of this box, each once; a folder that is not made yet lies where the one above it does."""
    folders: list[tuple[Literal["store", "keys", "logs"], Path]] = [
        ("keys", settings.store.key_file.parent),
        ("logs", next((one for one in _JOURNALS if one.is_dir()), Path("/"))),
    ]
    url = make_url(settings.store.url)
    if url.get_backend_name() == "sqlite":
        folders.insert(0, ("store", Path(url.database or "").parent))
    found: dict[int, Disk] = {}
    for holds, path in folders:
        folder = next(one for one in (path.absolute(), *path.absolute().parents) if one.is_dir())
        about = os.statvfs(folder)
        disk = Disk(
            holds,
            folder,
            about.f_bavail * about.f_frsize,
            about.f_blocks * about.f_frsize,
            is_read_only(folder),
        )
        found.setdefault(folder.stat().st_dev, disk)
    return list(found.values())
