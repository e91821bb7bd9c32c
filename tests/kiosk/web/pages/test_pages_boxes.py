"""The boxes of the hall on the technician's page in a real browser."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import insert, update

from axe import violations
from kiosk.box.presence import Presence
from kiosk.box.updates import JOURNAL, Journal, Step
from ticketing.day.transaction import microseconds
from ticketing.store import tables


def other_box(hall: Any, name: str, **told: Any) -> None:
    """A box of another version, as it has written itself down."""
    with hall.office.ledger.verb() as m:
        row = {"name": name, "machine": "tower", "version": "9.0", "version_at": m.at, "started_at": m.at}
        m.conn.execute(insert(tables.box).values(row | told))


def test_a_technician_sees_every_box_and_what_to_do_about_it(hall: Any, new_page: Callable[..., Page]) -> None:
    shown = hall.program.hall
    shown.people.add_account("zhao", "technician", (), "technician-password")
    now, own_version = shown.clock(), version("quhao")
    told = Journal("1.0", "2.0", Step.WENT_BACK, True, now.isoformat(), "failed")
    shown.settings.store.key_file.with_name(JOURNAL).write_text(json.dumps(asdict(told)), "utf-8")
    # As the hall's own thread says it now and then.
    Presence(shown.settings, shown.office.ledger.box, shown.boxes, now).report()
    # Far enough from now that no box comes or goes while the test looks.
    long_ago, later = (microseconds(now + timedelta(hours=hours)) for hours in (-3, 1))
    other_box(hall, "kiosk-2", seen_at=later, taken_by="copied-card", taken_at=later)
    other_box(hall, "kiosk-3", seen_at=long_ago)
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

    page.locator("[data-switch-language]").click()
    expect(taken.locator(".device-advice")).to_contain_text("goes by the name kiosk-2, too")
    assert violations(page) == []
    gone.get_by_role("button", name="Remove").click()
    gone.get_by_role("button", name="Press again to remove").click()
    expect(cards).to_have_count(2)
    with hall.office.ledger.store.write() as conn:
        conn.execute(update(tables.box).values(version=own_version))
    expect(page.locator("#boxes-told")).to_be_hidden()
