"""The simulated hall, in processes of its own: see :mod:`tests.simulation.hall`."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]
SEEDS = {"1": (1, 26), "2": (26, 50)}
"""First and last seed, by the order of hashes in the process: one of them is in both."""

pytestmark = pytest.mark.timeout(1200)


def simulate(hash_seed: str) -> tuple[dict[str, str], str]:
    """What the simulation's command prints of its seeds: a hash of what happened, by seed, and the figures of all."""
    first, last = SEEDS[hash_seed]
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", f"{first}-{last}", "--digests"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"see python -m tests.simulation SEED: {done.stdout}{done.stderr}"
    *digests, figures = done.stdout.splitlines()
    assert figures.startswith(f"{last - first + 1} seeds, 0 broken")
    return dict(line.split() for line in digests), figures


@pytest.mark.long
def test_every_rule_holds_and_a_seed_is_the_same_hall_again_in_another_process() -> None:
    with ThreadPoolExecutor(2) as pool:
        (some, figures), (others, more) = pool.map(simulate, SEEDS)
    assert [seed for seed in some if seed in others] == ["26"]
    assert some["26"] == others["26"]
    assert len({*some.values(), *others.values()}) == 50
    for kind in (
        "ticket.missed",
        "ticket.transferred",
        "ticket.expired",
        "slip",
        "copy",
        "issued alone",
        "begun alone",
        "merged",
    ):
        assert f"'{kind}'" in figures + more, f"nothing of the kind {kind} happened"


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_rule_can_still_be_taken_out(name: str) -> None:
    # Whether it is then missed takes up to 200 seeds: see tests/bench/test_bench_simulation.py.
    with MUTATIONS[name]():
        pass
