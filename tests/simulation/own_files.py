"""The files that boxes go on with while they are cut off, as the observer sees them: what each box issued by itself."""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from tests.simulation.stores import Database
from ticketing.day.numbers import LEASED

Numbers = dict[tuple[str, str], set[int]]
"""Numbers by hall day and prefix."""


class Own(NamedTuple):
    """A ticket that a box issued without the store, in its own file."""

    id: int
    day: str
    number: str
    issued_at: int


class OwnFile:
    """The file of a box. What its box issued is kept here for good, wherever it goes.

    Args:
        box: its name.
        database: the file.
        broken: raises for a rule that was broken.

    Attributes:
        issued: all tickets that its box issued without the store, by id.
        waiting: those of them that are in the file and that the store did not have when it was looked at.
        lease_until: when the box's lease ends by a clock that nobody sets, in nanoseconds of the run; 0 before it has
            one.
        told: what it has told of tickets and windows, each with its time: kind, number or window, microseconds.
        steps: what was done at its windows and is not merged yet.
        slips: how many slips of its own are not printed yet.
        raw: a connection that reads it.
    """

    def __init__(self, box: str, database: Database, broken: Callable[[str], None]) -> None:
        self.box = box
        self.issued: dict[int, Own] = {}
        self.waiting: dict[int, Own] = {}
        self.lease_until = 0
        self.told: set[tuple[str, str, int]] = set()
        self.steps = 0
        self.slips = 0
        self._seq = 0
        self.raw = sqlite3.connect(f"file:{database.path}?mode=ro", uri=True, isolation_level=None)
        self._database = database
        self._commits = -1
        self._begun: set[int] = set()
        self._broken = broken

    def close(self) -> None:
        self.raw.close()

    def has_changed(self) -> bool:
        """Whether it has, since this was asked last."""
        before, self._commits = self._commits, self._database.commits
        return before != self._commits

    def look(self, now: int, known: Collection[int], *, cut: bool) -> list[Own]:
        """Read the file at ``now``; the tickets that its box has issued since.

        Args:
            known: the ids of the store's tickets.
            cut: whether the store is out of the box's reach.
        """
        self.raw.execute("BEGIN")
        try:
            found = {
                row[0]: Own(*row)
                for row in self.raw.execute(
                    "SELECT id, hall_day, number, issued_at FROM ticket WHERE id >= ? ORDER BY id", (LEASED,)
                )
            }
            jobs = self.raw.execute("SELECT id, state FROM print_job").fetchall()
            events = self.raw.execute(
                "SELECT seq, at, type, data FROM event WHERE seq > ? ORDER BY seq", (self._seq,)
            ).fetchall()
            self.steps = self.raw.execute("SELECT count(*) FROM window_step").fetchone()[0]
        finally:
            self.raw.execute("COMMIT")
        for one in self.waiting.values():
            if one.id not in known and one.id not in found:
                self._broken(f"{one.number}, which {self.box} issued alone, is gone from its file and not in the store")
        self.waiting = {one.id: one for one in found.values() if one.id not in known}
        new = [one for one in self.waiting.values() if one.id not in self.issued]
        self.issued |= {one.id: one for one in new}
        for one in new:
            if now > self.lease_until:
                self._broken(f"{self.box} issues {one.number}, and its lease is over")
        for seq, at, kind, text in events:
            self._seq = seq
            if kind.startswith(("ticket.", "window.")):
                self._happened(kind, json.loads(text), at, now)
        begun = {ident for ident, state in jobs if state == "sending"}
        if begun - self._begun and cut and now > self.lease_until:
            self._broken(f"{self.box} begins a slip without the store, and its lease is over")
        self._begun |= begun
        self.slips = sum(state in ("pending", "sending") for _, state in jobs)
        return new

    def _happened(self, kind: str, data: Mapping[str, Any], at: int, now: int) -> None:
        about = data.get("number", data.get("window"))
        if now > self.lease_until:
            self._broken(f"{self.box} alone tells {kind} of {about}, and its lease is over")
        if kind == "ticket.called" and about not in [one.number for one in self.waiting.values()]:
            self._broken(f"{self.box} alone calls {about}, which the store may call as well")
        self.told.add((kind, str(about), at))

    def merged(self, known: Collection[int]) -> None:
        """Take note of what the store has now."""
        self.waiting = {ident: one for ident, one in self.waiting.items() if ident not in known}

    def numbers(self) -> Numbers:
        """Those that its box issued and that the store does not know of yet."""
        found: Numbers = {}
        for one in self.waiting.values():
            found.setdefault((one.day, one.number[0]), set()).add(int(one.number[1:]))
        return found

    def left_of(self, day: str) -> dict[str, int]:
        """How many rows of persons there are of a day, by table."""
        query = "SELECT count(*) FROM {} WHERE hall_day = ?"
        tables = ("resident", "slip_code", "answer")
        return {table: self.raw.execute(query.format(table), (day,)).fetchone()[0] for table in tables}


def begun_slips(raw: sqlite3.Connection, number: str) -> list[tuple[int, str]]:
    """The slips of a number that were begun in a store: when the last of each day was asked for, and the day.

    Those that were begun last come first.
    """
    query = (
        "SELECT max(created_at), hall_day FROM print_job JOIN ticket ON ticket.id = ticket_id"
        " WHERE number = ? AND print_job.state IN ('sending', 'unconfirmed', 'printed')"
        " GROUP BY hall_day ORDER BY max(print_job.id) DESC"
    )
    found: list[tuple[int, str]] = raw.execute(query, (number,)).fetchall()
    return found
