"""State machine of one kiosk: lay the card, choose, take the slip, take the card. Pure: time is an argument.

::

    idle ──card──► reading ──► choosing ──choice──► printing ──► taking ──► idle
      ▲               │            │                    │
      └── refused ◄───┘◄── quit ◄──┴──── quit ◄─────────┴──► fault (the number stands on the screen instead)

``printing`` ends by itself when the slip has not come in time. ``fault`` also takes the place of ``idle`` while reader
or printer does not work: it says what a resident can do now, and what still works goes on working.
"""

from dataclasses import dataclass
from enum import StrEnum

from ticketing.model import Resident, Ticket

TAKEN = 1.0
"""Seconds that the number stays once slip and card are known to be gone."""


class Stage(StrEnum):
    """What the kiosk is doing."""

    IDLE = "idle"
    READING = "reading"
    CHOOSING = "choosing"
    PRINTING = "printing"
    TAKING = "taking"
    FAULT = "fault"


@dataclass(frozen=True)
class Held:
    """The ticket in hand, and the code that is printed on it."""

    ticket: Ticket
    code: str
    on_paper: bool


class KioskSession:
    """The state of one kiosk. Times are seconds of any steady clock; ``note`` is a code of ``display.prompts``.

    Args:
        choose_seconds: until a resident who does not choose is taken back to the start.
        take_seconds: how long the number stays once the slip is out and the card is gone.
        show_seconds: the same when it is not on paper and has to be read from the screen.
        print_seconds: how long a slip is waited for, longer than a printer that works needs for two.

    Attributes:
        visit: changes when a resident comes, and when one leaves: what is pressed belongs to one visit.
    """

    def __init__(
        self,
        choose_seconds: float,
        take_seconds: float,
        show_seconds: float = 30.0,
        print_seconds: float = 20.0,
    ) -> None:
        self._choose_seconds = choose_seconds
        self._take_seconds = take_seconds
        self._show_seconds = show_seconds
        self._print_seconds = print_seconds
        self.visit = 0
        self.resident: Resident | None = None
        self.agent: Resident | None = None
        self.agent_wanted = False
        self.held: Held | None = None
        self.note: str | None = None
        self.card_lies = False
        self.reader_fault: str | None = None
        self.printer_fault: str | None = None
        self._stage = Stage.IDLE
        self._until: float | None = None
        self._asked_at = 0.0
        self._next: Resident | None = None
        self._slip_gone = False

    @property
    def stage(self) -> Stage:
        """The state that the page shows."""
        if self._stage is Stage.IDLE and self.fault:
            return Stage.FAULT
        return self._stage

    @property
    def fault(self) -> str | None:
        """Why the kiosk does not work as usual; the reader's reason before the printer's."""
        return self.reader_fault or self.printer_fault

    def seconds_left(self, now: float) -> float | None:
        """Seconds until this state ends by itself; None when it does not."""
        return None if self._until is None or self._stage is Stage.PRINTING else max(0.0, self._until - now)

    @property
    def asked_at(self) -> float:
        """When the resident here was asked to choose, for themselves or for who sent them."""
        return self._asked_at

    def still_here(self, now: float) -> bool:
        """The resident does something: the time to choose begins anew; False when nobody is choosing."""
        if self._stage is not Stage.CHOOSING:
            return False
        self._until = now + self._choose_seconds
        return True

    def reader_is(self, fault: str | None) -> None:
        """Set why the reader does not work; None when it does."""
        self.reader_fault = fault

    def card_found(self) -> None:
        """A card lies on the reader and is being read."""
        self.card_lies = True
        if self._stage in (Stage.IDLE, Stage.TAKING, Stage.FAULT):
            self._rest(None)
            self._stage = Stage.READING

    def card_read(self, resident: Resident, now: float) -> None:
        """A card was read: its holder is served now, or after the slip that is being printed."""
        self.card_lies = True
        if self._stage is Stage.PRINTING:
            self._next = resident
        elif self._stage is Stage.CHOOSING and self.agent_wanted:
            self._agent_read(resident, now)
        else:
            self._begin(resident, now)

    def card_refused(self, reason: str) -> None:
        """The card could not be read, with the reader's reason such as ``card_moved``."""
        self.card_lies = False
        if self._stage in (Stage.READING, Stage.IDLE):
            self._rest(reason)

    def card_left(self, now: float) -> None:
        """The card was lifted."""
        self.card_lies = False
        self._next = None
        if self._stage is Stage.IDLE:
            self.note = None
        elif self._stage is Stage.TAKING and self._until is None:
            self._until = now + (TAKEN if self._slip_gone else self._take_seconds)
        elif self._stage is Stage.CHOOSING and self._until is not None and not self.agent_wanted:
            # Many take their card back before they choose; others leave, and the next must not find their greeting.
            self._until = min(self._until, now + self._choose_seconds / 2)

    def slip_taken(self, now: float) -> None:
        """A sensor saw the slip leave its slot: nothing is left to wait for but the card."""
        if self._stage is Stage.TAKING and self.held and self.held.on_paper:
            self._slip_gone = True
            if self._until is not None:
                self._until = min(self._until, now + TAKEN)

    def typed(self, resident: Resident, now: float) -> bool:
        """A resident without a card typed a number; False when somebody is being served."""
        if self._stage not in (Stage.IDLE, Stage.FAULT) or self.held:
            return False
        self._begin(resident, now)
        return True

    def for_other(self, now: float) -> bool:
        """An agent came for the card's holder (代办): the next card is the agent's; False when no card was read.

        Called again, it is taken back.
        """
        if self._stage is not Stage.CHOOSING:
            return False
        self.agent_wanted = not self.agent_wanted and self.agent is None
        self.agent = None
        self.note = "lay_agent" if self.agent_wanted else None
        self._asked_at = now
        self._until = now + self._choose_seconds
        return True

    def _agent_read(self, agent: Resident, now: float) -> None:
        self._asked_at = now
        self._until = now + self._choose_seconds
        if self.resident and agent.id_number == self.resident.id_number:
            self.note = "lay_agent"
            return
        self.agent, self.agent_wanted, self.note = agent, False, None

    def chose(self, ticket: Ticket, code: str, printing: bool, now: float) -> None:
        """A ticket was issued (or is printed again) for the resident here."""
        self.held = Held(ticket, code, printing)
        self._slip_gone = False
        self.note = None
        if printing:
            self._stage = Stage.PRINTING
            self._until = now + self._print_seconds
        else:
            self._show(Stage.TAKING, "no_printer", now)

    def printed(self, ticket_id: int, state: str, reason: str | None, now: float) -> None:
        """The slip's outcome, at once or long after it was given up; ignored for an earlier resident's ticket.

        The state is ``printed``, ``sent`` (to a printer that cannot confirm), ``failed``, or ``unconfirmed``. It fails
        with ``ticket_over`` when its ticket was called and finished, or cancelled, before.
        """
        if self.held is None or self.held.ticket.id != ticket_id:
            return
        if state in ("printed", "sent"):
            self.held = Held(self.held.ticket, self.held.code, on_paper=True)
            self._stage = Stage.TAKING
            self.note = None
            self._until = None if self.card_lies and not self._next else now + self._take_seconds
        elif reason == "ticket_over":
            self.held = None
            self._show(Stage.FAULT, reason, now)
        else:
            self._keep_on_screen("slip_doubtful" if state == "unconfirmed" else reason or "no_printer", now)

    def stuck(self, reason: str, now: float) -> bool:
        """The printer has trouble with the slip: the number is shown on the screen instead; True when it changed."""
        if self._stage is not Stage.PRINTING:
            return False
        self._keep_on_screen("slip_waits_for_paper" if reason == "paper_out" else "slip_waits", now)
        return True

    def quit(self) -> None:
        """The resident leaves. An issued number stays valid, and its slip is still printed."""
        self._rest("take_card" if self.card_lies else None)

    def tick(self, now: float) -> bool:
        """End a state whose time is up; True when the page changed."""
        if self._until is None or now < self._until:
            return False
        if self._stage is Stage.PRINTING:
            self._keep_on_screen("slip_waits", now)
        elif self._next:
            self._begin(self._next, now)
        else:
            self._rest("take_card" if self.card_lies else None)
        return True

    def _begin(self, resident: Resident, now: float) -> None:
        self._rest(None)
        self.visit += 1
        self.resident = resident
        self._stage = Stage.CHOOSING
        self._asked_at = now
        self._until = now + self._choose_seconds

    def _keep_on_screen(self, note: str, now: float) -> None:
        if self.held:
            self.held = Held(self.held.ticket, self.held.code, on_paper=False)
        self._show(Stage.FAULT, note, now)

    def _show(self, stage: Stage, note: str, now: float) -> None:
        self._stage = stage
        self.note = note
        # A next resident is already waiting.
        self._until = now + (self._take_seconds if self._next else self._show_seconds)

    def _rest(self, note: str | None) -> None:
        self.visit += self.resident is not None
        self._stage = Stage.IDLE
        self.resident = None
        self.agent = None
        self.agent_wanted = False
        self.held = None
        self.note = note
        self._until = None
        self._next = None
