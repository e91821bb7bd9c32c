"""Offices to work in."""

from collections.abc import Iterator

import pytest

from offices import OfficeHall


@pytest.fixture
def desk(store_url: str) -> Iterator[OfficeHall]:
    """An office with three services and three windows, on a store of its own, on a Monday morning at nine.

    The test runs once on SQLite and once on PostgreSQL.
    """
    hall = OfficeHall(store_url)
    yield hall
    hall.close()
