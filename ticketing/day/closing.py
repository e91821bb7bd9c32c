"""Closing a hall day, and erasing it after its retention."""

from contextlib import suppress
from datetime import date, timedelta

from sqlalchemy import and_, bindparam, delete, func, insert, literal_column, or_, select, update

from ticketing.day import clock_repair, print_jobs, windows
from ticketing.day.transaction import Transaction
from ticketing.day.transaction import t as _t
from ticketing.events import TicketExpired, TicketFinished
from ticketing.model import State
from ticketing.policy import Rules
from ticketing.privacy.vault import ErasedError
from ticketing.store import tables

OUTCOME = clock_repair.END_OF_DAY
"""Outcome of a ticket that was still at a window at the day's end."""

_FACT = "hall_day"
_f = tables.fact
_TODAY = select(_f.c.value).where(_f.c.name == _FACT)
_FIRST_DAY = insert(_f)
_NEXT_DAY = update(_f).where(_f.c.name == _FACT).values(value=bindparam("day"))

# Days that are closed already are not read, so this does not slow down as they become many.
_PAST = and_(_t.c.hall_day >= bindparam("since"), _t.c.hall_day < bindparam("today"))
_MISSED = _t.c.state == literal_column("'missed'")
_EXPIRES = or_(tables.waiting, tables.held, _MISSED)
_LEFT = (
    select(_t.c.number, _t.c.service_id, _t.c.window_id, _t.c.state)
    .where(_PAST, or_(_EXPIRES, tables.open_))
    .order_by(_t.c.id)
)
# A missed ticket is still counted as missed after it has expired.
_v = tables.visit
_STAYS = (
    (_v.c.ticket_id, _t.c.id),
    (_v.c.hall_day, _t.c.hall_day),
    (_v.c.service_id, _t.c.service_id),
    (_v.c.window_id, _t.c.window_id),
    (_v.c.clerk, _t.c.clerk),
    (_v.c.queued_at, func.coalesce(_t.c.queued_at, _t.c.issued_at)),
    (_v.c.called_at, _t.c.called_at),
    (_v.c.ended_at, _t.c.ended_at),
    (_v.c.ended_as, _t.c.state),
)
_KEEP_MISSED = insert(_v).from_select([to for to, _ in _STAYS], select(*(of for _, of in _STAYS)).where(_PAST, _MISSED))
_EXPIRE = (
    update(_t)
    .where(_PAST, _EXPIRES)
    .values(state="expired", ended_at=bindparam("now"), window_id=None, called_at=None, held_until=None)
)
# The reason for holding may say something of a person, so it is kept no longer than needed.
_FORGET_REASONS = update(_t).where(_PAST, _t.c.hold_reason.is_not(None)).values(hold_reason=None)
_FINISH = update(_t).where(_PAST, tables.open_).values(state="done", ended_at=bindparam("now"), outcome=OUTCOME)
_FORGET_SERVED = delete(tables.serving).where(tables.serving.c.ticket_id.in_(select(_t.c.id).where(_PAST)))
_WITHDRAW = print_jobs.WITHDRAW.where(tables.print_job.c.ticket_id.in_(select(_t.c.id).where(_PAST)))

_u, _a = tables.used, tables.appointment
_FORGET_USED = delete(_u).where(_u.c.hall_day < bindparam("today"))
_MISS_APPOINTMENTS = (
    update(_a)
    .where(tables.booked, _a.c.person_hash.is_not(None), _a.c.day < bindparam("today"))
    .values(state="missed", ended_at=bindparam("now"))
)
# A missed appointment keeps its person hash only while it counts against the limit.
_FORGET_WHOSE = (
    update(_a)
    .where(
        _a.c.person_hash.is_not(None),
        or_(
            _a.c.day < bindparam("counts_since"),
            and_(_a.c.day < bindparam("today"), _a.c.state.in_(["checked_in", "cancelled"])),
        ),
    )
    .values(person_hash=None)
)

_mr = tables.merged_record
_FORGET_REFUSED = update(_mr).where(_mr.c.hall_day < bindparam("before"), _mr.c.sealed.is_not(None)).values(sealed=None)
_FORGET_BLOCKS = delete(tables.number_block).where(tables.number_block.c.hall_day < bindparam("before"))

_OF_DAYS = (tables.resident, tables.form_answer, tables.slip_code, tables.answer)
_KEPT_DAYS = [select(table.c.hall_day).where(table.c.hall_day < bindparam("before")).distinct() for table in _OF_DAYS]
_DELETE = [delete(table).where(table.c.hall_day < bindparam("before")) for table in _OF_DAYS]


def begin(m: Transaction) -> None:
    """Bring the store to this hall day: close the days before it if that has not been done.

    A clock that was set back to this day restores what it ended of this day. What was begun under a later, wrong date
    is neither ended nor lost; it ends with the day on its tickets. Where another box began this day, what was
    done by a clock slower than its own ends here.
    """
    kept = m.conn.scalar(_TODAY)
    since = kept.decode() if kept else ""
    if since == m.day:
        yesterday = (date.fromisoformat(m.day) - timedelta(days=1)).isoformat()
        if m.conn.execute(_LEFT, {"since": yesterday, "today": m.day}).first():
            _end(m, yesterday)
        return
    if since > m.day and clock_repair.ahead_of(m) < clock_repair.FAR:
        # Of two boxes one is always first past midnight.
        return
    # Made here, in a writing transaction: readers need the key later.
    with suppress(ErasedError):
        m.vault.begin_day(m.conn, m.day)
    if kept is None:
        m.conn.execute(_FIRST_DAY, {"name": _FACT, "value": m.day.encode()})
    else:
        m.conn.execute(_NEXT_DAY, {"day": m.day.encode()})
    if since < m.day:
        _end(m, since)
        if kept is not None:
            for window in m.windows():
                windows.put_state(m, window, "closed")
            windows.release_all(m)
    else:
        clock_repair.mend(m)


def _end(m: Transaction, since: str) -> None:
    """Close the hall days from ``since`` up to yesterday."""
    days = {"since": since, "today": m.day}
    left = m.conn.execute(_LEFT, days).all()
    changed = {**days, "now": m.at}
    clock_repair.forget_sums(m, since)
    m.conn.execute(_KEEP_MISSED, days)
    m.conn.execute(_EXPIRE, changed)
    m.conn.execute(_FORGET_REASONS, days)
    m.conn.execute(_FINISH, changed)
    m.conn.execute(_FORGET_SERVED, days)
    m.conn.execute(_WITHDRAW, {**changed, "why": "day_over"})
    m.conn.execute(_MISS_APPOINTMENTS, {"today": m.day, "now": m.at})
    for row in left:
        told = row.number, row.service_id, row.window_id
        if row.state in (State.CALLED, State.SERVING):
            m.append(TicketFinished(*told, outcome=OUTCOME))
        else:
            m.append(TicketExpired(*told, was=None if row.state == State.WAITING else row.state))


def persons_kept(rules: Rules) -> timedelta:
    """How long after a month's end something written in it may be looked for by its person.

    A case, an appointment, an entry of the audit log.
    """
    booked = rules.appointments.days_ahead + rules.appointments.no_show_days
    return timedelta(days=max(rules.cases_days, booked, rules.audit_days))


def erase(m: Transaction, before: date) -> int:
    """Erase the keys of all hall days before ``before``, and what they sealed; gives how many days had something."""
    # Today is not erased while the hall works.
    limit = min(before.isoformat(), m.day)
    days = {day for day in m.vault.days(m.conn) if day < limit}
    for day in days:
        m.vault.erase(m.conn, day)
    for kept in _KEPT_DAYS:
        days.update(m.conn.scalars(kept, {"before": limit}))
    for remove in _DELETE:
        m.conn.execute(remove, {"before": limit})
    m.conn.execute(_FORGET_REFUSED, {"before": limit})
    m.conn.execute(_FORGET_BLOCKS, {"before": limit})
    m.conn.execute(_FORGET_USED, {"today": m.day})
    counts_since = date.fromisoformat(m.day) - timedelta(days=m.rules.appointments.no_show_days)
    m.conn.execute(_FORGET_WHOSE, {"today": m.day, "counts_since": counts_since.isoformat()})
    return len(days)
