"""Probes the devices of a box where no service runs; a running service is asked through ``status_socket``."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from config.settings import Settings
from display.staff import advice
from drivers.supervisor import DeviceState, Supervisor

PATIENCE = 6.0
"""Seconds a device has to answer: the slowest, a silent network printer, is known by then."""

STATES = {"online": "在线", "offline": "离线", "fault": "故障"}


def probe(settings: Settings) -> list[DeviceState]:
    """The state of every device of ``settings``, each opened once for at most ``PATIENCE`` seconds."""
    # Imported here: `check` of a bad file answers without building anything.
    from kiosk.devices.building import build_devices

    devices = build_devices(settings, lambda: datetime.now(settings.hall.zone))
    devices.start()
    try:
        wait_for_start(devices.supervisors)
        return [one.state for one in devices.supervisors]
    finally:
        devices.stop()


def wait_for_start(devices: Sequence[Supervisor[Any]]) -> None:
    """Wait until each device has answered or not, for at most ``PATIENCE`` seconds."""
    pause = threading.Event()
    waited = 0.0
    while waited < PATIENCE and any(one.state.reason == "starting" for one in devices):
        pause.wait(0.05)
        waited += 0.05


def lines(devices: Iterable[DeviceState]) -> Iterator[str]:
    """One line per device, and two more for a fault and what to do about it."""
    devices = list(devices)
    if not devices:
        yield "没有配置设备 / no devices are configured"
    for one in devices:
        yield f"{one.name:<14}{one.driver:<9}{STATES[one.state]} {one.state}  {one.since.isoformat(timespec='seconds')}"
        found = (one.reason, one.detail) if one.reason else advice.hint(one.detail)
        if one.detail and not found:
            yield f"{'':<14}{one.detail}"
        if found:
            words = advice.advice(*found)
            yield f"{'':<14}{words.reason_zh} → {words.advice_zh}"
            yield f"{'':<14}{words.reason_en} → {words.advice_en}"
