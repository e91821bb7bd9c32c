"""The hall's setup as a file (settings models), as a document that managers draft, and as the store has it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from config.businesses import (
    Businesses,
    HolidaySettings,
    HoursSettings,
    QuotaSettings,
    ServiceSettings,
    SlotSettings,
    WindowSettings,
)
from config.hall_file import HallFile, check, values_of
from config.papers import ReceiptSettings, SlipSettings
from config.problems import ConfigProblem
from config.settings import ClassSettings, HallSettings
from config.values import WEEKDAYS, ClockPeriod
from kiosk.exchange.papers import problems_of_papers
from ticketing.calendar import EVERY, Hours, Quota, Slot, SpecialDay
from ticketing.drafts.documents import CLERKS
from ticketing.model import NORMAL, Service, TicketingError, Window, WindowState
from ticketing.policy import PriorityClass
from ticketing.setup.setup import Clerk, HallSetup

_SHARED = [field.name for field in fields(Service) if field.name in ServiceSettings.model_fields]
"""Fields that a service has under the same name in the file and in the store."""


def setup_of(said: Businesses, state: WindowState = "closed") -> HallSetup:
    """The setup for the store; ``state`` is given to windows that are new."""
    return HallSetup(
        tuple(Service(**{name: getattr(one, name) for name in _SHARED}) for one in said.services),
        tuple(Window(one.id, one.name, one.services, state, one.weights, zone=one.zone) for one in said.windows),
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
        *(_parts_of(said) if isinstance(said, HallFile) else ()),
    )


def priority_classes(said: Iterable[ClassSettings]) -> tuple[PriorityClass, ...]:
    """Priority classes of settings as the queue has them."""
    return tuple(
        PriorityClass(one.id, one.name, one.name_en, timedelta(minutes=one.head_start_minutes), one.min_age)
        for one in said
    )


def classes_of(classes: Iterable[PriorityClass]) -> tuple[ClassSettings, ...]:
    """The queue's priority classes as settings have them, without the one of an ordinary ticket."""
    return tuple(
        ClassSettings.model_construct(
            id=one.id,
            name=one.name,
            name_en=one.name_en,
            head_start_minutes=one.head_start // timedelta(minutes=1),
            min_age=one.min_age,
        )
        for one in classes
        if one.id != NORMAL
    )


def hall_file_of(setup: HallSetup) -> HallFile:
    """The setup for a file, in the hall's order; holidays and the like by date and time."""
    papers = json.loads(setup.papers or "{}")
    # Not validated again: an export must not refuse what is in the store.
    return HallFile.model_construct(
        slip=SlipSettings.model_validate(papers["slip"]) if "slip" in papers else None,
        receipt=ReceiptSettings.model_validate(papers["receipt"]) if "receipt" in papers else None,
        classes=classes_of(setup.classes or ()),
        services=tuple(_service(setup, one) for one in setup.services),
        windows=tuple(
            WindowSettings.model_construct(
                id=one.id,
                name=one.name,
                zone=one.zone,
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


class BadSetupError(TicketingError):
    """``bad_setup``: a setup that cannot be; the fact ``errors`` tells all that is wrong with it, by field."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        super().__init__("bad_setup", errors=[fault_of(one) for one in problems])


def fault_of(problem: ConfigProblem) -> dict[str, str]:
    """A problem as the API tells it; ``field`` is its key, such as ``services[3].prefix``."""
    (zh, en), (advice, advice_en) = problem.reason, problem.suggestion
    return {
        "field": problem.key,
        "reason": "bad_setup",
        "message": f"{en} → {advice_en}",
        "message_zh": f"{zh} → {advice}",
    }


class HallDocuments:
    """Setups as the documents that managers draft: the values of a hall's file, and the clerks' windows.

    Args:
        hall: whose papers are weighed, and whose day begins at some time.
    """

    def __init__(self, hall: HallSettings) -> None:
        self._hall = hall

    def document_of(self, setup: HallSetup) -> dict[str, Any]:
        """The document that says the same."""
        # An account that was never given a window has no list; one that somebody emptied is a mistake.
        clerks = [
            {"id": one.id} | ({"windows": list(one.windows)} if one.windows else {}) for one in setup.clerks or ()
        ]
        return values_of(hall_file_of(setup)) | ({CLERKS: clerks} if clerks else {})

    def problems_of(self, document: dict[str, Any]) -> list[ConfigProblem]:
        """All that is wrong with a document."""
        return self._read(document)[1]

    def setup_of(self, document: dict[str, Any]) -> HallSetup:
        """The setup that a document says; raises :class:`BadSetupError`."""
        found, problems = self._read(document)
        if found is None:
            raise BadSetupError(problems)
        clerks = tuple(Clerk(one["id"], tuple(one.get("windows", ()))) for one in document.get(CLERKS) or ())
        return replace(setup_of(found), clerks=clerks or None)

    def setup_of_file(self, values: Any) -> HallSetup:
        """The setup that a file's values say, which names no clerks; raises :class:`BadSetupError`."""
        found, problems = self._checked(values)
        if found is None:
            raise BadSetupError(problems)
        return setup_of(found)

    def _read(self, document: dict[str, Any]) -> tuple[HallFile | None, list[ConfigProblem]]:
        found, problems = self._checked({name: value for name, value in document.items() if name != CLERKS})
        problems = [*problems, *_problems_of_clerks(document.get(CLERKS) or ())]
        return (None, problems) if problems else (found, [])

    def _checked(self, values: Any) -> tuple[HallFile | None, list[ConfigProblem]]:
        found, problems = check(values, self._hall.day_offset.seconds // 60)
        if found is not None:
            problems = list(problems_of_papers(found, self._hall))
        return (None, problems) if problems else (found, [])


def _problems_of_clerks(clerks: Iterable[dict[str, Any]]) -> Iterator[ConfigProblem]:
    for at, one in enumerate(clerks):
        windows = one.get("windows")
        is_list = isinstance(windows, list) and all(isinstance(each, str) for each in windows)
        if "windows" in one and not (windows and is_list):
            yield ConfigProblem(
                f"{CLERKS}[{at}].windows",
                (f"{one['id']} 没有窗口", f"{one['id']} has no window"),
                (
                    "至少选一个窗口；不再上窗口的人，请在“账号”里改角色",
                    "choose one at least, or change the role under Accounts",
                ),
            )


def _parts_of(said: HallFile) -> tuple[tuple[PriorityClass, ...] | None, str]:
    papers = {name: getattr(said, name) for name in ("slip", "receipt")}
    kept = {name: one.model_dump(mode="json", exclude_defaults=True) for name, one in papers.items() if one}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else ""
    return priority_classes(said.classes) or None, text


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
