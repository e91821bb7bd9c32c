"""The versions of the program on this box, beside each other; two links say which runs and which has proved itself.

::

    /opt/quhao/versions/0.2.0/    a whole virtual environment, never changed, with its seal ``quhao-version.json``
    /opt/quhao/current            -> versions/0.3.0: what /usr/bin/quhao runs
    /opt/quhao/confirmed          -> versions/0.2.0: what goes back runs, so that a broken version need not

A version comes here whole, by one renaming, and a link points to the one or to the other version at any moment: so
does a box whose power was cut. What is left of work that was cut off has names that begin with a dot.
"""

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ticketing.files import replace_whole, sync_folder
from ticketing.model import TicketingError

ROOT = Path("/opt/quhao")
SEAL = "quhao-version.json"
"""Written last, inside a version's folder: its :class:`Version` as JSON."""
_NAME = re.compile(r"[0-9][0-9A-Za-z.+~_-]*")
_DESCRIBES = 120.0


class UpdateError(TicketingError):
    """An update that was refused or has gone back; ``str()`` says why and what to do.

    Codes: ``version_missing``, ``version_incomplete``, ``version_same``, ``version_older``, ``version_apart``,
    ``update_none``, ``update_busy``, ``update_stopped``, ``update_no_room``, ``update_failed``.
    """


@dataclass(frozen=True)
class Version:
    """What a version says of itself; ``schema`` and ``readable_from`` as in :class:`ticketing.store.base.Schema`."""

    name: str
    schema: str
    readable_from: str


class Versions:
    """The versions below one folder. Only one process at a time changes them: :meth:`alone`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self._folder = root / "versions"

    @property
    def current(self) -> str | None:
        """The version that runs, or will at the next start."""
        return self._linked("current")

    @property
    def confirmed(self) -> str | None:
        """The last version that has proved itself."""
        return self._linked("confirmed")

    def folder(self, name: str) -> Path:
        """Where a version lies."""
        if not _NAME.fullmatch(name):
            raise UpdateError("version_missing", f"{name!r} 不是版本号 / {name!r} is no version")
        return self._folder / name

    def names(self) -> list[str]:
        """The versions that are whole, oldest first."""
        found = []
        with suppress(FileNotFoundError):
            found = [one.name for one in self._folder.iterdir() if (one / SEAL).is_file() and not one.is_symlink()]
        return sorted(found, key=order)

    def read(self, name: str) -> Version:
        """What a version says of itself.

        Raises:
            UpdateError: ``version_missing``; ``version_incomplete``: its folder is there, and not all of it.
        """
        folder = self.folder(name)
        if not folder.is_dir():
            there = ", ".join(self.names()) or "-"
            raise UpdateError(
                "version_missing",
                f"没有版本 {name}，本机有：{there} / there is no version {name} on this box, only: {there}",
            )
        try:
            return Version(**json.loads((folder / SEAL).read_bytes()))
        except (OSError, ValueError, TypeError):
            raise UpdateError(
                "version_incomplete",
                f"版本 {name} 没有装完整，请重新安装软件包 / "
                f"the version {name} is only half installed: install its package again",
            ) from None

    def command(self, name: str, *arguments: str) -> list[str]:
        """The command line of a version's own program."""
        return program(self.folder(name), *arguments)

    def add(self, package: Path) -> Version:
        """Put the program in a folder beside the versions that are there, hard-linked, unless it is there already.

        The first one also becomes the current and confirmed one.

        Raises:
            UpdateError: ``version_incomplete``: the folder holds no program that starts.
            OSError: no room, or not root.
        """
        version = _described(package)
        folder = self.folder(version.name)
        if not (folder / SEAL).is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f".{version.name}.{secrets.token_hex(8)}"
            try:
                shutil.copytree(package, draft, symlinks=True, copy_function=_link_or_copy)
                (draft / SEAL).unlink(missing_ok=True)
                replace_whole(draft / SEAL, json.dumps(asdict(version)).encode(), mode=0o644)
                # All of it reaches the disk before its name does.
                os.sync()
                if folder.exists():
                    # Without a seal: only half there, and so never run.
                    shutil.rmtree(folder)
                draft.rename(folder)
                sync_folder(self._folder)
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
        if self.confirmed is None and self.current is None:
            self.link("confirmed", version.name)
        if self.current is None:
            self.link("current", version.name)
        return version

    def link(self, which: Literal["current", "confirmed"], name: str) -> None:
        """Have a link point to another version: the old one or the new one, whatever happens meanwhile."""
        if self._linked(which) == name:
            return
        draft = self.root / f".{which}.{secrets.token_hex(8)}"
        draft.symlink_to(f"versions/{name}")
        draft.replace(self.root / which)
        sync_folder(self.root)

    def prune(self, keep: Collection[str | None]) -> None:
        """Remove the versions that nobody goes back to, and what is left of work that was cut off."""
        kept = {*keep, self.current, self.confirmed}
        for one in [*self._folder.glob("*"), *self.root.glob(".c*.*")]:
            if one.name.startswith("."):
                shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
            elif one.name not in kept and one.is_dir() and not one.is_symlink():
                # By another name first: half removed, it must not look whole.
                gone = one.with_name(f".{one.name}.{secrets.token_hex(8)}")
                one.rename(gone)
                shutil.rmtree(gone)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that changes the versions of this box.

        Raises:
            UpdateError: ``update_busy``.
        """
        file = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UpdateError(
                    "update_busy", "另一个更新正在进行，请等它结束 / another update is at work: wait until it has ended"
                ) from None
            yield
        finally:
            os.close(file)

    def _linked(self, which: str) -> str | None:
        try:
            return (self.root / which).readlink().name
        except OSError:
            return None


def program(folder: Path, *arguments: str) -> list[str]:
    """The command line of the program in a folder; whatever lies in the folder it is called from is not imported."""
    return [str(folder / "bin/python"), "-P", "-m", "kiosk", *arguments]


def order(name: str) -> tuple[tuple[int, int, str], ...]:
    """By which versions are sorted: numbers by their value, and ``1.0~rc1`` before ``1.0`` before ``1.0.1``."""
    parts = re.findall(r"\d+|[A-Za-z]+", name)
    text, end, number = 0, 1, 2
    return (*((number, int(one), "") if one.isdigit() else (text, 0, one) for one in parts), (end, 0, ""))


def _described(package: Path) -> Version:
    """What the program in a folder says of itself, in a process of its own: so it starts at all."""
    try:
        told = subprocess.run(  # noqa: S603 - a program of ours
            program(package, "update", "describe"), capture_output=True, timeout=_DESCRIBES, check=True, cwd="/"
        ).stdout
        return Version(**json.loads(told))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise UpdateError(
            "version_incomplete",
            f"{package} 里的程序无法启动（{type(error).__name__}），请重新安装软件包 / "
            f"the program in {package} does not start ({type(error).__name__}): install its package again",
        ) from None


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
            raise
        shutil.copy2(source, target)
