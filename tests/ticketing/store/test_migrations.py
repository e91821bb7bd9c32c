"""The schema: the same whether it was made at once or grew through all its versions, with what lay in it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, LargeBinary, MetaData, String, Table, create_engine, insert, select, text

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


@pytest.fixture
def engine(new_store_url: str) -> Iterator[Engine]:
    """SQLAlchemy's own way to a database without a store, around everything of ours."""
    made = create_engine(new_store_url)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def made_at_once(request: pytest.FixtureRequest) -> Callable[[Engine], dict[str, list[str]]]:
    """The schema of a database with the tables as the program knows them, of the same kind as an engine's."""

    @cache
    def of_kind(kind: str) -> dict[str, list[str]]:
        if kind == "sqlite":
            with memory_engine() as other, other.begin() as conn:
                metadata.create_all(conn)
                return schema(conn)
        server = request.getfixturevalue("postgres")
        name = server.create()
        other = create_engine(server.url(name))
        try:
            with other.begin() as conn:
                metadata.create_all(conn)
                return schema(conn)
        finally:
            other.dispose()
            server.drop(name)

    return lambda engine: of_kind(engine.dialect.name)


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


def test_the_migrations_make_the_tables_that_the_program_knows(
    engine: Engine, made_at_once: Engine, new_store_url: str
) -> None:
    open_store(new_store_url, exclusive=True).close()
    with engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata) == []
        migrated = schema(conn)
    with made_at_once.connect() as conn:
        # Word for word, since Alembic does not compare the conditions of partial indexes.
        assert migrated == schema(conn)


@pytest.mark.parametrize("version", KNOWN[:-1])
def test_a_store_of_an_earlier_version_is_brought_up_to_date_with_all_that_lies_in_it(
    engine: Engine, made_at_once: Engine, new_store_url: str, version: str
) -> None:
    old = MetaData()
    with engine.begin() as conn:
        upgrade(conn, version)
        old.reflect(conn)
        old.remove(old.tables["alembic_version"])
        for table in old.sorted_tables:
            conn.execute(insert(table).values(one_row(table)))
    for exclusive in (True, False):
        open_store(new_store_url, exclusive=exclusive).close()
    with engine.connect() as conn:
        for table in old.sorted_tables:
            kept = select(*(table.c[name] for name in one_row(table)))
            assert [row._asdict() for row in conn.execute(kept)] == [one_row(table)], table.name
        migrated = schema(conn)
    with made_at_once.connect() as conn:
        assert migrated == schema(conn)


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
