"""The simulated hall, in processes of its own: see :mod:`tests.simulation.hall`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(1200)


def simulate(*arguments: str, hash_seed: int) -> list[str]:
    """The lines that the simulation's command prints, in which no rule is broken."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"see python -m tests.simulation SEED: {done.stdout}{done.stderr}"
    return done.stdout.splitlines()


def test_every_rule_holds_and_a_seed_is_the_same_hall_again_in_another_process() -> None:
    *digests, figures = simulate("1-25", "--digests", hash_seed=1)
    assert figures.startswith("25 seeds, 0 broken")
    *again, _ = simulate("1-2", "--digests", hash_seed=2)
    assert again == digests[:2]
    assert len(set(digests)) == 25


def test_every_rule_holds_in_the_halls_of_more_seeds() -> None:
    *_, figures = simulate("26-50", hash_seed=0)
    assert figures.startswith("25 seeds, 0 broken")
    for kind in ("ticket.missed", "ticket.transferred", "ticket.expired", "slip", "copy"):
        assert f"'{kind}'" in figures
