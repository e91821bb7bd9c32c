"""Contradictions in hours, quotas and slots: periods that overlap, or lie outside the opening hours.

It reads values as they stand in a file, as ``config.contradictions`` does; what is not well formed is passed over.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from config.problems import ConfigProblem
from config.values import WEEKDAYS, ClockPeriod, clock_of

Table: TypeAlias = dict[str, Any]
Tables: TypeAlias = list[tuple[str, Table]]
"""Tables, each with its key."""
Periods: TypeAlias = list[tuple[str, ClockPeriod]]
"""Periods, each with its key."""

DAY = 24 * 60


def tables_in(values: Table, field: str, above: str = "") -> Tables:
    """The tables in the list ``field`` of ``values``; ``above`` is what their keys begin with."""
    found = values.get(field)
    listed = found if isinstance(found, list) else []
    return [(f"{above}{field}[{index}]", one) for index, one in enumerate(listed) if isinstance(one, dict)]


def contradictions_of_hours(values: Table, services: Tables, day_starts: int) -> Iterator[ConfigProblem]:
    """Every contradiction of hours, quotas and slots; ``day_starts`` in minutes after midnight."""
    hall = _of_table(values.get("hours"), "hours")
    yield from _of_hours("hours", values.get("hours"), hall, day_starts)
    for key, service in services:
        own = _of_table(service.get("hours"), f"{key}.hours")
        yield from _of_hours(f"{key}.hours", service.get("hours"), own, day_starts)
        open_at = own if "hours" in service else hall
        quotas = [
            (f"{name}.period", period)
            for name, one in tables_in(service, "quotas", f"{key}.")
            for period in _period(one)
        ]
        yield from _overlapping(quotas)
        yield from _outside_the_day(quotas, day_starts)
        always = [period for periods in open_at.values() for _, period in periods]
        for name, period in quotas if always else []:
            if not any(period.overlaps(one) for one in always):
                yield _closed_then(name, period)
        yield from _of_slots(service, key, open_at, day_starts)


def _of_hours(key: str, table: Any, hours: dict[str, Periods], day_starts: int) -> Iterator[ConfigProblem]:
    for periods in hours.values():
        yield from _overlapping(periods)
        yield from _outside_the_day(periods, day_starts)
    if isinstance(table, dict) and not any(table.values()):
        yield ConfigProblem(
            key,
            ("没有一天营业", "no day is open"),
            ("写上营业时间；不限时间就去掉这一节", "write when it is open; leave the table out for always"),
        )


def _of_slots(service: Table, key: str, open_at: dict[str, Periods], day_starts: int) -> Iterator[ConfigProblem]:
    slots: dict[str, Periods] = {}
    for name, one in tables_in(service, "slots", f"{key}."):
        days = one.get("days")
        for day in dict.fromkeys(days) if isinstance(days, list) else []:
            if day in WEEKDAYS:
                slots.setdefault(day, []).extend((f"{name}.period", period) for period in _period(one))
        if isinstance(days, list) and len(set(map(str, days))) < len(days):
            yield ConfigProblem(
                f"{name}.days", ("有一天写了两次", "a day is named twice"), ("每一天只写一次", "name each day once")
            )
    seen: set[str] = set()
    for day, periods in slots.items():
        # A slot on several days has each of its problems on each of them.
        problems = [*_overlapping(periods), *_outside_the_day(periods, day_starts)]
        if any(open_at.values()):
            here = [period for _, period in open_at.get(day, [])]
            problems += [
                _closed_then(name, period, day)
                for name, period in periods
                if not any(one.contains(period) for one in here)
            ]
        for problem in problems:
            if problem.key not in seen:
                seen.add(problem.key)
                yield problem


def _overlapping(periods: Periods) -> Iterator[ConfigProblem]:
    for index, (key, period) in enumerate(periods):
        for _, other in periods[:index]:
            if period.overlaps(other):
                yield ConfigProblem(
                    key,
                    (f"{period} 与 {other} 重叠", f"{period} overlaps {other}"),
                    ("写成不重叠的时段", "write periods that do not overlap"),
                )
                break


def _outside_the_day(periods: Periods, day_starts: int) -> Iterator[ConfigProblem]:
    first, last = clock_of(day_starts), clock_of(day_starts + DAY)
    for key, period in periods:
        if period.from_at < day_starts or period.to_at > day_starts + DAY:
            yield ConfigProblem(
                key,
                (f"{period} 超出从 {first} 到 {last} 的一天", f"{period} is outside the hall day, {first} to {last}"),
                ("改时间，或改 hall.day_starts", "change the times, or hall.day_starts"),
            )


def _closed_then(key: str, period: ClockPeriod, day: str = "") -> ConfigProblem:
    when = f"周{'一二三四五六日'[WEEKDAYS.index(day)]} " if day else ""
    return ConfigProblem(
        key,
        (f"{when}{period} 不在营业时间内", f"{period} is outside the opening hours{day and ' of ' + day}"),
        ("改这个时段，或改营业时间", "change this period, or the hours"),
    )


def _of_table(table: Any, key: str) -> dict[str, Periods]:
    if not isinstance(table, dict):
        return {}
    return {
        day: [
            (f"{key}.{day}[{index}]", period)
            for index, text in enumerate(table[day])
            for period in _period({"period": text})
        ]
        for day in WEEKDAYS
        if isinstance(table.get(day), list)
    }


def _period(table: Table) -> Iterator[ClockPeriod]:
    try:
        yield ClockPeriod.parse(table.get("period"))
    except ValueError:
        return  # told by the models
