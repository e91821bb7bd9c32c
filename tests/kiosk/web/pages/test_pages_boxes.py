"""The boxes of the hall on the technician's page in a real browser."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import insert, update

from axe import violations
from ticketing.boxes.boxes import LastUpdate, note_taken
from ticketing.store import tables


def other_box(hall: Any, name: str, version: str, **changes: Any) -> None:
    """A box as it has written itself down."""
    with hall.office.ledger.verb() as m:
        at = m.at - 30_000_000
        row = {"name": name, "version": version, "version_at": at, "started_at": at, "seen_at": at}
        m.conn.execute(insert(tables.box).values(row | {"machine": "tower"} | changes))


def test_a_technician_sees_every_box_and_what_to_do_about_it(hall: Any, new_page: Callable[..., Page]) -> None:
    shown = hall.program.hall
    shown.people.add_account("zhao", "technician", (), "technician-password")
    now = shown.clock()
    shown.boxes.report("demo", "1.0", now, LastUpdate("1.0", "2.0", "went_back", "failed", now))
    shown.watch.look()
    long_ago = int((now - timedelta(hours=3)).timestamp()) * 1_000_000
    other_box(hall, "kiosk-2", "2.0")
    other_box(hall, "kiosk-3", "2.0", seen_at=long_ago)
    note_taken(hall.office.ledger.store, "kiosk-2", "copied-card")
    page = new_page()
    page.request.post(f"{hall.url}/api/v1/login", data={"username": "zhao", "password": "technician-password"})
    page.goto(f"{hall.url}/devices")
    cards = page.locator("#boxes > li")
    own, taken, gone = cards.nth(0), cards.nth(1), cards.nth(2)
    expect(cards).to_have_count(3)
    expect(own.locator(".device-name")).to_contain_text("本机")
    expect(own.locator(".device-state")).to_have_text("更新已退回")
    expect(own.locator(".box-update")).to_contain_text("上次更新 1.0 → 2.0：已退回（没有成功 failed）")
    expect(own.locator(".device-advice")).to_contain_text("quhao update status")
    expect(own.get_by_role("button", name="移除")).to_be_hidden()
    expect(taken.locator(".device-state")).to_have_text("重名")
    expect(taken.locator(".device-advice")).to_contain_text("另一台机器 copied-card 也叫 kiosk-2")
    expect(gone.locator(".device-state")).to_have_text("没有联系")
    expect(gone.locator(".device-advice")).to_contain_text("请检查电源和网络")
    expect(page.locator("#boxes-told")).to_contain_text("各主机版本不同")
    assert violations(page) == []

    own.get_by_role("button", name="知道了").click()
    expect(own.locator(".device-state")).to_have_text("正常")
    assert [one for one in shown.watch.standing() if one.kind == "update"] == []

    page.locator("[data-switch-language]").click()
    expect(taken.locator(".device-advice")).to_contain_text("goes by the name kiosk-2, too")
    assert violations(page) == []
    gone.get_by_role("button", name="Remove").click()
    gone.get_by_role("button", name="Press again to remove").click()
    expect(cards).to_have_count(2)
    with hall.office.ledger.store.write() as conn:
        conn.execute(update(tables.box).values(version="2.0", update_after=None, update_at=None, taken_at=None))
    expect(page.locator("#boxes-told")).to_be_hidden()
