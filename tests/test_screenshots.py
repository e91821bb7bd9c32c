"""A picture of every page; ``--screenshots`` puts them beside the pages, for the README."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import kiosk
from album import Album
from conftest import PASSWORD, DemoHall
from test_hall_day import log_in, press
from ticketing.model import Actor
from wires import wait_until

DESK = Actor("desk", "desk", "desk")
CLERK = Actor("clerk", "clerk", "1")


@pytest.fixture
def keep(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Page, str], None]:
    """Takes a picture, and looks whether there is something on it."""
    shown = request.config.getoption("--screenshots")
    folder = Path(kiosk.__file__).parent / "screenshots" if shown else tmp_path / "pictures"
    return Album(folder, is_kept=shown).picture


@pytest.mark.long
def test_the_pages_of_the_day_have_their_pictures(
    hall: DemoHall, new_page: Callable[..., Page], keep: Callable[[Page, str], None]
) -> None:
    office = hall.office
    for service, count in (("social-security", 6), ("real-estate", 3), ("tax", 2), ("business-licence", 4)):
        for _ in range(count):
            office.issue(service, DESK, print=False)
    office.call_next("2", CLERK)
    office.call_next("1", CLERK)

    touch = new_page(1080, 1920)
    touch.goto(hall.kiosk_page)
    expect(touch.locator("html")).to_have_attribute("data-state", "idle")
    keep(touch, "kiosk-idle")
    touch.get_by_role("button", name="没带身份证").click()
    keep(touch, "kiosk-typing")
    touch.get_by_role("button", name="返回").click()
    hall.lay("wang")
    expect(touch.locator("#services button").first).to_be_visible()
    keep(touch, "kiosk-choosing")
    touch.get_by_role("button", name="大字版").click()
    keep(touch, "kiosk-large-print")
    touch.get_by_role("button", name="标准版").click()
    touch.locator("#services button", has_text="营业执照").click()
    expect(touch.locator("html")).to_have_attribute("data-state", "taking")
    keep(touch, "kiosk-taking")
    paper = hall.printer.papers[-1]
    hall.reader.lift()

    hall.printer.take_out_paper()
    expect(touch.locator("html")).to_have_attribute("data-state", "fault")
    hall.lay("li")
    touch.locator("#services button", has_text="个人办税").click()
    expect(touch.locator("#code")).to_be_visible()
    keep(touch, "kiosk-no-paper")
    hall.printer.put_in_paper()
    hall.reader.lift()

    clerk = new_page()
    clerk.goto(f"{hall.url}/window/3")
    keep(clerk, "login")
    log_in(clerk, hall, "3")
    press(clerk, "呼叫下一位")
    expect(clerk.locator("#number")).to_have_text("A005")
    keep(clerk, "window-called")
    hall.scanner("3").scan(paper.codes[0])
    expect(clerk.locator("#person-name")).to_have_text("王建国")
    keep(clerk, "window")

    screen = new_page(1920, 1080)
    screen.goto(f"{hall.url}/screen")
    expect(screen.locator("#band .number")).to_have_text("A005")
    keep(screen, "screen")
    screen.goto(f"{hall.url}/screen/window/3")
    expect(screen.locator("body")).to_contain_text("A005")
    keep(screen, "screen-window")

    phone = new_page(390, 844)
    issued = office.issue("social-security", DESK, print=False)
    phone.goto(f"{hall.url}/t/{issued.code}")
    expect(phone.locator("body")).to_contain_text(issued.ticket.number)
    keep(phone, "ticket")

    technician = new_page()
    technician.goto(f"{hall.url}/devices#token={hall.kiosk_token}")
    expect(technician.locator("body")).to_contain_text("printer")
    keep(technician, "devices")

    touch.locator("[data-view=fault-ticket] button[data-do=quit]").click()
    bench = new_page(1920, 1080)
    bench.goto(hall.bench_page)
    expect(bench.locator("#tray li")).to_have_count(10)
    papers = len(hall.printer.papers)
    bench.locator("#tray li", has_text="欧阳").click()
    bench.frame_locator("iframe[src='/kiosk']").locator("#services button", has_text="户籍业务").click()
    wait_until(lambda: len(hall.printer.papers) > papers)
    expect(bench.locator("#mouth img")).to_be_visible()
    bench.get_by_role("button", name="3号窗口", exact=True).click()
    expect(bench.frame_locator("iframe[src='/screen']").locator("#band .number")).to_have_text("A005")
    expect(bench.frame_locator("#desk").locator("#number")).to_have_text("A005")
    expect(bench.frame_locator("#desk").locator("#go")).to_be_enabled()
    wait_until(lambda: "A005" in hall.strip("3").text)
    loaded = "[...document.images].every((picture) => picture.complete && (picture.naturalWidth || !picture.src))"
    wait_until(lambda: bench.evaluate(loaded))
    keep(bench, "bench")
    bench.get_by_role("button", name="更多设备").click()
    expect(bench.locator("#others > li")).to_have_count(9)
    wait_until(lambda: bench.evaluate(loaded))
    bench.locator("#sheet").evaluate("sheet => { sheet.style.width = '100vw'; }")
    keep(bench, "bench-devices")


def test_the_pages_beside_the_queue_have_their_pictures(
    hall: DemoHall, new_page: Callable[..., Page], keep: Callable[[Page, str], None]
) -> None:
    office, people = hall.office, hall.program.hall.people
    for service, outcome in (("business-licence", "promised"), ("tax", "immediate"), ("business-licence", "rejected")):
        office.issue(service, DESK, print=False)
        office.call_next("1", CLERK)
        cases = office.conclude("1", CLERK, outcome).cases
        if outcome == "promised":
            receipt = cases[0].receipt
    waiting = office.issue("tax", DESK, print=False).ticket

    phone = new_page(390, 844)
    phone.goto(f"{hall.url}/p/{receipt}")
    expect(phone.locator("body")).to_contain_text("承诺")
    keep(phone, "receipt")

    tablet = new_page(1280, 800)
    token = people.add_token("rate-1", "terminal", ("1",), "rate-1")
    tablet.goto(f"{hall.url}/rate/1#token={token}")
    expect(tablet.get_by_text("非常满意").first).to_be_visible()
    keep(tablet, "rate")

    terminal = new_page(1080, 1920)
    token = people.add_token("hall-1", "terminal", (), "hall-1")
    terminal.goto(f"{hall.url}/terminal#terminal=hall-1&token={token}")
    expect(terminal.locator("#book")).to_be_visible()
    keep(terminal, "terminal")
    terminal.locator("#book").click()
    terminal.locator("#choices button", has_text="不动产登记").click()
    expect(terminal.locator("#choices button").nth(1)).to_be_visible()
    keep(terminal, "terminal-booking")

    people.add_account("chen", "desk", (), PASSWORD)
    people.add_account("zhou", "manager", (), PASSWORD)
    desk = new_page()
    desk.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": PASSWORD})
    desk.goto(f"{hall.url}/desk")
    expect(desk.locator("#line")).to_have_text("已连接")
    desk.keyboard.press("F3")
    desk.keyboard.type(waiting.number)
    desk.keyboard.press("Enter")
    expect(desk.locator("#found-number")).to_have_text(waiting.number)
    keep(desk, "desk")

    manager = new_page()
    manager.request.post(f"{hall.url}/api/v1/login", data={"username": "zhou", "password": PASSWORD})
    manager.goto(f"{hall.url}/manage")
    expect(manager.locator("#waiting tbody tr")).to_have_count(1)
    keep(manager, "manage")
    manager.goto(f"{hall.url}/manage/figures")
    expect(manager.locator("#issued .plot-figure")).to_have_text("4")
    keep(manager, "manage-figures")
    manager.goto(f"{hall.url}/manage/what-if")
    expect(manager.locator("#coming .day")).to_have_count(7)
    keep(manager, "manage-what-if")
