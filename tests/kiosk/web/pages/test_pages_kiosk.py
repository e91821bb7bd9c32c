"""The kiosk's page in a real browser, with the reader and the printer of a hall at work behind it."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Route, expect

from config.businesses import ServiceSettings, WindowSettings
from config.settings import KioskSettings
from drivers.simulators.card_reader.cards import CARDS
from ticketing.model import Actor
from wires import wait_until

CLERK = Actor("clerk", "clerk", "3")
PORTRAIT = {"width": 1080, "height": 1920}
LANDSCAPE = {"width": 1366, "height": 768}

TOO_SMALL = """() => [...document.querySelectorAll("button")]
    .map((e) => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([, box]) => box.width && box.height < 88)
    .map(([words, box]) => `${words}: ${box.height}`)"""
"""Whatever can be touched and is less than 88 pixels high."""

CUT_OFF = """() => {
    const main = document.querySelector("main").getBoundingClientRect();
    const seen = [...document.querySelectorAll(".top *, .tools *, .view.shown *")].filter((e) => !e.closest("svg"));
    return seen.filter((e) => {
        const box = e.getBoundingClientRect();
        if (!box.width) return false;
        const room = e.closest("main") ? main : document.documentElement.getBoundingClientRect();
        return box.left < -1 || box.right > innerWidth + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1
            || (getComputedStyle(e).display !== "inline" && e.scrollHeight > e.clientHeight + 2 && e.matches("button"));
    }).map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 30)}`);
}"""
"""Whatever lies outside its room, or has more in it than it shows."""

FAINT = """(least) => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (e) => {
        for (; e; e = e.parentElement) {
            const rgb = parts(getComputedStyle(e).backgroundColor);
            if (rgb.length === 3 || rgb[3] > 0.99) return rgb;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const e of document.querySelectorAll(".top *, .tools *, .view.shown *")) {
        const words = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
        if (!words || !e.getClientRects().length) continue;
        if (e.closest("[aria-hidden], :disabled, [aria-disabled=true]")) continue;
        const back = ground(e);
        let [r, g, b, alpha = 1] = parts(getComputedStyle(e).color);
        for (let up = e; up; up = up.parentElement) alpha *= Number(getComputedStyle(up).opacity);
        const ink = [r, g, b].map((c, i) => c * alpha + back[i] * (1 - alpha));
        const [dark, bright] = [light(ink), light(back)].sort((x, y) => x - y);
        const ratio = (bright + 0.05) / (dark + 0.05);
        if (ratio < least) faint.push(`${words.slice(0, 20)}: ${ratio.toFixed(2)}`);
    }
    return faint;
}"""
"""Words whose contrast to what lies behind them is below what is asked."""


def person(card: str) -> Any:
    return next(one.card for one in CARDS if one.id == card)


def state(page: Page, name: str) -> None:
    """Wait until the page shows this state."""
    expect(page.locator("html")).to_have_attribute("data-state", name)


@pytest.fixture
def hall(start_hall: Callable[..., Any], request: pytest.FixtureRequest) -> Any:
    """A hall whose kiosk is ready for the next one two seconds after a slip was taken, or those of ``LONG_TAKE``."""
    return start_hall(kiosk=KioskSettings(take_seconds=getattr(request, "param", 2)))


LONG_TAKE = pytest.mark.parametrize("hall", [120], indirect=True, ids=["long"])
"""For a test that looks at what the kiosk shows until then."""


@pytest.fixture
def kiosk(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The kiosk's page, upright, ready for a card."""
    page = new_page(**PORTRAIT)
    page.goto(hall.kiosk_page)
    state(page, "idle")
    return page


def row(page: Page, service: str) -> Any:
    return page.locator(f"[data-service={service}]")


def test_a_resident_lays_a_card_touches_once_and_takes_a_slip(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "business-licence").click()
    state(kiosk, "taking")
    expect(kiosk.locator(".ticket .number")).to_have_text("A001")
    expect(kiosk.locator(".ticket .where")).to_contain_text("1号窗口、3号窗口")
    wait_until(lambda: len(hall.printer.papers) == 1)


def test_what_is_read_what_for_and_how_long_is_said_before_the_card_is_laid(hall: Any, kiosk: Page) -> None:
    notice = kiosk.locator(".card-notice")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("今天结束后销毁")
    expect(notice).to_contain_text("destroyed when the day ends")


@LONG_TAKE
def test_the_card_left_on_the_reader_is_pointed_at_until_it_is_taken(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "tax").click()
    state(kiosk, "taking")
    expect(kiosk.locator("html.card-lies .card-step")).to_be_visible()
    hall.reader.lift()
    expect(kiosk.locator("html:not(.card-lies) .card-step.done")).to_be_visible()
    hall.program.hall.kiosk.on_slip_taken()
    state(kiosk, "idle")


def test_a_card_left_behind_by_who_went_away_is_called_out(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    kiosk.get_by_text("不是我 / 退出").click()
    expect(kiosk.locator("h1.heed")).to_contain_text("请拿好身份证")
    hall.reader.lift()
    expect(kiosk.locator(".lay h1:not(.heed)")).to_contain_text("请刷身份证取号")


def test_a_double_tap_takes_one_number(hall: Any, kiosk: Page) -> None:
    asked: list[str] = []
    kiosk.on("request", lambda request: asked.append(request.url) if request.url.endswith("/choose") else None)
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "business-licence").dblclick()
    state(kiosk, "taking")
    assert len(asked) == 1
    assert [one.waiting for one in hall.office.hall().services] == [1, 0, 0, 0, 0, 0]


def test_the_page_shows_a_masked_name_and_no_number_of_the_card(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    expect(kiosk.locator("#greeting")).to_have_text("您好\uff0c张*明")
    content = kiosk.content()
    assert person("zhang").name not in content
    assert person("zhang").id_number not in content


def test_who_is_65_is_told_of_the_priority(hall: Any, kiosk: Page) -> None:
    hall.lay("li")
    state(kiosk, "choosing")
    expect(kiosk.locator("#earned")).to_contain_text("65岁以上 优先办理")


def test_the_ring_counts_the_seconds_down(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    first = int(kiosk.locator("#ring b").inner_text())
    # On a machine that stands still it leaves some out.
    wait_until(lambda: int(kiosk.locator("#ring b").inner_text()) <= first - 2)


def test_a_card_pulled_away_is_asked_for_again(hall: Any, kiosk: Page) -> None:
    hall.reader.fail_next(0x41)
    hall.lay("zhang")
    expect(kiosk.locator("h1.heed")).to_contain_text("重新放")


def test_who_has_a_number_is_offered_the_slip_again(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "business-licence").click()
    state(kiosk, "taking")
    hall.reader.lift()
    hall.lay("zhang")
    state(kiosk, "choosing")
    expect(row(kiosk, "business-licence")).to_contain_text("已取号 A001")
    row(kiosk, "business-licence").click()
    expect(kiosk.locator("#again .number")).to_have_text("A001")
    kiosk.locator("#reprint").click()
    state(kiosk, "taking")
    wait_until(lambda: len(hall.printer.papers) == 2)
    assert any("补打" in text for text in hall.printer.papers[-1].texts + hall.printer.papers[0].texts)


def test_without_a_card_the_number_is_typed_and_its_check_digit_is_looked_at(hall: Any, kiosk: Page) -> None:
    kiosk.get_by_text("没带身份证").click()
    state(kiosk, "typing")
    number = person("zhang").id_number
    wrong = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    for digit in wrong:
        kiosk.locator(f"[data-key='{digit}']").click()
    expect(kiosk.locator("#typed-problem")).to_contain_text("请逐位核对")
    expect(kiosk.locator("#typed-done")).to_have_attribute("aria-disabled", "true")
    for _ in range(2):
        kiosk.locator("[data-key=erase]").click()
    expect(kiosk.locator("#typed-problem")).to_be_empty()
    for digit in number[16:]:
        kiosk.locator(f"[data-key='{digit}']").click()
    kiosk.locator("#typed-done").click()
    state(kiosk, "choosing")
    expect(kiosk.locator("#greeting")).to_have_text("您好")
    assert number not in kiosk.content()


def test_a_date_of_birth_that_is_none_is_told_so(kiosk: Page) -> None:
    kiosk.get_by_text("没带身份证").click()
    kiosk.keyboard.type("110105199013310012")
    expect(kiosk.locator("#typed-problem")).to_contain_text("出生日期")


def test_x_is_only_the_last_figure(kiosk: Page) -> None:
    kiosk.get_by_text("没带身份证").click()
    kiosk.keyboard.type("1x1X0")
    expect(kiosk.locator("#typed")).to_have_text(re.compile("^110–"))


@LONG_TAKE
def test_everything_is_done_by_keyboard_alone(hall: Any, kiosk: Page) -> None:
    kiosk.locator("[data-do=type]").first.focus()
    kiosk.keyboard.press("Enter")
    state(kiosk, "typing")
    kiosk.keyboard.type(person("li").id_number)
    kiosk.locator("#typed-done").focus()
    kiosk.keyboard.press("Enter")
    state(kiosk, "choosing")
    kiosk.keyboard.press("Tab")
    while kiosk.evaluate("document.activeElement.dataset.service") != "household":
        kiosk.keyboard.press("Tab")
    assert kiosk.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "8px"
    kiosk.keyboard.press("Space")
    state(kiosk, "taking")
    expect(kiosk.locator(".ticket .number")).to_have_text("D001")


def test_what_one_resident_typed_is_gone_for_the_next(hall: Any, kiosk: Page) -> None:
    kiosk.get_by_text("没带身份证").click()
    kiosk.keyboard.type("11010519")
    hall.lay("zhang")
    state(kiosk, "choosing")
    kiosk.get_by_text("不是我 / 退出").click()
    state(kiosk, "idle")
    kiosk.get_by_text("没带身份证").click()
    expect(kiosk.locator("#typed")).to_have_text("––––––  ––––––––  ––––")


def test_english_is_one_touch_away_and_ends_with_who_asked_for_it(hall: Any, kiosk: Page) -> None:
    kiosk.locator("[data-do=language]").click()
    expect(kiosk.locator(".lay h1 [lang=en]")).to_be_visible()
    expect(kiosk.locator(".lay h1 [lang=zh-CN]")).to_be_hidden()
    hall.lay("zhang")
    state(kiosk, "choosing")
    expect(row(kiosk, "tax")).to_contain_text("Nobody waiting")
    kiosk.get_by_text("Not me / Exit").click()
    state(kiosk, "idle")
    expect(kiosk.locator(".lay h1 [lang=zh-CN]")).to_be_visible()


def test_english_stays_when_the_card_has_to_be_laid_again(hall: Any, kiosk: Page) -> None:
    kiosk.locator("[data-do=language]").click()
    hall.reader.fail_next(0x41)
    hall.lay("zhang")
    expect(kiosk.locator("h1.heed [lang=en]")).to_be_visible()
    expect(kiosk.locator("h1.heed [lang=zh-CN]")).to_be_hidden()


# -- one resident after another ----------------------------------------------------------------------------------------


def keys_of(page: Page, verb: str) -> list[str]:
    """The Idempotency-Keys of this verb's requests, filled while they are sent."""
    keys: list[str] = []
    page.on("request", lambda sent: keys.append(sent.headers["idempotency-key"]) if sent.url.endswith(verb) else None)
    return keys


def test_a_key_kept_after_a_lost_answer_is_not_sent_for_the_next_resident(hall: Any, kiosk: Page) -> None:
    keys = keys_of(kiosk, "/kiosk/choose")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    kiosk.route("**/kiosk/choose", lose_the_answer, times=1)
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "business-licence").click()
    state(kiosk, "taking")
    expect(kiosk.locator(".ticket .number")).to_have_text("A001")
    hall.reader.lift()
    state(kiosk, "idle")
    hall.lay("wang")
    state(kiosk, "choosing")
    with kiosk.expect_response("**/kiosk/choose") as choice:
        row(kiosk, "business-licence").click()
    assert choice.value.json()["number"] == "A002"
    expect(kiosk.locator(".ticket .number")).to_have_text("A002")
    assert len(set(keys)) == 2


def test_a_press_again_after_a_lost_answer_repeats_the_key_while_the_resident_is_the_same(
    hall: Any, kiosk: Page
) -> None:
    keys = keys_of(kiosk, "/kiosk/choose")
    kiosk.route("**/kiosk/choose", lambda route: route.abort("connectionreset"), times=1)
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "business-licence").click()
    kiosk.locator("#trouble [data-do=close]").click()
    row(kiosk, "business-licence").click()
    state(kiosk, "taking")
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_press_that_hangs_is_given_up_when_the_next_resident_lays_a_card(hall: Any, kiosk: Page) -> None:
    keys = keys_of(kiosk, "/kiosk/choose")
    held: list[Route] = []
    kiosk.route("**/kiosk/choose", lambda route: held.append(route), times=1)
    hall.lay("zhang")
    expect(kiosk.locator("#greeting")).to_contain_text("张*明")
    with kiosk.expect_event("requestfailed", lambda failed: failed.url.endswith("/kiosk/choose")):
        row(kiosk, "business-licence").click()
        wait_until(lambda: kiosk.evaluate("1") and held)
        hall.reader.lift()
        hall.lay("wang")
    expect(kiosk.locator("#greeting")).not_to_contain_text("张*明")
    expect(kiosk.locator("#trouble")).to_be_hidden()
    assert [one.waiting for one in hall.office.hall().services] == [0] * 6
    row(kiosk, "tax").click()
    state(kiosk, "taking")
    assert len(set(keys)) == 2
    assert sum(one.waiting for one in hall.office.hall().services) == 1


def test_what_one_resident_was_asked_is_taken_back_for_the_next(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    row(kiosk, "business-licence").click()
    state(kiosk, "taking")
    hall.reader.lift()
    hall.lay("zhang")
    row(kiosk, "business-licence").click()
    expect(kiosk.locator("#again .number")).to_have_text("A001")
    hall.reader.lift()
    hall.lay("wang")
    expect(kiosk.locator("#again")).to_be_hidden()
    expect(row(kiosk, "business-licence")).not_to_contain_text("已取号")


def test_a_page_that_may_show_the_previous_resident_sends_no_press(hall: Any, kiosk: Page) -> None:
    keys = keys_of(kiosk, "/kiosk/choose")
    hall.lay("zhang")
    state(kiosk, "choosing")
    kiosk.context.set_offline(True)
    expect(kiosk.locator(".lost")).to_be_visible()
    row(kiosk, "business-licence").press("Enter")
    expect(kiosk.locator("#trouble")).to_contain_text("没有连上服务")
    assert keys == []
    kiosk.context.set_offline(False)
    expect(kiosk.locator(".lost")).to_be_hidden()
    expect(kiosk.locator("#trouble")).to_be_hidden()


def test_large_print_is_larger_and_has_one_choice_a_line(hall: Any, kiosk: Page) -> None:
    hall.lay("li")
    state(kiosk, "choosing")
    size = "parseFloat(getComputedStyle(document.querySelector('#services .name')).fontSize)"
    expect(row(kiosk, "enquiry")).to_be_visible()
    before = kiosk.evaluate(size)
    kiosk.locator("[data-do=elder]").click()
    assert kiosk.evaluate(size) == pytest.approx(before * 1.35)
    lefts = (
        "new Set([...document.querySelectorAll('#services button')].map((e) => e.getBoundingClientRect().left)).size"
    )
    assert kiosk.evaluate(lefts) == 1
    expect(row(kiosk, "enquiry")).to_be_visible()


def test_staff_are_said_to_be_at_the_desk(hall: Any, kiosk: Page) -> None:
    kiosk.get_by_text("呼叫工作人员").click()
    expect(kiosk.locator("#help .desk-place")).to_contain_text(hall.program.hall.settings.hall.desk)
    expect(kiosk.locator("dialog")).to_have_count(0)
    kiosk.keyboard.press("Escape")
    expect(kiosk.locator("#help")).to_be_hidden()
    state(kiosk, "idle")


def test_without_paper_the_number_and_its_code_are_on_the_screen(hall: Any, kiosk: Page) -> None:
    hall.printer.take_out_paper()
    state(kiosk, "fault")
    expect(kiosk.locator(".fault h1")).to_contain_text("缺纸")
    hall.lay("zhang")
    state(kiosk, "choosing")
    with kiosk.expect_response("**/kiosk/choose") as choice:
        row(kiosk, "business-licence").click()
    state(kiosk, "fault-ticket")
    expect(kiosk.locator(".on-screen .number")).to_have_text("A001")
    wait_until(lambda: kiosk.evaluate("document.querySelector('#code').naturalWidth"))
    picture = Image.open(io.BytesIO(kiosk.screenshot()))
    read = zxingcpp.read_barcodes(picture)
    assert [one.text for one in read] == [choice.value.json()["code"]]
    kiosk.get_by_text("我记好了").click()
    state(kiosk, "fault")


def test_the_code_on_the_screen_is_gone_with_the_resident(hall: Any, kiosk: Page) -> None:
    address, bearer = f"{hall.url}/kiosk/code.svg", {"Authorization": f"Bearer {hall.kiosk_token}"}
    assert kiosk.request.get(address, headers=bearer).status == 404
    assert kiosk.request.get(address).status == 401


def test_with_the_reader_out_of_order_the_number_can_be_typed(hall: Any, kiosk: Page) -> None:
    hall.reader.unplug()
    state(kiosk, "fault")
    expect(kiosk.locator(".fault")).to_contain_text(hall.program.hall.settings.hall.desk)
    kiosk.get_by_text("输入身份证号码取号").click()
    state(kiosk, "typing")
    kiosk.keyboard.type(person("zhang").id_number)
    kiosk.locator("#typed-done").click()
    state(kiosk, "choosing")


def test_a_lost_connection_is_said_and_comes_back_by_itself(hall: Any, kiosk: Page) -> None:
    kiosk.context.set_offline(True)
    expect(kiosk.locator(".lost")).to_contain_text("连接中断")
    kiosk.context.set_offline(False)
    expect(kiosk.locator(".lost")).to_be_hidden()
    hall.lay("zhang")
    state(kiosk, "choosing")


def leave(hall: Any) -> None:
    """The resident goes, and takes the card along."""
    hall.reader.lift()
    kiosk = hall.program.hall.kiosk
    wait_until(lambda: not kiosk.view().card_lies)
    kiosk.cancel()


def as_read(page: Page, size: dict[str, int], mode: str) -> None:
    """Reload the page in this size, and have it as who reads it ``plain``, ``elder`` or in ``english`` does."""
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.reload()
    state(page, "idle")
    for name in mode.split():
        if name != "plain":
            page.locator(f"[data-do={'language' if name == 'english' else name}]").click()


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
def test_nothing_is_cut_off_too_small_or_too_faint(hall: Any, kiosk: Page, size: dict[str, int]) -> None:
    for mode in ("plain", "elder", "english", "elder english"):
        as_read(kiosk, size, mode)
        least = 7 if "elder" in mode else 4.5

        def check(name: str, mode: str = mode, least: float = least) -> None:
            state(kiosk, name)
            found = [kiosk.evaluate(TOO_SMALL), kiosk.evaluate(CUT_OFF), kiosk.evaluate(FAINT, least)]
            assert found == [[], [], []], f"{mode}, {name}"

        check("idle")
        kiosk.locator("[data-do=type]").first.click()
        check("typing")
        kiosk.keyboard.type("110105199001010010")
        check("typing")
        kiosk.locator("#back").click()
        hall.lay("li")
        check("choosing")
        kiosk.locator("#services button").first.click()
        check("taking")
        leave(hall)
        # Who waits already is given no second number.
        assert hall.office.call_next("3", CLERK)
        hall.office.conclude("3", CLERK)


def services_behind(page: Page) -> set[str]:
    """The services that can be chosen on this page of the choice and on all behind it; nothing is cut off on any."""
    assert page.evaluate(CUT_OFF) == []
    found = set(
        page.evaluate("[...document.querySelectorAll('.view.shown [data-service]')].map((e) => e.dataset.service)")
    )
    further = page.locator(".view.shown").locator("[data-branch], [data-deed=more]")
    for place in range(further.count()):
        further.nth(place).click()
        found |= services_behind(page)
        page.locator("#back").click()
    return found


LONG = (
    "不动产登记(首次登记、转移登记、变更登记、抵押登记)",
    "Real estate registration: first, transfer, change, mortgage",
)


def test_twelve_services_with_long_names_find_room(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    services = tuple(
        ServiceSettings(id=f"s{n}", name=LONG[0] if n % 3 else "居住证", name_en=LONG[1], prefix="ABCDEFGHJKLM"[n])
        for n in range(12)
    )
    windows = tuple(WindowSettings(id=n, name=f"{n}号窗口") for n in "123")
    hall = start_hall(services=services, windows=windows)
    page = new_page(**PORTRAIT)
    page.goto(hall.kiosk_page)
    for size in (PORTRAIT, LANDSCAPE):
        for mode in ("plain", "elder", "english"):
            as_read(page, size, mode)
            hall.lay("zhang")
            state(page, "choosing")
            expect(page.locator("#services button").first).to_be_visible()
            assert len(services_behind(page)) == 12, (size, mode)
            leave(hall)


def test_a_press_that_is_under_way_when_the_next_card_is_read_takes_no_number_for_that_resident(
    hall: Any, kiosk: Page
) -> None:
    held: list[Route] = []
    kiosk.route("**/kiosk/choose", lambda route: held.append(route), times=1)
    hall.lay("zhang")
    state(kiosk, "choosing")
    row(kiosk, "business-licence").click()
    wait_until(lambda: held or kiosk.wait_for_timeout(20))
    hall.reader.lift()
    hall.lay("li")
    expect(kiosk.locator("#greeting")).to_have_text("您好\uff0c李*兰")
    # The page has given the request up; on a slow wire it arrives all the same.
    late = held[0].fetch()
    assert (late.status, late.json()["code"]) == (409, "other_visit")
    assert [one.waiting for one in hall.office.hall().services] == [0] * 6
    expect(kiosk.locator("html")).to_have_attribute("data-page", "home")
    row(kiosk, "tax").click()
    state(kiosk, "taking")
    assert sum(one.waiting for one in hall.office.hall().services) == 1
