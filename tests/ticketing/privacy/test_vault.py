"""The vault on a real store: what is sealed opens where it belongs, and nowhere else, and not after its day."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

import empty_store
from keyrings import held
from ticketing.privacy.vault import ErasedError, Vault, VaultError
from ticketing.store.base import Store
from ticketing.store.opening import open_store
from ticketing.store.tables import day_key

MASTER = bytes(range(32))
DAY, NEXT_DAY = "2026-11-20", "2026-11-21"
SECRET = "张小满 11010519491231002X".encode()
CIPHERS = ["aes-256-gcm", "sm4-gcm"]


class UndoError(Exception):
    """Thrown inside a transaction to undo it."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    empty_store.lay(tmp_path / "quhao.db")
    return f"sqlite:///{tmp_path}/quhao.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url, exclusive=False)
    yield store
    store.close()


@pytest.fixture
def vault(store: Store) -> Vault:
    return Vault(store, held(MASTER), "xicheng")


# -- whose store it is -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("vault")
def test_another_master_key_is_refused_at_the_start(store: Store) -> None:
    with pytest.raises(VaultError, match="not the one this store is sealed with") as refused:
        Vault(store, held(bytes(32)), "xicheng")
    assert refused.value.code == "key_wrong"


@pytest.mark.usefixtures("vault")
def test_another_hall_is_refused_at_the_start(store: Store) -> None:
    with pytest.raises(VaultError, match=r"hall\.id") as refused:
        Vault(store, held(MASTER), "dongcheng")
    assert refused.value.code == "hall_changed"


def test_an_unknown_cipher_is_refused(store: Store) -> None:
    with pytest.raises(VaultError, match="aes-256-gcm, sm4-gcm"):
        Vault(store, held(MASTER), "xicheng", "rot13")


# -- sealing and opening -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cipher", CIPHERS)
def test_what_is_sealed_opens_again_also_after_a_restart(url: str, cipher: str) -> None:
    store = open_store(url, exclusive=False)
    store = open_store(url, exclusive=False)
    vault = Vault(store, held(MASTER), "xicheng", cipher)
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
    store.close()
    store = open_store(url, exclusive=False)
    vault = Vault(store, held(MASTER), "xicheng", cipher)
    with store.read() as conn:
        assert vault.open(conn, DAY, "resident", 7, sealed) == SECRET
    store.close()


def test_what_was_sealed_in_the_morning_opens_after_the_cipher_was_changed_at_noon(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        morning = vault.seal(conn, DAY, "resident", 7, SECRET)
    afternoon_vault = Vault(store, held(MASTER), "xicheng", "sm4-gcm")
    with store.write() as conn:
        afternoon = afternoon_vault.seal(conn, DAY, "resident", 8, SECRET)
        assert afternoon_vault.open(conn, DAY, "resident", 7, morning) == SECRET
        assert vault.open(conn, DAY, "resident", 8, afternoon) == SECRET


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize(
    ("day", "purpose", "ident"), [(NEXT_DAY, "resident", 7), (DAY, "answer", 7), (DAY, "resident", 8)]
)
def test_a_seal_moved_elsewhere_in_the_store_does_not_open(
    store: Store, cipher: str, day: str, purpose: str, ident: int
) -> None:
    vault = Vault(store, held(MASTER), "xicheng", cipher)
    with store.write() as conn:
        vault.seal(conn, NEXT_DAY, "resident", 1, b"so that the next day has a key")
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
        with pytest.raises(VaultError, match="does not open") as refused:
            vault.open(conn, day, purpose, ident, sealed)
    assert refused.value.code == "seal_broken"


@pytest.fixture(scope="module", params=CIPHERS)
def one_sealed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('vault')}/quhao.db", exclusive=False)
    vault = Vault(store, held(MASTER), "xicheng", request.param)
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
    yield store, vault, sealed
    store.close()


@given(place=st.integers(min_value=0), change=st.integers(1, 255))
@settings(max_examples=60)
def test_any_changed_byte_does_not_open(one_sealed: tuple[Store, Vault, bytes], place: int, change: int) -> None:
    store, vault, sealed = one_sealed
    spoilt = bytearray(sealed)
    spoilt[place % len(spoilt)] ^= change
    with store.read() as conn, pytest.raises(VaultError):
        vault.open(conn, DAY, "resident", 7, bytes(spoilt))


def test_a_day_key_moved_to_another_day_does_not_open(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        vault.seal(conn, DAY, "resident", 7, SECRET)
        vault.seal(conn, NEXT_DAY, "resident", 7, SECRET)
        moved = conn.scalar(select(day_key.c.wrapped).where(day_key.c.hall_day == DAY))
        conn.execute(update(day_key).where(day_key.c.hall_day == NEXT_DAY).values(wrapped=moved))
        with pytest.raises(VaultError, match="day key"):
            vault.seal(conn, NEXT_DAY, "resident", 7, SECRET)


def test_neither_the_day_key_nor_what_it_seals_is_in_the_stores_files(url: str, store: Store, vault: Vault) -> None:
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
        vault.day_hash(conn, DAY, "person", "11010519491231002X")
    files = b"".join(path.read_bytes() for path in Path(url.removeprefix("sqlite:///")).parent.iterdir())
    assert sealed not in files  # nobody asked the store to keep it
    for secret in (SECRET, MASTER, MASTER.hex().encode(), b"11010519491231002X", b"1\x001\x000\x001\x000\x005"):
        assert secret not in files


# -- hashes and codes --------------------------------------------------------------------------------------------------


def test_a_value_is_found_again_that_day_and_looks_different_the_next(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        today = vault.day_hash(conn, DAY, "person", "11010519491231002X")
        assert len(today) == 32
        assert vault.day_hash(conn, DAY, "person", "11010519491231002X") == today
        assert vault.day_hash(conn, DAY, "code", "11010519491231002X") != today
        assert vault.day_hash(conn, NEXT_DAY, "person", "11010519491231002X") != today
        assert vault.day_hash(conn, DAY, "person", "") != today


def test_a_lasting_hash_is_the_same_on_every_day_and_differs_by_purpose_and_hall(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    assert vault.lasting_hash("code", "X") == Vault(store, held(MASTER), "xicheng").lasting_hash("code", "X")
    assert vault.lasting_hash("code", "X") != vault.lasting_hash("key", "X")
    other = open_store(f"sqlite:///{tmp_path}/other.db", exclusive=False)
    assert vault.lasting_hash("code", "X") != Vault(other, held(MASTER), "dongcheng").lasting_hash("code", "X")
    other.close()


@pytest.mark.parametrize("value", ["", "\0", "\ud800", "𠮷\ue000", "x" * 10_000])
def test_any_text_can_be_hashed(store: Store, vault: Vault, value: str) -> None:
    with store.write() as conn:
        assert len(vault.day_hash(conn, DAY, "person", value)) == 32
    assert len(vault.lasting_hash("person", value)) == 32


def test_a_tickets_code_is_the_same_after_a_restart_and_no_others(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        codes = [vault.day_code(conn, DAY, ticket) for ticket in range(500)]
        assert vault.day_code(conn, NEXT_DAY, 1) != codes[1]
    assert {len(code) for code in codes} == {10}
    assert len(set(codes)) == 500
    with store.read() as conn:
        assert Vault(store, held(MASTER), "xicheng").day_code(conn, DAY, 3) == codes[3]


# -- the day's end -----------------------------------------------------------------------------------------------------


def test_an_erased_day_is_gone_and_the_others_stay(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        gone = vault.seal(conn, DAY, "resident", 7, SECRET)
        kept = vault.seal(conn, NEXT_DAY, "resident", 8, SECRET)
        assert vault.days(conn) == [DAY, NEXT_DAY]
    with store.write() as conn:
        assert vault.erase(conn, DAY)
        assert vault.days(conn) == [NEXT_DAY]
    with store.write() as conn:
        assert not vault.erase(conn, DAY)
        for refused in (
            lambda: vault.open(conn, DAY, "resident", 7, gone),
            lambda: vault.seal(conn, DAY, "resident", 7, SECRET),
            lambda: vault.day_hash(conn, DAY, "person", "x"),
            lambda: vault.day_code(conn, DAY, 7),
        ):
            with pytest.raises(ErasedError) as erased:
                refused()
            assert erased.value.code == "erased"
            assert erased.value.facts == {"hall_day": DAY}
        assert vault.open(conn, NEXT_DAY, "resident", 8, kept) == SECRET


def test_a_day_erased_by_another_process_is_gone_here_too(store: Store, vault: Vault, url: str) -> None:
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
    elsewhere = open_store(url, exclusive=False)
    with elsewhere.write() as conn:
        Vault(store, held(MASTER), "xicheng").erase(conn, DAY)
    elsewhere.close()
    with store.read() as conn, pytest.raises(ErasedError):
        vault.open(conn, DAY, "resident", 7, sealed)


def test_an_erasing_that_is_rolled_back_erases_nothing(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
    with pytest.raises(UndoError), store.write() as conn:
        vault.erase(conn, DAY)
        raise UndoError
    with store.read() as conn:
        assert vault.open(conn, DAY, "resident", 7, sealed) == SECRET


def test_a_key_whose_transaction_was_rolled_back_seals_nothing_afterwards(store: Store, vault: Vault) -> None:
    with pytest.raises(UndoError), store.write() as conn:
        vault.seal(conn, DAY, "resident", 7, SECRET)
        raise UndoError
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
    with store.read() as conn:
        assert Vault(store, held(MASTER), "xicheng").open(conn, DAY, "resident", 7, sealed) == SECRET


def test_a_copy_of_the_store_without_its_day_keys_opens_nothing(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
        conn.execute(delete(day_key))
        with pytest.raises(ErasedError):
            vault.open(conn, DAY, "resident", 7, sealed)


def test_a_month_of_days_stays_open_though_memory_holds_only_a_few_keys(store: Store, vault: Vault) -> None:
    days = [str(date(2026, 11, 1) + timedelta(days=day)) for day in range(30)]
    with store.write() as conn:
        sealed = {day: vault.seal(conn, day, "resident", 7, SECRET) for day in days}
        assert all(vault.open(conn, day, "resident", 7, sealed[day]) == SECRET for day in days)
        assert vault.days(conn) == days
    assert len(vault._days) <= 4


def test_a_day_that_was_begun_is_read_without_writing(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        vault.begin_day(conn, DAY)
        vault.begin_day(conn, DAY)
    with store.read() as conn:
        conn.exec_driver_sql("PRAGMA query_only = ON")
        assert vault.day_code(conn, DAY, 1) != vault.day_code(conn, DAY, 2)
        vault.day_hash(conn, DAY, "person", "x")
        conn.exec_driver_sql("PRAGMA query_only = OFF")


def test_nothing_secret_is_in_a_representation(store: Store, vault: Vault) -> None:
    with store.write() as conn:
        sealed = vault.seal(conn, DAY, "resident", 7, SECRET)
        with pytest.raises(VaultError) as refused:
            vault.open(conn, DAY, "resident", 8, sealed)
    told = repr(vault) + str(vault) + repr(refused.value) + str(refused.value) + repr(refused.value.__dict__)
    for secret in ("张小满", "11010519491231002X", MASTER.hex(), repr(MASTER), repr(sealed)):
        assert secret not in told
