"""Guessing passwords: slow for the guesser, hardly felt by a clerk who mistypes."""

from datetime import UTC, datetime, timedelta

import pytest

from ticketing.model import LimitError
from ticketing.people.guessing import FORGOTTEN_AFTER, FREE_TRIES, LONGEST_WAIT, TRIES_OF_ALL, GuessLimit

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def guess(limit: GuessLimit, name: str, now: datetime) -> None:
    """A wrong password."""
    limit.check(name, now)
    limit.wrong(name, now)


def refusal(limit: GuessLimit, name: str, now: datetime) -> LimitError:
    with pytest.raises(LimitError) as refused:
        limit.check(name, now)
    assert refused.value.code == "too_many_tries"
    return refused.value


def test_after_five_wrong_tries_the_wait_doubles_up_to_a_minute() -> None:
    limit, now, waits = GuessLimit(), NOON, []
    for _ in range(FREE_TRIES):
        guess(limit, "li", now)
    for _ in range(9):
        wait = refusal(limit, "li", now).facts["seconds"]
        refusal(limit, "li", now + seconds(wait - 0.1))
        waits.append(wait)
        now += seconds(wait)
        guess(limit, "li", now)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_tries_during_the_wait_do_not_make_it_longer() -> None:
    limit = GuessLimit()
    for _ in range(FREE_TRIES):
        guess(limit, "li", NOON)
    for _ in range(1000):
        refusal(limit, "li", NOON + seconds(0.5))
    guess(limit, "li", NOON + seconds(1))


def test_a_right_password_forgives_the_wrong_ones_before_it() -> None:
    limit = GuessLimit()
    for _ in range(10 * FREE_TRIES):
        for _ in range(FREE_TRIES - 1):
            guess(limit, "li", NOON)
        limit.right("li", NOON)


def test_one_name_that_is_guessed_at_does_not_keep_out_another() -> None:
    limit = GuessLimit()
    for _ in range(FREE_TRIES):
        guess(limit, "li", NOON)
    assert refusal(limit, "li", NOON).facts["everyone"] is False
    guess(limit, "wang", NOON)


def test_many_names_guessed_at_together_are_slowed_down_to_one_try_a_second() -> None:
    limit = GuessLimit()
    for name in range(TRIES_OF_ALL):
        guess(limit, f"clerk{name}", NOON)
    assert refusal(limit, "clerk-next", NOON).facts == {"seconds": 1, "everyone": True}
    allowed = 0
    for tenth in range(1, 601):
        try:
            guess(limit, f"other{tenth}", NOON + seconds(tenth / 10))
        except LimitError:
            continue
        allowed += 1
    assert allowed == 60


def test_a_hall_full_of_clerks_who_log_in_rightly_at_nine_are_not_slowed_down() -> None:
    limit = GuessLimit()
    for clerk in range(1000):
        limit.check(f"clerk{clerk}", NOON)
        limit.right(f"clerk{clerk}", NOON)


def test_wrong_tries_are_forgotten_after_a_while() -> None:
    limit = GuessLimit()
    for _ in range(FREE_TRIES):
        guess(limit, "li", NOON)
    later = NOON + FORGOTTEN_AFTER + seconds(1)
    for _ in range(FREE_TRIES):
        guess(limit, "li", later)


def test_a_clock_that_is_set_back_keeps_nobody_out_for_long() -> None:
    limit = GuessLimit()
    for _ in range(FREE_TRIES + 10):
        try:
            guess(limit, "li", NOON)
        except LimitError:
            break
    guess(limit, "li", NOON - timedelta(hours=3))
    for name in range(TRIES_OF_ALL):
        guess(limit, f"clerk{name}", NOON + LONGEST_WAIT)
    early = NOON - timedelta(hours=2, minutes=50)
    refusal(limit, "wang", early)
    guess(limit, "wang", early + seconds(1))


def test_times_brought_in_the_wrong_order_by_two_threads_win_nothing() -> None:
    limit = GuessLimit()
    for tick in range(FREE_TRIES):
        guess(limit, "li", NOON - seconds(tick / 1000))
    refusal(limit, "li", NOON - seconds(1))
    for tick in range(TRIES_OF_ALL - FREE_TRIES):
        guess(limit, f"clerk{tick}", NOON - seconds(tick % 2))
    assert refusal(limit, "wang", NOON).facts["everyone"] is True


def test_endless_names_take_no_endless_memory() -> None:
    limit = GuessLimit()
    for tick in range(10_000):
        guess(limit, f"name{tick}", NOON + seconds(tick))
    assert len(limit._names) <= 4096
