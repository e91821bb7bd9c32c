"""The reader's driver against the simulated reader on real ptys and sockets; by hand: test_card_reader_bytes."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import wires
from drivers.card_reader import sam_v
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused
from drivers.card_reader.sam import CardReader
from drivers.card_reader.sam_v import Command, SamAnswer
from drivers.errors import OfflineError
from drivers.port import Port, open_port
from drivers.simulators.card_reader.cards import CARDS, SampleCard
from drivers.simulators.card_reader.sam import SamSimulator
from drivers.supervisor import Supervisor

ZHANG, LI = CARDS[0], CARDS[1]


class Desk:
    """A simulated reader and the driver at work on it.

    Args:
        reader: the simulator.
        wire: what lies between the two.
        pace: seconds between finds, short, since there is no card to wait for; None leaves it to the driver.
        patience: seconds for an answer; short where the reader is to give none.
    """

    def __init__(
        self,
        reader: SamSimulator,
        wire: Callable[[Port], Port] = wires.WholeWire,
        pace: float | None = 0.03,
        patience: float = 60.0,
    ) -> None:
        self.reader = reader
        self.told: list[CardEvent] = []
        paces: dict[str, Any] = {} if pace is None else {"find_interval": pace}
        driver = CardReader(self._on_event, presence_interval=0.03, answer_timeout=patience, read_timeout=60.0, **paces)
        self.supervisor = wires.Watched("reader", "sam", lambda: wire(open_port(reader.url)), driver)
        reader.start()
        self.supervisor.start()
        wires.wait_until(lambda: self.supervisor.state.state == "online")

    def _on_event(self, event: CardEvent) -> None:
        if isinstance(event, CardRefused):
            # It was taken away while it was read; the next one is read at once.
            self.reader.card_time = 0.0
        self.told.append(event)

    def stop(self) -> None:
        self.supervisor.stop()
        self.reader.stop()

    def lay(self, sample: SampleCard = ZHANG) -> None:
        self.reader.lay(sample.text, sample.photo)

    def wait_for(self, *events: CardEvent) -> None:
        wires.wait_until(lambda: len(self.told) >= len(events))
        assert self.told == list(events)

    def let_it_ask(self, questions: int = 4) -> None:
        """Until the driver has asked so many more questions."""
        reached = self.reader.total + questions
        wires.wait_until(lambda: self.reader.total >= reached)


@pytest.fixture
def desks() -> Iterator[Callable[..., Desk]]:
    open_desks: list[Desk] = []

    def open_desk(
        wire: Callable[[Port], Port] = wires.WholeWire,
        pace: float | None = 0.03,
        patience: float = 60.0,
        **options: Any,
    ) -> Desk:
        open_desks.append(Desk(SamSimulator(**options), wire, pace, patience))
        return open_desks[-1]

    yield open_desk
    for desk in open_desks:
        desk.stop()


@pytest.fixture
def desk(desks: Callable[..., Desk]) -> Desk:
    return desks()


# Bytes of the manual.


def test_the_simulated_reader_answers_as_the_manual_says() -> None:
    reader = SamSimulator()
    reader.start()
    port = open_port(reader.url)

    def ask(question: str) -> str:
        port.write(bytes.fromhex("AA AA AA 96 69" + question), 1.0)
        answer = port.read(1.0)
        while len(answer) < 7 or len(answer) < 7 + int.from_bytes(answer[5:7], "big"):
            answer += port.read(1.0)
        return answer[5:].hex(" ").upper()

    assert ask("00 03 11 FF ED") == "00 04 00 00 90 94"
    assert ask("00 03 12 FF EE").startswith("00 14 00 00 90 05 00 01 00 25 02 33 01 01 00 00 00")
    assert ask("00 03 20 01 22") == "00 04 00 00 80 84"
    assert ask("00 03 20 02 21") == "00 04 00 00 81 85"
    assert ask("00 03 30 01 32") == "00 04 00 00 41 45"
    reader.lay(ZHANG.text, ZHANG.photo)
    assert ask("00 03 20 01 22") == "00 08 00 00 9F 00 00 00 00 97"
    assert ask("00 03 20 02 21") == "00 0C 00 00 90 00 00 00 00 00 00 00 00 9C"
    assert ask("00 03 30 01 32").startswith("05 08 00 00 90 01 00 04 00 " + ZHANG.text[:4].hex(" ").upper())
    assert ask("00 03 20 01 22") == "00 04 00 00 80 84", "a selected card is found no more"
    assert ask("00 03 30 03 30") == "00 04 00 00 91 95"
    assert ask("00 03 20 01 23") == "00 04 00 00 10 14", "a wrong check byte"
    assert ask("00 03 77 01 75") == "00 04 00 00 21 25", "no such command"
    port.close()
    reader.stop()


# The driver on real wires.


@pytest.mark.parametrize("wire", wires.WIRES)
@pytest.mark.parametrize("tcp", [False, True], ids=["pty", "tcp"])
def test_a_card_is_read_and_seen_to_leave(desks: Callable[..., Desk], wire: Callable[[Port], Port], tcp: bool) -> None:
    desk = desks(wire=wire, tcp=tcp)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.reader.lift()
    desk.wait_for(CardFound(), CardRead(ZHANG.card), CardLeft())


@pytest.mark.parametrize("sample", CARDS, ids=[sample.id for sample in CARDS])
def test_every_kind_of_card_comes_over_the_wire_whole(desk: Desk, sample: SampleCard) -> None:
    desk.lay(sample)
    desk.wait_for(CardFound(), CardRead(sample.card))


def test_a_card_that_stays_is_read_once(desk: Desk) -> None:
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.let_it_ask(8)
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_one_card_after_the_other_is_read(desk: Desk) -> None:
    expected: list[CardEvent] = []
    for sample in (ZHANG, LI, ZHANG):
        desk.lay(sample)
        expected += [CardFound(), CardRead(sample.card)]
        desk.wait_for(*expected)
        desk.reader.lift()
        expected.append(CardLeft())
        desk.wait_for(*expected)


def test_a_card_exchanged_between_two_looks_is_read_too(desk: Desk) -> None:
    desk.lay(ZHANG)
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.lay(LI)
    desk.wait_for(CardFound(), CardRead(ZHANG.card), CardLeft(), CardFound(), CardRead(LI.card))


def test_a_card_with_a_newer_address_is_seen_to_stay(desk: Desk) -> None:
    desk.reader.lay(ZHANG.text, ZHANG.photo, "北京市示例区新居路1号")
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.let_it_ask()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_finds_are_at_least_300_ms_apart(desks: Callable[..., Desk]) -> None:
    asked: list[tuple[float, bytes]] = []

    class Clocked(wires.WholeWire):
        def write(self, data: bytes, timeout: float) -> None:
            asked.append((time.monotonic(), data))
            super().write(data, timeout)

    # As it is set unless told otherwise: with some room, since it is the reader's clock that counts.
    desk = desks(wire=Clocked, pace=None)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.reader.lift()
    wires.wait_until(lambda: len(asked) >= 9)
    finds = [when for when, question in asked if question == sam_v.encode_command(Command.FIND)]
    assert len(finds) >= 3
    assert min(after - before for before, after in itertools.pairwise(finds)) >= 0.305


def test_a_card_that_lies_there_while_the_service_is_started_again_is_read_again(desk: Desk) -> None:
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.supervisor.stop()
    again: list[CardEvent] = []
    driver = CardReader(again.append, presence_interval=0.03, answer_timeout=60.0, read_timeout=60.0)
    successor = Supervisor("reader", "sam", lambda: open_port(desk.reader.url), driver, wires.now)
    successor.start()
    try:
        wires.wait_until(lambda: len(again) == 2)
        desk.reader.lift()
        wires.wait_until(lambda: len(again) == 3)
    finally:
        successor.stop()
    assert again == [CardFound(), CardRead(ZHANG.card), CardLeft()]


def test_reading_takes_no_longer_than_the_bytes_on_their_wire(desks: Callable[..., Desk]) -> None:
    steps: list[tuple[str, bytes]] = []

    class Noted(wires.WholeWire):
        def read(self, timeout: float) -> bytes:
            data = super().read(timeout)
            if timeout:
                steps.append(("heard", data))
            return data

        def write(self, data: bytes, timeout: float) -> None:
            steps.append(("asked", data))
            super().write(data, timeout)

    desk = desks(wire=Noted)

    def on_event(event: CardEvent) -> None:
        steps.append((type(event).__name__, b""))

    driver: Any = desk.supervisor.driver
    driver.on_event = on_event
    desk.lay()
    wires.wait_until(lambda: ("CardRead", b"") in steps)
    select, read = (steps.index(("asked", sam_v.encode_command(one))) for one in (Command.SELECT, Command.READ))
    assert steps[read + 1] == ("CardFound", b"")
    # Each step is taken as soon as the answer before it is whole: nobody waits until nothing more comes.
    for place in (select, read, steps.index(("CardRead", b""))):
        what, data = steps[place - 1]
        assert what == "heard" and data
    between = [what for what, _ in steps[select : steps.index(("CardRead", b""))]]
    assert between.count("asked") == 2


def test_a_reader_that_knows_neither_status_nor_number_works(desk: Desk) -> None:
    desk.reader.know_not(Command.STATUS, Command.SAM_ID)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_a_reader_that_does_not_know_additional_addresses_still_tells_when_a_card_leaves(desk: Desk) -> None:
    desk.reader.know_not(Command.READ_ADDRESS)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.let_it_ask(6)
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    desk.reader.lift()
    desk.wait_for(CardFound(), CardRead(ZHANG.card), CardLeft())
    assert desk.supervisor.reasons == ["online"]


# Faults.


@pytest.mark.parametrize(
    ("sw3", "reason"),
    [
        (0x21, "reader_error"),
        (0x23, "sam_unauthorised"),
        (0x24, "reader_error"),
        (0x31, "card_unreadable"),
        (0x32, "card_unreadable"),
        (0x33, "card_unreadable"),
        (0x34, "card_moved"),
        (0x3F, "card_unreadable"),
        (0x40, "card_unreadable"),
        (0x41, "card_moved"),
        (0x47, "card_moved"),
        (0x60, "sam_broken"),
        (0x66, "sam_unauthorised"),
    ],
)
def test_each_refusal_is_told_once_and_the_card_is_read_when_laid_again(desk: Desk, sw3: int, reason: str) -> None:
    desk.reader.fail_next(sw3)
    desk.lay()
    desk.wait_for(CardFound(), CardRefused(reason))
    desk.let_it_ask(2)
    desk.lay()
    desk.wait_for(CardFound(), CardRefused(reason), CardFound(), CardRead(ZHANG.card))


def test_a_card_refused_twice_is_told_twice(desk: Desk) -> None:
    expected: list[CardEvent] = []
    for _ in range(2):
        desk.reader.fail_next(0x41)
        desk.lay()
        expected += [CardFound(), CardRefused("card_moved")]
        desk.wait_for(*expected)
        desk.let_it_ask(2)


def test_a_module_without_authorisation_is_a_fault_until_it_has_one(desk: Desk) -> None:
    for _ in range(2):
        desk.reader.fail_next(0x66, Command.FIND)
    wires.wait_until(lambda: desk.supervisor.reasons == ["online", "sam_unauthorised", "online"])
    assert desk.supervisor.seen[1].state == "fault"


def test_a_card_that_fails_to_be_selected_once_is_read_all_the_same(desk: Desk) -> None:
    desk.reader.fail_next(0x81, Command.SELECT)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_a_card_that_cannot_be_selected_is_refused_once(desk: Desk) -> None:
    for _ in range(4):
        desk.reader.fail_next(0x81, Command.SELECT)
    desk.lay()
    desk.wait_for(CardRefused("card_moved"), CardFound(), CardRead(ZHANG.card))


def test_a_card_that_is_no_id_card_is_refused(desk: Desk) -> None:
    desk.reader.fail_next(0x40, Command.FIND)
    desk.lay()
    wires.wait_until(lambda: bool(desk.told))
    assert desk.told[0] == CardRefused("card_unreadable")


def test_a_card_pulled_away_while_it_is_read_is_refused(desks: Callable[..., Desk]) -> None:
    desk = desks(card_time=600.0)
    desk.lay()
    desk.wait_for(CardFound())
    desk.reader.lift()
    desk.wait_for(CardFound(), CardRefused("card_moved"))
    desk.lay()
    desk.wait_for(CardFound(), CardRefused("card_moved"), CardFound(), CardRead(ZHANG.card))


def test_a_card_exchanged_for_another_while_it_is_read_is_refused_and_the_other_one_read(
    desks: Callable[..., Desk],
) -> None:
    desk = desks(card_time=600.0)
    desk.lay(ZHANG)
    desk.wait_for(CardFound())
    desk.lay(LI)
    desk.wait_for(CardFound(), CardRefused("card_moved"), CardFound(), CardRead(LI.card))


def test_a_card_whose_text_is_blank_is_refused(desk: Desk) -> None:
    desk.reader.lay(b"\x20\x00" * 128, ZHANG.photo)
    desk.wait_for(CardFound(), CardRefused("card_unreadable"))


def test_what_came_unasked_is_thrown_away(desk: Desk) -> None:
    for answer in (SamAnswer(0, 0, 0x9F, bytes(4)), SamAnswer(0, 0, 0x90, bytes(8))):
        desk.reader.say(sam_v.encode_answer(answer))
    desk.let_it_ask()
    assert desk.told == []
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_a_slow_answer_is_waited_for(desk: Desk) -> None:
    desk.lay()
    desk.reader.delay_next(0.2)
    desk.let_it_ask(1)
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_a_reader_that_swallows_bytes_now_and_then_reads_all_the_same(desks: Callable[..., Desk]) -> None:
    desk = desks(patience=0.3)
    for size in (3, 9, 12):
        desk.reader.cut_next(size)
        desk.let_it_ask(2)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    assert desk.supervisor.state.state == "online"


def test_answers_with_a_wrong_check_byte_are_not_believed(desk: Desk) -> None:
    desk.reader.spoil_next(2)
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))
    assert desk.supervisor.state.state == "online"


def test_a_silent_reader_is_offline_and_comes_back(desks: Callable[..., Desk]) -> None:
    desk = desks(patience=0.3)
    desk.reader.silence(True)
    wires.wait_until(lambda: desk.supervisor.state.state == "offline")
    assert desk.supervisor.state.reason == "silent"
    desk.reader.silence(False)
    wires.wait_until(lambda: desk.supervisor.state.state == "online")
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_a_reader_pulled_out_over_a_card_refuses_it(desks: Callable[..., Desk]) -> None:
    desk = desks(card_time=600.0)
    desk.lay()
    desk.wait_for(CardFound())
    desk.reader.unplug()
    desk.wait_for(CardFound(), CardRefused("reader_lost"))
    desk.reader.plug_in()
    desk.wait_for(CardFound(), CardRefused("reader_lost"), CardFound(), CardRead(ZHANG.card))


def test_a_reader_pulled_out_and_put_back_reads_cards_again(desk: Desk) -> None:
    desk.reader.unplug()
    wires.wait_until(lambda: desk.supervisor.state.state == "offline")
    wires.wait_until(lambda: desk.supervisor.state.reason == "not_found")
    desk.reader.plug_in()
    wires.wait_until(lambda: desk.supervisor.state.state == "online")
    desk.lay()
    desk.wait_for(CardFound(), CardRead(ZHANG.card))


def test_a_reader_in_use_by_another_program_is_busy(desk: Desk) -> None:
    with pytest.raises(OfflineError) as caught:
        open_port(desk.reader.url)
    assert caught.value.reason == "busy"


def test_a_card_is_not_told_by_its_events_representation() -> None:
    event = CardRead(replace(ZHANG.card, name="不应出现"))
    assert "不应出现" not in repr(event)


def test_the_driver_stops_at_once_while_it_waits_for_a_card(desks: Callable[..., Desk]) -> None:
    desk = desks(card_time=600.0)
    desk.lay()
    desk.wait_for(CardFound())
    desk.supervisor.stop(30.0)
    assert not desk.supervisor._thread.is_alive()
