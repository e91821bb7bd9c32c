"""Hashing passwords (argon2id), all on one thread, and counting the wrong ones there.

One thread, for two reasons. A hash takes 19 MiB, which the C library keeps ready for each thread that ever made one:
on every thread of a web server that would be the memory of a small box. And tries that are looked at one after another
are known to be right or wrong before the next is: no right one is ever counted as wrong, and a hundred guesses sent
at the same moment are slowed down like a hundred sent in turn.

The queue of that thread is bounded, as a whole and for each source: a flood of log-ins from one address fills its own
share, and the next address waits for that share at most.
"""

import secrets
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from ticketing.model import LimitError
from ticketing.people.guessing import GuessLimit, Try

if TYPE_CHECKING:
    from argon2 import PasswordHasher


@dataclass(frozen=True)
class Cost:
    """What argon2id takes for a hash; a hash that is kept says its own.

    OWASP's least is 19 MiB and two passes; this is three. A Raspberry Pi 4 takes a good tenth of a second for it; the
    64 MiB of RFC 9106 would take half a second.
    """

    passes: int = 3
    memory_kib: int = 19 * 1024
    lanes: int = 1


COST = Cost()

MOST_AT_ONCE = 32
"""Passwords in the queue; more are refused at once, so that nobody waits longer than some seconds."""

SHARE = 8
"""How many of them may come from one source or known device."""

_KEPT = 8
"""Places that only known devices get, however many sources fill the others."""

_NOBODYS_BYTES = 32
_NOT_A_TRY = Try("", "", None)
"""Whose place a password takes that is being set."""

Verdict = Literal["wrong", "totp_needed", "totp_wrong", "right"]
_Result = TypeVar("_Result")


class Passwords:
    """Makes and checks hashes. Safe to use from any thread; ``ticks`` are seconds of a clock that is never set."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic, cost: Cost = COST) -> None:
        self._ticks = ticks
        self._cost = cost
        self._guesses = GuessLimit()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passwords")
        self._lock = threading.Lock()
        self._queued: Counter[str] = Counter()
        self._hasher: PasswordHasher | None = None
        self._nobodys_hash = ""

    def hash(self, password: str) -> str:
        """What is kept of a password; raises as :meth:`fits` does when the queue is full."""
        return self._in_turn(lambda: self._argon2().hash(_bytes(password)))

    def fits(
        self, who: Try, kept: str | None, password: str, second: Callable[[], bool | None] = lambda: True
    ) -> Verdict:
        """Whether this is the password; ``wrong`` for an unknown name, in the same time.

        Args:
            who: whose guess it is, if it is one.
            kept: what :meth:`hash` gave, None for an unknown name.
            password: what was typed.
            second: whether the second factor is right, too; None where none was given, which counts neither as right
                nor as wrong. Asked only once the password is right.

        Raises:
            LimitError: ``too_many_tries`` with ``seconds`` to wait; the password was not looked at. ``everyone`` tells
                whether that is for all names.
        """
        # Refused here, guesses of a flood take no place in the queue.
        self._guesses.check(who, self._ticks())
        return self._in_turn(lambda: self._try(who, kept, password, second), who)

    def _try(self, who: Try, kept: str | None, password: str, second: Callable[[], bool | None]) -> Verdict:
        self._guesses.check(who, self._ticks())
        if not self._matches(kept, password):
            self._guesses.wrong(who, self._ticks())
            return "wrong"
        passes = second()
        if passes is None:
            return "totp_needed"
        # A wrong code is a guess as a wrong password is: there are only a million of them.
        (self._guesses.right if passes else self._guesses.wrong)(who, self._ticks())
        return "right" if passes else "totp_wrong"

    def _matches(self, kept: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._argon2()
        try:
            return hasher.verify(kept or self._nobodys_hash, _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def _in_turn(self, work: Callable[[], _Result], who: Try = _NOT_A_TRY) -> _Result:
        whose, places = who.device or who.source, MOST_AT_ONCE - (0 if who.device else _KEPT)
        with self._lock:
            if self._queued[whose] >= SHARE or self._queued.total() >= places:
                raise LimitError("too_many_tries", seconds=1, everyone=True)
            self._queued[whose] += 1
        try:
            return self._thread.submit(work).result()
        finally:
            with self._lock:
                # Leaves out what comes to nothing.
                self._queued -= Counter([whose])

    def _argon2(self) -> "PasswordHasher":
        if self._hasher is None:
            # Imported at the first password: a box that only knows tokens never needs it.
            from argon2 import PasswordHasher

            cost = self._cost
            hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
            self._nobodys_hash = hasher.hash(secrets.token_bytes(_NOBODYS_BYTES))
            self._hasher = hasher
        return self._hasher


def _bytes(password: str) -> bytes:
    # One and the same password, typed on any keyboard (RFC 8265 §4.2.2).
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
