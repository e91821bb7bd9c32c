"""USB printers behind usblp. This kernel has no USB: a pty behind a path like theirs stands in for the device."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import wires
from drivers.errors import OfflineError
from drivers.port import UsbPrinterPort, open_port
from drivers.printer.driver import EscposSettings, Outcome, Printer
from drivers.printer.escpos import Text
from drivers.printer.profiles import PROFILES
from drivers.simulators.printer.simulator import PrinterSimulator
from drivers.supervisor import Supervisor


@pytest.fixture
def simulator() -> Iterator[PrinterSimulator]:
    printer = PrinterSimulator(serial=True)
    printer.start()
    yield printer
    printer.stop()


def lp(folder: Path, device: str) -> str:
    """``device`` behind a path as usblp's are."""
    (folder / "usb").mkdir()
    (folder / "usb/lp0").symlink_to(device)
    return str(folder / "usb/lp0")


def test_a_usb_printer_prints_confirms_and_comes_back_after_its_plug_was_pulled(
    tmp_path: Path, simulator: PrinterSimulator
) -> None:
    settings = EscposSettings(name="printer", driver="escpos", port=lp(tmp_path, simulator.url))
    printer = Printer(PROFILES["epson"], poll_interval=0.2)
    supervisor = Supervisor("printer", "escpos", settings.open_port, printer, wires.now)
    supervisor.start()
    try:
        wires.wait_until(lambda: printer.ready is None)
        assert printer.print([Text("A001")], lambda: None, 60.0) == Outcome("printed", None, "gs_h")
        simulator.unplug()
        wires.wait_until(lambda: supervisor.state.state == "offline")
        assert supervisor.state.reason in ("unplugged", "not_found")
        simulator.plug_in()
        wires.wait_until(lambda: supervisor.state.state == "online")
        assert printer.print([Text("A002")], lambda: None, 60.0).state == "printed"
    finally:
        supervisor.stop()
    assert [paper.texts for paper in simulator.papers] == [["A001"], ["A002"]]


def test_a_usb_printer_is_held_by_one_program(tmp_path: Path, simulator: PrinterSimulator) -> None:
    path = lp(tmp_path, simulator.url)
    port = open_port(path)
    assert isinstance(port, UsbPrinterPort)
    with pytest.raises(OfflineError, match="busy"):
        open_port(path)
    port.close()
    open_port(path).close()


def test_a_device_that_is_no_terminal_is_opened_and_an_empty_packet_is_no_end(tmp_path: Path) -> None:
    port = open_port(lp(tmp_path, os.devnull))
    port.write(b"x" * 10_000, 1.0)
    began = time.monotonic()
    assert port.read(0.1) == b""
    assert time.monotonic() - began >= 0.09, "it would spin"
    port.close()
    with pytest.raises(OfflineError, match="unplugged"):
        port.read(0.1)


def test_a_usb_printer_that_takes_no_more_is_stuck_and_one_that_is_not_there_is_not_found(
    tmp_path: Path, simulator: PrinterSimulator
) -> None:
    master, slave = os.openpty()
    port = open_port(lp(tmp_path, os.ttyname(slave)))
    with pytest.raises(OfflineError, match="stuck"):
        port.write(b"x" * 1_000_000, 0.2)
    port.close()
    os.close(master)
    os.close(slave)
    with pytest.raises(OfflineError, match="not_found"):
        open_port("/dev/usb/lp15")
