"""The virtual hall in a real browser: cards and slips in somebody's hands, and the hall's own pages beside them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from ticketing.model import Actor
from wires import wait_until

CLERK = Actor("clerk", "clerk", "1")


@pytest.fixture
def page(hall: Any, new_page: Callable[..., Page]) -> Page:
    """The bench, with its pages loaded."""
    page = new_page()
    page.goto(hall.bench_page)
    expect(page.locator("#tray li")).not_to_have_count(0)
    expect(desk(page).locator("#go")).to_be_enabled()
    return page


def desk(page: Page) -> FrameLocator:
    return page.frame_locator("#desk")


def kiosk(page: Page) -> FrameLocator:
    return page.frame_locator(".machine iframe")


def drag(page: Page, thing: Locator, place: Locator) -> None:
    """By mouse, as somebody would."""
    thing.hover()  # waits until it lies still
    page.mouse.down()
    end = place.bounding_box()
    assert end
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


def take_a_number(page: Page, card: str, service: str = "营业执照") -> None:
    drag(page, page.locator(f"[data-card={card}]"), page.locator("#pad"))
    kiosk(page).get_by_text(service).first.click()


def test_a_card_becomes_a_slip_a_call_and_the_residents_data(hall: Any, page: Page) -> None:
    take_a_number(page, "zhang")
    expect(page.locator("#mouth img")).to_have_attribute("alt", "第 1 张小票")
    wait_until(lambda: hall.printer.papers)
    expect(page.locator("#mouth img")).to_have_attribute("src", re.compile("^blob:"))
    assert page.locator("#mouth img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 300
    desk(page).locator("#go").click()
    screen = page.frame_locator(".tv iframe")
    expect(screen.get_by_text("A001").first).to_be_visible()
    expect(page.locator("#said li").first).to_contain_text("请到一号窗口")
    wait_until(lambda: "A001" in hall.strip("1").text)
    expect(page.locator("[data-window='1'] .strip img")).to_have_attribute("alt", hall.strip("1").text)
    expect(desk(page).locator("#go-text")).to_have_text("开始办理")
    drag(page, page.locator("#mouth .slip"), page.locator("[data-window='1'] .booth-scan"))
    expect(desk(page).locator("#person-name")).to_have_text("张晓明")
    page.locator("[data-lift]").click()
    expect(page.locator("[data-card=zhang]")).to_be_visible()


def test_a_card_is_laid_and_lifted_by_keyboard(hall: Any, page: Page) -> None:
    page.locator("[data-card=li]").focus()
    page.keyboard.press("Enter")
    lying = page.locator("#pad [data-lift]")
    expect(lying).to_be_visible()
    expect(kiosk(page).locator("#greeting", has_text="李*兰")).to_be_visible()
    lying.focus()
    page.keyboard.press("Space")
    expect(lying).to_have_count(0)


def test_a_card_dropped_beside_the_reader_goes_back(hall: Any, page: Page) -> None:
    laid: list[str | None] = []
    page.on("request", lambda request: laid.append(request.post_data) if request.url.endswith("/lay") else None)
    drag(page, page.locator("[data-card=li]"), page.locator(".tv"))
    expect(page.locator(".ghost")).to_have_count(0)
    page.locator("[data-card=zhang]").click()
    expect(page.locator("#pad [data-lift]")).to_be_visible()
    assert laid == ['{"card":"zhang"}']


def test_a_slip_under_the_wrong_scanner_opens_that_window_and_is_refused(hall: Any, page: Page) -> None:
    take_a_number(page, "zhang")
    expect(page.locator("#mouth .slip")).to_be_visible()
    page.locator("[data-window='2'] .booth-scan").click()
    expect(page.locator("[data-window='2'] .booth-name")).to_have_attribute("aria-pressed", "true")
    expect(desk(page).locator("#message.stop")).to_contain_text("A001")


def test_what_is_pulled_shows_and_can_be_put_back(page: Page) -> None:
    for device, pull, words in (
        ("reader", "plug", "断开"),
        ("printer", "plug", "断开"),
        ("printer", "cover", "上盖"),
        ("printer", "roll", "缺纸"),
    ):
        button = page.locator(f"[data-device={device}][data-pull={pull}]")
        state = page.locator(f"#{device} .state")
        expect(state).to_have_text("正常")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(state).to_have_text(re.compile(words))
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
        expect(state).to_have_text("正常")


def test_the_voice_can_be_heard_again(hall: Any, page: Page) -> None:
    take_a_number(page, "zhang")
    expect(page.locator("#mouth .slip")).to_be_visible()
    desk(page).locator("#go").click()
    play = page.locator("#said button").first
    expect(play).to_be_visible()
    with page.expect_response("**/said/1.wav") as heard:
        play.click()
    assert heard.value.status in (200, 206)
    expect(page.locator("#trouble")).to_be_empty()


def test_the_sound_card_can_be_taken_and_fall_silent(hall: Any, page: Page) -> None:
    for pull in ("taken", "mute"):
        button = page.locator(f"[data-device=speaker][data-pull={pull}]")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
    assert (hall.speaker.occupied, hall.speaker.look()["silent"]) == (True, True)


def test_a_slip_can_be_read_from_near(hall: Any, page: Page) -> None:
    take_a_number(page, "zhang")
    page.locator("#mouth .slip").click()
    expect(page.locator("#reading")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#reading")).to_be_hidden()


def test_the_hall_fits_the_screen_and_breaks_no_rule_of_its_own(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(hall.bench_page)
    expect(desk(page).locator("#go")).to_be_enabled()
    for width, height in ((1366, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        # The pages inside are fitted once it is laid out.
        wait_until(lambda size=size, fits=[width, height]: page.evaluate(size) == fits)
    assert [line for line in said if "Content Security Policy" in line or "Failed" in line] == []


def test_a_hall_nobody_sees_lets_go_of_its_streams(hall: Any, page: Page) -> None:
    hide = """(state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, "hidden")
    wait_until(lambda: {frame.url for frame in page.frames[1:]} == {"about:blank"} if page.title() else False)
    page.evaluate(hide, "visible")
    expect(desk(page).locator("#go")).to_be_enabled()


def test_the_visitor_gets_in_while_somebody_guesses_at_the_same_password(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    for _ in range(8):
        page.request.post(f"{hall.url}/api/v1/login", data={"username": "clerk", "password": "guess"})
    answer = page.goto(hall.bench_page)
    assert answer and answer.status == 200
    expect(desk(page).locator("#go")).to_be_enabled()


def test_without_its_token_the_page_of_the_hall_shows_nothing_and_logs_nobody_in(
    hall: Any, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    page.goto(f"{hall.url}/bench")
    expect(page.locator("#trouble")).to_contain_text("#token=")
    expect(kiosk(page).locator("#trouble")).to_contain_text("令牌")
    expect(page.locator("#tray li")).to_have_count(0)
    assert page.context.cookies() == []
    refused = page.request.post(f"{hall.url}/api/v1/bench/reader/lay", data={"card": "zhang"})
    assert (refused.status, refused.json()["code"]) == (401, "not_logged_in")


def test_a_zone_is_warmed_by_its_slider_and_its_relay_answers(hall: Any, page: Page) -> None:
    zone = hall.simulator("climate")
    page.get_by_role("button", name="更多设备").click()
    item = page.locator("#others > li", has=page.get_by_role("slider"))
    slider = item.get_by_role("slider", name="温度")
    expect(slider).to_have_value("25")
    slider.fill("30")
    expect(slider).to_have_value("30")
    expect(item.locator(".part-lamp", has_text="空调")).to_contain_text("亮")
    assert zone.relay
    assert zone.measured()[0] == 30.0


def test_what_the_broker_is_told_is_shown(hall: Any, page: Page) -> None:
    page.get_by_role("button", name="更多设备").click()
    item = page.locator("#others > li", has_text="MQTT")
    hall.office.issue("tax", CLERK, print=False)
    number = hall.office.call_next("1", CLERK).ticket.number
    expect(item).to_contain_text(number)
    assert json.loads(hall.simulator("broker").topics["quhao/demo/last_call"])["window"] == "1"
