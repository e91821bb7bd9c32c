import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from forks import Forked
from offices import CLERK, DESK, SERVICES, OfficeHall
from ticketing.model import StateError, Window
from ticketing.store import tables

WINDOWS = [Window(str(n), f"{n}号窗口", ("*",), "open") for n in range(8)]


@pytest.fixture
def busy(store_url: str, request: pytest.FixtureRequest) -> OfficeHall:
    """A hall of eight windows that all serve everything."""
    hall = OfficeHall(store_url, seeded=False)
    request.addfinalizer(hall.close)
    hall.office.seed(SERVICES, WINDOWS)
    return hall


def together(*jobs: Callable[[], object]) -> None:
    """Run all of them at once, and raise what one of them raises."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        start.wait(60)
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for running in [pool.submit(run, job) for job in jobs]:
            running.result()


def numbers_in_store(hall: OfficeHall) -> list[str]:
    with hall.store.read() as conn:
        return list(conn.scalars(select(tables.ticket.c.number).order_by(tables.ticket.c.number)))


def all_numbers(count: int) -> list[str]:
    return [f"A{n:03}" for n in range(1, count + 1)]


def test_eight_kiosks_and_eight_windows_at_once_double_nothing_and_lose_nothing(busy: OfficeHall) -> None:
    each = 40
    issued: list[str] = []
    called: list[str] = []
    done = threading.Event()

    def kiosk() -> None:
        for _ in range(each):
            issued.append(busy.office.issue("licence", DESK, print=True).ticket.number)

    def window(name: str) -> Callable[[], None]:
        def work() -> None:
            while True:
                over = done.is_set()
                now = busy.office.call_next(name, CLERK)
                if now is None:
                    if over:
                        return
                    done.wait(0.001)
                    continue
                called.append(now.ticket.number)
                busy.office.finish(name, CLERK)

        return work

    def kiosks() -> None:
        try:
            together(*[kiosk] * 8)
        finally:
            done.set()

    together(kiosks, *(window(one.id) for one in WINDOWS))
    assert sorted(issued) == all_numbers(8 * each)
    assert sorted(called) == all_numbers(8 * each)
    assert numbers_in_store(busy) == all_numbers(8 * each)
    seqs = [event.seq for event in busy.office.events_after(0, 10_000)]
    assert seqs == list(range(1, 3 * 8 * each + 1))


def test_of_two_presses_at_one_window_one_calls(busy: OfficeHall) -> None:
    for _ in range(8):
        busy.issue()
    outcomes: list[str] = []

    def press() -> None:
        try:
            called = busy.office.call_next("1", CLERK)
            assert called
            outcomes.append(called.ticket.number)
        except StateError as error:
            outcomes.append(error.code)

    together(*[press] * 8)
    assert sorted(outcomes) == ["A001"] + ["window_busy"] * 7


def test_views_do_not_wait_for_writers(busy: OfficeHall) -> None:
    busy.issue()
    with busy.store.write() as conn:
        conn.execute(tables.counter.update().values(last=7))
        assert busy.office.hall().services[0].waiting == 1
        assert busy.office.board().seq == 1


def child(url: str, program: str) -> Forked:
    prologue = "import sys\nfrom offices import *\n" + (
        f"hall = OfficeHall({url!r}, seeded=False)\nsys.stdin.readline()\n"
    )
    return Forked(prologue + program)


def test_two_processes_on_one_store_double_nothing_and_lose_nothing(busy: OfficeHall) -> None:
    issuing = "for _ in range(60): print(hall.office.issue('licence', DESK, print=False).ticket.number)\n"
    calling = (
        "for _ in range(70):\n"
        "    called = hall.office.call_next(window, CLERK)\n"
        "    if called:\n"
        "        print(called.ticket.number)\n"
        "        hall.office.finish(window, CLERK)\n"
    )

    def run(*programs: str) -> list[str]:
        children = [child(busy.url, program) for program in programs]
        for process in children:
            process.go()
        return [line for process in children for line in process.finish().split()]

    assert sorted(run(issuing, issuing)) == all_numbers(120)
    assert numbers_in_store(busy) == all_numbers(120)
    assert sorted(run(f"window = '1'\n{calling}", f"window = '2'\n{calling}")) == all_numbers(120)
    assert busy.call("3") == ""


@pytest.mark.parametrize("lines", [1, 7, 23, 60])
def test_what_was_answered_before_a_kill_is_there_after_it(busy: OfficeHall, lines: int) -> None:
    program = (
        "while True:\n"
        "    issued = hall.office.issue('licence', DESK, print=True)\n"
        "    print(issued.ticket.number, issued.code)\n"
    )
    with child(busy.url, program) as process:
        process.go()
        answered = [process.stdout.readline().split() for _ in range(lines)]
        process.kill()
        answered += [line.split() for line in process.stdout if line.endswith("\n") and len(line.split()) == 2]
    busy.restart()
    for number, code in answered:
        view = busy.office.ticket_of_code(code)
        assert (view.ticket.number, view.ticket.print) == (number, "pending")
    # At most one was committed whose answer nobody heard.
    stored = numbers_in_store(busy)
    assert len(stored) - len(answered) in (0, 1)
    assert stored == all_numbers(len(stored))
    assert busy.issue().ticket.number == f"A{len(stored) + 1:03}"
    assert busy.call("1") == "A001"
