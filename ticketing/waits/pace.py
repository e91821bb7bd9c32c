"""How long cases take, learned from past calls. Pure.

A window is busy from a call until the next one can be made: the walk, the case, the clerk's last keys after it. So a
case's length is taken from call to call while others waited, and from call to end otherwise. Calls without a show
count as short cases, in their share.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf, sqrt
from statistics import NormalDist, fmean, median, pstdev

PARTS = 24
"""Into how many equally frequent parts the lengths of cases are cut; also how often a forecast simulates the queue."""

SHORTEST, LONGEST = 5.0, 7200.0
"""Seconds; what is outside is a mistaken call or a forgotten *finish* key."""

_TAIL = 6.0
"""A case of so many times the third quartile was forgotten at the window, not worked on."""
STILL_AT_IT = 180.0
"""Seconds without the next call after which a clerk counts as away, not busy."""
_USUAL_GAP = 15.0
_GUESS_CASES, _ENOUGH = 4.0, 20
"""The weight of the guess in cases, and the number of a service's own cases at which that weight is 0."""
_DAY_CASES, _WINDOW_CASES = 30.0, 8.0
"""The same for today's tempo against all days', and for a window's against its hall's: lengths vary by some 0.7 of
their mean, days by 0.1 and clerks by 0.2, and the squares of these ratios are how many cases tell one from chance."""
_CHANCE = 0.5
"""The square of that 0.7."""
_FADES = 21600.0
"""Seconds after which a case of today tells half as much about now."""
_UNFORESEEN = 0.14
"""Relative standard deviation for what no case tells: windows that pause and open, changing clerks."""
_ARRIVALS_SEEN = 3600.0
"""How far back, in seconds, the rate of tickets with a head start is measured."""


@dataclass(frozen=True)
class Pace:
    """How long a service's cases take.

    Attributes:
        lengths: in seconds, :data:`PARTS` equally probable ones, shortest first.
        doubt: how far their mean may be off, as a relative standard deviation.
    """

    lengths: tuple[float, ...]
    doubt: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds a case takes on average."""
        return fmean(self.lengths)


def steady(seconds: float) -> Pace:
    """The pace of a service whose cases all take as long."""
    return Pace((seconds,) * PARTS)


def _guess() -> Pace:
    # A log-normal of median 360 s and mean 470 s: small errands mostly, and the odd long one.
    points = [NormalDist().inv_cdf((part + 0.5) / PARTS) for part in range(PARTS)]
    return Pace(tuple(360.0 * exp(0.7 * point) for point in points), 0.5)


UNKNOWN_PACE = _guess()
"""Before a hall has any cases of its own; a guess that leaves bit by bit as they come."""


@dataclass(frozen=True)
class PastCase:
    """A ticket as pace is learned from: it was called, or still waits. Times are seconds from now, so mostly negative.

    Attributes:
        service: what for.
        queued: when it began to wait, which is when it was issued unless it has been at another window before.
        head_start: how much earlier it ranks, in seconds.
        window: where it was called to, None while it waits.
        called: when.
        ended: when the case was over, or the resident found missing; None while it lasts, or when that is not known.
        today: whether it is of this hall day.
    """

    service: str
    queued: float
    head_start: float = 0.0
    window: str | None = None
    called: float | None = None
    ended: float | None = None
    today: bool = True


@dataclass(frozen=True)
class Overtakers:
    """Tickets with a head start (seconds) that come while others wait; ``rate``: how many in a second."""

    service: str
    head_start: float
    rate: float


@dataclass(frozen=True)
class Experience:
    """What a hall has learned.

    Attributes:
        paces: by service; one that is missing has ``usual``.
        usual: of a service without any case yet.
        tempos: by window: how long its cases take today, as a ratio to the pace.
        tempo: the same of a window that is not among them.
        doubt: how far all of it may be off together, as a relative standard deviation.
        doubts: by window: how far its tempo may be off.
        strange: the same of a window that is not among them.
        overtakers: tickets with a head start that are to be expected.
    """

    paces: Mapping[str, Pace] = field(default_factory=dict)
    usual: Pace = UNKNOWN_PACE
    tempos: Mapping[str, float] = field(default_factory=dict)
    tempo: float = 1.0
    doubt: float = 0.0
    doubts: Mapping[str, float] = field(default_factory=dict)
    strange: float = 0.0
    overtakers: tuple[Overtakers, ...] = ()


def learn(cases: Iterable[PastCase]) -> Experience:
    """Learn from past and today's cases, in any order."""
    known = list(cases)
    worked = lengths(known)
    by_service: dict[str, list[float]] = defaultdict(list)
    for case, length in worked:
        by_service[case.service].append(length)
    # Of a new service the hall's others tell little.
    usual = Pace(pace_of(length for _, length in worked).lengths, UNKNOWN_PACE.doubt)
    paces = {service: pace_of(lengths, usual) for service, lengths in by_service.items()}
    return _with_tempos(paces, usual, worked, _overtakers(known))


def _with_tempos(
    paces: dict[str, Pace], usual: Pace, worked: Sequence[tuple[PastCase, float]], overtakers: tuple[Overtakers, ...]
) -> Experience:
    """How today's cases compare with what their paces promise, in the hall and at each window."""
    means = {service: pace.mean for service, pace in paces.items()}
    took: dict[str, float] = defaultdict(float)
    promised: dict[str, float] = defaultdict(float)
    weights: dict[str, float] = defaultdict(float)
    for case, length in worked:
        if case.today and case.called is not None and case.window is not None:
            weight = 0.5 ** (max(0.0, -case.called) / _FADES)
            # One case, however long, is no proof of a slow day.
            took[case.window] += weight * min(length, 4 * means[case.service])
            promised[case.window] += weight * means[case.service]
            weights[case.window] += weight
    seen = sum(weights.values())
    doubt, strange = sqrt(_UNFORESEEN**2 + _CHANCE / (_DAY_CASES + seen)), sqrt(_CHANCE / _WINDOW_CASES)
    if not seen:
        return Experience(paces, usual, doubt=doubt, strange=strange, overtakers=overtakers)
    mean = sum(promised.values()) / seen
    tempo = (sum(took.values()) + _DAY_CASES * mean) / (sum(promised.values()) + _DAY_CASES * mean)
    own = _WINDOW_CASES * mean
    tempos = {window: (took[window] + own * tempo) / (promised[window] + own) for window in took}
    doubts = {window: sqrt(_CHANCE / (_WINDOW_CASES + weight)) for window, weight in weights.items()}
    return Experience(paces, usual, tempos, tempo, doubt, doubts, strange, overtakers)


def pace_of(seconds: Iterable[float], guess: Pace = UNKNOWN_PACE) -> Pace:
    """The pace shown by the lengths of past cases, in seconds; where they are few, ``guess`` is mixed in."""
    cases = sorted(s for s in seconds if SHORTEST <= s <= LONGEST)
    if cases:
        cut = bisect_left(cases, _TAIL * cases[len(cases) * 3 // 4])
        cases = cases[:cut]
    guessed = _GUESS_CASES * max(0.0, 1 - len(cases) / _ENOUGH)
    weighed = sorted([(s, 1.0) for s in cases] + [(s, guessed / PARTS) for s in guess.lengths if guessed])
    share = guessed / (len(cases) + guessed)
    lengths = _parts(weighed)
    chance = (pstdev(lengths) / fmean(lengths)) ** 2 / (len(cases) + guessed)
    return Pace(lengths, sqrt((guess.doubt * share) ** 2 + chance))


def _parts(weighed: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """The means of equally heavy parts of sorted (value, weight): so the mean of them is the mean of all."""
    full = sum(weight for _, weight in weighed) / PARTS
    means: list[float] = []
    total, room = 0.0, full
    for value, weight in weighed:
        while weight >= room and len(means) < PARTS - 1:
            means.append((total + value * room) / full)
            weight -= room
            total, room = 0.0, full
        total += value * weight
        room -= weight
    means.append(total / (full - room) if full - room > 1e-9 * full else weighed[-1][0])
    return tuple(means)


def lengths(cases: Iterable[PastCase]) -> list[tuple[PastCase, float]]:
    """How long each case that is over kept its window."""
    at_window: dict[str, list[tuple[float, PastCase]]] = defaultdict(list)
    for case in cases:
        if case.window is not None and case.called is not None:
            at_window[case.window].append((case.called, case))
    found: list[tuple[PastCase, float, float | None]] = []
    for calls in at_window.values():
        calls.sort(key=lambda one: one[0])
        for place, (called, case) in enumerate(calls):
            following = calls[place + 1] if place + 1 < len(calls) else None
            if case.ended is not None:
                gap = following[0] - case.ended if following and following[1].queued < case.ended else inf
                found.append((case, case.ended - called, gap if 0 <= gap <= STILL_AT_IT else None))
            elif following and following[0] - called <= 2 * STILL_AT_IT:
                # When a resident of a past day was found missing is not kept; that the window went on is.
                found.append((case, following[0] - called, 0.0))
    gaps = [gap for _, _, gap in found if gap]
    usual = median(gaps) if gaps else _USUAL_GAP
    return [
        (case, length + (usual if gap is None else gap)) for case, length, gap in found if SHORTEST <= length <= LONGEST
    ]


def _overtakers(cases: Iterable[PastCase]) -> tuple[Overtakers, ...]:
    count: dict[tuple[str, int], int] = defaultdict(int)
    first = 0.0
    for case in cases:
        if case.today and -_ARRIVALS_SEEN <= case.queued <= 0:
            first = min(first, case.queued)
            if case.head_start > 0:
                count[case.service, round(case.head_start)] += 1
    # Half an hour of it at least, lest the day's first ticket promise a stream of them.
    seconds = max(-first, _ARRIVALS_SEEN / 2)
    return tuple(Overtakers(service, start, n / seconds) for (service, start), n in sorted(count.items()))
