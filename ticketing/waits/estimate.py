"""The expected wait: a Monte Carlo simulation of the queue with the windows open now. Pure.

A window that becomes free takes the first ticket in rank among the services it serves, and is busy for as long as
such cases have taken lately. A simulation, unlike a multiplication, counts what a window with several services does
for the other queues. It runs 24 times with different lengths of the cases, and the result is an interval: a
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

from ticketing.waits.interval import CLAIM, Wait
from ticketing.waits.pace import PARTS, Experience

_MOST_OVERTAKERS = 200
_NEAR = 60
"""Tickets behind this place are simulated half as often: their waits are sums of many lengths."""
_TO_THE_END = frozenset({0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23})
"""The runs that go to the end of the line; for each slow one a quick one."""
_ORDERS = 199
"""A prime, so that tickets as far apart as windows are many do not share an order."""


@dataclass(frozen=True)
class OpenWindow:
    """A window as it stands now.

    Attributes:
        services: ids, or ``("*",)``.
        busy_with: service of the ticket that is there; None when it is free.
        busy_for: seconds since that ticket was called.
        window: its id, by which its clerk's tempo is known.
        weights: by service: by how many seconds its tickets rank earlier here than elsewhere.
    """

    services: tuple[str, ...]
    busy_with: str | None = None
    busy_for: float = 0.0
    window: str = ""
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
    windows: Sequence[OpenWindow], waiting: Iterable[Place], services: Iterable[str], experience: Experience
) -> Forecast:
    """Simulate the queue. Deterministic: the same arguments give the same forecast.

    Args:
        windows: the windows that are open, or will be.
        waiting: in any order; of the same rank, the first is before the others.
        services: all services.
        experience: what the hall has learned.
    """
    simulation = _Simulation(windows, sorted(waiting, key=lambda one: one.rank), list(services), experience)
    for path in range(PARTS):
        simulation.run(path, near=path not in _TO_THE_END)
    return simulation.result()


def reached_before(found: Forecast, service: str, seconds: float) -> bool:
    """Whether a ticket taken now is called within ``seconds``, with the probability :data:`CLAIM` at least.

    False for a service that no window will serve.
    """
    wait = found.newcomers.get(service)
    return wait is not None and wait.within(seconds) >= CLAIM


class _Queue:
    """The tickets of all windows that take the same ones in the same order."""

    def __init__(self, window: OpenWindow, known: Iterable[str], waiting: Sequence[Place]) -> None:
        served = known if "*" in window.services else window.services
        self.weights = {service: window.weights.get(service, 0.0) for service in served}
        self.newest = -max(self.weights.values(), default=0.0)
        mine = [
            (one.rank - self.weights.get(one.service, 0.0), at)
            for at, one in enumerate(waiting)
            if (one.window == window.window if one.window else one.service in self.weights)
        ]
        mine.sort()
        self.ranks = [rank for rank, _ in mine] + [inf]
        self.tickets = [at for _, at in mine] + [-1]


class _Simulation:
    """The queue, simulated :data:`PARTS` times."""

    def __init__(
        self, windows: Sequence[OpenWindow], waiting: Sequence[Place], services: Sequence[str], experience: Experience
    ) -> None:
        self._waiting = waiting
        self._services = services
        known = dict.fromkeys([*services, *(one.service for one in waiting)])
        self._paces = {service: experience.paces.get(service, experience.usual) for service in known}
        self._experience = experience
        named = {one.window for one in waiting if one.window}
        queues: dict[Any, _Queue] = {}
        self._queue_of: list[int] = []
        for window in windows:
            kind = (
                frozenset(window.services),
                frozenset(window.weights.items()),
                window.window in named and window.window,
            )
            if kind not in queues:
                queues[kind] = _Queue(window, known, waiting)
            self._queue_of.append(list(queues).index(kind))
        self._queues = list(queues.values())
        self._tempos = [experience.tempos.get(window.window, experience.tempo) for window in windows]
        self._hands = [
            (experience.doubts.get(window.window, experience.strange), _order(at + 50))
            for at, window in enumerate(windows)
        ]
        self._rests = [self._rest(window, tempo) for window, tempo in zip(windows, self._tempos, strict=True)]
        self._wanted = [one.service for one in waiting]
        self._orders = [_order(at) for at in range(len(waiting))]
        self._lengths = [self._paces[one.service].lengths for one in waiting]
        self._doubts = {service: (pace.doubt, _order(at + 1)) for at, (service, pace) in enumerate(self._paces.items())}
        self._sums = [0.0] * len(waiting)
        self._squares = [0.0] * len(waiting)
        self._counts = [0] * len(waiting)
        self._new: dict[str, list[float]] = {service: [] for service in services}

    def _rest(self, window: OpenWindow, tempo: float) -> tuple[float, ...]:
        """How much longer the case at a window takes: equally probable lengths, given how long it has taken."""
        if window.busy_with is None:
            return (0.0,) * PARTS
        pace = self._paces.get(window.busy_with) or self._experience.paces.get(window.busy_with, self._experience.usual)
        left = [length * tempo - window.busy_for for length in pace.lengths if length * tempo > window.busy_for]
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
            while below < share and number < _MOST_OVERTAKERS:
                number += 1
                chance *= expected / number
                below += chance
            for one in range(number):
                time = (one + share) / number * kind.head_start
                coming.append((time, time - kind.head_start, kind.service))
        return sorted(coming, reverse=True)

    def run(self, path: int, *, near: bool) -> None:
        """One run, with the lengths of this path; only for the first tickets when ``near``."""
        queues, lengths = self._queues, self._lengths
        sums, squares, counts = self._sums, self._squares, self._counts
        orders, wanted = self._orders, self._wanted
        common = self._experience.doubt * _POINTS[path]
        slow = {service: exp(common + doubt * _POINTS[order[path]]) for service, (doubt, order) in self._doubts.items()}
        tempos = [
            tempo * exp(doubt * _POINTS[order[path]])
            for tempo, (doubt, order) in zip(self._tempos, self._hands, strict=True)
        ]
        free = [(rest[_order(-window - 1)[path]], window) for window, rest in enumerate(self._rests)]
        heapq.heapify(free)
        coming = self._coming(path)
        come: list[tuple[float, str]] = []
        places = [0] * len(queues)
        left = len(self._waiting)
        # The last place stands for the end of each queue, and is never taken.
        taken = bytearray(left + 1)
        if near and left > _NEAR:
            # A ticket does not wait for those that rank after it, so they are left out.
            taken[_NEAR:left] = bytes([1]) * (left - _NEAR)
            left = _NEAR
        new: dict[str, float] = {}
        unmet = [dict(queue.weights) for queue in queues]
        expecting = sum(1 for services in unmet if services)
        while free and (left or expecting):
            at, window = free[0]
            which = self._queue_of[window]
            queue, place = queues[which], places[which]
            while taken[queue.tickets[place]]:
                place += 1
            places[which] = place
            ticket, rank = queue.tickets[place], queue.ranks[place]
            overtaker = None
            while coming and coming[-1][0] <= at:
                insort(come, coming.pop()[1:])
            if come and come[0][0] + queue.newest < rank:
                mine = [(own - queue.weights[of], own, of) for own, of in come if of in queue.weights]
                overtaker = min((one for one in mine if one[0] < rank), default=None)
                if overtaker is not None:
                    rank = overtaker[0]
            if rank > queue.newest and unmet[which]:
                # No ticket here ranks before one taken now for these services, and no other window got so far sooner.
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
                # An idle window takes the next overtaker, which would otherwise fall to a busy one.
                _move(free, next((time for time, _, service in reversed(coming) if service in queue.weights), inf))
                continue
            heapq.heapreplace(free, (at + length * tempos[window] * slow.get(service, 1.0), window))
        if not near or len(self._waiting) <= _NEAR:
            for service in self._services:
                if service in new:
                    self._new[service].append(new[service])

    def result(self) -> Forecast:
        """The waits over all runs."""
        calls = {
            one.ticket: _wait(self._sums[at], self._squares[at], count)
            for at, (one, count) in enumerate(zip(self._waiting, self._counts, strict=True))
            if count
        }
        newcomers = {
            service: _wait(sum(times), sum(time * time for time in times), len(times))
            for service, times in self._new.items()
            if times
        }
        return Forecast(calls, newcomers)


def _move(free: list[tuple[float, int]], to: float) -> None:
    """Ask the first window again later; not at all when that is never."""
    at, window = heapq.heappop(free)
    if at < to < inf:
        heapq.heappush(free, (to, window))


def _wait(total: float, squares: float, count: int) -> Wait:
    mean = total / count
    return Wait(mean, sqrt(max(0.0, squares - mean * total) / max(1, count - 1)))


_POINTS = tuple(NormalDist().inv_cdf((part + 0.5) / PARTS) for part in range(PARTS))


@lru_cache
def _orders() -> tuple[tuple[int, ...], ...]:
    """In which order a ticket goes through the lengths of its pace.

    Latin hypercube sampling: each length is used once in all runs, so that their mean is nearly that of endless
    runs; each ticket has another order, so that long cases do not meet.
    """
    return tuple(
        tuple(sorted(range(PARTS), key=lambda part: sha256(b"%d %d" % (ticket, part)).digest()))
        for ticket in range(_ORDERS)
    )


def _order(at: int) -> tuple[int, ...]:
    return _orders()[at % _ORDERS]
