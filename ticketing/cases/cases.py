"""Cases (办件): what was done for a resident at a window, what was promised, and how it goes on.

Each finish records one case, and one more for each further matter on the same ticket. Most cases are over when they are
recorded. A case that goes on gets a receipt with a code; the code shows the progress, not the person.

::

    immediate 即办, rejected 退回, and the hall's own words      over at once
    promised 承诺, joint 联办, reported 上报      open ──► ready ──► closed
    supplement 补办 (papers are missing)          returned ──► closed, when the resident comes back with them
    applied 申请, at a terminal (``applications``)     submitted ──► open, when a window takes it up

A case that goes on keeps a hash of the ID number, keyed by its month, so that the terminal finds it by the card. The
hash is erased after the retention, and the month's key is destroyed. Progress appends no event: no screen of the hall
shows it.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, get_args

from sqlalchemy import bindparam, delete, insert, select, update

from ticketing.day import print_jobs, residents, windows
from ticketing.day.ledger import Ledger
from ticketing.day.print_jobs import PrintJob
from ticketing.day.transaction import Transaction
from ticketing.matters import matters
from ticketing.model import Actor, StateError, TicketRow, UnknownError
from ticketing.privacy import codes
from ticketing.reports import rollups
from ticketing.setup import timetable
from ticketing.store import tables
from ticketing.store.prepared import Prepared, PreparedIn

OUTCOMES = {
    "immediate": "即办",
    "promised": "承诺",
    "joint": "联办",
    "reported": "上报",
    "rejected": "退回",
    "supplement": "补办",
}
"""The setting's outcomes and their words."""

RETURNED_BY = "supplement"
APPLIED = "applied"
"""What an application stands under in the place of an outcome, until and after a window takes it up."""
Progress = Literal["submitted", "open", "ready", "returned", "closed"]
BEGINS_AS: dict[str, Progress] = {"promised": "open", "joint": "open", "reported": "open", RETURNED_BY: "returned"}
"""The state of a case after an outcome; after any other outcome the case is over."""

LONGEST_NOTE = 200
LONGEST_PROMISE = 365
"""Working days."""
MOST_CASES = 20
"""Cases that one finish may record."""

log = logging.getLogger(__name__)

_BY_WORD = {word + kind: outcome for outcome, word in OUTCOMES.items() for kind in ("", "件")}
_OWN = re.compile(r"[a-z_]{1,32}")

_c = tables.case_file
_INSERT = Prepared(insert(_c))
_CODE = Prepared(update(_c).where(_c.c.id == bindparam("case")).values(code_hash=bindparam("hash")))


class CaseRow(NamedTuple):
    """A case as the store keeps it: columns of the table, with times in microseconds since 1970 UTC."""

    id: int
    ticket_id: int | None
    hall_day: str
    service_id: str
    window_id: str
    clerk: str | None
    ended_at: int
    outcome: str
    promised_on: str | None
    progress: Progress | None
    progress_at: int | None
    progress_note: str | None
    matter_id: str | None


_cases = select(*(_c.c[name] for name in CaseRow._fields))
_BY_ID = Prepared(_cases.where(_c.c.id == bindparam("case")), CaseRow)
_BY_CODE = Prepared(_cases.where(_c.c.code_hash == bindparam("code")), CaseRow)
_OF_PERSON = PreparedIn(
    lambda persons: _cases.where(_c.c.person_hash.in_(persons), _c.c.person_hash.is_not(None)).order_by(_c.c.id.desc()),
    "person",
    CaseRow,
)
_OF_TICKET = Prepared(_cases.where(_c.c.ticket_id == bindparam("ticket")).order_by(_c.c.id), CaseRow)
_MOVE = update(_c).where(_c.c.id == bindparam("case"))
_ap = tables.application
_UNSEAL = delete(_ap).where(_ap.c.case_id == bindparam("case"))
_PROMISE_DAYS = select(tables.service.c.promise_days).where(tables.service.c.id == bindparam("service"))
_OF_FINISH = (
    select(_c.c.id, tables.rating.c.grade)
    .outerjoin_from(_c, tables.rating, tables.rating.c.case_id == _c.c.id)
    .where(_c.c.ticket_id == bindparam("ticket"), _c.c.ended_at == bindparam("ended"))
)
_REMOVE = delete(_c).where(_c.c.id == bindparam("case"))
_FORGET = update(_c).where(_c.c.person_hash.is_not(None), _c.c.hall_day < bindparam("before")).values(person_hash=None)
# What staff wrote may say something of a person, so it is kept no longer than the link to the person.
_w = tables.work_item
_NOTES = (
    update(_c).where(_c.c.progress_note.is_not(None), _c.c.hall_day < bindparam("before")).values(progress_note=None),
    update(_w)
    .where(
        _w.c.note.is_not(None),
        _w.c.case_id.in_(select(_c.c.id).where(_c.c.hall_day < bindparam("before"))),
    )
    .values(note=None),
)
_FORGET_APPLICATIONS = delete(_ap).where(_ap.c.hall_day < bindparam("before"))


@dataclass(frozen=True)
class Further:
    """Another matter settled on the same ticket.

    ``outcome`` is as in :func:`outcome_of`; ``promise_days`` are working days, None for the service's or the hall's;
    ``matter`` is the id of what it is of, None for the ticket's own of that service.
    """

    service: str
    outcome: str
    promise_days: int | None = None
    matter: str | None = None


@dataclass(frozen=True)
class Case:
    """A case. It holds nothing of the person.

    Attributes:
        id: the number by which business systems know it.
        outcome, ended_at: how it ended at the window, and when.
        promised_on: the day by which it is done; None where nothing was promised.
        state: its progress; None for a case that was over at once.
        updated_at, note: of the latest progress.
        receipt: the code on its receipt; given where the case is recorded and nowhere else.
        matter: id of the matter it is of; None where nothing was said.
    """

    id: int
    service: str
    outcome: str
    ended_at: datetime
    promised_on: date | None
    state: Progress | None
    updated_at: datetime
    note: str | None
    receipt: str | None = None
    matter: str | None = None

    @property
    def is_application(self) -> bool:
        """Whether it was applied for at a terminal."""
        return self.outcome == APPLIED and self.state is not None

    def __repr__(self) -> str:
        return f"<Case {self.id} {self.outcome}>"


class Cases:
    """Cases and their progress. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record_here(
        self,
        window: str,
        actor: Actor,
        further: Further,
        *,
        print: bool,  # noqa: A002 - the field's word, as in the API
    ) -> Case:
        """Record another case of the ticket at the window, before that ticket is finished.

        Raises:
            UnknownError: ``unknown_window``, ``unknown_service``, ``unknown_matter``.
            StateError: ``nobody_here``; ``wrong_state``: called, not yet being served; ``bad_outcome``.
        """
        with self._ledger.verb() as m:
            row = windows.ticket_at(m, window, actor)
            if row.state != "serving":
                raise StateError("wrong_state", number=row.number, state=row.state, verb="case")
            case = record_all(m, row, [further], printed=print)[0]
        log.info("case %s recorded at window %s by %s", case.id, window, actor.who)
        return case

    def progress(self, code_text: str) -> Case:
        """The case whose receipt has this code; raises ``unknown_code``."""
        with self._ledger.look() as m:
            return case_of(m, row_of_code(m, code_text))

    def of_person(self, id_number: str) -> list[Case]:
        """The cases with a receipt, open or closed, of the person with this ID number; newest first."""
        with self._ledger.look() as m:
            return [case_of(m, row) for row in rows_of_person(m, id_number)]

    def move(self, case: int, state: str, note: str | None, actor: Actor) -> Case:
        """Record the progress of a case; the holder of its receipt sees it.

        ``state`` is one of ``Progress``, but never ``submitted``; ``note`` is a sentence for that holder: at most
        ``LONGEST_NOTE`` characters, and nothing personal. What an application keeps of its resident goes when it is
        closed.

        Raises:
            UnknownError: ``unknown_case``.
            StateError: ``case_over``: it was over when it was recorded, or is closed; ``bad_progress``.
        """
        with self._ledger.verb() as m:
            moved = move(m, row_of(m, case), state, note)
        log.info("case %s is %s, by %s", case, state, actor.who)
        return moved

    def reprint(self, case: int, actor: Actor) -> PrintJob:
        """Print a receipt again on this box, marked as a copy unless every earlier one failed with no byte sent.

        Raises:
            UnknownError: ``unknown_case``.
            StateError: ``case_over``: it has no receipt; ``receipt_once``: it is an application, whose code is on the
                first receipt alone.
        """
        with self._ledger.verb() as m:
            row = row_of(m, case)
            if row.progress is None:
                raise StateError("case_over")
            if row.ticket_id is None:
                raise StateError("receipt_once")
            job = print_jobs.reprint_receipt(m, row.ticket_id, case)
        log.info("receipt of case %s printed again by %s", case, actor.who)
        return job


# -- inside a transaction ----------------------------------------------------------------------------------------------


def outcome_of(text: str) -> str:
    """The id of an outcome given as an id or in its Chinese word; raises ``bad_outcome``."""
    outcome = _BY_WORD.get(text, text)
    if not _OWN.fullmatch(outcome):
        raise StateError("bad_outcome")
    return outcome


def record_all(m: Transaction, row: TicketRow, further: Iterable[Further], *, printed: bool = False) -> list[Case]:
    """Record further cases on the same ticket; raises ``unknown_service``, ``unknown_matter``, ``bad_outcome``."""
    made = []
    for one in further:
        m.service(one.service)
        made.append(
            record(m, row, one.service, outcome_of(one.outcome), one.promise_days, matter=one.matter, printed=printed)
        )
    return made


def withdraw(m: Transaction, ticket: int, ended_at: int) -> None:
    """Take back the cases recorded by the finish of this ticket at ``ended_at``; raises ``already_rated``."""
    rows = m.conn.execute(_OF_FINISH, {"ticket": ticket, "ended": ended_at}).all()
    if any(row.grade is not None for row in rows):
        raise StateError("already_rated")
    for row in rows:
        print_jobs.withdraw(m, row.id)
        m.conn.execute(_REMOVE, {"case": row.id})


def forget(m: Transaction, before: date) -> int:
    """Erase person hashes and notes of cases of hall days before ``before``, and what applications keep.

    Gives how many rows were changed.
    """
    erased = (_FORGET, *_NOTES, _FORGET_APPLICATIONS)
    return sum(m.conn.execute(one, {"before": before.isoformat()}).rowcount for one in erased)


def move(m: Transaction, row: CaseRow, state: str, note: str | None) -> Case:
    """Record progress inside a transaction; arguments and errors as :meth:`Cases.move`."""
    if state not in get_args(Progress) or state == "submitted":
        raise StateError("bad_progress")
    return _moved(m, row, state, note)


def submit_again(m: Transaction, row: CaseRow) -> Case:
    """The papers that an application lacked are brought; raises ``case_over``."""
    return _moved(m, row, "submitted", None)


def take_up(m: Transaction, row: CaseRow, window: str, actor: Actor) -> Case:
    """A window accepts an application (受理), which is its own from now on; raises ``case_over``."""
    m.conn.execute(_MOVE, {"case": row.id, "window_id": window, "clerk": actor.who})
    return move(m, row_of(m, row.id), "open", None)


def _moved(m: Transaction, row: CaseRow, state: str, note: str | None) -> Case:
    if row.progress in (None, "closed"):
        raise StateError("case_over")
    told: dict[str, object] = {
        "progress": state,
        "progress_at": m.at,
        "progress_note": (note or "")[:LONGEST_NOTE] or None,
    }
    if row.ticket_id is None and state == "open" and row.promised_on is None:
        # The days begin when it is accepted, not when it is handed in at night.
        told["promised_on"] = _promised_on(m, row.service_id, _promised_days(m, row.matter_id)).isoformat()
    m.conn.execute(_MOVE, {"case": row.id, **told})
    if state == "closed":
        m.conn.execute(_UNSEAL, {"case": row.id})
    if row.hall_day != m.day:
        rollups.forget(m, row.hall_day)
    return case_of(m, row_of(m, row.id))


def row_of(m: Transaction, case: int) -> CaseRow:
    """The row of a case; raises ``unknown_case``."""
    return m.known(_BY_ID.one_or_none(m.conn, {"case": case}), "unknown_case")


def row_of_code(m: Transaction, code_text: str) -> CaseRow:
    """The row of the case whose receipt was scanned or typed; raises ``unknown_code``."""
    code = codes.find_code(code_text)
    row = code and _BY_CODE.one_or_none(m.conn, {"code": _hash_of(m, code)})
    if not row:
        raise UnknownError("unknown_code", of="receipt")
    return row


def is_of_application(m: Transaction, code: str) -> bool:
    """Whether this is the code on the receipt of an application."""
    row = _BY_CODE.one_or_none(m.conn, {"code": _hash_of(m, code)})
    return row is not None and row.ticket_id is None


def rows_of_person(m: Transaction, id_number: str) -> list[CaseRow]:
    """The rows of this person's cases, newest first."""
    return _OF_PERSON.all(m.conn, residents.case_hashes(m, id_number))


def rows_of_ticket(m: Transaction, ticket: int) -> list[CaseRow]:
    """The rows of a ticket's cases, oldest first."""
    return _OF_TICKET.all(m.conn, {"ticket": ticket})


def case_of(m: Transaction, row: CaseRow, receipt: str | None = None) -> Case:
    """The case in a row."""
    return Case(
        id=row.id,
        service=row.service_id,
        outcome=row.outcome,
        ended_at=m.time(row.ended_at),
        promised_on=date.fromisoformat(row.promised_on) if row.promised_on else None,
        state=row.progress,
        updated_at=m.time(row.ended_at if row.progress_at is None else row.progress_at),
        note=row.progress_note,
        receipt=receipt,
        matter=row.matter_id,
    )


def record(
    m: Transaction,
    row: TicketRow,
    service: str,
    outcome: str,
    promise_days: int | None,
    *,
    matter: str | None = None,
    printed: bool,
) -> Case:
    """Record a case of the ticket at its window; ``printed``: whether this box prints the receipt, if there is one.

    ``matter`` is what it is of; None for the first of the ticket's that belongs to ``service``.
    """
    matter = matters.of_case(m, row, service, matter)
    progress = BEGINS_AS.get(outcome)
    if progress and m.cut_off:
        # The code on its receipt is made of the case's number, which the store gives.
        raise StateError("receipt_later")
    promised = _promised_on(m, service, promise_days) if progress == "open" else None
    case = _INSERT.do(
        m.conn,
        {
            "ticket_id": row.id,
            "hall_day": row.hall_day,
            "service_id": service,
            "window_id": row.window_id,
            "clerk": row.clerk,
            "ended_at": m.at,
            "outcome": outcome,
            "promised_on": promised and promised.isoformat(),
            "progress": progress,
            "progress_at": m.at if progress else None,
            "person_hash": residents.case_of(m, row.hall_day, row.id) if progress else None,
            "matter_id": matter,
        },
    )
    receipt = None
    if progress:
        receipt = m.receipt_of(case)
        _CODE.later(m.conn, {"case": case, "hash": _hash_of(m, receipt)})
        if printed:
            print_jobs.add_receipt(m, row.id, case, copy=False)
    return Case(case, service, outcome, m.now, promised, progress, m.now, None, receipt, matter)


def apply(m: Transaction, service: str, matter: str, person: bytes) -> tuple[Case, str]:
    """Open the case of an application, of the person with this hash; gives it with the code on its receipt.

    Unlike that of other receipts, the code is kept nowhere: it opens what is sealed beside the case.
    """
    receipt = codes.new()
    case = _INSERT.do(
        m.conn,
        {
            "ticket_id": None,
            "hall_day": m.day,
            "service_id": service,
            "window_id": "",
            "clerk": None,
            "ended_at": m.at,
            "outcome": APPLIED,
            "promised_on": None,
            "progress": "submitted",
            "progress_at": m.at,
            "person_hash": person,
            "matter_id": matter,
        },
    )
    _CODE.later(m.conn, {"case": case, "hash": _hash_of(m, receipt)})
    return case_of(m, row_of(m, case), receipt), receipt


def _promised_days(m: Transaction, matter: str | None) -> int | None:
    found = matters.of_ticket(m, [matter]) if matter else ()
    return found[0].promised_days if found else None


def _promised_on(m: Transaction, service: str, days: int | None) -> date:
    if days is None:
        days = m.conn.scalar(_PROMISE_DAYS, {"service": service})
    if days is None:
        days = m.rules.promise_days
    return timetable.now(m).calendar.working_day(date.fromisoformat(m.day), min(days, LONGEST_PROMISE))


def _hash_of(m: Transaction, receipt: str) -> bytes:
    return m.vault.lasting_hash("receipt", receipt)
