"""Every page in every state that people meet, as a picture, and without a barrier in either language.

The pictures of the README are taken in ``test_screenshots``; the kiosk's, the terminal's and the manager's states are
looked over where their pages are tested.
"""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from album import Album
from conftest import PASSWORD, DemoHall
from staff import issue, key_is, log_in_anew, sit_at
from ticketing.model import Actor

DESK, CLERK = Actor("desk", "desk", "desk"), Actor("clerk", "clerk", "1")


def test_a_ticket_on_a_phone_from_its_issue_to_its_grade(
    hall: DemoHall, new_page: Callable[..., Page], album: Album
) -> None:
    office, phone = hall.office, new_page(390, 844)
    first = issue(hall, card=None)
    second = issue(hall, card=None)

    def look(name: str, code: str = second.code, query: str = "") -> None:
        phone.goto(f"{hall.url}/t/{code}{query}")
        expect(phone.locator("main .number")).to_be_visible()
        album.take(phone, f"phone-{name}")

    look("waiting")
    look("why", query="?ask=why")
    look("why-answered", query=f"?why={first.ticket.number}")
    look("cancel", query="?ask=cancel")
    look("refused", query="?refused=missed_too_often")
    office.hold_ticket(second.ticket.id, DESK, "", hall.program.hall.clock() + timedelta(minutes=20))
    look("held")
    office.call_next("1", CLERK)
    look("called", first.code)
    office.start("1", CLERK)
    look("serving", first.code)
    office.conclude("1", CLERK)
    look("done", first.code)
    phone.locator("[name=grade][value='1']").check()
    expect(phone.locator(".reasons")).to_be_visible()
    album.take(phone, "phone-reasons")
    third = issue(hall, card=None)
    office.call_next("1", CLERK)
    office.no_show("1", CLERK)
    look("missed", third.code)
    office.cancel_by_code(second.code)
    look("cancelled")
    phone.goto(f"{hall.url}/grade/{first.code}")
    expect(phone.locator("#rating")).to_be_visible()
    album.take(phone, "phone-grade")
    phone.get_by_label("非常满意").first.check()
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.locator(".thanks")).to_be_visible()
    album.take(phone, "phone-thanks")
    for outcome in ("promised", "supplement"):
        issue(hall, card="zhang")
        office.call_next("1", CLERK)
        case = office.conclude("1", CLERK, outcome).cases[0]
        phone.goto(f"{hall.url}/p/{case.receipt}")
        expect(phone.locator(".head")).to_be_visible()
        album.take(phone, f"phone-case-{outcome}")
    phone.goto(f"{hall.url}/t/AAAABBBBCCCCDDDD")
    expect(phone.locator("h1")).not_to_be_empty()
    album.take(phone, "phone-unknown-code")


def test_the_screens_and_the_tablet(hall: DemoHall, new_page: Callable[..., Page], album: Album) -> None:
    office = hall.office
    # What flashes is another colour for a moment; the light is steady for who asked for less motion.
    screen = new_page(1920, 1080, reduced_motion="reduce")
    screen.goto(f"{hall.url}/screen")
    expect(screen.locator("#band .empty")).to_be_visible()
    album.take(screen, "screen-empty")
    own = new_page(1920, 1080, reduced_motion="reduce")
    own.goto(f"{hall.url}/screen/window/1")
    expect(own.locator(".one.closed, .one.open")).to_be_visible()
    album.take(own, "screen-window-waits")
    for _ in range(4):
        issue(hall, card=None)
    office.call_next("1", CLERK)
    office.call_next("3", Actor("clerk", "clerk", "3"))
    expect(screen.locator("#band .number")).to_be_visible()
    album.take(screen, "screen-call")
    expect(own.locator(".one.called .number")).to_have_text("A001")
    album.take(own, "screen-window-called")
    office.start("1", CLERK)
    expect(own.locator(".one.serving")).to_be_visible()
    album.take(own, "screen-window-serving")
    screen.context.set_offline(True)
    expect(screen.locator("html.stale #cut")).to_be_visible()
    album.take(screen, "screen-cut-off")
    screen.context.set_offline(False)

    tablet = new_page(1280, 800)
    token = hall.program.hall.people.add_token("rate-1", "terminal", ("1",), "rate-1")
    tablet.goto(f"{hall.url}/rate/1#token={token}")
    expect(tablet.locator("#idle h1")).to_be_visible()
    album.take(tablet, "rate-idle")
    office.conclude("1", CLERK)
    office.pause_window("1", CLERK)
    expect(own.locator(".one.paused")).to_be_visible()
    album.take(own, "screen-window-paused")
    expect(tablet.locator("#asking")).to_be_visible()
    album.take(tablet, "rate-asking")
    tablet.locator("[data-grade='1']").click()
    album.take(tablet, "rate-reasons")
    tablet.locator("[data-reason]").first.click()
    tablet.locator("#send").click()
    expect(tablet.locator("#thanks")).to_be_visible()
    album.take(tablet, "rate-thanks")


def test_the_clerks_page(hall: DemoHall, new_page: Callable[..., Page], album: Album) -> None:
    first = issue(hall)
    issue(hall, card="ouyang")
    page = sit_at(new_page(), hall)
    album.take(page, "window-open")
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    album.take(page, "window-called")
    for key in ("F1", "F4", "F5", "F6", "F7"):
        page.keyboard.press(key)
        expect(page.locator("#ask")).to_be_visible()
        album.take(page, f"window-asks-{key}")
        page.keyboard.press("Escape")
        expect(page.locator("#ask")).to_be_hidden()
    hall.scanner("3").scan(first.code)
    expect(page.locator("#person-name")).to_have_text("张晓明")
    album.take(page, "window-serving")
    page.context.set_offline(True)
    expect(page.locator("#line")).not_to_have_text("已连接")
    album.take(page, "window-cut-off")
    page.context.set_offline(False)
    expect(page.locator("#line")).to_have_text("已连接")
    page.locator("#lock-now").click()
    expect(page.locator("#lock")).to_be_visible()
    album.take(page, "window-locked")


def test_the_other_pages_of_staff(hall: DemoHall, new_page: Callable[..., Page], album: Album) -> None:
    people = hall.program.hall.people
    for name, role in (("chen", "desk"), ("zhou", "manager"), ("zhao", "technician"), ("shen", "auditor")):
        people.add_account(name, role, (), PASSWORD)
    waiting = issue(hall).ticket
    page = new_page()

    page.goto(hall.url)
    album.take(page, "home")
    page.goto(f"{hall.url}/login")
    page.fill("#username", "chen")
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    album.take(page, "login-failed")

    def enter(name: str, path: str, ready: str) -> None:
        log_in_anew(page, hall, name, PASSWORD)
        page.goto(hall.url + path)
        expect(page.locator(ready).first).to_be_visible()

    enter("chen", "/desk", "#services label")
    page.locator("#issue-go").click()
    expect(page.locator("#issue-problem")).not_to_be_empty()
    album.take(page, "desk-problem")
    page.keyboard.press("F3")
    page.keyboard.type(waiting.number)
    page.keyboard.press("Enter")
    expect(page.locator("#found-number")).to_have_text(waiting.number)
    album.take(page, "desk-found")
    for key in ("F6", "F8", "F9"):
        page.keyboard.press(key)
        expect(page.locator("#ask")).to_be_visible()
        album.take(page, f"desk-asks-{key}")
        page.keyboard.press("Escape")
    page.goto(f"{hall.url}/account?next=/desk")
    expect(page.locator("main")).to_contain_text("密码")
    album.take(page, "account")
    enter("zhao", "/devices", "main li, main article")
    album.take(page, "devices")
    enter("shen", "/audit", "#entries tr")
    album.take(page, "audit")
    answer = page.goto(f"{hall.url}/manage")
    assert answer and answer.status == 403
    album.take(page, "forbidden")
