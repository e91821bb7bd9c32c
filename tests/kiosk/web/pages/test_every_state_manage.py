"""Every page of managers in every state that they meet, as a picture: no barrier in either language, at any width.

Pages of other staff are in ``test_every_state``; what the pages do is tested where they are.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from album import Album
from book import past_tickets
from conftest import PASSWORD, DemoHall
from large_hall import LONGEST
from spelt import put_demo_matters
from staff import log_in_anew
from ticketing.help.help_calls import Place
from ticketing.live.alerts import Limits
from ticketing.live.watch import DeviceDown
from ticketing.model import Actor
from ticketing.notices.notices import Draft
from ticketing.store import tables

CLERK, DESK, MANAGER = Actor("clerk", "clerk", "1"), Actor("desk", "desk", "desk"), Actor("zhou", "manager")
Look = Callable[[str], None]


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A desk's screen."""
    return new_page()


@pytest.fixture
def look(page: Page, album: Album) -> Look:
    """Takes a picture of the page as it stands, in both languages; and has it fit a manager's phone."""

    def take(name: str) -> None:
        album.take(page, name)
        page.set_viewport_size({"width": 390, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            album.found.append(f"{name}: {wide} px too wide for a phone")
        page.set_viewport_size({"width": 1366, "height": 768})

    return take


def enter(page: Page, hall: DemoHall, name: str, role: str) -> None:
    hall.program.hall.people.add_account(name, role, (), PASSWORD)
    log_in_anew(page, hall, name, PASSWORD)


def go(page: Page, hall: DemoHall, path: str, ready: str) -> None:
    page.goto(hall.url + path)
    expect(page.locator(ready).first).to_be_visible()


def add(section: str, row: str, **value: Any) -> dict[str, Any]:
    """A row of the draft."""
    return {"how": "add", "section": section, "row": row, "value": {"id": row, **value}}


def set_field(section: str, row: str, field: str, value: Any, was: Any = None) -> dict[str, Any]:
    """A field of the draft."""
    return {"how": "set", "section": section, "row": row, "field": field, "was": was, "value": value}


def test_a_hall_at_work(hall: DemoHall, page: Page, look: Look) -> None:
    office, watch = hall.office, hall.program.hall.watch
    enter(page, hall, "zhou", "manager")
    go(page, hall, "/manage", "#nobody:not(:empty)")
    look("manage-live-quiet")
    for outcome in ("immediate", "rejected"):
        office.issue("business-licence", DESK, print=False)
        office.call_next("1", CLERK)
        office.conclude("1", CLERK, outcome)
    for service in ("tax", "tax", "social-security"):
        office.issue(service, DESK, print=False)
    office.call_next("1", CLERK)
    office.pause_window("2", CLERK)
    office.close_window("3", CLERK)
    hall.program.hall.help.call(Place("kiosk", office.ledger.box), Actor("the-kiosk", "kiosk"), "papers")
    watch._limits = Limits(timedelta(microseconds=1), 3.5, timedelta(0))
    broken = DeviceDown("printer", office.ledger.now() - timedelta(minutes=9), "paper_out")
    watch._down = lambda: (broken,)
    watch.look()
    hall.printer.take_out_paper()
    expect(page.locator("#alerts .alert")).to_have_count(3)
    expect(page.locator("#devices li").first).to_be_visible()
    expect(page.locator("#help li")).to_be_visible()
    look("manage-live-alerts")
    watch._limits = Limits(None, None, None)
    hall.printer.put_in_paper()
    page.context.set_offline(True)
    expect(page.locator("#line")).to_have_text("连接中断")
    look("manage-live-cut-off")
    page.context.set_offline(False)

    now = office.ledger.now()
    with office.ledger.store.write() as conn:
        conn.execute(insert(tables.ticket), list(past_tickets(now, 70)))
    hall.program.hall.spans.keep_up(70)
    go(page, hall, "/manage/figures", ".tile")
    look("manage-figures-day")
    page.locator("#preset").select_option("month")
    page.locator("#compare").select_option("before")
    expect(page.locator(".tile .change").first).to_be_visible()
    page.locator("#by").select_option("service")
    expect(page.locator("#issued-title")).to_have_text("取号，按业务")
    page.locator("summary").click()
    look("manage-figures-compared")
    page.locator("#from").fill("2031-01-02")
    expect(page.locator("#said")).to_be_visible()
    look("manage-figures-refused")

    go(page, hall, "/manage/what-if", "#coming .plot-range")
    look("manage-what-if")
    page.locator("#window").select_option("3")
    page.locator("#change button[type=submit]").click()
    expect(page.locator(".what-if-head")).to_be_visible()
    look("manage-what-if-answered")
    page.locator("#like").select_option("day")
    page.locator("#day").fill("2020-01-01")
    page.locator("#change button[type=submit]").click()
    expect(page.locator("#answer .notice")).to_be_visible()
    look("manage-what-if-refused")


@pytest.mark.long
def test_what_residents_are_told(hall: DemoHall, page: Page, look: Look) -> None:
    enter(page, hall, "zhou", "manager")
    go(page, hall, "/manage/matters", "#counted:not(:empty)")
    look("manage-matters-none")
    put_demo_matters(hall.program.hall)
    page.reload()
    expect(page.locator("#rows tr").first).to_be_visible()
    look("manage-matters")
    page.locator("#query").fill("zzzz")
    expect(page.locator("#rows tr")).to_have_count(0)
    look("manage-matters-not-found")
    page.locator("#query").fill("")
    page.get_by_role("button", name="居民身份证换领").click()
    expect(page.locator("#edit")).to_be_visible()
    look("manage-matters-edit")
    page.locator("#remove").click()
    expect(page.locator("#ask")).to_be_visible()
    look("manage-matters-asks")
    page.keyboard.press("Escape")
    page.locator("#f-name").fill("")
    page.locator("#form .primary").click()
    expect(page.locator("#faults")).to_be_visible()
    look("manage-matters-refused")
    page.locator("#cancel").click()
    table = page.request.get(f"{hall.url}/api/v1/matters/file?format=csv").text()
    page.locator("#import").click()
    look("manage-matters-file")
    for name, text, ready in (
        ("wrong", table + "a b,,,个人,,,,\n", "#problems tbody tr"),
        ("right", table.replace("契税申报", LONGEST), "#changes tbody tr"),
    ):
        page.set_input_files("#file", {"name": "m.csv", "mimeType": "text/csv", "buffer": text.encode()})
        expect(page.locator(ready).first).to_be_visible()
        look(f"manage-matters-file-{name}")
    page.locator("#adopt").click()
    expect(page.locator("#said")).to_contain_text("已导入")
    matters = hall.program.hall.matters
    matters.replace([replace(matters.find("tax-deed"), service="gone")], MANAGER)
    page.reload()
    expect(page.locator("#rows .state")).to_have_text("没有这个业务")
    look("manage-matters-no-service")

    go(page, hall, "/manage/notices", "#none")
    look("manage-notices-none")
    (hall.folder / "media").mkdir(exist_ok=True)
    (hall.folder / "media" / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(4000))
    Image.new("RGB", (320, 180), "teal").save(hall.folder / "media" / "hall.png")
    notices = hall.program.hall.notices
    now = hall.office.ledger.now()
    notices.add(Draft("请保管好随身物品", "Mind your belongings"), MANAGER)
    notices.add(Draft(LONGEST, media="hall.png", starts=now + timedelta(days=1)), MANAGER)
    notices.add(Draft("大厅简介", media="film.mp4"), MANAGER)
    page.request.post(f"{hall.url}/api/v1/media/film.mp4/trouble", data={})
    page.reload()
    expect(page.locator("#list li")).to_have_count(3)
    expect(page.locator("#troubles")).to_be_visible()
    look("manage-notices")
    page.locator("#list button").first.click()
    look("manage-notices-change")
    page.set_input_files("#file", {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"no film at all"})
    page.locator("#send").click()
    expect(page.locator("#problem")).not_to_be_empty()
    look("manage-notices-refused")


@pytest.mark.long
def test_a_hall_is_set_up(start_hall: Callable[..., DemoHall], page: Page, look: Look) -> None:
    hall = start_hall(services=(), windows=(), hours=None, holidays=())
    enter(page, hall, "zhou", "manager")
    api = page.request

    def change(*changes: dict[str, Any]) -> None:
        answer = api.post(f"{hall.url}/api/v1/setup/draft/changes", data={"changes": list(changes)})
        assert answer.ok, answer.text()

    go(page, hall, "/manage", "#new-hall")
    look("manage-live-new")
    go(page, hall, "/manage/changes", "#draft-empty")
    look("manage-changes-none")
    go(page, hall, "/manage/setup", "#guide")
    look("manage-setup-empty")
    page.locator("#add button").click()
    expect(page.locator("#add-trouble")).to_be_visible()
    look("manage-setup-add-refused")
    too_short = [{"period": "9-12", "most": 9}]
    slots = [{"days": ["mon", "tue"], "period": "09:00-09:30", "capacity": 4}]
    services = (("licence", "营业执照", "A"), ("card", LONGEST, "b"), ("fund", "公积金", "C"))
    change(
        *(add("services", one, name=name, prefix=prefix) for one, name, prefix in services),
        *(add("windows", one, name=f"{one}号窗口", services=["*"]) for one in "123"),
        set_field("services", "licence", "slots", slots),
        set_field("services", "fund", "quotas", too_short),
        {"how": "add", "section": "holidays", "row": "2027-01-01", "value": {"day": "2027-01-01", "name": "元旦"}},
        set_field("hours", "", "mon", ["09:00-12:00", "13:30-17:00"]),
        set_field("hours", "", "tue", ["09:00-17:00"]),
        set_field("hours", "", "sun", ["9 Uhr"]),
    )
    expect(page.locator("tbody tr[data-row]")).to_have_count(3)
    page.locator("[data-does=more]").first.click()
    look("manage-setup-services")
    for part in ("windows", "clerks", "hours", "holidays", "slots", "quotas", "classes"):
        page.locator(f'#steps a[href="#{part}"]').click()
        expect(page.locator(f'#steps a[href="#{part}"]')).to_have_attribute("aria-current", "page")
        if part in ("windows", "clerks"):
            page.locator("[data-does=more]").first.click()
        look(f"manage-setup-{part}")
    go(page, hall, "/manage/changes", "#wrong")
    look("manage-changes-wrong")
    change(
        set_field("services", "card", "prefix", "B", was="b"),
        set_field("services", "fund", "quotas", None, was=too_short),
        set_field("hours", "", "sun", None, was=["9 Uhr"]),
    )
    expect(page.locator("#wrong")).to_be_hidden()
    page.locator("#publish-next-day").click()
    expect(page.locator("#due")).to_be_visible()
    look("manage-changes-due")
    go(page, hall, "/manage/setup", "#draft-bar .warn")
    look("manage-setup-due")
    go(page, hall, "/manage/changes", "#keep-back")
    page.locator("#keep-back").click()
    page.locator("#publish").click()
    expect(page.locator("#history > li")).to_have_count(2)
    look("manage-changes-published")

    go(page, hall, "/manage/layout", "#paper img")
    look("manage-layout-slip")
    page.locator("#to-receipt").click()
    expect(page.locator("#paper img")).to_have_attribute("alt", "回执的样子")
    lines = page.locator("#lines li")
    for count in range(lines.count() + 1, lines.count() + 5):
        page.locator("#new-line").select_option("text")
        expect(lines).to_have_count(count)
        lines.last.locator("input[type=text]").first.fill("请保持安静，看管好自己的随身物品，照顾好老人和孩子")
        page.keyboard.press("Tab")
    expect(page.locator("#too-long")).to_be_visible()
    look("manage-layout-too-long")

    go(page, hall, "/manage/accounts", "#accounts tbody tr")
    page.locator("#add-account [type=submit]").click()
    expect(page.locator("#said")).to_be_visible()
    look("manage-accounts-refused")
    page.locator("#username").fill("li")
    page.locator("#windows").get_by_label("3号窗口").check()
    page.locator("#add-account [type=submit]").click()
    expect(page.locator("#done")).to_be_visible()
    page.locator("[data-account=li]").click()
    look("manage-accounts-change")
    page.locator("#token-name").fill("kiosk-1")
    page.locator("#add-token [type=submit]").click()
    expect(page.locator("#new-token")).to_contain_text("quhao_")
    look("manage-accounts-token")
    go(page, hall, "/devices", "main article, main li")
    look("manage-devices")
    go(page, hall, "/fill", "#none")
    look("manage-fill")
    enter(page, hall, "shen", "auditor")
    go(page, hall, "/audit", "#entries tr")
    page.locator("#proof .primary").click()
    expect(page.locator("#verdict")).to_be_visible()
    look("manage-audit-verified")
