"""A store in a SQLite file, for one box.

Durable first: WAL with ``synchronous=FULL``, so that what was answered is still there after a power cut. Deleted
rows are overwritten (``secure_delete``), and nothing of a query spills into temporary files.
"""

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ticketing.files import NO_ROOM, is_read_only
from ticketing.model import StoreError
from ticketing.store.base import ASK_SCHEMA, ENGINE, HEAD, Schema, StoreInUseError, StoreOpenError, declare, is_usable
from ticketing.store.group_commit import GroupStore

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_LEAST = 1 << 16
"""Free bytes without which SQLite cannot even open a file: the index of its log takes 32 KB."""
_VERSION = "SELECT version_num FROM alembic_version"


class SqliteStore(GroupStore):
    """An open file."""

    def __init__(self, path: Path, patience: float) -> None:
        super().__init__(_engine(path, patience), patience)
        self.path = path
        self._lock_file: int | None = None
        self._writer: Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See :class:`~ticketing.store.base.Store`."""
        with self._errors(), self.engine.connect() as conn, conn.begin():
            yield conn

    def claim(self, box: str) -> None:
        """A file has one service, which holds its lock: so it is the only box, too."""

    def claim_all(self) -> None:
        """See :class:`~ticketing.store.base.Store`; commands beside the service end by themselves, and are not seen."""
        if self._lock_file is None:
            self._lock_file = _take_lock(self.path, patience=0)
            if self._lock_file is None:
                raise _in_use(self.path)

    def checkpoint(self) -> None:
        """Move everything from the write-ahead log into the file and cut the log to nothing.

        Raises:
            StoreError: ``store_busy`` when a reader still needs the log; it stays whole.
        """
        with self._alone(self._patience), self._errors(), self.engine.connect() as conn:
            # Outside any transaction, which SQLAlchemy would begin by itself.
            busy = _raw(conn).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StoreError("store_busy")

    def close(self) -> None:
        """Close every connection and let the next process have the store."""
        with self._alone():
            if self._writer is not None:
                self._writer.close()
            self.engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _begin(self) -> Connection:
        if self._writer is None:
            self._writer = self.engine.connect().execution_options(quhao_write=True)
        conn = self._writer
        conn.begin()
        try:
            if self._lock_file is None:
                # Whoever holds the lock is sure of the schema. A command beside it is not: a newer program may have
                # become the service since.
                _refuse_newer(conn)
        except BaseException:
            self._roll_back(conn)
            raise
        return conn

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the database's errors into ours. What a verb did wrong (a constraint, bad SQL) stays what it is."""
        try:
            yield
        except (DBAPIError, sqlite3.DatabaseError) as error:
            raw = error.orig if isinstance(error, DBAPIError) else error
            code = _code_of(raw)
            if code is None:
                raise
            cause = getattr(raw, "sqlite_errorname", "")
            if cause.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _is_full(self.path.parent):
                # What SQLite says where it finds no room for its side files.
                code = "store_full"
            raise StoreError(code, cause=cause) from error
        except PoolTimeoutError as error:
            raise StoreError("store_busy") from error


def open_file(url: URL, *, exclusive: bool, patience: float) -> SqliteStore:
    """See :func:`ticketing.store.opening.open_store`."""
    path = path_of(url)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its side files the mode of the main file, so this keeps all of them from other people's eyes.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        # The lock lies beside the file itself, as SQLite's log does, whatever symbolic link led here.
        path = path.resolve()
        _refuse_second_name(path)
        lock_file = _take_lock(path, patience=0) if exclusive else None
    except OSError as error:
        raise _unreachable(path, error) from error
    if exclusive and lock_file is None:
        raise _in_use(path)
    store = SqliteStore(path, patience)
    store._lock_file = lock_file
    try:
        _bring_up_to_date(store, patience)
    except BaseException as error:
        store.close()
        if isinstance(error, StoreError) and not isinstance(error, StoreOpenError):
            raise _open_error(path, error) from error
        raise
    return store


def schema_of_file(url: URL) -> Schema:
    """See :func:`ticketing.store.opening.schema_of`."""
    path = path_of(url)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as raw:
            return _schema(raw)
    except sqlite3.DatabaseError as error:
        code, cause = _code_of(error) or "store_broken", getattr(error, "sqlite_errorname", "")
        raise _open_error(path, StoreError(code, cause=cause)) from error


def path_of(url: URL) -> Path:
    """The file a url names."""
    return Path(url.database or "")


def _raw(conn: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", conn.connection.dbapi_connection)


def _engine(path: Path, patience: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)), connect_args={"timeout": patience}, pool_timeout=patience, **ENGINE
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: sqlite3.Connection, _record: object) -> None:
        # Python's own handling of transactions begins them too late for us (on the first change); "begin" below does.
        raw.isolation_level = None
        for pragma in (
            # A verb changes a row in each of some seven pages. Small pages make that a quarter of the bytes to sync,
            # which is what a commit waits for, and what wears out a memory card. Only a new file takes it.
            "page_size=1024",
            "journal_mode=WAL",
            # The log is worked into the file at 4 MB, as with pages of the usual size; of a page that changed with
            # each of a hundred commits, the file is written once.
            "wal_autocheckpoint=4000",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        # A writer takes its lock at once: read first and written later, it could lose against another process.
        writes = conn.get_execution_options().get("quhao_write")
        _raw(conn).execute("BEGIN IMMEDIATE" if writes else "BEGIN").close()

    return engine


def _code_of(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return None
    # The low byte is the kind, the rest tells more of it.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind in _BUSY:
        return "store_busy"
    return "store_full" if kind == sqlite3.SQLITE_FULL else "store_broken"


def _is_full(folder: Path) -> bool:
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize < _LEAST


def _bring_up_to_date(store: SqliteStore, patience: float) -> None:
    if _has_wal(store.path) and _is_usable(store):
        return
    # Alembic's own work is not safe side by side: whoever holds the store's lock does it, the others wait for that.
    # So is a new file's turn to WAL, at which SQLite refuses a second one at once, however patient that is.
    deadline = time.monotonic() + patience
    lock_file = store._lock_file
    while lock_file is None:
        lock_file = _take_lock(store.path, patience=0.05)
        if (lock_file is not None or _has_wal(store.path)) and _is_usable(store):
            break
        if lock_file is None and time.monotonic() > deadline:
            raise _in_use(store.path)
    try:
        _migrate(store)
    finally:
        if lock_file is not None and lock_file != store._lock_file:
            os.close(lock_file)


def _has_wal(path: Path) -> bool:
    """Whether the file keeps a write-ahead log, by its header (sqlite.org, "Database File Format", 1.3.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _is_usable(store: SqliteStore) -> bool:
    with store.read() as conn:
        tables = set(conn.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
        schema = _schema(_raw(conn))
    return is_usable(schema, tables, str(store.path))


def _schema(raw: sqlite3.Connection) -> Schema:
    if not raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return Schema()
    told = raw.execute(ASK_SCHEMA)
    return Schema.of(told.description, told.fetchone())


def _refuse_newer(conn: Connection) -> None:
    row = _raw(conn).execute(_VERSION).fetchone()
    if row is None or (row[0] != HEAD and not _schema(_raw(conn)).is_usable):
        raise StoreError("store_newer")


def _migrate(store: SqliteStore) -> None:
    if _is_usable(store):
        return
    # Imported here: Alembic costs more to load than everything else a start needs, and is needed once a version.
    from ticketing.store.migrations import upgrade

    with store._errors(), store.engine.connect().execution_options(quhao_write=True) as conn, conn.begin():
        upgrade(conn)
        declare(conn)


def _in_use(path: Path) -> StoreInUseError:
    pid = _holder(path)
    zh, en = (f"进程 {pid}", f"process {pid}") if pid else ("另一个进程", "another process")
    said = f"数据库 {path} 正由{zh}使用，请先停止它 / the store {path} is in use by {en}: stop that one first"
    return StoreInUseError(said, pid, path=str(path))


def _take_lock(path: Path, patience: float) -> int | None:
    """The descriptor that holds ``path``'s lock until closed, or None while another process has it.

    The file is left behind on purpose: removing it would let two processes each lock a file of that name.
    """
    file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(file)
                return None
            pause.wait(0.01)
            continue
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            # Kept open, it would keep the next try of this very process out.
            os.close(file)
            raise
        return file


def _holder(path: Path) -> int | None:
    try:
        return int(Path(f"{path}.lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _refuse_second_name(path: Path) -> None:
    names = path.stat().st_nlink
    if names > 1:
        # SQLite keeps its log beside the name it was given: two processes that come by two names damage the file
        # (sqlite.org, "How To Corrupt An SQLite Database File", multiple links), and no lock of ours would part them.
        raise StoreOpenError(
            "store_linked",
            f"the store {path} is a file with {names} names (hard links), by each of which it would be changed without "
            "regard to the others: remove all names but one",
            path=str(path),
        )


def _unreachable(path: Path, error: OSError) -> StoreOpenError:
    if error.errno in NO_ROOM:
        return _full(path)
    if error.errno == errno.EROFS:
        return _read_only(path)
    why = error.strerror or type(error).__name__
    said = f"数据库 {path} 打不开（{why}），请检查磁盘和权限 / the store {path} cannot be opened: {why}"
    return StoreOpenError("store_unreachable", said, path=str(path))


def _open_error(path: Path, error: StoreError) -> StoreOpenError:
    cause = error.facts.get("cause", "")
    if error.code == "store_full":
        return _full(path)
    if cause.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")) and is_read_only(path.parent):
        return _read_only(path)
    if cause.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        said = f"数据库 {path} 或它的文件夹写不进去（{cause}），请检查权限和存储卡"
        said += f" / the store {path} or its folder cannot be written to ({cause})"
        return StoreOpenError("store_unreachable", said, path=str(path))
    sentences = {"store_busy": f"数据库 {path} 被其他程序锁住 / the store {path} is locked by another program"}
    broken = f"数据库 {path} 读不出来（{cause}），可能已损坏，请换卡并用备份恢复"
    broken += f" / the store {path} cannot be read ({cause}): it is damaged or no store; bring back a backup"
    return StoreOpenError(error.code, sentences.get(error.code, broken), path=str(path), cause=cause)


def _read_only(path: Path) -> StoreOpenError:
    said = f"数据库 {path} 所在的磁盘只读，存储卡可能已损坏，请检查或更换"
    said += f" / the disk of the store {path} is read-only: see whether the card is worn out"
    return StoreOpenError("store_unreachable", said, path=str(path), read_only=True)


def _full(path: Path) -> StoreOpenError:
    said = f"数据库 {path} 所在的磁盘已满 / the disk of the store {path} is full"
    return StoreOpenError("store_full", said, path=str(path))
