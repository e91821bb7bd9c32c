"""The file the queue lives in: opening it, one transaction at a time, and what can go wrong with it.

Durable first: WAL with ``synchronous=FULL``, so that what was answered is still there after a power cut. Deleted
rows are overwritten (``secure_delete``), and nothing of a query spills into temporary files.

::

    StoreError                  while working: store_busy, store_full, store_broken
    └── StoreOpenError          at the start, with words for whoever starts the program
        └── StoreInUseError     another process holds it
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, Insert, Row, Select, TextClause, Update, create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ticketing.model import StoreError

HEAD = "0001"
"""The version of the schema this program works with: the newest file in ``migrations/versions``."""

KNOWN = ("0001",)
"""All versions, oldest first; a store at any other one was written by a newer program."""

PATIENCE = 5.0
"""Seconds a verb waits for its turn to write."""

NEWS = "quhao.news"
"""Key in ``Connection.info``: this transaction appended events, so tell the listeners once it is committed."""

Statement = Select[Any] | Insert | Update | TextClause

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class StoreOpenError(StoreError):
    """The store cannot be opened; ``str()`` says why and what to do.

    Codes: ``store_unsupported``, ``store_unreachable``, ``store_linked`` (a file with several names), ``store_foreign``
    (no store of ours), ``store_newer``, ``store_in_use``, and those of :class:`~ticketing.model.StoreError`.
    """

    def __init__(self, code: str, sentence: str, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class StoreInUseError(StoreOpenError):
    """Another process runs on this store.

    Attributes:
        pid: that process, or None when it did not say.
    """

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            "store_in_use", f"the store {path} is in use by {who}: stop that one first", path=str(path), pid=pid
        )
        self.pid = pid


class Store:
    """One open store. Safe to use from any thread; make it with :func:`open_store`.

    Attributes:
        engine: SQLAlchemy's, for tests and tools; the verbs use :meth:`read` and :meth:`write`.
        path: the file.
    """

    def __init__(self, engine: Engine, path: Path, patience: float) -> None:
        self.engine = engine
        self.path = path
        self._patience = patience
        # One connection for all writes. SQLite lets one write at a time anyway; waiting for a lock of our own wakes
        # the next writer at once, where SQLite's busy handler would sleep and try again.
        self._writer: Connection | None = None
        self._turn = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._lock_file: int | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the store, for as long as the block lasts."""
        with _our_errors(), self.engine.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change the store: all of the block is kept, durably, or nothing of it.

        Not to be nested: the second one would wait for the first.

        Raises:
            StoreError: ``store_busy``, ``store_full`` or ``store_broken``; nothing was changed.
        """
        if not self._turn.acquire(timeout=self._patience):
            raise StoreError("store_busy")
        try:
            with _our_errors():
                if self._writer is None:
                    self._writer = self.engine.connect().execution_options(quhao_write=True)
                conn = self._writer
                conn.info.pop(NEWS, None)
                with conn.begin():
                    yield conn
                news = conn.info.pop(NEWS, False)
        finally:
            self._turn.release()
        if news:
            for tell in self._listeners:
                tell()

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each commit that appended events, on the thread that wrote; keep it short."""
        self._listeners.append(callback)

    def checkpoint(self) -> None:
        """Move everything from the write-ahead log into the file and cut the log to nothing.

        Raises:
            StoreError: ``store_busy`` when a reader still needs the log; it stays whole.
        """
        if not self._turn.acquire(timeout=self._patience):
            raise StoreError("store_busy")
        try:
            with _our_errors(), self.engine.connect() as conn:
                # Outside any transaction, which SQLAlchemy would begin by itself.
                busy = _raw(conn).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            self._turn.release()
        if busy:
            raise StoreError("store_busy")

    def close(self) -> None:
        """Close every connection and let the next process have the store."""
        with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self.engine.dispose()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None


class Prepared:
    """A statement of SQLAlchemy Core whose text is made once, for what everybody waits for.

    To find the text of a statement again, look after its parameters and wrap its rows costs SQLAlchemy several times
    what SQLite needs to do the work. Here the first use does that, and the others go to the driver. Each use names
    the same parameters.

    Args:
        statement: with ``bindparam`` for what differs from use to use, or an insert of whole rows.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._sql = ""
        self._fixed: dict[str, Any] = {}
        self._rows: SimpleResultMetaData | None = None
        self._convert: list[tuple[int, Callable[[Any], Any]]] = []

    def all(self, conn: Connection, values: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """All rows, with the statement's columns as attributes."""
        cursor = self._run(conn, values)
        found = cursor.fetchall()
        rows = self._describe(conn, cursor) if self._rows is None else self._rows
        cursor.close()
        if self._convert:
            found = [self._converted(row) for row in found]
        return [Row(rows, None, rows._key_to_index, row) for row in found]

    def one_or_none(self, conn: Connection, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The only row, None without any."""
        found = self.all(conn, values)
        if len(found) > 1:
            raise ValueError("one row was expected, and there are several")
        return found[0] if found else None

    def scalar(self, conn: Connection, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, None without any."""
        found = self.all(conn, values)
        return found[0][0] if found else None

    def do(self, conn: Connection, values: Mapping[str, Any]) -> int:
        """Change something; the id of the row, when one was inserted."""
        cursor = self._run(conn, values)
        row = cursor.lastrowid
        cursor.close()
        return row or 0

    def _run(self, conn: Connection, values: Mapping[str, Any] | None) -> sqlite3.Cursor:
        if not self._sql:
            # By name, so that a value may stand where the statement has it, and as often.
            compiled = self.statement.compile(
                dialect=sqlite.dialect(paramstyle="named"),
                column_keys=list(values or ()),
            )
            # What is required and not given is missed by SQLite, at each use.
            binds = compiled.binds.items()
            self._fixed = {name: bind.effective_value for name, bind in binds if not bind.required}
            self._sql = str(compiled)
        return _raw(conn).execute(self._sql, {**self._fixed, **(values or {})})

    def _describe(self, conn: Connection, cursor: sqlite3.Cursor) -> SimpleResultMetaData:
        columns = enumerate(getattr(self.statement, "selected_columns", ()))
        found = [(at, one.type.dialect_impl(conn.dialect).result_processor(conn.dialect, None)) for at, one in columns]
        self._convert = [(place, convert) for place, convert in found if convert is not None]
        self._rows = SimpleResultMetaData([one[0] for one in cursor.description])
        return self._rows

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self._convert:
            values[place] = convert(values[place])
        return tuple(values)


def _raw(conn: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", conn.connection.dbapi_connection)


def open_store(url: str, *, exclusive: bool, patience: float = PATIENCE) -> Store:
    """Open the store at ``url``, making the file and its folder, and bring its schema up to date.

    Args:
        url: ``sqlite:///relative/path`` or ``sqlite:////absolute/path``.
        exclusive: whether this process is *the* service on it (``quhao run``); others may still open it beside.
        patience: seconds to wait for another writer.

    Raises:
        StoreInUseError: ``exclusive``, and another service holds it.
        StoreOpenError: it cannot be opened, is not ours, or was written by a newer program.
    """
    path = _path_of(url)
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
        raise StoreInUseError(path, _holder(path))
    store = Store(_engine(path, patience), path, patience)
    store._lock_file = lock_file
    try:
        _bring_up_to_date(store, patience)
    except BaseException as error:
        store.close()
        if isinstance(error, StoreError) and not isinstance(error, StoreOpenError):
            raise _open_error(path, error) from error
        raise
    return store


def _path_of(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreOpenError("store_unsupported", "the store's url is none: use sqlite:///path/to/file.db") from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        kind = parsed.get_backend_name()
        raise StoreOpenError(
            "store_unsupported", f"a store of this kind ({kind}) is not known: use sqlite:///path/to/file.db"
        )
    return Path(parsed.database)


def _engine(path: Path, patience: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": patience},
        # Parameters hold residents' data; they must not get into the texts of exceptions.
        hide_parameters=True,
        pool_size=8,
        max_overflow=24,
        pool_timeout=patience,
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


@contextmanager
def _our_errors() -> Iterator[None]:
    """Turn the database's errors into ours. What a verb did wrong (a constraint, bad SQL) stays what it is."""
    try:
        yield
    except DBAPIError as error:
        code = _code_of(error.orig)
        if code is None:
            raise
        raise StoreError(code, cause=getattr(error.orig, "sqlite_errorname", "")) from error
    except sqlite3.DatabaseError as error:
        code = _code_of(error)
        if code is None:
            raise
        raise StoreError(code, cause=getattr(error, "sqlite_errorname", "")) from error
    except PoolTimeoutError as error:
        raise StoreError("store_busy") from error


def _code_of(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return None
    # The low byte is the kind, the rest tells more of it.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if kind in _BUSY:
        return "store_busy"
    return "store_full" if kind == sqlite3.SQLITE_FULL else "store_broken"


def _bring_up_to_date(store: Store, patience: float) -> None:
    if _version(store) == HEAD:
        return
    # Alembic's own work is not safe side by side: whoever holds the store's lock does it, the others wait for that.
    deadline = time.monotonic() + patience
    lock_file = store._lock_file
    while lock_file is None:
        lock_file = _take_lock(store.path, patience=0.05)
        if _version(store) == HEAD:
            break
        if lock_file is None and time.monotonic() > deadline:
            raise StoreInUseError(store.path, _holder(store.path))
    try:
        _migrate(store)
    finally:
        if lock_file is not None and lock_file != store._lock_file:
            os.close(lock_file)


def _version(store: Store) -> str | None:
    """The schema's version, None for an empty store."""
    with store.read() as conn:
        tables = set(conn.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
        version = None
        if "alembic_version" in tables:
            version = conn.scalar(text("SELECT version_num FROM alembic_version"))
    if version is None and tables - {"alembic_version"}:
        raise StoreOpenError(
            "store_foreign", f"{store.path} is a database, but not a store of this program", path=str(store.path)
        )
    if version is not None and version not in KNOWN:
        raise StoreOpenError(
            "store_newer",
            f"the store {store.path} was written by a newer version of this program (schema {version}, known up to "
            f"{HEAD}): use that one",
            path=str(store.path),
            version=version,
        )
    return version


def _migrate(store: Store) -> None:
    if _version(store) == HEAD:
        return
    # Imported here: Alembic costs more to load than everything else a start needs, and is needed once a version.
    from ticketing.migrations import upgrade

    with store.write() as conn:
        upgrade(conn)


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
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
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
    why = error.strerror or type(error).__name__
    return StoreOpenError("store_unreachable", f"the store {path} cannot be opened: {why}", path=str(path))


def _open_error(path: Path, error: StoreError) -> StoreOpenError:
    cause = error.facts.get("cause", "")
    if cause.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreOpenError(
            "store_unreachable", f"the store {path} or its folder cannot be written to ({cause})", path=str(path)
        )
    sentences = {
        "store_busy": f"the store {path} is locked by another program",
        "store_full": f"the disk of the store {path} is full",
    }
    broken = f"the store {path} cannot be read ({cause}): it is damaged or no store; bring back a backup"
    return StoreOpenError(error.code, sentences.get(error.code, broken), path=str(path), cause=cause)
