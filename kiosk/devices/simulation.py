"""Simulators from settings; imported only by a program that has any."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from config.settings import DeviceSettings
from drivers.simulators.card_reader.sam import SamSimulator
from drivers.simulators.led.bx import LedStripSimulator
from drivers.simulators.printer.printer import PrinterSimulator
from drivers.simulators.scanner import ScannerSimulator
from drivers.simulators.speaker import SpeakerSimulator
from kiosk.devices.virtual_hall import Simulator


def build_simulator(one: DeviceSettings, folder: Path, now: Callable[[], datetime]) -> Simulator:
    """The simulator of a device whose port is ``sim:``; its pty or its sounds lie in ``folder``."""
    match one.driver:
        case "sam":
            return SamSimulator(baudrate=one.baudrate, paced=True)
        case "escpos":
            return PrinterSimulator(now=now)
        case "led-bx":
            return LedStripSimulator(one.width, one.height, model=one.model, address=one.address)
        case "scanner":
            return ScannerSimulator()
        case "speaker":
            return SpeakerSimulator(folder / one.name, now=now)
