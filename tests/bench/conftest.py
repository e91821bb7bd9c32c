"""Benchmarks print their figures in the end; they assert only that the work was done right."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import program
from wires import wait_until

FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES]:
            terminalreporter.write_line(line)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Notes a line for the summary."""
    return request.config.stash[FIGURES].append


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Callable[[str], tuple[int, int]]]:
    """Starts a bare server in the mode named; gives its port and process id."""
    processes = []

    def start(mode: str) -> tuple[int, int]:
        port = program.free_port()
        file = Path(__file__).parent / "bare.py"
        process = subprocess.Popen(
            [sys.executable, str(file), mode, str(port), str(tmp_path)], stderr=subprocess.DEVNULL
        )
        processes.append(process)
        wait_until(lambda: answers(port), 20)
        return port, process.pid

    yield start
    for process in processes:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether a server is ready there."""
    client = program.Client(port)
    try:
        return client.get("//healthz").status == 200
    except OSError:
        return False
    finally:
        client.close()
