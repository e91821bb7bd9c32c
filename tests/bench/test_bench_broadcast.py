"""From the press of *call next* to 200 screens, against a bare broadcast on the same web server."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from load import Raw, Streams
from program import QuhaoProcess

STREAMS, FEW_STREAMS = 200, 50


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


@pytest.mark.timeout(600)
def test_bench_press_to_screens(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], bare: Callable[[str], tuple[int, int]]
) -> None:
    presses, streams = (60, STREAMS) if whole else (5, FEW_STREAMS)
    with ExitStack() as stack:
        quhao = stack.enter_context(QuhaoProcess(tmp_path))
        desk, clerk = quhao.token("desk"), quhao.token("clerk", "3")
        quhao.start()
        port, _ = bare("broadcast")
        issuing, calling, bare_post = (
            stack.enter_context(closing(one)) for one in (Raw(quhao.port, desk), Raw(quhao.port, clerk), Raw(port))
        )
        for _ in range(2 * presses):
            assert issuing.post("/api/v1/tickets", {"service": "business-licence"})[0] == 201
        ours = stack.enter_context(closing(Streams(quhao.port, "/api/v1/events", streams)))
        theirs = stack.enter_context(closing(Streams(port, "/events", streams)))
        our_times: list[float] = []
        bare_times: list[float] = []
        for _ in range(presses):
            ours.drain()
            begin = time.perf_counter()
            assert calling.post("/api/v1/windows/3/call-next")[0] == 200
            our_times += ours.wait_for(b"ticket.called", begin)
            assert calling.post("/api/v1/windows/3/finish", {"outcome": "done"})[0] == 200
            theirs.drain()
            begin = time.perf_counter()
            assert bare_post.post("/broadcast")[0] == 200
            bare_times += theirs.wait_for(b"ticket.called", begin)
        half, most = percentile(our_times, 0.5), percentile(our_times, 0.99)
        bare_half, bare_most = percentile(bare_times, 0.5), percentile(bare_times, 0.99)
        figure(
            f"press to {streams} screens: p50 {half:.1f} ms, p99 {most:.1f} ms; "
            f"bare broadcast p50 {bare_half:.1f} ms, p99 {bare_most:.1f} ms: p99 {most / bare_most:.2f}x"
        )
