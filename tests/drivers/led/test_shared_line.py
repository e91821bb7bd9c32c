"""One line, many addresses, one thread: strips of several devices on one RS-485 bus, a pty."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.led import onbon_bx as bx
from drivers.led.bx import LedStrip
from drivers.port import open_port
from drivers.shared_line import LineMember, Roll, SharedPort
from drivers.simulators.led.bus import Bus
from drivers.simulators.led.bx import LedStripSimulator
from wires import SpyLink, now, wait_until

ADDRESSES = (1, 2, 3)


class SharedHall:
    """Three strips on one bus, each a device.

    Args:
        patience: seconds that a strip has for an answer; short where one is to be found silent.
    """

    def __init__(self, patience: float = 60.0) -> None:
        self.bus = Bus()
        self.strips = {address: LedStripSimulator(address=address, bus=self.bus) for address in ADDRESSES}
        self.opened = 0
        self.port = SharedPort(self.bus.url, "led-bx", self._open, now)
        self.drivers = {
            address: LedStrip(address=address, answer_timeout=patience, ping_interval=0.1) for address in ADDRESSES
        }
        self.devices = {
            address: LineMember(f"strip-{address}", "led-bx", driver, self.port, now)
            for address, driver in self.drivers.items()
        }

    def _open(self):  # type: ignore[no-untyped-def]
        self.opened += 1
        return open_port(self.bus.url, 9600)

    def start(self) -> None:
        self.bus.start()
        for device in self.devices.values():
            device.start()

    def stop(self) -> None:
        for device in self.devices.values():
            device.stop()
        self.bus.stop()

    def states(self) -> list[str]:
        return [device.state.state for device in self.devices.values()]

    def call(self, address: int, text: str) -> None:
        self.drivers[address].show(text)
        wait_until(lambda: self.drivers[address].shown == text)
        assert self.strips[address].text == text


@contextmanager
def at_work(patience: float) -> Iterator[SharedHall]:
    hall = SharedHall(patience)
    before = set(threading.enumerate())
    hall.start()
    try:
        wait_until(lambda: hall.states() == ["online"] * 3)
        assert len(set(threading.enumerate()) - before) == 2  # the bus and the line
        yield hall
    finally:
        hall.stop()


@pytest.fixture
def hall() -> Iterator[SharedHall]:
    with at_work(60.0) as hall:
        yield hall


@pytest.fixture
def hasty_hall() -> Iterator[SharedHall]:
    with at_work(0.2) as hall:
        yield hall


def test_each_strip_on_a_line_shows_its_own_window_over_one_port(hall: SharedHall) -> None:
    for turn in range(3):
        for address in ADDRESSES:
            hall.drivers[address].show(f"{address}{turn:03}")
    wait_until(lambda: [hall.drivers[one].shown for one in ADDRESSES] == ["1002", "2002", "3002"])
    assert [strip.text for strip in hall.strips.values()] == ["1002", "2002", "3002"]
    assert hall.opened == 1


def test_a_dark_strip_is_found_named_and_holds_up_nobody(hasty_hall: SharedHall) -> None:
    hall = hasty_hall
    said: list[tuple[int, bytes]] = []
    unwrapper = bx.Unwrapper()
    hall.bus.tap(lambda data: said.extend((frame.to, frame.command) for frame in unwrapper.feed(data)))
    hall.call(2, "A001")
    hall.strips[2].unplug()
    wait_until(lambda: hall.devices[2].state.reason == "silent")
    assert hall.devices[2].state.detail == "address 2"
    wait_until(lambda: hall.states() == ["online", "offline", "online"])
    before = len(said)
    hall.call(3, "A002")
    # The dark one is asked once more at most, where that was under way, before the call goes out.
    between = said[before : said.index((3, bx.CMD_SHOW), before)]
    assert [to for to, _ in between].count(2) <= 1
    hall.drivers[2].show("A003")
    hall.strips[2].plug_in()
    wait_until(lambda: hall.states() == ["online"] * 3)
    wait_until(lambda: hall.strips[2].text == "A003")
    assert hall.opened == 1


def test_a_line_that_is_pulled_out_is_lost_to_all_and_comes_back_to_all(hall: SharedHall) -> None:
    hall.call(1, "A001")
    hall.bus.plug.unplug()
    wait_until(lambda: hall.states() == ["offline"] * 3)
    assert {device.state.reason for device in hall.devices.values()} <= {"unplugged", "not_found"}
    hall.bus.plug.plug_in()
    wait_until(lambda: hall.states() == ["online"] * 3)
    hall.call(1, "A001")


def test_when_all_are_silent_each_is_named_and_the_port_is_opened_again(hasty_hall: SharedHall) -> None:
    hall = hasty_hall
    for strip in hall.strips.values():
        strip.silence()
    wait_until(lambda: hall.states() == ["offline"] * 3)
    assert [device.state.detail for device in hall.devices.values()] == ["address 1", "address 2", "address 3"]
    wait_until(lambda: hall.opened > 1)
    for strip in hall.strips.values():
        strip.silence(False)
    wait_until(lambda: hall.states() == ["online"] * 3)


def test_a_refusal_is_the_fault_of_the_strip_that_gave_it(hall: SharedHall) -> None:
    hall.strips[3].nack(4, times=1000)
    hall.drivers[3].show("A001")
    wait_until(lambda: hall.devices[3].state.state == "fault")
    assert (hall.devices[3].state.reason, hall.devices[3].state.detail) == ("strip_memory", "address 3: NACK 4")
    assert hall.states() == ["online", "online", "fault"]
    hall.strips[3]._nacks.clear()
    wait_until(lambda: hall.drivers[3].shown == "A001")


def test_a_late_refusal_takes_back_the_text_of_its_own_address_alone(hall: SharedHall) -> None:
    hall.call(1, "A001")
    hall.call(2, "A002")
    shows = [len([f for f in hall.strips[one].heard if f.command == bx.CMD_SHOW]) for one in (1, 2)]
    refusal = bx.Frame(bx.encode_answer(4), to=bx.PC, sender=2).to_bytes()
    hall.bus.plug.send(refusal)

    def shown(address: int) -> int:
        return len([f for f in hall.strips[address].heard if f.command == bx.CMD_SHOW])

    wait_until(lambda: shown(2) == shows[1] + 1)
    assert shown(1) == shows[0]


def test_a_device_with_many_addresses_is_in_fault_while_some_do_not_answer() -> None:
    link = SpyLink()
    details: list[str] = []
    link.fault = lambda reason, detail="": details.append(f"{reason} {detail}")  # type: ignore[method-assign]
    roll = Roll(link, [1, 3, 5], "strip_dark")
    roll.at(1).online()
    roll.at(3).offline("silent", "address 3")
    assert (link.said, details) == ([], [])
    roll.at(5).offline("silent", "address 5")
    roll.at(3).online()
    roll.at(5).fault("strip_refused", "55")
    roll.at(1).offline("silent")
    roll.at(5).online()
    roll.at(1).online("strip_unconfirmed")
    assert details == [
        "strip_dark address 3, 5",
        "strip_dark address 5",
        "strip_refused address 5; 55",
        "strip_dark address 1, 5; 55",
        "strip_dark address 1",
    ]
    assert link.said == [("online", "")]
