"""Calls for help at the pages: the desk's bell and list, what whoever called is shown, a silent emergency."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from staff import issue, sit_at
from ticketing.help.help_calls import Place
from ticketing.model import Actor
from wires import wait_until

KIOSK = Actor("the-kiosk", "kiosk")
RUNG = """window.rung = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...at) { rung += 1; return start.apply(this, at); };"""
"""Counts the notes of the bell."""


@pytest.fixture
def desk(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The desk's page of somebody who has touched it, with its time in the test's hand."""
    page = new_page(clock=True, script=RUNG)
    hall.program.hall.people.add_account("chen", "desk", (), "desk-password")
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": "desk-password"})
    page.goto(f"{hall.url}/desk")
    expect(page.locator("#line")).to_have_text("已连接")
    page.mouse.click(5, 400)
    expect(page.locator("#bell-off")).to_be_hidden()
    return page


def test_the_desk_rings_until_somebody_goes(hall: Any, desk: Page) -> None:
    calls, box = hall.program.hall.help, hall.office.ledger.box
    calls.call(Place("kiosk", box), KIOSK, "papers")
    row = desk.locator("#calls-list li")
    expect(row).to_contain_text("取号机")
    expect(row).to_contain_text("问材料")
    wait_until(lambda: desk.evaluate("rung") == 4)
    assert desk.evaluate("document.querySelector('#calls').getAnimations().length") == 1, "seen as well"
    assert violations(desk) == []
    desk.clock.fast_forward(15_000)
    wait_until(lambda: desk.evaluate("rung") == 8)
    desk.get_by_role("button", name="我去 · 取号机").click()
    expect(row).to_contain_text("chen 去了")
    assert calls.open_at(Place("kiosk", box)).answered_by == "chen"
    desk.clock.fast_forward(60_000)
    assert desk.evaluate("rung") == 8
    assert violations(desk) == []
    desk.get_by_role("button", name="完成 · 取号机").click()
    expect(desk.locator("#calls")).to_be_hidden()
    assert calls.open() == []


def test_a_browser_that_lets_no_bell_sound_says_so(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(script="Object.defineProperty(AudioContext.prototype, 'state', { get: () => 'suspended' });")
    hall.program.hall.people.add_account("chen", "desk", (), "desk-password")
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "chen", "password": "desk-password"})
    page.goto(f"{hall.url}/desk")
    expect(page.locator("#bell-off")).to_contain_text("请按任意键")


def test_a_phone_calls_without_javascript_and_sees_who_goes(hall: Any, new_page: Callable[..., Page]) -> None:
    code = issue(hall).code
    phone = new_page(390, 844, java_script_enabled=False)
    phone.goto(f"{hall.url}/t/{code}")
    phone.get_by_role("button", name="呼叫工作人员").click()
    expect(phone.locator(".helped")).to_contain_text("已呼叫工作人员")
    (wanted,) = hall.program.hall.help.open()
    hall.program.hall.help.answer(wanted.id, Actor("wang", "clerk"), "3")
    phone.reload()
    expect(phone.locator(".helped")).to_contain_text("3号窗口的工作人员马上来")


def test_f12_held_calls_silently_and_a_tap_of_it_does_nothing(
    hall: Any, desk: Page, new_page: Callable[..., Page]
) -> None:
    calls = hall.program.hall.help
    page = sit_at(new_page(), hall)
    before = page.locator("#message-text").inner_text()
    page.keyboard.press("F12")
    page.keyboard.down("F12")
    wait_until(lambda: len(calls.open()) == 1)
    page.keyboard.up("F12")
    expect(page.locator("#mark")).to_have_text("●")
    assert page.locator("#message-text").inner_text() == before
    expect(page.locator(".emergency")).to_be_hidden()
    line = desk.locator(".emergency")
    expect(line).to_contain_text("紧急呼叫：3号窗口")
    assert desk.evaluate("rung") == 0, "nobody at the window hears of it"
    assert violations(desk) == []
    other = sit_at(new_page(), hall, "1")
    expect(other.locator(".emergency")).to_contain_text("3号窗口")
    line.get_by_role("button", name="我去").click()
    expect(line).to_be_hidden()
    expect(other.locator(".emergency")).to_be_hidden()
    expect(page.locator("#mark")).to_have_text("✓")


def test_f11_calls_somebody_to_the_window(hall: Any, new_page: Callable[..., Page]) -> None:
    page = sit_at(new_page(), hall)
    page.keyboard.press("F11")
    expect(page.locator("#message-text")).to_contain_text("已呼叫工作人员")
    (wanted,) = hall.program.hall.help.open()
    assert wanted.place == Place("window", "3")
    hall.program.hall.help.answer(wanted.id, Actor("chen", "desk"))
    expect(page.locator("#message-text")).to_contain_text("咨询台的工作人员马上来")
