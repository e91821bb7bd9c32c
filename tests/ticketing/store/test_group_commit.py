"""Writers who wait for each other share a commit: all of them are kept or none is, and each is refused for itself."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError

from forks import Forked
from offices import PATIENCE, OfficeHall
from ticketing.model import StoreError
from ticketing.store.base import LOST, NEWS, Store
from ticketing.store.group_commit import TOGETHER
from ticketing.store.opening import open_store
from ticketing.store.prepared import Prepared
from ticketing.store.tables import fact
from wires import wait_until


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url, exclusive=True, patience=PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


def put(store: Store, name: str, news: bool = False) -> None:
    with store.write() as conn:
        conn.execute(insert(fact).values(name=name, value=b"x"))
        if news:
            conn.info[NEWS] = True


def names(store: Store) -> set[str]:
    with store.read() as conn:
        return set(conn.scalars(select(fact.c.name)))


def commits_of(store: Store) -> list[str]:
    """Grows with each commit of something written."""
    made: list[str] = []
    event.listen(store.engine, "commit", lambda conn: made.append("commit") if LOST in conn.info else None)
    return made


class Occupied:
    """Somebody who has the turn to write, and has changed something, until told to go on."""

    def __init__(self, store: Store, threads: ThreadPoolExecutor, name: str = "first", news: bool = False) -> None:
        self._store = store
        self._news = news
        self._go_on = threading.Event()
        self._there = threading.Event()
        self.done: Future[None] = threads.submit(self._write, name)
        assert self._there.wait(60)

    def _write(self, name: str) -> None:
        with self._store.write() as conn:
            conn.execute(insert(fact).values(name=name, value=b"x"))
            if self._news:
                conn.info[NEWS] = True
            self._there.set()
            assert self._go_on.wait(60)

    def go_on(self) -> None:
        self._go_on.set()


def queue(store: Store, threads: ThreadPoolExecutor, *work: Callable[[], None]) -> list[Future[None]]:
    """Have all of these wait for their turn."""
    ahead = len(store._queue)  # type: ignore[attr-defined]
    waiting = [threads.submit(one) for one in work]
    wait_until(lambda: len(store._queue) == ahead + len(work))  # type: ignore[attr-defined]
    return waiting


def test_who_is_alone_commits_at_once(store: Store) -> None:
    made = commits_of(store)
    put(store, "a")
    put(store, "b")
    assert len(made) == 2
    assert names(store) == {"a", "b"}


def test_those_who_wait_for_each_other_share_a_commit(store: Store, threads: ThreadPoolExecutor) -> None:
    made = commits_of(store)
    first = Occupied(store, threads)
    others = queue(store, threads, *(lambda n=n: put(store, f"other {n}") for n in range(7)))  # type: ignore[misc]
    first.go_on()
    for one in (first.done, *others):
        one.result(60)
    assert len(made) == 1
    assert names(store) == {"first", *(f"other {n}" for n in range(7))}


def test_no_more_than_sixteen_wait_for_each_other(store: Store, threads: ThreadPoolExecutor) -> None:
    made = commits_of(store)
    first = Occupied(store, threads)
    others = queue(store, threads, *(lambda n=n: put(store, f"other {n}") for n in range(2 * TOGETHER)))  # type: ignore[misc]
    first.go_on()
    for one in (first.done, *others):
        one.result(60)
    assert len(made) == 3


def test_nobody_is_answered_before_it_is_kept(store: Store, threads: ThreadPoolExecutor) -> None:
    first = Occupied(store, threads)
    slow: list[Occupied] = []
    coming = queue(store, threads, lambda: slow.append(Occupied(store, threads, "second")))
    first.go_on()
    coming[0].result(60)
    # The first is done, and the second has the transaction: nothing is on the disk yet.
    assert not first.done.done()
    assert names(store) == set()
    slow[0].go_on()
    first.done.result(60)
    assert names(store) == {"first", "second"}
    slow[0].done.result(60)


def test_who_is_refused_takes_nobody_along(store: Store, threads: ThreadPoolExecutor) -> None:
    def refused() -> None:
        with store.write() as conn:
            conn.execute(insert(fact).values(name="refused", value=b"x"))
            raise LookupError("refused")

    def refused_at_once() -> None:
        with store.write():
            raise LookupError("refused")

    made = commits_of(store)
    first = Occupied(store, threads)
    before, failing, nothing, after = queue(
        store, threads, lambda: put(store, "before"), refused, refused_at_once, lambda: put(store, "after")
    )
    first.go_on()
    for one in (failing, nothing):
        with pytest.raises(LookupError):
            one.result(60)
    for one in (first.done, before, after):
        one.result(60)
    assert len(made) == 1
    assert names(store) == {"first", "before", "after"}


def test_a_change_that_breaks_a_rule_fails_for_itself(store: Store, threads: ThreadPoolExecutor) -> None:
    add = Prepared(insert(fact))

    def put_all(*names: str) -> None:
        with store.write() as conn:
            for name in names:
                add.do(conn, {"name": name, "value": b"x"})

    put_all("taken")
    # More often than a statement is run before the driver has the server prepare it.
    for _ in range(8):
        with pytest.raises((IntegrityError, sqlite3.IntegrityError)):
            put_all("own", "taken", "never")
    first = Occupied(store, threads)
    before, *failing, after = queue(
        store,
        threads,
        lambda: put_all("before"),
        *(lambda: put_all("own", "taken", "never") for _ in range(8)),
        lambda: put_all("after", "own"),
    )
    first.go_on()
    for one in failing:
        with pytest.raises((IntegrityError, sqlite3.IntegrityError)):
            one.result(60)
    for one in (first.done, before, after):
        one.result(60)
    assert names(store) == {"taken", "first", "before", "after", "own"}


def test_a_refusal_waits_until_what_it_saw_is_kept(store: Store, threads: ThreadPoolExecutor) -> None:
    def refused() -> None:
        with store.write() as conn:
            raise LookupError(conn.scalar(select(fact.c.name).where(fact.c.name == "first")))

    first = Occupied(store, threads)
    slow: list[Occupied] = []
    failing = queue(store, threads, refused)
    coming = queue(store, threads, lambda: slow.append(Occupied(store, threads, "last")))
    first.go_on()
    coming[0].result(60)
    assert not failing[0].done()
    slow[0].go_on()
    with pytest.raises(LookupError, match="first"):
        failing[0].result(60)
    first.done.result(60)


def test_who_is_refused_first_leaves_the_turn_to_the_others(store: Store, threads: ThreadPoolExecutor) -> None:
    go_on, there = threading.Event(), threading.Event()

    def refused() -> None:
        with store.write():
            there.set()
            assert go_on.wait(60)
            raise LookupError("refused")

    failing = threads.submit(refused)
    assert there.wait(60)
    others = queue(store, threads, lambda: put(store, "a"), lambda: put(store, "b"))
    go_on.set()
    with pytest.raises(LookupError):
        failing.result(60)
    for one in others:
        one.result(60)
    assert names(store) == {"a", "b"}


def test_who_listens_is_told_once_of_what_was_committed_together(store: Store, threads: ThreadPoolExecutor) -> None:
    told: list[set[str]] = []
    store.on_commit(lambda: told.append(names(store)))
    if store.shared:
        # Listening to other processes begins with being told, since something may have been missed.
        wait_until(lambda: told == [set()])
        told.clear()
    first = Occupied(store, threads)
    others = queue(store, threads, lambda: put(store, "a", news=True), lambda: put(store, "b"))
    first.go_on()
    for one in (first.done, *others):
        one.result(60)
    assert told == [{"first", "a", "b"}]


def test_a_checkpoint_does_not_wait_for_what_it_is_to_end(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'quhao.db'}", exclusive=True)
    told: list[set[str]] = []
    store.on_commit(lambda: told.append(names(store)))
    first = Occupied(store, threads, news=True)
    checkpoint = queue(store, threads, store.checkpoint)
    first.go_on()
    first.done.result(60)
    checkpoint[0].result(60)
    assert told == [{"first"}]
    store.close()


def test_those_who_lose_patience_leave_nobody_without_a_commit(tmp_path: Path) -> None:
    """Whoever goes while others count on it to commit sees to that first; nobody is left waiting for ever."""
    store = open_store(f"sqlite:///{tmp_path / 'quhao.db'}", exclusive=True, patience=0.0005)
    kept: set[str] = set()
    refused: set[int] = set()
    free = threading.Event()

    def write(thread: int) -> None:
        left = 150
        for n in count():
            try:
                put(store, f"{thread}-{n}")
            except StoreError as error:
                assert error.code == "store_busy"
                refused.add(thread)
            else:
                kept.add(f"{thread}-{n}")
            left -= free.is_set()
            if not left:
                return

    with ThreadPoolExecutor(16) as threads:
        first = Occupied(store, threads)
        writing = [threads.submit(write, thread) for thread in range(8)]
        # However soon this disk has what is written.
        wait_until(lambda: len(refused) == 8)
        first.go_on()
        free.set()
        for done in (first.done, *writing):
            done.result(60)
    assert kept
    assert names(store) == kept | {"first"}
    store.close()


def test_when_the_disk_takes_no_more_all_of_a_group_have_failed(tmp_path: Path) -> None:
    """The commit itself fails; and the numbers that were lost with it are given out again, with who waits before."""
    program = f"""
import resource, signal, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from offices import OfficeHall
from ticketing.model import StoreError
from ticketing.store.prepared import Prepared
from wires import wait_until
hall = OfficeHall(Path({str(tmp_path)!r}))
hall.issue()
there, go_on = threading.Event(), threading.Event()
def hold():
    with hall.store.write():
        there.set()
        go_on.wait(60)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
with ThreadPoolExecutor(8) as threads:
    held = threads.submit(hold)
    there.wait(60)
    issuing = [threads.submit(hall.issue) for _ in range(5)]
    wait_until(lambda: len(hall.store._queue) == 5)
    size = (Path({str(tmp_path)!r}) / "quhao.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited[1]))
    go_on.set()
    for one in (held, *issuing):
        try:
            one.result(60)
            print("kept")
        except StoreError as error:
            print(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
for _ in range(2):
    issued = hall.issue().ticket
    print(issued.number, issued.ahead)
hall.close()
"""
    *group, second, third = Forked(program).finish().split("\n")[:-1]
    assert len(group) == 6
    assert set(group) <= {"store_full", "store_broken"}
    assert (second, third) == ("A002 1", "A003 2")
    hall = OfficeHall(tmp_path)
    assert hall.event_types() == ["ticket.issued"] * 3
    hall.close()
