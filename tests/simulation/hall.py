"""A whole hall for two days in one thread: boxes, people, faults, and whoever watches that every rule holds."""

import hashlib
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from drivers.simulators.card_reader.invented import invent
from kiosk.card_holder import resident_of
from tests.simulation.boxes import HALL, RULES, SERVICES, WINDOWS, ZONE, Box, WallClock, copy_keys
from tests.simulation.faults import Chaos, Network
from tests.simulation.observer import Observer, ViolationError
from tests.simulation.people import People
from tests.simulation.scheduler import SECOND, LivelockError, Process, Scheduler, Task
from tests.simulation.stores import Database, SimulatedStore
from tests.simulation.threads import substituted
from ticketing.model import TicketingError
from ticketing.office import HALL as PROGRAM
from ticketing.office import Office
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.vault import Vault
from ticketing.store import sqlite
from ticketing.store.opening import open_store

FIRST_DAY = date(2026, 3, 2)
EXPECTED = ("StoreError", "VaultError", "key_unwritable")
"""What a loop may log as an error: the store was away. Anything else is a defect."""
PACKAGES = ("drivers", "kiosk", "ticketing")
SETTLE = 150
"""Seconds after closing in which what was begun ends: a slip is wanted for 120."""
BOOT = (1.0, 8.0)
"""Seconds until a box that was killed runs again, at least and at most."""


@dataclass(frozen=True)
class Plan:
    """How large a hall is simulated.

    Attributes:
        residents: who come on the first day; half as many come on the second.
        seconds: how long the hall is open on the first day.
        fault_every: mean seconds between faults; 0 for none.
    """

    residents: int = 9
    seconds: float = 60.0
    fault_every: float = 3.0


@dataclass
class Result:
    """How a run went.

    Attributes:
        broken: the rule that was broken; None when all held.
        trace: what happened, line by line.
        counts: events and papers by kind, and how often everything was checked.
    """

    seed: int
    broken: str | None
    trace: list[str] = field(repr=False)
    counts: Counter[str] = field(repr=False)

    @property
    def digest(self) -> str:
        """Of the trace: the same for the same run."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class SimulatedHall:
    """Everything of one run. All chance comes from the scheduler's seed."""

    def __init__(self, scheduler: Scheduler, folder: Path, plan: Plan) -> None:
        self.scheduler = scheduler
        self.plan = plan
        self.fault_every = plan.fault_every
        self.trace: list[str] = []
        self.failed: str | None = None
        chance = scheduler.random
        # Some halls are open past midnight.
        self.late = chance.random() < 0.2
        began = datetime(*FIRST_DAY.timetuple()[:3], 9, tzinfo=ZONE)
        if self.late:
            began = began.replace(hour=23, minute=59) - timedelta(seconds=plan.seconds * chance.uniform(0.1, 0.9))
        self.began = began
        self.outside = Process("hall")
        shared = chance.random() < 0.5
        shutil.copytree(template(), folder / "template")
        server = WallClock(scheduler, int(began.timestamp()) * SECOND)
        database = Database(scheduler, folder / "template" / "quhao.db", shared=shared)
        names = ("east", "west") if shared else ("east",)
        # Of some halls a box is cut off in the evening, and has the store again the day after.
        self._left_behind = chance.choice(names) if shared and chance.random() < 0.3 else None
        profiles = [chance.choice(("epson", "xprinter", "snbc", "masung")) for _ in names]
        self.boxes = [
            Box(
                scheduler,
                name,
                database,
                copy_keys(folder / "template" / "master.key", folder / name),
                profile,  # type: ignore[arg-type]
                server,
                WallClock(scheduler, int(began.timestamp()) * SECOND) if shared else server,
                self.told,
                self._papers_changed,
                lambda: began.astimezone(UTC) + timedelta(microseconds=scheduler.now // 1000),
            )
            for name, profile in zip(names, profiles, strict=True)
        ]
        for box in self.boxes:
            if box.local is not None:
                shutil.copy2(template() / "empty.db", box.local.path)
        self.network = Network(self)
        named = {box.name: box for box in self.boxes}
        self.observer = Observer(
            database,
            {box.name: box.local for box in self.boxes if box.local is not None},
            lambda name: named[name].wire.cut,
            lambda: scheduler.now,
            lambda: [box.printer.papers for box in self.boxes],
            self._vault,
            self.told,
        )
        self._known_vault: Vault | None = None
        scheduler.on_defect = self._defect
        self.told(f"{', '.join(names)} on {'one server' if shared else 'a file'}, from {began:%H:%M:%S}, {profiles}")

    # -- what others use

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return self.scheduler.now / SECOND

    def told(self, what: str) -> None:
        """Note a line in the trace."""
        self.trace.append(f"{self.scheduler.now / SECOND:.6f} {what}")

    def broken(self, what: str) -> None:
        """A rule was broken: found by somebody in the hall, told after this step."""
        self.failed = self.failed or what

    def spawn(self, name: str, run: Callable[[], object]) -> Task:
        """Somebody or something in the hall that is no box."""
        return self.scheduler.spawn(self.outside, name, run)

    # -- the run

    def live(self) -> None:
        """Two days; raises ViolationError."""
        people, chaos = People(self), Chaos(self)
        for box in self.boxes:
            box.plug_in()
            box.boot()
        self.spawn("power", self._keep_up)
        self._day(people, chaos, self.plan.residents, self.plan.seconds, serial=1)
        first = self.observer.day
        self._night()
        people.hands.clear()
        self._day(people, chaos, self.plan.residents // 2, self.plan.seconds / 2, serial=200)
        self.observer.check_nobody_waits()
        self._purge()
        # A box that started while its clock was in another year may still be in it.
        if first < self.observer.day <= (FIRST_DAY + timedelta(days=3)).isoformat():
            self.observer.check_erased(first)
        self.observer.check_history()
        self.told("all is well")

    def _day(self, people: People, chaos: Chaos, residents: int, seconds: float, serial: int) -> None:
        begins = self.seconds
        closes = begins + seconds
        chance = self.scheduler.random
        for number in range(residents):
            sample = invent(chance, FIRST_DAY, serial + number)
            self.observer.hide(resident_of(sample.card))
            at = chance.uniform(3.0, seconds * 0.7)
            self.spawn("resident", lambda sample=sample, at=at: people.resident(sample, at))
        for window in WINDOWS:
            self.spawn(f"clerk {window.id}", lambda window=window: people.clerk(window.id, closes))
        self.spawn("phones", lambda: people.phones(closes))
        self.spawn("manager", lambda: people.manager(closes))
        if self.fault_every:
            self.spawn("chaos", lambda: chaos.run(closes - 8))
            for box in self.boxes:
                if box.name == self._left_behind:
                    chaos.leave_behind(box, closes - chance.uniform(2, 25))
                    self._left_behind = None
        self._run(closes)
        chaos.mend()
        ends = self.seconds + SETTLE
        self._run(self.seconds + 10)
        reached = [box for box in self.boxes if not box.wire.cut]
        while (self.observer.unfinished() or not all(box.up for box in reached)) and self.seconds < ends:
            self._run(self.seconds + 5)
        for box in reached:
            if not box.up:
                raise ViolationError(f"{box.name} does not come up again, though nothing is in its way")
        self.observer.check_day()

    def _night(self) -> None:
        """The boxes and their devices are switched off until the next morning."""
        self._dark = True
        for box in self.boxes:
            box.shut_down()
        self._run(self.seconds + 15)
        for box in self.boxes:
            box.kill(machine=True)
            box.printer.unplug()
            box.reader.unplug()
        passed = timedelta(seconds=self.seconds)
        morning = datetime.combine((self.began + passed).date() + timedelta(days=1), datetime.min.time(), ZONE)
        self._run((morning + timedelta(hours=9) - self.began).total_seconds())
        self.told("the next morning")
        self._dark = False
        for box in self.boxes:
            box.printer.plug_in()
            box.reader.plug_in()
            box.wire.stays_cut = False
            box.boot()
        self.spawn("power", self._keep_up)

    def _purge(self) -> None:
        for box in self.boxes:

            def purge(box: Box = box) -> None:
                if box.office is not None:
                    with suppress(TicketingError):
                        box.office.purge(box.office.ledger.today(), PROGRAM)
                        self.told(f"{box.name} has purged")

            assert box.process
            self.scheduler.spawn(box.process, "purge", purge)
        self._run(self.seconds + 3)

    _dark = False

    def _keep_up(self) -> None:
        """Start what was killed, as systemd does."""
        while not self._dark:
            self.scheduler.sleep(1.0)
            for box in self.boxes:
                if box.process is not None and not box.process.alive and not self._dark:
                    self.scheduler.sleep(self.scheduler.random.uniform(*BOOT))
                    if not self._dark and not box.process.alive:
                        box.boot()

    def _run(self, until: float) -> None:
        self.scheduler.run(round(until * SECOND), self._after_step)

    def _after_step(self) -> None:
        self.observer.look()
        if self.failed is not None:
            raise ViolationError(self.failed)

    def _papers_changed(self) -> None:
        self.observer.paper_came = True

    def _vault(self) -> Vault | None:
        for box in self.boxes:
            if box.office is not None:
                self._known_vault = box.office.ledger.vault
        return self._known_vault

    def _defect(self, task: Task, error: BaseException) -> None:
        if isinstance(error, ViolationError):
            self.broken(str(error))
        else:
            self.broken(f"{task.process.name}/{task.name} ended with {type(error).__name__}: {error}")


class _Log(logging.Handler):
    """Reads what the program logs."""

    def __init__(self, hall: SimulatedHall) -> None:
        super().__init__(logging.INFO)
        self._hall = hall

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(PACKAGES):
            return
        text = record.getMessage()
        self._hall.told(f"    {record.levelname.lower()}: {text}")
        try:
            self._hall.observer.take_log(record)
        except ViolationError as error:
            self._hall.broken(str(error))
        if record.levelno >= logging.ERROR and not any(one in text for one in EXPECTED):
            self._hall.broken(f"the log says: {text}")


@cache
def template() -> Path:
    """A folder with the hall's empty store, its services and windows, and its key file; made once in a process."""
    folder = Path(mkdtemp(prefix="quhao-template-", dir=memory()))
    open_store(f"sqlite:///{folder / 'empty.db'}", exclusive=False).close()
    shutil.copy2(folder / "empty.db", folder / "quhao.db")
    store = open_store(f"sqlite:///{folder / 'quhao.db'}", exclusive=False)
    morning = datetime(*FIRST_DAY.timetuple()[:3], 8, tzinfo=ZONE)
    vault = Vault(store, KeyFile(folder / "master.key"), HALL.id, clock=lambda: morning)
    Office(store, vault, RULES, ZONE, lambda: morning, "setup").seed(SERVICES, WINDOWS)
    store.close()
    for lock in folder.glob("*.lock"):
        lock.unlink()
    return folder


def memory() -> str | None:
    """A folder in memory, where there is one: the simulation does not wait for disks."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@contextmanager
def _simulated_stores(hall: SimulatedHall) -> Iterator[None]:
    """Boxes open simulated stores."""

    def store(path: Path, patience: float) -> Any:
        box = next(box for box in hall.boxes if box.process is hall.scheduler.current.process)
        (link,) = (link for link in box.links if link.database.path == path)
        return SimulatedStore(link, path, patience)

    real, sqlite.SqliteStore = sqlite.SqliteStore, store  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        sqlite.SqliteStore = real  # type: ignore[misc]


def run(seed: int, plan: Plan | None = None) -> Result:
    """Simulate the hall of a seed."""
    template()
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    with TemporaryDirectory(prefix=f"quhao-{seed}-", dir=memory()) as folder:
        scheduler = Scheduler(seed)
        outside = Process("outside")
        with substituted(scheduler, outside):
            hall = SimulatedHall(scheduler, Path(folder), plan or Plan())
            root.handlers[:] = [_Log(hall)]
            root.setLevel(logging.INFO)
            broken: str | None = None
            try:
                with _simulated_stores(hall):
                    hall.live()
            except (ViolationError, LivelockError) as error:
                broken = str(error)
                hall.told(f"BROKEN: {broken}")
            finally:
                root.handlers[:] = [logging.NullHandler()]
                for box in hall.boxes:
                    if box.process is not None:
                        scheduler.kill(box.process)
                scheduler.end()
                root.level, root.handlers[:] = before
                hall.observer.close()
        counts = hall.observer.counts + Counter(checks=hall.observer.checks, steps=scheduler.steps)
        counts["begun alone"] = sum(box.begun_alone for box in hall.boxes)
        return Result(seed, broken, hall.trace, counts)
