"""The kiosk's page by five keys and by what is read aloud: errors, saying it again, and more time."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from config.settings import KioskSettings
from conftest import DemoHall, demo_settings

MISTYPED = "110105199001010011"
"""Its last figure is wrong."""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHall]:
    from kiosk.wiring import build

    folder = tmp_path_factory.mktemp("by-ear")
    program = build(demo_settings(folder, kiosk=KioskSettings(choose_seconds=45)))
    program.parts.start()
    hall = DemoHall(program, folder)
    hall.wait_for_devices()
    yield hall
    hall.stop()


@pytest.fixture
def page(hall: DemoHall, new_page: Callable[..., Page]) -> Iterator[Page]:
    """The kiosk's page, upright, with its time in the test's hand."""
    page = new_page(1080, 1920, clock=True)
    page.goto(hall.kiosk_page)
    expect(page.locator("html")).to_have_attribute("data-state", "idle")
    yield page
    hall.reader.lift()
    hall.program.hall.kiosk.cancel()


def hears(page: Page, words: str) -> None:
    """Wait until this is read, whatever else is read with it."""
    expect(page.locator("#spoken")).to_contain_text(words)


def test_each_figure_and_each_mistake_of_a_typed_number_is_read_aloud(hall: DemoHall, page: Page) -> None:
    page.locator("[data-do=type]").first.click()
    hears(page, "请输入身份证号码")
    page.keyboard.type(MISTYPED[:3])
    expect(page.locator("#spoken")).to_have_text("0，已输入 3 位")
    page.keyboard.type(MISTYPED[3:])
    mistake = page.locator("#typed-problem [lang=zh-CN]").inner_text()
    assert mistake
    expect(page.locator("#spoken")).to_have_text(f"1，已输入 18 位。{mistake}")
    page.keyboard.press("Backspace")
    expect(page.locator("#spoken")).to_have_text("删除一位，已输入 17 位")
    # In the earphones alone: the hall's voice says nothing of it.
    assert hall.speaker.said == []


def test_what_a_page_is_about_is_read_again_after_its_last_choice(hall: DemoHall, page: Page) -> None:
    hall.lay("zhang")
    expect(page.locator("html")).to_have_attribute("data-page", "home")
    hears(page, "请选择要办理的业务")
    greeting = page.locator("#spoken").inner_text()
    for key, other in (("ArrowDown", "ArrowUp"), ("ArrowUp", "ArrowDown")):
        page.keyboard.press(key)
        expect(page.locator("#spoken")).not_to_have_text(greeting)
        begun = page.locator("#spoken").inner_text()
        heard = [begun]
        while heard[-1] != greeting:
            assert len(heard) < 30
            page.keyboard.press(key)
            heard.append(page.locator("#spoken").inner_text())
        assert len(heard) > page.locator("#services button").count()
        page.keyboard.press(key)
        expect(page.locator("#spoken")).to_have_text(begun)
        page.keyboard.press(other)
        expect(page.locator("#spoken")).to_have_text(greeting)


def test_who_needs_more_time_is_asked_twenty_seconds_before_it_is_over(hall: DemoHall, page: Page) -> None:
    hall.lay("li")
    expect(page.locator("html")).to_have_attribute("data-page", "home")
    still = page.locator("#still")
    expect(still).to_be_hidden()

    def wait_for_question() -> None:
        # No more at once than a silent stream is borne for.
        page.clock.fast_forward((int(page.locator("#ring b").inner_text()) - 20) * 1000)
        expect(still).to_be_visible()

    # Any key is enough, and any touch.
    for again in (lambda: page.keyboard.press("ArrowDown"), lambda: page.mouse.click(10, 300)):
        wait_for_question()
        with page.expect_response("**/kiosk/stay"):
            again()
        expect(still).to_be_hidden()
    wait_for_question()
    assert violations(page) == []
