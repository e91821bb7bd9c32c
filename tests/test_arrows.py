"""Which package and which room may import which: import-linter's contracts, each broken once."""

import re
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


WRONG = (
    ("drivers/__init__.py", "import ticketing", "config, drivers and ticketing know nobody"),
    ("ticketing/__init__.py", "import config", "config, drivers and ticketing know nobody"),
    ("config/__init__.py", "import drivers", "config, drivers and ticketing know nobody"),
    ("display/__init__.py", "import drivers", "display is words"),
    ("display/__init__.py", "import config", "display is words"),
    ("ticketing/__init__.py", "import display", "kiosk knows everyone"),
    ("drivers/__init__.py", "import kiosk", "kiosk knows everyone"),
    ("ticketing/store/tables.py", "import ticketing.day.ledger", "the rooms of ticketing"),
    ("ticketing/events.py", "import ticketing.model", "the rooms of ticketing"),
    ("ticketing/day/numbers.py", "import ticketing.setup.timetable", "the rooms of ticketing"),
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
)
"""A module, an import that it must not have, and the contract that says so."""


@pytest.fixture(scope="module")
def found(copy: Path) -> Iterator[dict[str, str]]:
    """What is found by contract, by its name, where the copy has all wrong imports at once."""
    before = {copy / module: (copy / module).read_text("utf-8") for module, _, _ in WRONG}
    for module, line, _ in WRONG:
        with (copy / module).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    done = lint(copy)
    for path, text in before.items():
        path.write_text(text, "utf-8")
    assert done.returncode == 1, done.stdout + done.stderr
    # Each part begins with the contract's name, underlined.
    parts = re.split(r"^(.+)\n-+\n", done.stdout.partition("Broken contracts")[2], flags=re.MULTILINE)
    yield dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("module", "line", "contract"), WRONG)
def test_an_arrow_the_wrong_way_is_found(found: dict[str, str], module: str, line: str, contract: str) -> None:
    said = next(said for name, said in found.items() if name.startswith(contract))
    importer, imported = module.removesuffix(".py").removesuffix("/__init__").replace("/", "."), line.split()[1]
    # A circle is told within a package: ".base -> .sqlite".
    within = f"- .{importer.rpartition('.')[2]} -> .{imported.rpartition('.')[2]} "
    assert f"{importer} -> {imported} (" in said or within in said, said


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


@pytest.mark.parametrize("package", PACKAGES)
def test_a_folder_has_at_most_16_modules(package: str) -> None:
    for folder in (ROOT / package, *(ROOT / package).rglob("*/")):
        modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        # Of migrations there is one a schema.
        assert len(modules) <= 16 or folder.name == "versions", f"{folder.relative_to(ROOT)}: {sorted(modules)}"
