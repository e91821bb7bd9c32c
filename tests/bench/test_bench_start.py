"""Memory when idle, and time from start to ready, in turns with a bare Flask application and another checkout."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from beside import Bare, Side, compare
from program import QuhaoProcess


@pytest.mark.timeout(600)
def test_bench_memory_and_start(
    tmp_path: Path,
    whole: bool,
    figure: Callable[[str], None],
    bare: Bare,
    sides: list[Side],
) -> None:
    runs = 7 if whole else 1
    starts: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, list[float]] = defaultdict(list)

    def note(name: str, begin: float, pid: int) -> None:
        starts[name].append(time.perf_counter() - begin)
        memory[name].append(psutil.Process(pid).memory_info().rss / 1e6)

    with ExitStack() as stack:
        halls = {
            side.name: stack.enter_context(QuhaoProcess(side.folder(tmp_path), checkout=side.checkout))
            for side in sides
        }
        # The store and its key are there, as on any day but the first.
        for quhao in halls.values() if whole else ():
            quhao.start()
            assert quhao.terminate() == 0
        for _ in range(runs):
            for name, quhao in halls.items():
                begin = time.perf_counter()
                quhao.start(ready="//healthz")
                assert quhao.process
                note(name, begin, quhao.process.pid)
                assert quhao.terminate() == 0
            for server in bare.servers:
                begin = time.perf_counter()
                _, pid = bare.start("hello", server)
                note(f"bare Flask on {server}", begin, pid)
    this = sides[0].name
    for what, unit, digits, taken in (("memory idle", "MB", 0, memory), ("start to ready", "s", 2, starts)):
        figure(f"{what}: {statistics.median(taken[this]):.{digits}f} {unit}")
        for name in taken:
            if name != this:
                figure(f"  beside {name}: {compare(taken[this], taken[name], unit, digits)}")
