"""Offices to work in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offices import OfficeHall


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OfficeHall]:
    """An office with three services and three windows, on a store of its own, on a Monday morning at nine."""
    hall = OfficeHall(tmp_path)
    yield hall
    hall.close()
