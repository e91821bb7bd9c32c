"""Expected waits in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.waits import wait_words


@pytest.mark.parametrize(
    ("low", "high", "zh", "en"),
    [
        (0, 0, "马上", "any moment"),
        (0, 1, "马上", "any moment"),
        (1, 4, "5 分钟内", "within 5 min"),
        (5, 5, "5 分钟内", "within 5 min"),
        (8, 12, "约 10 分钟", "about 10 min"),
        (5, 12, "15 分钟内", "within 15 min"),
        (0, 53, "一小时内", "within an hour"),
        (22, 31, "约 25 分钟", "about 25 min"),
        (35, 55, "一小时内", "within an hour"),
        (55, 64, "约一小时", "about an hour"),
        (68, 82, "约 1 小时 15 分钟", "about 1 h 15 min"),
        (20, 80, "一个半小时内", "within an hour and a half"),
        (60, 115, "两小时内", "within two hours"),
        (70, 150, "可能要两小时以上", "maybe over two hours"),
        (190, 260, "3 小时以上", "over 3 hours"),
    ],
)
def test_a_wait_is_told_as_a_person_would(low: int, high: int, zh: str, en: str) -> None:
    words = wait_words(low, high)
    assert (words.zh, words.en) == (zh, en)


SPANS = {"an hour and a half": 90, "an hour": 60, "two hours": 120, "any moment": 1}


def _minutes(en: str) -> int:
    """The minutes that the English words name."""
    if long := re.search(r"(\d+) h (\d+) min", en):
        return 60 * int(long[1]) + int(long[2])
    if short := re.search(r"(\d+) min", en):
        return int(short[1])
    return next(value for words, value in SPANS.items() if words in en)


@given(st.integers(0, 130), st.integers(0, 130))
def test_no_wait_is_made_shorter_than_it_may_be_by_more_than_people_round(low: int, more: int) -> None:
    words = wait_words(low, low + more)
    if "over" in words.en:
        return
    told = _minutes(words.en)
    if words.en.startswith("about"):
        middle = low + more / 2
        assert abs(told - middle) <= (2.5 if low + more <= 60 else 7.5)
        assert low - 7.5 <= told <= low + more + 7.5
    else:
        assert told >= low + more
