"""The guide in a real browser: on a screen of the hall, and on a phone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from axe import violations
from config.settings import HallSettings
from spelt import put_demo_matters
from staff import follow
from ticketing.model import Actor
from wires import FORENOON, wait_until

MANAGER = Actor("zhao", "manager")
UPRIGHT = {"width": 1080, "height": 1920}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def hall(start_hall: Callable[..., Any]) -> Any:
    named = HallSettings(id="demo", name="示范大厅", name_en="Demo hall", timezone=FORENOON, public_host="q.example.cn")
    made = start_hall(hall=named)
    put_demo_matters(made.program.hall)
    return made


@pytest.fixture
def screen(hall: Any, new_page: Callable[..., Page]) -> Page:
    """A touch screen of the hall, set up with its token."""
    page = new_page(**UPRIGHT, clock=True)
    page.goto(f"{hall.url}/guide#token={hall.kiosk_token}")
    expect(page.locator("#search")).to_be_visible()
    return page


def test_from_a_theme_to_the_slip_that_says_what_to_bring(hall: Any, screen: Page) -> None:
    assert "token" not in screen.url
    assert violations(screen) == []
    follow(screen, screen.get_by_role("link", name="住房"))
    expect(screen.locator("h1:visible")).to_contain_text("住房")
    assert violations(screen) == []
    follow(screen, screen.get_by_role("link", name="存量房转移登记"))
    expect(screen.locator(".papers li")).to_have_count(4)
    expect(screen.locator(".papers li").first).to_contain_text("居民身份证")
    expect(screen.locator(".papers li").first).to_contain_text("原件，复印件 1 份")
    expect(screen.locator(".facts")).to_contain_text("3 个工作日内办结，法定 30 个工作日")
    expect(screen.locator(".now")).to_contain_text("现在 0 人等候")
    expect(screen.get_by_role("img", name="二维码")).to_be_visible()
    assert violations(screen) == []
    screen.get_by_role("button", name="打印带什么").click()
    wait_until(lambda: len(hall.printer.papers) == 1)
    paper = hall.printer.papers[0]
    said = "".join(paper.texts)
    for words in ("一次性告知", "存量房转移登记", "1. 居民身份证（原件，复印件 1 份）", "ID card", "2号窗口"):
        assert words in said, (words, paper.texts)
    assert paper.codes == ["https://q.example.cn/guide/estate-second"]
    wait_until(lambda: screen.clock.run_for(600) or "请取走单子" in screen.inner_text("#printed"))
    # Nobody touches it for a minute: the next person begins anew.
    screen.get_by_role("button", name="English").click()
    screen.get_by_role("button", name="Large print").click()
    expect(screen.get_by_role("heading", name="What to bring")).to_be_visible()
    assert violations(screen) == []
    screen.clock.run_for(61_000)
    expect(screen.get_by_role("heading", name="您想办什么事")).to_be_visible()
    assert screen.evaluate("document.documentElement.className") == "kiosk guide"


def test_initials_typed_on_the_screen_find_a_matter(screen: Page) -> None:
    for key in "yyzz":
        screen.locator(f"[data-key={key}]").click()
    expect(screen.locator("#results a").first).to_contain_text("营业执照遗失补领")
    expect(screen.locator("#told")).to_contain_text("查到")
    assert violations(screen) == []
    for _ in range(4):
        screen.locator("[data-key=erase]").click()
    expect(screen.get_by_role("heading", name="您想办什么事")).to_be_visible()
    screen.locator("#query").fill("上户口")
    screen.locator("#results a").first.click()
    expect(screen.locator("h1:visible")).to_contain_text("新生儿出生登记")
    screen.go_back()
    screen.locator("#query").fill("没有这种事")
    expect(screen.locator("#told")).to_contain_text("没有查到")
    assert violations(screen) == []


def test_without_paper_it_says_what_to_do_instead(hall: Any, screen: Page) -> None:
    hall.printer.take_out_paper()
    wait_until(lambda: hall.program.hall.printing.trouble == "paper_out")
    screen.goto(f"{hall.url}/guide/card-new")
    screen.get_by_role("button", name="打印带什么").click()
    expect(screen.locator("#printed")).to_contain_text("请扫码用手机看")
    assert violations(screen) == []


def test_a_phone_reads_it_without_scripts_and_fetches_less_than_30_kb(hall: Any, new_page: Callable[..., Page]) -> None:
    plain = new_page(**PHONE, java_script_enabled=False)
    plain.goto(f"{hall.url}/guide/company-new")
    expect(plain.locator("h1")).to_contain_text("公司设立登记")
    expect(plain.locator(".papers li")).to_have_count(4)
    expect(plain.locator("#print")).to_be_hidden()
    plain.get_by_role("link", name="返回").click()
    expect(plain.locator(".matters a").first).to_contain_text("公司设立登记")
    phone = new_page(**PHONE)
    answers: list[Response] = []
    phone.on("response", lambda answer: answers.append(answer))
    phone.goto(f"{hall.url}/guide/estate-second", wait_until="networkidle")
    assert len(answers) > 3 and not any("code.svg" in answer.url for answer in answers)
    assert sum(len(answer.body()) for answer in answers if answer.ok) < 30_000
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(phone) == []
    phone.goto(f"{hall.url}/guide")
    assert violations(phone) == []


def test_long_names_a_theme_of_200_and_a_matter_without_a_service(hall: Any, new_page: Callable[..., Page]) -> None:
    matters = hall.program.hall.matters
    one = matters.find("card-new")
    many = [replace(one, id=f"m{number}", name="长" * 60, name_en="Long " * 12) for number in range(199)]
    matters.replace([*many, replace(one, service="gone")], MANAGER)
    for size in (UPRIGHT, PHONE, {"width": 1024, "height": 768}):
        page = new_page(**size)
        page.goto(f"{hall.url}/guide?for=personal&theme=社保")
        expect(page.locator(".matters a")).to_have_count(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        expect(page.locator(".matters a").last).to_contain_text("暂不办理")
    page.goto(f"{hall.url}/guide/card-new")
    expect(page.get_by_text("这个事项暂不办理")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{hall.url}/guide/no-such")
    expect(page.get_by_role("heading", name="没有这个事项")).to_be_visible()
