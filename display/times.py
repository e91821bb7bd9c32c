"""Dates and times in words, relative to today where that is shorter."""

from datetime import date, datetime, timedelta

from display.prompts import Words

_WEEKDAYS = [
    Words(*both) for both in zip("一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True)
]
_MONTHS = ("Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")


def day_words(day: date) -> Words:
    """A date: 3月9日, 9 March."""
    return Words(f"{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]}")


def time_words(at: datetime, now: datetime | None = None) -> Words:
    """A moment: 13:30 today, 明天 09:00, 3月9日(周一) 09:00; both in the hall's zone. Without ``now`` with its date."""
    ahead = None if now is None else at.date() - now.date()
    if ahead == timedelta(0):
        return Words(f"{at:%H:%M}", f"{at:%H:%M}")
    if ahead == timedelta(days=1):
        return Words(f"明天 {at:%H:%M}", f"tomorrow {at:%H:%M}")
    day, weekday = day_words(at.date()), _WEEKDAYS[at.weekday()]
    return Words(f"{day.zh}(周{weekday.zh}) {at:%H:%M}", f"{weekday.en} {day.en}, {at:%H:%M}")
