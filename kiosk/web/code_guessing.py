"""Limits against trying: codes of tickets, receipts and appointments, and ID numbers that are typed.

A code has 80 bits, so nobody guesses one, and nobody is refused because somebody else behind the same address tries:
who tries many codes is logged. The one thing that is slowed is the same wrong code asked for again and again.

What is typed at a terminal opens nothing; still, a place may be booked by it, so terminal and number have limits.
Kept in memory, for the latest.
"""

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ticketing.model import LimitError, TicketingError
from ticketing.people.guessing import Buckets, network_of

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Burst: how often one wrong code may be asked for at once, and how many one address may try before it is logged."""

EVERY = 10.0
"""Refill: seconds until once more."""


class WrongCodes:
    """Counts wrong codes. Safe to use from any thread; ``ticks`` gives monotonic seconds."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._codes = Buckets(AT_ONCE, EVERY)
        self._sources = Buckets(AT_ONCE, EVERY)
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
            LimitError: ``too_many_tries`` with ``seconds`` to wait, for this code alone; the block does not run.
        """
        seen = hash((self._salt, code))
        with self._lock:
            wait = self._codes.wait(seen, self._ticks())
        if wait:
            raise LimitError("too_many_tries", seconds=math.ceil(wait))
        try:
            yield
        except TicketingError as error:
            if error.code in refusals:
                self._wrong(network_of(source), seen)
            raise

    def _wrong(self, source: str, seen: int) -> None:
        with self._lock:
            now = self._ticks()
            new = self._codes.spent(seen, now) == 0
            self._codes.take(seen, now)
            many = self._sources.wait(source, now) > 0
            # A phone that asks for yesterday's ticket all day tries nothing new.
            if new and not many:
                self._sources.take(source, now)
                many = self._sources.wait(source, now) > 0
                if many:
                    log.warning("many wrong codes from %s", source)
        log.info("a code of nothing here from %s", source)


TYPED_AT_TERMINAL, TERMINAL_EVERY = 10, 60.0
"""Bookings by typed numbers at one terminal: so many at once, then one each so many seconds."""
TYPED_OF_NUMBER, NUMBER_EVERY = 3, 3600.0
"""The same for one number at all terminals."""


class TypedNumbers:
    """Counts what is done with typed ID numbers. Safe to use from any thread; ``ticks`` gives monotonic seconds."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._lock = threading.Lock()
        self._terminals = Buckets(TYPED_AT_TERMINAL, TERMINAL_EVERY)
        self._numbers = Buckets(TYPED_OF_NUMBER, NUMBER_EVERY)
        self._salt = secrets.token_bytes(16)

    def use(self, terminal: str, number: str) -> None:
        """Count one use; raises LimitError ``too_many_tries`` (``seconds``)."""
        whose = hash((self._salt, number))
        with self._lock:
            now = self._ticks()
            wait = max(self._terminals.wait(terminal, now), self._numbers.wait(whose, now))
            if wait:
                raise LimitError("too_many_tries", seconds=math.ceil(wait))
            self._terminals.take(terminal, now)
            self._numbers.take(whose, now)
