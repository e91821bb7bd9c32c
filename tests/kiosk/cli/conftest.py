"""Programs in processes of their own, and a printer that somebody else wrote."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foreign import ForeignPrinter, ForeignReader
from program import QuhaoProcess


@pytest.fixture
def new_quhao(tmp_path: Path) -> Iterator[Callable[..., QuhaoProcess]]:
    """Makes programs, each in a folder of its own, and sees that none is left."""
    made: list[QuhaoProcess] = []

    def make(**options: Any) -> QuhaoProcess:
        folder = tmp_path / f"box-{len(made)}"
        folder.mkdir()
        made.append(QuhaoProcess(folder, **options))
        return made[-1]

    yield make
    for process in made:
        process.stop()


@pytest.fixture
def quhao(new_quhao: Callable[..., QuhaoProcess]) -> QuhaoProcess:
    return new_quhao()


@pytest.fixture
def printer() -> Iterator[ForeignPrinter]:
    printer = ForeignPrinter()
    printer.start()
    yield printer
    printer.stop()


@pytest.fixture
def reader() -> Iterator[ForeignReader]:
    reader = ForeignReader()
    reader.start()
    yield reader
    reader.stop()
