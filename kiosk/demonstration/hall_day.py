"""A day in the virtual hall that goes by itself: residents come, clerks work, and the hall's time runs fast.

What is done is done through the hall's own parts, so that at its end the day stands in the figures like any other. What
cannot be sped up shows what it can: the voice is silent above ``SPOKEN`` times, since its sentences would be said long
after the calls, and the kiosk serves who fits in.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from drivers.simulators.card_reader.cards import SampleCard
from drivers.simulators.card_reader.invented import invent
from drivers.simulators.simulator import Simulator
from kiosk.demonstration import day_plan
from kiosk.demonstration.clerks import NEVER, Clerk, Desk
from kiosk.demonstration.hall_time import HallTime
from kiosk.demonstration.residents import AtKiosk, Crowd, Person
from kiosk.resident.controller import KioskController
from kiosk.service import Loop
from ticketing.cases.ratings import Ratings
from ticketing.matters.matters import Matters
from ticketing.model import StateError, UnknownError
from ticketing.office import Office

log = logging.getLogger(__name__)

SPOKEN = 10
"""The fastest speed at which the voice keeps up."""
OPENS = timedelta(hours=9)
"""After midnight: when a day begins."""
RESIDENTS = 100
"""Who come on a day."""
MOST_RESIDENTS = 400
OVERTIME = timedelta(minutes=90)
"""After the day's end, when even those still waiting go home."""
PATIENCE = timedelta(minutes=150)
"""After which somebody who waits goes home."""
LUNCH = 0.07
"""Share of a day that a clerk is at lunch, one after the other."""
LOOK = 0.5
"""Seconds between steps, at most."""
AT_KIOSK = 0.1
"""The same while somebody stands at the kiosk."""
SHOWN = 60
"""People whom the picture shows."""
CURVE_EVERY = timedelta(minutes=5)
"""Between two points of the curve of those who wait."""


@dataclass
class Counts:
    """The day so far: who came, how; and what became of them."""

    came: int = 0
    by_kiosk: int = 0
    by_desk: int = 0
    curve: list[int] = field(default_factory=list)


@dataclass
class _Plan:
    begins: datetime
    ends: datetime
    coming: list[Person]
    over: bool = False

    def shift(self, span: timedelta) -> None:
        self.ends += span
        for one in self.coming:
            one.came += span


class HallDay(Loop):
    """A day, its clerks and its residents. Safe to use from any thread.

    Args:
        office, ratings, matters: the hall's verbs.
        kiosk: the kiosk's controller.
        time: the hall's, to be sped up.
        now: the hall's clock, which goes by it.
        simulators: by name.
        window_of: the window each device belongs to, by its name.
        loops: what the hall does every few seconds, which a faster day needs more often.
        voices: the hall's speakers.
    """

    def __init__(
        self,
        office: Office,
        ratings: Ratings,
        matters: Matters,
        kiosk: KioskController,
        time: HallTime,
        now: Callable[[], datetime],
        simulators: Mapping[str, Simulator[Any]],
        window_of: Mapping[str, str],
        loops: Sequence[Loop],
        voices: Sequence[Any] = (),
    ) -> None:
        self._office, self._matters, self._time, self._now = office, matters, time, now
        self._loops, self._voices = loops, voices
        self._draw = Random()  # noqa: S311 - a play, no secret
        self._crowd = Crowd(office)
        self._desk = Desk(office, ratings, self._crowd, self._draw)
        self._at_kiosk = AtKiosk(kiosk, simulators, window_of)
        scanners = {window_of.get(name, ""): one for name, one in simulators.items() if one.place == "scanner"}
        self._scanners = scanners
        self._clerks: dict[str, Clerk] = {}
        self._silent = [one.silent for one in voices]
        self._plan: _Plan | None = None
        self._counts = Counts()
        self._running = False
        self._stood: datetime | None = None
        self._serial = 0
        self._paced_at = 0.0
        self._lock = threading.RLock()
        super().__init__("hall day", LOOK, self._go_on)

    # What the page does

    def begin(
        self,
        speed: int = 240,
        residents: int = RESIDENTS,
        long: timedelta = day_plan.LONG,
        *,
        next_morning: bool = True,
        seed: int | None = None,
    ) -> None:
        """Begin a day with all clerks at work.

        Args:
            speed: how fast it goes.
            residents: who come.
            long: how long the hall is open.
            next_morning: skip to the next nine o'clock; otherwise the day begins now.
            seed: of chance; the same one brings the same people.

        Raises:
            StateError: ``day_runs``: one is not over yet.
        """
        with self._lock:
            if self._plan and not self._plan.over:
                raise StateError("day_runs")
            if seed is not None:
                self._draw.seed(seed)
            if next_morning:
                self._time.skip(self._until_morning())
            self._at_kiosk.tidy()
            now = self._now()
            self._crowd.people.clear()
            self._counts = Counts()
            services = [one.id for one in self._office.services()]
            plan = [
                self._somebody(now + one.after, one.service)
                for one in day_plan.arrivals(self._draw, services, residents, long)
            ]
            self._plan = _Plan(now, now + long, plan)
            self._stood = None
            for place, clerk in enumerate(self._at_windows().values()):
                clerk.begin(now)
                clerk.lunch = now + long * (0.36 + LUNCH * (place % 4)), long * LUNCH
            self._running = True
            self._set_speed(speed)
        self.wake()

    def stop_day(self) -> None:
        """Let everybody stand still, and time go at its own speed; :meth:`go_on` goes on from there."""
        with self._lock:
            if self._running:
                self._running, self._stood = False, self._now()
            self._set_speed(1)
            for person in self._at_kiosk.clear():
                self._admit(person)

    def go_on(self, speed: int | None = None) -> None:
        """Go on after :meth:`stop_day`, or have clerks work without a day."""
        with self._lock:
            if self._stood is not None:
                stood = self._now() - self._stood
                if self._plan:
                    self._plan.shift(stood)
                for clerk in self._at_windows().values():
                    clerk.shift(stood)
                self._stood = None
            self._running = True
            if speed is not None:
                self._set_speed(speed)
        self.wake()

    def set_speed(self, speed: int) -> None:
        """Have the hall's time go ``speed`` times as fast."""
        with self._lock:
            self._set_speed(speed)
        self.wake()

    def set_clerk(self, window: str, *, on: bool) -> None:
        """Have a clerk work at a window by themselves, or stop after the present resident; ``unknown_window``."""
        with self._lock:
            clerk = self._at_windows().get(window)
            if clerk is None:
                raise UnknownError("unknown_window")
            if not on:
                clerk.leave(self._now())
            elif not clerk.on:
                clerk.begin(self._now())
                if not self._running:
                    self.go_on()
        self.wake()

    @property
    def card(self) -> SampleCard | None:
        """The card of who stands at the kiosk."""
        here = self._at_kiosk.here
        return here.sample if here else None

    def view(self) -> dict[str, Any]:
        """The day, in the shape of ``BenchDay``."""
        with self._lock:
            now, plan, people = self._now(), self._plan, self._crowd.inside()
            waiting = sum(one.where in ("waiting", "held") for one in people)
            return {
                "now": now.isoformat(),
                "speed": self._time.speed,
                "running": self._running,
                "silent": self._time.speed > SPOKEN,
                "state": self._state(),
                "begins": plan.begins.isoformat() if plan else None,
                "share": self._share(now),
                "residents": self._counts.came + len(plan.coming) if plan else 0,
                "came": self._counts.came,
                "by_kiosk": self._counts.by_kiosk,
                "by_desk": self._counts.by_desk,
                "waiting": waiting,
                "gone": self._counts.came - len(people) - self._at_kiosk.count,
                "curve": [*self._counts.curve, waiting],
                "clerks": {one.window: one.phase for one in self._at_windows().values()},
                "people": [
                    {"number": one.number, "service": one.service, "where": one.where, "window": one.window}
                    for one in people[:SHOWN]
                ],
            }

    # What goes on

    def request_stop(self) -> None:
        """End; the hall's time goes on at the speed of time."""
        self._time.speed = 1
        super().request_stop()

    def _go_on(self) -> None:
        with self._lock:
            self._interval = LOOK
            self._keep_pace()
            if not self._running:
                return
            now = self._now()
            if self._plan:
                self._residents(self._plan, now)
            nobody = bool(self._plan) and self._is_empty(now)
            for clerk in self._at_windows().values():
                if clerk.due <= now:
                    clerk.step(now, nobody_comes=nobody)
            self._curve(now)
            if nobody and all(one.phase == "away" for one in self._clerks.values()):
                self._end()
            self._interval = self._next_due(self._now())

    def _residents(self, plan: _Plan, now: datetime) -> None:
        while plan.coming and plan.coming[0].came <= now:
            person = plan.coming.pop(0)
            self._counts.came += 1
            if not self._at_kiosk.queue_up(person, self._time.speed):
                self._admit(person)
        if self._at_kiosk.busy:
            left = self._at_kiosk.step(self._time.speed)
            if left:
                self._admit(left)
        for person in self._crowd.inside():
            waits = person.where in ("waiting", "held")
            if waits and (now - person.came > PATIENCE or now > plan.ends + OVERTIME):
                self._crowd.give_up(person)

    def _admit(self, person: Person) -> None:
        took = bool(person.ticket)
        self._crowd.admit(person)
        self._counts.by_kiosk += took
        self._counts.by_desk += not took and bool(person.ticket)

    def _is_empty(self, now: datetime) -> bool:
        plan = self._plan
        done = plan is not None and not plan.coming and now >= plan.ends
        return done and not self._at_kiosk.busy and not self._crowd.inside()

    def _end(self) -> None:
        assert self._plan  # noqa: S101 - a day ends
        self._plan.over, self._running = True, False
        self._set_speed(1)
        log.info("the day in the virtual hall is over")

    def _next_due(self, now: datetime) -> float:
        dues = [one.due for one in self._clerks.values() if one.phase != "away"]
        if self._plan and self._plan.coming:
            dues.append(self._plan.coming[0].came)
        soonest = min(dues, default=NEVER)
        left = max(0.005, (soonest - now).total_seconds() / self._time.speed)
        return min(left, AT_KIOSK if self._at_kiosk.busy else LOOK)

    def _keep_pace(self) -> None:
        """Have done what the hall does every few seconds of its own time, as often as that is worth while."""
        if self._time.speed > 1 and time.monotonic() - self._paced_at >= LOOK:
            self._paced_at = time.monotonic()
            for loop in self._loops:
                loop.wake()

    def _curve(self, now: datetime) -> None:
        plan = self._plan
        if plan and not plan.over and len(self._counts.curve) < (now - plan.begins) // CURVE_EVERY:
            waiting = sum(one.where in ("waiting", "held") for one in self._crowd.inside())
            self._counts.curve.append(waiting)

    def _state(self) -> str:
        plan = self._plan
        if plan is None:
            return "none"
        if plan.over:
            return "over"
        return "runs" if self._running else "stopped"

    def _share(self, now: datetime) -> float:
        plan = self._plan
        if plan is None:
            return 0.0
        return 1.0 if plan.over else round(min(1.0, (now - plan.begins) / (plan.ends - plan.begins)), 3)

    def _set_speed(self, speed: int) -> None:
        self._time.speed = speed
        for voice, was in zip(self._voices, self._silent, strict=True):
            voice.silent = was or speed > SPOKEN

    def _until_morning(self) -> timedelta:
        now = self._now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        opens = midnight + OPENS
        return (opens if opens > now else opens + timedelta(days=1)) - now

    def _at_windows(self) -> dict[str, Clerk]:
        """The clerk of each window there is; the hall's setup may be changed at any time."""
        windows = {one.id for one in self._office.windows() if not one.removed}
        for window in sorted(windows - set(self._clerks)):
            self._clerks[window] = Clerk(window, self._desk, self._scanners.get(window))
        for window in set(self._clerks) - windows:
            del self._clerks[window]
        return self._clerks

    def _somebody(self, came: datetime, service: str) -> Person:
        self._serial += 1
        sample = invent(self._draw, self._today(), self._serial)
        known = [one.id for one in self._matters.listed().matters if one.service == service]
        matters = (self._draw.choice(known),) if known else ()
        return Person(sample, service, matters, came, self._draw.random() >= day_plan.ABSENT)

    def _today(self) -> date:
        return self._now().date()
