"""A hall day that goes by itself, through the real parts and in the real page; and the guided tour."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

import kiosk
from album import Album
from axe import violations
from conftest import PASSWORD, DemoHall, demo_settings, let_clerk_in
from drivers.kinds import KINDS
from kiosk.demonstration.hall_time import HallTime
from ticketing.model import Actor, StateError, UnknownError
from ticketing.store import tables
from wires import wait_until

MINUTE = 60_000_000
BY_HAND = (1, 2, 5, 7, 8, 9, 10, 11)
"""Steps of the tour that the page can do for the visitor."""
CLERK = Actor("clerk", "clerk", "1")
ADDED = {"name": "upstairs", "driver": "speaker", "port": "sim:", "zone": "2F"}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, quick_hash: str) -> Iterator[DemoHall]:
    """One demonstration hall whose time can be sped up, with one device more, for all tests of this file."""
    from kiosk.wiring import build

    folder = tmp_path_factory.mktemp("day")
    settings = demo_settings(folder)
    devices = (*settings.devices, KINDS["speaker"].settings.model_validate(ADDED))
    settings = settings.model_copy(update={"devices": devices})
    program = build(settings, visitor=("clerk", PASSWORD), hall_time=HallTime())
    program.parts.start()
    hall = DemoHall(program, folder)
    let_clerk_in(hall, quick_hash)
    hall.wait_for_devices()
    yield hall
    hall.stop()


def day_of(hall: DemoHall) -> Any:
    assert hall.program.hall.virtual_hall
    return hall.program.hall.virtual_hall.day


def open_bench(hall: DemoHall, new_page: Callable[..., Page]) -> Page:
    page = new_page()
    page.goto(hall.bench_page)
    expect(page.frame_locator("#desk").locator("#go")).to_be_enabled()
    return page


def test_a_day_goes_by_itself_and_nobody_is_lost(
    hall: DemoHall, new_page: Callable[..., Page], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    day, office, t = day_of(hall), hall.office, tables.ticket.c
    page = open_bench(hall, new_page)
    before, papers, said = hall.program.hall.clock(), len(hall.printer.papers), len(hall.speaker.said)
    with office.ledger.store.read() as conn:
        earlier = set(conn.scalars(select(t.id)))
    # At the speed of time a clerk has nothing to do yet; a visitor sends them away and has them back.
    day.begin(1, 20, timedelta(minutes=30), next_morning=False, seed=3)
    with pytest.raises(StateError, match="day_runs"):
        day.begin()
    with pytest.raises(UnknownError, match="unknown_window"):
        day.set_clerk("77", on=True)
    address, bearer = f"{hall.url}/api/v1/bench/day", {"Authorization": f"Bearer {hall.kiosk_token}"}
    assert page.request.put(address, headers=bearer, data={"speed": 7}).status == 422
    assert page.request.put(address, data={"speed": 1}).status == 403
    auto = page.locator("[data-window='2'] .booth-auto")
    expect(auto).to_have_attribute("aria-pressed", "true")
    auto.click()
    expect(auto).to_have_attribute("aria-pressed", "false", timeout=60_000)
    auto.click()
    expect(auto).to_have_attribute("aria-pressed", "true")

    page.get_by_role("radio", name="×240").check()
    expect(page.locator("#people li").first).to_be_visible()
    expect(page.locator("#said-silent")).to_be_visible()
    shown = request.config.getoption("--screenshots")
    pictures = Path(kiosk.__file__).parent / "screenshots" if shown else tmp_path
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator("#people li").nth(2)).to_be_visible()
    Album(pictures, is_kept=shown).picture(page, "bench-day")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("#day-go").click()
    expect(page.locator("#day-go")).to_have_text("继续")
    stood = day.view()
    assert (stood["state"], stood["speed"]) == ("stopped", 1)
    assert violations(page) == []
    assert day.view()["came"] == stood["came"]
    page.locator("#day-go").click()
    expect(page.locator("#day-go")).to_have_text("再走一天", timeout=90_000)
    expect(page.locator("#day-figures")).to_be_visible()
    expect(page.locator("[data-count=came]")).to_have_text("20")
    expect(page.locator("[data-count=waiting]")).to_have_text("0")

    view = day.view()
    assert (view["came"], view["gone"], view["by_kiosk"] + view["by_desk"]) == (20, 20, 20)
    assert view["by_kiosk"] > 0
    assert len(hall.printer.papers) - papers == view["by_kiosk"]
    assert (view["speed"], view["silent"], hall.program.hall.clock.trouble) == (1, False, None)
    assert hall.program.hall.clock() - before > timedelta(minutes=30)
    # Pages learn the hall's time from its answers.
    told = parsedate_to_datetime(page.request.get(f"{hall.url}/healthz").headers["date"])
    assert abs(told - hall.program.hall.clock()) < timedelta(minutes=10)
    with office.ledger.store.read() as conn:
        rows = [
            row
            for row in conn.execute(select(t.id, t.state, t.called_at, t.started_at, t.ended_at))
            if row.id not in earlier
        ]
    assert len(rows) == 20
    assert {row.state for row in rows} <= {"done", "missed", "cancelled"}
    assert all(row.called_at or row.state == "cancelled" for row in rows)
    assert {one.state for one in office.windows()} == {"closed"}
    assert [one.name for one in hall.program.hall.devices if one.state.state != "online"] == []
    # What the figures are made of took as long as on a real day: longer than this test did.
    served = [row.ended_at - row.started_at for row in rows if row.state == "done"]
    assert sum(served) > 20 * MINUTE
    assert hall.program.hall.reports.day(office.ledger.today()).total.issued == 20 + len(earlier)
    assert len(hall.speaker.said) - said < len(rows)


def test_the_tour_is_walked_by_keyboard_and_covers_nothing(hall: DemoHall, new_page: Callable[..., Page]) -> None:
    page, kiosk = open_bench(hall, new_page), hall.program.hall.kiosk
    assert kiosk
    page.locator("#tour-begin").focus()
    page.keyboard.press("Enter")
    title, act, ahead = page.locator("#tour-title"), page.locator("#tour-act"), page.locator("#tour-next")
    titles = []
    for step in range(1, 13):
        expect(page.locator("#tour-place")).to_have_text(f"{step} / 12")
        expect(title).to_be_focused()
        titles.append(title.inner_text())
        lit = page.locator(".lit")
        expect(lit.first).to_be_visible()
        band = page.locator("#tour").bounding_box()
        assert band
        if step < 12:
            assert all((one.bounding_box() or {"y": 0})["y"] >= band["y"] + band["height"] for one in lit.all())
        if step in BY_HAND:
            expect(act).to_be_visible()
            page.keyboard.press("Tab")
            expect(act).to_be_focused()
            if step == 2:
                # A visitor who reads for long is sent away by the kiosk while the card lies; it is laid anew then.
                wait_until(lambda: kiosk.view().resident)
                kiosk.cancel(kiosk.view().visit)
                assert kiosk.view().card_lies
            page.keyboard.press("Enter")
            expect(page.locator("#tour-done")).to_be_visible()
        if step == 8:
            # In the other language the words change, and not the place.
            assert violations(page) == []
            page.get_by_role("button", name="English", exact=True).first.click()
            expect(title).to_have_text("The data is here")
            assert violations(page) == []
            page.get_by_role("button", name="中文", exact=True).first.click()
        ahead.focus()
        page.keyboard.press("Enter")
    assert len(set(titles)) == 12
    expect(page.locator("#tour")).to_be_hidden()
    expect(page.locator("#tour-begin")).to_be_focused()
    # It can be left at any time, and begins anew.
    page.keyboard.press("Enter")
    expect(page.locator("#tour-place")).to_have_text("1 / 12")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tour-place")).to_have_text("2 / 12")
    page.keyboard.press("Escape")
    expect(page.locator("#tour")).to_be_hidden()
    expect(page.locator(".lit")).to_have_count(0)


def test_whatever_the_settings_name_is_in_the_picture(hall: DemoHall, new_page: Callable[..., Page]) -> None:
    page = open_bench(hall, new_page)
    page.get_by_role("button", name="更多设备").click()
    # By its plug: the broker's own line names devices, too.
    item = page.locator("#others > li", has=page.locator("[data-device=upstairs]"))
    expect(item).to_contain_text("语音 upstairs")
    hall.office.issue("tax", CLERK, print=False)
    hall.office.open_window("1", CLERK)
    assert hall.office.call_next("1", CLERK)
    expect(item).to_contain_text("请到一号窗口")
    item.get_by_role("button", name="拔掉插头").click()
    expect(item.locator(".state")).to_have_text("断开")
    hall.office.no_show("1", CLERK)
    # Every device has its place: in the furniture, or on the sheet.
    assert page.evaluate("document.querySelectorAll('#others > li').length") >= 9
    named = {one.name for one in hall.program.hall.settings.devices}
    shown = set(page.locator("[data-device]").evaluate_all("(all) => all.map((one) => one.dataset.device)"))
    assert shown == named
    assert violations(page) == []
    item.get_by_role("button", name="拔掉插头").click()
