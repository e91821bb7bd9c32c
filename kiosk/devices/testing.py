"""Tests of devices by a technician: a slip is printed, a text shown or said; a reader or scanner is waited for."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from display.prompts import Words
from display.staff.advice import DEVICES, EVENTS, advice
from drivers.device import CanBeTested, DeviceEvent
from drivers.supervisor import Supervisor
from ticketing.model import StateError, UnknownError

PATIENCE = 20.0
"""Seconds that a card, a code or a key is waited for."""


class DeviceTests:
    """Tests the devices of one box.

    Args:
        hall_name: stands on a test slip.
        devices: what can be tested.
        now: the time, with a zone.
    """

    def __init__(self, hall_name: str, devices: Sequence[Supervisor[Any]], now: Callable[[], datetime]) -> None:
        self._hall_name = hall_name
        self._devices = {one.name: one for one in devices}
        self._now = now
        self._heard = threading.Condition()
        self._waiting: dict[str, list[DeviceEvent]] = {}

    def hear(self, device: str, event: DeviceEvent) -> None:
        """Take what a device tells; called on the device's thread, and returns at once."""
        if device in self._waiting and type(event).__name__ in EVENTS:
            with self._heard:
                if device in self._waiting:
                    self._waiting[device].append(event)
                    self._heard.notify_all()

    def test(self, name: str, patience: float = 0.0) -> tuple[bool, Words]:
        """Whether a device works, and what to tell the technician; blocks for seconds.

        Args:
            name: of the device.
            patience: seconds that a device which only tells, such as a card reader, has to tell something; 0 asks the
                technician to try it.

        Raises:
            UnknownError: ``no_device``.
            StateError: ``device_offline``.
        """
        supervisor = self._devices.get(name)
        if supervisor is None:
            raise UnknownError("no_device")
        if supervisor.state.state == "offline":
            raise StateError("device_offline")
        words = DEVICES.get(supervisor.kind)
        if not (words and words.tested and isinstance(supervisor.driver, CanBeTested)):
            return self._listen(name, patience)
        reason = supervisor.driver.test(words.title, [self._hall_name, f"{name}  {self._now():%Y-%m-%d %H:%M:%S}"])
        return (True, words.tested) if reason is None else (False, advised(reason))

    def _listen(self, name: str, patience: float) -> tuple[bool, Words]:
        if not patience:
            return True, Words("设备在线，请放卡或扫码试一试", "It answers: try it with a card or a code")
        with self._heard:
            events = self._waiting.setdefault(name, [])
            came = self._heard.wait_for(lambda: events, patience)
            # Another technician may wait for the same device.
            with suppress(KeyError):
                del self._waiting[name]
        if not came:
            return False, Words("没有收到任何信号，请检查接线后再试", "Nothing came: check the cable and try again")
        reason = getattr(events[0], "reason", None)
        return (True, EVENTS[type(events[0]).__name__]) if reason is None else (False, advised(reason))


def advised(reason: str) -> Words:
    """What is the matter with a device, and what to do about it."""
    said = advice(reason)
    return Words(f"{said.reason_zh}，{said.advice_zh}", f"{said.reason_en}: {said.advice_en}")
