"""The print queue: committed jobs become slips on one thread, one at a time, oldest first.

Ticket and job are committed before this module sees them, and the job is committed as ``sending`` before the first byte
is sent. So after a power cut a job is either printed later, or doubtful and never repeated unmarked.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from drivers.errors import kind_and_place
from drivers.printer.driver import Printer
from drivers.printer.escpos import Item
from drivers.printer.job import Outcome
from kiosk.service import Loop
from ticketing.model import StoreError, TicketingError
from ticketing.office import Office, PrintJob

log = logging.getLogger(__name__)


class PrintQueue(Loop):
    """Prints this box's jobs.

    ``on_outcome`` is called with each job and how it ended, on the printing thread; it must return at once.
    """

    def __init__(
        self,
        office: Office,
        printer: Printer | None,
        lay_out: Callable[[PrintJob], Sequence[Item]],
        on_outcome: Callable[[PrintJob, Outcome], None] = lambda _job, _outcome: None,
    ) -> None:
        self._office = office
        self._printer = printer
        self._lay_out = lay_out
        self.on_outcome = on_outcome
        self._late: deque[tuple[PrintJob, Outcome]] = deque()
        super().__init__("printing", 1.0, self._print_all)

    @property
    def ready(self) -> bool:
        """Whether the printer works."""
        return self._printer is not None and self._printer.ready is None

    @property
    def trouble(self) -> str | None:
        """Why the printer does not work; None when it does, or when the box has none."""
        return None if self._printer is None else self._printer.ready

    @property
    def confirms(self) -> bool:
        """Whether the printer can confirm that a slip came out; otherwise only that it was sent is known."""
        return self._printer is not None and self._printer.profile.confirm != "none"

    @property
    def present(self) -> bool:
        """Whether this box has a printer, working or not."""
        return self._printer is not None

    def start(self) -> None:
        """Start with the jobs that an earlier run left unfinished."""
        in_doubt = self._office.recover()
        if self._printer:
            if in_doubt and self.confirms:
                self._printer.expect_half_slip()
            super().start()

    def look_soon(self) -> None:
        """Ask for the printer's state now, so that the slip that is wanted in a moment need not wait for it."""
        if self._printer:
            self._printer.look_soon()

    def _print_all(self) -> None:
        while self._late:
            self._note(*self._late.popleft())
        # One at a time, each read afresh: a job may have been withdrawn since.
        while not self.stopping.is_set() and (jobs := self._office.print_jobs(1)):
            self._print(jobs[0])
        self._office.withdraw_print_jobs()

    def _print(self, job: PrintJob) -> None:
        assert self._printer  # noqa: S101 - the loop runs only with a printer
        begun = threading.Event()

        def sending() -> None:
            begun.set()
            self._office.print_sending(job.id)

        try:
            outcome = self._printer.print(self._lay_out(job), sending, late=partial(self._confirm_late, job))
        except StoreError as error:
            if error.code != "store_in_doubt":
                raise
            # Nothing was sent, but the store may hold the job as ``sending``, and would then never give it again.
            outcome = Outcome("failed", error.code)
        except Exception as error:
            if begun.is_set():
                raise
            # It would fail again each time, and hold up the jobs behind it.
            log.error("print job %s cannot be laid out: %s", job.id, kind_and_place(error))
            outcome = Outcome("failed", "not_laid_out")
        self._note(job, outcome)

    def _confirm_late(self, job: PrintJob, outcome: Outcome) -> None:
        """Keep that a slip which was given up came out after all; called on the printer's thread."""
        self._late.append((job, outcome))
        self.wake()

    def _note(self, job: PrintJob, outcome: Outcome) -> None:
        kept = self._keep(job, outcome)
        # The resident need not wait for the store.
        self.on_outcome(job, outcome)
        # The slip may lie in the tray, so its outcome must reach the store, however long that takes.
        while not kept and not self.stopping.wait(0.5):
            kept = self._keep(job, outcome)

    def _keep(self, job: PrintJob, outcome: Outcome) -> bool:
        """Write how a job ended; False while the store is away."""
        try:
            self._office.print_ended(job.id, outcome.state, outcome.reason)
        except StoreError:
            return False
        except TicketingError as error:
            # A commit whose answer was lost had kept it; or a hall put back from a backup does not know this slip.
            log.warning("print job %s ended %s: %s", job.id, outcome.state, error.code)
        return True
