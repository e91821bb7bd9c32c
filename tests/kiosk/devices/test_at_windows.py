"""A social security card at the kiosk and cards at a window, with the whole hall behind them."""

from queue import SimpleQueue
from typing import Any

from drivers.card_reader.events import CardFound, CardLeft, CardRead, CardRefused, ChipRead
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.chip_cards import IdCardChip
from drivers.simulators.card_reader.pcsc import PcscSimulator
from kiosk.devices.at_windows import AtWindows
from kiosk.event_feed import WindowNews
from ticketing.model import Actor, State
from wires import wait_until

CLERK = Actor("clerk", "clerk", "3")
ZHANG = CARDS[0].card
LI = CARDS[1]


def test_a_social_security_card_takes_a_number_and_its_holder_is_known_at_the_window(hall: Any) -> None:
    slot: PcscSimulator = hall.simulator("card-slot")
    kiosk = hall.program.hall.kiosk
    slot.use("lay", {"card": "zhang"})
    wait_until(lambda: kiosk.view().state == "choosing")
    assert (kiosk.view().resident.kind, kiosk.view().resident.name) == ("social-security", "张*明")
    kiosk.choose("business-licence")
    slot.use("take_out", {})
    hall.office.call_next("3", CLERK)
    hall.simulator("reader-3").use("lay", {"card": "zhang"})
    wait_until(lambda: hall.office.window_view("3").ticket.state is State.SERVING)
    found = hall.office.holders_at("3", CLERK)
    # The window's reader tells more than the card that took the number.
    assert (found.resident.kind, found.resident.name, found.resident.id_number) == (
        "resident",
        ZHANG.name,
        ZHANG.id_number,
    )


def test_an_id_card_in_the_slot_is_told_to_go_to_the_other_reader(hall: Any) -> None:
    hall.simulator("card-slot").put(IdCardChip(bytes(8)))
    kiosk = hall.program.hall.kiosk
    wait_until(lambda: "社保卡" in kiosk.view().message)
    assert kiosk.view().state == "idle"


def test_the_windows_pages_are_told_in_words_whatever_comes_of_a_card(hall: Any) -> None:
    told: SimpleQueue[dict[str, Any]] = SimpleQueue()

    class News(WindowNews):
        def tell(self, window: str, event: str, data: Any) -> None:
            assert (window, event) == ("3", "card")
            told.put(data)

    at_windows = AtWindows(hall.office, News(hall.program.hall.feed))
    at_windows.start()
    for event in (
        CardFound(window="3"),
        CardRead(LI.card, window="3"),
        CardLeft(window="3"),
        CardRefused("card_moved", window="3"),
        ChipRead(bytes(8), window="3"),
    ):
        at_windows.hear("reader-3", event)
    said = [told.get(timeout=60) for _ in range(3)]
    at_windows.stop()
    assert [(one["ok"], one["code"]) for one in said] == [
        (False, "card_no_ticket"),
        (False, "card_unread"),
        (False, "chip_only"),
    ]
    assert said[0]["message"].startswith("李*兰，")
    assert "秀" not in str(said)
    assert told.empty()
