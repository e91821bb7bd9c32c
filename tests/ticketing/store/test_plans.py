"""No verb reads through the past: each of its statements finds its few rows by an index, however many there were."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg import RawCursor
from sqlalchemy import text

import empty_store
from offices import CHEN, CLERK, LI, OfficeHall
from past import analyse, fill
from ticketing.store.base import PIPELINE

PAST = 20_000
BIG = {"ticket", "x", "event", "print_job", "visit", "case_file", "rating"}
"""What grows with the tickets; ``x`` is a ticket, too."""
TRIP = "-- sent and answered"
OF_TODAY = ("ticket_next", "ticket_at_window", "ticket_held", "ticket_of_person", "print_job_unfinished")
"""Indexes that hold what is not over, and nothing else."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def years(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | bytes]:
    """A store with years behind it, counted, to be copied: a file's content, or the name of a database."""
    if request.param == "sqlite":
        hall = OfficeHall(tmp_path_factory.mktemp("years"))
    else:
        server = request.getfixturevalue("postgres")
        name = server.create(request.getfixturevalue("_seeded_store"))
        hall = OfficeHall(server.url(name), seeded=False)
    fill(hall.store, PAST)
    analyse(hall.store)
    hall.close()
    if request.param == "sqlite":
        yield empty_store.whole(hall.path)
    else:
        yield name
        server.drop(name)


@pytest.fixture
def old_desk(years: str | bytes, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OfficeHall]:
    """An office on such a store, like ``desk``."""
    if isinstance(years, bytes):
        empty_store.lay(tmp_path / "quhao.db", years)
        hall = OfficeHall(tmp_path, seeded=False)
        yield hall
        hall.close()
        return
    server = request.getfixturevalue("postgres")
    name = server.create(years)
    hall = OfficeHall(server.url(name), seeded=False)
    yield hall
    hall.close()
    server.drop(name)


@contextmanager
def statements(hall: OfficeHall) -> Iterator[list[tuple[str, Any]]]:
    """What verbs say to the database from now on, with its values."""
    asked: list[tuple[str, Any]] = []
    with hall.store.write() as conn:
        # The one connection that all verbs write by.
        raw: Any = conn.connection.dbapi_connection
        info = conn.info
    if hall.store.engine.dialect.name == "sqlite":
        raw.set_trace_callback(lambda query: asked.append((query, None)))
        yield asked
        raw.set_trace_callback(None)
        return
    import psycopg

    class Noting(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            asked.append((query if isinstance(query, str) else query.decode(), params))
            return super().execute(query, params, **options)

    class NotingPipeline:
        def __init__(self, pipeline: Any) -> None:
            self._pipeline = pipeline

        def __getattr__(self, name: str) -> Any:
            return getattr(self._pipeline, name)

        def later(self, query: str, values: Any = ()) -> None:
            asked.append((query, values))
            self._pipeline.later(query, values)

        def ask(self, *steps: Any) -> Any:
            asked.extend([*steps, (TRIP, ())])
            return self._pipeline.ask(*steps)

    pipeline = info[PIPELINE]
    raw.cursor_factory, info[PIPELINE] = Noting, NotingPipeline(pipeline)
    yield asked
    raw.cursor_factory, info[PIPELINE] = psycopg.Cursor, pipeline


def plans(hall: OfficeHall, asked: list[tuple[str, Any]]) -> list[str]:
    """How the database goes about it: a line for each table it looks into."""
    first = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
    queries = [(query, values) for query, values in asked if query.lstrip().startswith(first)]
    assert len(queries) > 10
    found: list[str] = []
    with hall.store.read() as conn:
        raw: Any = conn.connection.dbapi_connection
        for query, values in queries:
            if hall.store.engine.dialect.name == "sqlite":
                looks = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query}")]
                # What finds the largest value is said to search, with an index for it or without.
                by_key = re.search(r"max\((\w+\.)?(id|seq)\)", query)
                found += [look if by_key else re.sub(r"^SEARCH (\w+)$", r"SCAN \1", look) for look in looks]
            else:
                # Statements have their values by number, or by name where SQLAlchemy sends them.
                cursor = raw.cursor() if isinstance(values, dict) else RawCursor(raw)
                ((explained,),) = cursor.execute(f"EXPLAIN (FORMAT JSON) {query}", values).fetchall()
                found += [line for plan in explained for line in nodes(plan["Plan"])]
    return found


def nodes(plan: dict[str, Any]) -> Iterator[str]:
    """PostgreSQL's plan in the words of SQLite's."""
    if "Index Name" in plan:
        how = "SEARCH" if "Index Cond" in plan else "SCAN"
        yield f"{how} {plan.get('Relation Name', '')} USING INDEX {plan['Index Name']}"
    elif "Scan" in plan["Node Type"] and "Relation Name" in plan and plan["Node Type"] != "Bitmap Heap Scan":
        yield f"SCAN {plan['Relation Name']}"
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def through_the_past(plan: str) -> bool:
    scanned = re.match(r"SCAN (\S+)( USING (COVERING )?INDEX (\S+))?", plan)
    return scanned is not None and scanned[1] in BIG and scanned[4] not in OF_TODAY


def test_no_statement_of_a_verb_reads_through_the_past(old_desk: OfficeHall) -> None:
    with statements(old_desk) as asked:
        first = old_desk.issue("licence", LI, print=True)
        old_desk.issue("tax")
        old_desk.issue("licence", CHEN, priority="senior", print=True)
        assert first.print_job
        old_desk.office.print_sending(first.print_job)
        old_desk.office.print_ended(first.print_job, "printed", None)
        for service in ("licence", "tax", "seal"):
            old_desk.issue(service)
        old_desk.call("1")
        old_desk.office.recall("1", CLERK)
        old_desk.office.start("1", CLERK)
        old_desk.office.finish("1", CLERK)
        old_desk.call("1")
        old_desk.office.transfer("1", "seal", CLERK)
        old_desk.call("2")
        old_desk.office.no_show("2", CLERK)
        old_desk.call("1")
        old_desk.office.finish("1", CLERK)
    found = plans(old_desk, list(asked))
    assert sorted({one for one in found if through_the_past(one)}) == []
    assert sum("ticket_next" in one for one in found) > 10


def test_who_is_next_is_not_looked_for_among_all_of_todays_tickets(old_desk: OfficeHall) -> None:
    """A database that counted its rows in the night knows of no ticket of today."""
    # The first of a day counts who waits; from then on that is known.
    old_desk.issue("tax")
    with statements(old_desk) as asked:
        old_desk.issue("tax")
        old_desk.issue("tax")
        old_desk.call("2")
    looks = [one for one in plans(old_desk, list(asked)) if "ticket_next" in one or "ticket_number" in one]
    assert len(looks) >= 4
    assert [one for one in looks if "ticket_number" in one] == []


def test_a_verb_goes_to_the_database_and_back_no_more_often_than_it_must(desk: OfficeHall) -> None:
    """With BEGIN and COMMIT; on PostgreSQL several statements are one round trip."""
    wang = replace(CLERK, logged_in=True)
    for _ in range(3):
        desk.issue()
    desk.office.open_window("1", wang)
    with statements(desk) as asked:
        counts = {}
        for verb, do in {
            "issue": lambda: desk.issue(),
            "issue to a resident, printed": lambda: desk.issue("tax", CHEN, print=True),
            "call": lambda: desk.office.call_next("1", wang),
            "recall": lambda: desk.office.recall("1", wang),
            "start": lambda: desk.office.start("1", wang),
            "finish": lambda: desk.office.finish("1", wang),
        }.items():
            asked.clear()
            do()
            trips = [query for query, _ in asked if query == TRIP]
            # Who is not the only service on a file looks at its version, too.
            counts[verb] = len(trips or [query for query, _ in asked if "alembic_version" not in query])
    in_file, shared = (6, 9, 4, 4, 4, 6), (3, 5, 3, 3, 3, 4)
    most = in_file if desk.store.engine.dialect.name == "sqlite" else shared
    assert tuple(counts.values()) == most


def test_a_statement_that_does_read_through_the_past_is_found(old_desk: OfficeHall) -> None:
    with statements(old_desk) as asked:
        for _ in range(6):
            old_desk.issue("tax")
        with old_desk.store.write() as conn:
            conn.execute(text("SELECT count(*) FROM ticket WHERE clerk = 'li'"))
            conn.execute(text("SELECT max(at) FROM event"))
    found = {one for one in plans(old_desk, list(asked)) if through_the_past(one)}
    assert found == {"SCAN ticket", "SCAN event"}
