"""How many will come, by hour or by service, from the same weekday of past weeks: a number and an interval. Pure.

Arrivals of an hour are Poisson around a mean that moves from day to day by some share of itself (rain, a deadline).
That share is estimated from all hours together, since one hour of eight past days tells little about it. What a day's
services are asked for is looked at in the same way. The interval
is that of a new day: it counts how far the mean itself may be off, and, by Student's distribution, how little eight
days say about the share.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Any, TypeVar

from ticketing.waits.interval import CLAIM

Part = TypeVar("Part", bound=Hashable)
"""An hour, or the id of a service."""

LEAST = 3
"""Past days without which nothing is foretold."""
_Z = NormalDist().inv_cdf(0.5 + CLAIM / 2)


@dataclass(frozen=True)
class Expected:
    """How many come in a part of a day: on average, and between which numbers with the probability ``CLAIM``."""

    mean: float
    low: int
    high: int

    def holds(self, count: int) -> bool:
        """Whether it came so."""
        return self.low <= count <= self.high


def expected(past: Sequence[Mapping[Part, int]]) -> dict[Part, Expected]:
    """By part of the day, what to expect of a day like these; nothing of fewer than :data:`LEAST`.

    Args:
        past: of each past day, the number that came by hour, or by service.
    """
    days = len(past)
    if days < LEAST:
        return {}
    parts: list[Any] = sorted({part for day in past for part in day})
    counts = {part: [day.get(part, 0) for day in past] for part in parts}
    means = {part: fmean(counts[part]) for part in parts}
    squares = sum(mean * mean for mean in means.values())
    beyond = sum(variance(counts[part]) - means[part] for part in parts)
    share = max(0.0, beyond / squares) if squares else 0.0
    found = {}
    for part, mean in means.items():
        moved = share * mean * mean
        # Of this variance the Poisson part is known, and the other as well as so many days tell (Satterthwaite).
        spread = sqrt((mean + moved) * (1 + 1 / days)) * _student((mean + moved) ** 2 / (moved**2 / (days - 1) or 1e-9))
        # Whole numbers from low to high are as probable as the continuous ones half a number further on each side.
        low, high = max(0, round(mean - spread + 0.5)), round(mean + spread - 0.5)
        found[part] = Expected(mean, low, max(low, high))
    return found


def _student(freedom: float) -> float:
    """The quantile of Student's distribution for :data:`CLAIM`, by the expansion of Cornish and Fisher."""
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
