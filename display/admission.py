"""Short texts on a service's row at the kiosk: why no number can be had, and from when on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from display.prompts import Words
from display.times import time_words

Reason = Literal["closed", "quota", "person", "not_today"]

_SHUT: dict[Reason, tuple[Words, Words, Words]] = {
    # why not; what then, where the next time is known; what then, where it is not
    "closed": (
        Words("现在不办理", "Closed now"),
        Words("{zh} 开始", "opens {en}"),
        Words("请问咨询台", "ask at the desk"),
    ),
    "quota": (
        Words("号已取完", "No numbers left"),
        Words("{zh} 再放号", "more from {en}"),
        Words("请改天再来", "come another day"),
    ),
    "person": (
        Words("取号已到上限", "Your limit is reached"),
        Words("{zh} 再来", "come again {en}"),
        Words("请改天再来", "come another day"),
    ),
    "not_today": (
        Words("今天办不到了", "Not any more today"),
        Words("{zh} 再来", "come again {en}"),
        Words("请改天早些来", "come earlier another day"),
    ),
}
UNCERTAIN = Words("今天可能办不到", "may not be reached today")
"""Beside a service that will probably close before a newcomer's turn."""


@dataclass(frozen=True)
class Shut:
    """Why no number can be had for a service, and what then."""

    why: Words
    then: Words


def shut_words(reason: Reason, until: datetime | None, now: datetime) -> Shut:
    """What a row says that cannot be chosen ``until`` then, None when that is not known; times in the hall's zone."""
    why, from_then, without_time = _SHUT[reason]
    if until is None:
        return Shut(why, without_time)
    at = time_words(until, now)
    return Shut(why, Words(from_then.zh.format(zh=at.zh), from_then.en.format(en=at.en)))


def hall_shut_words(until: datetime | None, now: datetime) -> Words:
    """What a hall says that gives no numbers ``until`` then, None when that is not known; times in the hall's zone."""
    if until is None:
        return Words("开放时间请问咨询台", "Ask at the desk when we open")
    at = time_words(until, now)
    return Words(f"{at.zh} 开始取号", f"Numbers from {at.en}")


def booked_words(begins: datetime, ends: datetime) -> Words:
    """What a row says that is booked today."""
    span = f"{begins:%H:%M}–{ends:%H:%M}"
    return Words(f"已预约 {span}", f"Booked {span}")
