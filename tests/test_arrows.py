"""Which package and which room may import which: import-linter's contracts, each broken once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "display", "drivers", "kiosk", "ticketing")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )


def test_the_arrows_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("drivers/errors.py", "import ticketing.model", "config, drivers and ticketing know nobody"),
        ("ticketing/model.py", "import config.values", "config, drivers and ticketing know nobody"),
        ("config/values.py", "import drivers.errors", "config, drivers and ticketing know nobody"),
        ("display/masking.py", "import drivers.errors", "display is words"),
        ("display/masking.py", "import config.values", "display is words"),
        ("ticketing/model.py", "import display.masking", "kiosk knows everyone"),
        ("drivers/errors.py", "import kiosk.service", "kiosk knows everyone"),
        ("ticketing/store/tables.py", "import ticketing.day.ledger", "the rooms of ticketing"),
        ("ticketing/people/people.py", "import ticketing.privacy.vault", "the rooms of ticketing"),
    ],
)
def test_an_import_the_wrong_way_is_found(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [one for one in done.stdout.splitlines() if one.endswith("BROKEN")]
    assert any(one.startswith(contract) for one in broken), done.stdout


def test_a_module_outside_the_rooms_is_found(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    (tmp_path / "ticketing" / "utils.py").write_text("")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "ticketing.utils" in done.stdout
