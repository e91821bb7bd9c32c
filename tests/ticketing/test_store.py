import os
import re
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, bindparam, create_engine, insert, select, text, update

from offices import OfficeHall
from ticketing.migrations import versions
from ticketing.model import StoreError
from ticketing.store import HEAD, KNOWN, NEWS, Prepared, Store, StoreInUseError, StoreOpenError, open_store
from ticketing.tables import event, fact, metadata, print_job, service, ticket


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'quhao.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url, exclusive=False)
    yield opened
    opened.close()


def put(store: Store, name: str, value: bytes = b"x") -> None:
    with store.write() as conn:
        conn.execute(insert(fact).values(name=name, value=value))


def names(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(select(fact.c.name).order_by(fact.c.name)))


def test_what_was_committed_is_there_when_the_store_is_opened_again(url: str) -> None:
    store = open_store(url, exclusive=True)
    put(store, "a")
    store.close()
    store = open_store(url, exclusive=True)
    assert names(store) == ["a"]
    store.close()


def test_the_folder_is_made_and_nobody_else_may_look_into_the_files(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/var/hall/quhao.db", exclusive=True)
    put(store, "a")
    folder = tmp_path / "var" / "hall"
    assert {file.name for file in folder.iterdir()} == {"quhao.db", "quhao.db-wal", "quhao.db-shm", "quhao.db.lock"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    store.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("secure_delete", 1),
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
        ("temp_store", 2),  # memory
    ],
)
def test_every_connection_is_durable_and_leaves_no_traces(store: Store, pragma: str, value: object) -> None:
    with store.read() as one, store.read() as other:
        assert one.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        assert other.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    with store.write() as conn:
        assert conn.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_verb_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as conn:
        conn.execute(insert(fact).values(name="half", value=b""))
        raise ZeroDivisionError
    assert names(store) == []
    put(store, "whole")
    assert names(store) == ["whole"]


def test_a_reader_sees_one_moment_however_long_it_reads(store: Store) -> None:
    with store.read() as conn:
        assert conn.scalars(select(fact.c.name)).all() == []
        put(store, "later")
        assert conn.scalars(select(fact.c.name)).all() == []
    assert names(store) == ["later"]


# -- schema


def test_the_migrations_make_the_tables_that_the_program_knows(store: Store) -> None:
    with store.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata) == []
        migrated = schema(conn)
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        metadata.create_all(conn)
        made = schema(conn)
    engine.dispose()
    # Word for word, since Alembic does not compare the conditions of partial indexes.
    assert migrated == made


def schema(conn: Connection) -> dict[str, list[str]]:
    """The words of every table and index, without regard to the order of a table's constraints."""
    rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'"))
    return {row.name: sorted(re.findall(r"[\w*']+|[<>=]+", row.sql or "")) for row in rows}


def test_the_program_knows_the_versions_that_there_are_files_for() -> None:
    assert list(KNOWN) == versions()
    assert versions()[-1] == HEAD


def test_alembic_is_loaded_only_when_the_schema_is_not_at_its_head(url: str) -> None:
    program = (
        "import sys\n"
        "from ticketing.office import Office\n"
        "from ticketing.store import open_store\n"
        f"open_store({url!r}, exclusive=True).close()\n"
        "print('alembic' in sys.modules)"
    )

    def run() -> str:
        return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert run() == "True\n"
    assert run() == "False\n"


def test_several_processes_may_open_a_new_store_at_once(url: str) -> None:
    program = (
        "import sys\nfrom ticketing.store import open_store\nsys.stdin.readline()\n"
        f"open_store({url!r}, exclusive=False).close()\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    errors = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0] * 4, errors


# -- what cannot be opened


def test_a_second_service_on_the_same_store_is_told_who_has_it(url: str) -> None:
    first = open_store(url, exclusive=True)
    with pytest.raises(StoreInUseError, match=f"in use by process {os.getpid()}: stop that one first") as caught:
        open_store(url, exclusive=True)
    assert (caught.value.code, caught.value.pid) == ("store_in_use", os.getpid())
    beside = open_store(url, exclusive=False)
    put(beside, "from the command line")
    assert names(first) == ["from the command line"]
    beside.close()
    first.close()
    open_store(url, exclusive=True).close()


def test_a_second_service_that_comes_by_a_link_is_told_who_has_the_store(tmp_path: Path, url: str) -> None:
    first = open_store(url, exclusive=True)
    (tmp_path / "link.db").symlink_to(tmp_path / "quhao.db")
    (tmp_path / "folder").symlink_to(tmp_path)
    for other in ("link.db", "folder/quhao.db", "folder/link.db"):
        with pytest.raises(StoreInUseError, match=f"in use by process {os.getpid()}"):
            open_store(f"sqlite:///{tmp_path}/{other}", exclusive=True)
    first.close()
    by_link = open_store(f"sqlite:///{tmp_path}/link.db", exclusive=True)
    with pytest.raises(StoreInUseError, match=f"in use by process {os.getpid()}"):
        open_store(url, exclusive=True)
    by_link.close()


def test_a_store_with_two_names_is_refused_by_either_until_one_is_gone(tmp_path: Path, url: str) -> None:
    first = open_store(url, exclusive=True)
    second_name = tmp_path / "second.db"
    os.link(tmp_path / "quhao.db", second_name)
    for exclusive in (True, False):
        for name in (second_name, tmp_path / "quhao.db"):
            with pytest.raises(StoreOpenError, match="2 names") as caught:
                open_store(f"sqlite:///{name}", exclusive=exclusive)
            assert caught.value.code == "store_linked"
    put(first, "still at work")
    first.close()
    second_name.unlink()
    again = open_store(url, exclusive=True)
    assert names(again) == ["still at work"]
    again.close()


def test_a_lock_left_by_a_killed_service_holds_nobody_up(url: str) -> None:
    program = (
        "from ticketing.store import open_store\n"
        f"open_store({url!r}, exclusive=True)\n"
        "print('open', flush=True)\n"
        "input()"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdin
    assert child.stdout.readline() == "open\n"
    with pytest.raises(StoreInUseError, match=str(child.pid)):
        open_store(url, exclusive=True)
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    open_store(url, exclusive=True).close()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "postgresql+psycopg://quhao@host/db", "quhao.db", ""]
)
def test_a_url_that_names_no_store_file_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(StoreOpenError, match="use sqlite:///path/to/file") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_unsupported"


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, url: str) -> None:
    (tmp_path / "quhao.db").write_bytes(b"this is a text, and no database at all" * 200)
    with pytest.raises(StoreOpenError, match="damaged or no store; bring back a backup") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_broken"


def test_a_store_that_was_damaged_later_is_refused_or_says_so_at_work(desk: OfficeHall) -> None:
    for _ in range(50):
        desk.issue()
    desk.close()
    pages = desk.path.read_bytes()
    desk.path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    with pytest.raises(StoreError) as caught:
        desk.open()
    assert caught.value.code == "store_broken"


def test_a_store_that_is_locked_at_the_start_is_told(tmp_path: Path, url: str) -> None:
    other = sqlite3.connect(tmp_path / "quhao.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreOpenError, match="locked by another program") as caught:
        open_store(url, exclusive=True, patience=0.1)
    assert caught.value.code == "store_busy"
    other.close()
    open_store(url, exclusive=True).close()


def test_a_folder_where_the_file_should_be_is_refused(tmp_path: Path, url: str) -> None:
    (tmp_path / "quhao.db").mkdir()
    with pytest.raises(StoreOpenError, match="cannot be opened: Is a directory") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_unreachable"


def test_a_folder_that_lets_no_side_files_be_made_is_refused(tmp_path: Path, url: str) -> None:
    (tmp_path / "quhao.db-shm").mkdir()
    with pytest.raises(StoreOpenError, match="or its folder cannot be written to") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_unreachable"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(StoreOpenError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/var/quhao.db", exclusive=True)


def test_somebody_elses_database_is_left_alone(tmp_path: Path, url: str) -> None:
    other = sqlite3.connect(tmp_path / "quhao.db")
    other.execute("CREATE TABLE recipe (id INTEGER)")
    other.close()
    with pytest.raises(StoreOpenError, match="not a store of this program") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_foreign"


def test_a_store_of_a_newer_program_is_left_alone(url: str) -> None:
    store = open_store(url, exclusive=True)
    with store.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    store.close()
    with pytest.raises(StoreOpenError, match=r"newer version of this program \(schema 0999") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_newer"


# -- what goes wrong while working


def test_a_store_locked_by_another_process_is_busy_and_works_again_afterwards(tmp_path: Path, url: str) -> None:
    store = open_store(url, exclusive=True, patience=0.1)
    other = sqlite3.connect(tmp_path / "quhao.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught:
        put(store, "a")
    assert caught.value.code == "store_busy"
    assert names(store) == []
    other.execute("ROLLBACK")
    other.close()
    put(store, "a")
    assert names(store) == ["a"]
    store.close()


def test_a_writer_that_waits_too_long_for_one_of_its_own_process_is_busy(url: str) -> None:
    store = open_store(url, exclusive=True, patience=0.1)
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with store.write():
            inside.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    with pytest.raises(StoreError, match="store_busy"):
        put(store, "a")
    leave.set()
    holder.join()
    put(store, "a")
    store.close()


def test_a_full_disk_is_told_and_nothing_is_half_done(desk: OfficeHall) -> None:
    desk.issue()
    with desk.store.write() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    issued = ["A001"]
    with pytest.raises(StoreError) as caught:
        while True:
            issued.append(desk.issue().ticket.number)
    assert caught.value.code == "store_full"
    assert len(issued) > 1
    assert desk.office.hall().services[0].waiting == len(issued)
    assert len(desk.event_types()) == len(issued)
    with desk.store.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert desk.issue().ticket.number == f"A{len(issued) + 1:03}"


def test_a_file_that_may_not_grow_is_told_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    program = f"""
import resource, signal
from pathlib import Path
from offices import OfficeHall
from ticketing.model import StoreError
hall = OfficeHall(Path({str(tmp_path)!r}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
numbers = []
try:
    while True:
        numbers.append(hall.issue().ticket.number)
except StoreError as error:
    print(error.code, numbers[-1])
"""
    child = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    code, last = child.stdout.split()
    assert code in ("store_full", "store_broken")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 400_000
    hall = OfficeHall(tmp_path)
    assert hall.issue().ticket.number == f"A{int(last[1:]) + 1:03}"
    hall.close()


def test_the_text_of_an_error_tells_no_values(store: Store) -> None:
    put(store, "110102199001150015")
    with pytest.raises(Exception, match="UNIQUE constraint failed") as caught:
        put(store, "110102199001150015")
    assert "110102199001150015" not in str(caught.value)


# -- statements made ready once


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
        with pytest.raises(sqlite3.ProgrammingError), store.write() as conn:
            change.do(conn, wrong)
    with store.write() as conn:
        change.do(conn, {"which": "a", "to": b"2"})
        assert conn.scalar(select(fact.c.value)) == b"2"


# -- news


def test_listeners_are_told_after_a_commit_that_appended_events_and_only_then(store: Store) -> None:
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


def append(conn: Connection, kind: str) -> None:
    conn.execute(insert(event).values(at=0, type=kind, data="{}"))
    conn.info[NEWS] = True


def seen(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(select(event.c.type)))


def test_a_checkpoint_leaves_nothing_in_the_log(tmp_path: Path, store: Store) -> None:
    put(store, "a")
    log = tmp_path / "quhao.db-wal"
    assert log.stat().st_size > 0
    store.checkpoint()
    assert log.stat().st_size == 0
    assert names(store) == ["a"]


def test_a_checkpoint_that_a_reader_holds_up_is_told(url: str) -> None:
    store = open_store(url, exclusive=True, patience=0.1)
    with store.read() as conn:
        conn.scalars(select(fact.c.name)).all()
        put(store, "a")
        with pytest.raises(StoreError, match="store_busy"):
            store.checkpoint()
    store.checkpoint()
    store.close()
