"""``/devices``: what is up, what is down since when, and what to do about it."""

from typing import ClassVar

from flask import Response
from pydantic import Field, RootModel

from display.staff.advice import advice, hint
from drivers.supervisor import DeviceState
from kiosk.web.auth import allow
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import DeviceAnswer, TestedAnswer, answer, joined
from kiosk.web.schema.routes import NamedPath, Routes


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
        return answer(DevicesAnswer([device_answer(one.state, windows.get(one.name)) for one in hall.devices]))

    @api.post("/devices/<device>/test", summary="Print, show or say something", responses={"200": TestedAnswer})
    @technician
    def test(path: DevicePath) -> Response:
        ok, said = hall.device_tests.test(path.device)
        return answer({"ok": ok, "message": said.zh, "message_en": said.en})

    return api


def device_answer(state: DeviceState, window: str | None) -> DeviceAnswer:
    """A device in words; ``window`` is the one it is at."""
    # What works may still want somebody soon: paper that runs low is the detail of a printer that is online.
    found = (state.reason, state.detail) if state.reason else hint(state.detail)
    said = advice(*found) if found else None
    words = {"advice": said and said.advice_zh, "advice_en": said and said.advice_en}
    return DeviceAnswer.of(joined(state, window=window, **words))
