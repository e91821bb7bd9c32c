"""The print queue: committed jobs become slips on one thread, one at a time, oldest first.

Ticket and job are committed before this module sees them, and the job is committed as ``sending`` before the first byte
is sent. So after a power cut a job is either printed later, or doubtful and never repeated unmarked.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from drivers.errors import kind_and_place
from drivers.printer.driver import Printer
from drivers.printer.escpos import Item
from drivers.printer.job import Outcome
from kiosk.counter import Counter
from kiosk.service import Loop
from ticketing.day.closing_slips import ClosingSlip
from ticketing.model import StateError, StoreError, TicketingError, UnknownError
from ticketing.office import Office, PrintJob

log = logging.getLogger(__name__)


Job = PrintJob | ClosingSlip
LayOut = Callable[[Job], Sequence[Item]]
"""The paper of a job, as wide as a printer's."""

PATIENCE = 5.0
"""Seconds to wait for a printer that is being connected again, where no other one works."""
LOOK = 1.0
"""Seconds between looks for slips that were asked for elsewhere; for its own the kiosk wakes the queue."""
RELIEF = 0.25
"""Seconds between looks of a second printer at whether the first one is held up."""


LEAFLET_LASTS = 60.0
"""Seconds for which a paper that is of no ticket is wanted."""
MOST_LEAFLETS = 3
"""Such papers that wait at once: whoever presses on and on does not empty the roll."""
LEAFLETS_KNOWN = 50
"""Such papers whose outcome can be asked for."""


@dataclass(frozen=True)
class _Leaflet:
    id: int
    about: str
    lay_out: Callable[[int], Sequence[Item]]
    asked_at: float


class PrintQueue(Loop):
    """Prints this box's jobs.

    A job that is older than the printer's ``paused_timeout`` is not begun: nobody stands there any more. Where the box
    has several printers, one that does not work is passed over, and while it holds a slip that waits for paper, the
    next one prints those behind it.

    Args:
        office: keeps the jobs, or a counter of several that do.
        printer: the box's first one; None for none.
        lay_out: its paper.
        on_outcome: called with each job of a ticket and how it ended, on a printing thread; it must return at once.
        backups: what takes over, in that order, each with its paper.
        pace: seconds of the hall's clock a second; more than 1 only in the demonstration, where paper is no faster.
    """

    def __init__(
        self,
        office: Office | Counter,
        printer: Printer | None,
        lay_out: LayOut,
        on_outcome: Callable[[PrintJob, Outcome], None] = lambda _job, _outcome: None,
        backups: Sequence[tuple[Printer, LayOut]] = (),
        pace: Callable[[], int] = lambda: 1,
    ) -> None:
        self._counter = office if isinstance(office, Counter) else Counter(office)
        self._pace = pace
        self._printer = printer
        self._stations = [(printer, lay_out), *backups] if printer else []
        self.on_outcome = on_outcome
        self._late: deque[tuple[Job, Outcome]] = deque()
        self._leaflets: deque[_Leaflet] = deque()
        self._became: dict[int, Outcome | None] = {}
        self._last_leaflet = 0
        self._taking = threading.Lock()
        self._taken: set[int] = set()
        self._reliefs = [
            Loop(f"printing {place}", RELIEF, partial(self._relieve, place)) for place in range(2, len(backups) + 2)
        ]
        super().__init__("printing", LOOK, self._print_all)

    @property
    def ready(self) -> bool:
        """Whether a printer works."""
        return bool(self._stations) and self.trouble is None

    @property
    def trouble(self) -> str | None:
        """Why no printer works, after the first one; None when one does, or when the box has none."""
        troubles = [printer.ready for printer, _ in self._stations]
        return troubles[0] if troubles and None not in troubles else None

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
        in_doubt = self._counter.recover()
        for printer, _ in self._stations:
            if in_doubt and printer.profile.confirm != "none":
                printer.expect_half_slip()
        if self._stations:
            for one in self._reliefs:
                one.start()
            super().start()

    def request_stop(self) -> None:
        """Have it end after the slips that are being printed."""
        for one in self._reliefs:
            one.request_stop()
        super().request_stop()

    def stop(self) -> None:
        """End after the slips that are being printed, which are waited for at most 5 s."""
        self.request_stop()
        for one in self._reliefs:
            one.stop()
        super().stop()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Begin no slip meanwhile; what is done must be quick."""
        with self._taking:
            yield

    def print_leaflet(self, about: str, lay_out: Callable[[int], Sequence[Item]]) -> int:
        """Print a paper that is of no ticket; its number, for :meth:`leaflet`.

        It is kept in memory alone: whoever wants it asks again. What waits already ``about`` the same is not printed
        twice. Tickets' slips are printed first.

        Args:
            about: what it tells of.
            lay_out: the paper, of so many half-width columns.

        Raises:
            StateError: ``printer_none``; ``printer_down``: none works; ``printer_busy``: too many wait.
        """
        if not self._stations:
            raise StateError("printer_none")
        if self.trouble is not None:
            raise StateError("printer_down", reason=self.trouble)
        with self._taking:
            waiting = next((one for one in self._leaflets if one.about == about), None)
            if waiting is None:
                if len(self._leaflets) >= MOST_LEAFLETS:
                    raise StateError("printer_busy")
                self._last_leaflet += 1
                waiting = _Leaflet(self._last_leaflet, about, lay_out, time.monotonic())
                self._leaflets.append(waiting)
                self._became[waiting.id] = None
                while len(self._became) > LEAFLETS_KNOWN:
                    del self._became[next(iter(self._became))]
        self.wake()
        return waiting.id

    def leaflet(self, leaflet: int) -> Outcome | None:
        """What became of a paper; None while it waits. Raises ``unknown_print_job`` for one long past."""
        if leaflet not in self._became:
            raise UnknownError("unknown_print_job")
        return self._became[leaflet]

    def _print_leaflet(self, leaflet: "_Leaflet") -> None:
        outcome = Outcome("failed", "expired")
        for printer, _ in sorted(self._stations, key=lambda one: one[0].ready is not None):
            left = LEAFLET_LASTS - (time.monotonic() - leaflet.asked_at)
            if left <= 0:
                break
            try:
                paper = leaflet.lay_out(printer.profile.columns)
            except Exception as error:  # noqa: BLE001 - a paper that cannot be laid out holds up no slip
                log.error("leaflet about %s cannot be laid out: %s", leaflet.about, kind_and_place(error))
                outcome = Outcome("failed", "not_laid_out")
                break
            outcome = printer.print(paper, lambda: None, PATIENCE, wanted=left)
            if outcome.state != "failed":
                break
        self._became[leaflet.id] = outcome

    def try_out(self, lay_out: Callable[[int], Sequence[Item]]) -> Outcome | None:
        """Print what belongs to no ticket, laid out for so many half-width columns; None without a printer.

        It takes the first printer that works, and waits for its confirmation.
        """
        printers = sorted((printer for printer, _ in self._stations), key=lambda one: one.ready is not None)
        if not printers:
            return None
        return printers[0].print(lay_out(printers[0].profile.columns), lambda: None)

    def look_soon(self) -> None:
        """Ask for the printers' state now, so that the slip that is wanted in a moment need not wait for it."""
        for printer, _ in self._stations:
            printer.look_soon()

    def _print_all(self) -> None:
        while self._late:
            self._note(*self._late.popleft())
        while not self.stopping.is_set():
            if job := self._take():
                self._finish(job)
            elif self._leaflets:
                self._print_leaflet(self._leaflets[0])
                with self._taking:
                    self._leaflets.popleft()
            else:
                break
        self._counter.withdraw_print_jobs()

    def _relieve(self, place: int) -> None:
        """Print what waits behind a slip that the printers before the one at ``place`` hold up."""
        before, (printer, _) = self._stations[: place - 1], self._stations[place - 1]
        while not self.stopping.is_set() and printer.ready is None and all(one.ready is not None for one, _ in before):
            job = self._take()
            if job is None:
                return
            self._finish(job)

    def _take(self) -> Job | None:
        """The oldest job that no other thread prints, residents' first; read afresh, as one may have been withdrawn."""
        with self._taking:
            most = len(self._taken) + 1
            # Whoever closes the hall can wait for residents.
            jobs: Sequence[Job] = self._counter.print_jobs(most) or self._counter.closing_slips(most)
            job = next((one for one in jobs if one.id not in self._taken), None)
            if job:
                self._taken.add(job.id)
            return job

    def _finish(self, job: Job) -> None:
        try:
            self._note(job, self._print(job))
        finally:
            with self._taking:
                self._taken.discard(job.id)

    def _print(self, job: Job) -> Outcome:
        assert self._printer  # noqa: S101 - the loop runs only with a printer
        begun = threading.Event()
        age = (self._counter.office.ledger.now() - job.asked_at).total_seconds() / self._pace()
        left = self._printer.paused_timeout - age
        if left <= 0:
            return Outcome("failed", "expired")

        def sending() -> None:
            if not begun.is_set():
                begun.set()
                self._counter.print_sending(job.id)

        outcome = None
        try:
            # Those that work first; what one has not begun may be printed by the next.
            for printer, lay_out in sorted(self._stations, key=lambda one: one[0].ready is not None):
                late = partial(self._confirm_late, job)
                patience = 0.0 if outcome else PATIENCE
                tried = printer.print(lay_out(job), sending, patience, late=late, wanted=left)
                if tried.state != "failed":
                    return tried
                outcome = outcome or tried
        except StateError:
            # It was taken back while the slip waited for the printer: nothing was sent.
            return Outcome("failed", "ticket_over")
        except StoreError as error:
            if error.code != "store_in_doubt":
                raise
            # Nothing was sent, but the store may hold the job as ``sending``, and would then never give it again.
            return Outcome("failed", error.code)
        except Exception as error:
            if begun.is_set():
                raise
            # It would fail again each time, and hold up the jobs behind it.
            log.error("print job %s cannot be laid out: %s", job.id, kind_and_place(error))
            return Outcome("failed", "not_laid_out")
        assert outcome  # noqa: S101 - there is a printer
        return outcome

    def _confirm_late(self, job: Job, outcome: Outcome) -> None:
        """Keep that a slip which was given up came out after all; called on the printer's thread."""
        self._late.append((job, outcome))
        self.wake()

    def _note(self, job: Job, outcome: Outcome) -> None:
        kept = self._keep(job, outcome)
        # The resident need not wait for the store.
        if isinstance(job, PrintJob):
            self.on_outcome(job, outcome)
        # The slip may lie in the tray, so its outcome must reach the store, however long that takes.
        while not kept and not self.stopping.wait(0.5):
            kept = self._keep(job, outcome)

    def _keep(self, job: Job, outcome: Outcome) -> bool:
        """Write how a job ended; False while the store is away."""
        try:
            self._counter.print_ended(job.id, outcome.state, outcome.reason)
        except StoreError:
            return False
        except TicketingError as error:
            # A commit whose answer was lost had kept it; or a hall put back from a backup does not know this slip.
            log.warning("print job %s ended %s: %s", job.id, outcome.state, error.code)
        return True
