"""Backups that a timer makes, each proved before an older one goes, and encrypted for whom the settings name."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.settings import Settings
from ticketing.backup import backup
from ticketing.backup.backup import BackupError, Manifest
from ticketing.day.ledger import Ledger
from ticketing.files import sync_folder

ENCRYPTED = ".age"
"""How the name of a backup ends that ``age`` has encrypted (https://age-encryption.org, C2SP age)."""
_AGE_SECONDS = 3600
_DRAFT = ".quhao-backup-"


@dataclass(frozen=True)
class KeptBackup:
    """A whole backup in the folder; ``at`` is when it was proved."""

    path: Path
    at: datetime


def kept_backups(settings: Settings) -> list[KeptBackup]:
    """This hall's backups in the folder of the settings, newest first; none where the folder cannot be read."""
    folder, of_hall = settings.backup.folder, re.escape(settings.hall.id)
    if folder is None:
        return []
    name = re.compile(rf"quhao-{of_hall}-\d{{8}}T\d{{6}}Z\.db({re.escape(ENCRYPTED)})?")
    found = []
    with suppress(OSError):
        for path in folder.iterdir():
            if name.fullmatch(path.name):
                with suppress(OSError):
                    found.append(KeptBackup(path, datetime.fromtimestamp(path.stat().st_mtime, UTC)))
    return sorted(found, key=lambda one: one.path.name, reverse=True)


def back_up(settings: Settings, ledger: Ledger) -> tuple[Path, Manifest]:
    """Add a backup to the folder, and remove the oldest beyond those to be kept. Gives its file and what is in it.

    Nothing is removed before the new one is whole, proved and on the disk.

    Raises:
        BackupError: ``backup_unwritable``: the folder or ``age`` does not take it; older ones are as they were.
        StoreError: the store cannot be read.
    """
    folder, recipients = settings.backup.folder, settings.backup.recipients
    if folder is None:
        raise BackupError(
            "backup_unwritable",
            "没有设置备份文件夹，请在配置里写上 backup.folder / no folder for backups: set backup.folder",
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=folder) as drafts:
            draft = Path(drafts) / "plain"
            manifest = backup.write(ledger, draft)
            with backup.opened(ledger.vault, draft):
                pass
            made = manifest.made.astimezone(UTC)
            path = folder / f"quhao-{settings.hall.id}-{made:%Y%m%dT%H%M%SZ}.db{ENCRYPTED if recipients else ''}"
            if recipients:
                sealed = Path(drafts) / "sealed"
                _age(
                    "--output", str(sealed), *(part for one in recipients for part in ("--recipient", one)), str(draft)
                )
                draft = sealed
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
            sync_folder(folder)
    except OSError as error:
        raise BackupError(
            "backup_unwritable",
            f"备份文件夹 {folder} 无法写入：{error.strerror} / "
            f"the folder {folder} cannot be written to: {error.strerror}",
        ) from error
    for old in kept_backups(settings)[settings.backup.keep :]:
        with suppress(OSError):
            old.path.unlink()
    return path, manifest


@contextmanager
def decrypted(path: Path, identity: Path | None) -> Iterator[Path]:
    """The plain backup of ``path``: itself, or for the block a copy decrypted by the ``age`` identity in a file.

    Raises:
        BackupError: ``backup_missing``; ``backup_broken``: it cannot be decrypted.
    """
    if path.suffix != ENCRYPTED:
        yield path
        return
    if identity is None:
        raise BackupError(
            "backup_broken",
            f"备份 {path} 已加密，请用 --identity 或 backup.identity 指定私钥文件 / "
            f"the backup {path} is encrypted: name the file of your age identity with --identity or backup.identity",
        )
    with tempfile.TemporaryDirectory(prefix=_DRAFT) as folder:
        plain = Path(folder) / "plain"
        _age("--decrypt", "--identity", str(identity), "--output", str(plain), str(path), code="backup_broken")
        yield plain


def _age(*arguments: str, code: str = "backup_unwritable") -> None:
    try:
        done = subprocess.run(  # noqa: S603 - words of the settings are single arguments
            ["age", *arguments],  # noqa: S607 - Debian's
            capture_output=True,
            text=True,
            timeout=_AGE_SECONDS,
            check=False,
            # Asked for a passphrase on a terminal, it would wait for ever.
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise BackupError(
            code, "没有 age 程序，请安装：apt install age / the program age is not there: apt install age"
        ) from None
    except subprocess.TimeoutExpired:
        raise BackupError(code, "age 没有结束 / age did not come to an end") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        why = said[0] if said else f"exit code {done.returncode}"
        raise BackupError(code, f"age 出错：{why} / age failed: {why}")
