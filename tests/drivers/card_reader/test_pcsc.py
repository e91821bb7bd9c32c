"""The driver of card slots, on the real PC/SC service with virtual cards, and on the simulated slot."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wires
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead, CardRefused, ChipRead
from drivers.card_reader.pcsc import PcscReader, PcscSettings
from drivers.card_reader.pcsc_slot import Lying, PcscSlots
from drivers.card_reader.social_security import SocialSecurityCard
from drivers.errors import OfflineError, RefusedError
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.chip_cards import ChipCard, IdCardChip, ReadIdCard, SocialSecurityChip
from drivers.simulators.card_reader.pcsc import PcscSimulator
from drivers.supervisor import Supervisor
from pcscd import Pcscd, VirtualSlot, pcscd

ZHANG = CARDS[0].card
CARD = SocialSecurityCard("张晓明", ZHANG.id_number or "", "A12345678")
SERIAL = bytes.fromhex("E0 01 02 03 04 05 06 07")


@pytest.fixture(scope="module")
def _service() -> Iterator[Pcscd]:
    with pcscd() as one:
        yield one


@pytest.fixture
def service(_service: Pcscd) -> Pcscd:
    """The service at work, which has noticed that an earlier test's card is gone."""
    slots = PcscSlots("00 00")
    wires.wait_until(lambda: slots.look(0.1) is None)
    slots.close()
    return _service


class Desk:
    """A slot, cards, and the driver at work on it."""

    def __init__(self, put: Callable[[ChipCard], None], take_out: Callable[[], None], open_port: Any, **options: Any):
        self.put, self.take_out = put, take_out
        self.told: list[CardEvent] = []
        self.supervisor = Supervisor("slot", "pcsc", open_port, PcscReader(self.told.append, **options), wires.now)
        self.supervisor.start()
        wires.wait_until(lambda: self.supervisor.state.state == "online")

    def wait_for(self, *events: CardEvent) -> None:
        wires.wait_until(lambda: len(self.told) >= len(events))
        assert self.told == list(events)
        self.told.clear()


@pytest.fixture
def desks(request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Opens desks on ``pcscd``, the real service, or on ``sim``, the simulated slot."""
    ends: list[Callable[[], None]] = []

    def open_desk(kind: str, **options: Any) -> Desk:
        if kind == "sim":
            simulator = PcscSimulator()
            simulator.start()
            settings: Any = None
            desk = Desk(simulator.put, simulator.take_out, lambda: simulator.open_port(settings), **options)
        else:
            slot = VirtualSlot(request.getfixturevalue("service"))
            ends.append(slot.take_out)
            desk = Desk(slot.put, slot.take_out, lambda: PcscSlots("virtual pcd 00 00", 60.0), **options)
        ends.append(desk.supervisor.stop)
        return desk

    yield open_desk
    for end in reversed(ends):
        end()


@pytest.mark.parametrize("kind", ["pcscd", "sim"])
def test_each_card_is_told_once_and_seen_to_leave(desks: Callable[..., Desk], kind: str) -> None:
    desk = desks(kind)
    for card, told in (
        (SocialSecurityChip(CARD), CardRead(CARD)),
        (SocialSecurityChip(CARD, by_tag=False, in_pieces=True), CardRead(CARD)),
        (IdCardChip(SERIAL), ChipRead(SERIAL)),
        (IdCardChip(SERIAL, atr=bytes.fromhex("3B 80 80 01 01")), ChipRead(SERIAL)),
    ):
        desk.put(card)
        desk.wait_for(CardFound(), told)
        desk.take_out()
        desk.wait_for(CardLeft())
    assert "SERIAL" not in repr(ChipRead(b"SERIAL"))


@pytest.mark.parametrize("kind", ["pcscd", "sim"])
def test_an_id_card_on_a_reader_with_a_module_inside_is_read_where_that_is_asked_for(
    desks: Callable[..., Desk], kind: str
) -> None:
    desk = desks(kind, accepts=frozenset({"id-card", "id-chip"}), photo=True)
    desk.put(ReadIdCard(SERIAL, card=ZHANG))
    desk.wait_for(CardFound(), CardRead(ZHANG))
    desk.take_out()
    desk.wait_for(CardLeft())
    desk.put(IdCardChip(SERIAL))
    desk.wait_for(CardFound(), ChipRead(SERIAL))


@pytest.mark.parametrize("kind", ["pcscd", "sim"])
def test_a_card_that_is_not_accepted_is_refused_and_never_asked_for_its_pseudo_identifier(
    desks: Callable[..., Desk], kind: str
) -> None:
    asked: list[bytes] = []

    class Listening(IdCardChip):
        def answer(self, command: bytes) -> bytes:
            asked.append(command)
            return super().answer(command)

    desk = desks(kind, accepts=frozenset({"social-security"}))
    desk.put(Listening(SERIAL, atr=bytes.fromhex("3B 80 80 01 01")))
    desk.wait_for(CardFound(), CardRefused("card_unreadable"))
    assert asked
    assert not [command for command in asked if command.startswith(b"\xff\xca") or command[1] == 0x20]


def test_a_card_taken_out_while_it_is_read_is_refused(service: Pcscd, desks: Callable[..., Desk]) -> None:
    desk = desks("pcscd")

    class Leaving(SocialSecurityChip):
        def answer(self, command: bytes) -> bytes:
            if command[1] == 0xB2:
                raise ConnectionError
            return super().answer(command)

    desk.put(Leaving(CARD))
    wires.wait_until(lambda: len(desk.told) >= 2)
    desk.take_out()
    desk.wait_for(CardFound(), CardRefused("card_moved"), CardLeft())
    desk.put(SocialSecurityChip(CARD))
    desk.wait_for(CardFound(), CardRead(CARD))


def test_a_service_that_goes_and_comes_back_is_told_apart_from_a_missing_reader(
    service: Pcscd, desks: Callable[..., Desk]
) -> None:
    desk = desks("pcscd")
    assert desk.supervisor.state.detail == "Virtual PCD 00 00"
    with pytest.raises(OfflineError) as caught:
        PcscSlots("no such reader")
    assert caught.value.reason == "not_found"
    service.stop()
    wires.wait_until(lambda: desk.supervisor.state.reason == "no_pcscd")
    service.start()
    wires.wait_until(lambda: desk.supervisor.state.state == "online")
    desk.put(SocialSecurityChip(CARD))
    desk.wait_for(CardFound(), CardRead(CARD))


def test_a_card_that_never_answers_holds_nobody_for_ever(service: Pcscd) -> None:
    slot = VirtualSlot(service)
    slot.silent.set()
    slot.put(IdCardChip(SERIAL))
    told: list[CardEvent] = []
    patience, opened = [0.3], []

    def open_slots() -> PcscSlots:
        opened.append(patience[0])
        return PcscSlots("00 00", patience[0])

    supervisor = wires.Watched("slot", "pcsc", open_slots, PcscReader(told.append), backoff=(0.02,))
    supervisor.start()
    try:
        wires.wait_until(lambda: supervisor.state.reason == "silent")
        assert told == [CardFound(), CardRefused("reader_lost")]
        threads, tries = threading.active_count(), len(opened)
        wires.wait_until(lambda: len(opened) > tries + 5)
        assert supervisor.reasons[-1] == "silent"
        assert threading.active_count() <= threads
        patience[0] = 60.0
        slot.take_out()
        slot.silent.clear()
        slot.put(IdCardChip(SERIAL))
        wires.wait_until(lambda: ChipRead(SERIAL) in told)
        wires.wait_until(lambda: supervisor.state.state == "online")
    finally:
        supervisor.stop()
        slot.take_out()


@pytest.mark.parametrize("fault", ["refuse", "garble", "late", "silent", "unplug", "take_out"])
def test_the_simulated_slot_has_hands_for_each_fault(fault: str) -> None:
    simulator = PcscSimulator()
    simulator.start()
    told: list[CardEvent] = []
    settings = PcscSettings.model_validate({"name": "slot", "driver": "pcsc", "port": "sim:", "window": "3"})
    device = settings.build(told.append)  # type: ignore[arg-type]
    supervisor = Supervisor("slot", "pcsc", lambda: simulator.open_port(settings), device.driver, wires.now)
    supervisor.start()
    try:
        match fault:
            case "refuse":
                simulator.refuse(b"\x6a\x82")
            case "garble":
                simulator.garble(True)
            case "late":
                simulator.delay(0.2)
            case "unplug" | "take_out":
                simulator.delay(600.0)
            case "silent":
                simulator.silence(True)
        simulator.use("lay", {"card": "zhang"})
        wires.wait_until(lambda: CardFound(window="3") in told)
        if fault in ("unplug", "take_out"):
            simulator.use(fault, {})
        if fault != "late":
            reason = {"unplug": "reader_lost", "take_out": "card_moved"}.get(fault, "card_unreadable")
            if fault == "silent":
                assert told == [CardFound(window="3")]
            else:
                wires.wait_until(lambda: CardRefused(reason, window="3") in told)
        simulator.refuse(b"")
        simulator.garble(False)
        simulator.delay(0)
        simulator.silence(False)
        simulator.plug_in()
        simulator.use("lay", {"card": "zhang"})
        wires.wait_until(lambda: told[-1] == CardRead(CARD, window="3"))
        wires.wait_until(lambda: supervisor.state.state == "online")
    finally:
        supervisor.stop()
        simulator.stop()


class Scripted:
    """Slots whose one card answers what the test says until that is used up, and then leaves; the service ends."""

    names = ("slot",)

    def __init__(self, answers: list[bytes], atr: bytes) -> None:
        self.link = wires.SpyLink()
        self._answers = iter(answers)
        self._looks = iter([Lying("slot", atr, 1)] * 6 + [None])

    def look(self, timeout: float) -> Lying | None:
        card = next(self._looks, None)
        if card is None:
            self.link.stopping.set()
        return card

    def connect(self, card: Lying) -> None:
        pass

    def transmit(self, command: bytes) -> bytes:
        answer = next(self._answers, None)
        if answer is None:
            raise RefusedError("card_moved")
        return answer

    def disconnect(self) -> None:
        pass

    def close(self) -> None:
        pass


@given(st.lists(st.binary(min_size=2, max_size=300), max_size=12), st.binary(max_size=8))
def test_any_answers_of_a_card_end_in_one_refusal_or_one_card(answers: list[bytes], atr: bytes) -> None:
    told: list[CardEvent] = []
    slots = Scripted(answers, atr)
    everything = frozenset({"social-security", "id-chip", "id-card"})
    PcscReader(told.append, accepts=everything, photo=True).serve(slots, slots.link)
    assert [type(event) for event in told] == [CardFound, type(told[1]), CardLeft]
    assert isinstance(told[1], CardRead | ChipRead) or told[1] in (
        CardRefused("card_unreadable"),
        CardRefused("card_moved"),
    )


@pytest.mark.parametrize(
    ("table", "right"),
    [
        ({"port": "pcsc:"}, True),
        ({"port": "pcsc:acr122"}, True),
        ({"port": "ACS ACR122U", "accepts": ["social-security", "id-chip"]}, True),
        ({"port": "/dev/ttyUSB0"}, False),
        ({"port": "tcp://192.0.2.1:5000"}, False),
        ({"port": "pcsc:", "accepts": []}, False),
        ({"port": "pcsc:", "accepts": ["bank"]}, False),
    ],
)
def test_settings_name_a_reader_and_what_it_accepts(table: dict[str, Any], right: bool) -> None:
    values = {"name": "slot", "driver": "pcsc", **table}
    if right:
        settings = PcscSettings.model_validate(values)
        assert settings.build(lambda _event: None).reads_cards
    else:
        with pytest.raises(ValueError, match="validation error"):
            PcscSettings.model_validate(values)
