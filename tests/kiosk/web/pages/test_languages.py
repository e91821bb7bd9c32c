"""Residents' pages in a language from a file, written from right to left, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from album import Album
from axe import violations
from config.page_language import read_page_language
from config.settings import HallSettings
from conftest import DemoHall, demo_settings
from kiosk.exchange.sentences import sentences, unfit
from kiosk.web.languages import Spoken
from ticketing.model import Actor
from wires import FORENOON

TAKE = "Take your ticket below"
ARABIC = Path(__file__).parents[3] / "support" / "arabic.toml"
DESK, CLERK = Actor("desk", "desk"), Actor("clerk", "clerk", "1")
FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture
def hall(start_hall: Callable[..., DemoHall], tmp_path: Path) -> DemoHall:
    """The demonstration's hall, whose residents may read Arabic."""
    (tmp_path / "hall").mkdir()
    name = demo_settings(tmp_path / "hall").hall.name
    return start_hall(hall=HallSettings(id="demo", name=name, timezone=FORENOON, languages=(ARABIC,)))


def test_a_phone_is_read_in_the_language_that_its_holder_chose(hall: Any, new_page: Callable[..., Page]) -> None:
    hall.office.issue("business-licence", DESK, print=False)
    issued = hall.office.issue("business-licence", DESK, print=False)
    phone = new_page(390, 844, java_script_enabled=False)
    phone.goto(f"{hall.url}/t/{issued.code}")
    expect(phone.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(phone.locator(".head")).to_contain_text("1 ahead of you")
    phone.get_by_role("link", name="العربية").click()
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    expect(phone.locator(".head [lang=ar]")).to_have_text("أمامك 1")
    expect(phone.locator(".service [lang=ar]")).to_have_text("رخصة تجارية")
    # The choice lasts: from page to page, and after a form was sent.
    phone.goto(f"{hall.url}/t/{issued.code}?ask=cancel")
    phone.locator("#acts .danger", has_text="نعم، إلغاء A002").click()
    expect(phone.locator(".head [lang=ar]")).to_have_text("أُلغي")
    phone.get_by_role("link", name="中文").click()
    expect(phone.locator("html:not([dir])")).to_have_attribute("lang", "zh-CN")
    expect(phone.locator(".head")).to_contain_text("Cancelled")


def test_a_phone_in_it_has_no_barrier_and_fits(hall: Any, new_page: Callable[..., Page]) -> None:
    code = hall.office.issue("business-licence", DESK, print=False).code
    phone = new_page(320, 568)
    phone.goto(f"{hall.url}/t/{code}?language=ar")
    expect(phone.locator(".head [lang=ar]")).to_have_text("أنت التالي")
    assert violations(phone) == []
    assert phone.evaluate(FITS)
    hall.office.call_next("1", CLERK)
    phone.reload()
    expect(phone.locator(".head [lang=ar]")).to_have_text("يرجى التوجه الآن إلى الشباك 1")
    assert violations(phone) == []


def test_a_tablet_speaks_it_until_its_resident_is_done(hall: Any, new_page: Callable[..., Page]) -> None:
    tablet = new_page(1280, 800)
    token = hall.program.hall.people.add_token("rate-1", "terminal", ("1",), "rate-1")
    tablet.goto(f"{hall.url}/rate/1#token={token}")
    change = tablet.locator("[data-next-language]")
    expect(change).to_have_text("English")
    hall.office.issue("business-licence", DESK, print=False)
    hall.office.call_next("1", CLERK)
    hall.office.conclude("1", CLERK)
    expect(tablet.locator("#asking h1")).to_be_visible()
    change.click()
    expect(change).to_have_text("العربية")
    change.click()
    expect(tablet.locator("#asking h1 [lang=ar]")).to_have_text("كيف كانت الخدمة؟")
    expect(tablet.locator("html")).to_have_attribute("dir", "rtl")
    assert violations(tablet) == []
    tablet.locator("[data-grade='5']").click()
    expect(tablet.locator("#thanks h1 [lang=ar]")).to_have_text("شكراً لك")
    expect(tablet.locator("#idle")).to_be_visible()
    expect(tablet.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(tablet.locator("#idle h1 [lang=en]")).to_have_text("Welcome")


def test_the_kiosk_speaks_it_from_card_to_slip_and_is_back_for_the_next_one(
    hall: Any, new_page: Callable[..., Page], album: Album
) -> None:
    kiosk = new_page(1080, 1920)
    kiosk.goto(hall.kiosk_page)
    expect(kiosk.locator("html")).to_have_attribute("data-state", "idle")
    change = kiosk.locator("[data-do=language]")
    change.click()
    expect(change).to_contain_text("العربية")
    change.click()
    expect(kiosk.locator("html")).to_have_attribute("dir", "rtl")
    expect(kiosk.locator(".shown h1.message-words .said")).to_have_text("ضع بطاقة هويتك لأخذ رقم")
    album.take(kiosk, "kiosk-idle-arabic")
    hall.lay("wang")
    row = kiosk.locator("button", has=kiosk.locator(".said", has_text="رخصة تجارية")).first
    expect(row).to_be_visible()
    album.take(kiosk, "kiosk-choosing-arabic")
    # Who reads it in large print gets the slip so, too.
    kiosk.locator("[data-do=elder]").click()
    album.take(kiosk, "kiosk-choosing-arabic-large")
    with kiosk.expect_request("**/kiosk/choose") as sent:
        row.click()
    assert sent.value.post_data_json["large"] is True
    expect(kiosk.locator(".said", has_text="خذ تذكرتك").first).to_be_visible()
    album.take(kiosk, "kiosk-taking-arabic")
    hall.reader.lift()
    expect(kiosk.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(kiosk.locator("html")).to_have_attribute("dir", "ltr")


def test_the_terminal_speaks_it(hall: Any, new_page: Callable[..., Page], album: Album) -> None:
    terminal = new_page(1080, 1920)
    token = hall.program.hall.people.add_token("hall-1", "terminal", (), "hall-1")
    terminal.goto(f"{hall.url}/terminal#terminal=hall-1&token={token}")
    for _ in range(2):
        terminal.locator("[data-do=language]").click()
    expect(terminal.locator("html")).to_have_attribute("dir", "rtl")
    expect(terminal.locator("#data .said")).to_have_text("بياناتي")
    expect(terminal.locator("#home-title .said")).to_have_text("ضع بطاقة هويتك أو امسح تذكرتك")
    album.take(terminal, "terminal-arabic")
    assert terminal.evaluate(FITS)
    terminal.locator("[data-do=language]").click()
    expect(terminal.locator("html")).to_have_attribute("lang", "zh-CN")


def spoken(text: str, folder: Path) -> Spoken:
    file = folder / "language.toml"
    file.write_text(text, "utf-8")
    language, problems = read_page_language(file)
    assert language, problems
    return Spoken(language)


def test_what_changes_in_a_sentence_stands_where_its_language_has_it(tmp_path: Path) -> None:
    words = 'id = "ar"\nname = "ar"\n[words]\n"{1} of {2}" = "{2}/{1}"\n"one" = "1"\n"a & b" = "<b>"\n'
    one = spoken(words, tmp_path)
    assert one.say("one of two") == "two/1"
    assert one.say("  one\n") == "1"
    assert one.say("neither") is None
    page = '<p>一<span class="x" lang="en">a &amp; b</span><b lang="en">no <i>one</i></b></p>'
    assert one.html(page) == (
        '<p>一<span class="x" lang="en"><span class="said" lang="ar" dir="ltr">&lt;b&gt;</span></span>'
        '<b lang="en">no <i>one</i></b></p>'
    )


def test_every_sentence_of_the_file_stands_on_some_page() -> None:
    language, problems = read_page_language(ARABIC)
    assert language and problems == []
    assert set(language.words) - sentences() <= {"Business licence", "Window {1}"}
    some = {TAKE, "{1} ahead of you", "Out of paper: note this number or scan it with your phone"}
    assert some <= sentences()


def test_a_file_that_lacks_a_sentence_or_has_one_too_many_is_told_which(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path)
    known = read_page_language(ARABIC)[0]
    assert known
    words = dict.fromkeys(sentences(), "…") | {"Take your tickets": "…", "Business licence": "…"}
    del words[TAKE]
    assert unfit(known.model_copy(update={"words": words}), settings) == ([TAKE], ["Take your tickets"])
