"""The expected wait against what people reckon themselves: how many are ahead, times how long a case takes.

Each resident asks when the number is taken, and again while waiting, as the page on the phone does; the truth is when
the call came. Left out are those whom a free window calls at once: there is nothing to foretell.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

import pytest

from hall_days import KINDS, Hall, Kind, Resident, live
from ticketing.waits.estimate import OpenWindow, Place, forecast
from ticketing.waits.interval import CLAIM, Wait
from ticketing.waits.pace import Experience, PastCase, learn

REMEMBERED = 3000
"""Tickets learned from, as views do."""
_GUESS = 480.0
"""What the naive rule takes for a case before there are any."""


@dataclass(frozen=True)
class Asked:
    """One question: who asked when, and the answers, in minutes."""

    resident: Resident
    at: float
    ours: Wait
    naive: float
    shared: float

    @property
    def truth(self) -> float:
        assert self.resident.called is not None
        return (self.resident.called - self.at) / 60

    @property
    def held(self) -> bool:
        low, high = self.ours.interval
        return low <= self.truth <= high


class Asking:
    """Asks in a hall, and knows only what its store would show."""

    def __init__(self, from_day: int, every: float, one_in: int) -> None:
        self.asked: list[Asked] = []
        self._from = from_day * 86400.0
        self._every, self._one_in = every, one_in
        self._issued = 0
        self._learned = (-1e9, Experience(), dict[str, float]())

    def look(self, hall: Hall, newcomer: Resident | None) -> None:
        if hall.today < self._from:
            return
        if newcomer is not None:
            self._issued += 1
            if self._issued % self._one_in or any(one.ready and one.serves(newcomer.service) for one in hall.counters):
                return
        experience, means = self._experience(hall)
        line = hall.waiting()
        found = forecast(
            [desk(hall, window) for window, one in enumerate(hall.counters) if one.open],
            [Place(one.id, one.service, one.rank - hall.now) for one in line],
            [work.service for work in hall.kind.works],
            experience,
        )
        ahead: dict[str, int] = defaultdict(int)
        for one in line:
            before = ahead[one.service]
            ahead[one.service] += 1
            # When all windows for a service pause, the page says no time at all.
            if one.id in found.calls and newcomer in (None, one):
                naive = before * means.get(one.service, _GUESS) / 60
                windows = sum(at.open and at.serves(one.service) for at in hall.counters)
                self.asked.append(Asked(one, hall.now, found.calls[one.id], naive, naive / windows))

    def _experience(self, hall: Hall) -> tuple[Experience, dict[str, float]]:
        if not 0 <= hall.now - self._learned[0] < self._every:
            recent = hall.residents[-REMEMBERED:]
            self._learned = hall.now, learn(case(hall, one) for one in recent), naive_means(hall, recent)
        return self._learned[1:]


def desk(hall: Hall, window: int) -> OpenWindow:
    at = hall.counters[window]
    if at.resident is None or at.resident.called is None:
        return OpenWindow(at.services, window=str(window))
    return OpenWindow(at.services, at.resident.service, hall.now - at.resident.called, str(window))


def case(hall: Hall, one: Resident) -> PastCase:
    today = one.issued > hall.today
    # Of who never came, a past day does not keep when that was found.
    known = one.ended is not None and (one.comes or today)
    return PastCase(
        one.service,
        one.issued - hall.now,
        one.issued - one.rank,
        None if one.window is None else str(one.window),
        None if one.called is None else one.called - hall.now,
        one.ended - hall.now if known and one.ended is not None else None,
        today,
    )


def naive_means(hall: Hall, recent: Iterable[Resident]) -> dict[str, float]:
    """By service: the mean from call to end, of today as soon as ten are done, else of all."""
    of_all: dict[str, list[float]] = defaultdict(list)
    of_today: dict[str, list[float]] = defaultdict(list)
    for one in recent:
        if one.comes and one.called is not None and one.ended is not None:
            of_all[one.service].append(one.ended - one.called)
            if one.issued > hall.today:
                of_today[one.service].append(one.ended - one.called)
    return {
        service: fmean(of_today[service] if len(of_today[service]) >= 10 else lengths)
        for service, lengths in of_all.items()
    }


def ask(kind: Kind, seed: int, days: int, every: float, one_in: int) -> list[Asked]:
    asking = Asking(kind.past, every, one_in)
    live(kind, seed, kind.past + days, asking.look, every)
    return asking.asked


@dataclass(frozen=True)
class Score:
    """Mean errors in minutes, the share of waits that were within their interval, and how wide that was."""

    asked: list[Asked]

    @property
    def error(self) -> float:
        return fmean(abs(one.ours.minutes - one.truth) for one in self.asked)

    @property
    def naive(self) -> float:
        return fmean(abs(one.naive - one.truth) for one in self.asked)

    @property
    def shared(self) -> float:
        return fmean(abs(one.shared - one.truth) for one in self.asked)

    @property
    def held(self) -> float:
        return fmean(one.held for one in self.asked)

    def row(self, name: str) -> str:
        wait = fmean(one.truth for one in self.asked)
        width = fmean(one.ours.interval.high - one.ours.interval.low for one in self.asked)
        return (
            f"{name:32}{len(self.asked):7}{wait:7.1f}{self.error:7.1f}{self.naive:8.1f}{self.shared:8.1f}"
            f"{self.error / self.naive:8.2f}{self.error / self.shared:8.2f}{100 * self.held:7.0f} %{width:7.1f}"
        )


HEAD = f"{'expected wait, in minutes':32}  asked   wait  error   naive  ÷ wins   ratio  ÷ wins   held  width"


@pytest.mark.timeout(1200)
def test_bench_expected_wait(whole: bool, figure: Callable[[str], None]) -> None:
    seeds, days, every, one_in = (4, 3, 300.0, 3) if whole else (1, 2, 1200.0, 10)
    everything: list[Asked] = []
    figure(HEAD)
    for kind in KINDS:
        # A hall has only one first day.
        runs, of_each = (seeds, days) if kind.past else (seeds * days, 1)
        asked = [one for seed in range(runs) for one in ask(kind, seed, of_each, every, one_in)]
        figure(Score(asked).row(kind.name))
        everything += asked
    whole_score = Score(everything)
    figure(Score([one for one in everything if one.at == one.resident.issued]).row("all, when the number is taken"))
    figure(Score([one for one in everything if one.at > one.resident.issued]).row("all, while waiting"))
    figure(whole_score.row("all"))
    figure(f"held: of the waits, how many were within their interval, which claims {100 * CLAIM:.0f} %")
    assert whole_score.held == pytest.approx(CLAIM, abs=0.05)
    assert whole_score.error <= 0.7 * whole_score.naive


def test_bench_forecast(whole: bool, figure: Callable[[str], None]) -> None:
    services = [f"s{n}" for n in range(8)]
    desks = [
        OpenWindow(tuple(services[n % 8 : n % 8 + 3]) if n else ("*",), services[n % 8], 60.0 * n, f"{n}")
        for n in range(10)
    ]
    waiting = [Place(n, services[n * 5 % 8], 15.0 * (n - 200)) for n in range(200)]
    past = [
        PastCase(
            services[n % 8], -20.0 * n - 900, 1800.0 * (n % 10 == 0), f"{n % 10}", -20.0 * n - 600, -20.0 * n - 300
        )
        for n in range(REMEMBERED)
    ]
    learning, foretelling = [], []
    for _ in range(30 if whole else 3):
        begin = time.process_time()
        experience = learn(past)
        learned = time.process_time()
        found = forecast(desks, waiting, services, experience)
        foretelling.append(time.process_time() - learned)
        learning.append(learned - begin)
    assert len(found.calls) == 200
    figure(
        f"forecast for 10 windows, 8 services and 200 waiting: {1000 * statistics.median(foretelling):.1f} ms; "
        f"learning from {REMEMBERED:,} tickets: {1000 * statistics.median(learning):.1f} ms"
    )
