"""A store in a file: who may open it, what can be wrong with the file, and what is left in it."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from forks import Forked
from offices import OfficeHall
from ticketing.model import StoreError
from ticketing.store.base import Store, StoreInUseError, StoreOpenError
from ticketing.store.opening import open_store
from ticketing.store.tables import fact


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
        "from ticketing.store.opening import open_store\n"
        f"open_store({url!r}, exclusive=True)\n"
        "print('open', flush=True)\n"
        "input()"
    )
    with Forked(program) as child:
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreInUseError, match=str(child.pid)):
            open_store(url, exclusive=True)
        child.kill()
    open_store(url, exclusive=True).close()


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, url: str) -> None:
    (tmp_path / "quhao.db").write_bytes(b"this is a text, and no database at all" * 200)
    with pytest.raises(StoreOpenError, match="damaged or no store; bring back a backup") as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_broken"


def test_a_store_that_was_damaged_later_is_refused_or_says_so_at_work(file_desk: OfficeHall) -> None:
    for _ in range(50):
        file_desk.issue()
    file_desk.close()
    pages = file_desk.path.read_bytes()
    file_desk.path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    with pytest.raises(StoreError) as caught:
        file_desk.open()
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


def test_a_full_disk_is_told_and_nothing_is_half_done(file_desk: OfficeHall) -> None:
    file_desk.issue()
    with file_desk.store.write() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    issued = ["A001"]
    with pytest.raises(StoreError) as caught:
        while True:
            issued.append(file_desk.issue().ticket.number)
    assert caught.value.code == "store_full"
    assert len(issued) > 1
    assert file_desk.office.hall().services[0].waiting == len(issued)
    assert len(file_desk.event_types()) == len(issued)
    with file_desk.store.write() as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert file_desk.issue().ticket.number == f"A{len(issued) + 1:03}"


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
    code, last = Forked(program).finish().split()
    assert code in ("store_full", "store_broken")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 400_000
    hall = OfficeHall(tmp_path)
    assert hall.issue().ticket.number == f"A{int(last[1:]) + 1:03}"
    hall.close()


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


def test_a_command_that_was_open_when_a_newer_service_changed_the_schema_writes_no_more(url: str, store: Store) -> None:
    put(store, "before")
    program = f"""
import ticketing.store.migrations, ticketing.store.opening, ticketing.store.base
ticketing.store.base.KNOWN += ("9999",)
ticketing.store.base.HEAD = ticketing.store.base.READABLE_FROM = "9999"
NEWER = "UPDATE alembic_version SET version_num = '9999'"
ticketing.store.migrations.upgrade = lambda conn: conn.exec_driver_sql(NEWER)
ticketing.store.opening.open_store({url!r}, exclusive=True).close()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=100)
    with pytest.raises(StoreError) as caught:
        put(store, "after")
    assert caught.value.code == "store_newer"
    assert names(store) == ["before"]
