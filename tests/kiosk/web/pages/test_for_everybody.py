"""What axe cannot see: pages twice as large, with wide spacing, in a browser's own colours, and worked by keyboard."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from conftest import PASSWORD
from staff import issue, log_in_anew
from ticketing.model import Actor
from wires import wait_until

CLERK = Actor("clerk", "clerk", "1")
PHONE = ("/t/{code}", "/t/{code}?ask=why", "/t/{code}?ask=cancel", "/grade/{done}")
STAFF = (
    ("clerk", "/window/3", "#go"),
    ("chen", "/desk", "#services label"),
    ("zhou", "/manage", "main h1, main h2"),
    ("zhao", "/devices", "main h2"),
    ("shen", "/audit", "#entries"),
    ("zhao", "/account", "main h1, main h2"),
)

WIDE = """() => {
    // WCAG 1.4.12, the spacing that a reader may set. A sheet made by script passes the page's policy.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`p { margin-bottom: 2em !important; }
        * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
CUT = """() => [...document.querySelectorAll("body *")].filter((e) => {
    if (e.closest(".hidden-words, svg, dialog:not([open])")) return false;
    if (!e.getClientRects().length || !e.textContent.trim()) return false;
    const style = getComputedStyle(e);
    const hides = (way) => ["hidden", "clip"].includes(style[way]);
    const out = e.getBoundingClientRect();
    return (hides("overflowX") && e.scrollWidth > e.clientWidth + 1)
        || (hides("overflowY") && e.scrollHeight > e.clientHeight + 1) || out.right > innerWidth + 1 || out.left < -1;
}).map((e) => `${e.tagName}.${e.className}#${e.id}: ${e.textContent.trim().slice(0, 30)}`)"""
"""What is cut off, or lies beside the page."""
SEEN = """() => {
    const e = document.activeElement, box = e.getBoundingClientRect();
    if (e === document.body) return "";
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    const labels = [...(e.labels ?? [])];
    // A round or a tick may have the ring around its label, or around what is drawn in its place.
    const ringed = [e, e.nextElementSibling, ...labels].filter(Boolean).some((one) => {
        const { outlineWidth, outlineStyle } = getComputedStyle(one);
        return parseFloat(outlineWidth) >= 2 && outlineStyle !== "none";
    });
    const hit = top && (e.contains(top) || top.contains(e) || labels.some((label) => label.contains(top)));
    return `${e.tagName}#${e.id}.${e.className}${ringed ? "" : " no ring"}${hit ? "" : " hidden"}`;
}"""
"""What has the focus, and whether that is seen."""
FAINT = """(least) => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (e) => {
        for (; e; e = e.parentElement) {
            const rgb = parts(getComputedStyle(e).backgroundColor);
            if (rgb.length === 3 || rgb[3] > 0.99) return rgb;
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll("body *")].map((e) => {
        const words = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
        if (!words || !e.getClientRects().length || e.closest(":disabled, .hidden-words")) return "";
        const [dark, bright] = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => x - y);
        const ratio = (bright + 0.05) / (dark + 0.05);
        return ratio < least ? `${words.slice(0, 20)}: ${ratio.toFixed(2)}` : "";
    }).filter(Boolean);
}"""


@pytest.fixture
def people(hall: Any) -> Any:
    """The hall, with somebody of each role."""
    for name, role in (("chen", "desk"), ("zhou", "manager"), ("zhao", "technician"), ("shen", "auditor")):
        hall.program.hall.people.add_account(name, role, (), PASSWORD)
    return hall


def phone_pages(hall: Any) -> Iterator[str]:
    """The addresses of a resident's phone: a ticket that waits, and one to be graded."""
    done = issue(hall, card=None).code
    hall.office.call_next("1", CLERK)
    hall.office.conclude("1", CLERK)
    code = issue(hall, card=None).code
    return (hall.url + path.format(code=code, done=done) for path in PHONE)


def enter(page: Page, hall: Any, name: str, path: str, ready: str) -> None:
    log_in_anew(page, hall, name, PASSWORD)
    page.goto(hall.url + path)
    expect(page.locator(ready).first).to_be_visible()


def test_nothing_is_lost_at_200_percent_nor_with_wide_spacing(people: Any, new_page: Callable[..., Page]) -> None:
    lost: dict[str, list[str]] = {}
    # 320 pixels: a page for phones at 400 per cent of a desk's screen.
    phone = new_page(320, 568)
    for address in phone_pages(people):
        phone.goto(address)
        phone.evaluate(WIDE)
        lost[address.removeprefix(people.url)[:3] + address.partition("?")[2]] = phone.evaluate(CUT)
    desk = new_page(683, 384)
    for name, path, ready in STAFF:
        enter(desk, people, name, path, ready)
        lost[path] = desk.evaluate(CUT)
        desk.evaluate(WIDE)
        lost[f"{path} wide"] = desk.evaluate(CUT)
    assert {page: found for page, found in lost.items() if found} == {}


def test_what_has_the_focus_is_seen_on_every_page(people: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    unseen: dict[str, list[str]] = {}

    def walk(path: str) -> None:
        page.locator("body").evaluate("() => document.activeElement?.blur()")
        found = []
        for _ in range(14):
            page.keyboard.press("Tab")
            found.append(page.evaluate(SEEN))
        assert any(found), path
        unseen[path] = [one for one in found if " " in one.partition(".")[0] or one.endswith(("no ring", "hidden"))]

    for address in phone_pages(people):
        page.goto(address)
        walk(address)
    for name, path, ready in STAFF:
        enter(page, people, name, path, ready)
        walk(path)
    assert {path: found for path, found in unseen.items() if found} == {}


def test_who_asks_for_more_contrast_gets_seven_to_one(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(390, 844, contrast="more")
    for address in phone_pages(hall):
        page.goto(address)
        assert page.evaluate(FAINT, 7) == [], address
    page.goto(f"{hall.url}/login")
    assert page.evaluate(FAINT, 7) == []


def test_in_a_browsers_own_colours_keys_and_states_can_be_told(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(390, 844, forced_colors="active")
    pressed = "document.querySelectorAll('button, input:not([type=hidden], [type=radio], [type=checkbox]), a.ask')"
    for address in phone_pages(hall):
        page.goto(address)
        edges = page.evaluate(f"[...{pressed}].map((e) => parseFloat(getComputedStyle(e).borderTopWidth))")
        assert all(width >= 1 for width in edges), address
        assert violations(page) == []


def test_a_call_flashes_at_most_three_times_a_second(hall: Any, new_page: Callable[..., Page]) -> None:
    screen = new_page(1920, 1080)
    with screen.expect_response("**/api/v1/events"):
        screen.goto(f"{hall.url}/screen")
    issue(hall, card=None)
    hall.office.call_next("1", CLERK)
    times = "document.getAnimations().map((one) => one.effect.getComputedTiming().duration)"
    wait_until(lambda: screen.evaluate(times))
    assert all(one * 3 >= 1000 for one in screen.evaluate(times))
