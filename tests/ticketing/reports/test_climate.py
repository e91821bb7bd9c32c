"""Records of the climate: kept sparsely, on both stores, for as long as reports reach back."""

from datetime import date, datetime, timedelta

from offices import MORNING, OfficeHall
from ticketing.calendar import EVERY, Hours
from ticketing.reports.climate import KEPT, SPAN, ClimateRecord, ClimateRecords
from ticketing.setup import timetable

DAY = MORNING.date()


def record(at: datetime, zone: str = "1F", temperature: float | None = 26.1) -> ClimateRecord:
    return ClimateRecord(zone, at, temperature, None if temperature is None else 45.25, 180)


def test_a_days_records_come_back_in_order(desk: OfficeHall) -> None:
    records = ClimateRecords(desk.office.ledger)
    written = [record(MORNING + turn * SPAN, zone) for turn in range(3) for zone in ("1F", "2F")]
    written[3] = record(MORNING + SPAN, "2F", None)
    records.record(written[:2])
    records.record(written[2:])
    assert records.day(DAY) == written
    assert records.day(DAY - timedelta(days=1)) == []


def test_a_hall_day_is_from_midnight_to_midnight(desk: OfficeHall) -> None:
    records = ClimateRecords(desk.office.ledger)
    midnight = MORNING.replace(hour=0)
    edges = [record(midnight - SPAN), record(midnight), record(midnight + timedelta(days=1) - SPAN)]
    records.record([*edges, record(midnight + timedelta(days=1))])
    assert records.day(DAY) == edges[1:]


def test_a_span_that_is_recorded_again_is_replaced(desk: OfficeHall) -> None:
    records = ClimateRecords(desk.office.ledger)
    records.record([record(MORNING, temperature=20.0)])
    records.record([record(MORNING, temperature=21.0)])
    assert [one.temperature for one in records.day(DAY)] == [21.0]


def test_the_newest_of_each_zone_is_given_while_it_is_news(desk: OfficeHall) -> None:
    records = ClimateRecords(desk.office.ledger)
    records.record([record(MORNING, "1F", 20.0), record(MORNING + SPAN, "1F", 21.0), record(MORNING, "2F", 22.0)])
    desk.later(minutes=6)
    found = {one.zone: one.temperature for one in records.newest(timedelta(minutes=15))}
    assert found == {"1F": 21.0, "2F": 22.0}
    desk.later(minutes=10)
    assert [one.zone for one in records.newest(timedelta(minutes=15))] == ["1F"]


def test_records_go_when_no_report_reaches_them_any_more(desk: OfficeHall) -> None:
    records = ClimateRecords(desk.office.ledger)
    records.record([record(MORNING), record(MORNING + SPAN)])
    desk.now = MORNING + KEPT + SPAN / 2
    records.record([record(desk.now)])
    assert [one.at for one in records.day(DAY)] == [MORNING + SPAN]


def test_the_hall_is_open_while_any_service_is(desk: OfficeHall) -> None:
    records = ClimateRecords(desk.office.ledger)
    assert records.hall_is_open()
    with desk.office.ledger.verb() as m:
        timetable.put(m, Hours, [Hours(EVERY, 1, 9 * 60, 12 * 60), Hours("tax", 1, 13 * 60, 14 * 60)])
        timetable.changed(m)
    open_at = dict.fromkeys((8, 9, 12, 13, 14), 0)
    for hour in open_at:
        desk.now = MORNING.replace(hour=hour)
        open_at[hour] = records.hall_is_open()
    assert open_at == {8: False, 9: True, 12: False, 13: True, 14: False}
    desk.now = datetime.combine(date(2026, 3, 3), MORNING.timetz())
    assert not records.hall_is_open()
