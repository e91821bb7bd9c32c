"""A box of the simulated hall: the real program, as :mod:`kiosk.wiring` builds it, without its web server.

Real are the office and its store, vault and clock, the numbers that it holds and its own file for the time without the
store, the kiosk's session and controller, the print queue, the drivers of printer and card reader with their
supervisors, and the simulators at the far ends. Left out are the web server (a
request is a call on a thread of the box), screens, strips, speaker and what else only listens.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from config.settings import HallSettings
from drivers.card_reader.sam import CardReader
from drivers.printer.driver import Printer
from drivers.printer.profiles import PROFILES, ProfileName
from drivers.simulators.card_reader.sam import SamSimulator
from drivers.simulators.printer.simulator import PrinterSimulator
from drivers.supervisor import Supervisor
from kiosk.clock import HallClock, newest_event
from kiosk.counter import Counter, Rounds
from kiosk.late_opening import LateOpening
from kiosk.resident.controller import KioskController
from kiosk.resident.printing import PrintQueue
from kiosk.resident.session import KioskSession
from kiosk.resident.slips import lay_out
from kiosk.resident.view import KioskView
from kiosk.service import Loop
from tests.simulation.scheduler import SECOND, Process, Scheduler
from tests.simulation.stores import Database, SimulatedStore, StoreLink, Wire
from ticketing.cut_off import local_copy
from ticketing.cut_off.box import CutOffBox
from ticketing.cut_off.rules import LeaseRules
from ticketing.model import Service, StoreError, Window
from ticketing.office import Office
from ticketing.policy import Rules
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.standing import STANDING
from ticketing.privacy.vault import Vault
from ticketing.store.base import Store
from ticketing.store.opening import open_store
from ticketing.store.tables import fact

ZONE = ZoneInfo("Asia/Shanghai")
RULES = Rules()
HALL = HallSettings(id="simulated", name="模拟政务大厅")
SERVICES = [
    Service("licence", "营业执照", "Business licence", "A"),
    Service("tax", "税务登记", "Tax", "B"),
    Service("seal", "公章备案", "Seals", "A"),
]
WINDOWS = [
    Window("1", "1号窗口", ("*",), "open"),
    Window("2", "2号窗口", ("tax",), "open"),
    Window("3", "3号窗口", ("licence", "seal"), "closed"),
]
PATIENCE = 5.0
HOUSEKEEPING = 20.0
HELD = 5.0
LEASES = LeaseRules(numbers=4, ahead=6, lasts=timedelta(seconds=30))
"""So few and so short that numbers are used up, blocks are exchanged, and leases end within a hall's day."""


MOST_DRIFT = 200
"""Millionths by which the time since boot runs fast or slow at most."""


class WallClock:
    """A clock that shows the time and may be set: nanoseconds since 1970 UTC.

    Attributes:
        ahead: nanoseconds by which it is wrong.
        drift: nanoseconds a second by which it becomes so.
    """

    def __init__(self, scheduler: Scheduler, began: int) -> None:
        self._scheduler = scheduler
        self._began = began
        self.ahead = 0
        self.drift = 0

    def __call__(self) -> int:
        now = self._scheduler.now
        return self._began + now + self.ahead + self.drift * now // SECOND


class Box:
    """One box with its devices; they outlive the program that runs on it.

    Args:
        keys: its key file.
        profile: of its printer.
        server: what the clock of a shared store shows.
        wall: what its own clock shows, which is its file's.
        told: notes a line in the trace.

    Attributes:
        process: the program that runs; None while none does.
        office, counter, kiosk, view: of that program, once it is up.
        begun_alone: how often it was begun while the store did not answer.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        name: str,
        database: Database,
        keys: Path,
        profile: ProfileName,
        server: WallClock,
        wall: WallClock,
        told: Callable[[str], None],
        papers_changed: Callable[[], None],
        now: Callable[[], Any],
    ) -> None:
        self.scheduler = scheduler
        self.name = name
        self.database = database
        self.keys = keys
        self.profile = PROFILES[profile]
        self.server = server
        self.wall = wall
        self.wire = Wire()
        # What it goes on with without the store; it is the box's, as its key file is.
        self.local = Database(scheduler, keys.with_name("cut-off.db"), shared=False) if database.shared else None
        self.told = told
        self.printer = PrinterSimulator(
            profile=self.profile,
            process_id=self.profile.confirm == "gs_h",
            answers=() if self.profile.confirm == "none" else (1, 2, 3, 4, 5, 0x14),
            on_change=papers_changed,
            now=now,
        )
        self.reader = SamSimulator(tcp=True)
        self._boots = 0
        self.begun_alone = 0
        self._counts_from = 0
        self._runs_fast = scheduler.random.randint(-MOST_DRIFT, MOST_DRIFT) if database.shared else 0
        self._switch_on()
        self.process: Process | None = None
        self.link: StoreLink | None = None
        self.local_link: StoreLink | None = None
        self.office: Office | None = None
        self.counter: Counter | None = None
        self.kiosk: KioskController | None = None
        self.view: KioskView | None = None
        self._parts: list[Any] = []
        self._local_stores: list[Store] = []

    @property
    def links(self) -> list[StoreLink]:
        """Of its program to its databases: the store, and its own file."""
        return [link for link in (self.link, self.local_link) if link is not None]

    @property
    def up(self) -> bool:
        """Whether the program runs and can be asked."""
        return self.process is not None and self.process.alive and self.office is not None

    def plug_in(self) -> None:
        """Switch the devices on."""
        self.printer.start()
        self.reader.start()

    def boot(self) -> None:
        """Start the program; it is up a while later."""
        self.process = process = Process(self.name)
        wall = self.server if self.database.shared else self.wall
        self.link = StoreLink(self.database, self.wire, process, wall, self._steady)
        self.local_link = self.local and StoreLink(self.local, Wire(), process, self.wall, self._steady)
        self.office = self.counter = self.kiosk = self.view = None
        self.scheduler.spawn(process, "main", self._main)

    def kill(self, *, machine: bool = False) -> None:
        """End the program as a power cut does, or with it the machine's run; the devices stay on."""
        if machine:
            self._switch_on()
        if self.process is not None and self.process.alive:
            self.told(f"{self.name} is {'switched off' if machine else 'killed'}")
            self.scheduler.kill(self.process)

    def _switch_on(self) -> None:
        """Begin another run of the machine: the time since boot begins anew."""
        self._boots += 1
        self._counts_from = self.scheduler.random.randrange(1, 60) * SECOND - self.scheduler.now

    def since_boot(self) -> int:
        """What leases are measured by, in nanoseconds: nobody sets it."""
        return self._steady()

    def shut_down(self) -> None:
        """Have the program end by itself, as for the night."""
        if self.up:
            assert self.process
            self.scheduler.spawn(self.process, "stop", self._stop)

    def _main(self) -> None:
        late, opened = None, None
        while True:
            try:
                path = f"sqlite:///{self.database.path}"
                store = opened = opened or open_store(path, exclusive=not self.database.shared, patience=PATIENCE)
                store.claim(self.name)
                keys = KeyFile(self.keys, create=False)
                now = HallClock(ZONE, newest_event(store), wall=store.wall, steady=self._steady)
                vault = Vault(store, keys, HALL.id, clock=now)
                break
            except StoreError:
                if late := self._begin_without():
                    store, now, vault = late.store, late.clock, late.vault
                    break
                self.scheduler.sleep(1.0)
        office = Office(store, vault, RULES, ZONE, now, self.name)
        if late:
            late.first = (office.recover,)
        going_on = self._going_on(office, late)
        counter = Counter(office, going_on)
        printer = Printer(self.profile, poll_interval=4.0, clock=self._seconds)
        printing = PrintQueue(counter, printer, partial(lay_out, HALL, self.profile.columns))
        session = KioskSession(20.0, 5.0)
        kiosk = KioskController(
            session,
            counter,
            printing,
            box=self.name,
            desk=(HALL.desk, HALL.desk_en),
            ticket_url=lambda code: code,
            clock=self._seconds,
            has_reader=True,
            spell=list,
            on_change=self._show,
        )
        reader = CardReader(kiosk.on_card, photo=False, find_interval=0.6, presence_interval=1.0, clock=self._seconds)
        devices = [
            Supervisor("printer", "escpos", lambda: self._open(self.printer), printer, now),
            Supervisor("reader", "sam", lambda: self._open(self.reader), reader, now, kiosk.on_reader),
        ]
        for one in devices:
            one.start()
        while True:
            try:
                printing.start()
                break
            except StoreError:
                self.scheduler.sleep(1.0)
        loops = [
            Loop("housekeeping", HOUSEKEEPING, partial(self._keep_house, office)),
            Loop("held", HELD, office.bring_back),
        ]
        if going_on is not None:
            loops.append(Rounds(going_on, store.on_commit))
        kiosk.start()
        for loop in loops:
            loop.start()
        self._parts = [*loops, kiosk, printing, *devices, *self._local_stores, store]
        self.office, self.counter, self.kiosk = office, counter, kiosk
        self.told(f"{self.name} is up")

    def _begin_without(self) -> LateOpening | None:
        """What it begins with while the store does not answer, if its own file says enough of that."""
        if self.local is None or self.link is None:
            return None
        local = None
        try:
            local = open_store(f"sqlite:///{self.local.path}", exclusive=True, patience=PATIENCE)
            with local.read() as conn:
                known = conn.scalar(select(fact.c.value).where(fact.c.name == STANDING))
                ahead = local_copy.clock_ahead(conn, self._boot)
            newest = newest_event(local)
            if known is not None:
                self.link.go_by(self.wall() if ahead is None else self._steady() + ahead)
                store = SimulatedStore(self.link, self.database.path, PATIENCE)
                store.close_for_now()
                now = HallClock(ZONE, newest, wall=store.wall, steady=self._steady)
                vault = Vault(local, KeyFile(self.keys, create=False), HALL.id, clock=now)
                self.told(f"{self.name} begins without the store")
                self.begun_alone += 1
                return LateOpening(store, local, vault, now)
        except StoreError:
            pass
        if local is not None:
            local.close()
        return None

    @property
    def _boot(self) -> str:
        return f"run {self._boots}"

    def _going_on(self, office: Office, late: LateOpening | None) -> CutOffBox | None:
        """What goes on without the store; a file that cannot be worked on is waited for."""
        if self.local is None:
            return None
        while True:
            try:
                path = self.local.path
                local = late.local if late else open_store(f"sqlite:///{path}", exclusive=True, patience=PATIENCE)
                break
            except StoreError:
                self.scheduler.sleep(1.0)
        while True:
            try:
                reach = late.reach if late else None
                box = CutOffBox(office, local, LEASES, steady=self.since_boot, boot=self._boot, reach=reach)
                break
            except StoreError:
                self.scheduler.sleep(1.0)
        self._local_stores = [local]
        return box

    def _stop(self) -> None:
        self.office = None
        for part in self._parts:
            getattr(part, "stop", getattr(part, "close", None))()
        self.told(f"{self.name} has ended")
        assert self.process
        self.scheduler.kill(self.process)

    @staticmethod
    def _keep_house(office: Office) -> None:
        office.ledger.vault.mend(office.ledger.store, office.ledger.today())
        office.end_of_day()
        office.put_away()

    def _show(self, view: KioskView) -> None:
        self.view = view

    def _open(self, device: Any) -> Any:
        # The simulators' own opening goes through a URL.
        return device._plug.open()

    def _steady(self) -> int:
        now = self.scheduler.now
        return self._counts_from + now + now * self._runs_fast // 1_000_000

    def _seconds(self) -> float:
        return self._steady() / SECOND


def copy_keys(template: Path, to: Path) -> Path:
    """A box's own copy of the hall's key file."""
    to.mkdir(mode=0o700, parents=True)
    shutil.copy2(template, to / template.name)
    return to / template.name
