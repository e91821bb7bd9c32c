"""The kiosk's page in the largest hall known: 865 matters, 61 services, 50 windows."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import large_hall
from axe import violations
from config.settings import KioskSettings
from conftest import DemoHall, demo_settings
from ticketing.model import Actor
from wires import wait_until

DESK = Actor("desk", "desk", "desk")
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080), "small": (1024, 768)}
MATTERS = large_hall.matters()
CHOSEN = [*random.Random(10).sample(MATTERS, 49), next(one for one in MATTERS if len(one["name"]) == 60)]
"""Fifty matters, one of them with a name of 60 characters."""

FIND = Path(__file__).with_name("find_matters.js").read_text("utf-8")
"""How a resident finds a matter, as functions of the page: see there."""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHall]:
    """The hall at work; a resident has ten minutes to choose."""
    from kiosk.wiring import build

    folder = tmp_path_factory.mktemp("large")
    program = build(demo_settings(folder, kiosk=KioskSettings(choose_seconds=600)))
    program.parts.start()
    hall = DemoHall(program, folder)
    large_hall.put_into(program.hall)
    for matter, count in ((MATTERS[3], 3), (MATTERS[50], 2), (MATTERS[700], 1)):
        for _ in range(count):
            program.hall.office.issue(matter["service"], DESK, print=False, matters=(matter["id"],))
    hall.wait_for_devices()
    yield hall
    hall.stop()


def choose_at(hall: DemoHall, page: Page, card: str = "zhang") -> Page:
    """The page after this card was laid, with all matters known."""
    with page.expect_response("**/api/v1/matters"):
        page.goto(hall.kiosk_page)
    expect(page.locator("html")).to_have_attribute("data-state", "idle")
    hall.lay(card)
    expect(page.locator("html")).to_have_attribute("data-page", "home")
    page.evaluate(FIND)
    return page


@pytest.fixture
def leave(hall: DemoHall) -> Iterator[None]:
    """Nobody stands at the kiosk before and after the test."""
    yield
    hall.reader.lift()
    hall.program.hall.kiosk.cancel()


@pytest.mark.usefixtures("leave")
@pytest.mark.parametrize("size", SIZES)
def test_any_matter_is_three_touches_away_and_all_of_its_name_is_seen(
    hall: DemoHall, new_page: Callable[..., Page], size: str
) -> None:
    page = choose_at(hall, new_page(*SIZES[size]))
    expect(page.locator("#personal button").first).to_be_visible()
    found = page.evaluate("(chosen) => byTouch(chosen)", CHOSEN)
    assert [one for one in found if one["trouble"] or one["touches"] > 3] == []


@pytest.mark.usefixtures("leave")
@pytest.mark.parametrize("size", SIZES)
def test_in_large_print_four_letters_and_a_touch_find_any_matter(
    hall: DemoHall, new_page: Callable[..., Page], size: str
) -> None:
    page = new_page(*SIZES[size])
    choose_at(hall, page)
    page.locator("[data-do=elder]").click()
    # One choice a line on the first page, and the letters below.
    assert page.evaluate("tooSmall()") == []
    assert page.evaluate("onePerLine()")
    found = page.evaluate("(chosen) => byLetters(chosen)", CHOSEN)
    assert [one for one in found if one["trouble"]] == []
    assert {one["columns"] for one in found} == {1}


@pytest.mark.usefixtures("leave")
def test_five_keys_and_what_is_read_aloud_find_any_matter(hall: DemoHall, new_page: Callable[..., Page]) -> None:
    page = choose_at(hall, new_page(*SIZES["portrait"]))
    expect(page.locator("#spoken")).to_contain_text("请选择要办的事")
    found = page.evaluate("(chosen) => byKeys(chosen)", CHOSEN)
    assert [one for one in found if one["trouble"]] == []


@pytest.mark.usefixtures("leave")
def test_what_was_chosen_is_on_the_ticket_with_the_papers_to_bring(
    hall: DemoHall, new_page: Callable[..., Page]
) -> None:
    page = choose_at(hall, new_page(*SIZES["portrait"]), "wang")
    matter = CHOSEN[0]
    page.evaluate("(matter) => goTo(matter)", matter)
    with page.expect_response("**/kiosk/choose") as chosen:
        page.locator(f"#list [data-matter={matter['id']}]").click()
    assert chosen.value.json()["matters"] == [matter["id"]]
    expect(page.locator(".ticket .service")).to_contain_text(matter["name"])
    expect(page.locator("#papers")).to_contain_text(f"{matter['name']}申请表（原件、复印件 1 份）")
    expect(page.locator("#spoken")).to_contain_text("您的号码是")
    expect(page.locator(".take .step:visible").first).to_contain_text("请在下方取走小票")
    # What to bring, on paper, for who has to come again.
    wait_until(lambda: hall.program.hall.kiosk.view().state == "taking")
    printed = len(hall.printer.papers)
    page.locator("#print-papers").click()
    expect(page.locator("#papers-printed")).to_contain_text("请取走单子")
    assert len(hall.printer.papers) == printed + 1
    expect(page.locator("#spoken")).to_have_text("请取走单子")
    assert violations(page) + page.evaluate("tooSmall()") == []


@pytest.mark.usefixtures("leave")
def test_every_page_of_the_choice_is_free_of_barriers(hall: DemoHall, new_page: Callable[..., Page]) -> None:
    page = choose_at(hall, new_page(*SIZES["small"]), "li")
    seen = {}

    def look(name: str) -> None:
        seen[name] = violations(page) + page.evaluate("tooSmall()")

    for language in ("zh-CN", "en"):
        expect(page.locator("html")).to_have_attribute("lang", language)
        look(f"home {language}")
        page.locator("#personal button").first.click()
        look(f"theme {language}")
        page.locator("#list button").first.click()
        look(f"range {language}")
        page.locator("#back").click()
        page.locator("#back").click()
        page.locator("#search").click()
        page.locator("[data-letter=Y]").click()
        look(f"search {language}")
        page.locator("#back").click()
        page.locator("[data-do=help]").click()
        look(f"help {language}")
        page.locator("#back").click()
        for mode in ("elder", "contrast"):
            page.locator(f"[data-do={mode}]").click()
            look(f"{mode} {language}")
        for mode in ("elder", "contrast"):
            page.locator(f"[data-do={mode}]").click()
        page.locator("[data-do=language]").click()
    assert {name: found for name, found in seen.items() if found} == {}
