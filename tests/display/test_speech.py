"""Calls as they are said."""

import pytest

from display import speech


def test_a_call_reads_the_number_digit_by_digit_and_the_window_as_a_number() -> None:
    assert speech.call("A001", "3号窗口") == "A零零一号,请到三号窗口"


@pytest.mark.parametrize(
    ("number", "said"),
    [("A001", "A零零一"), ("B120", "B一二零"), ("AB1234", "A B一二三四"), ("007", "零零七"), ("A1000", "A一零零零")],
)
def test_digits_are_read_one_by_one_and_letters_stand_apart(number: str, said: str) -> None:
    assert speech.spell(number) == said


def test_one_can_be_read_as_on_the_telephone_in_numbers_and_not_in_windows() -> None:
    assert speech.call("A101", "1号窗口", yao=True) == "A幺零幺号,请到一号窗口"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("3", "三号窗口"),
        ("12", "十二号窗口"),
        ("12号窗口", "十二号窗口"),
        ("10号窗口", "十号窗口"),
        ("20号窗口", "二十号窗口"),
        ("21号窗口", "二十一号窗口"),
        ("101室", "一百零一室"),
        ("110室", "一百一十室"),
        ("111室", "一百一十一室"),
        ("1001室", "一千零一室"),
        ("1010室", "一千零一十室"),
        ("0号窗口", "零号窗口"),
        ("2楼3号窗口", "二楼三号窗口"),
        ("A12", "A十二号窗口"),
        ("综合窗口", "综合窗口"),
    ],
)
def test_a_window_is_said_as_people_say_it(name: str, said: str) -> None:
    assert speech.window(name) == said
