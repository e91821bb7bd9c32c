"""Two programs on one PostgreSQL, with eight clients that issue and eight that call and finish, all at once."""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import rush
from load import Raw, rate
from postgres import PostgresServer

PROGRAMS = 2


@pytest.mark.timeout(600)
def test_bench_two_programs_on_one_postgresql(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    seconds = 8.0 if whole else 0.3
    # Nobody measures in short form: the tests' own server will do, which does not wait for the disk.
    server = PostgresServer(durable=True) if whole else None
    url = server.url(server.create()) if server else request.getfixturevalue("shared_url")
    hall = rush.Rush(tmp_path, url, PROGRAMS)
    verbs = {"issued": 0, "called and finished": 0}
    connections: list[Raw] = []
    nobody = threading.Event()

    def connect(index: int, token: str) -> Raw:
        connections.append(Raw(hall.programs[index % PROGRAMS].port, token))
        return connections[-1]

    def issuing(index: int) -> Callable[[], int]:
        raw, chance = connect(index, hall.desk), random.Random(index)

        def step() -> int:
            assert raw.post("/api/v1/tickets", {"service": chance.choice(rush.SERVICES)})[0] == 201
            verbs["issued"] += 1
            return 1

        return step

    def calling(index: int) -> Callable[[], int]:
        raw = connect(index, hall.clerk)

        def step() -> int:
            called = raw.post(f"/api/v1/windows/{index + 1}/call-next")[0]
            if called == 204:
                nobody.wait(0.005)
                return 0
            assert called == 200
            assert raw.post(f"/api/v1/windows/{index + 1}/finish", {"outcome": "done"})[0] == 200
            verbs["called and finished"] += 1
            return 2

        return step

    def work(index: int) -> Callable[[], int]:
        return issuing(index) if index < rush.CLIENTS else calling(index - rush.CLIENTS)

    try:
        for program in hall.programs:
            program.start()
        rate(2 * rush.CLIENTS, seconds / 8, work)
        before = dict(verbs)
        asked = rate(2 * rush.CLIENTS, seconds, work)
        told = ", ".join(f"{what} {(count - before[what]) / seconds:.0f}/s" for what, count in verbs.items())
        figure(f"{PROGRAMS} programs on PostgreSQL, 8 + 8 clients: {told}, {asked:.0f} verbs/s")
    finally:
        for raw in connections:
            raw.close()
        hall.stop()
        if server:
            server.close()
