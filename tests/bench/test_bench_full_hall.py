"""A minute with eight issuing and eight calling clients, on SQLite in one program and on PostgreSQL in two."""

from collections.abc import Callable
from pathlib import Path

import pytest

import rush
from postgres import PostgresServer


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [0, 10])
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_bench_a_minute_of_a_full_hall(
    tmp_path: Path, whole: bool, figure: Callable[[str], None], store: str, kills: int
) -> None:
    seconds = 60.0 if whole else 1.5
    kills = kills if whole else min(kills, 2)
    if store == "sqlite":
        found = rush.run(tmp_path, f"sqlite:///{tmp_path / 'quhao.db'}", 1, seconds, kills)
    else:
        server = PostgresServer(durable=True)
        try:
            found = rush.run(tmp_path, server.url(server.create()), 2, seconds, kills)
        finally:
            server.close()
    programs = 1 if store == "sqlite" else 2
    figure(f"{seconds:.0f} s, {programs} program(s) on {store}, kill -9 {kills} times: {found}, 0 doubled, 0 missing")
