"""The audit log on a real store, and whatever somebody with a database tool may do to it."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import empty_store
from keyrings import held
from offices import CHEAP, LI, PATIENCE, OfficeHall
from offices import CLERK as WANG
from ticketing.model import Actor
from ticketing.people.people import People
from ticketing.privacy import access_log
from ticketing.privacy.access_log import Verdict
from ticketing.privacy.vault import Vault, VaultError, is_sealed
from ticketing.store.base import Store
from ticketing.store.opening import open_store
from ticketing.store.tables import access_log as table

MASTER = bytes(range(32))
AT = datetime(2026, 11, 20, 9, 30, 15, 123457, tzinfo=UTC)
CLERK = Actor("李清", "clerk", "window 3")
LENGTH = 6


class UndoError(Exception):
    """Thrown inside a transaction to undo it."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    empty_store.lay(tmp_path / "quhao.db")
    return tmp_path / "quhao.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{file}", exclusive=False, patience=PATIENCE)
    yield store
    store.close()


@pytest.fixture
def vault(store: Store) -> Vault:
    return Vault(store, held(MASTER), "xicheng")


def write_entries(store: Store, vault: Vault, count: int) -> None:
    for entry in range(count):
        with store.write() as conn:
            reason = "住址写错" if entry % 2 else None
            access_log.append(conn, vault, AT + timedelta(seconds=entry), CLERK, "scan", entry + 1, reason)


def verdict(store: Store, vault: Vault) -> Verdict:
    with store.read() as conn:
        return access_log.verify(conn, vault)


def tamper(file: Path, *statements: str) -> None:
    """What somebody does who has the file and a database tool, but not the key."""
    conn = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        conn.execute(statement)
    conn.close()


def test_a_new_log_is_whole_and_empty(store: Store, vault: Vault) -> None:
    assert verdict(store, vault) == Verdict(0)


def test_a_log_tells_who_where_when_which_ticket_and_how(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        assert access_log.append(conn, vault, AT, CLERK, "scan", 7, "住址写错") == 1
        assert access_log.append(conn, vault, AT, Actor("erp", "clerk"), "resident", 7) == 2
    with store.read() as conn:
        first, second = conn.execute(select(table).order_by(table.c.seq))
    assert (first.who, first.place, first.ticket_id, first.action, first.reason) == (
        "李清",
        "window 3",
        7,
        "scan",
        "住址写错",
    )
    assert first.at == 1_795_167_015_123_457
    assert (second.who, second.place, second.reason) == ("erp", "", None)
    assert verdict(store, vault) == Verdict(2)


def test_a_log_stays_whole_over_restarts(file: Path) -> None:
    for round_ in range(3):
        store = open_store(f"sqlite:///{file}", exclusive=False)
        vault = Vault(store, held(MASTER), "xicheng")
        write_entries(store, vault, 4)
        assert verdict(store, vault) == Verdict(4 * (round_ + 1))
        store.close()


def test_an_entry_of_a_look_that_was_rolled_back_is_not_there(store: Store, vault: Vault) -> None:
    write_entries(store, vault, 2)
    with pytest.raises(UndoError), store.write() as conn:
        access_log.append(conn, vault, AT, CLERK, "scan", 9)
        raise UndoError
    assert verdict(store, vault) == Verdict(2)
    write_entries(store, vault, 1)
    assert verdict(store, vault) == Verdict(3)


def test_two_processes_write_one_chain(file: Path, store: Store, vault: Vault) -> None:
    other = open_store(f"sqlite:///{file}", exclusive=False, patience=PATIENCE)
    other_vault = Vault(other, held(MASTER), "xicheng")
    threads = [
        threading.Thread(target=write_entries, args=(where, keys, 20))
        for where, keys in ((store, vault), (other, other_vault), (store, vault))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    other.close()
    assert verdict(store, vault) == Verdict(60)


COLUMNS = {
    "at": "at = at + 1",
    "who": "who = '王五'",
    "place": "place = ''",
    "ticket_id": "ticket_id = NULL",
    "action": "action = 'resident'",
    "reason": "reason = ''",
    "no reason that looks like one": "reason = CASE WHEN reason IS NULL THEN 'None' END",
    "digest": "digest = zeroblob(32)",
    "a digest that is text": "digest = 'nothing'",
    "a digest that is nothing of the length": "digest = x''",
    "a time that is text": "at = 'noon'",
}


@pytest.mark.parametrize("entry", range(1, LENGTH + 1))
@pytest.mark.parametrize("change", COLUMNS.values(), ids=COLUMNS.keys())
def test_a_changed_entry_is_found(file: Path, store: Store, vault: Vault, entry: int, change: str) -> None:
    write_entries(store, vault, LENGTH)
    tamper(file, f"UPDATE access_log SET {change} WHERE seq = {entry}")
    assert verdict(store, vault) == Verdict(LENGTH, entry, "changed")


@pytest.mark.parametrize("entry", range(1, LENGTH))
def test_a_removed_entry_is_found(file: Path, store: Store, vault: Vault, entry: int) -> None:
    write_entries(store, vault, LENGTH)
    tamper(file, f"DELETE FROM access_log WHERE seq = {entry}")
    assert verdict(store, vault) == Verdict(LENGTH - 1, entry, "missing")


@pytest.mark.parametrize("entry", range(1, LENGTH))
def test_a_removed_entry_is_found_though_the_others_were_renumbered(
    file: Path, store: Store, vault: Vault, entry: int
) -> None:
    write_entries(store, vault, LENGTH)
    tamper(
        file,
        f"DELETE FROM access_log WHERE seq = {entry}",
        *(f"UPDATE access_log SET seq = {later - 1} WHERE seq = {later}" for later in range(entry + 1, LENGTH + 1)),
    )
    assert verdict(store, vault) == Verdict(LENGTH - 1, entry, "changed")


@pytest.mark.parametrize("left", range(LENGTH))
def test_a_cut_tail_is_found(file: Path, store: Store, vault: Vault, left: int) -> None:
    write_entries(store, vault, LENGTH)
    tamper(file, f"DELETE FROM access_log WHERE seq > {left}")
    assert verdict(store, vault) == Verdict(left, left + 1, "cut")


@pytest.mark.parametrize("seq", [-1, 0, LENGTH + 1, LENGTH + 5])
def test_an_inserted_entry_is_found(file: Path, store: Store, vault: Vault, seq: int) -> None:
    write_entries(store, vault, LENGTH)
    tamper(
        file,
        "INSERT INTO access_log (seq, at, who, place, ticket_id, action, reason, digest) "
        f"SELECT {seq}, at, who, place, ticket_id, action, reason, digest FROM access_log WHERE seq = 2",
    )
    found = verdict(store, vault)
    assert not found.whole
    assert found.broken_at == (1 if seq < 1 else LENGTH + 1)


def test_an_entry_inserted_between_others_is_found(file: Path, store: Store, vault: Vault) -> None:
    write_entries(store, vault, LENGTH)
    tamper(
        file,
        *(f"UPDATE access_log SET seq = {later + 1} WHERE seq = {later}" for later in range(LENGTH, 3, -1)),
        "INSERT INTO access_log (seq, at, who, place, ticket_id, action, reason, digest) "
        "SELECT 4, at, who, place, ticket_id, action, reason, digest FROM access_log WHERE seq = 3",
    )
    assert verdict(store, vault) == Verdict(LENGTH + 1, 4, "changed")


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 5), (5, 6)])
def test_reordered_entries_are_found(file: Path, store: Store, vault: Vault, first: int, second: int) -> None:
    write_entries(store, vault, LENGTH)
    tamper(
        file,
        f"UPDATE access_log SET seq = 99 WHERE seq = {first}",
        f"UPDATE access_log SET seq = {first} WHERE seq = {second}",
        f"UPDATE access_log SET seq = {second} WHERE seq = 99",
    )
    assert verdict(store, vault) == Verdict(LENGTH, first, "changed")


HEADS = {
    "gone": "DELETE FROM fact WHERE name = 'access_log'",
    "zeros": "UPDATE fact SET value = zeroblob(70) WHERE name = 'access_log'",
    "empty": "UPDATE fact SET value = x'' WHERE name = 'access_log'",
    "text": "UPDATE fact SET value = 'whole' WHERE name = 'access_log'",
}


@pytest.mark.parametrize("change", HEADS.values(), ids=HEADS.keys())
def test_a_head_that_is_gone_or_changed_is_found_and_stops_looks(
    file: Path, store: Store, vault: Vault, change: str
) -> None:
    write_entries(store, vault, LENGTH)
    tamper(file, change)
    assert verdict(store, vault) == Verdict(LENGTH, LENGTH + 1, "head")
    with pytest.raises(VaultError, match="audit verify") as refused, store.write() as conn:
        access_log.append(conn, vault, AT, CLERK, "scan", 9)
    assert refused.value.code == "log_broken"


def test_a_tail_cut_together_with_the_head_is_found(file: Path, store: Store, vault: Vault) -> None:
    write_entries(store, vault, LENGTH)
    tamper(file, "DELETE FROM access_log", "DELETE FROM fact WHERE name = 'access_log'")
    assert not verdict(store, vault).whole
    # Nor does the next start mend it.
    assert not verdict(store, Vault(store, held(MASTER), "xicheng")).whole


WIPED = {
    "all but the day": "DELETE FROM fact WHERE name != 'hall_day'",
    "all facts": "DELETE FROM fact",
    "the proof": "DELETE FROM fact WHERE name = 'master_key'",
    "all that tells of residents": "DELETE FROM fact; DELETE FROM resident; DELETE FROM day_key; DELETE FROM answer",
    "all but the services": "DELETE FROM fact; DELETE FROM day_key; DELETE FROM event; DELETE FROM counter; "
    "DELETE FROM resident; DELETE FROM print_job; DELETE FROM ticket",
}


@pytest.mark.parametrize("change", WIPED.values(), ids=WIPED.keys())
def test_a_log_wiped_with_the_proof_of_the_key_is_not_taken_for_a_new_one(file_desk: OfficeHall, change: str) -> None:
    code = file_desk.issue(resident=LI).code
    number = file_desk.call()
    file_desk.office.scan("1", code, WANG)
    assert (number, verdict(file_desk.store, file_desk.vault)) == ("A001", Verdict(1))
    file_desk.close()
    tamper(file_desk.path, "DELETE FROM access_log", *change.split("; "))
    # Neither a start nor `quhao audit verify`, which both begin like this, nor trying again.
    for _ in range(2):
        with pytest.raises(VaultError, match="proof of its key was removed") as refused:
            file_desk.open()
        assert refused.value.code == "proof_missing"
        # Nor is a new key made for it.
        assert is_sealed(file_desk.store)
        file_desk.close()


def test_people_may_be_added_before_the_first_start(store: Store) -> None:
    people = People(store, cost=CHEAP)
    people.add_account("li", "clerk", ["3"], "correct horse")
    people.add_token("erp", "clerk", ["3"])
    assert people.login("li", "correct horse", AT)
    assert not is_sealed(store)
    assert verdict(store, Vault(store, held(MASTER), "xicheng")) == Verdict(0)


def test_a_head_of_another_moment_is_found(file: Path, store: Store, vault: Vault) -> None:
    write_entries(store, vault, 3)
    conn = sqlite3.connect(file)
    old = conn.execute("SELECT value FROM fact WHERE name = 'access_log'").fetchone()[0]
    conn.close()
    write_entries(store, vault, 3)
    tamper(file, f"UPDATE fact SET value = x'{old.hex()}' WHERE name = 'access_log'")
    assert verdict(store, vault) == Verdict(6, 6, "head")


def test_a_break_is_not_healed_by_the_entries_after_it(file: Path, store: Store, vault: Vault) -> None:
    write_entries(store, vault, LENGTH)
    tamper(file, f"DELETE FROM access_log WHERE seq = {LENGTH}")
    write_entries(store, vault, 3)
    assert verdict(store, vault) == Verdict(LENGTH + 2, LENGTH, "missing")


def test_an_entry_of_another_branch_of_the_same_log_is_found(
    file: Path, store: Store, vault: Vault, tmp_path: Path
) -> None:
    write_entries(store, vault, 3)
    store.checkpoint()
    branch_file = tmp_path / "branch.db"
    shutil.copy(file, branch_file)
    write_entries(store, vault, 3)
    branch = open_store(f"sqlite:///{branch_file}", exclusive=False)
    branch_vault = Vault(branch, held(MASTER), "xicheng")
    for entry in range(3):
        with branch.write() as conn:
            access_log.append(conn, branch_vault, AT, CLERK, "resident", entry)
    branch.close()
    tamper(
        file,
        f"ATTACH '{branch_file}' AS branch",
        "DELETE FROM access_log WHERE seq = 5",
        "INSERT INTO access_log SELECT * FROM branch.access_log WHERE seq = 5",
    )
    assert verdict(store, vault) == Verdict(LENGTH, 5, "changed")


def test_a_log_of_another_key_is_not_taken_for_ours(file: Path, store: Store, vault: Vault, tmp_path: Path) -> None:
    write_entries(store, vault, LENGTH)
    other = open_store(f"sqlite:///{tmp_path}/other.db", exclusive=False)
    other_vault = Vault(other, held(bytes(32)), "xicheng")
    assert not verdict(store, other_vault).whole
    other.close()


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Vault, list[bytes]]]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('log')}/quhao.db", exclusive=False)
    vault = Vault(store, held(MASTER), "xicheng")
    write_entries(store, vault, 12)
    with store.read() as conn:
        digests = list(conn.scalars(select(table.c.digest).order_by(table.c.seq)))
    yield store, vault, digests
    store.close()


@given(entry=st.integers(1, 12), place=st.integers(0, 31), change=st.integers(1, 255))
@settings(max_examples=40)
def test_any_changed_byte_of_any_digest_is_found(
    long_log: tuple[Store, Vault, list[bytes]], entry: int, place: int, change: int
) -> None:
    store, vault, digests = long_log
    spoilt = bytearray(digests[entry - 1])
    spoilt[place] ^= change
    with store.engine.connect() as conn, conn.begin() as transaction:
        conn.execute(table.update().where(table.c.seq == entry).values(digest=bytes(spoilt)))
        assert access_log.verify(conn, vault) == Verdict(12, entry, "changed")
        transaction.rollback()


@given(
    who=st.text(max_size=8),
    place=st.text(max_size=8),
    action=st.text(max_size=8),
    reason=st.none() | st.text(max_size=8),
)
@settings(max_examples=40)
def test_fields_of_any_text_verify(
    long_log: tuple[Store, Vault, list[bytes]], who: str, place: str, action: str, reason: str | None
) -> None:
    store, vault, _ = long_log
    with store.engine.connect() as conn, conn.begin() as transaction:
        access_log.append(conn, vault, AT, Actor(who, "clerk", place), action, None, reason)
        assert access_log.verify(conn, vault) == Verdict(13)
        transaction.rollback()
