"""``/devices``: what is up, what is down since when, and what to do about it."""

from datetime import datetime
from typing import Any, ClassVar

from flask import Response
from pydantic import Field, RootModel

from display.advice import DEVICES, REASONS, advice
from display.prompts import Words
from drivers.device import CanBeTested
from drivers.supervisor import DeviceState, Supervisor
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import DeviceAnswer, TestedAnswer, answer, joined
from kiosk.web.schema.routes import NamedPath, Routes
from ticketing.model import StateError, UnknownError


class DevicePath(NamedPath):
    """The device's name in the settings."""

    unknown: ClassVar[str] = "no_device"
    device: str = Field(max_length=64)


class DevicesAnswer(RootModel[list[DeviceAnswer]]):
    """All devices of this box."""


def routes(hall: Hall) -> Routes:
    """The routes of this box's devices."""
    api = Routes("devices", "This box's devices")
    # In the virtual hall whoever sits at this box may see what the technician sees.
    technician = allow("technician", "manager", "kiosk") if hall.virtual_hall else allow("technician", "manager")
    windows = {device.name: device.window or None for device in hall.settings.devices}

    @api.get("/devices", summary="How the devices are", responses={"200": DevicesAnswer})
    @technician
    def show() -> Response:
        return answer(DevicesAnswer([_device(one.state, windows.get(one.name)) for one in hall.devices]))

    @api.post("/devices/<device>/test", summary="Print, show or say something", responses={"200": TestedAnswer})
    @technician
    def test(path: DevicePath) -> Response:
        supervisor = next((one for one in hall.devices if one.name == path.device), None)
        if supervisor is None:
            raise UnknownError("no_device")
        if supervisor.state.state == "offline":
            raise StateError("device_offline")
        ok, said = _test(supervisor, hall.settings.hall.name, hall.clock())
        return answer({"ok": ok, "message": said.zh, "message_en": said.en})

    return api


def _test(supervisor: Supervisor[Any], hall_name: str, now: datetime) -> tuple[bool, Words]:
    """Have something printed, shown or said; whether it went well, and what to tell the technician."""
    words = DEVICES.get(supervisor.kind)
    if not (words and words.tested and isinstance(supervisor.driver, CanBeTested)):
        return True, Words("设备在线，请放卡或扫码试一试", "It answers: try it with a card or a code")
    reason = supervisor.driver.test(words.title, [hall_name, f"{supervisor.name}  {now:%Y-%m-%d %H:%M:%S}"])
    if reason is None:
        return True, words.tested
    said = advice(reason)
    return False, Words(f"{said.reason_zh}，{said.advice_zh}", f"{said.reason_en}: {said.advice_en}")


def _device(state: DeviceState, window: str | None) -> DeviceAnswer:
    # What works may still want somebody soon: paper that runs low is the detail of a printer that is online.
    reason = state.reason or (state.detail if state.detail in REASONS else None)
    said = advice(reason, state.detail) if reason else None
    words = {"advice": said and said.advice_zh, "advice_en": said and said.advice_en}
    return DeviceAnswer.of(joined(state, window=window, **words))
