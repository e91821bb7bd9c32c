"""Issue and call next per second, against one durable commit on the same server and store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from load import Raw, rate
from program import CONFIG, QuhaoProcess

WINDOWS = 8


@pytest.mark.timeout(600)
def test_bench_issue_and_call(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], bare: Callable[[str], tuple[int, int]]
) -> None:
    seconds = 4.0 if whole else 0.2
    warm_up = 0.3 if whole else 0.05
    windows = "".join(f'\n[[windows]]\nid = "w{n}"\nname = "{n}号"\n' for n in range(WINDOWS))
    quhao = QuhaoProcess(tmp_path, config=CONFIG + windows)
    desk, clerk = quhao.token("desk"), quhao.token("clerk", *(f"w{n}" for n in range(WINDOWS)))
    port, _ = bare("commit")
    connections: list[Raw] = []

    def connect(to: int, token: str | None = None) -> Raw:
        connections.append(Raw(to, token))
        return connections[-1]

    def committing(_index: int) -> Callable[[], int]:
        raw = connect(port)

        def step() -> int:
            assert raw.post("/commit")[0] == 201
            return 1

        return step

    def issuing(_index: int) -> Callable[[], int]:
        raw = connect(quhao.port, desk)

        def step() -> int:
            assert raw.post("/api/v1/tickets", {"service": "business-licence"})[0] == 201
            return 1

        return step

    def calling(index: int) -> Callable[[], int]:
        raw = connect(quhao.port, clerk)

        def step() -> int:
            called = raw.post(f"/api/v1/windows/w{index}/call-next")[0]
            if called == 204:
                # The machine stood still while tickets were issued, and all are served.
                return 1
            assert called == 200
            assert raw.post(f"/api/v1/windows/w{index}/finish", {"outcome": "done"})[0] == 200
            return 2

        return step

    try:
        quhao.start()
        for clients in (1, 8):
            rate(clients, warm_up, committing)
            rate(clients, warm_up, issuing)
            commits = rate(clients, seconds, committing)
            issued = rate(clients, seconds * 2, issuing)
            called = rate(clients, seconds, calling)
            again = rate(clients, seconds, committing)
            base = (commits + again) / 2
            figure(
                f"{clients} client(s): issue {issued:.0f}/s, call next or finish {called:.0f}/s, "
                f"one bare durable commit {base:.0f}/s: {issued / base:.2f}x and {called / base:.2f}x"
            )
    finally:
        for raw in connections:
            raw.close()
        quhao.stop()
