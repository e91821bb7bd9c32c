"""Where this box's kiosk and windows do their verbs: at the store, or while that is away in the box's own file.

A box on a file of its own has no other place, and does nothing for one.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from config.settings import Settings
from kiosk.clock import since_boot
from kiosk.late_opening import LateOpening, boot_id, own_file
from kiosk.service import Loop
from ticketing.cut_off.box import CutOffBox
from ticketing.cut_off.rules import LeaseRules
from ticketing.day.closing_slips import ClosingSlip
from ticketing.day.numbers import is_leased
from ticketing.day.print_jobs import Ended
from ticketing.events import HallChanged
from ticketing.model import Event, StoreError
from ticketing.office import Office, PrintJob
from ticketing.people.people import People
from ticketing.store.base import Store, StoreOpenError
from ticketing.store.opening import open_store

log = logging.getLogger(__name__)

ROUND = 10.0
"""Seconds between rounds with the store: the queue that a box knows without it is at most so old."""
TRY = 2.0
"""Seconds between tries to reach a store that is away, and between looks whether a round is due earlier."""
FOLLOW = 1.0
"""Seconds at least between looks at what was committed: each window's ticket is known without the store."""
NOTICED = 0.5
"""Seconds within which pages are told that the box is cut off."""
PAGE = 500
"""Events read from the box's own file at a time."""
KNOWN = 2.0
"""Seconds between looks whether somebody new is known on this box."""
KNOWN_ANEW = 60.0
"""Seconds after which it is kept anew when they did something last, and who is gone."""
_R = TypeVar("_R")


class Counter:
    """The two places. Safe to use from any thread.

    Args:
        office: works on the store.
        box: what goes on without it; None for a box that does not.

    Attributes:
        at_hand: an office whose verbs and views are done where that is possible, as by :meth:`do`.
        at_store: one whose verbs need the store; they raise ``needs_store`` while this box goes on without it.
    """

    def __init__(self, office: Office, box: CutOffBox | None = None) -> None:
        self._store = office
        self._box = box
        self.at_hand = cast("Office", _Verbs(office, self.do))
        self.at_store = cast("Office", _Verbs(office, self._there))

    @property
    def goes_on(self) -> bool:
        """Whether the kiosk goes on without the store."""
        return self._box is not None and self._box.goes_on

    @property
    def takes_nothing(self) -> bool:
        """Whether no number can be given now, since what is written cannot be kept: a full disk, a worn-out card."""
        return self.office.ledger.store.trouble is not None

    @property
    def away(self) -> bool:
        """Whether this box is cut off from the store, and has a file to go on with."""
        return self._box is not None and self._box.away

    @property
    def gives_none(self) -> bool:
        """Whether it is, and can give no number until the store answers: it has no lease."""
        return self._box is not None and self._box.gives_none

    def lost(self, error: StoreError) -> bool:
        """Take note of an error of the store; whether the kiosk goes on without it."""
        return self._box is not None and self._box.lost(error) and self._box.goes_on

    @property
    def office(self) -> Office:
        """Where verbs go now; in a block of :meth:`entered`."""
        return self._box.office if self._box else self._store

    @contextmanager
    def entered(self) -> Iterator[None]:
        """In this block numbers are taken at the same place, but for the store being lost."""
        if self._box is None:
            yield
        else:
            with self._box.entered():
                yield

    def do(self, verb: Callable[[Office], _R]) -> _R:
        """Do a verb or a view, one transaction, where that is possible; see :meth:`CutOffBox.do`."""
        return self._box.do(verb) if self._box else verb(self._store)

    def _there(self, verb: Callable[[Office], _R]) -> _R:
        if not self.goes_on:
            try:
                return verb(self._store)
            except StoreError as error:
                # By this very verb the store may be found lost.
                if error.code != "store_gone" or not self.lost(error):
                    raise
        # Who asks from now on does not wait for a database that does not answer.
        raise StoreError("needs_store")

    # Slips: those of numbers that the box held are in its own file, until they are printed.

    def recover(self) -> bool:
        """See :meth:`~ticketing.office.Office.recover`."""
        if self._box is not None and self._box.is_unreached:
            # Nobody can say. Once the store answers, its own slips are looked after before anything else.
            return True
        return self._store.recover() or (self._box is not None and self._box.in_doubt)

    def print_jobs(self, limit: int) -> Sequence[PrintJob]:
        """This box's slips to be printed: see :meth:`~ticketing.office.Office.print_jobs`."""
        if self._box is None:
            return self._store.print_jobs(limit)
        if self._box.away:
            return self._box.local.print_jobs(limit)
        own: Sequence[PrintJob] = []
        with suppress(StoreError):
            # A file that cannot be read holds up no slip of the store's.
            own = self._box.local.print_jobs(limit)
        return [*own, *self._store.print_jobs(limit)]

    def closing_slips(self, limit: int) -> Sequence[ClosingSlip]:
        """The closing slips to be printed; none while the store is away."""
        return [] if self._box and self._box.away else self._store.closing_slips(limit)

    def print_sending(self, job: int) -> None:
        """See :meth:`~ticketing.office.Office.print_sending`."""
        self._of_job(job).print_sending(job)

    def print_ended(self, job: int, state: Ended, reason: str | None) -> None:
        """See :meth:`~ticketing.office.Office.print_ended`."""
        self._of_job(job).print_ended(job, state, reason)

    def withdraw_print_jobs(self) -> None:
        """See :meth:`~ticketing.office.Office.withdraw_print_jobs`."""
        if self._box is None:
            self._store.withdraw_print_jobs()
            return
        with suppress(StoreError):
            self._box.local.withdraw_print_jobs()
        if not self._box.away:
            self._store.withdraw_print_jobs()

    def _of_job(self, job: int) -> Office:
        return self._box.local if self._box and is_leased(job) else self._store


class _Verbs:
    """The verbs and views of :class:`Office`, each of which ``do`` does at an office of its choice."""

    def __init__(self, office: Office, do: Callable[[Callable[[Office], Any]], Any]) -> None:
        self.ledger = office.ledger
        self._do = do

    def __getattr__(self, name: str) -> Callable[..., Any]:
        verb = getattr(Office, name)

        @wraps(verb)
        def done(*args: Any, **options: Any) -> Any:
            return self._do(lambda office: verb(office, *args, **options))

        return done


def cut_off_box(settings: Settings, office: Office, late: LateOpening | None = None) -> tuple[CutOffBox, Store] | None:
    """What goes on without the store on this box, and its file; None where that is not wanted or not possible.

    ``late``: how a store that does not answer is opened, and the file that was opened for that.
    """
    wanted = settings.cut_off
    if not (office.ledger.store.shared and wanted.numbers):
        return None
    try:
        local = late.local if late else open_store(f"sqlite:///{own_file(settings)}", exclusive=True)
    except StoreOpenError as error:
        log.error("this box does not go on without the store: %s", error)
        return None
    try:
        rules = LeaseRules(numbers=wanted.numbers, lasts=timedelta(hours=wanted.hours))
        reach = late.reach if late else None
        return CutOffBox(office, local, rules, steady=since_boot, boot=boot_id(), reach=reach), local
    except (StoreError, OSError) as error:
        if late:
            raise
        local.close()
        log.error("this box does not go on without the store: %s", error)
        return None


class Rounds(Loop):
    """Has a box take its rounds with the store, and follow what is committed there.

    Args:
        box: this one.
        on_commit: takes a callback that is called after each commit to the store; None for rounds alone.
    """

    def __init__(self, box: CutOffBox, on_commit: Callable[[Callable[[], None]], None] | None = None) -> None:
        self._box = box
        super().__init__("number blocks", TRY, self._round)
        self._due = self._followed = box.seconds
        self._committed = False
        if on_commit is not None:
            on_commit(self._hear)

    def _hear(self) -> None:
        self._committed = True
        self.wake()

    def _round(self) -> None:
        now = self._box.seconds
        if now >= self._due or self._box.away or self._box.is_late():
            self._box.step()
            self._due = now + ROUND
        elif self._committed and now - self._followed >= FOLLOW:
            self._committed = False
            self._box.follow()
            self._followed = now


class KnownPeople(Loop):
    """Keeps in the box's own file of whom it knows, for a start of the program while the store is away."""

    def __init__(self, box: CutOffBox, people: People) -> None:
        self._box = box
        self._people = people
        self._kept: frozenset[bytes] = frozenset()
        self._due = 0.0
        super().__init__("known people", KNOWN, self._keep)

    def _keep(self) -> None:
        now = self._box.seconds
        if self._box.away or (now < self._due and self._people.known == self._kept):
            return
        try:
            told = self._people.tell_known()
        except StoreError as error:
            self._box.lost(error)
            return
        self._box.keep_known(told)
        self._kept, self._due = self._people.known, now + KNOWN_ANEW


class CutOffNews(Loop):
    """Tells screens, strips, voices and pages what this box does while it is cut off, and when that begins and ends.

    Args:
        box: this one.
        local: its own file.
        tell: tells events that have no number in the store.
    """

    def __init__(self, box: CutOffBox, local: Store, tell: Callable[[Sequence[Event]], None]) -> None:
        self._box = box
        self._tell = tell
        self._went_on = False
        self._seq = 0
        super().__init__("cut off", NOTICED, self._look)
        local.on_commit(self.wake)

    def _look(self) -> None:
        goes_on = self._box.goes_on
        if goes_on != self._went_on:
            self._went_on = goes_on
            self._tell([Event(0, self._box.local.ledger.now(), HallChanged.type, {})])
        if not goes_on:
            self._seq = self._box.last_local_seq()
            return
        while events := self._box.local.events_after(self._seq, PAGE):
            self._tell(events)
            self._seq = events[-1].seq
