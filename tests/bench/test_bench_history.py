"""Issue and call next with years of tickets behind them, against a store with none, side by side on the same disk."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offices import CLERK, DESK, OfficeHall
from past import analyse, fill
from postgres import PostgresServer

LINE = 20
"""How many wait meanwhile."""


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path, whole: bool) -> Iterator[Callable[[str], str]]:
    """Where a store of this name is made; when whole, a server that waits for its disk, as a real one does."""
    if request.param == "sqlite":
        yield lambda name: f"sqlite:///{tmp_path / name}.db"
        return
    server = PostgresServer(durable=True) if whole else request.getfixturevalue("postgres")
    made: list[str] = []

    def make(_name: str) -> str:
        made.append(server.create())
        return server.url(made[-1])

    yield make
    for name in made:
        server.drop(name)
    if whole:
        server.close()


def one_round(hall: OfficeHall) -> dict[str, tuple[float, float]]:
    """Somebody comes, somebody is called and served: how long each took, and of that by this thread's own work."""
    hall.later(seconds=1)
    at = [(time.perf_counter(), time.thread_time())]
    hall.office.issue("tax", DESK, print=True)
    at.append((time.perf_counter(), time.thread_time()))
    assert hall.office.call_next("2", CLERK)
    at.append((time.perf_counter(), time.thread_time()))
    hall.office.finish("2", CLERK)
    at.append((time.perf_counter(), time.thread_time()))
    verbs = ("issue", "call next", "finish")
    return {verb: (at[n + 1][0] - at[n][0], at[n + 1][1] - at[n][1]) for n, verb in enumerate(verbs)}


@pytest.mark.timeout(1800)
def test_bench_history(whole: bool, figure: Callable[[str], None], new_url: Callable[[str], str]) -> None:
    tickets, rounds = (1_000_000, 1500) if whole else (8_000, 20)
    empty, old = OfficeHall(new_url("empty")), OfficeHall(new_url("old"))
    try:
        fill(old.store, tickets)
        analyse(old.store)
        old.restart()
        for hall in (empty, old):
            for _ in range(LINE):
                hall.issue("tax", print=True)
            one_round(hall)
        took: dict[OfficeHall, list[dict[str, tuple[float, float]]]] = {empty: [], old: []}
        for turn in range(rounds):
            # Whoever is second finds the disk as the first left it, so they take turns.
            for hall in (empty, old) if turn % 2 else (old, empty):
                took[hall].append(one_round(hall))
        for verb in ("issue", "call next", "finish"):
            # The disk's time is the same for both, and most of it: the work beside it is shown apart.
            none, many, own_none, own_many = (
                statistics.median(one[verb][which] for one in took[hall]) * 1000
                for which in (0, 1)
                for hall in (empty, old)
            )
            figure(
                f"{empty.store.engine.dialect.name}, {verb}: {many:.2f} ms with {tickets:,} past tickets, "
                f"{none:.2f} ms with none: {many / none:.2f}x; "
                f"this process's own work {own_many:.2f} and {own_none:.2f} ms: {own_many / own_none:.2f}x"
            )
        assert old.office.last_seq() - empty.office.last_seq() == 4 * tickets
        assert [len(took[hall]) for hall in (empty, old)] == [rounds, rounds]
    finally:
        empty.close()
        old.close()
