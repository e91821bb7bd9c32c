"""The chain of keys on a real store of either kind: boxes apart, clocks astray, stores of before, new keys."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from keyrings import held
from ticketing.privacy import sealing
from ticketing.privacy.errors import ErasedError, VaultError
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.keys import Keyring, Keys
from ticketing.privacy.sealing import SHA256, SM3
from ticketing.privacy.standing import STANDING, Standing
from ticketing.privacy.vault import LOG_HEAD, Vault, live_days
from ticketing.store.base import Store
from ticketing.store.opening import open_store
from ticketing.store.tables import appointment, day_key, fact

ROOT = bytes(range(32))
HALL = "xicheng"
TODAY = date(2026, 3, 2)
NUMBER = "11010519491231002X"
SECRET = f"张小满 {NUMBER}".encode()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url, exclusive=False)
    yield store
    store.close()


@pytest.fixture
def ring() -> Keyring:
    return held(ROOT)


def day(days: int = 0) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def vault_of(store: Store, ring: Keyring, **more: object) -> Vault:
    clock = lambda: datetime(2026, 3, 2, 9, tzinfo=UTC)  # noqa: E731
    return Vault(store, ring, HALL, clock=clock, **more)  # type: ignore[arg-type]


def sealed_on(store: Store, vault: Vault, hall_day: str) -> bytes:
    with store.write() as conn:
        return vault.seal(conn, hall_day, "resident", 7, SECRET)


def opened(store: Store, vault: Vault, hall_day: str, sealed: bytes) -> bytes:
    with store.read() as conn:
        return vault.open(conn, hall_day, "resident", 7, sealed)


def refused(store: Store, ring: Keyring, code: str) -> str:
    with pytest.raises(VaultError) as caught:
        vault_of(store, ring)
    assert caught.value.code == code
    told = str(caught.value)
    assert " / " in told, "in both languages"
    return told


# -- days gone by ------------------------------------------------------------------------------------------------------


def test_a_day_whose_row_comes_back_after_its_end_does_not_open_again(store: Store, ring: Keyring) -> None:
    vault = vault_of(store, ring)
    sealed = sealed_on(store, vault, day())
    with store.write() as conn:
        kept = conn.scalar(select(day_key.c.wrapped).where(day_key.c.hall_day == day()))
        vault.erase(conn, day())
    vault.move(TODAY + timedelta(days=1), TODAY)
    # An old page, a line of the log, or a copy of the whole database.
    with store.write() as conn:
        conn.execute(update(day_key).where(day_key.c.hall_day == day()).values(wrapped=kept, erased_at=None))
    for box in (vault, vault_of(store, ring)):
        with pytest.raises(ErasedError):
            opened(store, box, day(), sealed)


def test_within_the_retention_a_day_opens(store: Store, ring: Keyring) -> None:
    vault = vault_of(store, ring)
    days = {day(ahead): sealed_on(store, vault, day(ahead)) for ahead in range(5)}
    vault.move(TODAY + timedelta(days=3), TODAY)
    again = vault_of(store, ring)
    assert again.stands_at == TODAY + timedelta(days=3)
    for hall_day, sealed in days.items():
        if hall_day < day(3):
            with pytest.raises(ErasedError):
                opened(store, again, hall_day, sealed)
        else:
            assert opened(store, again, hall_day, sealed) == SECRET


# -- several boxes -----------------------------------------------------------------------------------------------------


def test_boxes_whose_files_stand_a_day_or_a_week_or_a_month_apart_open_the_same_day(store: Store) -> None:
    ahead, behind = held(ROOT), held(ROOT)
    first = vault_of(store, ahead)
    first.move(TODAY, date(2026, 1, 1))
    sealed = sealed_on(store, first, day())
    # A box that was off for a month, or has a key file of last month.
    second = vault_of(store, behind)
    assert second.stands_at == date(2026, 2, 1)
    assert opened(store, second, day(), sealed) == SECRET
    assert second.month_hash(day(), "person", NUMBER) == first.month_hash(day(), "person", NUMBER)
    assert second.month_hashes("person", NUMBER) == first.month_hashes("person", NUMBER)
    # Past midnight on the one alone.
    tomorrow = sealed_on(store, first, day(1))
    assert opened(store, second, day(1), tomorrow) == SECRET
    first.move(TODAY + timedelta(days=1), date(2026, 1, 1))
    second.move(TODAY, date(2026, 1, 1))
    assert opened(store, second, day(1), tomorrow) == opened(store, first, day(1), tomorrow) == SECRET
    assert ahead.keys.months == behind.keys.months


def test_a_second_box_needs_a_copy_of_the_firsts_file(store: Store, ring: Keyring) -> None:
    vault_of(store, ring)
    told = refused(store, Keyring(Keys(ROOT)), "chain_missing")
    assert "复制密钥文件" in told
    assert "copy the key file of another box" in told
    assert "copy" in refused(store, Keyring(Keys(ROOT).begun(TODAY)), "chain_other")
    assert "store.key_file" in refused(store, held(bytes(32)), "key_wrong")


def test_a_box_ahead_of_today_says_what_to_do_and_opens_the_days_it_can(store: Store) -> None:
    right, ahead = held(ROOT), held(ROOT)
    vault, astray = vault_of(store, right), vault_of(store, ahead)
    astray.move(TODAY + timedelta(days=365), TODAY)
    sealed = sealed_on(store, vault, day())
    with store.write() as conn:
        astray.begin_day(conn, day())
        for verb in (
            lambda: astray.seal(conn, day(), "resident", 8, SECRET),
            lambda: astray.day_hash(conn, day(), "person", NUMBER),
        ):
            with pytest.raises(VaultError, match="quhao key rotate") as refused:
                verb()
            assert refused.value.code == "chain_ahead"
            assert "核对时钟" in str(refused.value)
        # Cases and appointments go on by the month's key.
        assert astray.month_hash(day(), "person", NUMBER)
    assert opened(store, vault, day(), sealed) == SECRET


def test_a_file_that_was_exchanged_while_the_box_runs_is_not_moved(store: Store, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "master.key")
    vault = vault_of(store, keys)
    (tmp_path / "master.key").unlink()
    KeyFile(tmp_path / "master.key").change(lambda keys: keys.begun(TODAY))
    before = (tmp_path / "master.key").read_bytes()
    with pytest.raises(VaultError, match="restart"):
        vault.move(TODAY + timedelta(days=1), TODAY)
    assert vault.trouble == "chain_other"
    assert (tmp_path / "master.key").read_bytes() == before


# -- a clock that ran ahead --------------------------------------------------------------------------------------------


def test_after_a_clock_that_ran_ahead_a_single_box_goes_on_and_loses_nothing_it_could_open(
    store: Store, ring: Keyring
) -> None:
    vault = vault_of(store, ring)
    gone = sealed_on(store, vault, day())
    later = sealed_on(store, vault, day(365))
    with store.write() as conn:
        vault.erase(conn, day())
    vault.move(TODAY + timedelta(days=365), TODAY)
    vault.mend(store, TODAY)
    if store.shared:
        assert vault.stands_at == TODAY + timedelta(days=365), "boxes that share a store have one chain"
        vault.renew(store, TODAY)
    else:
        assert not ring.keys.seals, "what is on paper still brings the hall back"
    assert vault.stands_at == TODAY
    assert opened(store, vault, day(), sealed_on(store, vault, day())) == SECRET
    assert opened(store, vault, day(365), later) == SECRET
    with pytest.raises(VaultError):
        opened(store, vault, day(), gone)
    again = vault_of(store, ring)
    assert opened(store, again, day(365), later) == SECRET


# -- new keys ----------------------------------------------------------------------------------------------------------


def test_new_keys_open_what_lives_and_a_copy_of_the_old_file_opens_nothing_from_then_on(
    store: Store, ring: Keyring
) -> None:
    vault = vault_of(store, ring)
    live = sealed_on(store, vault, day())
    person = vault.month_hash(day(), "person", NUMBER)
    lasting = vault.lasting_hash("receipt", "X")
    copy = Keyring(ring.keys)
    entries: list[bool] = []
    renewed = vault.renew(store, TODAY, lambda conn: entries.append(conn.in_transaction()))
    assert (renewed.kept, renewed.lost, entries) == ([day()], [], [True])
    for box in (vault, vault_of(store, ring)):
        assert opened(store, box, day(), live) == SECRET
        assert box.lasting_hash("receipt", "X") == lasting
        hashes = box.month_hashes("person", NUMBER)
        assert person in hashes
        assert box.month_hash(day(), "person", NUMBER) == hashes[0] != person
    new = sealed_on(store, vault, day(1))
    head = vault.seal_lasting(LOG_HEAD, "head", b"7")
    told = refused(store, copy, "chain_other")
    assert day() in told
    assert "before the keys were changed" in told
    # Whoever has the copy tries all the same.
    thief = vault_of(store, copy, any_chain=True)
    for attempt in (lambda: opened(store, thief, day(1), new), lambda: thief.open_lasting(LOG_HEAD, "head", head)):
        with pytest.raises(VaultError):
            attempt()
    assert vault.open_lasting(LOG_HEAD, "head", head) == b"7"


def test_new_keys_after_the_chain_is_lost_begin_a_hall_day_that_works(store: Store, ring: Keyring) -> None:
    vault = vault_of(store, ring)
    lost = sealed_on(store, vault, day())
    paper = Keyring(Keys(ROOT))
    vault = vault_of(store, paper, any_chain=True)
    renewed = vault.renew(store, TODAY)
    assert (renewed.kept, renewed.lost) == ([], [day()])
    again = vault_of(store, paper)
    with pytest.raises(VaultError):
        opened(store, again, day(), lost)
    assert opened(store, again, day(), sealed_on(store, again, day())) == SECRET
    assert again.lasting_hash("receipt", "X") == vault_of(store, paper).lasting_hash("receipt", "X")


@pytest.mark.parametrize("committed", [False, True])
def test_new_keys_that_were_cut_short_are_the_old_ones_or_the_new_ones(
    store: Store, tmp_path: Path, committed: bool
) -> None:
    keys = KeyFile(tmp_path / "master.key")
    vault = vault_of(store, keys)
    live = sealed_on(store, vault, day())
    before = keys.keys.chain
    announced: list[Keys] = []

    def cut(conn: object) -> None:
        announced.append(KeyFile(tmp_path / "master.key").keys)
        if not committed:
            raise UndoError

    with suppress(UndoError):
        vault.renew(store, TODAY, cut)
    # The box loses power before the file says that the new chain is in force.
    keys.change(lambda keys: announced[0])
    assert announced[0].following
    for _ in range(2):
        again = vault_of(store, KeyFile(tmp_path / "master.key"))
        assert opened(store, again, day(), live) == SECRET
    standing = KeyFile(tmp_path / "master.key").keys
    assert standing.following is None
    assert (standing.chain == before) is not committed


class UndoError(Exception):
    """Thrown inside a transaction to undo it."""


# -- a store of before -------------------------------------------------------------------------------------------------


def make_older(store: Store, root: bytes = ROOT) -> tuple[bytes, bytes]:
    """A store as versions without a chain left it: a sealed resident, and the hash of an appointment's person."""
    derive = sealing.derive
    seal_key, hash_key = (derive(root, 32, HALL.encode(), name) for name in (b"lasting seal", b"lasting hash"))
    wrap, key = derive(root, 32, HALL.encode(), b"wrap"), bytes(range(100, 132))
    bound = [HALL.encode(), day().encode(), b"day key", b""]
    person = SHA256.mac(hash_key, b"appointment person", NUMBER.encode())
    proof = derive(root, 32, b"proof of the key") + derive(root, 32, HALL.encode(), b"proof of the hall")
    head = sealing.seal(sealing.AES_256_GCM, seal_key, b"", HALL.encode(), b"", b"access_log", b"head")
    with store.write() as conn:
        conn.execute(insert(fact), [{"name": "master_key", "value": proof}, {"name": "access_log", "value": head}])
        wrapped = sealing.seal(sealing.AES_256_GCM, wrap, key, *bound)
        conn.execute(insert(day_key).values(hall_day=day(), wrapped=wrapped, created_at=1))
        slot = {"service_id": "tax", "day": day(3), "from_at": 1, "to_at": 2, "state": "booked", "made_at": 1}
        conn.execute(insert(appointment).values(person_hash=person, code_hash=b"c" * 32, made_by="api", **slot))
    bound = [HALL.encode(), day().encode(), b"resident", b"7"]
    return sealing.seal(sealing.AES_256_GCM, derive(key, 32, b"day seal"), SECRET, *bound), wrapped


def test_a_store_of_before_is_put_under_a_chain_once_and_its_master_key_is_destroyed(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "master.key"
    path.touch(0o600)
    path.write_text(ROOT.hex() + "\n")
    sealed, old_wrapped = make_older(store)
    old_hash = SHA256.mac(sealing.derive(ROOT, 32, HALL.encode(), b"lasting hash"), b"receipt", b"X")
    for _ in range(2):
        vault = vault_of(store, KeyFile(path))
        assert opened(store, vault, day(), sealed) == SECRET
        assert vault.lasting_hash("receipt", "X") == old_hash
        with store.read() as conn:
            person = conn.scalar(select(appointment.c.person_hash))
            assert vault.open_lasting("access_log", "head", conn.scalar(_HEAD)) == b""
        assert person in vault.month_hashes("appointment person", NUMBER)
        assert person != vault.lasting_hash("appointment person", NUMBER)
    assert ROOT.hex() not in path.read_text()
    # What the old master key opened in old pages and in the log, the new key file does not.
    keys = KeyFile(path).keys
    candidates = [keys.root, keys.lasting, *keys.seals, keys.chain and keys.chain.key]
    for one in filter(None, candidates):
        wrap = sealing.derive(one, 32, HALL.encode(), b"wrap")
        with pytest.raises(sealing.BrokenSealError):
            sealing.unseal(wrap, old_wrapped, HALL.encode(), day().encode(), b"day key", b"")
    # Its paper copy still proves whose store it is, and brings the hall back.
    assert "quhao key rotate" in refused(store, Keyring(Keys(ROOT)), "chain_missing")
    other = vault_of(store, paper := Keyring(Keys(ROOT)), any_chain=True)
    other.renew(store, TODAY)
    assert vault_of(store, paper).lasting_hash("receipt", "X") == old_hash
    assert paper.keys.root != ROOT


@pytest.mark.parametrize("done", ["nothing", "file", "store"])
def test_a_store_of_before_whose_conversion_was_cut_short_is_converted(store: Store, done: str) -> None:
    sealed, _ = make_older(store)
    ring = Keyring(Keys(ROOT))
    if done != "nothing":
        ring.change(lambda keys: keys.begun(TODAY - timedelta(days=2)))
    if done == "store":
        begun = ring.keys
        vault_of(store, ring)
        ring.change(lambda _: begun)
    vault = vault_of(store, ring)
    assert opened(store, vault, day(), sealed) == SECRET
    assert ring.keys.root != ROOT
    with store.read() as conn:
        assert live_days(conn) == [day()]
        assert conn.scalar(select(appointment.c.person_hash)) in vault.month_hashes("appointment person", NUMBER)


def test_a_store_of_before_refuses_another_key_hall_and_suite(store: Store) -> None:
    make_older(store)
    refused(store, Keyring(Keys(bytes(32))), "key_wrong")
    with pytest.raises(VaultError, match=r"hall\.id"):
        Vault(store, Keyring(Keys(ROOT)), "dongcheng")
    with pytest.raises(VaultError, match=r"privacy\.suite"):
        Vault(store, Keyring(Keys(ROOT)), HALL, "sm4-gcm", "sm3")
    with store.read() as conn:
        assert Standing.of(conn) is None


_HEAD = select(fact.c.value).where(fact.c.name == LOG_HEAD)


# -- months ------------------------------------------------------------------------------------------------------------


def test_who_was_written_down_is_found_until_the_months_retention_is_over(store: Store, ring: Keyring) -> None:
    vault = vault_of(store, ring)
    written = {month: vault.month_hash(f"2026-{month}-15", "person", NUMBER) for month in ("02", "03", "04")}
    assert len(set(written.values())) == 3
    assert vault.month_hashes("person", NUMBER) == [written[month] for month in ("04", "03", "02")]
    assert set(written.values()).isdisjoint(vault.month_hashes("other", NUMBER))
    vault.move(date(2026, 4, 20), date(2026, 3, 1))
    again = vault_of(store, ring)
    again.month_hash("2026-04-20", "person", NUMBER)
    assert again.month_hashes("person", NUMBER) == [written["04"], written["03"]]


# -- 国密 --------------------------------------------------------------------------------------------------------------


def test_a_store_of_the_suite_sm_uses_no_other_algorithm_and_keeps_to_it(store: Store, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "master.key", hash=SM3)
    make: Callable[[], Vault] = lambda: vault_of(store, keys, cipher="sm4-gcm", hash="sm3")  # noqa: E731
    sealed = sealed_on(store, make(), day())
    assert opened(store, make(), day(), sealed) == SECRET
    with store.read() as conn:
        wrapped = conn.scalar(select(day_key.c.wrapped))
        head = conn.scalar(_HEAD)
        standing = Standing.of(conn)
    assert wrapped and standing
    assert {one[0] for one in (sealed, wrapped, head)} == {sealing.SM4_GCM_SM3.number}
    assert standing.hash == "sm3"
    assert keys.keys.hash is SM3
    assert "suite sm3" in (tmp_path / "master.key").read_text()
    vault = make()
    root = SM3.derive(keys.keys.root, 32, HALL.encode(), b"lasting hash")
    assert vault.lasting_hash("receipt", "X") == SM3.mac(root, b"receipt", b"X")
    make().renew(store, TODAY)
    assert opened(store, make(), day(), sealed) == SECRET
    with pytest.raises(VaultError, match=r'privacy\.suite = "sm"') as refused:
        Vault(store, keys, HALL)
    assert refused.value.code == "suite_changed"
    assert "不能更改" in str(refused.value)


def test_a_store_of_the_standard_suite_cannot_become_one_of_sm(store: Store, ring: Keyring) -> None:
    vault_of(store, ring)
    for keys in (ring, Keyring(replace(ring.keys, hash=SM3))):
        with pytest.raises(VaultError, match=r'privacy\.suite = "standard"'):
            Vault(store, keys, HALL, "sm4-gcm", "sm3")


def test_the_standing_holds_no_secret(store: Store, ring: Keyring) -> None:
    vault_of(store, ring)
    with store.read() as conn:
        kept = conn.scalar(select(fact.c.value).where(fact.c.name == STANDING))
        everything = repr(conn.execute(text("SELECT * FROM fact")).all())
    assert ring.keys.chain
    for secret in (ROOT, ring.keys.chain.key, ring.keys.months[0][1]):
        assert secret.hex() not in kept.decode() + everything
