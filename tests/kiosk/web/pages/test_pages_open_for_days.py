"""Pages that nobody reloads: on a PC whose clock is wrong and is set, and open for a week and over midnight."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from conftest import DemoHall, demo_settings, let_clerk_in
from staff import sit_at
from ticketing.model import Actor
from wires import wait_until

CLERK, DESK = Actor("clerk", "clerk", "1"), Actor("desk", "desk", "desk")
WEEK = 7 * 24 * 3600 * 1000
LONG_AGO, YEARS_AHEAD = datetime(2019, 1, 1, 3, 4, tzinfo=UTC), datetime(2036, 1, 1, 5, 6, tzinfo=UTC)
TELEVISION = {"width": 1920, "height": 1080}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, quick_hash: str) -> Iterator[DemoHall]:
    from kiosk.wiring import build

    folder = tmp_path_factory.mktemp("days")
    program = build(demo_settings(folder), visitor=("clerk", "a-demo-password"))
    program.parts.start()
    hall = DemoHall(program, folder)
    let_clerk_in(hall, quick_hash)
    hall.wait_for_devices()
    yield hall
    hall.stop()


def pass_time(hall: DemoHall, time: timedelta) -> None:
    """The hall's clock goes on as if the box had been suspended so long: by the clock on the wall, and since boot."""
    clock = hall.program.hall.clock
    more = time // timedelta(microseconds=1) * 1000
    for name in ("_wall", "_steady"):
        before = getattr(clock, name)
        setattr(clock, name, lambda before=before: before() + more)


def call(hall: DemoHall, window: str = "1") -> str:
    hall.office.issue("business-licence", DESK, print=False)
    return str(hall.office.call_next(window, CLERK).ticket.number)


def shows_time_of(hall: DemoHall, page: Page) -> None:
    """The page's clock is the hall's."""

    def same() -> bool:
        now = hall.program.hall.clock()
        near = {(now - timedelta(seconds=away)).strftime("%H:%M") for away in (-5, 0, 5, 60)}
        return page.locator("#clock").inner_text() in near

    wait_until(same)


def test_a_clock_that_is_wrong_and_is_set_meanwhile_moves_nothing_on_a_page(
    hall: DemoHall, new_page: Callable[..., Page]
) -> None:
    kiosk, screen = new_page(1080, 1920, clock=True), new_page(**TELEVISION, clock=True)
    for page, address in ((kiosk, hall.kiosk_page), (screen, f"{hall.url}/screen")):
        page.clock.set_system_time(LONG_AGO)
        with page.expect_response("**/events"):
            page.goto(address)
    first = call(hall, "1")
    expect(screen.locator(".band .number")).to_have_text(first)
    expect(kiosk.locator("html")).to_have_attribute("data-state", "idle")
    hall.lay("zhang")
    expect(kiosk.locator("html")).to_have_attribute("data-page", "home")
    for page in (kiosk, screen):
        shows_time_of(hall, page)
        page.clock.set_system_time(YEARS_AHEAD)
        shows_time_of(hall, page)
    # Seconds are left, and not asked for anew: nothing of the choice has run out.
    assert int(kiosk.locator("#ring b").inner_text()) > 1
    expect(kiosk.locator("html")).to_have_attribute("data-page", "home")
    # Set back again, by years: calls take the band in their turn all the same.
    screen.clock.set_system_time(LONG_AGO)
    second = call(hall, "3")
    wait_until(lambda: screen.clock.run_for(500) or screen.locator(".band .number").inner_text() == second)
    shows_time_of(hall, screen)
    hall.reader.lift()
    hall.program.hall.kiosk.cancel()
    for window in ("1", "3"):
        hall.office.conclude(window, CLERK)


def test_pages_left_open_for_a_week_follow_the_hall_into_the_new_day(
    hall: DemoHall, new_page: Callable[..., Page]
) -> None:
    clerk = sit_at(new_page(clock=True), hall, "3")
    kiosk, screen, own = (new_page(**TELEVISION, clock=True) for _ in range(3))
    kiosk.goto(hall.kiosk_page)
    screen.goto(f"{hall.url}/screen")
    own.goto(f"{hall.url}/screen/window/1")
    yesterday = call(hall)
    for page, number in ((screen, ".band .number"), (own, ".one.called .number")):
        expect(page.locator(number)).to_have_text(yesterday)
    hall.office.issue("business-licence", DESK, print=False)
    expect(screen.locator("#waiting b").first).to_have_text("1")
    for page in (kiosk, screen, own, clerk):
        page.clock.fast_forward(WEEK)
    wait_until(lambda: clerk.locator("#line").inner_text() == "已连接")
    pass_time(hall, timedelta(hours=16))
    today = call(hall)
    assert today == "A001", "the day is another"
    expect(screen.locator(".band .number")).to_have_text(today)
    # Nothing of yesterday is left: who was called, and who waited.
    expect(screen.locator("#rows li")).to_have_count(0)
    expect(screen.locator("#waiting b").first).to_have_text("0")
    expect(own.locator(".one.called .number")).to_have_text(today)
    # Who sat there yesterday logs in again.
    expect(clerk).to_have_url(re.compile("/login"))
    for page in (kiosk, screen, own):
        expect(page.locator("html:not(.stale)")).to_be_visible()
    hall.lay("wang")
    expect(kiosk.locator("html")).to_have_attribute("data-page", "home")
    kiosk.locator("#services button").first.click()
    expect(kiosk.locator(".ticket .big")).to_be_visible()
