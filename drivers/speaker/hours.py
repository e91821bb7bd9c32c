"""Hours of the day when nothing is said."""

import re
from dataclasses import dataclass
from typing import Any

from drivers.device import wrong_setting


@dataclass(frozen=True)
class QuietHours:
    """A time of each day when nothing is said, in minutes after midnight; it may run past midnight."""

    from_at: int
    to_at: int

    def __str__(self) -> str:
        return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (self.from_at, self.to_at))

    def hold_at(self, minute: int) -> bool:
        """Whether ``minute`` of a day is within."""
        if self.from_at < self.to_at:
            return self.from_at <= minute < self.to_at
        return minute >= self.from_at or minute < self.to_at

    @classmethod
    def parse(cls, value: Any) -> "QuietHours":
        """The hours of ``"12:00-13:30"`` or ``"22:00-06:00"``; raises ValueError."""
        if isinstance(value, QuietHours):
            return value
        found = (
            re.fullmatch(r"\s*(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)\s*", value, re.ASCII)
            if isinstance(value, str)
            else None
        )
        numbers = [int(one) for one in found.groups()] if found else [99, 0, 99, 0]
        begin, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if begin >= 24 * 60 or end > 24 * 60:
            raise wrong_setting(
                "不是一段时间",
                "is no period",
                "写成 HH:MM-HH:MM，如 12:00-13:30；跨过午夜写 22:00-06:00",
                "write HH:MM-HH:MM, such as 12:00-13:30; past midnight 22:00-06:00",
            )
        if begin == end:
            raise wrong_setting(
                "的开始和结束相同",
                "begins when it ends",
                "写出一段时间；一直不出声就写 silent = true",
                "write a period; for no sound at all write silent = true",
            )
        return cls(begin, end)
