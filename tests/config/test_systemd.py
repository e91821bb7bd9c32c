"""The systemd units: how much of the box they may reach, by systemd's own measure, and when timers start them."""

import re
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "config/systemd"
UNIT = UNITS / "quhao.service"
MOST = 2.5
"""Exposure from 0 (sealed off) to 10 (unsafe)."""


@pytest.mark.parametrize("name", ["quhao", "quhao-backup", "quhao-verify"])
def test_the_unit_lets_the_service_reach_little(name: str) -> None:
    unit = UNITS / f"{name}.service"
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True
    )
    exposure = re.search(rf"Overall exposure level for {name}.service: ([\d.]+)", told.stdout)
    assert exposure, told.stderr
    assert float(exposure[1]) <= MOST


def test_a_crash_leaves_no_memory_on_the_disk() -> None:
    for unit in UNITS.glob("*.service"):
        assert "\nLimitCORE=1\n" in unit.read_text("utf-8")


def test_each_timer_starts_a_service_at_a_time_that_systemd_knows() -> None:
    timers = list(UNITS.glob("*.timer"))
    assert {one.with_suffix(".service").is_file() for one in timers} == {True}
    times = [
        line.split("=", 1)[1] for one in timers for line in one.read_text("utf-8").splitlines() if "OnCalendar=" in line
    ]
    told = subprocess.run(["systemd-analyze", "calendar", *times], capture_output=True, text=True)
    assert (told.returncode, told.stdout.count("Normalized form:")) == (0, len(timers)), told.stderr


def test_systemd_understands_each_line_of_the_units() -> None:
    units = sorted(one for one in UNITS.iterdir() if one.suffix in {".service", ".timer"})
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    # What they start is on a box alone; units of this machine that they name are its own affair.
    ours = [line for line in told.stderr.splitlines() if re.match(r"(\S*/)?quhao", line)]
    assert [line for line in ours if not line.endswith("is not executable: No such file or directory")] == []
