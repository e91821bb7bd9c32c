"""The power goes during an update: 100 times, and once in the short form. One of the two versions, with all data."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.box.updates import Step
from update_cuts import Cuts


@pytest.mark.timeout(7200)
def test_bench_power_cuts_in_updates(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    cuts = Cuts(tmp_path / "file", seed=1)
    if not whole:
        cuts.round(0, snapshot=True, step=Step.STARTING)
        return
    for number in range(80):
        cuts.round(number, snapshot=bool(number % 2))
    shared = Cuts(tmp_path / "shared", seed=2, server=request.getfixturevalue("postgres"))
    for number in range(20):
        shared.round(number, snapshot=False)
    figure(f"power cuts in updates: 80 times on SQLite, ended with {cuts.ends}; 20 on PostgreSQL, with {shared.ends}")
