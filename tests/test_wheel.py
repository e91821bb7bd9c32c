"""The wheel that ``pip wheel .`` makes: complete, and it runs from where it was unpacked."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from os import environ
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from program import CONFIG, Client, free_port, stopped
from wires import wait_until

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "display", "drivers", "kiosk", "ticketing")
STAY = ("config/debian/", "kiosk/screenshots/", "kiosk/web/conformance.md", "kiosk/web/package.json")
"""What the source alone has: how the Debian package is made, the README's pictures, what readers and tools read."""
LEFT_BY_TOOLS = ("__pycache__", "node_modules", ".egg-info", ".mypy_cache", ".ruff_cache")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, in a folder of their own."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("quhao-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked"


def run(unpacked: Path, *arguments: str) -> CompletedProcess[str]:
    """``quhao`` out of the wheel, in a folder where nothing else of it lies."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *arguments], capture_output=True, text=True, timeout=100, **place(unpacked)
    )


def place(unpacked: Path) -> dict[str, object]:
    return {"cwd": unpacked, "env": environ | {"PYTHONPATH": str(unpacked), "PYTHONIOENCODING": "utf-8"}}


def test_every_file_of_the_five_packages_is_in_it(unpacked: Path) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not any(left in str(path) for left in LEFT_BY_TOOLS)
    }
    wanted = {path for path in wanted if not path.startswith(STAY)}
    packed = {str(path.relative_to(unpacked)) for package in PACKAGES for path in (unpacked / package).rglob("*.*")}
    assert {path for path in packed if "__pycache__" not in path} == wanted


def test_its_command_is_quhao_and_it_needs_what_the_project_says(unpacked: Path) -> None:
    (about,) = unpacked.glob("quhao-*.dist-info")
    assert "quhao = kiosk.__main__:main" in (about / "entry_points.txt").read_text("utf-8")
    told = re.findall(r"^Requires-Dist: ([^;\n]+)$", (about / "METADATA").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[<>=]", one)[0] for one in project["dependencies"]]
    assert [re.split(r"[<>=]", one)[0] for one in told] == names


def test_the_demonstration_is_in_it(unpacked: Path) -> None:
    done = run(unpacked, "demo", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert run(unpacked, "--config", "config/demo.toml", "check").returncode == 0


@pytest.fixture
def served(unpacked: Path, tmp_path: Path) -> Iterator[Client]:
    """A client of a hall that runs out of the wheel."""
    port = free_port()
    config = tmp_path / "hall.toml"
    config.write_text(CONFIG.format(port=port, devices=""), "utf-8")
    command = [sys.executable, "-m", "kiosk", "--config", str(config), "run"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **place(unpacked))  # type: ignore[call-overload]
    client = Client(port)
    try:
        wait_until(lambda: answers(client), 100)
        yield client
        assert stopped(process) == 0
    finally:
        client.close()
        process.kill()
        process.wait(60)


def answers(client: Client) -> bool:
    try:
        return client.get("//healthz").status == 200
    except OSError:
        return False


def test_a_hall_runs_out_of_it_and_serves_its_pages_with_all_they_load(served: Client) -> None:
    for page in ("/screen", "/guide"):
        answer = served.get(f"/{page}")
        assert answer.status == 200
        loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.body.decode())
        assert loaded
        assert [path for path in loaded if served.get(f"/{path}").status != 200] == []
