"""An office on a real store file, with a clock in the test's hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest

import empty_store
from keyrings import held
from ticketing.model import Actor, Coded, Resident, Service, TicketingError, Window
from ticketing.office import Issued, Office
from ticketing.people.passwords import Cost
from ticketing.policy import Rules
from ticketing.privacy.keys import Keyring
from ticketing.privacy.vault import Vault
from ticketing.store.base import Store
from ticketing.store.opening import open_store

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
MASTER = bytes(range(32))
DESK = Actor("desk-1", "desk", "hall")
CLERK = Actor("wang", "clerk", "1")
CHEAP = Cost(passes=1, memory_kib=8)
"""Of the hashes of passwords, where it is not the cost that is tested."""
PATIENCE = 60.0
"""Seconds that a verb waits for its turn: longer than in a hall, as the machine of the tests may stand still."""

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

LI = Resident(
    kind="resident",
    name="李秀珍",
    sex=Coded("2", "女"),
    ethnicity=Coded("01", "汉"),
    birth_date=date(1949, 3, 7),
    address="北京市西城区某某街12号",
    id_number="11010219490307002X",
    authority="北京市公安局西城分局",
    valid_from=date(2010, 1, 1),
)
"""An invented resident over 65; no card of this number exists."""
CHEN = replace(LI, name="陈建国", sex=Coded("1", "男"), birth_date=date(1990, 1, 15), id_number="110102199001150015")
"""An invented resident under 65."""


class OfficeHall:
    """A hall of three services and three windows.

    Args:
        store: its url, or the folder of a SQLite file.
        seeded: whether the services and windows are to be put into the store.
        keys: its keys; without them the same in memory each time.

    Attributes:
        url: of the store.
        path: of a store in a file.
        now: what the office's clock says; set it.
        keys: of the hall.
    """

    def __init__(
        self,
        store: Path | str,
        *,
        exclusive: bool = False,
        seeded: bool = True,
        box: str = "box",
        keys: Keyring | None = None,
    ) -> None:
        self.url = store if isinstance(store, str) else f"sqlite:///{store / 'quhao.db'}"
        self.path = Path(self.url.removeprefix("sqlite:///"))
        self.now = MORNING
        if self.url.startswith("sqlite:"):
            # What this box makes of an empty store with the usual keys is the same each time.
            usual = seeded and keys is None and box == "box" and not self.path.exists()
            empty_store.lay(self.path, seeded_file() if usual else None)
            seeded = seeded and not usual
        self._box = box
        self._exclusive = exclusive
        self.keys = keys or held(MASTER)
        self.open()
        if seeded:
            self.office.seed(SERVICES, WINDOWS)

    def open(self) -> None:
        self.store: Store = open_store(self.url, exclusive=self._exclusive, patience=PATIENCE)
        self.vault = Vault(self.store, self.keys, "hall", clock=lambda: self.now)
        self.office = Office(self.store, self.vault, Rules(), ZONE, lambda: self.now.astimezone(UTC), self._box)

    def restart(self) -> None:
        self.store.close()
        self.open()

    def close(self) -> None:
        self.store.close()

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def next_day(self) -> None:
        self.now = datetime.combine(self.now.date() + timedelta(days=1), MORNING.timetz())

    def issue(self, service: str = "licence", resident: Resident | None = None, **options: object) -> Issued:
        """A ticket; a second later than the one before."""
        self.later(seconds=1)
        return self.office.issue(service, DESK, resident=resident, **({"print": False} | options))  # type: ignore[arg-type]

    def call(self, window: str = "1") -> str:
        """Call the next; its number, or an empty text when nobody waits."""
        self.later(seconds=1)
        called = self.office.call_next(window, CLERK)
        return called.ticket.number if called else ""

    def serve(self, window: str = "1") -> str:
        """Call the next and finish it."""
        number = self.call(window)
        self.office.finish(window, CLERK)
        return number

    def event_types(self, after: int = 0) -> list[str]:
        return [event.type for event in self.office.events_after(after, 1000)]


@cache
def seeded_file() -> bytes:
    """A store in a file with the services and windows in it, and nothing else."""
    with TemporaryDirectory(prefix="quhao-seeded-") as folder:
        path = Path(folder) / "quhao.db"
        empty_store.lay(path)
        OfficeHall(path.parent).close()
        return empty_store.whole(path)


def refused(kind: type[TicketingError], code: str, verb: object, *args: object, **kw: object) -> dict[str, object]:
    """The facts of the refusal."""
    with pytest.raises(kind) as caught:
        verb(*args, **kw)  # type: ignore[operator]
    assert caught.value.code == code
    return caught.value.facts
