"""Bulk endpoints: the port on pyusb, whose backend (its lowest layer) plays the device."""

import pytest

import wires
from drivers.card_reader.events import CardEvent, CardFound, CardLeft, CardRead
from drivers.card_reader.sam import CardReader
from drivers.errors import OfflineError
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.sam import SamSimulator
from drivers.simulators.plug_usb import PlugUsb
from drivers.supervisor import Supervisor
from drivers.usb_port import is_usb, open_usb

ZHANG = CARDS[0]


def reason(plug: PlugUsb) -> str:
    with pytest.raises(OfflineError) as caught:
        open_usb(plug.url, plug.backend)
    return caught.value.reason


def test_frames_go_out_whole_and_come_back_in_packets() -> None:
    wrote: list[bytes] = []
    plug = PlugUsb(wrote.append)
    assert reason(plug) == "not_found"
    plug.start()
    port = open_usb(plug.url, plug.backend)
    assert reason(plug) == "busy"
    port.write(bytes(200), 1.0)
    assert wrote == [bytes(200)]
    assert port.read(0) == b""
    plug.send(bytes(range(100)))
    assert [port.read(1.0), port.read(1.0), port.read(0.0)] == [bytes(range(64)), bytes(range(64, 100)), b""]
    plug.unplug()
    for use in (lambda: port.read(0.1), lambda: port.write(b"x", 0.1)):
        with pytest.raises(OfflineError) as caught:
            use()
        assert caught.value.reason == "unplugged"
    port.close()
    plug.plug_in()
    again = open_usb(plug.url, plug.backend)
    again.close()
    open_usb(plug.url, plug.backend).close()


@pytest.mark.parametrize(
    ("url", "right"),
    [("usb:0400:c35a", True), ("usb:0400:C35A", True), ("usb:0400", False), ("usb:400:c35a", False), ("usb:", False)],
)
def test_a_device_is_named_by_its_two_numbers(url: str, right: bool) -> None:
    assert is_usb(url) == right
    if not right:
        with pytest.raises(OfflineError):
            open_usb(url)


def test_a_card_is_read_over_usb_and_a_reader_pulled_out_comes_back() -> None:
    reader = SamSimulator(usb=True)
    plug = reader.plug
    assert isinstance(plug, PlugUsb)
    told: list[CardEvent] = []
    driver = CardReader(told.append, find_interval=0.03, presence_interval=0.03)
    supervisor = Supervisor("reader", "sam", lambda: open_usb(plug.url, plug.backend), driver, wires.now)
    reader.start()
    supervisor.start()
    try:
        reader.lay(ZHANG.text, ZHANG.photo)
        wires.wait_until(lambda: told == [CardFound(), CardRead(ZHANG.card)])
        reader.unplug()
        wires.wait_until(lambda: supervisor.state.state == "offline")
        reader.plug_in()
        # The module has lost its selection, so the card is as good as laid again.
        wires.wait_until(lambda: told[2:] == [CardLeft(), CardFound(), CardRead(ZHANG.card)])
        assert supervisor.state.state == "online"
    finally:
        supervisor.stop()
        reader.stop()
