from itertools import count
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ticketing.waits.estimate import Forecast, OpenWindow, Place, forecast, reached_before
from ticketing.waits.interval import CLAIM, Wait
from ticketing.waits.pace import UNKNOWN_PACE, Experience, Overtakers, Pace, pace_of, steady

STEADY = Experience({"a": steady(600.0), "b": steady(300.0)})


def line(*services: str) -> list[Place]:
    """A line of tickets 1, 2, …, each taken ten seconds after the one before."""
    return [Place(at + 1, service, 10.0 * (at - len(services))) for at, service in enumerate(services)]


def minutes(found: Forecast) -> dict[int, tuple[int, int]]:
    return {ticket: tuple(wait.interval) for ticket, wait in found.calls.items()}


def test_a_free_window_takes_a_newcomer_at_once() -> None:
    wait = forecast([OpenWindow(("a",))], [], ["a"], STEADY).newcomers["a"]
    assert (wait.interval, wait.minutes) == ((0, 0), 0.0)


def test_two_windows_halve_the_wait() -> None:
    waiting = line("a", "a", "a", "a")
    one = forecast([OpenWindow(("a",))], waiting, ["a"], STEADY)
    two = forecast([OpenWindow(("a",))] * 2, waiting, ["a"], STEADY)
    assert minutes(one) == {1: (0, 0), 2: (10, 10), 3: (20, 20), 4: (30, 30)}
    assert minutes(two) == {1: (0, 0), 2: (0, 0), 3: (10, 10), 4: (10, 10)}
    assert one.newcomers["a"].interval == (40, 40)
    assert two.newcomers["a"].interval == (20, 20)


def test_the_ticket_now_at_the_window_has_to_end_first() -> None:
    assert forecast([OpenWindow(("a",), "a", 240.0)], line("a"), ["a"], STEADY).calls[1].interval == (6, 6)


def test_a_case_that_has_outlasted_all_others_is_not_expected_to_end_at_once() -> None:
    wait = forecast([OpenWindow(("a",), "a", 3600.0)], line("a"), ["a"], STEADY).calls[1]
    assert 0 <= wait.interval.low < wait.interval.high
    assert wait.minutes > 1


def test_the_longer_a_case_has_taken_the_longer_it_may_still_take_if_lengths_differ() -> None:
    """Half of the cases take two minutes, half take an hour: after ten minutes it is one of the long ones."""
    hall = Experience({"a": pace_of([120.0] * 50 + [3600.0] * 50)})
    fresh = forecast([OpenWindow(("a",), "a", 0.0)], line("a"), ["a"], hall).calls[1]
    known = forecast([OpenWindow(("a",), "a", 600.0)], line("a"), ["a"], hall).calls[1]
    assert fresh.mean == pytest.approx(1860, rel=0.05)
    assert known.interval == (50, 50)


def test_a_window_of_all_services_takes_them_by_rank() -> None:
    assert minutes(forecast([OpenWindow(("*",))], line("b", "a", "b"), ["a", "b"], STEADY)) == {
        1: (0, 0),
        2: (5, 5),
        3: (15, 15),
    }


def test_other_services_of_a_window_make_one_wait_though_nobody_is_ahead() -> None:
    busy = forecast([OpenWindow(("a", "b"))], line(*"bbbbbb"), ["a", "b"], STEADY)
    assert busy.newcomers["a"].interval == (30, 30)


def test_a_window_takes_a_service_of_more_weight_earlier() -> None:
    waiting = [Place(1, "a", -100.0), Place(2, "b", -50.0)]
    assert minutes(forecast([OpenWindow(("*",))], waiting, ["a", "b"], STEADY)) == {1: (0, 0), 2: (10, 10)}
    weighty = OpenWindow(("*",), weights={"b": 60.0})
    assert minutes(forecast([weighty], waiting, ["a", "b"], STEADY)) == {1: (5, 5), 2: (0, 0)}
    newcomers = forecast([weighty], [Place(1, "a", -30.0)], ["a", "b"], STEADY).newcomers
    assert (newcomers["a"].interval, newcomers["b"].interval) == ((10, 10), (0, 0))


def test_a_ticket_for_one_window_waits_for_that_one() -> None:
    windows = [OpenWindow(("a",), window="1"), OpenWindow(("a",), "a", window="2")]
    waiting = [Place(1, "a", -20.0, "2"), Place(2, "a", -10.0)]
    assert minutes(forecast(windows, waiting, ["a"], STEADY)) == {1: (10, 10), 2: (0, 0)}


def test_a_newcomer_goes_before_an_appointment_that_is_due_later() -> None:
    found = forecast([OpenWindow(("a",))], [Place(1, "a", 900.0)], ["a"], STEADY)
    assert found.newcomers["a"].interval == (0, 0)
    assert found.calls[1].interval == (0, 0)


def test_those_with_a_head_start_still_to_come_make_the_others_wait_longer() -> None:
    waiting = [Place(n, "a", n - 60.0) for n in range(8)]
    usual = forecast([OpenWindow(("a",))], waiting, ["a"], STEADY).calls
    elders = Experience(STEADY.paces, overtakers=(Overtakers("a", 1800.0, 1 / 600),))
    overtaken = forecast([OpenWindow(("a",))], waiting, ["a"], elders).calls
    # Three of them come in the half hour in which they still overtake, and take ten minutes each.
    assert overtaken[7].minutes - usual[7].minutes == pytest.approx(30, abs=3)
    assert overtaken[0].minutes == usual[0].minutes == 0
    # Who waited half an hour already is before all of them.
    early = [Place(n, "a", n - 1860.0) for n in range(8)]
    assert forecast([OpenWindow(("a",))], early, ["a"], elders).calls[7].minutes == 70


def test_a_quick_clerk_is_known_by_the_window() -> None:
    hall = Experience(STEADY.paces, tempos={"1": 0.5})
    one = forecast([OpenWindow(("a",), window="1")], line("a", "a"), ["a"], hall)
    other = forecast([OpenWindow(("a",), window="2")], line("a", "a"), ["a"], hall)
    assert (one.calls[2].interval, other.calls[2].interval) == ((5, 5), (10, 10))


def test_what_is_not_known_of_a_clerk_widens_the_interval() -> None:
    def width(hall: Experience) -> int:
        low, high = forecast([OpenWindow(("a",), window="1")], line(*"aaaaaa"), ["a"], hall).calls[6].interval
        return high - low

    known, strange = Experience(STEADY.paces), Experience(STEADY.paces, strange=0.2)
    assert width(known) == 0
    assert width(strange) > 15
    assert 0 < width(Experience(STEADY.paces, doubts={"1": 0.1}, strange=0.2)) < width(strange)
    assert width(Experience(STEADY.paces, doubt=0.2)) > 15
    assert width(Experience({"a": Pace(STEADY.paces["a"].lengths, 0.2)})) > 15


def test_a_service_no_open_window_serves_has_no_forecast() -> None:
    found = forecast([OpenWindow(("b",))], line("a", "b"), ["a", "b"], STEADY)
    assert minutes(found) == {2: (0, 0)}
    assert set(found.newcomers) == {"b"}
    assert forecast([], line("a"), ["a"], STEADY).calls == {}


def test_the_further_away_the_wider_the_interval() -> None:
    calls = forecast([OpenWindow(("a",))], line(*"a" * 40), ["a"], Experience()).calls
    widths = [calls[ticket].interval.high - calls[ticket].interval.low for ticket in (2, 5, 10, 20, 40)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_the_more_windows_the_surer_the_forecast_of_as_long_a_wait() -> None:
    one = forecast([OpenWindow(("a",))], line(*"a" * 20), ["a"], Experience()).calls[20]
    four = forecast([OpenWindow(("a",))] * 4, line(*"a" * 80), ["a"], Experience()).calls[77]
    assert four.mean == pytest.approx(one.mean, rel=0.1)
    assert four.deviation < 0.7 * one.deviation


def test_what_is_far_down_the_line_is_foretold_as_what_is_near() -> None:
    """The runs that only go some way tell the same of it."""
    tickets = line(*"ab" * 60)
    hall = Experience(usual=Pace(UNKNOWN_PACE.lengths))
    calls = forecast([OpenWindow(("*",))] * 3, tickets, ["a", "b"], hall).calls
    mean = UNKNOWN_PACE.mean
    for ticket in (30, 60, 61, 62, 120):
        assert calls[ticket].mean == pytest.approx((ticket - 2) / 3 * mean, rel=0.06)


def test_the_same_is_told_for_the_same() -> None:
    windows = [OpenWindow(("*",), "a", 100.0), OpenWindow(("b",))]
    hall = Experience(overtakers=(Overtakers("a", 1800.0, 0.01),), doubt=0.2)
    assert forecast(windows, line(*"abbab"), ["a", "b"], hall) == forecast(windows, line(*"abbab"), ["a", "b"], hall)


def test_an_interval_holds_as_many_waits_as_it_claims() -> None:
    """Waits drawn from sums of some log-normal lengths, and the interval of the gamma with their mean and deviation."""
    chance = Random(7)
    for cases in (3, 10, 40):
        waits = [sum(chance.lognormvariate(5.8, 0.6) for _ in range(cases)) / 60 for _ in range(4000)]
        mean = sum(waits) / len(waits)
        deviation = (sum((one - mean) ** 2 for one in waits) / len(waits)) ** 0.5
        low, high = Wait(mean * 60, deviation * 60).interval
        held = sum(low <= one <= high for one in waits) / len(waits)
        assert held == pytest.approx(CLAIM, abs=0.06)


def test_what_is_not_certain_is_never_less_than_a_minute_wide() -> None:
    assert Wait(10.0, 5.0).interval == (0, 1)
    assert Wait(600.0, 1.0).interval == (10, 11)
    assert Wait(600.0, 0.0).interval == (10, 10)


def test_the_order_in_which_tickets_are_given_does_not_matter() -> None:
    tickets = line(*"abbab" * 20)
    windows = [OpenWindow(("*",)), OpenWindow(("b",))]
    assert forecast(windows, tickets[::-1], ["a", "b"], Experience()) == forecast(
        windows, tickets, ["a", "b"], Experience()
    )


def test_how_sure_a_call_is_within_a_time_fits_its_interval() -> None:
    wait = Wait(1800.0, 600.0)
    assert wait.within(60 * wait.minutes) == pytest.approx(0.5)
    assert wait.within(60.0 * wait.interval.high) == pytest.approx(0.9, abs=0.02)
    assert wait.within(60.0 * wait.interval.low) == pytest.approx(0.1, abs=0.02)
    assert wait.within(0.0) < 0.01 < 0.99 < wait.within(4000.0)
    assert Wait(600.0, 0.0).within(600.0) == 1.0
    assert Wait(600.0, 0.0).within(599.0) == 0.0


def test_a_newcomer_is_told_whether_it_is_still_today() -> None:
    found = forecast([OpenWindow(("a",))], line(*"aaa"), ["a", "b"], STEADY)
    assert reached_before(found, "a", 1800.0)
    assert not reached_before(found, "a", 1799.0)
    assert not reached_before(found, "b", 1e6)


windows = st.lists(
    st.builds(
        OpenWindow,
        st.sampled_from([("*",), ("a",), ("b",), ("a", "b"), ("a", "closed"), ()]),
        st.sampled_from([None, "a", "b", "gone"]),
        st.floats(0, 1e5),
        st.sampled_from(["1", "2"]),
        st.sampled_from([{}, {"a": 600.0}]),
    ),
    max_size=5,
)
experiences = st.builds(
    Experience,
    st.sampled_from([{}, {"a": steady(60.0)}]),
    tempos=st.sampled_from([{}, {"1": 2.0}]),
    doubt=st.sampled_from([0.0, 0.3]),
    overtakers=st.sampled_from([(), (Overtakers("a", 1800.0, 0.01), Overtakers("gone", 60.0, 1.0))]),
)


@settings(deadline=None)
@given(
    windows, st.lists(st.tuples(st.sampled_from(["a", "b", "gone"]), st.floats(-1e4, 1e4)), max_size=80), experiences
)
def test_whatever_the_hall_looks_like_every_interval_is_one(
    some: list[OpenWindow], tickets: list[tuple[str, float]], hall: Experience
) -> None:
    numbers = count(1)
    waiting = [Place(next(numbers), service, rank) for service, rank in sorted(tickets, key=lambda one: one[1])]
    found = forecast(some, waiting, ["a", "b"], hall)
    for wait in [*found.calls.values(), *found.newcomers.values()]:
        assert 0 <= wait.interval.low <= wait.interval.high
    for service in ("a", "b", "gone"):
        served = any("*" in window.services or service in window.services for window in some)
        if service != "gone":
            assert (service in found.newcomers) == served
        assert all((one.ticket in found.calls) == served for one in waiting if one.service == service)
