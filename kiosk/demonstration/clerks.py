"""A clerk who works by themselves: the verbs of the office and the window's scanner, in the order a clerk uses them.

A visitor of the demonstration may press the same window's keys: before each step the clerk looks at what is really
there, and goes on from that.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from drivers.simulators.simulator import Simulator
from kiosk.demonstration import day_plan
from kiosk.demonstration.residents import Crowd, Person
from ticketing.cases.ratings import LOW, Ratings
from ticketing.model import Actor, Ticket, TicketingError
from ticketing.office import Office

log = logging.getLogger(__name__)

Phase = Literal["away", "free", "called", "serving", "break"]

NEVER = datetime.max.replace(tzinfo=UTC)
LOOKS_AGAIN = timedelta(seconds=20)
"""After which a clerk with nobody waiting looks again."""
WALK = (10, 45)
"""Seconds from the call until a resident sits at the window."""
RECALLED, GIVEN_UP = timedelta(seconds=50), timedelta(seconds=100)
"""After which somebody who does not come is called again, and given up."""
VISITOR = timedelta(minutes=3)
"""The same for a ticket of a visitor, who drags the slip to the scanner."""
BETWEEN = (8, 40)
"""Seconds between two residents."""
SCANNED_WITHIN = timedelta(minutes=4)
"""In which a scan must have begun the service; by then the clerk begins it by hand. At 240 times, a second."""
BREAK_SHARE = 0.02
"""How often a clerk takes a short break after a resident."""
BREAK = (5, 9)
"""Minutes of it."""
FETCHED = (8, 20)
"""Minutes that it takes to fetch a paper."""


@dataclass
class Desk:
    """What clerks work with.

    Attributes:
        office, ratings: whose verbs they use.
        crowd: those who are served.
        draw: where chance comes from.
    """

    office: Office
    ratings: Ratings
    crowd: Crowd
    draw: Random

    def between(self, least: float, most: float) -> timedelta:
        """A span of so many seconds."""
        return timedelta(seconds=self.draw.uniform(least, most))


class Clerk:
    """One window's clerk. Used by one thread.

    Attributes:
        window: where they sit.
        on: whether they are to work.
        phase: what they are doing.
        due: when they do the next thing.
        lunch: when they go to lunch, and for how long; None for not at all.
    """

    def __init__(self, window: str, desk: Desk, scanner: Simulator[Any] | None) -> None:
        self.window = window
        self.on = False
        self.phase: Phase = "away"
        self.due = NEVER
        self.lunch: tuple[datetime, timedelta] | None = None
        self._desk = desk
        self._office = desk.office
        self._scanner = scanner
        # A program, not a person: a visitor may sit at the same window.
        self._actor = Actor(f"demo-clerk-{window}", "clerk", window)
        self._since = NEVER
        self._recalled = self._scanned = False

    def begin(self, now: datetime) -> None:
        """Come to work."""
        self.on, self.lunch = True, None
        if self.phase == "away":
            self.phase, self.due = "free", now + self._desk.between(0, 30)

    def leave(self, now: datetime) -> None:
        """Work no more, after the present resident."""
        self.on = False
        if self.phase in ("free", "break"):
            self.due = now

    def shift(self, span: timedelta) -> None:
        """Do everything so much later."""
        if self.phase != "away":
            self.due += span
            self._since += span if self.phase in ("called", "serving") else timedelta(0)
        if self.lunch:
            self.lunch = self.lunch[0] + span, self.lunch[1]

    def step(self, now: datetime, *, nobody_comes: bool) -> None:
        """Do what is due; with ``nobody_comes`` the clerk goes home once nobody waits."""
        try:
            here = self._office.window_view(self.window).ticket
            if self._follow(here, now):
                return
            doing: dict[Phase, Callable[[Ticket | None, datetime], None]] = {
                "called": self._wait_for,
                "serving": self._serve,
                "break": self._come_back,
            }
            if self.phase == "free":
                self._next(now, nobody_comes)
            elif self.phase in doing:
                doing[self.phase](here, now)
        except TicketingError as error:
            # A visitor was quicker, or the store is away: look again.
            log.info("the clerk of window %s was refused: %s", self.window, error.code)
            self.due = now + LOOKS_AGAIN

    def _follow(self, here: Ticket | None, now: datetime) -> bool:
        """Go on from what is at the window, whoever did it; whether that was something new."""
        before = self.phase
        if here is None:
            if self.phase in ("called", "serving"):
                self._free(now)
        elif here.state == "serving" and self.phase != "serving":
            self._begin_service(here, now)
        elif here.state == "called" and self.phase != "called":
            self._has_called(here, now)
        return self.phase != before

    def _free(self, now: datetime) -> None:
        self.phase, self.due = "free", now + self._desk.between(*BETWEEN)

    def _next(self, now: datetime, nobody_comes: bool) -> None:
        if not self.on:
            self._go_home()
            return
        if self.lunch and now >= self.lunch[0]:
            long, self.lunch = self.lunch[1], None
            self._pause(now, long, "午间轮休", "Lunch break")
            return
        called = self._office.call_next(self.window, self._actor)
        if called:
            self._has_called(called.ticket, now)
        elif nobody_comes:
            self.on = False
            self._go_home()
        else:
            self.due = now + LOOKS_AGAIN

    def _go_home(self) -> None:
        self._office.close_window(self.window, self._actor)
        self.phase, self.due = "away", NEVER

    def _pause(self, now: datetime, long: timedelta, text: str = "", text_en: str = "") -> None:
        self._office.pause_window(self.window, self._actor, text, text_en)
        self.phase, self.due = "break", now + long

    def _come_back(self, _here: Ticket | None, now: datetime) -> None:
        self._office.open_window(self.window, self._actor)
        self.phase, self.due = "free", now

    def _has_called(self, ticket: Ticket, now: datetime) -> None:
        self.phase, self._since, self._recalled, self._scanned = "called", now, False, False
        person = self._person(ticket)
        if person:
            person.where, person.window = "called", self.window
        self.due = now + (self._desk.between(*WALK) if person and person.comes else RECALLED)

    def _wait_for(self, here: Ticket | None, now: datetime) -> None:
        assert here  # noqa: S101 - followed
        person = self._person(here)
        if person and person.comes:
            self._scan(person, now)
        elif not self._recalled:
            self._recalled = True
            self._office.recall(self.window, self._actor)
            self.due = self._since + (GIVEN_UP if person else VISITOR)
        else:
            self._office.no_show(self.window, self._actor)
            if person:
                person.where = "gone"
            self._free(now)

    def _scan(self, person: Person, now: datetime) -> None:
        if not self._scanned:
            self._scanned = True
            if self._scanner and self._scanner.plugged:
                # The driver hears it, and the service begins by itself.
                self._scanner.use("scan", {"text": person.code})
            else:
                self._office.scan(self.window, person.code, self._actor)
            self._since = now
            self.due = now + timedelta(seconds=5)
        elif now - self._since < SCANNED_WITHIN:
            self.due = now + timedelta(seconds=15)
        else:
            self._begin_service(self._office.start(self.window, self._actor), now)

    def _begin_service(self, ticket: Ticket, now: datetime) -> None:
        person = self._person(ticket)
        if person:
            person.where, person.window = "served", self.window
        self.phase, self._since = "serving", now
        self.due = now + day_plan.service_time(self._desk.draw, ticket.service)

    def _serve(self, here: Ticket | None, now: datetime) -> None:
        assert here  # noqa: S101 - followed
        draw, person, fate = self._desk.draw, self._person(here), self._desk.draw.random()
        if person and fate < day_plan.HELD:
            back_at = now + self._desk.between(FETCHED[0] * 60, FETCHED[1] * 60)
            self._office.hold(self.window, self._actor, "回去取材料", back_at)
            person.where, person.window = "held", ""
        elif person and fate < day_plan.HELD + day_plan.SENT_ON and (other := self._other(here.service)):
            self._office.transfer(self.window, other, self._actor)
            person.where, person.window, person.service = "waiting", "", other
        else:
            self._office.conclude(self.window, self._actor, day_plan.drawn(draw, day_plan.OUTCOMES))
            if person:
                person.where = "gone"
                self._rate(person)
        if draw.random() < BREAK_SHARE:
            self._pause(now, self._desk.between(BREAK[0] * 60, BREAK[1] * 60))
        else:
            self._free(now)

    def _rate(self, person: Person) -> None:
        draw = self._desk.draw
        if draw.random() < day_plan.RATES:
            grade = day_plan.drawn(draw, day_plan.GRADES)
            self._desk.ratings.rate(person.code, grade, ("slow",) if grade <= LOW else (), via="window")

    def _other(self, service: str) -> str:
        """Another service to send somebody on to; "" where there is none."""
        others = [one.id for one in self._office.services() if one.id != service]
        return self._desk.draw.choice(others) if others else ""

    def _person(self, ticket: Ticket) -> Person | None:
        return self._desk.crowd.people.get(ticket.id)
