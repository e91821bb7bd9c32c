"""Passwords that are taken, and those that a guesser tries first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.people.password_rules import AccountError, check_password

HALL = ("西城区综合行政服务中心", "Xicheng Government Service Centre", "xicheng")


def code_of(password: str, name: str = "li") -> str | None:
    try:
        check_password(password, (name, *HALL))
    except AccountError as refused:
        assert len(password) < 10 or password not in str(refused)
        return refused.code
    return None


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("a-demo-password", "demo"),
        ("clerk-password", "clerk"),
        ("quhao-demo", "demo"),
        ("correct horse", "li"),
        ("Kaimen-dajia-hao", "wang"),
        ("tr0ub4dor&3xyz", "li"),
        ("春天花开时我们去爬山", "li"),
        ("q7x!m2Wt9k", "li"),
        ("mülleimer leer", "müller"),
    ],
)
def test_a_phrase_or_a_random_word_is_taken(password: str, name: str) -> None:
    assert code_of(password, name) is None


@pytest.mark.parametrize("password", ["", "12345678", "wangwang", "q7x!m2Wt9", "短短的密码"])
def test_a_short_one_is_refused(password: str) -> None:
    assert code_of(password) == "password_short"


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("1234567890", "li"),
        ("13812345678", "li"),
        ("0987654321", "li"),
        ("aaaaaaaaaaaa", "li"),
        ("wangwangwang", "li"),
        ("abcabcabcabcab", "li"),
        ("qwertyuiop", "li"),
        ("1qaz@WSX3edc", "li"),
        ("qwer1234asdf!", "li"),
        ("password123!", "li"),
        ("P@ssw0rd2026", "li"),
        ("\uff30\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11\uff12\uff13", "li"),
        ("Admin@2026!!", "li"),
        ("woaini1314520", "li"),
        ("zhangsan@1990", "li"),
        ("liqing-1990-03", "liqing"),
        ("li.qing@1990", "li.qing"),
        ("xicheng2026!", "li"),
        ("西城区综合行政服务中心", "li"),
        ("Xicheng Government Service Centre", "li"),
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str, name: str) -> None:
    assert code_of(password, name) == "password_guessable"


def test_a_very_long_one_is_refused() -> None:
    assert code_of("correct horse " * 20) == "password_long"


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_with_a_reason(password: str) -> None:
    assert code_of(password) in (None, "password_short", "password_long", "password_guessable")
