"""kill -9 at random points: the short form of the soak in ``tests/bench``."""

from pathlib import Path

import pytest

import soak


@pytest.mark.timeout(300)
def test_power_cuts_lose_double_and_repeat_nothing(tmp_path: Path) -> None:
    figures = soak.run(tmp_path, rounds=10)
    assert figures["tickets"] > 10
    assert figures["printed"] > 10
