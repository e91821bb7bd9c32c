"""Figures of spans from kept sums: the same as those counted from the tickets, however the days are added up."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from book import Book
from offices import MORNING, OfficeHall, refused
from past import fill
from ticketing.backup.restore import Backups
from ticketing.cases.ratings import Ratings
from ticketing.model import Actor, StateError
from ticketing.reports import rollups
from ticketing.reports.reports import Reports
from ticketing.reports.spans import By, Spans
from ticketing.reports.sums import EDGES, Exact, Figures, Histogram, Spread, Times
from ticketing.store import tables

DAY = MORNING.date()


@pytest.fixture
def book(desk: OfficeHall) -> Book:
    return Book(desk)


def days_of_a_hall(book: Book, days: int, seed: int = 7) -> date:
    """Some days of everything, the last one yesterday; the first of them."""
    chance = Random(seed)
    for number in range(days, 0, -1):
        at = MORNING - timedelta(days=number)
        day = at.date().isoformat()
        for turn in range(chance.randrange(4, 9)):
            state = chance.choice(["done", "done", "done", "cancelled", "expired"])
            done = state == "done"
            matters = chance.choice([(), ("seal",), ("licence",), ("licence", "seal")])
            ticket = book.ticket(
                at + timedelta(minutes=chance.randrange(400)),
                state=state,
                waited=chance.randrange(4000) if done else None,
                walked=chance.randrange(60),
                served=chance.randrange(3000) if turn else None,
                service=chance.choice(["licence", "tax", "seal"]),
                window=chance.choice(["1", "2"]),
                clerk=chance.choice(["wang", "li"]),
                priority=chance.choice(["normal", "senior"]),
                matters=json.dumps(matters) if matters else None,
            )
            if done:
                grade = chance.choice([None, 5, 4, 1])
                promise = {"promised_on": day, "progress": chance.choice(["open", "ready", "returned"])}
                more = promise | {"progress_at": 0} if chance.random() < 0.4 else {}
                book.case(ticket, grade=grade, hall_day=day, matter_id=matters[-1] if matters else None, **more)
                if grade == 1:
                    book.work(ticket * 10)
            if chance.random() < 0.3:
                book.visit(ticket, chance.choice(["transferred", "held", "missed"]), at, 50, 5, 70)
    return DAY - timedelta(days=days)


def plain(figures: Figures) -> Any:
    """Without what a histogram rounds."""

    def rounded(times: Times | None) -> Any:
        return times and (times.count, times.mean, times.longest)

    return replace(
        figures,
        waits=rounded(figures.waits),
        walks=rounded(figures.walks),
        services=rounded(figures.services),
    )


@pytest.mark.parametrize("by", ["hour", "service", "window", "clerk", "day", "matter"])
def test_a_span_is_what_the_tickets_say(desk: OfficeHall, book: Book, by: By) -> None:
    first = days_of_a_hall(book, 6)
    book.ticket(MORNING, service="tax")
    found = Spans(desk.office.ledger).span(first, DAY, by)
    counted = Reports(desk.office.ledger).span(first, DAY, by)  # type: ignore[arg-type]
    assert plain(found.total) == plain(counted.total)
    assert [plain(row) for row in found.rows] == [
        plain(replace(row, name=one.name)) for row, one in zip(counted.rows, found.rows, strict=True)
    ]


def test_months_add_up_to_the_same_as_days(desk: OfficeHall, book: Book) -> None:
    first = days_of_a_hall(book, 95)
    spans = Spans(desk.office.ledger)
    assert spans.keep_up(60) == 0
    with desk.store.read() as conn:
        kept = conn.scalar(select(func.count()).where(func.length(tables.figure_sum.c.period) == 7))
    assert kept == 3 * len(rollups.PARTS), "December, January and February lie in it as a whole"
    by_month = spans.span(first, DAY, "month")
    by_service = spans.span(first, DAY, "service")
    assert (
        plain(by_service.total)
        == plain(by_month.total)
        == plain(Reports(desk.office.ledger).span(first, DAY, "day").total)
    )
    assert sum(row.issued for row in by_service.rows) == by_service.total.issued
    assert [row.key for row in by_month.rows] == ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]


def test_a_class_and_a_weekday_are_parts_too(desk: OfficeHall, book: Book) -> None:
    first = days_of_a_hall(book, 14)
    spans = Spans(desk.office.ledger)
    classes = spans.span(first, DAY, "class")
    assert {row.key for row in classes.rows} == {"normal", "senior"}
    weekdays = spans.span(first, DAY, "weekday")
    assert [row.key for row in weekdays.rows] == list("1234567")
    assert sum(row.issued for row in weekdays.rows) == sum(row.issued for row in classes.rows) == classes.total.issued


def test_a_ticket_counts_for_each_of_its_matters_and_a_case_for_its_own(desk: OfficeHall, book: Book) -> None:
    ticket = book.ticket(MORNING, matters='["birth","passport"]')
    book.case(ticket, matter_id="passport", grade=5)
    book.ticket(MORNING + timedelta(hours=1))
    found = Spans(desk.office.ledger).span(DAY, DAY, "matter")
    assert [(row.key, row.issued, row.cases, row.rated) for row in found.rows] == [
        ("birth", 1, 0, 0),
        ("passport", 1, 1, 1),
    ]
    assert found.total.issued == 2


def test_a_grade_that_is_given_late_counts_at_once(desk: OfficeHall) -> None:
    code = desk.issue("licence").code
    desk.serve("1")
    today = desk.now.date()
    desk.next_day()
    spans = Spans(desk.office.ledger)
    assert spans.span(today, today).total.rated == 0
    Ratings(desk.office.ledger).rate(code, 4)
    assert spans.span(today, today).total.rated == 1


def test_a_day_that_a_wrong_clock_ended_is_added_up_anew(desk: OfficeHall) -> None:
    desk.issue("licence")
    today, now = desk.now.date(), desk.now
    desk.next_day()
    spans = Spans(desk.office.ledger)
    assert spans.span(today, today).total.expired == 1
    desk.now = now + timedelta(minutes=1)
    desk.office.end_of_day()
    desk.serve("1")
    desk.next_day()
    total = spans.span(today, today).total
    assert (total.expired, total.served) == (0, 1)


def test_a_restore_has_everything_added_up_anew(desk: OfficeHall, book: Book, tmp_path: Path) -> None:
    first = days_of_a_hall(book, 3)
    spans = Spans(desk.office.ledger)
    before = spans.span(first, DAY)
    backups = Backups(desk.office.ledger)
    backups.write(tmp_path / "hall.backup")
    backups.restore(tmp_path / "hall.backup", Actor("root", "technician", "console"), replace=True)
    with desk.store.read() as conn:
        assert conn.scalar(select(func.count()).select_from(tables.figure_sum)) == 0
    assert spans.span(first, DAY) == before


def test_many_days_that_are_not_added_up_yet_are_said_to_be_missing(file_desk: OfficeHall) -> None:
    fill(file_desk.store, 5000)
    spans = Spans(file_desk.office.ledger)
    assert spans.keep_up(0.0) == 5
    assert spans.keep_up(60.0) == 0
    assert spans.span(DAY - timedelta(days=400), DAY).total.issued == 5000


def test_spans_that_cannot_be_are_refused(desk: OfficeHall) -> None:
    spans = Spans(desk.office.ledger)
    refused(StateError, "bad_span", spans.span, DAY, DAY - timedelta(days=1))
    refused(StateError, "bad_span", spans.span, DAY - timedelta(days=3660), DAY)
    refused(StateError, "bad_by", spans.span, DAY, DAY, "person")


def test_an_empty_hall_has_figures_and_no_times(desk: OfficeHall) -> None:
    found = Spans(desk.office.ledger).span(DAY - timedelta(days=400), DAY, "month")
    assert (found.total.issued, found.total.waits, found.rows) == (0, None, ())


def test_of_a_day_that_is_over_and_of_today_the_same_is_told(desk: OfficeHall) -> None:
    for _ in range(5):
        desk.issue("tax")
    desk.later(minutes=7)
    for _ in range(3):
        desk.serve("2")
    spans, today = Spans(desk.office.ledger), desk.now.date()
    live = spans.span(today, today, "window").rows
    desk.next_day()
    assert spans.span(today, today, "window").rows == live


@given(st.lists(st.integers(0, 86400), min_size=1, max_size=60))
def test_a_histogram_tells_the_truth_to_within_a_bin(seconds: list[int]) -> None:
    exact, rough, halves = Exact(), Histogram(), [Histogram(), Histogram()]
    for turn, one in enumerate(seconds):
        exact.add(one)
        rough.add(one)
        halves[turn % 2].add(one)
    added = Histogram()
    for half in halves:
        added.take(half.as_list())
    times, spread = exact.times(), rough.times()
    assert times and spread and added.times() == spread
    assert (spread.count, spread.mean, spread.longest) == (times.count, times.mean, times.longest)
    for true, told in ((times.median, spread.median), (times.p90, spread.p90)):
        width = next((end - begin for begin, end in pairwise(EDGES) if begin <= true < end), 600)
        assert true <= told < true + width
    for most, share in zip((600, 1200, 1800), spread.within, strict=True):
        assert share == pytest.approx(sum(one < most for one in seconds) / len(seconds))
    assert sum(count for _, _, count in spread.bins) == len(seconds)
    assert isinstance(spread, Spread)
