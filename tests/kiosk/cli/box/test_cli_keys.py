"""``quhao key``: what stands where, and new keys; and the key file under a credential of systemd."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import NullPool, create_engine, insert

from conftest import FORENOON
from kiosk.cli.audit import audit
from kiosk.cli.box.keys import key
from kiosk.cli.options import Context
from kiosk.cli.people import purge
from kiosk.opening import open_office_parts
from ticketing.model import Actor
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.vault import Vault, VaultError
from ticketing.store.base import Store
from ticketing.store.tables import event
from wires import wait_until

CONFIG = """
[hall]
id = "test"
name = "西城区综合行政服务中心"
timezone = "{zone}"

[store]
url = "{url}"
key_file = "keys/master.key"
"""
LOCKED = """
SELECT EXISTS (
    SELECT FROM pg_locks JOIN pg_database ON oid = database WHERE locktype = 'advisory' AND datname = current_database()
)
"""
ROOT = Actor("root", "technician", "cli")


class Box:
    """A box of a hall, in a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        (folder / "quhao.toml").write_text(CONFIG.format(url=url, zone=FORENOON), "utf-8")
        self.url = url
        self.context = Context(folder / "quhao.toml")
        self.key_file = folder / "keys" / "master.key"

    @property
    def day(self) -> str:
        return str(datetime.now(self.context.settings.hall.zone).date())

    @contextmanager
    def open(self, *, exclusive: bool = False) -> Iterator[tuple[Store, Vault]]:
        store, vault, _people = open_office_parts(self.context.settings, exclusive=exclusive)
        with closing(store):
            yield store, vault

    def sealed(self) -> bytes:
        with self.open() as (store, vault), store.write() as conn:
            return vault.seal(conn, self.day, "resident", 7, "张小满".encode())

    def say(self, *arguments: str, group: object = key) -> Result:
        return CliRunner().invoke(group, arguments, obj=self.context)  # type: ignore[arg-type]

    def rotate(self) -> Result:
        """New keys, once whoever worked on the store is gone: PostgreSQL sees a moment later that they hung up."""
        if not self.url.startswith("sqlite:"):
            wait_until(lambda: not self._is_locked())
        return self.say("rotate")

    def _is_locked(self) -> bool:
        with create_engine(self.url, poolclass=NullPool).connect() as conn:
            return bool(conn.exec_driver_sql(LOCKED).scalar_one())


@pytest.fixture
def box(tmp_path: Path, store_url: str) -> Box:
    return Box(tmp_path / "box", store_url)


def test_check_says_what_the_key_file_holds_and_that_it_fits(box: Box) -> None:
    missing = box.say("check")
    assert missing.exit_code == 1
    assert "找不到主密钥文件" in missing.output
    assert not box.key_file.exists(), "it makes none"
    box.sealed()
    before = box.key_file.read_bytes()
    done = box.say("check")
    assert done.exit_code == 0, done.output
    keys = KeyFile(box.key_file).keys
    assert keys.chain
    stands = f"opens the days from: {keys.chain.day}"
    for words in ("0600", "fits the store", keys.chain.id, stands, "SHA-256", box.day):
        assert words in done.output
    for secret in (keys.root, keys.chain.key, keys.months[0][1]):
        assert secret.hex()[:12] not in done.output
    assert box.key_file.read_bytes() == before
    box.key_file.chmod(0o644)
    assert "chmod 600" in box.say("check").output


def test_check_finds_a_file_that_stands_far_behind_another_chain_and_another_hall(box: Box) -> None:
    box.sealed()
    right = box.key_file.read_text()
    keys = KeyFile(box.key_file).keys
    assert keys.chain
    old = str(keys.chain.day)
    long_ago = str(keys.chain.day - timedelta(days=90))
    box.key_file.write_text(right.replace(old, long_ago))
    behind = box.say("check")
    assert behind.exit_code == 0, "it moves up by itself"
    assert f"opens the days from: {long_ago} → quhao run, quhao purge" in behind.output
    box.key_file.write_text(right.replace(keys.chain.id, "0" * 16))
    assert "has another chain of keys" in box.say("check").output
    box.key_file.write_text(right.replace(keys.root.hex(), "0" * 64))
    wrong = box.say("check")
    assert (wrong.exit_code, "主密钥与数据库不符" in wrong.output) == (1, True)


def test_new_keys_keep_what_lives_are_logged_and_leave_a_copy_of_the_old_file_useless(box: Box) -> None:
    sealed = box.sealed()
    copy = box.key_file.read_text()
    done = box.rotate()
    assert done.exit_code == 0, done.output
    assert box.day in done.output
    assert "copy" in done.output
    with box.open() as (store, vault), store.write() as conn:
        assert vault.open(conn, box.day, "resident", 7, sealed).decode() == "张小满"
        assert conn.exec_driver_sql("SELECT action FROM access_log").scalars().all() == ["key-rotated"]
    assert box.say("check").exit_code == 0
    assert box.say("verify", group=audit).exit_code == 0
    box.key_file.write_text(copy)
    refused = box.say("check")
    assert refused.exit_code == 1
    assert "更换密钥之前" in refused.output
    with pytest.raises(VaultError, match="before the keys were changed"), box.open():
        pass


def test_new_keys_are_refused_while_a_box_runs_on_the_store(box: Box) -> None:
    box.sealed()
    before = box.key_file.read_bytes()
    with box.open(exclusive=True):
        done = box.say("rotate")
    assert done.exit_code == 1
    assert "stop" in done.output
    assert box.key_file.read_bytes() == before
    assert box.rotate().exit_code == 0


def test_a_box_with_keys_from_paper_gets_a_chain_by_rotate(box: Box) -> None:
    box.sealed()
    box.key_file.write_text(KeyFile(box.key_file).keys.root.hex() + "\n")
    with pytest.raises(VaultError, match="quhao key rotate"), box.open():
        pass
    done = box.rotate()
    assert done.exit_code == 0
    assert f"已无法打开 {box.day}" in done.output
    box.sealed()
    assert box.say("check").exit_code == 0


def test_what_is_on_paper_brings_back_a_hall_whose_keys_were_rotated(box: Box) -> None:
    box.sealed()
    told = box.say("rotate")
    assert told.exit_code == 0
    assert "lasting or seal, and end" in told.output
    words = ("lasting", "seal", "end")
    first, *rest = box.key_file.read_text().splitlines()
    box.key_file.write_text("\n".join([first, *(line for line in rest if line.startswith(words))]) + "\n")
    done = box.say("rotate")
    assert done.exit_code == 0, done.output
    box.sealed()
    assert box.say("check").exit_code == 0
    assert box.say("verify", group=audit).exit_code == 0


def test_a_purge_by_a_date_far_from_the_halls_last_work_wants_to_be_told_the_date(box: Box) -> None:
    box.sealed()
    with box.open() as (store, _), store.write() as conn:
        at = int((datetime.now().astimezone() - timedelta(days=40)).timestamp()) * 1_000_000
        conn.execute(insert(event).values(at=at, type="hall.changed", data="{}"))
    before = box.key_file.read_bytes()
    refused = box.say(group=purge)
    assert refused.exit_code == 1
    assert f"--before {box.day}" in refused.output
    assert box.key_file.read_bytes() == before
    assert box.say("--before", box.day, group=purge).exit_code == 0
    chain = KeyFile(box.key_file).keys.chain
    assert chain
    assert str(chain.day) == box.day


def test_the_credential_of_systemd_seals_the_key_file(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = box.sealed()
    plain = KeyFile(box.key_file).keys
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert "kept in plain" in box.say("check").output, "a unit with other credentials"
    (credentials / "quhao-key").write_bytes("大厅的口令 of the hall\n".encode())
    with box.open() as (store, vault), store.read() as conn:
        assert vault.open(conn, box.day, "resident", 7, sealed).decode() == "张小满"
    assert plain.root.hex() not in box.key_file.read_text()
    done = box.say("check")
    assert done.exit_code == 0
    assert "sealed under the credential quhao-key" in done.output
    assert box.rotate().exit_code == 0
    (credentials / "quhao-key").write_bytes(b" \n")
    assert "LoadCredentialEncrypted" in box.say("check").output
    (credentials / "quhao-key").write_bytes(b"another")
    assert "another credential" in box.say("check").output
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    without = box.say("check")
    assert without.exit_code == 1
    assert "systemd-run" in without.output
