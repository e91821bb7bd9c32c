"""Root does the work of the program's user: what it makes is that user's, and not root's."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def nearest_folder(path: Path) -> Path:
    """The folder in which ``path`` is or will be, or the nearest one above it that is there."""
    return next(one for one in path.absolute().parents if one.is_dir())


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Act as the owner of ``folder`` in this block, with their groups; without root's rights nothing changes.

    New files are for their owner alone.
    """
    about = folder.stat()
    mask = os.umask(0o077)
    before = os.getegid(), os.getgroups()
    changes = os.geteuid() == 0 and about.st_uid != 0
    if changes:
        try:
            os.initgroups(pwd.getpwuid(about.st_uid).pw_name, about.st_gid)
        except KeyError:  # a user without a name
            os.setgroups([about.st_gid])
        os.setegid(about.st_gid)
        os.seteuid(about.st_uid)
    try:
        yield
    finally:
        if changes:
            os.seteuid(0)
            os.setegid(before[0])
            os.setgroups(before[1])
        os.umask(mask)
