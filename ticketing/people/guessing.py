"""Token buckets against guessing: slow for the guesser, hardly felt by anybody else.

A wrong password takes a token from each bucket that it belongs to; while one of them is empty, the next password is
refused without being looked at.

::

    from a known device    the device's own bucket for this name, and no other
    from anywhere else     the name and the source together, the name alone, the source alone

A known device is a browser that logged in to this very account before and shows it with a signed cookie (OWASP calls
it a device cookie). Nobody else can empty its bucket, so guessing from outside keeps no clerk from logging in.

Kept in memory: a restart fills all buckets. Names that do not exist have buckets like those that do, so that a refusal
does not tell which exist.
"""

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from ticketing.model import LimitError

AT_ONCE = 5
EVERY = 60
"""Wrong passwords for one name from one source or device: so many at once, then one each ``EVERY`` seconds. That is
1,445 guesses on the first day."""

NAME_AT_ONCE = 20
NAME_EVERY = 20
"""The same for one name from all sources that are no known devices together: 4,340 guesses on the first day, however
many addresses take part. It fills faster than any two sources can empty it."""

SOURCE_AT_ONCE = 60
SOURCE_EVERY = 1
"""The same for all names from one source."""

_MOST_KEYS = 4096
_NETWORK_BITS = 64
"""Bits of an IPv6 address that name a network; its owner has all addresses in it (RFC 6177)."""


class Try(NamedTuple):
    """A password that is tried.

    ``source`` is the network it comes from, by :func:`network_of`; ``device`` the browser, where it is known from an
    earlier log-in to this account.
    """

    name: str
    source: str
    device: str | None


class Buckets:
    """Token buckets by key. Not locked. The least recently used are forgotten, which fills them.

    Args:
        size: tokens of a full bucket.
        every: seconds in which a token comes back.
    """

    def __init__(self, size: int, every: float) -> None:
        self._size = size
        self._every = every
        # When a bucket is full again says all about it (the generic cell rate algorithm).
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def spent(self, key: Hashable, now: float) -> float:
        """Tokens that are missing."""
        return max(0.0, self._full_at.get(key, now) - now) / self._every

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until there is a token, 0 while there is one."""
        return max(0.0, (self.spent(key, now) + 1 - self._size) * self._every)

    def take(self, key: Hashable, now: float, tokens: float = 1.0) -> None:
        """Take tokens; a negative number gives them back."""
        self._full_at[key] = max(self._full_at.get(key, now), now) + tokens * self._every
        self._full_at.move_to_end(key)
        if len(self._full_at) > _MOST_KEYS:
            self._full_at.popitem(last=False)


class GuessLimit:
    """Counts wrong passwords. Safe to use from any thread; ``now`` is in seconds of a clock that is never set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._devices = Buckets(AT_ONCE, EVERY)
        self._pairs = Buckets(AT_ONCE, EVERY)
        self._names = Buckets(NAME_AT_ONCE, NAME_EVERY)
        self._sources = Buckets(SOURCE_AT_ONCE, SOURCE_EVERY)

    def check(self, who: Try, now: float) -> None:
        """Whether a password may be looked at; then tell :meth:`right` or :meth:`wrong` before the next check.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait; ``everyone`` tells whether that is for all names.
        """
        with self._lock:
            for buckets, key in self._of(who):
                if wait := buckets.wait(key, now):
                    raise LimitError("too_many_tries", seconds=math.ceil(wait), everyone=buckets is self._sources)

    def wrong(self, who: Try, now: float) -> None:
        """The password was wrong."""
        with self._lock:
            for buckets, key in self._of(who):
                buckets.take(key, now)

    def right(self, who: Try, now: float) -> None:
        """The password was right: it costs nothing, and gives back what the wrong ones before it took."""
        with self._lock:
            (own, key), *_ = of = self._of(who)
            spent = own.spent(key, now)
            for buckets, key in of if spent else ():
                buckets.take(key, now, -spent)

    def _of(self, who: Try) -> list[tuple[Buckets, Hashable]]:
        if who.device:
            return [(self._devices, (who.device, who.name))]
        return [(self._pairs, (who.name, who.source)), (self._names, who.name), (self._sources, who.source)]


def network_of(source: str) -> str:
    """What is slowed down together: of IPv6 a whole network, of IPv4 an address; any other text is itself."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if address.version == 4:
        return source
    return str(ipaddress.ip_network((int(address) >> _NETWORK_BITS << _NETWORK_BITS, _NETWORK_BITS)))
