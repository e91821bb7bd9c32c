"""Applying at a terminal and taking up at a window, in a real browser with one hall at work behind all tests."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

import config
from album import Album
from axe import violations
from conftest import PASSWORD, DemoHall, demo_settings, let_clerk_in
from drivers.card_reader.events import CardLeft, CardRead
from drivers.card_reader.id_card import check_digit
from drivers.card_reader.social_security import SocialSecurityCard
from drivers.printer.driver import EscposSettings
from kiosk.exchange.matter_files import read_matters
from staff import scan
from ticketing.cases.applications import Application
from ticketing.day.residents import Holders
from ticketing.model import Actor, Resident
from wires import wait_until

MANAGER = Actor("zhou", "manager", "hall")
TERMINAL = Actor("t", "terminal", "terminal t")
ORDERS = count(100)
LOST, PROOF = "licence-lost", "household-proof"


def somebody() -> Resident:
    """A person whom no other test knows; 110000 is no county, so it is nobody."""
    first = f"11000019880314{next(ORDERS):03}"
    return Resident(kind="resident", name="梁试问", id_number=first + check_digit(first))


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, quick_hash: str) -> Iterator[DemoHall]:
    """A demonstration hall with a printer alone; a lost licence and a proof, which has a form, can be applied for."""
    from kiosk.wiring import build

    printer = EscposSettings(name="printer", driver="escpos", port="sim:")
    program = build(demo_settings(tmp_path_factory.mktemp("hall"), devices=(printer,)))
    program.parts.start()
    here = DemoHall(program, tmp_path_factory.getbasetemp())
    let_clerk_in(here, quick_hash)
    services = program.hall.setup.read().services
    known = read_matters((Path(config.__file__).parent / "demo-matters.csv").read_bytes(), services)
    matters = [replace(one, applies=one.id in (LOST, PROOF)) for one in known.matters]
    program.hall.matters.replace(matters, MANAGER)
    wait_until(lambda: program.hall.printing.ready)
    yield here
    program.parts.stop()


class Terminal:
    """A terminal's page, and the card on its reader."""

    def __init__(self, hall: Any, page: Page) -> None:
        self.hall, self.page, self.id = hall, page, f"apply-{next(ORDERS)}"
        token = hall.program.hall.people.add_token(f"t-{self.id}", "terminal", (), self.id)
        page.goto(f"{hall.url}/terminal#terminal={self.id}&token={token}")
        expect(page.locator("#apply")).to_be_visible()

    def lay(self, who: Resident) -> None:
        parts = self.hall.program.hall
        wait_until(lambda: parts.terminal_news.listeners == 1)
        parts.terminal_cards.hear(CardRead(SocialSecurityCard(who.name, str(who.id_number)), terminal=self.id))

    def lift(self) -> None:
        self.hall.program.hall.terminal_cards.hear(CardLeft(terminal=self.id))

    def titled(self, words: str) -> None:
        expect(self.page.locator("#title")).to_contain_text(words)

    def press(self, words: str) -> None:
        self.page.get_by_role("button", name=words).click()

    def choose(self, words: str) -> None:
        self.page.locator("#choices button", has_text=words).click()

    def to_papers(self, who: Resident, matter: str = "营业执照遗失补领") -> None:
        """As far as the question which papers come later."""
        self.page.locator("#apply").click()
        self.choose(matter)
        self.titled(matter)
        self.press("申请办理")
        self.titled("请放身份证")
        self.lay(who)
        self.titled("哪些材料以后补交")

    def to_submit(self, who: Resident) -> None:
        self.to_papers(who)
        self.press("下一步")
        self.titled("请核对，再提交")


@pytest.fixture
def at(hall: Any, new_page: Callable[..., Page]) -> Terminal:
    return Terminal(hall, new_page(1080, 1920))


def applied(hall: Any, who: Resident, **more: Any) -> Application:
    made, _ = hall.program.hall.applications.apply(LOST, Holders(who), TERMINAL, **more)
    return made  # type: ignore[no-any-return]


def cases(hall: Any, who: Resident) -> list[tuple[str | None, str | None]]:
    return [(one.matter, one.state) for one in hall.program.hall.cases.of_person(str(who.id_number))]


def nothing_stays(at: Terminal, *words: str) -> None:
    expect(at.page.locator("#terminal")).to_have_attribute("data-step", "home")
    for part in ("#fields", "#booked", "#choices", "#keys", "#title", "#chosen", "#typed"):
        expect(at.page.locator(part)).to_be_empty()
    kept = at.page.content() + at.page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")
    for word in ("梁试问", *words):
        assert word not in kept
    assert at.page.locator("input, textarea, select").count() == 0


def test_a_resident_applies_and_the_window_takes_it_up(
    at: Terminal, hall: Any, new_page: Callable[..., Page], album: Album
) -> None:
    page, who = at.page, somebody()
    page.locator("#apply").click()
    at.titled("要申请哪件事")
    album.take(page, "terminal-apply-which")
    at.choose("营业执照遗失补领")
    expect(page.locator("#fields")).to_contain_text("谁来办")
    expect(page.locator("#booked")).to_contain_text("补领申请书")
    album.take(page, "terminal-apply-matter")
    at.press("申请办理")
    at.lay(who)
    at.titled("哪些材料以后补交")
    later = page.locator("#booked .toggle").last
    later.click()
    expect(later).to_have_attribute("aria-pressed", "true")
    album.take(page, "terminal-apply-papers")
    at.press("下一步")
    at.titled("请核对，再提交")
    expect(page.locator("#words")).to_contain_text("最多留 180 天")
    expect(page.locator("#fields")).to_contain_text("以后补交")
    album.take(page, "terminal-apply-check")
    assert cases(hall, who) == []
    before = len(hall.printer.papers)
    at.press("确认提交")
    at.titled("已提交")
    assert cases(hall, who) == [(LOST, "submitted")]
    expect(page.locator("#words")).to_contain_text("请取走回执")
    album.take(page, "terminal-apply-done")
    (paper,) = hall.printer.papers[before:]
    assert "营业执照遗失补领" in "".join(paper.texts) and "梁试问" not in "".join(paper.texts)
    number = page.locator("#fields dd").first.inner_text()
    code = paper.codes[0].rpartition("/")[2]
    at.press("退出")
    nothing_stays(at, str(who.id_number), code)

    clerk = new_page()
    clerk.goto(f"{hall.url}/login?next=/window/3/applications")
    clerk.get_by_label("账号").fill("clerk")
    clerk.get_by_label("密码").fill(PASSWORD)
    clerk.get_by_role("button", name="登录").click()
    row = clerk.locator("#list li", has_text=f"编号 {number}")
    expect(row).to_contain_text("待补 1 份")
    album.take(clerk, "window-applications")
    scan(clerk, code)
    expect(clerk.locator("#fields")).to_contain_text("梁试问")
    expect(clerk.locator("#papers .later")).to_have_count(1)
    album.take(clerk, "window-application")
    clerk.get_by_role("button", name="受理", exact=True).click()
    expect(clerk.locator("#state")).to_have_text("办理中")
    expect(row).to_contain_text("前办结")
    clerk.locator("#note").fill("照片请重拍")
    looks: list[Route] = []
    clerk.route(
        "**/windows/3/applications", lambda at: looks.append(at) if at.request.method == "GET" else at.fallback()
    )
    clerk.get_by_role("button", name="缺材料").click()
    expect(clerk.locator("#message")).to_contain_text("缺材料")
    clerk.keyboard.press("Escape")
    expect(clerk.locator("#one")).to_be_hidden()
    assert "梁试问" not in clerk.content()
    assert cases(hall, who) == [(LOST, "returned")]
    # A scan is not lost while the page looks at its list.
    scan(clerk, "0" * 16)
    wait_until(lambda: clerk.title() and looks)
    looks[0].continue_()
    expect(clerk.locator("#message")).to_have_class(re.compile("stop"))


def test_the_desk_finds_an_application_says_what_is_missing_and_sees_nothing_of_its_resident(
    hall: Any, new_page: Callable[..., Page], album: Album
) -> None:
    parts, page, who = hall.program.hall, new_page(), somebody()
    made, other = applied(hall, who, later=[1]), applied(hall, somebody())
    parts.people.add_account("chen", "desk", (), PASSWORD)
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": PASSWORD})
    page.goto(f"{hall.url}/desk")
    page.get_by_role("link", name="自助申请").click()
    row = page.locator("#list button", has_text=f"编号 {made.case.id} ")
    expect(row).to_contain_text("待补 1 份")
    page.locator("#search").fill("没有这件事")
    expect(page.locator("#none")).to_have_text("没有符合的申请")
    album.take(page, "desk-applications-none")
    page.locator("#search").fill(str(made.case.id))
    expect(page.locator("#list button")).to_have_count(1)
    row.click()
    expect(page.locator("#state")).to_have_text("待受理")
    expect(page.locator("#facts")).to_contain_text("3号窗口")
    expect(page.locator("#papers .later")).to_have_count(1)
    page.locator("#note").fill("照片请重拍")
    page.get_by_role("button", name="缺材料").click()
    expect(page.locator("#state")).to_have_text("待补材料")
    expect(page.locator("#facts")).to_contain_text("照片请重拍")
    expect(page.locator("#deeds")).to_be_hidden()
    page.locator("#search").fill("")
    page.locator("#states button", has_text="待补材料").click()
    expect(row).to_have_attribute("aria-pressed", "true")
    album.take(page, "desk-applications-returned")
    told = parts.cases.progress(made.case.receipt)
    assert (told.state, told.note) == ("returned", "照片请重拍")

    # A receipt is scanned; what it opens at a window is not told here.
    scan(page, other.case.receipt)
    expect(page.locator("#matter")).to_contain_text(f"{other.case.id} ·")
    parts.applications.take_up("3", other.case.id, Actor("wang", "clerk", "3"))
    parts.cases.move(other.case.id, "ready", None, Actor("wang", "clerk", "3"))
    scan(page, other.case.receipt)
    expect(page.locator("#state")).to_have_text("可领取")
    page.locator("#states button", has_text="全部").click()
    expect(page.locator("#list button", has_text=f"编号 {other.case.id} ")).to_contain_text("可领取")
    album.take(page, "desk-applications-ready")
    assert "梁试问" not in page.content() and other.case.receipt not in page.content()
    page.get_by_role("button", name="已领取，办结").click()
    expect(page.locator("#message")).to_contain_text(f"办件 {other.case.id}")
    expect(page.locator("#list button", has_text=f"编号 {other.case.id} ")).to_have_count(0)
    scan(page, other.case.receipt)
    expect(page.locator("#state")).to_have_text("已办结")
    scan(page, "0" * 16)
    expect(page.locator("#message")).to_have_text("这不是自助申请的回执")
    expect(page.locator("#one")).to_be_hidden()


def test_a_double_tap_and_a_lost_answer_make_one_case(at: Terminal, hall: Any) -> None:
    who, page = somebody(), at.page
    at.to_submit(who)
    asked = []
    page.route("**/applications", lambda route: (asked.append(route.fetch()), route.abort())[1])
    submit = page.get_by_role("button", name="确认提交")
    submit.click()
    expect(page.locator("#refused")).to_contain_text("没有连上服务")
    assert len(asked) == 1 and len(cases(hall, who)) == 1
    page.unroute("**/applications")
    submit.dblclick()
    at.titled("已提交")
    assert cases(hall, who) == [(LOST, "submitted")]


def test_without_paper_the_code_is_shown_to_be_photographed_and_it_is_said(
    at: Terminal, hall: Any, album: Album
) -> None:
    who, page = somebody(), at.page
    hall.printer.take_out_paper()
    try:
        wait_until(lambda: not hall.program.hall.printing.ready)
        at.to_submit(who)
        at.press("确认提交")
        expect(page.locator("#words")).to_contain_text("回执没有打印")
        expect(page.locator("#booked img")).to_be_visible()
        code = page.locator("#fields dd").last.inner_text().replace(" ", "")
        assert hall.program.hall.cases.progress(code).state == "submitted"
        album.take(page, "terminal-apply-no-paper")
        at.press("退出")
        nothing_stays(at, code)
    finally:
        hall.printer.put_in_paper()
        wait_until(lambda: hall.program.hall.printing.ready)


def test_the_form_of_a_matter_is_filled_in_on_the_way(at: Terminal, hall: Any) -> None:
    who, page = somebody(), at.page
    at.to_papers(who, "户籍信息证明")
    at.press("下一步")
    at.titled("手机号码")
    # By touch: keys that come as quickly as a test types are a scanner's.
    for _ in range(11):
        page.locator('#type [data-key="1"]:visible').click()
    at.press("下一步")
    at.titled("用途")
    at.choose("办理入学")
    at.titled("份数")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text(re.compile("^请核对Please"))
    at.press("下一步")
    at.titled("请核对，再提交")
    at.press("确认提交")
    at.titled("已提交")
    (application,) = [one for one in hall.program.hall.applications.listed() if one.case.matter == PROOF]
    assert application.case.state == "submitted"


def test_ones_application_is_seen_and_taken_back_by_the_card(at: Terminal, hall: Any) -> None:
    who, page = somebody(), at.page
    applied(hall, who, later=[1])
    page.locator("#progress").click()
    at.lay(who)
    item = page.locator("#booked li")
    expect(item).to_contain_text("营业执照遗失补领")
    expect(item).to_contain_text("已提交，等窗口受理")
    expect(item).to_contain_text("要补交")
    assert violations(page) == []
    item.get_by_role("button", name="撤回申请").click()
    item.get_by_role("button", name="再按一次").click()
    at.titled("申请已撤回")
    assert cases(hall, who) == [(LOST, "closed")]
    again = applied(hall, who)
    scan(page, f"https://q.example.cn/p/{again.case.receipt}")
    at.titled("办理进度")
    expect(page.get_by_role("button", name="撤回申请")).to_be_visible()


def test_what_stopped_being_applied_for_says_so_and_loses_nothing(at: Terminal, hall: Any) -> None:
    who, page, matters = somebody(), at.page, hall.program.hall.matters
    at.to_submit(who)
    matter = matters.find(LOST)
    matters.put(replace(matter, applies=False), MANAGER)
    try:
        at.press("确认提交")
        expect(page.locator("#refused")).to_contain_text("不能自助申请")
        expect(page.get_by_role("button", name="确认提交")).to_be_visible()
        assert cases(hall, who) == []
    finally:
        matters.put(matter, MANAGER)


def test_the_visit_ends_by_itself_in_every_step(hall: Any, new_page: Callable[..., Page]) -> None:
    at = Terminal(hall, new_page(1080, 1400, clock=True))
    for to in (at.to_papers, at.to_submit):
        who = somebody()
        to(who)
        at.lift()
        at.page.clock.run_for(61_000)
        nothing_stays(at, str(who.id_number))


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (1024, 768), (640, 480)])
def test_the_steps_fit_on_every_screen_by_keyboard_in_english_and_in_large_print(
    hall: Any, new_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = new_page(*size)
    at = Terminal(hall, page)
    page.get_by_role("button", name="English").click()
    page.locator('[data-do="elder"]').click()
    page.locator("#apply").focus()
    page.keyboard.press("Enter")
    at.titled("What do you apply for?")
    page.locator("#choices button", has_text="lost").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Apply", exact=True)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Apply", exact=True).press("Enter")
    at.lay(somebody())
    at.titled("Which papers come later?")
    page.locator("#booked .toggle").first.press("Space")
    page.get_by_role("button", name="Continue").press("Enter")
    at.titled("Check, then submit")
    expect(page.get_by_role("button", name="Submit")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size in ((1080, 1920), (640, 480)):
        assert violations(page) == []


def test_what_a_matter_costs_is_told_with_where_to_pay(at: Terminal) -> None:
    page = at.page
    page.locator("#pay").click()
    at.press("查一件事的收费")
    at.choose("按拼音首字母找")
    page.keyboard.type("SPF")
    page.keyboard.press("Enter")
    at.choose("商品房首次转移登记")
    expect(page.locator("#fields")).to_contain_text("80 元")
    expect(page.locator("#fields")).to_contain_text("在哪里缴费")
    assert violations(page) == []
