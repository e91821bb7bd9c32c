"""The rules of leases and blocks, as functions of what is known and of the time. Nothing here reads a clock.

A **lease** is a box's leave to go on without the store, until a time of the store's clock. A **block** is a range of
numbers of one prefix, of one hall day, that the holder of a lease alone may issue.

1. A number of a block is issued by its holder, or by nobody. It goes to the store again only by the holder's own word
   that it has not issued it and never will; no clock, not even the end of the lease, gives it to somebody else.
2. A box gives its word in the order in which it keeps it: first it lets go of a block, durably; then it merges what it
   issued of it; then it gives the rest back.
3. A renewal bears a number that rises. One that arrives after a later one is refused: its word is old.
4. A block is taken from above the prefix's counter, which is raised to its end.
5. The lease is measured on the box by a clock that nobody can set, from when the renewal was *asked*, so it ends there
   before it ends by the store's clock. After a restart of the machine that clock says nothing: the lease is over.
6. A block is of a hall day, and so is the lease: neither outlasts it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ticketing.day.numbers import MOST

SECOND = 1_000_000_000
"""Nanoseconds."""
SLACK = 60 * SECOND
"""How much earlier than by the store's clock a lease ends on the box."""
DRIFT = 1000
"""The box's clock may run slow by one part in so many."""


@dataclass(frozen=True)
class LeaseRules:
    """How much a box holds.

    Attributes:
        numbers: of a prefix, at least.
        ahead: free numbers that the store has before those of a block, when it gives one: while all boxes are
            connected the hall's numbers come in their order, and no block is reached. So many that a box which is
            being started again, or is slow, finds it untouched even where a hundred numbers are given a second.
        lasts: how long a lease lasts, at most to the end of the hall day.
    """

    numbers: int = 100
    ahead: int = 800
    lasts: timedelta = timedelta(hours=12)

    def size(self, used: int) -> int:
        """How many numbers the next block of a prefix has, where ``used`` numbers were issued of the last ones."""
        return min(max(self.numbers, 2 * used), MOST)


@dataclass(frozen=True)
class Block:
    """Numbers of a prefix from ``next`` to ``last``; those from ``first`` on were there at the beginning."""

    id: int
    hall_day: str
    prefix: str
    first: int
    next: int
    last: int

    @property
    def left(self) -> int:
        """How many are not issued."""
        return max(0, self.last - self.next + 1)

    @property
    def used(self) -> int:
        """How many are."""
        return self.next - self.first


@dataclass(frozen=True)
class Lease:
    """A lease as its box keeps it.

    Attributes:
        holder: of the lease: one local file of a box.
        turn: the number of the last renewal that was asked for.
        day: the hall day it is of; "" before the first.
        boot: of which run of the machine ``asked`` is.
        asked: when the renewal that was answered had been asked for, by the steady clock, in nanoseconds.
        lasts: nanoseconds from then; 0 for none.
    """

    holder: str
    turn: int = 0
    day: str = ""
    boot: str = ""
    asked: int = 0
    lasts: int = 0

    def holds(self, day: str, boot: str, steady: int) -> bool:
        """Whether the box may issue numbers of ``day`` at ``steady`` of the machine's run ``boot``."""
        return self.day == day and self.boot == boot and self.asked <= steady < self.asked + self.lasts


def lasts_on_the_box(at: int, ends_at: int) -> int:
    """Nanoseconds that a lease lasts there, which was renewed at ``at`` by the store's clock (microseconds)."""
    whole = max(0, ends_at - at) * 1000
    return max(0, whole - whole // DRIFT - SLACK)


def wants_another(rules: LeaseRules, blocks: Sequence[Block], free: int) -> bool:
    """Whether a box wants another block of a prefix.

    It holds ``blocks`` of it, and ``free`` numbers below those are still the store's. So it does when it has used some
    of them, which makes their rest free for all, and when the hall is about to reach them.
    """
    return not blocks or any(one.used for one in blocks) or free < rules.ahead * 4 // 5


def newest(blocks: Iterable[Block], day: str) -> dict[str, Block]:
    """Which block of each prefix a box keeps: the newest of the day. It lets go of the others."""
    kept: dict[str, Block] = {}
    for one in blocks:
        if one.hall_day == day and (one.prefix not in kept or kept[one.prefix].id < one.id):
            kept[one.prefix] = one
    return kept


def used_of(blocks: Iterable[Block]) -> Mapping[str, int]:
    """How many numbers were issued of blocks, by prefix."""
    used: dict[str, int] = {}
    for one in blocks:
        used[one.prefix] = used.get(one.prefix, 0) + one.used
    return used
