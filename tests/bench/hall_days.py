"""Simulated hall days: who comes when, how long each case really takes, and what a store would show of it meanwhile.

The halls have what the estimate does not know: how quick each clerk is today, that everyone tires, that some cases are
refused at once and others drag on, when windows go to lunch or pause, and who will not be there when called.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from math import exp
from random import Random

HOUR = 3600.0
DAY = 24 * HOUR
OPENS, LAST_TICKET, CLOSES = 8.5 * HOUR, 16.5 * HOUR, 17.0 * HOUR
RUSHES = ((9.0, 10.25), (14.0, 15.25))
HEAD_START = 1800.0
_WALK = (10, 40)
"""Seconds from the call until the resident sits at the window, at least and at most."""
_ABSENT = (60, 150)
"""The same until a clerk gives up on one who does not come."""


@dataclass(frozen=True)
class Work:
    """A service: its cases' median length in seconds, their log-normal spread, and its share of the residents.

    Of its cases, ``quick`` are over within two minutes: a paper is missing.
    """

    service: str
    median: float
    spread: float
    share: float
    quick: float = 0.0

    @property
    def mean(self) -> float:
        return self.median * exp(self.spread**2 / 2) * (1 - self.quick) + 75 * self.quick


@dataclass(frozen=True)
class Kind:
    """A kind of hall.

    Attributes:
        name: for the table.
        works: its services.
        windows: the services of each window.
        load: residents who come, as a share of what the windows could serve.
        rush: how many times the usual number come around 9 and 14 o'clock.
        lunch: share of windows that are at lunch from 11:30 on for an hour, and as many others after them.
        elders: share of residents with a head start of half an hour.
        absent: share of the called who never come.
        clerks: log-normal spread of speed from clerk to clerk.
        days: the same from day to day.
        tiring: how much longer cases take at the end of the day than at its beginning.
        pauses: how often a window pauses for some minutes, an hour.
        past: days the hall has been at work before it is asked.
        turnout: log-normal spread, from day to day, of how many come.
        reserve: how many of the windows, the last ones, are shut; the load is reckoned without them.
        opened: hours, from and to, in which those are open all the same.
    """

    name: str
    works: tuple[Work, ...]
    windows: tuple[tuple[str, ...], ...]
    load: float
    rush: float = 1.0
    lunch: float = 0.0
    elders: float = 0.0
    absent: float = 0.08
    clerks: float = 0.15
    days: float = 0.08
    tiring: float = 0.0
    pauses: float = 0.1
    past: int = 4
    turnout: float = 0.0
    reserve: int = 0
    opened: tuple[float, float] | None = None


_TAX = Work("tax", 420, 0.6, 1.0)
_STAMP = Work("stamp", 100, 0.4, 0.4)
_MANY = (
    _STAMP,
    Work("tax", 360, 0.6, 0.3, quick=0.1),
    Work("licence", 1100, 0.5, 0.2),
    Work("estate", 1900, 0.45, 0.1, quick=0.15),
)
_OVERLAPPING = (
    ("stamp", "tax"),
    ("stamp", "tax"),
    ("tax", "licence"),
    ("licence", "estate"),
    ("estate",),
    ("*",),
    ("*",),
)
KINDS = (
    Kind("one service, one window", (Work("tax", 240, 0.6, 1.0),), (("tax",),), load=0.9),
    Kind("one service, six windows", (_TAX,), (("tax",),) * 6, load=0.98),
    Kind("the same, rushes, few at lunch", (_TAX,), (("tax",),) * 6, load=0.85, rush=2.5, lunch=0.5),
    Kind("the same, its first day", (_TAX,), (("tax",),) * 6, load=0.98, past=0),
    Kind("four services, all windows", _MANY, (("*",),) * 6, load=0.98, elders=0.1),
    Kind("windows overlap, rushes", _MANY, _OVERLAPPING, load=0.9, rush=1.8, elders=0.15, clerks=0.25),
    Kind(
        "elders, quick and slow clerks",
        (Work("pension", 500, 0.7, 0.6), Work("health", 300, 0.5, 0.4)),
        (("pension",), ("pension", "health"), ("pension", "health"), ("health",)),
        load=0.97,
        elders=0.35,
        clerks=0.35,
        tiring=0.25,
    ),
)


@dataclass
class Resident:
    """A way through the hall; times in seconds since the first day's midnight.

    ``comes`` and ``length`` are for the simulation alone: nobody knows them beforehand.
    """

    id: int
    service: str
    issued: float
    rank: float
    comes: bool
    length: float
    window: int | None = None
    called: float | None = None
    ended: float | None = None


@dataclass
class Counter:
    """A window; its clerk is ``ready`` when the next who comes would be called at once."""

    services: tuple[str, ...]
    speed: float
    open: bool = True
    ready: bool = True
    resident: Resident | None = None

    def serves(self, service: str) -> bool:
        return "*" in self.services or service in self.services


@dataclass
class Hall:
    """A hall at a moment, as its store would show it.

    Attributes:
        kind: of hall.
        now: the time.
        today: when the hall day began.
        residents: all there were, in the order of their tickets.
        counters: the windows.
        line: who waits, by id.
    """

    kind: Kind
    now: float = 0.0
    today: float = 0.0
    residents: list[Resident] = field(default_factory=list)
    counters: list[Counter] = field(default_factory=list)
    line: dict[int, Resident] = field(default_factory=dict)

    def waiting(self) -> list[Resident]:
        """Who waits, smallest rank first."""
        return sorted(self.line.values(), key=lambda one: (one.rank, one.id))


Look = Callable[[Hall, Resident | None], None]


def live(kind: Kind, seed: int, days: int, look: Look, every: float, luck: int = 0) -> Hall:
    """Live through some days; the hall at the end of them.

    Args:
        kind: of hall.
        seed: the same one makes the same days.
        days: how many.
        luck: in a hall with windows in reserve, another one lives through the same days again: the same times at which
            residents come and windows pause, the same clerks; what they come for, and how long it takes, is drawn anew.
        look: called when somebody has taken a number and stands in line, and with nobody now and then.
        every: how often that is, in seconds.
    """
    chance = Random(f"{kind.name} {seed}")
    hall = Hall(kind)
    numbers = count(1)
    for day in range(days):
        one = _Day(hall, Random(f"{kind.name} {seed} {day}") if kind.reserve else chance, day * DAY, numbers, look)
        one.live(every, Random(f"{kind.name} {seed} {day} {luck}") if kind.reserve else chance)
    return hall


def who_come(kind: Kind, seed: int, days: int) -> list[list[float]]:
    """Of each day the times at which residents come, in seconds after midnight."""
    hall, chance = Hall(kind), Random(f"{kind.name} {seed}")
    found = []
    for _ in range(days):
        day = _Day(hall, chance, 0.0, count(1), lambda _hall, _newcomer: None)
        day.plan_arrivals()
        found.append([time for time, _, _ in day.agenda])
    return found


class _Day:
    def __init__(self, hall: Hall, chance: Random, midnight: float, numbers: Iterator[int], look: Look) -> None:
        self._hall, self._kind, self._chance, self._numbers, self._look = hall, hall.kind, chance, numbers, look
        self._midnight = midnight
        self._pace = exp(chance.gauss(0, self._kind.days))
        self.agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._entries = count()
        hall.today = midnight
        hall.counters = [Counter(one, exp(chance.gauss(0, self._kind.clerks))) for one in self._kind.windows]

    def live(self, every: float, luck: Random) -> None:
        self.plan_arrivals()
        self._plan_absences()
        self._chance = luck
        time = self._midnight + OPENS
        while time < self._midnight + CLOSES + 2 * HOUR:
            self._at(time, lambda: self._look(self._hall, None))
            time += every
        # Everybody who holds a ticket is served.
        while self.agenda:
            self._hall.now, _, what = heapq.heappop(self.agenda)
            what()
        assert not self._hall.line

    def _at(self, time: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.agenda, (time, next(self._entries), what))

    def plan_arrivals(self) -> None:
        """Have residents come: as many as the windows could serve, times the load; more of them in the rushes."""
        kind = self._kind
        mean = sum(one.share * one.mean for one in kind.works) / sum(one.share for one in kind.works) + 20
        hours = (CLOSES - OPENS) / HOUR
        usual = hours / (hours + (kind.rush - 1) * sum(to - begin for begin, to in RUSHES))
        crowd = exp(self._chance.gauss(0, kind.turnout)) if kind.turnout else 1.0
        rate = (len(kind.windows) - kind.reserve) / mean * kind.load * crowd
        time = self._midnight + OPENS
        while (time := time + self._chance.expovariate(rate * kind.rush)) < self._midnight + LAST_TICKET:
            hour = (time - self._midnight) / HOUR
            now = kind.rush if any(begin <= hour < to for begin, to in RUSHES) else 1.0
            if self._chance.random() < usual * now / kind.rush:
                self._at(time, self._arrive)

    def _plan_absences(self) -> None:
        kind, chance = self._kind, self._chance
        at_work = len(kind.windows) - kind.reserve
        for window in range(at_work, len(kind.windows)):
            self._open_in_reserve(window)
        away = int(kind.lunch * at_work)
        for window in range(2 * away):
            begin = self._midnight + (11.5 if window < away else 12.5) * HOUR + chance.uniform(-300, 300)
            self._leave(window, begin, chance.uniform(0.8, 1.0) * HOUR)
        for window in range(at_work):
            time = self._midnight + OPENS
            while (time := time + chance.expovariate(kind.pauses / HOUR)) < self._midnight + CLOSES:
                self._leave(window, time, chance.uniform(180, 900))

    def _leave(self, window: int, begin: float, seconds: float) -> None:
        counter = self._hall.counters[window]

        def go() -> None:
            # Who is at the window is served first.
            if counter.open:
                self._shut(window)
                self._at(self._hall.now + seconds, lambda: self._open(window))

        self._at(begin, go)

    def _open_in_reserve(self, window: int) -> None:
        counter = self._hall.counters[window]
        counter.open = counter.ready = False
        if self._kind.opened:
            begin, end = self._kind.opened
            self._at(self._midnight + begin * HOUR, lambda: self._open(window))
            self._at(self._midnight + end * HOUR, lambda: self._shut(window))

    def _open(self, window: int) -> None:
        counter = self._hall.counters[window]
        counter.open = True
        if counter.resident is None:
            self._call_next(window)

    def _shut(self, window: int) -> None:
        counter = self._hall.counters[window]
        counter.open = counter.ready = False

    def _arrive(self) -> None:
        hall, chance = self._hall, self._chance
        work = chance.choices(self._kind.works, [one.share for one in self._kind.works])[0]
        rank = hall.now - (HEAD_START if chance.random() < self._kind.elders else 0.0)
        quick = chance.random() < work.quick
        length = chance.uniform(30, 120) if quick else work.median * exp(chance.gauss(0, work.spread))
        comes = chance.random() >= self._kind.absent
        resident = Resident(next(self._numbers), work.service, hall.now, rank, comes, length)
        hall.residents.append(resident)
        hall.line[resident.id] = resident
        self._look(hall, resident)
        free = [window for window, one in enumerate(hall.counters) if one.ready and one.serves(work.service)]
        if free:
            window = chance.choice(free)
            hall.counters[window].ready = False
            self._at(hall.now + chance.uniform(3, 15), lambda: self._call_next(window))

    def _call_next(self, window: int) -> None:
        hall, counter, chance = self._hall, self._hall.counters[window], self._chance
        # Who comes back from a pause may be a moment before the call that was due anyway.
        if not counter.open or counter.resident is not None:
            return
        resident = next((one for one in hall.waiting() if counter.serves(one.service)), None)
        counter.ready = resident is None
        if resident is None:
            return
        del hall.line[resident.id]
        resident.window, resident.called = window, hall.now
        counter.resident = resident
        tired = 1 + self._kind.tiring * (hall.now - self._midnight - OPENS) / (CLOSES - OPENS)
        served = chance.uniform(*_WALK) + resident.length * counter.speed * self._pace * tired
        self._at(hall.now + (served if resident.comes else chance.uniform(*_ABSENT)), lambda: self._end(window))

    def _end(self, window: int) -> None:
        hall, counter = self._hall, self._hall.counters[window]
        assert counter.resident
        counter.resident.ended = hall.now
        counter.resident = None
        # The clerk's last keys, a sip of tea.
        self._at(hall.now + self._chance.expovariate(1 / 12), lambda: self._call_next(window))
