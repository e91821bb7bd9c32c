"""Rate limit for guessing codes of tickets, receipts and appointments.

A code has 80 bits, so nobody guesses one; still, a client that tries is slowed down and logged. Each address has a
token bucket of wrong codes. A right code costs nothing, nor does the same wrong code again: phones that keep asking for
yesterday's tickets from behind one address of the hall's WLAN try nothing new. A code that was right before is looked
up whatever else comes from that address. Kept in memory, for the addresses of the latest wrong codes.
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
"""Burst: wrong codes that one address may try at once."""

EVERY = 10.0
"""Refill: seconds until one more may be tried."""

_SOURCES = 4096
_RIGHT = 4096
"""Right codes that are remembered: more than there are phones in a hall."""
_SAME = 64
"""Wrong codes that are remembered for each address."""


@dataclass
class _Source:
    slowed: bool = False
    known: deque[int] = field(default_factory=lambda: deque(maxlen=_SAME))


class WrongCodes:
    """Counts wrong codes by where they come from. Safe to use from any thread; ``ticks`` gives monotonic seconds."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._buckets = Buckets(AT_ONCE, EVERY)
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._right: OrderedDict[int, None] = OrderedDict()
        # Codes are remembered by a hash that differs from one run to the next.
        self._salt = secrets.token_bytes(16)

    @contextmanager
    def watch(self, source: str, code: str, refusals: tuple[str, ...] = ("unknown_code",)) -> Iterator[None]:
        """Counts the code as wrong when the block is refused; look the code up in it.

        Args:
            source: the client's address, or its account.
            code: as it was sent; neither kept nor logged.
            refusals: the refusals that mean that there is no such code.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait; the block does not run.
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
            tries = self._sources.setdefault(source, _Source())
            self._sources.move_to_end(source)
            if seen in tries.known:
                return
            tries.known.append(seen)
            self._buckets.take(source, self._ticks())
            while len(self._sources) > _SOURCES:
                self._sources.popitem(last=False)
        log.info("a code of nothing here from %s", source)
