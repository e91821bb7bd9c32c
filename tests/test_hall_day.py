"""A whole hall day through a real browser: card, touch, slip, call, screen, strip, voice, scan, data, finish."""

import io
from collections.abc import Callable

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from config.settings import KioskSettings
from conftest import PASSWORD, DemoHall
from drivers.simulators.card_reader.cards import CARDS
from wires import wait_until


def log_in(page: Page, hall: DemoHall, window: str) -> None:
    """As a clerk does in the morning."""
    page.goto(f"{hall.url}/window/{window}")
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/window/{window}")
    expect(page.locator("#go")).to_be_enabled()


def press(window: Page, key: str) -> None:
    """The one big key, once it says ``key``; it rests for a moment when its meaning changes."""
    expect(window.locator("#go")).to_contain_text(key)
    expect(window.locator("#go")).to_be_enabled()
    window.keyboard.press("Space")


def read_code(png: bytes) -> str:
    """What a phone's camera makes of the slip's picture."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    assert len(found) == 1
    return found[0].text


def test_a_hall_day_from_card_to_finish(start_hall: Callable[..., DemoHall], new_page: Callable[..., Page]) -> None:
    # A number stays on the kiosk's screen for as short as a hall may have it.
    hall = start_hall(kiosk=KioskSettings(take_seconds=2))
    kiosk, screen, window = new_page(1080, 1920), new_page(1920, 1080), new_page()
    kiosk.goto(hall.kiosk_page)
    screen.goto(f"{hall.url}/screen")
    log_in(window, hall, "3")

    for index, sample in enumerate(CARDS[:4], 1):
        number = f"A{index:03}"
        # The resident: lay the card, touch once, take the slip.
        expect(kiosk.locator("html")).to_have_attribute("data-state", "idle")
        hall.lay(sample.id)
        kiosk.locator("#services button", has_text="营业执照").click()
        expect(kiosk.locator("[data-view~=taking] .number.big")).to_have_text(number)
        wait_until(lambda index=index: len(hall.printer.papers) == index)
        paper = hall.printer.papers[-1]
        code = read_code(paper.png())
        assert len(code) == 16
        assert len(paper.bytes) <= 400
        assert sample.card.name not in "".join(paper.texts)
        hall.reader.lift()

        # The clerk: one key calls.
        press(window, "呼叫下一位")
        expect(window.locator("#number")).to_have_text(number)
        expect(screen.locator("#band .number")).to_have_text(number)
        expect(screen.locator("#band .window")).to_contain_text("3号窗口")
        wait_until(lambda number=number: number in hall.strip("3").text)
        wait_until(lambda index=index: len(hall.speaker.said) == index)
        spoken = hall.speaker.said[-1]
        assert spoken.text == f"A零零{'零一二三四'[index]}号,请到三号窗口"
        assert spoken.wav.stat().st_size > 20_000, "a sentence, not a click"

        # The slip is scanned: the data are there.
        hall.scanner("3").scan(code)
        expect(window.locator("#person-name")).to_have_text(sample.card.name)
        expect(window.locator("#fields")).to_contain_text(sample.card.id_number)
        expect(window.locator("#fields")).to_contain_text(sample.card.address)
        wait_until(lambda: "正在办理" in hall.strip("3").text)

        # Finished: nothing of the resident stays on the page.
        press(window, "办结")
        expect(window.locator("#person-name")).not_to_be_visible()
        wait_until(lambda number=number: number not in hall.strip("3").text)
        assert sample.card.name not in window.content()
        assert sample.card.id_number not in window.content()
        expect(kiosk.locator("html")).to_have_attribute("data-state", "idle")

    figures = hall.office.window_view("3").figures
    assert figures.served == 4
    public = kiosk.content() + screen.content()
    assert not [sample.id for sample in CARDS[:4] if sample.card.id_number in public or sample.card.name in public]
    assert hall.office.board().waiting[0].count == 0


def test_every_device_of_the_hall_takes_part(hall: DemoHall) -> None:
    """No page is open: pads, pins, cards and strips are enough to work by."""
    kiosk, pads, cabinet, broker = hall.program.hall.kiosk, *map(hall.simulator, ("pads", "cabinet", "broker"))
    assert kiosk is not None

    # A social security card takes a number; the pad of a window calls it; all that shows or says calls does.
    hall.simulator("card-slot").put_social_security_card()
    wait_until(lambda: kiosk.view().state == "choosing")
    kiosk.choose("tax")
    wait_until(lambda: len(hall.printer.papers) == 1)
    hall.simulator("card-slot").take_out()
    pads.press(1, "call")
    wait_until(lambda: pads.pads[1].ticket == "001")
    for seen in (hall.strip("1"), hall.simulator("board")):
        wait_until(lambda seen=seen: "E001" in seen.text)
    wait_until(lambda: "E001" in str(hall.simulator("old-strips").look()))
    wait_until(lambda: any("E零零一" in one.text for one in hall.speaker.said))
    wait_until(lambda: "E001" in broker.topics.get("quhao/demo/last_call", ""))

    # A button calls the next one to another window; the card laid at that window's reader begins the service.
    wait_until(lambda: kiosk.view().state == "idle")
    hall.lay("zhang")
    wait_until(lambda: kiosk.view().state == "choosing")
    kiosk.choose("household")
    wait_until(lambda: len(hall.printer.papers) == 2)
    hall.reader.lift()
    cabinet.press(17)
    wait_until(lambda: pads.pads[3].ticket == "001")
    hall.simulator("reader-3").use("lay", {"card": "zhang"})
    wait_until(lambda: cabinet.lit(23))

    # Its pad finishes, and the resident grades there.
    pads.press(3, "finish")
    wait_until(lambda: pads.pads[3].asked)
    pads.grade(3, 0)
    wait_until(lambda: hall.program.hall.reports.day(hall.office.ledger.today()).total.rated == 1)

    # Too warm: the air conditioner runs, and the broker knows.
    hall.simulator("climate").use("set_temperature", {"value": 31.0})
    wait_until(lambda: hall.simulator("climate").relay)
    wait_until(lambda: any("31.0" in text for text in list(broker.topics.values())))
    hall.wait_for_devices()
