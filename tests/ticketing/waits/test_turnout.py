"""How many are foretold to come."""

from random import Random

import pytest

from ticketing.waits.interval import CLAIM
from ticketing.waits.turnout import expected


def days(chance: Random, number: int, mean: float, spread: float) -> list[dict[int, int]]:
    """Days on which so many come by hour."""
    found = []
    for _ in range(number):
        crowd = chance.lognormvariate(0, spread)
        found.append({hour: poisson(chance, mean * crowd * (2 if hour == 9 else 1)) for hour in range(9, 17)})
    return found


def poisson(chance: Random, mean: float) -> int:
    count, time = 0, chance.expovariate(mean)
    while time < 1:
        count, time = count + 1, time + chance.expovariate(mean)
    return count


@pytest.mark.parametrize("mean", [4.0, 40.0])
@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_four_days_of_five_come_as_foretold(mean: float, spread: float) -> None:
    chance = Random(f"{mean} {spread}")
    held = []
    for _ in range(250):
        *past, day = days(chance, 9, mean, spread)
        held += [one.holds(day[hour]) for hour, one in expected(past).items()]
    assert sum(held) / len(held) == pytest.approx(CLAIM, abs=0.05)


def test_of_too_few_days_nothing_is_foretold() -> None:
    assert expected([{9: 5}, {9: 6}]) == {}
    assert expected([]) == {}


def test_days_that_are_all_alike_still_have_chance_in_them() -> None:
    found = expected([{9: 100}] * 8)[9]
    assert (found.mean, found.low < 90, found.high > 110) == (100, True, True)


def test_an_hour_in_which_hardly_anybody_comes_may_have_nobody() -> None:
    found = expected([{9: 1}, {9: 0}, {9: 0}, {10: 7}])
    assert found[9].low == 0
    assert found[9].holds(1)
