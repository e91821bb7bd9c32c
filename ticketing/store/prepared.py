"""Statements whose text is made once, for what everybody waits for; the same on SQLite and on PostgreSQL."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Row, Select, TextClause, Update
from sqlalchemy.dialects import sqlite

Statement = Select[Any] | Insert | Update | TextClause


@dataclass
class _Made:
    """A statement in the words of one kind of database.

    Attributes:
        sql: its text.
        fixed: the values that stand in the statement itself.
        row: makes a row of its columns' values; None until its first rows were seen.
        convert: which columns come as something else than what they are, and what makes it of them.
    """

    sql: str
    fixed: dict[str, Any]
    row: Callable[[tuple[Any, ...]], Any] | None = None
    convert: list[tuple[int, Callable[[Any], Any]]] = field(default_factory=list)


class Prepared:
    """A statement of SQLAlchemy Core whose text is made once.

    To find the text of a statement again, look after its parameters and wrap its rows costs SQLAlchemy several times
    what SQLite needs to do the work. Here the first use does that, and the others go to the driver. Each use names
    the same parameters.

    Args:
        statement: with ``bindparam`` for what differs from use to use, or an insert of whole rows.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._made: dict[str, _Made] = {}

    def all(self, conn: Connection, values: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """All rows, with the statement's columns as attributes; named tuples, for which mypy's Row is close enough."""
        made, cursor = self._run(conn, values)
        found = cursor.fetchall()
        row = made.row or self._describe(made, conn, cursor)
        cursor.close()
        if made.convert:
            found = [_converted(made, one) for one in found]
        return [row(one) for one in found]

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
        # SQLAlchemy's own Row can be made by private names only, and reads a column twenty times as slowly.
        row: Any = namedtuple("Row", [one[0] for one in cursor.description], rename=True)  # type: ignore[misc]
        made.row = row._make
        return row._make


def _converted(made: _Made, row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for place, convert in made.convert:
        values[place] = convert(values[place])
    return tuple(values)
