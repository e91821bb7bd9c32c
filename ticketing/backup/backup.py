"""A copy of the store in one file, authenticated, that restores into a store of either kind.

The file is a SQLite database with the same tables, read in one transaction while the hall works. Left out are the day
keys (so that erasing a day erases it in backups, too), log-ins, kept answers, why tickets are held, and the key of the
audit log's next entry. Sealed residents stay: without the day key nobody can open them.

Table ``manifest``: ``told`` (JSON: hall, schema, time, number of rows, last id of each table) and ``mac``, keyed by the
master key, over ``told`` and every value in the file. So a truncated or changed file, or one of another hall, is found
before anything is restored from it.
"""

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, create_mock_engine, select
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ticketing.day.ledger import Ledger
from ticketing.model import TicketingError
from ticketing.privacy import access_log
from ticketing.privacy.vault import LOG_HEAD, Vault
from ticketing.store import sequences
from ticketing.store.base import HEAD, KNOWN
from ticketing.store.tables import metadata

_OF_BOXES = {"number_lease", "number_block", "box", "handed_over", "window_step"}
LEFT_OUT = frozenset({"login", "answer", "serving", "reading_key", "figure_sum"} | _OF_BOXES)
"""Tables that stay empty: log-ins, kept answers and the service of the moment do not survive a restore, nor do the
numbers that boxes hold: they get others. Boxes say themselves how they are, and sums of figures are made anew."""
BLANK = {("day_key", "wrapped"), ("ticket", "hold_reason")}
"""Columns that stay empty."""
CHUNK = 1000
"""Rows held in memory at a time."""

_FORMAT = 1
# "quha" in the header of the file, so that no other SQLite file is taken for a backup, or overwritten by one.
_APPLICATION = 0x71756861
_MANIFEST = "CREATE TABLE manifest (told TEXT NOT NULL, mac BLOB NOT NULL)"


class BackupError(TicketingError):
    """A backup that cannot be written or restored; ``str()`` says why and what to do.

    Codes: ``backup_unwritable``, ``backup_occupied`` (another file has that name), ``backup_missing``,
    ``backup_foreign`` (no backup of this program), ``backup_broken`` (cut or changed), ``backup_other_hall`` (or
    another master key), ``backup_newer``, ``store_not_empty``, ``log_diverged``.
    """


@dataclass(frozen=True)
class Manifest:
    """The manifest of a backup.

    Attributes:
        format: version of the file format.
        schema: version of its tables.
        made_at: RFC 3339, in the hall's zone.
        rows: number of rows, by table.
        numbers: last id given, by table.
        key: check value that tells another master key from a changed file.
    """

    format: int
    schema: str
    made_at: str
    rows: dict[str, int]
    numbers: dict[str, int]
    key: str

    @property
    def made(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.made_at)


def write(ledger: Ledger, path: Path) -> Manifest:
    """Write a backup to ``path``, whole or not at all. An earlier backup of that name is replaced.

    Raises:
        BackupError: ``backup_unwritable``, ``backup_occupied``.
        StoreError: the store cannot be read.
    """
    if path.exists() and not _is_backup(path):
        raise BackupError(
            "backup_occupied", f"{path} 已存在且不是备份，请换一个文件名 / {path} is no backup: name another file"
        )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with _writing(path):
            os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            manifest = _fill(ledger, draft)
            _sync(draft)
            draft.replace(path)
            _sync(path.parent)
    finally:
        for rest in (draft, draft.with_name(f"{draft.name}-journal")):
            with suppress(OSError):
                rest.unlink(missing_ok=True)
    return manifest


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn errors of the file into :class:`BackupError`, before handlers further out see them."""
    try:
        yield
    except (OSError, sqlite3.Error, DBAPIError) as error:
        why = getattr(error, "strerror", None) or str(getattr(error, "orig", error))
        raise BackupError(
            "backup_unwritable", f"备份无法写入 {path}：{why} / the backup {path} cannot be written: {why}"
        ) from error


@contextmanager
def opened(vault: Vault, path: Path) -> Iterator[tuple[Manifest, Connection]]:
    """A verified backup of this hall, and a connection to its tables, migrated to this program's schema.

    Raises:
        BackupError: not a backup, not whole, or not for this store or this program.
    """
    with _proved(vault, path) as (manifest, raw):
        if manifest.schema == HEAD:
            with _reading(path) as conn:
                yield manifest, conn
            return
        # Migrated in a copy: the file itself is not changed.
        with tempfile.TemporaryDirectory(prefix="quhao-restore-") as folder:
            copy = Path(folder) / "store.db"
            with closing(sqlite3.connect(copy)) as to:
                raw.backup(to)
            _migrate(copy)
            with _reading(copy) as conn:
                yield manifest, conn


def _fill(ledger: Ledger, draft: Path) -> Manifest:
    with closing(sqlite3.connect(draft, isolation_level=None)) as raw:
        # The draft is thrown away if anything fails, so it needs no journal; it is synced once at the end.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"application_id={_APPLICATION}"):
            raw.execute(f"PRAGMA {pragma}").close()
        raw.execute("BEGIN")
        for statement in _schema():
            raw.execute(statement)
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        raw.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
        with ledger.store.read() as conn:
            made_at = ledger.now()
            kept = [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]
            rows = {table.name: _copy(conn, table, raw, draft) for table in kept}
            numbers = sequences.reached(conn)
            head = access_log.head_without_key(conn, ledger.vault)
            if head is not None:
                raw.execute("UPDATE fact SET value = ? WHERE name = ?", (head, LOG_HEAD))
        manifest = Manifest(
            _FORMAT, HEAD, made_at.isoformat(timespec="seconds"), rows, numbers, _key_check(ledger.vault)
        )
        raw.execute(_MANIFEST)
        told = json.dumps(asdict(manifest), sort_keys=True)
        raw.execute("INSERT INTO manifest VALUES (?, ?)", (told, _mac(ledger.vault, told, raw)))
        raw.execute("COMMIT")
    return manifest


@cache
def _schema() -> list[str]:
    """The statements that make the tables of a backup."""
    made: list[str] = []

    def note(statement: Any, *_values: object) -> None:
        made.append(str(statement.compile(dialect=engine.dialect)))

    engine: MockConnection = create_mock_engine("sqlite://", note)
    metadata.create_all(engine, checkfirst=False)
    return made


def _copy(conn: Connection, table: Table, raw: sqlite3.Connection, path: Path) -> int:
    columns = [column for column in table.columns if (table.name, column.name) not in BLANK]
    names = ", ".join(f'"{column.name}"' for column in columns)
    fill = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608 - our names
    rows = conn.execute(select(*columns).order_by(*table.primary_key), execution_options={"yield_per": CHUNK})
    count = 0
    for chunk in rows.partitions():
        with _writing(path):
            raw.executemany(fill, map(tuple, chunk))
        count += len(chunk)
    return count


def _is_backup(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError:
        return False
    # https://www.sqlite.org/fileformat.html, 1.3: the application id is at 68, big-endian.
    return head[:16] == b"SQLite format 3\0" and int.from_bytes(head[68:72], "big") == _APPLICATION


@contextmanager
def _proved(vault: Vault, path: Path) -> Iterator[tuple[Manifest, sqlite3.Connection]]:
    if not path.is_file():
        raise BackupError("backup_missing", f"找不到备份 {path} / there is no backup {path}")
    if not _is_backup(path):
        raise BackupError("backup_foreign", f"{path} 不是本程序的备份 / {path} is no backup of this program")
    broken = BackupError(
        "backup_broken",
        f"备份 {path} 不完整或被改动，请用另一份 / the backup {path} was cut or changed: use another one",
    )
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as raw:
        try:
            told, mac = raw.execute("SELECT told, mac FROM manifest").fetchone()
            said = json.loads(told)
            version, key = said["format"], bytes.fromhex(said["key"])
        except (sqlite3.Error, TypeError, ValueError, KeyError):
            raise broken from None
        if not hmac.compare_digest(key, bytes.fromhex(_key_check(vault))):
            raise BackupError(
                "backup_other_hall",
                f"备份 {path} 属于另一个大厅或另一把主密钥，请用对应的 hall.id 和密钥文件 / "
                f"the backup {path} is of another hall or another master key: use its hall.id and its key file",
            )
        if version != _FORMAT or said["schema"] not in KNOWN:
            raise BackupError(
                "backup_newer",
                f"备份 {path} 由更新的版本写成，请用那个版本 / "
                f"the backup {path} was written by a newer version: use that one",
            )
        try:
            if not hmac.compare_digest(bytes(mac), _mac(vault, told, raw)):
                raise broken
            manifest = Manifest(**said)
        except (sqlite3.Error, TypeError, ValueError):
            raise broken from None
        yield manifest, raw


@contextmanager
def _reading(path: Path) -> Iterator[Connection]:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool, hide_parameters=True
    )
    with engine.connect() as conn:
        yield conn


def _migrate(path: Path) -> None:
    # Imported here: loading Alembic takes longer than all else.
    from ticketing.store.migrations import upgrade

    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)
    with engine.begin() as conn:
        upgrade(conn)


def _key_check(vault: Vault) -> str:
    return vault.lasting_mac("backup key").hex()


def _mac(vault: Vault, told: str, raw: sqlite3.Connection) -> bytes:
    return vault.lasting_mac("backup", told.encode(), _digest(raw, vault.hash.name))


def _digest(raw: sqlite3.Connection, hashed: str) -> bytes:
    """Digest of every value in every table but the manifest, whatever the schema, in row order."""
    digest = hashlib.new(hashed)
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    for name in [row[0] for row in raw.execute(tables).fetchall()]:
        if name == "manifest":
            continue
        rows = raw.execute(f'SELECT * FROM "{name}" ORDER BY rowid')  # noqa: S608 - a name of its own
        digest.update(_line([name, *(column[0] for column in rows.description)]))
        for row in rows:
            digest.update(_line(row))
    return digest.digest()


def _line(values: Any) -> bytes:
    # Bytes go into a list, which no other value is, so that no text can look like them.
    return json.dumps(values, default=lambda value: [value.hex()]).encode() + b"\n"


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
