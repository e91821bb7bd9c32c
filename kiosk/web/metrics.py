"""What ``/metrics`` tells, by Prometheus' conventions: base units, ``_total`` for what only grows, few label values.

Labels are routes' templates, ids of services, names of devices and words of this program: never a code, a number, a
name of a person or a text of a client's. Figures of the hall are the whole hall's, whichever box is asked; those of
process, devices, disks and streams are the box's.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING, get_args

from flask import Response, g

from kiosk.box.box_watch import Condition
from kiosk.web.auth import asked
from kiosk.web.hall import Hall
from kiosk.web.streams import Streams
from ticketing.live.hall_now import WAITS_UP_TO
from ticketing.model import StoreError, WindowState

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

ANSWERED_IN = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends, in seconds, of the buckets of the time that answers take."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Metrics:
    """Counts answers by route, method and status, and collects what else is measured when it is asked for.

    The Prometheus library is loaded at the first scrape: most boxes never see one.

    Args:
        hall: what is measured.
        streams: the open event streams.
        conditions: tells what stands badly with this box.
    """

    def __init__(self, hall: Hall, streams: Streams, conditions: Callable[[], Iterable[Condition]]) -> None:
        self._hall = hall
        self._streams = streams
        self._conditions = conditions
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._took = [0] * (len(ANSWERED_IN) + 1)
        self._seconds = 0.0
        self._lock = threading.Lock()
        self._registry: CollectorRegistry | None = None

    def begin(self) -> None:
        """Note when a request began."""
        g.begun = time.perf_counter()

    def count(self, response: Response) -> Response:
        """Count one answer, by the route's template and never by the address."""
        rule, method = asked().url_rule, asked().method
        route = rule.rule if rule else "(none)"
        # No method of a client's own invention.
        method = method if method in _METHODS else "(other)"
        seconds = time.perf_counter() - g.get("begun", time.perf_counter())
        bucket = next((at for at, most in enumerate(ANSWERED_IN) if seconds <= most), len(ANSWERED_IN))
        with self._lock:
            self._answers[route, method, response.status_code] += 1
            self._took[bucket] += 1
            self._seconds += seconds
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
        from prometheus_client.core import InfoMetricFamily

        yield InfoMetricFamily("quhao_build", "The version of this program", {"version": version("quhao")})
        yield from self._of_the_server()
        yield from self._of_the_box()
        yield from self._of_the_climate()
        yield from self._of_the_queue()

    def _of_the_server(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        with self._lock:
            counted, took, seconds = dict(self._answers), list(self._took), self._seconds
        answers = CounterMetricFamily(
            "quhao_http_requests", "Answers by route, method and status", labels=["route", "method", "status"]
        )
        for (route, method, status), number in counted.items():
            answers.add_metric([route, method, str(status)], number)
        yield answers
        times = HistogramMetricFamily("quhao_http_request_duration_seconds", "Time that answers took, without streams")
        times.add_metric([], _buckets(ANSWERED_IN, took), seconds)
        yield times
        yield _gauge("quhao_event_streams", "Open event streams", len(self._streams))

    def _of_the_box(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        devices = GaugeMetricFamily("quhao_device_up", "1 for a device that is online", labels=["device", "driver"])
        for supervisor in self._hall.devices:
            devices.add_metric([supervisor.name, supervisor.kind], supervisor.state.state == "online")
        yield devices
        found = list(self._conditions())
        yield _gauge(
            "quhao_ready", "1 when nothing keeps this box from its work", not any(one.hinders for one in found)
        )
        standing = GaugeMetricFamily(
            "quhao_condition", "1 for each thing that stands badly, as /readyz has it", labels=["what", "reason"]
        )
        for what, reason in sorted({(one.what, one.reason) for one in found}):
            standing.add_metric([what, reason], 1)
        yield standing
        box = self._hall.box_watch
        free = GaugeMetricFamily("quhao_disk_free_bytes", "Free room on a disk of this box", labels=["disk"])
        size = GaugeMetricFamily("quhao_disk_size_bytes", "Size of a disk of this box", labels=["disk"])
        for disk in box.disks:
            free.add_metric([disk.holds], disk.free)
            size.add_metric([disk.holds], disk.size)
        yield from (free, size)
        yield _gauge("quhao_clock_synchronised", "1 when a time server sets the clock of this box", box.synchronised)
        ends = box.certificate_ends
        yield _gauge(
            "quhao_certificate_end_timestamp_seconds",
            "When the TLS certificate of this box ends, in seconds since 1970",
            ends.timestamp() if ends else None,
        )
        newest = box.newest_backup
        yield _gauge(
            "quhao_last_backup_timestamp_seconds",
            "When the newest backup in the folder was made and proved, in seconds since 1970",
            newest.at.timestamp() if newest else None,
        )
        yield _gauge(
            "quhao_event_feed_behind_seconds",
            "Time since all events were told; up to 2 in the ordinary course",
            self._hall.feed.behind,
        )

    def _of_the_climate(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        zones = self._hall.climate.here()
        for name, about, value_of, unit in (
            ("quhao_temperature_celsius", "Temperature of a zone", "temperature", 1),
            ("quhao_humidity_ratio", "Relative humidity of a zone, 0 to 1", "humidity", 100),
            ("quhao_air_conditioner_on", "1 while a zone's air conditioner runs", "on", 1),
        ):
            gauge = GaugeMetricFamily(name, about, labels=["zone", "device"])
            for zone in zones:
                # No sample where it is not known: a watcher then says so, too.
                if (value := getattr(zone, value_of)) is not None:
                    gauge.add_metric([zone.zone, zone.device or ""], value / unit)
            yield gauge
        ran = CounterMetricFamily("quhao_air_conditioner_on_seconds", "How long it ran", labels=["zone", "device"])
        for zone in zones:
            ran.add_metric([zone.zone, zone.device or ""], zone.on_seconds)
        yield ran

    def _of_the_queue(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

        try:
            now, waits = self._hall.watch.now(), self._hall.watch.waits()
            today = self._hall.office.day_counts()
        except StoreError:
            yield _gauge("quhao_store_up", "1 when the store answers", 0)
            return
        yield _gauge("quhao_store_up", "1 when the store answers", 1)
        waiting = GaugeMetricFamily("quhao_waiting", "Tickets that wait, by service", labels=["service"])
        oldest = GaugeMetricFamily(
            "quhao_oldest_wait_seconds", "How long the one who came first has waited, by service", labels=["service"]
        )
        for one in now.services:
            waiting.add_metric([one.service.id], one.waiting)
            oldest.add_metric([one.service.id], (now.at - one.oldest).total_seconds() if one.oldest else 0)
        yield from (waiting, oldest)
        waited = HistogramMetricFamily(
            "quhao_ticket_wait_seconds", "Waits of today's tickets until they were called", labels=["service"]
        )
        for service, wait in waits.items():
            waited.add_metric([service], _buckets(WAITS_UP_TO, wait.numbers), wait.seconds)
        yield waited
        windows = GaugeMetricFamily("quhao_windows", "Windows, by state", labels=["state"])
        states = Counter(one.window.state for one in now.windows if not one.window.removed)
        for of_window in get_args(WindowState):
            windows.add_metric([of_window], states[of_window])
        yield windows
        tickets = GaugeMetricFamily("quhao_tickets_today", "Tickets of this hall day, by state", labels=["state"])
        slips = GaugeMetricFamily("quhao_slips_today", "Slips of this hall day, by printing", labels=["state"])
        for family, counts in ((tickets, today.tickets), (slips, today.slips)):
            for state, number in counts.items():
                family.add_metric([state], number)
            yield family


def _gauge(name: str, about: str, value: float | None) -> "Metric":
    """A gauge without labels; without a sample where it is not known."""
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(name, about)
    if value is not None:
        gauge.add_metric([], value)
    return gauge


def _buckets(most: Iterable[float], numbers: Iterable[int]) -> list[tuple[str, float]]:
    """Buckets as Prometheus has them, each with all below it, of ``numbers`` between the ends; the last is open."""
    return list(zip((*map(str, map(float, most)), "+Inf"), accumulate(numbers), strict=True))
