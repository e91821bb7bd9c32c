"""Sums of figures that can be added to each other: of hours to days, of days to months and years. Pure.

Durations are kept as a histogram (:func:`bin_of`), whose bins are narrow where waits are short: sums of years take no
more room than those of a day. Means, the longest and the shares within 10, 20 and 30 minutes are exact; medians and
percentiles are the end of their bin, at most 15 s too long below 10 minutes, 30 s below 30, a minute below 2 hours.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

IMPOSSIBLE = -1
"""Seconds; a duration below 0 or above a day is left out: the clock was set meanwhile."""
SPANS = {
    "waits": ("began_at", "called_at"),
    "walks": ("called_at", "started_at"),
    "services": ("started_at", "ended_at"),
}
"""The spans of a stay at a window: from joining the queue to the call, to the start, to the end."""
FEWEST_GRADES = 5
"""A clerk's grades are shown from this many on: fewer could be matched with who was there."""
GRADES = (5, 4, 3, 2, 1)
SHARES = (600, 1200, 1800)
"""Seconds within which a share of the waits is told; ends of bins."""

EDGES = (*range(0, 600, 15), *range(600, 1800, 30), *range(1800, 7200, 60), *range(7200, 86401, 600))
"""Where bins begin, seconds; each ends where the next begins."""


@dataclass(frozen=True)
class Times:
    """A set of durations, in whole seconds.

    Attributes:
        count: how many.
        mean, longest: over all of them.
        median, p90: half, and nine tenths, of them were at most this long.
    """

    count: int
    mean: int
    median: int
    p90: int
    longest: int


@dataclass(frozen=True)
class Spread(Times):
    """The same with how they are distributed.

    Attributes:
        within: shares, 0 to 1, of those that took at most :data:`SHARES`.
        bins: (from, to, count) in seconds, ``to`` excluded, of each bin that has any.
    """

    within: tuple[float, ...]
    bins: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Figures:
    """One line of a report.

    Attributes:
        key: the hour (``0`` to ``23``), the day, or the id of service, window or clerk; ``""`` for nobody.
        name: as shown.
        issued: tickets; by the hour in which they were issued.
        served: finished stays at a window; each stop of a chain is one.
        no_shows: calls that were not answered.
        cancelled, expired: tickets given back, and tickets still waiting at the day's end.
        transferred, held: stays that ended this way.
        overtime: of those served, how many ended after closing time; None in a hall without opening hours.
        waits: from joining the queue to the call; None if there was none, as for the next two.
        walks: from the call to the start.
        services: from the start to the end.
        left_out: impossible durations.
        cases: counted by the hour in which they ended; everything above by the hour of joining the queue.
        outcomes: cases by outcome.
        grades: ratings by grade, 5 the best; None if there are too few to show.
        rated, not_rated: cases.
        work_open, work_late: work items of low grades that are not settled, and of those the overdue ones.
        promised, promised_late: cases with a promised day, and of those the ones not ready by that day.
    """

    key: str
    name: str
    issued: int
    served: int
    no_shows: int
    cancelled: int
    expired: int
    transferred: int
    held: int
    overtime: int | None
    waits: Times | None
    walks: Times | None
    services: Times | None
    left_out: int
    cases: int
    outcomes: dict[str, int]
    grades: dict[int, int] | None
    rated: int
    not_rated: int
    work_open: int
    work_late: int
    promised: int
    promised_late: int


def bin_of(seconds: int) -> int:
    """The bin of a duration from 0 s to a day."""
    return bisect_right(EDGES, seconds) - 1


class Exact:
    """Durations by the second."""

    def __init__(self) -> None:
        self._seconds: Counter[int] = Counter()
        self.left_out = 0

    def add(self, seconds: int, count: int = 1) -> None:
        """Count a duration; :data:`IMPOSSIBLE` is left out."""
        if seconds == IMPOSSIBLE:
            self.left_out += count
        else:
            self._seconds[seconds] += count

    def times(self) -> Times | None:
        """What is told of them; None without any."""
        known = self._seconds
        count = known.total()
        if not count:
            return None
        mean = round(sum(value * often for value, often in known.items()) / count)
        return Times(count, mean, percentile(known, 0.5), percentile(known, 0.9), max(known))


class Histogram:
    """Durations by bin."""

    def __init__(self) -> None:
        self.count = self.left_out = self.total = self.longest = 0
        self._bins: dict[int, int] = {}

    def add(self, seconds: int, count: int = 1) -> None:
        """As :meth:`Exact.add`."""
        if seconds == IMPOSSIBLE:
            self.left_out += count
            return
        self.count += count
        self.total += seconds * count
        self.longest = max(self.longest, seconds)
        which = bin_of(seconds)
        self._bins[which] = self._bins.get(which, 0) + count

    def take(self, kept: list[int]) -> None:
        """Add those of :meth:`as_list`."""
        count, left_out, total, longest = kept[:4]
        self.count += count
        self.left_out += left_out
        self.total += total
        self.longest = max(self.longest, longest)
        bins = self._bins
        for which, often in zip(kept[4::2], kept[5::2], strict=True):
            bins[which] = bins.get(which, 0) + often

    def as_list(self) -> list[int]:
        """As kept in the store: count, left out, total, longest, then each bin and its count."""
        flat = [number for pair in sorted(self._bins.items()) for number in pair]
        return [self.count, self.left_out, self.total, self.longest, *flat]

    def times(self) -> Spread | None:
        """As :meth:`Exact.times`, with the distribution."""
        if not self.count:
            return None
        ends = {EDGES[which + 1] - 1 if which + 1 < len(EDGES) else EDGES[-1]: n for which, n in self._bins.items()}
        median, p90 = (min(self.longest, percentile(ends, share)) for share in (0.5, 0.9))
        within = tuple(sum(n for end, n in ends.items() if end < most) / self.count for most in SHARES)
        bins = tuple((EDGES[which], (*EDGES, EDGES[-1] + 1)[which + 1], n) for which, n in sorted(self._bins.items()))
        return Spread(self.count, round(self.total / self.count), median, p90, self.longest, within, bins)


class Sums:
    """Counters for one line of a report; ``durations`` is how it keeps them."""

    def __init__(self, durations: Callable[[], Exact | Histogram] = Histogram) -> None:
        self.counts: Counter[str] = Counter()
        self.spans: dict[str, Any] = {span: durations() for span in SPANS}
        self.outcomes: Counter[str] = Counter()
        self.grades: Counter[int] = Counter()
        # By the day they were promised for: late once that is over.
        self.promised_open: Counter[str] = Counter()

    def figures(self, key: str, name: str, *, hours: bool, of_clerk: bool = False) -> Figures:
        """The line; ``hours``: whether the hall has opening hours, and so overtime."""
        counts, rated = self.counts, self.grades.total()
        few = of_clerk and rated < FEWEST_GRADES
        return Figures(
            key=key,
            name=name,
            issued=counts["issued"],
            served=counts["done"],
            no_shows=counts["missed"],
            cancelled=counts["cancelled"],
            expired=counts["expired"],
            transferred=counts["transferred"],
            held=counts["held"],
            overtime=counts["overtime"] if hours else None,
            waits=self.spans["waits"].times(),
            walks=self.spans["walks"].times(),
            services=self.spans["services"].times(),
            left_out=sum(one.left_out for one in self.spans.values()),
            cases=self.outcomes.total(),
            outcomes=dict(sorted(self.outcomes.items())),
            grades=None if few else {grade: self.grades[grade] for grade in GRADES},
            rated=0 if few else rated,
            not_rated=0 if few else self.outcomes.total() - rated,
            work_open=0 if few else counts["work_open"],
            work_late=0 if few else counts["work_late"],
            promised=counts["promised"],
            promised_late=counts["promised_late"],
        )

    def as_json(self) -> dict[str, Any]:
        """As kept in the store."""
        return {
            "counts": dict(self.counts),
            "spans": [self.spans[span].as_list() for span in SPANS],
            "outcomes": dict(self.outcomes),
            "grades": {str(grade): count for grade, count in self.grades.items()},
            "open": dict(self.promised_open),
        }

    def take(self, kept: Mapping[str, Any]) -> None:
        """Add those of :meth:`as_json`."""
        for name, count in kept["counts"].items():
            self.counts[name] += count
        for span, durations in zip(self.spans.values(), kept["spans"], strict=True):
            span.take(durations)
        for outcome, count in kept["outcomes"].items():
            self.outcomes[outcome] += count
        for grade, count in kept["grades"].items():
            self.grades[int(grade)] += count
        for day, count in kept["open"].items():
            self.promised_open[day] += count


def percentile(seconds: Mapping[int, int], share: float) -> int:
    """Nearest-rank percentile of values with their counts: the least with at least ``share`` of all at or below it."""
    wanted, seen = max(1, ceil(share * sum(seconds.values()))), 0
    for value in sorted(seconds):
        seen += seconds[value]
        if seen >= wanted:
            return value
    raise ValueError("there is no percentile of nothing")


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Sums]:
    """Lines of several days or months by key, added up; each part maps keys to what :meth:`Sums.as_json` made."""
    found: dict[str, Sums] = {}
    for part in parts:
        for key, kept in part.items():
            if key not in found:
                found[key] = Sums()
            found[key].take(kept)
    return found
