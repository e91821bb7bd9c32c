"""Hashing passwords (argon2id), all on one thread, and counting the wrong ones there.

One thread, for two reasons. A hash takes 19 MiB, which the C library keeps ready for each thread that ever made one:
on every thread of a web server that would be the memory of a small box. And tries that are looked at one after another
are known to be right or wrong before the next is: no right one is ever counted as wrong, and a hundred guesses sent
at the same moment are slowed down like a hundred sent in turn.
"""

import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from ticketing.model import LimitError
from ticketing.people.guessing import GuessLimit

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# OWASP's least for argon2id is 19 MiB and two passes; this is three. A Raspberry Pi 4 takes a good tenth of a second
# for it; the 64 MiB of RFC 9106 would take half a second.
_MEMORY_KIB = 19 * 1024
_PASSES = 3
_LANES = 1

MOST_AT_ONCE = 32
"""Passwords in hand; more are refused at once, so that nobody waits longer than some seconds."""

_NOBODYS_BYTES = 32

_Result = TypeVar("_Result")


class Passwords:
    """Makes and checks hashes. Safe to use from any thread; its own ends with it."""

    def __init__(self) -> None:
        self._guesses = GuessLimit()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passwords")
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._hasher: PasswordHasher | None = None
        self._nobodys_hash = ""

    def hash(self, password: str) -> str:
        """What is kept of a password; raises as :meth:`fits` does when too many are in hand."""
        return self._in_turn(lambda: self._argon2().hash(_bytes(password)))

    def fits(self, name: str, kept: str | None, password: str, now: datetime) -> bool:
        """Whether this is the password; False for who has none, in the same time.

        Args:
            name: whose tries are counted.
            kept: what :meth:`hash` gave; None for an unknown name.
            password: what was typed.
            now: aware time.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait; the password was not looked at. ``everyone`` tells
                whether that is for all names.
        """
        return self._in_turn(lambda: self._try(name, kept, password, now))

    def _try(self, name: str, kept: str | None, password: str, now: datetime) -> bool:
        self._guesses.check(name, now)
        right = self._matches(kept, password)
        if right:
            self._guesses.right(name, now)
        else:
            self._guesses.wrong(name, now)
        return right

    def _matches(self, kept: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._argon2()
        try:
            return hasher.verify(kept or self._nobodys_hash, _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def _in_turn(self, work: Callable[[], _Result]) -> _Result:
        if not self._places.acquire(blocking=False):
            raise LimitError("too_many_tries", seconds=1, everyone=True)
        try:
            return self._thread.submit(work).result()
        finally:
            self._places.release()

    def _argon2(self) -> "PasswordHasher":
        if self._hasher is None:
            # Imported at the first password: a box that only knows tokens never needs it.
            from argon2 import PasswordHasher

            hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
            self._nobodys_hash = hasher.hash(secrets.token_bytes(_NOBODYS_BYTES))
            self._hasher = hasher
        return self._hasher


def _bytes(password: str) -> bytes:
    # One and the same password, typed on any keyboard (RFC 8265 §4.2.2).
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
