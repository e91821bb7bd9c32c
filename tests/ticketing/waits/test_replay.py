"""Past days lived through again, with a window more or less."""

from random import Random

import pytest

from ticketing.waits.pace import PastCase
from ticketing.waits.replay import Arrival, Change, Desk, PastDay, changed, compare, past_day, replay
from ticketing.waits.worker import compare_apart

ALL = ("*",)
NINE, FIVE = 9 * 3600.0, 17 * 3600.0


def day(arrivals: list[Arrival], **hours: tuple[tuple[float, float], ...]) -> PastDay:
    hours = hours or {"1": ((NINE, FIVE),)}
    return PastDay(tuple(arrivals), hours, dict.fromkeys(hours, 1.0), None)


def tax(at: float, length: float = 300.0, rank: float | None = None, **more: str) -> Arrival:
    return Arrival(NINE + at, "tax", NINE + at if rank is None else NINE + rank, length, **more)


def test_a_window_takes_one_after_the_other_in_order_of_rank() -> None:
    waits = replay(day([tax(0), tax(10), tax(20), tax(30, rank=-1800)]), [Desk("1", ALL)])
    assert waits == [0.0, 590.0, 880.0, 270.0]


def test_a_window_takes_only_what_it_serves_and_prefers_by_weight() -> None:
    arrivals = [tax(0), Arrival(NINE + 10, "seal", NINE + 10, 100.0), tax(20)]
    shared = day(arrivals, **{"1": ((NINE, FIVE),)})
    assert replay(shared, [Desk("1", ("tax",))]) == [0.0, None, 280.0]
    assert replay(shared, [Desk("1", ALL, {"tax": 60.0})]) == [0.0, 590.0, 280.0]


def test_a_ticket_for_one_window_waits_for_that_window() -> None:
    both = day([tax(0, window="2"), tax(0)], **{"1": ((NINE, FIVE),), "2": ((NINE + 600, FIVE),)})
    assert replay(both, [Desk("1", ALL), Desk("2", ALL)]) == [600.0, 0.0]


def test_a_window_that_shuts_finishes_its_case_and_goes_on_when_it_opens_again() -> None:
    hours = ((NINE, NINE + 100), (NINE + 1000, FIVE))
    assert replay(day([tax(0), tax(10), tax(20)], **{"1": hours}), [Desk("1", ALL)]) == [0.0, 990.0, 1280.0]
    # Opened again while the case still lasts: nobody is served twice at once.
    hours = ((NINE, NINE + 100), (NINE + 200, FIVE))
    assert replay(day([tax(0), tax(10)], **{"1": hours}), [Desk("1", ALL)]) == [0.0, 290.0]


def test_an_idle_window_calls_whoever_comes_at_once_while_it_is_open() -> None:
    hours = ((NINE, NINE + 1000), (NINE + 2000, FIVE))
    found = replay(day([tax(0), tax(900, 50), tax(1500), tax(2500)], **{"1": hours}), [Desk("1", ALL)])
    assert found == [0.0, 0.0, 500.0, 0.0]


def test_who_is_never_called_is_told_and_waits_until_the_end() -> None:
    lived = day([tax(0), tax(10)], **{"1": ((NINE, NINE + 200),)})
    found = compare([lived], [Desk("1", ALL)], Change("1", NINE + 200, NINE + 400))
    assert (found.base.unserved, found.changed.unserved) == (1.0, 0.0)
    assert found.base.minutes == pytest.approx(190 / 60)
    assert found.changed.minutes == pytest.approx(290 / 60)


def test_a_change_opens_or_shuts_for_its_time_alone() -> None:
    hours = {"1": ((NINE, NINE + 100), (NINE + 300, NINE + 400))}
    opened = changed(day([], **hours), Change("1", NINE + 50, NINE + 350)).hours["1"]
    assert opened == ((NINE, NINE + 400),)
    assert changed(day([], **hours), Change("2", NINE, FIVE)).hours["2"] == ((NINE, FIVE),)
    shut = changed(day([], **hours), Change("1", NINE + 50, NINE + 350, opens=False)).hours["1"]
    assert shut == ((NINE, NINE + 50), (NINE + 350, NINE + 400))


def crowded() -> PastDay:
    chance = Random(3)
    arrivals = [tax(90.0 * turn, 400 * chance.lognormvariate(0, 0.5)) for turn in range(200)]
    return day(arrivals, **{"1": ((NINE, FIVE),), "2": ((NINE, FIVE),), "3": ((NINE, FIVE),)})


DESKS = [Desk(str(number), ALL) for number in range(1, 6)]


def test_a_window_more_saves_and_one_less_costs_and_the_same_question_has_the_same_answer() -> None:
    more = compare([crowded()], DESKS, Change("4", NINE + 2400, FIVE))
    less = compare([crowded()], DESKS, Change("3", NINE + 2400, FIVE, opens=False))
    assert more.low <= more.saves <= more.high
    assert more.saves > 0 > less.saves
    assert more.changed.p90 < more.base.p90 < less.changed.p90
    assert more.saves == pytest.approx(more.base.minutes - more.changed.minutes)
    assert (more.days, more.runs) == (1, 100)
    assert compare([crowded()], DESKS, Change("4", NINE + 2400, FIVE)) == more


def test_another_process_gives_the_same_answer() -> None:
    change = Change("4", NINE + 2400, FIVE)
    assert compare_apart([crowded()], DESKS, change) == compare([crowded()], DESKS, change)


def case(queued: float, called: float | None, ended: float | None, window: str = "1", start: float = 0.0) -> PastCase:
    return PastCase("tax", queued, start, window if called is not None else None, called, ended, today=False)


def test_a_day_is_learned_with_its_clerks_and_its_breaks() -> None:
    cases = [
        case(0, 10, 300),
        case(5, 310, 600),
        # It had waited since before lunch: the clerk was away.
        case(50, 4200, 4500),
        # Nobody waited for long: the window was free.
        case(9000, 9010, 9300),
        case(9100, 9310, 9900, start=1800.0),
        case(20000, None, None),
    ]
    found = past_day(cases)
    assert found.hours == {"1": ((10, 601), (4200, 9901))}
    assert [round(one.at) for one in found.arrivals] == [0, 5, 50, 9000, 9100, 20000]
    assert found.arrivals[4].rank == 7300
    assert found.arrivals[-1].length is None
    assert found.tempos["1"] == pytest.approx(1.0)
    assert found.waited == pytest.approx((10 + 305 + 4150 + 10 + 210) / 5)
    # Lived through again it is nearly the day that it was.
    waits = replay(found, [Desk("1", ALL)])
    assert waits[:3] == pytest.approx([10, 305, 4150], abs=20)


def test_a_slow_clerks_cases_are_quicker_elsewhere() -> None:
    slow = [case(500.0 * turn, 500.0 * turn, 500.0 * turn + 400) for turn in range(60)]
    quick = [case(500.0 * turn, 500.0 * turn, 500.0 * turn + 200, "2") for turn in range(60)]
    found = past_day([*slow, *quick])
    assert found.tempos["1"] > 1.2 > 0.8 > found.tempos["2"]
    lengths = [one.length for one in found.arrivals if one.length is not None]
    assert max(lengths) - min(lengths) < 60
