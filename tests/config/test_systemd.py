"""The systemd unit: how much of the box the service may reach, by systemd's own measure."""

import re
import subprocess
from pathlib import Path

UNIT = Path(__file__).parents[2] / "config/systemd/quhao.service"
MOST = 2.5
"""Exposure from 0 (sealed off) to 10 (unsafe)."""


def test_the_unit_lets_the_service_reach_little() -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT], capture_output=True, text=True
    )
    exposure = re.search(r"Overall exposure level for quhao.service: ([\d.]+)", told.stdout)
    assert exposure, told.stderr
    assert float(exposure[1]) <= MOST


def test_a_crash_leaves_no_memory_on_the_disk() -> None:
    assert "\nLimitCORE=1\n" in UNIT.read_text("utf-8")
