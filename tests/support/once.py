"""What is dear to make and the same for all, made once in a run of the tests, by whichever process comes first.

Each process of the run, and each that one of them starts, finds the run's folder by its environment. Outside of a run
it is made wherever it is wanted.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_FOLDER = "TESTS_MADE_ONCE"


def begin() -> None:
    """A run begins."""
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="quhao-tests-")


def end() -> None:
    """It is over: all is removed that was made for it."""
    shutil.rmtree(os.environ.pop(_FOLDER))


def made(name: str, make: Callable[[Path], object]) -> Path | None:
    """The file or folder that ``make`` puts where it is told; None outside of a run.

    It is to be copied, not to be changed.
    """
    if _FOLDER not in os.environ:
        return None
    folder = Path(os.environ[_FOLDER])
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            # Whoever is killed in the middle leaves nothing that is taken for whole.
            half = folder / f"{name}.{os.getpid()}"
            make(half)
            half.rename(folder / name)
    return folder / name
