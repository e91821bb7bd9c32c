"""The manager's pages in a real browser, with the whole hall behind them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from axe import violations
from book import past_tickets
from ticketing.live.alerts import Limits
from ticketing.model import Actor
from ticketing.reports.climate import ClimateRecord
from ticketing.store import tables
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
    page.goto(f"{hall.url}/manage/figures")
    expect(page.locator(".tile").first).to_be_visible()
    return page


def test_the_hall_now_is_there_and_follows_what_happens(hall: Any, page: Page) -> None:
    page.goto(f"{hall.url}/manage")
    expect(page.locator("#waiting tbody tr")).to_have_count(1)
    expect(page.locator("#waiting tbody tr")).to_contain_text("营业执照")
    expect(page.locator(".tile", has_text="正在等候").locator(".number")).to_have_text("1")
    card = page.locator(".window-card", has_text="2号窗口")
    expect(card).to_contain_text("空闲")
    number = hall.office.call_next("1", CLERK).ticket.number
    expect(page.locator(".window-card", has_text="1号窗口")).to_contain_text(number)
    expect(page.locator("#nobody")).to_have_text("现在没有人等候")
    hall.office.pause_window("2", CLERK)
    expect(card).to_contain_text("暂停")
    expect(page.locator("#working")).to_contain_text("全部正常")
    assert violations(page) == []
    page.locator("[data-switch-language]").click()
    expect(page.locator("h1")).to_have_text("The hall now")
    expect(card).to_contain_text("paused")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight + 1"), "one page without scrolling"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_stands_badly_is_said_here_and_at_the_desk(hall: Any, page: Page, new_page: Callable[..., Page]) -> None:
    office, watch = hall.office, hall.program.hall.watch
    office.issue("tax", CLERK, print=False)
    office.close_window("3", CLERK)
    hall.program.hall.people.add_account("chen", "desk", (), SECRET)
    desk = new_page()
    desk.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": SECRET})
    desk.goto(f"{hall.url}/desk")
    expect(desk.locator("#line")).to_have_text("已连接")
    page.goto(f"{hall.url}/manage")
    expect(page.locator("#waiting tbody tr").first).to_be_visible()
    # As long as it takes until somebody has waited too long.
    watch._limits = Limits(oldest_wait=timedelta(microseconds=1))
    watch.look()
    for one in (page, desk):
        expect(one.locator("#alerts .alert").first).to_contain_text("最久的一位已等")
        assert violations(one) == []


def test_the_day_is_there_at_a_glance(page: Page) -> None:
    expect(page.locator(".tile", has_text="取号").first.locator(".number")).to_have_text("3")
    expect(page.locator(".tile", has_text="办结").first.locator(".number")).to_have_text("2")
    expect(page.locator("#issued .plot-figure")).to_have_text("3")
    expect(page.locator("#grades .plot-figure").last).to_have_text("2")
    assert page.locator("#spread .plot-bar").count() >= 2
    expect(page.locator("#shares")).to_contain_text("10 分钟内 100 %")
    assert violations(page) == []
    page.locator("#by").select_option("window")
    expect(page.locator("#issued .plot-name")).to_have_text("1号窗口")
    expect(page.locator("#issued-title")).to_have_text("取号，按窗口")
    expect(page.locator("#table tbody tr")).to_have_count(2)
    expect(page.locator("#table tbody tr").last).to_contain_text("合计")
    width = page.locator("#issued .plot-bar").evaluate("bar => bar.getBoundingClientRect().width")
    assert width > 50
    page.locator("#by").select_option("service")
    expect(page.locator("#issued .plot-name")).to_contain_text("营业执照")


def test_days_are_compared_and_each_figure_says_what_it_counts(page: Page) -> None:
    page.locator("#preset").select_option("last-month")
    expect(page.locator("#table tbody tr").last.locator("td").first).to_have_text("0")
    expect(page.locator("#by")).to_have_value("day")
    expect(page.locator("#spread")).to_have_text("还没有数据")
    page.locator("#preset").select_option("month")
    page.locator("#compare").select_option("before")
    tile = page.locator(".tile", has_text="取号").first
    expect(tile.locator(".number")).to_have_text("3")
    expect(tile.locator(".change")).to_have_text("对比 0")
    page.locator("summary", has_text="怎么算").click()
    expect(page.locator("#definitions dd").first).to_have_text("当天发出的号码，取消的也算")
    page.locator("[data-switch-language]").click()
    expect(page.locator(".tile", has_text="numbers taken").locator(".number")).to_have_text("3")
    expect(page.locator("h1")).to_have_text("Figures")
    expect(page.locator("#definitions dt").first).to_have_text("issued")
    assert violations(page) == []


def test_another_day_is_another_table(page: Page) -> None:
    page.locator("#from").fill("2026-01-02")
    page.locator("#to").fill("2026-01-02")
    expect(page.locator("#asked")).to_contain_text("2026-01-02")
    expect(page.locator("#preset")).to_have_value("own")
    expect(page.locator(".tile", has_text="取号").first.locator(".number")).to_have_text("0")
    href = "/api/v1/reports/span?from=2026-01-02&to=2026-01-02&by=hour&format=csv"
    expect(page.locator("#csv")).to_have_attribute("href", href)
    page.locator("#to").fill("2026-01-01")
    expect(page.locator("#said")).to_contain_text("日期先后不对")
    # What is chosen changes the figures below it, and nothing else: neither the page nor what has the focus.
    expect(page.locator("#to")).to_be_focused()
    page.locator("#by").focus()
    page.locator("#by").select_option("window")
    expect(page.locator("#by")).to_be_focused()
    assert page.url.endswith("/manage/figures")


def test_the_tables_are_taken_along(page: Page) -> None:
    with page.expect_download() as started:
        page.locator("#csv").click()
    download = started.value
    assert download.suggested_filename.endswith("_hour.csv")
    assert download.path().read_text("utf-8-sig").splitlines()[-1].startswith("total,,合计 Total,3,2")
    with page.expect_download() as started:
        page.locator("#xlsx").click()
    with ZipFile(started.value.path()) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        names = book.read("xl/workbook.xml").decode()
    assert [name in names for name in ("数据 Figures", "等候分布 Waits", "说明 Definitions")] == [True] * 3
    assert "当天发出的号码，取消的也算" in texts


def test_a_change_is_tried_on_past_days_and_the_next_days_are_foretold(hall: Any, page: Page) -> None:
    now = hall.office.ledger.now()
    with hall.office.ledger.store.write() as conn:
        conn.execute(insert(tables.ticket), list(past_tickets(now, 70)))
    hall.program.hall.spans.keep_up(60)
    page.goto(f"{hall.url}/manage/what-if")
    expect(page.locator("#coming .day")).to_have_count(7)
    expect(page.locator("#coming .plot-range").first).to_be_visible()
    expect(page.locator("#past .plot-dot").first).to_be_visible()
    expect(page.locator("#held")).to_contain_text("% 的时段落在区间里")
    expect(page.locator("#coming-for tbody tr")).to_have_count(1)
    expect(page.locator("#coming-for tbody tr")).to_contain_text("个人办税")
    expect(page.locator("#coming-for td b").first).to_have_text("40")
    expect(page.locator("#past-for td").first).to_contain_text("40 ")
    expect(page.locator("#held-for")).to_contain_text("100 % 落在区间里")
    page.locator("#window").select_option("2")
    page.locator("#change button[type=submit]").click()
    expect(page.locator(".what-if-head")).to_have_text("09:40–17:00 开2号窗口，等候几乎没有变化")
    page.locator("#window").select_option("3")
    page.locator("#from").fill("09:00")
    page.locator("#change button[type=submit]").click()
    expect(page.locator(".what-if-head")).to_contain_text("09:00–17:00 开3号窗口，这样的一天合计少等")
    expect(page.locator("#answer .tile").first).to_contain_text("→")
    assert violations(page) == []
    page.locator("#like").select_option("day")
    page.locator("#day").fill("2020-01-01")
    page.locator("#change button[type=submit]").click()
    expect(page.locator("#answer .notice")).to_contain_text("这样的日子还没有记录")
    page.locator("[data-switch-language]").click()
    expect(page.locator("h1")).to_have_text("What if")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
