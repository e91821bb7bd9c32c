"""A ticket on a phone, in a real browser, with a hall at work behind it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from axe import violations
from conftest import demo_settings
from ticketing.matters.matters import Matter, Paper
from ticketing.model import Actor, Resident, State
from ticketing.notices.notices import Draft
from ticketing.office import Issued

CLERK = Actor("clerk", "clerk", "1")
DESK = Actor("desk", "desk")
PHONE = {"width": 360, "height": 740}
SHAKEN = "navigator.vibrate = (how) => { document.documentElement.dataset.shaken = how; };"
RESIDENT = Resident(kind="typed", name="梁试问", id_number="110000198803141230")


def issue(hall: Any, **options: Any) -> Issued:
    issued: Issued = hall.office.issue("business-licence", DESK, print=False, **options)
    return issued


def call(hall: Any, window: str = "1") -> None:
    hall.office.call_next(window, CLERK)


@pytest.fixture
def phone(new_page: Callable[..., Page]) -> Page:
    """A phone that keeps in mind how it was told to shake, and whose time is in the test's hand."""
    return new_page(**PHONE, has_touch=True, is_mobile=True, clock=True, script=SHAKEN)


def test_the_place_in_the_queue_can_be_read_without_javascript(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    code = issue(hall).code
    page = new_page(**PHONE, java_script_enabled=False)
    page.goto(f"{hall.url}/t/{code}")
    expect(page.locator(".number")).to_have_text("A002")
    expect(page.locator(".service")).to_contain_text("营业执照(五证合一)")
    expect(page.locator(".head")).to_contain_text("前面还有 1 人")
    expect(page.locator("main")).to_contain_text("请准备好身份证和小票")
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(1)


def test_the_address_is_good_in_the_capitals_of_the_printed_code(hall: Any, phone: Page) -> None:
    code = issue(hall).code
    for address in (f"/T/{code.upper()}", f"/t/{code.lower()}"):
        phone.goto(hall.url + address)
        expect(phone.locator(".number")).to_have_text("A001")


def test_all_that_a_phone_fetches_is_less_than_30_kb(hall: Any, phone: Page) -> None:
    answers: list[Response] = []
    phone.on("response", lambda answer: answers.append(answer))
    issued = issue(hall)
    hall.office.call_number("1", issued.ticket.number, CLERK)
    hall.office.no_show("1", CLERK)
    phone.goto(f"{hall.url}/t/{issued.code}", wait_until="networkidle")
    assert len(answers) > 3
    assert sum(len(answer.body()) for answer in answers if answer.ok) < 30_000


def test_when_called_the_page_turns_to_the_calls_colour_and_the_phone_shakes(hall: Any, phone: Page) -> None:
    phone.goto(f"{hall.url}/t/{issue(hall).code}")
    before = phone.evaluate("getComputedStyle(document.body).backgroundColor")
    call(hall)
    phone.clock.fast_forward(4000)
    expect(phone.locator("html.called .head")).to_contain_text("请到 1号窗口")
    expect(phone.locator("html")).to_have_attribute("data-shaken", "400,200,400,200,400")
    expect(phone.locator("body")).to_have_css("background-color", "rgb(255, 200, 61)")
    assert before != "rgb(255, 200, 61)"
    expect(phone.locator("header")).to_have_css("border-left-width", "0px")


def test_a_recall_shakes_the_phone_again(hall: Any, phone: Page) -> None:
    issued = issue(hall)
    call(hall)
    phone.goto(f"{hall.url}/t/{issued.code}")
    expect(phone.locator("html.called")).to_be_visible()
    hall.office.recall("1", CLERK)
    phone.clock.fast_forward(4000)
    expect(phone.locator("html")).to_have_attribute("data-shaken", "400,200,400,200,400")


def test_nothing_new_costs_a_phone_next_to_nothing(hall: Any, phone: Page) -> None:
    phone.goto(f"{hall.url}/t/{issue(hall).code}")
    statuses: list[int] = []
    phone.on("response", lambda answer: statuses.append(answer.status))
    for _ in range(3):
        with phone.expect_response("**/t/*"):
            phone.clock.fast_forward(4000)
    assert statuses.count(304) >= 2


def test_the_page_tells_what_became_of_the_ticket(hall: Any, phone: Page) -> None:
    first, second = issue(hall), issue(hall)
    call(hall)
    hall.office.start("1", CLERK)
    phone.goto(f"{hall.url}/t/{first.code}")
    expect(phone.locator(".head")).to_contain_text("正在 1号窗口 办理")
    hall.office.finish("1", CLERK)
    phone.reload()
    expect(phone.locator(".head")).to_contain_text("已办结")
    call(hall)
    hall.office.no_show("1", CLERK)
    phone.goto(f"{hall.url}/t/{second.code}")
    expect(phone.locator(".head")).to_contain_text("已过号")
    expect(phone.locator("#acts .primary")).to_contain_text("重新排队")
    phone.goto(f"{hall.url}/t/{first.code}")
    expect(phone.locator("[action$=cancel], [action$=return]")).to_have_count(0)


def test_a_phone_without_network_says_so_and_since_when(hall: Any, phone: Page) -> None:
    phone.goto(f"{hall.url}/t/{issue(hall).code}")
    phone.context.set_offline(True)
    phone.clock.fast_forward(4000)
    expect(phone.locator("footer.cut")).to_contain_text("网络不通")
    expect(phone.locator("footer.cut")).to_contain_text("更新于")
    phone.context.set_offline(False)
    expect(phone.locator("footer:not(.cut)")).to_be_visible()


def test_a_code_that_is_none_of_ours_is_told_so(hall: Any, phone: Page) -> None:
    answer = phone.goto(f"{hall.url}/t/AAAABBBBCCCCDDDD")
    assert answer and answer.status == 404
    expect(phone.locator("h1")).not_to_be_empty()


def test_nothing_of_the_resident_is_on_the_page(hall: Any, phone: Page) -> None:
    phone.goto(f"{hall.url}/t/{issue(hall, resident=RESIDENT).code}")
    expect(phone.locator(".number")).to_have_text("A001")
    content = phone.content()
    assert "梁" not in content
    assert "19880314" not in content


def test_no_cache_keeps_the_page_and_no_other_site_learns_its_address(hall: Any, phone: Page) -> None:
    answer = phone.goto(f"{hall.url}/t/{issue(hall).code}")
    assert answer
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_a_long_number_fits_a_small_phone(start_hall: Callable[..., Any], new_page: Callable[..., Page]) -> None:
    from config.businesses import ServiceSettings

    hall = start_hall(services=(ServiceSettings(id="s", name="不动产登记" * 8, prefix="WWW"),))
    page = new_page(width=320, height=568)
    page.goto(f"{hall.url}/t/{hall.office.issue('s', DESK, print=False).code}")
    expect(page.locator(".number")).to_have_text("WWW001")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# -- what its holder may do --------------------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def any_phone(request: pytest.FixtureRequest, new_page: Callable[..., Page]) -> Page:
    """A phone with and without JavaScript."""
    return new_page(**PHONE, has_touch=True, is_mobile=True, java_script_enabled=request.param)


def test_a_number_is_cancelled_once_it_is_confirmed(hall: Any, any_phone: Page) -> None:
    code = issue(hall).code
    any_phone.goto(f"{hall.url}/t/{code}")
    confirm = any_phone.locator("#acts .danger")
    expect(confirm).to_be_hidden()
    any_phone.get_by_text("不办了，取消号码").click()
    confirm.click()
    expect(any_phone.locator(".head")).to_contain_text("已取消")
    expect(any_phone.locator(".refused")).to_have_count(0)
    assert any_phone.url == f"{hall.url}/t/{code}"
    assert hall.office.ticket_of_number("A001").state is State.CANCELLED


def test_a_missed_number_queues_again_and_says_how_often_still(hall: Any, any_phone: Page) -> None:
    code = issue(hall).code
    for left in ("2 次", "1 次"):
        call(hall)
        hall.office.no_show("1", CLERK)
        any_phone.goto(f"{hall.url}/t/{code}")
        expect(any_phone.locator("#acts")).to_contain_text(left)
        any_phone.locator("#acts .primary").click()
        expect(any_phone.locator(".head")).to_contain_text("马上轮到您")
    call(hall)
    hall.office.no_show("1", CLERK)
    any_phone.goto(f"{hall.url}/t/{code}")
    expect(any_phone.locator("main")).to_contain_text(hall.program.hall.settings.hall.desk)
    expect(any_phone.locator("#acts .primary")).to_have_count(0)


def hears_nothing_more(phone: Page) -> None:
    """From now on the page does not learn by itself what happened."""
    phone.route("**", lambda route: route.abort() if route.request.resource_type == "fetch" else route.fallback())


def test_what_came_too_late_is_told_in_words(hall: Any, any_phone: Page) -> None:
    code = issue(hall).code
    any_phone.goto(f"{hall.url}/t/{code}")
    hears_nothing_more(any_phone)
    any_phone.get_by_text("不办了，取消号码").click()
    expect(any_phone.locator("#acts .danger")).to_be_visible()
    call(hall)
    any_phone.locator("#acts .danger").click()
    expect(any_phone.locator(".refused")).to_contain_text("A001 已叫号")
    expect(any_phone.locator(".head")).to_contain_text("请到")


def test_a_press_done_twice_is_no_fault(hall: Any, any_phone: Page) -> None:
    code = issue(hall).code
    any_phone.goto(f"{hall.url}/t/{code}")
    hears_nothing_more(any_phone)
    any_phone.get_by_text("不办了，取消号码").click()
    expect(any_phone.locator("#acts .danger")).to_be_visible()
    hall.office.cancel_by_code(code)
    any_phone.locator("#acts .danger").click()
    expect(any_phone.locator(".head")).to_contain_text("已取消")
    expect(any_phone.locator(".refused")).to_have_count(0)


def test_why_another_number_is_first_is_answered(hall: Any, any_phone: Page) -> None:
    issue(hall)
    code = issue(hall).code
    any_phone.goto(f"{hall.url}/t/{code}")
    any_phone.get_by_text("为什么别的号先叫").click()
    any_phone.locator("#why").fill("a001")
    any_phone.get_by_role("button", name="查询").click()
    expect(any_phone.locator(".why")).to_contain_text("A001 在 A002 前面")
    any_phone.locator("#why").fill("Z999")
    any_phone.get_by_role("button", name="查询").click()
    expect(any_phone.locator(".why")).to_contain_text("没有这个号码")


def test_a_page_without_scripts_does_not_reload_under_somebody_who_types(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    issue(hall)
    code = issue(hall).code
    page = new_page(**PHONE, java_script_enabled=False)
    reloads = page.locator("meta[http-equiv=refresh]")
    page.goto(f"{hall.url}/t/{code}")
    expect(reloads).to_have_count(1)
    page.get_by_text("为什么别的号先叫").click()
    expect(page.locator("#why")).to_be_visible()
    expect(reloads).to_have_count(0)
    page.locator("#why").fill("A001")
    page.get_by_role("button", name="查询").click()
    expect(page.locator(".why")).to_be_visible()
    expect(reloads).to_have_count(0)
    page.get_by_text("返回").click()
    expect(page.locator("#why")).to_have_count(0)
    expect(reloads).to_have_count(1)
    for _ in range(2):
        call(hall)
        hall.office.finish("1", CLERK)
    page.reload()
    expect(page.locator("#rating")).to_be_visible()
    expect(reloads).to_have_count(0)


def test_what_is_open_stays_open_while_the_page_refreshes_itself(hall: Any, phone: Page) -> None:
    issue(hall)
    code = issue(hall).code
    phone.goto(f"{hall.url}/t/{code}")
    phone.get_by_text("不办了，取消号码").click()
    call(hall)
    phone.clock.fast_forward(4000)
    expect(phone.locator(".head")).to_contain_text("马上轮到您")
    expect(phone.locator("#acts .danger")).to_be_visible()


def test_a_held_ticket_says_when_it_comes_back(hall: Any, phone: Page) -> None:
    issued = issue(hall)
    back_at = hall.program.hall.clock() + timedelta(minutes=20)
    hall.office.hold_ticket(issued.ticket.id, DESK, "去取材料", back_at)
    phone.goto(f"{hall.url}/t/{issued.code}")
    expect(phone.locator(".head")).to_contain_text("已挂起")
    expect(phone.locator("main")).to_contain_text(f"{back_at:%H:%M} 自动回到队列")
    assert "去取材料" not in phone.content()
    phone.get_by_text("我回来了，继续排队").click()
    expect(phone.locator(".head")).to_contain_text("马上轮到您")


def test_who_is_sent_to_one_window_and_on_from_there_is_told_so(hall: Any, phone: Page) -> None:
    issued = issue(hall, chain=["tax"])
    call(hall)
    hall.office.transfer("1", None, CLERK, to_window="3")
    phone.goto(f"{hall.url}/t/{issued.code}")
    expect(phone.locator("main")).to_contain_text("由3号窗口叫号")
    expect(phone.locator("main")).to_contain_text("办完以后接着办个人办税")


def test_another_site_cannot_cancel_a_number(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall).code
    page = new_page()
    page.set_content(f"<form method=post action='{hall.url}/t/{code}/cancel'><button>!</button></form>")
    with page.expect_response("**/cancel") as answer:
        page.locator("button").click()
    assert answer.value.status == 403
    assert hall.office.ticket_of_number("A001").state is State.WAITING


def test_the_code_is_in_no_log(hall: Any, phone: Page, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    code = issue(hall).code
    phone.goto(f"{hall.url}/t/{code}")
    phone.get_by_text("不办了，取消号码").click()
    phone.locator("#acts .danger").click()
    expect(phone.locator(".head")).to_contain_text("已取消")
    assert code not in caplog.text


def test_what_to_have_ready_is_told_on_the_phone(start_hall: Callable[..., Any], new_page: Callable[..., Page]) -> None:
    from config.businesses import ServiceSettings

    tax = ServiceSettings(id="t", name="办税", name_en="Tax", prefix="T", bring="房产证", bring_en="the deed")
    hall = start_hall(services=(tax,))
    page = new_page(**PHONE)
    page.goto(f"{hall.url}/t/{hall.office.issue('t', DESK, print=False).code}")
    expect(page.locator("main")).to_contain_text("请准备好身份证和小票，还有房产证")
    expect(page.locator("main")).to_contain_text("and the deed")


def test_with_two_ahead_the_page_is_tinted_says_so_in_its_title_and_shakes_once(hall: Any, phone: Page) -> None:
    codes = [issue(hall).code for _ in range(4)]
    phone.goto(f"{hall.url}/t/{codes[3]}")
    expect(phone).to_have_title("A004 · 示范区政务服务中心")
    call(hall)
    phone.clock.fast_forward(4000)
    expect(phone.locator("html.soon")).to_be_visible()
    expect(phone).to_have_title("前面 2 人 A004 · 示范区政务服务中心")
    expect(phone.locator("html")).to_have_attribute("data-shaken", "250")
    assert violations(phone) == []


def test_a_message_the_matter_and_the_plan_stand_on_the_page(
    start_hall: Callable[..., Any], phone: Page, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.svg"
    shape = '<rect id="window-1" width="3" height="3"/>'
    plan.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{shape}</svg>')
    hall = start_hall(hall=demo_settings(tmp_path).hall.model_copy(update={"plan": plan}))
    service, manager = "business-licence", Actor("zhou", "manager")
    paper = Paper("户口簿", "Household register", True, 1)
    matter = Matter("m1", "新设企业登记", "New company", "business", "开办", "Begin", service, papers=(paper,))
    hall.program.hall.matters.put(matter, manager)
    code = issue(hall, matters=["m1"]).code
    hall.program.hall.notices.add(Draft("系统稍慢，请耐心等候", "We are slower today", service=service), manager)
    hall.program.hall.notices.add(Draft("别的业务", service="tax"), manager)
    phone.goto(f"{hall.url}/t/{code}")
    expect(phone.locator(".told")).to_have_count(1)
    expect(phone.locator(".told")).to_contain_text("系统稍慢")
    expect(phone.locator(".matter")).to_contain_text("新设企业登记")
    expect(phone.locator(".matter li")).to_contain_text("户口簿（原件）（复印件 1 份）")
    expect(phone.locator(".plan")).to_have_count(0)
    assert violations(phone) == []
    call(hall)
    phone.clock.fast_forward(12_000)
    expect(phone.locator(".plan img")).to_have_js_property("complete", True)
    assert phone.locator(".plan img").evaluate("(one) => one.naturalWidth") > 0
    assert violations(phone) == []
