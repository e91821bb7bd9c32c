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
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from drivers.device import Device, DeviceEvent, SerialOrTcpSettings, Sink, Whole, wrong_setting
from drivers.errors import DeviceError, OfflineError
from drivers.port import Port
from drivers.printer import escpos, escpos_status, glyphs
from drivers.printer.doubts import Doubts
from drivers.printer.escpos import Gap, Item, Rule, Text
from drivers.printer.escpos_status import GS_TRANSMIT_PAPER, PAPER
from drivers.printer.job import Job, Outcome
from drivers.printer.line import Line
from drivers.printer.profiles import PROFILES, Profile, ProfileName
from drivers.printer.upkeep import Upkeep
from drivers.supervisor import Link

log = logging.getLogger(__name__)

READ_SLICE = 0.1
"""Seconds in which the device's thread notices that it shall stop."""

WATCHED = 30.0
"""Seconds for which the printer's status is kept fresh after :meth:`Printer.look_soon`."""

SLOWEST_LINE = 960
"""Bytes per second at 9600 baud: how long a slip may be under way."""

SOONER = 0.5
"""Seconds until a printer that answered nothing, or is in trouble, is asked again: it may have been noise, and people
wait until it is over."""
SOON = 0.1
"""Seconds between looks at a motor that confirms a slip."""
IN_FLIGHT = 30.0
"""Seconds after which a slip that nothing confirms is taken to have arrived: a line lost earlier may have lost it."""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _known_marks(black_mark: bool, info: ValidationInfo) -> bool:
    profile = info.data.get("profile")
    if black_mark and profile and not PROFILES[profile].mark:
        marked = ", ".join(name for name, one in PROFILES.items() if one.mark)
        raise wrong_setting(
            f"{profile} 不会找黑标",
            f"{profile} does not look for marks",
            f"换成 {marked} 之一，或去掉这一项",
            f"choose one of {marked}, or leave this out",
        )
    return black_mark


class EscposSettings(SerialOrTcpSettings):
    """``driver = "escpos"``.

    Attributes:
        profile: what its model can do.
        black_mark: the roll has a black mark for each slip, where it is cut.
        backup: name of the printer that takes over while this one does not work; "" for none. Whether there is such a
            printer is for ``config.contradictions`` to say.
        job_seconds: for how long a slip is wanted. Older ones are not begun; of one that hangs in the printer the rest
            is cleared, where the model can do so.
    """

    profile: ProfileName = "epson"
    black_mark: Annotated[bool, AfterValidator(_known_marks)] = False
    backup: str = ""
    job_seconds: Whole = Field(120, ge=10, le=3600)

    def build(self, emit: Callable[[DeviceEvent], None]) -> Device:  # noqa: ARG002 - it has nothing to tell
        """The device, with its driver and sinks."""
        profile = PROFILES[self.profile]
        if self.black_mark:
            profile = replace(profile, cut=profile.mark + profile.cut)
        printer = Printer(profile, paused_timeout=float(self.job_seconds))
        return Device(printer, (printer,))


@dataclass(eq=False)
class Printer(Sink):
    """One ticket printer.

    Attributes:
        profile: what the model can do.
        poll_interval: seconds between rounds of questions while nothing is printed.
        answer_timeout: seconds for the answer to one question of status.
        ack_timeout: seconds from the last byte to the confirmation, beyond the time the bytes need at 9600 baud.
        paused_timeout: seconds for which a slip is wanted, and so waits in a printer that is out of paper or open.
        take_timeout: seconds after which a slip that nobody took from the presenter is taken back in, or thrown out.
        fresh: seconds for which an answered round of questions need not be asked again in full before a slip: one
            question is enough then, and is answered while the store is told.
        clock: seconds, going steadily.
    """

    profile: Profile
    _: KW_ONLY
    poll_interval: float = 2.0
    answer_timeout: float = 0.3
    ack_timeout: float = 3.0
    paused_timeout: float = 120.0
    take_timeout: float = 30.0
    fresh: float = 0.5
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._look = threading.Event()
        self._one_job = threading.Lock()
        self._news = threading.Condition()
        self._line: Line | None = None
        self._lost = "offline"
        self._job: Job | None = None
        self._doubts = Doubts()
        self._watched_until = 0.0
        self._next_id = secrets.randbelow(len(DIGITS) ** 4)

    @property
    def ready(self) -> str | None:
        """Why nothing can be printed now; None when it can."""
        with self._news:
            return self._lost if self._line is None else self._line.trouble

    @property
    def paper(self) -> PAPER:
        """How much paper there is; ``unknown`` unless the printer tells."""
        with self._news:
            return "unknown" if self._line is None else self._line.paper

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
        self._doubts.left_half = True

    def print(
        self,
        items: Sequence[Item],
        sending: Callable[[], None],
        patience: float = 5.0,
        late: Callable[[Outcome], None] | None = None,
        wanted: float | None = None,
    ) -> Outcome:
        """Print one slip and wait until it is confirmed; may be called from any thread.

        Args:
            items: the slip, from the top.
            sending: called before the first byte, once; if it raises, nothing is sent and its error is the caller's.
                A slip may be ``failed`` after it all the same, if the last look at the printer shows trouble.
            patience: seconds to wait for a printer that is being connected again, or busy with another slip.
            late: told, on a thread that prints or reads, if an ``unconfirmed`` slip is confirmed after all.
            wanted: seconds for which the slip is wanted, if less than ``paused_timeout``; it is not begun later.
        """
        began = self.clock()
        deadline = began + patience
        wanted_until = began + min(self.paused_timeout, wanted if wanted is not None else self.paused_timeout)
        slip = escpos.compose(items, self.profile, glyphs.draw_line)
        if not self._one_job.acquire(timeout=max(patience, 0)):
            return Outcome("failed", "occupied")
        try:
            return self._print(slip, sending, deadline, late, wanted_until)
        finally:
            self._one_job.release()

    def test(self, title: str, lines: Sequence[str]) -> str | None:
        """Print a test slip; None when it was confirmed, else the reason."""
        head = [Text(title, scale=2, bold=True), *map(Text, lines)]
        outcome = self.print([*head, Rule(), Text(DIGITS, align="left"), Gap(24)], lambda: None)
        return None if outcome.state == "printed" else outcome.reason or "no_confirmation"

    def _print(
        self,
        slip: bytes,
        sending: Callable[[], None],
        deadline: float,
        late: Callable[[Outcome], None] | None,
        wanted_until: float,
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
                    if trouble is None and self.profile.counter and line.cuts is None:
                        self._settle(line.count_cuts(self.profile.counter, self._wait_news))
                    if self.clock() >= wanted_until:
                        return Outcome("failed", "expired")
                    if trouble is None and not told:
                        sending()
                        told = True
                    if ahead and not line.hear_ahead(self._wait_news):
                        trouble = line.check(self._wait_news)
                except OfflineError as error:
                    # A stale connection shows here, with nothing lost: the supervisor makes a new one.
                    line.broken = error
                    self._wait_gone(line)
                    if self.clock() >= deadline:
                        return Outcome("failed", error.reason)
                    continue
                if trouble is not None:
                    return Outcome("failed", trouble)
                with self._news:
                    if self._line is not line:
                        continue
                    job = self._job = self._start_job(line)
                    self._doubts.begin(job, wanted_until)
                slip = self._clear_the_way(line) + slip
                try:
                    line.port.write(slip + job.trailer, self.ack_timeout + len(slip) / SLOWEST_LINE)
                except OfflineError as error:
                    line.broken = error
                    job.lost = error.reason
            outcome = self._await_confirmation(line, job, len(slip))
            with self._news:
                self._job = None
                arrived_at = self.clock() + IN_FLIGHT + len(slip) / SLOWEST_LINE
                self._doubts.end(job, outcome, self.profile.confirm != "none", arrived_at, late)
            return outcome

    def _start_job(self, line: Line) -> Job:
        """A job with its trailer: the questions that the printer answers once the slip is out."""
        job = Job(cuts_before=line.cuts, exit_taken=bool(line.waiting))
        line.cuts = None
        if self.profile.presenter:
            job.trailer += self.profile.presenter.present
        if self.profile.confirm == "gs_h" and self._doubts.knows_ids is not False:
            job.ident = "".join(DIGITS[self._next_id // 36**place % 36] for place in (3, 2, 1, 0)).encode()
            self._next_id = (self._next_id + 1) % len(DIGITS) ** 4
            job.trailer += escpos_status.request_id(job.ident)
        if self.profile.confirm in ("gs_h", "gs_r") and not (job.ident and self._doubts.knows_ids):
            job.trailer += GS_TRANSMIT_PAPER
            job.turn_of_answer = line.expect_paper()
        return job

    def _clear_the_way(self, line: Line) -> bytes:
        """What has to go before a slip: half an earlier one in the printer, a whole one in the presenter."""
        before = b""
        if self._doubts.left_half:
            before += escpos.cut_off(self.profile)
            self._doubts.left_half = False
        if line.waiting and self.profile.presenter:
            # Out rather than in: its resident may still stand there.
            before += self.profile.presenter.eject or self.profile.presenter.retract
        return before

    def _settle(self, cuts: int | None) -> None:
        with self._news:
            tell = self._doubts.take_count(cuts)
        if tell:
            tell(Outcome("printed", None, "counter"))

    def _await_confirmation(self, line: Line, job: Job, size: int) -> Outcome:
        """Wait as long as it makes sense; ask meanwhile why it takes so long."""
        if self.profile.confirm == "none":
            return Outcome("unconfirmed", job.lost or "no_confirmation")
        # A printer whose answers are late gives them as it is asked again.
        look = SOON if self.profile.confirm == "motor" or line.late else 0.5
        allowance = self.ack_timeout + size / SLOWEST_LINE
        begun = self.clock()
        deadline, grace_end = begun + allowance, max(begun + allowance, self._doubts.wanted_until)
        ask_at, nudge_at = begun + look, begun + allowance / 3
        trouble: str | None = None
        nudge = True
        while True:
            now = self.clock()
            with self._news:
                done = self._outcome(job, now)
                if done is None:
                    wake_at = min(deadline, ask_at) if job.other_id else min(deadline, ask_at, job.settled_at)
                    self._news.wait(max(0.0, wake_at - now))
                    done = self._outcome(job, self.clock())
                if done is not None:
                    return done
            now = self.clock()
            # Before it is given up it is asked once more: what came before the answer is read before it.
            if now >= min(ask_at, deadline):
                was, trouble = trouble, self._ask_why(line, job)
                ask_at = self.clock() + look
                if trouble is not None or was is not None:
                    # The printer holds the slip and goes on by itself: never send it again.
                    deadline = max(deadline, now + allowance)
                if trouble is not None or job.silent:
                    # Its memory may be cleared meanwhile, and a new question must not confirm what was lost with it.
                    nudge = nudge and job.answered_out
            if trouble is not None and now >= grace_end:
                self._clear_memory(line)
                return self._outcome(job, self.clock()) or Outcome("unconfirmed", trouble)
            if trouble is None and nudge and now >= nudge_at:
                nudge = False
                self._nudge(line, job)
            if job.confirmed == "gs_r":
                # The answer came in time: the id has its moment to follow.
                deadline = max(deadline, job.settled_at)
            if now >= deadline:
                if self.profile.confirm == "motor":
                    self._nudge(line, job)
                failed = Outcome("unconfirmed", "silent" if job.silent else "no_confirmation")
                return self._outcome(job, self.clock()) or failed

    def _outcome(self, job: Job, now: float) -> Outcome | None:
        done = job.outcome(now)
        if done is not None and done.how == "gs_r" and job.ident:
            self._doubts.knows_ids = bool(self._doubts.knows_ids)
        return done

    def _ask_why(self, line: Line, job: Job) -> str | None:
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
        job.troubled |= trouble is not None
        if self.profile.confirm == "motor" and trouble is None:
            job.see(line.busy, line.waiting)
        return trouble

    def _clear_memory(self, line: Line) -> None:
        """What the printer still holds is no longer wanted: it must not come out with tomorrow's roll."""
        if not self.profile.clear:
            return
        try:
            with line.turn:
                done = line.clear(self.profile.clear, self._wait_news)
        except OfflineError as error:
            line.broken = error
        else:
            log.info("the rest of a slip was %s", "cleared from the printer" if done else "not known to be cleared")

    def _nudge(self, line: Line, job: Job) -> None:
        """Ask once more: the answer to what came with the slip may have been lost on its way."""
        try:
            with line.turn:
                if self.profile.confirm == "motor":
                    # Too quick to be seen at work? Its counter knows.
                    cuts = line.count_cuts(self.profile.counter, self._wait_news) if self.profile.counter else None
                    if cuts is not None and cuts - 1 == job.cuts_before:
                        job.confirmed = "counter"
                    return
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
        line = Line(port, self.answer_timeout, self.profile.confirm != "none", self.profile.status, self.clock)

        def wait_reading(done: Callable[[], bool], seconds: float) -> None:
            deadline = self.clock() + seconds
            while not done():
                left = max(0.0, deadline - self.clock())
                # Read even when time is over: where the machine stood still, the answer may be there all the same.
                self._read(line, left)
                if not left:
                    return

        lost, stopped = "stopping", True
        try:
            line.drain()
            line.check(wait_reading)
            upkeep = Upkeep(self.profile, self._doubts, line, wait_reading, self.take_timeout, self.clock)
            if line.trouble is None:
                self._settle(upkeep.count_cuts())
            with self._news:
                self._line = line
                self._news.notify_all()
            _tell(link, line, upkeep)
            while not link.stopping.is_set():
                self._read(line, READ_SLICE)
                if line.broken is not None:
                    raise line.broken
                self._look_after(line, upkeep)
                _tell(link, line, upkeep)
        except DeviceError as error:
            lost, stopped = error.reason, False
            raise
        finally:
            with self._news:
                self._line, self._lost = None, lost
                if self._job is not None:
                    self._job.lost = self._job.lost or lost
                elif not stopped:
                    self._doubts.lost_line(self.profile.confirm != "none", self.clock())
                line.gone = lost
                self._news.notify_all()

    def _look_after(self, line: Line, upkeep: Upkeep) -> None:
        """Ask how the printer is, if it is time to, and do what has to be done about it."""
        if look := self._look.is_set():
            self._look.clear()
            self._watched_until = self.clock() + WATCHED
        watched = self.clock() < self._watched_until
        interval = 0.0 if look else self.fresh / 2 if watched else self.poll_interval
        interval = min(interval, SOONER) if upkeep.missed or line.trouble is not None else interval
        # The printing thread asks by itself.
        if self._job is None and line.is_due(interval) and line.turn.acquire(blocking=False):
            try:
                upkeep.poll(all_questions=not watched)
                if self._doubts.awaits_count and not watched and line.trouble is None:
                    self._settle(upkeep.count_cuts())
            finally:
                line.turn.release()

    def _read(self, line: Line, seconds: float) -> None:
        began = self.clock()
        data = line.port.read(seconds)
        if not data:
            line.pause(min(seconds, self.clock() - began))
            return
        late: list[Callable[[Outcome], None]] = []
        with self._news:
            for answer in line.classify(data):
                match answer:
                    case escpos_status.PaperStatus():
                        self._take_paper(line, answer)
                    case escpos_status.ProcessId(ident):
                        if tell := self._doubts.take_id(ident, self._job):
                            late.append(tell)
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
            job.settled_at = self.clock() + (self.ack_timeout / 3 if job.ident else 0.0)

    def _wait_news(self, done: Callable[[], bool], seconds: float) -> None:
        with self._news:
            if not self._news.wait_for(done, seconds):
                # Where the machine stood still, the answer may be there, and the device's thread about to read it.
                self._news.wait_for(done, READ_SLICE)

    def _wait_online(self, deadline: float) -> Line | None:
        with self._news:
            self._news.wait_for(lambda: self._line is not None, max(0.0, deadline - self.clock()))
            return self._line

    def _wait_gone(self, line: Line) -> None:
        """The device's thread lets go of a broken line within one slice of reading."""
        with self._news:
            self._news.wait_for(lambda: line.gone is not None, 10 * READ_SLICE)


def _tell(link: Link, line: Line, upkeep: Upkeep) -> None:
    if line.trouble is not None:
        link.fault(line.trouble)
    elif line.near_end:
        link.online("paper_near_end")
    elif upkeep.left_behind:
        link.online("ticket_not_taken")
    else:
        link.online("answers_late" if line.late else "")
