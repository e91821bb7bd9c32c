"""Prepared statements with typed rows, for the hot path; the same on SQLite and on PostgreSQL."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Connection, Dialect, Insert, Select, TextClause, Update
from sqlalchemy.dialects import sqlite

Statement = Select[Any] | Insert | Update | TextClause

_R = TypeVar("_R")


@dataclass
class _Made:
    """A statement compiled for one kind of database.

    Attributes:
        sql: its text.
        fixed: the values of its literals.
        row: makes a row from the values of the columns; None until the first rows were read.
        convert: the columns whose values the driver gives in another type, and the conversion.
    """

    sql: str
    fixed: dict[str, Any]
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
        made, cursor = self._run(conn, values)
        found = cursor.fetchall()
        row = made.row or self._describe(made, conn, cursor)
        cursor.close()
        if made.convert:
            found = [_converted(made, one) for one in found]
        return [row(*one) for one in found]

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
        _made, cursor = self._run(conn, values)
        if hasattr(cursor, "lastrowid"):
            number = cursor.lastrowid
        else:
            # PostgreSQL tells what the statement asks it to tell, which SQLAlchemy's own text of an insert does.
            number = cursor.fetchone()[0] if cursor.description else None
        cursor.close()
        return number or 0

    def _run(self, conn: Connection, values: Mapping[str, Any] | None) -> tuple[_Made, Any]:
        made = self._made.get(conn.dialect.name) or self._make(conn.dialect, values)
        raw: Any = conn.connection.dbapi_connection
        return made, raw.execute(made.sql, {**made.fixed, **(values or {})})

    def _make(self, dialect: Dialect, values: Mapping[str, Any] | None) -> _Made:
        # By name, so that a value may stand where the statement has it, and as often.
        named = sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect
        compiled: Any = self.statement.compile(dialect=named, column_keys=list(values or ()))
        # What is required and not given is missed by the database, at each use.
        fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        made = self._made[dialect.name] = _Made(str(compiled), fixed)
        return made

    def _describe(self, made: _Made, conn: Connection, cursor: Any) -> Any:
        columns = enumerate(getattr(self.statement, "exported_columns", ()))
        found = [(at, one.type.dialect_impl(conn.dialect).result_processor(conn.dialect, None)) for at, one in columns]
        made.convert = [(place, convert) for place, convert in found if convert is not None]
        # SQLAlchemy's Row has only private constructors, and reads a column twenty times as slowly.
        made.row = self._row or namedtuple("Row", [one[0] for one in cursor.description], rename=True)
        return made.row


def _converted(made: _Made, row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for place, convert in made.convert:
        values[place] = convert(values[place])
    return tuple(values)
