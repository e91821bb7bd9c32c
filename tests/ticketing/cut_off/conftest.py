"""What the tests of cut-off boxes share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cut_off_boxes import SMALL, Box
from offices import OfficeHall
from ticketing.cut_off.rules import LeaseRules


@pytest.fixture
def hall(desk: OfficeHall) -> OfficeHall:
    return desk


@pytest.fixture
def boxes(hall: OfficeHall, tmp_path: Path) -> Iterator[Callable[..., Box]]:
    made: list[Box] = []

    def make(name: str, rules: LeaseRules = SMALL) -> Box:
        made.append(Box(hall, tmp_path, name, rules))
        return made[-1]

    yield make
    for one in made:
        one.close()
