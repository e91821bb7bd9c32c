"""The schema: the same whether it was made at once or grew through all its versions, with what lay in it."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, LargeBinary, MetaData, String, Table, create_engine, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from ticketing.store.base import HEAD, KNOWN
from ticketing.store.migrations import upgrade, versions
from ticketing.store.opening import open_store
from ticketing.store.tables import metadata

DAY = "2026-03-02"
# What a column of this name holds, where a text alone would be nonsense to a migration.
MEANINGFUL = {"hall_day": DAY, "day": DAY, "state": "waiting", "windows": "[]", "data": "{}"}


def test_the_program_knows_the_versions_that_there_are_files_for() -> None:
    assert list(KNOWN) == versions()
    assert versions()[-1] == HEAD


class Databases:
    """Databases of one kind, made by SQLAlchemy and Alembic alone.

    A store of an earlier version is a copy of one that grows from version to version, as they are asked for: to make
    each by all its migrations takes many times as long.
    """

    def __init__(self, kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._server = request.getfixturevalue("postgres") if kind == "postgresql" else None
        self._names: list[str] = []
        self._grown, self._version = "", ""

    def create(self, content: str | None = None) -> str:
        """The url of a new one: a copy of that at ``content``, or empty."""
        if self._server:
            self._names.append(self._server.create(*([make_url(content).database] if content else [])))
            return str(self._server.url(self._names[-1]))
        self._names.append(f"{len(self._names)}.db")
        path = self._folder / self._names[-1]
        if content:
            shutil.copyfile(str(make_url(content).database), path)
        return f"sqlite:///{path}"

    def at(self, version: str) -> str:
        """The url of a new store that a program of this version made, with nothing in it."""
        if not self._grown or self._version > version:
            self._grown = self.create()
        if self._version != version:
            with begun(self._grown) as conn:
                upgrade(conn, version)
            self._version = version
        return self.create(self._grown)

    @cached_property
    def schema(self) -> dict[str, list[str]]:
        """Of a database with the tables as the program knows them."""
        for table in metadata.tables.values():
            for index in table.indexes:
                # Said once, for SQLite, so that no SQLite box loads what PostgreSQL's words need.
                index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
        with begun(self.create()) as conn:
            metadata.create_all(conn)
            return schema(conn)

    def close(self) -> None:
        for name in self._names if self._server else ():
            self._server.drop(name)


@contextmanager
def begun(url: str) -> Iterator[Connection]:
    """A transaction on a database, in SQLAlchemy's own way, around everything of ours."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as conn:
        yield conn


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(request.param, tmp_path_factory.mktemp("databases"), request)
    yield made
    made.close()


def schema(conn: Connection) -> dict[str, list[str]]:
    """The words of every table and index, without regard to the order of a table's columns and constraints."""
    if conn.dialect.name == "sqlite":
        rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'"))
        return {row.name: sorted(re.findall(r"[\w*']+|[<>=]+", row.sql or "")) for row in rows}
    found: dict[str, list[str]] = {}
    for question in (
        "SELECT indexname AS name, indexdef AS what FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text AS name, pg_get_constraintdef(oid) AS what FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "SELECT table_name AS name, concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable,"
        " column_default) AS what FROM information_schema.columns WHERE table_schema = 'public'",
    ):
        for row in conn.execute(text(question)):
            if "alembic" not in row.name:
                found.setdefault(row.name, []).append(row.what)
    return {name: sorted(what) for name, what in found.items()}


def test_the_migrations_make_the_tables_that_the_program_knows(databases: Databases) -> None:
    url = databases.create()
    open_store(url, exclusive=True).close()
    with begun(url) as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata) == []
        # Word for word, since Alembic does not compare the conditions of partial indexes.
        assert schema(conn) == databases.schema


@pytest.mark.parametrize("version", KNOWN[:-1])
def test_a_store_of_an_earlier_version_is_brought_up_to_date_with_all_that_lies_in_it(
    databases: Databases, version: str
) -> None:
    old = MetaData()
    url = databases.at(version)
    with begun(url) as conn:
        old.reflect(conn)
        old.remove(old.tables["alembic_version"])
        for table in old.sorted_tables:
            conn.execute(insert(table).values(one_row(table)))
    for exclusive in (True, False):
        open_store(url, exclusive=exclusive).close()
    with begun(url) as conn:
        for table in old.sorted_tables:
            kept = select(*(table.c[name] for name in one_row(table)))
            assert [row._asdict() for row in conn.execute(kept)] == [one_row(table)], table.name
        assert schema(conn) == databases.schema


def one_row(table: Table) -> dict[str, Any]:
    """A value for each column; each table has one row, so a foreign key finds it."""
    return {column.name: MEANINGFUL.get(column.name, value_of(column)) for column in table.columns}


def value_of(column: Any) -> object:
    if isinstance(column.type, LargeBinary):
        return b"\x07" * 32
    if isinstance(column.type, String):
        return "1"
    make: Callable[[int], object] = column.type.python_type
    return make(1)
