"""What a day in the virtual hall is made of, drawn from chance: who comes when and for what, and how long it takes.

The shape of a day is that of a service hall's: a rush at half past nine and a smaller one after lunch, little at noon.
Pure: no clock, no hall.
"""

import zlib
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from math import log
from random import Random
from typing import TypeVar

T = TypeVar("T")

LONG = timedelta(hours=8)
"""From nine to five."""
LAST_TAKEN = 0.94
"""Share of the day after which nobody comes any more: the hall wants to close."""
CURVE = (7, 10, 14, 16, 14, 11, 6, 3, 4, 8, 12, 12, 10, 7, 5, 3)
"""How many come in each sixteenth of the day."""
QUICKEST, SLOWEST = 4.0, 11.0
"""Median minutes of a service of the quickest service and of the slowest one."""
SPREAD = 0.45
"""Of the logarithm of a service's length."""
ABSENT = 0.06
"""Share of those called who are not there."""
HELD, SENT_ON = 0.04, 0.03
"""Share of services in which a paper must be fetched, and of those that another queue does better."""
RATES = 0.6
"""Share of residents who give a grade."""
GRADES = {5: 0.72, 4: 0.2, 3: 0.055, 2: 0.015, 1: 0.01}
OUTCOMES = {"immediate": 0.72, "promised": 0.2, "rejected": 0.08}


@dataclass(frozen=True)
class Arrival:
    """Somebody who comes: how long after the day's begin, and for which service."""

    after: timedelta
    service: str


def arrivals(draw: Random, services: Sequence[str], count: int, long: timedelta = LONG) -> list[Arrival]:
    """``count`` residents over a day, in the order they come; earlier services of the hall are asked for more."""
    bounds = list(accumulate(CURVE))
    weights = [1 / (place + 2) for place in range(len(services))]
    found = []
    for _ in range(count):
        at = draw.uniform(0, bounds[-1])
        part = bisect(bounds, at)
        before = bounds[part - 1] if part else 0
        share = (part + (at - before) / CURVE[part]) / len(CURVE)
        found.append(Arrival(long * share * LAST_TAKEN, draw.choices(services, weights)[0]))
    return sorted(found, key=lambda one: one.after)


def service_time(draw: Random, service: str) -> timedelta:
    """How long somebody is served: log-normal, about a median of its own for each service."""
    place = zlib.crc32(service.encode()) % 100 / 100
    median = QUICKEST + (SLOWEST - QUICKEST) * place
    return timedelta(minutes=min(40.0, draw.lognormvariate(log(median), SPREAD)))


def drawn(draw: Random, shares: Mapping[T, float]) -> T:
    """One of the keys, as often as its share says."""
    return draw.choices(list(shares), list(shares.values()))[0]
