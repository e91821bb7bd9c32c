"""One box that goes on without the store: which of the two its verbs work on, and how it comes back.

::

    connected    verbs ──► the store          each round: follow the queue into the local copy, renew the lease
       │ the store does not answer                                                      ▲
       ▼                                                                                │ all is merged
    cut off      verbs ──► the local copy     each round: try to merge, batch by batch ─┘
       │ the lease ends
       ▼
    nothing is issued or printed until the store answers

A program that is started while the store does not answer begins cut off, with what its file says.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from ticketing.cut_off import leasing, local_copy, merging, steps
from ticketing.cut_off.leasing import Asked, Granted
from ticketing.cut_off.rules import SECOND, Block, Lease, LeaseRules, lasts_on_the_box, newest, used_of
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.model import StateError, StoreError
from ticketing.office import Office
from ticketing.store.base import Store

log = logging.getLogger(__name__)

AWAY = frozenset({"store_gone", "store_in_doubt", "store_full", "store_broken"})
"""Codes of a store that cannot be worked on now; ``store_busy`` is none: it works, for others."""
HURRY = 300
"""Events since the last round after which the next one does not wait: the hall is coming near the box's numbers."""
BATCH = 50
"""Records of a kind in one transaction."""
OTHERS_EVERY = 60 * 1_000_000_000
"""Nanoseconds after which limits, appointments and setup are read again, though no event told of them."""

_R = TypeVar("_R")


class CutOffBox:
    """A box with a lease. Safe to use from any thread; :meth:`step` is for one thread alone.

    Args:
        office: works on the store.
        local: the box's own file, which nobody else has open.
        rules: how much it holds.
        steady: a clock that nobody can set and that goes on while the machine sleeps, in nanoseconds
            (``CLOCK_BOOTTIME``).
        boot: names the run of the machine that this clock counts from.
        reach: opens the store, which did not answer at the start, and raises StoreError while it does not; None for
            one that is open.

    Attributes:
        in_doubt: whether the last slip of the runs before may lie half printed.
    """

    def __init__(
        self,
        office: Office,
        local: Store,
        rules: LeaseRules,
        *,
        steady: Callable[[], int],
        boot: str,
        reach: Callable[[], object] | None = None,
    ) -> None:
        shared = office.ledger
        self._store = office
        self._shared = shared
        self._rules = rules
        self._steady = steady
        self._boot = boot
        self._reach = reach
        self._away = reach is not None
        self._ahead: int | None = None
        self._gate = _Gate()
        self._seen = ("", 0)
        self._others_at: int | None = None
        self._used: dict[str, int] = {}
        self._told = ""
        self._ledger = _LocalLedger(local, shared, self._refuse)
        self._local = Office(
            local, shared.vault, shared.rules, shared.zone, shared.now, shared.box, ledger=self._ledger
        )
        with self._ledger.anyhow() as m:
            self._lease = local_copy.begin(m)
            self.in_doubt = local_copy.end_unfinished(m)
            # What an earlier run did is merged first: until then the store knows less of this box's windows than its
            # file.
            self._away |= bool(merging.collect(m, self._lease.holder, 1))
        if reach is not None:
            log.warning("started while the store does not answer: %s", self._goes_on_how())

    # What the box's verbs use.

    @property
    def away(self) -> bool:
        """Whether the box is cut off from the store."""
        return self._away

    @property
    def goes_on(self) -> bool:
        """Whether it is, and has a lease to go on."""
        return self._away and self._holds()

    @property
    def is_unreached(self) -> bool:
        """Whether the store has not answered since the start."""
        return self._reach is not None

    @property
    def gives_none(self) -> bool:
        """Whether it is, and has none: it gives no number until the store answers."""
        return self._away and not self._holds()

    @property
    def lease_left(self) -> float:
        """Seconds until the lease ends on this box; 0 without one."""
        lease = self._lease
        left = lease.asked + lease.lasts - self._steady() if self._holds() else 0
        return max(0, left) / 1e9

    @property
    def office(self) -> Office:
        """Where verbs go now; in a block of :meth:`entered`, which holds up the way back."""
        return self._local if self.goes_on else self._store

    @property
    def local(self) -> Office:
        """The office on the box's own file; for what it has issued there."""
        return self._local

    @property
    def seconds(self) -> float:
        """What the clock shows that nobody can set."""
        return self._steady() / 1e9

    @contextmanager
    def peep(self) -> Iterator[Transaction]:
        """A transaction that reads the box's own file, with a lease or without."""
        with self._ledger.peep() as m:
            yield m

    def keep_known(self, people: bytes) -> None:
        """Keep in the box's own file of whom it knows."""
        with self._ledger.anyhow() as m:
            local_copy.keep_known(m, people)

    def last_local_seq(self) -> int:
        """Number of the newest event of the box's own file; also without a lease."""
        with self._ledger.peep() as m:
            return m.last_seq()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Whichever of the two verbs go to, it stays so in this block, but for the store being lost."""
        with self._gate.entered():
            yield

    def do(self, verb: Callable[[Office], _R]) -> _R:
        """Do a verb, which is one transaction, where verbs go now; on the local copy, if the store is lost by it.

        Raises:
            StoreError: ``store_gone`` without a lease; ``store_in_doubt``: nobody knows whether it was done.
        """
        with self.entered():
            office = self.office
            try:
                return verb(office)
            except StoreError as error:
                if not self.lost(error) or office is self._local:
                    raise
                if error.code == "store_in_doubt" or not self.goes_on:
                    raise
            return verb(self._local)

    def lost(self, error: StoreError) -> bool:
        """Take note of an error of the store; whether it is lost."""
        if error.code not in AWAY or isinstance(error, LocalFileError):
            return False
        if not self._away:
            log.warning("the store does not answer (%s): %s", error.code, self._goes_on_how())
            self._away = True
        return True

    def _goes_on_how(self) -> str:
        if self._holds():
            return "going on with the numbers of this box"
        if self._lease.lasts and self._lease.boot != self._boot:
            return "no lease to go on, for the machine was restarted; no numbers until the store answers"
        return "this box has no lease to go on; no numbers until the store answers"

    # The way to the store.

    def follow(self) -> None:
        """Bring the file up to the store now, as after a verb at a window here; it raises nothing of the store's.

        So the box knows what each of its windows holds when it is cut off. For the thread of :meth:`step`.
        """
        if self._away:
            return
        try:
            self._follow()
        except StoreError as error:
            self.lost(error)
        except IntegrityError:
            self._seen = ("", 0)

    def step(self) -> bool:
        """Take one round: merge, follow, renew. Whether the store answered; it raises nothing of the store's."""
        try:
            if self._reach is not None:
                self._reach()
                self._reach = None
            self._merge()
            while not self._follow():
                self._merge()
            self._renew()
            while self._away and not self._come_back():
                self._merge()
        except StoreError as error:
            if not self.lost(error) and error.code != self._told:
                log.warning("no round with the store, so the lease is not renewed: %s", error.code)
                self._told = error.code
            return False
        except IntegrityError:
            # The store and this file say different things of one person or window: read all of it anew.
            log.warning("the local copy of the queue is read anew")
            self._seen = ("", 0)
            return True
        self._told = ""
        return True

    def is_late(self) -> bool:
        """Whether so much has happened in the store since the last round that the next one is due at once."""
        try:
            return self._store.last_seq() - self._seen[1] > HURRY
        except StoreError as error:
            self.lost(error)
            return True

    def _come_back(self) -> bool:
        """Have verbs go to the store again, unless something was issued without it meanwhile.

        No verb is under way then, and nothing here waits for the store: the kiosk does not stand still.
        """
        with self._gate.alone():
            with self._ledger.peep() as m:
                if merging.collect(m, self._lease.holder, 1):
                    return False
            self._away = False
        log.warning("the store answers again: all is merged")
        return True

    def _merge(self) -> None:
        while True:
            with self._ledger.peep() as m:
                if not merging.collect(m, self._lease.holder, 1):
                    return
            # While it does not answer nothing is handed over: windows here go on calling what waits.
            self._store.last_seq()
            with self._ledger.anyhow() as m:
                records = merging.collect(m, self._lease.holder, BATCH)
                merging.hand_over(m, records)
            with self._shared.verb() as m:
                merging.merge(m, self._shared.box, self._lease.holder, records)
            with self._ledger.anyhow() as m:
                merging.confirm(m, self._shared.box, records)

    def _renew(self) -> None:
        lease, blocks, back = self._give_word()
        asked_at = self._steady()
        held = {one.id: one.next for one in blocks}
        given_back = {one.id: one.next for one in back}
        asked = Asked(lease.holder, self._shared.box, lease.turn, held, given_back, self._used)
        try:
            with self._shared.verb() as m:
                granted = leasing.renew(m, self._rules, asked)
        except StateError as error:
            if error.code != "lease_stale":
                raise
            # A file that was put back from a copy: its turn is not the last. What it holds stays as it is.
            self._keep(replace(lease, turn=max(lease.turn, int(error.facts["turn"]))))
            return
        self._take(replace(lease, boot=self._boot, asked=asked_at), granted, back)

    def _give_word(self) -> tuple[Lease, Sequence[Block], Sequence[Block]]:
        """The lease of the next turn, what is held, and what is given back; durable before the store hears of it.

        Of today's blocks none is let go of before the store has given another: it may be lost again until then.
        """
        day = self._shared.today().isoformat()
        with self._ledger.anyhow() as m:
            blocks = local_copy.held(m, self._lease.holder)
            for prefix, used in used_of(one for one in blocks if one.hall_day == day).items():
                self._used[prefix] = max(self._used.get(prefix, 0), used)
            kept = [one for one in blocks if one.hall_day == day]
            local_copy.let_go_of(m, [one for one in blocks if one not in kept])
            lease = replace(self._lease, turn=self._lease.turn + 1)
            local_copy.keep(m, lease)
            # What of it is not merged yet is given back another time.
            unmerged = {one.body["ticket"]["id"] for one in _tickets(merging.collect(m, lease.holder, BATCH))}
            back = [one for one in local_copy.to_give_back(m) if not unmerged]
        self._lease = lease
        return lease, kept, back

    def _take(self, lease: Lease, granted: Granted, back: Sequence[Block]) -> None:
        # The copy must be of that day, with its key.
        lasts = lasts_on_the_box(granted.at, granted.ends_at) if granted.day == self._seen[0] else 0
        lease = replace(lease, day=granted.day, lasts=lasts)
        with self._ledger.anyhow() as m:
            local_copy.take(m, lease.holder, granted.blocks, back)
            blocks = local_copy.held(m, lease.holder)
            kept = newest(blocks, granted.day).values()
            local_copy.let_go_of(m, [one for one in blocks if one not in kept])
            local_copy.keep(m, lease)
            self._keep_clock(m)
        self._lease = lease

    def _keep_clock(self, m: Transaction) -> None:
        """Keep what the store's clock shows, where it is not known."""
        ahead = self._shared.store.wall() - self._steady()
        if self._ahead is None or abs(ahead - self._ahead) > SECOND:
            local_copy.keep_clock(m, self._boot, ahead)
            self._ahead = ahead

    def _keep(self, lease: Lease) -> None:
        with self._ledger.anyhow() as m:
            local_copy.keep(m, lease)
        self._lease = lease

    def _follow(self) -> bool:
        """Bring the file up to the store; False where a window has just done something that is to be merged first."""
        now = self._steady()
        others = self._others_at is None or now - self._others_at >= OTHERS_EVERY
        with self._shared.look() as m:
            seen = local_copy.look(m, *self._seen, others=others)
        if seen.whole or seen.tickets or seen.others or seen.seats:
            with self._ledger.anyhow() as m:
                if steps.any_kept(m):
                    return False
                local_copy.put(m, self._lease.holder, seen)
        if seen.others:
            self._others_at = now
        if seen.day != self._seen[0]:
            self._used = {}
        self._seen = seen.day, seen.seq
        return True

    def _holds(self) -> bool:
        return self._lease.holds(self._shared.today().isoformat(), self._boot, self._steady())

    def _refuse(self) -> None:
        """Raise for a verb on the local copy while the box is cut off and its lease is over."""
        if self._away and not self._holds():
            raise StoreError("store_gone")


def _tickets(records: Sequence[merging.Record]) -> Sequence[merging.Record]:
    return [one for one in records if one.kind == "ticket"]


class _LocalLedger(Ledger):
    """The ledger of a box's own file, which has one vault, clock and memory with that of the store."""

    def __init__(self, local: Store, shared: Ledger, refuse: Callable[[], None]) -> None:
        super().__init__(
            local,
            shared.vault,
            shared.rules,
            shared.zone,
            shared.now,
            shared.box,
            memory=shared.memory,
            cut_off=True,
        )
        self._refuse = refuse

    @contextmanager
    def verb(self) -> Iterator[Transaction]:
        """A transaction of a verb on the copy; raises ``store_gone`` without a lease.

        It ends and begins no day, as the store's does: a copy without a lease of today is not worked on.
        """
        with self.anyhow() as m:
            # In its turn: it may have waited for it.
            self._refuse()
            with steps.recorded(m):
                yield m

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """The same that reads."""
        self._refuse()
        with self.peep() as m:
            yield m

    @contextmanager
    def anyhow(self) -> Iterator[Transaction]:
        """A transaction that changes the file, with a lease or without: for keeping and merging, not for verbs."""
        with _own_errors(), self.store.write() as conn:
            yield self._transaction(conn)

    @contextmanager
    def peep(self) -> Iterator[Transaction]:
        """The same that reads."""
        with _own_errors(), self.store.read() as conn:
            yield self._transaction(conn)


class LocalFileError(StoreError):
    """The box's own file cannot be worked on; that says nothing of the store."""


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except LocalFileError:
        raise
    except StoreError as error:
        if error.code == "store_gone":
            # Without a lease the box is cut off, as if it had no file.
            raise
        raise LocalFileError(error.code, **error.facts) from error


class _Gate:
    """Many threads at once, or one alone, which goes before those that come after it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # How deep each thread is in blocks of `entered`, by its identity.
        self._inside: dict[int, int] = {}
        self._alone = False

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Together with others; may be nested."""
        me = threading.get_ident()
        with self._changed:
            if me not in self._inside:
                self._changed.wait_for(lambda: not self._alone)
            self._inside[me] = self._inside.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[me] -= 1
                if not self._inside[me]:
                    del self._inside[me]
                    self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Alone; not within a block of :meth:`entered`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            self._changed.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
