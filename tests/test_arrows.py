"""Which package and which room may import which: import-linter's contracts, each broken once."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code once more, to be broken."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=lambda place, names: [
                name for name in names if not (name.endswith(".py") or (Path(place) / name).is_dir())
            ],
        )
    return folder


@pytest.fixture
def broken(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The copy with one import more, in the module that the test's parameters name."""
    module = copy / request.getfixturevalue("module")
    was = module.read_text("utf-8")
    module.write_text(f"{was}\n{request.getfixturevalue('line')}\n", "utf-8")
    yield copy
    module.write_text(was, "utf-8")


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("drivers/__init__.py", "import ticketing", "config, drivers and ticketing know nobody"),
        ("ticketing/__init__.py", "import config", "config, drivers and ticketing know nobody"),
        ("config/__init__.py", "import drivers", "config, drivers and ticketing know nobody"),
        ("display/__init__.py", "import drivers", "display is words"),
        ("display/__init__.py", "import config", "display is words"),
        ("ticketing/__init__.py", "import display", "kiosk knows everyone"),
        ("drivers/__init__.py", "import kiosk", "kiosk knows everyone"),
        ("ticketing/store/tables.py", "import ticketing.day.ledger", "the rooms of ticketing"),
        ("ticketing/events.py", "import ticketing.model", "the rooms of ticketing"),
        ("ticketing/people/people.py", "import ticketing.privacy.vault", "the rooms of ticketing"),
        ("ticketing/store/base.py", "import ticketing.store.sqlite", "no import circles"),
        ("kiosk/resident/session.py", "import kiosk.web.auth", "the rooms of kiosk"),
        ("kiosk/devices/probing.py", "import kiosk.wiring", "the rooms of kiosk"),
        ("kiosk/devices/probing.py", "import kiosk.demonstration.hall_day", "the rooms of kiosk"),
        ("kiosk/resident/printing.py", "import kiosk.devices.announcing", "the rooms of kiosk"),
        ("kiosk/web/schema/answers.py", "import kiosk.web.api.tickets", "inside kiosk.web"),
        ("kiosk/web/auth.py", "import kiosk.web.hall", "inside kiosk.web"),
        ("kiosk/web/code_guessing.py", "import kiosk.web.streams", "inside kiosk.web"),
        ("drivers/led/bx.py", "import drivers.printer.escpos", "drivers: the registry"),
        ("drivers/scanner/driver.py", "import drivers.simulators.plug_pty", "drivers: the registry"),
        ("drivers/port.py", "import drivers.device", "drivers: the registry"),
        ("drivers/simulators/scanner.py", "import drivers.simulators.printer.paper", "simulators: families"),
    ],
)
def test_an_arrow_the_wrong_way_is_found(broken: Path, module: str, line: str, contract: str) -> None:
    done = lint(broken)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [said for said in done.stdout.splitlines() if said.startswith(contract) and said.endswith("BROKEN")]


@pytest.mark.parametrize("package", ["ticketing", "kiosk"])
def test_a_module_outside_the_rooms_is_found(copy: Path, package: str) -> None:
    stray = copy / package / "utils.py"
    stray.write_text("")
    try:
        done = lint(copy)
    finally:
        stray.unlink()
    assert done.returncode == 1
    assert f"{package}.utils" in done.stdout
