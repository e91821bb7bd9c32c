"""Offices to work in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from offices import OfficeHall


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OfficeHall]:
    """An office with three services and three windows, on a store of its own, on a Monday morning at nine.

    The test runs once on SQLite and once on PostgreSQL.
    """
    if request.param == "sqlite":
        hall = OfficeHall(tmp_path)
    else:
        hall = OfficeHall(request.getfixturevalue("shared_desk_url"), seeded=False)
    yield hall
    hall.close()


@pytest.fixture
def file_desk(tmp_path: Path) -> Iterator[OfficeHall]:
    """The same on a SQLite file alone, for what only such a store has."""
    hall = OfficeHall(tmp_path)
    yield hall
    hall.close()
