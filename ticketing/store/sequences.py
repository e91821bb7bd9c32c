"""The numbers a database gives to new rows: how far it has come, and never back."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select, text

from ticketing.store.tables import metadata

NUMBERED = {
    table.name: column
    for table in metadata.sorted_tables
    if (column := table.autoincrement_column) is not None and len(table.primary_key) == 1
}
"""The tables whose rows the database numbers, and the column that has the number."""


def reached(conn: Connection) -> dict[str, int]:
    """The highest number ever given, by table; also of rows that are gone, as far as the database remembers."""
    if conn.dialect.name == "sqlite":
        kept = {row.name: row.seq for row in conn.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    else:
        last = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)")
        kept = {name: conn.scalar(last, {"table": name, "column": at.name}) for name, at in NUMBERED.items()}
    highest = {name: conn.scalar(select(func.max(column))) for name, column in NUMBERED.items()}
    return {name: max(kept.get(name) or 0, highest[name] or 0) for name in NUMBERED}


def raise_to(conn: Connection, numbers: Mapping[str, int]) -> None:
    """See that no table gives a number again: none up to ``numbers``, and none it knows of itself."""
    for name, known in reached(conn).items():
        number = max(known, numbers.get(name, 0))
        if not number:
            continue
        if conn.dialect.name != "sqlite":
            column = NUMBERED[name].name
            conn.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, :column)::regclass, :number)"),
                {"table": name, "column": column, "number": number},
            )
        elif metadata.tables[name].dialect_options["sqlite"]["autoincrement"]:
            values = {"name": name, "number": number}
            if not conn.execute(text("UPDATE sqlite_sequence SET seq = :number WHERE name = :name"), values).rowcount:
                conn.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), values)
