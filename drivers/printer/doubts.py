"""Slips that may or may not have come out: what is remembered of them, and what settles it. No port, no thread."""

from collections import deque
from collections.abc import Callable

from drivers.printer.job import Job, Outcome

MOST = 8
"""Slips in doubt that may still be confirmed by their process id."""

Tell = Callable[[Outcome], None]


class Doubts:
    """What is known of earlier slips. The driver's lock is held by whoever calls.

    Attributes:
        left_half: the last slip may have reached the printer in part only: half of it may wait there for its rest.
        wanted_until: until when what the printer may still hold of it is wanted (monotonic seconds).
        knows_ids: whether the printer knows GS ( H; None until that has shown.
    """

    def __init__(self) -> None:
        self.left_half = False
        self.wanted_until = 0.0
        # An answer of an earlier run must not confirm a slip of this one.
        self.knows_ids: bool | None = None
        self._arrived_at = 0.0
        self._late: dict[bytes, Tell] = {}
        self._cut: tuple[int, Tell] | None = None
        self._last_ident = b""
        self._idents: deque[bytes] = deque(maxlen=16)

    @property
    def awaits_count(self) -> bool:
        """Whether the counter of cuts may settle a doubt."""
        return self._cut is not None

    def begin(self, job: Job, wanted_until: float) -> None:
        """A slip is being sent: from now on the counter of cuts tells of this one."""
        self.wanted_until = wanted_until
        self._cut = None
        if job.ident:
            self._idents.append(job.ident)

    def end(self, job: Job, outcome: Outcome, confirms: bool, arrived_at: float, late: Tell | None) -> None:
        """What became of a slip.

        Args:
            job: the slip.
            outcome: what became of it.
            confirms: whether this printer ever confirms anything.
            arrived_at: when it has arrived even on a slow line (monotonic seconds).
            late: told if it is confirmed after all.
        """
        unconfirmed = outcome.state == "unconfirmed"
        # A printer that never confirms has been handed everything unless the line was lost.
        self.left_half = unconfirmed and (job.lost is not None or confirms)
        self._arrived_at = arrived_at
        self._last_ident = job.ident
        if not unconfirmed or late is None:
            return
        if job.cuts_before is not None:
            self._cut = job.cuts_before + 1, late
        if job.ident:
            self._late[job.ident] = late
            while len(self._late) > MOST:
                del self._late[next(iter(self._late))]

    def lost_line(self, confirms: bool, now: float) -> None:
        """The line is gone. Written is not printed: part of the last slip may have been lost with it."""
        self.left_half |= not confirms and now < self._arrived_at

    def take_id(self, ident: bytes, job: Job | None) -> Tell | None:
        """A process id has come; whom to tell that the slip in doubt is printed."""
        self.knows_ids = True
        if job is not None and job.ident == ident:
            job.confirmed = "gs_h"
        elif ident not in self._idents and job is not None:
            job.other_id = True
        elif ident in self._late:
            self.left_half &= ident != self._last_ident
            return self._late.pop(ident)
        return None

    def take_count(self, cuts: int | None) -> Tell | None:
        """The counter of cuts was read; whom to tell that the slip in doubt was cut off after all."""
        if cuts is None or self._cut is None or cuts != self._cut[0]:
            return None
        self.left_half = False
        (_, tell), self._cut = self._cut, None
        return tell
