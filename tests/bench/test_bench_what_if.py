"""What a window more is said to save, against what the simulated hall then gives with another seed; how many are
foretold to come, against how many do."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from statistics import fmean

import pytest

from hall_days import DAY, HOUR, KINDS, Hall, Kind, Resident, live, who_come
from ticketing.waits.interval import CLAIM
from ticketing.waits.pace import PastCase
from ticketing.waits.replay import Change, Comparison, Desk, PastDay, compare, past_day
from ticketing.waits.turnout import expected
from ticketing.waits.worker import compare_apart

OPENED = (9 + 40 / 60, 17.0)
"""When the window is opened, hours."""
LUCKS = 3
"""How many other seeds live through the same days: what one gives is itself off by some 8 per cent."""


def with_reserve(kind: Kind, *, opened: bool) -> Kind:
    """The same hall with one window more, which is shut, or opened at twenty to ten."""
    return replace(kind, windows=(*kind.windows, ("*",)), reserve=1, opened=OPENED if opened else None)


def nobody(_hall: Hall, _newcomer: Resident | None) -> None:
    """Looks at nothing."""


def past_days(kind: Kind, seed: int, days: int) -> list[PastDay]:
    """Days of the hall as its store keeps them."""
    hall = live(kind, seed, days, nobody, DAY)
    found = []
    for day in range(days):
        midnight = day * DAY
        cases = [
            PastCase(
                one.service,
                one.issued - midnight,
                one.issued - one.rank,
                None if one.window is None else str(one.window),
                None if one.called is None else one.called - midnight,
                # Of who never came, a past day does not keep when that was found.
                one.ended - midnight if one.comes and one.ended is not None else None,
            )
            for one in hall.residents
            if midnight <= one.issued < midnight + DAY
        ]
        found.append(past_day(cases))
    return found


def told(kind: Kind, seed: int, days: int) -> Comparison:
    """What the hall's past days say of the window more."""
    shut = with_reserve(kind, opened=False)
    desks = [Desk(str(window), services) for window, services in enumerate(shut.windows)]
    change = Change(str(len(shut.windows) - 1), OPENED[0] * HOUR, OPENED[1] * HOUR)
    return compare(past_days(shut, seed, days), desks, change)


def minutes_waited(kind: Kind, seed: int, days: int, luck: int) -> float:
    """Person-minutes of a day, on average."""
    hall = live(kind, seed, days, nobody, DAY, luck)
    waits = [one.called - one.issued for one in hall.residents if one.called is not None]
    return sum(waits) / 60 / days


def truth(kind: Kind, seed: int, days: int) -> float:
    """Person-minutes a day that the window really saves, by other seeds than the past's: on these very days."""
    shut, opened = (
        fmean(minutes_waited(with_reserve(kind, opened=one), seed, days, luck) for luck in range(1, LUCKS + 1))
        for one in (False, True)
    )
    return shut - opened


@pytest.mark.timeout(1800)
def test_bench_what_if(whole: bool, figure: Callable[[str], None]) -> None:
    # The first day of a hall has no past to learn from, and who waits for its one window waits by luck.
    kinds = [kind for kind in KINDS[1:] if kind.past]
    days, seeds = (40, 2) if whole else (20, 1)
    figure(f"{'a window more from 9:40':32}told    of a day, 80 %     true  ratio  waits replayed ÷ real")
    ratios = []
    for kind in kinds if whole else kinds[:1]:
        for seed in range(seeds):
            found = told(kind, seed, days)
            real = truth(kind, seed, days)
            assert found.waited
            interval = f"{found.low:.0f} – {found.high:.0f}"
            figure(
                f"{kind.name:32}{found.saves:5.0f}{interval:>18}{real:9.0f}{found.saves / real:7.2f}"
                f"{found.replayed / found.waited:8.2f}"
            )
            ratios.append(found.saves / real)
    figure(f"told ÷ true over all: {fmean(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")
    assert [one for one in ratios if one != pytest.approx(1.0, rel=0.2)] == []


def test_bench_what_if_takes(whole: bool, figure: Callable[[str], None]) -> None:
    """Twenty days of a large hall: 50 windows, 1,200 tickets a day; the process of its own, as the page asks it."""
    kind = replace(KINDS[4], windows=(("*",),) * 18)
    days = past_days(with_reserve(kind, opened=False), 1, 20 if whole else 2)
    desks = [Desk(str(window), ("*",)) for window in range(50)]
    change = Change("18", OPENED[0] * HOUR, OPENED[1] * HOUR)
    begin = time.perf_counter()
    found = compare_apart(days, desks, change)
    took = time.perf_counter() - begin
    tickets = sum(len(day.arrivals) for day in days) / len(days)
    figure(
        f"what if, {len(days)} days of {tickets:.0f} tickets, {found.runs} runs: {took:.1f} s in a process of its own"
    )
    assert found.runs >= len(days)


def counts_by_hour(kind: Kind, seed: int, days: int) -> list[Counter[int]]:
    """How many came by hour, of each day."""
    return [Counter(int(second // HOUR) for second in day) for day in who_come(kind, seed, days)]


def counts_by_service(kind: Kind, seed: int, days: int) -> list[Counter[str]]:
    """How many came for each service, of each day."""
    chance, shares = Random(f"{kind.name} {seed} services"), [one.share for one in kind.works]
    return [
        Counter(one.service for one in chance.choices(kind.works, shares, k=len(day)))
        for day in who_come(kind, seed, days)
    ]


@pytest.mark.timeout(1800)
def test_bench_turnout(whole: bool, figure: Callable[[str], None]) -> None:
    past, after, seeds = (8, 2, 250) if whole else (8, 2, 40)
    everything: list[bool] = []
    for kind in (KINDS[1], KINDS[2], KINDS[4], KINDS[5]) if whole else (KINDS[2],):
        for turnout in (0.0, 0.1, 0.25):
            held: list[bool] = []
            for seed in range(seeds):
                days = counts_by_hour(replace(kind, turnout=turnout), seed, past + after)
                foretold = expected(days[:past])
                held += [foretold[hour].holds(day[hour]) for day in days[past:] for hour in foretold]
            share = 100 * fmean(held)
            figure(f"{kind.name:32} turnout ± {100 * turnout:.0f} %: {share:.1f} % of hours within the interval")
            everything += held
            if whole:
                assert fmean(held) == pytest.approx(CLAIM, abs=0.05)
    figure(f"all: {100 * fmean(everything):.1f} %, which claims {100 * CLAIM:.0f} %")
    assert fmean(everything) == pytest.approx(CLAIM, abs=0.05)


@pytest.mark.timeout(1800)
def test_bench_turnout_by_service(whole: bool, figure: Callable[[str], None]) -> None:
    past, after, seeds = (8, 2, 250) if whole else (8, 2, 60)
    everything: list[bool] = []
    for kind in KINDS[4:7] if whole else KINDS[4:5]:
        for turnout in (0.0, 0.1, 0.25):
            held: list[bool] = []
            for seed in range(seeds):
                days = counts_by_service(replace(kind, turnout=turnout), seed, past + after)
                foretold = expected(days[:past])
                held += [one.holds(day[service]) for day in days[past:] for service, one in foretold.items()]
            share = 100 * fmean(held)
            figure(f"{kind.name:32} turnout ± {100 * turnout:.0f} %: {share:.1f} % of services within the interval")
            everything += held
            if whole:
                assert fmean(held) == pytest.approx(CLAIM, abs=0.05)
    figure(f"all: {100 * fmean(everything):.1f} %, which claims {100 * CLAIM:.0f} %")
    assert fmean(everything) == pytest.approx(CLAIM, abs=0.05)
