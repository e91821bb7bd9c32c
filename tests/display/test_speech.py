"""Calls as they are said, and the clips they are made of."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import speech
from display.speech import LANGUAGES, MANDARIN, Language, LanguageError, parse_language

TELEPHONE = replace(MANDARIN, digits=tuple("零幺二三四五六七八九"))


def call(number: str, window_name: str, language: Language = MANDARIN, window: str = "3") -> str:
    return speech.text(language.sentence(number, window_name, window))


def test_a_call_reads_the_number_digit_by_digit_and_the_window_as_a_number() -> None:
    assert call("A001", "3号窗口") == "A零零一号,请到三号窗口"


@pytest.mark.parametrize(
    ("number", "said"),
    [("A001", "A零零一"), ("B120", "B一二零"), ("AB1234", "A B一二三四"), ("007", "零零七"), ("A1000", "A一零零零")],
)
def test_digits_are_read_one_by_one_and_letters_stand_apart(number: str, said: str) -> None:
    assert call(number, "3") == f"{said}号,请到三号窗口"


def test_one_can_be_read_as_on_the_telephone_in_numbers_and_not_in_windows() -> None:
    assert call("A101", "1号窗口", TELEPHONE) == "A幺零幺号,请到一号窗口"


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
        ("VIP窗口", "V I P窗口"),
        ("Office窗口", "Office窗口"),
        (" 二楼 3号 ", "二楼三号"),
    ],
)
def test_a_window_is_said_as_people_say_it(name: str, said: str) -> None:
    assert call("1", name) == f"一号,请到{said}"


def test_english_names_the_window_by_its_id_and_has_a_clip_for_each_number() -> None:
    english = LANGUAGES["en"]
    assert call("A012", "12号窗口", english, "12") == "A 0 1 2, please go to window 12"
    assert [piece.clip for piece in english.sentence("B1", "3号窗口", "3")] == [
        "B",
        "1",
        ",",
        "please go to window",
        "3",
    ]


def test_the_clips_a_hall_needs_are_those_of_its_sentences() -> None:
    windows = [("1", "1号窗口"), ("12", "12号窗口"), ("all", "综合窗口")]
    clips = MANDARIN.clips(["A", "BC"], windows)
    assert list(clips) == [*"A零一二三四五六七八九", "号", "请到", "号窗口", "十", "综合窗口", *"BC"]
    spelt = replace(MANDARIN, say={"A": "诶"}).clips(["A", "BC"], windows)
    assert (spelt["A"], spelt["B"]) == ("诶", "B")


@given(st.sampled_from(["A", "BC"]), st.integers(0, 9999), st.sampled_from([("1", "1号窗口"), ("x", "2楼A12室 - 东")]))
def test_no_call_needs_a_clip_that_the_list_has_not(prefix: str, count: int, window: tuple[str, str]) -> None:
    for language in LANGUAGES.values():
        clips = language.clips(["A", "BC"], [("1", "1号窗口"), ("x", "2楼A12室 - 东")])
        said = language.sentence(f"{prefix}{count:03}", window[1], window[0])
        assert {piece.clip for piece in said} - {speech.PAUSE} <= clips.keys()


def test_a_dialect_says_only_what_it_has_otherwise() -> None:
    table = {"like": "zh", "digits": "零幺二三四五六七八九", "say": {"A": "诶"}}
    sichuan = parse_language("sichuan", table)
    assert sichuan == replace(TELEPHONE, id="sichuan", say={"A": "诶"})
    assert parse_language("zh", {}) == MANDARIN
    assert parse_language("yue", {"voice": ""}) == replace(MANDARIN, id="yue")


def test_another_language_has_its_own_sentence() -> None:
    digits = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"]
    russian = parse_language("ru", {"call": "номер {number}，окно {window_id}", "numbers": "whole", "digits": digits})
    assert call("A01", "3号窗口", russian, "12") == "номер A ноль один, окно 12"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "needs call"),
        ({"like": "fr"}, "needs call"),
        ({"like": ["zh"]}, "needs call"),
        ({"like": "zh", "cal": "x"}, "no key cal"),
        ({"call": "go to {window}"}, "call must have {number}"),
        ({"call": "{number} go"}, "call must have {number}"),
        ({"call": "{number} {window} {name}"}, "call must have {number}"),
        ({"call": "{number} {window} {"}, "call must have {number}"),
        ({"call": 3}, "call must have {number}"),
        ({"like": "zh", "digits": "零一二"}, "digits must have ten"),
        ({"like": "zh", "digits": [1] * 10}, "digits must have ten"),
        ({"like": "zh", "numbers": "roman"}, "numbers must have chinese or whole"),
        ({"like": "zh", "say": {"A": 1}}, "say must have a table"),
        ({"like": "zh", "voice": 1}, "voice must have a text"),
        ({"like": "zh", "id": "x"}, "no key id"),
    ],
)
def test_a_language_that_cannot_be_used_is_refused_in_words(table: dict[str, Any], words: str) -> None:
    with pytest.raises(LanguageError, match=words.replace("{", r"\{")) as caught:
        parse_language("x", table)
    assert caught.value.zh
