"""Every verb of the queue in any order: some thousand steps on each store, and tens of thousands when whole."""

from collections.abc import Callable

import pytest

import every_verb


@pytest.mark.timeout(3600)
def test_bench_every_verb(store_url: str, whole: bool, figure: Callable[[str], None]) -> None:
    # On PostgreSQL each step takes three times as long.
    examples, steps = (300, 100) if whole else (20 if store_url.startswith("sqlite") else 8, 60)
    every_verb.run(store_url, examples, steps)
    figure(f"{examples * steps} steps as the model says, on {store_url.partition(':')[0].partition('+')[0]}")
