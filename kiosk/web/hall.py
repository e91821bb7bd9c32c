"""The running parts that pages and API use; built by ``kiosk.wiring``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from config.settings import CARD_READERS, Settings
from display.prompts import Words
from drivers.supervisor import Supervisor
from kiosk.box.box_watch import BoxWatch
from kiosk.counter import Counter
from kiosk.devices.cards.card_looks import CardLooks
from kiosk.devices.cards.terminal_cards import TerminalCards
from kiosk.devices.help_signals import HelpWords
from kiosk.devices.testing import DeviceTests
from kiosk.event_feed import Channels, ScreenNews
from kiosk.exchange.hall_files import HallDocuments
from kiosk.exchange.media_folder import MediaFolder
from kiosk.forms.files import Form
from kiosk.forms.folder import load_forms
from kiosk.late_opening import LateOpening
from kiosk.resident.closing import ClosingPrinter
from kiosk.setup_in_force import SetupInForce
from kiosk.web.code_guessing import TypedNumbers, WrongCodes
from kiosk.web.refused import RefusedRequests
from ticketing.appointments.appointments import Appointments
from ticketing.boxes.boxes import Boxes
from ticketing.cases.applications import Applications
from ticketing.cases.cases import Cases
from ticketing.cases.ratings import Ratings
from ticketing.cut_off.noted import NotedRecords
from ticketing.day.closing_slips import ClosingSlips
from ticketing.drafts.drafts import Drafts
from ticketing.help.help_calls import HelpCalls
from ticketing.line.resident_screen import ResidentScreens
from ticketing.line.supplements import Supplements
from ticketing.line.views import Board
from ticketing.live.alerts import Limits
from ticketing.live.past_days import PastDays
from ticketing.live.watch import DeviceDown, Watch
from ticketing.matters.matters import Matters
from ticketing.model import Service, UnknownError, Window
from ticketing.notices.notices import Notices
from ticketing.office import Office
from ticketing.people.people import People
from ticketing.planning.planning import Planning
from ticketing.privacy.anchors import AnchorFile
from ticketing.reports.audit import Audit
from ticketing.reports.reports import Reports
from ticketing.reports.spans import Spans
from ticketing.screens.screens import Screens
from ticketing.setup.setup import Setup
from ticketing.terminals import Terminals
from ticketing.waits.worker import compare_apart

if TYPE_CHECKING:
    from kiosk.demonstration.virtual_hall import VirtualHall
    from kiosk.devices.climate import HallClimate
    from kiosk.event_feed import Channel, EventFeed, WindowNews
    from kiosk.resident.controller import KioskController
    from kiosk.resident.printing import PrintQueue
    from kiosk.resident.reading_aloud import ReadingAloud


SERVICES_ON_A_SCREEN = 12
"""In large type; who waits for more of them is told by theme."""


@dataclass(frozen=True)
class ThemeWaiting:
    """How many wait for the services of a theme."""

    name: str
    count: int


@dataclass
class Hall:
    """The running parts.

    Attributes:
        feed: the hall's events, for anybody.
        news: streams for one window's clerk.
        printing: slips of this box's printer.
        kiosk: the resident's side of this box; None where it has none.
        screen: the stream of what the kiosk's page shows.
        virtual_hall: controls and state of the simulators; None where no device is simulated.
        clock: the time, in the hall's zone.
        counter: where verbs are done while the store is away.
        late: how the store is opened that did not answer at the start; None for one that did.
        reading_aloud: what the kiosk's earphones say; None where it has none.
        terminal_news: what is for one terminal's page alone, by terminal: ``scan`` {text}, ``card`` {lies}, ``help``.
        screen_news: for the second screens at windows, by window.
        filled: by window, the ticket into whose form data went last and the names of their fields: only this box knows.
        terminal_cards: the cards on the readers of this box's terminals.
        climate: the hall's zones.
        in_force: what the hall's setup overrules of this box's settings.
        drafts: of the hall's next setup.
        typed_numbers: limits what is done with numbers that are typed at terminals.
        wrong_codes: limits guessing; every route that takes a code looks it up inside ``wrong_codes.watch``.
        device_tests: a technician's tests of the devices.
        forms: to be filled in at terminals, by id.
        watch: the hall at this moment, and its alerts.
        box_watch: the disks and the clock of this box, and whether the store takes what is written.
        planning: questions about days to come.
        notices, media: what screens show between calls.
        screens: boxes that show a page of the hall.
        boxes: those that share the store.
        help: calls for help; ``help_words`` says where they come from and who goes.
        card_looks: cards that are laid to ask on behalf of whose they are.
        closing: closing slips on this box's printer.
        refused: requests that were refused, for the audit log.
        cases, applications, supplements, ratings, resident_screens, reports, spans, past_days, audit, terminals,
            setup, matters, appointments: more verbs, on the office's ledger.
    """

    settings: Settings
    office: Office
    people: People
    feed: "EventFeed"
    news: "WindowNews"
    printing: "PrintQueue"
    kiosk: "KioskController | None"
    screen: "Channel"
    devices: list[Supervisor[Any]]
    virtual_hall: "VirtualHall | None"
    clock: Callable[[], datetime]
    climate: "HallClimate"
    counter: Counter = field(init=False)
    late: LateOpening | None = None
    reading_aloud: "ReadingAloud | None" = None
    terminal_news: Channels = field(default_factory=Channels)
    screen_news: ScreenNews = field(default_factory=ScreenNews)
    filled: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    terminal_cards: TerminalCards = field(init=False)
    wrong_codes: WrongCodes = field(default_factory=WrongCodes)
    typed_numbers: TypedNumbers = field(default_factory=TypedNumbers)
    device_tests: DeviceTests = field(init=False)
    watch: Watch = field(init=False)
    box_watch: BoxWatch = field(init=False)
    card_looks: CardLooks = field(init=False)
    closing: ClosingPrinter = field(init=False)
    refused: RefusedRequests = field(init=False)
    cases: Cases = field(init=False)
    applications: Applications = field(init=False)
    supplements: Supplements = field(init=False)
    ratings: Ratings = field(init=False)
    resident_screens: ResidentScreens = field(init=False)
    reports: Reports = field(init=False)
    spans: Spans = field(init=False)
    past_days: PastDays = field(init=False)
    planning: Planning = field(init=False)
    audit: Audit = field(init=False)
    terminals: Terminals = field(init=False)
    setup: Setup = field(init=False)
    drafts: Drafts = field(init=False)
    in_force: SetupInForce = field(init=False)
    matters: Matters = field(init=False)
    forms: Mapping[str, Form] = field(init=False)
    appointments: Appointments = field(init=False)
    help: HelpCalls = field(init=False)
    help_words: HelpWords = field(init=False)
    notices: Notices = field(init=False)
    media: MediaFolder = field(init=False)
    screens: Screens = field(init=False)
    boxes: Boxes = field(init=False)
    noted: NotedRecords = field(init=False)

    def service(self, service: str) -> Service | None:
        """The service of that id; None when the hall has none, or no longer."""
        return next((one for one in self.office.services() if one.id == service), None)

    def board(self, zone: str) -> tuple[Board, bool]:
        """What this box's screens show, and whether it is cut off; ``seq`` is where a screen follows from.

        Raises:
            UnknownError: ``unknown_zone``.
        """
        with self.counter.entered():
            board, cut_off = self.counter.at_hand.board(zone), self.counter.goes_on
        # The box's own events have no number that anybody could follow from.
        return (replace(board, seq=self.feed.seq) if cut_off else board), cut_off

    def waiting_by_theme(self, board: Board) -> list[ThemeWaiting]:
        """Who waits, by the theme of the matters, where services are too many for a screen; else nothing.

        A service without matters stands by its own name, after the themes.
        """
        if len(board.waiting) <= SERVICES_ON_A_SCREEN:
            return []
        matters = Matters(self.counter.office.ledger) if self.counter.goes_on else self.matters
        theme_of = matters.listed().theme_of
        if not theme_of:
            return []
        counts: dict[str, int] = {}
        for one in board.waiting:
            name = theme_of.get(one.service, one.name)
            counts[name] = counts.get(name, 0) + one.count
        order = dict.fromkeys([*theme_of.values(), *counts])
        return [ThemeWaiting(name, counts[name]) for name in order if name in counts]

    def seat_of(self, account: str) -> str | None:
        """The window where the clerk with this account sits; None for at none."""
        return next((one.id for one in self.office.windows() if one.clerk == account), None)

    def window(self, window: str) -> Window:
        """The window of that id; raises ``unknown_window``."""
        found = next((one for one in self.counter.at_hand.windows() if one.id == window), None)
        if found is None:
            raise UnknownError("unknown_window")
        return found

    def __post_init__(self) -> None:
        ledger = self.office.ledger
        self.counter = Counter(self.office)
        readers = (getattr(one, "terminal", "") for one in self.settings.devices if one.driver in CARD_READERS)
        self.terminal_cards = TerminalCards(filter(None, readers), self.terminal_news)
        self.device_tests = DeviceTests(self.settings.hall.name, self.devices, self.clock)
        self.watch = Watch(ledger, self.office.forecasts, _limits(self.settings), self._devices_down)
        self.box_watch = BoxWatch(self.settings, ledger.store)
        self.card_looks = CardLooks(one.name for one in self.settings.devices if one.driver in CARD_READERS)
        closes = self.settings.audit.closing_slip_minutes
        self.closing = ClosingPrinter(ClosingSlips(ledger), self.printing, closes)
        self.refused = RefusedRequests(ledger)
        self.cases = Cases(ledger)
        self.applications = Applications(ledger)
        self.supplements = Supplements(ledger)
        self.ratings = Ratings(ledger)
        self.resident_screens = ResidentScreens(ledger)
        self.reports = Reports(ledger)
        self.spans = Spans(ledger)
        self.past_days = PastDays(ledger)
        self.noted = NotedRecords(ledger)
        self.planning = Planning(ledger, compare_apart)
        self.audit = Audit(ledger, AnchorFile(self.settings.store.key_file))
        self.terminals = Terminals(ledger)
        self.setup = Setup(ledger)
        self.drafts = Drafts(ledger, HallDocuments(self.settings.hall))
        self.in_force = SetupInForce(self.office, self.setup)
        self.matters = Matters(ledger)
        self.forms = load_forms(self.settings.forms.folder)
        self.appointments = Appointments(ledger)
        self.notices = Notices(ledger)
        self.media = MediaFolder(self.settings.screen.media)
        self.screens = Screens(ledger)
        self.boxes = Boxes(ledger)
        self.help = HelpCalls(ledger)
        at = self.settings.hall
        self.help_words = HelpWords(self.office, at.id, Words(at.desk, at.desk_en))

    def _devices_down(self) -> list[DeviceDown]:
        states = (one.state for one in self.devices)
        return [DeviceDown(one.name, one.since, one.reason) for one in states if one.state != "online"]


def _limits(settings: Settings) -> Limits:
    """The limits of alerts from the settings, where 0 is for never."""
    chosen = settings.alerts
    return Limits(
        timedelta(minutes=chosen.oldest_wait_minutes) or None,
        chosen.grade_below or None,
        timedelta(minutes=chosen.device_down_minutes) or None,
        timedelta(minutes=chosen.remind_minutes) or None,
    )
