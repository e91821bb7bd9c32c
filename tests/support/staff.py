"""What tests of the staff's pages share: somebody at a window, and tickets in people's hands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Locator, Page, expect

from drivers.simulators.card_reader.cards import CARDS
from kiosk import card_holder
from ticketing.model import Actor, Resident


def resident_of(card: str) -> Resident:
    """The resident whose invented card has this id."""
    return card_holder.resident_of(next(one.card for one in CARDS if one.id == card))


def issue(hall: Any, service: str = "business-licence", card: str | None = "zhang") -> Any:
    """A ticket as the kiosk would issue it, without paper: ``.ticket`` and its ``.code``."""
    resident = resident_of(card) if card else None
    return hall.office.issue(service, Actor("kiosk", "kiosk"), resident=resident, print=False)


def sit_at(page: Page, hall: Any, window: str = "3") -> Page:
    """Log in as the clerk, open the window's page and wait until its keys work."""
    hall.log_visitor_in(page)  # logs the visitor of a virtual hall in
    page.goto(f"{hall.url}/window/{window}")
    expect(page.locator("#go")).to_be_enabled()
    return page


def log_in_anew(page: Page, hall: Any, name: str, password: str) -> None:
    """Log in as somebody else, away from any page: one that asks by itself would go to the log-in meanwhile."""
    page.goto("about:blank")
    page.context.clear_cookies()
    assert page.request.post(f"{hall.url}/api/v1/login", data={"username": name, "password": password}).ok


def follow(page: Page, link: Locator) -> None:
    """Press a link to another page, and wait until that page's modules have run: they hear no press before."""
    with page.expect_navigation():
        link.click()


def key_is(page: Page, words: str) -> None:
    """Wait until the big key says this and can be pressed."""
    expect(page.locator("#go-text")).to_have_text(words)
    expect(page.locator("#go")).to_be_enabled()


def stop_time(page: Page) -> None:
    """Have no time pass in a page of ``new_page(clock=True)`` but what the test lets pass: nothing runs out meanwhile.

    It stops some seconds from now, as the page's time cannot go back, and before a silent stream is given up.
    """
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=20))


def no_show(page: Page) -> None:
    """F3 twice, at once: the second is to come within some seconds, which a machine may stand still."""
    page.evaluate(
        """() => {
            for (const key of ["F3", "F3"]) dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
        }"""
    )


def scan(page: Page, text: str) -> None:
    """What a scanner does that types like a keyboard: a key a millisecond, wherever the focus is."""
    page.evaluate(
        """(text) => {
            let at = performance.now();
            for (const key of [...text, "Enter"]) {
                const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, composed: true });
                // Its own time, since the machine may stand still between two keys.
                Object.defineProperty(event, "timeStamp", { value: at++ });
                document.activeElement.dispatchEvent(event);
            }
        }""",
        text,
    )
