"""What would have been: past days lived through again, with a window more or less. Pure.

A past day is replayed as it was: its arrivals, its cases' own lengths, its windows' hours. A length is what the case
took at its window, divided by how quick that window's clerk was that day, so that it can be served elsewhere. With and
without the change each ticket keeps arrival and length (common random numbers), so that the difference is the
change's and not chance's. Further runs of a day draw the lengths anew, from all the days' cases of the service and at
that day's tempo, so that one day's luck with long cases does not decide.

A ticket that was never called (it expired) still waits in the replay, with the length of another of its service; one
that was given back does not. Clerks keep to the policy's order: the smallest rank first, less the window's weight.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import exp, inf
from random import Random
from statistics import fmean, median
from typing import NamedTuple

from ticketing.waits.interval import CLAIM
from ticketing.waits.pace import STILL_AT_IT, UNKNOWN_PACE, PastCase, lengths

Hours = tuple[tuple[float, float], ...]
"""From and to, in seconds of the day, in order and without overlap."""

_WINDOW_CASES = 8.0
"""The weight of the hall's tempo in a window's, in cases; as in ``pace``."""
_DAY_CASES = 70.0
"""The weight of all days' tempo in one day's: lengths vary by some 0.66 of their mean, days by 0.08, squared."""
_CLERKS = 0.2
"""How much clerks differ (log-normal): what is not known of one who was not there that day."""
_LEAST = 5.0
_MOST_RUNS = 100
_MOST_TICKETS = 20_000
"""Tickets that are lived through with the change, and as many without: a second or two of work."""


class Arrival(NamedTuple):
    """A ticket joins the queue.

    Attributes:
        at: seconds of the day.
        service: what for.
        rank: its rank time, seconds of the day; ``at`` less its head start.
        length: seconds it keeps a window of usual tempo; None where that is not known.
        window: the only window that may call it, "" for all that serve it.
    """

    at: float
    service: str
    rank: float
    length: float | None
    window: str = ""


@dataclass(frozen=True)
class PastDay:
    """A day as it was.

    Attributes:
        arrivals: in order of time.
        hours: by window, when it called.
        tempos: by window, how long its cases took as a ratio to the hall's.
        waited: seconds that those who were called waited on average, as it really was; None when nobody was.
    """

    arrivals: tuple[Arrival, ...]
    hours: Mapping[str, Hours]
    tempos: Mapping[str, float]
    waited: float | None


@dataclass(frozen=True)
class Desk:
    """A window as it is set up: its services, ``("*",)`` for all, and the seconds by which each ranks earlier there."""

    window: str
    services: tuple[str, ...]
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A window is open, or shut, from one time of the day to another, seconds."""

    window: str
    begins: float
    ends: float
    opens: bool = True


@dataclass(frozen=True)
class Outcome:
    """A day's waits, over all runs.

    Attributes:
        minutes: that all residents of a day wait together, on average.
        median, p90: minutes; half and nine tenths wait at most so long.
        unserved: tickets of a day that are never called, on average.
    """

    minutes: float
    median: float
    p90: float
    unserved: float


@dataclass(frozen=True)
class Comparison:
    """What a change would have done.

    Attributes:
        base, changed: without and with it.
        saves: person-minutes a day that it saves, on average; negative where it costs some.
        low, high: between these the saving of a single day lies, with the probability ``CLAIM``.
        days, runs: how many past days were lived through, and how often altogether.
        waited: minutes that residents of these days really waited on average, and ``replayed`` without the change.
    """

    base: Outcome
    changed: Outcome
    saves: float
    low: float
    high: float
    days: int
    runs: int
    waited: float | None
    replayed: float


def past_day(cases: Sequence[PastCase]) -> PastDay:
    """Learn a day from all its stays, whose times are seconds of the day; one that was never called has no window."""
    # A resident who was found missing kept the window, too: the next call tells for how long.
    took = dict(lengths(cases))
    means = {service: fmean(group) for service, group in _grouped((case.service, took[case]) for case in took).items()}
    taken: dict[str, float] = defaultdict(float)
    usual: dict[str, float] = defaultdict(float)
    count: dict[str, int] = defaultdict(int)
    for case, length in took.items():
        window = case.window or ""
        # One case, however long, is no proof of a slow clerk.
        taken[window] += min(length, 4 * means[case.service])
        usual[window] += means[case.service]
        count[window] += 1
    tempos = {}
    for window, seconds in usual.items():
        own = _WINDOW_CASES * seconds / count[window]
        tempos[window] = (taken[window] + own) / (seconds + own)
    arrivals = sorted(
        Arrival(
            case.queued,
            case.service,
            case.queued - case.head_start,
            max(_LEAST, took[case] / tempos[case.window or ""]) if case in took else None,
        )
        for case in cases
    )
    waits = [case.called - case.queued for case in cases if case.called is not None]
    return PastDay(
        tuple(arrivals),
        _hours_of(cases),
        tempos,
        fmean(waits) if waits else None,
    )


def compare(days: Sequence[PastDay], desks: Sequence[Desk], change: Change, seed: int = 0) -> Comparison:
    """Live through past days with and without a change. Deterministic: the same arguments give the same.

    Args:
        days: one at least.
        desks: the hall's windows; one that is not among a day's hours did not call that day.
        change: what is tried.
        seed: of the lengths that are drawn.
    """
    tickets = sum(len(day.arrivals) for day in days) / len(days)
    runs = max(len(days), min(_MOST_RUNS, round(_MOST_TICKETS / max(1.0, tickets))))
    drawn = _Lengths(days)
    before, after = _Tally(), _Tally()
    saved = []
    for run in range(runs):
        chance = Random(f"{seed} {run}")  # noqa: S311 - a simulation
        # The first run of a day has the lengths as they were.
        lived = drawn.of(run % len(days), chance, anew=run >= len(days))
        stranger = exp(chance.gauss(0, _CLERKS) - _CLERKS**2 / 2)
        own = before.add(replay(lived, desks, stranger), lived)
        other = after.add(replay(changed(lived, change), desks, stranger), lived)
        saved.append((own - other) / 60)
    saved.sort()
    waited = [day.waited for day in days if day.waited is not None]
    edge = (1 - CLAIM) / 2
    return Comparison(
        before.outcome(runs),
        after.outcome(runs),
        fmean(saved),
        _quantile(saved, edge),
        _quantile(saved, 1 - edge),
        len(days),
        runs,
        fmean(waited) / 60 if waited else None,
        before.mean / 60,
    )


def changed(day: PastDay, change: Change) -> PastDay:
    """The day with a window open, or shut, for a while."""
    hours = dict(day.hours)
    hours[change.window] = (_joined if change.opens else _cut)(hours.get(change.window, ()), change.begins, change.ends)
    return replace(day, hours=hours)


def replay(day: PastDay, desks: Sequence[Desk], stranger: float = 1.0) -> list[float | None]:
    """Seconds that each of the day's arrivals waits, in their order; None for one that is never called.

    ``stranger`` is the tempo of a window that did not call that day.
    """
    return _Replay(day, desks, stranger).run()


class _Replay:
    def __init__(self, day: PastDay, desks: Sequence[Desk], stranger: float) -> None:
        self._day = day
        self._desks = [one for one in desks if day.hours.get(one.window)]
        self._hours = [day.hours[one.window] for one in self._desks]
        self._tempos = [day.tempos.get(one.window, stranger) for one in self._desks]
        # By line: a service's, or "@" and the window's whose tickets wait for it alone.
        self._lines: dict[str, list[tuple[float, int]]] = {one.service: [] for one in day.arrivals}
        self._lines |= {f"@{one.window}": [] for one in desks}
        services = {one.service for one in day.arrivals}
        self._mine = [
            [
                (line, one.weights.get(line, 0.0))
                for line in (*(services if "*" in one.services else services & set(one.services)), f"@{one.window}")
            ]
            for one in self._desks
        ]
        self._serving = defaultdict[str, list[int]](list)
        for at, mine in enumerate(self._mine):
            for line, _ in mine:
                self._serving[line].append(at)
        self._agenda: list[tuple[float, int]] = []
        self._idle: dict[int, float] = {}
        self._busy = [-inf] * len(self._desks)
        self._waits: list[float | None] = [None] * len(day.arrivals)

    def run(self) -> list[float | None]:
        for at, hours in enumerate(self._hours):
            heapq.heappush(self._agenda, (hours[0][0], at))
        for number, arrival in enumerate(self._day.arrivals):
            self._until(arrival.at)
            line = f"@{arrival.window}" if arrival.window else arrival.service
            heapq.heappush(self._lines[line], (arrival.rank, number))
            free = [at for at in self._serving[line] if at in self._idle and self._is_open(at, arrival.at)]
            if free:
                # Whoever has been idle longest looks up first.
                self._call(min(free, key=lambda at: self._idle[at]), arrival.at)
        self._until(inf)
        return self._waits

    def _until(self, time: float) -> None:
        while self._agenda and self._agenda[0][0] <= time:
            at, desk = heapq.heappop(self._agenda)
            self._call(desk, at)

    def _call(self, desk: int, now: float) -> None:
        if now < self._busy[desk]:
            # Its hours begin again while the last resident is still there.
            return
        self._idle.pop(desk, None)
        if not self._is_open(desk, now):
            again = next((begin for begin, _ in self._hours[desk] if begin > now), None)
            if again is not None:
                heapq.heappush(self._agenda, (again, desk))
            return
        best: tuple[float, int] | None = None
        which = ""
        lines = self._lines
        for line, weight in self._mine[desk]:
            waiting = lines[line]
            if waiting and (best is None or (waiting[0][0] - weight, waiting[0][1]) < best):
                best, which = (waiting[0][0] - weight, waiting[0][1]), line
        if best is None:
            self._idle[desk] = now
            # Idle at the end of its hours, it calls again when the next begin.
            again = next((begin for begin, _ in self._hours[desk] if begin > now), None)
            if again is not None:
                heapq.heappush(self._agenda, (again, desk))
            return
        _, number = heapq.heappop(lines[which])
        arrival = self._day.arrivals[number]
        self._waits[number] = now - arrival.at
        self._busy[desk] = now + (arrival.length or _LEAST) * self._tempos[desk]
        heapq.heappush(self._agenda, (self._busy[desk], desk))

    def _is_open(self, desk: int, now: float) -> bool:
        return any(begin <= now < end for begin, end in self._hours[desk])


class _Tally:
    """Waits of many runs."""

    def __init__(self) -> None:
        self._waits: list[float] = []
        self._seconds = 0.0
        self._unserved = 0

    def add(self, waits: Sequence[float | None], day: PastDay) -> float:
        """Add a run; the seconds that all wait in it: who is never called waits until the last window shuts."""
        shuts = max((hours[-1][1] for hours in day.hours.values() if hours), default=0.0)
        seconds = 0.0
        for wait, arrival in zip(waits, day.arrivals, strict=True):
            if wait is None:
                self._unserved += 1
                seconds += max(0.0, shuts - arrival.at)
            else:
                self._waits.append(wait)
                seconds += wait
        self._seconds += seconds
        return seconds

    @property
    def mean(self) -> float:
        """Seconds, of those who are called."""
        return fmean(self._waits) if self._waits else 0.0

    def outcome(self, runs: int) -> Outcome:
        waits = sorted(self._waits) or [0.0]
        return Outcome(self._seconds / 60 / runs, median(waits) / 60, _quantile(waits, 0.9) / 60, self._unserved / runs)


class _Lengths:
    """The lengths of all days' cases, at the tempo that they would have had on a usual day."""

    def __init__(self, days: Sequence[PastDay]) -> None:
        self._days = days
        known = [[(one.service, one.length) for one in day.arrivals if one.length is not None] for day in days]
        means = {service: fmean(group) for service, group in _grouped(one for day in known for one in day).items()}
        self._tempos = [_tempo(day, means) for day in known]
        self._pools = _grouped(
            (service, length / tempo) for day, tempo in zip(known, self._tempos, strict=True) for service, length in day
        )
        self._usual = [length for pool in self._pools.values() for length in pool] or list(UNKNOWN_PACE.lengths)

    def of(self, which: int, chance: Random, *, anew: bool) -> PastDay:
        """A day with a length for every arrival, drawn anew or only where it is not known."""
        day, tempo, pools = self._days[which], self._tempos[which], self._pools
        arrivals = tuple(
            one._replace(length=chance.choice(pools.get(one.service, self._usual)) * tempo)
            if anew or one.length is None
            else one
            for one in day.arrivals
        )
        return replace(day, arrivals=arrivals)


def _tempo(cases: Sequence[tuple[str, float]], means: Mapping[str, float]) -> float:
    """How long a day's cases took, as a ratio to all days'."""
    if not cases:
        return 1.0
    usual = sum(means[service] for service, _ in cases)
    own = _DAY_CASES * usual / len(cases)
    return (sum(min(length, 4 * means[service]) for service, length in cases) + own) / (usual + own)


def _hours_of(cases: Iterable[PastCase]) -> dict[str, Hours]:
    """When each window called: from its first call to its last end, but for the times in which its clerk was away.

    A clerk was away when the next to be called had waited for long after the last one had left.
    """
    calls: dict[str, list[PastCase]] = defaultdict(list)
    for case in cases:
        if case.window is not None and case.called is not None:
            calls[case.window].append(case)
    found = {}
    for window, mine in calls.items():
        mine.sort(key=lambda case: case.called or 0.0)
        hours = [[mine[0].called or 0.0, 0.0]]
        for case, following in pairwise(mine):
            # When a resident of a past day was found missing is not kept.
            left = (case.called or 0.0) + STILL_AT_IT if case.ended is None else case.ended
            called = following.called or 0.0
            if called - max(left, following.queued) > STILL_AT_IT:
                hours[-1][1] = left + 1.0
                hours.append([called, 0.0])
        last = mine[-1]
        hours[-1][1] = ((last.called or 0.0) if last.ended is None else last.ended) + 1.0
        found[window] = tuple((begin, end) for begin, end in hours)
    return found


def _joined(hours: Hours, begin: float, end: float) -> Hours:
    apart = [one for one in hours if one[1] < begin or one[0] > end]
    over = [one for one in hours if one not in apart]
    return tuple(sorted([*apart, (min([begin, *(one[0] for one in over)]), max([end, *(one[1] for one in over)]))]))


def _cut(hours: Hours, begin: float, end: float) -> Hours:
    left = [(one[0], min(one[1], begin)) for one in hours] + [(max(one[0], end), one[1]) for one in hours]
    return tuple(sorted(one for one in left if one[0] < one[1]))


def _grouped(pairs: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between the values of a sorted list, by linear interpolation."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
