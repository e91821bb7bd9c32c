"""Slips to be printed, each by the box that issued it. What came out of the printer is never printed twice unmarked.

``pending`` (no byte sent) → ``sending`` (kept before the first byte) → ``printed``, ``unconfirmed`` (paper may lie in
the tray) or ``failed`` (no byte was sent). A box that starts again calls what it was sending ``unconfirmed``.

The code of a slip is in the memory of the box that prints it, and nowhere else, until it is printed. A box that starts
again has lost the codes of its pending slips: those of residents fail as ``code_lost``, and whoever lays the card gets
another slip; those of tickets without data are printed with another code, which is worth as much.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import bindparam, func, insert, or_, select, update

from ticketing.day import residents
from ticketing.day.memory import UnprintedCode
from ticketing.day.residents import Holders
from ticketing.day.transaction import Transaction, tickets
from ticketing.day.transaction import t as _t
from ticketing.model import LIVE_STATES, Service, State, StateError, Ticket, TicketRow
from ticketing.privacy import codes
from ticketing.privacy.vault import ErasedError
from ticketing.store import tables
from ticketing.store.prepared import Prepared
from ticketing.waits.interval import Interval

LOST = "code_lost"
"""Why a slip failed whose code is not in memory any more."""

JobState = Literal["pending", "sending", "printed", "unconfirmed", "failed"]
Ended = Literal["printed", "unconfirmed", "failed"]

_j = tables.print_job
_c = tables.case_file
_ADD = Prepared(insert(_j))
_WANTED = or_(tables.live, _j.c.case_id.is_not(None))
"""Slips of tickets that are over are of no use; receipts are made when they end."""
_PENDING = Prepared(
    tickets.join(_j, _j.c.ticket_id == _t.c.id)
    .outerjoin(_c, _c.c.id == _j.c.case_id)
    .add_columns(
        _j.c.id.label("job"),
        _j.c.copy,
        _j.c.state.label("job_state"),
        _j.c.created_at.label("job_created_at"),
        _j.c.case_id,
        _c.c.service_id.label("case_service"),
        _c.c.outcome.label("case_outcome"),
        _c.c.ended_at.label("case_ended_at"),
        _c.c.promised_on,
    )
    .where(_j.c.box == bindparam("box"), tables.pending, _WANTED)
    .order_by(_j.c.id)
    .limit(bindparam("most"))
)
_OF_TICKET = (
    select(_j.c.id, _j.c.box, _j.c.copy, _j.c.state, _j.c.case_id)
    .where(_j.c.ticket_id == bindparam("ticket"))
    .order_by(_j.c.id)
)
_WHY_FAILED = select(_j.c.reason).where(_j.c.id == bindparam("job"), _j.c.state == "failed")
_STATE = Prepared(select(_j.c.state).where(_j.c.id == bindparam("job")))
_set = update(_j).where(_j.c.id == bindparam("job"))
_AGAIN = Prepared(_set.values(created_at=bindparam("now")))
_SENDING = Prepared(_set.values(state="sending"))
_END = Prepared(_set.values(state=bindparam("to"), reason=bindparam("why"), ended_at=bindparam("now")))
_MINE = select(_j.c.id, _j.c.ticket_id, _j.c.case_id).where(
    _j.c.box == bindparam("box"), _j.c.ticket_id.is_not(None), tables.pending
)
_CODE_HASH = select(_t.c.code_hash).where(_t.c.id == bindparam("ticket"))
# Slips that a box printed while it was cut off get their numbers here when they are merged.
_NEWEST = (
    select(_j.c.id, _j.c.state, func.coalesce(_j.c.ended_at, _j.c.created_at).label("ended_at"))
    .where(_j.c.box == bindparam("box"), _j.c.state.in_(["printed", "unconfirmed"]))
    .order_by(_j.c.id.desc())
    .limit(1000)
    .subquery()
)
_LAST_SENT = select(_NEWEST.c.state).order_by(_NEWEST.c.ended_at.desc(), _NEWEST.c.id.desc()).limit(1)
_OVER = Prepared(
    select(_j.c.id).join(_t, _t.c.id == _j.c.ticket_id).where(_j.c.box == bindparam("box"), tables.pending, ~_WANTED)
)
WITHDRAW = (
    update(_j)
    .where(tables.unfinished, _j.c.state == "pending")
    .values(state="failed", reason=bindparam("why"), ended_at=bindparam("now"))
)
"""Ends pending jobs as failed, with the reason ``:why``; each use adds which jobs."""
_WITHDRAW_RECEIPT = WITHDRAW.where(_j.c.case_id == bindparam("case"))
_WITHDRAW_SLIP = WITHDRAW.where(_j.c.ticket_id == bindparam("ticket"), _j.c.case_id.is_(None))
_RECOVER = (
    update(_j)
    .where(_j.c.box == bindparam("here"), tables.unfinished, _j.c.state == "sending")
    .values(state="unconfirmed", reason="interrupted", ended_at=bindparam("now"))
)


@dataclass(frozen=True)
class SlipFacts:
    """What a ticket's slip shows of the queue: ``windows`` that may call it, by name, and its ``wait`` in minutes."""

    service: Service
    windows: tuple[str, ...]
    wait: Interval | None


@dataclass(frozen=True)
class ReceiptFacts:
    """What a receipt shows of its case; ``promised_on`` is None where nothing was promised."""

    service: Service
    outcome: str
    ended_at: datetime
    promised_on: date | None


@dataclass(frozen=True)
class PrintJob:
    """A slip to print.

    Attributes:
        id: of the job.
        ticket: whose slip.
        code: what the slip's QR code says.
        copy: whether it is to be marked 补打, because another one may be about.
        state: see the module.
        case: the case whose receipt it is; None for the ticket's own slip.
        asked_at: when its paper was asked for, last: nobody waits for it for long.
        facts: what else the paper shows, as of when the job is taken to be printed; None until then.
    """

    id: int
    ticket: Ticket
    code: str
    copy: bool
    state: JobState
    case: int | None
    asked_at: datetime = field(compare=False)
    facts: SlipFacts | ReceiptFacts | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"<PrintJob {self.id} {self.ticket.number} {self.state}>"


def add_slip(m: Transaction, ticket: int, code: UnprintedCode, *, copy: bool) -> int:
    """A new job of this box, for a ticket's slip; its id."""
    job = _add(m, ticket, copy=copy, case=None)
    # Before it is committed: the printing thread takes it at once.
    m.memory.codes[job] = code
    return job


def add_receipt(m: Transaction, ticket: int, case: int, *, copy: bool) -> int:
    """A new job of this box, for the receipt of one of a ticket's cases; its id."""
    return _add(m, ticket, copy=copy, case=case)


def _add(m: Transaction, ticket: int, *, copy: bool, case: int | None) -> int:
    job = _ADD.do(
        m.conn,
        {"ticket_id": ticket, "box": m.box, "copy": copy, "case_id": case, "state": "pending", "created_at": m.at},
    )
    m.news()
    return job


def pending(m: Transaction, limit: int, wait: Callable[[int], Interval | None]) -> list[PrintJob]:
    """This box's pending jobs, oldest first, at most ``limit``, each with its facts; none for tickets that are over.

    A slip whose code is lost is not among them.

    ``wait`` gives the expected wait of a waiting ticket, in minutes.
    """
    of_ticket = len(TicketRow._fields)
    return [
        _job(
            m,
            TicketRow(*row[:of_ticket]),
            row.job,
            row.case_id,
            code,
            row.copy,
            row.job_state,
            m.time(row.job_created_at),
            _facts(m, row, wait),
        )
        for row in _PENDING.all(m.conn, {"box": m.box, "most": limit})
        if (code := _code(m, row.job, row.case_id)) is not None
    ]


def sending(m: Transaction, job: int) -> None:
    """The first byte is about to be sent. Durable, so that a crash never leads to a second slip without a mark."""
    if _state(m, job) != "pending":
        raise StateError("wrong_state", state=_state(m, job), verb="print")
    _SENDING.later(m.conn, {"job": job})


def ended(m: Transaction, job: int, state: Ended, reason: str | None) -> None:
    """End a print job: ``printed``, perhaps printed (``unconfirmed``), or not begun (``failed``, with a code)."""
    if state not in get_args(Ended):
        raise ValueError(f"a print job cannot end as {state!r}")
    now = _state(m, job)
    # A printer may confirm long after it was given up: then the doubt is over.
    if now not in ("pending", "sending") and (now, state) != ("unconfirmed", "printed"):
        raise StateError("wrong_state", state=now, verb="print")
    _END.later(m.conn, {"job": job, "to": state, "why": reason and reason[:32], "now": m.at})
    # It is on paper, or nowhere: a slip that is printed again has another.
    m.memory.codes.pop(job, None)
    m.news()


def over(m: Transaction) -> list[int]:
    """This box's pending jobs of tickets that are over: nobody waits for their paper."""
    return [row.id for row in _OVER.all(m.conn, {"box": m.box})]


def reprint(m: Transaction, ticket: int, holders: Holders | None = None, *, lost: bool = False) -> PrintJob:
    """A slip once more, with a code of its own; the job that still waits to be printed here instead of a second.

    Its time begins anew: somebody waits for it now. With ``holders``, from the card that lies there, the code opens
    them; without, the place in the queue alone. ``lost``: earlier slips are worth nothing from now on.

    Raises:
        UnknownError: ``unknown_ticket``.
        StateError: ``other_day`` (``number``, ``day``), ``ticket_over`` (``number``, ``state``).
    """
    row = m.row_of(ticket)
    if row.hall_day != m.day:
        raise StateError("other_day", number=row.number, day=row.hall_day)
    if row.state not in LIVE_STATES:
        raise StateError("ticket_over", number=row.number, state=row.state)
    waiting, printed = _earlier(m, row.id, None)
    kept = m.memory.codes.get(waiting.id) if waiting else None
    if waiting and kept and not lost and (kept.opens or holders is None):
        _AGAIN.do(m.conn, {"job": waiting.id, "now": m.at})
        return _job(m, row, waiting.id, None, kept.code, waiting.copy, "pending", m.time(m.at))
    if waiting:
        ended(m, waiting.id, "failed", "replaced" if kept else LOST)
    code = residents.replace_codes(m, row, holders) if lost and holders else residents.add_code(m, row, holders)
    copy = printed or bool(waiting and waiting.copy)
    job = add_slip(m, row.id, UnprintedCode(code, holders is not None), copy=copy)
    return _job(m, row, job, None, code, copy, "pending", m.time(m.at))


def print_kept(m: Transaction, ticket: int, job: int, code: str) -> int:
    """Print the slip of an answer that is given again, if its job failed since its code was lost; the job's id."""
    failed = m.conn.scalar(_WHY_FAILED, {"job": job}) == LOST
    row = m.row_of(ticket)
    waiting, printed = _earlier(m, ticket, None)
    if not failed or waiting or row.hall_day != m.day or row.state not in LIVE_STATES:
        return job
    return add_slip(m, ticket, UnprintedCode(code, opens=True), copy=printed)


def reprint_receipt(m: Transaction, ticket: int, case: int) -> PrintJob:
    """A case's receipt once more, on any day; the job that still waits to be printed here instead of a second."""
    row = m.row_of(ticket)
    waiting, copy = _earlier(m, ticket, case)
    if waiting:
        job, copy = waiting.id, waiting.copy
        _AGAIN.do(m.conn, {"job": job, "now": m.at})
    else:
        job = add_receipt(m, ticket, case, copy=copy)
    return _job(m, row, job, case, m.receipt_of(case), copy, "pending", m.time(m.at))


def withdraw(m: Transaction, case: int) -> None:
    """A case is taken back: its receipt is not printed any more."""
    m.conn.execute(_WITHDRAW_RECEIPT, {"case": case, "why": "withdrawn", "now": m.at})


def withdraw_slip(m: Transaction, ticket: int) -> None:
    """A ticket is over: its slip is not printed any more, on whichever box."""
    m.conn.execute(_WITHDRAW_SLIP, {"ticket": ticket, "why": "ticket_over", "now": m.at})


def _earlier(m: Transaction, ticket: int, case: int | None) -> tuple[Any, bool]:
    """The job that waits to be printed here, if any, and whether paper of another one may be about."""
    jobs = [job for job in m.conn.execute(_OF_TICKET, {"ticket": ticket}) if job.case_id == case]
    waiting = next((job for job in jobs if job.state == "pending" and job.box == m.box), None)
    return waiting, any(job.state != "failed" for job in jobs if job is not waiting)


def _job(
    m: Transaction,
    row: TicketRow,
    job: int,
    case: int | None,
    code: str,
    copy: bool,
    state: JobState,
    asked_at: datetime,
    facts: SlipFacts | ReceiptFacts | None = None,
) -> PrintJob:
    ticket = m.ticket(row._replace(print_state=state) if case is None else row)
    return PrintJob(job, ticket, code, copy, state, case, asked_at, facts)


def _facts(m: Transaction, row: Any, wait: Callable[[int], Interval | None]) -> SlipFacts | ReceiptFacts:
    of = row.case_service or row.service_id
    # A removed service may be deleted before the last of its papers is printed.
    service = m.service_or_none(of) or Service(of, of, "", "")
    if row.case_id is not None:
        promised_on = date.fromisoformat(row.promised_on) if row.promised_on else None
        return ReceiptFacts(service, row.case_outcome, m.time(row.case_ended_at), promised_on)
    windows = tuple(one.name for one in m.windows() if one.serves(of))
    return SlipFacts(service, windows, wait(row.id) if row.state == State.WAITING else None)


def recover(m: Transaction) -> bool:
    """At start: mark the print jobs that this box was sending when it stopped as in doubt, and pending slips as failed.

    Returns:
        Whether the last slip that was sent is in doubt: half of it may still be in the printer.
    """
    m.conn.execute(_RECOVER, {"here": m.box, "now": m.at})
    for job in m.conn.execute(_MINE, {"box": m.box}).all():
        if _code(m, job.id, job.case_id) is not None or _remember_old(m, job):
            continue
        if residents.are_sealed(m, job.ticket_id):
            ended(m, job.id, "failed", LOST)
        else:
            code = residents.add_code(m, m.row_of(job.ticket_id), None)
            m.memory.codes[job.id] = UnprintedCode(code, opens=True)
    return last_is_in_doubt(m)


def last_is_in_doubt(m: Transaction) -> bool:
    """Whether the last slip that this box sent is in doubt: half of it may still be in the printer."""
    return m.conn.scalar(_LAST_SENT, {"box": m.box}) == "unconfirmed"


def _code(m: Transaction, job: int, case: int | None) -> str | None:
    """What the paper's QR code says; None for a slip whose code is lost."""
    if case is not None:
        return m.receipt_of(case)
    kept = m.memory.codes.get(job)
    return None if kept is None else kept.code


def _remember_old(m: Transaction, job: Any) -> bool:
    """Take up the slip of a ticket whose code a version before 0004 of the schema made; False for any other."""
    with suppress(ErasedError):
        code = codes.encode(m.vault.day_code(m.conn, m.day, job.ticket_id))
        if m.conn.scalar(_CODE_HASH, {"ticket": job.ticket_id}) == m.hash_of(code):
            m.memory.codes[job.id] = UnprintedCode(code, opens=True)
            return True
    return False


def _state(m: Transaction, job: int) -> str:
    return str(m.known(_STATE.scalar(m.conn, {"job": job}), "unknown_print_job"))
