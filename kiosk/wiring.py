"""Builds the whole program from the settings of a box."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from config.page_language import read_page_language
from config.settings import Settings
from display.prompts import Words
from drivers.card_reader.events import CardEvent
from drivers.device import DeviceEvent
from drivers.presses import GradeGiven, KeyPressed, KioskFace, KioskKeyPressed, Sensed
from drivers.scanner.driver import LineScanned
from kiosk.box.presence import Presence
from kiosk.box.pulse import ANSWERS_WITHIN, BEATS, Pulse
from kiosk.box.service_manager import watchdog_seconds
from kiosk.clock import HallClock
from kiosk.counter import Counter, CutOffNews, KnownPeople, Rounds, cut_off_box
from kiosk.devices.announcing import Announcer
from kiosk.devices.at_windows import AtWindows
from kiosk.devices.building import Devices, build_devices
from kiosk.devices.climate import HallClimate
from kiosk.devices.help_signals import HelpSignals
from kiosk.devices.panels import Panels
from kiosk.devices.status_socket import DeviceSocket
from kiosk.devices.window_inputs import WindowInputs
from kiosk.event_feed import Channel, EventFeed, WindowNews
from kiosk.exchange.hall_files import setup_of
from kiosk.exchange.papers import Papers, code_url
from kiosk.late_opening import open_without_the_store
from kiosk.opening import box_of, clock_of, open_office_parts, people_on, rules_of
from kiosk.resident.controller import KioskController
from kiosk.resident.inputs import KioskInputs
from kiosk.resident.printing import PrintQueue
from kiosk.resident.session import KioskSession, Stage
from kiosk.resident.slips import LargePrint, lay_out
from kiosk.resident.view import KioskView
from kiosk.service import Loop, Part, Parts
from kiosk.web.app import create_app
from kiosk.web.console import verbs
from kiosk.web.hall import Hall
from kiosk.web.schema.answers import kiosk_message
from kiosk.web.server import Server
from ticketing.help.help_calls import Place
from ticketing.live.alerts import FOR_ALL
from ticketing.model import Actor
from ticketing.office import HALL, Office
from ticketing.privacy.anchors import AnchorFile, Anchors
from ticketing.reports.climate import ClimateRecords
from ticketing.setup.setup import Setup
from ticketing.setup.setup import parts as parts_of
from ticketing.store.base import Store, StoreGoneError

if TYPE_CHECKING:
    from kiosk.demonstration.hall_day import HallDay
    from kiosk.demonstration.hall_time import HallTime
    from kiosk.devices.publishing import Publisher
    from kiosk.resident.reading_aloud import ReadingAloud

HOUSEKEEPING = 20.0
"""Seconds between checks whether a day is over."""
ANCHORED = 1.0
"""Seconds between looks at the audit log's head, which is anchored outside the store."""
WATCHED = 20.0
"""Seconds between looks for what stands badly in the hall."""
LOOKED_AFTER = 5.0
"""Seconds between looks at the disks and the clock of this box."""
REPORTED = 20.0
"""Seconds between reports of this box to those that share its store, which are written when something is new."""
HELD = 5.0
"""Seconds between checks for held tickets that come back."""
SETTLED = timedelta(hours=1)
"""How long the clock must have run without a jump before data are erased by it; ``quhao purge`` does it at once."""
FAR = timedelta(days=31)
"""A hall is seldom closed for longer. Where that much would be erased at once, the date itself may be wrong."""
SETTLED_FAR = timedelta(hours=8)
"""How long the clock must have run then: the day is on every slip, and somebody sees that it is wrong."""


@dataclass
class Program:
    """A whole program, built and not yet started.

    Attributes:
        hall: the parts that pages and API use.
        parts: all that starts and stops.
        server: where it is served.
    """

    hall: Hall
    parts: Parts
    server: Server


def build(
    settings: Settings, *, visitor: tuple[str, str] | None = None, hall_time: "HallTime | None" = None
) -> Program:
    """Build everything ``settings`` ask for; opens and locks the store.

    Args:
        settings: what this box is.
        visitor: in the demonstration, name and password of the account that ``/bench`` logs its visitor in as.
        hall_time: in the demonstration, a clock that can be sped up, for days that go by themselves.

    A box of several whose store does not answer is built on its own file, as one that was cut off while it ran.

    Raises:
        StoreOpenError: the store cannot be opened or is in use; or it does not answer, and this box cannot begin
            without it.
        VaultError: the master key is not this store's.
    """
    zone, going_on, late = settings.hall.zone, None, None
    try:
        store, vault, _ = open_office_parts(settings, exclusive=True)
    except StoreGoneError:
        late = None if hall_time else open_without_the_store(settings)
        if late is None:
            raise
        store, vault = late.store, late.vault
    try:
        box = box_of(settings)
        now = late.clock if late else hall_time.clock(settings, store) if hall_time else clock_of(settings, store)
        people = people_on(settings, store, vault, now)
        office = Office(store, vault, rules_of(settings), zone, now, box)
        setup = Setup(office.ledger)
        seed = partial(setup.seed, setup_of(settings, "open"))
        if late is None:
            seed()
        going_on = cut_off_box(settings, office, late)
        counter = Counter(office, going_on[0] if going_on else None)
        people.goes_on, people.away, people.lost = lambda: counter.goes_on, lambda: counter.away, counter.lost
        if late:
            people.know_again(late.known)
        feed = EventFeed(office, store.on_commit, now=now)
        feed.goes_on = lambda: counter.goes_on
        news = WindowNews(feed)

        decoders = {one.name: getattr(one, "photo_decoder", "") for one in settings.devices}
        at_windows = AtWindows(counter.at_store, news, decoders)

        def told(device: str, event: DeviceEvent) -> None:
            if hall.card_looks.take(device, event):
                return
            hall.device_tests.hear(device, event)
            if isinstance(event, (KeyPressed, GradeGiven)):
                window_inputs.hear(device, event)
            elif isinstance(event, LineScanned) and event.at == "terminal":
                hall.terminal_news.tell(event.terminal, "scan", {"text": event.line})
            elif isinstance(event, (KioskKeyPressed, Sensed)) or (
                isinstance(event, LineScanned) and event.at == "kiosk"
            ):
                kiosk_inputs.hear(event)
            elif isinstance(event, CardEvent) and event.terminal:
                hall.terminal_cards.hear(event)
            elif isinstance(event, CardEvent) and not event.window:
                kiosk.on_card(event)
            elif isinstance(event, (CardEvent, LineScanned)):
                at_windows.hear(device, event)
            elif publisher:
                publisher.take(event)

        def show(view: KioskView) -> None:
            screen.tell(*kiosk_message(view))
            if hall.reading_aloud:
                hall.reading_aloud.follow(view)
            light(view)

        def light(view: KioskView) -> None:
            fault = not (view.reader_ready and view.printer_ready)
            face = KioskFace(view.card_lies, view.state is Stage.TAKING, fault, help_signals.lit)
            for panel in devices.kiosk_panels:
                panel.show(face)

        devices = build_devices(settings, now, told, on_reader=lambda state: kiosk.on_reader(state))

        def papers() -> Papers:
            return hall.in_force.papers()

        large_print = LargePrint()
        laid_out = partial(lay_out, settings.hall, papers=papers, large=large_print)
        stations = [(one, partial(laid_out, one.profile.columns)) for one in devices.printers]
        printer, paper = stations[0] if stations else (None, partial(laid_out, 0))
        pace = (lambda: hall_time.speed) if hall_time else (lambda: 1)
        printing = PrintQueue(counter, printer, paper, backups=stations[1:], pace=pace)
        kiosk = KioskController(
            KioskSession(settings.kiosk.choose_seconds, settings.kiosk.take_seconds),
            counter,
            printing,
            box=box,
            desk=(settings.hall.desk, settings.hall.desk_en),
            ticket_url=partial(code_url, settings.hall.public_host),
            clock=time.monotonic,
            has_reader=devices.has_reader,
            straight_seconds=settings.kiosk.straight_seconds,
            enquiries=settings.kiosk.enquiries,
            on_change=show,
            large_print=large_print,
        )
        screen = Channel(lambda: kiosk_message(kiosk.view()))
        announcer = Announcer(counter.at_hand, devices.displays, _voices(devices, counter.at_hand))
        feed.follow(announcer.hear)
        panels = Panels(counter.at_hand, devices.panels)
        feed.follow(panels.hear)
        climate = HallClimate(devices.zones, ClimateRecords(office.ledger), now)
        hall = Hall(
            settings, office, people, feed, news, printing, kiosk, screen, devices.supervisors, None, now, climate
        )
        hall.counter = counter
        feed.follow(hall.screen_news.hear)
        if late and going_on:
            late.first = (seed, office.recover, hall.in_force.look)
            hall.late = late
            with going_on[0].peep() as m:
                hall.in_force.take(*parts_of(m))
        else:
            hall.in_force.look()
        feed.follow(hall.in_force.hear)
        here = Place("kiosk", box)
        help_signals = HelpSignals(hall.help, hall.help_words, (here, screen), hall.terminal_news, news)
        help_signals.follow(lambda _calls: light(kiosk.view()))
        feed.follow(help_signals.hear)
        kinds = {one.name: one.driver for one in settings.devices}
        window_inputs = WindowInputs(counter.at_hand, hall.ratings, news, devices.panels, kinds)
        feed.follow(window_inputs.follow)
        hall.reading_aloud = _reading_aloud(settings, devices)
        call_help = partial(hall.help.call, here, Actor(f"{box}-keys", "kiosk"))
        kiosk_inputs = KioskInputs(office, kiosk, screen, Words(settings.hall.desk, settings.hall.desk_en), call_help)
        publisher = _publisher(settings, devices, hall)
        if publisher:
            feed.follow(publisher.hear)
            help_signals.follow(publisher.show_help)

        def upkeep() -> None:
            keep_house(office, setup, now, settings)
            hall.closing.print_if_due(HALL)
            hall.spans.keep_up()
            people.write_uses()

        housekeeping = Loop("housekeeping", HOUSEKEEPING, upkeep)
        held = Loop("held", HELD, office.bring_back)
        watch = Loop("alerts", WATCHED, hall.watch.look)
        box_watch = Loop("box", LOOKED_AFTER, hall.box_watch.look)
        presence = Loop("presence", REPORTED, Presence(settings, box, hall.boxes, now()).report)
        anchors = Anchors(store, vault, AnchorFile(settings.store.key_file), now, office.ledger.today)
        if devices.simulators:
            loops = (housekeeping, held, watch)
            day = _hall_day(hall, devices, hall_time, loops) if hall_time else None
            hall.virtual_hall = _virtual_hall(hall, devices, day)
        wall = hall_time.seconds if hall_time else time.time
        server = Server(create_app(hall, visitor=visitor), settings.server, wall=wall)
    except BaseException:
        if going_on:
            going_on[1].close()
        elif late:
            late.local.close()
        store.close()
        raise
    parts: list[Part] = [
        _Closing(store.close),
        *([_Closing(going_on[1].close)] if going_on else []),
        *([Rounds(going_on[0], store.on_commit)] if going_on else []),
        *([CutOffNews(*going_on, feed.tell_aside), KnownPeople(going_on[0], people)] if going_on else []),
        hall.in_force,
        # Stops after all that writes entries.
        _Closing(anchors.keep_if_possible),
        Loop("anchor", ANCHORED, anchors.keep),
        hall.refused,
        _Closing(feed.close, feed.start),
        _Closing(news.close),
        _Closing(screen.close),
        _Closing(hall.terminal_news.close),
        _Closing(hall.screen_news.close),
        devices,
        DeviceSocket(settings, devices.supervisors, devices.taps, hall.device_tests, verbs(hall)),
        printing,
        kiosk,
        at_windows,
        *([window_inputs] if {"pad", "gpio"} & set(kinds.values()) else []),
        *([kiosk_inputs] if {"scanner", "gpio"} & set(kinds.values()) else []),
        announcer,
        help_signals,
        *([panels] if devices.panels else []),
        housekeeping,
        held,
        watch,
        box_watch,
        presence,
        *([climate] if devices.zones else []),
        *([publisher] if publisher else []),
        *([hall.virtual_hall] if hall.virtual_hall else []),
        server,
        *_pulse(settings, store),
    ]
    return Program(hall, Parts(parts), server)


def keep_house(office: Office, setup: Setup, clock: HallClock, settings: Settings) -> None:
    """Close days that are over, and erase those whose retention is over, unless the clock has jumped lately."""
    ledger = office.ledger
    ledger.vault.mend(ledger.store, ledger.today())
    office.end_of_day()
    office.put_away()
    setup.tidy()
    limit = ledger.today() - timedelta(days=settings.privacy.retention_days)
    steady = clock.steady_for()
    if steady >= SETTLED_FAR or (steady >= SETTLED and not _is_far(office, limit)):
        office.purge(limit)


def _is_far(office: Office, limit: date) -> bool:
    """Whether days that can be opened lie unusually long before ``limit``."""
    if limit - office.ledger.vault.stands_at <= FAR:
        return False
    with office.ledger.store.read() as conn:
        days = office.ledger.vault.days(conn)
    return bool(days) and date.fromisoformat(days[0]) < limit - FAR


def _pulse(settings: Settings, store: Store) -> list[Loop]:
    """What the watchdog of systemd feels; nothing where it is not asked for."""
    within = watchdog_seconds()
    if within is None:
        return []
    # Imported here: a box without a watchdog asks itself nothing.
    from kiosk.box.readiness import UnansweredError, ask

    def answers() -> bool:
        try:
            ask(settings, "/healthz", ANSWERS_WITHIN)
        except UnansweredError:
            return False
        return True

    return [Loop("watchdog", within / BEATS, Pulse(store, answers).beat)]


def _voices(devices: Devices, office: Office) -> Sequence[Any]:
    if not devices.speakers:
        return ()
    from kiosk.devices.voice import Voice

    return [Voice(office, speaker) for speaker in devices.speakers]


def _reading_aloud(settings: Settings, devices: Devices) -> "ReadingAloud | None":
    if not devices.earphones:
        return None
    from kiosk.resident.reading_aloud import ReadingAloud

    further = (read_page_language(path)[0] for path in settings.hall.languages)
    voices = {one.id: one.voice for one in further if one and one.voice}
    return ReadingAloud(devices.earphones, {"zh": "", "en": "en"} | voices)


def _publisher(settings: Settings, devices: Devices, hall: Hall) -> "Publisher | None":
    if devices.broker is None:
        return None
    from kiosk.devices.publishing import Publisher

    return Publisher(
        devices.broker,
        box=box_of(settings),
        hall=settings.hall.name,
        devices=devices.supervisors,
        window_of={one.name: one.window for one in settings.devices},
        climate=hall.climate,
        windows=hall.office.windows,
        alerts=partial(hall.watch.standing, FOR_ALL),
        now=hall.clock,
    )


def _virtual_hall(hall: Hall, devices: Devices, day: "HallDay | None") -> Any:
    from kiosk.demonstration.virtual_hall import VirtualHall

    return VirtualHall(
        devices.simulators,
        {supervisor.name: supervisor for supervisor in devices.supervisors},
        {one.name: one.window for one in hall.settings.devices},
        hall.office.windows,
        hall.clock,
        day,
    )


def _hall_day(hall: Hall, devices: Devices, hall_time: "HallTime", loops: Sequence[Loop]) -> "HallDay":
    from kiosk.demonstration.hall_day import HallDay

    assert hall.kiosk  # noqa: S101 - whoever wires has made it
    return HallDay(
        hall.office,
        hall.ratings,
        hall.matters,
        hall.kiosk,
        hall_time,
        hall.clock,
        devices.simulators,
        {one.name: one.window for one in hall.settings.devices},
        loops,
        devices.speakers,
    )


class _Closing:
    """A part made of two functions."""

    def __init__(self, close: Callable[[], None], start: Callable[[], None] = lambda: None) -> None:
        self.start = start
        self.stop = close
