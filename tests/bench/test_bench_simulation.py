"""The simulated hall: 1,000 seeds, and every safety rule that is taken out is missed, when whole."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MUTATIONS = re.findall(
    r"^def (\w+)\(\) -> Iterator", (ROOT / "tests" / "simulation" / "mutations.py").read_text("utf-8"), re.M
)
AT_ONCE = 2


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the simulation's command in a process of its own."""
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)


@pytest.mark.timeout(7200)
def test_bench_seeds(whole: bool, figure: Callable[[str], None]) -> None:
    """Seeds behind those of ``tests/simulation``."""
    spans = [f"{first}-{first + 49}" for first in range(1, 1001, 50)] if whole else ["51-52"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in pool.map(simulate, spans):
            assert done.returncode == 0, done.stdout + done.stderr
            figure(done.stdout.splitlines()[-1])


@pytest.mark.timeout(7200)
def test_bench_each_safety_rule_is_missed(whole: bool, figure: Callable[[str], None]) -> None:
    """Without a rule at most 200 seeds are needed to find that it is gone."""
    names = MUTATIONS if whole else ["keys_ignored"]
    assert len(MUTATIONS) >= 5
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, done in zip(names, pool.map(lambda one: simulate("1-200", "--without", one), names), strict=True):
            assert done.returncode == 1, f"without the rule, {name}: {done.stdout}{done.stderr}"
            assert done.stdout.startswith("caught by seed"), f"{name}: {done.stdout}{done.stderr}"
            figure(f"{name} {done.stdout.strip()}")
