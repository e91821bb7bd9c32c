"""``make`` for a person who may not install packages: one line says what to type, and nothing else fails after it."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def ordinary(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody without root and ``sudo``, on a Debian that lacks every package."""
    for name, does in (("dpkg", "exit 1"), ("id", "echo 1000"), ("sudo", "exit 1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        program.chmod(0o755)
    # The tests may themselves be run by make.
    here = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return here | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


def make(environment: dict[str, str], folder: Path, target: str, has_venv: bool) -> subprocess.CompletedProcess[str]:
    """Make the virtual environment's Python or the target's packages, with a Python that can make one or cannot."""
    python = folder / "python"
    venv = folder / "venv"
    made = f"mkdir -p {venv}/bin && touch {venv}/bin/python"
    python.write_text(f'#!/bin/sh\ncase "$1" in -c) exit {int(not has_venv)};; *) {made};; esac\n', "utf-8")
    python.chmod(0o755)
    return subprocess.run(
        ["make", "-s", "-C", ROOT, f"PYTHON={python}", f"VENV={venv}", target.format(venv=venv)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_venv_the_demo_ends_with_the_line_to_type(ordinary: dict[str, str], tmp_path: Path) -> None:
    done = make(ordinary, tmp_path, "{venv}/bin/python", has_venv=False)
    assert done.returncode != 0
    assert "sudo apt-get install python3-venv" in done.stdout
    # Nothing was tried after it: make itself says that it stops.
    assert len(done.stdout.splitlines() + done.stderr.splitlines()) == 2, done
    assert not (tmp_path / "venv").exists()


def test_without_fonts_and_voice_the_demo_goes_on(ordinary: dict[str, str], tmp_path: Path) -> None:
    done = make(ordinary, tmp_path, "{venv}/bin/python", has_venv=True)
    assert done.returncode == 0, done
    assert "sudo apt-get install" in done.stdout
    assert (tmp_path / "venv/bin/python").exists()


def test_the_tests_need_every_package(ordinary: dict[str, str], tmp_path: Path) -> None:
    done = make(ordinary, tmp_path, "test-packages", has_venv=True)
    assert done.returncode != 0
    assert "postgresql" in done.stdout
