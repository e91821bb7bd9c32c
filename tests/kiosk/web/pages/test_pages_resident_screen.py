"""The second screen at a window, which faces the resident, with the whole hall and its clerk behind it."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Route, expect
from zxingcpp import read_barcodes

from album import Album
from axe import violations
from config.settings import PaySettings, TerminalSettings
from conftest import DemoHall
from staff import resident_of, sit_at
from ticketing.matters.matters import Matter, Paper
from ticketing.model import Actor
from wires import now, wait_until, within

CLERK, DESK = Actor("clerk", "clerk", "3"), Actor("desk", "desk")
SIZES = ((1280, 800), (600, 1024), (800, 480), (640, 480))
NAME, ADDRESS = "张晓明", resident_of("zhang").address or ""
PAY = PaySettings(at="二楼收费处", at_en="Cashier, 2nd floor", text="可以刷卡", text_en="Cards are taken")
MATTER = Matter(
    "trader",
    "个体工商户登记",
    "Register a sole trader",
    "personal",
    "开店",
    "Open a shop",
    "business-licence",
    papers=(Paper("经营场所使用证明", "Proof of the place of business", True, 1),),
    fee="工本费 10 元",
    fee_en="10 yuan",
    promised_days=3,
)
CUT = """() => [...document.querySelectorAll("#screen *")].filter((e) => {
    if (!e.getClientRects().length || !e.textContent.trim() || e.closest(".matters, .receipts")) return false;
    const box = e.getBoundingClientRect();
    return box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1 || box.top < -1;
}).map((e) => `${e.tagName}#${e.id}.${e.className}`)"""
"""What lies outside the screen, which nobody can scroll."""


def screen_of(hall: DemoHall, new_page: Callable[..., Page], **options: Any) -> Page:
    token = hall.program.hall.people.add_token("screen-3", "terminal", ("3",), "screen-3")
    page = new_page(1280, 800, **options)
    page.goto(f"{hall.url}/window/3/resident#token={token}")
    expect(page.locator("#blank .sign")).to_contain_text("3号窗口")
    assert token not in page.url
    # Connected: the hall knows that somebody looks.
    wait_until(lambda: page.evaluate("1") and hall.program.hall.screen_news.is_heard("3"))
    return page


def serve(hall: DemoHall, **options: Any) -> str:
    """Somebody is called to window 3; the code of their slip."""
    code = hall.office.issue("business-licence", DESK, resident=resident_of("zhang"), print=False, **options).code
    hall.office.call_next("3", CLERK)
    return str(code)


def nothing_of_anybody(page: Page) -> None:
    text = page.locator("html").inner_html()
    assert NAME not in text and ADDRESS not in text and "A001" not in text
    assert "data:image/svg" not in text


def look(page: Page, album: Album, name: str, *, english: bool = False) -> None:
    """In every size nothing is cut off; and no barrier, also where the one language that was chosen stands alone."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        # Rows are laid out anew once the page knows its size.
        if not within(10, lambda: page.evaluate(CUT) == []):
            album.found.append(f"{name} at {width}: {page.evaluate(CUT)} are cut off")
    album.take(page, name)
    if english:
        page.evaluate("document.documentElement.classList.add('english')")
        album.found += [f"{name} in English: {line}" for line in violations(page)]
        page.evaluate("document.documentElement.classList.remove('english')")


def test_a_resident_sees_the_number_the_matter_the_data_the_receipt_and_the_grades(
    start_hall: Callable[..., DemoHall], new_page: Callable[..., Page], album: Album
) -> None:
    hall = start_hall(terminal=TerminalSettings(pay=PAY))
    hall.program.hall.matters.put(MATTER, Actor("zhou", "manager"))
    page, clerk = screen_of(hall, new_page, clock=True, reduced_motion="reduce"), sit_at(new_page(clock=True), hall)
    look(page, album, "resident-blank")
    code = serve(hall, matters=["trader"])
    expect(page.locator("#called-number")).to_have_text("A001")
    expect(page.locator("#called h1")).to_contain_text("请到3号窗口")
    look(page, album, "resident-called")
    hall.scanner("3").scan(code)
    expect(page.locator("#matters")).to_contain_text("经营场所使用证明（原件，复印件 1 份）")
    for words in ("工本费 10 元", "3 个工作日内办结", "二楼收费处"):
        expect(page.locator("#matters")).to_contain_text(words)
    expect(page.locator("#what")).to_contain_text("个体工商户登记")
    look(page, album, "resident-serving", english=True)
    assert NAME not in page.content(), "before the clerk shows them, no data are here"

    expect(clerk.locator("#person-name")).to_have_text(NAME)
    expect(clerk.locator("#checked")).to_have_text("居民屏已连接")
    clerk.clock.fast_forward(500)  # longer than the second half of a double press
    clerk.keyboard.press("F8")
    expect(page.locator('[data-field="address"] .value')).to_have_text(ADDRESS)
    expect(clerk.locator("#checked")).to_have_text("居民正在核对")
    look(page, album, "resident-check", english=True)
    page.locator('[data-field="address"]').click()
    expect(page.locator("#said")).to_contain_text("已告诉工作人员")
    expect(page.locator('[data-field="address"]')).to_have_attribute("aria-pressed", "true")
    expect(clerk.locator("#message-text")).to_have_text("居民说不对：住址")
    expect(clerk.locator('.field[data-field="address"]')).to_have_class("field objected")
    album.take(clerk, "window-objected")
    page.locator("#right").click()
    expect(page.locator("#checked")).to_be_visible()
    expect(page.locator("#rows")).to_be_empty()
    assert ADDRESS not in page.content()
    look(page, album, "resident-checked")
    expect(clerk.locator("#message-text")).to_have_text("居民确认：对的")
    expect(clerk.locator(".objected")).to_have_count(0)

    clerk.keyboard.press("F1")
    clerk.locator("#ask button", has_text="承诺").first.click()
    expect(page.locator("#receipts img")).to_be_visible()
    expect(page.locator("#asking")).to_be_visible()
    # A question that nobody answers is taken back after a while of the page's time, which stands still from here on.
    page.clock.set_fixed_time(now())
    look(page, album, "resident-receipt", english=True)
    (found,) = read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    assert hall.program.hall.cases.progress(found.text).outcome == "promised"
    page.locator("[data-grade='2']").click()
    look(page, album, "resident-reasons")
    page.locator("[data-reason='unclear']").click()
    page.locator("#send").click()
    wait_until(lambda: page.evaluate("1") and hall.program.hall.ratings.work())
    assert [one.reasons for one in hall.program.hall.ratings.work()] == [("unclear",)]
    hall.office.issue("business-licence", DESK, print=False)
    hall.office.call_next("3", CLERK)
    expect(page.locator("#called-number")).to_have_text("A002")
    nothing_of_anybody(page)
    hall.office.no_show("3", CLERK)
    hall.office.pause_window("3", CLERK, "13:30 回来", "Back at 13:30")
    expect(page.locator("#away-words")).to_contain_text("13:30 回来")
    look(page, album, "resident-away")


def test_what_is_shown_goes_with_the_line_the_time_and_the_clerk(hall: DemoHall, new_page: Callable[..., Page]) -> None:
    """A second touch is no second answer; a clerk who takes back, locks the page or waits too long takes all away."""
    page, clerk = screen_of(hall, new_page, clock=True), sit_at(new_page(clock=True), hall)
    hall.scanner("3").scan(serve(hall))
    expect(clerk.locator("#person-name")).to_have_text(NAME)
    expect(page.locator("#serving")).to_be_visible()
    press = clerk.locator("#show-back")

    def show() -> None:
        # Not with the second half of a double press.
        clerk.clock.fast_forward(500)
        press.click()
        expect(page.locator("#rows")).to_contain_text(ADDRESS)

    show()
    clerk.clock.fast_forward(500)
    clerk.keyboard.press("F8")
    expect(page.locator("#rows")).to_be_empty()
    expect(press).to_contain_text("请居民核对")

    show()
    sent: list[str] = []
    held: list[Route] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    page.route(
        "**/resident-screen/data", lambda one: held.append(one) if one.request.method == "POST" else one.continue_()
    )
    page.locator("#wrong").click()
    page.locator("#wrong").click()
    page.keyboard.press("1")
    wait_until(lambda: page.evaluate("1") and held)
    for one in held:
        one.continue_()
    expect(clerk.locator("#message-text")).to_have_text("居民说有不对的地方")
    assert len(sent) == 1

    # The line is cut: all of it leaves the page at once, and comes back with the line.
    page.context.set_offline(True)
    expect(page.locator("#blank")).to_be_visible()
    nothing_of_anybody(page)
    page.context.set_offline(False)
    expect(page.locator("#rows")).to_contain_text(ADDRESS)

    # They go by the page's own time, though nobody tells it to.
    hall.program.hall.resident_screens.take_back("3", CLERK)
    expect(page.locator("#rows")).to_be_empty()
    expect(press).to_contain_text("请居民核对")
    page.unroute("**/resident-screen/data")
    page.route("**/resident-screen/data", lambda one: one.fulfill(json=one.fetch().json() | {"left": 20}))
    show()
    page.route("**/resident-screen", lambda one: one.abort())
    page.clock.fast_forward(21_000)
    expect(page.locator("#rows")).to_be_empty()
    assert ADDRESS not in page.content()
    for path in ("**/resident-screen/data", "**/resident-screen"):
        page.unroute(path)
    hall.program.hall.resident_screens.take_back("3", CLERK)
    expect(press).to_contain_text("请居民核对")

    show()
    clerk.locator("#lock-now").click()
    expect(page.locator("#rows")).to_be_empty()
    expect(page.locator("#number")).to_have_text("A001")


def test_the_clerks_own_second_monitor_shows_the_same_and_asks_for_no_grade(
    hall: DemoHall, new_page: Callable[..., Page]
) -> None:
    stranger = new_page(800, 480)
    stranger.goto(f"{hall.url}/window/3/resident")
    expect(stranger.locator("#trouble")).to_contain_text("这块屏还没有登录")
    clerk = sit_at(new_page(clock=True), hall)
    page = clerk.context.new_page()
    page.goto(f"{hall.url}/window/3/resident")
    hall.scanner("3").scan(serve(hall))
    expect(clerk.locator("#person-name")).to_have_text(NAME)
    clerk.clock.fast_forward(500)
    clerk.keyboard.press("F8")
    expect(page.locator("#rows")).to_contain_text(ADDRESS)
    page.keyboard.press("1")
    expect(clerk.locator("#message-text")).to_have_text("居民确认：对的")
    hall.office.conclude("3", CLERK)
    expect(page.locator("#blank")).to_be_visible()
    nothing_of_anybody(page)
    hall.office.issue("business-licence", DESK, print=False)
    hall.office.call_next("3", CLERK)
    hall.office.conclude("3", CLERK, "promised")
    expect(page.locator("#receipts img")).to_be_visible()
    expect(page.locator("#asking")).to_be_hidden()
