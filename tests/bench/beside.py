"""What is measured in turns with this program: another checkout, and bare applications."""

import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import program
from wires import wait_until


@dataclass(frozen=True)
class Side:
    """Whose code a program runs.

    Attributes:
        name: fit for a folder and for the figures.
        checkout: the other checkout; None is this one.
    """

    name: str
    checkout: Path | None = None

    def folder(self, below: Path) -> Path:
        """A new folder for all that is its own."""
        place = below / self.name
        place.mkdir()
        return place


THIS = Side("this")


def other(checkout: Path) -> Side:
    """The checkout at this place.

    Raises:
        pytest.UsageError: it has no ``.venv`` in which its own packages are found.
    """
    checkout = checkout.absolute()
    python = checkout / ".venv/bin/python"
    if not python.exists():
        raise pytest.UsageError(f"{python} is not there: make .venv/.demo in {checkout}, and install '.[postgres]'")
    found = subprocess.run(
        [python, "-c", "import kiosk; print(kiosk.__file__)"],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if not Path(found).is_relative_to(checkout):
        raise pytest.UsageError(f"{python} runs {found}")
    commit = subprocess.run(
        ["git", "-C", checkout, "log", "-1", "--format=%h"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return Side(commit or checkout.name, checkout)


class Bare:
    """Starts bare applications.

    Attributes:
        servers: the servers they run on, each with the Python that can import it.
    """

    def __init__(self, servers: dict[str, str], folder: Path) -> None:
        self.servers = servers
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, mode: str, server: str) -> tuple[int, int]:
        """An application in the mode named; its port and process id."""
        port = program.free_port()
        folder = self._folder / f"bare-{server}"
        folder.mkdir(exist_ok=True)
        file = Path(__file__).parent / "bare.py"
        command = [self.servers[server], str(file), mode, str(port), str(folder), server]
        self._processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        wait_until(lambda: _answers(port), 60)
        return port, self._processes[-1].pid

    def stop(self) -> None:
        """End them all."""
        for process in self._processes:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    """Whether a server is ready there."""
    client = program.Client(port)
    try:
        return client.get("//healthz").status == 200
    except OSError:
        return False
    finally:
        client.close()


def compare(ours: Sequence[float], theirs: Sequence[float], unit: str, digits: int = 0) -> str:
    """Medians of both, and ratios ours to theirs, pair by pair: their median, lowest and highest."""
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    spread = f" in {len(ratios)} pairs ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
    return (
        f"{statistics.median(ours):.{digits}f} and {statistics.median(theirs):.{digits}f} {unit}: "
        f"{statistics.median(ratios):.2f}x{spread}"
    )
