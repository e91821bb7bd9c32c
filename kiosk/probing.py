"""What is found of each device: asked of the running service, or tried out where none runs."""

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from config.settings import Settings
from display import advice

PATIENCE = 6.0
"""Seconds a device has to answer: the slowest, a silent network printer, is known by then."""

PASSING = "quhao-devices"
"""Name of the token with which this command asks the service; it is gone again with the answer."""

STATES = {"online": "在线", "offline": "离线", "fault": "故障"}


def probe(settings: Settings) -> Iterator[str]:
    """Try every device of ``settings`` out, a line or two each."""
    # Imported here: `check` of a bad file answers without building anything.
    from kiosk.wiring import build_devices

    if not settings.devices:
        yield "没有配置设备 / no devices are configured"
        return
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
    for state in states:
        yield from _lines(state.name, state.driver, state.state, state.reason, state.detail, None)


def ask_service(settings: Settings) -> list[str]:
    """The devices as the running service sees them; empty when none runs."""
    from kiosk.parts import open_office_parts

    scheme = "https" if settings.server.tls_cert else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.server.host, settings.server.host)  # noqa: S104
    url = f"{scheme}://{host}:{settings.server.port}"
    context = ssl.create_default_context(cafile=settings.server.tls_cert) if settings.server.tls_cert else None
    if context:
        # The certificate is this box's own file; its name is the public one, not loopback's.
        context.check_hostname = False
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2, context=context):  # noqa: S310 - scheme is ours
            pass
    except (urllib.error.URLError, OSError):
        return []
    store, _, people = open_office_parts(settings, exclusive=False)
    try:
        secret = people.add_token(PASSING, "technician", (), None)
        try:
            request = urllib.request.Request(  # noqa: S310 - scheme is ours
                f"{url}/api/v1/devices", headers={"Authorization": f"Bearer {secret}"}
            )
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
                found: list[dict[str, Any]] = json.load(answer)
        finally:
            people.remove_tokens(PASSING)
    finally:
        store.close()
    return [
        line
        for one in found
        for line in _lines(one["name"], one["driver"], one["state"], one["reason"], "", one["since"])
    ]


def _lines(name: str, driver: str, state: str, reason: str | None, detail: str, since: str | None) -> Iterator[str]:
    when = f"  {since}" if since else ""
    yield f"{name:<14}{driver:<9}{STATES[state]} {state}{when}"
    if reason:
        words = advice.advice(reason, detail)
        yield f"{'':<14}{words.reason_zh} → {words.advice_zh}"
        yield f"{'':<14}{words.reason_en} → {words.advice_en}"
