"""What is found of each device where no service runs that could be asked (``asking``): they are tried out."""

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime

from config.settings import Settings
from display import advice
from kiosk.devices.asking import Found

PATIENCE = 6.0
"""Seconds a device has to answer: the slowest, a silent network printer, is known by then."""

STATES = {"online": "在线", "offline": "离线", "fault": "故障", "down": "不可用"}


def probe(settings: Settings) -> list[Found]:
    """Try every device of ``settings`` out."""
    # Imported here: `check` of a bad file answers without building anything.
    from kiosk.wiring import build_devices

    devices = build_devices(settings, lambda: datetime.now(settings.hall.zone))
    devices.start()
    try:
        pause = threading.Event()
        waited = 0.0
        while waited < PATIENCE and any(one.state.reason == "starting" for one in devices.supervisors):
            pause.wait(0.05)
            waited += 0.05
        states = [one.state for one in devices.supervisors]
    finally:
        devices.stop()
    return [Found(one.name, one.driver, one.state, one.reason, one.detail) for one in states]


def lines(devices: Iterable[Found]) -> Iterator[str]:
    """A line for each device, and two more for what is the matter and what to do about it."""
    devices = list(devices)
    if not devices:
        yield "没有配置设备 / no devices are configured"
    for one in devices:
        when = f"  {one.since}" if one.since else ""
        yield f"{one.name:<14}{one.driver:<9}{STATES[one.state]} {one.state}{when}"
        if one.reason:
            words = advice.advice(one.reason, one.detail)
            yield f"{'':<14}{words.reason_zh} → {words.advice_zh}"
            yield f"{'':<14}{words.reason_en} → {words.advice_en}"
