"""Pages that stay open for a day: what they hold in memory does not grow with what happens in the hall.

Whole: 8 hours of the page's time and 5,000 events, else a quarter of an hour and 300.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from staff import sit_at
from ticketing.model import Actor
from wires import wait_until

DESK = Actor("desk", "desk", "desk")
PARTS = 4
STEP = 60_000
"""Milliseconds that the page's time goes on at once: what runs each second runs once in that."""
SLACK = 400_000
"""Bytes: what a browser compiles late, and caches that fill once."""


@dataclass(frozen=True)
class Weight:
    """What a page holds: bytes of JavaScript after its garbage is collected, nodes and listeners of its document."""

    heap: int
    nodes: int
    listeners: int


def weigh(page: Page) -> Weight:
    protocol = page.context.new_cdp_session(page)
    for _ in range(2):
        protocol.send("HeapProfiler.collectGarbage")
    heap = protocol.send("Runtime.getHeapUsage")["usedSize"]
    dom = protocol.send("Memory.getDOMCounters")
    protocol.detach()
    return Weight(heap, dom["nodes"], dom["jsEventListeners"])


@pytest.mark.timeout(1800)
def test_pages_that_stay_open_stay_as_small_as_they_were(hall: Any, new_page: Callable[..., Page], whole: bool) -> None:
    events, hours = (5000, 8.0) if whole else (150, 0.1)
    office = hall.office
    clerk = sit_at(new_page(clock=True), hall, "3")
    screen, own, kiosk = (new_page(1920, 1080, clock=True) for _ in range(3))
    screen.goto(f"{hall.url}/screen")
    own.goto(f"{hall.url}/screen/window/1")
    kiosk.goto(hall.kiosk_page)
    pages = {"screen": screen, "window's screen": own, "clerk": clerk, "kiosk": kiosk}
    weights: list[dict[str, Weight]] = []
    actor = Actor("clerk", "clerk", "1")
    for _ in range(PARTS):
        until = office.last_seq() + events // PARTS
        while True:
            office.issue("business-licence", DESK, print=False)
            number = office.call_next("1", actor).ticket.number
            office.recall("1", actor)
            if office.last_seq() >= until:
                break
            office.conclude("1", actor)
        for _ in range(int(hours * 3_600_000 / STEP / PARTS)):
            for page in pages.values():
                page.clock.fast_forward(STEP)
        # They are up to date, and so have taken all of it.
        expect(own.locator(".one .number")).to_have_text(number)
        expect(screen.locator("#band, #rows").filter(has_text=number).first).to_be_visible()
        wait_until(lambda: clerk.locator("#line").inner_text() == "已连接")
        weights.append({name: weigh(page) for name, page in pages.items()})
        office.conclude("1", actor)
    for name in pages:
        before, after = weights[1][name], weights[-1][name]
        assert after.nodes <= before.nodes * 1.1 + 100, (name, weights)
        assert after.listeners <= before.listeners * 1.1 + 20, (name, weights)
        assert after.heap <= before.heap * 1.1 + SLACK, (name, weights)
