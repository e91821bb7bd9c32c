"""The version before goes on with the schema of the next one: so there is a way back, and boxes are updated in turn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from offices import LI, OfficeHall
from ticketing.backup.restore import Backups
from ticketing.model import Actor, StoreError
from ticketing.store.base import HEAD, KNOWN, READABLE_FROM, Schema, StoreOpenError
from ticketing.store.migrations import upgrade
from ticketing.store.opening import open_store, schema_of

ROOT = Actor("root", "technician", "test")
NEXT = (
    "ALTER TABLE ticket ADD COLUMN mood TEXT",
    "ALTER TABLE ticket ADD COLUMN weight INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE remark (id INTEGER PRIMARY KEY, ticket_id BIGINT REFERENCES ticket(id) ON DELETE CASCADE, said TEXT)",
    "CREATE INDEX ix_ticket_mood ON ticket (mood)",
)
"""A migration that only adds."""
_LINE = "CREATE TABLE line (id INTEGER PRIMARY KEY, zone TEXT"


# -- each migration since READABLE_FROM only adds


def taken_away(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a program that knows the tables ``before`` would stumble over in the tables ``after``."""
    found = [f"{name} is gone" for name in before.keys() - after.keys()]
    for name, table in after.items():
        old = before.get(name)
        columns = old["columns"] if old else {}
        found += [f"{name}.{column} is gone" for column in columns.keys() - table["columns"].keys()]
        for column, about in table["columns"].items():
            if column in columns:
                found += [f"{name}.{column} is another"] * (about != columns[column])
            elif old and not about["nullable"] and about["default"] is None:
                found.append(f"{name}.{column} is wanted of a program that does not know it")
        for key in table["refers"] - (old["refers"] if old else set()):
            of, on_delete = key
            if of in before and on_delete not in ("CASCADE", "SET NULL"):
                found.append(f"{name} keeps rows of {of} from being deleted")
        if old:
            found += [f"{name} wants more: {rule}" for rule in table["rules"] - old["rules"]]
    return sorted(found)


def tables_of(conn: Connection) -> dict[str, Any]:
    """Columns, foreign keys and what is wanted of rows, by table."""
    looked = inspect(conn)
    found = {}
    for name in looked.get_table_names():
        if name == "alembic_version":
            continue
        columns = {
            one["name"]: {"type": str(one["type"]), "nullable": one["nullable"], "default": one["default"]}
            for one in looked.get_columns(name)
        }
        if conn.dialect.name == "sqlite":
            # SQLAlchemy does not tell what happens at a deletion where the column itself names the other table.
            keys = conn.execute(text(f"PRAGMA foreign_key_list({name})")).mappings()
            refers = {(one["table"], one["on_delete"]) for one in keys}
        else:
            foreign = looked.get_foreign_keys(name)
            refers = {(one["referred_table"], one["options"].get("ondelete", "")) for one in foreign}
        rules = {f"check {one['sqltext']}" for one in looked.get_check_constraints(name)}
        rules |= {f"unique {one['column_names']}" for one in looked.get_unique_constraints(name)}
        rules |= {f"unique {one['column_names']}" for one in looked.get_indexes(name) if one["unique"]}
        rules.add(f"key {looked.get_pk_constraint(name)['constrained_columns']}")
        found[name] = {"columns": columns, "refers": refers, "rules": rules}
    return found


@pytest.fixture
def engine(new_store_url: str) -> Iterator[Engine]:
    made = create_engine(new_store_url)
    yield made
    made.dispose()


def test_each_migration_since_the_oldest_readable_version_only_adds(engine: Engine) -> None:
    with engine.begin() as conn:
        upgrade(conn, READABLE_FROM)
        before = tables_of(conn)
        for version in KNOWN[KNOWN.index(READABLE_FROM) + 1 :]:
            upgrade(conn, version)
            after = tables_of(conn)
            assert taken_away(before, after) == [], version
            before = after


def test_a_migration_that_takes_something_away_would_be_found(tmp_path: Path) -> None:
    steps = {
        "DROP TABLE remark": "remark is gone",
        "ALTER TABLE line DROP COLUMN zone": "line.zone is gone",
        "ALTER TABLE line RENAME COLUMN zone TO part": "line.zone is gone",
        f"DROP TABLE line; {_LINE}, size TEXT NOT NULL)": "line.size is wanted of a program that does not know it",
        "CREATE UNIQUE INDEX one ON line (zone)": "line wants more: unique ['zone']",
        "CREATE TABLE more (line_id INTEGER REFERENCES line(id))": "more keeps rows of line from being deleted",
        "ALTER TABLE line ADD COLUMN next_id INTEGER REFERENCES line(id)": "line keeps rows of line from being deleted",
        "CREATE TABLE other (line_id INTEGER REFERENCES line(id) ON DELETE CASCADE)": "",
        "ALTER TABLE line ADD COLUMN size INTEGER": "",
        "CREATE INDEX some ON line (zone)": "",
    }
    for step, said in steps.items():
        with create_engine("sqlite://").begin() as conn:
            conn.execute(text(f"{_LINE})"))
            conn.execute(text("CREATE TABLE remark (id INTEGER PRIMARY KEY)"))
            before = tables_of(conn)
            for one in step.split("; "):
                conn.execute(text(one))
            assert taken_away(before, tables_of(conn)) == ([said] if said else []), step


# -- this program on the schema of the next one


def bring_to_next(url: str, readable_from: str) -> None:
    """As a program of the next version would: it only adds, and says from which version on that can be read."""
    engine = create_engine(url)
    with engine.begin() as conn:
        for step in NEXT:
            conn.execute(text(step))
        told = {"version": "9999", "told": f"9999 {readable_from}"}
        conn.execute(text("UPDATE alembic_version SET version_num = :version, readable_from = :told"), told)
    engine.dispose()


@pytest.fixture
def hall(store_url: str) -> Iterator[OfficeHall]:
    made = OfficeHall(store_url)
    yield made
    made.close()


def test_a_store_says_from_which_version_on_it_can_be_read(new_store_url: str) -> None:
    open_store(new_store_url, exclusive=True).close()
    assert schema_of(new_store_url) == Schema(HEAD, READABLE_FROM)


def test_this_program_works_on_a_newer_store_that_only_adds(hall: OfficeHall, tmp_path: Path) -> None:
    hall.issue(resident=LI)
    hall.issue()
    backups = Backups(hall.office.ledger)
    backups.write(tmp_path / "before.backup")
    hall.store.close()
    bring_to_next(hall.url, HEAD)
    hall.open()
    assert schema_of(hall.url) == Schema("9999", HEAD), "it is left at the version that the next program made"
    assert hall.serve() == "A001"
    third = hall.issue()
    assert third.ticket.number == "A003"
    with hall.store.write() as conn:
        conn.execute(text(f"INSERT INTO remark (id, ticket_id, said) VALUES (1, {third.ticket.id}, 'good')"))
    backups = Backups(hall.office.ledger)
    backups.write(tmp_path / "after.backup")
    hall.issue("tax")
    backups.restore(tmp_path / "after.backup", ROOT, replace=True)
    backups.restore(tmp_path / "before.backup", ROOT, replace=True)
    assert hall.issue("licence").ticket.number == "A004", "no number twice"
    hall.next_day()
    assert hall.issue().ticket.number == "A001"
    assert schema_of(hall.url) == Schema("9999", HEAD)


def test_a_program_at_work_goes_on_as_the_next_version_adds_to_the_schema(hall: OfficeHall) -> None:
    hall.issue()
    bring_to_next(hall.url, HEAD)
    assert hall.call() == "A001"
    assert hall.issue().ticket.number == "A002"


@pytest.mark.parametrize("readable_from", ["9998", "9999", ""])
def test_a_newer_store_that_this_program_cannot_read_is_refused_in_words(store_url: str, readable_from: str) -> None:
    store = open_store(store_url, exclusive=False)
    bring_to_next(store_url, readable_from)
    if store_url.startswith("sqlite:"):
        with pytest.raises(StoreError, match="store_newer"), store.write():
            pass
    store.close()
    with pytest.raises(StoreOpenError, match=r"newer version of this program \(schema 9999") as caught:
        open_store(store_url, exclusive=True)
    assert caught.value.code == "store_newer"


def test_what_a_store_says_of_another_version_counts_for_nothing(store_url: str) -> None:
    open_store(store_url, exclusive=True).close()
    engine = create_engine(store_url)
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreOpenError, match="newer version"):
        open_store(store_url, exclusive=True)
