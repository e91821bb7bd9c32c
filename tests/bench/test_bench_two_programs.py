"""Two programs on one PostgreSQL, with eight clients that issue and eight that call and finish, all at once."""

import random
import statistics
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

import rush
from beside import Side, compare
from load import Raw, rate
from postgres import PostgresServer

PROGRAMS = 2


class Hall(rush.Rush):
    """A hall of two programs, and how many of its verbs were done."""

    def __init__(self, side: Side, folder: Path, url: str) -> None:
        super().__init__(side.folder(folder), url, PROGRAMS, checkout=side.checkout)
        self.name = side.name
        self._done = {"issued": 0, "called and finished": 0}
        self._nobody = threading.Event()
        self._chances = [random.Random(index) for index in range(rush.CLIENTS)]

    def start(self) -> None:
        for program in self.programs:
            program.start()

    def turn(self, seconds: float) -> dict[str, float]:
        """What was done in a second, and the CPU time of a verb in ms."""
        before = dict(self._done)
        pids = [program.process.pid for program in self.programs if program.process]
        turn = rate(2 * rush.CLIENTS, seconds, self._connect, self._step, pids)
        counts = {what: (count - before[what]) / seconds for what, count in self._done.items()}
        return counts | {"verbs": turn.rate, "cpu": turn.cpu}

    def _connect(self, index: int) -> Raw:
        port = self.programs[index % PROGRAMS].port
        return Raw(port, self.desk if index < rush.CLIENTS else self.clerk)

    def _step(self, raw: Raw, index: int) -> int:
        if index < rush.CLIENTS:
            assert raw.post("/api/v1/tickets", {"service": self._chances[index].choice(rush.SERVICES)})[0] == 201
            self._done["issued"] += 1
            return 1
        window = index - rush.CLIENTS + 1
        called = raw.post(f"/api/v1/windows/{window}/call-next")[0]
        if called == 204:
            self._nobody.wait(0.005)
            return 0
        assert called == 200
        assert raw.post(f"/api/v1/windows/{window}/finish", {"outcome": "done"})[0] == 200
        self._done["called and finished"] += 1
        return 2


@pytest.mark.timeout(600)
def test_bench_two_programs_on_one_postgresql(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], request: pytest.FixtureRequest, sides: list[Side]
) -> None:
    rounds, seconds = (4 * len(sides), 2.0) if whole else (1, 0.2)
    with ExitStack() as stack:
        if whole or len(sides) > 1:
            server = PostgresServer(durable=True)
            stack.callback(server.close)
            urls = [server.url(server.create()) for _ in sides]
        else:
            # Nobody measures in short form: the tests' own server will do, which does not wait for the disk.
            urls = [request.getfixturevalue("shared_url")]
        halls = []
        for side, url in zip(sides, urls, strict=True):
            halls.append(Hall(side, tmp_path, url))
            stack.callback(halls[-1].stop)
        turns: dict[tuple[str, str], list[float]] = defaultdict(list)
        for hall in halls:
            hall.start()
            hall.turn(seconds / 2)
        for _ in range(rounds):
            for hall in halls:
                for what, count in hall.turn(seconds).items():
                    turns[hall.name, what].append(count)
    this, *others = (hall.name for hall in halls)
    told = {what: statistics.median(counts) for (name, what), counts in turns.items() if name == this}
    figure(
        f"{PROGRAMS} programs on PostgreSQL, 8 + 8 clients: issued {told['issued']:.0f}/s, called and finished "
        f"{told['called and finished']:.0f}/s, {told['verbs']:.0f} verbs/s, {told['cpu']:.2f} ms of CPU each"
    )
    for name in others:
        for what in ("issued", "called and finished", "verbs"):
            figure(f"  {what} beside {name}: {compare(turns[this, what], turns[name, what], 'a second')}")
        figure(f"  CPU beside {name}: {compare(turns[this, 'cpu'], turns[name, 'cpu'], 'ms a verb', 2)}")
