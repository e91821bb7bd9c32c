"""Closing slips on this box's printer: when somebody asks for one, and at the hall's closing time."""

import time

from kiosk.resident.printing import PrintQueue
from ticketing.day.closing_slips import ClosingSlips
from ticketing.day.print_jobs import JobState
from ticketing.model import Actor, StateError

PATIENCE = 20.0
"""Seconds that whoever asked for a slip waits for its outcome."""
LOOK = 0.1
"""Seconds between looks at it."""
_OVER = ("printed", "unconfirmed", "failed")


class ClosingPrinter:
    """Prints closing slips. Safe to use from any thread.

    Args:
        slips: asks for them.
        printing: prints them, behind the slips of residents.
        at: minutes after midnight at which the day's slip is printed; None for only when asked for.
    """

    def __init__(self, slips: ClosingSlips, printing: PrintQueue, at: int | None) -> None:
        self._slips = slips
        self._printing = printing
        self._at = at

    def print(self, actor: Actor) -> int:
        """Have one printed; gives its print job. Raises StateError: ``no_printer``."""
        if not self._printing.present:
            raise StateError("no_printer")
        job = self._slips.ask(actor)
        self._printing.wake()
        return job

    def print_if_due(self, actor: Actor) -> None:
        """Have the day's slip printed once its time has come and a printer works; for a timer."""
        if self._at is not None and self._printing.ready and self._slips.ask_at(self._at, actor) is not None:
            self._printing.wake()

    def outcome(self, job: int, patience: float = 0.0) -> tuple[JobState, str | None]:
        """How far a slip is, and why it failed; waits for its end for at most ``patience`` seconds."""
        end = time.monotonic() + patience
        while (told := self._slips.state(job))[0] not in _OVER and time.monotonic() < end:
            time.sleep(LOOK)
        return told
