"""kill -9 at random moments: 200 times, and a few in the short form."""

from collections.abc import Callable
from pathlib import Path

import pytest

import soak


@pytest.mark.timeout(3600)
def test_bench_power_cuts(tmp_path: Path, whole: bool, figure: Callable[[str], None]) -> None:
    rounds = 200 if whole else 3
    figures = soak.run(tmp_path, rounds, seed=1)
    figure(f"kill -9: {rounds} times, {figures}")
