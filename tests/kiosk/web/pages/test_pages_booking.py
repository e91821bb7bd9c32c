"""A booking's own page on a phone: seen, cancelled and taken back, with JavaScript and without."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from ticketing.calendar import Slot
from ticketing.model import Actor, Resident
from ticketing.setup.setup import HallSetup

MANAGER = Actor("zhou", "manager", "hall")


def test_a_booking_is_cancelled_on_its_page_and_taken_back(busy: Any, new_page: Callable[..., Page]) -> None:
    made: HallSetup = busy.hall.setup.read()
    slots = tuple(Slot("tax", weekday, 600, 630, 1) for weekday in range(1, 8))
    busy.hall.setup.replace(HallSetup(made.services, made.windows, slots=slots), MANAGER)
    day = busy.at.date() + timedelta(days=1)
    who = Resident(kind="typed", id_number="110102199203040018")
    booked = busy.hall.appointments.book("tax", day, 600, who, MANAGER, "api")
    url = f"http://127.0.0.1:{busy.server.port}/B/{booked.code}"
    page = new_page(390, 844, java_script_enabled=False)

    def state() -> str:
        return str(busy.hall.appointments.of_code(booked.code).state)

    page.goto(url)
    expect(page.locator("main")).to_contain_text("10:00–10:30")
    expect(page.get_by_role("button", name="撤回这次预约")).to_be_visible()
    busy.pass_time(minutes=11)
    page.goto(url)
    page.get_by_role("link", name="取消预约").click()
    page.get_by_role("button", name="确认取消").click()
    expect(page.locator(".head")).to_contain_text("已取消")
    assert state() == "cancelled"
    page.get_by_role("button", name="恢复预约").click()
    expect(page.locator(".head")).to_contain_text("已预约")
    assert state() == "booked"
    busy.hall.appointments.cancel_code(booked.code)
    page.goto(url)
    busy.pass_time(minutes=11)
    page.get_by_role("button", name="恢复预约").click()
    expect(page.locator(".refused")).to_contain_text("10 分钟内才能撤回")
    seen = new_page(390, 844)
    seen.goto(url)
    assert violations(seen) == []
    assert page.request.get(f"{url[:-1]}0").status == 404


@pytest.mark.parametrize("verb", ["cancel", "take-back"])
def test_another_site_cannot_press_its_buttons(busy: Any, verb: str) -> None:
    headers = {"Origin": "https://elsewhere.example", "Content-Type": "application/x-www-form-urlencoded"}
    assert busy.ask("POST", f"/b/{'0' * 16}/{verb}", b"", headers=headers).status == 403
