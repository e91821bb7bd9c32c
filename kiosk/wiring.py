"""Where things are built: from settings to running parts. The only module that knows every class by name."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from config.settings import DeviceSettings, Settings
from display import refusals
from drivers.card_reader.sam import CardEvent, CardReader
from drivers.led.bx import LedStrip
from drivers.port import open_port
from drivers.printer.escpos import PROFILES
from drivers.printer.printer import Printer
from drivers.scanner import Scanner
from drivers.speaker import AlsaPlayer, Speaker
from drivers.supervisor import DeviceState, Supervisor
from kiosk.clock import HallClock, newest_event
from kiosk.devices.announcing import Announcer, Strip
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
from kiosk.web.serving import Server
from ticketing.day.setup import Setup
from ticketing.model import Actor, TicketingError
from ticketing.office import Office

if TYPE_CHECKING:
    from kiosk.devices.virtual_hall import Simulator

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
        strips: by window.
        speaker: the box's speaker, or None.
        folder: where simulators keep their ptys and sounds.
    """

    supervisors: list[Supervisor[Any]]
    simulators: "dict[str, Simulator]"
    printer: Printer | None
    strips: dict[str, list[Strip]]
    speaker: Speaker | None
    folder: "TemporaryDirectory[str] | None"

    def start(self) -> None:
        """Simulators first: they are what the drivers open."""
        for simulator in self.simulators.values():
            simulator.start()
        for supervisor in self.supervisors:
            supervisor.start()

    def stop(self) -> None:
        """Ask all to end before waiting for any."""
        for supervisor in self.supervisors:
            supervisor.stopping.set()
        for supervisor in self.supervisors:
            supervisor.stop()
        for simulator in self.simulators.values():
            simulator.stop()
        if self.folder:
            self.folder.cleanup()


def build_devices(
    settings: Settings,
    now: Callable[[], datetime],
    on_card: Callable[[CardEvent], None] = lambda _event: None,
    on_reader: Callable[[DeviceState], None] = lambda _state: None,
    on_scan: Callable[[str, str, str], None] = lambda _device, _window, _line: None,
) -> Devices:
    """The drivers of ``settings``, each under its supervisor.

    Args:
        settings: what this box is.
        now: the time, in the hall's zone.
        on_card: what the card reader sees.
        on_reader: how the card reader is.
        on_scan: a scanner's name, its window, and the line it read.

    All three are called on a device's thread, and have to return at once.
    """
    devices = Devices([], {}, None, {}, None, None)
    if any(one.simulated for one in settings.devices):
        devices.folder = TemporaryDirectory(prefix="quhao-")
    for one in settings.devices:
        driver: Any
        if one.simulated and devices.folder:
            opener = _simulate(one, devices, Path(devices.folder.name), now)
        elif one.driver == "speaker":
            opener = partial(AlsaPlayer, one.port)
        else:
            opener = partial(open_port, one.port, one.baudrate)
        match one.driver:
            case "sam":
                driver = CardReader(on_card)
            case "escpos":
                driver = devices.printer = Printer(PROFILES[one.profile])
            case "led-bx":
                driver = LedStrip(width=one.width, height=one.height, model=one.model, address=one.address)
                devices.strips.setdefault(one.window, []).append(Strip(driver, one.width, one.height))
            case "scanner":
                driver = Scanner(partial(on_scan, one.name, one.window))
            case "speaker":
                driver = devices.speaker = Speaker(voice=one.voice, speed=one.speed)
        watch = on_reader if one.driver == "sam" else lambda _state: None
        devices.supervisors.append(Supervisor(one.name, one.driver, opener, driver, now, watch))
    return devices


def _simulate(one: DeviceSettings, devices: Devices, folder: Path, now: Callable[[], datetime]) -> Callable[[], Any]:
    """Put a simulator at the other end of a real pty or socket; what opens this end of it."""
    # Imported here: a hall of real devices does not carry the weight of pictures.
    from kiosk.devices.simulation import build_simulator

    simulator = build_simulator(one, folder, now)
    devices.simulators[one.name] = simulator
    if one.driver == "speaker":
        return simulator.open_player  # type: ignore[union-attr]
    return lambda: open_port(simulator.url, one.baudrate)  # type: ignore[union-attr]


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
        counter: Counter | None = None
        devices = build_devices(
            settings,
            now,
            on_card=lambda event: counter.on_card(event) if counter else None,
            on_reader=lambda state: counter.on_reader(state) if counter else None,
            on_scan=scans.put,
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
            has_reader=any(one.driver == "sam" for one in settings.devices),
            screen=screen,
        )
        announcer = Announcer(office, devices.strips, devices.speaker)
        feed.follow(announcer.hear)
        hall = Hall(settings, office, people, feed, news, printing, counter, devices.supervisors, None, now)
        if devices.simulators:
            hall.bench = _bench(settings, devices, office, now)
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
        printing,
        counter,
        scans,
        announcer,
        housekeeping,
        held,
        *([hall.bench] if hall.bench else []),
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


def _bench(settings: Settings, devices: Devices, office: Office, now: Callable[[], datetime]) -> Any:
    from kiosk.devices.virtual_hall import Bench

    return Bench(
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
