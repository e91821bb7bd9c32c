from random import Random
from statistics import fmean

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ticketing.waits.pace import PARTS, UNKNOWN_PACE, Overtakers, PastCase, learn, pace_of, steady


def day(length: float, n: int = 40, window: str = "1", today: bool = True, begin: float = -36000.0) -> list[PastCase]:
    """Cases of one service one after another, with a line that never ends and ten seconds between them."""
    return [
        PastCase("a", begin - 9000, 0.0, window, at, at + length, today)
        for at in (begin + (length + 10) * number for number in range(n))
    ]


def test_before_a_hall_has_cases_of_its_own_a_guess_stands_in() -> None:
    assert pace_of([]).mean == pytest.approx(UNKNOWN_PACE.mean)
    few, many = pace_of([60.0] * 2), pace_of([60.0] * 200)
    assert UNKNOWN_PACE.mean > few.mean > many.mean
    assert few.doubt > 0.3 > many.doubt
    assert many.lengths == pytest.approx(steady(60.0).lengths)
    assert many.doubt == pytest.approx(0)
    assert learn([]).usual.mean == pytest.approx(UNKNOWN_PACE.mean)


def test_lengths_have_the_mean_and_the_spread_of_the_cases() -> None:
    chance = Random(3)
    cases = [chance.lognormvariate(6, 0.6) for _ in range(500)]
    pace = pace_of(cases)
    assert pace.mean == pytest.approx(fmean(cases), rel=0.01)
    assert len(pace.lengths) == PARTS
    assert list(pace.lengths) == sorted(pace.lengths)
    assert pace.lengths[PARTS // 2] == pytest.approx(sorted(cases)[250], rel=0.1)


def test_a_forgotten_finish_key_does_not_spoil_the_pace() -> None:
    assert pace_of([300.0] * 40 + [7000.0, 90_000.0, 1.0]).lengths == pytest.approx(steady(300.0).lengths)


def test_the_time_until_the_next_call_is_part_of_a_case_while_somebody_waits() -> None:
    assert learn(day(300.0)).paces["a"].mean == pytest.approx(310)


def test_an_idle_window_or_an_absent_clerk_is_not_part_of_a_case() -> None:
    idle = [PastCase("a", at - 5, 0.0, "1", at, at + 300) for at in (-36000.0 + 600 * n for n in range(40))]
    assert learn(idle).paces["a"].mean == pytest.approx(300, abs=20)
    away = day(300.0) + day(300.0, begin=-36000 + 310 * 40 + 1800)
    assert learn(away).paces["a"].mean == pytest.approx(310)


def test_residents_who_never_came_are_cases_too() -> None:
    half = [
        PastCase("a", -90000, 0.0, "1", at, at + (600 if n % 2 else 60))
        for n, at in enumerate(range(-36000, -12000, 600))
    ]
    pace = learn(half).paces["a"]
    assert pace.lengths[0] < 100 < 500 < pace.lengths[-1]


def test_of_a_past_day_the_call_after_tells_when_a_resident_was_found_missing() -> None:
    calls = [PastCase("a", -90000, 0.0, "1", at, None, False) for at in range(-36000, -32000, 100)]
    assert learn(calls).paces["a"].mean == pytest.approx(100)
    assert learn(calls[:1]).paces == {}


def test_today_counts_more_than_the_past() -> None:
    past = [case for n in range(5) for case in day(300.0, today=False, begin=-90000.0 * (n + 1))]
    assert (learn(past).tempo, learn(past).tempos) == (1.0, {})
    slow = learn(past + day(600.0, n=30, begin=-18300))
    assert slow.tempos["1"] > 1.3
    assert 1 < slow.tempo < slow.tempos["1"]


def test_a_window_is_known_by_its_own_cases_and_a_strange_one_by_its_halls() -> None:
    hall = learn(day(300.0, window="1", begin=-12500) + day(600.0, n=20, window="2", begin=-12500))
    assert hall.tempos["1"] < 0.9 < 1.1 < hall.tempos["2"]
    assert hall.tempos["1"] < hall.tempo < hall.tempos["2"]
    assert 0 < hall.doubts["1"] < hall.doubts["2"] < hall.strange


def test_one_endless_case_does_not_make_a_slow_day() -> None:
    usual = day(300.0, begin=-12500)
    assert learn([*usual, PastCase("a", -90000, 0.0, "2", -6000, -100)]).tempo < 1.15


def test_of_a_new_service_the_hall_is_asked() -> None:
    assert learn(day(120.0)).usual.mean == pytest.approx(130)


def test_how_many_come_with_a_head_start_is_seen_from_those_of_the_last_hour() -> None:
    def issued(minutes: float, head_start: float, today: bool = True) -> PastCase:
        return PastCase("a", -60 * minutes, head_start, today=today)

    cases = [issued(n, 1800.0 + n / 1e3 if n % 6 == 0 else 0.0) for n in range(60)]
    old = [issued(n, 1800.0) for n in range(61, 90)] + [issued(30, 600.0, today=False)]
    (found,) = learn(cases + old).overtakers
    assert (found.service, found.head_start) == ("a", 1800)
    assert found.rate == pytest.approx(10 / 3540)
    # The first ticket of the day is one in half an hour, not one in a second.
    assert learn([issued(0.01, 1800.0)]).overtakers == (Overtakers("a", 1800, 1 / 1800),)


def test_a_clock_that_was_set_back_by_years_does_no_harm() -> None:
    hall = learn([PastCase("a", 1e9, 0.0, "1", 1e9 + 400 * n, 1e9 + 400 * n + 300) for n in range(30)])
    assert hall.tempo == pytest.approx(1, abs=0.01)


cases = st.builds(
    PastCase,
    st.sampled_from(["a", "b"]),
    st.floats(-1e6, 10),
    st.floats(-1e4, 1e4),
    st.sampled_from([None, "1", "2"]),
    st.none() | st.floats(-1e10, 1e10),
    st.none() | st.floats(-1e10, 1e10),
    st.booleans(),
)


@given(st.lists(cases, max_size=60))
def test_whatever_the_past_was_something_sensible_is_learned(past: list[PastCase]) -> None:
    found = learn(past)
    for pace in [*found.paces.values(), found.usual]:
        assert len(pace.lengths) == PARTS
        assert 0 < pace.lengths[0] <= pace.lengths[-1] <= 7500
        assert all(one <= after + 1e-6 for one, after in zip(pace.lengths, pace.lengths[1:], strict=False))
        assert 0 <= pace.doubt < 2
    assert all(0.05 < tempo < 20 for tempo in [*found.tempos.values(), found.tempo])
