"""The guide desk's page in a real browser, with the whole hall behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

import staff
from staff import issue, resident_of
from ticketing.model import Actor, State
from wires import wait_until

SECRET = "desk-password"
CLERK = Actor("other", "clerk", "1")


def at_desk(hall: Any, page: Page) -> Page:
    """Log in as somebody of the guide desk, and wait until the page knows the services."""
    hall.program.hall.people.add_account("chen", "desk", (), SECRET)
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": SECRET})
    page.goto(f"{hall.url}/desk")
    expect(page.locator("#line")).to_have_text("已连接")
    expect(page.locator("#services label")).to_have_count(6)
    return page


@pytest.fixture
def desk(hall: Any, new_page: Callable[..., Page]) -> Page:
    return at_desk(hall, new_page())


def find(page: Page, number: str) -> None:
    """Look a number up as somebody at the keyboard does."""
    page.keyboard.press("F3")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page.locator("#found-number")).to_have_text(number.upper())


def message(page: Page, words: str) -> None:
    """Wait until the page says this of the ticket that was found."""
    expect(page.locator("#message")).to_contain_text(words)


def test_a_number_is_issued_by_keyboard_alone_and_printed(hall: Any, desk: Page) -> None:
    desk.keyboard.press("F2")
    desk.keyboard.press("Space")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(desk.locator("#issued-number")).to_have_text("B001")
    expect(desk.locator("#issued-text")).to_contain_text("社会保障卡")
    wait_until(lambda: len(hall.printer.papers) == 1)
    expect(desk.locator("#services b").nth(1)).to_have_text("1 人")


def test_a_key_kept_after_a_lost_answer_is_not_sent_for_another_form(hall: Any, desk: Page) -> None:
    keys: list[str] = []

    def lose_the_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort("connectionreset")

    desk.route("**/api/v1/tickets", lose_the_answer, times=1)
    desk.locator("#services label", has_text="社会保障卡").click()
    desk.locator("#issue-go").click()
    expect(desk.locator("#issue-problem")).to_contain_text("没有连上服务")
    desk.locator("#name").fill("王小明")
    with desk.expect_request("**/api/v1/tickets") as sent:
        desk.locator("#issue-go").click()
    expect(desk.locator("#issued-number")).to_have_text("B002")
    assert sent.value.headers["idempotency-key"] != keys[0]


def test_a_class_needs_its_reason_and_an_id_number_is_checked(hall: Any, desk: Page) -> None:
    desk.locator("#services label", has_text="社会保障卡").click()
    desk.locator("#priority").select_option("disabled")
    expect(desk.locator("#reason")).to_be_focused()
    desk.locator("#issue-go").click()
    expect(desk.locator("#issue-problem")).to_have_text("请写明优先的理由")
    desk.locator("#reason").fill("已查看残疾人证")
    desk.locator("#id-number").fill("110000198803141231")
    desk.locator("#issue-go").click()
    expect(desk.locator("#issue-problem")).to_contain_text("证件号码不对")
    person = resident_of("zhang")
    desk.locator("#id-number").fill(str(person.id_number))
    desk.locator("#name").fill("张晓明")
    desk.locator("#issue-go").click()
    expect(desk.locator("#issued-number")).to_have_text("B001")
    ticket = hall.office.ticket_of_number("B001")
    assert ticket.priority == "disabled"
    assert set(hall.office.tickets_of(person)) == {"social-security"}
    for secret in (person.id_number, "张晓明"):
        assert str(secret) not in desk.content()
    expect(desk.locator("#id-number")).to_have_value("")


def test_without_a_service_nothing_is_issued(hall: Any, desk: Page) -> None:
    desk.locator("#issue-go").click()
    expect(desk.locator("#issue-problem")).to_have_text("请先选业务")


def test_who_has_a_number_already_is_shown_it(hall: Any, desk: Page) -> None:
    issue(hall)
    desk.locator("#services label", has_text="营业执照").click()
    desk.locator("#id-number").fill(str(resident_of("zhang").id_number))
    desk.locator("#issue-go").click()
    expect(desk.locator("#issue-problem")).to_contain_text("A001")
    expect(desk.locator("#found-number")).to_have_text("A001")


def test_one_number_is_given_for_several_services(hall: Any, desk: Page) -> None:
    desk.locator("#services label", has_text="营业执照").click()
    desk.locator("#chain summary").click()
    desk.locator("#stops label", has_text="个人办税").click()
    desk.locator("#stops label", has_text="社会保障卡").click()
    expect(desk.locator("#stops label", has_text="社会保障卡").locator("b")).to_have_text("第 3 项")
    desk.locator("#issue-go").click()
    expect(desk.locator("#issued-number")).to_have_text("A001")
    assert hall.office.ticket_of_number("A001").chain == ("tax", "social-security")


def test_a_double_press_issues_one_number(hall: Any, desk: Page) -> None:
    desk.locator("#services label", has_text="营业执照").click()
    desk.locator("#issue-go").dblclick()
    expect(desk.locator("#issued-number")).to_have_text("A001")
    assert sum(one.waiting for one in hall.office.hall().services) == 1


def test_a_box_without_printer_shows_the_code_for_the_phone(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    hall = start_hall(devices=())
    page = at_desk(hall, new_page())
    page.locator("#services label").first.click()
    page.locator("#issue-go").click()
    expect(page.locator("#issued-code")).not_to_be_empty()
    code = page.locator("#issued-code").text_content()
    assert code and hall.office.ticket_of_code(code).ticket.number == "A001"


def test_a_scanned_slip_is_found_wherever_the_focus_is(hall: Any, desk: Page) -> None:
    code = issue(hall).code
    desk.locator("#name").focus()
    staff.scan(desk, f"HTTPS://Q.EXAMPLE.CN/T/{code}")
    expect(desk.locator("#found-number")).to_have_text("A001")
    expect(desk.locator("#name")).to_have_value("")
    staff.scan(desk, "9787111122222")
    message(desk, "不是本厅今天的号码")
    expect(desk.locator("#found")).to_be_hidden()


def test_a_number_there_is_not_is_told_so(hall: Any, desk: Page) -> None:
    desk.locator("#number").fill("Z001")
    desk.keyboard.press("Enter")
    message(desk, "没有这个号码")


def test_a_slip_is_printed_again(hall: Any, desk: Page) -> None:
    issue(hall)
    find(desk, "a001")
    desk.keyboard.press("F4")
    message(desk, "A001 正在补打")
    wait_until(lambda: len(hall.printer.papers) == 1)


def test_a_number_is_put_on_hold_brought_back_and_cancelled(hall: Any, desk: Page) -> None:
    issue(hall)
    find(desk, "A001")
    desk.keyboard.press("F6")
    expect(desk.locator("#ask-title")).to_have_text("A001 为什么挂起？")
    desk.keyboard.press("3")
    message(desk, "A001 已挂起")
    expect(desk.locator("#found-state")).to_have_text("已挂起")
    expect(desk.locator("#facts")).to_contain_text("临时离开")
    desk.keyboard.press("F7")
    message(desk, "A001 已回到队列")
    desk.keyboard.press("F9")
    expect(desk.locator("#ask-title")).to_have_text("取消 A001？")
    desk.keyboard.press("Escape")
    assert hall.office.ticket_of_number("A001").state is State.WAITING
    desk.keyboard.press("F9")
    desk.keyboard.press("1")
    message(desk, "A001 已取消")
    assert hall.office.ticket_of_number("A001").state is State.CANCELLED
    for deed in ("print", "hold", "return", "priority", "cancel"):
        expect(desk.locator(f"[data-deed={deed}]")).to_be_disabled()


def test_a_question_that_follows_at_once_on_one_taken_back_is_heard(hall: Any, desk: Page) -> None:
    issue(hall)
    find(desk, "A001")
    desk.keyboard.press("F9")
    expect(desk.locator("#ask-title")).to_have_text("取消 A001？")
    # Both before the browser tells that the dialog was closed, as on a machine with much to do.
    desk.evaluate("""() => {
        document.getElementById("ask").close("");
        dispatchEvent(new KeyboardEvent("keydown", { key: "F9", cancelable: true }));
    }""")
    desk.keyboard.press("1")
    message(desk, "A001 已取消")


def test_an_answer_from_before_a_deed_does_not_undo_what_the_page_shows(hall: Any, desk: Page) -> None:
    ticket = issue(hall).ticket
    find(desk, "A001")
    late: list[tuple[Route, APIResponse]] = []
    desk.route("**/desk/tickets?*", lambda route: late.append((route, route.fetch())))
    hall.office.hold_ticket(ticket.id, CLERK, "别的原因", None)
    expect(desk.locator("#line")).to_have_text("已连接")
    wait_for(desk, late, 1)
    hall.office.return_ticket(ticket.id, CLERK)
    desk.keyboard.press("F6")
    desk.keyboard.press("3")
    message(desk, "A001 已挂起")
    route, answer = late[0]
    route.fulfill(response=answer)
    wait_for(desk, late, 2)
    expect(desk.locator("#facts")).to_contain_text("临时离开")
    assert "别的原因" not in desk.locator("#facts").inner_text()
    late[1][0].fulfill(response=late[1][1])


def wait_for(page: Page, late: list[Any], count: int) -> None:
    """Until that many answers are held back; asking the page lets the browser's news through."""
    wait_until(lambda: page.evaluate("1") and len(late) == count)


def test_another_class_is_given_with_a_reason(hall: Any, desk: Page) -> None:
    issue(hall)
    issue(hall, card="ouyang")
    find(desk, "A002")
    desk.keyboard.press("F8")
    desk.locator("#ask-choices button", has_text="残疾人").click()
    expect(desk.locator("#ask-title")).to_have_text("理由是什么？")
    desk.keyboard.press("1")
    message(desk, "A002 已改优先")
    expect(desk.locator("#facts")).to_contain_text("残疾人")
    assert hall.office.window_view("3").next == ["A002", "A001"]


def test_a_missed_number_is_followed_and_brought_back(hall: Any, desk: Page) -> None:
    issue(hall)
    find(desk, "A001")
    hall.office.call_next("1", CLERK)
    expect(desk.locator("#found-state")).to_have_text("已呼叫")
    hall.office.no_show("1", CLERK)
    expect(desk.locator("#found-state")).to_have_text("已过号")
    expect(desk.locator("#facts")).to_contain_text("1 次")
    desk.locator("[data-deed=return]").click()
    message(desk, "A001 已回到队列")
    assert hall.office.ticket_of_number("A001").state is State.WAITING


def test_only_the_desk_sees_the_desk(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{hall.url}/desk")
    expect(page).to_have_url(f"{hall.url}/login?next=%2Fdesk")
    hall.log_visitor_in(page)  # logs a clerk in
    refused = page.goto(f"{hall.url}/desk")
    assert refused and refused.status == 403


def test_the_page_speaks_english(hall: Any, desk: Page) -> None:
    issue(hall)
    find(desk, "A001")
    desk.locator("[data-switch-language]").click()
    expect(desk.locator("#found-service")).to_have_text("Business licence")
    expect(desk.locator("#found-state")).to_have_text("waiting")
    expect(desk.locator("#services label").first).to_contain_text("Business licence")


def test_nothing_is_cut_on_a_desk_pc_or_a_tablet(hall: Any, desk: Page) -> None:
    issue(hall)
    find(desk, "A001")
    cut = """[...document.querySelectorAll("button, .services span, .services b")].filter((e) =>
        e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
        .map((e) => e.textContent)"""
    for width, height in ((1366, 768), (1024, 768), (800, 1280)):
        desk.set_viewport_size({"width": width, "height": height})
        assert desk.evaluate("document.documentElement.scrollWidth") == width
        assert desk.evaluate(cut) == [], width
