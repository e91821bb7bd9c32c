"""The hall's setup as a file (settings models), and as the store has it."""

from collections.abc import Iterator
from dataclasses import fields

from config.businesses import (
    Businesses,
    HolidaySettings,
    HoursSettings,
    QuotaSettings,
    ServiceSettings,
    SlotSettings,
    WindowSettings,
)
from config.values import WEEKDAYS, ClockPeriod
from ticketing.calendar import EVERY, Hours, Quota, Slot, SpecialDay
from ticketing.day.setup import HallSetup
from ticketing.model import Service, Window, WindowState

_SHARED = [field.name for field in fields(Service) if field.name in ServiceSettings.model_fields]
"""Fields that a service has under the same name in the file and in the store."""


def setup_of(said: Businesses, state: WindowState = "closed") -> HallSetup:
    """The setup for the store; ``state`` is given to windows that are new."""
    return HallSetup(
        tuple(Service(**{name: getattr(one, name) for name in _SHARED}) for one in said.services),
        tuple(Window(one.id, one.name, one.services, state, one.weights) for one in said.windows),
        (*_hours_of(EVERY, said.hours), *(hours for one in said.services for hours in _hours_of(one.id, one.hours))),
        tuple(
            SpecialDay(
                one.day, None if one.works_as is None else WEEKDAYS.index(one.works_as) + 1, one.name, one.name_en
            )
            for one in said.holidays
        ),
        tuple(
            Quota(one.id, quota.period.from_at, quota.period.to_at, quota.most)
            for one in said.services
            for quota in one.quotas
        ),
        tuple(
            Slot(one.id, WEEKDAYS.index(day) + 1, slot.period.from_at, slot.period.to_at, slot.capacity)
            for one in said.services
            for slot in one.slots
            for day in slot.days
        ),
    )


def businesses_of(setup: HallSetup) -> Businesses:
    """The setup for a file, in the hall's order; holidays and the like by date and time."""
    # Not validated again: an export must not refuse what is in the store.
    return Businesses.model_construct(
        services=tuple(_service(setup, one) for one in setup.services),
        windows=tuple(
            WindowSettings.model_construct(
                id=one.id,
                name=one.name,
                services=one.services,
                weights={name: minutes for name, minutes in one.weights.items() if minutes},
            )
            for one in setup.windows
        ),
        hours=_hours(setup, EVERY),
        holidays=tuple(
            HolidaySettings.model_construct(
                day=one.day,
                name=one.name,
                name_en=one.name_en,
                works_as=None if one.weekday is None else WEEKDAYS[one.weekday - 1],
            )
            for one in sorted(setup.special_days, key=lambda one: one.day)
        ),
    )


def _service(setup: HallSetup, one: Service) -> ServiceSettings:
    quotas = sorted((quota for quota in setup.quotas if quota.service == one.id), key=lambda quota: quota.from_at)
    slots: dict[tuple[ClockPeriod, int], list[int]] = {}
    for slot in setup.slots:
        if slot.service == one.id:
            slots.setdefault((ClockPeriod(slot.from_at, slot.to_at), slot.capacity), []).append(slot.weekday)
    return ServiceSettings.model_construct(
        **{name: getattr(one, name) for name in _SHARED},
        hours=_hours(setup, one.id),
        quotas=tuple(
            QuotaSettings.model_construct(period=ClockPeriod(quota.from_at, quota.to_at), most=quota.most)
            for quota in quotas
        ),
        slots=tuple(
            SlotSettings.model_construct(
                days=tuple(WEEKDAYS[day - 1] for day in sorted(days)), period=period, capacity=capacity
            )
            for (period, capacity), days in sorted(slots.items(), key=lambda item: (min(item[1]), item[0]))
        ),
    )


def _hours(setup: HallSetup, service: str) -> HoursSettings | None:
    found: dict[str, list[ClockPeriod]] = {}
    for one in sorted(setup.hours, key=lambda one: (one.weekday, one.opens_at)):
        if one.service == service:
            found.setdefault(WEEKDAYS[one.weekday - 1], []).append(ClockPeriod(one.opens_at, one.closes_at))
    return HoursSettings(**{day: tuple(periods) for day, periods in found.items()}) if found else None


def _hours_of(service: str, hours: HoursSettings | None) -> Iterator[Hours]:
    for number, day in enumerate(WEEKDAYS, 1):
        periods: tuple[ClockPeriod, ...] = getattr(hours, day) if hours else ()
        for period in periods:
            yield Hours(service, number, period.from_at, period.to_at)
