"""The manager's page in a real browser, with the whole hall behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ticketing.model import Actor
from ticketing.reports.climate import ClimateRecord
from wires import wait_until

SECRET = "manager-password"
CLERK = Actor("wang", "clerk", "1")


@pytest.fixture
def page(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The page, with a manager logged in."""
    for _ in range(3):
        hall.office.issue("business-licence", CLERK, print=False)
    for outcome in ("immediate", "rejected"):
        hall.office.call_next("1", CLERK)
        hall.office.start("1", CLERK)
        hall.office.finish("1", CLERK, outcome)
    hall.program.hall.people.add_account("zhou", "manager", (), SECRET)
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "zhou", "password": SECRET})
    page.goto(f"{hall.url}/manage")
    expect(page.locator(".tile").first).to_be_visible()
    return page


def test_the_day_is_there_at_a_glance(page: Page) -> None:
    expect(page.locator(".tile", has_text="取号").first.locator(".number")).to_have_text("3")
    expect(page.locator(".tile", has_text="办结").first.locator(".number")).to_have_text("2")
    expect(page.locator("#issued .plot-figure")).to_have_text("3")
    expect(page.locator("#windows .plot-name")).to_have_text("1号窗口")
    expect(page.locator("#windows .plot-figure")).to_have_text("2")
    expect(page.locator("#services .plot-name")).to_contain_text("营业执照")
    expect(page.locator("#grades .plot-figure").last).to_have_text("2")
    width = page.locator("#windows .plot-bar").evaluate("bar => bar.getBoundingClientRect().width")
    assert width > 50


def test_it_speaks_english_too(page: Page) -> None:
    page.locator("[data-switch-language]").click()
    expect(page.locator(".tile", has_text="numbers taken").locator(".number")).to_have_text("3")
    expect(page.locator("h1")).to_have_text("The day in figures")


def test_another_day_is_another_table(page: Page) -> None:
    page.locator("#day").fill("2026-01-02")
    expect(page.locator("#asked")).to_contain_text("2026-01-02")
    expect(page.locator(".tile", has_text="取号").first.locator(".number")).to_have_text("0")
    expect(page.locator("#hours")).to_have_text("还没有数据")
    expect(page.locator("#csv")).to_have_attribute("href", "/api/v1/reports/day?date=2026-01-02&format=csv")


def test_the_table_is_taken_along(page: Page) -> None:
    with page.expect_download() as started:
        page.locator("#csv").click()
    download = started.value
    assert download.suggested_filename.startswith("quhao_")
    assert download.path().read_text("utf-8-sig").splitlines()[-1].startswith("total,,合计 Total,3,2")


def test_it_fits_a_narrow_screen(hall: Any, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nobody_else_is_let_in(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{hall.url}/manage")
    assert "/login?next=%2Fmanage" in page.url
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "clerk", "password": "a-demo-password"})
    response = page.goto(f"{hall.url}/manage")
    assert response and response.status == 403


def test_a_zones_day_is_a_curve_and_its_air_conditioner_has_keys(hall: Any, page: Page) -> None:
    climate, zone = hall.program.hall.climate, hall.simulator("climate")
    now = hall.office.ledger.now()
    climate.records.record(
        [ClimateRecord("climate", now.replace(hour=0, minute=5 * turn), 24.0 + turn, 45.0, 300) for turn in range(12)]
    )
    page.reload()
    panel = page.locator("#climate .panel")
    expect(panel.locator("h2")).to_have_text("室温 25.0 °C 湿度 45 %")
    expect(panel).to_contain_text("空调运行 1 小时 0 分钟")
    box = panel.locator(".plot-curve").bounding_box()
    assert box and box["height"] > 50
    panel.get_by_role("button", name="开 1 小时").click()
    wait_until(lambda: zone.relay)
    expect(panel.get_by_role("button", name="开 1 小时")).to_have_attribute("aria-pressed", "true")
    panel.get_by_role("button", name="自动").click()
    wait_until(lambda: not zone.relay)
