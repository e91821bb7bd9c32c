from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ticketing.model import Resident, UnknownError
from ticketing.policy import (
    IN_ORDER,
    PriorityClass,
    Rules,
    Standing,
    Why,
    age_on,
    class_for,
    rank_at,
    why,
    why_before,
)

RULES = Rules()
TODAY = date(2026, 3, 2)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def standing(
    number: str,
    priority: str = "normal",
    minute: int = 0,
    rank: int | None = None,
    by: str | None = None,
    weight: int = 0,
) -> Standing:
    """A ticket issued so many minutes after nine; its rank in the same minutes, or what its class makes of it."""
    issued = NINE + timedelta(minutes=minute)
    ranked = issued - timedelta(minutes=30 * (priority == "senior")) if rank is None else NINE + timedelta(minutes=rank)
    return Standing(number, priority, issued, ranked, by, timedelta(minutes=weight))


def born(day: date) -> Resident:
    return Resident(kind="resident", birth_date=day)


@pytest.mark.parametrize(
    ("birth_date", "earned"),
    [
        (date(1961, 3, 2), "senior"),  # 65 today
        (date(1961, 3, 3), "normal"),  # tomorrow
        (date(1949, 10, 1), "senior"),
        (date(2001, 1, 1), "normal"),
    ],
)
def test_the_birth_date_on_the_card_earns_the_head_start(birth_date: date, earned: str) -> None:
    assert class_for(born(birth_date), TODAY, RULES).id == earned


def test_without_a_card_nobody_has_an_age() -> None:
    assert class_for(None, TODAY, RULES).id == "normal"
    assert class_for(Resident(kind="typed", id_number="11010219490307002X"), TODAY, RULES).id == "normal"


def test_who_was_born_on_29_february_is_older_on_1_march() -> None:
    assert age_on(date(2026, 2, 28), date(1960, 2, 29)) == 65
    assert age_on(date(2026, 3, 1), date(1960, 2, 29)) == 66


def test_of_several_classes_the_one_with_the_longest_head_start_is_earned() -> None:
    old = PriorityClass("old", "80岁以上", "80+", timedelta(hours=1), 80)
    rules = Rules((*RULES.classes, old))
    assert class_for(born(date(1940, 1, 1)), TODAY, rules).id == "old"
    assert class_for(born(date(1950, 1, 1)), TODAY, rules).id == "senior"


def test_a_class_without_an_age_is_given_by_staff_alone() -> None:
    rules = Rules((PriorityClass("soldier", "军人", "Armed forces", timedelta(hours=9)),))
    assert class_for(born(date(1940, 1, 1)), TODAY, rules).id == "normal"
    assert rules.named("soldier").head_start == timedelta(hours=9)
    with pytest.raises(UnknownError, match="unknown_priority"):
        rules.named("vip")


@pytest.mark.parametrize(
    "classes",
    [
        (PriorityClass("a", "", "", timedelta(0)), PriorityClass("a", "", "", timedelta(0))),
        (PriorityClass("late", "", "", timedelta(minutes=-1)),),
    ],
)
def test_rules_that_make_no_sense_are_refused(classes: tuple[PriorityClass, ...]) -> None:
    with pytest.raises(ValueError, match=r"head start|one id"):
        Rules(classes)


@pytest.mark.parametrize("of_class", RULES.classes)
def test_the_hour_that_comes_twice_in_autumn_brings_nobody_forward(of_class: PriorityClass) -> None:
    second = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert second.astimezone(UTC) - rank_at(second, of_class).astimezone(UTC) == of_class.head_start


@given(st.integers(0, 86_400), st.integers(0, 86_400))
def test_a_senior_passes_those_issued_in_the_half_hour_before_and_nobody_else(one: int, other: int) -> None:
    senior, normal = RULES.named("senior"), RULES.named("normal")
    mine = rank_at(NINE + timedelta(seconds=one), senior)
    theirs = rank_at(NINE + timedelta(seconds=other), normal)
    assert (mine < theirs) == (one - other < 30 * 60)


def test_why_tells_whom_it_passes_and_by_which_right() -> None:
    assert why(standing("A012", "senior"), "B003", RULES) == Why(
        "A012 先于 B003：绿色通道(65岁以上)，提前30分钟",
        "A012 before B003: green channel (65+), 30 minutes' head start",
    )


def test_who_passes_nobody_is_called_in_order_of_issue() -> None:
    assert why(standing("A012", "senior"), None, RULES) == IN_ORDER
    assert IN_ORDER.zh == "按取号先后"


def test_a_class_that_has_left_the_settings_can_still_be_told() -> None:
    assert "A012 先于 B003" in why(standing("A012", "soldier"), "B003", RULES).zh


def test_an_appointment_and_a_weight_are_told_by_name() -> None:
    booked = why(standing("A012", minute=30, rank=10, by="appointment"), "B003", RULES)
    assert booked == Why("A012 先于 B003：预约 09:10", "A012 before B003: appointment at 09:10")
    weighty = why(standing("A012", minute=5, weight=10), "B003", RULES)
    assert "提前10分钟" in weighty.zh
    assert weighty.en == "A012 before B003: this window takes that service first, 10 minutes' head start"
    both = why(standing("A012", "senior", 5, weight=1), "B003", RULES)
    assert "30分钟" in both.zh and "1分钟" in both.zh
    assert both.en.endswith("1 minute's head start")
    back = why(standing("A012", minute=5, rank=-60, by="supplement"), "B003", RULES)
    assert "材料" in back.zh


def test_who_waits_is_told_why_another_is_before() -> None:
    assert "比您早" in why_before(standing("A002", minute=9), standing("B003", minute=3), RULES).zh
    older = why_before(standing("A002", minute=9), standing("B003", "senior", 20), RULES)
    assert older.en == "B003 is before A002: green channel (65+), 30 minutes' head start"
    mine = why_before(standing("A002", minute=3), standing("B003", minute=9), RULES)
    assert mine.en == "Your A002 is before B003"
    missed = why_before(standing("A002", minute=0, rank=10, by="missed"), standing("B003", minute=9), RULES)
    assert "过号" in missed.zh
    early = why_before(standing("A002", minute=0, rank=60, by="appointment"), standing("B003", minute=9), RULES)
    assert early.en == "B003 is before A002: you came early and have your place from your appointment at 10:00"
    assert "预约的 10:00" in early.zh


def test_the_hall_is_not_told_what_staff_gave_a_class_for() -> None:
    rules = Rules((*RULES.classes, PriorityClass("disabled", "残疾人", "disabled persons", timedelta(minutes=30))))
    other = standing("B003", "disabled", 20, rank=-10)
    told = why_before(standing("A002", minute=9), other, rules)
    assert "残疾" not in told.zh
    assert "绿色通道" in told.zh
    assert "disabled" not in told.en
    assert "残疾" in why(other, "A002", rules).zh


@given(
    mine=st.tuples(st.integers(0, 500), st.sampled_from(["normal", "senior"])),
    later=st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["normal", "senior"])), max_size=30),
)
def test_nobody_is_overtaken_by_who_came_more_than_the_longest_head_start_later(
    mine: tuple[int, str], later: list[tuple[int, str]]
) -> None:
    own = standing("A001", mine[1], mine[0])
    longest = max(c.head_start for c in RULES.classes)
    for place, (minute, kind) in enumerate(later):
        other = standing(f"B{place:03}", kind, mine[0] + minute)
        if other.issued_at - own.issued_at > longest:
            assert own.rank_at < other.rank_at
