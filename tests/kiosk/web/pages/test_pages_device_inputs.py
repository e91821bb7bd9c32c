"""Scanners, a tactile pad, sensors and call pads at kiosk, terminal and window, seen by pages in a real browser."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.settings import KioskSettings
from conftest import demo_settings
from drivers.kinds import KINDS
from staff import issue, resident_of, sit_at
from ticketing.calendar import Slot
from ticketing.model import Actor
from ticketing.setup.setup import HallSetup
from wires import wait_until

DESK = Actor("chen", "desk")
PRESENCE, TAKEN, NEXT, PREV, OK, BACK, HELP, LAMP, TAKE_LAMP = 27, 22, 5, 6, 13, 19, 26, 23, 24
TABLES: list[dict[str, Any]] = [
    {"name": "kiosk-scanner", "driver": "scanner", "at": "kiosk"},
    {"name": "terminal-scanner", "driver": "scanner", "at": "terminal", "terminal": "hall-1"},
    {"name": "pads", "driver": "pad", "pads": [{"address": 5, "window": "3"}]},
    {
        "name": "cabinet",
        "driver": "gpio",
        "inputs": [
            {"pin": PRESENCE, "does": "presence"},
            {"pin": TAKEN, "does": "ticket-taken"},
            *(
                {"pin": pin, "does": f"key-{key}"}
                for key, pin in {"next": NEXT, "prev": PREV, "ok": OK, "back": BACK, "help": HELP}.items()
            ),
        ],
        "outputs": [{"pin": LAMP, "shows": "help"}, {"pin": TAKE_LAMP, "shows": "take"}],
    },
]


@pytest.fixture
def hall(start_hall: Callable[..., Any], tmp_path: Path) -> Any:
    """The demonstration's hall with more devices; a number stays a minute on its kiosk's screen."""
    more = [KINDS[table["driver"]].settings.model_validate({"port": "sim:"} | table) for table in TABLES]
    names = {table["name"] for table in TABLES}
    devices = (*(one for one in demo_settings(tmp_path).devices if one.name not in names), *more)
    return start_hall(devices=devices, kiosk=KioskSettings(take_seconds=60))


@pytest.fixture
def kiosk(hall: Any, new_page: Callable[..., Page]) -> Page:
    page = new_page(1080, 1920)
    page.goto(hall.kiosk_page)
    state(page, "idle")
    wait_until(lambda: hall.program.hall.screen.listeners)
    return page


def state(page: Page, name: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-state", name)


def test_five_keys_take_a_number_without_a_finger_on_the_screen(hall: Any, kiosk: Page) -> None:
    pins = hall.simulator("cabinet")
    hall.lay("zhang")
    state(kiosk, "choosing")
    pins.press(NEXT)
    first = kiosk.locator("#services button").first
    expect(first).to_be_focused()
    pins.press(NEXT)
    pins.press(PREV)
    expect(first).to_be_focused()
    pins.press(OK)
    state(kiosk, "taking")
    wait_until(lambda: pins.lit(TAKE_LAMP))
    # The slip leaves its slot, the card its reader: nothing is left to wait for.
    pins.press(TAKEN)
    hall.reader.lift()
    state(kiosk, "idle")
    pins.press(HELP)
    expect(kiosk.locator("#help")).to_be_visible()
    wait_until(lambda: pins.lit(LAMP))
    pins.press(BACK)
    expect(kiosk.locator("#help")).to_be_hidden()
    calls = hall.program.hall.help
    (wanted,) = calls.open()
    assert pins.lit(LAMP), "somebody is still to come"
    calls.answer(wanted.id, DESK)
    calls.done(wanted.id, DESK)
    wait_until(lambda: not pins.lit(LAMP))


def test_back_leaves_a_visit(hall: Any, kiosk: Page) -> None:
    hall.lay("zhang")
    state(kiosk, "choosing")
    hall.simulator("cabinet").press(BACK)
    state(kiosk, "idle")


def test_a_slip_held_before_the_kiosk_shows_its_place_and_a_strange_code_says_so(hall: Any, kiosk: Page) -> None:
    issue(hall, card="wang")
    slip = issue(hall)
    scanner = hall.simulator("kiosk-scanner")
    scanner.scan(slip.code)
    found = kiosk.locator("#found")
    expect(found).to_contain_text("A002")
    expect(found).to_contain_text("前面还有 1 人")
    scanner.scan("6901234567892")
    expect(found).to_contain_text("请扫今天小票上的二维码")
    expect(found).not_to_contain_text("A002")


def test_an_appointments_code_held_before_the_kiosk_tells_when_it_is(hall: Any, kiosk: Page) -> None:
    made = hall.program.hall.setup.read()
    slots = tuple(Slot("tax", weekday, 600, 630, 4) for weekday in range(1, 8))
    manager = Actor("zhou", "manager", "hall")
    hall.program.hall.setup.replace(HallSetup(made.services, made.windows, slots=slots), manager)
    day = hall.office.ledger.today() + timedelta(days=2)
    booked = hall.program.hall.appointments.book("tax", day, 600, resident_of("zhang"), manager, "api")
    hall.simulator("kiosk-scanner").scan(booked.code)
    expect(kiosk.locator("#found")).to_contain_text("10:00，请到时来刷身份证取号")


def test_the_screen_is_dimmed_while_nobody_is_there(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(1080, 1920, clock=True)
    page.goto(hall.kiosk_page)
    wait_until(lambda: hall.program.hall.screen.listeners)
    pins = hall.simulator("cabinet")
    pins.press(PRESENCE)
    wait_until(lambda: page.clock.run_for(1000) or page.locator("html.asleep").count())
    pins.hold(PRESENCE)
    expect(page.locator("html.asleep")).to_have_count(0)


def test_a_code_scanned_at_a_terminal_is_on_its_page_alone(hall: Any, new_page: Callable[..., Page]) -> None:
    pages = []
    for terminal in ("hall-1", "hall-2"):
        token = hall.program.hall.people.add_token(f"t-{terminal}", "terminal", (), terminal)
        page = new_page(1080, 1400)
        page.goto(f"{hall.url}/terminal#terminal={terminal}&token={token}")
        pages.append(page)
    wait_until(lambda: hall.program.hall.terminal_news.listeners == 2)
    slip = issue(hall)
    hall.simulator("terminal-scanner").scan(f"HTTPS://Q.EXAMPLE.CN/T/{slip.code}")
    expect(pages[0].locator("#title")).to_contain_text("证件号码后六位")
    expect(pages[1].locator("#home-title")).to_be_visible()


def test_a_pads_key_is_seen_on_the_windows_page_and_so_is_its_refusal(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    pads = hall.simulator("pads")
    pads.press(5, "recall")
    expect(page.locator("#message-text")).to_have_text("窗口现在没有人，请先呼叫下一位")
    issue(hall)
    pads.press(5, "call")
    expect(page.locator("#number")).to_have_text("A001")
    wait_until(lambda: pads.pads[5].ticket == "001")


def test_the_virtual_hall_shows_pads_and_lamps_and_has_their_keys(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(1600, 900)
    page.goto(hall.bench_page)
    page.get_by_role("button", name="更多设备").click()
    others = page.locator("#others")
    pad = others.locator("[data-key^=pads].part-reading", has_text="3号窗口")
    expect(pad).to_contain_text("000 | ---")
    issue(hall)
    others.get_by_role("button", name="呼叫", exact=True).last.click()
    expect(pad).to_contain_text("001")
    others.get_by_role("button", name="求助").click()
    expect(others.locator(".part-lamp", has_text="求助")).to_contain_text("亮")
