"""scan.js in a real browser: a scanner that types is known by its pace, and ordinary typing is left alone.

The page's clock stands still but for the milliseconds that a test lets pass, so that a busy machine does not make a
slow typist of the scanner.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

import kiosk
from wires import wait_until

MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CODE = "7ZQ2M4RDX0KH3W9P"
SCRIPT = Path(kiosk.__file__).parent / "web" / "static" / "shared" / "scan.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>scan</title>
<button id="button">按钮</button><input id="field" value="旧"><textarea id="area"></textarea>
<select id="choice"><option>一</option><option>HTTP</option><option>7</option></select>"""
HEARD = "window.scans = []; window.lone = []; window.presses = 0;"
LISTEN = """async () => {
    const { listenForScans } = await import("/scan.js");
    document.getElementById("button").addEventListener("click", () => (window.presses += 1));
    window.stop = listenForScans((text) => scans.push(text), (key) => lone.push(key));
}"""


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page that listens for scans, with a button, fields and a list to have the focus."""
    page = new_page(clock=True, script=HEARD)

    def serve(route: Route) -> None:
        if route.request.url.endswith("/scan.js"):
            route.fulfill(path=SCRIPT, content_type="text/javascript")
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    page.route("**/*", serve)
    page.clock.install(time=MORNING)
    page.goto("http://127.0.0.1/")
    page.clock.pause_at(MORNING.replace(hour=10))
    page.evaluate(LISTEN)
    return page


def scans(page: Page, expected: list[str]) -> None:
    """After a moment of silence exactly these have been scanned."""
    page.clock.run_for(250)
    wait_until(lambda: len(page.evaluate("scans")) >= len(expected))
    assert page.evaluate("scans") == expected


def burst(page: Page, text: str, end: str = "Enter", pace: int = 5) -> None:
    """Keys that follow each other every ``pace`` milliseconds."""
    for letter in text:
        page.keyboard.type(letter)
        page.clock.run_for(pace)
    if end:
        page.keyboard.press(end)


@pytest.mark.parametrize("end", ["Enter", "Tab", "NumpadEnter", ""])
def test_a_scan_ends_with_enter_tab_or_silence(page: Page, end: str) -> None:
    burst(page, CODE, end)
    scans(page, [CODE])


@pytest.mark.parametrize("focus", ["body", "#button", "#field", "#area", "#choice"])
def test_a_scan_is_taken_wherever_the_focus_is_and_leaves_nothing_there(page: Page, focus: str) -> None:
    page.evaluate("(focus) => document.querySelector(focus).focus()", focus)
    burst(page, f"HTTPS://Q.EXAMPLE.CN/T/{CODE}")
    scans(page, [CODE])
    assert page.evaluate("presses") == 0
    expect(page.locator("#field")).to_have_value("旧")
    expect(page.locator("#area")).to_have_value("")
    expect(page.locator("#choice")).to_have_value("一")


def test_the_line_feed_after_the_enter_presses_nothing(page: Page) -> None:
    page.focus("#button")
    burst(page, CODE)
    page.clock.run_for(5)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+j")
    scans(page, [CODE])
    assert page.evaluate("presses") == 0


def test_enter_presses_the_button_again_once_the_scan_is_over(page: Page) -> None:
    page.focus("#button")
    burst(page, CODE)
    scans(page, [CODE])
    page.keyboard.press("Enter")
    assert page.evaluate("presses") == 1


def test_somebody_who_types_is_left_alone(page: Page) -> None:
    page.focus("#field")
    page.keyboard.press("End")
    burst(page, "7zq2m4rdx0", pace=90)
    expect(page.locator("#field")).to_have_value("旧7zq2m4rdx0")
    page.focus("#button")
    page.keyboard.press("Enter")
    page.clock.run_for(90)
    page.keyboard.press("Space")
    assert page.evaluate("presses") == 2
    scans(page, [])


def test_a_key_that_is_held_is_no_scan(page: Page) -> None:
    for _ in range(20):
        page.keyboard.down("7")
    page.keyboard.up("7")
    page.keyboard.press("Enter")
    scans(page, [])


def test_what_is_no_code_is_handed_on_as_it_came(page: Page) -> None:
    burst(page, "6901234567892")
    scans(page, ["6901234567892"])


def test_a_key_pressed_alone_outside_the_fields_is_told_and_those_of_a_scan_are_not(page: Page) -> None:
    page.keyboard.press("5")
    page.clock.run_for(150)
    burst(page, CODE)
    scans(page, [CODE])
    page.focus("#area")
    page.keyboard.press("6")
    page.clock.run_for(150)
    assert page.evaluate("lone") == ["5"]


def test_a_pasted_code_is_a_scan_and_other_text_is_pasted(page: Page) -> None:
    page.fill("#area", f"https://q.example.cn/t/{CODE.lower()}")
    page.focus("#area")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.focus("#button")
    page.keyboard.press("Control+v")
    page.focus("#field")
    page.keyboard.press("Control+v")
    scans(page, [CODE, CODE])
    expect(page.locator("#field")).to_have_value("旧")

    page.fill("#area", "营业执照")
    page.focus("#area")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.focus("#field")
    page.keyboard.press("End")
    page.keyboard.press("Control+v")
    expect(page.locator("#field")).to_have_value("旧营业执照")
    scans(page, [CODE, CODE])


def test_a_chinese_input_method_does_not_stand_in_the_way(page: Page) -> None:
    page.focus("#field")
    page.evaluate(
        """(code) => {
            const field = document.getElementById("field");
            for (const letter of code + "\\n") {
                const physical = letter === "\\n" ? "Enter" : /\\d/.test(letter) ? `Digit${letter}` : `Key${letter}`;
                field.dispatchEvent(new KeyboardEvent("keydown",
                    { key: "Process", code: physical, bubbles: true, cancelable: true }));
                field.value += letter.trim();
            }
        }""",
        CODE,
    )
    scans(page, [CODE])


def test_codes_are_found_in_all_that_scanners_make_of_them(page: Page) -> None:
    found = page.evaluate(
        """async (texts) => {
            const { codeIn } = await import("/scan.js");
            return texts.map(codeIn);
        }""",
        [
            CODE,
            f"https://q.example.cn/t/{CODE.lower()}",
            f"HTTP://10.0.0.5:8080/T/{CODE}",
            f"]Q1{CODE}",
            f"]Q1HTTPS://Q.EXAMPLE.CN/T/{CODE}",
            f"~{CODE}\r",
            "7ZQ2-M4RD-X0KH-3W9P",
            "7zq2 m4rd xokh 3w9p",
            f"HTTPS://Q.EXAMPLE.CN/T/{CODE[:-1]}",
            "HTTPS://Q.EXAMPLE.CN/ABOUT/THE0HALL0ITSELF0",
            "6901234567892",
            "",
        ],
    )
    assert found == [CODE] * 7 + ["7ZQ2M4RDXOKH3W9P"] + [None] * 4


def test_it_stops_when_told(page: Page) -> None:
    page.evaluate("stop()")
    burst(page, CODE)
    scans(page, [])
