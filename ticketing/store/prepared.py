"""Statements whose text is made once, for what everybody waits for; the same on SQLite and on PostgreSQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Row, Select, TextClause, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.result import SimpleResultMetaData

LATER = "quhao.later"
"""Key in ``Connection.info``: changes that return nothing, kept back to be sent with the next statement in one round
trip; not there where each statement is sent at once."""

Statement = Select[Any] | Insert | Update | TextClause


@dataclass
class _Made:
    """A statement in the words of one kind of database.

    Attributes:
        sql: its text.
        fixed: the values that stand in the statement itself.
        rows: the names of its columns; None until its first rows were seen.
        convert: which columns come as something else than what they are, and what makes it of them.
    """

    sql: str
    fixed: dict[str, Any]
    rows: SimpleResultMetaData | None
    convert: list[tuple[int, Callable[[Any], Any]]]


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
        """All rows, with the statement's columns as attributes."""
        made, cursor = self._run(conn, values)
        found = cursor.fetchall()
        rows = self._describe(made, conn, cursor) if made.rows is None else made.rows
        cursor.close()
        if made.convert:
            found = [_converted(made, row) for row in found]
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
        """Change something; the id that the database gave to the row, when one was inserted."""
        made = self._of(conn, values)
        later = conn.info.get(LATER)
        if later is not None and "RETURNING" not in made.sql:
            later.append((made.sql, {**made.fixed, **values}))
            return 0
        _made, cursor = self._run(conn, values)
        if hasattr(cursor, "lastrowid"):
            number = cursor.lastrowid
        else:
            # PostgreSQL tells what the statement asks it to tell, which SQLAlchemy's own text of an insert does.
            number = cursor.fetchone()[0] if cursor.description else None
        cursor.close()
        return number or 0

    def _run(self, conn: Connection, values: Mapping[str, Any] | None) -> tuple[_Made, Any]:
        made = self._of(conn, values)
        raw: Any = conn.connection.dbapi_connection
        later = conn.info.get(LATER)
        if not later:
            return made, raw.execute(made.sql, {**made.fixed, **(values or {})})
        together = [*later, (made.sql, {**made.fixed, **(values or {})})]
        later.clear()
        with raw.pipeline():
            for statement, given in together:
                cursor = raw.execute(statement, given)
        return made, cursor

    def _of(self, conn: Connection, values: Mapping[str, Any] | None) -> _Made:
        return self._made.get(conn.dialect.name) or self._make(conn.dialect, values)

    def _make(self, dialect: Dialect, values: Mapping[str, Any] | None) -> _Made:
        # By name, so that a value may stand where the statement has it, and as often.
        named = sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect
        compiled: Any = self.statement.compile(dialect=named, column_keys=list(values or ()))
        # What is required and not given is missed by the database, at each use.
        fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        made = self._made[dialect.name] = _Made(str(compiled), fixed, None, [])
        return made

    def _describe(self, made: _Made, conn: Connection, cursor: Any) -> SimpleResultMetaData:
        columns = enumerate(getattr(self.statement, "selected_columns", ()))
        found = [(at, one.type.dialect_impl(conn.dialect).result_processor(conn.dialect, None)) for at, one in columns]
        made.convert = [(place, convert) for place, convert in found if convert is not None]
        made.rows = SimpleResultMetaData([one[0] for one in cursor.description])
        return made.rows


def _converted(made: _Made, row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for place, convert in made.convert:
        values[place] = convert(values[place])
    return tuple(values)
