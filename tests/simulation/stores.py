"""The store of the simulated hall: the real one on a real SQLite file, with what goes wrong around it.

A hall of several boxes shares one PostgreSQL, which is a server with a network in between. Here the server is the same
SQLite file with the promises that the program relies on: one writer at a time among all boxes, whoever reads sees one
moment, and one clock for all. Every reach for it may be cut off or late; a commit may be lost before it is done or
after it, so that nobody knows; the disk may be full (SQLite's own ``max_page_count``); and a box may be killed right
before a commit or right after it.

Beside it each box of such a hall has a file of its own, for the time in which it is cut off: a database that is not
shared.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, event

from tests.simulation.scheduler import Process, Scheduler
from tests.simulation.threads import VirtualLock
from ticketing.model import StoreError
from ticketing.store.sqlite import SqliteStore

Fault = Literal["kill before", "kill after", "lost before", "lost after"]
ENDLESS = 1 << 30


class Database:
    """The file, and its server if boxes share it.

    Attributes:
        shared: whether it is a server that boxes reach over a network.
        full: whether the disk has no more room.
        commits: how many there were.
        turn: whose turn it is to write.
    """

    def __init__(self, scheduler: Scheduler, path: Path, *, shared: bool) -> None:
        self.scheduler = scheduler
        self.path = path
        self.shared = shared
        self.full = False
        self.commits = 0
        self.turn = VirtualLock(scheduler)


class Wire:
    """The network between a box and the server.

    Attributes:
        cut: whether nothing gets through.
        stays_cut: whether nothing will before the next morning.
    """

    def __init__(self) -> None:
        self._cut = self.stays_cut = False

    @property
    def cut(self) -> bool:
        return self._cut or self.stays_cut

    @cut.setter
    def cut(self, cut: bool) -> None:
        self._cut = cut


class StoreLink:
    """What a program has of the way from its box to a database.

    Args:
        wall: the clock of whoever keeps the database.
        steady: that of the box which nobody sets.

    Attributes:
        slow: seconds that a commit takes, at most.
        armed: what goes wrong with the next commit.
    """

    def __init__(
        self, database: Database, wire: Wire, process: Process, wall: Callable[[], int], steady: Callable[[], int]
    ) -> None:
        self.database = database
        self.wire = wire
        self.process = process
        self.slow = 0.004
        self.armed: Fault | None = None
        self._wall = wall
        self._steady = steady
        self._ahead: int | None = None
        self.files: list[sqlite3.Connection] = []
        self.stores: list[SimulatedStore] = []
        self.has_turn = False
        process.on_death.append(self.drop)

    def reach(self) -> None:
        """Get through to the database, after a while; raises StoreError (``store_gone``) while that is cut."""
        scheduler = self.database.scheduler
        if scheduler.in_task and self.database.shared:
            if self.slow > 0.1:
                scheduler.sleep(self.slow * scheduler.random.random())
            if self.wire.cut:
                raise StoreError("store_gone")

    def wall(self) -> int:
        """The clock of the database; of a server, as of the last turn to write."""
        if not self.database.shared:
            return self._wall()
        if self._ahead is None:
            self.look_at_clock()
        return self._steady() + (self._ahead or 0)

    def go_by(self, wall: int) -> None:
        """Take the server's clock to show ``wall``, until it can be asked."""
        self._ahead = wall - self._steady()

    def look_at_clock(self) -> None:
        """Learn what the server's clock shows."""
        self._ahead = self._wall() - self._steady()

    def take_turn(self, patience: float) -> None:
        """Be the only one who writes."""
        if not self.database.turn.acquire(timeout=patience):
            raise StoreError("store_busy")
        self.has_turn = True

    def give_back(self) -> None:
        """Let others write."""
        if self.has_turn:
            self.has_turn = False
            self.database.turn.release()

    def drop(self) -> None:
        """The process is dead: what it had open is closed, and what it had not committed is gone."""
        for file in self.files:
            with suppress(sqlite3.Error):
                file.close()
        for store in self.stores:
            store.lose_lock()
        self.give_back()

    def lose(self) -> None:
        """The connection is lost, and so is the next one."""
        self.wire.cut = self.database.shared


class SimulatedStore(SqliteStore):
    """A box's store. See the module."""

    def __init__(self, link: StoreLink, path: Path, patience: float) -> None:
        super().__init__(path, patience)
        self.link = link
        self.shared = link.database.shared
        self._closed = False
        self._opener: object = None
        self._pages = ENDLESS
        link.stores.append(self)

        @event.listens_for(self.engine, "connect")
        def keep(raw: sqlite3.Connection, _record: object) -> None:
            # Nobody else is at work on this thread: to wait for a lock would be to wait for ever.
            raw.execute("PRAGMA busy_timeout=0").close()
            # What a power cut does to a disk is not simulated here.
            raw.execute("PRAGMA synchronous=OFF").close()
            link.files.append(raw)

    def close_for_now(self) -> None:
        """Be one that is to be opened later, as a database can be that does not answer at the start."""
        self._closed = True

    def open(self, then: Callable[[], None] = lambda: None) -> None:
        self.link.reach()
        self.link.look_at_clock()
        self._opener = self.link.database.scheduler.current
        try:
            then()
            self._closed = False
        finally:
            self._opener = None
        self._tell()

    def _refuse_closed(self) -> None:
        if self._closed and self._opener is not self.link.database.scheduler.current:
            raise StoreError("store_gone")

    def _enter(self) -> Any:
        self._refuse_closed()
        return super()._enter()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._refuse_closed()
        self.link.reach()
        with super().read() as conn:
            yield conn

    def lose_lock(self) -> None:
        """The kernel lets go of the lock of a dead process."""
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def wall(self) -> int:
        return self.link.wall()

    def _begin(self) -> Connection:
        link = self.link
        link.reach()
        if link.database.scheduler.in_task:
            link.take_turn(self._patience)
        try:
            conn = super()._begin()
            self._leave_room(conn)
        except BaseException:
            link.give_back()
            raise
        link.look_at_clock()
        return conn

    def _leave_room(self, conn: Connection) -> None:
        if not self.link.database.full and self._pages == ENDLESS:
            return
        raw: Any = conn.connection.dbapi_connection
        self._pages = raw.execute("PRAGMA page_count").fetchone()[0] if self.link.database.full else ENDLESS
        raw.execute(f"PRAGMA max_page_count={self._pages}").close()

    def _commit(self, conn: Connection) -> None:
        link, scheduler = self.link, self.link.database.scheduler
        fault, link.armed = link.armed, None
        if scheduler.in_task:
            # Others come meanwhile, and share the next commit.
            scheduler.sleep(link.slow * scheduler.random.random())
        if fault == "kill before":
            scheduler.kill(link.process)
        if fault == "lost before" or (link.wire.cut and link.database.shared):
            link.lose()
            raise StoreError("store_in_doubt" if link.database.shared else "store_broken")
        super()._commit(conn)
        link.database.commits += 1
        link.give_back()
        if fault == "kill after":
            scheduler.kill(link.process)
        if fault == "lost after" and link.database.shared:
            link.lose()
            raise StoreError("store_in_doubt")

    def _roll_back(self, conn: Connection) -> None:
        try:
            super()._roll_back(conn)
        finally:
            self.link.give_back()
