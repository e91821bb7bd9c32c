"""A store with years behind it: what a hall's days leave there once they are over and their residents' data erased."""

from datetime import datetime, timedelta

from sqlalchemy import text

from offices import MORNING, ZONE
from ticketing.store.base import Store

A_DAY = 1000
"""Tickets a day."""

# Ticket i is the k-th of day d. One in twelve was called and nobody came; the others have a case, one in four a rating.
_NUMBERS = """
WITH RECURSIVE n(i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :tickets),
shift(i, k, day, service, prefix, "window", at) AS (
    SELECT i, i % :a_day, {day},
        CASE i % 3 WHEN 0 THEN 'licence' WHEN 1 THEN 'tax' ELSE 'seal' END,
        CASE i % 3 WHEN 1 THEN 'B' ELSE 'A' END,
        CASE i % 3 WHEN 0 THEN '1' WHEN 1 THEN '2' ELSE '3' END,
        :first + (i / :a_day) * 86400000000 + (i % :a_day) * 25000000
    FROM n
)
"""
_TABLES = (
    """
    INSERT INTO ticket (id, hall_day, number, service_id, line, state, priority, rank_at, issued_at, called_at,
        started_at, ended_at, window_id, clerk, outcome, code_hash, person_hash)
    SELECT i + 1, day, prefix || (k + 1), service, service,
        CASE WHEN i % 12 = 0 THEN 'expired' ELSE 'done' END, 'normal', at, at,
        CASE WHEN i % 12 > 0 THEN at + 900000000 END, CASE WHEN i % 12 > 0 THEN at + 930000000 END, at + 1300000000,
        CASE WHEN i % 12 > 0 THEN "window" END, 'wang', CASE WHEN i % 12 > 0 THEN 'done' END, {hash}, {hash}
    FROM shift
    """,
    """
    INSERT INTO print_job (ticket_id, box, copy, state, created_at, ended_at)
    SELECT i + 1, 'box', {no}, 'printed', at, at + 1500000 FROM shift
    """,
    """
    INSERT INTO visit (ticket_id, hall_day, service_id, window_id, clerk, queued_at, called_at, ended_at, ended_as)
    SELECT i + 1, day, service, "window", 'wang', at, at + 900000000, at + 990000000, 'missed'
    FROM shift WHERE i % 12 = 0
    """,
    """
    INSERT INTO case_file (ticket_id, hall_day, service_id, window_id, clerk, ended_at, outcome)
    SELECT i + 1, day, service, "window", 'wang', at + 1300000000, 'done' FROM shift WHERE i % 12 > 0
    """,
    """
    INSERT INTO counter (hall_day, prefix, last)
    SELECT day, prefix, max(k) + 1 FROM shift GROUP BY day, prefix
    """,
    """
    INSERT INTO day_key (hall_day, created_at, erased_at)
    SELECT day, min(at), max(at) FROM shift GROUP BY day
    """,
    *(
        """
        INSERT INTO event (at, type, data)
        SELECT at + {wait}, '{type}',
            '{{"number": "' || prefix || (k + 1) || '", "service": "' || service || '", "window": "' || "window" ||
            '"}}'
        FROM shift
        """.replace("{wait}", str(wait)).replace("{type}", kind)
        for kind, wait in (
            ("ticket.issued", 0),
            ("ticket.called", 900_000_000),
            ("ticket.started", 930_000_000),
            ("ticket.finished", 1_300_000_000),
        )
    ),
)
_RATINGS = """
INSERT INTO rating (case_id, grade, given_at, via, late)
SELECT id, 5, ended_at, 'window', {no} FROM case_file WHERE id % 4 = 0
"""
_SAID = {
    "sqlite": {
        "day": "date(:begin, '+' || (i / :a_day) || ' days')",
        "hash": "randomblob(32)",
        "no": "0",
    },
    "postgresql": {
        "day": "to_char(CAST(:begin AS date) + CAST(i / :a_day AS integer), 'YYYY-MM-DD')",
        "hash": "decode(md5(i || 'a') || md5(i || 'b'), 'hex')",
        "no": "false",
    },
}


def fill(store: Store, tickets: int) -> None:
    """Put so many past tickets, with all that goes with them, into a store that has none; the last day is yesterday."""
    days = -(-tickets // A_DAY)
    begin = datetime.combine(MORNING.date() - timedelta(days=days), MORNING.timetz())
    values = {
        "tickets": tickets,
        "a_day": A_DAY,
        "begin": begin.date().isoformat(),
        "first": int(begin.astimezone(ZONE).timestamp()) * 1_000_000,
    }
    said = _SAID[store.engine.dialect.name]
    with store.write() as conn:
        for table in _TABLES:
            statement = (_NUMBERS + table).format(**said)
            # SQLite wants the numbers first, PostgreSQL takes them anywhere: before the insert both do.
            conn.execute(text(statement), {name: one for name, one in values.items() if f":{name}" in statement})
        conn.execute(text(_RATINGS.format(**said)))


def analyse(store: Store) -> None:
    """Let the database count what it has, as a server does by itself in the night."""
    with store.write() as conn:
        conn.execute(text("ANALYZE"))
