"""Another checkout beside this one: its own code runs, and pairs are compared as pairs."""

import sys
from pathlib import Path

import pytest

from beside import compare, other


def test_a_checkouts_own_code_runs_although_its_python_knows_this_one(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with pytest.raises(pytest.UsageError, match=r"runs .*kiosk"):
        other(tmp_path)
    (tmp_path / "kiosk").mkdir()
    (tmp_path / "kiosk/__init__.py").touch()
    assert other(tmp_path).checkout == tmp_path


def test_a_checkout_without_a_python_of_its_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"is not there: make \.venv"):
        other(tmp_path)


def test_ratios_are_taken_pair_by_pair() -> None:
    told = compare([100, 200, 400], [100, 100, 100], "a second")
    assert told == "200 and 100 a second: 2.00x in 3 pairs (1.00 to 4.00)"
