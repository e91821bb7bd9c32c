"""Who may know whom: the design's arrows, held against the code's own imports."""

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
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )


def test_the_arrows_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("drivers", "import ticketing"),
        ("ticketing", "import config"),
        ("config", "import drivers"),
        ("display", "import drivers"),
        ("display", "import config"),
        ("ticketing", "import display"),
        ("drivers", "import kiosk"),
    ],
)
def test_an_arrow_the_wrong_way_is_found(tmp_path: Path, package: str, line: str) -> None:
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"{line}\n" if name == package else "")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
