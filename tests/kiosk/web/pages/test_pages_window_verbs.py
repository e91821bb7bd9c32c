"""What a clerk does less often, each by its key, in a real browser with the whole hall behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import staff
from config.settings import QueueSettings
from staff import issue, key_is, resident_of, sit_at
from ticketing.model import Actor, State
from wires import wait_until

CLERK = Actor("other", "desk")
SECRET = "another-password"


def message(page: Page, words: str) -> None:
    """Wait until the page says this."""
    expect(page.locator("#message-text")).to_contain_text(words)


def asked(page: Page, words: str) -> None:
    """Wait until the page asks this."""
    expect(page.locator("#ask-title")).to_have_text(words)


def ticket_at(hall: Any, window: str = "3") -> Any:
    """The ticket that the hall itself has at the window."""
    return hall.office.window_view(window).ticket


@pytest.fixture
def called(hall: Any, new_page: Callable[..., Page]) -> Page:
    """A clerk's page with A001 called to window 3."""
    issue(hall)
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    return page


def test_a_ticket_is_put_on_hold_with_a_reason_and_minutes(hall: Any, called: Page) -> None:
    called.keyboard.press("F4")
    asked(called, "A001 为什么挂起？")
    expect(called.locator("#ask-amount-input")).to_have_value("15")
    called.keyboard.press("ArrowUp")
    called.keyboard.press("2")
    message(called, "A001 已挂起")
    (held,) = hall.office.away("3")
    assert (held.state, held.hold_reason) == (State.HELD, "去复印或拍照")
    assert ticket_at(hall) is None
    minutes = (held.held_until - hall.program.hall.clock()).total_seconds() / 60
    assert 15 < minutes <= 16


def test_a_reason_of_ones_own_is_sent_with_enter_and_no_minutes_means_until_called_back(
    hall: Any, called: Page
) -> None:
    called.keyboard.press("F4")
    asked(called, "A001 为什么挂起？")
    called.locator("#ask-amount-input").fill("")
    called.locator("#ask-input").fill("等 3 楼盖章")
    called.keyboard.press("Enter")
    message(called, "A001 已挂起")
    (held,) = hall.office.away("3")
    assert (held.hold_reason, held.held_until) == ("等 3 楼盖章", None)


def test_escape_takes_a_question_back(hall: Any, called: Page) -> None:
    for key in ("F1", "F4", "F5", "F6", "F7"):
        called.keyboard.press(key)
        expect(called.locator("#ask")).to_be_visible()
        called.keyboard.press("Escape")
        expect(called.locator("#ask")).to_be_hidden()
    assert ticket_at(hall).state is State.CALLED
    assert hall.office.window_view("3").window.state == "open"


def test_nothing_typed_is_nothing_chosen(hall: Any, called: Page) -> None:
    called.keyboard.press("F4")
    called.locator("#ask-input").press("Enter")
    expect(called.locator("#ask")).to_be_visible()
    expect(called.locator("#ask-input")).to_be_focused()
    assert ticket_at(hall).state is State.CALLED


def test_a_ticket_is_sent_to_one_window(hall: Any, called: Page) -> None:
    called.keyboard.press("F5")
    asked(called, "A001 转到哪里？")
    called.locator("#ask-choices button", has_text="只由这个窗口叫").first.click()
    message(called, "A001 已转到")
    ticket = hall.office.ticket_of_number("A001")
    assert (ticket.state, ticket.for_window) == (State.WAITING, "1")


def test_a_pause_tells_the_strip_and_the_windows_screen_why(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    screen = new_page(1920, 1080)
    screen.goto(f"{hall.url}/screen/window/3")
    page.keyboard.press("F6")
    asked(page, "为什么暂停？")
    page.keyboard.press("2")
    key_is(page, "恢复服务")
    expect(page.locator("#window-state")).to_have_text("午休")
    expect(screen.locator(".one.paused .words")).to_have_text("午休")
    expect(screen.locator(".what")).to_contain_text("Lunch break")
    wait_until(lambda: hall.strip("3").text == "午休")
    page.keyboard.press("Space")
    key_is(page, "呼叫下一位")
    expect(screen.locator(".one.open")).to_be_visible()
    page.keyboard.press("F6")
    page.locator("#ask-input").fill("13:30 回来")
    page.keyboard.press("Enter")
    expect(screen.locator(".one.paused .words")).to_have_text("13:30 回来")
    wait_until(lambda: hall.strip("3").text == "13:30 回来")


def test_a_held_ticket_is_called_back_from_the_list(hall: Any, called: Page) -> None:
    called.keyboard.press("F4")
    called.keyboard.press("1")
    message(called, "A001 已挂起")
    key_is(called, "呼叫下一位")
    called.keyboard.press("F7")
    asked(called, "叫哪个号码？")
    expect(called.locator("#ask-choices button").first).to_contain_text("A001")
    called.keyboard.press("1")
    expect(called.locator("#number")).to_have_text("A001")
    assert ticket_at(hall).state is State.CALLED


def test_a_waiting_number_is_called_out_of_turn_with_a_reason(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    issue(hall, card="ouyang")
    page = sit_at(new_page(), hall)
    page.keyboard.press("F7")
    expect(page.locator("#ask-text")).to_have_text("没有挂起或过号的号码")
    page.locator("#ask-input").fill("a002")
    page.keyboard.press("Enter")
    asked(page, "为什么先叫 A002？")
    page.keyboard.press("1")
    expect(page.locator("#number")).to_have_text("A002")
    assert ticket_at(hall).number == "A002"
    expect(page.locator("#next")).to_have_text("A001")


def test_a_number_there_is_not_is_told_so(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    page.keyboard.press("F7")
    page.locator("#ask-input").fill("Z009")
    page.keyboard.press("Enter")
    asked(page, "为什么先叫 Z009？")
    page.keyboard.press("1")
    message(page, "没有这个号码")


def test_while_somebody_is_served_a_missed_number_goes_back_into_the_queue(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    issue(hall)
    issue(hall, card="ouyang")
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.no_show(page)
    message(page, "A001 已过号")
    key_is(page, "呼叫下一位")
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    page.keyboard.press("F7")
    asked(page, "让哪个号码回到队列？")
    page.keyboard.press("1")
    message(page, "A001 已回到队列")
    expect(page.locator("#next")).to_have_text("A001")
    assert ticket_at(hall).number == "A002"


def test_an_end_that_goes_on_shows_its_receipt_until_the_next_call(hall: Any, called: Page) -> None:
    issue(hall, card="ouyang")
    called.keyboard.press("Space")
    key_is(called, "办结")
    called.keyboard.press("F1")
    asked(called, "A001 的办理结果")
    called.locator("#ask-amount-input").fill("3")
    called.locator("#ask-choices button", has_text="承诺件").click()
    message(called, "A001 已办结：承诺件")
    expect(called.locator("#receipts")).to_contain_text("回执码")
    expect(called.locator("#receipts")).to_contain_text("前办结")
    key_is(called, "呼叫下一位")
    expect(called.locator("#receipts")).to_be_visible()
    called.keyboard.press("Space")
    key_is(called, "开始办理")
    expect(called.locator("#receipts")).to_be_hidden()
    assert hall.office.ticket_of_number("A001").outcome == "promised"


def test_the_space_bar_ends_a_case_as_done_on_the_spot(hall: Any, called: Page) -> None:
    called.keyboard.press("Space")
    key_is(called, "办结")
    called.keyboard.press("Space")
    message(called, "A001 已办结")
    expect(called.locator("#receipts")).to_be_hidden()
    assert hall.office.ticket_of_number("A001").outcome == "immediate"


@pytest.mark.parametrize("end", ["finish", "no-show"])
def test_a_wrong_end_is_taken_back_while_its_key_is_there(hall: Any, called: Page, end: str) -> None:
    undo = called.locator("[data-verb=undo]")
    expect(undo).to_have_css("visibility", "hidden")
    if end == "finish":
        called.keyboard.press("Space")
        key_is(called, "办结")
        called.keyboard.press("Space")
    else:
        staff.no_show(called)
    expect(undo).to_contain_text("撤销 A001")
    expect(undo).to_be_enabled()
    key_is(called, "呼叫下一位")
    called.keyboard.press("F10")
    message(called, "A001 已恢复")
    assert ticket_at(hall).state is (State.SERVING if end == "finish" else State.CALLED)
    expect(undo).to_have_css("visibility", "hidden")


def test_when_its_time_is_over_there_is_nothing_to_take_back(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    # Not so long that the page gives its silent stream up: its time is put forward.
    hall = start_hall(queue=QueueSettings(undo_seconds=30))
    issue(hall)
    page = sit_at(new_page(clock=True), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.no_show(page)
    expect(page.locator("[data-verb=undo]")).to_be_enabled()
    page.clock.fast_forward(31_000)
    expect(page.locator("[data-verb=undo]")).to_have_css("visibility", "hidden")


def test_a_window_where_somebody_sits_is_taken_over_with_one_key(hall: Any, new_page: Callable[..., Page]) -> None:
    hall.program.hall.people.add_account("zhao", "clerk", ("3",), SECRET)
    issue(hall)
    first = sit_at(new_page(), hall)
    first.keyboard.press("F6")
    first.keyboard.press("1")
    key_is(first, "恢复服务")
    second = new_page()
    second.request.post(f"{hall.url}/api/v1/login", data={"username": "zhao", "password": SECRET})
    second.goto(f"{hall.url}/window/3")
    expect(second.locator("#clerk")).to_have_text("clerk 在本窗口")
    key_is(second, "恢复服务")
    second.keyboard.press("Space")
    message(second, "clerk 从 ")
    expect(second.locator("#override")).to_contain_text("接管窗口")
    second.keyboard.press("F9")
    message(second, "已从 clerk 接管本窗口")
    expect(second.locator("#clerk")).to_be_hidden()
    expect(first.locator("#clerk")).to_have_text("zhao 在本窗口")
    key_is(second, "呼叫下一位")
    second.keyboard.press("Space")
    expect(second.locator("#number")).to_have_text("A001")


def test_signing_out_leaves_the_window_to_others(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    page.keyboard.press("F6")
    page.keyboard.press("1")
    key_is(page, "恢复服务")
    assert hall.office.window_view("3").window.clerk == "clerk"
    page.locator("#sign-out").click()
    page.wait_for_url("**/login")
    assert hall.office.window_view("3").window.clerk is None


def test_no_key_moves_whatever_the_state(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    page = sit_at(new_page(), hall)

    def places() -> list[Any]:
        return [button.bounding_box() for button in page.locator("#go, .verbs button").all()]

    before = places()
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    assert places() == before
    page.keyboard.press("Space")
    key_is(page, "办结")
    page.keyboard.press("F1")
    page.locator("#ask-choices button", has_text="承诺件").click()
    expect(page.locator("#receipts")).to_be_visible()
    key_is(page, "呼叫下一位")
    assert places() == before
    page.keyboard.press("F6")
    page.keyboard.press("2")
    key_is(page, "恢复服务")
    assert places() == before


def test_a_receipt_and_the_undo_key_fit_on_a_desk_pc(called: Page) -> None:
    called.keyboard.press("F1")
    called.locator("#ask-choices button", has_text="承诺件").click()
    for width, height in ((1366, 650), (1366, 768)):
        called.set_viewport_size({"width": width, "height": height})
        expect(called.locator("#receipts")).to_be_visible()
        box = called.locator("#receipts").bounding_box()
        frame = called.locator("#ticket").bounding_box()
        assert box and frame and box["y"] + box["height"] <= frame["y"] + frame["height"]
        size = called.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [width, height]


def test_who_came_for_somebody_else_is_shown_beside_them(hall: Any, new_page: Callable[..., Page]) -> None:
    issued = hall.office.issue(
        "business-licence", CLERK, resident=resident_of("zhang"), agent=resident_of("ouyang"), print=False
    )
    page = sit_at(new_page(), hall)
    page.keyboard.press("Space")
    key_is(page, "开始办理")
    staff.scan(page, issued.code)
    agent = resident_of("ouyang")
    expect(page.locator("#person-name")).to_have_text("张晓明")
    expect(page.locator("#person-kind")).to_contain_text("由他人代办")
    expect(page.locator("[data-field=agent_name] .field-value")).to_have_text(str(agent.name))
    key_is(page, "办结")
    page.keyboard.press("Space")
    message(page, "A001 已办结")
    assert str(agent.name) not in page.content()


def test_names_that_are_known_are_not_asked_for_again(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    issue(hall)
    expect(page.locator("#next")).to_have_text("A001")
    assert not any(url.endswith("/hall") for url in asked_for)


def test_a_transfer_into_a_line_where_the_resident_stands_already_is_refused_to_the_clerk(
    hall: Any, called: Page
) -> None:
    issue(hall, "household")
    called.keyboard.press("F5")
    asked(called, "A001 转到哪里？")
    called.locator("#ask-choices button", has_text="户").click()
    message(called, "居民已有这项业务的号码 D001，请先办那个号，或取消它")
    assert ticket_at(hall).number == "A001"
