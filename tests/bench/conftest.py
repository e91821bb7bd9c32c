"""Benchmarks print their figures in the end; they assert only that the work was done right."""

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from beside import THIS, Bare, Side, other

FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    # By the tests' reports, so that those of other processes (-n) are told, too.
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    told = [value for report in reports for name, value in getattr(report, "user_properties", []) if name == "figure"]
    if lines := [*config.stash[FIGURES], *map(str, told)]:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Notes a line for the summary."""
    return lambda line: record_property("figure", line)


@pytest.fixture(scope="session")
def sides(request: pytest.FixtureRequest) -> list[Side]:
    """Whose code is measured in turns: this checkout's, and that of ``--beside`` after it."""
    checkout = request.config.getoption("--beside")
    return [THIS, other(checkout)] if checkout else [THIS]


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, sides: list[Side]) -> dict[str, str]:
    """On which servers bare applications run, each with a Python that can import it.

    Cheroot is no dependency any more: it is looked for in this Python and in that of ``--beside``.
    """
    found = {"uvicorn": sys.executable}
    pythons = [sys.executable] if find_spec("cheroot") else []
    for side in sides:
        if side.checkout and list((side.checkout / ".venv").glob("lib/python*/site-packages/cheroot")):
            pythons.append(str(side.checkout / ".venv/bin/python"))
    if pythons:
        found["cheroot"] = pythons[0]
    else:
        request.config.stash[FIGURES].append("cheroot is not installed: no bare application on it")
    return found


@pytest.fixture
def bare(tmp_path: Path, servers: dict[str, str]) -> Iterator[Bare]:
    """Starts bare applications, and stops them in the end."""
    some = Bare(servers, tmp_path)
    yield some
    some.stop()
