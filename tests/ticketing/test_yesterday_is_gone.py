"""After a day's end nothing of it opens, with all that is left of the store, old copies of it, and the new keys.

The thief is a program that has all of the source. It takes everything for a wrapped day key that stands near the day's
name, in the files as they are now and as they were yesterday, and tries every key it can make.
"""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from offices import CHEN, CLERK, LI, OfficeHall
from ticketing.privacy import sealing
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.keys import Keys, parse
from ticketing.privacy.sealing import SHA256, BrokenSealError
from ticketing.store import tables

if TYPE_CHECKING:
    from postgres import PostgresServer

# A day that no other test has: those on PostgreSQL share one log.
YESTERDAY, TODAY = "2026-05-17", "2026-05-18"
WRAPPED = 1 + sealing.NONCE_BYTES + sealing.KEY_BYTES + sealing.TAG_BYTES
NEAR = 48
"""Bytes between a day's name and what a database keeps in the next column."""
FORWARD = 160
"""Days that the thief goes on with a chain."""


class Thief:
    """Everything that can be made of a key file, and tried on bytes."""

    def __init__(self, keys: Keys, hall: str) -> None:
        self._hall = hall.encode()
        chains = {chain.key for chain in (keys.chain, keys.following) if chain}
        known = {keys.root, keys.lasting or keys.root, *keys.seals, *chains, *(key for _, key in keys.months)}
        labels = (b"wrap", b"lasting seal", b"lasting hash", b"month", b"next day")
        self._wraps = set(known)
        for secret in known:
            for name in labels:
                self._wraps |= {SHA256.derive(secret, 32, name), SHA256.derive(secret, 32, self._hall, name)}
        for key in chains:
            for _ in range(FORWARD):
                self._wraps.add(SHA256.derive(key, 32, self._hall, b"wrap"))
                key = SHA256.derive(key, 32, b"next day")

    def open(self, content: bytes, day: str) -> set[bytes]:
        """The day keys of ``day`` that it finds."""
        name = day.encode()
        tried = {
            content[begin : begin + WRAPPED]
            for found in re.finditer(name, content)
            for begin in range(found.end(), found.end() + NEAR)
            if content[begin : begin + 1] in (b"\1", b"\2", b"\3")
        }
        opened = set()
        for candidate in tried:
            for wrap in self._wraps:
                with suppress(BrokenSealError):
                    opened.add(sealing.unseal(wrap, candidate, self._hall, name, b"day key", b""))
        return opened


@pytest.fixture
def hall(store_url: str, tmp_path: Path) -> Iterator[OfficeHall]:
    """A hall whose keys are in a file."""
    with closing(OfficeHall(store_url, keys=KeyFile(tmp_path / "keys" / "master.key"))) as hall:
        yield hall


def files_of(hall: OfficeHall, server: "PostgresServer | None") -> bytes:
    """Everything the store has on the disk."""
    if server is None:
        return b"".join(one.read_bytes() for one in sorted(hall.path.parent.glob(f"{hall.path.name}*")))
    name = urlsplit(hall.url).path.lstrip("/")
    server.execute("CHECKPOINT", database=name)
    oid = server.execute(f"SELECT oid FROM pg_database WHERE datname = '{name}'")[0][0]
    data = server.folder / "data"
    kept = [*(data / "base" / str(oid)).iterdir(), *(data / "pg_wal").iterdir()]
    return b"".join(one.read_bytes() for one in sorted(kept) if one.is_file())


@pytest.fixture
def server(request: pytest.FixtureRequest, store_url: str) -> "PostgresServer | None":
    return None if store_url.startswith("sqlite") else request.getfixturevalue("postgres")


def test_of_yesterday_nothing_opens(hall: OfficeHall, server: "PostgresServer | None", tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    hall.now = datetime.fromisoformat(f"{YESTERDAY}T09:00:00+08:00")
    for resident in (LI, CHEN):
        hall.issue("licence", resident, print=True)
    hall.call()
    with hall.store.read() as conn:
        rows = conn.scalars(select(tables.day_key.c.wrapped).where(tables.day_key.c.hall_day == YESTERDAY)).all()
    old_file, old_files = path.read_text("ascii"), files_of(hall, server)

    hall.next_day()
    hall.office.end_of_day()
    hall.issue("licence", CHEN)
    assert hall.office.purge(hall.now.date()) == 2, "yesterday, and the day on which the hall was set up"
    new_files = files_of(hall, server)
    if server is not None:
        assert rows[0] in new_files, "PostgreSQL keeps what was erased in its log: so the keys must be gone"

    everything = old_files + new_files + b"".join(YESTERDAY.encode() + row for row in rows)
    of_yesterday, of_today = Thief(parse(old_file), "hall"), Thief(KeyFile(path).keys, "hall")
    assert len(of_yesterday.open(everything, YESTERDAY)) == 1, "with yesterday's key file the thief is good at it"
    assert len(of_today.open(new_files, TODAY)) == 1, "and with today's for today"
    assert of_today.open(everything, YESTERDAY) == set()
    left = b"".join(one.read_bytes() for one in path.parent.iterdir())
    old = parse(old_file).chain
    assert old
    assert old.key.hex().encode() not in left


def test_who_had_a_case_is_gone_with_the_months_key(hall: OfficeHall) -> None:
    issued = hall.issue("licence", LI)
    hall.call()
    hall.office.scan("1", issued.code, CLERK)
    hall.office.conclude("1", CLERK, "promised", print=False)
    with hall.store.read() as conn:
        person = conn.scalar(select(tables.case_file.c.person_hash))
        assert person
        assert person in hall.vault.month_hashes("case of", LI.id_number or "")
    # A whole year later: the row forgets, and so does whoever kept a copy of it.
    hall.now = datetime.fromisoformat("2027-03-02T09:00:00+08:00")
    hall.office.end_of_day()
    hall.office.purge(hall.now.date())
    with hall.store.read() as conn:
        assert conn.scalar(text("SELECT count(*) FROM case_file WHERE person_hash IS NOT NULL")) == 0
    hall.restart()
    assert person not in hall.vault.month_hashes("case of", LI.id_number or "")
    assert hall.keys.keys.months[0][0] >= "2026-09"
