"""Grades, progress and the tablet at a window, in a real browser with a hall at work behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from staff import resident_of, stop_time
from strange import STRANGE, sensible
from ticketing.cases.cases import Further
from ticketing.model import Actor
from wires import wait_until

CLERK = Actor("clerk", "clerk", "3")
DESK = Actor("desk", "desk")
PHONE = {"width": 360, "height": 740}


def serve(hall: Any, outcome: str = "done", card: str | None = None, **more: Any) -> tuple[str, list[Any]]:
    """A ticket's code, and the cases that came of it at window 3."""
    resident = resident_of(card) if card else None
    code = hall.office.issue("business-licence", DESK, resident=resident, print=False).code
    hall.office.call_next("3", CLERK)
    return code, hall.office.conclude("3", CLERK, outcome, **more).cases


def to_rate(hall: Any, code: str) -> int:
    return len(hall.program.hall.ratings.to_rate(code))


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def phone(request: pytest.FixtureRequest, new_page: Callable[..., Page]) -> Page:
    return new_page(**PHONE, java_script_enabled=request.param)


def test_after_the_service_the_ticket_asks_for_a_grade(hall: Any, phone: Page) -> None:
    code, _ = serve(hall)
    phone.goto(f"{hall.url}/t/{code}")
    expect(phone.locator(".reasons")).not_to_be_visible()
    phone.get_by_label("非常满意").first.check()
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.locator(".thanks")).to_contain_text("谢谢您的评价")
    assert to_rate(hall, code) == 0
    phone.goto(f"{hall.url}/t/{code}")
    expect(phone.locator(".number")).to_be_visible()
    expect(phone.locator("#rating")).to_have_count(0)


def test_who_is_not_satisfied_is_asked_why_and_must_say(hall: Any, phone: Page) -> None:
    code, _ = serve(hall)
    phone.goto(f"{hall.url}/t/{code}")
    phone.locator('[name="grade"][value="1"]').check()
    expect(phone.locator(".reasons")).to_be_visible()
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.locator(".refused")).to_contain_text("请选择不满意的原因")
    phone.locator('[name="grade"][value="1"]').check()
    phone.get_by_label("态度不好").check()
    phone.get_by_label("等得太久").check()
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.locator(".thanks")).to_be_visible()
    (item,) = hall.program.hall.ratings.work()
    assert set(item.reasons) == {"attitude", "slow"}


def test_each_of_several_cases_is_rated_by_choice(hall: Any, new_page: Callable[..., Page]) -> None:
    phone = new_page(**PHONE)
    other = next(one.id for one in hall.office.services() if one.id != "business-licence")
    code, _ = serve(hall, further=[Further(other, "done")])
    phone.goto(f"{hall.url}/t/{code}")
    expect(phone.locator("#rated-case option")).to_have_count(2)
    phone.locator("#rated-case").select_option(index=1)
    phone.get_by_label("非常满意").first.check()
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.locator("#rated-case")).to_have_count(0)
    (left,) = hall.program.hall.ratings.to_rate(code)
    assert left.service == "business-licence"


def test_a_page_that_waits_asks_by_itself_once_the_service_is_over(hall: Any, new_page: Callable[..., Page]) -> None:
    phone = new_page(**PHONE, clock=True)
    code = hall.office.issue("business-licence", DESK, print=False).code
    phone.goto(f"{hall.url}/t/{code}")
    expect(phone.locator("#rating")).to_have_count(0)
    hall.office.call_next("3", CLERK)
    hall.office.conclude("3", CLERK)
    phone.clock.fast_forward(13_000)
    expect(phone.locator("#rating")).to_be_visible()


def test_another_site_gives_no_grade(hall: Any, new_page: Callable[..., Page]) -> None:
    code, _ = serve(hall)
    phone = new_page(**PHONE)
    answer = phone.request.post(
        f"{hall.url}/grade/{code}", form={"grade": "5"}, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.status == 403
    assert to_rate(hall, code) == 1


def test_the_receipts_page_tells_how_it_goes_on_and_takes_who_brings_papers(hall: Any, phone: Page) -> None:
    _, (case,) = serve(hall, "supplement", "zhang")
    phone.goto(f"{hall.url}/P/{case.receipt}")
    expect(phone.locator(".head")).to_contain_text("请补齐材料")
    content = phone.content()
    assert "张" not in content
    phone.get_by_role("button", name="材料已带齐").click()
    expect(phone.locator(".number")).to_have_text("A001")
    expect(phone.locator(".head")).to_contain_text("马上轮到您")
    phone.goto(f"{hall.url}/p/{case.receipt}")
    expect(phone.locator(".head")).to_contain_text("已结束")


def test_a_promised_day_stands_on_the_receipts_page(hall: Any, new_page: Callable[..., Page]) -> None:
    _, (case,) = serve(hall, "promised")
    phone = new_page(**PHONE)
    phone.goto(f"{hall.url}/p/{case.receipt}")
    expect(phone.locator("main")).to_contain_text(f"承诺：{case.promised_on} 前办结")
    expect(phone.locator("#rating")).to_be_visible()
    hall.program.hall.cases.move(case.id, "ready", "请到3号窗口领取", CLERK)
    phone.reload()
    expect(phone.locator("main")).to_contain_text("请到3号窗口领取")
    answer = phone.goto(f"{hall.url}/p/0123456789ABCDEF")
    assert answer and answer.status == 404
    expect(phone.locator("h1")).to_have_text("没有找到这张回执，请核对回执上的码")


# -- the tablet --------------------------------------------------------------------------------------------------------


def tablet_of(hall: Any, new_page: Callable[..., Page]) -> Page:
    token = hall.program.hall.people.add_token("rate-3", "terminal", ["3"], "rate-3")
    page = new_page(1024, 600, clock=True)
    page.goto(f"{hall.url}/rate/3#token={token}")
    expect(page.locator("#idle")).to_be_visible()
    assert token not in page.url
    return page


def asks(page: Page) -> None:
    """Wait until the tablet asks; from then on its time stands still, and what it says for a moment stays."""
    expect(page.locator("#asking")).to_be_visible()
    stop_time(page)


def test_the_tablet_asks_who_was_just_served_and_thanks(hall: Any, new_page: Callable[..., Page]) -> None:
    page = tablet_of(hall, new_page)
    code, _ = serve(hall)
    asks(page)
    page.locator('[data-grade="5"]').click()
    expect(page.locator("#thanks")).to_be_visible()
    assert to_rate(hall, code) == 0
    page.clock.run_for(5000)
    expect(page.locator("#idle")).to_be_visible()


def test_the_tablet_asks_for_reasons_below_fair(hall: Any, new_page: Callable[..., Page]) -> None:
    page = tablet_of(hall, new_page)
    serve(hall)
    asks(page)
    page.locator('[data-grade="2"]').click()
    expect(page.locator("#send")).to_be_disabled()
    page.locator('[data-reason="unclear"]').click()
    page.locator("#send").click()
    expect(page.locator("#thanks")).to_be_visible()
    (item,) = hall.program.hall.ratings.work()
    assert (item.grade, item.reasons) == (2, ("unclear",))


def test_a_second_tap_on_the_tablet_is_no_second_grade(hall: Any, new_page: Callable[..., Page]) -> None:
    page = tablet_of(hall, new_page)
    grades: list[str] = []
    held: list[Route] = []
    page.on("request", lambda sent: grades.append(sent.url) if sent.method == "POST" else None)
    page.route("**/rating", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    serve(hall)
    asks(page)
    page.locator('[data-grade="5"]').click()
    page.locator('[data-grade="5"]').click()
    wait_until(lambda: page.evaluate("1") and held)
    for route in held:
        route.continue_()
    expect(page.locator("#thanks")).to_be_visible()
    page.clock.run_for(5000)
    expect(page.locator("#idle")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()
    assert len(grades) == 1


def test_the_tablet_says_what_it_can_when_it_gets_no_answer_of_the_halls(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = tablet_of(hall, new_page)
    serve(hall)
    for kind in [one for one in STRANGE if one != "another object"]:
        asks(page)
        expect(page.locator("#trouble"), "a new page").to_be_hidden()
        page.route("**/rating", STRANGE[kind])
        page.locator('[data-grade="5"]').click()
        expect(page.locator("#trouble"), kind).to_be_visible()
        sensible(page.locator("#trouble").inner_text())
        page.unroute_all()
        page.clock.resume()
        page.reload()


def test_a_clerk_who_opens_the_tablets_page_gets_no_question(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(1024, 600)
    hall.log_visitor_in(page)  # logs the visitor of a virtual hall in
    serve(hall)
    page.goto(f"{hall.url}/rate/3")
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#asking")).not_to_be_visible()
