"""The property test of all verbs, whole: tens of thousands of steps on each store."""

from collections.abc import Callable

import pytest

import every_verb


@pytest.mark.timeout(3600)
def test_bench_every_verb(store_url: str, whole: bool, figure: Callable[[str], None]) -> None:
    examples, steps = (300, 100) if whole else (2, 20)
    every_verb.run(store_url, examples, steps)
    figure(f"{examples * steps} steps as the model says, on {store_url.partition(':')[0].partition('+')[0]}")
