"""What every store promises, on each kind of it."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from traceback import format_exception

import pytest
from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from forks import Forked
from offices import OfficeHall
from ticketing.model import StoreError
from ticketing.store.base import HEAD, NEWS, Store, StoreOpenError
from ticketing.store.opening import open_store, schema_of
from ticketing.store.prepared import Prepared
from ticketing.store.tables import event, fact, print_job, service, ticket


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url, exclusive=False)
    yield opened
    opened.close()


def put(store: Store, name: str, value: bytes = b"x") -> None:
    with store.write() as conn:
        conn.execute(insert(fact).values(name=name, value=value))


def names(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(select(fact.c.name).order_by(fact.c.name)))


def test_what_was_committed_is_there_when_the_store_is_opened_again(store_url: str) -> None:
    store = open_store(store_url, exclusive=True)
    put(store, "a")
    store.close()
    store = open_store(store_url, exclusive=True)
    assert names(store) == ["a"]
    store.close()


def test_a_store_tells_its_schema_without_being_opened(store: Store, store_url: str) -> None:
    put(store, "a")
    assert schema_of(store_url).version == HEAD


def test_a_verb_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as conn:
        conn.execute(insert(fact).values(name="half", value=b""))
        raise ZeroDivisionError
    assert names(store) == []
    put(store, "whole")
    assert names(store) == ["whole"]


def test_a_store_tries_whether_it_can_be_written_to_and_leaves_nothing_behind(store: Store) -> None:
    put(store, "a")
    store.trouble = "store_full"
    put(store, "b")
    assert store.trouble == "store_full", "what appends no events may have written nothing"
    store.try_to_write()
    assert store.trouble is None
    assert names(store) == ["a", "b"]


def test_a_reader_sees_one_moment_however_long_it_reads(store: Store) -> None:
    with store.read() as conn:
        assert conn.scalars(select(fact.c.name)).all() == []
        put(store, "later")
        assert conn.scalars(select(fact.c.name)).all() == []
    assert names(store) == ["later"]


def test_alembic_is_loaded_only_when_the_schema_is_not_at_its_head(new_store_url: str) -> None:
    program = (
        "import sys\n"
        "from ticketing.office import Office\n"
        "from ticketing.store.opening import open_store\n"
        f"open_store({new_store_url!r}, exclusive=True).close()\n"
        "print('alembic' in sys.modules)"
    )

    def run() -> str:
        return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert run() == "True\n"
    assert run() == "False\n"


def test_several_processes_may_open_a_new_store_at_once(new_store_url: str) -> None:
    program = (
        "import sys\nfrom ticketing.store.opening import open_store\nsys.stdin.readline()\n"
        f"open_store({new_store_url!r}, exclusive=False).close()\n"
    )
    children = [Forked(program) for _ in range(4)]
    for child in children:
        child.go()
    for child in children:
        child.finish()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql://quhao:geheim@host/db", "mysql://host/db", "quhao.db", ""]
)
def test_a_url_that_names_no_store_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(StoreOpenError, match=r"use sqlite:///path/to/file.db or postgresql\+psycopg://") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_unsupported"
    assert "geheim" not in str(caught.value)


def test_a_store_of_a_newer_program_is_left_alone(store_url: str) -> None:
    store = open_store(store_url, exclusive=True)
    with store.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    store.close()
    with pytest.raises(StoreOpenError, match=r"newer version of this program \(schema 0999") as caught:
        open_store(store_url, exclusive=True)
    assert caught.value.code == "store_newer"


def test_a_writer_that_waits_too_long_for_one_of_its_own_process_is_busy(store_url: str) -> None:
    store = open_store(store_url, exclusive=True, patience=0.1)
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with store.write():
            inside.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(60)
    with pytest.raises(StoreError, match="store_busy"):
        put(store, "a")
    leave.set()
    holder.join()
    put(store, "a")
    store.close()


def test_the_text_of_an_error_tells_no_values(store: Store) -> None:
    # Not in one piece here either: a traceback holds the lines of this file.
    number = "11010219900115" + "0015"
    put(store, number)
    with pytest.raises(Exception, match=r"(?i)unique constraint") as caught:
        put(store, number)
    assert number not in "".join(format_exception(caught.value))
    add = Prepared(insert(fact))
    with pytest.raises(Exception, match=r"(?i)unique constraint") as caught, store.write() as conn:
        add.do(conn, {"name": number, "value": b""})
    assert number not in "".join(format_exception(caught.value))
    assert names(store) == [number]


def test_a_prepared_statement_gives_what_the_statement_gives(desk: OfficeHall) -> None:
    job = desk.issue(print=True).print_job
    which = select(print_job, ticket.c.number).join(ticket).where(print_job.c.id == bindparam("job"))
    prepared = Prepared(which)
    with desk.store.read() as conn:
        for _ in range(2):
            assert prepared.all(conn, {"job": job}) == conn.execute(which, {"job": job}).all()
            row = prepared.one_or_none(conn, {"job": job})
            assert row
            assert (row.number, row.copy, row.ended_at) == ("A001", False, None)
            assert row.copy is False
            assert prepared.scalar(conn, {"job": job}) == job
            assert prepared.one_or_none(conn, {"job": 99}) is None
            assert prepared.scalar(conn, {"job": 99}) is None
        with pytest.raises(ValueError, match="several"):
            Prepared(select(service.c.id)).one_or_none(conn)


def test_a_prepared_change_that_returns_rows_gives_them_as_they_are_read(desk: OfficeHall) -> None:
    job = desk.issue(print=True).print_job
    mark = Prepared(
        update(print_job).where(print_job.c.id == bindparam("job")).values(copy=True).returning(print_job.c.copy)
    )
    with desk.store.write() as conn:
        row = mark.one_or_none(conn, {"job": job})
        assert row
        assert row.copy is True


def test_a_prepared_change_keeps_what_the_statement_fixes_and_tells_the_new_row(store: Store) -> None:
    add = Prepared(insert(event).values(type="tested", data="{}"))
    change = Prepared(
        update(event).where(event.c.seq == bindparam("which")).values(type="changed", at=bindparam("now"))
    )
    with store.write() as conn:
        assert [add.do(conn, {"at": at}) for at in (5, 6)] == [1, 2]
        change.do(conn, {"which": 2, "now": 7})
        assert conn.execute(select(event.c.at, event.c.type)).all() == [(5, "tested"), (7, "changed")]


def test_a_prepared_statement_misses_a_value_at_each_use_and_changes_nothing(store: Store) -> None:
    change = Prepared(update(fact).where(fact.c.name == bindparam("which")).values(value=bindparam("to")))
    put(store, "a", b"1")
    for wrong in ({"which": "a"}, {"to": b"2"}, {"which": "a"}):
        with pytest.raises((sqlite3.ProgrammingError, ProgrammingError)), store.write() as conn:
            change.do(conn, wrong)
    with store.write() as conn:
        change.do(conn, {"which": "a", "to": b"2"})
        assert conn.scalar(select(fact.c.value)) == b"2"


def test_listeners_are_told_after_a_commit_that_appended_events_and_only_then(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/quhao.db", exclusive=True)
    heard: list[list[str]] = []
    store.on_commit(lambda: heard.append(seen(store)))
    put(store, "no event")
    with pytest.raises(ZeroDivisionError), store.write() as conn:
        append(conn, "lost")
        raise ZeroDivisionError
    put(store, "no event either")
    assert heard == []
    with store.write() as conn:
        append(conn, "kept")
        assert heard == []
    assert heard == [["kept"]]
    store.close()


def append(conn: Connection, kind: str) -> None:
    conn.execute(insert(event).values(at=0, type=kind, data="{}"))
    conn.info[NEWS] = True


def seen(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(select(event.c.type)))
