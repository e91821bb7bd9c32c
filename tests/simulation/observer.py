"""Whoever watches the hall and knows the rules: what has to hold after each step.

The rules of DESIGN.md §3 to §6 are written down here a second time, in plain Python. The observer reads the store on a
connection of its own, follows the events, and makes of them what every ticket is; that has to be what the table says.
It reads the files of boxes that go on without the store as well: each number is once in the hall, in the store, in such
a file, or in a block that is still to be issued, and none is missing.
What residents and clerks were answered, and what came out of printers, it keeps itself.
"""

import json
import logging
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import create_engine

from drivers.simulators.printer.paper import Paper
from tests.simulation.boxes import LEASES, RULES, WINDOWS, ZONE
from tests.simulation.own_files import Numbers, Own, OwnFile, begun_slips
from tests.simulation.scheduler import SECOND
from tests.simulation.stores import Database
from ticketing.day.memory import Memory
from ticketing.day.transaction import Transaction
from ticketing.line import views
from ticketing.model import Resident, UnknownError, time_of
from ticketing.privacy import access_log
from ticketing.privacy.vault import ErasedError, Vault, VaultError

LEGAL: dict[str, dict[str, str]] = {
    "ticket.issued": {"": "waiting"},
    "ticket.called": {"waiting": "called", "held": "called", "missed": "called"},
    "ticket.recalled": {"called": "called"},
    "ticket.started": {"called": "serving"},
    "ticket.held": {"waiting": "held", "called": "held", "serving": "held"},
    "ticket.missed": {"called": "missed"},
    "ticket.transferred": {"called": "waiting", "serving": "waiting", "waiting": "waiting"},
    "ticket.finished": {"called": "done", "serving": "done"},
    "ticket.cancelled": {"waiting": "cancelled", "held": "cancelled", "missed": "cancelled"},
    "ticket.expired": {"waiting": "expired", "held": "expired", "missed": "expired"},
    "ticket.returned": {"held": "waiting", "missed": "waiting", "done": "waiting", "expired": "waiting"},
    "ticket.ranked": {"waiting": "waiting", "held": "held"},
    "ticket.undone": {"done": "serving", "missed": "called", "waiting": "serving"},
}
"""What may become of a ticket, by event: state before and after. The table of DESIGN.md §4, written a second time."""
OVER = {"done", "cancelled", "expired"}
OPEN = {"called", "serving"}
LIVE = {"waiting", "called", "serving", "held"}
BACK = 301_000_000
"""Microseconds by which the time of an event may lie before that of the one before it, of another box: a clock that is
set by up to five minutes is followed, and a box that did not look meanwhile never saw it."""
COPY = "补打"
NUMBER = re.compile(r"[AB]\d{3}")
SERVES = {one.id: one.services for one in WINDOWS}


class ViolationError(Exception):
    """A rule was broken; the text says which."""


class Row(NamedTuple):
    """A ticket in the store."""

    id: int
    day: str
    number: str
    service: str
    state: str
    line: str
    window: str | None
    rank: int
    called_by: str | None
    person: bytes | None


@dataclass
class Heard:
    """A ticket as the events tell it."""

    state: str
    service: str
    line: str
    window: str | None = None


@dataclass
class Answered:
    """A ticket that somebody was answered: it may never be lost.

    Attributes:
        whose: the resident on its card; None for a number without one.
        codes: those that were given out.
    """

    id: int
    number: str
    day: str
    whose: Resident | None
    codes: list[str] = field(default_factory=list)


class Observer:
    """See the module.

    Args:
        database: the store.
        files: those of the boxes that go on without the store.
        cut: whether the store is out of reach of the box of this name.
        now: nanoseconds since the run began.
        papers: what has come out of each printer of the hall.
        vault: opens what the hall's keys open.
        told: notes a line in the trace.
    """

    def __init__(
        self,
        database: Database,
        files: Mapping[str, Database],
        cut: Callable[[str], bool],
        now: Callable[[], int],
        papers: Callable[[], Iterable[Iterable[Paper]]],
        vault: Callable[[], Vault | None],
        told: Callable[[str], None],
    ) -> None:
        self._raw = sqlite3.connect(f"file:{database.path}?mode=ro", uri=True, isolation_level=None)
        self._engine = create_engine(f"sqlite:///file:{database.path}?mode=ro&uri=true")
        self._conn = self._engine.connect()
        self.files = [OwnFile(box, file, self._broken) for box, file in files.items()]
        self._cut = cut
        self._now = now
        self._turns: dict[str, int] = {}
        self._blocks: Numbers = {}
        self._merged: set[tuple[str, str, int]] = set()
        self._papers = papers
        self._vault = vault
        self._told = told
        self._database = database
        self._commits = -1
        self._seq = self._scalar("SELECT coalesce(max(seq), 0) FROM event")
        self._at = 0
        self._log: list[tuple[Any, ...]] = self._raw.execute("SELECT seq, at, type, data FROM event").fetchall()
        self.heard: dict[str, Heard] = {}
        self.rows: dict[int, Row] = {}
        self.answered: dict[int, Answered] = {}
        self.kept_answers: dict[str, tuple[Any, ...]] = {}
        # Tickets whose earlier slips were given up for lost: which of their codes are worth something is not known.
        self.replaced: set[int] = set()
        self.secrets: set[str] = set()
        self.checks = 0
        self.counts: Counter[str] = Counter()
        self.paper_came = False
        self._unmarked: Counter[tuple[str, str]] = Counter()
        self._whole: Counter[tuple[str, str]] = Counter()
        self._seen: list[int] = []
        self.day = self._scalar("SELECT CAST(value AS TEXT) FROM fact WHERE name = 'hall_day'")

    def close(self) -> None:
        for file in self.files:
            file.close()
        self._raw.close()
        self._conn.close()
        self._engine.dispose()

    def _scalar(self, query: str) -> Any:
        found = self._raw.execute(query).fetchone()
        return found and found[0]

    # -- after each step

    def look(self) -> None:
        """Check everything that has changed."""
        if self.paper_came:
            self.paper_came = False
            self._look_at_papers()
        changed = [file for file in self.files if file.has_changed()]
        for file in changed:
            self.checks += 1
            for own in file.look(self._now(), self.rows.keys(), cut=self._cut(file.box)):
                self._was_issued_alone(file, own)
        if self._database.commits == self._commits:
            return
        self._commits = self._database.commits
        self.checks += 1
        self._raw.execute("BEGIN")
        try:
            self._look_at_store()
        finally:
            self._raw.execute("COMMIT")

    def _look_at_store(self) -> None:
        before = self.rows
        day = self._scalar("SELECT CAST(value AS TEXT) FROM fact WHERE name = 'hall_day'")
        if day != self.day:
            self.day = day
        rows = self.rows = {
            row[0]: Row(*row)
            for row in self._raw.execute(
                "SELECT id, hall_day, number, service_id, state, line, window_id, rank_at, called_by, person_hash"
                " FROM ticket ORDER BY id"
            )
        }
        for lost in before.keys() - rows.keys():
            self._broken(f"ticket {before[lost].number} of {before[lost].day} is gone from the store")
        for file in self.files:
            file.merged(rows.keys())
        self._look_at_leases()
        self._check_merged(before)
        today = self._check_rows(rows)
        events = self._raw.execute(
            "SELECT seq, at, type, data FROM event WHERE seq > ? ORDER BY seq", (self._seq,)
        ).fetchall()
        self._follow(events, today, before)
        for answered in self.answered.values():
            if self._number_of(answered.id) != answered.number:
                self._broken(f"ticket {answered.number} was answered, and the store does not know it")
        if events:
            self._check_board(today)

    def _check_rows(self, rows: dict[int, Row]) -> dict[str, Row]:
        numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
        count: Counter[tuple[str, str]] = Counter()
        windows: Counter[str] = Counter()
        persons: Counter[tuple[str, bytes, str]] = Counter()
        today: dict[str, Row] = {}
        for row in rows.values():
            which = row.day, row.number[0]
            numbers[which].add(int(row.number[1:]))
            count[which] += 1
            if row.state in OPEN:
                windows[row.window or "none"] += 1
            if row.person is not None and row.state in LIVE:
                persons[row.day, row.person, row.service] += 1
            if row.day == self.day:
                today[row.number] = row
        self._check_numbers(numbers, count)
        if any(n > 1 for n in windows.values()):
            self._broken(f"two tickets at one window: {dict(windows)}")
        if "none" in windows:
            self._broken("a ticket is called to no window")
        if any(n > 1 for n in persons.values()):
            self._broken("one person has two live tickets for one service")
        return today

    def _check_numbers(self, numbers: Numbers, count: Mapping[tuple[str, str], int]) -> None:
        """Each number up to the counter is issued once, or in a block; those of a past day's blocks stay gaps."""
        query = "SELECT id, hall_day, prefix, next, last FROM number_block"
        blocks: Numbers = defaultdict(set)
        for ident, day, prefix, next_, last in self._raw.execute(query):
            rest = set(range(next_, last + 1))
            if rest & blocks[day, prefix]:
                self._broken(f"block {ident} and another one hold the same of {sorted(rest)}")
            blocks[day, prefix] |= rest
        past = {which: rest for which, rest in self._blocks.items() if which[0] != self.day and which not in blocks}
        blocks = self._blocks = {**past, **blocks}
        alone: Numbers = defaultdict(set)
        for file in self.files:
            for which, found in file.numbers().items():
                alone[which] |= found
        last_of = {
            (day, prefix): last for day, prefix, last in self._raw.execute("SELECT hall_day, prefix, last FROM counter")
        }
        for which in numbers.keys() | blocks.keys():
            found, rest = numbers.get(which, set()), blocks.get(which, set())
            if len(found) != count.get(which, 0):
                self._broken(f"a number {which[1]} of {which[0]} is in the store twice")
            if found & rest:
                self._broken(f"the numbers {which[1]} {sorted(found & rest)} are issued, and in a block")
            if found | rest | alone[which] != set(range(1, last_of.get(which, 0) + 1)):
                self._broken(f"the numbers {which[1]} of {which[0]} are {sorted(found)}, to be issued {sorted(rest)}")

    # -- boxes that go on without the store

    def _look_at_leases(self) -> None:
        for box, turn in self._raw.execute("SELECT box, turn FROM number_lease"):
            if self._turns.get(box) != turn:
                self._turns[box] = turn
                for file in self.files:
                    if file.box == box:
                        file.lease_until = self._now() + round(LEASES.lasts.total_seconds() * SECOND)

    def _was_issued_alone(self, file: OwnFile, own: Own) -> None:
        """The number is nobody else's."""
        self._told(f"  {file.box} alone issues {own.number}")
        self.counts["issued alone"] += 1
        for other in self.files:
            if other is not file and any((one.day, one.number) == own[1:3] for one in other.waiting.values()):
                self._broken(f"{file.box} and {other.box} both issue {own.number}")
        if any((row.day, row.number) == own[1:3] for row in self.rows.values()):
            self._broken(f"{file.box} issues {own.number}, and the store has issued it")

    def _check_merged(self, before: Mapping[int, Row]) -> None:
        """What a box issued alone is in the store as it was, with its time."""
        for file in self.files:
            for own in file.issued.values():
                if own.id in before or own.id not in self.rows:
                    continue
                query = "SELECT id, hall_day, number, issued_at FROM ticket WHERE id = ?"
                merged = Own(*self._raw.execute(query, (own.id,)).fetchone())
                if merged != own:
                    self._broken(f"{file.box} issued {own}, and it is merged as {merged}")
                self._told(f"  {own.number} of {file.box} is merged")
                self.counts["merged"] += 1
        # Of a ticket that the store has moved on meanwhile, what was done alone is kept and changes nothing.
        refused = (
            "SELECT id, note FROM merged_record WHERE note NOT IN ('second', 'day_over', 'window_busy')"
            " AND NOT (note = 'overtaken' AND id LIKE '%/step%')"
        )
        for ident, note in self._raw.execute(refused):
            self._broken(f"the record {ident} is refused: {note}")

    def _number_of(self, ident: int) -> str | None:
        if ident in self.rows:
            return self.rows[ident].number
        return next((file.waiting[ident].number for file in self.files if ident in file.waiting), None)

    # -- events

    def _follow(self, events: list[tuple[Any, ...]], today: dict[str, Row], before: dict[int, Row]) -> None:
        repaired = any(kind in ("hall.changed", "hall.restored") for _, _, kind, _ in events)
        reranked = any(kind == "ticket.ranked" for _, _, kind, _ in events)
        for seq, at, kind, text in events:
            if seq != self._seq + 1:
                self._broken(f"event {seq} follows {self._seq}")
            data = json.loads(text)
            merged = bool(data.get("merged"))
            if merged:
                self._has_its_time(kind, data, at)
            elif at < self._at - BACK and not repaired:
                self._broken(f"the time of event {seq} is {(self._at - at) / 1e6:.0f} s before the one before")
            else:
                self._at = at
            self._seq = seq
            self._log.append((seq, at, kind, text))
            self._told(f"  event {seq} {kind} {text}")
            self.counts[kind] += 1
            self._keeps_secret(text, f"event {seq}")
            if kind.startswith("ticket.") and not repaired and not (merged and self._is_past(at)):
                self._happened(kind, data, today, before, reranked)
        if repaired:
            self.heard = {}
            for row in self.rows.values():
                if row.day == self.day or row.number not in self.heard:
                    self.heard[row.number] = Heard(row.state, row.service, row.line, row.window)
        for number, row in today.items():
            heard = self.heard.get(number)
            if heard is None or (heard.state, heard.service) != (row.state, row.service):
                self._broken(f"{number} is {row.state} for {row.service}, and the events say {heard}")
            if row.state in OPEN and heard.window != row.window:
                self._broken(f"{number} is at window {row.window}, and the events say {heard}")
            if row.state == "waiting" and heard.line != row.line:
                self._broken(f"{number} waits in line {row.line}, and the events say {heard}")

    def _has_its_time(self, kind: str, data: Mapping[str, Any], at: int) -> None:
        """A merged event is one that its box told, at that time; each is merged once."""
        event = kind, str(data.get("number", data.get("window"))), at
        if not any(event in file.told for file in self.files):
            self._broken(f"{event} is merged, and no box told it")
        if event in self._merged:
            self._broken(f"{event} is merged twice")
        self._merged.add(event)
        self.counts[f"{kind} alone"] += kind == "ticket.called"

    def _is_past(self, at: int) -> bool:
        """Whether that was on a day that is over; its numbers are given again."""
        return time_of(at).astimezone(ZONE).date().isoformat() < self.day

    def _happened(
        self, kind: str, data: dict[str, Any], today: dict[str, Row], before: dict[int, Row], reranked: bool
    ) -> None:
        number = data["number"]
        heard = self.heard.get(number)
        if kind == "ticket.issued":
            if heard is not None and heard.state not in OVER and number in self._numbers_of_today(before):
                self._broken(f"{number} is issued, and is {heard.state}")
            self.heard[number] = Heard("waiting", data["service"], data["service"])
            return
        if heard is None:
            self._broken(f"{kind} of {number}, which was never issued")
            return
        after = LEGAL[kind].get(heard.state)
        if after is None:
            self._broken(f"{kind} of {number}, which is {heard.state}")
            return
        window = data.get("window")
        # Somebody else may have been called there meanwhile: then the next event has it wait for that.
        if kind == "ticket.called" and not data.get("merged"):
            there = [n for n, one in self.heard.items() if one.window == window and one.state in OPEN and n != number]
            if there:
                self._broken(f"{number} is called to window {window}, where {there[0]} is")
            row = today.get(number)
            if row is not None and "was" not in data and row.called_by is None and not reranked:
                self._was_next(row, str(window), today)
        heard.state, heard.service = after, data["service"]
        if after in OPEN:
            heard.window = window or heard.window
        elif after in ("waiting", "cancelled", "expired"):
            heard.window = None
        if kind in ("ticket.transferred", "ticket.returned"):
            heard.line = data.get("line") or data["service"]

    def _numbers_of_today(self, rows: dict[int, Row]) -> set[str]:
        return {row.number for row in rows.values() if row.day == self.day}

    def _was_next(self, called: Row, window: str, today: dict[str, Row]) -> None:
        """Nobody in the lines of this window ranks before whoever was called there."""
        serves = SERVES[window]
        for number, one in self.heard.items():
            row = today.get(number)
            if row is None or one.state != "waiting" or number == called.number:
                continue
            mine = one.line == f"@{window}" or (one.line == one.service and ("*" in serves or one.service in serves))
            if mine and (row.rank, row.id) < (called.rank, called.id):
                self._broken(f"window {window} calls {called.number}, and {number} ranks before it")

    def _check_board(self, today: dict[str, Row]) -> None:
        """The board is what the events say."""
        vault = self._vault()
        if vault is None:
            return
        board = views.board(self._transaction(self._conn, vault))
        # A look that lasts would keep the log of the store from being cut.
        self._conn.rollback()
        waiting = Counter(one.service for n, one in self.heard.items() if n in today and one.state == "waiting")
        if {one.service: one.count for one in board.waiting if one.count} != dict(waiting):
            self._broken(f"the board counts {board.waiting}, and the events {dict(waiting)}")
        at = {one.window: one.number for one in board.calls if one.state != "over"}
        called = {one.window: n for n, one in self.heard.items() if one.state in OPEN}
        if at != called:
            self._broken(f"the board shows {at} at the windows, and the events {called}")

    def _transaction(self, conn: Any, vault: Vault) -> Transaction:
        now = time_of(max(self._at, 0)).astimezone(ZONE)
        return Transaction(conn, vault, RULES, ZONE, "observer", now, self._at, self.day, Memory())

    # -- paper

    def _look_at_papers(self) -> None:
        for place, papers in enumerate(self._papers()):
            if place == len(self._seen):
                self._seen.append(0)
            pieces = list(papers)
            for piece in pieces[self._seen[place] :]:
                self._came_out(piece)
            self._seen[place] = len(pieces)

    def _came_out(self, piece: Paper) -> None:
        found = {number for text in piece.texts for number in NUMBER.findall(text)}
        if len(found) > 1:
            self._broken(f"one piece of paper carries {sorted(found)}")
        for text in piece.texts:
            self._keeps_secret(text, "paper", codes=False)
        for number in found:
            marked = any(COPY in text for text in piece.texts)
            whole = piece.cut and bool(piece.codes)
            which = self._day_of_paper(number, whole=whole), number
            self._told(f"  paper {number}{' copy' if marked else ''}{'' if whole else ' in part'}")
            self.counts["copy" if marked else "slip"] += 1
            self._unmarked[which] += not marked
            self._whole[which] += whole
            if self._unmarked[which] > 1:
                self._broken(f"{number} came out twice without a mark")

    def _day_of_paper(self, number: str, *, whole: bool) -> str:
        """The day of the ticket whose slip was begun last; around midnight it may be of the day before.

        Half of a slip may lie in the printer for long, until the next one pushes it out.
        """
        raws = (self._raw, *(file.raw for file in self.files))
        begun = [one for raw in raws for one in begun_slips(raw, number)]
        if not begun:
            self._broken(f"a slip of {number} comes out, and none was begun")
        days = [day for _, day in (sorted(begun, reverse=True) if self.files else begun)]
        return days[0] if whole else next((day for day in reversed(days) if not self._unmarked[day, number]), days[0])

    # -- what people were told

    def was_answered(self, key: str, answer: tuple[Any, ...]) -> None:
        """Somebody got this answer to a request with this key: every other answer to it is the same."""
        kept = self.kept_answers.setdefault(key, answer)
        if kept != answer:
            self._broken(f"one request was answered twice: {kept} and {answer}")

    def was_issued(self, ident: int, number: str, code: str, whose: Resident | None) -> None:
        """Somebody was answered that this is their ticket."""
        query = "SELECT id, hall_day, number, issued_at FROM ticket WHERE id = ?"
        row = self._raw.execute(query, (ident,)).fetchone()
        found = Own(*row) if row else next((f.waiting[ident] for f in self.files if ident in f.waiting), None)
        if found is None or found.number != number:
            self._broken(f"{number} was answered, and the store does not know it")
            return
        self.answered.setdefault(ident, Answered(ident, number, found.day, whose)).codes.append(code)
        self.secrets.add(code)

    def may_be_replaced(self, number: str) -> None:
        """Somebody says that the slips of a number of today are lost."""
        alone = [one for file in self.files for one in file.waiting.values()]
        self.replaced |= {
            one.id for one in [*self.rows.values(), *alone] if (one.day, one.number) == (self.day, number)
        }

    def hide(self, resident: Resident) -> None:
        """Nothing of this person may stand in events, logs or on paper."""
        self.secrets |= {value for value in (resident.name, resident.id_number, resident.address) if value}

    def _keeps_secret(self, text: str, where: str, *, codes: bool = True) -> None:
        for secret in self.secrets:
            if secret in text and (codes or len(secret) != 16):
                self._broken(f"{where} holds what is secret")

    def take_log(self, record: logging.LogRecord) -> None:
        """A line of the log."""
        self._keeps_secret(record.getMessage(), "the log")

    # -- at the end of a day, and of all

    def unfinished(self) -> int:
        """How much is still to come: slips to be printed or on their way, and tickets to be merged.

        Nothing is waited for of a box that stays cut off.
        """
        here = [file for file in self.files if not self._cut(file.box)]
        own = sum(file.slips + file.steps + len(file.waiting) for file in here)
        # The slips of merged tickets are printed from their box's own file, which tells the store how that ended.
        printing = "SELECT count(*) FROM print_job WHERE state IN ('pending', 'sending') AND box NOT IN ({})"
        away = [file.box for file in self.files if file not in here]
        marks = ", ".join("?" for _ in away)
        return own + int(self._raw.execute(printing.format(marks), away).fetchone()[0])

    def check_day(self) -> None:
        """What is called printed is on paper; no answer of the day is lost; its codes open what they should."""
        vault = self._vault()
        assert vault
        query = (
            "SELECT ticket.hall_day, number, count(*) FROM print_job JOIN ticket ON ticket.id = ticket_id"
            " WHERE print_job.state = 'printed' AND case_id IS NULL GROUP BY 1, 2"
        )
        for day, number, printed in self._raw.execute(query).fetchall():
            if printed > self._whole[day, number]:
                self._broken(f"{number} of {day} is called printed {printed} times, and {self._whole[day, number]} are")
        with self._engine.connect() as conn:
            m = self._transaction(conn, vault)
            for answered in self.answered.values():
                if answered.day == self.day and answered.id in self.rows and answered.id not in self.replaced:
                    for code in answered.codes:
                        try:
                            found = m.row_of_code(code).number
                        except UnknownError:
                            found = "no ticket"
                        if found != answered.number:
                            self._broken(f"the code of {answered.number} finds {found}")
            if not access_log.verify(conn, vault).whole:
                self._broken("the audit log is not whole")

    def check_nobody_waits(self) -> None:
        """Of what boxes did without the store, nothing is left to be merged, and who was called there was."""
        for file in self.files:
            if file.waiting or file.steps:
                left = [one.number for one in file.waiting.values()]
                self._broken(f"{file.box} is not cut off, and does not merge {left} and {file.steps} steps")
            for event in sorted(file.told - self._merged):
                if event[0] == "ticket.called":
                    self._broken(f"{file.box} told {event} alone, and the store does not know of it")

    def check_history(self) -> None:
        """Events were only appended."""
        if self._raw.execute("SELECT seq, at, type, data FROM event ORDER BY seq").fetchall() != self._log:
            self._broken("events were changed or removed")

    def check_erased(self, day: str) -> None:
        """Nothing of a past day opens any more."""
        vault = self._vault()
        assert vault
        left = {
            table: self._scalar(f"SELECT count(*) FROM {table} WHERE hall_day = '{day}'")
            for table in ("resident", "slip_code", "answer", "form_answer")
        }
        for file in self.files:
            left |= {f"{table} of {file.box}": rows for table, rows in file.left_of(day).items()}
        if any(left.values()):
            self._broken(f"of {day} is left {left}")
        with self._engine.connect() as conn:
            try:
                vault.day_hash(conn, day, "person", "110199199001010010")
            except (ErasedError, VaultError):
                return
        self._broken(f"the key of {day} still opens")

    def _broken(self, what: str) -> None:
        raise ViolationError(what)
