"""The Debian package: scripts that a shell takes, and lists that agree. tests/bench installs the whole of it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEBIAN = ROOT / "config/debian"
UNITS = ROOT / "config/systemd"
SCRIPTS = ("build", "index", "offline", "postinst", "prerm", "postrm", "quhao")


def text(name: str) -> str:
    return (DEBIAN / name).read_text("utf-8")


def units(script: str) -> set[str]:
    return set(re.findall(r"quhao(?:-[a-z]+)?\.(?:service|timer)", text(script)))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_shell_takes_the_script(name: str) -> None:
    done = subprocess.run(["sh", "-n", DEBIAN / name], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (DEBIAN / name).stat().st_mode & 0o111


def test_units_that_are_enabled_can_be_and_are_forgotten_when_purged() -> None:
    enabled = units("postinst")
    assert enabled == units("postrm")
    for name in enabled:
        assert "\n[Install]\n" in (UNITS / name).read_text("utf-8")
    assert units("prerm") <= enabled


def test_no_unit_starts_before_the_box_is_set_up() -> None:
    found = [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]
    assert [one.name for one in found if "\nConditionPathExists=" not in one.read_text("utf-8")] == []


def test_units_run_what_the_package_installs() -> None:
    commands = [
        line.partition("=")[2].split()
        for unit in UNITS.glob("*.service")
        for line in unit.read_text("utf-8").splitlines()
        if re.match(r"Exec\w+=", line)
    ]
    assert commands
    for command in commands:
        assert command[0] in {"/usr/bin/quhao", "/opt/quhao/confirmed/bin/python"}, command


def test_the_package_takes_the_python_it_was_built_with() -> None:
    control = text("control").replace("@MINOR@", "11").replace("@NEXT@", "12")
    depends = re.search(r"^Depends: (.*)$", control, re.MULTILINE)
    assert depends
    assert {"python3 (>= 3.11~)", "python3 (<< 3.12~)"} <= set(depends[1].split(", "))


@pytest.mark.parametrize("version", ["1.2-rc1", "1.2.0; rm", "v1", ""])
def test_a_version_that_debian_would_sort_wrongly_is_refused(version: str, tmp_path: Path) -> None:
    done = subprocess.run([DEBIAN / "build", tmp_path / "out", version or " "], capture_output=True, text=True)
    assert done.returncode == 1
    assert "numbers with dots between them" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []
