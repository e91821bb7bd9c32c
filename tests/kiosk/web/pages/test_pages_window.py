"""The clerk's page in a real browser, with the whole hall behind it."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from sqlalchemy import update

import config
import staff
from kiosk.settings import load
from staff import issue, key_is, resident_of, sit_at, stop_time
from ticketing.model import State
from ticketing.store.tables import ticket
from wires import wait_until

DECODER = """
import sys
from PIL import Image
assert sys.stdin.buffer.read().startswith(b"WL") and sys.path
Image.new("RGB", (102, 126), "teal").save(sys.stdout.buffer, "PNG")
"""
"""A program that decodes every photo to the same picture."""
INSECURE = """Object.defineProperty(window, "isSecureContext", { value: false });
    Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined });"""
"""As in a hall whose own network is plain HTTP."""


def demo_devices() -> tuple[Any, ...]:
    return load(Path(config.__file__).parent / "demo.toml").devices


def ticket_at(hall: Any, window: str = "3") -> Any:
    """The ticket that the hall itself has at the window."""
    return hall.office.window_view(window).ticket


def running(page: Page) -> int:
    """The seconds for which the page says that the ticket is called or served; 0 where it says nothing."""
    shown = page.locator("#running").inner_text()
    minutes, _, seconds = shown.partition(":")
    return 60 * int(minutes) + int(seconds) if shown else 0


def message(page: Page, words: str) -> None:
    """Wait until the page says this."""
    expect(page.locator("#message-text")).to_contain_text(words)


def pasted(context: BrowserContext) -> str:
    """What the clipboard holds, pasted into some other program's form."""
    other = context.new_page()
    other.set_content("<textarea id='form'></textarea>")
    other.focus("#form")
    other.keyboard.press("Control+v")
    expect(other.locator("#form")).not_to_have_value("")
    text = other.input_value("#form")
    other.close()
    return text


def test_one_key_takes_a_ticket_from_its_call_to_its_end(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(), hall)
    key_is(page, "呼叫下一位")
    place = page.locator("#go").bounding_box()
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    expect(page.locator("#number")).to_have_text("A001")
    expect(page.locator("#service")).to_have_text("营业执照(五证合一)")
    expect(page.locator("#why")).not_to_be_empty()
    assert ticket_at(hall).state is State.CALLED
    page.keyboard.press("Enter")
    key_is(page, "办结")
    wait_until(lambda: running(page) >= 1)
    assert ticket_at(hall).state is State.SERVING
    assert page.locator("#go").bounding_box() == place
    page.keyboard.press("Space")
    key_is(page, "呼叫下一位")
    message(page, "A001 已办结")
    expect(page.locator("#served")).to_have_text("1")
    assert ticket_at(hall) is None
    page.keyboard.press("Space")
    message(page, "没有人在等")


def test_a_double_press_calls_one_and_starts_nothing(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    issue(hall, card="ouyang")
    page = new_page(clock=True)
    sit_at(page, hall)
    stop_time(page)
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    expect(page.locator("#go-text")).to_have_text("开始办理")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#go")).to_be_disabled()
    page.clock.run_for(500)
    key_is(page, "开始办理")
    assert ticket_at(hall).state is State.CALLED
    assert ticket_at(hall).number == "A001"


def test_a_scan_brings_the_resident_wherever_the_focus_is(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    person = resident_of("zhang")
    for number, focus in (("A001", "body"), ("A002", "#go"), ("A003", "[data-verb=pause]")):
        code = issue(hall).code
        page.keyboard.press("Space")
        key_is(page, "开始办理")
        page.evaluate("(focus) => document.querySelector(focus).focus()", focus)
        staff.scan(page, f"HTTP://Q.EXAMPLE.CN/T/{code}")
        message(page, f"已核对 {number}")
        key_is(page, "办结")
        expect(page.locator("#person-name")).to_have_text("张晓明")
        shown = {
            row.get_attribute("data-field"): row.locator(".field-value").text_content()
            for row in page.locator(".field").all()
        }
        assert shown == {
            "name": person.name,
            "sex": "男",
            "ethnicity": "汉",
            "birth_date": "1990-07-16",
            "id_number": person.id_number,
            "address": person.address,
            "authority": person.authority,
            "valid_from": person.valid_from.isoformat() if person.valid_from else None,
            "valid_until": "2036-03-08",
        }
        assert ticket_at(hall).state is State.SERVING
        assert hall.office.window_view("3").window.state == "open"
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Space")
        key_is(page, "呼叫下一位")


def test_the_windows_own_scanner_brings_the_resident_too(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall, card="li").code
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    hall.scanner("3").scan(code)
    expect(page.locator("#person-name")).to_have_text("李秀兰")
    expect(page.locator("[data-field=valid_until] .field-value")).to_have_text("长期")


def test_a_card_on_the_windows_reader_brings_the_resident_or_says_whose_turn_it_is_not(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    issue(hall, card="li")
    issue(hall, card="ouyang")
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    hall.simulator("reader-3").use("lay", {"card": "ouyang"})
    message(page, "欧阳**，持卡人的号是 A002，等候中")
    assert ticket_at(hall).state is State.CALLED
    hall.simulator("reader-3").use("lay", {"card": "li"})
    message(page, "已核对 A001")
    expect(page.locator("#person-name")).to_have_text("李秀兰")
    assert ticket_at(hall).state is State.SERVING
    # Nothing of it is the kiosk's.
    assert hall.program.hall.kiosk.view().state == "idle"


def test_a_photo_is_shown_where_a_decoder_is_set_up_and_goes_with_the_ticket(
    start_hall: Callable[..., Any], tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    decoder = tmp_path / "decode"
    decoder.write_text(f"#!{sys.executable}\n{DECODER}")
    decoder.chmod(0o755)
    devices = [
        one.model_copy(update={"photo_decoder": str(decoder)}) if one.name == "reader-3" else one
        for one in demo_devices()
    ]
    hall = start_hall(devices=tuple(devices))
    issue(hall, card="li")
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    expect(page.locator("#person-photo")).to_be_hidden()
    hall.simulator("reader-3").use("lay", {"card": "li"})
    expect(page.locator("#person-photo")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    expect(page.locator("#person-name")).to_have_text("李秀兰")
    # The key rests for a moment when its meaning changes.
    key_is(page, "办结")
    expect(page.locator("#go")).to_be_enabled()
    page.keyboard.press("Space")
    key_is(page, "呼叫下一位")
    expect(page.locator("#person-photo")).to_be_hidden()


def test_a_foreigners_country_is_told_by_its_name(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall, card="foreigner-2023").code
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    hall.scanner("3").scan(code)
    country = page.locator("[data-field=nationality] .field-value")
    expect(country).to_have_text("沙特阿拉伯")
    page.locator("[data-switch-language]").click()
    expect(country).to_have_text("Saudi Arabia")


@pytest.mark.parametrize("secure", [True, False])
def test_each_field_is_copied_with_one_key(hall: Any, new_page: Callable[..., Page], secure: bool) -> None:
    code = issue(hall).code
    page = new_page(script="" if secure else INSECURE)
    if secure:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sit_at(page, hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.scan(page, code)
    person = resident_of("zhang")
    expect(page.locator("[data-field=id_number] kbd")).to_have_text("5")
    page.keyboard.press("5")
    message(page, "已复制 证件号码")
    assert pasted(page.context) == person.id_number
    page.locator("[data-field=address]").click()
    message(page, "已复制 住址")
    assert pasted(page.context) == person.address
    page.keyboard.press("0")
    message(page, "已复制全部 9 项")
    # Who strikes keys unawares turns these off; it stays so.
    page.locator("#single-keys").click()
    page.keyboard.press("1")
    expect(page.locator("#copy-all.copied")).to_be_visible()
    expect(page.locator("[data-field=name] kbd")).to_be_hidden()
    page.reload()
    expect(page.locator("#single-keys")).to_have_attribute("aria-pressed", "false")
    assert pasted(page.context).splitlines()[:2] == ["姓名\t张晓明", "性别\t男"]
    assert ticket_at(hall).state is State.SERVING


def test_the_residents_data_leave_the_page_when_the_ticket_ends(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall).code
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.scan(page, code)
    expect(page.locator("#person-name")).to_have_text("张晓明")
    assert "张晓明" in page.content()
    key_is(page, "办结")
    page.keyboard.press("Space")
    message(page, "A001 已办结")
    person = resident_of("zhang")
    for secret in (person.name, person.id_number, person.address):
        assert secret and secret not in page.content()
        assert secret not in page.evaluate("JSON.stringify([localStorage, sessionStorage])")


def test_the_data_put_themselves_away_and_come_back_on_demand(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall).code
    page = new_page(clock=True)
    sit_at(page, hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.scan(page, code)
    expect(page.locator("#person-name")).to_have_text("张晓明")
    page.clock.fast_forward("10:05")
    message(page, "已经收起")
    assert "张晓明" not in page.content()
    expect(page.locator("#show")).to_be_enabled()
    page.keyboard.press("F8")
    expect(page.locator("#person-name")).to_have_text("张晓明")


def test_a_ticket_without_a_card_says_so(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall, card=None).code
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.scan(page, code)
    message(page, "没有居民信息")
    key_is(page, "办结")


@pytest.mark.parametrize("by", ["keyboard", "scanner"])
def test_a_slip_of_another_window_is_refused_and_a_reason_lets_it_through(
    hall: Any, new_page: Callable[..., Page], by: str
) -> None:
    code = issue(hall).code
    page = sit_at(new_page(), hall, "1")
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    page = sit_at(new_page(), hall, "3")
    if by == "keyboard":
        staff.scan(page, code)
    else:
        hall.scanner("3").scan(code)
    message(page, "A001")
    expect(page.locator("#message")).to_have_class("message stop")
    assert "张晓明" not in page.content()
    page.keyboard.press("F9")
    expect(page.locator("#ask")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#person-name")).to_have_text("张晓明")
    assert ticket_at(hall, "1") is None
    assert ticket_at(hall, "3").number == "A001"


def test_a_code_of_another_hall_is_refused_without_a_way_around(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    staff.scan(page, "HTTPS://OTHER.EXAMPLE/T/0000000000000000")
    message(page, "不是本厅今天的号码")
    expect(page.locator("#override")).to_be_hidden()
    page.keyboard.press("F9")
    expect(page.locator("#ask")).to_be_hidden()


def test_a_no_show_is_asked_for_twice(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(clock=True), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    stop_time(page)
    page.keyboard.press("F3")
    message(page, "再按一次 F3")
    assert ticket_at(hall).state is State.CALLED
    page.keyboard.press("F3")
    message(page, "A001 已过号")
    expect(page.locator("#missed")).to_have_text("1")
    assert ticket_at(hall) is None


def test_esc_takes_a_no_show_back_that_was_not_confirmed(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(clock=True), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    # What goes away from here on goes by the key.
    stop_time(page)
    page.keyboard.press("F3")
    message(page, "再按一次 F3")
    page.keyboard.press("Escape")
    expect(page.locator("#message-text")).to_be_empty()
    expect(page.locator("#no-show-text")).to_have_text("过号")
    page.keyboard.press("F3")
    message(page, "再按一次 F3")
    assert ticket_at(hall).state is State.CALLED


def test_recall_transfer_and_pause_are_one_key_each(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    page.keyboard.press("F2")
    message(page, "已重呼 A001")
    assert ticket_at(hall).recalls == 1
    page.keyboard.press("F5")
    expect(page.locator("#ask-title")).to_have_text("A001 转到哪里？")
    page.keyboard.press("1")
    message(page, "A001 已转到 社会保障卡")
    assert ticket_at(hall) is None
    expect(page.locator("#next")).to_have_text("A001")
    page.keyboard.press("F6")
    page.keyboard.press("1")
    key_is(page, "恢复服务")
    assert hall.office.window_view("3").window.state == "paused"
    page.keyboard.press("Space")
    key_is(page, "呼叫下一位")
    assert hall.office.window_view("3").window.state == "open"


def test_the_running_time_goes_on_when_the_page_is_opened_again(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    with hall.office.ledger.store.write() as conn:
        conn.execute(update(ticket).values(called_at=ticket.c.called_at - 90_000_000))
    page.reload()
    key_is(page, "开始办理")
    # The page takes the hall's time from the answers, a few seconds off where they were long under way.
    wait_until(lambda: running(page) >= 80)
    assert running(page) < 90 + 60


def test_who_waits_is_told_without_being_asked(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    expect(page.locator("#next")).to_have_text("没有人在等")
    for card in ("zhang", "ouyang"):
        issue(hall, card=card)
    expect(page.locator("#next li")).to_have_text(["A001", "A002"])
    expect(page.locator("#waiting div").first).to_have_text("营业执照(五证合一)2")


def test_a_cut_line_is_said_at_once_and_nothing_pressed_meanwhile_is_done_later(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    issue(hall)
    page = sit_at(new_page(), hall)
    page.context.set_offline(True)
    expect(page.locator("#line")).to_have_text("连接中断，按键暂停")
    expect(page.locator("#go")).to_be_disabled()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    for key in ("Space", "Enter", "F6"):
        page.keyboard.press(key)
    staff.scan(page, "0000000000000000")
    message(page, "恢复后请再扫")
    assert "POST" not in sent
    page.context.set_offline(False)
    key_is(page, "呼叫下一位")
    assert "POST" not in sent
    assert ticket_at(hall) is None
    assert hall.office.window_view("3").window.state == "open"
    page.keyboard.press("Space")
    key_is(page, "开始办理")


def test_a_press_whose_answer_got_lost_is_looked_up_and_not_repeated(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    issue(hall, card="ouyang")
    page = sit_at(new_page(), hall)
    keys: list[str | None] = []

    def lose_the_answer(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        route.fetch()
        route.abort("connectionreset")

    page.route("**/call-next", lose_the_answer)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    expect(page.locator("#number")).to_have_text("A001")
    wait_until(lambda: ticket_at(hall) is not None)
    assert len(keys) == 1 and keys[0]
    assert hall.office.window_view("3").next == ["A002"]


def test_nobody_sees_a_window_without_logging_in(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{hall.url}/window/3")
    expect(page).to_have_url(f"{hall.url}/login?next=%2Fwindow%2F3")


def test_a_clerk_sees_their_own_window_alone(hall: Any, new_page: Callable[..., Page]) -> None:
    hall.program.hall.people.add_account("one", "clerk", ("1",), "one-password")
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "one", "password": "one-password"})
    assert page.goto(f"{hall.url}/window/1").status == 200  # type: ignore[union-attr]
    assert page.goto(f"{hall.url}/window/3").status == 403  # type: ignore[union-attr]
    assert page.goto(f"{hall.url}/window/99").status == 403, "which windows there are is not told either"  # type: ignore[union-attr]


def test_nothing_scrolls_or_is_cut_on_a_desk_pc(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall, card="maimaiti").code
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.scan(page, code)
    expect(page.locator("#person-name")).to_be_visible()
    for width, height in ((1366, 768), (1366, 650), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [width, height]
        last = page.locator("[data-field=valid_until]").bounding_box()
        assert last and last["y"] + last["height"] <= height


def test_the_page_speaks_english_and_remembers_it(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(), hall)
    page.locator("[data-switch-language]").click()
    key_is(page, "Call next")
    page.keyboard.press("Space")
    key_is(page, "Start")
    page.reload()
    key_is(page, "Start")
    expect(page.locator("#service")).to_have_text("Business licence")
