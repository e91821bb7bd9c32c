"""Import of another system's list of appointments in one transaction.

A list holds thousands of rows, and nobody else can write meanwhile. So the store is read once for each service and day,
not for each row, and everything is written at the end.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, select

from ticketing.appointments import booking
from ticketing.calendar import SlotOfDay
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import StateError
from ticketing.store import tables
from ticketing.store.prepared import Prepared

_a = tables.appointment
_BOOKED = "booked"
_THERE = Prepared(
    select(_a.c.person_hash, _a.c.from_at, _a.c.state).where(
        _a.c.day == bindparam("day"), _a.c.service_id == bindparam("service")
    )
)


@dataclass(frozen=True)
class ListedRow:
    """A row of a list of appointments, with its line number in the file."""

    line: int
    service: str
    day: date
    minute: int
    id_number: str

    def __repr__(self) -> str:
        """Without anything of the person: representations end up in logs."""
        return f"<ListedRow {self.line}>"


class _Day:
    """What is booked for a service on a day: places by slot, and by whom; kept up to date as rows are added."""

    def __init__(self, m: Transaction, service: str, day: date) -> None:
        self.taken = Counter(booking.taken(m, service, day))
        self._states: defaultdict[bytes, dict[int, str]] = defaultdict(dict)
        for row in _THERE.all(m.conn, {"service": service, "day": day.isoformat()}):
            # An appointment that is booked again after it was cancelled counts as booked.
            if row.person_hash and self._states[row.person_hash].get(row.from_at) != _BOOKED:
                self._states[row.person_hash][row.from_at] = row.state

    def knows(self, persons: list[bytes], begins: int) -> bool:
        """Whether somebody, by any of their hashes, has that slot."""
        return any(begins in self._states.get(person, ()) for person in persons)

    def booked_by(self, persons: list[bytes]) -> int | None:
        """Begin of the slot that somebody has booked, if any."""
        states = (one for person in persons for one in self._states.get(person, {}).items())
        return next((at for at, state in states if state == _BOOKED), None)

    def add(self, person: bytes, begins: int) -> None:
        self.taken[begins] += 1
        self._states[person][begins] = _BOOKED


class Listing:
    """A list being imported; nothing is in the store before :meth:`write`.

    Args:
        m: the transaction, which holds the writer's lock: nobody else can take a place meanwhile.
    """

    def __init__(self, m: Transaction) -> None:
        self._m = m
        self._next = booking.next_id(m)
        self._days: dict[tuple[str, date], _Day] = {}
        self._slots: dict[tuple[str, date, int], SlotOfDay] = {}
        self._rows: list[dict[str, Any]] = []

    def add(self, row: ListedRow) -> bool:
        """Reserve a place for the row; False if an earlier list booked it already.

        Raises:
            UnknownError: ``unknown_service``, ``no_such_slot``.
            ClosedError: ``service_removed``.
            StateError: ``no_id_number``, ``slot_over``, ``slot_full``, ``already_booked`` (``time``).
        """
        m = self._m
        person, persons = booking.person_of(m, row.id_number), booking.persons_of(m, row.id_number)
        if person is None:
            raise StateError("no_id_number")
        slot, day = self._slot(row), self._day(row)
        begins = microseconds(slot.period.begins)
        if day.knows(persons, begins):
            return False
        booking.refuse_taken(m, slot, day.booked_by(persons), day.taken[begins])
        self._rows.append(
            booking.new_row(m, self._next + len(self._rows), row.service, row.day, slot, person, "import")
        )
        day.add(person, begins)
        return True

    def write(self) -> None:
        """Insert all added rows."""
        if self._rows:
            self._m.conn.execute(insert(_a), self._rows)

    def _slot(self, row: ListedRow) -> SlotOfDay:
        which = (row.service, row.day, row.minute)
        if which not in self._slots:
            self._slots[which] = booking.slot_of(self._m, *which)
        return self._slots[which]

    def _day(self, row: ListedRow) -> _Day:
        which = (row.service, row.day)
        if which not in self._days:
            self._days[which] = _Day(self._m, *which)
        return self._days[which]
