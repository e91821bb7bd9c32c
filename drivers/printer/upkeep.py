"""What the device's thread sees to while nothing is printed: missed answers, slips that nobody takes or wants."""

import logging
import time
from collections.abc import Callable

from drivers.errors import OfflineError
from drivers.printer.doubts import Doubts
from drivers.printer.line import Line, Wait
from drivers.printer.profiles import Profile

log = logging.getLogger(__name__)

MISSED_POLLS = 3
"""Rounds of questions without any answer after which a printer counts as gone."""
SETTLING = 10.0
"""Seconds between looks at whether answers are late or lost."""


class Upkeep:
    """The rounds of questions of one connection.

    Args:
        profile: what the model can do.
        doubts: what may have become of earlier slips.
        line: the connection.
        wait: waits while answers are read.
        take_timeout: seconds after which a slip in the exit counts as left behind.
        clock: seconds, going steadily.

    Attributes:
        missed: rounds without any answer, one after the other.
        left_behind: a slip hangs in the exit for long.
    """

    def __init__(
        self,
        profile: Profile,
        doubts: Doubts,
        line: Line,
        wait: Wait,
        take_timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.missed = 0
        self.left_behind = False
        self._profile = profile
        self._doubts = doubts
        self._line = line
        self._wait = wait
        self._take_timeout = take_timeout
        self._clock = clock
        self._waiting_since: float | None = None
        self._cleared = False
        self._settled_at = -SETTLING

    def poll(self, all_questions: bool) -> None:
        """One round, and what has to be done about it; the line's turn is the caller's.

        Raises:
            OfflineError: the line is lost, or one round too many was not answered.
        """
        line, now = self._line, self._clock()
        try:
            line.check(self._wait, all_questions)
        except OfflineError as error:
            self.missed += 1
            if error.reason != "silent" or self.missed >= MISSED_POLLS:
                raise
            line.checked_at = self._clock()
            return
        self.missed = 0
        line.forgive()
        self._clear_what_is_held(now)
        self._look_at_exit(now)
        if line.owes and all_questions and now - self._settled_at > SETTLING:
            self._settled_at = now
            line.settle(self._wait)

    def count_cuts(self) -> int | None:
        """The counter of cuts; None where it has none, or gives no answer."""
        return self._line.count_cuts(self._profile.counter, self._wait) if self._profile.counter else None

    def _clear_what_is_held(self, now: float) -> None:
        """Yesterday's half slip must not come out with today's roll."""
        held = self._doubts.left_half and self._line.trouble is not None and now > self._doubts.wanted_until
        self._cleared &= held
        if held and not self._cleared and self._profile.clear:
            self._cleared = True
            self._line.clear(self._profile.clear, self._wait)

    def _look_at_exit(self, now: float) -> None:
        """Take back in, or throw out, what nobody takes."""
        self._waiting_since = (self._waiting_since or now) if self._line.waiting else None
        self.left_behind = self._waiting_since is not None and now - self._waiting_since >= self._take_timeout
        presenter = self._profile.presenter
        if self.left_behind and presenter and self._line.trouble is None:
            log.info("a slip was not taken from the presenter")
            self._line.port.write(presenter.retract or presenter.eject, 1.0)
            self._waiting_since = None
