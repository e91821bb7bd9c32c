"""People, tokens, purging and the audit from the command line, beside a service that holds the store."""

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import empty_store
from config.settings import Settings
from conftest import FORENOON
from kiosk.cli.audit import audit
from kiosk.cli.people import purge, token, user
from kiosk.opening import open_office_parts
from kiosk.settings import load
from ticketing.model import Actor
from ticketing.people.people import People, Principal
from ticketing.privacy import access_log
from ticketing.privacy.vault import ErasedError, Vault, VaultError
from ticketing.store.base import Store, StoreInUseError
from ticketing.store.tables import access_log as log_table
from wires import wait_until

PASSWORD = "correct horse 电池"
NOW = datetime.now(UTC)
CONFIG = f"""
[hall]
id = "test"
name = "西城区综合行政服务中心"
timezone = "{FORENOON}"

[store]
url = "sqlite:///var/quhao.db"
key_file = "var/master.key"

[privacy]
cipher = "sm4-gcm"
retention_days = 2

[[services]]
id = "business-licence"
name = "营业执照"
prefix = "A"

[[windows]]
id = "3"
name = "3号窗口"
"""


@dataclass
class Box:
    """What the commands are given: the settings of one box, in a folder of its own."""

    file: Path

    @property
    def settings(self) -> Settings:
        return load(self.file)

    @property
    def folder(self) -> Path:
        return self.file.parent / "var"

    @contextmanager
    def service(self) -> Iterator[tuple[Store, Vault, People]]:
        """The store, held as ``quhao run`` holds it."""
        store, vault, people = open_office_parts(self.settings, exclusive=True)
        try:
            yield store, vault, people
        finally:
            store.close()

    def say(self, group: object, *arguments: str, line: str | bytes | None = None) -> Result:
        """One command, in this process."""
        return CliRunner().invoke(group, arguments, obj=self, input=line)  # type: ignore[arg-type]

    def run(self, *arguments: str, line: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        """One command, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "kiosk", "--config", str(self.file), *arguments],
            input=line,
            capture_output=True,
            timeout=100,
            env=os.environ | environment,
        )


@pytest.fixture
def new_box(tmp_path: Path) -> Box:
    """Without a store yet."""
    file = tmp_path / "hall.toml"
    file.write_text(CONFIG, "utf-8")
    return Box(file)


@pytest.fixture
def box(new_box: Box) -> Box:
    """With an empty store."""
    empty_store.lay(new_box.folder / "quhao.db")
    return new_box


def hall_day(box: Box, days_ago: int) -> str:
    return str(datetime.now(box.settings.hall.zone).date() - timedelta(days=days_ago))


# -- user add ----------------------------------------------------------------------------------------------------------


def test_a_clerk_added_beside_the_running_service_can_log_in_there(box: Box) -> None:
    with box.service() as (_, _, people):
        done = box.run("user", "add", "li", "--role", "clerk", "--window", "3", line=f"{PASSWORD}\n".encode())
        assert done.returncode == 0, done.stderr
        assert done.stdout == b""
        secret = people.login("li", PASSWORD, NOW)
        assert secret
        assert people.principal_of_login(secret, NOW) == Principal("li", "clerk", ("3",))


def test_adding_a_user_again_says_what_it_changed(new_box: Box) -> None:
    box = new_box
    assert "added li" in box.say(user, "add", "li", "--role", "clerk", "--window", "3", line=PASSWORD + "\n").stderr
    again = box.say(user, "add", "li", "--role", "manager", line=PASSWORD + "\n")
    assert again.exit_code == 0
    assert "li was there, changed: password, role, windows" in again.stderr


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nanother line\n"])
def test_the_password_is_one_line_whatever_ends_it(box: Box, ending: str) -> None:
    assert box.say(user, "add", "li", "--role", "desk", line=f" {PASSWORD} {ending}").exit_code == 0
    with box.service() as (_, _, people):
        assert people.login("li", f" {PASSWORD} ", NOW)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"123456789\n", "at least 10 characters"),
        ("七个字的密码呀\n".encode(), "at least 10 characters"),
        (b"password123!\n", "soon guessed"),
        (b"wangwangwang\n", "only repeats itself"),
        (b"x" * 300 + b"\n", "at most 256 characters"),
        (b"\n", "no password on standard input"),
        (b"", "no password on standard input"),
        ("这个密码是国标码的".encode("gb18030"), "not UTF-8"),
    ],
)
def test_a_password_that_cannot_be_is_refused_and_not_repeated(box: Box, line: bytes, words: str) -> None:
    done = box.say(user, "add", "li", "--role", "desk", line=line)
    assert done.exit_code == 1
    assert words in done.stderr
    password = line.strip().decode("utf-8", "replace")
    assert not password or password not in done.output
    with box.service() as (_, _, people):
        assert not people.remove_account("li")


def test_a_clerk_without_a_window_is_refused_before_the_password_is_asked_for(new_box: Box) -> None:
    box = new_box
    done = box.say(user, "add", "li", "--role", "clerk", line=None)
    assert done.exit_code == 2
    assert "--window" in done.stderr
    assert not box.folder.exists()


def test_an_unknown_role_is_refused_with_those_there_are(box: Box) -> None:
    done = box.say(user, "add", "li", "--role", "boss", line=PASSWORD)
    assert done.exit_code == 2
    assert "technician" in done.stderr


def test_a_window_that_is_not_there_is_warned_of(box: Box) -> None:
    done = box.say(user, "add", "li", "--role", "clerk", "--window", "3", "--window", "8", line=PASSWORD)
    assert done.exit_code == 0
    assert "there is no window 8, only 3" in done.stderr
    assert "no window 3" not in done.stderr
    assert "warning" not in box.say(user, "add", "li", "--role", "clerk", "--window", "*", line=PASSWORD).stderr


def test_a_person_at_a_terminal_is_asked_twice_and_the_password_is_not_shown(box: Box) -> None:
    ours, theirs = pty.openpty()

    def take_the_terminal() -> None:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    asked = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "--config", str(box.file), "user", "add", "li", "--role", "desk"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=take_the_terminal,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    os.close(theirs)
    shown = b""
    for typed, prompt in ((b"correct horse\n", b"password: "), (b"correct horse\n", b"again: ")):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1000)
        os.write(ours, typed)
    try:
        while chunk := os.read(ours, 1000):
            shown += chunk
    except OSError:
        pass  # how Linux says that the other end of a pty is closed
    os.close(ours)
    assert asked.wait(60) == 0, shown
    assert b"horse" not in shown
    with box.service() as (_, _, people):
        assert people.login("li", "correct horse", NOW)


def test_a_removed_user_is_out(box: Box) -> None:
    box.say(user, "add", "li", "--role", "desk", line=PASSWORD)
    with box.service() as (_, _, people):
        secret = people.login("li", PASSWORD, NOW)
        assert secret
        assert box.say(user, "remove", "li").exit_code == 0
        assert people.principal_of_login(secret, NOW) is None
    again = box.say(user, "remove", "li")
    assert again.exit_code == 1
    assert "there is no user li" in again.stderr


# -- token add ---------------------------------------------------------------------------------------------------------


def test_a_token_and_nothing_else_is_on_standard_output(box: Box) -> None:
    with box.service() as (_, _, people):
        done = box.run("token", "add", "erp", "--role", "clerk", "--window", "3", "--window", "nowhere")
        assert done.returncode == 0, done.stderr
        secret = done.stdout.decode("ascii").removesuffix("\n")
        assert people.principal_of_token(secret) == Principal("erp", "clerk", ("3", "nowhere"))
    assert "no window nowhere" in done.stderr.decode()
    assert secret.encode() not in b"".join(path.read_bytes() for path in box.folder.iterdir())


def test_a_terminals_token_is_bound_to_its_terminal(box: Box) -> None:
    done = box.say(token, "add", "t1", "--role", "terminal", "--terminal", "lobby-1")
    with box.service() as (_, _, people):
        assert people.principal_of_token(done.stdout.strip()) == Principal("t1", "terminal", (), "lobby-1")
    assert box.say(token, "add", "t1", "--role", "terminal").exit_code == 1
    assert box.say(token, "add", "till", "--role", "clerk").exit_code == 2


def test_a_refused_token_prints_nothing_on_standard_output(box: Box) -> None:
    for arguments in (["a b", "--role", "desk"], ["erp", "--role", "clerk", "--window", "a b"]):
        done = box.say(token, "add", *arguments)
        assert done.exit_code == 1
        assert done.stdout == ""
        assert "Traceback" not in done.stderr


def test_a_removed_token_soon_opens_nothing(box: Box) -> None:
    secret = box.say(token, "add", "erp", "--role", "desk").stdout.strip()
    with box.service() as (_, _, people):
        assert people.principal_of_token(secret)
        assert box.say(token, "remove", "erp").exit_code == 0
        wait_until(lambda: people.principal_of_token(secret) is None)
    assert box.say(token, "remove", "erp").exit_code == 1


# -- purge -------------------------------------------------------------------------------------------------------------


def test_purging_erases_the_days_whose_retention_is_over_and_says_which(box: Box) -> None:
    days = [hall_day(box, ago) for ago in (4, 3, 2, 1, 0)]
    with box.service() as (store, vault, _):
        with store.write() as conn:
            sealed = [vault.seal(conn, day, "resident", 1, b"somebody") for day in days]
        done = box.run("purge", PYTHONIOENCODING="utf-8")
        assert done.returncode == 0, done.stderr
        told = done.stdout.decode()
        with store.read() as conn:
            assert vault.days(conn) == days[2:]
            for day, kept in zip(days[:2], sealed, strict=False):
                assert day in told
                with pytest.raises(ErasedError):
                    vault.open(conn, day, "resident", 1, kept)
            assert vault.open(conn, days[4], "resident", 1, sealed[4]) == b"somebody"
    assert days[2] not in told.replace(f"before {days[2]}", "")
    assert "nothing to erase" in box.say(purge).stdout


def test_purging_before_a_given_day_erases_the_days_before_it(box: Box) -> None:
    days = [hall_day(box, ago) for ago in (2, 1, 0)]
    with box.service() as (store, vault, _):
        with store.write() as conn:
            for day in days:
                vault.seal(conn, day, "resident", 1, b"somebody")
        assert box.say(purge, "--before", days[2]).exit_code == 0
        with store.read() as conn:
            assert vault.days(conn) == days[2:]


def test_today_is_not_purged(box: Box) -> None:
    with box.service():
        done = box.say(purge, "--before", hall_day(box, -1))
    assert done.exit_code == 2
    assert "today's data are in use" in done.stderr


def test_what_was_purged_is_nowhere_in_the_files(box: Box) -> None:
    day = hall_day(box, 5)
    with box.service() as (store, vault, _), store.write() as conn:
        vault.seal(conn, day, "resident", 1, b"somebody")
        wrapped = conn.exec_driver_sql("SELECT wrapped FROM day_key").scalar_one()
    assert wrapped in b"".join(path.read_bytes() for path in box.folder.iterdir())
    assert box.say(purge).exit_code == 0
    assert wrapped not in b"".join(path.read_bytes() for path in box.folder.iterdir())


# -- audit verify ------------------------------------------------------------------------------------------------------


def look(store: Store, vault: Vault, times: int) -> None:
    for ticket in range(times):
        # A log may lack its anchor for a minute: the tests were read long before they run.
        with store.write() as conn:
            access_log.append(conn, vault, datetime.now(UTC), Actor("li", "clerk", "3"), "scan", ticket)


def test_a_whole_log_is_proved_beside_the_running_service(box: Box) -> None:
    with box.service() as (store, vault, _):
        look(store, vault, 7)
        done = box.run("audit", "verify", PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stderr
    assert "whole: 7 entries" in done.stdout.decode()


def test_a_broken_log_ends_with_exit_code_1_and_says_where(box: Box) -> None:
    with box.service() as (store, vault, _):
        look(store, vault, 7)
        with store.write() as conn:
            conn.execute(log_table.update().where(log_table.c.seq == 5).values(who="wang"))
    done = box.run("audit", "verify", PYTHONIOENCODING="utf-8")
    assert done.returncode == 1
    assert "entry 5 is not as it was written; 7 entries" in done.stderr.decode()
    with box.service() as (store, _, _), store.write() as conn:
        conn.execute(log_table.update().where(log_table.c.seq == 5).values(who="li"))
        conn.execute(log_table.delete().where(log_table.c.seq > 3))
    assert "entry 4 and all after it were removed" in box.say(audit, "verify").stderr


def test_a_log_that_cannot_be_verified_is_neither_whole_nor_broken(new_box: Box) -> None:
    box = new_box
    done = box.say(audit, "verify")
    assert done.exit_code == 2
    assert "there is no store" in done.stderr
    assert not box.folder.exists()
    with box.service() as (store, vault, _):
        look(store, vault, 1)
    key = box.folder / "master.key"
    key.chmod(0o644)
    done = box.say(audit, "verify")
    assert done.exit_code == 2
    assert "chmod 600" in done.stderr
    key.unlink()
    done = box.say(audit, "verify")
    assert done.exit_code == 2
    assert "put it back" in done.stderr
    assert not key.exists()


def test_a_store_that_is_none_is_refused_in_words(new_box: Box) -> None:
    box = new_box
    box.folder.mkdir()
    (box.folder / "quhao.db").write_text("a shopping list, and a long one at that " * 100)
    for done in (
        box.say(user, "add", "li", "--role", "desk", line=PASSWORD),
        box.say(token, "add", "erp", "--role", "desk"),
        box.say(purge),
    ):
        assert done.exit_code == 1
        assert "quhao.db" in done.stderr
    assert box.say(audit, "verify").exit_code == 2


# -- opening -----------------------------------------------------------------------------------------------------------


def test_a_second_service_on_the_store_is_refused_and_the_first_goes_on(box: Box) -> None:
    with box.service() as (store, vault, _):
        with pytest.raises(StoreInUseError):
            open_office_parts(box.settings, exclusive=True)
        look(store, vault, 1)


def test_a_vault_that_does_not_open_lets_go_of_the_store(box: Box) -> None:
    with box.service():
        pass
    key = box.folder / "master.key"
    right = key.read_text()
    key.write_text("00" * 32)
    with pytest.raises(VaultError, match="not the one"):
        open_office_parts(box.settings, exclusive=True)
    key.write_text(right)
    with box.service():
        pass


# -- lists, ends and second factors ------------------------------------------------------------------------------------


def test_users_are_listed_with_where_they_are_logged_in_and_their_log_ins_ended(box: Box) -> None:
    box.say(user, "add", "li", "--role", "clerk", "--window", "3", "--must-change", line=PASSWORD)
    box.say(user, "add", "wang", "--role", "desk", line=PASSWORD)
    with box.service() as (_, _, people):
        secret = people.login("li", PASSWORD, NOW, "192.0.2.7")
        assert secret
        told = box.say(user, "list").stdout
        assert "li  clerk  3  须改密码" in told and "wang  desk  -" in told and "192.0.2.7" in told
        assert box.say(user, "end", "li", "--session", "0" * 16).exit_code == 1
        assert box.say(user, "end", "li").exit_code == 0
        assert people.principal_of_login(secret, NOW) is None
    assert "192.0.2.7" not in box.say(user, "list").stdout


def test_tokens_are_listed_with_end_and_address_and_never_themselves(box: Box) -> None:
    secret = box.say(token, "add", "erp", "--role", "desk", "--days", "30", "--from", "192.0.2.0/24").stdout.strip()
    with box.service() as (_, _, people):
        assert people.principal_of_token(secret, "192.0.2.7")
        assert people.principal_of_token(secret, "192.0.3.7") is None
        people.write_uses(at_once=True)
    told = box.say(token, "list").stdout
    assert "erp  desk" in told and "192.0.2.0/24" in told and "192.0.2.7" in told
    assert secret not in told
    refused = box.say(token, "add", "erp", "--role", "desk", "--from", "over there")
    assert (refused.exit_code, refused.stdout) == (1, "")


def test_a_second_factor_is_set_up_and_taken_away_at_the_command_line(box: Box) -> None:
    import pyotp

    box.say(user, "add", "li", "--role", "desk", line=PASSWORD)
    with box.service() as (_, _, people):
        wrong = box.say(user, "totp", "li", line="000000\n")
        assert wrong.exit_code == 1
        assert people.login("li", PASSWORD, NOW)
        secret, _ = people.begin_totp("li")
        people.confirm_totp("li", pyotp.TOTP(secret).at(NOW), NOW, Actor("li", "desk"))
        assert box.say(user, "totp", "li", "--remove").exit_code == 0
        assert box.say(user, "totp", "li", "--remove").exit_code == 1
        assert people.login("li", PASSWORD, NOW)


def test_what_the_command_line_does_to_accounts_is_in_the_log(box: Box) -> None:
    box.say(user, "add", "li", "--role", "desk", line=PASSWORD)
    box.say(token, "add", "erp", "--role", "desk")
    box.say(token, "remove", "erp")
    box.say(user, "remove", "li")
    with box.service() as (store, _, _), store.read() as conn:
        found = conn.exec_driver_sql("SELECT action, place FROM access_log ORDER BY seq").all()
    assert [tuple(row) for row in found] == [
        ("account-added", "quhao user add"),
        ("token-added", "quhao token add"),
        ("token-removed", "quhao token remove"),
        ("account-removed", "quhao user remove"),
    ]
    assert box.say(audit, "verify").exit_code == 0
