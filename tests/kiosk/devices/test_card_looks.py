"""A card that is laid to ask on behalf of its person: told to whoever waits, and to nobody else."""

import threading
from typing import Any

import pytest

from drivers.card_reader.events import CardFound, CardLeft, CardRead, CardRefused, ChipRead
from drivers.card_reader.id_card import IdCard
from kiosk.devices.cards.card_looks import CardLooks
from ticketing.model import TicketingError
from wires import wait_until

CARD = IdCard(kind="resident", name="陈示例", id_number="110102195903076513")


def asked(looks: CardLooks, reader: str | None = None, patience: float = 60.0) -> tuple[threading.Thread, list[Any]]:
    """Somebody who waits for a card; what they are told is in the list once the thread has ended."""
    told: list[Any] = []

    def wait() -> None:
        try:
            told.append(looks.read(reader, patience).id_number)
        except TicketingError as error:
            told.append(error.code)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_until(lambda: looks._waiting or not thread.is_alive())
    return thread, told


def test_a_card_is_told_to_whoever_waits_and_not_to_the_kiosk() -> None:
    looks = CardLooks(["reader"])
    thread, told = asked(looks)
    assert looks.take("reader", CardFound())
    assert looks.take("reader", CardRead(CARD))
    thread.join()
    assert told == [CARD.id_number]
    # It is lifted, and what comes then is the kiosk's.
    assert looks.take("reader", CardLeft())
    assert not looks.take("reader", CardFound())
    assert not looks.take("reader", CardRead(CARD))


def test_nothing_is_taken_while_nobody_waits_or_at_another_reader() -> None:
    looks = CardLooks(["reader", "window-3"])
    assert not looks.take("reader", CardRead(CARD))
    thread, told = asked(looks, "window-3", patience=1.0)
    assert not looks.take("reader", CardRead(CARD))
    assert not looks.take("window-3", object())
    thread.join()
    assert told == ["no_card"]
    assert not looks.take("window-3", CardFound())


def test_another_card_is_the_kiosks_although_nobody_saw_the_first_one_lifted() -> None:
    looks = CardLooks(["reader"])
    thread, _ = asked(looks)
    looks.take("reader", CardRead(CARD))
    thread.join()
    assert not looks.take("reader", CardFound())
    assert not looks.take("reader", CardLeft())


@pytest.mark.parametrize("event", [CardRefused("card_moved"), ChipRead(b"12345678")], ids=["refused", "chip"])
def test_a_card_without_a_number_is_refused_in_words(event: Any) -> None:
    looks = CardLooks(["reader"])
    thread, told = asked(looks)
    assert looks.take("reader", event)
    thread.join()
    assert told == ["card_unread"]


def test_the_reader_is_named_where_there_are_several() -> None:
    assert asked(CardLooks(["a", "b"]))[1] == ["which_reader"]
    assert asked(CardLooks(["a", "b"]), "c")[1] == ["no_reader"]
    assert asked(CardLooks([]))[1] == ["no_reader"]
    looks = CardLooks(["a"])
    first, _ = asked(looks)
    second, told = asked(looks)
    second.join()
    assert told == ["reader_asked"]
    looks.take("a", CardRead(CARD))
    first.join()
