"""What a day in the virtual hall is drawn from, and the people who come."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest

from drivers.card_reader.id_card import parse_card, valid_id_number
from drivers.simulators.card_reader.cards import CARDS
from drivers.simulators.card_reader.invented import invent
from kiosk.demonstration.day_plan import CURVE, LAST_TAKEN, LONG, arrivals, drawn, service_time

TODAY = date(2026, 11, 23)


def test_residents_come_by_the_curve_of_a_day_and_nobody_when_it_ends() -> None:
    came = arrivals(Random(4), ["a", "b", "c"], 4000)
    assert len(came) == 4000
    assert came == sorted(came, key=lambda one: one.after)
    assert came[0].after >= timedelta(0)
    assert came[-1].after <= LONG * LAST_TAKEN
    parts = Counter(int(one.after / (LONG * LAST_TAKEN) * len(CURVE)) for one in came)
    for part, share in enumerate(CURVE):
        assert parts[part] == pytest.approx(4000 * share / sum(CURVE), rel=0.3)
    services = Counter(one.service for one in came)
    assert services["a"] > services["b"] > services["c"] > 0


def test_a_service_takes_minutes_and_each_service_its_own() -> None:
    draw = Random(4)
    times = {service: [service_time(draw, service) for _ in range(300)] for service in ("tax", "household")}
    means = {service: sum(taken, timedelta(0)) / 300 for service, taken in times.items()}
    assert all(timedelta(seconds=20) < one <= timedelta(minutes=40) for taken in times.values() for one in taken)
    assert abs(means["tax"] - means["household"]) > timedelta(minutes=1)


def test_what_is_drawn_comes_as_often_as_its_share() -> None:
    draw = Random(4)
    found = Counter(drawn(draw, {"often": 0.8, "seldom": 0.2}) for _ in range(1000))
    assert found["often"] == pytest.approx(800, abs=60)


def test_invented_residents_have_right_numbers_that_are_nobodys_and_differ() -> None:
    draw = Random(4)
    people = [invent(draw, TODAY, serial) for serial in range(1, 400)]
    numbers = [one.card.id_number for one in people]
    assert len({*numbers, *(one.card.id_number for one in CARDS)}) == len(numbers) + len(CARDS)
    for one in people:
        assert valid_id_number(one.card.id_number)
        assert one.card.id_number.startswith("110199")
        assert int(one.card.id_number[16]) % 2 == int(one.card.sex_code) % 2
        assert parse_card(one.text).name == one.card.name
        born = one.card.birth_date
        assert born
        assert 17 < (TODAY - born).days / 365.25 < 90
    assert invent(Random(9), TODAY, 1) == invent(Random(9), TODAY, 1)
