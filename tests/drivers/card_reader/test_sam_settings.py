"""What the settings of a reader change, and readers that answer late or never stop: driver and simulator on a pty."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import wires
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead
from drivers.card_reader.id_card import encode_card
from drivers.card_reader.sam import CardReader, SamSettings
from drivers.card_reader.sam_line import SamLine
from drivers.card_reader.sam_v import Command
from drivers.port import CHUNK
from drivers.simulators.card_reader.cards import CARDS, PHOTO
from drivers.simulators.card_reader.sam import SamSimulator

ZHANG = CARDS[0]
BARE = replace(ZHANG.card, photo=b"")
NUMBER = "05.01-20120101-0000000001-0000000001"


@pytest.fixture
def reader() -> Iterator[SamSimulator]:
    simulator = SamSimulator()
    simulator.start()
    yield simulator
    simulator.stop()


class Configured:
    """The driver as a configuration builds it, at work on the simulator."""

    def __init__(
        self,
        reader: SamSimulator,
        wire: Callable[[Any], Any] = wires.WholeWire,
        patience: float = 60.0,
        **settings: object,
    ) -> None:
        self.told: list[CardEvent] = []
        self.settings = SamSettings.model_validate(
            {"name": "reader", "driver": "sam", "port": reader.url, **settings}, context={}
        )
        device = self.settings.build(self.told.append)  # type: ignore[arg-type]
        assert isinstance(device.driver, CardReader)
        device.driver.find_interval = device.driver.presence_interval = 0.02
        device.driver.answer_timeout, device.driver.read_timeout = patience, 60.0
        self.reads_cards = device.reads_cards
        self.supervisor = wires.Watched("reader", "sam", lambda: wire(self.settings.open_port()), device.driver)
        self.supervisor.start()

    def state(self) -> tuple[str, str | None, str]:
        state = self.supervisor.state
        return state.state, state.reason, state.detail


@pytest.fixture
def configured(reader: SamSimulator) -> Iterator[type[Configured]]:
    opened: list[Configured] = []

    class Kept(Configured):
        def __init__(self, **settings: Any) -> None:
            super().__init__(reader, **settings)
            opened.append(self)

    yield Kept
    for one in opened:
        one.supervisor.stop()


def lay(reader: SamSimulator, new_address: str = "") -> None:
    reader.lay(ZHANG.text, ZHANG.photo, new_address)


def test_the_modules_number_is_told_and_the_photo_stays_in_the_reader(
    reader: SamSimulator, configured: type[Configured]
) -> None:
    desk = configured()
    wires.wait_until(lambda: desk.state() == ("online", None, NUMBER))
    lay(reader)
    wires.wait_until(lambda: len(desk.told) == 2)
    assert desk.told == [CardFound(), CardRead(BARE)]
    assert desk.reads_cards


def test_a_reader_at_a_window_says_so_with_each_event_and_is_not_the_kiosks(
    reader: SamSimulator, configured: type[Configured]
) -> None:
    desk = configured(window="3", photo_decoder="/bin/cat")
    lay(reader)
    wires.wait_until(lambda: len(desk.told) == 2)
    reader.lift()
    wires.wait_until(lambda: len(desk.told) == 3)
    assert desk.told == [
        CardFound(window="3"),
        CardRead(replace(BARE, photo=PHOTO), window="3"),
        CardLeft(window="3"),
    ]
    assert not desk.reads_cards


def test_the_newest_address_takes_the_place_of_the_printed_one(
    reader: SamSimulator, configured: type[Configured]
) -> None:
    desk = configured(newest_address=True)
    lay(reader, "北京市示例区新居路1号")
    wires.wait_until(lambda: len(desk.told) == 2)
    assert desk.told[1] == CardRead(replace(BARE, address="北京市示例区新居路1号"))
    lay(reader)
    wires.wait_until(lambda: len(desk.told) == 5)
    assert desk.told[4] == CardRead(BARE)


def test_a_module_that_failed_its_self_test_is_reset_and_shown_if_that_does_not_help(
    reader: SamSimulator, configured: type[Configured]
) -> None:
    reader.fail_next(0x60, Command.STATUS)
    desk = configured()
    wires.wait_until(lambda: desk.state() == ("online", None, NUMBER))
    assert [asked for _, asked in list(reader.asked)[:3]] == [
        Command.STATUS.value,
        Command.RESET.value,
        Command.STATUS.value,
    ]


def test_a_card_with_a_wrong_check_digit_is_read_and_counted_without_its_number(
    reader: SamSimulator, configured: type[Configured], caplog: pytest.LogCaptureFixture
) -> None:
    desk = configured()
    wrong = replace(BARE, id_number=(BARE.id_number or "")[:17] + "?")
    with caplog.at_level(logging.WARNING):
        reader.lay(encode_card(wrong), PHOTO)
        wires.wait_until(lambda: len(desk.told) == 2)
    assert desk.told[1] == CardRead(wrong)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "1 cards so far" in said
    assert (wrong.id_number or "")[:6] not in said


@pytest.mark.parametrize("begins", ["before", "later"])
def test_a_reader_that_is_one_answer_late_for_ever_reads_cards_and_is_known_for_it(
    reader: SamSimulator, configured: type[Configured], begins: str
) -> None:
    if begins == "before":
        reader.fall_behind(True)
    desk = configured(patience=0.3)
    if begins == "later":
        wires.wait_until(lambda: desk.state() == ("online", None, NUMBER))
        reader.fall_behind(True)
    lay(reader)
    wires.wait_until(lambda: CardRead(BARE) in desk.told)
    # Told by the card's thread, and by the device's state a moment later.
    wires.wait_until(lambda: desk.state() == ("online", None, "answers_late"))
    for _ in range(3):
        desk.told.clear()
        reader.lift()
        wires.wait_until(lambda: CardLeft() in desk.told)
        lay(reader)
        wires.wait_until(lambda: CardRead(BARE) in desk.told)
    wires.wait_until(lambda: desk.state() == ("online", None, "answers_late"))
    reader.fall_behind(False)
    reader.lift()
    wires.wait_until(lambda: desk.state() == ("online", None, NUMBER))


def test_a_reader_that_never_stops_talking_takes_no_core_and_is_garbled_where_it_does_not_answer(
    reader: SamSimulator, configured: type[Configured]
) -> None:
    class Counted(wires.WholeWire):
        read_since = most = 0

        def read(self, timeout: float) -> bytes:
            data = super().read(timeout)
            Counted.read_since += len(data)
            Counted.most = max(Counted.most, Counted.read_since)
            return data

        def write(self, data: bytes, timeout: float) -> None:
            Counted.read_since = 0
            super().write(data, timeout)

    desk = configured(wire=Counted)
    wires.wait_until(lambda: desk.state() == ("online", None, NUMBER))
    reader.babble(bytes.fromhex("96 69 0A 00") * 1000)
    lay(reader)
    wires.wait_until(lambda: CardRead(BARE) in desk.told)
    reader.silence(True)
    wires.wait_until(lambda: "garbled" in desk.supervisor.reasons)
    # What is heard is thrown away before a question and looked through after it, so much each time and no more.
    assert Counted.most < 2 * SamLine.MOST + 2 * CHUNK
    reader.hush()
    reader.silence(False)
    wires.wait_until(lambda: desk.state() == ("online", None, NUMBER))
