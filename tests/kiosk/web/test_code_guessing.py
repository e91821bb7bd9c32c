"""Whoever tries codes is logged and refuses nobody; one code asked for without end is slowed, and typed numbers are."""

import logging
from itertools import count
from typing import Any

import pytest

from kiosk.web.code_guessing import (
    AT_ONCE,
    EVERY,
    TERMINAL_EVERY,
    TYPED_AT_TERMINAL,
    TYPED_OF_NUMBER,
    TypedNumbers,
    WrongCodes,
)
from ticketing.model import LimitError, StateError, UnknownError


class Clock:
    """Ticks in the test's hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


NEW = count()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def codes(clock: Clock) -> WrongCodes:
    return WrongCodes(clock)


def wrong(codes: WrongCodes, source: str, *numbers: int) -> None:
    """Try these codes, which are nobody's."""
    for number in numbers:
        with pytest.raises(UnknownError), codes.watch(source, f"{number:016}"):
            raise UnknownError("unknown_code")


def wait(codes: WrongCodes, source: str, code: str) -> int:
    """Seconds until this code may be asked for again; 0 when it may now."""
    try:
        with codes.watch(source, code):
            return 0
    except LimitError as error:
        assert error.code == "too_many_tries"
        return int(error.facts["seconds"])


def test_who_tries_many_codes_keeps_nobody_behind_the_same_address_from_a_right_one(codes: WrongCodes) -> None:
    wrong(codes, "192.0.2.7", *range(10 * AT_ONCE))
    for source in ("192.0.2.7", "192.0.2.8", "wang"):
        assert wait(codes, source, f"new {next(NEW)}") == 0


def test_the_same_wrong_code_again_and_again_is_slowed_and_no_other(codes: WrongCodes, clock: Clock) -> None:
    wrong(codes, "192.0.2.7", *[1] * AT_ONCE)
    waiting = wait(codes, "192.0.2.8", f"{1:016}")
    assert 1 <= waiting <= EVERY + 1
    assert wait(codes, "192.0.2.7", f"{2:016}") == 0
    clock.now += waiting
    wrong(codes, "192.0.2.7", 1)
    assert wait(codes, "192.0.2.7", f"{1:016}") > 0


def test_a_right_code_and_another_refusal_cost_nothing(codes: WrongCodes) -> None:
    for _ in range(AT_ONCE * 3):
        with codes.watch("192.0.2.7", "right"):
            pass
        with pytest.raises(StateError), codes.watch("192.0.2.7", "right"):
            raise StateError("wrong_state")
    assert wait(codes, "192.0.2.7", "right") == 0


def test_the_memory_is_bounded_and_forgets_the_oldest(codes: WrongCodes) -> None:
    for number in range(5000):
        wrong(codes, f"10.{number // 250}.{number % 250}.1", number)
    assert len(codes._sources) <= 4096
    assert len(codes._codes) <= 4096


def test_numbers_that_are_typed_have_a_limit_for_each_terminal_and_each_number(clock: Clock) -> None:
    typed = TypedNumbers(clock)
    for _ in range(TYPED_OF_NUMBER):
        typed.use("hall-1", "11010219900115002X")
    for terminal in ("hall-1", "hall-2"):
        with pytest.raises(LimitError):
            typed.use(terminal, "11010219900115002X")
    for order in range(TYPED_AT_TERMINAL - TYPED_OF_NUMBER):
        typed.use("hall-1", f"number {order}")
    with pytest.raises(LimitError):
        typed.use("hall-1", "another number")
    clock.now += TERMINAL_EVERY
    typed.use("hall-1", "another number")


def test_the_log_tells_where_from_and_no_code(codes: WrongCodes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wrong(codes, "192.0.2.7", *range(AT_ONCE))
    wrong(codes, "192.0.2.7", *range(3 * AT_ONCE))
    assert caplog.text.count("many wrong codes from") == 1
    assert "192.0.2.7" in caplog.text
    assert "0000000000000001" not in caplog.text


# -- over HTTP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(here: Any, clock: Clock) -> Any:
    """A hall whose ticks are in the test's hand."""
    here.hall.wrong_codes._ticks = clock
    return here


def test_twenty_wrong_codes_from_one_address_refuse_nobody_behind_it(slow: Any, clock: Clock) -> None:
    code = slow.issue().code
    for number in range(AT_ONCE + 5):
        assert slow.get(f"/tickets/{number:016}").code == "unknown_code"
    assert slow.get(f"/tickets/{code}").json["state"] == "waiting"
    for _ in range(AT_ONCE):
        slow.get(f"/tickets/{1:016}")
    refused = slow.get(f"/tickets/{1:016}")
    assert (refused.status, refused.code) == (429, "too_many_tries")
    assert int(refused.headers["retry-after"]) == refused.json["seconds"]
    # The pages and the forms take the same codes.
    assert slow.ask("GET", f"/t/{1:016}").status == 429
    assert slow.post(f"/tickets/{1:016}/cancel").code == "too_many_tries"
    clock.now += EVERY + 1
    assert slow.get(f"/tickets/{1:016}").code == "unknown_code"
    assert slow.post(f"/tickets/{code}/cancel").json["state"] == "cancelled"
