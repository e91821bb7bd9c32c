"""A minute with eight issuing and eight calling clients, on SQLite in one program and on PostgreSQL in two."""

from collections.abc import Callable
from pathlib import Path

import pytest

import empty_store
import rush
from postgres import PostgresServer


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [0, 10])
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_bench_a_minute_of_a_full_hall(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], request: pytest.FixtureRequest, store: str, kills: int
) -> None:
    seconds = 60.0 if whole else 0.5
    # In short, each program is killed once.
    kills = kills if whole else min(kills, 1 if store == "sqlite" else 2)
    if store == "sqlite":
        empty_store.lay(tmp_path / "quhao.db")
        found = rush.run(tmp_path, f"sqlite:///{tmp_path / 'quhao.db'}", 1, seconds, kills)
    elif not whole:
        # Nobody measures: the tests' own server will do, which does not wait for the disk.
        found = rush.run(tmp_path, request.getfixturevalue("shared_url"), 2, seconds, kills)
    else:
        server = PostgresServer(durable=True)
        try:
            found = rush.run(tmp_path, server.url(server.create()), 2, seconds, kills)
        finally:
            server.close()
    programs = 1 if store == "sqlite" else 2
    figure(f"{seconds:g} s, {programs} program(s) on {store}, kill -9 {kills} times: {found}, 0 doubled, 0 missing")
