"""Slows down whoever tries codes of tickets, receipts and appointments, and nobody else.

A code has 80 bits, so nobody guesses one; still, whoever tries is told to wait, and is seen in the log. Each address
has a token bucket of wrong codes. What is right costs nothing, and so does the same wrong code again: a phone that
keeps asking for yesterday's ticket tries nothing new, however many of them stand behind one address of the hall's WLAN.
A code that was right before is looked up whatever others try from the same address.

Kept in memory, for the addresses that were wrong last.
"""

import logging
import math
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ticketing.model import LimitError, TicketingError
from ticketing.people.guessing import Buckets, network_of

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Wrong codes that one address may try at once ..."""

EVERY = 10.0
"""... and seconds after which it may try another one."""

_SOURCES = 4096
_RIGHT = 4096
"""Right codes that are known again: more than there are phones in a hall."""
_SAME = 64
"""Wrong codes that are known again, an address."""


@dataclass
class _Tries:
    slowed: bool = False
    known: deque[int] = field(default_factory=lambda: deque(maxlen=_SAME))


class WrongCodes:
    """Counts wrong codes by where they come from. Safe to use from any thread.

    Args:
        ticks: seconds that nobody sets back.
    """

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._buckets = Buckets(AT_ONCE, EVERY)
        self._sources: OrderedDict[str, _Tries] = OrderedDict()
        self._right: OrderedDict[int, None] = OrderedDict()
        # Codes are remembered by a hash that differs from one run to the next.
        self._salt = secrets.token_bytes(16)

    @contextmanager
    def watch(self, source: str, code: str, refusals: tuple[str, ...] = ("unknown_code",)) -> Iterator[None]:
        """Look a code up inside of this: a refusal of it counts.

        Args:
            source: the address that asks, or the account where somebody is logged in.
            code: what is tried, as it came; kept and logged nowhere.
            refusals: codes of the refusals that mean: this is none of ours.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait; the code was not looked at.
        """
        source = network_of(source)
        seen = hash((self._salt, code))
        self._check(source, seen)
        try:
            yield
        except TicketingError as error:
            if error.code in refusals:
                self._wrong(source, seen)
            raise
        self._was_right(seen)

    def _check(self, source: str, seen: int) -> None:
        with self._lock:
            tries = self._sources.get(source)
            if tries is None or seen in self._right:
                return
            wait = self._buckets.wait(source, self._ticks())
            first, tries.slowed = not tries.slowed, wait > 0
            if not wait:
                return
        if first:
            log.warning("too many wrong codes from %s: slowed down", source)
        raise LimitError("too_many_tries", seconds=math.ceil(wait))

    def _was_right(self, seen: int) -> None:
        with self._lock:
            self._right[seen] = None
            self._right.move_to_end(seen)
            while len(self._right) > _RIGHT:
                self._right.popitem(last=False)

    def _wrong(self, source: str, seen: int) -> None:
        with self._lock:
            self._right.pop(seen, None)
            tries = self._sources.setdefault(source, _Tries())
            self._sources.move_to_end(source)
            if seen in tries.known:
                return
            tries.known.append(seen)
            self._buckets.take(source, self._ticks())
            while len(self._sources) > _SOURCES:
                self._sources.popitem(last=False)
        log.info("a code of nothing here from %s", source)
