"""From a committed print job to paper: one thread, one slip at a time, oldest first.

The ticket and its job are in the store before this module hears of them, and the job says ``sending`` in the store
before the first byte leaves. So a power cut at any moment leaves either a job that is printed later, or one that is
doubtful and never repeated unmarked.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from drivers.errors import places
from drivers.printer.driver import Outcome, Printer
from drivers.printer.escpos import Item
from kiosk.service import Loop
from ticketing.model import StoreError, TicketingError
from ticketing.office import Office, PrintJob

log = logging.getLogger(__name__)


class PrintQueue(Loop):
    """Prints this box's jobs.

    Args:
        office: where jobs come from and outcomes go to.
        printer: the box's printer; None where it has none.
        lay_out: what stands on a job's slip.
        on_outcome: told each job and how it ended, on the printing thread; it returns at once.
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
        """Whether slips come out of this box now."""
        return self._printer is not None and self._printer.ready is None

    @property
    def trouble(self) -> str | None:
        """Why no slip would come out now; None when one would, or when the box has no printer at all."""
        return None if self._printer is None else self._printer.ready

    @property
    def confirms(self) -> bool:
        """Whether the printer can say that a slip came out; of one that cannot, sending it is all there is to know."""
        return self._printer is not None and self._printer.profile.confirm != "none"

    @property
    def present(self) -> bool:
        """Whether this box has a printer, working or not."""
        return self._printer is not None

    def start(self) -> None:
        """Begin with what an earlier run left unfinished."""
        in_doubt = self._office.recover()
        if self._printer:
            if in_doubt and self.confirms:
                self._printer.expect_half_slip()
            super().start()

    def look_soon(self) -> None:
        """Somebody will want a slip in a moment: look at the printer now, so that the slip need not wait for it."""
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
            # Not a byte was sent. But if the store has it as being sent, it would never be looked for again.
            outcome = Outcome("failed", error.code)
        except Exception as error:
            if begun.is_set():
                raise
            # What is wrong with this one is so the next time, too, and the others wait behind it.
            log.error("print job %s cannot be laid out: %s at %s", job.id, type(error).__name__, places(error))
            outcome = Outcome("failed", "not_laid_out")
        self._note(job, outcome)

    def _confirm_late(self, job: PrintJob, outcome: Outcome) -> None:
        """A slip that was given up has come out after all; told on the printer's thread."""
        self._late.append((job, outcome))
        self.wake()

    def _note(self, job: PrintJob, outcome: Outcome) -> None:
        kept = self._keep(job, outcome)
        # The resident who waits for it need not wait for the store.
        self.on_outcome(job, outcome)
        # Paper may lie in the tray by now, so what became of it must reach the store, however long that takes.
        while not kept and not self.stopping.wait(0.5):
            kept = self._keep(job, outcome)

    def _keep(self, job: PrintJob, outcome: Outcome) -> bool:
        """Tell the store how a job ended; False while the store is away."""
        try:
            self._office.print_ended(job.id, outcome.state, outcome.reason)
        except StoreError:
            return False
        except TicketingError as error:
            # A commit whose answer was lost had kept it; or a hall put back from a backup does not know this slip.
            log.warning("print job %s ended %s: %s", job.id, outcome.state, error.code)
        return True
