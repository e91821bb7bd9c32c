"""Eight clients issue and eight call: the short form of the minute in ``tests/bench``."""

from pathlib import Path

import pytest

import rush
from postgres import PostgresServer


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kills", [0, 2])
def test_one_program_on_sqlite_gives_each_number_once_and_calls_it_once(tmp_path: Path, kills: int) -> None:
    figures = rush.run(tmp_path, f"sqlite:///{tmp_path / 'quhao.db'}", 1, 4.0, kills)
    assert figures["issued"] > 50


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kills", [0, 4])
def test_two_programs_on_postgresql_give_each_number_once_and_call_it_once(
    tmp_path: Path, postgres: PostgresServer, kills: int
) -> None:
    name = postgres.create()
    figures = rush.run(tmp_path, postgres.url(name), 2, 4.0, kills)
    assert figures["issued"] > 50
    postgres.drop(name)
