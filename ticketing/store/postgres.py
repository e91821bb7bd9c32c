"""A store in a PostgreSQL database, which several boxes share.

**One writer at a time**, as on SQLite: every transaction that writes first takes one advisory lock, which the database
gives back when the commit is durable *and visible*. So each writer sees all that was written before it, numbers have
no gaps, and events become visible in the order of their numbers, which are only drawn under the lock.

**Group commit.** The lock is held through the flush of the write-ahead log, so that is what the other processes wait
for. To give it back before the flush would be quicker, and wrong: another process could read a number that a crash
takes back, and answer what was never kept. Instead the verbs of one process that wait for each other share one
transaction, one lock and one flush (``group_commit``).

**Round trips.** Beginning, lock and clock are one, news and commit another; the verbs of a group share both. What a
verb changes without wanting an answer is sent with the next statement, of whichever verb, or with the commit
(``pipeline``). When it fails there, none of the group is kept.

**Locks of the session**, all on the connection that writes, so that nobody writes without holding them:

* *schema*, shared, and *schema* with the version of this program, shared. Whoever changes the schema needs the first
  alone; a change that only adds is also made beside programs of versions that can work with it, as the second tells,
  between two of their transactions. A connection that was lost and made again takes both again and looks whether this
  program can still work with the schema.
* *box*, alone: no other process is the box of that name, and prints its slips.

**News** travel by NOTIFY in the transaction that makes them, and reach the others (``news``) once it is visible.
**The database's clock** is the clock of all boxes: each turn to write tells what it shows. A box that hangs or is cut
off in the middle of a transaction stops the hall until the database ends that transaction: ``HANGING``.

Connections for reading come from SQLAlchemy's pool. The BEGIN of a reader tells whether its connection still lives;
psycopg_pool would ask with a round trip of its own, and cannot keep the writer's session with its locks.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ticketing.model import StoreError
from ticketing.store import postgres_errors
from ticketing.store.base import (
    ASK_SCHEMA,
    ENGINE,
    HEAD,
    KNOWN,
    NEWS,
    PIPELINE,
    READABLE_FROM,
    Schema,
    StoreInUseError,
    StoreOpenError,
    Turn,
    declare,
    is_usable,
)
from ticketing.store.group_commit import GroupStore
from ticketing.store.notify import CHANNEL, Messenger
from ticketing.store.pipeline import Pipeline
from ticketing.store.postgres_errors import SilentError, name_of
from ticketing.store.watchdog import Watchdog

log = logging.getLogger(__name__)

HANGING = 10.0
"""Seconds after which the database ends a transaction whose program does nothing."""
SLOWEST = 60.0
"""Seconds a single statement may take; a hall day's end is the longest."""
CONNECTING = 3
"""Seconds a server may take to answer at all; less than ``quhao run`` may take to stop."""

LATE = 60_000_000
"""Microseconds that a box may need to read what the database's clock showed."""
ASTRAY = 60_000_000
"""Microseconds that a box's own clock may be away from the database's before that is said."""

_USED = "quhao.used"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_LOCK = "SELECT pg_advisory_xact_lock($1)"
_COMMIT = ("COMMIT", ())
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_FOUND = (
    "SELECT current_schema(), to_regclass(format('%I.alembic_version', current_schema())) IS NOT NULL,"
    " current_setting('server_encoding'), current_setting('fsync')"
)
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_TABLES = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
# Of other sessions that hold the first lock, those that hold none of the others (documentation, 54.12: pg_locks).
_WITHOUT = """
WITH held AS (
    SELECT pid, classid::bigint << 32 | objid::bigint AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT count(*) FROM held
WHERE key = %s AND pid <> pg_backend_pid() AND pid NOT IN (SELECT pid FROM held WHERE key = ANY(%s::bigint[]))
"""
_WHO = """
SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid::bigint << 32 | objid::bigint = %s LIMIT 1
"""
_STOPPED = "SELECT value FROM fact WHERE name = %s"
_STOP = "INSERT INTO fact VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_WENT_BACK = "update_went_back"
"""The fact that names the box that went back and the version, a line each."""
_UPDATES = "quhao update "
"""How a session is called that holds a box's turn to be updated, before the name of the box."""
_TURN = 0.5
"""Seconds between looks whether it is this box's turn."""


class PostgresStore(GroupStore):
    """An open database."""

    shared = True

    def __init__(self, url: URL, patience: float) -> None:
        engine, self._connect = _engine(url, patience)
        super().__init__(engine, patience)
        # All writes of this process go through one connection, which holds the locks of its session.
        self._writer: Connection | None = None
        self._watchdog = Watchdog(lambda: _answers(self._connect), engine.dispose)
        self.url = url
        self._schema = ""
        self._boxes: list[str] = []
        self._writing_process = 0
        self._messenger: Messenger | None = None
        # Whether the schema is known to be usable, and the thread that is finding that out.
        self._is_open = False
        self._opener: int | None = None
        # Microseconds that the database's clock is ahead of the time since this box was started.
        self._ahead: int | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See :class:`~ticketing.store.base.Store`."""
        self._refuse_closed()
        with self._errors():
            conn = self._connection(Connection.begin)
            try:
                yield conn
                conn.commit()
            except BaseException as error:
                if _is_lost(conn, error):
                    _throw_away(conn)
                raise
            finally:
                self._watchdog.end(conn)
                conn.close()

    def on_commit(self, callback: Callable[[], None]) -> None:
        """See :class:`~ticketing.store.base.Store`; the first one to listen has other processes listened to."""
        super().on_commit(callback)
        if self._messenger is None:
            self._messenger = Messenger(self._connect, self._tell, self._is_own)
            self._messenger.start()
            self._watchdog.start()

    def wall(self) -> int:
        """See :class:`~ticketing.store.base.Store`: the database's, as of the last turn to write."""
        return super().wall() if self._ahead is None else (_since_boot() + self._ahead) * 1000

    def claim(self, box: str) -> None:
        """See :class:`~ticketing.store.base.Store`; of one that is opened later, :meth:`open` does it."""
        if self._is_open:
            with self._alone(self._patience), self._errors():
                self._claim(_raw(self._writing()), box)
        self._boxes.append(box)

    def _claim(self, raw: psycopg.Connection[Any], box: str) -> None:
        if not _ask(raw, "SELECT pg_try_advisory_lock(%s)", self._key("box", box)):
            raise StoreInUseError(
                f"另一台机器也叫 {box}，请在各台的设置中写不同的 hall.box（数据库 {name_of(self.url)}）/ "
                f"another process on {name_of(self.url)} is the box {box!r}: give each box a hall.box of its own",
                box=box,
            )

    def claim_all(self) -> None:
        """See :class:`~ticketing.store.base.Store`: each process holds the schema's lock together with the others."""
        with self._alone(self._patience), self._errors():
            if not _ask(_raw(self._writing()), "SELECT pg_try_advisory_lock(%s)", self._key("schema")):
                raise StoreInUseError(
                    f"还有其他主机在使用数据库 {name_of(self.url)}，请先停止 / "
                    f"other boxes work on the store {name_of(self.url)}: stop those first"
                )

    def checkpoint(self) -> None:
        """Have the rows that are gone taken out of the tables that held what was sealed.

        That is all that can be done from here. The database keeps what it wrote for a time in its write-ahead log,
        and for ever in copies that were made of it; there it is unreadable, since what wrapped the
        keys of an erased day is destroyed: see :meth:`ticketing.privacy.vault.Vault.move`.

        Raises:
            StoreError: ``store_busy``: something else works on those tables.
        """
        from ticketing.store.tables import metadata

        sealed = [one.name for one in metadata.sorted_tables if {"sealed", "wrapped"} & set(one.columns.keys())]
        with self._errors(), self._connect() as raw:
            raw.execute("SET statement_timeout = 0")
            raw.execute(f"VACUUM {', '.join(sealed)}")

    def close(self) -> None:
        """Close every connection, and let go of what this process holds."""
        self._watchdog.close()
        if self._messenger is not None:
            self._messenger.close()
        with self._alone():
            self._drop_writer()
            self.engine.dispose()

    # Opening

    def open(self, then: Callable[[], None] = lambda: None) -> None:
        """Connect, and bring the schema up to date, unless others work with the old one; see the base."""
        self._opener = threading.get_ident()
        try:
            with _in_words(self.url), self._errors():
                self._writer = self._connection(self._begin_session)
                self._watchdog.end(self._writer)
                for box in self._boxes:
                    self._claim(_raw(self._writer), box)
            then()
            self._is_open = True
        except BaseException:
            with self._alone():
                self._drop_writer()
            raise
        finally:
            self._opener = None
        # Who listens has asked in vain until now.
        self._tell()

    def _refuse_closed(self) -> None:
        if not self._is_open and self._opener != threading.get_ident():
            raise StoreError("store_gone")

    def _enter(self) -> Any:
        self._refuse_closed()
        return super()._enter()

    def _begin_session(self, conn: Connection) -> None:
        raw = _raw(conn)
        deadline = time.monotonic() + self._patience
        pause = threading.Event()
        self._schema = _fit(raw, name_of(self.url))
        key = self._key("schema")
        while not self._share_schema(raw):
            raw.execute("SELECT pg_advisory_unlock_shared(%s), pg_advisory_unlock_shared(%s)", self._shared())
            if _ask(raw, "SELECT pg_try_advisory_lock(%s)", key):
                self._migrate(conn, alone=True)
                # Never let go of the schema in between.
                self._share_schema(raw)
                _ask(raw, "SELECT pg_advisory_unlock(%s)", key)
                break
            if self._migrate_beside_others(conn):
                continue
            if time.monotonic() > deadline:
                raise StoreInUseError(
                    f"数据库 {name_of(self.url)} 要升级，其他主机还在用旧版本：请先停止它们 / "
                    f"the store {name_of(self.url)} is to be brought to a newer version, and other boxes work on it "
                    "with the old one: stop those first"
                )
            pause.wait(0.05)
        shows = _ask(raw, _CLOCK)
        self._hear_clock(shows)
        astray = (time.time_ns() // 1000 - shows) // 1_000_000
        if abs(astray) > ASTRAY // 1_000_000:
            log.warning("this box's clock is %+d s from the database's, which the hall goes by: set it right", astray)

    def _share_schema(self, raw: psycopg.Connection[Any]) -> bool:
        """Take the schema's locks together with others; whether this program can work with it."""
        raw.execute("SELECT pg_advisory_lock_shared(%s), pg_advisory_lock_shared(%s)", self._shared())
        return _is_usable(raw, name_of(self.url))

    def _shared(self) -> tuple[int, int]:
        return self._key("schema"), self._key("schema", HEAD)

    def _migrate(self, conn: Connection, *, alone: bool) -> bool:
        """Bring the schema up to date; whether it is. With others at work (not ``alone``) only if they can go on."""
        raw = _raw(conn)
        if _is_usable(raw, name_of(self.url)):
            return True
        if not alone and (not _is_begun(raw) or self._hinders(raw)):
            return False
        # Imported here: Alembic costs more to load than everything else a start needs, and is needed once a version.
        from ticketing.store.migrations import upgrade

        raw.execute("BEGIN")
        with conn.begin():
            # Beside others the limits stay: for a lock on a table nobody in the hall waits longer than for a verb.
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout", *(("lock_timeout",) * alone)):
                conn.exec_driver_sql(f"SET LOCAL {limit} = 0")
            if not alone:
                # Between the transactions of two writers; whoever opens the store from here on waits for the new
                # version to become visible, since it holds the locks before it reads the version.
                raw.execute("SELECT pg_advisory_xact_lock(%s)", (self._key("write"),))
                raw.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
                if self._hinders(raw):
                    return False
                if _is_usable(raw, name_of(self.url)):
                    return True
            upgrade(conn)
            declare(conn)
        return True

    def _migrate_beside_others(self, conn: Connection) -> bool:
        try:
            return self._migrate(conn, alone=False)
        except (DBAPIError, psycopg.Error) as error:
            if not postgres_errors.is_busy(getattr(error, "orig", error)):
                raise
            return False

    def _hinders(self, raw: psycopg.Connection[Any]) -> bool:
        """Whether a program works on the store that could not go on after this program's change of the schema."""
        fit = [self._key("schema", version) for version in KNOWN if version >= READABLE_FROM]
        return bool(_ask(raw, _WITHOUT, self._key("schema"), fit))

    def _key(self, *what: str) -> int:
        """The number of an advisory lock; halls in different schemas of one database do not know each other."""
        digest = hashlib.sha256("\n".join(("quhao", self._schema, *what)).encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    # Connections

    def _writing(self) -> Connection:
        """The connection that writes, with all the locks that this process must hold as long as it writes."""
        if self._writer is None or _is_lost(self._writer):
            self._drop_writer()
            self._writer = self._connection(self._hold)
            self._watchdog.end(self._writer)
        return self._writer

    def _hold(self, conn: Connection) -> None:
        raw = _raw(conn)
        if not self._share_schema(raw):
            raise StoreError("store_newer")
        for box in self._boxes:
            if not _ask(raw, "SELECT pg_try_advisory_lock(%s)", self._key("box", box)):
                raise StoreError("box_taken")

    def _connection(self, begin: Callable[[Connection], object]) -> Connection:
        """A connection of the pool on which ``begin`` worked; those that died in the pool are passed over."""
        while True:
            conn = self.engine.connect()
            used = conn.info.get(_USED)
            self._watchdog.begin(conn, _raw(conn))
            try:
                begin(conn)
            except BaseException as error:
                self._watchdog.end(conn)
                lost = _is_lost(conn, error)
                _throw_away(conn)
                # Only a new connection that fails tells that the database is gone.
                if not (used and lost):
                    raise
            else:
                conn.info[_USED] = True
                return conn

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._watchdog.end(self._writer)
            _throw_away(self._writer)
            self._writer = None

    def _is_own(self, process: int) -> bool:
        return process == self._writing_process

    # Transactions

    def _begin(self) -> Connection:
        while True:
            used = self._writer
            conn = self._writing()
            self._watchdog.begin(conn, _raw(conn))
            try:
                self._take_lock(conn)
            except BaseException as error:
                self._roll_back(conn)
                if conn is used and _is_lost(conn, error):
                    continue
                raise
            return conn

    def _take_lock(self, conn: Connection) -> None:
        """Begin a transaction whose turn it is among all processes, and hear the database's clock, in one trip."""
        self._writing_process = _raw(conn).info.backend_pid
        pipeline = _pipeline(conn)
        pipeline.begin()
        *_, clock = pipeline.ask((_WRITE, ()), (_LOCK, (self._key("write"),)), (_CLOCK, ()))
        self._hear_clock(clock.fetchall()[0][0])
        conn.begin()

    def _hear_clock(self, shows: int) -> None:
        """Go by what the database's clock showed a moment ago."""
        ahead = shows - _since_boot()
        late = 0 if self._ahead is None else self._ahead - ahead
        # What was read late says too little; so does a clock that was set back a little, which is followed slowly.
        self._ahead = self._ahead - late // 64 if self._ahead is not None and 0 < late < LATE else ahead

    def _check(self, conn: Connection) -> None:
        if _raw(conn).info.transaction_status == TransactionStatus.INERROR:
            # A verb went on after an error as if nothing had happened; COMMIT would silently undo everything.
            raise StoreError("store_broken", cause="25P02")

    def _commit(self, conn: Connection) -> None:
        try:
            # In one go: what is notified is sent with the commit, or not at all.
            if conn.info.get(NEWS):
                _pipeline(conn).later(f"NOTIFY {CHANNEL}")
            _pipeline(conn).ask(_COMMIT)
        except BaseException as error:
            if _is_lost(conn, error):
                raise StoreError("store_in_doubt", cause=getattr(error, "sqlstate", None) or "") from None
            raise
        self._watchdog.end(conn)
        # The database has committed; this only has SQLAlchemy know it.
        conn.commit()

    def _savepoint(self, conn: Connection) -> None:
        _pipeline(conn).savepoint()

    def _undo(self, conn: Connection) -> None:
        _pipeline(conn).undo()

    def _roll_back(self, conn: Connection) -> None:
        if not _is_lost(conn):
            with suppress(DBAPIError, psycopg.Error):
                # SQLAlchemy does not know of a transaction whose turn to write did not come.
                _pipeline(conn).roll_back()
                conn.rollback()
                self._watchdog.end(conn)
                return
        self._drop_writer()

    # Errors

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the database's errors into ours, and take every value out of those that stay what they are."""
        try:
            yield
        except DBAPIError as error:
            raise postgres_errors.ours(error, error.orig, self._is_migrated) from None
        except psycopg.Error as error:
            raise postgres_errors.ours(error, error, self._is_migrated) from None
        except PoolTimeoutError:
            raise StoreError("store_busy") from None

    def _is_migrated(self) -> bool:
        try:
            with self._connect() as raw:
                return not _is_usable(raw, name_of(self.url))
        except StoreOpenError as error:
            return error.code in ("store_newer", "store_foreign")
        except psycopg.Error:
            return False


def open_database(url: URL, *, patience: float) -> PostgresStore:
    """See :func:`ticketing.store.opening.open_store`."""
    store = _store_at(url, patience)
    with _opening(store):
        store.open()
    return store


def _store_at(url: URL, patience: float) -> PostgresStore:
    try:
        return PostgresStore(url, patience)
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError) as error:
        raise StoreOpenError(
            "store_unsupported", f"the store's url {name_of(url)} cannot be used ({type(error).__name__})"
        ) from None


def database_for_later(url: URL, ahead: int | None, *, patience: float) -> PostgresStore:
    """See :func:`ticketing.store.opening.store_for_later`."""
    store = _store_at(url, patience)
    store._ahead = None if ahead is None else ahead // 1000
    return store


def has_store(url: URL) -> bool:
    """Whether the database holds a store."""
    store = PostgresStore(url, CONNECTING)
    with _opening(store), store._errors(), store._connect() as raw:
        found = bool(raw.execute(_FOUND).fetchall()[0][1])
    store.close()
    return found


def schema_of_database(url: URL) -> Schema:
    """See :func:`ticketing.store.opening.schema_of`."""
    store = PostgresStore(url, CONNECTING)
    with _opening(store), store._errors(), store._connect() as raw:
        found = _schema(raw, {row[0] for row in raw.execute(_TABLES)})
    store.close()
    return found


@contextmanager
def turn_to_update(url: URL, box: str, waits: Callable[[str], object]) -> Iterator[Turn]:
    """See :func:`ticketing.store.opening.turn_to_update`; whose power is cut lets go of it."""
    store = PostgresStore(url, CONNECTING)
    with _opening(store), store._errors(), store._connect() as raw:
        store._schema = _fit(raw, name_of(url))
        raw.execute("SELECT set_config('application_name', %s, false)", (f"{_UPDATES}{box}",))
        pause, told = threading.Event(), ""
        while not _ask(raw, "SELECT pg_try_advisory_lock(%s)", store._key("update")):
            other = str(_ask(raw, _WHO, store._key("update")) or "?").removeprefix(_UPDATES)
            if other != told:
                waits(other)
                told = other
            pause.wait(_TURN)
        try:
            yield _SharedTurn(raw, box)
        finally:
            store.close()


class _SharedTurn(Turn):
    """Among boxes on one database: a fact there names the last one that went back, and from which version."""

    def __init__(self, raw: psycopg.Connection[Any], box: str) -> None:
        self._raw = raw
        self._box = box

    def stopped_by(self, version: str) -> str | None:
        told = _ask(self._raw, _STOPPED, _WENT_BACK) if _is_begun(self._raw) else None
        box, _, failed = bytes(told or b"").decode().partition("\n")
        return box if failed == version and box != self._box else None

    def note(self, version: str, *, went_back: bool) -> None:
        # What it did is done, whether the others can be told of it or not.
        with suppress(psycopg.Error):
            if went_back:
                self._raw.execute(_STOP, (_WENT_BACK, f"{self._box}\n{version}".encode()))
            else:
                self._raw.execute("DELETE FROM fact WHERE name = %s", (_WENT_BACK,))


@contextmanager
def _opening(store: PostgresStore) -> Iterator[None]:
    """Close what cannot be opened, and say why."""
    try:
        with _in_words(store.url):
            yield
    except BaseException:
        store.close()
        raise


@contextmanager
def _in_words(url: URL) -> Iterator[None]:
    """Say what is in the way of opening in words for whoever starts the program."""
    try:
        yield
    except BaseException as error:
        told = postgres_errors.in_words(error, name_of(url))
        if told is error:
            raise
        raise told from None


def _engine(url: URL, patience: float) -> tuple[Engine, Callable[[], psycopg.Connection[Any]]]:
    """SQLAlchemy's engine, and what makes a connection that is not its own."""
    settings = {
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": int(HANGING * 1000),
        "statement_timeout": int(SLOWEST * 1000),
        "lock_timeout": max(1, int(patience * 1000)),
        "TimeZone": "UTC",
        # A connection that was cut is known to be dead, and its transaction ended, within half a minute on either end.
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }
    given = url.query.get("options", "")
    options = [given if isinstance(given, str) else " ".join(given)]
    options += [f"-c {name}={value}" for name, value in settings.items()]
    ours: dict[str, Any] = {
        # Transactions begin and end where we say so: by "begin" below and PostgresStore._take_lock.
        "autocommit": True,
        "client_encoding": "UTF8",
        "options": " ".join(options).strip(),
        "application_name": "quhao",
        "connect_timeout": CONNECTING,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }

    def connect() -> psycopg.Connection[Any]:
        _, theirs = engine.dialect.create_connect_args(url)
        try:
            raw = psycopg.connect(**{**theirs, **ours})
        except psycopg.Error as error:
            raise postgres_errors.cannot_connect(url, error) from None
        raw.adapters.register_dumper(str, _Text)
        return raw

    engine = create_engine(url, creator=connect, use_native_hstore=False, pool_timeout=patience, **ENGINE)

    @event.listens_for(engine, "connect")
    def prepare(raw: "psycopg.Connection[Any]", record: Any) -> None:
        record.info[PIPELINE] = Pipeline(raw)

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        raw = _raw(conn)
        if raw.info.transaction_status == TransactionStatus.IDLE:
            _pipeline(conn).begin()
            _pipeline(conn).ask((_READ, ()))

    @event.listens_for(engine, "rollback")
    def roll_back(conn: Connection) -> None:
        if not conn.invalidated:
            _pipeline(conn).roll_back()

    @event.listens_for(engine, "before_cursor_execute")
    def flush(conn: Connection, *_what: Any) -> None:
        _pipeline(conn).flush()

    return engine, connect


class _Text(StrDumperUnknown):
    """Texts as PostgreSQL can keep them: without the character 0, which no name or number holds."""

    def dump(self, obj: str) -> Any:
        """The text in the connection's encoding."""
        return super().dump(obj.replace("\0", "\ufffd"))


def _answers(connect: Callable[[], psycopg.Connection[Any]]) -> bool:
    """Whether a database says anything at all, and be it that it lets nobody in."""
    try:
        connect().close()
    except SilentError:
        return False
    except StoreError:
        pass
    return True


def _since_boot() -> int:
    """Microseconds, by a clock that nobody sets (Linux, clock_gettime(2))."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def _raw(conn: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", conn.connection.dbapi_connection)


def _pipeline(conn: Connection) -> Pipeline:
    return cast("Pipeline", conn.info[PIPELINE])


def _ask(raw: psycopg.Connection[Any], question: str, *values: object) -> Any:
    row = raw.execute(question, values).fetchone()
    return row[0] if row else None


def _is_lost(conn: Connection, error: BaseException | None = None) -> bool:
    """Whether there is no connection any more, or ``error`` is the server's last word on it."""
    last = getattr(getattr(error, "orig", error), "sqlstate", None) in postgres_errors.GONE
    return last or conn.closed or conn.invalidated or _raw(conn).closed


def _throw_away(conn: Connection) -> None:
    """Close the connection itself, with its session and all locks of it."""
    if not conn.closed:
        if not conn.invalidated:
            conn.invalidate()
        conn.close()


def _fit(raw: psycopg.Connection[Any], where: str) -> str:
    """The schema to work in, in a database that is fit for a store."""
    schema, _, encoding, fsync = raw.execute(_FOUND).fetchall()[0]
    if schema is None:
        raise StoreOpenError("store_unreachable", f"{where} has no schema for this user: check its search_path")
    if encoding != "UTF8":
        raise StoreOpenError(
            "store_unsupported", f"{where} keeps texts as {encoding}: make a database with the encoding UTF8"
        )
    if fsync != "on":
        log.warning("the server of %s has fsync off: a power cut may lose what was answered, or all", where)
    return str(schema)


def _is_usable(raw: psycopg.Connection[Any], where: str) -> bool:
    tables = {row[0] for row in raw.execute(_TABLES)}
    return is_usable(_schema(raw, tables), tables, where)


def _is_begun(raw: psycopg.Connection[Any]) -> bool:
    return bool(raw.execute(_FOUND).fetchall()[0][1])


def _schema(raw: psycopg.Connection[Any], tables: Collection[str]) -> Schema:
    if "alembic_version" not in tables:
        return Schema()
    # Not to be prepared: a newer program may add a column.
    told = raw.execute(ASK_SCHEMA, prepare=False)
    return Schema.of(told.description, told.fetchone())
