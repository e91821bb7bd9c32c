"""A store on PostgreSQL: connections that are lost, boxes that share it, and schemas that differ."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from drivers.port import open_port
from drivers.printer.driver import Outcome, Printer
from drivers.printer.escpos import PROFILES, Item, Text
from drivers.simulators.printer.simulator import PrinterSimulator
from drivers.supervisor import Supervisor
from forks import Forked
from kiosk.resident.printing import PrintQueue
from offices import CLERK, DESK, PATIENCE, OfficeHall, refused
from postgres import EMPTY, PostgresServer
from ticketing.day.print_jobs import PrintJob
from ticketing.model import StoreError
from ticketing.store.base import HEAD, NEWS, Schema, Store, StoreGoneError, StoreInUseError, StoreOpenError
from ticketing.store.notify import Messenger
from ticketing.store.opening import is_store, open_store, schema_of, store_for_later
from ticketing.store.postgres import PostgresStore
from ticketing.store.prepared import Prepared
from ticketing.store.tables import event, fact, ticket
from wires import now, wait_until, within

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture
def store(shared_url: str) -> Iterator[Store]:
    opened = open_store(shared_url, exclusive=True, patience=PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def office(shared_url: str) -> Iterator[OfficeHall]:
    hall = OfficeHall(shared_url)
    yield hall
    hall.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def own_url(own_server: PostgresServer) -> str:
    return own_server.url(own_server.create(EMPTY))


def put(store: Store, name: str) -> None:
    with store.write() as conn:
        conn.execute(insert(fact).values(name=name, value=b""))


def names(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(select(fact.c.name).order_by(fact.c.name)))


def cut(conn: Connection, server: PostgresServer) -> None:
    """End a connection from the server's side, at once."""
    process = conn.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    server.execute("SELECT pg_terminate_backend(%s, 30000)", [process])


# -- every connection


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("synchronous_commit", "on"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("statement_timeout", "1min"),
        ("TimeZone", "UTC"),
        ("application_name", "quhao"),
    ],
)
def test_every_connection_is_durable_and_holds_nobody_up_for_long(shared_url: str, setting: str, value: str) -> None:
    with closing(open_store(shared_url, exclusive=True)) as store, store.read() as one, store.write() as other:
        assert one.scalar(text(f"SHOW {setting}")) == value
        assert other.scalar(text(f"SHOW {setting}")) == value


def test_a_reader_cannot_change_anything(store: Store) -> None:
    with pytest.raises(StoreError, match="store_broken"), store.read() as conn:
        conn.execute(insert(fact).values(name="a", value=b""))
    assert names(store) == []


def test_a_text_with_a_zero_in_it_is_found_nowhere_and_breaks_nothing(store: Store) -> None:
    with store.read() as conn:
        assert conn.scalar(select(fact.c.name).where(fact.c.name == "a\0")) is None
    put(store, "a\0")
    assert names(store) == ["a\ufffd"]


# -- opening


def test_a_store_that_is_opened_later_is_gone_until_then_and_nobody_else_works_on_it_while_it_is_opened(
    own_server: PostgresServer, own_url: str
) -> None:
    hour = 3600 * 1_000_000_000
    own_server.stop()
    with closing(store_for_later(own_url, hour, patience=60)) as later, ThreadPoolExecutor(1) as others:
        assert abs(later.wall() - time.clock_gettime_ns(time.CLOCK_BOOTTIME) - hour) < hour // 2
        later.claim("kiosk-1")
        told: list[str] = []
        later.on_commit(lambda: told.append("news"))
        with pytest.raises(StoreGoneError, match="cannot be reached"):
            later.open()
        for work in (names, lambda store: put(store, "a")):
            with pytest.raises(StoreError, match="store_gone"):
                work(later)
        own_server.start()

        def begin() -> None:
            with later.write() as conn:
                conn.execute(insert(fact).values(name="begun", value=b""))
                # Not even as one more of the group that is at work.
                other = others.submit(put, later, "other")
                with pytest.raises(TimeoutError):
                    other.result(0.05)
            for refused in (other, others.submit(names, later)):
                with pytest.raises(StoreError, match="store_gone"):
                    refused.result(60)

        later.open(begin)
        assert told
        put(later, "after")
        assert {"begun", "after"} <= set(names(later))
        assert "other" not in names(later)
        # The database's, by now.
        assert abs(later.wall() - time.time_ns()) < hour // 2
        with closing(open_store(own_url, exclusive=True)) as another, pytest.raises(StoreInUseError):
            another.claim("kiosk-1")


def may_claim(store: Store, box: str) -> bool:
    try:
        store.claim(box)
    except StoreInUseError:
        return False
    return True


def test_a_store_that_cannot_be_opened_stays_closed(shared_url: str, store: Store) -> None:
    store.claim("kiosk-1")
    with closing(store_for_later(shared_url, None)) as later:
        later.claim("kiosk-1")
        with pytest.raises(StoreInUseError) as taken:
            later.open()
        assert taken.value.facts["box"] == "kiosk-1"
        with pytest.raises(StoreError, match="store_gone"):
            put(later, "a")
    with closing(store_for_later(shared_url, None)) as later:
        later.claim("kiosk-2")

        def refuse() -> None:
            put(later, "b")
            raise ValueError("not this one")

        with pytest.raises(ValueError, match="not this one"):
            later.open(refuse)
        with pytest.raises(StoreError, match="store_gone"):
            names(later)
        # It holds nothing of it that another box may want; the database notices a little after the close.
        wait_until(lambda: may_claim(store, "kiosk-2"))


def test_who_is_not_let_in_is_told_why_and_no_password(own_server: PostgresServer) -> None:
    url = own_server.url("nowhere", user="quhao:geheim")
    with pytest.raises(StoreOpenError, match='database "nowhere" does not exist') as caught:
        open_store(url, exclusive=True)
    assert caught.value.code == "store_unreachable"
    assert not isinstance(caught.value, StoreGoneError)
    assert "geheim" not in repr(caught.value) + str(caught.value)


def test_a_database_that_does_not_answer_is_another_matter(tmp_path: Path) -> None:
    with pytest.raises(StoreGoneError, match="cannot be reached") as caught:
        open_store(f"postgresql+psycopg://quhao@/hall?host={tmp_path}", exclusive=True)
    assert caught.value.code == "store_gone"


def test_an_option_that_there_is_not_is_told(shared_url: str) -> None:
    with pytest.raises(StoreOpenError, match="nonsense") as caught:
        open_store(f"{shared_url}&nonsense=1", exclusive=True)
    assert caught.value.code == "store_unreachable"


def test_without_the_library_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('not here')")
    program = (
        "from ticketing.store.opening import open_store\nfrom ticketing.store.base import StoreOpenError\n"
        "try:\n    open_store('postgresql+psycopg://quhao@/hall', exclusive=True)\n"
        "except StoreOpenError as error:\n    print(error.code, error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    ).stdout
    assert found.startswith("store_unsupported")
    assert "pip install 'quhao[postgres]'" in found


def test_somebody_elses_tables_are_left_alone(postgres: PostgresServer) -> None:
    name = postgres.create()
    postgres.execute("CREATE TABLE recipe (id integer)", database=name)
    assert not is_store(postgres.url(name))
    with pytest.raises(StoreOpenError, match="not a store of this program") as caught:
        open_store(postgres.url(name), exclusive=True)
    assert caught.value.code == "store_foreign"
    # Another schema is another matter.
    postgres.execute("CREATE SCHEMA hall", database=name)
    own = f"{postgres.url(name)}&options=-csearch_path%3Dhall"
    open_store(own, exclusive=True).close()
    assert is_store(own)
    assert postgres.execute("SELECT count(*) FROM hall.ticket", database=name) == [(0,)]
    postgres.drop(name)


def test_a_database_of_another_encoding_is_refused(postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(StoreOpenError, match="UTF8"):
        open_store(postgres.url("latin"), exclusive=True)
    postgres.drop("latin")


def test_a_user_who_may_make_no_tables_is_told(postgres: PostgresServer) -> None:
    name = postgres.create()
    postgres.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreOpenError, match="must own the database") as caught:
        open_store(postgres.url(name, user="guest"), exclusive=True)
    assert caught.value.code == "store_unreachable"
    postgres.drop(name)


def test_two_services_share_a_store_and_not_the_name_of_a_box(shared_url: str) -> None:
    first, second = (open_store(shared_url, exclusive=True) for _ in range(2))
    first.claim("kiosk-1")
    with pytest.raises(StoreInUseError, match=r"hall\.box"):
        second.claim("kiosk-1")
    second.claim("kiosk-2")
    put(first, "a")
    put(second, "b")
    assert names(first) == names(second) == ["a", "b"]
    first.close()

    def free() -> bool:
        try:
            second.claim("kiosk-1")
        except StoreInUseError:
            return False
        return True

    # The server takes a moment to see that a connection is closed.
    wait_until(free)
    second.close()


# -- connections that are lost


def test_a_connection_lost_in_the_middle_of_a_verb_changes_nothing_and_the_next_one_works(
    office: OfficeHall, postgres: PostgresServer
) -> None:
    office.issue()
    with pytest.raises(StoreError) as caught, office.store.write() as conn:
        conn.execute(insert(fact).values(name="half", value=b""))
        cut(conn, postgres)
        conn.execute(insert(fact).values(name="whole", value=b""))
    assert caught.value.code == "store_gone"
    assert not {"half", "whole"} & set(names(office.store))
    assert office.issue().ticket.number == "A002"


def test_connections_lost_while_nobody_used_them_are_not_noticed(office: OfficeHall, postgres: PostgresServer) -> None:
    with office.store.read(), office.store.read(), office.store.read():
        pass
    for _ in range(2):
        postgres.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE application_name = 'quhao'"
        )
        assert office.office.hall().services[0].waiting >= 0
        office.issue()
    assert office.issue().ticket.number == "A003"


SLOW_COMMIT = (
    "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'",
    "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON ticket DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION linger()",
)


def test_a_connection_lost_during_the_commit_leaves_the_outcome_open(own_server: PostgresServer, own_url: str) -> None:
    office = OfficeHall(own_url)
    with office.store.write() as conn:
        # What a commit waits for when something is slow there.
        for command in SLOW_COMMIT:
            conn.execute(text(command))
    asking = "FROM pg_stat_activity WHERE application_name = 'quhao' AND wait_event = 'PgSleep'"
    with ThreadPoolExecutor(1) as pool:
        issuing = pool.submit(refused, StoreError, "store_in_doubt", office.office.issue, "licence", DESK, print=False)
        wait_until(lambda: own_server.execute(f"SELECT 1 {asking}") != [])
        own_server.execute(f"SELECT pg_terminate_backend(pid) {asking}")
        issuing.result(60)
    with office.store.write() as conn:
        conn.execute(text("DROP TRIGGER slow ON ticket"))
    assert office.issue().ticket.number == "A001"
    office.close()


def test_a_connection_lost_under_a_group_of_verbs_fails_all_of_them_and_the_count_of_the_waiting_stays_right(
    office: OfficeHall, postgres: PostgresServer
) -> None:
    """What one verb of the group saw of another never was."""
    office.issue()
    there, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with office.store.write():
            there.set()
            assert go_on.wait(60)

    def lose() -> None:
        with office.store.write() as conn:
            cut(conn, postgres)
            conn.execute(insert(fact).values(name="half", value=b""))

    with ThreadPoolExecutor(4) as pool:
        holding = pool.submit(hold)
        assert there.wait(60)
        issuing = [pool.submit(refused, StoreError, "store_gone", office.issue) for _ in range(2)]
        wait_until(lambda: len(office.store._queue) == 2)  # type: ignore[attr-defined]
        losing = pool.submit(refused, StoreError, "store_gone", lose)
        wait_until(lambda: len(office.store._queue) == 3)  # type: ignore[attr-defined]
        go_on.set()
        for one in (*issuing, losing):
            one.result(60)
        with pytest.raises(StoreError, match="store_gone"):
            holding.result(60)
    issued = office.issue().ticket
    assert (issued.number, issued.ahead) == ("A002", 1)


class Wire:
    """What lies between a store and its server; it may break when a commit is done and nobody has heard of it."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = str(server.folder / ".s.PGSQL.5432")
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / ".s.PGSQL.5432"))
        self._door.listen()
        self._ends: list[socket.socket] = []
        self.breaks = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._ends += [client, server]
            for which in ((client, server, b""), (server, client, b"COMMIT\0")):
                self._threads.append(threading.Thread(target=self._carry, args=which))
                self._threads[-1].start()

    def _carry(self, here: socket.socket, there: socket.socket, last: bytes) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if last and last in data and self.breaks.is_set():
                    break
                there.sendall(data)
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(60)
        for end in self._ends:
            end.close()


@pytest.fixture
def wire(postgres: PostgresServer, tmp_path: Path) -> Iterator[Wire]:
    laid = Wire(postgres, tmp_path)
    yield laid
    laid.close()


def test_what_was_in_doubt_is_answered_once_when_it_is_asked_again(
    shared_url: str, postgres: PostgresServer, wire: Wire, tmp_path: Path
) -> None:
    hall = OfficeHall(shared_url.replace(quote(str(postgres.folder), safe=""), quote(str(tmp_path), safe="")))
    issue = partial(hall.office.issue, "licence", DESK, print=True, key="one tap")
    wire.breaks.set()
    refused(StoreError, "store_in_doubt", issue)
    wire.breaks.clear()
    # It was kept; nobody had heard of it.
    with hall.store.read() as conn:
        assert list(conn.scalars(select(ticket.c.number))) == ["A001"]
    first, again = issue(), issue()
    assert first.ticket.number == again.ticket.number == "A001"
    assert first.code == again.code
    assert hall.issue().ticket.number == "A002"
    hall.close()


def test_a_slip_whose_sending_is_in_doubt_ends_unprinted_instead_of_never(
    shared_url: str, postgres: PostgresServer, wire: Wire, tmp_path: Path
) -> None:
    hall = OfficeHall(shared_url.replace(quote(str(postgres.folder), safe=""), quote(str(tmp_path), safe="")))
    simulator, printer = PrinterSimulator(), Printer(PROFILES["epson"])
    simulator.start()
    device = Supervisor("printer", "escpos", lambda: open_port(simulator.url), printer, now)
    device.start()
    wait_until(lambda: printer.ready is None)

    def lay_out(_job: PrintJob) -> list[Item]:
        wire.breaks.set()
        return [Text("A001")]

    told: list[Outcome] = []

    def hear(_job: PrintJob, outcome: Outcome) -> None:
        told.append(outcome)
        wire.breaks.clear()

    issued = hall.issue(print=True)
    desk = PrintQueue(hall.office, printer, lay_out, hear)
    desk.start()
    wait_until(lambda: told)
    wait_until(lambda: hall.office.ticket(issued.ticket.id).print == "failed")
    desk.stop()
    device.stop()
    simulator.stop()
    hall.close()
    assert [(one.state, one.reason) for one in told] == [("failed", "store_in_doubt")]
    assert simulator.papers == []


def test_a_verb_that_goes_on_after_an_error_is_not_taken_for_done(store: Store) -> None:
    put(store, "a")
    again = insert(fact).values(name="a", value=b"")
    with (
        pytest.raises(StoreError, match="store_broken"),
        store.write() as conn,
        pytest.raises(IntegrityError),
    ):
        conn.execute(again)
    assert names(store) == ["a"]


def test_a_server_that_is_stopped_is_gone_and_works_again_afterwards(own_server: PostgresServer, own_url: str) -> None:
    hall = OfficeHall(own_url)
    hall.office.issue("licence", DESK, print=False, key="one")
    own_server.stop()
    refused(StoreError, "store_gone", hall.office.issue, "licence", DESK, print=False)
    refused(StoreError, "store_gone", hall.office.hall)
    refused(StoreError, "store_gone", hall.office.call_next, "1", CLERK)
    own_server.start()
    assert hall.office.hall().services[0].waiting == 1
    assert hall.office.issue("licence", DESK, print=False, key="one").ticket.number == "A001"
    assert hall.issue().ticket.number == "A002"
    hall.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_comes_and_goes_under_work_doubles_nothing_and_loses_nothing(
    own_server: PostgresServer, own_url: str, how: signal.Signals
) -> None:
    hall = OfficeHall(own_url)
    each, kiosks = 20, 4
    numbers: list[str] = []
    troubles: list[str] = []
    some, back = threading.Event(), threading.Event()

    def kiosk(which: int) -> None:
        # All of them are at work when the server goes, and so many times more when it is back.
        count, left = 0, each
        while left:
            count += 1
            while True:
                try:
                    issued = hall.office.issue("licence", DESK, print=False, key=f"{which}-{count}")
                except StoreError as error:
                    troubles.append(error.code)
                    back.wait(0.02)
                else:
                    numbers.append(issued.ticket.number)
                    break
            left -= back.is_set()
            if len(numbers) > each:
                some.set()

    with ThreadPoolExecutor(kiosks) as pool:
        working = [pool.submit(kiosk, which) for which in range(kiosks)]
        assert some.wait(60)
        own_server.stop(how)
        wait_until(lambda: troubles)
        own_server.start()
        back.set()
        for one in working:
            one.result(60)
    assert set(troubles) <= {"store_gone", "store_in_doubt", "store_busy"}
    expected = sorted(f"A{n:03}" for n in range(1, len(numbers) + 1))
    assert sorted(numbers) == expected
    with hall.store.read() as conn:
        assert sorted(conn.scalars(select(ticket.c.number))) == expected
    hall.close()


# -- other processes


def child(program: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
    )


def finish(process: "subprocess.Popen[str]") -> str:
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return told


def test_a_process_killed_while_it_writes_holds_nobody_up(office: OfficeHall) -> None:
    program = (
        "from ticketing.store.opening import open_store\n"
        f"with open_store({office.url!r}, exclusive=True).write():\n"
        "    print('in', flush=True)\n"
        "    input()\n"
    )
    with Forked(program) as process:
        assert process.stdout.readline() == "in\n"
        process.kill()
    # It would be refused as busy when its turn does not come.
    assert office.issue().ticket.number == "A001"


def test_a_writer_that_waits_too_long_for_another_process_is_busy(shared_url: str, store: Store) -> None:
    hurried = open_store(shared_url, exclusive=True, patience=0.1)
    with store.write():
        with pytest.raises(StoreError) as caught:
            put(hurried, "a")
        assert caught.value.code == "store_busy"
    put(hurried, "a")
    assert names(store) == ["a"]
    hurried.close()


def test_who_follows_sees_every_event_in_order_while_four_processes_write(office: OfficeHall) -> None:
    writing = (
        "from offices import *\n"
        f"hall = OfficeHall({office.url!r}, seeded=False)\n"
        "input()\n"
        "for n in range(30):\n"
        "    hall.office.issue('licence', DESK, print=False)\n"
        "    if n % 5 == 0:\n"
        "        try:\n"
        "            hall.office.issue('nothing', DESK, print=False)\n"
        "        except Exception:\n"
        "            continue\n"
        "hall.close()\n"
    )
    processes = [Forked(writing) for _ in range(4)]
    for process in processes:
        process.go()
    seen: list[int] = []
    pause = threading.Event()
    while len(seen) < 120:
        more = office.office.events_after(seen[-1] if seen else 0, 7)
        seen += [one.seq for one in more]
        if not more:
            pause.wait(0.001)
    for process in processes:
        process.finish()
    with office.store.read() as conn:
        # Nothing came into a gap that was passed already.
        assert seen == list(conn.scalars(select(event.c.seq).order_by(event.c.seq)))
        assert len(set(conn.scalars(select(ticket.c.number)))) == 120


def tell(store: Store) -> None:
    with store.write() as conn:
        conn.execute(insert(event).values(at=0, type="tested", data="{}"))
        conn.info[NEWS] = True


def test_news_reach_another_process(shared_url: str, store: Store) -> None:
    heard = threading.Semaphore(0)
    other = open_store(shared_url, exclusive=True)
    other.on_commit(heard.release)
    # As soon as it listens.
    assert heard.acquire(timeout=60)
    put(store, "no event")
    for _ in range(20):
        tell(store)
        assert heard.acquire(timeout=60)
    assert not heard.acquire(timeout=0.05)
    # Its own are told once, and at once.
    tell(other)
    assert heard.acquire(blocking=False)
    assert not heard.acquire(timeout=0.05)
    other.close()


def test_who_listens_is_told_after_a_time_without_a_connection(
    shared_url: str, store: Store, postgres: PostgresServer
) -> None:
    heard = threading.Semaphore(0)
    other = open_store(shared_url, exclusive=True)
    other.on_commit(heard.release)
    assert heard.acquire(timeout=60)
    postgres.execute("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    assert heard.acquire(timeout=60)
    tell(store)
    assert heard.acquire(timeout=60)
    other.close()


def test_a_store_that_listens_is_closed_at_once_even_when_the_server_is_gone(
    own_server: PostgresServer, own_url: str
) -> None:
    for gone in (False, True):
        store = open_store(own_url, exclusive=True)
        store.on_commit(lambda: None)
        if gone:
            own_server.stop()
        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(store.close)
            assert within(1.5, ending.done)
            ending.result()
    own_server.start()


def test_who_listens_for_a_server_that_is_gone_can_be_closed_at_any_moment() -> None:
    def connect() -> NoReturn:
        tried.set()
        raise StoreGoneError("gone")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            tried = threading.Event()
            messenger = Messenger(connect, lambda: None, lambda _process: False)
            messenger.start()
            assert tried.wait(60)
            messenger.close()
    finally:
        sys.setswitchinterval(interval)


# -- statements that are sent with the next one

_ADD = Prepared(insert(fact))


def test_a_change_that_is_sent_with_the_commit_and_breaks_a_rule_is_refused(store: Store) -> None:
    def put_later(name: str) -> None:
        with store.write() as conn:
            _ADD.later(conn, {"name": name, "value": b"x"})

    put_later("a")
    for _ in range(2):
        with pytest.raises(IntegrityError):
            put_later("a")
    put_later("b")
    with store.read() as conn:
        assert sorted(conn.scalars(select(fact.c.name))) == ["a", "b"]


def test_a_change_that_fails_in_the_turn_of_the_next_verb_loses_the_whole_group_and_says_so(store: Store) -> None:
    there, go_on = threading.Event(), threading.Event()

    def put(name: str, *, later: bool) -> None:
        with store.write() as conn:
            if name == "first":
                there.set()
                assert go_on.wait(60)
            (_ADD.later if later else _ADD.do)(conn, {"name": name, "value": b"x"})

    put("taken", later=False)
    with ThreadPoolExecutor(4) as threads:
        group = [threads.submit(put, "first", later=False)]
        assert there.wait(60)
        for at, (name, later) in enumerate((("before", True), ("taken", True), ("after", False)), 1):
            group.append(threads.submit(put, name, later=later))
            wait_until(lambda at=at: len(store._queue) == at)  # type: ignore[attr-defined, misc]
        go_on.set()
        for one in group:
            with pytest.raises((StoreError, IntegrityError)):
                one.result(60)
    put("own", later=True)
    with store.read() as conn:
        assert sorted(conn.scalars(select(fact.c.name))) == ["own", "taken"]


def test_a_verb_that_is_refused_takes_along_its_own_changes_alone(store: Store) -> None:
    there, go_on = threading.Event(), threading.Event()

    def put(name: str, *, ask: bool, refused: bool) -> None:
        with store.write() as conn:
            if name == "first":
                there.set()
                assert go_on.wait(60)
            _ADD.later(conn, {"name": name, "value": b"x"})
            if ask:
                conn.execute(select(fact.c.name))
            if refused:
                raise ZeroDivisionError

    verbs = [("first", False, False), ("a", False, True), ("b", False, False), ("c", True, True), ("d", True, False)]
    with ThreadPoolExecutor(8) as threads:
        group = []
        for name, ask, refused_ in verbs:
            group.append(threads.submit(put, name, ask=ask, refused=refused_))
            wait_until(lambda: there.is_set() and len(store._queue) == len(group) - 1)  # type: ignore[attr-defined]
        go_on.set()
        assert [isinstance(one.exception(60), ZeroDivisionError) for one in group] == [one[2] for one in verbs]
    with store.read() as conn:
        assert sorted(conn.scalars(select(fact.c.name))) == ["b", "d", "first"]


# -- schemas that differ

NEWER = """
import ticketing.store.migrations, ticketing.store.opening, ticketing.store.base
ticketing.store.base.KNOWN += ("9999",)
ticketing.store.base.HEAD = "9999"
ticketing.store.base.READABLE_FROM = {oldest!r}
NEWER = "UPDATE alembic_version SET version_num = '9999'"
ticketing.store.migrations.upgrade = lambda conn: conn.exec_driver_sql(NEWER)
try:
    store = ticketing.store.opening.open_store({url!r}, exclusive=False, patience={patience})
    print("open", flush=True)
    input()
    store.close()
except ticketing.store.base.StoreInUseError as error:
    print(error)
"""


def test_a_newer_program_does_not_change_the_schema_under_an_older_one(shared_url: str, store: Store) -> None:
    assert "stop those first" in finish(child(NEWER.format(url=shared_url, oldest="9999", patience=0.3)))
    put(store, "still at work")
    store.close()
    process = child(NEWER.format(url=shared_url, oldest="9999", patience=30))
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    with pytest.raises(StoreOpenError, match="newer version of this program"):
        open_store(shared_url, exclusive=True)
    process.communicate("\n", timeout=60)


def test_a_newer_program_that_only_adds_changes_the_schema_beside_an_older_one_at_work(
    shared_url: str, office: OfficeHall
) -> None:
    office.issue()
    process = child(NEWER.format(url=shared_url, oldest=HEAD, patience=0.0))
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    assert schema_of(shared_url) == Schema("9999", HEAD)
    assert office.call() == "A001"
    assert office.issue().ticket.number == "A002"
    process.communicate("\n", timeout=60)
    office.restart()
    assert office.issue().ticket.number == "A003"


def test_a_newer_program_waits_until_a_box_that_could_not_go_on_has_stopped(shared_url: str, store: Store) -> None:
    # A box of the version before its schema's, which holds the locks that such a program takes.
    assert isinstance(store, PostgresStore)
    with store._connect() as conn:
        conn.execute("SELECT pg_advisory_lock_shared(%s)", (store._key("schema"),))
        process = child(NEWER.format(url=shared_url, oldest=HEAD, patience=0.3))
        assert "stop those first" in finish(process)
    assert schema_of(shared_url).version == HEAD


def test_a_program_that_was_cut_off_while_the_schema_changed_writes_no_more(
    shared_url: str, store: Store, postgres: PostgresServer
) -> None:
    put(store, "before")
    postgres.execute("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE application_name = 'quhao'")
    process = child(NEWER.format(url=shared_url, oldest="9999", patience=30))
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    refused(StoreError, "store_newer", put, store, "after")
    process.communicate("\n", timeout=60)
    refused(StoreError, "store_newer", put, store, "after")
    assert store.trouble == "store_newer", "so that the box is not taken for ready"
    assert names(store) == ["before"]
