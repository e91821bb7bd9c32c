"""Guessing passwords: slow for the guesser, hardly felt by a clerk who mistypes, and never a way to keep others out."""

import pytest

from ticketing.model import LimitError
from ticketing.people.guessing import (
    AT_ONCE,
    EVERY,
    NAME_AT_ONCE,
    NAME_EVERY,
    SOURCE_AT_ONCE,
    GuessLimit,
    Try,
    network_of,
)

OFFICE, ATTACKER = "192.0.2.7", "203.0.113.9"
HOUR = 3600


def wang(source: str = OFFICE, device: str | None = None) -> Try:
    return Try("wang", source, device)


def guess(limit: GuessLimit, who: Try, now: float = 0.0) -> None:
    """A wrong password."""
    limit.check(who, now)
    limit.wrong(who, now)


def refusal(limit: GuessLimit, who: Try, now: float = 0.0) -> LimitError:
    with pytest.raises(LimitError) as refused:
        limit.check(who, now)
    assert refused.value.code == "too_many_tries"
    return refused.value


def looked_at(limit: GuessLimit, tries: list[Try], now: float = 0.0) -> int:
    """How many of these wrong tries are not refused."""
    count = 0
    for one in tries:
        try:
            guess(limit, one, now)
        except LimitError:
            continue
        count += 1
    return count


def test_after_five_wrong_tries_there_is_one_a_minute() -> None:
    limit, now = GuessLimit(), 0.0
    for _ in range(AT_ONCE):
        guess(limit, wang())
    for _ in range(5):
        assert refusal(limit, wang(), now).facts == {"seconds": EVERY, "everyone": False}
        refusal(limit, wang(), now + EVERY - 0.1)
        now += EVERY
        guess(limit, wang(), now)


def test_tries_during_the_wait_do_not_make_it_longer() -> None:
    limit = GuessLimit()
    for _ in range(AT_ONCE):
        guess(limit, wang())
    for _ in range(1000):
        refusal(limit, wang(), EVERY / 2)
    guess(limit, wang(), EVERY)


def test_a_right_password_forgives_the_wrong_ones_before_it() -> None:
    limit = GuessLimit()
    for _ in range(10 * AT_ONCE):
        for _ in range(AT_ONCE - 1):
            guess(limit, wang())
        limit.right(wang(), 0.0)


def test_one_name_that_is_guessed_at_does_not_keep_out_another() -> None:
    limit = GuessLimit()
    for _ in range(AT_ONCE):
        guess(limit, wang())
    assert refusal(limit, wang()).facts["everyone"] is False
    guess(limit, Try("li", OFFICE, None))


def test_an_hour_of_guessing_at_a_clerk_keeps_out_neither_their_device_nor_another_address() -> None:
    limit = GuessLimit()
    for _ in range(AT_ONCE):
        guess(limit, wang(device="window-3"))
    count = 0
    for tick in range(20 * HOUR):
        now = tick / 20
        count += looked_at(limit, [wang(ATTACKER)], now)
        if tick % (20 * 60) == 20 * 60 - 1:
            limit.check(wang(device="window-1"), now)
            limit.check(wang(ATTACKER, device="window-1"), now)
            limit.check(wang(OFFICE), now)
    assert count == AT_ONCE + HOUR // EVERY - 1
    limit.check(wang(device="window-3"), HOUR)


def test_many_names_guessed_at_from_one_address_are_slowed_down_to_one_try_a_second() -> None:
    limit = GuessLimit()
    for name in range(SOURCE_AT_ONCE):
        guess(limit, Try(f"clerk{name}", ATTACKER, None))
    assert refusal(limit, Try("clerk-next", ATTACKER, None)).facts == {"seconds": 1, "everyone": True}
    tries = [Try(f"other{tick}", ATTACKER, None) for tick in range(600)]
    assert sum(looked_at(limit, [one], (tick + 1) / 8) for tick, one in enumerate(tries)) == 600 // 8
    guess(limit, wang(OFFICE), 600 / 8)


def test_one_name_guessed_at_from_many_addresses_is_limited_except_for_its_devices() -> None:
    limit = GuessLimit()
    tries = [wang(f"203.0.113.{number}") for number in range(3 * NAME_AT_ONCE)]
    assert looked_at(limit, tries) == NAME_AT_ONCE
    assert refusal(limit, wang(OFFICE)).facts == {"seconds": NAME_EVERY, "everyone": False}
    assert sum(looked_at(limit, tries, second) for second in range(1, HOUR + 1)) == HOUR // NAME_EVERY
    limit.check(wang(device="window-3"), HOUR)


def test_a_device_is_slowed_down_by_its_own_tries_and_slows_down_nobody_else() -> None:
    limit = GuessLimit()
    for _ in range(AT_ONCE):
        guess(limit, wang(device="window-3"))
    refusal(limit, wang(device="window-3"))
    assert looked_at(limit, [wang()] * 9) == AT_ONCE


def test_a_hall_full_of_clerks_who_log_in_rightly_at_nine_are_not_slowed_down() -> None:
    limit = GuessLimit()
    for clerk in range(1000):
        limit.check(Try(f"clerk{clerk}", OFFICE, None), 0.0)
        limit.right(Try(f"clerk{clerk}", OFFICE, None), 0.0)


def test_wrong_tries_are_forgotten_after_a_while() -> None:
    limit = GuessLimit()
    for _ in range(AT_ONCE):
        guess(limit, wang())
    for _ in range(AT_ONCE):
        guess(limit, wang(), AT_ONCE * EVERY)


def test_times_brought_in_the_wrong_order_by_two_threads_win_nothing() -> None:
    limit = GuessLimit()
    for _ in range(AT_ONCE):
        guess(limit, wang(), 100)
    refusal(limit, wang(), 99)
    refusal(limit, wang(), 101)


def test_endless_names_addresses_and_devices_take_no_endless_memory() -> None:
    limit = GuessLimit()
    for tick in range(10_000):
        guess(limit, Try(f"name{tick}", f"address{tick}", None), tick)
        guess(limit, Try(f"name{tick}", OFFICE, f"device{tick}"), tick)
    assert all(len(buckets) <= 4096 for buckets in vars(limit).values() if hasattr(buckets, "__len__"))


def test_a_network_of_ipv6_is_one_source_and_an_address_of_ipv4_is_one() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("terminal hall-1") == "terminal hall-1"
