"""The auditor's page in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from drivers.card_reader.id_card import check_digit
from ticketing.model import Actor
from ticketing.privacy import access_log
from wires import wait_until

SECRET = "auditor-password"
NUMBER = "11000019490307002" + check_digit("11000019490307002")


@pytest.fixture
def page(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The page, with an auditor logged in and three entries in the log."""
    with hall.office.ledger.verb() as m:
        for action, whom in (("scan", NUMBER), ("backup", None), ("resident", NUMBER)):
            access_log.append(m.conn, m.vault, m.now, Actor("wang", "clerk", "1"), action, None, subject=whom)
    hall.program.hall.people.add_account("shen", "auditor", (), SECRET)
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "shen", "password": SECRET})
    page.goto(f"{hall.url}/audit")
    expect(page.locator("#entries tr", has_text="扫码办理").first).to_be_visible()
    return page


def test_entries_are_found_by_keyboard_alone(page: Page) -> None:
    page.locator("#who").focus()
    page.keyboard.type("wang")
    page.keyboard.press("Tab")
    page.keyboard.type("backup")
    page.keyboard.press("Enter")
    expect(page.locator("#entries tr")).to_have_count(1)
    expect(page.locator("#entries tr")).to_contain_text("备份")
    page.locator("[data-switch-language]").click()
    expect(page.locator("h1")).to_have_text("Audit log")
    expect(page.locator("#entries tr")).to_contain_text("wang")


def test_a_person_asks_who_looked_and_the_number_does_not_stay(page: Page) -> None:
    page.locator("#number").fill(NUMBER)
    page.locator("#about button").click()
    expect(page.locator("#entries tr")).to_have_count(2)
    expect(page.locator("#number")).to_have_value("")
    assert NUMBER not in page.content() + page.url


def test_the_log_is_verified_with_its_verdict_in_words(hall: Any, page: Page) -> None:
    page.locator("#proof .primary").click()
    expect(page.locator("#verdict")).to_contain_text("日志完整")
    page.locator("#anchor").fill("1:0000000000000000")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("第 1 条与锚不符")
    page.locator("[data-switch-language]").click()
    expect(page.locator("#verdict")).to_contain_text("entry 1 is not the anchored one")
    page.locator("#anchor").fill("yesterday")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_be_visible()


def test_a_closing_slip_is_printed_and_the_page_says_when_it_is_there(hall: Any, page: Page) -> None:
    page.locator("#closing-slip").click()
    expect(page.locator("#said")).to_contain_text("日结凭条已打印")
    expect(page.locator("#closing-slip")).to_be_enabled()
    (scanned,) = hall.printer.papers[-1].codes
    page.locator("#anchor").fill(scanned)
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("日志完整")
    code = hall.program.hall.audit.head().short.partition(":")
    shown = " ".join([code[0], *(code[2][at : at + 4] for at in range(0, 16, 4))])
    expect(page.locator("#verdict")).to_contain_text(f"最新校验码 {shown}")
    assert violations(page) == []
    hall.printer.take_out_paper()
    wait_until(lambda: not hall.program.hall.printing.ready)
    page.locator("#closing-slip").click()
    expect(page.locator("#said")).to_contain_text("没有打印")


def test_all_fields_have_names_and_the_page_fits_a_phone(page: Page) -> None:
    unnamed = page.evaluate("[...document.querySelectorAll('input')].filter(i => !i.labels.length).map(i => i.id)")
    assert unnamed == []
    page.set_viewport_size({"width": 390, "height": 800})
    wait_until(lambda: page.evaluate("innerWidth") == 390)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    low = page.evaluate(
        "[...document.querySelectorAll('main button')].filter(b => b.offsetParent).map(b => b.offsetHeight)"
    )
    assert min(low) >= 44, "for fingers"


def test_nobody_else_is_let_in(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{hall.url}/audit")
    assert "/login?next=%2Faudit" in page.url
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "clerk", "password": "a-demo-password"})
    response = page.goto(f"{hall.url}/audit")
    assert response and response.status == 403
