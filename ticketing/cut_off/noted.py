"""What somebody should know of what was merged: second tickets, those of a day that was over, and what was refused."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, cast, literal, select

from ticketing.cut_off import merging
from ticketing.day.ledger import Ledger
from ticketing.day.transaction import Transaction
from ticketing.privacy.vault import ErasedError, VaultError
from ticketing.store import tables

_m, _t = tables.merged_record, tables.ticket


@dataclass(frozen=True)
class Noted:
    """A number that a box issued or served while it was cut off, and what came of it.

    Attributes:
        number: "" where what was refused is erased.
        box: which one issued it.
        at: when, and ``merged_at`` when the store took it.
        note: ``second``, ``day_over``, ``window_busy``, or why it was refused.
    """

    number: str
    box: str
    at: datetime
    merged_at: datetime
    note: str

    @property
    def refused(self) -> bool:
        """Whether it is not in the queue."""
        return self.note in merging.REFUSED


class NotedRecords:
    """The noted records of a hall. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of_day(self, day: date) -> list[Noted]:
        """Those of tickets of a hall day, in the order in which they were issued."""
        ends_in = literal("%/") + cast(_t.c.id, String)
        step = ends_in + literal("/step%")
        found = (
            select(_m, _t.c.number)
            .outerjoin(_t, (_t.c.hall_day == _m.c.hall_day) & (_m.c.id.like(ends_in) | _m.c.id.like(step)))
            .where(_m.c.hall_day == day.isoformat(), _m.c.note.is_not(None))
            .order_by(_m.c.at, _m.c.id)
        )
        with self._ledger.look() as m:
            return [
                Noted(row.number or _refused_number(m, row), row.box, m.time(row.at), m.time(row.merged_at), row.note)
                for row in m.conn.execute(found)
            ]


def _refused_number(m: Transaction, row: Any) -> str:
    if row.sealed is None:
        return ""
    try:
        body = merging.refused_body(m, row.id, row.hall_day, bytes(row.sealed))
        return str(body["number"] if "number" in body else body["ticket"]["number"])
    except (ErasedError, VaultError):
        return ""
