"""代办 at the kiosk: the principal's card, then the one of who came."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kiosk.resident.session import KioskSession, Stage
from staff import resident_of
from ticketing.model import Actor, Resident
from wires import wait_until

PRINCIPAL = Resident(kind="resident", name="本人", id_number="1")
AGENT = Resident(kind="resident", name="代办人", id_number="2")


@pytest.fixture
def session() -> KioskSession:
    session = KioskSession(60, 6)
    session.card_read(PRINCIPAL, 0)
    return session


def test_after_the_principals_card_comes_the_agents(session: KioskSession) -> None:
    assert session.for_other(10)
    assert (session.agent_wanted, session.note, session.seconds_left(10)) == (True, "lay_agent", 60)
    session.card_left(20)
    assert session.seconds_left(20) == 50, "the card has to be changed, so lifting it ends nothing early"
    session.card_found()
    session.card_read(AGENT, 30)
    assert (session.resident, session.agent, session.agent_wanted, session.note) == (PRINCIPAL, AGENT, False, None)
    assert session.stage is Stage.CHOOSING
    assert session.seconds_left(30) == 60


def test_the_same_card_again_is_no_agents(session: KioskSession) -> None:
    session.for_other(0)
    session.card_read(PRINCIPAL, 5)
    assert (session.agent, session.agent_wanted, session.note) == (None, True, "lay_agent")


def test_asked_again_it_is_for_oneself_after_all(session: KioskSession) -> None:
    session.for_other(0)
    session.for_other(1)
    assert (session.agent, session.agent_wanted, session.note) == (None, False, None)
    session.for_other(2)
    session.card_read(AGENT, 3)
    session.for_other(4)
    assert (session.agent, session.agent_wanted) == (None, False)


def test_without_anybody_there_is_nobody_to_come_for() -> None:
    assert not KioskSession(60, 6).for_other(0)


def test_whoever_comes_next_finds_nothing_of_an_agent(session: KioskSession) -> None:
    session.for_other(0)
    session.card_read(AGENT, 1)
    session.quit()
    session.card_read(PRINCIPAL, 2)
    assert (session.agent, session.agent_wanted) == (None, False)


def test_a_ticket_for_somebody_else_is_taken_with_both_cards(hall: Any, new_page: Callable[..., Page]) -> None:
    page = new_page(1080, 1920)
    page.goto(hall.kiosk_page)
    hall.lay("zhang")
    page.get_by_role("button", name="代人办理").click()
    expect(page.locator("#proxy")).to_contain_text("请换上代办人的身份证")
    page.locator("#services button").first.click()
    expect(page.locator("#trouble")).to_contain_text("两张身份证")
    page.locator("#trouble button").click()
    hall.reader.lift()
    hall.lay("li")
    expect(page.locator("#proxy")).to_contain_text("代办人：")
    name = str(resident_of("li").name)
    assert name not in page.content()
    page.locator('[data-service="business-licence"]').click()
    kiosk = hall.program.hall.kiosk
    wait_until(lambda: kiosk.view().state == "taking")
    clerk = Actor("clerk", "clerk", "3")
    hall.office.call_next("3", clerk)
    hall.office.scan("3", hall.printer.papers[-1].codes[0], clerk)
    holders = hall.office.holders_at("3", clerk)
    assert holders
    assert (holders.resident.name, holders.agent and holders.agent.name) == (resident_of("zhang").name, name)
