"""The wait until a call, as a probability distribution. Pure."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

CLAIM = 0.8
"""The share of waits that end within their interval."""

_NORMAL = NormalDist()
_SPREAD = _NORMAL.inv_cdf(0.5 + CLAIM / 2)


class Interval(NamedTuple):
    """Whole minutes, at least and at most."""

    low: int
    high: int


@dataclass(frozen=True)
class Wait:
    """How long until a call, as a distribution: a gamma of this mean and deviation.

    The sum of the cases ahead is nearly a gamma when they are many, and so is the first end among several busy windows.

    Attributes:
        mean: seconds.
        deviation: standard, seconds.
    """

    mean: float
    deviation: float

    def within(self, seconds: float) -> float:
        """The probability that the call comes within so many seconds."""
        if self.mean <= 0 or self.deviation <= 0:
            return float(seconds >= self.mean)
        ninth = (self.deviation / self.mean) ** 2 / 9
        return _NORMAL.cdf(((max(0.0, seconds) / self.mean) ** (1 / 3) - 1 + ninth) / sqrt(ninth))

    @property
    def minutes(self) -> float:
        """The median, in minutes."""
        return self._at(0.0) / 60

    @property
    def interval(self) -> Interval:
        """The whole minutes between which the call comes with the probability :data:`CLAIM`.

        A call after 9.4 minutes is not within (5, 9). So that the claim is kept all the same, the ends are rounded to
        the nearest minute, not outwards; only what is not certain is never less than a minute wide.
        """
        low, high = round(self._at(-_SPREAD) / 60), round(self._at(_SPREAD) / 60)
        return Interval(low, max(high, low + (self.deviation > 0)))

    def _at(self, normal: float) -> float:
        if self.mean <= 0:
            return 0.0
        # Wilson and Hilferty, 1931: the cube root of a gamma is nearly normal.
        ninth = (self.deviation / self.mean) ** 2 / 9
        return self.mean * max(0.0, 1 - ninth + normal * sqrt(ninth)) ** 3
