"""Closing slips (日结凭条): where the audit log stands, on paper that lies in the auditor's drawer.

Whoever has the store, every file of every box and all keys can still not change what is written there. A closing slip
is a print job of its box as any slip, which waits for paper, expires and may be in doubt; but of no ticket.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, literal_column, select, update

from ticketing.day.ledger import Ledger
from ticketing.day.print_jobs import JobState
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import Actor
from ticketing.privacy import access_log
from ticketing.privacy.audit_chain import Anchor
from ticketing.privacy.vault import VaultError
from ticketing.store import tables
from ticketing.store.prepared import Prepared

AGAIN = timedelta(minutes=10)
"""How long after one that failed the day's slip is tried again."""

_PAPER = "closing"
_j = tables.print_job
_mine = (_j.c.box == bindparam("box")) & (_j.c.paper == literal_column(f"'{_PAPER}'"))
_ADD = Prepared(insert(_j))
_WAITING = select(_j.c.id).where(_mine, tables.pending).limit(1)
_AGAIN = update(_j).where(_j.c.id == bindparam("job")).values(created_at=bindparam("now"))
_PENDING = Prepared(
    select(_j.c.id, _j.c.created_at).where(_mine, tables.pending).order_by(_j.c.id).limit(bindparam("most"))
)
_LAST = (
    select(_j.c.state, _j.c.ended_at)
    .where(_mine, _j.c.created_at >= bindparam("since"))
    .order_by(_j.c.id.desc())
    .limit(1)
)
_STATE = select(_j.c.state, _j.c.reason).where(_j.c.id == bindparam("job"), _mine)


@dataclass(frozen=True)
class ClosingSlip:
    """A closing slip to print.

    Attributes:
        id: of the print job.
        box: which box prints it.
        day: the hall day, ``YYYY-MM-DD``.
        at: the time as of which the anchor is.
        anchor: of the last entry of the audit log; None where the head of the log is gone or was changed.
        asked_at: when it was asked for.
    """

    id: int
    box: str
    day: str
    at: datetime
    anchor: Anchor | None
    asked_at: datetime = field(compare=False)


class ClosingSlips:
    """Asks for closing slips of this box. Safe to use from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def ask(self, actor: Actor) -> int:
        """Have this box print one; gives its job, which is the one that still waits if there is any."""
        with self._ledger.verb() as m:
            return _ask(m, actor)

    def ask_at(self, minutes: int, actor: Actor) -> int | None:
        """Ask for the day's slip once that time of the hall day has come; None where it has not, or it was asked for.

        One that failed is asked for again after :data:`AGAIN`. ``minutes`` are those after midnight.
        """
        with self._ledger.look() as m:
            if not _is_due(m, minutes):
                return None
        return self.ask(actor)

    def state(self, job: int) -> tuple[JobState, str | None]:
        """How far a slip of this box is, and why it failed; raises ``unknown_print_job``."""
        with self._ledger.look() as m:
            found = m.conn.execute(_STATE, {"job": job, "box": m.box}).one_or_none()
            row = m.known(found, "unknown_print_job")
            return row.state, row.reason


def pending(m: Transaction, limit: int) -> list[ClosingSlip]:
    """This box's closing slips still to be printed, oldest first, at most ``limit``, as the log stands now."""
    rows = _PENDING.all(m.conn, {"box": m.box, "most": limit})
    if not rows:
        return []
    try:
        anchor = access_log.head(m.conn, m.vault).anchor
    except VaultError:
        # The paper says so: whoever keeps it must know.
        anchor = None
    return [ClosingSlip(row.id, m.box, m.day, m.now, anchor, m.time(row.created_at)) for row in rows]


def _ask(m: Transaction, actor: Actor) -> int:
    waiting: int | None = m.conn.scalar(_WAITING, {"box": m.box})
    if waiting is not None:
        m.conn.execute(_AGAIN, {"job": waiting, "now": m.at})
        return waiting
    new = {"ticket_id": None, "box": m.box, "copy": False, "case_id": None, "paper": _PAPER}
    job = _ADD.do(m.conn, {**new, "state": "pending", "created_at": m.at})
    access_log.append_if_whole(m.conn, m.vault, m.now, actor, "closing-slip", f"box {m.box}")
    m.news()
    return job


def _is_due(m: Transaction, minutes: int) -> bool:
    day = datetime.fromisoformat(m.day).replace(tzinfo=m.zone)
    due = day + timedelta(minutes=minutes)
    if due < day + m.rules.day_starts:
        # A time of the night that still belongs to this hall day.
        due += timedelta(days=1)
    if m.now < due:
        return False
    last = m.conn.execute(_LAST, {"box": m.box, "since": microseconds(due)}).one_or_none()
    if last is None:
        return True
    failed: bool = last.state == "failed"
    return failed and m.at - last.ended_at >= AGAIN // timedelta(microseconds=1)
