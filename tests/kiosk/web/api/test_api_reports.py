"""The manager's figures over HTTP: JSON and CSV, for nobody else, about nobody."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from ticketing.model import Actor

CLERK = Actor("=HYPERLINK(1)", "clerk", "1")
TODAY = "2026-11-23"


@pytest.fixture
def manager(here: Any) -> str:
    return here.token("manager")


def a_morning(here: Any) -> None:
    """Two served, one who did not come, one who waits."""
    for _ in range(4):
        here.issue()
    for number in range(3):
        here.pass_time(minutes=10)
        here.office.call_next("3", CLERK)
        here.pass_time(minutes=1)
        if number == 2:
            here.office.no_show("3", CLERK)
            break
        here.office.start("3", CLERK)
        here.pass_time(minutes=5)
        here.office.finish("3", CLERK, "immediate")


def test_a_day_is_told_as_a_whole_and_in_parts(here: Any, manager: str) -> None:
    a_morning(here)
    day = here.get(f"/reports/day?date={TODAY}", token=manager).json
    total = day["total"]
    assert (day["date"], total["issued"], total["served"], total["no_shows"]) == (TODAY, 4, 2, 1)
    assert total["wait"] == {
        "count": 3,
        "mean_seconds": (600 + 1560 + 2520) // 3,
        "median_seconds": 1560,
        "p90_seconds": 2520,
        "longest_seconds": 2520,
    }
    assert (total["walk"]["mean_seconds"], total["service"]["mean_seconds"]) == (60, 300)
    assert total["outcomes"] == {"immediate": 2}
    assert (total["rated"], total["not_rated"]) == (0, 2)
    hours = [(line["key"], line["issued"], line["served"], line["cases"]) for line in day["hours"]]
    assert hours == [("9", 4, 2, 1), ("10", 0, 0, 1)], "who came at nine; a case counts when it is done"
    assert [(line["name"], line["served"]) for line in day["services"]] == [("营业执照", 2)]
    assert [(line["name"], line["served"]) for line in day["windows"]] == [("3号窗口", 2)]
    assert here.get("/reports/day", token=manager).json == day, "today, when no day is named"


def test_a_span_is_divided_as_asked(here: Any, manager: str) -> None:
    a_morning(here)
    for by, keys in (("hour", ["9", "10"]), ("service", ["licence"]), ("window", ["3"]), ("day", [TODAY])):
        span = here.get(f"/reports?from=2026-11-01&to=2026-11-30&by={by}", token=manager).json
        assert (span["from"], span["to"], span["by"]) == ("2026-11-01", "2026-11-30", by)
        assert [line["key"] for line in span["rows"]] == keys
        assert span["total"]["served"] == 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("day?date=2026-02-30", "bad_body"),
        ("day?date=20260302", "bad_body"),
        ("day?date=1772400000", "bad_body"),
        ("day?format=pdf", "bad_body"),
        ("?from=2026-11-02", "bad_body"),
        ("?from=2026-11-02&to=2026-11-03&by=colour", "bad_body"),
        ("?from=2026-11-03&to=2026-11-02", "bad_span"),
        ("?from=2020-11-03&to=2026-11-02", "bad_span"),
    ],
)
def test_days_that_are_none_are_refused_in_words(shared: Any, query: str, code: str) -> None:
    manager = shared.token("manager")
    answer = shared.get(f"/reports{'/' if query.startswith('d') else ''}{query}", token=manager)
    assert (answer.status, answer.code) == (422, code)


@pytest.mark.parametrize("role", ["clerk", "desk", "technician", None])
def test_figures_are_for_the_manager_alone(shared: Any, role: str | None) -> None:
    token = shared.token(role) if role else None
    for path in ("/reports/day", "/reports?from=2026-11-02&to=2026-11-03"):
        assert shared.get(path, token=token).status in (401, 403)


def test_a_table_opens_in_a_spreadsheet_and_starts_no_formula(here: Any, manager: str) -> None:
    a_morning(here)
    for query in ("/reports/day?format=csv", f"/reports?from={TODAY}&to={TODAY}&by=clerk&format=csv"):
        answer = here.get(query, token=manager)
        assert answer.headers["content-type"].startswith("text/csv")
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.body.startswith(b"\xef\xbb\xbf"), "UTF-8 for Excel in China"
        head, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
        assert head[:4] == ["分类 by", "编号 id", "名称 name", "取号 issued"]
        assert {len(row) for row in rows} == {len(head)}
        assert rows[-1][0] == "total"
        assert rows[-1][head.index("等候平均(秒) wait mean (s)")] == "1560"
        cells = [cell for row in rows for cell in row]
        assert "'=HYPERLINK(1)" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_names_of_services_start_no_formula_either(start: Callable[..., Any]) -> None:
    from sqlalchemy import text

    hall = start()
    with hall.store.write() as conn:
        conn.execute(text("UPDATE service SET name = '@SUM(A1)'"))
    hall.issue()
    answer = hall.get("/reports/day?format=csv", token=hall.token("manager"))
    assert "'@SUM(A1)" in answer.body.decode("utf-8-sig")
