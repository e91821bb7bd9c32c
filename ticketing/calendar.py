"""The calendar: opening hours, breaks, holidays, moved working days, quotas, appointment slots. Pure.

Rules are in wall-clock time of the hall, as minutes after the midnight that names the hall day; minutes past 24:00
belong to the same hall day. When the clock is put forward, a skipped minute means the time of the change; when it is
put back, a repeated minute means the first of the two. So periods keep their order and never overlap, and a period that
lies wholly in a skipped hour is empty.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

EVERY = "*"
"""In place of a service: all services without hours of their own."""

DAY_MINUTES = 24 * 60
LOOKS_AHEAD = 400
"""Days searched for the next opening; a hall closed for longer has none."""

_MONDAY_TO_FRIDAY = frozenset(range(1, 6))
_DAY = timedelta(days=1)
# The slots of a date need the days beside it, so the first and last dates of the calendar are excluded.
_FIRST, _LAST = date.min + 7 * _DAY, date.max - 7 * _DAY
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Hours:
    """A service is open on a weekday (1 is Monday) from one minute to another."""

    service: str
    weekday: int
    opens_at: int
    closes_at: int


@dataclass(frozen=True)
class SpecialDay:
    """A date with other hours than its weekday: a holiday, or the hours of another ``weekday`` (调休)."""

    day: date
    weekday: int | None = None
    name: str = ""
    name_en: str = ""


@dataclass(frozen=True)
class Quota:
    """At most ``most`` tickets for a service between two minutes of a hall day."""

    service: str
    from_at: int
    to_at: int
    most: int


@dataclass(frozen=True)
class Slot:
    """``capacity`` appointments for a service between two minutes of a weekday."""

    service: str
    weekday: int
    from_at: int
    to_at: int
    capacity: int


_Rule = TypeVar("_Rule", Quota, Slot)


class Period(NamedTuple):
    """From one time up to, not including, another; both in the hall's zone."""

    begins: datetime
    ends: datetime

    def holds(self, at: datetime) -> bool:
        """Whether ``at`` lies in it."""
        # Compared in UTC: Python compares two times of one zone by wall clock, also in the hour that comes twice.
        return self.begins.astimezone(UTC) <= at.astimezone(UTC) < self.ends.astimezone(UTC)


class SlotOfDay(NamedTuple):
    """A slot on its date; ``minute`` is its begin as the rule has it."""

    minute: int
    period: Period
    capacity: int


class QuotaOfDay(NamedTuple):
    """A quota on its date."""

    quota: Quota
    period: Period


def moment_of(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """The time at which the hall's clock shows ``minute`` of ``day``; skipped and repeated minutes as in the module.

    Args:
        zone: the hall's.
        day: a date there.
        minute: after its midnight; may be over 24 hours, or negative.
    """
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first.astimezone(zone)
    return _change(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first).astimezone(zone)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the zone's offset changes between two times."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def hall_day(at: datetime, day_starts: timedelta) -> date:
    """The hall day of a time in the hall's zone."""
    return (at.replace(tzinfo=None) - day_starts).date()


class Calendar:
    """A hall's calendar.

    A service without hours of its own has those of ``"*"``; without these it is always open but on holidays.

    Args:
        zone: the hall's.
        hours: opening hours; periods that touch are joined.
        special_days: holidays and moved working days.
        quotas: of services.
        slots: of services.
        day_starts: how long after midnight a hall day begins.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        hours: Iterable[Hours] = (),
        special_days: Iterable[SpecialDay] = (),
        quotas: Iterable[Quota] = (),
        slots: Iterable[Slot] = (),
        day_starts: timedelta = timedelta(0),
    ) -> None:
        self.zone = zone
        self.day_starts = day_starts
        self._special = {one.day: one for one in special_days}
        self._hours: dict[str, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for one in hours:
            self._hours[one.service][one.weekday].append((one.opens_at, one.closes_at))
        self._working = frozenset(day for table in self._hours.values() for day in table)
        if EVERY not in self._hours:
            self._working |= _MONDAY_TO_FRIDAY
        self._quotas = _by_service(quotas)
        self._slots = _by_service(slots)
        self._of_day = lru_cache(512)(self._periods)
        self._slots_of_day = lru_cache(512)(self._open_slots)

    def limits(self, service: str) -> bool:
        """Whether the service is ever closed, or its number of tickets limited."""
        return bool(self._special or self._hours.get(service) or self._hours.get(EVERY) or self._quotas.get(service))

    def special(self, day: date) -> SpecialDay | None:
        """What is special about a day."""
        return self._special.get(day)

    def weekday(self, day: date) -> int | None:
        """The weekday whose hours apply on a date; None on a holiday."""
        special = self._special.get(day)
        return special.weekday if special else day.isoweekday()

    # Open and closed

    def periods(self, service: str, day: date) -> tuple[Period, ...]:
        """When the service is open on a hall day, in order; between two periods is a break."""
        return self._of_day(service, day)

    def open_now(self, service: str, at: datetime) -> Period | None:
        """The period in which the service is open at ``at``; None if it is closed."""
        return next((one for one in self._around(service, at) if one.holds(at)), None)

    def opens_next(self, service: str, at: datetime) -> datetime | None:
        """When the service opens after ``at``; None if it does not within :data:`LOOKS_AHEAD` days."""
        first = self._date(at) - 2 * _DAY
        now = at.astimezone(UTC)

        def coming(ahead: int) -> list[datetime]:
            periods = self.periods(service, first + ahead * _DAY)
            return [one.begins for one in periods if one.begins.astimezone(UTC) > now]

        for ahead in range(LOOKS_AHEAD):
            if found := coming(ahead):
                # Hours past midnight may begin after those of the next date.
                found += coming(ahead + 1) + coming(ahead + 2)
                return min(found, key=lambda begins: begins.astimezone(UTC))
        return None

    def closes_today(self, service: str, at: datetime) -> datetime | None:
        """When the service closes for the last time on the hall day of ``at``; None if it is closed until then."""
        now = at.astimezone(UTC)
        day = hall_day(at.astimezone(self.zone), self.day_starts)
        left = [one.ends for one in self.periods(service, day) if one.ends.astimezone(UTC) > now]
        return left[-1] if left else None

    def is_always_open(self, service: str) -> bool:
        """Whether the service has no hours at all; holidays still close it."""
        return not (self._hours.get(service) or self._hours.get(EVERY))

    # Working days

    def is_working_day(self, day: date) -> bool:
        """Whether any service has hours on that date; without hours of ``"*"``, Monday to Friday count, too."""
        return self.weekday(day) in self._working

    def working_day(self, after: date, number: int) -> date:
        """The ``number``-th working day after a date; with 0 the date itself, or the next working day."""
        day = after
        left = number
        if left == 0 and not self.is_working_day(day):
            left = 1
        while left:
            day += _DAY
            left -= self.is_working_day(day)
        return day

    # Quotas and slots

    def quota_now(self, service: str, at: datetime) -> QuotaOfDay | None:
        """The quota that counts a ticket issued at ``at``."""
        return next((one for one in self._quotas_around(service, at) if one.period.holds(at)), None)

    def quotas_after(self, service: str, at: datetime) -> Iterator[QuotaOfDay]:
        """The quotas that begin after ``at`` today or tomorrow, while the service is open."""
        now = at.astimezone(UTC)
        for one in self._quotas_around(service, at):
            if one.period.begins.astimezone(UTC) > now and self._open_in(service, one.period):
                yield one

    def slots(self, service: str, day: date) -> tuple[SlotOfDay, ...]:
        """The slots of a date, in order, that begin while the service is open."""
        return self._slots_of_day(service, day) if _FIRST <= day <= _LAST else ()

    def has_slots(self, service: str) -> bool:
        """Whether the service takes appointments at all."""
        return service in self._slots

    # How

    def _date(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _around(self, service: str, at: datetime) -> Iterator[Period]:
        # A hall day may reach into the next date; if a whole date was skipped, into the one after it.
        today = self._date(at)
        for day in (today - 2 * _DAY, today - _DAY, today):
            yield from self.periods(service, day)

    def _quotas_around(self, service: str, at: datetime) -> Iterator[QuotaOfDay]:
        today = self._date(at)
        for day in (today - _DAY, today, today + _DAY):
            for one in self._quotas.get(service, ()):
                period = self._period(day, one.from_at, one.to_at)
                if period:
                    yield QuotaOfDay(one, period)

    def _open_in(self, service: str, period: Period) -> bool:
        begins = self.open_now(service, period.begins)
        opens = self.opens_next(service, period.begins)
        return begins is not None or (opens is not None and period.holds(opens))

    def _open_slots(self, service: str, day: date) -> tuple[SlotOfDay, ...]:
        weekday = self.weekday(day)
        found = []
        for one in self._slots.get(service, ()):
            period = self._period(day, one.from_at, one.to_at) if one.weekday == weekday else None
            if period and self.open_now(service, period.begins):
                found.append(SlotOfDay(one.from_at, period, one.capacity))
        return tuple(found)

    def _periods(self, service: str, day: date) -> tuple[Period, ...]:
        weekday = self.weekday(day)
        if weekday is None:
            return ()
        table: Mapping[int, list[tuple[int, int]]] | None = self._hours.get(service) or self._hours.get(EVERY)
        if table is None:
            starts = self.day_starts // timedelta(minutes=1)
            whole = self._period(day, starts, starts + DAY_MINUTES)
            return (whole,) if whole else ()
        joined: list[tuple[int, int]] = []
        for opens, closes in sorted(table.get(weekday, ())):
            if joined and opens <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(closes, joined[-1][1])
            else:
                joined.append((opens, closes))
        found = (self._period(day, opens, closes) for opens, closes in joined)
        return tuple(one for one in found if one)

    def _period(self, day: date, from_at: int, to_at: int) -> Period | None:
        begins, ends = moment_of(self.zone, day, from_at), moment_of(self.zone, day, to_at)
        return Period(begins, ends) if begins.astimezone(UTC) < ends.astimezone(UTC) else None


def _by_service(rules: Iterable[_Rule]) -> dict[str, list[_Rule]]:
    found: dict[str, list[_Rule]] = defaultdict(list)
    for one in rules:
        found[one.service].append(one)
    return {service: sorted(ones, key=lambda one: one.from_at) for service, ones in found.items()}
