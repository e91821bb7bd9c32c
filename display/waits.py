"""An expected wait in words, as a person would say it. The only place where an interval of minutes becomes a text."""

from math import ceil

from display.prompts import Words

_HALVES = {
    60: Words("一小时", "an hour"),
    90: Words("一个半小时", "an hour and a half"),
    120: Words("两小时", "two hours"),
}
_BOUNDS = (5, 10, 15, 20, 30, 45, *_HALVES)
"""Minutes that people round up to."""


def wait_words(low: int, high: int) -> Words:
    """The words for a wait of ``low`` to ``high`` whole minutes: 马上, 约 10 分钟, 一小时内.

    A narrow interval is told by its middle, in steps of 5 minutes (15 beyond an hour); a wide one by its end, for its
    middle would promise what nobody knows.
    """
    if high < 2:
        return Words("马上", "any moment")
    if high > max(_BOUNDS):
        return _long(low)
    if high <= 5 or high - low > max(6, high / 3):
        within = _span(next(bound for bound in _BOUNDS if bound >= high))
        return Words(f"{within.zh}内", f"within {within.en}")
    about = _span(_round((low + high) / 2, 5 if high <= 60 else 15))
    return Words(f"约{_gap(about.zh)}{about.zh}", f"about {about.en}")


def _long(low: int) -> Words:
    """A wait that may take longer than two hours."""
    hours = low // 60
    if hours < 2:
        return Words("可能要两小时以上", "maybe over two hours")
    return Words(f"{hours} 小时以上", f"over {hours} hours")


def _span(minutes: int) -> Words:
    if minutes in _HALVES:
        return _HALVES[minutes]
    if minutes > 60:
        return Words(f"1 小时 {minutes - 60} 分钟", f"1 h {minutes - 60} min")
    return Words(f"{minutes} 分钟", f"{minutes} min")


def _round(minutes: float, step: int) -> int:
    return max(step, step * ceil(minutes / step - 0.5))


def _gap(text: str) -> str:
    """The blank that stands between a character and a figure."""
    return " " if text[0].isdigit() else ""
