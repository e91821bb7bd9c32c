"""Figures of a day and of many: every one checked against rows that were put there by hand."""

import random
import time
from datetime import date, datetime, timedelta
from statistics import mean
from typing import Any, get_args

import pytest
from sqlalchemy import event, insert, text

from book import Book
from offices import MORNING, ZONE, OfficeHall, refused
from ticketing.day.transaction import microseconds
from ticketing.model import StateError
from ticketing.reports.reports import By, Reports, Times, percentile
from ticketing.store import tables

DAY = MORNING.date()


@pytest.fixture
def book(desk: OfficeHall) -> Book:
    return Book(desk)


@pytest.fixture
def reports(desk: OfficeHall) -> Reports:
    return Reports(desk.office.ledger)


def test_an_empty_day_has_figures_and_no_times(reports: Reports) -> None:
    day = reports.day(DAY)
    assert (day.total.issued, day.total.served, day.total.cases, day.total.overtime) == (0, 0, 0, None)
    assert day.total.waits is day.total.walks is day.total.services is None
    assert day.hours == day.services == day.windows == day.clerks == day.matters == ()


def test_durations_are_told_as_mean_median_ninetieth_and_longest(book: Book, reports: Reports) -> None:
    waits = [10, 20, 30, 40, 50, 60, 70, 80, 90, 1000]
    for wait in waits:
        book.ticket(waited=wait, walked=5, served=100 + wait)
    total = reports.day(DAY).total
    assert total.waits == Times(10, round(mean(waits)), 50, 90, 1000)
    assert total.walks == Times(10, 5, 5, 5, 5)
    assert total.services == Times(10, 245, 150, 190, 1100)
    assert (total.issued, total.served) == (10, 10)


@pytest.mark.parametrize("size", [1, 2, 3, 9, 10, 11, 100])
def test_a_percentile_has_at_least_its_share_at_or_below_it_and_is_the_least_such(size: int) -> None:
    values = [random.Random(size + k).randrange(20) for k in range(size)]
    counted = {value: values.count(value) for value in values}
    for share in (0.5, 0.9):
        found = percentile(counted, share)
        assert sum(value <= found for value in values) >= share * size
        assert sum(value < found for value in values) < share * size


def test_every_part_of_a_day_has_its_line(book: Book, reports: Reports) -> None:
    book.ticket(MORNING, window="1", clerk="wang")
    book.ticket(MORNING + timedelta(hours=1), service="tax", window="2", clerk="zhao", waited=600)
    book.ticket(MORNING + timedelta(hours=1), service="tax", waited=None)
    day = reports.day(DAY)
    assert [(line.name, line.issued, line.served) for line in day.hours] == [("09:00", 1, 1), ("10:00", 2, 1)]
    assert [(line.name, line.issued) for line in day.services] == [("营业执照", 1), ("税务登记", 2)]
    assert [(line.key, line.name, line.served) for line in day.windows] == [("1", "1号窗口", 1), ("2", "2号窗口", 1)]
    assert [(line.key, line.waits and line.waits.mean) for line in day.clerks] == [("wang", 60), ("zhao", 600)]
    assert day.total.issued == 3


def test_a_ticket_of_two_matters_counts_in_both_and_once_in_all(book: Book, reports: Reports, desk: OfficeHall) -> None:
    with desk.store.write() as conn:
        known = {"audience": "personal", "theme": "生活", "service_id": "tax"}
        conn.execute(insert(tables.matter), [known | {"id": "m2", "position": 0, "name": "完税证明"}])
    both = book.ticket(waited=60, matters='["m1", "m2"]')
    book.ticket(waited=180, matters='["m2"]')
    book.ticket()
    book.case(both, grade=5, matter_id="m1")
    day = reports.day(DAY)
    assert (day.total.issued, day.total.served, day.total.cases) == (3, 3, 1)
    lines = [(one.key, one.name, one.issued, one.served, one.waits and one.waits.mean) for one in day.matters]
    assert lines == [("m2", "完税证明", 2, 2, 120), ("m1", "m1", 1, 1, 60)], "one that is gone by its id, last"
    assert [one.cases for one in day.matters] == [0, 1]


def test_a_ticket_that_went_from_window_to_window_loses_no_stay(book: Book, reports: Reports) -> None:
    later = microseconds(MORNING + timedelta(minutes=30))
    ticket = book.ticket(window="3", clerk="zhao", queued_at=later, called_at=later + 7_000_000)
    book.visit(ticket, "transferred", MORNING, 120, 10, 60)
    book.visit(ticket, "held", MORNING, 50, 10, 60)
    book.visit(ticket, "missed", MORNING, 40, 0, 0, started_at=None)
    book.visit(ticket, "done", MORNING, 30, 10, 60)
    total = reports.day(DAY).total
    assert (total.issued, total.served, total.transferred, total.held, total.no_shows) == (1, 2, 1, 1, 1)
    assert total.waits == Times(5, 49, 40, 120, 120)


def test_no_shows_are_told_from_those_who_were_never_called(book: Book, reports: Reports) -> None:
    book.ticket(state="missed", walked=None, ended_at=microseconds(MORNING))
    book.ticket(state="expired", walked=None, ended_at=microseconds(MORNING))
    book.ticket(state="expired", waited=None)
    book.ticket(state="cancelled", waited=None)
    book.ticket(state="waiting", waited=None)
    total = reports.day(DAY).total
    assert (total.issued, total.served, total.no_shows, total.expired, total.cancelled) == (5, 0, 2, 2, 1)
    assert total.waits == Times(2, 60, 60, 60, 60)


def test_durations_across_a_jump_of_the_clock_are_left_out_and_counted(book: Book, reports: Reports) -> None:
    book.ticket(waited=100)
    book.ticket(waited=-50)
    book.ticket(served=-1)
    book.ticket(walked=90_000)
    total = reports.day(DAY).total
    assert total.left_out == 3
    assert (total.waits and total.waits.count, total.walks and total.walks.count) == (3, 3)
    assert total.services == Times(3, 300, 300, 300, 300)


def test_what_nobody_measured_is_no_time(book: Book, reports: Reports) -> None:
    book.ticket(walked=200, served=0)
    book.ticket(served=50_000, outcome="end_of_day")
    total = reports.day(DAY).total
    assert (total.served, total.services, total.left_out) == (2, None, 0)
    assert total.walks == Times(1, 30, 30, 30, 30), "finished without a start: nobody knows when they came"


def test_cases_grades_and_work_are_counted_and_not_rated_is_no_grade(
    book: Book, reports: Reports, desk: OfficeHall
) -> None:
    for grade in (5, 5, 4, 2, 1, None):
        case = book.case(book.ticket(), grade=grade, outcome="promised" if grade == 5 else "immediate")
        if grade and grade <= 2:
            book.work(case, contacted_at=microseconds(MORNING) if grade == 2 else None)
    desk.later(hours=2)
    total = reports.day(DAY).total
    assert total.outcomes == {"immediate": 4, "promised": 2}
    assert total.grades == {5: 2, 4: 1, 3: 0, 2: 1, 1: 1}
    assert (total.cases, total.rated, total.not_rated) == (6, 5, 1)
    assert (total.work_open, total.work_late) == (2, 1)
    desk.later(hours=23)
    assert reports.day(DAY).total.work_late == 2


def test_a_clerk_with_few_grades_keeps_them_hidden(book: Book, reports: Reports) -> None:
    for grade in (5, 1, 3, 2):
        book.case(book.ticket(), grade=grade)
    [clerk] = reports.day(DAY).clerks
    assert (clerk.grades, clerk.rated, clerk.not_rated, clerk.cases) == (None, 0, 0, 4)
    book.case(book.ticket(), grade=5)
    [clerk] = reports.day(DAY).clerks
    assert clerk.grades == {5: 2, 4: 0, 3: 1, 2: 1, 1: 1}


def test_promised_cases_are_late_when_they_were_not_ready_by_the_day(
    book: Book, reports: Reports, desk: OfficeHall
) -> None:
    def promised(progress: str, at: datetime | None = None) -> None:
        book.case(
            book.ticket(),
            outcome="promised",
            promised_on="2026-03-04",
            progress=progress,
            progress_at=at and microseconds(at),
        )

    promised("open")
    promised("returned")
    promised("ready", datetime(2026, 3, 4, 23, 59, tzinfo=ZONE))
    promised("closed", datetime(2026, 3, 5, 0, 0, tzinfo=ZONE))
    assert (reports.day(DAY).total.promised, reports.day(DAY).total.promised_late) == (4, 1)
    desk.now = datetime(2026, 3, 5, 9, 0, tzinfo=ZONE)
    assert reports.day(DAY).total.promised_late == 2


def test_overtime_is_who_was_served_after_their_service_closed(book: Book, reports: Reports, desk: OfficeHall) -> None:
    with desk.store.write() as conn:
        for service, weekday, closes in (("*", 1, 17 * 60), ("tax", 1, 20 * 60), ("*", 5, 12 * 60)):
            conn.execute(
                insert(tables.opening).values(service_id=service, weekday=weekday, opens_at=540, closes_at=closes)
            )
        conn.execute(insert(tables.special_day).values(day="2026-03-03", weekday=5, name="调休"))
        conn.execute(insert(tables.special_day).values(day="2026-03-09", weekday=None, name="节日"))
    evening = datetime(2026, 3, 2, 18, 0, tzinfo=ZONE)
    book.ticket(evening)
    book.ticket(evening, service="tax")
    book.ticket(evening, state="missed", walked=None, ended_at=microseconds(evening))
    book.ticket(datetime(2026, 3, 2, 15, 0, tzinfo=ZONE))
    book.ticket(datetime(2026, 3, 3, 13, 0, tzinfo=ZONE))
    book.ticket(datetime(2026, 3, 9, 23, 0, tzinfo=ZONE))
    report = reports.span(date(2026, 3, 2), date(2026, 3, 9), "day")
    assert [(line.key, line.overtime) for line in report.rows] == [
        ("2026-03-02", 1),
        ("2026-03-03", 1),
        ("2026-03-09", 0),
    ]
    assert report.total.overtime == 2


def test_the_hour_is_the_halls_own_through_a_change_of_its_clocks(desk: OfficeHall) -> None:
    from zoneinfo import ZoneInfo

    from ticketing.day.ledger import Ledger

    berlin = ZoneInfo("Europe/Berlin")
    book = Book(desk)
    for at in (datetime(2026, 3, 28, 9, 30, tzinfo=berlin), datetime(2026, 3, 30, 9, 30, tzinfo=berlin)):
        book.ticket(at)
    ledger = Ledger(desk.store, desk.vault, desk.office.ledger.rules, berlin, lambda: desk.now)
    report = Reports(ledger).span(date(2026, 3, 28), date(2026, 3, 30), "hour")
    assert [(line.name, line.issued) for line in report.rows] == [("09:00", 2)]


def test_a_span_is_the_sum_of_its_days(book: Book, reports: Reports) -> None:
    for day in range(5):
        for number in range(day + 1):
            book.ticket(MORNING + timedelta(days=day), waited=10 * (number + 1))
    last = DAY + timedelta(days=4)
    report = reports.span(DAY, last, "day")
    assert [line.issued for line in report.rows] == [1, 2, 3, 4, 5]
    assert report.total.issued == 15
    assert report.total.waits == Times(15, 23, 20, 40, 50)
    assert reports.span(DAY + timedelta(days=1), DAY + timedelta(days=1), "day").total.issued == 2


def test_a_span_that_is_none_is_refused(reports: Reports) -> None:
    assert refused(StateError, "bad_span", reports.span, DAY, DAY - timedelta(days=1), "day") == {"most": 366}
    refused(StateError, "bad_span", reports.span, DAY, DAY + timedelta(days=366), "day")
    refused(StateError, "bad_by", reports.span, DAY, DAY, "colour")


@pytest.mark.parametrize("day", [date.min, date(1970, 1, 1), date.max], ids=str)
def test_a_day_that_no_clock_shows_is_refused(reports: Reports, day: date) -> None:
    refused(StateError, "bad_span", reports.day, day)
    refused(StateError, "bad_span", reports.span, day, day, "hour")


def test_no_query_of_a_report_reads_a_whole_table(file_desk: OfficeHall) -> None:
    book, reports = Book(file_desk), Reports(file_desk.office.ledger)
    book.case(book.ticket(), grade=5)
    with file_desk.store.write() as conn:
        conn.execute(insert(tables.opening).values(service_id="*", weekday=1, opens_at=540, closes_at=600))
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    event.listen(file_desk.store.engine, "before_cursor_execute", note)
    for by in get_args(By):
        reports.span(DAY, DAY + timedelta(days=30), by)
    event.remove(file_desk.store.engine, "before_cursor_execute", note)
    assert len(asked) > 40
    with file_desk.store.read() as conn:
        raw: Any = conn.connection.dbapi_connection
        plans = [row[3] for query, values in asked for row in raw.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    big = ("ticket", "visit", "case_file", "rating", "work_item")
    assert [plan for plan in plans if plan.startswith(tuple(f"SCAN {name}" for name in big))] == []
    assert any("SEARCH ticket USING" in plan for plan in plans)


def test_ninety_days_among_many_tickets_are_added_up_in_moments(desk: OfficeHall, whole: bool) -> None:
    tickets, days = (1_000_000, 365) if whole else (60_000, 365)
    with desk.store.write() as conn:
        if conn.dialect.name == "sqlite":
            day, code = f"date('2025-03-03', '+' || (i % {days}) || ' days')", "randomblob(32)"
        else:
            day = f"to_char(date '2025-03-03' + i % {days}, 'YYYY-MM-DD')"
            code = "decode(md5(i::text) || md5('x' || i), 'hex')"
        conn.execute(
            text(
                f"""
                WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {tickets}),
                began(i, s, t) AS (SELECT i, CAST(1000000 AS bigint),
                    1740963600000000 + (i % {days}) * 86400000000 + (i % 9) * 3600000000 FROM n)
                INSERT INTO ticket (id, hall_day, number, service_id, state, priority, rank_at, issued_at, called_at,
                    started_at, ended_at, window_id, clerk, code_hash, line)
                SELECT i + 1, {day}, 'A' || i, 'licence', 'done', 'normal', 0, t, t + (i % 3000) * s,
                    t + (i % 3000 + 30) * s, t + (i % 3000 + 600) * s, '1', 'wang', {code}, ''
                FROM began
                """
            )
        )
    began, worked = time.perf_counter(), time.thread_time()
    report = Reports(desk.office.ledger).span(date(2025, 3, 3), date(2025, 5, 31), "service")
    took, worked = time.perf_counter() - began, time.thread_time() - worked
    assert abs(report.total.served - tickets * 90 // days) <= 90
    # Beside other tests only this thread's own work says something.
    assert took < 30 if whole else worked < 5
