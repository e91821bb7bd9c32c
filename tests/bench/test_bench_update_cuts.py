"""Updates from each released schema, there and back, and with the power going: one of the two versions, with all data.

In the short form the power goes once, in the update of a box whose store is of the first release.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.box.updates import Step
from ticketing.store.base import KNOWN
from update_cuts import Cuts


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_bench_power_cuts_in_updates(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    cuts = Cuts(tmp_path / "file", seed=1)
    if not whole:
        cuts.round(0, snapshot=True, step=Step.STARTING, schema=KNOWN[0])
        return
    for schema in KNOWN:
        cuts.there_and_back(schema)
    figure(
        f"updates from {len(KNOWN)} released schemas to the next version and back: all that lay in the stores is there"
    )
    for number in range(80):
        cuts.round(number, snapshot=bool(number % 2), schema=KNOWN[number % len(KNOWN)])
    shared = Cuts(tmp_path / "shared", seed=2, server=request.getfixturevalue("postgres"))
    for number in range(20):
        shared.round(number, snapshot=False)
    figure(f"power cuts in updates: 80 times on SQLite, ended with {cuts.ends}; 20 on PostgreSQL, with {shared.ends}")
