"""``/healthz``, ``/readyz``, ``/metrics``: for whoever watches over the box. Never a code, name or number in them."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response

from display.conditions import condition
from kiosk.box.box_watch import Condition
from kiosk.clock import HallClock
from kiosk.web.auth import allow, asked, public
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import answer
from kiosk.web.streams import Streams
from ticketing.model import StoreError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric


LATE = 30.0
"""Seconds that the feed of events may be behind: screens that hang for so long are noticed."""


class Tally:
    """Counts answers by route, method and status, and collects what else is measured when it is asked for.

    The Prometheus library is loaded at the first scrape: most boxes never see one.
    """

    def __init__(self, hall: Hall, streams: Streams) -> None:
        self._hall = hall
        self._streams = streams
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()
        self._registry: CollectorRegistry | None = None

    def count(self, response: Response) -> Response:
        """Count one answer, by the route's template and never by the address."""
        rule, method = asked().url_rule, asked().method
        route = rule.rule if rule else "(none)"
        # No method of a client's own invention.
        method = method if method in _METHODS else "(other)"
        with self._lock:
            self._answers[route, method, response.status_code] += 1
        return response

    def text(self) -> tuple[bytes, str]:
        """Everything in Prometheus' text format, and that format's content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, ProcessCollector
        from prometheus_client.exposition import generate_latest

        with self._lock:
            if self._registry is None:
                self._registry = CollectorRegistry()
                ProcessCollector(registry=self._registry)
                GCCollector(registry=self._registry)
                self._registry.register(self)
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def describe(self) -> "list[Metric]":
        """Nothing ahead of time: a registry otherwise asks the store when it is made."""
        return []

    def collect(self) -> "Iterator[Metric]":
        """The present figures, for the registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        answers = CounterMetricFamily(
            "quhao_http_requests", "Answers by route, method and status", labels=["route", "method", "status"]
        )
        with self._lock:
            counted = dict(self._answers)
        for (route, method, status), number in counted.items():
            answers.add_metric([route, method, str(status)], number)
        yield answers
        streams = GaugeMetricFamily("quhao_event_streams", "Open event streams")
        streams.add_metric([], len(self._streams))
        yield streams
        devices = GaugeMetricFamily("quhao_device_up", "1 for a device that is online", labels=["device", "driver"])
        for supervisor in self._hall.devices:
            devices.add_metric([supervisor.name, supervisor.kind], supervisor.state.state == "online")
        yield devices
        yield from self._of_the_climate()
        yield from self._of_the_queue()

    def _of_the_climate(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        zones = self._hall.climate.here()
        for name, about, value_of in (
            ("quhao_temperature_celsius", "Temperature of a zone", "temperature"),
            ("quhao_humidity_percent", "Relative humidity of a zone", "humidity"),
            ("quhao_air_conditioner_on", "1 while a zone's air conditioner runs", "on"),
        ):
            gauge = GaugeMetricFamily(name, about, labels=["zone", "device"])
            for zone in zones:
                # No sample where it is not known: a watcher then says so, too.
                if (value := getattr(zone, value_of)) is not None:
                    gauge.add_metric([zone.zone, zone.device or ""], value)
            yield gauge
        ran = CounterMetricFamily("quhao_air_conditioner_on_seconds", "How long it ran", labels=["zone", "device"])
        for zone in zones:
            ran.add_metric([zone.zone, zone.device or ""], zone.on_seconds)
        yield ran

    def _of_the_queue(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        up = GaugeMetricFamily("quhao_store_up", "1 when the store answers")
        try:
            services = self._hall.office.hall().services
            today = self._hall.office.day_counts()
        except StoreError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        waiting = GaugeMetricFamily("quhao_waiting", "Tickets that wait, by service", labels=["service"])
        for view in services:
            waiting.add_metric([view.service.id], view.waiting)
        yield waiting
        tickets = GaugeMetricFamily("quhao_tickets_today", "Tickets of this hall day, by state", labels=["state"])
        slips = GaugeMetricFamily("quhao_slips_today", "Slips of this hall day, by printing", labels=["state"])
        for family, counts in ((tickets, today.tickets), (slips, today.slips)):
            for state, number in counts.items():
                family.add_metric([state], number)
            yield family


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def install(app: Flask, hall: Hall, streams: Streams) -> None:
    """Hang the routes that the settings want, and count every answer of ``app``."""
    tally = Tally(hall, streams)
    app.after_request(tally.count)
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
            body, content_type = tally.text()
            return Response(body, content_type=content_type)

    app.register_blueprint(blueprint)


def _told(one: Condition) -> dict[str, str]:
    said = condition(one.reason)
    return {"what": one.what, "reason": one.reason, "zh": said.zh, "en": said.en}


def _conditions(hall: Hall) -> Iterator[Condition]:
    """What keeps this box from its work, or soon will: store, disks, clock, keys, services, events, devices."""
    try:
        for service in hall.setup.unserved():
            yield Condition(f"service {service.id}", "unserved")
    except StoreError as error:
        yield Condition("store", error.code)
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
