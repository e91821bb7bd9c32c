"""The technician's page in a real browser, with simulated devices that lose their plugs."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from wires import wait_until


@pytest.fixture
def page(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The page of the virtual hall, opened with its kiosk's token."""
    page = new_page()
    page.goto(f"{hall.url}/devices#token={hall.kiosk_token}")
    expect(page.locator(".device").first).to_be_visible()
    return page


def card(page: Page, device: str) -> Locator:
    return page.locator(f"[data-device='{device}']")


def test_every_device_has_a_card_that_says_it_works(hall: Any, page: Page) -> None:
    expect(page.locator(".device")).to_have_count(len(hall.program.hall.devices))
    expect(page.locator(".device-state.good")).to_have_count(len(hall.program.hall.devices))
    expect(page.locator("#summary")).to_contain_text("全部正常")
    expect(card(page, "strip-2").locator(".device-name")).to_have_text("strip-2 · 2 号窗口")
    # What stands on the label of the reader's security module, for whoever asks its maker.
    expect(card(page, "reader").locator(".device-name")).to_have_text("reader · 05.01-20120101-0000000001-0000000001")


def test_a_pulled_plug_is_told_with_what_to_do_and_its_return_too(hall: Any, page: Page) -> None:
    hall.printer.unplug()
    printer = card(page, "printer")
    expect(printer.locator(".device-state")).to_have_text("连不上")
    expect(printer.locator(".device-reason")).not_to_be_empty()
    expect(printer.locator(".device-advice")).not_to_be_empty()
    expect(printer.locator(".device-test")).to_be_disabled()
    expect(page.locator("#summary")).to_contain_text("1 台需要处理")
    expect(page.locator(".device").first).to_have_attribute("data-device", "printer")
    hall.printer.plug_in()
    expect(printer.locator(".device-state")).to_have_text("正常")
    expect(printer.locator(".device-advice")).to_be_empty()


def test_missing_paper_is_a_fault_in_words(hall: Any, page: Page) -> None:
    hall.printer.take_out_paper()
    printer = card(page, "printer")
    expect(printer.locator(".device-state")).to_have_text("有故障")
    expect(printer.locator(".device-reason")).to_contain_text("paper_out")
    expect(printer.locator(".device-advice")).to_contain_text("纸")
    page.locator("[data-switch-language]").click()
    expect(printer.locator(".device-state")).to_have_text("Needs attention")
    expect(printer.locator(".device-advice")).to_contain_text("new roll")


def test_what_works_and_will_soon_want_somebody_is_told(hall: Any, page: Page) -> None:
    hall.printer.wear_down_paper()
    printer = card(page, "printer")
    expect(printer.locator(".device-advice")).to_have_text("准备好新纸卷")
    expect(printer.locator(".device-reason code")).to_have_text("paper_near_end")
    expect(printer.locator(".device-state")).to_have_text("正常")


def test_the_test_buttons_print_show_and_say(hall: Any, page: Page) -> None:
    papers, said = len(hall.printer.papers), len(hall.speaker.said)
    for device in ("printer", "strip-1", "speaker"):
        card(page, device).locator(".device-test").click()
        expect(card(page, device).locator(".device-result.good")).not_to_be_empty()
    wait_until(lambda: len(hall.printer.papers) == papers + 1 and len(hall.speaker.said) == said + 1)
    expect(card(page, "reader").locator(".device-test")).to_be_hidden()


def test_a_lost_connection_greys_the_page(page: Page) -> None:
    page.context.set_offline(True)
    expect(page.locator("html")).to_have_class("stale")
    page.context.set_offline(False)
    expect(page.locator("html")).not_to_have_class("stale")


def test_who_may_not_see_it_is_told_so_once(hall: Any, new_page: Callable[..., Page]) -> None:
    # The virtual hall gives the page to everybody, and its contents to a technician or the kiosk's token.
    page = new_page()
    loaded: list[str] = []
    page.on("load", lambda _: loaded.append(page.url))
    hall.log_visitor_in(page)
    page.goto(f"{hall.url}/devices")
    expect(page.locator("#summary")).to_have_text("您没有这项权限，请找管理员")
    page.locator("[data-switch-language]").click()
    expect(page.locator("#summary")).to_have_text("You may not do this: ask the manager")
    assert loaded == [f"{hall.url}/devices"]
