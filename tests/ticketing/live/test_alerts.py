"""When an alert is raised and when it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ticketing.live.alerts import (
    SETTLED,
    Limits,
    Reading,
    Standing,
    decide,
    device_reading,
    grade_reading,
    wait_reading,
)

LIMITS = Limits(timedelta(minutes=30), 3.5, timedelta(minutes=5))
MINUTE = 60_000_000


def wait(minutes: float) -> Reading:
    reading = wait_reading("tax", minutes * 60, LIMITS)
    assert reading is not None
    return reading


def test_a_wait_is_an_alert_from_its_limit_on() -> None:
    assert not decide([], [wait(29.9)], 0)
    decision = decide([], [wait(30)], 0)
    assert [(one.kind, one.subject, one.facts) for one in decision.raised] == [("wait", "tax", {"seconds": 1800})]


def test_an_alert_that_stands_is_not_raised_again() -> None:
    assert not decide([Standing(1, "wait", "tax", None)], [wait(45)], 0)


def test_a_wait_that_swings_around_its_limit_is_one_alert() -> None:
    standing: list[Standing] = []
    raised = cleared = 0
    for turn in range(60):
        decision = decide(standing, [wait(29 if turn % 2 else 31)], turn * MINUTE)
        raised += len(decision.raised)
        cleared += len(decision.cleared)
        standing = standing or [Standing(1, "wait", "tax", None)]
    assert (raised, cleared) == (1, 0)


def test_a_wait_that_stays_too_long_is_told_again_now_and_then() -> None:
    quarter = timedelta(minutes=15)
    one, told = Standing(1, "wait", "tax", None, 0), []
    for minute in range(1, 61):
        decision = decide([one], [wait(30 + minute)], minute * MINUTE, quarter)
        assert not decision.raised
        if decision.reminded:
            told.append(minute)
            one = replace(one, told_at=minute * MINUTE)
    assert told == [15, 30, 45, 60]
    # What stands well again, though not for long enough, needs nobody; neither does what can wait.
    assert not decide([one], [wait(29)], 90 * MINUTE, quarter).reminded
    down = device_reading("box/printer", 9000, "no_paper", LIMITS)
    assert down and not decide([Standing(2, "device", "box/printer", None)], [down], 90 * MINUTE, quarter)
    assert not decide([one], [wait(99)], 90 * MINUTE, None).reminded
    # A clock that was set back does not silence it.
    assert decide([replace(one, told_at=99 * MINUTE)], [wait(99)], 90 * MINUTE, quarter).reminded


def test_it_is_over_once_it_has_stood_well_for_a_while() -> None:
    one = Standing(1, "wait", "tax", None)
    assert decide([one], [wait(23)], 10 * MINUTE).calm == {1: 10 * MINUTE}
    calm = Standing(1, "wait", "tax", 10 * MINUTE)
    assert not decide([calm], [wait(23)], 10 * MINUTE + SETTLED - 1)
    assert decide([calm], [], 10 * MINUTE + SETTLED).cleared == [1]
    # Worse again meanwhile: the time begins anew.
    assert decide([calm], [wait(25)], 11 * MINUTE).calm == {1: None}


def test_a_clock_that_was_set_back_ends_nothing_early() -> None:
    assert decide([Standing(1, "wait", "tax", 90 * MINUTE)], [], MINUTE).calm == {1: MINUTE}


def test_a_device_that_works_again_has_no_reading_and_so_stands_well() -> None:
    down = device_reading("box/printer", 299, "no_paper", LIMITS)
    assert down and not decide([], [down], 0)
    down = device_reading("box/printer", 300, "no_paper", LIMITS)
    assert down and decide([], [down], 0).raised == [down]
    assert decide([Standing(4, "device", "box/printer", 0)], [], SETTLED).cleared == [4]


@pytest.mark.parametrize(
    ("grades", "strong"),
    [
        ({5: 9}, None),
        ({5: 2, 1: 7}, None),  # too few to tell
        ({5: 5, 1: 5}, True),
        ({5: 7, 3: 3}, False),
        ({4: 5, 3: 5}, False),  # just at the limit
        ({4: 4, 3: 6}, True),
    ],
)
def test_grades_stand_badly_below_their_limit_once_there_are_enough(
    grades: dict[int, int], strong: bool | None
) -> None:
    reading = grade_reading("tax", grades, LIMITS)
    if strong is None:
        assert reading is None
    else:
        assert reading is not None
        assert (reading.strength > 1.0) is strong


def test_what_nobody_asked_to_be_told_is_no_alert() -> None:
    never = Limits(None, None, None)
    assert wait_reading("tax", 1e6, never) is None
    assert device_reading("box/printer", 1e6, None, never) is None
    assert grade_reading("tax", {1: 100}, never) is None
