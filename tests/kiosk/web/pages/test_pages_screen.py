"""The hall's screens in a real browser, with a hall at work behind them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from axe import violations
from config.businesses import ServiceSettings, WindowSettings
from staff import stop_time
from ticketing.calendar import Hours
from ticketing.matters.matters import Matter, Matters
from ticketing.model import Actor, Resident
from ticketing.store import tables
from wires import wait_until

CLERK = Actor("clerk", "clerk", "1")
DESK = Actor("desk", "desk")
TELEVISION = {"width": 1920, "height": 1080}


@pytest.fixture
def screen(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The hall's screen, following the events."""
    page = new_page(**TELEVISION)
    follow(page, f"{hall.url}/screen")
    return page


def follow(page: Page, url: str) -> None:
    """Open a screen and wait until it hears of what happens."""
    with page.expect_response("**/api/v1/events"):
        page.goto(url)


def issue(hall: Any, service: str = "business-licence") -> str:
    issued = hall.office.issue(service, DESK, print=False)
    return str(issued.ticket.number)


def call(hall: Any, window: str = "1") -> str:
    return str(hall.office.call_next(window, CLERK).ticket.number)


def flashing(page: Page) -> bool:
    return bool(page.evaluate("document.getAnimations().some((one) => one.playState === 'running')"))


FLASHED = """window.flashed = [];
    addEventListener("animationend", ({ target, elapsedTime }) => flashed.push([target.id, elapsedTime]));"""
"""Keeps what has flashed, and for how many seconds."""


def test_a_call_takes_the_band_and_flashes_for_three_seconds(hall: Any, new_page: Callable[..., Page]) -> None:
    screen = new_page(**TELEVISION, script=FLASHED)
    follow(screen, f"{hall.url}/screen")
    issue(hall)
    expect(screen.locator(".band .empty")).to_be_visible()
    call(hall)
    expect(screen.locator(".band .number")).to_have_text("A001")
    expect(screen.locator(".band .window")).to_have_text("1号窗口")
    wait_until(lambda: ["band", 3] in screen.evaluate("flashed"))
    wait_until(lambda: not flashing(screen))


def test_nothing_flashes_for_who_asked_for_less_motion(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(**TELEVISION, reduced_motion="reduce")
    follow(page, f"{hall.url}/screen")
    issue(hall)
    call(hall)
    expect(page.locator(".band .number")).to_have_text("A001")
    assert not flashing(page)


def steady_light(page: Page, selector: str) -> bool:
    ground = page.locator(selector).evaluate("(one) => getComputedStyle(one).backgroundColor")
    return bool(ground == "rgb(255, 200, 61)")


def test_what_is_said_stands_on_the_screen_in_both_languages_while_it_is_said(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page(**TELEVISION, clock=True, reduced_motion="reduce")
    follow(page, f"{hall.url}/screen")
    issue(hall)
    call(hall)
    spoken = page.locator("#caption[aria-live=polite]")
    expect(spoken).to_have_text("A001号，请到1号窗口A001, please go to window 1")
    assert steady_light(page, "#band")
    page.clock.fast_forward(11_000)
    expect(spoken).to_have_text("")
    assert not steady_light(page, "#band")
    hall.office.recall("1", CLERK)
    expect(spoken).to_have_text("A001号，请到1号窗口A001, please go to window 1")
    hall.office.finish("1", CLERK)
    page.clock.fast_forward(7000)
    expect(spoken).to_have_text("")


def test_a_windows_own_screen_has_what_is_said_in_letters_too(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(**TELEVISION, reduced_motion="reduce")
    follow(page, f"{hall.url}/screen/window/1")
    issue(hall)
    call(hall)
    spoken = page.locator("#caption[aria-live=polite]")
    expect(spoken).to_have_text("A001号，请到1号窗口A001, please go to window 1")
    assert steady_light(page, ".one .middle")
    hall.office.start("1", CLERK)
    expect(spoken).to_have_text("")
    # What a box that was cut off did is told late: it stands there and is not said, until it is called again.
    hall.office.finish("1", CLERK)
    page.context.set_offline(True)
    expect(page.locator("html.stale")).to_be_visible()
    issue(hall)
    number = call(hall)
    ticket = tables.ticket
    with hall.office.ledger.store.write() as conn:
        long_ago = ticket.c.called_at - 5 * 60 * 1_000_000
        conn.execute(update(ticket).where(ticket.c.number == number).values(called_at=long_ago))
    page.context.set_offline(False)
    expect(page.locator(".one.called .number")).to_have_text("A002")
    assert spoken.text_content() == ""
    hall.office.recall("1", CLERK)
    expect(spoken).to_have_text("A002号，请到1号窗口A002, please go to window 1")


def test_the_newest_call_stands_on_top_and_each_row_is_a_ninth_of_the_height(hall: Any, screen: Page) -> None:
    for _ in range(4):
        issue(hall)
        call(hall, "3")
        hall.office.finish("3", CLERK)
    expect(screen.locator("#rows li")).to_have_count(3)
    # At once: the band changes by itself.
    numbers = screen.evaluate("[...document.querySelectorAll('#rows .number, .band .number')].map((e) => e.innerText)")
    numbers.append(numbers.pop(0))
    assert sorted(numbers) == ["A001", "A002", "A003", "A004"]
    assert numbers[:-1] == sorted(numbers[:-1], reverse=True)
    for height in screen.evaluate("[...document.querySelectorAll('#rows li')].map((e) => e.offsetHeight)"):
        assert height >= 1080 / 9 * 0.99


def shows(page: Page, *numbers: str) -> None:
    """Wait until the band and the rows show these; the page's time goes on in small steps alone meanwhile."""
    texts = "[...document.querySelectorAll('.band .number, #rows .number')].map((e) => e.textContent)"
    wait_until(lambda: page.clock.run_for(15) or page.evaluate(texts) == list(numbers))


def test_each_of_several_calls_gets_the_band_for_as_long_as_it_is_spoken(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page(**TELEVISION, clock=True)
    follow(page, f"{hall.url}/screen")
    for service in ("business-licence", "social-security", "enquiry"):
        issue(hall, service)
    stop_time(page)
    call(hall, "1")
    shows(page, "A001")
    call(hall, "2")
    call(hall, "3")
    shows(page, "A001", "F001", "B001")
    page.clock.fast_forward(6000)
    shows(page, "B001", "F001", "A001")
    page.clock.fast_forward(6000)
    shows(page, "F001", "B001", "A001")


def test_a_recalled_number_takes_the_band_again(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(**TELEVISION, clock=True)
    follow(page, f"{hall.url}/screen")
    issue(hall)
    issue(hall)
    stop_time(page)
    call(hall, "1")
    call(hall, "3")
    shows(page, "A001", "A002")
    page.clock.fast_forward(7000)
    shows(page, "A002", "A001")
    page.clock.fast_forward(7000)
    hall.office.recall("1", CLERK)
    shows(page, "A001", "A002")


def test_who_waits_is_counted_at_the_right(hall: Any, screen: Page) -> None:
    issue(hall, "tax")
    issue(hall, "tax")
    expect(screen.locator("#waiting li", has_text="个人办税").locator("b")).to_have_text("2")
    call(hall, "1")
    expect(screen.locator("#waiting li", has_text="个人办税").locator("b")).to_have_text("1")


def test_a_screen_without_connection_is_grey_says_since_when_and_misses_nothing(hall: Any, screen: Page) -> None:
    issue(hall)
    call(hall)
    expect(screen.locator(".band .number")).to_have_text("A001")
    screen.context.set_offline(True)
    expect(screen.locator("html.stale #cut")).to_contain_text("更新于")
    assert "grayscale" in screen.evaluate("getComputedStyle(document.querySelector('.board')).filter")
    hall.office.finish("1", CLERK)
    issue(hall)
    call(hall)
    expect(screen.locator(".band .number")).to_have_text("A001")
    screen.context.set_offline(False)
    expect(screen.locator("html:not(.stale)")).to_be_visible()
    expect(screen.locator(".calls")).to_contain_text("A002")


def test_a_screen_goes_on_from_the_last_event_it_heard(hall: Any, screen: Page) -> None:
    issue(hall)
    expect(screen.locator("#waiting b").first).to_have_text("1")
    screen.context.set_offline(True)
    expect(screen.locator("html.stale")).to_be_visible()
    with screen.expect_request("**/api/v1/events") as again:
        screen.context.set_offline(False)
    assert int(again.value.headers["last-event-id"]) == hall.office.last_seq()


def test_the_board_is_there_before_any_script_runs(hall: Any, new_page: Callable[..., Page]) -> None:
    issue(hall)
    call(hall)
    page = new_page(**TELEVISION, java_script_enabled=False)
    page.goto(f"{hall.url}/screen")
    expect(page.locator(".band .number")).to_have_text("A001")


def test_no_name_is_on_a_screen(hall: Any, screen: Page) -> None:
    resident = Resident(kind="typed", name="梁试问", id_number="110000198803141230")
    hall.office.issue("tax", DESK, resident=resident, print=False)
    call(hall)
    expect(screen.locator(".band .number")).to_have_text("E001")
    assert "梁" not in screen.content()


def test_twelve_services_with_long_names_are_all_on_the_screen(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    name = "社会保险参保登记与关系转移接续"
    hall = start_hall(services=tuple(ServiceSettings(id=f"s{p}", name=name, prefix=p * 3) for p in "ABCDEFGHJKLM"))
    issue(hall, "sA")
    call(hall, "3")
    page = new_page(**TELEVISION)
    out = """[...document.querySelectorAll("#waiting li *, .band .call *, footer *")].filter((e) => {
        const box = e.getBoundingClientRect(), room = e.closest("ul, .band, footer").getBoundingClientRect();
        const cut = getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1;
        return box.width && (cut || box.bottom > room.bottom + 1 || box.right > room.right + 1);
    }).map((e) => `${e.tagName}.${e.className}: ${e.textContent}`)"""
    for width, height in ((1920, 1080), (1080, 1920), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        follow(page, f"{hall.url}/screen")
        expect(page.locator(".band .number")).to_have_text("AAA001")
        assert page.evaluate(out) == [], (width, height)


def test_a_windows_own_screen_follows_its_window(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(**TELEVISION)
    follow(page, f"{hall.url}/screen/window/1")
    issue(hall)
    call(hall)
    expect(page.locator(".one.called .number")).to_have_text("A001")
    expect(page.locator(".what")).to_contain_text("请到本窗口")
    height = page.locator(".one .number").bounding_box()
    assert height and height["height"] >= 0.4 * 1080
    hall.office.start("1", CLERK)
    expect(page.locator(".one.serving .what")).to_contain_text("办理中")
    hall.office.finish("1", CLERK)
    expect(page.locator(".one.open .words")).to_have_text("等候叫号")
    hall.office.pause_window("1", CLERK)
    expect(page.locator(".one.paused .words")).to_have_text("暂停服务")
    hall.office.close_window("1", CLERK)
    expect(page.locator(".one.closed .words")).to_have_text("未开放")


def test_a_windows_own_screen_does_not_mind_other_windows(
    hall: Any, screen: Page, new_page: Callable[..., Page]
) -> None:
    page = new_page(**TELEVISION)
    follow(page, f"{hall.url}/screen/window/1")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    issue(hall)
    issue(hall)
    call(hall, "3")
    expect(screen.locator(".band .number")).to_have_text("A001")
    call(hall, "1")
    expect(page.locator(".one.called .number")).to_have_text("A002")
    assert [url for url in asked if "/screen/window/" in url] == [page.url]


def test_a_window_there_is_not_has_no_screen(hall: Any, new_page: Callable[..., Page]) -> None:
    answer = new_page().goto(f"{hall.url}/screen/window/99")
    assert answer and answer.status == 404


def test_how_warm_it_is_stands_below_and_follows(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(**TELEVISION, clock=True)
    page.goto(f"{hall.url}/screen")
    expect(page.locator("#climate")).to_contain_text("室温 25.0 °C 湿度 45 %")
    expect(page.locator("#climate [lang=en]")).to_have_text("Indoors 25.0 °C, humidity 45 %")
    hall.simulator("climate").use("set_temperature", {"value": 23.5})
    wait_until(lambda: hall.program.hall.climate.here()[0].temperature == 23.5)
    page.clock.fast_forward(61_000)
    expect(page.locator("#climate")).to_contain_text("室温 23.5 °C")


SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160), "portrait": (1080, 1920), "VGA": (640, 480)}
SEEN = """() => [...document.querySelectorAll(".band .number, #rows .number")].filter((one) => {
    const box = one.getBoundingClientRect();
    const place = one.closest("li, .call").querySelector(".window");
    return box.width && box.top >= 0 && box.bottom <= innerHeight && one.scrollWidth <= one.clientWidth + 1
        && place.getBoundingClientRect().right <= innerWidth && place.scrollWidth <= place.clientWidth + 1;
}).map((one) => one.textContent)"""
"""The numbers that can be read, with their windows."""
STEP = 500


def seen_for(page: Page, seconds: int) -> Counter[str]:
    """For how many milliseconds of the page's time each number can be read."""
    seen: Counter[str] = Counter()
    for _ in range(seconds * 1000 // STEP):
        page.clock.run_for(STEP)
        seen.update(dict.fromkeys(page.evaluate(SEEN), STEP))
    return seen


@pytest.mark.long
def test_twelve_calls_at_once_are_each_seen_for_five_seconds_and_fifteen_too(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    windows = tuple(WindowSettings(id=str(place), name=f"{place}号窗口") for place in range(1, 16))
    hall = start_hall(windows=windows)
    pages = {}
    for name, (width, height) in SIZES.items():
        pages[name] = new_page(width, height, clock=True)
        follow(pages[name], f"{hall.url}/screen")
    numbers = [issue(hall) for _ in range(15)]
    for page in pages.values():
        stop_time(page)
    for window in range(1, 13):
        call(hall, str(window))
    for name, page in pages.items():
        wait_until(lambda page=page: page.clock.run_for(15) or page.locator("#rows li").count() == 12)
        seen = seen_for(page, 6)
        assert {one: seen[one] for one in numbers[:12] if seen[one] < 5000} == {}, name
        for height in page.evaluate("[...document.querySelectorAll('#rows li')].map((e) => e.offsetHeight)"):
            assert height >= min(SIZES[name]) / 9 * 0.99, name
    for window in range(13, 16):
        call(hall, str(window))
    for name, page in pages.items():
        wait_until(lambda page=page: page.clock.run_for(15) or page.locator("#page").inner_text().endswith("/ 2"))
        seen = seen_for(page, 20)
        assert {one: seen[one] for one in numbers if seen[one] < 5000} == {}, name
        page.clock.resume()  # axe waits by the page's time
        assert violations(page) == [], name


def test_of_many_services_those_that_somebody_waits_for_turn_in_large_type(
    start_hall: Callable[..., Any], new_page: Callable[..., Page]
) -> None:
    names = [first + second for first in "ABCDEFGH" for second in "ABCDEFGH"][:61]
    hall = start_hall(services=tuple(ServiceSettings(id=one, name=f"业务 {one}", prefix=one) for one in names))
    for one in names[:10]:
        issue(hall, one)
    page = new_page(**TELEVISION, clock=True)
    follow(page, f"{hall.url}/screen")
    lines = page.locator("#waiting li")
    expect(lines).to_have_count(8)
    expect(page.locator("#waiting-page")).to_have_text("共 10 · 1 / 2")
    assert lines.first.evaluate("(one) => parseFloat(getComputedStyle(one.firstChild).fontSize)") >= 1080 * 0.025
    page.clock.run_for(10_500)
    expect(lines).to_have_text(["业务 BA1", "业务 BB1"])
    # Where they have matters, by the themes of these.
    themes = ("出生 Birth", "上学 School", "就业 Work")
    made = [
        Matter(f"m{place}", "申请", "", "personal", *themes[place % 3].split(), service=one)
        for place, one in enumerate(names[:9])
    ]
    hall.program.hall.matters = Matters(hall.office.ledger, lambda texts: ["shen qing"] * len(texts))
    hall.program.hall.matters.replace(made, Actor("zhou", "manager"))
    expect(lines).to_have_text(["出生3", "上学3", "就业3", "业务 BB1"])
    issue(hall, names[0])
    expect(lines.first).to_have_text("出生4")
    assert violations(page) == []


def test_a_zones_screen_shows_its_windows_calls_alone(hall: Any, new_page: Callable[..., Page]) -> None:
    made = hall.program.hall.setup.read()
    zoned = tuple(replace(one, zone="二楼" if one.id == "3" else "一楼") for one in made.windows)
    hall.program.hall.setup.replace(replace(made, windows=zoned), Actor("zhou", "manager"))
    page = new_page(**TELEVISION)
    follow(page, f"{hall.url}/screen?zone=二楼")
    issue(hall)
    issue(hall)
    call(hall, "1")
    call(hall, "3")
    expect(page.locator(".band .number")).to_have_text("A002")
    expect(page.locator("#rows li")).to_have_count(0)
    expect(page.locator("footer")).to_contain_text("二楼")
    answer = page.goto(f"{hall.url}/screen?zone=三楼")
    assert answer and answer.status == 404


def test_a_screen_is_spared_moves_a_little_each_minute_and_is_dark_at_night(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page(**TELEVISION, clock=True)
    follow(page, f"{hall.url}/screen")
    issue(hall)
    call(hall)
    expect(page.locator(".band .number")).to_have_text("A001")
    places = set()
    for _ in range(4):
        page.clock.run_for(61_000)
        places.add(page.evaluate("document.body.style.translate"))
    assert len(places) >= 3
    expect(page.locator("html.calm")).to_be_visible()
    hall.office.finish("1", CLERK)
    made = hall.program.hall.setup.read()
    hall.program.hall.setup.replace(replace(made, hours=(Hours("*", 1, 0, 1),)), Actor("zhou", "manager"))
    expect(page.locator("html.dark .night")).to_be_visible()
    expect(page.locator(".band")).to_be_hidden()
    expect(page.locator(".waiting")).to_be_hidden()
    assert violations(page) == []


def test_a_screen_whose_server_is_away_when_the_hall_opens_says_that_it_connects_and_comes_back(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    issue(hall)
    call(hall)
    hall.office.finish("1", CLERK)
    made = hall.program.hall.setup.read()
    later = tuple(Hours("*", weekday, 14 * 60, 15 * 60) for weekday in range(1, 8))  # it is ten o'clock
    hall.program.hall.setup.replace(replace(made, hours=later), Actor("zhou", "manager"))
    page = new_page(**TELEVISION, clock=True)
    page.route("**/api/**", lambda route: route.abort())
    page.goto(f"{hall.url}/screen")
    expect(page.locator("html.dark.stale .night")).to_be_visible()
    page.clock.fast_forward(5 * 3600 * 1000)
    expect(page.locator("html.stale:not(.dark) .connecting")).to_be_visible()
    expect(page.locator("footer")).to_contain_text("连接中断")
    expect(page.get_by_text("A001").locator("visible=true")).to_have_count(0)  # of the evening before
    assert violations(page) == []
    hall.program.hall.setup.replace(made, Actor("zhou", "manager"))
    page.unroute_all()
    page.clock.run_for(5000)
    expect(page.locator("html:not(.stale) .band .call .number")).to_have_text("A001")
    expect(page.locator(".connecting")).to_be_hidden()


def test_a_screen_for_a_bright_hall_has_dark_words_on_a_light_ground_with_contrast_enough(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page(**TELEVISION)
    issue(hall)
    call(hall)
    for path in ("/screen", "/screen/window/1"):
        page.goto(f"{hall.url}{path}?theme=light")
        expect(page.get_by_text("A001").first).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert violations(page) == []
    # Upright, everything of a window's own screen is on it.
    page.set_viewport_size({"width": 1080, "height": 1920})
    width = "[...document.querySelectorAll('main *')].map((one) => one.getBoundingClientRect().right)"
    assert page.evaluate(f"Math.max(...{width}, document.querySelector('.one').scrollWidth)") <= 1080
