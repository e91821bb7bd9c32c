"""What every store is: one transaction at a time, and what can go wrong with it.

A SQLite file (``store_sqlite``) or a PostgreSQL database that several boxes share (``store_postgres``). Both promise:
what was answered is kept, whatever happens to box or database afterwards; one writer at a time, so that numbers have
no gaps and events become visible in the order of their numbers; a reader sees one moment; and no program writes into
a schema that it cannot work with: its own, or a newer one that says that it only adds (:class:`Schema`).

::

    StoreError                  while working: store_busy, store_full, store_broken, store_gone, store_in_doubt …
    └── StoreOpenError          at the start, with words for whoever starts the program
        ├── StoreInUseError     another process holds it, or what this one wants of it
        └── StoreGoneError      the database does not answer: wait for it
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, insert, inspect, text

from ticketing.model import StoreError
from ticketing.store.tables import fact

KNOWN = tuple(f"{number:04}" for number in range(1, 24))
"""All versions of the schema, oldest first; a store at any other one was written by a newer program."""

HEAD = KNOWN[-1]
"""The version this program works with."""

READABLE_FROM = "0017"
"""The oldest version whose programs can work on a store that is at :data:`HEAD`: each migration since only adds."""

ASK_SCHEMA = "SELECT * FROM alembic_version"
"""What a store says of its schema; take :meth:`Schema.of` of the answer."""

PATIENCE = 5.0
"""Seconds a verb waits for its turn to write."""

# Parameters hold residents' data; they must not get into the texts of exceptions.
ENGINE: dict[str, Any] = {"hide_parameters": True, "pool_size": 8, "max_overflow": 24}
"""Options of SQLAlchemy's engine for a store of either kind."""

NEWS = "quhao.news"
"""Key in ``Connection.info``: this transaction appended events, so tell the listeners once it is committed."""

PIPELINE = "quhao.pipeline"
"""Key in ``Connection.info``: sends the statements of a connection to PostgreSQL."""

LOST = "quhao.lost"
"""Key in ``Connection.info``: how often changes were lost that a later transaction had seen on this connection."""


STAYS = frozenset({"store_full", "store_broken", "box_taken", "store_newer"})
"""Codes of a write that failed, where the next one will fail as well until somebody comes."""
_TRIAL = "trial"
_TRIAL_BYTES = 32_768


class StoreOpenError(StoreError):
    """The store cannot be opened; ``str()`` says why and what to do, and tells no password.

    Codes: ``store_unsupported``, ``store_unreachable``, ``store_linked`` (a file with several names), ``store_foreign``
    (no store of ours), ``store_newer``, ``store_in_use``, and those of :class:`~ticketing.model.StoreError`.
    """


class StoreInUseError(StoreOpenError):
    """Another process (``pid``, where it is known) holds this store, or what this one wants of it."""

    def __init__(self, sentence: str, pid: int | None = None, **facts: Any) -> None:
        super().__init__("store_in_use", sentence, pid=pid, **facts)
        self.pid = pid


class StoreGoneError(StoreOpenError):
    """The database does not answer: it is down or starting, or the way to it is."""

    def __init__(self, sentence: str) -> None:
        super().__init__("store_gone", sentence)


class Store(ABC):
    """One open store. Safe to use from any thread; made by ``open_store``.

    Attributes:
        engine: SQLAlchemy's, for tests and tools; the verbs use :meth:`read` and :meth:`write`.
        trouble: the code by which the last write failed, of :data:`STAYS`; None once one has been kept.
        shared: whether the services of several boxes may work on it.
    """

    shared = False

    def __init__(self, engine: Engine, patience: float) -> None:
        self.engine = engine
        self.trouble: str | None = None
        self._patience = patience
        self._listeners: list[Callable[[], None]] = []

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one moment of the store, for as long as the block lasts."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may change the store: all of the block is kept, durably, or nothing of it.

        Not to be nested: the second one would wait for the first.

        Raises:
            StoreError: ``store_busy``, ``store_full``, ``store_broken``, ``store_gone`` (no connection; the next
                call makes another), ``store_newer`` (a newer program changed the schema; this one must end): nothing
                was changed. ``store_in_doubt``: the connection was lost during the commit, and nobody knows.
        """

    def open(self, then: Callable[[], None] = lambda: None) -> None:
        """Open a store that was made to be opened later (``store_for_later``); until then it is ``store_gone``.

        ``then`` works on it before anybody else can; what it raises leaves the store as it was.

        Raises:
            StoreOpenError: as ``open_store``.
        """
        then()

    def try_to_write(self) -> None:
        """Write something durably that takes room, and take it away again; :attr:`trouble` tells how that went.

        Raises:
            StoreError: as :meth:`write`.
        """
        with self.write() as conn:
            conn.execute(insert(fact).values(name=_TRIAL, value=os.urandom(_TRIAL_BYTES)))
            conn.execute(delete(fact).where(fact.c.name == _TRIAL))
        self.trouble = None

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each commit that appended events, whichever process made it.

        It is called on the thread that wrote, or on one that listens to other processes; keep it short. It may be
        called without news, too, such as after a time in which nobody could listen.
        """
        self._listeners.append(callback)

    def wall(self) -> int:
        """What the clock of whoever keeps the store shows, in nanoseconds since 1970 UTC; it may be set at any time.

        Boxes that share a store have this one clock: by clocks of their own, two would end each other's hall days.
        """
        return time.time_ns()

    @abstractmethod
    def claim(self, box: str) -> None:
        """Be the only box of this name while the store is open; raises StoreInUseError if another process is."""

    @abstractmethod
    def claim_all(self) -> None:
        """Be the only process on the store while it is open; raises StoreInUseError if another one works on it."""

    @abstractmethod
    def checkpoint(self) -> None:
        """See that what was erased leaves the places that a database keeps old rows in, as far as it can be told to.

        Raises:
            StoreError: ``store_busy``: not now; what was erased is erased, and traces of it are left.
        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection, and let go of what this process holds."""

    def _tell(self) -> None:
        for tell in self._listeners:
            tell()


class Schema(NamedTuple):
    """What a store says of its schema.

    Attributes:
        version: which it is at; None where it says nothing.
        readable_from: the oldest version whose programs can work on it; None where it says nothing.
    """

    version: str | None = None
    readable_from: str | None = None

    @classmethod
    def of(cls, columns: Sequence[Sequence[Any]] | None, row: Sequence[str | None] | None) -> "Schema":
        """From a cursor's description and the one row of :data:`ASK_SCHEMA`, as :func:`declare` left it."""
        told = dict(zip((column[0] for column in columns or ()), row or (), strict=False))
        named, _, oldest = (told.get("readable_from") or "").partition(" ")
        version = told.get("version_num")
        # It counts for the version that it names alone: not for one that was brought in by other hands.
        return cls(version, oldest if oldest and named == version else None)

    @property
    def is_usable(self) -> bool:
        """Whether this program can work on the store as it is: at its own version, or at a newer one that only adds."""
        return self.version == HEAD or (self.version not in KNOWN and self.readable_from in KNOWN)


def declare(conn: Connection) -> None:
    """Have a store that was just brought to :data:`HEAD` say whose programs can work on it, beside its version.

    It stands in Alembic's own table: whoever reads the one reads the other, and no backup carries it elsewhere.
    """
    if all(column["name"] != "readable_from" for column in inspect(conn).get_columns("alembic_version")):
        conn.execute(text("ALTER TABLE alembic_version ADD COLUMN readable_from VARCHAR(64)"))
    conn.execute(text("UPDATE alembic_version SET readable_from = :told"), {"told": f"{HEAD} {READABLE_FROM}"})


class Turn:
    """The turn of a box to be updated, among those of its hall; this one has no others."""

    def stopped_by(self, _version: str) -> str | None:
        """The name of another box that went back from this version of the program; None: none did."""
        return None

    def note(self, _version: str, *, went_back: bool) -> None:
        """Have the other boxes know how this one's update to a version ended."""


def is_usable(schema: Schema, tables: Collection[str], where: str) -> bool:
    """Whether this program can work on a store as it is; False: it is to be brought to this program's version first.

    ``schema`` is what it says, ``tables`` are there; ``where`` names the store.

    Raises:
        StoreOpenError: ``store_foreign``: there are tables, and not ours; ``store_newer``.
    """
    version = schema.version
    if version is None and set(tables) - {"alembic_version"}:
        raise StoreOpenError(
            "store_foreign",
            f"{where} 不是本程序的数据库，请检查 store.url / {where} is a database, but not a store of this program",
        )
    if version is not None and version not in KNOWN and not schema.is_usable:
        raise StoreOpenError(
            "store_newer",
            f"数据库 {where} 由更新的版本写成（{version}，本机只认到 {HEAD}）：数据没有动，请把本机更新到那个版本"
            f" / the store {where} was written by a newer version of this program (schema {version}, known up to "
            f"{HEAD}): nothing in it was changed; update this box to that version",
            version=version,
        )
    return schema.is_usable
