"""The hall's ledger: every verb is one transaction at one time, and no verb works on a day that is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ticketing.calendar import hall_day
from ticketing.day import clock_repair, closing, residents, serving
from ticketing.day.memory import Memory
from ticketing.day.transaction import Transaction, microseconds
from ticketing.policy import Rules
from ticketing.privacy.vault import Vault
from ticketing.store.base import Store


class Ledger:
    """Opens the transactions that all verbs and views work in. Safe to use from any thread.

    Attributes:
        zone: the hall's time zone, whatever the box's own is.
        box: name of this box, whose printer prints what is issued here.
        day_begins: called in the transaction of the first verb of a hall day, once the day before is closed; each box
            does so, and what it does is done once.

    Args:
        clock: the time, as an aware ``datetime`` of any zone.
        serves: whether residents are served from this process, which then reads the data of a service; a command
            beside the service of this box does not.
        memory: that of another ledger of this box, to be shared; None for one of its own.
        cut_off: whether ``store`` is this box's own copy of the queue.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        rules: Rules,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        box: str = "box",
        *,
        serves: bool = False,
        memory: Memory | None = None,
        cut_off: bool = False,
    ) -> None:
        self.store = store
        self.vault = vault
        self.rules = rules
        self.zone = zone
        self.box = box
        self.day_begins: list[Callable[[Transaction], None]] = []
        self._clock = clock
        self._serves = serves
        self.memory = memory or Memory()
        self._cut_off = cut_off
        # The hall day of the last verb; a verb on another day first ends the days before.
        self._day = ""
        self._at = 0

    def now(self) -> datetime:
        """The time, in the hall's zone."""
        return self._clock().astimezone(self.zone)

    def today(self) -> date:
        """The hall day it is now."""
        return hall_day(self.now(), self.rules.day_starts)

    @contextmanager
    def verb(self) -> Iterator[Transaction]:
        """A transaction that changes the hall: all of the block is kept durably, or nothing is."""
        with self.store.write() as conn:
            m = self._transaction(conn)
            if m.day != self._day:
                closing.begin(m)
                for begun in self.day_begins:
                    begun(m)
                if self._serves:
                    residents.convert_old(m)
                    serving.publish(m)
            elif m.at < self._at - clock_repair.FAR:
                clock_repair.mend(m)
            yield m
        self._day, self._at = m.day, m.at

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """A transaction that reads one state of the hall."""
        with self.store.read() as conn:
            m = self._transaction(conn)
            if m.day == self._day:
                yield m
                return
        # The first to look on a new day ends the days before.
        with self.verb():
            pass
        with self.store.read() as conn:
            yield self._transaction(conn)

    def _transaction(self, conn: Connection) -> Transaction:
        now = self.now()
        day = hall_day(now, self.rules.day_starts).isoformat()
        at, box = microseconds(now), self.box
        return Transaction(conn, self.vault, self.rules, self.zone, box, now, at, day, self.memory, self._cut_off)
