"""When what is open, on any day in any zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.calendar import Calendar, Hours, Period, Quota, Slot, SpecialDay, hall_day, moment_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
APIA = ZoneInfo("Pacific/Apia")
ZONES = [SHANGHAI, BERLIN, NEW_YORK, APIA, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]
MONDAY = date(2026, 3, 2)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(clock: str, day: date = MONDAY, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone)


def minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def hours(*periods: str, service: str = "*", weekdays: str = "12345") -> list[Hours]:
    found = []
    for weekday in map(int, weekdays):
        for one in periods:
            opens, closes = map(minute, one.split("-"))
            found.append(Hours(service, weekday, opens, closes))
    return found


WORKDAYS = hours("09:00-12:00", "13:30-17:30")


def test_a_service_without_hours_is_open_at_any_time():
    calendar = Calendar(SHANGHAI)
    assert calendar.open_now("tax", at("03:12")) and calendar.is_always_open("tax")
    assert not calendar.limits("tax")


def test_between_two_periods_is_a_break_that_ends_when_the_second_begins():
    calendar = Calendar(SHANGHAI, WORKDAYS)
    assert calendar.open_now("tax", at("11:59")) == Period(at("09:00"), at("12:00"))
    assert calendar.open_now("tax", at("12:00")) is None
    assert calendar.opens_next("tax", at("12:00")) == at("13:30")
    assert calendar.closes_today("tax", at("11:00")) == at("17:30")
    assert calendar.closes_today("tax", at("17:30")) is None


def test_after_the_last_hour_of_a_friday_it_opens_on_monday():
    friday = date(2026, 3, 6)
    assert Calendar(SHANGHAI, WORKDAYS).opens_next("tax", at("17:30", friday)) == at("09:00", date(2026, 3, 9))


def test_a_service_with_hours_of_its_own_has_none_of_the_halls():
    calendar = Calendar(SHANGHAI, [*WORKDAYS, *hours("10:00-11:00", service="tax", weekdays="2")])
    assert calendar.open_now("tax", at("10:30")) is None
    assert calendar.opens_next("tax", at("10:30")) == at("10:00", MONDAY + DAY)
    assert calendar.open_now("licence", at("10:30"))


def test_periods_that_touch_or_overlap_are_one():
    calendar = Calendar(SHANGHAI, hours("09:00-11:00", "11:00-12:00", "10:00-11:30"))
    assert calendar.periods("tax", MONDAY) == (Period(at("09:00"), at("12:00")),)


def test_a_holiday_is_closed_and_a_moved_working_day_has_the_hours_of_its_weekday():
    holidays = [SpecialDay(date(2026, 10, day)) for day in range(1, 8)]
    moved = SpecialDay(date(2026, 10, 10), weekday=5)
    calendar = Calendar(SHANGHAI, WORKDAYS, [*holidays, moved])
    assert calendar.opens_next("tax", at("18:00", date(2026, 9, 30))) == at("09:00", date(2026, 10, 8))
    assert calendar.open_now("tax", at("10:00", date(2026, 10, 10)))
    assert calendar.opens_next("tax", at("18:00", date(2026, 10, 9))) == at("09:00", date(2026, 10, 10))


def test_a_holiday_closes_a_service_without_hours_too():
    calendar = Calendar(SHANGHAI, special_days=[SpecialDay(MONDAY)])
    assert calendar.open_now("tax", at("10:00")) is None
    assert calendar.opens_next("tax", at("10:00")) == at("00:00", MONDAY + DAY)


def test_hours_past_midnight_belong_to_the_day_they_began_on():
    calendar = Calendar(SHANGHAI, hours("20:00-26:00", weekdays="5"), day_starts=timedelta(hours=4))
    saturday = date(2026, 3, 7)
    assert calendar.open_now("tax", at("01:59", saturday))
    assert calendar.open_now("tax", at("02:00", saturday)) is None
    assert calendar.closes_today("tax", at("00:30", saturday)) == at("02:00", saturday)
    assert calendar.open_now("tax", at("01:00", saturday - DAY)) is None


def test_the_next_opening_may_come_before_one_of_the_day_before() -> None:
    hours_past_midnight = [Hours("tax", 7, 1441, 1442), Hours("tax", 1, 0, 1)]
    calendar = Calendar(SHANGHAI, hours_past_midnight)
    assert calendar.opens_next("tax", at("12:00", MONDAY - 3 * DAY)) == at("00:00")


def test_a_service_that_never_opens_again_says_so():
    calendar = Calendar(SHANGHAI, WORKDAYS, [SpecialDay(MONDAY + n * DAY) for n in range(500)])
    assert calendar.opens_next("tax", at("10:00")) is None


def test_the_hall_day_changes_when_the_hall_says():
    starts = timedelta(hours=4)
    assert hall_day(at("03:59"), starts) == MONDAY - DAY
    assert hall_day(at("04:00"), starts) == MONDAY
    assert hall_day(at("00:00"), timedelta(0)) == MONDAY


# Working days


def test_working_days_are_counted_over_weekends_holidays_and_moved_days():
    days = [SpecialDay(date(2026, 10, day)) for day in range(1, 8)] + [SpecialDay(date(2026, 10, 10), weekday=5)]
    for calendar in (Calendar(SHANGHAI, WORKDAYS, days), Calendar(SHANGHAI, (), days)):
        assert calendar.working_day(date(2026, 9, 29), 1) == date(2026, 9, 30)
        assert calendar.working_day(date(2026, 9, 29), 2) == date(2026, 10, 8)
        assert calendar.working_day(date(2026, 9, 29), 4) == date(2026, 10, 10)
        assert calendar.working_day(date(2026, 9, 29), 5) == date(2026, 10, 12)


def test_no_working_days_are_the_day_itself_or_the_next_one_that_is_one():
    calendar = Calendar(SHANGHAI)
    assert calendar.working_day(MONDAY, 0) == MONDAY
    assert calendar.working_day(MONDAY - DAY, 0) == MONDAY


def test_a_day_on_which_any_service_has_hours_is_a_working_day():
    calendar = Calendar(SHANGHAI, [*WORKDAYS, *hours("09:00-12:00", service="tax", weekdays="6")])
    assert calendar.working_day(date(2026, 3, 6), 1) == date(2026, 3, 7)


def test_a_service_with_hours_of_its_own_does_not_make_the_halls_days_fewer():
    calendar = Calendar(SHANGHAI, hours("09:00-12:00", service="tax", weekdays="26"))
    assert calendar.working_day(date(2026, 3, 4), 1) == date(2026, 3, 5)
    assert calendar.working_day(date(2026, 3, 6), 1) == date(2026, 3, 7)


# Quotas and slots


def test_a_quota_counts_in_its_period_and_the_next_one_is_told():
    quotas = [Quota("tax", minute("13:30"), minute("17:30"), 20), Quota("tax", minute("09:00"), minute("12:00"), 10)]
    calendar = Calendar(SHANGHAI, WORKDAYS, quotas=quotas)
    morning = calendar.quota_now("tax", at("09:00"))
    assert morning and morning.quota.most == 10
    assert calendar.quota_now("tax", at("12:30")) is None and calendar.quota_now("licence", at("10:00")) is None
    assert [one.period.begins for one in calendar.quotas_after("tax", at("10:00"))] == [
        at("13:30"),
        at("09:00", MONDAY + DAY),
        at("13:30", MONDAY + DAY),
    ]


def test_slots_of_a_holiday_are_none_and_of_a_moved_day_those_of_its_weekday():
    slots = [Slot("tax", 1, minute("10:00"), minute("10:30"), 3), Slot("tax", 1, minute("09:30"), minute("10:00"), 2)]
    saturday = date(2026, 3, 7)
    calendar = Calendar(SHANGHAI, WORKDAYS, [SpecialDay(MONDAY), SpecialDay(saturday, weekday=1)], slots=slots)
    assert calendar.slots("tax", MONDAY) == ()
    assert [(one.minute, one.capacity) for one in calendar.slots("tax", saturday)] == [(570, 2), (600, 3)]
    assert calendar.slots("licence", saturday) == ()


def test_a_slot_in_which_the_service_is_closed_is_none():
    calendar = Calendar(SHANGHAI, WORKDAYS, slots=[Slot("tax", 1, minute("12:30"), minute("13:00"), 3)])
    assert calendar.slots("tax", MONDAY) == ()


# Clocks that are changed


@pytest.mark.parametrize(
    ("zone", "day", "skipped", "change"),
    [
        (BERLIN, date(2026, 3, 29), "02:30", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (NEW_YORK, date(2026, 3, 8), "02:00", datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
        (APIA, date(2011, 12, 30), "12:00", datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_minute_that_is_skipped_is_the_moment_of_the_change(zone, day, skipped, change):
    assert moment_of(zone, day, minute(skipped)).astimezone(UTC) == change


def test_a_minute_that_comes_twice_is_the_first():
    autumn = date(2026, 10, 25)
    assert moment_of(BERLIN, autumn, minute("02:30")).astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_service_that_opens_in_the_skipped_hour_opens_with_the_change():
    spring = date(2026, 3, 29)
    calendar = Calendar(BERLIN, hours("02:30-05:00", weekdays="7"))
    before, after = datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert calendar.open_now("tax", before.astimezone(BERLIN)) is None
    assert calendar.open_now("tax", after.astimezone(BERLIN))
    assert calendar.opens_next("tax", before.astimezone(BERLIN)) == at("03:00", spring, BERLIN)


def test_a_service_that_is_open_in_the_skipped_hour_alone_is_closed_that_day():
    calendar = Calendar(BERLIN, hours("02:00-03:00", weekdays="7"))
    assert calendar.periods("tax", date(2026, 3, 29)) == ()


def test_in_the_hour_that_comes_twice_a_period_ends_once():
    calendar = Calendar(BERLIN, hours("01:00-02:30", weekdays="7"))
    first, second = (datetime(2026, 10, 25, hour, 29, tzinfo=UTC).astimezone(BERLIN) for hour in (0, 1))
    assert (first.hour, first.minute) == (second.hour, second.minute)
    assert calendar.open_now("tax", first) and calendar.open_now("tax", second) is None


periods = st.lists(
    st.tuples(st.integers(0, 1700), st.integers(1, 600)).map(lambda one: (one[0], one[0] + one[1])), max_size=4
)
calendars = st.builds(
    lambda zone, table, special, starts: Calendar(
        zone,
        [Hours("tax", weekday, opens, closes) for weekday, ones in enumerate(table, 1) for opens, closes in ones],
        special,
        day_starts=starts,
    ),
    st.sampled_from(ZONES),
    st.lists(periods, min_size=7, max_size=7),
    st.lists(
        st.builds(SpecialDay, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.none() | st.integers(1, 7)), max_size=6
    ),
    st.integers(0, 300).map(lambda n: timedelta(minutes=n)),
)
moments = st.integers(0, 525_000).map(lambda n: NEW_YEAR + timedelta(minutes=n)) | st.sampled_from(
    # Around the changes of clocks.
    [
        datetime(2026, month, day, hour, minute, tzinfo=UTC)
        for month, day in ((3, 29), (10, 25), (3, 8), (11, 1), (4, 4), (10, 3))
        for hour in (0, 1, 5, 6, 7, 15, 16)
        for minute in (0, 29, 30, 59)
    ]
)


@given(calendars, moments)
def test_open_and_closed_agree_with_when_it_opens_and_closes_next(calendar: Calendar, moment: datetime):
    now = moment.astimezone(calendar.zone)
    period = calendar.open_now("tax", now)
    opens = calendar.opens_next("tax", now)
    if period:
        assert period.begins.astimezone(UTC) <= moment < period.ends.astimezone(UTC)
    if opens:
        assert opens.astimezone(UTC) > moment
        found = calendar.open_now("tax", opens)
        assert found
        # Nothing opens in between.
        just_before = opens.astimezone(UTC) - timedelta(seconds=1)
        if not period and just_before > moment:
            assert calendar.open_now("tax", just_before.astimezone(calendar.zone)) is None


@given(calendars, st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_the_periods_of_a_day_are_in_order_and_never_overlap(calendar: Calendar, day: date):
    ends = None
    for period in calendar.periods("tax", day):
        assert period.begins.astimezone(UTC) < period.ends.astimezone(UTC)
        assert ends is None or ends <= period.begins.astimezone(UTC)
        ends = period.ends.astimezone(UTC)


@given(st.sampled_from(ZONES), st.dates(date(2011, 1, 1), date(2027, 12, 31)), st.lists(st.integers(-60, 2900)))
def test_moments_of_a_day_keep_the_order_of_its_minutes(zone: ZoneInfo, day: date, minutes: list[int]):
    found = [moment_of(zone, day, one).astimezone(UTC) for one in sorted(minutes)]
    assert found == sorted(found)


@given(calendars, st.dates(date(2026, 1, 1), date(2026, 6, 30)), st.integers(1, 30))
def test_between_a_day_and_its_nth_working_day_there_are_n_working_days(calendar: Calendar, after: date, number: int):
    found = calendar.working_day(after, number)
    passed = [after + n * DAY for n in range(1, (found - after).days + 1)]
    assert calendar.is_working_day(found)
    assert sum(map(calendar.is_working_day, passed)) == number


@pytest.mark.parametrize("day", [date.min, date.max], ids=str)
def test_at_the_end_of_all_years_there_are_no_slots(day: date):
    slots = [Slot("tax", weekday, 540, 570, 3) for weekday in range(1, 8)]
    assert Calendar(SHANGHAI, WORKDAYS, slots=slots).slots("tax", day) == ()
