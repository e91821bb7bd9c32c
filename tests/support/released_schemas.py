"""Stores as the programs of each release would have left them: the same rows, in the tables of that release."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from kiosk.exchange.hall_files import setup_of
from kiosk.opening import box_of, clock_of, open_office_parts, rules_of
from kiosk.settings import load
from offices import CHEAP, CLERK, LI
from ticketing.model import Actor
from ticketing.office import Office
from ticketing.setup.setup import Setup
from ticketing.store.migrations import upgrade

DESK = Actor("desk", "desk", "hall")
SERVICE = "business-licence"
Rows = dict[str, set[tuple[object, ...]]]


def work_a_while(config: Path) -> None:
    """Have the hall of these settings issue five numbers, one with a resident's data, call two and finish one."""
    settings = load(config)
    store, vault, _people = open_office_parts(settings, cost=CHEAP)
    with closing(store):
        office = Office(
            store, vault, rules_of(settings), settings.hall.zone, clock_of(settings, store), box_of(settings)
        )
        Setup(office.ledger).seed(setup_of(settings, "open"))
        for resident in (None, LI, None, None, None):
            office.issue(SERVICE, DESK, resident=resident, print=False)
        office.call_next("3", CLERK)
        office.finish("3", CLERK)
        office.call_next("3", CLERK)


def write_down(head: Path, schema: str, path: Path) -> None:
    """A new store of a released schema at ``path``, with all rows of the store ``head`` that it has columns for."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as conn:
        upgrade(conn, schema)
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("ATTACH ? AS head", (str(head),))
        for table in tables_of(raw):
            known = columns_of(raw, table)
            assert set(known) <= set(columns_of(raw, table, "head")), "a column that is no more: say what to put there"
            names = ", ".join(f'"{one}"' for one in known)
            raw.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM head.{table}")
        raw.commit()


def kept_rows(path: Path) -> Rows:
    """What must be the same for ever, by table: keys of all rows, tickets, events, and what was looked at."""
    wanted = {
        "ticket": "id, number, state, service_id, issued_at, called_at, ended_at, window_id",
        "event": "seq, type, data",
        "service": "id, name, prefix",
        "window": "id, name",
        "token": "name, role",
        "access_log": "seq, who, action",
        "case_file": "id, ticket_id, outcome",
        "print_job": "id, ticket_id",
    }
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as raw:
        there = tables_of(raw)
        found: Rows = {
            table: set(raw.execute(f"SELECT {columns} FROM {table}"))
            for table, columns in wanted.items()
            if table in there
        }
    return found


def tables_of(raw: sqlite3.Connection) -> list[str]:
    """The tables of a store that hold what is its own, those first that others refer to."""
    asked = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    return [name for (name,) in raw.execute(asked) if name != "alembic_version"]


def columns_of(raw: sqlite3.Connection, table: str, where: str = "main") -> list[str]:
    return [row[1] for row in raw.execute(f"PRAGMA {where}.table_info({table})")]
