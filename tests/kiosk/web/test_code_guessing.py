"""Whoever tries codes is slowed down, and nobody else."""

import logging
from itertools import count
from typing import Any

import pytest

from kiosk.web.code_guessing import AT_ONCE, EVERY, WrongCodes
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


def wait(codes: WrongCodes, source: str) -> int:
    """Seconds this address has to wait with a code that nobody saw before; 0 when it need not."""
    try:
        with codes.watch(source, f"new {next(NEW)}"):
            return 0
    except LimitError as error:
        assert error.code == "too_many_tries"
        return int(error.facts["seconds"])


def test_some_wrong_codes_are_free_and_then_one_every_few_seconds(codes: WrongCodes, clock: Clock) -> None:
    wrong(codes, "192.0.2.7", *range(AT_ONCE))
    waiting = wait(codes, "192.0.2.7")
    assert 1 <= waiting <= EVERY + 1
    clock.now += waiting
    assert wait(codes, "192.0.2.7") == 0
    wrong(codes, "192.0.2.7", 999)
    assert wait(codes, "192.0.2.7") > 0


def test_who_holds_a_ticket_is_not_stopped_by_who_tries_codes_from_the_same_address(codes: WrongCodes) -> None:
    with codes.watch("192.0.2.7", "MINE"):
        pass
    wrong(codes, "192.0.2.7", *range(AT_ONCE))
    with codes.watch("192.0.2.7", "MINE"):
        pass
    with pytest.raises(UnknownError), codes.watch("192.0.2.7", "MINE"):
        raise UnknownError("unknown_code")  # its day is over
    with pytest.raises(LimitError), codes.watch("192.0.2.7", "MINE"):
        pass


def test_others_are_not_slowed_down(codes: WrongCodes) -> None:
    wrong(codes, "192.0.2.7", *range(AT_ONCE))
    assert wait(codes, "192.0.2.8") == 0
    assert wait(codes, "wang") == 0


def test_a_right_code_and_another_refusal_cost_nothing(codes: WrongCodes) -> None:
    for _ in range(AT_ONCE * 3):
        with codes.watch("192.0.2.7", "right"):
            pass
        with pytest.raises(StateError), codes.watch("192.0.2.7", "right"):
            raise StateError("wrong_state")
    assert wait(codes, "192.0.2.7") == 0


def test_a_right_code_forgives_no_wrong_one(codes: WrongCodes) -> None:
    for number in range(AT_ONCE - 1):
        wrong(codes, "192.0.2.7", number)
        with codes.watch("192.0.2.7", "right"):
            pass
    wrong(codes, "192.0.2.7", AT_ONCE)
    assert wait(codes, "192.0.2.7") > 0


def test_a_phone_that_asks_for_an_old_ticket_all_day_tries_nothing_new(codes: WrongCodes) -> None:
    for _ in range(AT_ONCE * 3):
        wrong(codes, "192.0.2.7", 1, 2, 3)
    assert wait(codes, "192.0.2.7") == 0


def test_a_network_of_ipv6_is_one_guesser(codes: WrongCodes) -> None:
    for number in range(AT_ONCE):
        wrong(codes, f"2001:db8:1:2::{number:x}", number)
    assert wait(codes, "2001:db8:1:2:ffff::1") > 0
    assert wait(codes, "2001:db8:1:3::1") == 0


def test_the_memory_is_bounded_and_forgets_the_oldest(codes: WrongCodes) -> None:
    wrong(codes, "192.0.2.7", *range(AT_ONCE))
    for number in range(5000):
        wrong(codes, f"10.{number // 250}.{number % 250}.1", number)
    assert wait(codes, "192.0.2.7") == 0
    assert len(codes._sources) <= 4096


def test_the_log_tells_where_from_and_no_code(codes: WrongCodes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wrong(codes, "192.0.2.7", *range(AT_ONCE))
    for _ in range(5):
        assert wait(codes, "192.0.2.7") > 0
    assert caplog.text.count("slowed down") == 1
    assert "192.0.2.7" in caplog.text
    assert "0000000000000001" not in caplog.text


# -- over HTTP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(here: Any, clock: Clock) -> Any:
    """A hall whose ticks are in the test's hand."""
    here.hall.wrong_codes._ticks = clock
    return here


def test_trying_codes_of_tickets_is_slowed_down_and_other_addresses_are_not(slow: Any, clock: Clock) -> None:
    code = slow.issue().code
    for number in range(AT_ONCE):
        assert slow.get(f"/tickets/{number:016}").code == "unknown_code"
    refused = slow.get(f"/tickets/{code}")
    assert (refused.status, refused.code) == (429, "too_many_tries")
    assert int(refused.headers["retry-after"]) == refused.json["seconds"]
    # The pages and the forms take the same codes.
    assert slow.ask("GET", f"/t/{code}").status == 429
    assert slow.ask("POST", f"/t/{code}/cancel", b"").status == 429
    assert slow.post(f"/tickets/{code}/cancel").code == "too_many_tries"
    clock.now += EVERY + 1
    assert slow.get(f"/tickets/{code}").json["state"] == "waiting"


def test_a_clerk_who_scans_many_wrong_things_is_slowed_down_alone(slow: Any) -> None:
    wang, zhao = slow.token("clerk", "*", name="wang"), slow.token("clerk", "*", name="zhao")
    for number in range(AT_ONCE):
        slow.post("/windows/3/scan", {"code": f"{number:016}"}, token=wang)
    assert slow.post("/windows/3/scan", {"code": "1"}, token=wang).code == "too_many_tries"
    assert slow.post("/windows/3/scan", {"code": "1"}, token=zhao).code == "unknown_code"
    assert slow.get(f"/tickets/{slow.issue().code}").status == 200
