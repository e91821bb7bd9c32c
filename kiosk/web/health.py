"""``/healthz``, ``/readyz``, ``/metrics``: for whoever watches over the box. Never a code, name or number in them."""

from collections.abc import Iterator
from functools import partial

from flask import Blueprint, Flask, Response

from display.staff.conditions import condition
from kiosk.box.box_watch import Condition
from kiosk.clock import HallClock
from kiosk.web.auth import allow, public
from kiosk.web.hall import Hall
from kiosk.web.metrics import Metrics
from kiosk.web.schema.answers import answer
from kiosk.web.streams import Streams
from ticketing.model import StoreError

LATE = 30.0
"""Seconds that the feed of events may be behind: screens that hang for so long are noticed."""


def install(app: Flask, hall: Hall, streams: Streams) -> None:
    """Hang the routes that the settings want, and count every answer of ``app``."""
    measured = Metrics(hall, streams, partial(_conditions, hall))
    app.before_request(measured.begin)
    app.after_request(measured.count)
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    @public
    def alive() -> Response:
        return answer({"alive": True})

    @blueprint.get("/readyz")
    @public
    def ready() -> Response:
        found = list(_conditions(hall))
        missing, warnings = ([_told(one) for one in found if one.hinders is hinders] for hinders in (True, False))
        return answer({"ready": not missing, "missing": missing, "warnings": warnings}, 503 if missing else 200)

    if hall.settings.server.metrics != "off":

        @blueprint.get("/metrics")
        @allow("technician", here=hall.settings.server.metrics == "box")
        def metrics() -> Response:
            body, content_type = measured.text()
            return Response(body, content_type=content_type)

    app.register_blueprint(blueprint)


def _told(one: Condition) -> dict[str, str]:
    said = condition(one.reason)
    return {"what": one.what, "reason": one.reason, "zh": said.zh, "en": said.en}


def _conditions(hall: Hall) -> Iterator[Condition]:
    """What keeps this box from work, or soon will: store, disks, clock, keys, services, events, screens, devices."""
    try:
        for service in hall.setup.unserved():
            yield Condition(f"service {service.id}", "unserved")
        for screen in hall.screens.all():
            if screen.switch_trouble and screen.box == hall.office.ledger.box:
                yield Condition(screen.own_name, "screen_not_switched", hinders=False)
    except StoreError as error:
        yield Condition("store", (hall.late and hall.late.trouble) or error.code)
    if hall.counter.gives_none:
        yield Condition("numbers", "no_lease")
    trouble = hall.clock.trouble if isinstance(hall.clock, HallClock) else None
    if trouble:
        yield Condition("clock", trouble.reason)
    yield from hall.box_watch.conditions()
    if trouble_of_keys := hall.office.ledger.vault.trouble:
        yield Condition("keys", trouble_of_keys)
    if hall.feed.behind > LATE:
        yield Condition("events", "events_behind")
    for supervisor in hall.devices:
        state = supervisor.state
        if state.state != "online":
            yield Condition(f"device {state.name}", state.reason or state.state)
