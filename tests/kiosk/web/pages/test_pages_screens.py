"""Screens on the technician's page in a real browser: bound by the code on the screen, changed, removed."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from axe import violations
from ticketing.people.principal import hash_of
from ticketing.screens.screens import Shows
from wires import wait_until


def test_a_technician_binds_a_screen_by_its_code_changes_and_removes_it(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    hall.program.hall.people.add_account("zhao", "technician", (), "technician-password")
    screens = hall.program.hall.screens
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "zhao", "password": "technician-password"})
    page.goto(f"{hall.url}/devices")
    expect(page.locator("#no-screens")).to_be_visible()
    secret = "s" * 43
    code = screens.report(secret, "tv-1", "192.168.1.7").code
    card = page.locator("#screens li")
    expect(card.locator(".device-state")).to_have_text("待设置")
    expect(card.locator(".screen-new")).to_be_visible()

    page.fill("#code", "22222")
    page.get_by_role("button", name="设置").click()
    expect(page.locator("#bind-told")).to_contain_text("没有屏幕显示这个码")
    page.fill("#code", code.lower())
    page.select_option("#bind-shows", "window/2")
    page.fill("#bind-name", "二号窗口上方")
    page.get_by_role("button", name="设置").click()
    expect(page.locator("#bind-told")).to_contain_text("已设置：二号窗口上方")
    expect(card.locator(".screen-title")).to_have_text("二号窗口上方")
    expect(card.locator(".device-state")).to_have_text("正常")
    assert screens.report(secret, "tv-1", "192.168.1.7").shows == Shows("window", "2")
    assert violations(page) == []

    card.locator(".screen-shows").select_option("board")
    card.locator(".screen-name").fill("门厅")
    card.get_by_role("button", name="保存").click()
    expect(card.locator(".screen-title")).to_have_text("门厅")
    assert screens.report(secret, "tv-1", "192.168.1.7").shows == Shows("board")

    # It may be the kiosk of this box once it has told the hash of its token; only what a page can look like is offered.
    looks = card.locator(".screen-theme")
    card.locator(".screen-shows").select_option("kiosk")
    expect(looks.locator("option:enabled")).to_have_text(["标准", "大字版", "高对比"])
    looks.select_option("large")
    card.get_by_role("button", name="保存").click()
    expect(card.locator(".device-result")).to_contain_text("这块屏幕还不能显示这一页")
    token = f"quhao_{7:043}"
    screens.report(secret, "tv-1", "192.168.1.7", hash_of(token))
    card.get_by_role("button", name="保存").click()
    expect(card.locator(".device-result")).to_have_text("已保存")
    assert screens.report(secret, "tv-1", "192.168.1.7").shows == Shows("kiosk", theme="large")
    expect(looks).to_have_value("large")
    card.locator(".screen-shows").select_option("resident/2")
    expect(looks).to_be_disabled()
    expect(looks).to_have_value("")
    card.get_by_role("button", name="保存").click()
    wait_until(lambda: screens.report(secret, "tv-1", "192.168.1.7").shows == Shows("resident", "2"))
    screens.report(secret, "tv-1", "192.168.1.7", switch_trouble="off ddcutil ended with 1")
    expect(card.locator(".screen-trouble")).to_contain_text("晚上屏幕关不掉（ddcutil ended with 1）")
    expect(card.locator(".device-state")).to_have_text("需要处理")
    assert violations(page) == []
    screens.report(secret, "tv-1", "192.168.1.7", switch_trouble="")
    expect(card.locator(".screen-trouble")).to_be_hidden()

    # Or a self-service terminal, which it opens by its own token.
    card.locator(".screen-shows").select_option("terminal")
    card.get_by_role("button", name="保存").click()
    wait_until(lambda: screens.report(secret, "tv-1", "192.168.1.7").shows == Shows("terminal"))
    expect(card.locator(".screen-shows")).to_have_value("terminal")
    terminal = new_page()
    with terminal.expect_response("**/api/v1/terminals/screen-1") as about:
        terminal.goto(f"{hall.url}/terminal?terminal=screen-1#token={token}")
    assert about.value.status == 200
    expect(terminal.locator("#tiles")).to_be_visible()
    expect(terminal.locator("#refused")).to_be_hidden()

    page.locator("[data-switch-language]").click()
    expect(card.locator(".device-state")).to_have_text("Working")
    card.get_by_role("button", name="Remove").click()
    expect(card).to_have_count(1)
    card.get_by_role("button", name="Press again to remove").click()
    expect(page.locator("#no-screens")).to_be_visible()
    assert screens.report(secret, "tv-1", "192.168.1.7").code, "its box shows a code again"
