"""The routes of accounts: one's own, and a manager's."""

from dataclasses import replace
from typing import Any

import pyotp
import pytest

from ticketing.model import Actor
from ticketing.reports.audit import Filter

PASSWORD = "Kaimen-dajia-hao"
NEXT = "vier-alte-kisten"


def enter(here: Any, name: str = "wang", **more: str) -> str:
    """The cookie of a log-in."""
    answer = here.post("/login", {"username": name, "password": PASSWORD, **more})
    assert answer.status == 200, answer.body
    return str(answer.cookies[0].split(";")[0].partition("=")[2])


@pytest.fixture
def clerk(here: Any) -> str:
    """The cookie of a clerk at window 3."""
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD)
    return enter(here)


@pytest.fixture
def manager(here: Any) -> str:
    here.hall.people.add_account("zhou", "manager", (), PASSWORD)
    return enter(here, "zhou")


def test_a_window_that_was_left_is_locked_and_its_ticket_stays(here: Any, clerk: str) -> None:
    here.issue()
    assert here.post("/windows/3/call-next", cookie=clerk).status == 200
    here.pass_time(minutes=15)
    for method, path in (("POST", "recall"), ("POST", "call-next"), ("GET", "resident"), ("GET", "away")):
        refused = here.ask(method, f"/api/v1/windows/3/{path}", cookie=clerk)
        assert (refused.status, refused.code) == (423, "locked")
    assert here.post("/me/active", cookie=clerk).code == "locked"
    assert here.post("/me/password", {"old": PASSWORD, "new": NEXT}, cookie=clerk).code == "locked"
    assert here.get("/me", cookie=clerk).json["locked"]
    assert here.get("/windows/3", cookie=clerk).json["ticket"]["number"] == "A001"
    wrong = here.post("/unlock", {"password": "wrong"}, cookie=clerk)
    assert (wrong.status, wrong.code) == (403, "wrong_password")
    assert "locked" not in here.post("/unlock", {"password": PASSWORD}, cookie=clerk).json
    assert here.post("/windows/3/finish", {"outcome": "immediate"}, cookie=clerk).status == 200


def test_a_page_is_locked_by_hand_and_somebody_at_it_keeps_it_open(here: Any, clerk: str) -> None:
    for _ in range(3):
        here.pass_time(minutes=14)
        assert here.post("/me/active", cookie=clerk).status == 204
    assert here.post("/lock", cookie=clerk).status == 204
    assert here.post("/windows/3/pause", cookie=clerk).code == "locked"
    assert here.post("/logout", cookie=clerk).status == 204


def test_a_first_password_is_changed_before_anything_else(here: Any) -> None:
    here.hall.people.add_account("wang", "clerk", ("3",), PASSWORD, must_change=True)
    cookie = enter(here)
    assert here.get("/me", cookie=cookie).json["must"] == "password_change_needed"
    refused = here.post("/windows/3/call-next", cookie=cookie)
    assert (refused.status, refused.code) == (403, "password_change_needed")
    page = here.ask("GET", "/window/3", cookie=cookie)
    assert (page.status, page.headers["location"]) == (303, "/account?next=%2Fwindow%2F3")
    guess = here.post("/me/password", {"old": "wrong", "new": NEXT}, cookie=cookie)
    assert (guess.status, guess.code) == (403, "wrong_password")
    weak = here.post("/me/password", {"old": PASSWORD, "new": "password123!"}, cookie=cookie)
    assert (weak.status, weak.code) == (422, "password_guessable")
    assert here.post("/me/password", {"old": PASSWORD, "new": NEXT}, cookie=cookie).status == 204
    assert here.post("/windows/3/call-next", cookie=cookie).status == 204


def test_a_second_factor_is_set_up_asked_for_and_removed(here: Any, clerk: str) -> None:
    assert here.post("/me/totp", {"password": "wrong"}, cookie=clerk).code == "wrong_password"
    begun = here.post("/me/totp", {"password": PASSWORD}, cookie=clerk).json
    assert begun["qr"].startswith("<svg") and begun["secret"] in begun["address"]
    phone = pyotp.TOTP(begun["secret"])
    confirmed = here.post("/me/totp/confirm", {"totp": phone.at(here.now())}, cookie=clerk)
    assert len(confirmed.json["codes"]) == 8
    refused = here.post("/login", {"username": "wang", "password": PASSWORD})
    assert (refused.status, refused.code) == (401, "totp_needed")
    here.pass_time(seconds=60)
    code = phone.at(here.now())
    assert enter(here, totp=code)
    assert here.post("/login", {"username": "wang", "password": PASSWORD, "totp": code}).code == "totp_wrong"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = here.ask("POST", "/login", f"username=wang&password={PASSWORD}&next=/window/3".encode(), headers=form)
    assert sent.headers["location"] == "/login?next=%2Fwindow%2F3&failed=totp_needed"
    assert b'name="totp"' in here.ask("GET", sent.headers["location"]).body
    assert here.post("/me/totp/remove", {"password": PASSWORD}, cookie=clerk).status == 204
    assert enter(here)


def test_people_see_and_end_their_own_log_ins(here: Any, clerk: str) -> None:
    second = enter(here)
    other, own = sorted(here.get("/me/sessions", cookie=second).json["sessions"], key=lambda one: one["own"])
    assert (other["own"], own["own"], own["source"]) == (False, True, "127.0.0.1")
    assert here.post(f"/me/sessions/{other['id']}/end", cookie=second).status == 204
    assert here.post(f"/me/sessions/{other['id']}/end", cookie=second).code == "unknown_session"
    assert here.post("/me/active", cookie=clerk).status in (401, 403)
    assert here.post("/me/active", cookie=second).status == 204


def test_a_manager_sees_all_accounts_and_ends_log_ins(here: Any, clerk: str, manager: str) -> None:
    begun = here.post("/me/totp", {"password": PASSWORD}, cookie=clerk).json
    here.post("/me/totp/confirm", {"totp": pyotp.TOTP(begun["secret"]).at(here.now())}, cookie=clerk)
    found = {one["username"]: one for one in here.get("/accounts", cookie=manager).json["accounts"]}
    assert {name: (one["role"], one["totp"], len(one["sessions"])) for name, one in found.items()} == {
        "wang": ("clerk", True, 1),
        "zhou": ("manager", False, 1),
    }
    assert PASSWORD not in str(found) and begun["secret"] not in str(found)
    assert here.post("/accounts/wang/totp/remove", cookie=manager).status == 204
    assert here.post("/accounts/nobody/totp/remove", cookie=manager).code == "unknown_account"
    assert here.post("/accounts/wang/sessions/end", {}, cookie=manager).status == 204
    assert here.post("/accounts/wang/sessions/end", {}, cookie=manager).code == "unknown_session"
    assert here.get("/windows/3/away", cookie=clerk).status in (401, 403)


def test_nobody_else_administers_accounts_nor_does_a_machine(here: Any, clerk: str) -> None:
    assert here.get("/accounts", cookie=clerk).code == "forbidden"
    assert here.get("/accounts", token=here.token("manager")).code == "forbidden"
    for method, path in (("GET", "account"), ("GET", "sessions"), ("POST", "active")):
        assert here.ask(method, f"/api/v1/me/{path}", token=here.token("clerk")).code == "forbidden"


def test_where_duties_are_kept_apart_a_manager_has_accounts_or_setup(here: Any) -> None:
    people = here.hall.people
    people.rules = type(people.rules)(separate_duties=True)
    people.add_account("zhou", "manager", (), PASSWORD, duty="security")
    people.add_account("wu", "manager", (), PASSWORD, duty="system")
    security, system = enter(here, "zhou"), enter(here, "wu")
    setup = here.get("/setup", cookie=system).json
    assert here.get("/accounts", cookie=security).status == 200
    assert here.get("/accounts", cookie=system).code == "forbidden"
    assert here.ask("PUT", "/api/v1/setup", setup, cookie=security).code == "forbidden"
    assert here.ask("PUT", "/api/v1/setup", setup, cookie=system).status == 200


def test_a_manager_of_before_duties_were_kept_apart_does_not_hold_both(here: Any, manager: str) -> None:
    setup = here.get("/setup", cookie=manager).json
    people = here.hall.people
    people.rules = type(people.rules)(separate_duties=True)
    assert here.get("/accounts", cookie=manager).code == "forbidden"
    assert here.ask("PUT", "/api/v1/setup", setup, cookie=manager).status == 200
    people.add_account("zhou", "manager", (), PASSWORD, duty="security")
    security = enter(here, "zhou")
    assert here.get("/accounts", cookie=security).status == 200
    assert here.ask("PUT", "/api/v1/setup", setup, cookie=security).code == "forbidden"


def test_a_token_bound_to_another_address_is_no_token(here: Any) -> None:
    people = here.hall.people
    far, near = (people.add_token("erp", "clerk", ["3"], source=source) for source in ("192.0.2.7", "127.0.0.0/8"))
    assert here.get("/windows/3", token=far).code == "bad_token"
    assert here.get("/windows/3", token=near).status == 200


def test_a_manager_adds_changes_and_removes_accounts(here: Any, manager: str) -> None:
    body = {"username": "chen", "role": "clerk", "windows": ["1"], "password": PASSWORD}
    made = here.post("/accounts", body, cookie=manager)
    assert (made.status, made.json["must_change"], made.json["windows"]) == (201, True, ["1"])
    assert here.post("/accounts", body, cookie=manager).code == "account_there"
    clerk = enter(here, "chen")
    assert here.post("/windows/1/open", cookie=clerk).code == "password_change_needed"
    assert here.post("/me/password", {"old": PASSWORD, "new": NEXT}, cookie=clerk).status == 204
    assert here.post("/windows/1/open", cookie=clerk).status == 200
    changed = here.post("/accounts/chen", {"role": "clerk", "windows": ["3"]}, cookie=manager)
    assert (changed.status, changed.json["windows"], changed.json["sessions"]) == (200, ["3"], [])
    assert here.get("/me", cookie=clerk).code == "not_logged_in"
    assert here.hall.window("1").clerk is None
    assert here.post("/accounts/chen", {"role": "clerk"}, cookie=manager).code == "window_needed"
    assert here.post("/accounts/chen/password", {"password": "short"}, cookie=manager).code == "password_short"
    assert here.post("/accounts/chen/password", {"password": PASSWORD}, cookie=manager).status == 204
    assert here.post("/accounts/chen/remove", cookie=manager).status == 204
    for path, body in (("", {"role": "desk"}), ("/password", {"password": PASSWORD}), ("/remove", None)):
        assert here.post(f"/accounts/chen{path}", body, cookie=manager).code == "unknown_account"
        assert here.post(f"/accounts/zhou{path}", body, cookie=manager).code == "own_account"
    read = here.hall.audit.read(Filter(who="zhou"), Actor("hu", "auditor"))
    told = [(one.action, one.reason) for one in read.entries if "account" in one.action]
    assert told == [
        ("account-added", "chen clerk"),
        ("account-changed", "chen clerk: windows"),
        ("account-changed", "chen: password"),
        ("account-removed", "chen"),
    ]


def test_a_manager_makes_and_removes_tokens(here: Any, manager: str) -> None:
    body = {"name": "kiosk-1", "role": "kiosk", "days": 30, "source": "127.0.0.0/8"}
    secret = here.post("/tokens", body, cookie=manager).json["token"]
    assert here.get("/kiosk", token=secret).status == 200
    (found,) = here.get("/tokens", cookie=manager).json["tokens"]
    assert (found["name"], found["source"], found["over"], found["used_from"]) == (
        "kiosk-1",
        "127.0.0.0/8",
        False,
        "127.0.0.1",
    )
    assert secret not in str(found) and found["expires_at"]
    wrong = here.post("/tokens", body | {"source": "the kiosk"}, cookie=manager)
    assert (wrong.status, wrong.code) == (422, "address_invalid")
    assert here.post("/tokens", body | {"role": "terminal"}, cookie=manager).code == "terminal_needed"
    assert here.post(f"/tokens/{found['id']}/remove", cookie=manager).status == 204
    assert here.get("/kiosk", token=secret).code == "bad_token"
    assert here.post(f"/tokens/{found['id']}/remove", cookie=manager).code == "unknown_token"


def test_where_duties_are_kept_apart_only_security_administers_accounts(here: Any) -> None:
    people = here.hall.people
    people.rules = replace(people.rules, separate_duties=True)
    people.add_account("zhou", "manager", (), PASSWORD, duty="system")
    people.add_account("sun", "manager", (), PASSWORD, duty="security")
    system, security = enter(here, "zhou"), enter(here, "sun")
    body = {"username": "chen", "role": "manager", "password": PASSWORD}
    assert here.post("/accounts", body, cookie=system).code == "forbidden"
    assert here.get("/tokens", cookie=system).code == "forbidden"
    assert here.post("/accounts", body, cookie=security).code == "duty_needed"
    assert here.post("/accounts", body | {"duty": "system"}, cookie=security).json["duty"] == "system"
    assert here.post("/accounts/chen", {"role": "manager", "duty": "security"}, cookie=security).code == "duty_other"
    change = {"changes": [{"how": "remove", "section": "services", "row": "tax"}]}
    assert here.post("/setup/draft/changes", change, cookie=security).code == "forbidden"
    assert here.post("/setup/draft/changes", change, cookie=system).status == 200
