"""How long someone will wait: the queue played forward with the windows open now. Pure.

Each window takes, when it becomes free, the first in rank among the services it serves, and keeps them for as long as
such cases have taken lately. Playing it instead of multiplying counts what a window with several services does for
the other queues. What is given is an interval: a single number would promise too much.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt
from statistics import fmean, pstdev


@dataclass(frozen=True)
class Pace:
    """How long a case takes: mean and standard deviation, in seconds."""

    mean: float
    deviation: float


UNKNOWN_PACE = Pace(480.0, 300.0)
"""Before a hall has any cases of its own; a guess that leaves bit by bit as they come."""

_ENOUGH = 10
"""With so many cases no guess is needed."""
_SHORTEST, _LONGEST = 10.0, 7200.0
_EIGHTY_PERCENT = 1.28
"""Standard deviations to either side that hold four waits of five, if they are about normal."""


@dataclass(frozen=True)
class Desk:
    """A window as it stands now.

    Attributes:
        services: ids, or ``("*",)``.
        busy_with: service of the ticket that is there; None when it is free.
        busy_for: seconds since that ticket was called.
    """

    services: tuple[str, ...]
    busy_with: str | None = None
    busy_for: float = 0.0


Interval = tuple[int, int]
"""Whole minutes, at least and at most."""


@dataclass(frozen=True)
class Forecast:
    """When whom.

    Attributes:
        calls: for each waiting ticket that some open window serves: minutes until it is called.
        newcomers: for each service that some open window serves: minutes for who takes a number now.
    """

    calls: Mapping[int, Interval]
    newcomers: Mapping[str, Interval]


def pace_of(seconds: Iterable[float]) -> Pace:
    """The pace that past cases show, from the time between call and end of each, in seconds.

    The longest and shortest tenth are left out: they are forgotten *finish* keys and mistaken calls.
    """
    cases = sorted(s for s in seconds if _SHORTEST <= s <= _LONGEST)
    tenth = len(cases) // 10
    cases = cases[tenth : len(cases) - tenth]
    if not cases:
        return UNKNOWN_PACE
    weight = max(0.0, 1 - len(cases) / _ENOUGH)
    return Pace(
        weight * UNKNOWN_PACE.mean + (1 - weight) * fmean(cases),
        weight * UNKNOWN_PACE.deviation + (1 - weight) * pstdev(cases),
    )


def forecast(
    desks: Sequence[Desk], waiting: Iterable[tuple[int, str]], services: Iterable[str], paces: Mapping[str, Pace]
) -> Forecast:
    """Play the queue forward.

    Args:
        desks: the windows that are open.
        waiting: id and service of each waiting ticket, smallest rank first.
        services: all services.
        paces: by service; one that is missing has :data:`UNKNOWN_PACE`.
    """
    lines: dict[str, deque[tuple[int, int]]] = {service: deque() for service in services}
    for place, (ticket, service) in enumerate(waiting):
        lines.setdefault(service, deque()).append((place, ticket))
    takes = [tuple(lines) if "*" in desk.services else desk.services for desk in desks]
    # When each desk is free, with the variance of that time.
    free = [(*_rest(desk, paces), index) for index, desk in enumerate(desks)]
    heapq.heapify(free)
    calls: dict[int, Interval] = {}
    newcomers: dict[str, Interval] = {}
    while free:
        at, variance, index = heapq.heappop(free)
        heads = [(lines[service][0], service) for service in takes[index] if lines.get(service)]
        if not heads:
            # Nobody left for this desk, so whoever comes now is taken here, if no other desk has come to that sooner.
            for service in takes[index]:
                newcomers.setdefault(service, _minutes(at, variance))
            continue
        (_, ticket), service = min(heads)
        lines[service].popleft()
        calls[ticket] = _minutes(at, variance)
        pace = paces.get(service, UNKNOWN_PACE)
        heapq.heappush(free, (at + pace.mean, variance + pace.deviation**2, index))
    return Forecast(calls, newcomers)


def _rest(desk: Desk, paces: Mapping[str, Pace]) -> tuple[float, float]:
    if desk.busy_with is None:
        return 0.0, 0.0
    pace = paces.get(desk.busy_with, UNKNOWN_PACE)
    # A case that has outlasted the mean is one of the long ones: it will not end the next moment.
    return max(pace.mean - desk.busy_for, pace.mean / 4), pace.deviation**2


def _minutes(at: float, variance: float) -> Interval:
    spread = _EIGHTY_PERCENT * sqrt(variance)
    low = max(0, floor((at - spread) / 60))
    return low, max(low, ceil((at + spread) / 60))
