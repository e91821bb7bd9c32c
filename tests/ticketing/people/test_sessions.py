"""Log-ins that lock, end and are listed; second factors; tokens with an end and an address; duties kept apart.

All of it on a real store with the hall's own log, on a Monday morning.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import event, select, update

import empty_store
from keyrings import held
from kiosk.opening import VaultKeeper
from offices import CHEAP
from ticketing.model import Actor, LimitError, StateError
from ticketing.people import second_factor
from ticketing.people.guessing import Try
from ticketing.people.people import LOGIN_LASTS, AccountError, AccountRules, People, Principal, SecondFactorError
from ticketing.people.tokens import TOKEN_KNOWN_FOR, USES_EVERY
from ticketing.privacy import access_log
from ticketing.privacy.vault import Vault
from ticketing.store.base import Store
from ticketing.store.opening import open_store
from ticketing.store.tables import access_log as log_table
from ticketing.store.tables import login

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PASSWORD = "correct horse 电池"
BOSS = Actor("boss", "manager", "203.0.113.1")
LI = Try("li", "", None)


@dataclass
class Hall:
    """Accounts with their log, and a clock in the test's hand."""

    store: Store
    vault: Vault
    now: datetime = NOW

    def people(self, **rules: object) -> People:
        keeper = VaultKeeper(self.vault)
        made = AccountRules(("西城区综合行政服务中心",), **rules)  # type: ignore[arg-type]
        return People(self.store, lambda: self.now, lambda: self.now.timestamp(), keeper=keeper, rules=made, cost=CHEAP)

    def log(self) -> list[tuple[str, str, str, str | None]]:
        """Who, where, what, and how, of each entry."""
        columns = (log_table.c.who, log_table.c.place, log_table.c.action, log_table.c.reason)
        with self.store.read() as conn:
            assert access_log.verify(conn, self.vault).whole
            return [tuple(row) for row in conn.execute(select(*columns).order_by(log_table.c.seq))]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    empty_store.lay(tmp_path / "quhao.db")
    with closing(open_store(f"sqlite:///{tmp_path}/quhao.db", exclusive=False)) as store:
        yield Hall(store, Vault(store, held(bytes(range(32))), "test", "aes-256-gcm"))


@pytest.fixture
def people(hall: Hall) -> People:
    """With a clerk ``li``, who is watched after 15 minutes."""
    people = hall.people(idle=timedelta(minutes=15))
    people.add_account("li", "clerk", ["3"], PASSWORD, by=BOSS)
    return people


def log_in(people: People, at: datetime, **more: str) -> str:
    secret = people.login("li", PASSWORD, at, "192.0.2.7", **more)
    assert secret
    return secret


# -- what is recorded --------------------------------------------------------------------------------------------------


def test_each_coming_going_and_change_is_in_the_log_and_no_name_that_is_none(hall: Hall, people: People) -> None:
    secret = log_in(people, NOW)
    people.logout(secret, "192.0.2.7")
    people.login("li", "wrong password", NOW, "192.0.2.8")
    people.login("110000198803141234", "wrong password", NOW, "192.0.2.8")
    people.add_account("li", "desk", [], "another password", by=BOSS)
    token = people.add_token("erp", "clerk", ["3"], by=BOSS)
    people.remove_tokens("erp", by=BOSS)
    people.remove_account("li", by=BOSS)
    people.remove_account("li", by=BOSS)
    here, far, boss = "192.0.2.7", "192.0.2.8", ("boss", "203.0.113.1")
    assert hall.log() == [
        (*boss, "account-added", "li clerk"),
        ("li", here, "login", None),
        ("li", here, "logout", None),
        ("li", far, "login-failed", "wrong"),
        ("-", far, "login-failed", "wrong"),
        (*boss, "account-changed", "li desk: password, role, windows"),
        (*boss, "token-added", "erp clerk"),
        (*boss, "token-removed", "erp"),
        (*boss, "account-removed", "li"),
    ]
    assert token not in str(hall.log())


def test_a_broken_log_keeps_nobody_out_and_lets_no_account_be_changed(hall: Hall, people: People) -> None:
    from ticketing.privacy.vault import LOG_HEAD, VaultError
    from ticketing.store.tables import fact

    with hall.store.write() as conn:
        conn.execute(update(fact).where(fact.c.name == LOG_HEAD).values(value=b"changed"))
    assert people.principal_of_login(log_in(people, NOW), NOW)
    with pytest.raises(VaultError):
        people.add_account("wang", "desk", [], PASSWORD)
    assert [one.name for one in people.accounts(NOW)] == ["li"]


# -- the lock ----------------------------------------------------------------------------------------------------------


def test_a_log_in_without_an_act_is_locked_and_goes_on_by_the_password(hall: Hall, people: People) -> None:
    secret = log_in(people, NOW)
    late = NOW + timedelta(minutes=15)
    assert people.principal_of_login(secret, late - timedelta(seconds=1)) == Principal("li", "clerk", ("3",))
    assert people.principal_of_login(secret, late) == Principal("li", "clerk", ("3",), locked=True)
    assert people.principal_of_login(secret, late, acts=True) == Principal("li", "clerk", ("3",), locked=True)
    assert not people.unlock(LI, secret, "wrong password", late)
    assert people.unlock(LI, secret, PASSWORD, late, "192.0.2.7")
    assert people.principal_of_login(secret, late) == Principal("li", "clerk", ("3",))
    assert [entry[2:] for entry in hall.log()[2:]] == [
        ("locked", "idle"),
        ("login-failed", "unlock"),
        ("unlocked", None),
    ]


def test_an_act_begins_the_time_anew_and_is_written_down_once_a_minute(hall: Hall, people: People) -> None:
    secret = log_in(people, NOW)
    written: list[str] = []
    event.listen(
        hall.store.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: written.append(statement) if statement.startswith("UPDATE login") else None,
    )
    for second in range(0, 30 * 60, 10):
        assert people.principal_of_login(secret, NOW + timedelta(seconds=second), acts=True) == Principal(
            "li", "clerk", ("3",)
        )
    assert len(written) == 29
    last = NOW + timedelta(minutes=29)
    assert people.principal_of_login(secret, last + timedelta(minutes=15)).locked  # type: ignore[union-attr]


def test_twelve_hours_end_a_log_in_however_busy_and_an_unlocking_adds_nothing(people: People) -> None:
    secret = log_in(people, NOW)
    assert people.lock(secret, NOW)
    assert not people.lock(secret, NOW)
    end = NOW + LOGIN_LASTS
    assert people.unlock(LI, secret, PASSWORD, end - timedelta(minutes=1))
    assert people.principal_of_login(secret, end - timedelta(seconds=1), acts=True)
    assert people.principal_of_login(secret, end, acts=True) is None


def test_a_hall_that_says_so_locks_nobody(hall: Hall, people: People) -> None:
    secret = log_in(people, NOW)
    assert hall.people().principal_of_login(secret, NOW + timedelta(hours=11)) == Principal("li", "clerk", ("3",))


def test_guessing_at_a_lock_is_slowed_down_as_at_the_log_in(people: People) -> None:
    secret = log_in(people, NOW)
    people.lock(secret, NOW)
    for _ in range(5):
        assert not people.unlock(LI, secret, "wrong password", NOW)
    with pytest.raises(LimitError):
        people.unlock(LI, secret, PASSWORD, NOW)


def test_log_ins_are_listed_and_ended_one_or_all(hall: Hall, people: People) -> None:
    first, second = log_in(people, NOW), log_in(people, NOW + timedelta(minutes=1))
    one, other = people.sessions("li", NOW, second)
    assert (one.own, other.own, one.source, other.begun_at) == (False, True, "192.0.2.7", NOW + timedelta(minutes=1))
    assert people.accounts(NOW)[0].sessions[0].id == one.id
    assert people.end_sessions("li", one.id, BOSS) == 1
    assert people.principal_of_login(first, NOW) is None
    assert people.principal_of_login(second, NOW)
    assert people.end_sessions("li", None, BOSS) == 1
    assert people.end_sessions("li", None, BOSS) == 0
    assert people.principal_of_login(second, NOW) is None
    assert [entry[2] for entry in hall.log()].count("session-ended") == 2


# -- one's own password ------------------------------------------------------------------------------------------------


def test_people_change_their_own_password_by_the_old_one_and_other_log_ins_end(hall: Hall, people: People) -> None:
    here, elsewhere = log_in(people, NOW), log_in(people, NOW)
    assert not people.change_password(LI, "wrong password", "vier alte kisten", keep=here)
    for new, code in ((PASSWORD, "password_same"), ("kurz", "password_short"), ("password123!", "password_guessable")):
        with pytest.raises(AccountError) as refused:
            people.change_password(LI, PASSWORD, new, keep=here)
        assert refused.value.code == code
    assert people.change_password(LI, PASSWORD, "vier alte kisten", keep=here)
    assert people.principal_of_login(here, NOW)
    assert people.principal_of_login(elsewhere, NOW) is None
    assert people.login("li", PASSWORD, NOW) is None
    assert people.login("li", "vier alte kisten", NOW)
    assert ("li", "", "password-changed", None) in hall.log()


def test_an_account_made_so_must_first_be_given_another_password(people: People) -> None:
    people.add_account("li", "clerk", ["3"], PASSWORD, must_change=True)
    secret = log_in(people, NOW)
    assert people.principal_of_login(secret, NOW).must == "password_change_needed"  # type: ignore[union-attr]
    assert people.change_password(LI, PASSWORD, "vier alte kisten", keep=secret)
    assert people.principal_of_login(secret, NOW).must == ""  # type: ignore[union-attr]


# -- the second factor -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, SHA-1, the last six of its eight digits; the secret is the ASCII text 12345678901234567890."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert second_factor.step_of(secret, code, datetime.fromtimestamp(seconds, UTC), None) == seconds // 30


def enrolled(people: People) -> tuple[Callable[[datetime], str], list[str]]:
    """The codes of li's phone by the time, and the recovery codes."""
    secret, address = people.begin_totp("li")
    assert address.startswith("otpauth://totp/") and secret in address
    app = pyotp.parse_uri(address)
    assert isinstance(app, pyotp.TOTP)
    return app.at, people.confirm_totp("li", app.at(NOW), NOW, Actor("li", "clerk"))


def refusal(people: People, totp: str, at: datetime) -> str:
    with pytest.raises(SecondFactorError) as refused:
        people.login("li", PASSWORD, at, totp=totp)
    return refused.value.code


def test_with_a_second_factor_the_password_alone_opens_nothing_and_a_code_once(hall: Hall, people: People) -> None:
    phone, _ = enrolled(people)
    later = NOW + timedelta(seconds=60)
    assert refusal(people, "", later) == "totp_needed"
    assert refusal(people, "000000", later) == "totp_wrong"
    assert people.login("li", "wrong password", later, totp=phone(later)) is None
    assert refusal(people, phone(NOW), NOW) == "totp_wrong", "that code confirmed it"
    assert log_in(people, later, totp=phone(later))
    assert refusal(people, phone(later), later) == "totp_wrong"
    assert refusal(people, phone(later - timedelta(seconds=30)), later) == "totp_wrong", "older than the last one"
    assert {entry[2] for entry in hall.log()} >= {"totp-set", "login", "login-failed"}


@pytest.mark.parametrize(("off", "fits"), [(-61, False), (-30, True), (30, True), (61, False)])
def test_a_phone_may_be_off_by_one_step(people: People, off: int, fits: bool) -> None:
    phone, _ = enrolled(people)
    later = NOW + timedelta(minutes=5)
    code = phone(later + timedelta(seconds=off))
    if fits:
        assert log_in(people, later, totp=code)
    else:
        assert refusal(people, code, later) == "totp_wrong"


def test_a_recovery_code_lets_in_once_however_it_is_typed(people: People) -> None:
    _, codes = enrolled(people)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert log_in(people, NOW, totp=codes[0].lower().replace("-", " "))
    assert refusal(people, codes[0], NOW) == "totp_wrong"
    assert log_in(people, NOW, totp=codes[1])


def test_guessing_a_code_is_slowed_down_and_a_log_in_without_one_gives_no_guess_back(people: People) -> None:
    enrolled(people)
    for _ in range(4):
        assert refusal(people, "000000", NOW) == "totp_wrong"
    # The right password without a code is neither a guess nor a proof.
    assert refusal(people, "", NOW) == "totp_needed"
    assert refusal(people, "000000", NOW) == "totp_wrong"
    for totp in ("", "000000"):
        with pytest.raises(LimitError):
            people.login("li", PASSWORD, NOW, totp=totp)


def test_a_second_factor_counts_only_once_it_is_confirmed_and_is_taken_away_by_a_manager(people: People) -> None:
    with pytest.raises(StateError, match="totp_not_begun"):
        people.confirm_totp("li", "000000", NOW, BOSS)
    people.begin_totp("li")
    with pytest.raises(SecondFactorError, match="totp_wrong"):
        people.confirm_totp("li", "000000", NOW, BOSS)
    assert log_in(people, NOW)
    assert not people.remove_totp("li", BOSS)
    enrolled(people)
    with pytest.raises(StateError, match="totp_set"):
        people.begin_totp("li")
    assert people.accounts(NOW)[0].totp
    assert people.remove_totp("li", BOSS)
    assert log_in(people, NOW)


def test_a_role_that_needs_a_second_factor_can_do_nothing_without(hall: Hall, people: People) -> None:
    strict = hall.people(second_factor=frozenset({"clerk"}))
    secret = log_in(strict, NOW)
    assert strict.principal_of_login(secret, NOW).must == "totp_setup_needed"  # type: ignore[union-attr]
    enrolled(strict)
    assert strict.principal_of_login(secret, NOW).must == ""  # type: ignore[union-attr]


def test_the_secret_of_a_second_factor_is_nowhere_in_the_stores_files(people: People, tmp_path: Path) -> None:
    secret, _ = people.begin_totp("li")
    codes = people.confirm_totp("li", pyotp.TOTP(secret).at(NOW), NOW, BOSS)
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for one in (secret, *codes, codes[0].replace("-", "")):
        assert one.encode() not in files


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_token_with_an_end_opens_nothing_afterwards(hall: Hall, people: People) -> None:
    secret = people.add_token("erp", "clerk", ["3"], days=30)
    hall.now += timedelta(days=30) - timedelta(seconds=1)
    assert people.principal_of_token(secret)
    hall.now += timedelta(seconds=TOKEN_KNOWN_FOR)
    assert people.principal_of_token(secret) is None
    assert people.tokens()[0].expires_at == NOW + timedelta(days=30)


@pytest.mark.parametrize(
    ("bound", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "192.0.2.200", "192.0.3.1"),
        ("2001:db8::/64", "2001:db8::9", "2001:db8:1::9"),
        ("192.0.2.7", "192.0.2.7", "unknown"),
        ("192.0.2.7", "192.0.2.7", ""),
    ],
)
def test_a_token_bound_to_an_address_opens_nothing_from_another_and_the_try_is_recorded(
    hall: Hall, people: People, bound: str, inside: str, outside: str
) -> None:
    secret = people.add_token("erp", "clerk", ["3"], source=bound)
    assert people.principal_of_token(secret, inside)
    for _ in range(20):
        assert people.principal_of_token(secret, outside) is None
    assert people.principal_of_token(secret, inside)
    assert hall.log()[2:] == [("erp", outside, "token-refused", "address")]
    assert people.tokens()[0].used_from == inside


def test_a_token_bound_to_no_address_is_not_made(people: People) -> None:
    with pytest.raises(AccountError, match="not an IP address"):
        people.add_token("erp", "clerk", ["3"], source="the box over there")
    assert people.tokens() == []


def test_the_last_use_of_a_token_is_kept_to_the_minute_and_off_the_way_of_requests(hall: Hall, people: People) -> None:
    secret = people.add_token("erp", "clerk", ["3"])
    written: list[str] = []
    event.listen(
        hall.store.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: written.append(statement) if statement.startswith("UPDATE token") else None,
    )
    for _ in range(120):
        assert people.principal_of_token(secret, "192.0.2.7")
        hall.now += timedelta(seconds=1)
    assert written == []
    people.write_uses()
    people.write_uses()
    assert len(written) == 1
    found = people.tokens()[0]
    assert found.used_at and NOW + timedelta(seconds=USES_EVERY) < found.used_at < hall.now


# -- duties ------------------------------------------------------------------------------------------------------------


def test_where_duties_are_kept_apart_each_account_has_one_and_keeps_it(hall: Hall) -> None:
    people = hall.people(separate_duties=True)
    with pytest.raises(AccountError) as refused:
        people.add_account("wang", "manager", [], PASSWORD)
    assert refused.value.code == "duty_needed"
    with pytest.raises(AccountError):
        people.add_account("wang", "technician", [], PASSWORD, duty="security")
    people.add_account("wang", "manager", [], PASSWORD, duty="security")
    people.add_account("zhao", "technician", [], PASSWORD)
    people.add_account("li", "clerk", ["3"], PASSWORD)
    assert [(one.name, one.duty) for one in people.accounts(NOW)] == [
        ("li", None),
        ("wang", "security"),
        ("zhao", "system"),
    ]
    for role, duty in (("manager", "system"), ("technician", None), ("clerk", None)):
        with pytest.raises(AccountError) as refused:
            people.add_account("wang", role, ["3"], PASSWORD, duty=duty)  # type: ignore[arg-type]
        assert refused.value.code == "duty_other"
    assert people.add_account("wang", "manager", [], "another password", duty="security").changed == ("password",)
    assert people.principal_of_login(log_in(people, NOW), NOW).duty is None  # type: ignore[union-attr]


def test_a_log_in_of_before_the_lock_was_there_asks_for_the_password(hall: Hall, people: People) -> None:
    secret = log_in(people, NOW)
    with hall.store.write() as conn:
        conn.execute(update(login).values(seen_at=0, begun_at=0))
    assert people.principal_of_login(secret, NOW).locked  # type: ignore[union-attr]


def test_it_is_the_same_on_either_store(store_url: str) -> None:
    with closing(open_store(store_url, exclusive=False)) as store:
        hall = Hall(store, Vault(store, held(bytes(range(32))), "test", "aes-256-gcm"))
        people = hall.people(idle=timedelta(minutes=15))
        people.add_account("li", "clerk", ["3"], PASSWORD, must_change=True)
        secret = log_in(people, NOW)
        assert people.change_password(LI, PASSWORD, "vier alte kisten", keep=secret)
        assert people.principal_of_login(secret, NOW + timedelta(minutes=2), acts=True) == Principal(
            "li", "clerk", ("3",)
        )
        assert people.principal_of_login(secret, NOW + timedelta(minutes=17)).locked  # type: ignore[union-attr]
        assert people.unlock(LI, secret, "vier alte kisten", NOW + timedelta(minutes=17))
        phone, codes = enrolled(people)
        later = NOW + timedelta(minutes=18)
        assert people.login("li", "vier alte kisten", later, totp=phone(later))
        assert people.login("li", "vier alte kisten", later, totp=codes[0])
        assert [one.totp for one in people.accounts(later)] == [True]
        assert people.end_sessions("li", None, BOSS) == 3
        assert people.remove_totp("li", BOSS)
        token = people.add_token("erp", "clerk", ["3"], days=1, source="192.0.2.0/24")
        assert people.principal_of_token(token, "192.0.2.7")
        assert people.principal_of_token(token, "192.0.3.7") is None
        assert people.tokens()[0].used_from == "192.0.2.7"
        assert len(hall.log()) == 12
