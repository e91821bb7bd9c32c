"""Opening the store at a URL, whichever of its two kinds it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ticketing.store.base import PATIENCE, Schema, Store, StoreOpenError, Turn


def open_store(url: str, *, exclusive: bool, patience: float = PATIENCE) -> Store:
    """Open the store at ``url`` and bring its schema up to date; a file and its folder are made.

    Args:
        url: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or ``postgresql+psycopg://user@host/database``.
        exclusive: whether this process is *the* service on a file (``quhao run``); others may still open it beside.
            Services on PostgreSQL share one store; there it is :meth:`Store.claim` that keeps two apart.
        patience: seconds to wait for another writer.

    Raises:
        StoreInUseError: ``exclusive``, and another service holds it; or the schema is to be changed, and others work
            with the old one.
        StoreGoneError: the database does not answer.
        StoreOpenError: it cannot be opened, is not ours, or was written by a newer program.
    """
    parsed = _parsed(url)
    # Imported here: each needs the other's driver as little as its memory.
    if parsed.get_backend_name() == "sqlite":
        from ticketing.store.sqlite import open_file

        return open_file(parsed, exclusive=exclusive, patience=patience)
    store: Store = _postgres().open_database(parsed, patience=patience)
    return store


def store_for_later(url: str, ahead: int | None, *, patience: float = PATIENCE) -> Store:
    """The store on a database that does not answer now: closed, until :meth:`Store.open` reaches it.

    Args:
        url: of a database.
        ahead: nanoseconds by which its clock is before the time since boot; None: it is taken to show what the box's
            own shows, until it can be asked.
        patience: as of :func:`open_store`.

    Raises:
        StoreOpenError: it is a file, or its URL cannot be used.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        raise StoreOpenError("store_unsupported", "a store in a file is opened at the start")
    store: Store = _postgres().database_for_later(parsed, ahead, patience=patience)
    return store


def is_store(url: str) -> bool:
    """Whether there is a store already, which opening makes; raises StoreOpenError if that cannot be found out."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        from ticketing.store.sqlite import path_of

        return path_of(parsed).is_file()
    return bool(_postgres().has_store(parsed))


def schema_of(url: str) -> Schema:
    """What a store, which is left as it is, says of its schema.

    Raises:
        StoreOpenError: it cannot be read.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        from ticketing.store.sqlite import schema_of_file

        return schema_of_file(parsed)
    found: Schema = _postgres().schema_of_database(parsed)
    return found


def turn_to_update(url: str, box: str, waits: Callable[[str], object]) -> AbstractContextManager[Turn]:
    """The turn of a box to be updated, held for the block: of the boxes on one database, one at a time.

    Args:
        url: of the store, which is not opened.
        box: the name of this one.
        waits: is called once for each box that it has to wait for, with its name.

    Raises:
        StoreOpenError: at the beginning of the block: the database cannot be reached.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return nullcontext(Turn())
    turn: AbstractContextManager[Turn] = _postgres().turn_to_update(parsed, box, waits)
    return turn


def _postgres() -> Any:
    try:
        from ticketing.store import postgres
    except ImportError as error:
        raise StoreOpenError(
            "store_unsupported", "a store on PostgreSQL needs the library psycopg: pip install 'quhao[postgres]'"
        ) from error
    return postgres


def _parsed(url: str) -> URL:
    advice = "use sqlite:///path/to/file.db or postgresql+psycopg://user@host/database"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: the text of that error is the url, with the password in it.
        raise StoreOpenError("store_unsupported", f"the store's url is none: {advice}") from None
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreOpenError("store_unsupported", f"a store of this kind ({parsed.drivername}) is not known: {advice}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreOpenError("store_unsupported", f"a store needs a file: {advice}")
    return parsed
