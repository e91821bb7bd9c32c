"""Prepared statements with typed rows, for the hot path; the same on SQLite and on PostgreSQL."""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Connection,
    Delete,
    Dialect,
    Insert,
    Select,
    TextClause,
    Update,
    bindparam,
)
from sqlalchemy.dialects import sqlite

from ticketing.store.base import PIPELINE

Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete | TextClause

_R = TypeVar("_R")
_S = TypeVar("_S")


@dataclass
class _Made:
    """A statement compiled for one kind of database.

    Attributes:
        sql: its text.
        fixed: the values of its literals.
        order: the names of its values as PostgreSQL numbers them; None for SQLite, which takes names.
        row: makes a row from the values of the columns; None until the first rows were read.
        convert: the columns whose values the driver gives in another type, and the conversion.
    """

    sql: str
    fixed: dict[str, Any]
    order: list[str] | None
    row: Callable[..., Any] | None = None
    convert: list[tuple[int, Callable[[Any], Any]]] = field(default_factory=list)


class Prepared(Generic[_R]):
    """A statement of SQLAlchemy Core that is compiled once.

    Looking a compiled statement up in SQLAlchemy's cache and wrapping its rows takes several times as long as SQLite's
    own work. Here the first use compiles, later uses go straight to the driver. All uses name the same parameters.

    Args:
        statement: with ``bindparam`` for the values that differ, or an insert of whole rows.
        row: makes a row from the columns' values in their order, so that mypy finds a misspelt column; without it
            rows are untyped named tuples.
    """

    @overload
    def __init__(self: "Prepared[Any]", statement: Statement) -> None: ...
    @overload
    def __init__(self, statement: Statement, row: Callable[..., _R]) -> None: ...
    def __init__(self, statement: Statement, row: Callable[..., Any] | None = None) -> None:
        self.statement = statement
        self._row = row
        self._made: dict[str, _Made] = {}

    def all(self, conn: Connection, values: Mapping[str, Any] | None = None) -> list[_R]:
        """All rows."""
        made = self._of(conn, values)
        return self._rows(conn, made, _run(conn, made, values))

    def one_or_none(self, conn: Connection, values: Mapping[str, Any] | None = None) -> _R | None:
        """The only row, None without any."""
        found = self.all(conn, values)
        if len(found) > 1:
            raise ValueError("one row was expected, and there are several")
        return found[0] if found else None

    def scalar(self, conn: Connection, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, None without any."""
        found: list[Any] = self.all(conn, values)
        return found[0][0] if found else None

    def do(self, conn: Connection, values: Mapping[str, Any]) -> int:
        """Change something; the id that the database gave to the row, when one was inserted."""
        cursor = _run(conn, self._of(conn, values), values)
        if hasattr(cursor, "lastrowid"):
            number = cursor.lastrowid
        else:
            # PostgreSQL tells what the statement asks it to tell, which SQLAlchemy's own text of an insert does.
            number = cursor.fetchall()[0][0] if cursor.description else None
        cursor.close()
        return number or 0

    def later(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Change something, on PostgreSQL together with the next statement or the commit, which raises its error."""
        made = self._of(conn, values)
        if made.order is None:
            _run(conn, made, values).close()
        else:
            conn.info[PIPELINE].later(*_step(made, made.order, values))

    def _of(self, conn: Connection, values: Mapping[str, Any] | None) -> _Made:
        return self._made.get(conn.dialect.name) or self._make(conn.dialect, values)

    def _make(self, dialect: Dialect, values: Mapping[str, Any] | None) -> _Made:
        # By name or number, so that a value may stand where the statement has it, and as often.
        is_file = dialect.name == "sqlite"
        kind: Any = sqlite.dialect if is_file else type(dialect)
        kind = kind(paramstyle="named" if is_file else "numeric_dollar")
        compiled: Any = self.statement.compile(dialect=kind, column_keys=list(values or ()))
        # What is required and not given is missed at each use.
        fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        order = None if is_file else list(compiled.positiontup or ())
        made = self._made[dialect.name] = _Made(str(compiled), fixed, order)
        return made

    def _rows(self, conn: Connection, made: _Made, cursor: Any) -> list[_R]:
        found = cursor.fetchall()
        row = made.row or self._describe(made, conn, cursor)
        cursor.close()
        if made.convert:
            found = [_converted(made, one) for one in found]
        return [row(*one) for one in found]

    def _describe(self, made: _Made, conn: Connection, cursor: Any) -> Any:
        columns = enumerate(getattr(self.statement, "exported_columns", ()))
        found = [(at, one.type.dialect_impl(conn.dialect).result_processor(conn.dialect, None)) for at, one in columns]
        made.convert = [(place, convert) for place, convert in found if convert is not None]
        # SQLAlchemy's Row has only private constructors, and reads a column twenty times as slowly.
        made.row = self._row or namedtuple("Row", [one[0] for one in cursor.description], rename=True)
        return made.row


class PreparedIn(Generic[_R]):
    """A statement with a list of values, ``IN (…)``: prepared once for each length of the list.

    Args:
        statement: makes it from the parameters that stand for the list.
        name: of those parameters, without their numbers; no other parameter's.
        row: as for :class:`Prepared`.
    """

    def __init__(
        self, statement: Callable[[list[BindParameter[Any]]], Statement], name: str, row: Callable[..., _R]
    ) -> None:
        self._statement = statement
        self._name = name
        self._row = row
        self._prepared: dict[int, Prepared[_R]] = {}

    def all(self, conn: Connection, listed: Sequence[Any], values: Mapping[str, Any] | None = None) -> list[_R]:
        """All rows; none for an empty list."""
        if not listed:
            return []
        names = [f"{self._name}_{number}" for number in range(len(listed))]
        prepared = self._prepared.get(len(listed))
        if prepared is None:
            made = self._statement([bindparam(one) for one in names])
            prepared = self._prepared[len(listed)] = Prepared(made, self._row)
        return prepared.all(conn, {**dict(zip(names, listed, strict=True)), **(values or {})})

    def one_or_none(
        self, conn: Connection, listed: Sequence[Any], values: Mapping[str, Any] | None = None
    ) -> _R | None:
        """The only row, None without any."""
        found = self.all(conn, listed, values)
        if len(found) > 1:
            raise ValueError("one row was expected, and there are several")
        return found[0] if found else None


def together(
    conn: Connection, first: tuple[Prepared[_R], Mapping[str, Any]], second: tuple[Prepared[_S], Mapping[str, Any]]
) -> tuple[list[_R], list[_S]]:
    """The rows of two statements, which are on the way together where that saves time."""
    (one, values), (other, others) = first, second
    made, made_too = one._of(conn, values), other._of(conn, others)
    if made.order is None or made_too.order is None:
        return one.all(conn, values), other.all(conn, others)
    answers = conn.info[PIPELINE].ask(_step(made, made.order, values), _step(made_too, made_too.order, others))
    return one._rows(conn, made, answers[0]), other._rows(conn, made_too, answers[1])


def _run(conn: Connection, made: _Made, values: Mapping[str, Any] | None) -> Any:
    if made.order is None:
        raw: Any = conn.connection.dbapi_connection
        return raw.execute(made.sql, {**made.fixed, **(values or {})})
    return conn.info[PIPELINE].ask(_step(made, made.order, values))[0]


def _step(made: _Made, order: list[str], values: Mapping[str, Any] | None) -> tuple[str, list[Any]]:
    given = {**made.fixed, **(values or {})}
    return made.sql, [given.get(name, ...) for name in order]


def _converted(made: _Made, row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for place, convert in made.convert:
        values[place] = convert(values[place])
    return tuple(values)
