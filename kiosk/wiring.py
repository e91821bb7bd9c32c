"""Where things are built: from settings to running parts. What devices there are is known to ``drivers.kinds``."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from config.settings import Settings
from display import refusals
from drivers.card_reader.events import CardEvent
from drivers.device import DeviceEvent, DeviceSettings, WindowDisplay
from drivers.kinds import KINDS
from drivers.printer.driver import Printer
from drivers.scanner import LineScanned
from drivers.speaker import Speaker
from drivers.supervisor import DeviceState, Resource, Supervisor
from kiosk.clock import HallClock, newest_event
from kiosk.devices.announcing import Announcer
from kiosk.devices.status_socket import DeviceSocket
from kiosk.event_feed import Channel, EventFeed, WindowNews
from kiosk.exchange.hall_files import setup_of
from kiosk.opening import box_of, open_office_parts, rules_of
from kiosk.resident.controller import Counter
from kiosk.resident.printing import PrintDesk
from kiosk.resident.session import KioskSession
from kiosk.resident.slips import lay_out, ticket_url
from kiosk.service import Inbox, Loop, Part, Service
from kiosk.web.app import create_app
from kiosk.web.hall import Hall
from kiosk.web.server import Server
from ticketing.day.setup import Setup
from ticketing.model import Actor, TicketingError
from ticketing.office import Office

if TYPE_CHECKING:
    from drivers.simulators.simulator import Simulator

HOUSEKEEPING = 20.0
"""Seconds between looks at the calendar."""
HELD = 5.0
"""Seconds between looks for held tickets whose time has come."""
SETTLED = timedelta(hours=1)
"""For how long the clock has to have been steady before anything is erased by it; ``quhao purge`` is at once."""


@dataclass
class Devices:
    """This box's devices, built and not yet started.

    Attributes:
        supervisors: one a device, in the order of the settings.
        simulators: by the device's name; empty in a hall of real devices.
        printer: the box's printer, or None.
        displays: by window.
        speaker: the box's speaker, or None.
        has_reader: whether the box has a card reader.
        folder: where simulators keep their sounds.
    """

    supervisors: list[Supervisor[Any]] = field(default_factory=list)
    simulators: "dict[str, Simulator[Any]]" = field(default_factory=dict)
    printer: Printer | None = None
    displays: dict[str, list[WindowDisplay]] = field(default_factory=dict)
    speaker: Speaker | None = None
    has_reader: bool = False
    folder: "TemporaryDirectory[str] | None" = None

    def start(self) -> None:
        """Simulators first: they are what the drivers open."""
        self._service = Service([*self.simulators.values(), *self.supervisors])
        self._service.start()

    def stop(self) -> None:
        """Ask all to end before waiting for any."""
        for supervisor in self.supervisors:
            supervisor.stopping.set()
        try:
            self._service.stop()
        finally:
            if self.folder:
                self.folder.cleanup()


def build_devices(
    settings: Settings,
    now: Callable[[], datetime],
    on_event: Callable[[str, DeviceEvent], None] = lambda _device, _event: None,
    on_reader: Callable[[DeviceState], None] = lambda _state: None,
) -> Devices:
    """The drivers of ``settings``, each under its supervisor.

    Args:
        settings: what this box is.
        now: the time, in the hall's zone.
        on_event: a device's name, and what it tells.
        on_reader: how the card reader is.

    Both are called on a device's thread, and have to return at once.
    """
    devices = Devices()
    for one in settings.devices:
        assert isinstance(one, DeviceSettings)  # noqa: S101 - the registry's models were handed to the configuration
        device = one.build(partial(on_event, one.name))
        opener: Callable[[], Resource] = one.open_port
        if one.simulated:
            devices.folder = devices.folder or TemporaryDirectory(prefix="quhao-")
            simulator = KINDS[one.driver].simulate(one, Path(devices.folder.name), now)
            devices.simulators[one.name] = simulator
            opener = partial(simulator.open_port, one)
        for sink in device.sinks:
            match sink:
                case Printer():
                    devices.printer = sink
                case Speaker():
                    devices.speaker = sink
                case WindowDisplay():
                    devices.displays.setdefault(sink.window, []).append(sink)
        devices.has_reader |= device.reads_cards
        watch = on_reader if device.reads_cards else lambda _state: None
        devices.supervisors.append(Supervisor(one.name, one.driver, opener, device.driver, now, watch))
    return devices


@dataclass
class Program:
    """A whole program, built and not yet started.

    Attributes:
        hall: the parts that pages and API use.
        service: starts and stops all of it.
        server: where it is served.
    """

    hall: Hall
    service: Service
    server: Server


def build(settings: Settings, *, visitor: tuple[str, str] | None = None) -> Program:
    """Build everything ``settings`` ask for; opens and locks the store.

    Args:
        settings: what this box is.
        visitor: in the demonstration, name and password of the account that ``/bench`` logs its visitor in as.

    Raises:
        StoreOpenError: the store cannot be opened or is in use.
        VaultError: the master key is not this store's.
    """
    zone = settings.hall.zone
    store, vault, people = open_office_parts(settings, exclusive=True)
    try:
        box = box_of(settings)
        now = HallClock(zone, newest_event(store), wall=store.wall)
        office = Office(store, vault, rules_of(settings), zone, now, box)
        setup = Setup(office.ledger)
        setup.seed(setup_of(settings, "open"))
        feed = EventFeed(office, store.on_commit)
        news = WindowNews(feed)

        def scanned(device: str, window: str, line: str) -> None:
            try:
                found = office.scan(window, line, Actor(f"scanner:{device}", "clerk", window))
            except TicketingError as error:
                words = refusals.words(error.code, error.facts)
                refusal = {"ok": False, "code": error.code, "message": words.zh, "message_en": words.en}
                if error.code in ("wrong_window", "not_called"):
                    # What the clerk may let through with a reason, for the stream of this window's clerk alone.
                    refusal["scanned"] = line
                news.tell(window, "scan", refusal)
            else:
                news.tell(window, "scan", {"ok": True, "code": None, "number": found.ticket.number})

        scans = Inbox("scans", scanned)

        def told(device: str, event: DeviceEvent) -> None:
            if isinstance(event, LineScanned):
                scans.put(device, event.window, event.line)
            elif isinstance(event, CardEvent) and counter:
                counter.on_card(event)

        counter: Counter | None = None
        devices = build_devices(
            settings,
            now,
            told,
            on_reader=lambda state: counter.on_reader(state) if counter else None,
        )
        host = settings.hall.public_host
        columns = devices.printer.profile.columns if devices.printer else 0
        printing = PrintDesk(office, devices.printer, partial(lay_out, settings.hall, columns))
        screen = Channel(lambda: ("state", counter.view() if counter else {}))
        counter = Counter(
            KioskSession(settings.kiosk.choose_seconds, settings.kiosk.take_seconds),
            office,
            printing,
            box=box,
            desk=(settings.hall.desk, settings.hall.desk_en),
            ticket_url=lambda code: ticket_url(host, code),
            clock=time.monotonic,
            has_reader=devices.has_reader,
            screen=screen,
        )
        announcer = Announcer(office, devices.displays, devices.speaker)
        feed.follow(announcer.hear)
        hall = Hall(settings, office, people, feed, news, printing, counter, devices.supervisors, None, now)
        if devices.simulators:
            hall.virtual_hall = _virtual_hall(settings, devices, office, now)
        housekeeping = Loop("housekeeping", HOUSEKEEPING, lambda: keep_house(office, setup, now, settings))
        held = Loop("held", HELD, lambda: _bring_back(office))
        server = Server(create_app(hall, visitor=visitor), settings.server)
    except BaseException:
        store.close()
        raise
    parts: list[Part] = [
        _Closing(store.close),
        _Closing(feed.close, feed.start),
        _Closing(news.close),
        _Closing(screen.close),
        devices,
        DeviceSocket(settings, devices.supervisors),
        printing,
        counter,
        scans,
        announcer,
        housekeeping,
        held,
        *([hall.virtual_hall] if hall.virtual_hall else []),
        server,
    ]
    return Program(hall, Service(parts), server)


def keep_house(office: Office, setup: Setup, clock: HallClock, settings: Settings) -> None:
    """What the calendar asks for: a day that is over is closed, and erased once its retention is over.

    Nothing is erased by a clock that may have run ahead: what is gone, nobody brings back.
    """
    office.end_of_day()
    setup.tidy()
    if clock.steady_for() >= SETTLED:
        office.purge(office.ledger.today() - timedelta(days=settings.privacy.retention_days))


def _bring_back(office: Office) -> None:
    office.bring_back()


def _virtual_hall(settings: Settings, devices: Devices, office: Office, now: Callable[[], datetime]) -> Any:
    from kiosk.devices.virtual_hall import VirtualHall

    return VirtualHall(
        devices.simulators,
        {supervisor.name: supervisor for supervisor in devices.supervisors},
        {one.name: one.window for one in settings.devices},
        lambda: [(window.id, window.name) for window in office.windows()],
        now,
    )


class _Closing:
    """A part that only wants to be closed in its turn."""

    def __init__(self, close: Callable[[], None], start: Callable[[], None] = lambda: None) -> None:
        self.start = start
        self.stop = close
