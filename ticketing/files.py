"""Files that are replaced whole: a box that loses its power has the old content or the new one, and never half."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""``errno`` of a disk, or a user's share of it, that is full."""


def is_read_only(folder: Path) -> bool:
    """Whether nobody can write to the file system of a folder, as after an error of the medium."""
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return True
    # Linux 6.15 and newer says of ext4 after an error no more that it is mounted read-only, but for proc(5), mountinfo.
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError), Path("/proc/self/mountinfo").open(encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            options = line.rpartition(" - ")[2].split()[-1].split(",")
            if line.split()[2] == number and {"emergency_ro", "shutdown"} & set(options):
                return True
    return False


def replace_whole(path: Path, content: bytes, *, mode: int = 0o600, like: Path | None = None) -> None:
    """Replace a file, or make it, durably. One that is there keeps its mode and, written by root, its owner.

    Args:
        path: of the file.
        content: all of it.
        mode: of a new file.
        like: whose owner a new file gets that root writes; None for root.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    about = _stat(path)
    owner = about or (_stat(like) if like else None)
    draft = draft_beside(path, content, mode if about is None else stat.S_IMODE(about.st_mode), owner)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def draft_beside(path: Path, content: bytes, mode: int, owner: os.stat_result | None = None) -> Path:
    """A new file beside ``path``, whole and synced, to be renamed; ``owner`` is whose it is when root writes it."""
    draft = beside(path)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            if owner is not None and (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                # Only root may give files away; anybody else's replaces what is there.
                with suppress(PermissionError):
                    os.fchown(handle, owner.st_uid, owner.st_gid)
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def beside(path: Path) -> Path:
    """A new name in the same folder, by which what was left lying is told: ``.NAME.`` and 16 hexadecimal digits."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def sync_folder(folder: Path) -> None:
    """Make a renaming in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stat(path: Path) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return path.stat()
    return None
