"""What `quhao devices find` finds: on this box's ports, and on a network."""

import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from foreign import ForeignPrinter, ForeignStrip
from kiosk.devices.finding import Found, find_devices, own_networks
from kiosk.settings import load

LOOPBACK = [IPv4Network("127.0.0.1/32")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with a scanner and a converter, a USB printer, a card reader, a keyboard, I²C and GPIO."""
    for name in (
        "dev/serial/by-id",
        "dev/usb",
        "dev/input/by-id",
        "sys/class/usbmisc/lp0/device",
        "sys/bus/usb/devices/1-2",
    ):
        (tmp_path / name).mkdir(parents=True)
    for name in ("ttyACM0", "ttyUSB0", "ttyUSB1", "usb/lp0", "i2c-1", "gpiochip0", "gpiochip1", "ttyS0"):
        (tmp_path / "dev" / name).touch()
    (tmp_path / "dev/serial/by-id/usb-Newland_Auto-ID_FM430-if00").symlink_to("../../ttyACM0")
    (tmp_path / "dev/serial/by-id/usb-1a86_USB_Serial-if00-port0").symlink_to("../../ttyUSB0")
    (tmp_path / "dev/input/by-id/usb-Honeywell_3320g-event-kbd").touch()
    (tmp_path / "sys/class/usbmisc/lp0/device/ieee1284_id").write_text("MFG:SNBC;MDL:BTP-R880NP;CMD:EPSON;\n")
    (tmp_path / "sys/bus/usb/devices/1-2/idVendor").write_text("0400\n")
    (tmp_path / "sys/bus/usb/devices/1-2/idProduct").write_text("c35a\n")
    return tmp_path


def test_a_boxs_own_ports_are_found_by_names_that_stay(root: Path) -> None:
    found = [one for one in find_devices([], root) if one.driver != "pcsc"]
    assert [(one.driver, one.port) for one in found] == [
        ("", "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"),
        ("scanner", "/dev/serial/by-id/usb-Newland_Auto-ID_FM430-if00"),
        ("", "/dev/ttyUSB1"),
        ("escpos", "/dev/usb/lp0"),
        ("sam", "usb:0400:c35a"),
        ("scanner", "evdev:/dev/input/by-id/usb-Honeywell_3320g-event-kbd"),
        ("climate", "i2c:1"),
        ("gpio", "gpio:"),
    ]
    assert "SNBC BTP-R880NP" in found[3].what.en


@pytest.fixture
def devices() -> Iterator[tuple[ForeignPrinter, ForeignStrip]]:
    printer, strip = ForeignPrinter(), ForeignStrip()
    printer.start()
    strip.start()
    yield printer, strip
    printer.stop()
    strip.stop()


def test_printers_and_strips_of_a_network_are_asked_for_their_status(
    devices: tuple[ForeignPrinter, ForeignStrip], tmp_path: Path
) -> None:
    printer, strip = devices
    # Bound, and not listening: nobody else can be given that port and answer there.
    with closing(socket.create_server(("127.0.0.1", 0))) as mute, closing(socket.socket()) as gone:
        gone.bind(("127.0.0.1", 0))
        silent, closed = mute.getsockname()[1], gone.getsockname()[1]
        # What says nothing has a second, what answers has all the time that it needs.
        found = [
            *find_devices(LOOPBACK, tmp_path, {silent: "escpos", closed: "escpos"}),
            *find_devices(LOOPBACK, tmp_path, {printer.port: "escpos", strip.port: "led-bx"}, answer=30.0),
        ]
    assert {one.port: one.what.en for one in found if one.port.startswith("tcp:")} == {
        f"tcp://127.0.0.1:{printer.port}": "A network printer",
        f"tcp://127.0.0.1:{strip.port}": "A BX controller card of a strip",
        f"tcp://127.0.0.1:{silent}": "Something listens there, and does not answer as such a device",
    }
    assert not printer.papers, "nothing is printed by it"


def test_who_has_taken_the_connection_when_the_time_is_over_is_found(
    devices: tuple[ForeignPrinter, ForeignStrip], tmp_path: Path
) -> None:
    """As on a box that stood still meanwhile."""
    printer, _ = devices
    found = find_devices(LOOPBACK, tmp_path, {printer.port: "escpos"}, connect=0.0, answer=30.0)
    assert f"tcp://127.0.0.1:{printer.port}" in [one.port for one in found]


def test_this_boxs_own_networks_are_small_and_not_loopback() -> None:
    for network in own_networks():
        assert network.prefixlen >= 22
        assert not network.is_loopback


def test_what_is_found_can_be_pasted(root: Path, tmp_path: Path) -> None:
    settings = tmp_path / "quhao.toml"
    ready: list[Found] = [
        one for one in find_devices([], root) if one.driver in ("escpos", "scanner") and one.port.startswith("/dev")
    ]
    tables = [
        "\n".join(["[[devices]]", f'name = "d{number}"', f'driver = "{one.driver}"', f'port = "{one.port}"', *one.more])
        for number, one in enumerate(ready)
    ]
    hall = '[hall]\nid = "hall"\nname = "大厅"\n[store]\nurl = "sqlite:///quhao.db"\nkey_file = "master.key"'
    window = '[[windows]]\nid = "1"\nname = "1号窗口"\nservices = ["*"]'
    settings.write_text("\n".join([hall, *tables, window]), "utf-8")
    assert [one.driver for one in load(settings).devices] == ["scanner", "escpos"]
