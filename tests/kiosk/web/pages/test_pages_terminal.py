"""The self-service terminal in a real browser, with one hall at work behind all tests of this file."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import config
from axe import violations
from conftest import PASSWORD, DemoHall, demo_settings, let_clerk_in
from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.id_card import check_digit
from drivers.card_reader.social_security import SocialSecurityCard
from kiosk.devices.cards.terminal_cards import TerminalCards
from kiosk.exchange.matter_files import read_matters
from staff import scan
from strange import STRANGE, sensible
from ticketing.calendar import Slot
from ticketing.cases.cases import Further
from ticketing.help.help_calls import Place
from ticketing.model import Actor, Resident
from ticketing.setup.setup import HallSetup
from wires import wait_until

MANAGER = Actor("zhou", "manager", "hall")
CLERK = Actor("clerk", "clerk", "3")
SERVICE = "business-licence"
ORDERS = count(100)
TEN, HALF_PAST_TWO = 600, 870
WITH_READER = "hall-1"
"""The terminal where cards are read, so that nothing else proves whose a slip is."""


def somebody() -> Resident:
    """A person whom no other test knows; 110000 is no county, so it is nobody."""
    first = f"11000019880314{next(ORDERS):03}"
    return Resident(
        kind="resident", name="梁试问", address="虚构省试验市样例路1号", id_number=first + check_digit(first)
    )


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, quick_hash: str) -> Iterator[DemoHall]:
    """A demonstration hall without devices, that can be booked at 10:00 each day, and once at 14:30."""
    from kiosk.wiring import build

    program = build(demo_settings(tmp_path_factory.mktemp("hall"), devices=()))
    program.parts.start()
    program.hall.terminal_cards = TerminalCards([WITH_READER], program.hall.terminal_news)
    setup = program.hall.setup
    made: HallSetup = setup.read()
    slots = tuple(
        Slot(SERVICE, weekday, begins, begins + 30, capacity)
        for weekday in range(1, 8)
        for begins, capacity in ((TEN, 50), (HALF_PAST_TWO, 1))
    )
    setup.replace(HallSetup(made.services, made.windows, slots=slots), MANAGER)
    here = DemoHall(program, tmp_path_factory.getbasetemp())
    let_clerk_in(here, quick_hash)
    known = read_matters((Path(config.__file__).parent / "demo-matters.csv").read_bytes(), made.services)
    program.hall.matters.replace(known.matters, MANAGER)
    yield here
    program.parts.stop()


class Terminal:
    """A terminal of its own for each test: its page, and the card on its reader."""

    def __init__(self, hall: Any, page: Page, name: str = "") -> None:
        self.hall, self.page, self.id = hall, page, name or f"hall-{next(ORDERS)}"
        token = hall.program.hall.people.add_token(f"t-{self.id}", "terminal", (), self.id)
        page.goto(f"{hall.url}/terminal#terminal={self.id}&token={token}")
        expect(page.locator("#book")).to_be_visible()

    def lay(self, who: Resident) -> None:
        """Lay this person's card, once the page hears of it."""
        parts = self.hall.program.hall
        wait_until(lambda: parts.terminal_news.listeners == 1)
        parts.terminal_cards.hear(CardRead(SocialSecurityCard(who.name, str(who.id_number)), terminal=self.id))

    def lift(self) -> None:
        self.hall.program.hall.terminal_cards.hear(CardLeft(terminal=self.id))

    def touch(self, text: str) -> None:
        """Press the keys of the page that type this."""
        self.page.evaluate(
            """(text) => {
                for (const key of text) {
                    const shown = [...document.querySelectorAll(`#type [data-key="${key}"]`)];
                    shown.find((one) => one.getClientRects().length).click();
                }
            }""",
            text,
        )

    def do(self, task: str) -> None:
        self.page.locator(f"#{task}").click()

    def step(self, name: str) -> None:
        expect(self.page.locator("#terminal")).to_have_attribute("data-step", name)

    def titled(self, words: str) -> None:
        expect(self.page.locator("#title")).to_contain_text(words)

    def leave(self) -> None:
        self.page.locator("#leave").click()


@pytest.fixture
def at(hall: Any, new_page: Callable[..., Page]) -> Terminal:
    return Terminal(hall, new_page(1080, 1400, clock=True))


@pytest.fixture
def page(at: Terminal) -> Page:
    return at.page


def nothing_stays(at: Terminal, who: Resident | None = None) -> None:
    at.step("home")
    for part in ("#fields", "#booked", "#choices", "#keys", "#title", "#chosen", "#typed", "#typed-problem"):
        expect(at.page.locator(part)).to_be_empty()
    kept = at.page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")
    assert kept.count("token") == 1
    for said in (at.page.content(), kept):
        assert "梁试问" not in said
        assert who is None or str(who.id_number)[-6:] not in said
    assert at.page.locator("input, textarea, select").count() == 0


def tomorrow(hall: Any, ahead: int = 1) -> date:
    day: date = hall.office.ledger.today() + timedelta(days=ahead)
    return day


def booked(hall: Any, who: Resident, minute: int = TEN, ahead: int = 1) -> Any:
    return hall.program.hall.appointments.book(SERVICE, tomorrow(hall, ahead), minute, who, MANAGER, "api")


def bookings(hall: Any, who: Resident) -> list[tuple[str, str]]:
    found = hall.program.hall.appointments.of_holder(who, MANAGER)
    return [(one.state, f"{one.begins:%H:%M}") for one in found]


def day_words(day: date) -> str:
    return f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}"


def to_the_number(at: Terminal, time: str = "10:00", ahead: int = 1) -> None:
    at.do("book")
    at.page.locator("#choices button").first.click()
    at.titled("请选择日期")
    at.page.locator("#choices button", has_text=day_words(tomorrow(at.hall, ahead))).click()
    at.titled("请选择时间")
    at.page.locator("#choices button", has_text=time).click()
    at.step("type")


def serve(hall: Any, outcome: str, who: Resident | None, **more: Any) -> tuple[str, list[Any]]:
    """A ticket's code, and the cases that came of it at window 3."""
    issued = hall.office.issue(SERVICE, MANAGER, resident=who, print=False)
    hall.office.call_number("3", issued.ticket.number, CLERK)
    return issued.code, hall.office.conclude("3", CLERK, outcome, **more).cases


# Booking


def test_a_resident_books_a_time_with_the_number_and_nothing_stays(at: Terminal, page: Page) -> None:
    who = somebody()
    before = page.evaluate("history.length")
    to_the_number(at)
    expect(page.locator("#chosen")).to_contain_text(
        f"营业执照(五证合一) · {day_words(tomorrow(at.hall))} · 10:00–10:30"
    )
    at.touch(str(who.id_number))
    page.locator("#typed-done").click()
    at.step("answer")
    assert bookings(at.hall, who) == [("booked", "10:00")]
    shown = page.locator("#fields")
    expect(shown).to_contain_text(day_words(tomorrow(at.hall)))
    expect(shown).to_contain_text("09:30–10:45")
    expect(page.locator("#late")).to_contain_text("来晚了，就和现场取号的一起排队")
    code = page.locator("#fields dd").last.inner_text().replace(" ", "")
    assert at.hall.program.hall.appointments.of_code(code).state == "booked"
    at.leave()
    nothing_stays(at, who)
    assert page.evaluate("history.length") == before
    page.goto("about:blank")
    page.go_back()
    nothing_stays(at, who)


def test_what_was_booked_just_now_is_taken_back(at: Terminal, page: Page) -> None:
    who = somebody()
    to_the_number(at)
    at.touch(str(who.id_number))
    page.locator("#typed-done").click()
    page.get_by_role("button", name="撤回这次预约").click()
    at.titled("预约已撤回")
    assert bookings(at.hall, who) == [("cancelled", "10:00")]
    at.leave()
    nothing_stays(at, who)


def test_all_of_it_is_done_by_keyboard_alone(at: Terminal, page: Page) -> None:
    who = somebody()
    number = str(who.id_number)
    page.locator("#book").focus()
    page.keyboard.press("Enter")
    for title in ("业务", "日期", "时间"):
        at.titled(f"请选择{title}")
        if title == "日期":
            page.locator("#choices button", has_text=day_words(tomorrow(at.hall))).focus()
        page.keyboard.press("Enter")
    at.step("type")
    wrong = "9" if number[-1] != "9" else "8"
    page.keyboard.type(number[:-1] + wrong, delay=60)
    expect(page.locator("#typed-problem")).to_contain_text("请逐位核对")
    page.keyboard.press("Backspace")
    page.keyboard.type(number[-1].lower())
    expect(page.locator("#typed-problem")).to_be_empty()
    page.keyboard.press("Enter")
    at.step("answer")
    assert len(bookings(at.hall, who)) == 1
    page.keyboard.press("Escape")
    nothing_stays(at, who)


def test_a_reader_that_types_the_cards_number_fills_it_in(at: Terminal, page: Page) -> None:
    number = str(somebody().id_number)
    to_the_number(at)
    scan(page, number)
    expect(page.locator("#typed")).to_have_text(f"{number[:6]}  {number[6:14]}  {number[14:]}")
    expect(page.locator("#typed-done")).to_have_attribute("aria-disabled", "false")


def test_ones_own_appointment_is_seen_given_back_and_taken_again(at: Terminal, page: Page) -> None:
    who = somebody()
    booked(at.hall, who)
    at.do("mine")
    at.titled("请放身份证，或扫预约码")
    at.lay(who)
    item = page.locator("#booked li")
    expect(item).to_contain_text("营业执照(五证合一)")
    expect(item).to_contain_text("请在 09:30–10:45 取号")
    item.get_by_role("button").click()
    assert bookings(at.hall, who) == [("booked", "10:00")]
    item.get_by_role("button", name="确认取消").click()
    expect(item).to_contain_text("已取消")
    assert bookings(at.hall, who) == [("cancelled", "10:00")]
    item.get_by_role("button", name="恢复预约").click()
    expect(item).to_contain_text("已预约")
    assert bookings(at.hall, who) == [("booked", "10:00")]
    page.clock.fast_forward(61_000)
    nothing_stays(at, who)


def test_a_bookings_code_is_known_wherever_it_is_scanned(at: Terminal, page: Page) -> None:
    made = booked(at.hall, somebody())
    scan(page, str(made.code))
    expect(page.locator("#booked li")).to_contain_text("已预约")


def test_who_has_none_is_told_so(at: Terminal, page: Page) -> None:
    who = somebody()
    at.do("mine")
    at.lay(who)
    at.titled("没有预约")
    at.leave()
    nothing_stays(at, who)


def test_a_time_that_somebody_took_meanwhile_leads_back_to_the_times(at: Terminal, page: Page) -> None:
    to_the_number(at, "14:30", ahead=2)
    booked(at.hall, somebody(), HALF_PAST_TWO, ahead=2)
    at.touch(str(somebody().id_number))
    page.locator("#typed-done").click()
    expect(page.locator("#refused")).to_contain_text("这个时段已约满，请换一个")
    expect(page.locator("#choices button", has_text="14:30")).to_be_disabled()
    page.locator("#choices button", has_text="10:00").click()
    at.touch(str(somebody().id_number))
    page.locator("#typed-done").click()
    at.step("answer")


def test_a_second_appointment_of_a_day_is_refused_and_another_day_offered(at: Terminal, page: Page) -> None:
    who = somebody()
    booked(at.hall, who, HALF_PAST_TWO)
    to_the_number(at)
    at.touch(str(who.id_number))
    page.locator("#typed-done").click()
    expect(page.locator("#refused")).to_contain_text("请放身份证，或到咨询台办理")
    expect(page.locator("#refused")).not_to_contain_text("14:30")
    to_the_number(at)
    at.lay(who)
    expect(page.locator("#refused")).to_contain_text("这一天已约过 14:30")
    at.titled("请选择日期")


def test_half_a_booking_is_forgotten_by_itself_and_when_a_slip_is_scanned(at: Terminal, page: Page) -> None:
    who = somebody()
    to_the_number(at)
    at.touch(str(who.id_number)[:10])
    page.clock.fast_forward(50_000)
    expect(page.locator("#left")).to_contain_text("还在用吗")
    page.clock.fast_forward(11_000)
    nothing_stays(at, who)
    to_the_number(at)
    at.touch(str(who.id_number)[:10])
    scan(page, "HTTPS://Q.EXAMPLE.CN/T/0123456789ABCDEF")
    # What was scanned is what the next visit begins with.
    at.titled("证件号码后六位")
    expect(page.locator("#chosen")).to_be_empty()
    expect(page.locator("#typed")).not_to_have_text(re.compile(r"\d"))


def test_an_answer_that_comes_after_the_resident_left_is_shown_to_nobody(at: Terminal, page: Page) -> None:
    who = somebody()
    booked(at.hall, who)
    held: list[Any] = []
    page.route("**/appointments/mine", lambda route: held.append(route))
    at.do("mine")
    with page.expect_request("**/appointments/mine"):
        at.lay(who)
    wait_until(lambda: page.evaluate("1") and held)
    at.leave()
    with page.expect_response("**/appointments/mine"):
        held[0].continue_()
    at.lift()
    page.unroute("**/appointments/mine")
    nothing_stays(at, who)


# Slips, receipts, grades


def test_slip_and_last_six_show_the_data_for_a_minute_and_nothing_stays(at: Terminal, page: Page) -> None:
    who = somebody()
    code = at.hall.office.issue(SERVICE, MANAGER, resident=who, print=False).code
    scan(page, f"HTTPS://Q.EXAMPLE.CN/T/{code}")
    at.titled("证件号码后六位")
    at.touch(str(who.id_number)[-6:])
    expect(page.locator("#typed")).to_have_text("●●●●●●")
    page.get_by_role("button", name="查看").click()
    expect(page.locator("#fields")).to_contain_text(str(who.name))
    expect(page.locator("#fields")).to_contain_text(str(who.address))
    page.clock.fast_forward(61_000)
    nothing_stays(at, who)


def test_where_cards_are_read_a_code_is_typed_and_the_card_opens_it(hall: Any, new_page: Callable[..., Page]) -> None:
    who = somebody()
    at = Terminal(hall, new_page(1080, 1400, clock=True), WITH_READER)
    page = at.page
    code = at.hall.office.issue(SERVICE, MANAGER, resident=who, print=False).code
    at.do("data")
    at.touch(code)
    expect(page.locator("#typed")).to_have_text(" ".join(code[i : i + 4] for i in range(0, 16, 4)))
    page.locator("#typed-done").click()
    at.titled("请放身份证")
    at.lay(who)
    expect(page.locator("#fields")).to_contain_text("梁试问")
    at.leave()
    nothing_stays(at, who)
    page.goto("about:blank")
    page.go_back()
    nothing_stays(at, who)


def test_what_does_not_open_says_one_thing_and_begins_anew(at: Terminal, page: Page) -> None:
    code = at.hall.office.issue(SERVICE, MANAGER, resident=somebody(), print=False).code
    told = []
    for tried, tail in ((code, "000000"), ("0123456789ABCDEF", "123456")):
        at.do("data")
        at.touch(tried)
        page.locator("#typed-done").click()
        at.touch(tail)
        page.get_by_role("button", name="查看").click()
        expect(page.locator("#refused")).to_contain_text("打不开")
        told.append(page.locator("#refused").inner_text())
        nothing_stays(at)
    assert len(set(told)) == 1


def test_progress_is_looked_up_by_receipt_and_by_card(at: Terminal, page: Page) -> None:
    who = somebody()
    _, (case,) = serve(at.hall, "promised", who)
    scan(page, f"HTTPS://Q.EXAMPLE.CN/P/{case.receipt}")
    expect(page.locator("#fields")).to_contain_text("办理中")
    expect(page.locator("#fields")).to_contain_text(str(case.promised_on))
    page.clock.fast_forward(61_000)
    nothing_stays(at, who)
    at.do("progress")
    at.touch("0123456789ABCDEF")
    page.locator("#typed-done").click()
    expect(page.locator("#refused")).to_contain_text("没有找到这张回执")
    at.do("progress")
    at.lay(who)
    expect(page.locator("#booked li")).to_contain_text("办理中")
    at.leave()
    nothing_stays(at, who)


@pytest.mark.parametrize("by", ["receipt", "card"])
def test_papers_are_brought_at_the_terminal(at: Terminal, page: Page, by: str) -> None:
    who = somebody()
    _, (case,) = serve(at.hall, "supplement", who)
    at.do("progress")
    if by == "receipt":
        at.touch(str(case.receipt))
        page.locator("#typed-done").click()
    else:
        at.lay(who)
    page.get_by_role("button", name="材料已带齐").click()
    at.titled("请等候叫号")
    (ticket,) = at.hall.office.tickets_of(who).values()
    expect(page.locator("#fields")).to_contain_text(ticket.number)
    at.leave()
    nothing_stays(at, who)


def test_a_case_is_graded_and_a_low_grade_says_why(at: Terminal, page: Page) -> None:
    code, _ = serve(at.hall, "done", None, further=[Further("tax", "done")])
    for grade, further in (("非常满意", None), ("不满意", "态度不好")):
        at.do("rate")
        scan(page, code)
        page.get_by_role("button", name=grade).first.click()
        if further:
            page.get_by_role("button", name=further).click()
        at.titled("谢谢您的评价")
        at.leave()
    assert at.hall.program.hall.ratings.to_rate(code) == []


# Numbers and hints


def test_a_number_is_taken_with_the_card_and_its_code_shown_where_nothing_prints(at: Terminal, page: Page) -> None:
    who = somebody()
    at.do("number")
    page.locator("#choices button", has_text="社会保障卡").click()
    at.titled("请选择要办的事")
    page.locator("#choices button", has_text="社会保障卡补领").click()
    at.titled("请放身份证取号")
    at.lay(who)
    at.titled("您的号码")
    (ticket,) = at.hall.office.tickets_of(who).values()
    assert (ticket.service, ticket.matters) == ("social-security", ("card-lost",))
    expect(page.locator("#fields")).to_contain_text(ticket.number)
    assert page.locator("#booked img").evaluate("(image) => image.complete && image.naturalWidth > 0")
    at.leave()
    nothing_stays(at, who)
    at.do("number")
    page.locator("#choices button", has_text="社会保障卡").click()
    page.locator("#choices button", has_text="其他").click()
    expect(page.locator("#refused")).to_contain_text(ticket.number)


def test_the_pay_point_and_the_staff_are_shown(at: Terminal, page: Page) -> None:
    at.do("pay")
    expect(page.locator("#pay-view")).to_contain_text("一楼 1号缴费机")
    page.locator("[data-do=help]").click()
    expect(page.locator("#help-view")).to_contain_text("咨询台")
    expect(page.locator("#help-words")).not_to_be_empty()
    assert at.hall.program.hall.help.open_at(Place("terminal", at.id)) is not None
    at.leave()
    expect(page.locator("#help-words")).to_be_empty()
    nothing_stays(at)


# Forms


def test_a_form_is_filled_in_checked_and_read_at_the_window(at: Terminal, new_page: Callable[..., Page]) -> None:
    page, who = at.page, somebody()
    issued = at.hall.office.issue("household", MANAGER, resident=who, print=False)
    at.do("forms")
    page.locator("#choices button", has_text="户籍信息证明申请表").click()
    scan(page, issued.code)
    at.titled("证件号码后六位")
    at.touch(str(who.id_number)[-6:])
    page.get_by_role("button", name="查看").click()
    at.titled("手机号码")
    at.touch("1380000000")
    expect(page.locator("#typed-done")).to_have_attribute("aria-disabled", "true")
    at.touch("1")
    page.locator("#typed-done").click()
    at.titled("用途")
    page.locator("#choices button", has_text="办理社保").click()
    at.titled("份数")
    page.locator("[data-do=back]").click()
    at.titled("用途")
    page.locator("#choices button", has_text="办理入学").click()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    at.titled("请核对")
    for value in ("梁试问", "虚构省试验市样例路1号", "13800000001", "办理入学"):
        expect(page.locator("#fields")).to_contain_text(value)
    page.get_by_role("button", name="交给窗口").click()
    at.titled("已交给窗口")
    expect(page.locator("#fields")).to_contain_text(issued.ticket.number)
    at.leave()
    nothing_stays(at, who)
    assert "13800000001" not in page.content()
    window = new_page()
    window.goto(f"{at.hall.url}/login?next=/window/2")
    window.get_by_label("账号").fill("clerk")
    window.get_by_label("密码").fill(PASSWORD)
    window.get_by_role("button", name="登录").click()
    at.hall.office.call_number("2", issued.ticket.number, Actor("clerk", "clerk", "2"))
    expect(window.locator("#number")).to_have_text(issued.ticket.number)
    scan(window, issued.code)
    expect(window.locator(".field-form")).to_have_text("自助填写：户籍信息证明申请表")
    phone = window.locator(".field", has_text="手机号码")
    expect(phone).to_contain_text("13800000001")
    window.keyboard.press(phone.locator("kbd").inner_text())
    expect(window.locator("#message-text")).to_have_text("已复制 手机号码")


def test_what_is_left_for_the_pen_and_a_date_are_shown_before_it_is_handed_in(at: Terminal, page: Page) -> None:
    who = somebody()
    at.do("forms")
    page.locator("#choices button", has_text="社会保障卡补领申请表").click()
    at.lay(who)
    at.titled("手机号码")
    at.touch("13800000000")
    page.locator("#typed-done").click()
    page.locator("#choices button", has_text="丢失").click()
    at.titled("丢失或损坏日期")
    at.touch("20260231")
    expect(page.locator("#typed-problem")).to_contain_text("没有这一天")
    for _ in range(2):
        page.keyboard.press("Backspace")
    at.touch("20")
    page.locator("#typed-done").click()
    expect(page.locator("#fields")).to_contain_text("2026-02-20")
    # This card tells no address.
    expect(page.locator("#fields")).to_contain_text("到窗口填写")
    page.get_by_role("button", name="交给窗口").click()
    at.titled("已交给窗口")
    (ticket,) = at.hall.office.tickets_of(who).values()
    assert ticket.service == "social-security"
    expect(page.locator("#fields")).to_contain_text(ticket.number)
    expect(page.locator("#booked img")).to_be_visible()
    at.leave()
    nothing_stays(at, who)


# Every screen and every reader


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (1024, 768), (640, 480)])
def test_each_step_fits_each_screen_and_has_no_barrier(
    hall: Any, new_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    at = Terminal(hall, new_page(*size, clock=True))
    page = at.page
    who = somebody()
    booked(hall, who)
    for mode in ("", "elder", "english"):
        page.evaluate("(mode) => document.documentElement.className = `kiosk terminal ${mode}`", mode)
        page.evaluate("dispatchEvent(new Event('resize'))")
        fits(page, size)
        for task in ("book", "data", "forms", "pay", "help", "mine"):
            if task == "help":
                page.locator("[data-do=help]").click()
            else:
                while not page.locator(f"#{task}").count():
                    page.locator("#tiles-pages button").last.click()
                at.do(task)
            if task == "mine":
                at.lay(who)
                expect(page.locator("#booked li")).to_be_visible()
                at.lift()
            elif task == "forms":
                expect(page.locator("#choices button")).to_have_count(2)
            elif task == "book":
                page.locator("#choices button").first.click()
                expect(page.locator("#choices button").nth(1)).to_be_visible()
            fits(page, size)
            at.leave()


def fits(page: Page, size: tuple[int, int]) -> None:
    """Nothing lies outside the screen, the keys that stay are in their place, and axe finds nothing."""
    outside = page.evaluate(
        """() => [...document.querySelectorAll("button, h1, .left-line")].filter((one) => {
            const { left, top, right, bottom, width } = one.getBoundingClientRect();
            const scrolled = one.closest("#answer");
            return width && !scrolled && (left < 0 || right > innerWidth + 1 || top < 0 || bottom > innerHeight + 1);
        }).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert outside == []
    small = page.evaluate(
        """() => [...document.querySelectorAll("button")].map((one) => one.getBoundingClientRect())
            .filter((box) => box.width && Math.min(box.width, box.height) < 40).length"""
    )
    assert small == 0
    if size in ((1080, 1920), (640, 480)):
        assert violations(page) == []


def test_what_can_be_done_now_stays_in_sight_under_a_long_form(hall: Any, new_page: Callable[..., Page]) -> None:
    at = Terminal(hall, new_page(1024, 768, clock=True))
    at.do("forms")
    at.page.locator("#choices button", has_text="户籍信息证明申请表").click()
    at.lay(somebody())
    at.titled("手机号码")
    at.touch("13800000000")
    at.page.locator("#typed-done").click()
    at.page.locator("#choices button").first.click()
    at.titled("份数")
    at.touch("1")
    at.page.locator("#typed-done").click()
    at.titled("请核对")
    expect(at.page.get_by_role("button", name="交给窗口")).to_be_in_viewport(ratio=1)
    assert violations(at.page) == []


def test_a_terminal_without_a_token_says_so(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(1080, 900)
    page.goto(f"{hall.url}/terminal")
    expect(page.locator("#refused")).to_contain_text("还没有令牌")


def test_what_a_resident_set_is_taken_back_for_the_next(at: Terminal, page: Page) -> None:
    page.locator("[data-do=language]").click()
    page.locator("[data-do=elder]").click()
    expect(page.locator("#home-title [lang=zh-CN]")).to_be_hidden()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.clock.fast_forward(46_000)
    expect(page.locator("#home-title [lang=zh-CN]")).to_be_visible()
    expect(page.locator("html.elder")).to_have_count(0)


@pytest.mark.parametrize("verb", ["scan", "progress"])
def test_the_terminal_says_what_it_can_when_it_gets_no_answer_of_the_halls(at: Terminal, page: Page, verb: str) -> None:
    for kind, answer in STRANGE.items():
        page.unroute_all()
        page.route(f"**/terminals/{at.id}/{verb}", answer)
        at.do("data" if verb == "scan" else "progress")
        expect(page.locator("#refused")).to_be_hidden()
        at.touch("7ZQ2M4RDX0KH3W9P")
        page.locator("#typed-done").click()
        if verb == "scan":
            at.touch("123456")
            page.locator("#typed-done").click()
        expect(page.locator("#refused"), kind).to_be_visible()
        sensible(page.locator("#refused").inner_text())
