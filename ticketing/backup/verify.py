"""Whether a backup can really be restored: it is, into a store of its own that is thrown away."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ticketing.backup.backup import BackupError, Manifest
from ticketing.backup.restore import TOLD, Backups
from ticketing.day.ledger import Ledger
from ticketing.model import Actor
from ticketing.policy import Rules
from ticketing.privacy.keys import Keyring, Keys
from ticketing.privacy.vault import Vault
from ticketing.store.opening import open_store
from ticketing.store.tables import metadata


@dataclass(frozen=True)
class Proved:
    """A backup that was restored; ``rows`` counts what was found in the restored store, by table."""

    manifest: Manifest
    rows: dict[str, int]


def verify(
    path: Path,
    keys: Keys,
    hall: str,
    ciphers: tuple[str, str],
    rules: Rules,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
) -> Proved:
    """Restore ``path`` into a temporary store, and count what is in it.

    Args:
        path: the backup.
        keys: of the hall; they are used from memory, and no key file is changed.
        hall: its id.
        ciphers: cipher and hash of its store.
        rules: of the hall.
        zone: its time zone.
        clock: its time.

    Raises:
        BackupError: it cannot be restored, or less came out than it says it holds (``backup_broken``).
    """
    with TemporaryDirectory(prefix="quhao-verify-") as folder:
        store = open_store(f"sqlite:///{folder}/quhao.db", exclusive=True)
        with closing(store):
            vault = Vault(store, Keyring(keys), hall, *ciphers)
            ledger = Ledger(store, vault, rules, zone, clock)
            manifest = Backups(ledger).restore(path, Actor("verify", "technician", "quhao backup verify")).manifest
            with store.read() as conn:
                rows = {
                    name: conn.scalar(select(func.count()).select_from(metadata.tables[name])) or 0 for name in TOLD
                }
    lost = [name for name in TOLD if rows[name] < manifest.rows.get(name, 0)]
    if lost:
        raise BackupError(
            "backup_broken",
            f"备份 {path} 恢复后缺少数据：{', '.join(lost)} / "
            f"less came out of the backup {path} than it says it holds: {', '.join(lost)}",
        )
    # The entry of the audit log that tells of this very restore is not the backup's.
    return Proved(manifest, rows | {"access_log": manifest.rows.get("access_log", 0)})
