"""The expected wait: a Monte Carlo simulation of the queue with the windows open now. Pure.

A window that becomes free takes the first ticket in rank among the services it serves, and is busy for as long as
such cases have taken lately. A simulation, unlike a multiplication, counts what a window with several services does
for the other queues. It is played 24 times with different lengths of the cases, and the result is an interval: a
single number would promise too much.
"""

import heapq
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from math import exp, inf, log, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

from ticketing.waits.interval import CLAIM, Interval, Wait
from ticketing.waits.pace import PARTS, UNKNOWN_PACE, Case, Experience, Overtakers, Pace, learn, pace_of, steady

__all__ = [
    "CLAIM",
    "UNKNOWN_PACE",
    "Case",
    "Desk",
    "Experience",
    "Forecast",
    "Interval",
    "Overtakers",
    "Pace",
    "Place",
    "Wait",
    "forecast",
    "learn",
    "pace_of",
    "places_left",
    "reached_before",
    "steady",
]

_MOST_PLACES = 200
_NEAR = 60
"""Tickets behind this place are played half as often: their waits are sums of many lengths."""
_TO_THE_END = frozenset({0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23})
"""The plays that go to the end of the line; for each slow one a quick one."""
_ORDERS = 199
"""A prime, so that tickets as far apart as windows are many do not share an order."""


@dataclass(frozen=True)
class Desk:
    """A window as it stands now.

    Attributes:
        services: ids, or ``("*",)``.
        busy_with: service of the ticket that is there; None when it is free.
        busy_for: seconds since that ticket was called.
        window: its id, by which its clerk's tempo is known.
        breaks: when it is known to call nobody: from and to, in seconds from now, earliest first; ``math.inf`` for
            the rest of the day.
        weights: by service: by how many seconds its tickets rank earlier here than elsewhere.
    """

    services: tuple[str, ...]
    busy_with: str | None = None
    busy_for: float = 0.0
    window: str = ""
    breaks: tuple[tuple[float, float], ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)


class Place(NamedTuple):
    """A waiting ticket's place in the queue.

    Attributes:
        ticket: its id.
        service: what for.
        rank: its rank time in seconds from now, mostly negative.
        window: the one that may call it, "" for all that serve it.
    """

    ticket: int
    service: str
    rank: float
    window: str = ""


@dataclass(frozen=True)
class Forecast:
    """The waits until a call.

    Attributes:
        calls: by id, of each waiting ticket that an open window serves.
        newcomers: by service, of a ticket taken now without a head start; only services that an open window serves.
    """

    calls: Mapping[int, Wait]
    newcomers: Mapping[str, Wait]


def forecast(
    desks: Sequence[Desk], waiting: Iterable[Place], services: Iterable[str], experience: Experience
) -> Forecast:
    """Play the queue forward. Deterministic: the same arguments give the same forecast.

    Args:
        desks: the windows that are open, or will be.
        waiting: in any order; of the same rank, the first is before the others.
        services: all services.
        experience: what the hall has learned.
    """
    game = _Game(desks, sorted(waiting, key=lambda one: one.rank), list(services), experience)
    for path in range(PARTS):
        game.play(path, near=path not in _TO_THE_END)
    return game.result()


def reached_before(found: Forecast, service: str, seconds: float, *, to_the_last: bool = False) -> bool:
    """Whether a ticket taken now is called before the service closes; a kiosk warns when not.

    Args:
        found: the forecast now.
        service: of the ticket.
        seconds: until calling ends.
        to_the_last: whether every ticket is served, however late (延时服务).

    Returns:
        True when it is so with the probability :data:`CLAIM` at least. False for a service that no window will serve.
    """
    wait = found.newcomers.get(service)
    return wait is not None and (to_the_last or wait.within(seconds) >= CLAIM)


def places_left(
    desks: Sequence[Desk],
    waiting: Iterable[Place],
    services: Iterable[str],
    experience: Experience,
    *,
    service: str,
    seconds: float,
    to_the_last: bool = False,
    sure: float = CLAIM,
) -> int:
    """How many more tickets of a service can be called before it closes: the rule of the last ticket.

    Args:
        desks: as in :func:`forecast`.
        waiting: as there.
        services: as there.
        experience: as there.
        service: of the new tickets.
        seconds: until calling ends.
        to_the_last: whether every ticket is served, however late (延时服务). Then only a service that no window will
            serve has no places.
        sure: the probability with which each of them is reached.

    Returns:
        At most 200.
    """
    line = list(waiting)
    first = min((one.ticket for one in line), default=0) - _MOST_PLACES
    newcomers = [Place(first + place, service, 0.0) for place in range(_MOST_PLACES)]
    calls = forecast(desks, [*line, *newcomers], services, experience).calls
    if to_the_last:
        return _MOST_PLACES if newcomers[0].ticket in calls else 0
    places = 0
    for one in newcomers:
        if one.ticket not in calls or calls[one.ticket].within(seconds) < sure:
            break
        places += 1
    return places


class _Line:
    """The line of all windows that take the same tickets in the same order."""

    def __init__(self, desk: Desk, known: Iterable[str], waiting: Sequence[Place]) -> None:
        served = known if "*" in desk.services else desk.services
        self.weights = {service: desk.weights.get(service, 0.0) for service in served}
        self.newest = -max(self.weights.values(), default=0.0)
        mine = [
            (one.rank - self.weights.get(one.service, 0.0), at)
            for at, one in enumerate(waiting)
            if (one.window == desk.window if one.window else one.service in self.weights)
        ]
        mine.sort()
        self.ranks = [rank for rank, _ in mine] + [inf]
        self.tickets = [at for _, at in mine] + [-1]


class _Game:
    """The queue, played :data:`PARTS` times."""

    def __init__(
        self, desks: Sequence[Desk], waiting: Sequence[Place], services: Sequence[str], experience: Experience
    ) -> None:
        self._waiting = waiting
        self._services = services
        known = dict.fromkeys([*services, *(one.service for one in waiting)])
        self._paces = {service: experience.paces.get(service, experience.usual) for service in known}
        self._experience = experience
        named = {one.window for one in waiting if one.window}
        lines: dict[Any, _Line] = {}
        self._line_of = []
        for desk in desks:
            kind = (frozenset(desk.services), frozenset(desk.weights.items()), desk.window in named and desk.window)
            if kind not in lines:
                lines[kind] = _Line(desk, known, waiting)
            self._line_of.append(list(lines).index(kind))
        self._lines = list(lines.values())
        self._tempos = [experience.tempos.get(desk.window, experience.tempo) for desk in desks]
        self._hands = [
            (experience.doubts.get(desk.window, experience.strange), _order(at + 50)) for at, desk in enumerate(desks)
        ]
        self._rests = [self._rest(desk, tempo) for desk, tempo in zip(desks, self._tempos, strict=True)]
        self._breaks = [desk.breaks for desk in desks]
        self._wanted = [one.service for one in waiting]
        self._orders = [_order(at) for at in range(len(waiting))]
        self._lengths = [self._paces[one.service].lengths for one in waiting]
        self._doubts = {service: (pace.doubt, _order(at + 1)) for at, (service, pace) in enumerate(self._paces.items())}
        self._sums = [0.0] * len(waiting)
        self._squares = [0.0] * len(waiting)
        self._counts = [0] * len(waiting)
        self._new: dict[str, list[float]] = {service: [] for service in services}

    def _rest(self, desk: Desk, tempo: float) -> tuple[float, ...]:
        """How much longer the case at a desk takes: equally probable lengths, given how long it has taken."""
        if desk.busy_with is None:
            return (0.0,) * PARTS
        pace = self._paces.get(desk.busy_with) or self._experience.paces.get(desk.busy_with, self._experience.usual)
        left = [length * tempo - desk.busy_for for length in pace.lengths if length * tempo > desk.busy_for]
        if len(left) < 2:
            # One of the longest: it has no memory.
            return tuple(-log((part + 0.5) / PARTS) * pace.mean for part in range(PARTS))
        return tuple(left[part * len(left) // PARTS] for part in range(PARTS))

    def _coming(self, path: int) -> list[tuple[float, float, str]]:
        """Tickets with a head start that will be taken: (time, rank, service), latest first."""
        coming = []
        for at, kind in enumerate(self._experience.overtakers):
            share = (_order(-100 - at)[path] + 0.5) / PARTS
            # As many as come with this probability (Poisson), evenly over the time in which they still overtake.
            expected = kind.rate * kind.head_start
            chance, number = exp(-expected), 0
            below = chance
            while below < share and number < _MOST_PLACES:
                number += 1
                chance *= expected / number
                below += chance
            for one in range(number):
                time = (one + share) / number * kind.head_start
                coming.append((time, time - kind.head_start, kind.service))
        return sorted(coming, reverse=True)

    def play(self, path: int, *, near: bool) -> None:
        """Once, with the lengths of this path; only for the first tickets when ``near``."""
        lines, lengths = self._lines, self._lengths
        sums, squares, counts = self._sums, self._squares, self._counts
        breaks, orders, wanted = self._breaks, self._orders, self._wanted
        common = self._experience.doubt * _POINTS[path]
        slow = {service: exp(common + doubt * _POINTS[order[path]]) for service, (doubt, order) in self._doubts.items()}
        tempos = [
            tempo * exp(doubt * _POINTS[order[path]])
            for tempo, (doubt, order) in zip(self._tempos, self._hands, strict=True)
        ]
        free = [(rest[_order(-desk - 1)[path]], desk) for desk, rest in enumerate(self._rests)]
        heapq.heapify(free)
        coming = self._coming(path)
        come: list[tuple[float, str]] = []
        places = [0] * len(lines)
        left = len(self._waiting)
        # The last one stands for the end of each line, and is never taken.
        taken = bytearray(left + 1)
        if near and left > _NEAR:
            # A ticket does not wait for those that rank after it, so they are left out.
            taken[_NEAR:left] = bytes([1]) * (left - _NEAR)
            left = _NEAR
        new: dict[str, float] = {}
        unmet = [dict(line.weights) for line in lines]
        expecting = sum(1 for line in unmet if line)
        while free and (left or expecting):
            at, desk = free[0]
            if breaks[desk] and (back := _back(breaks[desk], at)) is not None:
                _move(free, back)
                continue
            which = self._line_of[desk]
            line, place = lines[which], places[which]
            while taken[line.tickets[place]]:
                place += 1
            places[which] = place
            ticket, rank = line.tickets[place], line.ranks[place]
            overtaker = None
            while coming and coming[-1][0] <= at:
                insort(come, coming.pop()[1:])
            if come and come[0][0] + line.newest < rank:
                mine = [(own - line.weights[of], own, of) for own, of in come if of in line.weights]
                overtaker = min((one for one in mine if one[0] < rank), default=None)
                if overtaker is not None:
                    rank = overtaker[0]
            if rank > line.newest and unmet[which]:
                # No ticket here ranks before one taken now for these services, and no other desk got so far sooner.
                for service in [one for one, weight in unmet[which].items() if rank > -weight]:
                    new.setdefault(service, at)
                    del unmet[which][service]
                expecting -= not unmet[which]
            if overtaker is not None:
                _, own, service = overtaker
                come.remove((own, service))
                pace = self._paces.get(service, self._experience.usual).lengths
                length = pace[(path * 7 + len(coming) * 5) % PARTS]
            elif ticket >= 0:
                taken[ticket] = 1
                left -= 1
                sums[ticket] += at
                squares[ticket] += at * at
                counts[ticket] += 1
                service = wanted[ticket]
                length = lengths[ticket][orders[ticket][path]]
            else:
                # An idle desk takes the next overtaker, which would otherwise fall to a busy one.
                _move(free, next((time for time, _, service in reversed(coming) if service in line.weights), inf))
                continue
            heapq.heapreplace(free, (at + length * tempos[desk] * slow.get(service, 1.0), desk))
        if not near or len(self._waiting) <= _NEAR:
            for service in self._services:
                if service in new:
                    self._new[service].append(new[service])

    def result(self) -> Forecast:
        """What the plays showed."""
        far = len(_TO_THE_END)
        calls = {
            one.ticket: _wait(self._sums[at], self._squares[at], count, PARTS if at < _NEAR else far)
            for at, (one, count) in enumerate(zip(self._waiting, self._counts, strict=True))
            if count
        }
        plays = PARTS if len(self._waiting) <= _NEAR else far
        newcomers = {
            service: _wait(sum(times), sum(time * time for time in times), len(times), plays)
            for service, times in self._new.items()
            if times
        }
        return Forecast(calls, newcomers)


def _back(breaks: Iterable[tuple[float, float]], at: float) -> float | None:
    """When a window calls again that would have called at ``at``; None when it does call then."""
    return next((end for start, end in breaks if start <= at < end), None)


def _move(free: list[tuple[float, int]], to: float) -> None:
    """Ask the first desk again later; not at all when that is never."""
    at, desk = heapq.heappop(free)
    if at < to < inf:
        heapq.heappush(free, (to, desk))


def _wait(total: float, squares: float, count: int, plays: int) -> Wait:
    mean = total / count
    return Wait(mean, sqrt(max(0.0, squares - mean * total) / max(1, count - 1)), count / plays)


_POINTS = tuple(NormalDist().inv_cdf((part + 0.5) / PARTS) for part in range(PARTS))


@lru_cache
def _orders() -> tuple[tuple[int, ...], ...]:
    """In which order a ticket goes through the lengths of its pace.

    Latin hypercube sampling: each length is used once in all plays, so that their mean is nearly that of endless
    plays; each ticket has another order, so that long cases do not meet.
    """
    return tuple(
        tuple(sorted(range(PARTS), key=lambda part: sha256(b"%d %d" % (ticket, part)).digest()))
        for ticket in range(_ORDERS)
    )


def _order(at: int) -> tuple[int, ...]:
    return _orders()[at % _ORDERS]
