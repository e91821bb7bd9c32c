"""A year of figures at /manage/figures: 300,000 tickets, answered by the server as the page asks for them."""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from offices import MORNING, OfficeHall
from past import A_DAY, analyse, fill
from ticketing.reports.spans import Spans


@pytest.mark.timeout(1200)
def test_bench_year(whole: bool, figure: Callable[[str], None], store_url: str) -> None:
    tickets, rounds = (300_000, 9) if whole else (4_000, 1)
    hall = OfficeHall(store_url)
    try:
        fill(hall.store, tickets)
        analyse(hall.store)
        spans = Spans(hall.office.ledger)
        begin = time.perf_counter()
        assert spans.keep_up(1000) == 0
        made = time.perf_counter() - begin
        days = tickets // A_DAY
        last = MORNING.date() - timedelta(days=1)
        first = last - timedelta(days=days - 1)
        for by in ("hour", "service", "window", "clerk", "weekday", "day"):
            took = []
            for _ in range(rounds):
                begin = time.perf_counter()
                found = spans.span(first, last, by)  # type: ignore[arg-type]
                took.append(1000 * (time.perf_counter() - begin))
            assert found.total.issued == tickets
            figure(
                f"{hall.store.engine.dialect.name}, {tickets:,} tickets of {days} days by {by}: "
                f"{statistics.median(took):.0f} ms"
            )
        figure(f"{hall.store.engine.dialect.name}: each day added up once in {1000 * made / days:.0f} ms")
    finally:
        hall.close()
