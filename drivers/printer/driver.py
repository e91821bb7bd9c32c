"""The ticket printer's driver: a slip is never lost, and never printed twice unmarked.

"Bytes written" is not "printed". Before a slip's first byte the printer is asked how it is; after the last one it is
asked to confirm. What it does not confirm is ``unconfirmed``, and it is for the caller to print a marked copy.

The port stays open. The device's thread reads all the time, so that a hang-up shows at once; slips are written by the
thread that calls :meth:`Printer.print`.
"""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal

from drivers.device import Device, DeviceEvent, SerialOrTcpSettings, Sink
from drivers.errors import OfflineError
from drivers.port import Port
from drivers.printer import escpos, escpos_status
from drivers.printer.escpos import PROFILES, Gap, Item, Profile, ProfileName, Rule, Text
from drivers.printer.escpos_status import GS_TRANSMIT_PAPER
from drivers.printer.line import Line
from drivers.supervisor import Link

log = logging.getLogger(__name__)

READ_SLICE = 0.1
"""Seconds in which the device's thread notices that it shall stop."""

WATCHED = 30.0
"""Seconds for which the printer's status is kept fresh after :meth:`Printer.look_soon`."""

SLOWEST_LINE = 960
"""Bytes per second at 9600 baud: how long a slip may be under way."""

How = Literal["gs_h", "gs_r", "none"]
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Outcome:
    """What became of a slip.

    Attributes:
        state: ``printed``: confirmed; ``unconfirmed``: some of its bytes were sent, no more is known; ``failed``: not
            one byte of it was sent, it may be printed again as an original.
        reason: why it is not ``printed``: a trouble of :func:`drivers.printer.escpos_status.find_trouble`, a reason of
            ``OfflineError``, ``occupied`` (another slip is being printed), ``stopping``, ``no_confirmation``.
        how: by what it was confirmed: process id, an answer in turn, nothing.
    """

    state: Literal["printed", "unconfirmed", "failed"]
    reason: str | None = None
    how: How = "none"


class EscposSettings(SerialOrTcpSettings):
    """``driver = "escpos"``; ``profile`` is what its model can do."""

    profile: ProfileName = "epson"

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        printer = Printer(PROFILES[self.profile])
        return Device(printer, (printer,))


@dataclass(eq=False)
class Printer(Sink):
    """One ticket printer.

    Attributes:
        profile: what the model can do.
        poll_interval: seconds between rounds of questions while nothing is printed.
        answer_timeout: seconds for the answer to one question of status.
        ack_timeout: seconds from the last byte to the confirmation, beyond the time the bytes need at 9600 baud.
        paused_timeout: seconds for which a slip waits in a printer that is out of paper or open.
        fresh: seconds for which an answered round of questions need not be asked again in full before a slip: one
            question is enough then, and is answered while the store is told.
    """

    profile: Profile
    _: KW_ONLY
    poll_interval: float = 2.0
    answer_timeout: float = 0.3
    ack_timeout: float = 3.0
    paused_timeout: float = 120.0
    fresh: float = 0.5

    def __post_init__(self) -> None:
        self._look = threading.Event()
        self._one_job = threading.Lock()
        self._news = threading.Condition()
        self._line: Line | None = None
        self._lost = "offline"
        self._job: _Job | None = None
        self._late: dict[bytes, Callable[[Outcome], None]] = {}
        # Whether it knows GS ( H, once that has shown. An answer of an earlier run must not confirm a slip of this one.
        self._knows_ids: bool | None = None
        # Whether the last slip may have reached the printer in part only: half of it may wait there for its rest.
        self._left_half = False
        self._last_ident = b""
        self._idents: deque[bytes] = deque(maxlen=16)
        self._next_id = secrets.randbelow(len(DIGITS) ** 4)

    @property
    def ready(self) -> str | None:
        """Why nothing can be printed now; None when it can."""
        with self._news:
            return self._lost if self._line is None else self._line.trouble

    def look_soon(self) -> None:
        """Query the status now and keep it fresh for a while, because a slip will be printed soon.

        Returns at once; may be called from any thread.
        """
        self._look.set()

    def expect_half_slip(self) -> None:
        """Have the next slip cut off from what an earlier run may have left in the printer, uncut.

        To be called before the first slip, if the last one of the earlier run was not confirmed. It costs an empty
        piece of paper if that one was whole, so not for every slip of a printer that never confirms any: there, for
        one whose sending had not ended.
        """
        self._left_half = True

    def print(
        self,
        items: Sequence[Item],
        sending: Callable[[], None],
        patience: float = 5.0,
        late: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Print one slip and wait until it is confirmed; may be called from any thread.

        Args:
            items: the slip, from the top.
            sending: called before the first byte, once; if it raises, nothing is sent and its error is the caller's.
                A slip may be ``failed`` after it all the same, if the last look at the printer shows trouble.
            patience: seconds to wait for a printer that is being connected again, or busy with another slip.
            late: told, on the device's thread, if an ``unconfirmed`` slip is confirmed after all.
        """
        deadline = time.monotonic() + patience
        slip = escpos.compose(items, self.profile)
        if not self._one_job.acquire(timeout=max(patience, 0)):
            return Outcome("failed", "occupied")
        try:
            return self._print(slip, sending, deadline, late)
        finally:
            self._one_job.release()

    def test(self, title: str, lines: Sequence[str]) -> str | None:
        """Print a test slip; None when it was confirmed, else the reason."""
        head = [Text(title, scale=2, bold=True), *map(Text, lines)]
        outcome = self.print([*head, Rule(), Text(DIGITS, align="left"), Gap(24)], lambda: None)
        return None if outcome.state == "printed" else outcome.reason or "no_confirmation"

    def _print(
        self, slip: bytes, sending: Callable[[], None], deadline: float, late: Callable[[Outcome], None] | None
    ) -> Outcome:
        told = False
        while True:
            line = self._wait_online(deadline)
            if line is None:
                return Outcome("failed", self._lost)
            with line.turn:
                try:
                    ahead = line.is_fresh(self.fresh)
                    if ahead:
                        line.ask_ahead()
                    trouble = None if ahead else line.check(self._wait_news)
                    if trouble is None and not told:
                        sending()
                        told = True
                    if ahead and not line.hear_ahead(self._wait_news):
                        trouble = line.check(self._wait_news)
                except OfflineError as error:
                    # A stale connection shows here, with nothing lost: the supervisor makes a new one.
                    line.broken = error
                    self._wait_gone(line)
                    if time.monotonic() >= deadline:
                        return Outcome("failed", error.reason)
                    continue
                if trouble is not None:
                    return Outcome("failed", trouble)
                with self._news:
                    if self._line is not line:
                        continue
                    job = self._job = self._start_job(line)
                if self._left_half:
                    slip = escpos.cut_off(self.profile) + slip
                    self._left_half = False
                try:
                    line.port.write(slip + job.trailer, self.ack_timeout + len(slip) / SLOWEST_LINE)
                except OfflineError as error:
                    line.broken = error
                    job.lost = error.reason
            outcome = self._await_confirmation(line, job, len(slip))
            with self._news:
                self._job = None
                # A printer that never confirms has been handed everything unless the line was lost.
                self._left_half = outcome.state == "unconfirmed" and (
                    job.lost is not None or self.profile.confirm != "none"
                )
                self._last_ident = job.ident
                if outcome.state == "unconfirmed" and late is not None and job.ident:
                    self._late[job.ident] = late
                    while len(self._late) > 8:
                        del self._late[next(iter(self._late))]
            return outcome

    def _start_job(self, line: Line) -> "_Job":
        """A job with its trailer: the questions that the printer answers once the slip is out."""
        job = _Job()
        if self.profile.confirm == "gs_h" and self._knows_ids is not False:
            job.ident = "".join(DIGITS[self._next_id // 36**place % 36] for place in (3, 2, 1, 0)).encode()
            self._next_id = (self._next_id + 1) % len(DIGITS) ** 4
            self._idents.append(job.ident)
            job.trailer += escpos_status.request_id(job.ident)
        if self.profile.confirm != "none" and not (job.ident and self._knows_ids):
            job.trailer += GS_TRANSMIT_PAPER
            job.turn_of_answer = line.expect_paper()
        return job

    def _await_confirmation(self, line: Line, job: "_Job", size: int) -> Outcome:
        """Wait as long as it makes sense; ask meanwhile why it takes so long."""
        if self.profile.confirm == "none":
            return Outcome("unconfirmed", job.lost or "no_confirmation")
        allowance = self.ack_timeout + size / SLOWEST_LINE
        begun = time.monotonic()
        deadline, grace_end = begun + allowance, begun + self.paused_timeout
        ask_at, nudge_at = begun + 0.5, begun + allowance / 3
        trouble: str | None = None
        nudge = True
        while True:
            now = time.monotonic()
            with self._news:
                done = self._job_outcome(job, now)
                if done is None:
                    wake_at = min(deadline, ask_at) if job.other_id else min(deadline, ask_at, job.settled_at)
                    self._news.wait(max(0.0, wake_at - now))
                    done = self._job_outcome(job, time.monotonic())
                if done is not None:
                    return done
            now = time.monotonic()
            if now >= ask_at:
                was, trouble = trouble, self._ask_why(line, job)
                ask_at = time.monotonic() + 0.5
                if trouble is not None or was is not None:
                    # The printer holds the slip and goes on by itself: never send it again.
                    deadline = max(deadline, now + allowance)
                if trouble is not None or job.silent:
                    # Its memory may be cleared meanwhile, and a new question must not confirm what was lost with it.
                    nudge = nudge and job.answered_out
            if trouble is not None and now >= grace_end:
                return Outcome("unconfirmed", trouble)
            if trouble is None and nudge and now >= nudge_at:
                nudge = False
                self._nudge(line, job)
            if now >= deadline:
                return Outcome("unconfirmed", "silent" if job.silent else "no_confirmation")

    def _job_outcome(self, job: "_Job", now: float) -> Outcome | None:
        if job.confirmed == "gs_h":
            return Outcome("printed", None, "gs_h")
        # A foreign id says that the printer still works on slips of another host or an earlier run. An answer in turn
        # may then belong to one of these: only our own id confirms the slip.
        if job.confirmed == "gs_r" and now >= job.settled_at and not job.other_id:
            if job.ident:
                self._knows_ids = bool(self._knows_ids)
            return Outcome("printed", None, "gs_r")
        if job.lost is not None and (job.confirmed is None or job.other_id):
            return Outcome("unconfirmed", job.lost)
        return None

    def _ask_why(self, line: Line, job: "_Job") -> str | None:
        try:
            with line.turn:
                trouble = line.check(self._wait_news)
        except OfflineError as error:
            job.silent = error.reason == "silent"
            if not job.silent:
                job.lost = job.lost or error.reason
                line.broken = error
            return None
        job.silent = False
        return trouble

    def _nudge(self, line: Line, job: "_Job") -> None:
        """Ask once more: the answer to what came with the slip may have been lost on its way."""
        try:
            with line.turn:
                with self._news:
                    turn = line.expect_paper()
                    if job.turn_of_answer is None or job.answered_out:
                        job.turn_of_answer = turn
                line.port.write(GS_TRANSMIT_PAPER, self.answer_timeout)
        except OfflineError as error:
            line.broken = error

    # The device's thread

    def serve(self, port: Port, link: Link) -> None:
        """Read answers and poll the status until the printer is lost or the program stops."""
        escpos.warm_up()
        line = Line(port, self.answer_timeout, asks=self.profile.confirm != "none")

        def wait_reading(done: Callable[[], bool], seconds: float) -> None:
            deadline = time.monotonic() + seconds
            while not done() and (left := deadline - time.monotonic()) > 0:
                self._read(line, left)

        lost = "stopping"
        try:
            line.drain()
            line.check(wait_reading)
            with self._news:
                self._line = line
                self._news.notify_all()
            _tell(link, line)
            watched_until = 0.0
            while not link.stopping.is_set():
                self._read(line, READ_SLICE)
                if line.broken is not None:
                    raise line.broken
                if look := self._look.is_set():
                    self._look.clear()
                    watched_until = time.monotonic() + WATCHED
                watched = time.monotonic() < watched_until
                interval = 0.0 if look else self.fresh / 2 if watched else self.poll_interval
                # The printing thread asks by itself.
                if self._job is None and line.is_due(interval) and line.turn.acquire(blocking=False):
                    try:
                        line.check(wait_reading, all_questions=not watched)
                        line.forgive()
                    finally:
                        line.turn.release()
                _tell(link, line)
        except OfflineError as error:
            lost = error.reason
            raise
        finally:
            with self._news:
                self._line, self._lost = None, lost
                if self._job is not None:
                    self._job.lost = self._job.lost or lost
                line.gone = lost
                self._news.notify_all()

    def _read(self, line: Line, seconds: float) -> None:
        data = line.port.read(seconds)
        if not data:
            return
        late: list[Callable[[Outcome], None]] = []
        with self._news:
            for answer in line.classify(data):
                match answer:
                    case escpos_status.PaperStatus():
                        self._take_paper(line, answer)
                    case escpos_status.ProcessId(ident):
                        self._knows_ids = True
                        if self._job is not None and self._job.ident == ident:
                            self._job.confirmed = "gs_h"
                        elif ident not in self._idents and self._job is not None:
                            self._job.other_id = True
                        elif ident in self._late:
                            late.append(self._late.pop(ident))
                            if ident == self._last_ident:
                                self._left_half = False
                    case escpos_status.AutoStatus():
                        line.checked_at = 0.0
            self._news.notify_all()
        for tell in late:
            tell(Outcome("printed", None, "gs_h"))

    def _take_paper(self, line: Line, answer: escpos_status.PaperStatus) -> None:
        job = self._job
        turn = line.count_paper()
        if job is None or turn is None or job.turn_of_answer is None or turn < job.turn_of_answer:
            return
        if answer.out:
            job.answered_out = True
        elif job.confirmed is None:
            job.confirmed = "gs_r"
            # The id says that it is printed, this one that it is understood: the id has a moment to follow.
            job.settled_at = time.monotonic() + (self.ack_timeout / 3 if job.ident else 0.0)

    def _wait_news(self, done: Callable[[], bool], seconds: float) -> None:
        with self._news:
            self._news.wait_for(done, seconds)

    def _wait_online(self, deadline: float) -> Line | None:
        with self._news:
            self._news.wait_for(lambda: self._line is not None, max(0.0, deadline - time.monotonic()))
            return self._line

    def _wait_gone(self, line: Line) -> None:
        """The device's thread lets go of a broken line within one slice of reading."""
        with self._news:
            self._news.wait_for(lambda: line.gone is not None, 10 * READ_SLICE)


@dataclass
class _Job:
    """One slip under way. ``turn_of_answer``: which answer to GS r, counted on its line, speaks of it."""

    ident: bytes = b""
    trailer: bytes = b""
    turn_of_answer: int | None = None
    confirmed: How | None = None
    settled_at: float = field(default=float("inf"))
    answered_out: bool = False
    silent: bool = False
    other_id: bool = False
    lost: str | None = None


def _tell(link: Link, line: Line) -> None:
    if line.trouble is not None:
        link.fault(line.trouble)
    else:
        link.online("paper_near_end" if line.near_end else "")
