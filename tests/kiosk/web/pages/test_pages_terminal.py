"""Appointments at the self-service terminal, booked, seen and given back in a real browser with a hall behind it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.social_security import SocialSecurityCard
from staff import resident_of, scan
from ticketing.calendar import Slot
from ticketing.day.setup import HallSetup
from ticketing.model import Actor
from wires import wait_until

MANAGER = Actor("zhou", "manager", "hall")
SERVICE = "business-licence"
ZHANG = resident_of("zhang")
NUMBER = str(ZHANG.id_number)


@pytest.fixture
def slots(hall: Any) -> Any:
    """The hall, with two places at 10:00 and one at 14:30 of each day."""
    made: HallSetup = hall.program.hall.setup.read()
    found = tuple(
        Slot(SERVICE, weekday, begins, begins + 30, capacity)
        for weekday in range(1, 8)
        for begins, capacity in ((600, 2), (870, 1))
    )
    hall.program.hall.setup.replace(HallSetup(made.services, made.windows, slots=found), MANAGER)
    return hall


@pytest.fixture
def page(slots: Any, new_page: Callable[..., Page]) -> Page:
    token = slots.program.hall.people.add_token("t-1", "terminal", (), "hall-1")
    found = new_page(1080, 1400, clock=True)
    found.goto(f"{slots.url}/terminal#terminal=hall-1&token={token}")
    expect(found.locator("#book")).to_be_visible()
    return found


def tomorrow(hall: Any) -> date:
    day: date = hall.office.ledger.today() + timedelta(days=1)
    return day


def booked(hall: Any, minute: int = 600) -> Any:
    return hall.program.hall.appointments.book(SERVICE, tomorrow(hall), minute, ZHANG, MANAGER, "api")


def step(page: Page, name: str) -> None:
    expect(page.locator("#terminal")).to_have_attribute("data-step", name)


def day_words(day: date) -> str:
    return f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}"


def to_the_number(page: Page, hall: Any, time: str = "10:00") -> None:
    page.locator("#book").click()
    page.locator("#choices button").first.click()
    expect(page.locator("#choose-title")).to_contain_text("请选择日期")
    page.locator("#choices button", has_text=day_words(tomorrow(hall))).click()
    expect(page.locator("#choose-title")).to_contain_text("请选择时间")
    page.locator("#choices button", has_text=time).click()
    step(page, "number")


def touch(page: Page, number: str) -> None:
    for figure in number:
        page.locator(f"[data-key='{figure}']").click()


def lay(hall: Any, number: str) -> None:
    """Lay the card with this number on the terminal's reader, once the page hears of it."""
    parts = hall.program.hall
    wait_until(lambda: parts.terminal_news.listeners == 1)
    parts.terminal_cards.hear(CardRead(SocialSecurityCard("张", number), terminal="hall-1"))


def nothing_stays(page: Page) -> None:
    step(page, "ask")
    for part in ("#fields", "#booked", "#choices", "#title"):
        expect(page.locator(part)).to_be_empty()
    expect(page.locator("#typed")).not_to_have_text(re.compile(r"\d"))
    assert NUMBER not in page.content() and NUMBER[:6] not in page.content()
    assert NUMBER not in page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")


def test_a_resident_books_a_time_with_the_number_and_nothing_stays(slots: Any, page: Page) -> None:
    to_the_number(page, slots)
    expect(page.locator("#number .chosen")).to_contain_text(
        f"营业执照(五证合一) · {day_words(tomorrow(slots))} · 10:00–10:30"
    )
    touch(page, NUMBER)
    page.locator("#typed-done").click()
    step(page, "answer")
    (made,) = slots.program.hall.appointments.of_person(ZHANG, tomorrow(slots))
    assert (made.state, f"{made.begins:%H:%M}") == ("booked", "10:00")
    shown = page.locator("#fields")
    expect(shown).to_contain_text(f"{day_words(tomorrow(slots))}")
    expect(shown).to_contain_text("09:30–10:45")
    expect(page.locator("#late")).to_contain_text("来晚了，就和现场取号的一起排队")
    code = page.locator("#fields dd").last.inner_text().replace(" ", "")
    assert slots.program.hall.appointments.of_code(code).id == made.id
    page.locator("#leave").click()
    nothing_stays(page)
    page.go_back()
    page.go_forward()
    nothing_stays(page)


def test_all_of_it_is_done_by_keyboard_alone(slots: Any, page: Page) -> None:
    page.locator("#book").focus()
    page.keyboard.press("Enter")
    for title in ("业务", "日期", "时间"):
        expect(page.locator("#choose-title")).to_contain_text(f"请选择{title}")
        if title == "日期":
            page.locator("#choices button", has_text=day_words(tomorrow(slots))).focus()
        page.keyboard.press("Enter")
    step(page, "number")
    page.keyboard.type(f"{NUMBER[:-1]}9", delay=90)
    expect(page.locator("#typed-problem")).to_contain_text("请逐位核对")
    page.keyboard.press("Backspace")
    page.keyboard.type(NUMBER[-1].lower(), delay=90)
    expect(page.locator("#typed-problem")).to_be_empty()
    page.keyboard.press("Enter")
    step(page, "answer")
    assert len(slots.program.hall.appointments.of_person(ZHANG, tomorrow(slots))) == 1
    page.keyboard.press("Enter")
    nothing_stays(page)


def test_a_reader_that_types_the_cards_number_fills_it_in(slots: Any, page: Page) -> None:
    to_the_number(page, slots)
    scan(page, NUMBER)
    expect(page.locator("#typed")).to_have_text(f"{NUMBER[:6]}  {NUMBER[6:14]}  {NUMBER[14:]}")
    expect(page.locator("#typed-done")).to_have_attribute("aria-disabled", "false")


def test_ones_own_appointment_is_seen_and_given_back(slots: Any, page: Page) -> None:
    made = booked(slots)
    page.locator("#mine").click()
    expect(page.locator("#number-title")).to_contain_text("请放身份证，或扫预约码")
    expect(page.locator("#pad [data-key]").first).to_be_hidden()
    lay(slots, NUMBER)
    item = page.locator("#booked li")
    expect(item).to_contain_text("营业执照(五证合一)")
    expect(item).to_contain_text("请在 09:30–10:45 取号")
    item.get_by_role("button").click()
    assert slots.program.hall.appointments.of_person(ZHANG, made.day)[0].state == "booked"
    item.get_by_role("button", name="确认取消").click()
    expect(item).to_contain_text("已取消")
    expect(item.get_by_role("button")).to_have_count(0)
    assert slots.program.hall.appointments.of_person(ZHANG, made.day)[0].state == "cancelled"
    page.clock.fast_forward(61_000)
    nothing_stays(page)


def test_who_has_none_is_told_so(slots: Any, page: Page) -> None:
    page.locator("#mine").click()
    lay(slots, NUMBER)
    expect(page.locator("#title")).to_contain_text("没有预约")
    page.locator("#leave").click()
    nothing_stays(page)


def test_a_time_that_somebody_took_meanwhile_leads_back_to_the_times(slots: Any, page: Page) -> None:
    to_the_number(page, slots, "14:30")
    other = resident_of("li")
    slots.program.hall.appointments.book(SERVICE, tomorrow(slots), 870, other, MANAGER, "api")
    touch(page, NUMBER)
    page.locator("#typed-done").click()
    expect(page.locator("#refused")).to_contain_text("这个时段已约满，请换一个")
    expect(page.locator("#choices button", has_text="14:30")).to_be_disabled()
    page.locator("#choices button", has_text="10:00").click()
    expect(page.locator("#typed-done")).to_have_attribute("aria-disabled", "false")
    page.locator("#typed-done").click()
    step(page, "answer")


def test_a_second_appointment_of_a_day_is_refused_and_another_day_offered(slots: Any, page: Page) -> None:
    booked(slots, 870)
    to_the_number(page, slots)
    touch(page, NUMBER)
    page.locator("#typed-done").click()
    expect(page.locator("#refused")).to_contain_text("请放身份证，或到咨询台办理")
    expect(page.locator("#refused")).not_to_contain_text("14:30")
    to_the_number(page, slots)
    lay(slots, NUMBER)
    expect(page.locator("#refused")).to_contain_text("这一天已约过 14:30")
    expect(page.locator("#choose-title")).to_contain_text("请选择日期")


def test_half_a_booking_is_forgotten_by_itself_and_when_a_slip_is_scanned(slots: Any, page: Page) -> None:
    to_the_number(page, slots)
    touch(page, NUMBER[:10])
    page.clock.fast_forward(61_000)
    nothing_stays(page)
    to_the_number(page, slots)
    touch(page, NUMBER[:10])
    scan(page, "HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF")
    nothing_stays(page)
    expect(page.locator("#code")).to_have_value("0123456789ABCDEF")


def test_an_answer_that_comes_after_the_resident_left_is_shown_to_nobody(slots: Any, page: Page) -> None:
    booked(slots)
    held: list[Any] = []
    page.route("**/appointments/mine", lambda route: held.append(route))
    page.locator("#mine").click()
    with page.expect_request("**/appointments/mine"):
        lay(slots, NUMBER)
    wait_until(lambda: page.evaluate("1") and held)
    page.locator("#number [data-do=leave]").click()
    with page.expect_response("**/appointments/mine"):
        held[0].continue_()
    slots.program.hall.terminal_cards.hear(CardLeft(terminal="hall-1"))
    page.unroute("**/appointments/mine")
    step(page, "ask")
    expect(page.locator("#booked li")).to_have_count(0)


def test_a_hall_without_slots_says_that_nothing_can_be_booked(hall: Any, new_page: Callable[..., Page]) -> None:
    token = hall.program.hall.people.add_token("t-1", "terminal", (), "hall-1")
    page = new_page(1080, 1400)
    page.goto(f"{hall.url}/terminal#terminal=hall-1&token={token}")
    page.locator("#book").click()
    expect(page.locator("#nothing")).to_contain_text("现在没有可以预约的业务")
    page.keyboard.press("Escape")
    step(page, "ask")
