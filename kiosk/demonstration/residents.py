"""Residents who do not exist: they take a number at the kiosk or the guide desk, wait, and give a grade.

At the kiosk all is real: a card lies on the simulated reader, the slip comes out of the simulated printer, and its code
is what the window scans. That takes some seconds each; when the hall's time runs so fast that more come than can take
their turn, the others go to the guide desk, where numbers are given without paper.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from drivers.simulators.card_reader.cards import SampleCard
from drivers.simulators.simulator import Simulator
from kiosk.card_holder import resident_of
from kiosk.resident.controller import KioskController
from kiosk.resident.session import Stage
from ticketing.model import Actor, TicketingError
from ticketing.office import Office

log = logging.getLogger(__name__)

AT_DESK = Actor("guide-desk", "desk", "desk")
LONGEST_VISIT = 25.0
"""Seconds after which somebody at the kiosk gives up and goes to the desk."""
LOOKS = 3.0
"""Seconds for which somebody looks for what they came for, at the speed of time."""
LEAST_LOOK = 0.4
"""The same at the fastest, so that whoever watches sees it."""
LONGEST_LINE, PATIENT = 4, 10
"""Residents who wait before the kiosk, up to this speed; at a faster one nobody waits for it."""

Where = Literal["kiosk", "waiting", "called", "served", "held", "gone"]


@dataclass(eq=False)
class Person:
    """Somebody in the hall.

    Attributes:
        sample: their card.
        service: what they came for; ``matters`` says it more closely.
        came: when.
        comes: whether they come to the window when called.
        where: where they are.
        ticket, number, code: of their ticket, once they have one.
        on_paper: whether they have a slip.
        window: where they were called to.
    """

    sample: SampleCard
    service: str
    matters: tuple[str, ...]
    came: datetime
    comes: bool
    where: Where = "kiosk"
    ticket: int = 0
    number: str = ""
    code: str = ""
    on_paper: bool = False
    window: str = ""


class AtKiosk:
    """The kiosk, and the residents before it. Used by one thread.

    Args:
        kiosk: the kiosk's controller.
        simulators: of the hall, by name.
        window_of: the window each device belongs to, by its name.
        clock: seconds, of a clock that never jumps.
    """

    def __init__(
        self,
        kiosk: KioskController,
        simulators: Mapping[str, Simulator[Any]],
        window_of: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def first(place: str) -> Any:
            here = (one for name, one in simulators.items() if one.place == place and not window_of.get(name))
            return next(here, None)

        self._kiosk = kiosk
        self._reader, self._printer = first("reader"), first("printer")
        self._pins: list[Any] = [one for one in simulators.values() if one.place == "pins"]
        self._clock = clock
        self._line: deque[Person] = deque()
        self._here: Person | None = None
        self._visit = ""
        self._since = self._look_until = 0.0

    @property
    def here(self) -> Person | None:
        """Who stands at the kiosk."""
        return self._here

    @property
    def busy(self) -> bool:
        """Whether anybody is there or waits for it."""
        return self.count > 0

    @property
    def count(self) -> int:
        """How many are there or wait for it."""
        return len(self._line) + (self._here is not None)

    @property
    def works(self) -> bool:
        """Whether a number can be taken there: it reads cards and prints."""
        return self._reader is not None and self._reader.plugged and self._kiosk.view().printer_ready

    def queue_up(self, person: Person, speed: int) -> bool:
        """Wait for the kiosk; False where that would take too long."""
        if self.count > (LONGEST_LINE if speed <= PATIENT else 0) or not self.works:
            return False
        self._line.append(person)
        return True

    def step(self, speed: int) -> Person | None:
        """Go on; who has just left the kiosk, with or without a number."""
        if self._here is None:
            self._begin()
            return None
        person, view, now = self._here, self._kiosk.view(), self._clock()
        if now - self._since > LONGEST_VISIT:
            return self._leave()
        if person.ticket:
            paper = next((one for one in reversed(self._printed()) if person.code in "".join(one.codes)), None)
            if paper is not None:
                person.on_paper, person.code = True, paper.codes[0]
            if paper is None and view.state is Stage.PRINTING:
                return None
            return self._leave()
        if view.state is Stage.CHOOSING:
            self._visit = view.visit
            if not self._look_until:
                self._look_until = now + max(LEAST_LOOK, LOOKS / speed)
            if now >= self._look_until:
                try:
                    ticket, code = self._kiosk.choose(person.service, visit=view.visit, matters=person.matters)
                except TicketingError as error:
                    log.info("the kiosk refused a simulated resident: %s", error.code)
                    return self._leave()
                person.ticket, person.number, person.code = ticket.id, ticket.number, code
        return None

    def tidy(self) -> None:
        """Take away a card that a visitor has left lying there."""
        if self._here is None and self._reader is not None and self._reader.lying:
            self._reader.lift()

    def clear(self) -> list[Person]:
        """Have everybody leave the kiosk to the visitor; who that was."""
        here = self._leave() if self._here else None
        gone = [*([here] if here else []), *self._line]
        self._line.clear()
        return gone

    def _begin(self) -> None:
        # A visitor of the demonstration may stand there.
        if self._line and not self._reader.lying and self._kiosk.view().state is Stage.IDLE:
            self._here = self._line.popleft()
            self._since, self._look_until, self._visit = self._clock(), 0.0, ""
            self._reader.lay_sample(self._here.sample)

    def _leave(self) -> Person | None:
        person, self._here = self._here, None
        self._reader.lift()
        if person and person.ticket:
            for pins in self._pins:
                for pin, what in pins.inputs.items():
                    if what.does == "ticket-taken" and person.on_paper:
                        pins.press(pin)
        elif self._visit:
            with suppress(TicketingError):
                self._kiosk.cancel(self._visit)
        return person

    def _printed(self) -> Sequence[Any]:
        return self._printer.papers[-3:] if self._printer else ()


@dataclass
class Crowd:
    """Everybody whom the day has brought into the hall, by ticket.

    Attributes:
        office: whose numbers they take.
        people: all who have a number.
    """

    office: Office
    people: dict[int, Person] = field(default_factory=dict)

    def admit(self, person: Person) -> None:
        """Have somebody wait who has a number, or else get one at the guide desk."""
        if not person.ticket:
            try:
                issued = self.office.issue(
                    person.service,
                    AT_DESK,
                    resident=resident_of(person.sample.card),
                    matters=person.matters,
                    print=False,
                )
            except TicketingError as error:
                log.info("the desk refused a simulated resident: %s", error.code)
                person.where = "gone"
                return
            person.ticket, person.number, person.code = issued.ticket.id, issued.ticket.number, issued.code
        person.where = "waiting"
        self.people[person.ticket] = person

    def inside(self) -> list[Person]:
        """Who is in the hall, in the order of their numbers' issue."""
        return [one for one in self.people.values() if one.where != "gone"]

    def give_up(self, person: Person) -> None:
        """Have somebody go home who has waited for too long."""
        with suppress(TicketingError):
            self.office.cancel_by_code(person.code)
        person.where = "gone"
