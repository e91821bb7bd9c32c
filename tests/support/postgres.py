"""A PostgreSQL server of the tests' own: Debian's programs, a folder of its own, reached by a Unix socket alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from psycopg import sql

import once
from ticketing.store.opening import open_store
from wires import wait_until

PROGRAMS = "/usr/lib/postgresql"
OWNER = "quhao"
EMPTY = "empty"
"""The database of each server that holds a store with nothing in it, to be copied."""

# All rows of all tables but the schema's version, and all numbers from the beginning again.
_EMPTY = """
DO $$
DECLARE one record;
BEGIN
    PERFORM pg_terminate_backend(pid, 30000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT relname, pg_relation_size(oid) AS size FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' LOOP
        IF one.size > 65536 THEN
            EXECUTE format('TRUNCATE %I CASCADE', one.relname);
        ELSIF one.size > 0 THEN
            EXECUTE format('DELETE FROM %I', one.relname);
        END IF;
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$
"""
# Those of a template, for a database that was emptied.
_ROWS = "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::{table}, {rows});"
_TABLES = """
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    AND (relkind = 'S' OR relkind = 'r' AND pg_relation_size(oid) > 0)
"""
_SHAPE = """
SELECT (SELECT array_agg(version_num) FROM alembic_version), (SELECT count(*) FROM pg_class),
    (SELECT count(*) FROM pg_attribute), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_proc)
"""


class PostgresServer:
    """A server that is made, started, stopped and removed here, beside any that the machine runs for itself.

    Args:
        durable: whether it waits for the disk, as a real one does; tests that do not measure need not.
    """

    def __init__(self, *, durable: bool = False) -> None:
        versions = sorted(Path(PROGRAMS).iterdir(), key=lambda one: float(one.name))
        self._programs = versions[-1] / "bin"
        self._durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="quhao-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._returned: list[str] = []
        self._connections: dict[str, psycopg.Connection[Any]] = {}
        self._shapes: dict[str, list[Any]] = {}
        self._contents: dict[str, bytes] = {}
        self._log = (self.folder / "log").open("wb")
        # PostgreSQL refuses to run as root; who installed it made a user for it.
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        kept = once.made("postgres", self._initialise)
        if kept is None:
            self._initialise()
        elif not (self.folder / "data").exists():
            self._copy(kept, self.folder / "data")
        self.start()

    def start(self) -> None:
        """Start it if it does not run, and wait until it answers."""
        if self._process is not None:
            return
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "on" if self._durable else "off",
            "max_connections": "200",
            "shared_buffers": "32MB",
            "dynamic_shared_memory_type": "mmap",
            "autovacuum": "off",
            "log_min_messages": "warning",
        }
        self._process = subprocess.Popen(
            [
                # It ends with the tests, also when those are killed.
                *("setpriv", "--pdeathsig", "QUIT"),
                *(self._programs / "postgres", "-D", "data"),
                *(part for one in settings.items() for part in ("-c", "=".join(one))),
            ],
            cwd=self.folder,
            stdout=self._log,
            stderr=self._log,
            **self._as,
        )
        wait_until(self._answers, 60)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: all connections are cut, and transactions rolled back. SIGQUIT is as if its machine lost power."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It keeps its connections, takes new ones, and says nothing."""
        assert self._process
        main = self._process.pid
        # First the one that starts the others and takes note of their end: as it stands still, they stay the same.
        _stand_still(main)
        processes = list(map(int, Path(f"/proc/{main}/task/{main}/children").read_text("ascii").split()))
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in (*processes, main):
                os.kill(process, signal.SIGCONT)

    def close(self) -> None:
        """Stop it, and remove all there was of it."""
        for connection in self._connections.values():
            connection.close()
        self.stop(signal.SIGQUIT)
        self._log.close()
        shutil.rmtree(self.folder)

    def url(self, database: str, user: str = OWNER) -> str:
        """What a store in ``database`` is called."""
        return f"postgresql+psycopg://{user}@/{database}?{urlencode({'host': str(self.folder)})}"

    def create(self, template: str = "template1") -> str:
        """The name of a new database, a copy of ``template``."""
        self._databases += 1
        name = f"hall_{self._databases}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def lend(self, template: str) -> str:
        """The name of a database that is like ``template``, with the same rows; give it back."""
        while self._returned:
            name = self._returned.pop()
            with suppress(psycopg.Error):
                # A new connection would learn of each table anew, which takes longer than the work itself.
                conn = self._connections.get(name) or self._connections.setdefault(name, self._connect(name))
                conn.execute(_EMPTY)
                if conn.execute(_SHAPE).fetchall() == self._shape_of(template):
                    # Several statements: they cannot be prepared, as psycopg does with what comes often.
                    conn.execute(self._content_of(template), prepare=False)
                    return name
            self.drop(name)
        return self.create(template)

    def _shape_of(self, template: str) -> list[Any]:
        if template not in self._shapes:
            self._shapes[template] = self.execute(_SHAPE, database=template)
        return self._shapes[template]

    def _content_of(self, template: str) -> bytes:
        """What puts a template's rows into an empty database of its shape."""
        if template in self._contents:
            return self._contents[template]
        steps: list[sql.Composable] = [sql.SQL("SET session_replication_role = replica;")]
        with self._connect(template) as conn:
            for name, kind in conn.execute(_TABLES).fetchall():
                one = sql.Identifier(name)
                if kind == "S":
                    state = sql.SQL("SELECT last_value, is_called FROM {}").format(one)
                    last, called = conn.execute(state).fetchall()[0]
                    steps.append(sql.SQL("SELECT setval({}, {}, {});").format(f'"{name}"', last, called))
                else:
                    rows = sql.SQL("SELECT json_agg(one)::text FROM {} one").format(one)
                    steps.append(sql.SQL(_ROWS).format(table=one, rows=conn.execute(rows).fetchall()[0][0] or "[]"))
            steps.append(sql.SQL("RESET session_replication_role"))
            self._contents[template] = sql.Composed(steps).as_bytes(conn)
        return self._contents[template]

    def take_back(self, database: str) -> None:
        """Keep a database for the next who wants one: to empty it takes a tenth of the time that another one takes."""
        self._returned.append(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever still works on it."""
        if connection := self._connections.pop(database, None):
            connection.close()
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, command: str, values: Sequence[object] = (), database: str = "postgres") -> list[Any]:
        """Run one command from outside; what it gives."""
        with self._connect(database) as conn:
            cursor = conn.execute(command, values or None)
            return cursor.fetchall() if cursor.description else []

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), user=OWNER, dbname=database, autocommit=True)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self, copy: Path | None = None) -> None:
        """Make the files of a server that has nothing but an empty store, which takes some seconds; and copy them."""
        self._run("initdb", "-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()
        self.execute(f"CREATE DATABASE {EMPTY}")
        open_store(self.url(EMPTY), exclusive=True).close()
        self.stop()
        if copy:
            self._copy(self.folder / "data", copy)

    def _copy(self, files: Path, to: Path) -> None:
        """With their owner, whoever that is."""
        subprocess.run(["cp", "-a", files, to], check=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments], cwd=self.folder, capture_output=True, check=False, **self._as
        )
        assert done.returncode == 0, done.stderr


def _stand_still(process: int) -> None:
    """Stop a process, and wait until it has stopped: a signal takes effect a moment after it is sent."""
    os.kill(process, signal.SIGSTOP)
    state = Path(f"/proc/{process}/stat")
    wait_until(lambda: state.read_text("ascii").rpartition(")")[2].split()[0] == "T")
