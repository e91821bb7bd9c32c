"""PostgreSQL's errors as ours: what a caller can do about them, and no word of what was written or asked."""

import re
from collections.abc import Callable

import psycopg
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from ticketing.model import StoreError
from ticketing.store.base import StoreGoneError, StoreOpenError

# By SQLSTATE (PostgreSQL documentation, appendix A).
_BUSY = {"55P03", "57014", "40001", "40P01"}  # lock not available, cancelled, serialization, deadlock
GONE = {"25P03", "57P01", "57P02", "57P03", "57P05"}  # ended for idling, by the administrator, by a crash; starting
_MISFIT = {"42P01", "42703", "0A000"}  # no such table, no such column, another shape than was prepared
_OURS = ("22", "23", "42", "25P02", "0A")  # what a verb did wrong


class SilentError(StoreGoneError):
    """The database did not say anything in time."""


def ours(error: Exception, raw: BaseException | None, is_migrated: Callable[[], bool]) -> Exception:
    """A database's error as :class:`~ticketing.model.StoreError`; what a verb did wrong stays, without its values.

    Args:
        error: as it was raised, by psycopg or around it by SQLAlchemy.
        raw: psycopg's.
        is_migrated: whether a newer program changed the schema; asked when something is not there any more.
    """
    if not isinstance(raw, psycopg.Error):
        return error
    state, code = raw.sqlstate or "", _code_of(raw)
    if code is not None:
        return StoreError(code, cause=state)
    if state in _MISFIT and is_migrated():
        return StoreError("store_newer")
    return DBAPIError.instance(
        getattr(error, "statement", None), None, _clean(raw), psycopg.Error, hide_parameters=True, dialect=None
    )


def is_busy(raw: object) -> bool:
    """Whether psycopg's error says that something else was at work, so that the same may succeed later."""
    return isinstance(raw, psycopg.Error) and raw.sqlstate in _BUSY


def in_words(error: BaseException, where: str) -> BaseException:
    """What is in the way of opening the store, in words for whoever starts the program; ``where`` names the store."""
    if isinstance(error, DBAPIError):
        told = str(error.orig)
        if getattr(error.orig, "sqlstate", "") == "42501":
            told += ": the user must own the database, or may at least create tables in its schema"
        return StoreOpenError("store_unreachable", f"the store {where} cannot be opened: {told}")
    if not isinstance(error, StoreError) or isinstance(error, StoreOpenError):
        return error
    cause = error.facts.get("cause", "")
    if error.code == "store_gone":
        return StoreGoneError(f"the database {where} broke off: {error.facts.get('told', cause)}")
    sentences = {
        "store_busy": f"the store {where} is held by another program, which changes its schema",
        "store_full": f"the disk of the database {where} is full",
    }
    broken = f"the store {where} cannot be opened: SQLSTATE {cause}"
    return StoreOpenError(error.code, sentences.get(error.code, broken), cause=cause)


def _clean(error: psycopg.Error) -> psycopg.Error:
    """The same without values: the database tells those of a row that broke a rule, and those of no right form."""
    told = f"SQLSTATE {error.sqlstate or '-'}"
    if error.sqlstate is None and isinstance(error, psycopg.ProgrammingError):
        told = str(error)
    elif error.sqlstate and not error.sqlstate.startswith("22"):
        told = error.diag.message_primary or told
    return type(error)(told)


def _code_of(error: psycopg.Error) -> str | None:
    """Our code; None for what a verb did wrong."""
    state = error.sqlstate
    if state is None:
        # Not from the server: no connection, or a value that cannot be sent.
        return "store_gone" if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) else None
    if state in _BUSY:
        return "store_busy"
    if state == "53100":
        return "store_full"
    if state in GONE or state.startswith("08"):
        return "store_gone"
    if state.startswith("53"):
        return "store_busy"
    return None if state.startswith(_OURS) else "store_broken"


# What a server says to whom it will never let in, in English and in Chinese: its language is its own affair.
_REFUSED = re.compile(
    r"authentication failed|认证失败|does not exist|不存在|no pg_hba\.conf entry|pg_hba\.conf|not permitted to log in"
    r"|no password supplied|support SSL|certificate|permission denied for database|invalid \w+ value",
    re.IGNORECASE,
)


def cannot_connect(url: URL, error: psycopg.Error) -> StoreOpenError:
    """Why a connection was not made: for good (a password, a database that is not there), or for now."""
    told = " ".join(str(error).split())
    if url.password:
        told = told.replace(str(url.password), "***")
    sentence = f"the database {name_of(url)} cannot be reached: {told}"
    if isinstance(error, psycopg.ProgrammingError) or _REFUSED.search(told):
        return StoreOpenError("store_unreachable", sentence)
    return (SilentError if isinstance(error, psycopg.errors.ConnectionTimeout) else StoreGoneError)(sentence)


def name_of(url: URL) -> str:
    """How a database is called, without any password."""
    where = {name: url.query[name] for name in ("host", "port") if name in url.query}
    return url.set(query=where).render_as_string(hide_password=True)
