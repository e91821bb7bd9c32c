"""The log-in in a real browser."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from staff import issue, key_is

NAME, SECRET = "wang", "a-long-password"


@pytest.fixture
def door(hall: Any) -> Any:
    """A hall with a clerk of its first window and a technician."""
    people = hall.program.hall.people
    people.add_account(NAME, "clerk", ("1",), SECRET)
    people.add_account("zhao", "technician", (), SECRET)
    return hall


def log_in(page: Page, name: str = NAME, password: str = SECRET) -> None:
    page.fill("#username", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")


def test_whoever_wanted_a_page_gets_it_after_logging_in(door: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{door.url}/window/1")
    expect(page.locator("#username")).to_be_focused()
    log_in(page)
    expect(page).to_have_url(f"{door.url}/window/1")
    expect(page.locator(".bar-who")).to_have_text(NAME)
    expect(page.locator("#line")).to_have_text("已连接")
    page.locator("#sign-out").click()
    expect(page).to_have_url(f"{door.url}/login")
    page.goto(f"{door.url}/window/1")
    expect(page).to_have_url(f"{door.url}/login?next=%2Fwindow%2F1")


def test_a_wrong_password_is_told_in_words_and_the_page_is_not_forgotten(
    door: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{door.url}/window/1")
    log_in(page, password="wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#password")).to_have_value("")
    assert "wrong" not in page.url.replace("wrong_password", "")
    log_in(page)
    expect(page).to_have_url(f"{door.url}/window/1")


def test_a_log_in_leads_to_no_other_site(door: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    for elsewhere in ("https://example.com/", "//example.com/", "/\\example.com", "javascript:alert(1)", "window/1"):
        page.context.clear_cookies()
        page.goto(f"{door.url}/login?{urlencode({'next': elsewhere})}")
        log_in(page)
        expect(page, elsewhere).to_have_url(f"{door.url}/")


def test_the_log_in_works_without_scripts(door: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{door.url}/login?next=/window/1")
    log_in(page)
    expect(page).to_have_url(f"{door.url}/window/1")


def test_what_somebody_is_not_allowed_is_refused_and_not_asked_for_again(
    door: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{door.url}/login")
    log_in(page, "zhao")
    expect(page).to_have_url(f"{door.url}/")
    refused = page.goto(f"{door.url}/window/1")
    assert refused and refused.status == 403
    assert page.goto(f"{door.url}/devices").status == 200  # type: ignore[union-attr]


def test_the_log_in_speaks_english(door: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{door.url}/login")
    page.locator("[data-switch-language]").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    log_in(page, password="wrong")
    expect(page.get_by_role("alert")).to_contain_text("password")


def test_a_window_that_was_left_is_covered_until_its_clerk_gives_the_password(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    from config.settings import AccountsSettings

    hall = start_hall(accounts=AccountsSettings(idle_minutes=15))
    hall.program.hall.people.add_account(NAME, "clerk", ("3",), SECRET)
    issue(hall, card=None)
    page = new_page(clock=True)
    page.goto(f"{hall.url}/login?next=/window/3")
    log_in(page)
    key_is(page, "呼叫下一位")
    page.locator("#go").click()
    key_is(page, "开始办理")
    # A page that is loaded anew before the hall has heard of the lock is open again.
    with page.expect_response("**/api/v1/lock"):
        page.clock.fast_forward("16:00")
    expect(page.locator("#lock")).to_be_visible()
    expect(page.locator("#lock-password")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("F2")
    page.reload()
    expect(page.locator("#lock-password")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#lock").get_by_role("alert")).to_contain_text("密码不对")
    expect(page.locator("#lock-password")).to_be_focused()
    page.keyboard.type(SECRET)
    page.keyboard.press("Enter")
    expect(page.locator("#lock")).to_be_hidden()
    key_is(page, "开始办理")


def test_a_person_changes_the_first_password_and_sets_a_second_factor_up(
    door: Any, new_page: Callable[..., Page]
) -> None:
    import pyotp

    door.program.hall.people.add_account(NAME, "clerk", ("1",), SECRET, must_change=True)
    page = new_page()
    page.goto(f"{door.url}/login?next=/window/1")
    log_in(page)
    expect(page).to_have_url(f"{door.url}/account?next=%2Fwindow%2F1")
    page.wait_for_load_state()
    expect(page.locator("#due")).to_be_visible()
    for box, typed in (("#old", SECRET), ("#new", "wangwangwang"), ("#again", "wangwangwang")):
        page.fill(box, typed)
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_contain_text("太容易猜")
    for box in ("#new", "#again"):
        page.fill(box, "vier-alte-kisten")
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_contain_text("密码已修改")
    page.fill("#totp-password", "vier-alte-kisten")
    page.keyboard.press("Enter")
    expect(page.locator("#totp-qr")).to_be_visible()
    secret = page.locator("#totp-secret").inner_text().replace(" ", "")
    page.fill("#totp-code", pyotp.TOTP(secret).at(door.program.hall.clock()))
    page.keyboard.press("Enter")
    expect(page.locator("#recovery-codes li")).to_have_count(8)
    expect(page.locator("#sessions li")).to_have_count(1)
    recovery = page.locator("#recovery-codes li").first.inner_text()
    page.locator("#go-on").click()
    expect(page).to_have_url(f"{door.url}/window/1")
    page.wait_for_load_state()
    page.locator("#sign-out").click()
    log_in(page, password="vier-alte-kisten")
    expect(page.get_by_role("alert")).to_contain_text("动态码")
    page.fill("#username", NAME)
    page.fill("#password", "vier-alte-kisten")
    page.fill("#totp", recovery)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{door.url}/")
