"""Rows of a day's work as the verbs leave them, put into a store by hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from offices import MORNING, OfficeHall
from ticketing.day.transaction import microseconds
from ticketing.store import tables

DAY = MORNING.date()


class Book:
    """Writes rows as the verbs leave them."""

    def __init__(self, hall: OfficeHall) -> None:
        self._hall = hall
        self._last = 0

    def ticket(
        self,
        at: datetime = MORNING,
        *,
        waited: int | None = 60,
        walked: int | None = 30,
        served: int | None = 300,
        state: str = "done",
        service: str = "licence",
        window: str | None = "1",
        clerk: str | None = "wang",
        **more: Any,
    ) -> int:
        """A ticket that was called so many seconds after ``at``, and so on; None: that never happened."""
        self._last += 1
        times = [microseconds(at)]
        for span in (waited, walked, served):
            times.append(None if span is None or times[-1] is None else times[-1] + span * 1_000_000)  # type: ignore[arg-type]
        issued, called, started, ended = times
        values = {
            "id": self._last,
            "hall_day": at.date().isoformat(),
            "number": f"X{self._last:05}",
            "service_id": service,
            "state": state,
            "priority": "normal",
            "rank_at": issued,
            "issued_at": issued,
            "called_at": called,
            "started_at": started,
            "ended_at": ended,
            "window_id": window if called else None,
            "clerk": clerk if called else None,
            "code_hash": self._last.to_bytes(32, "big"),
        }
        self._add(tables.ticket, values | more)
        return self._last

    def visit(self, ticket: int, how: str, at: datetime, waited: int, walked: int, served: int, **more: Any) -> None:
        queued = microseconds(at)
        called = queued + waited * 1_000_000
        started = called + walked * 1_000_000
        values = {
            "ticket_id": ticket,
            "hall_day": at.date().isoformat(),
            "service_id": "licence",
            "window_id": "1",
            "clerk": "wang",
            "queued_at": queued,
            "called_at": called,
            "started_at": started,
            "ended_at": started + served * 1_000_000,
            "ended_as": how,
        }
        self._add(tables.visit, values | more)

    def case(self, ticket: int, *, outcome: str = "immediate", grade: int | None = None, **more: Any) -> int:
        at = microseconds(MORNING)
        values = {
            "id": ticket * 10,
            "ticket_id": ticket,
            "hall_day": DAY.isoformat(),
            "service_id": "licence",
            "window_id": "1",
            "clerk": "wang",
            "ended_at": at,
            "outcome": outcome,
        }
        self._add(tables.case_file, values | more)
        if grade:
            self._add(
                tables.rating, {"case_id": ticket * 10, "grade": grade, "given_at": at, "via": "window", "late": False}
            )
        return ticket * 10

    def work(self, case: int, **more: Any) -> None:
        at = microseconds(MORNING)
        due = {"contact_by": at + 3600 * 10**6, "settle_by": at + 24 * 3600 * 10**6}
        self._add(tables.work_item, {"case_id": case, "made_at": at} | due | more)

    def _add(self, table: Any, values: dict[str, Any]) -> None:
        with self._hall.store.write() as conn:
            conn.execute(insert(table).values(**values))


def past_tickets(now: datetime, days: int) -> Iterator[dict[str, Any]]:
    """On each past day forty residents who come every four minutes to one window, where each keeps five."""
    for day in range(1, days + 1):
        nine = now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=day)
        for turn in range(40):
            issued = int(nine.timestamp() + 240 * turn) * 10**6
            called = int(nine.timestamp() + 300 * turn) * 10**6
            number = day * 100 + turn + 1_000_000
            yield {
                "id": number,
                "hall_day": f"{nine.date()}",
                "number": f"X{number}",
                "service_id": "tax",
                "state": "done",
                "priority": "normal",
                "rank_at": issued,
                "issued_at": issued,
                "called_at": called,
                "started_at": called + 20 * 10**6,
                "ended_at": called + 290 * 10**6,
                "window_id": "1",
                "outcome": "done",
                "code_hash": number.to_bytes(32, "big"),
            }
