"""Publishes this box by MQTT: how its devices are, the hall's calls, help, climate; obeys commands where allowed.

``<base>`` is ``<prefix>/<box>``; values are JSON. No name, ID number or code of a ticket is in any of them.

::

    <base>/status                 online, offline (the will)                            retained
    <base>/devices/<device>       {state, reason, since, driver, window}                retained
    <base>/climate/<device>       {zone, temperature, humidity, on, why, override}      retained
    <base>/call                   {number, window, window_name, at, recall}             once
    <base>/last_call              the same                                              retained
    <base>/alerts                 [{kind, subject, since, told_at, what, what_en, advice, advice_en}]   retained
    <base>/help                   {open, unanswered, calls: [{place, place_en, at, answered}]}   retained
    <base>/emergency              {open, windows}: emergency calls between clerks       retained
    <base>/devices/<device>/test         PRESS              a command: test it
    <base>/climate/<device>/override     on, off, auto      a command, for an hour

Home Assistant finds all of it by itself (https://www.home-assistant.io/integrations/mqtt, "MQTT discovery").
"""

import json
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from display.prompts import Words
from display.staff.advice import DEVICES
from display.staff.alerts import alert_words
from drivers.device import CanBeTested, DeviceEvent
from drivers.supervisor import Supervisor
from kiosk.devices.climate import HallClimate, ZoneView
from kiosk.service import Inbox, Loop
from ticketing.events import AlertEvent, TicketRecalled, kind_of
from ticketing.help.help_calls import HelpCall
from ticketing.live.watch import Alert
from ticketing.model import Event, StoreError, TicketingError, Window

if TYPE_CHECKING:
    from drivers.mqtt.driver import Broker

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at how things are."""
BACKLOG = 100
STALE = timedelta(minutes=1)
"""Age after which a call is not published: its resident is at the window by now."""
TEST_PAUSE = 10.0
"""Seconds from one test of a device to the next: whoever can publish must not empty a roll of paper."""
OVERRIDE = 3600.0
"""Seconds that an override holds."""
PRESS = "PRESS"
STATES = {"on": True, "off": False, "auto": None}


class Publisher:
    """Keeps the broker's topics as things are.

    Args:
        broker: where to publish.
        box: this box's name.
        hall: the hall's name, for people.
        devices: this box's.
        window_of: the window of each device, or "".
        climate: the hall's zones.
        windows: all windows.
        alerts: what stands badly in the hall.
        now: the time, in the hall's zone.
        clock: seconds, of a clock that never jumps.
    """

    def __init__(
        self,
        broker: "Broker",
        *,
        box: str,
        hall: str,
        devices: Sequence[Supervisor[Any]],
        window_of: dict[str, str],
        climate: HallClimate,
        windows: Callable[[], Sequence[Window]],
        alerts: Callable[[], Sequence[Alert]] = tuple,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._devices = {one.name: one for one in devices if one.driver is not broker}
        self._window_of = window_of
        self._climate = climate
        self._windows = windows
        self._alerts = alerts
        # At the start, too: what is kept at the broker may be of an earlier run.
        self._alerts_changed = True
        self._now = now
        self._clock = clock
        self._hall = hall
        self._node = _plain(f"quhao_{box}")
        self._base = f"{broker.prefix}/{_plain(box)}"
        broker.client_id = self._node
        broker.status = f"{self._base}/status"
        broker.subscribed = (f"{self._base}/devices/+/test", f"{self._base}/climate/+/override")
        self._calls: deque[Event] = deque(maxlen=BACKLOG)
        self._help: list[tuple[HelpCall, Words]] = []
        self._loop = Loop("publishing", LOOK, self._look)
        self._commands = Inbox("commands", self._obey)
        # A command that waits is not queued again, so that a flood of them is one.
        self._waiting: set[str] = set()
        self._tested_at: dict[str, float] = {}

    def start(self) -> None:
        """Begin; returns at once."""
        for topic, text in self._discovery():
            self._broker.keep(topic, text)
        self._loop.start()
        self._commands.start()

    def request_stop(self) -> None:
        """Have both threads end."""
        self._loop.request_stop()
        self._commands.request_stop()

    def stop(self) -> None:
        """End."""
        self._loop.stop()
        self._commands.stop()

    def hear(self, events: Sequence[Event]) -> None:
        """Take new events of the hall; called on the event feed's thread, and returns at once."""
        self._calls.extend(event for event in events if kind_of(event.type).spoken)
        if any(issubclass(kind_of(event.type), AlertEvent) for event in events):
            self._alerts_changed = True
        self._loop.wake()

    def show_help(self, calls: Sequence[tuple[HelpCall, Words]]) -> None:
        """Take the open calls for help, each with the words for its place; returns at once."""
        self._help = list(calls)
        self._loop.wake()

    def take(self, event: DeviceEvent) -> None:
        """Take a message, on the broker's thread; returns at once."""
        topic, text = getattr(event, "topic", ""), getattr(event, "text", "")
        what, _, name = topic.removeprefix(f"{self._base}/").rpartition("/")[0].partition("/")
        is_test = topic == f"{self._base}/devices/{name}/test" and name in self._devices and text == PRESS
        is_override = topic == f"{self._base}/climate/{name}/override" and text in STATES
        if not (is_test or is_override):
            log.warning("mqtt: a message that is no command was left out")
        elif topic not in self._waiting:
            self._waiting.add(topic)
            self._commands.put(what, name, text, topic)

    def _obey(self, what: str, name: str, text: str, topic: str) -> None:
        self._waiting.discard(topic)
        log.info("mqtt: command %s for %s", text, name)
        if what == "climate":
            try:
                self._climate.override(name, STATES[text], OVERRIDE)
            except TicketingError as error:
                log.warning("mqtt: command for %s refused: %s", name, error.code)
            self._loop.wake()
            return
        supervisor = self._devices[name]
        if self._clock() - self._tested_at.get(name, -TEST_PAUSE) < TEST_PAUSE or supervisor.state.state == "offline":
            return
        self._tested_at[name] = self._clock()
        if isinstance(supervisor.driver, CanBeTested):
            title = DEVICES[supervisor.kind].title
            supervisor.driver.test(title, [self._hall, f"{name}  {self._now():%Y-%m-%d %H:%M:%S}"])

    def _look(self) -> None:
        for name, supervisor in self._devices.items():
            state = supervisor.state
            self._keep(
                f"devices/{name}",
                {
                    "state": state.state,
                    "reason": state.reason,
                    "since": state.since.isoformat(timespec="seconds"),
                    "driver": state.driver,
                    "window": self._window_of.get(name) or None,
                },
            )
        for zone in self._climate.here():
            self._keep(f"climate/{zone.device}", _climate(zone))
        if self._alerts_changed:
            # Before the look: what changes meanwhile is published by the next one.
            self._alerts_changed = False
            try:
                self._broker.keep(f"{self._base}/alerts", _json([_alert(one) for one in self._alerts()]))
            except StoreError:
                self._alerts_changed = True
                raise
        for topic, told in _help(self._help).items():
            self._keep(topic, told)
        while self._calls:
            call = self._calls.popleft()
            if self._now() - call.at <= STALE:
                try:
                    self._publish_call(call)
                except StoreError:
                    self._calls.appendleft(call)
                    raise

    def _publish_call(self, call: Event) -> None:
        window = call.data["window"]
        name = next((one.name for one in self._windows() if one.id == window), None)
        said = {
            "number": call.data["number"],
            "window": window,
            "window_name": name,
            "at": call.at.isoformat(timespec="seconds"),
            "recall": kind_of(call.type) is TicketRecalled,
        }
        self._keep("last_call", said)
        self._broker.tell(f"{self._base}/call", _json(said))

    def _keep(self, topic: str, value: dict[str, Any]) -> None:
        self._broker.keep(f"{self._base}/{topic}", _json(value))

    # Home Assistant's discovery

    def _discovery(self) -> Iterator[tuple[str, str]]:
        """The topics by which Home Assistant finds everything; "" takes away what is not allowed, or no longer."""
        if not self._broker.discovery:
            return
        for name, supervisor in self._devices.items():
            words = DEVICES[supervisor.kind]
            label = f"{words.name.zh} {words.name.en} {name}"
            topic = f"{self._base}/devices/{name}"
            yield self._entity(
                "binary_sensor",
                name,
                label,
                device_class="connectivity",
                entity_category="diagnostic",
                state_topic=topic,
                value_template="{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
                json_attributes_topic=topic,
            )
            is_tested = isinstance(supervisor.driver, CanBeTested)
            test = f"{words.test.zh} {words.test.en} {name}" if words.test else label
            yield self._command(
                is_tested, "button", f"{name}_test", test, command_topic=f"{topic}/test", payload_press=PRESS
            )
        yield self._entity(
            "sensor",
            "alerts",
            "预警 Alerts",
            state_topic=f"{self._base}/alerts",
            value_template="{{ value_json | count }}",
        )
        for zone in self._climate.here():
            yield from self._of_zone(zone)
        yield self._entity(
            "sensor",
            "last_call",
            "最近叫号 Last call",
            state_topic=f"{self._base}/last_call",
            value_template="{{ value_json.number }}",
            json_attributes_topic=f"{self._base}/last_call",
        )
        yield self._entity(
            "sensor",
            "help",
            "求助 Help calls",
            state_topic=f"{self._base}/help",
            value_template="{{ value_json.open }}",
            json_attributes_topic=f"{self._base}/help",
        )
        yield self._entity(
            "binary_sensor",
            "emergency",
            "紧急呼叫 Emergency call",
            device_class="safety",
            state_topic=f"{self._base}/emergency",
            value_template="{{ 'ON' if value_json.open else 'OFF' }}",
            json_attributes_topic=f"{self._base}/emergency",
        )

    def _of_zone(self, zone: ZoneView) -> Iterator[tuple[str, str]]:
        name, topic = zone.device or "", f"{self._base}/climate/{zone.device}"
        where = zone.zone or name
        for what, label, unit in (("temperature", "温度 Temperature", "°C"), ("humidity", "湿度 Humidity", "%")):
            yield self._entity(
                "sensor",
                f"{name}_{what}",
                f"{label} {where}",
                device_class=what,
                state_class="measurement",
                unit_of_measurement=unit,
                state_topic=topic,
                value_template=f"{{{{ value_json.{what} }}}}",
            )
        if zone.controlled:
            yield self._entity(
                "binary_sensor",
                f"{name}_on",
                f"空调 Air conditioner {where}",
                device_class="running",
                state_topic=topic,
                value_template="{{ 'ON' if value_json.on else 'OFF' }}",
            )
        yield self._command(
            zone.controlled,
            "select",
            f"{name}_override",
            f"空调控制 Air conditioner control {where}",
            options=["auto", "on", "off"],
            state_topic=topic,
            value_template="{{ value_json.override or 'auto' }}",
            command_topic=f"{topic}/override",
        )

    def _command(self, exists: bool, kind: str, name: str, label: str, **config: Any) -> tuple[str, str]:
        topic, text = self._entity(kind, name, label, **config)
        return topic, text if exists and self._broker.commands else ""

    def _entity(self, kind: str, name: str, label: str, **config: Any) -> tuple[str, str]:
        """The topic and the text by which an entity is found."""
        plain = _plain(name)
        text = {
            "name": label,
            "unique_id": f"{self._node}_{plain}",
            "availability_topic": self._broker.status,
            "device": {"identifiers": [self._node], "name": self._hall, "manufacturer": "Quhao", "model": "取号 Quhao"},
            "origin": {"name": "Quhao"},
            **config,
        }
        return f"{self._broker.discovery}/{kind}/{self._node}/{plain}/config", _json(text)


def _alert(alert: Alert) -> dict[str, Any]:
    said = alert_words(alert)
    return {
        "kind": alert.kind,
        "subject": alert.subject,
        "since": alert.since.isoformat(timespec="seconds"),
        "told_at": alert.told.isoformat(timespec="seconds"),
        "what": said.what.zh,
        "what_en": said.what.en,
        "advice": said.then and said.then.zh,
        "advice_en": said.then and said.then.en,
    }


def _help(calls: Sequence[tuple[HelpCall, Words]]) -> dict[str, dict[str, Any]]:
    """What is published of the open calls, by topic."""
    plain = [(call, place) for call, place in calls if not call.emergency]
    return {
        "help": {
            "open": len(plain),
            "unanswered": sum(call.answered_at is None for call, _ in plain),
            "calls": [
                {
                    "place": place.zh,
                    "place_en": place.en,
                    "at": call.called_at.isoformat(timespec="seconds"),
                    "answered": call.answered_at is not None,
                }
                for call, place in plain
            ],
        },
        "emergency": {
            "open": len(calls) - len(plain),
            "windows": [call.place.name for call, _ in calls if call.emergency],
        },
    }


def _climate(zone: ZoneView) -> dict[str, Any]:
    # A tenth of a degree and a whole percent: what changes less is no news.
    return {
        "zone": zone.zone,
        "temperature": None if zone.temperature is None else round(zone.temperature, 1),
        "humidity": None if zone.humidity is None else round(zone.humidity),
        "on": zone.on,
        "why": zone.why,
        "override": zone.override,
    }


def _plain(name: str) -> str:
    """A name of letters, digits, - and _, as Home Assistant's topics have them."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def _json(value: dict[str, Any] | list[dict[str, Any]]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
