"""The kiosk's page where not every number can be had at any time: closed, used up, booked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from drivers.simulators.card_reader.cards import CARDS
from kiosk.card_holder import resident_of
from ticketing.calendar import Hours, Quota, Slot
from ticketing.model import Actor
from ticketing.setup.setup import HallSetup

MANAGER = Actor("zhou", "manager", "hall")
WHO = "zhang"
HOLDER = resident_of(next(one.card for one in CARDS if one.id == WHO))


def state(page: Page, name: str) -> None:
    """Wait until the page shows this state."""
    expect(page.locator("html")).to_have_attribute("data-state", name)


@pytest.fixture
def hall(start_hall: Callable[..., Any]) -> Any:
    return start_hall()


@pytest.fixture
def kiosk(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The kiosk's page, upright, ready for a card."""
    page = new_page(width=1080, height=1920)
    page.goto(hall.kiosk_page)
    state(page, "idle")
    return page


def arrange(hall: Any, **calendar: object) -> list[str]:
    """Give the hall a calendar; the ids of its services."""
    setup = hall.program.hall.setup
    made = setup.read()
    setup.replace(HallSetup(made.services, made.windows, **calendar), MANAGER)
    return [one.id for one in made.services]


def now(hall: Any) -> datetime:
    found: datetime = hall.program.hall.office.ledger.now()
    return found


def minute(at: datetime) -> int:
    return 60 * at.hour + at.minute


def test_a_closed_service_says_when_it_opens_and_gives_no_number(hall: Any, kiosk: Page) -> None:
    tomorrow = now(hall) + timedelta(days=1)
    first = arrange(hall)[0]
    arrange(hall, hours=(Hours(first, tomorrow.isoweekday(), 540, 1020),))
    hall.lay(WHO)
    state(kiosk, "choosing")
    row = kiosk.locator(f"[data-service={first}]")
    expect(row).to_contain_text("现在不办理")
    expect(row).to_contain_text("明天 09:00 开始")
    row.click()
    expect(kiosk.locator("#trouble")).to_contain_text("现在不办理，明天 09:00 开始")
    state(kiosk, "choosing")


def test_a_used_up_quota_is_told_before_anybody_asks(hall: Any, kiosk: Page) -> None:
    first, second = arrange(hall)[:2]
    arrange(hall, quotas=(Quota(first, 0, 2880, 1),))
    hall.program.hall.office.issue(first, MANAGER, print=False)
    kiosk.get_by_role("button", name="English").click()
    hall.lay(WHO)
    state(kiosk, "choosing")
    expect(kiosk.locator(f"[data-service={first}]")).to_contain_text("No numbers left")
    kiosk.locator(f"[data-service={second}]").click()
    expect(kiosk.locator(".view.shown .big")).to_be_visible()


def test_what_is_booked_stands_first_and_takes_one_touch(hall: Any, kiosk: Page) -> None:
    begins = minute(now(hall)) + 2
    last = arrange(hall)[-1]
    arrange(hall, slots=tuple(Slot(last, weekday, begins, begins + 30, 1) for weekday in range(1, 8)))
    book = hall.program.hall.appointments
    day = hall.program.hall.office.ledger.today()
    made = book.book(last, day, begins, HOLDER, MANAGER, "api")
    hall.lay(WHO)
    state(kiosk, "choosing")
    row = kiosk.locator("#services > button").first
    expect(row).to_have_attribute("data-service", last)
    expect(row).to_contain_text(f"已预约 {made.begins:%H:%M}–{made.ends:%H:%M}")
    row.click()
    expect(kiosk.locator(".view.shown .big")).to_be_visible()
    assert [one.state for one in book.of_person(HOLDER)] == ["checked_in"]


def test_outside_the_hours_the_pages_of_boxes_are_dark_and_the_kiosk_wakes_by_a_touch_and_by_a_card(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    tomorrow = now(hall) + timedelta(days=1)
    arrange(hall, hours=(Hours("*", tomorrow.isoweekday(), 540, 1020),))
    page = new_page(width=1080, height=1920, clock=True)
    page.goto(hall.kiosk_page)
    state(page, "idle")
    night = page.locator(".night-sky")
    expect(night).to_be_visible()
    assert violations(page) == []
    places = set()
    for _ in range(3):
        places.add(page.evaluate("document.querySelector('.night-sky time').style.cssText"))
        page.clock.run_for(61_000)
    assert len(places) >= 2, "the clock wanders"

    # The touch that wakes it presses nothing of what stands below.
    button = page.get_by_role("button", name="English").bounding_box()
    assert button
    page.mouse.click(button["x"] + 20, button["y"] + 20)
    expect(night).to_be_hidden()
    closed = page.locator(".view.closed")
    expect(closed).to_contain_text("现在不能取号")
    expect(closed).to_contain_text("明天 09:00 开始取号")
    assert "english" not in (page.locator("html").get_attribute("class") or "")
    page.get_by_role("button", name="English").click()
    expect(closed.get_by_text("Numbers from tomorrow 09:00")).to_be_visible()
    assert violations(page) == []
    page.clock.run_for(61_000)
    expect(night).to_be_visible()

    hall.lay(WHO)
    state(page, "choosing")
    expect(night).to_be_hidden()

    # The same black page above a window, and on the guide and the second screen that a box keeps, which has this mark.
    page = new_page(script="window.quhaoGuard = () => null")
    for path in ("/screen/window/1", "/guide", "/window/1/resident"):
        page.goto(f"{hall.url}{path}")
        expect(page.locator(".night-sky")).to_be_visible()
    # Where a service is never closed, nothing is dark.
    first = arrange(hall)[0]
    arrange(
        hall, hours=(Hours("*", tomorrow.isoweekday(), 540, 1020), *(Hours(first, n, 0, 1440) for n in range(1, 8)))
    )
    page.goto(hall.kiosk_page)
    state(page, "choosing")
    expect(page.locator(".night-sky")).to_be_hidden()
    assert page.request.get(f"{hall.url}/api/v1/screens/hours").json()["lit"]


def test_a_kiosk_begins_each_visit_in_the_print_that_its_technician_chose(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page(width=1080, height=1920, clock=True)
    page.goto(hall.kiosk_page.replace("/kiosk#", "/kiosk?theme=large#"))
    state(page, "idle")
    large = page.locator("[data-do=elder]")
    expect(large).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html.elder:not(.contrast)")).to_be_visible()
    large.click()
    page.locator("[data-do=contrast]").click()
    expect(page.locator("html.contrast:not(.elder)")).to_be_visible()
    page.clock.run_for(60_000)
    expect(page.locator("html.elder:not(.contrast)")).to_be_visible()
    expect(large).to_have_attribute("aria-pressed", "true")
