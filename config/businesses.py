"""What the store owns once it has been filled: services, windows, hours, holidays.

The keys are the same in the configuration, which fills an empty store, and in the file of ``quhao hall export`` and
``quhao hall import``.
"""

from typing import Annotated, Literal

from pydantic import Field

from config.values import Day, Identifier, Name, PeriodText, Section, Weekday, Whole


class HoursSettings(Section):
    """``[hours]``, ``[services.hours]``: when it is open, such as ``mon = ["09:00-12:00", "13:30-17:30"]``.

    What lies between two periods is a break; a weekday that is left out is closed. Times past 24:00 belong to the hall
    day before, as far as ``hall.day_starts`` goes.
    """

    mon: tuple[PeriodText, ...] = ()
    tue: tuple[PeriodText, ...] = ()
    wed: tuple[PeriodText, ...] = ()
    thu: tuple[PeriodText, ...] = ()
    fri: tuple[PeriodText, ...] = ()
    sat: tuple[PeriodText, ...] = ()
    sun: tuple[PeriodText, ...] = ()


class HolidaySettings(Section):
    """``[[holidays]]``: a day that is not like its weekday.

    Attributes:
        day: ``YYYY-MM-DD``.
        name: why, as residents are told.
        name_en: the same in English.
        works_as: the weekday whose hours it has (调休); without it the hall is closed.
    """

    day: Day
    name: Name
    name_en: str = Field("", max_length=80)
    works_as: Weekday | None = None


class QuotaSettings(Section):
    """``[[services.quotas]]``: at most ``most`` tickets of a day are issued in ``period``."""

    period: PeriodText
    most: Whole = Field(ge=0, le=100_000)


class SlotSettings(Section):
    """``[[services.slots]]``: ``capacity`` appointments for ``period`` on each of ``days``."""

    days: tuple[Weekday, ...] = Field(min_length=1)
    period: PeriodText
    capacity: Whole = Field(ge=1, le=10_000)


ResidentField = Literal[
    "name",
    "name_en",
    "sex",
    "ethnicity",
    "birth_date",
    "address",
    "id_number",
    "authority",
    "valid_from",
    "valid_until",
    "nationality",
    "pass_number",
    "issue_count",
    "renewal_count",
]
"""What a card may tell of its holder; the names of the API's ``resident``."""


class ServiceSettings(Section):
    """``[[services]]``: what residents come for.

    Attributes:
        id: what windows and programs call it.
        name, name_en: what residents are shown.
        prefix: heads the numbers of its tickets.
        place: where to wait for it.
        bring, bring_en: what to have ready.
        chain: services that its tickets go on to with the same number, in this order (多窗联办).
        per_person_day: tickets one person may take for it in a day; without it any number.
        promise_days: working days in which a promised case (承诺件) is done; without it ``queue.promise_days``.
        resident_fields: what its windows need of the resident's card; the rest is not kept. Without it everything is.
        hours: when it is open; without it the hall's hours.
        quotas: how many tickets are issued in a period.
        slots: appointments that may be made; without any it takes none.
    """

    id: Identifier
    name: Name
    name_en: str = Field("", max_length=80)
    prefix: str = Field(pattern=r"^[A-Z]{1,3}$")
    place: str = Field("", max_length=60)
    bring: str = Field("", max_length=300)
    bring_en: str = Field("", max_length=600)
    chain: tuple[str, ...] = Field((), max_length=16)
    per_person_day: Whole | None = Field(None, ge=1, le=1000)
    promise_days: Whole | None = Field(None, ge=0, le=365)
    resident_fields: tuple[ResidentField, ...] | None = Field(None, max_length=20)
    hours: HoursSettings | None = None
    quotas: tuple[QuotaSettings, ...] = ()
    slots: tuple[SlotSettings, ...] = ()


class WindowSettings(Section):
    """``[[windows]]``: a service window.

    Attributes:
        id: what pages, devices and programs call it.
        name: what residents are shown.
        zone: the part of the hall it is in, such as a floor; screens of that zone show its calls alone.
        services: ids of what it serves, or ``["*"]`` for all.
        weights: minutes by which tickets of a service rank earlier at this window than elsewhere.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
    name: Name
    zone: str = Field("", max_length=40)
    services: tuple[str, ...] = ("*",)
    weights: dict[str, Annotated[Whole, Field(ge=0, le=24 * 60)]] = Field(default_factory=dict)


class Businesses(Section):
    """A hall's make-up, whole; each part in the hall's order.

    Attributes:
        services: what residents come for.
        windows: where they are served.
        hours: of all services without hours of their own; without it they are always open.
        holidays: days that are not like their weekday.
    """

    services: tuple[ServiceSettings, ...] = ()
    windows: tuple[WindowSettings, ...] = ()
    hours: HoursSettings | None = None
    holidays: tuple[HolidaySettings, ...] = ()
