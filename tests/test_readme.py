"""The README tells all: a setting, command or dependency that it does not mention fails here."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import click
from pydantic import BaseModel

from config.settings import Settings
from drivers.kinds import KINDS
from kiosk.cli.main import quhao

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def keys(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= keys(part)
    return found


def test_every_setting_stands_in_the_readme() -> None:
    words = set(re.findall(r"[a-z_][a-z0-9_]*", README))
    assert set().union(keys(Settings), *(keys(kind.settings) for kind in KINDS.values())) - words == set()


def test_every_driver_stands_in_the_readme() -> None:
    assert [driver for driver in KINDS if f"\n| `{driver}` |" not in README] == []


def test_every_command_stands_in_the_readme() -> None:
    def names(group: click.Group, head: str) -> list[str]:
        return [
            name
            for command in group.commands.values()
            for name in (
                names(command, f"{head} {command.name}")
                if isinstance(command, click.Group)
                else [f"{head} {command.name}"]
            )
        ]

    assert [name for name in names(quhao, "quhao") if f"`{name}" not in README] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    table = README.split("## Dependencies")[1].split("##")[0]
    names = {re.split(r"[\[<>=]", one)[0] for one in wanted}
    assert {name for name in names if name not in table and not name.startswith("types-")} == set()


def test_the_pictures_it_shows_are_there() -> None:
    pictures = re.findall(r"\]\((kiosk/screenshots/[^)]+\.png)\)", README)
    assert len(pictures) >= 5
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def test_the_first_two_commands_are_targets_of_the_makefile() -> None:
    commands = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    assert commands
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for line in commands.group(1).splitlines():
        assert f"\n{line.split()[1]}:" in makefile


def _pins(name: str) -> dict[str, tuple[str, ...]]:
    """The hashes of each ``package==version`` in a file; fails on any other line."""
    text = (ROOT / name).read_text("utf-8").replace(" \\\n", " ")
    pins = {}
    for line in text.splitlines():
        pin, *hashes = line.split()
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][a-z0-9.!+]*", pin), line
        assert hashes
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", one) for one in hashes), line
        pins[pin] = tuple(hashes)
    return pins


def test_constraints_pin_everything_by_hash_and_name_no_host() -> None:
    everything, box = _pins("constraints.txt"), _pins("requirements.txt")
    assert box.items() <= everything.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=]", one)[0] for one in wanted}
    assert names <= {pin.split("==")[0] for pin in everything}
