"""What the voice says: numbers digit by digit, windows as number words (A零零一号,请到三号窗口)."""

import re

TEST = "语音测试,请到三号窗口"
"""What a technician hears to know that the voice works."""
DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")


def call(number: str, window_name: str, *, yao: bool = False) -> str:
    """The sentence that calls a ticket to a window.

    Args:
        number: the ticket's, such as ``"A001"``.
        window_name: such as ``"3号窗口"``, or a bare ``"3"``.
        yao: 1 in ticket numbers is read 幺, as on a telephone, instead of 一.
    """
    return f"{spell(number, yao=yao)}号,请到{window(window_name)}"


def spell(number: str, *, yao: bool = False) -> str:
    """A ticket's number read out one by one; letters stand apart, or a voice reads them as a word."""
    words = ["幺" if yao and one == "1" else DIGITS[int(one)] if one in "0123456789" else one for one in number]
    return re.sub(r"(?<=[A-Za-z])(?=[A-Za-z])", " ", "".join(words))


def window(name: str) -> str:
    """A window's name with its figures as a number in words: 十二号窗口."""
    words = re.sub("[0-9]{1,4}", lambda found: _in_words(int(found[0])), name.strip())
    return f"{words}号窗口" if name.strip().isascii() else words


def _in_words(value: int) -> str:
    """A cardinal number, 0 to 9999: 12 十二, 20 二十, 101 一百零一, 110 一百一十."""
    if value == 0:
        return DIGITS[0]
    words, gap = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit:
            words += (DIGITS[0] if gap and words else "") + DIGITS[digit] + _UNITS[place]
        gap = not digit
    return words.removeprefix("一") if 10 <= value < 20 else words
