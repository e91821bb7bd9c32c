"""From a letter at the kiosk to the list of what fits, with 865 matters; side by side with the same rows shown bare.

Whole: 865 searches of four letters, and again on a processor that is slowed down to a quarter; else twelve.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import large_hall
from config.settings import KioskSettings

SEARCH = """async (searches) => {
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const results = document.getElementById("results");
    const times = { list: [], frame: [], bare: [] }, missed = [];
    for (const { letters, matter } of searches) {
        for (const letter of letters) {
            const key = document.querySelector(`[data-letter=${letter}]`);
            await drawn();
            const began = performance.now();
            key.click();
            results.getBoundingClientRect();      // and all is laid out
            times.list.push(performance.now() - began);
            await drawn();
            times.frame.push(performance.now() - began);
            const rows = results.innerHTML;
            const bare = performance.now();
            results.innerHTML = rows;
            results.getBoundingClientRect();
            times.bare.push(performance.now() - bare);
        }
        if (!results.querySelector(`[data-matter=${matter}]`)) missed.push(matter);
        document.getElementById("back").click();
        document.getElementById("search").click();
    }
    return { times, missed };
}"""
"""Milliseconds until the list is made, until it is drawn, and for the same rows alone."""


def of_all(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


@pytest.mark.timeout(900)
def test_each_letter_shows_what_fits_at_once(
    start_hall: Callable[..., Any], new_page: Callable[..., Page], figure: Callable[[str], None], whole: bool
) -> None:
    hall = start_hall(kiosk=KioskSettings(choose_seconds=600))
    large_hall.put_into(hall.program.hall)
    page = new_page(1080, 1920)
    with page.expect_response("**/api/v1/matters"):
        page.goto(hall.kiosk_page)
    expect(page.locator("html")).to_have_attribute("data-state", "idle")
    hall.lay("zhang")
    page.locator("#search").click()
    listed = hall.program.hall.matters.listed().matters
    chosen = listed if whole else Random(1).sample(listed, 12)
    # The first letters of a name: what is asked for need not be among the first that are shown.
    searches = [{"letters": one.initials[:4].upper(), "matter": one.id} for one in chosen if one.initials.isalpha()]
    protocol = page.context.new_cdp_session(page)
    for slower in (1, 4) if whole else (1,):
        protocol.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        told = page.evaluate(SEARCH, searches)
        times = told["times"]
        assert len(times["list"]) == sum(len(one["letters"]) for one in searches)
        assert len(told["missed"]) < len(searches) / 3
        ratio = sum(times["list"]) / sum(times["bare"])
        how = "" if slower == 1 else f" on a processor {slower} times slower"
        figure(
            f"letter to list of 865 matters{how}: p50 {of_all(times['list'], 0.5):.1f} ms, "
            f"p99 {of_all(times['list'], 0.99):.1f} ms, drawn p99 {of_all(times['frame'], 0.99):.1f} ms; "
            f"{ratio:.2f} x the same rows bare"
        )
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    protocol.detach()
