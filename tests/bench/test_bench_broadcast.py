"""From the press of *call next* to the screens, against a bare broadcast on the same web server."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest

from load import Raw, Streams
from program import CONFIG, QuhaoProcess

SETTLED = 3.0
"""Seconds after its start until the program has put its collector at rest, which holds it up once."""


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


def megabytes(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 1e6)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("screens", [200, 1000])
def test_bench_press_to_screens(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], bare: Callable[[str], tuple[int, int]], screens: int
) -> None:
    presses, warm_up, streams = (60, 5, screens) if whole else (3, 1, screens // 20)
    with ExitStack() as stack:
        config = CONFIG.replace("[server]", "[server]\nmax_streams = 1200")
        quhao = stack.enter_context(QuhaoProcess(tmp_path, config=config))
        desk, clerk = quhao.token("desk"), quhao.token("clerk", "3")
        quhao.start()
        started = time.monotonic()
        port, bare_pid = bare("broadcast")
        issuing, calling, bare_post = (
            stack.enter_context(closing(one)) for one in (Raw(quhao.port, desk), Raw(quhao.port, clerk), Raw(port))
        )
        for _ in range(2 * (presses + warm_up)):
            assert issuing.post("/api/v1/tickets", {"service": "business-licence"})[0] == 201
        if whole:
            time.sleep(max(0, started + SETTLED - time.monotonic()))
        assert quhao.process
        pids = quhao.process.pid, bare_pid
        before = [megabytes(pid) for pid in pids]
        ours = stack.enter_context(closing(Streams(quhao.port, "/api/v1/events", streams)))
        theirs = stack.enter_context(closing(Streams(port, "/events", streams)))
        our_times: list[float] = []
        bare_times: list[float] = []
        for number in range(presses + warm_up):
            ours.drain()
            begin = time.perf_counter()
            assert calling.post("/api/v1/windows/3/call-next")[0] == 200
            told = ours.wait_for(b"ticket.called", begin)
            assert calling.post("/api/v1/windows/3/finish", {"outcome": "done"})[0] == 200
            theirs.drain()
            begin = time.perf_counter()
            assert bare_post.post("/broadcast")[0] == 200
            bare_told = theirs.wait_for(b"ticket.called", begin)
            if number >= warm_up:
                our_times += told
                bare_times += bare_told
        half, most = percentile(our_times, 0.5), percentile(our_times, 0.99)
        bare_half, bare_most = percentile(bare_times, 0.5), percentile(bare_times, 0.99)
        grown, bare_grown = (megabytes(pid) - was for pid, was in zip(pids, before, strict=True))
        figure(
            f"press to {streams} screens: p50 {half:.1f} ms, p99 {most:.1f} ms, memory + {grown:.0f} MB; "
            f"bare broadcast p50 {bare_half:.1f} ms, p99 {bare_most:.1f} ms, + {bare_grown:.0f} MB: "
            f"p99 {most / bare_most:.2f}x"
        )
