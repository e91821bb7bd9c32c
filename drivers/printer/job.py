"""One slip: what is known of it while it is under way, and what became of it. No port, no thread."""

from dataclasses import dataclass, field
from typing import Literal

How = Literal["gs_h", "gs_r", "motor", "exit", "counter", "none"]


@dataclass(frozen=True)
class Outcome:
    """What became of a slip.

    Attributes:
        state: ``printed``: confirmed; ``unconfirmed``: some of its bytes were sent, no more is known; ``failed``: not
            one byte of it was sent, it may be printed again as an original.
        reason: why it is not ``printed``: a trouble of :func:`drivers.printer.escpos_status.find_trouble`, a reason of
            ``OfflineError``, ``occupied`` (another slip is being printed), ``expired`` (no longer wanted),
            ``stopping``, ``no_confirmation``.
        how: by what it was confirmed: process id, an answer in turn, the motor that came to rest, the slip in the exit,
            the counter of cuts, nothing.
    """

    state: Literal["printed", "unconfirmed", "failed"]
    reason: str | None = None
    how: How = "none"


@dataclass
class Job:
    """One slip under way.

    Attributes:
        ident: its process id; empty where the printer knows none.
        trailer: what follows the slip: the questions that the printer answers once it is out.
        turn_of_answer: which answer to GS r, counted on its line, speaks of it.
        cuts_before: the printer's counter of cuts before it; None where that is not known.
        exit_taken: whether an earlier slip hung in the exit when it began.
        confirmed: by what.
        settled_at: when an answer in turn may be taken for it.
        answered_out: an answer in turn has said that there is no paper.
        silent: the last question of status was not answered.
        other_id: a process id came that is none of ours.
        moved: the printer was seen at work on it.
        troubled: it had a trouble meanwhile, so what moves may be a new roll.
        lost: why the connection is gone.
    """

    ident: bytes = b""
    trailer: bytes = b""
    turn_of_answer: int | None = None
    cuts_before: int | None = None
    exit_taken: bool = False
    confirmed: How | None = None
    settled_at: float = field(default=float("inf"))
    answered_out: bool = False
    silent: bool = False
    other_id: bool = False
    moved: bool = False
    troubled: bool = False
    lost: str | None = None

    def outcome(self, now: float) -> Outcome | None:
        """What became of it; None while that is not known."""
        if self.confirmed == "gs_r":
            # A foreign id says that the printer still works on slips of another host or an earlier run. An answer in
            # turn may then belong to one of these: only our own id confirms the slip.
            if now >= self.settled_at and not self.other_id:
                return Outcome("printed", None, "gs_r")
        elif self.confirmed is not None:
            return Outcome("printed", None, self.confirmed)
        if self.lost is not None and (self.confirmed is None or self.other_id):
            return Outcome("unconfirmed", self.lost)
        return None

    def see(self, busy: bool | None, waiting: bool | None) -> None:
        """Take what a round of questions has shown of the printer's motor and exit, where it confirms by them."""
        self.moved |= bool(busy)
        if waiting and not self.exit_taken:
            self.confirmed = "exit"
        elif self.moved and busy is False and not self.troubled:
            self.confirmed = "motor"
        self.exit_taken &= waiting is not False
