"""Memory when idle, and time from start to ready, against a bare Flask application on the same web server."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from program import QuhaoProcess


@pytest.mark.timeout(600)
def test_bench_memory_and_start(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], bare: Callable[[str], tuple[int, int]]
) -> None:
    runs = 7 if whole else 1
    ours, theirs, our_memory, bare_memory = [], [], [], []
    # The store is there, as on any day but the first.
    with QuhaoProcess(tmp_path) as quhao:
        quhao.start()
        assert quhao.terminate() == 0
        for _ in range(runs):
            begin = time.perf_counter()
            quhao.start(ready="//healthz")
            ours.append(time.perf_counter() - begin)
            assert quhao.process
            our_memory.append(psutil.Process(quhao.process.pid).memory_info().rss / 1e6)
            quhao.terminate()
            begin = time.perf_counter()
            _, pid = bare("hello")
            theirs.append(time.perf_counter() - begin)
            bare_memory.append(psutil.Process(pid).memory_info().rss / 1e6)
    memory, bare_rss = statistics.median(our_memory), statistics.median(bare_memory)
    start, bare_start = statistics.median(ours), statistics.median(theirs)
    figure(f"memory idle: {memory:.0f} MB, bare Flask {bare_rss:.0f} MB: {memory / bare_rss:.2f}x")
    figure(f"start to ready: {start:.2f} s, bare Flask {bare_start:.2f} s: {start / bare_start:.2f}x")
