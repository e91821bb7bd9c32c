"""A newcomer's day: from an empty store to a hall at work, by nothing but the manager's pages, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from staff import follow
from wires import wait_until

SECRET = "manager-password"
SERVICES = [("营业执照", "Business licence"), ("社保卡", "Social security card"), ("公积金", "Housing fund")]


@pytest.fixture
def empty(start_hall: Callable[..., Any]) -> Any:
    """A hall whose configuration names no service and no window, with its first manager."""
    hall = start_hall(services=(), windows=(), hours=None, holidays=())
    hall.program.hall.people.add_account("zhou", "manager", (), SECRET)
    return hall


def log_in(page: Page, hall: Any, name: str = "zhou", password: str = SECRET) -> Page:
    answer = page.request.post(f"{hall.url}/api/v1/login", data={"username": name, "password": password})
    assert answer.ok
    return page


def type_in(page: Page, name: str, password: str) -> None:
    """Log in by the keyboard alone."""
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def turn_to(page: Page, name: str) -> None:
    """Another of the manager's pages."""
    follow(page, page.get_by_role("navigation", name="管理页面").get_by_role("link", name=name, exact=True))
    expect(page.get_by_role("navigation", name="管理页面").locator("[aria-current]")).to_have_text(name)


def cell(page: Page, table: str, row: str, field: str) -> Any:
    return page.locator(f'[data-at="{table} {row} {field}"]')


@pytest.mark.long
def test_a_newcomer_sets_a_hall_up_and_it_opens(empty: Any, new_page: Callable[..., Page]) -> None:
    hall, page = empty, new_page()
    kiosk = hall.program.hall.kiosk
    assert (kiosk.view().state.value, "正在设置" in kiosk.view().message) == ("fault", True)
    page.goto(f"{hall.url}/manage")
    type_in(page, "zhou", SECRET)
    expect(page.locator("#new-hall")).to_contain_text("这个大厅还没有设置")
    follow(page, page.get_by_role("link", name="开始设置"))

    # Services, with a mistake that is told at its cell.
    expect(page.locator("#guide")).to_be_visible()
    for name, english in SERVICES:
        page.locator("#add-name").fill(name)
        page.locator("#add-name_en").fill(english)
        page.keyboard.press("Enter")
        expect(page.locator("#add-name")).to_have_value("")
    cell(page, "services", "service-2", "prefix").fill("b")
    page.keyboard.press("Tab")
    expect(page.locator(".wrong")).to_contain_text("一到三个大写字母")
    expect(cell(page, "services", "service-2", "prefix")).to_have_attribute("aria-invalid", "true")
    cell(page, "services", "service-2", "prefix").fill("B")
    page.keyboard.press("Tab")
    expect(page.locator(".wrong")).to_have_count(0)
    cell(page, "services", "service-3", "up").click()
    expect(page.locator("tbody tr[data-row]").nth(1)).to_have_attribute("data-row", "service-3")
    # By the keyboard as well, from any of its cells, with what was just typed in it.
    cell(page, "services", "service-3", "place").fill("二楼")
    for keys, place in (("Alt+ArrowUp", 0), ("Alt+ArrowDown", 1)):
        page.keyboard.press(keys)
        expect(page.locator("tbody tr[data-row]").nth(place)).to_have_attribute("data-row", "service-3")
        expect(cell(page, "services", "service-3", "place")).to_be_focused()
        expect(cell(page, "services", "service-3", "place")).to_have_value("二楼")
    expect(page.locator("#moved")).to_have_text("公积金：第 2 位，共 3 位")

    # Three windows, the last one for a single service.
    page.locator('#steps a[href="#windows"]').click()
    for number in ("1", "2", "3"):
        page.locator("#add button").click()
        expect(page.locator(f'tr[data-row="{number}"]')).to_be_visible()
    page.locator('tr[data-row="3"] [data-does=more]').click()
    page.get_by_role("group", name="办理的业务").get_by_label("社保卡").check()
    expect(page.locator('tr[data-row="3"] .fixed').last).to_have_text("社保卡")
    cell(page, "windows", "3", "zone").fill("二楼")
    page.keyboard.press("Tab")
    page.locator('#steps a[href="#hours"]').click()
    cell(page, "hours", "mon", "periods").fill("00:00－24:00")
    page.keyboard.press("Tab")
    expect(cell(page, "hours", "mon", "periods")).to_have_value("00:00-24:00")
    page.locator('[data-at="hours copy"]').click()
    expect(cell(page, "hours", "fri", "periods")).to_have_value("00:00-24:00")
    for day in ("sat", "sun"):
        cell(page, "hours", day, "periods").fill("0:00至24:00")
        page.keyboard.press("Tab")
        expect(cell(page, "hours", day, "periods")).to_have_value("0:00-24:00")

    # A clerk, and a token for the kiosk.
    follow(page, page.locator("#guide").get_by_role("link", name="给取号机开一个令牌"))
    page.locator("#username").fill("li")
    page.locator("#windows").get_by_label("3号窗口").check()
    expect(page.locator("#password")).not_to_have_value("")
    first = page.locator("#password").input_value()
    page.locator("#add-account [type=submit]").click()
    expect(page.locator("#done")).to_contain_text(first)
    page.locator("#token-name").fill("kiosk-1")
    page.locator("#add-token [type=submit]").click()
    expect(page.locator("#new-token")).to_contain_text("quhao_")
    token = page.locator("#new-token").text_content()
    page.locator("#new-token-gone").click()

    # The slip in the hall's own words, seen and tried before it holds.
    turn_to(page, "票面版式")
    expect(page.locator("#paper img")).to_have_attribute("alt", "小票的样子")
    page.locator("#new-line").select_option("text")
    page.locator("#lines li").last.locator("input[type=text]").first.fill("请保持安静")
    page.keyboard.press("Tab")
    expect(page.locator("#draft-bar")).to_contain_text("草稿里有")
    page.locator("#width-58").click()
    expect(page.locator("#paper img.narrow")).to_be_visible()
    page.locator("#print").click()
    expect(page.locator("#printed")).to_have_text("已打印一张样张")
    assert hall.printer.papers[-1].texts[-1] == "请保持安静"

    # The clerk may sit at another window, too, once it is published.
    turn_to(page, "大厅设置")
    page.locator('#steps a[href="#clerks"]').click()
    page.locator('tr[data-row="li"] [data-does=more]').click()
    page.get_by_role("group", name="窗口").get_by_label("1号窗口").check()
    expect(page.locator('tr[data-row="li"] .fixed').last).to_have_text("1号窗口、3号窗口")

    # Looked over and published: the hall opens.
    follow(page, page.get_by_role("link", name="看改动并发布"))
    expect(page.locator("#draft-table tbody tr")).to_have_count(len(SERVICES) + 3 + 7 + 2)
    page.locator("#publish").click()
    expect(page.locator("#history > li")).to_have_count(2)
    wait_until(lambda: kiosk.view().state.value == "idle")

    # Eight matters, each called from one of the services.
    turn_to(page, "事项")
    for number in range(8):
        page.locator("#new").click()
        page.locator("#f-id").fill(f"matter-{number}")
        page.locator("#f-service").select_option(f"service-{number % 3 + 1}")
        page.locator("#f-name").fill(f"事项{number}")
        page.locator("#f-theme").fill("开办企业")
        page.locator("#form .primary").click()
        expect(page.locator("#rows tr")).to_have_count(number + 1)
        expect(page.locator("#new")).to_be_visible()
    listed = page.request.get(f"{hall.url}/api/v1/matters").json()["matters"]
    assert [one["service"] for one in listed[:3]] == ["service-1", "service-2", "service-3"] and len(listed) == 8

    # A card is laid, a service chosen; the slip is the hall's own; the clerk logs in and calls.
    touch = new_page(1080, 1920)
    touch.goto(f"{hall.url}/kiosk#token={token}")
    expect(touch.locator("html")).to_have_attribute("data-state", "idle")
    hall.lay("zhang")
    touch.locator("#personal button", has_text="开办企业").click()
    touch.locator("#list [data-matter=matter-1]").click()
    wait_until(lambda: len(hall.printer.papers) == 2)
    slip = hall.printer.papers[-1]
    accounts = hall.program.hall.people.accounts(hall.office.ledger.now())
    assert [one.windows for one in accounts if one.name == "li"] == [("1", "3")]
    assert [one.zone for one in hall.office.windows()] == ["", "", "二楼"]
    assert "请保持安静" in slip.texts and "B001" in slip.texts and len(slip.bytes) <= 400
    clerk = new_page()
    clerk.goto(f"{hall.url}/window/3")
    type_in(clerk, "li", first)
    for field, word in (("#old", first), ("#new", "mein-eigenes-wort"), ("#again", "mein-eigenes-wort")):
        clerk.locator(field).fill(word)
    clerk.keyboard.press("Enter")
    clerk.locator("#go-on").click()
    expect(clerk.locator("#go")).to_be_enabled()
    clerk.keyboard.press("Space")
    expect(clerk.locator("body")).to_contain_text("B001")


def test_two_managers_see_each_other_s_saves_and_neither_loses_a_word(hall: Any, new_page: Callable[..., Page]) -> None:
    people = hall.program.hall.people
    people.add_account("zhou", "manager", (), SECRET)
    people.add_account("sun", "manager", (), SECRET)
    mine, theirs = log_in(new_page(), hall, "zhou"), log_in(new_page(1024, 768), hall, "sun")
    for page in (mine, theirs):
        page.goto(f"{hall.url}/manage/setup")
        expect(page.locator("tbody tr[data-row]").first).to_be_visible()
    row = mine.locator("tbody tr[data-row]").first.get_attribute("data-row") or ""
    cell(theirs, "services", row, "name").fill("证照办理")
    cell(mine, "services", row, "name").fill("营业执照办理")
    mine.keyboard.press("Tab")
    expect(mine.locator("#draft-bar")).to_contain_text("1 处改动")
    theirs.keyboard.press("Tab")
    expect(theirs.locator(".wrong")).to_contain_text("zhou 刚改了这一项")
    expect(cell(theirs, "services", row, "name")).to_have_value("证照办理")
    assert violations(theirs) == []
    theirs.get_by_role("button", name="用我的：证照办理").click()
    expect(theirs.locator(".wrong")).to_have_count(0)
    expect(cell(mine, "services", row, "name")).to_have_value("证照办理")
    theirs.locator("[data-switch-language]").click()
    expect(theirs.locator("#table-title")).to_have_text("Services")
    assert theirs.evaluate("document.documentElement.scrollWidth <= innerWidth")
    theirs.set_viewport_size({"width": 600, "height": 900})
    assert theirs.evaluate("document.documentElement.scrollWidth <= innerWidth")
