"""The registry: whatever a row names is there, has words, and is loaded only where it is wanted."""

import subprocess
import sys
from pathlib import Path

import pytest

from display.staff.advice import DEVICES
from drivers.device import CanBeTested
from drivers.kinds import KINDS
from drivers.supervisor import Supervisor
from wires import now, wait_until

REAL = """
[hall]
id = "here"
name = "大厅"
[[devices]]
name = "reader"
driver = "sam"
port = "/dev/ttyNOWHERE"
[[devices]]
name = "printer"
driver = "escpos"
port = "tcp://192.0.2.1:9100"
"""
NOT_LOADED = (
    "kiosk.demonstration",
    "drivers.simulators",
    "drivers.led.",
    "drivers.speaker",
    "drivers.pad",
    "drivers.gpio",
    "gpiozero",
    "drivers.climate",
    "drivers.mqtt",
    "PIL",
    "paho",
    "smbus2",
)
BUILD = """
import sys
from datetime import datetime
from pathlib import Path
from kiosk.settings import load
import kiosk.wiring
from kiosk.devices.building import build_devices
settings = load(Path(sys.argv[1]))
build_devices(settings, lambda: datetime.now(settings.hall.zone))
print(*sys.modules)
"""


@pytest.mark.parametrize("driver", KINDS)
def test_each_row_is_a_device_that_works_on_its_simulator(driver: str, tmp_path: Path) -> None:
    table = {"name": "one", "driver": driver, "port": "sim:", "window": "3"}
    settings = KINDS[driver].settings.model_validate(table)
    device = settings.build(lambda _event: None)
    simulator = KINDS[driver].simulate(settings, tmp_path, now)
    supervisor = Supervisor("one", driver, lambda: simulator.open_port(settings), device.driver, now)
    simulator.start()
    supervisor.start()
    try:
        wait_until(lambda: supervisor.state.state == "online")
        simulator.use("unplug", {})
        wait_until(lambda: supervisor.state.state == "offline")
        simulator.use("plug_in", {})
        wait_until(lambda: supervisor.state.state == "online")
    finally:
        supervisor.stop()
        simulator.stop()


@pytest.mark.parametrize("driver", KINDS)
def test_each_driver_has_a_name_and_words_for_its_test(driver: str) -> None:
    device = KINDS[driver].settings.model_validate({"name": "one", "driver": driver, "port": "sim:", "window": "3"})
    assert (DEVICES[driver].test is not None) == isinstance(device.build(lambda _event: None).driver, CanBeTested)


def test_a_hall_of_real_devices_loads_neither_demonstration_nor_simulator_nor_another_driver(
    tmp_path: Path,
) -> None:
    file = tmp_path / "quhao.toml"
    file.write_text(REAL, "utf-8")
    done = subprocess.run([sys.executable, "-c", BUILD, str(file)], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"drivers.card_reader.sam", "drivers.printer.driver"} <= loaded
    assert [name for name in loaded if name.startswith(NOT_LOADED)] == []
