"""The kiosk's page in halls without matters: of one service, and of forty."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from axe import violations
from config.settings import KioskSettings
from conftest import DemoHall, demo_settings
from ticketing.model import Actor, Service, Window
from ticketing.setup.setup import HallSetup
from wires import wait_until

MANAGER = Actor("zhou", "manager", "hall")
FIND = Path(__file__).with_name("find_matters.js").read_text("utf-8")
ONE = [Service("all", "综合业务", "All services", "A")]
FORTY = [
    Service(f"s{place}", name, english, prefix)
    for place, name, english, prefix in (
        (at, f"{thing}{deed}", f"{english} {place}", "ABCDEFGHJK"[place] + "ABCD"[way])
        for at, (place, thing, english, way, deed) in enumerate(
            (place, thing, english, way, deed)
            for way, deed in enumerate(("新办", "换领", "变更登记", "查询及档案证明"))
            for place, (thing, english) in enumerate(
                (
                    ("营业执照", "Business licence"),
                    ("居住证", "Residence permit"),
                    ("社会保障卡", "Social security card"),
                    ("公积金", "Housing fund"),
                    ("不动产", "Real estate"),
                    ("税务", "Tax"),
                    ("户籍", "Household register"),
                    ("机动车", "Vehicle"),
                    ("食品经营许可证", "Food permit"),
                    ("残疾人证", "Disability card"),
                )
            )
        )
    )
]
"""Forty services, with names of four to twelve characters."""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHall]:
    from kiosk.wiring import build

    folder = tmp_path_factory.mktemp("halls")
    program = build(demo_settings(folder, kiosk=KioskSettings(choose_seconds=600, straight_seconds=2)))
    program.parts.start()
    hall = DemoHall(program, folder)
    hall.wait_for_devices()
    yield hall
    hall.stop()


@pytest.fixture(autouse=True)
def leave(hall: DemoHall) -> Iterator[None]:
    """Nobody stands at the kiosk after the test."""
    yield
    hall.reader.lift()
    hall.program.hall.kiosk.cancel()


def offer(hall: DemoHall, services: Sequence[Service]) -> None:
    setup = HallSetup(tuple(services), (Window("1", "1号窗口", ("*",), "open"),))
    hall.program.hall.setup.replace(setup, MANAGER)


def open_kiosk(hall: DemoHall, page: Page) -> Page:
    page.goto(hall.kiosk_page)
    expect(page.locator("html")).to_have_attribute("data-state", "idle")
    return page


def test_where_there_is_one_service_the_card_is_all_it_takes(hall: DemoHall, new_page: Callable[..., Page]) -> None:
    offer(hall, ONE)
    page = open_kiosk(hall, new_page(1080, 1920))
    seen: list[str] = []
    page.expose_function("keep", lambda shown: seen.append(shown))
    page.evaluate("""() => new MutationObserver(() => keep(document.documentElement.dataset.page))
        .observe(document.documentElement, {attributes: true, attributeFilter: ["data-page"]})""")
    hall.lay("zhang")
    expect(page.locator(".ticket .big")).to_have_text("A001")
    expect(page.locator(".ticket .service")).to_contain_text("综合业务")
    assert "straight" in seen and "home" not in seen, "what happens is said before it does"
    wait_until(lambda: len(hall.printer.papers) == 1)
    assert violations(page) == []


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (1024, 768)], ids=["portrait", "landscape", "small"])
def test_forty_services_are_few_touches_away_on_pages_of_large_rows(
    hall: DemoHall, new_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    offer(hall, FORTY)
    page = open_kiosk(hall, new_page(*size))
    hall.lay("li")
    expect(page.locator("html")).to_have_attribute("data-page", "home")
    page.evaluate(FIND)
    for mode, most_touches in (("normal", 2), ("elder", 3)):
        if mode == "elder":
            page.locator("[data-do=elder]").click()
        told = page.evaluate("allChoices()")
        assert told["trouble"] == [], mode
        assert len(told["touches"]) == 40
        assert max(told["touches"]) <= most_touches, mode
        assert told["most"] <= 16, mode
        assert violations(page) == [], mode
    page.locator("[data-do=language]").click()
    page.locator("#services button").first.click()
    assert violations(page) == [], "English"
