"""The names of countries on cards."""

import re

import pytest

from display.nationalities import TABLE, nationality
from display.prompts import Words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SAU", Words("沙特阿拉伯", "Saudi Arabia")),
        ("682", Words("沙特阿拉伯", "Saudi Arabia")),
        ("KAZ", Words("哈萨克斯坦", "Kazakhstan")),
        ("TWN", Words("中国台湾", "Taiwan, China")),
        ("HKG", Words("中国香港", "Hong Kong, China")),
        ("XXX", None),
        ("", None),
        (None, None),
    ],
)
def test_a_country_is_found_by_its_letters_and_by_its_figures(code: str | None, words: Words | None) -> None:
    assert nationality(code) == words


def test_each_line_is_whole_and_no_code_is_there_twice() -> None:
    lines = TABLE.splitlines()
    assert len(lines) == 249
    assert [line for line in lines if not re.fullmatch(r"[A-Z]{3} [0-9]{3} [\u4e00-\u9fff·]+ [ -~]+", line)] == []
    for column in (0, 1, 2):
        assert len({line.split(" ", 3)[column] for line in lines}) == len(lines)
