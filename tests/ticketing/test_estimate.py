import hypothesis.strategies as st
from hypothesis import given

from ticketing.estimate import UNKNOWN_PACE, Desk, Pace, forecast, pace_of

STEADY = Pace(600.0, 0.0)
PACES = {"a": STEADY, "b": Pace(300.0, 0.0)}


def test_a_free_window_takes_a_newcomer_at_once() -> None:
    assert forecast([Desk(("a",))], [], ["a"], PACES).newcomers == {"a": (0, 0)}


def test_two_windows_halve_the_wait() -> None:
    waiting = [(number, "a") for number in range(4)]
    one = forecast([Desk(("a",))], waiting, ["a"], PACES)
    two = forecast([Desk(("a",))] * 2, waiting, ["a"], PACES)
    assert [one.calls[n] for n in range(4)] == [(0, 0), (10, 10), (20, 20), (30, 30)]
    assert [two.calls[n] for n in range(4)] == [(0, 0), (0, 0), (10, 10), (10, 10)]
    assert one.newcomers["a"] == (40, 40)
    assert two.newcomers["a"] == (20, 20)


def test_the_ticket_now_at_the_window_has_to_end_first() -> None:
    assert forecast([Desk(("a",), "a", 240.0)], [(1, "a")], ["a"], PACES).calls[1] == (6, 6)


def test_a_case_that_has_outlasted_its_mean_is_not_expected_to_end_at_once() -> None:
    low, high = forecast([Desk(("a",), "a", 3600.0)], [(1, "a")], ["a"], PACES).calls[1]
    assert 0 < low <= high


def test_a_window_of_all_services_takes_them_by_rank() -> None:
    calls = forecast([Desk(("*",))], [(1, "b"), (2, "a"), (3, "b")], ["a", "b"], PACES).calls
    assert calls == {1: (0, 0), 2: (5, 5), 3: (15, 15)}


def test_other_services_of_a_window_make_one_wait_though_nobody_is_ahead() -> None:
    busy = forecast([Desk(("a", "b"))], [(n, "b") for n in range(6)], ["a", "b"], PACES)
    assert busy.newcomers["a"] == (30, 30)


def test_a_service_no_open_window_serves_has_no_forecast() -> None:
    found = forecast([Desk(("b",))], [(1, "a"), (2, "b")], ["a", "b"], PACES)
    assert found.calls == {2: (0, 0)}
    assert set(found.newcomers) == {"b"}
    assert forecast([], [(1, "a")], ["a"], PACES).calls == {}


def test_the_further_away_the_wider_the_interval() -> None:
    calls = forecast([Desk(("a",))], [(n, "a") for n in range(9)], ["a"], {"a": Pace(600.0, 300.0)}).calls
    widths = [high - low for low, high in calls.values()]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_before_a_hall_has_cases_of_its_own_a_guess_stands_in() -> None:
    assert pace_of([]) == UNKNOWN_PACE
    few, many = pace_of([60.0] * 2), pace_of([60.0] * 200)
    assert UNKNOWN_PACE.mean > few.mean > many.mean
    assert many == Pace(60.0, 0.0)


def test_a_forgotten_finish_key_does_not_spoil_the_pace() -> None:
    assert pace_of([300.0] * 40 + [7000.0, 90_000.0, 1.0]) == Pace(300.0, 0.0)


desks = st.lists(
    st.builds(
        Desk,
        st.sampled_from([("*",), ("a",), ("b",), ("a", "b"), ()]),
        st.sampled_from([None, "a", "b"]),
        st.floats(0, 1e5),
    ),
    max_size=5,
)


@given(desks, st.lists(st.sampled_from(["a", "b", "gone"]), max_size=30))
def test_whatever_the_hall_looks_like_every_interval_is_one(open_desks: list[Desk], line: list[str]) -> None:
    found = forecast(open_desks, list(enumerate(line)), ["a", "b"], {"a": Pace(500, 400)})
    for low, high in [*found.calls.values(), *found.newcomers.values()]:
        assert 0 <= low <= high
    for service in ("a", "b"):
        served = any("*" in desk.services or service in desk.services for desk in open_desks)
        assert (service in found.newcomers) == served
        assert all((place in found.calls) == served for place, wanted in enumerate(line) if wanted == service)
