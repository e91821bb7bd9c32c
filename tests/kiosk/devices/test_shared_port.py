"""Several devices of a configuration on one port: each with its own name, window and state, on one thread."""

import threading
from pathlib import Path

from drivers.simulators.led.bus import Bus
from drivers.simulators.led.bx import LedStripSimulator
from kiosk.devices.building import build_devices
from kiosk.settings import load
from wires import now, wait_until

HALL = """
[hall]
id = "here"
name = "大厅"
"""
STRIP = """
[[devices]]
name = "strip-{0}"
driver = "led-bx"
port = "{1}"
baudrate = 57600
address = {0}
window = "{0}"
"""


def test_strips_on_one_port_are_devices_of_their_own(tmp_path: Path) -> None:
    bus = Bus()
    simulators = {address: LedStripSimulator(address=address, bus=bus) for address in (1, 2)}
    file = tmp_path / "quhao.toml"
    file.write_text(HALL + "".join(STRIP.format(address, bus.url) for address in (1, 2)), "utf-8")
    devices = build_devices(load(file), now)
    bus.start()
    before = set(threading.enumerate())
    devices.start()
    try:
        for window, sinks in devices.displays.items():
            sinks[0].show(f"A00{window}")
        wait_until(lambda: [simulators[one].text for one in (1, 2)] == ["A001", "A002"])
        wait_until(lambda: [one.state.state for one in devices.supervisors] == ["online", "online"])
        assert [one.name for one in devices.supervisors] == ["strip-1", "strip-2"]
        assert len(set(threading.enumerate()) - before) == 1
        simulators[2].unplug()
        devices.displays["2"][0].show("A003")
        wait_until(lambda: devices.supervisors[1].state.state == "offline")
        wait_until(lambda: devices.supervisors[0].state.state == "online")
    finally:
        devices.stop()
        bus.stop()
