"""The limits of issuing: opening hours, quotas, tickets per person, the end of the day.

A hall that has set none of them does no work for them. The table ``used`` counts how much of each limit is used up
today. A person is a keyed hash there, which nobody can compute once the day is erased.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text

from ticketing.calendar import Calendar, QuotaOfDay
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import ClosedError, LimitError, TicketRow
from ticketing.setup import timetable
from ticketing.setup.timetable import Timetable
from ticketing.store import tables
from ticketing.store.prepared import Prepared

Reached = Callable[[str, datetime], bool]
"""Whether a ticket issued for a service now will be called before a time, by the forecast."""

_u, _t = tables.used, tables.ticket
_USE = Prepared(
    text("""
    INSERT INTO used (hall_day, what, count) VALUES (:day, :what, 1)
    ON CONFLICT (hall_day, what) DO UPDATE SET count = used.count + 1
    RETURNING count
    """)
)
# The first ticket under a quota counts those issued before it, in case the quota was set during its period.
_USE_QUOTA = Prepared(text("UPDATE used SET count = count + 1 WHERE hall_day = :day AND what = :what RETURNING count"))
_BEGIN_QUOTA = Prepared(
    text("""
    INSERT INTO used (hall_day, what, count)
    SELECT CAST(:day AS VARCHAR), CAST(:what AS VARCHAR), count(*) + 1 FROM ticket
     WHERE hall_day = CAST(:day AS VARCHAR) AND service_id = :service AND issued_at >= :begins AND issued_at < :ends
       AND state <> 'cancelled' AND appointment_id IS NULL
    RETURNING count
    """)
)
_GIVE_BACK = Prepared(
    text("""
    UPDATE used SET count = count - 1 WHERE hall_day = :day AND what = :what AND count > 0 RETURNING count
    """)
)
_USED = select(_u.c.what, _u.c.count).where(
    _u.c.hall_day == bindparam("day"), _u.c.what.in_(bindparam("what", expanding=True))
)
_COUNTED = Prepared(
    select(_t.c.person_hash, _t.c.agent_hash, _t.c.appointment_id, _t.c.rank_by).where(_t.c.id == bindparam("ticket"))
)


@dataclass(frozen=True)
class Admission:
    """Whether a service issues tickets now, by its calendar and limits.

    Attributes:
        open: whether it is open now.
        opens_at: when it opens next; None when that is not known, and while it is open.
        closes_at: when it closes for the day; None when it never closes, or does not open again today.
        places: tickets left in the present quota; None without a quota.
        places_at: when none are left, the beginning of the next period with a quota.
        not_today: whether a new ticket would not be called before closing, by the forecast.
    """

    open: bool = True
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    places: int | None = None
    places_at: datetime | None = None
    not_today: bool = False


ALWAYS = Admission()
"""For a service without hours and quotas."""


def check(
    m: Transaction,
    mark: bytes | None,
    service: str,
    people: Iterable[bytes | None],
    *,
    promised: bool = False,
    reached: Reached | None = None,
) -> None:
    """Allow a ticket to be issued, and count it.

    Args:
        m: the transaction that issues it; a refusal rolls it back.
        mark: of the timetable.
        service: its service.
        people: hashes of the resident and of the agent, as far as known.
        promised: whether it was promised before: by an appointment, or for missing papers that are brought.
        reached: used where the hall refuses tickets that would not be called today.

    Raises:
        ClosedError: ``service_closed`` (``service``, ``opens_at``).
        LimitError: ``quota_reached`` (``service``, ``opens_at``: when there are numbers again), ``person_limit``
            (``most``), ``not_today`` (``service``, ``closes_at``).
    """
    table = timetable.at(m, mark)
    calendar = table.calendar
    if calendar.limits(service):
        if calendar.open_now(service, m.now) is None:
            raise ClosedError("service_closed", service=service, opens_at=calendar.opens_next(service, m.now))
        if not promised:
            _take_of_quota(m, calendar, service)
            closes = _closes_at(m, calendar, service)
            if reached and m.rules.last_ticket == "refuse" and closes and not reached(service, closes):
                raise LimitError("not_today", service=service, closes_at=closes)
    for what, most in _limits_of(m, table, service, people) if not promised else ():
        if _USE.scalar(m.conn, {"day": m.day, "what": what}) > most:
            raise LimitError("person_limit", service=service, most=most)


def give_back(m: Transaction, row: TicketRow) -> None:
    """No longer count a ticket that was cancelled before it was called."""
    if row.misses or row.queued_at is not None:
        return
    table = timetable.now(m)
    counted = _COUNTED.one_or_none(m.conn, {"ticket": row.id})
    if counted is None or counted.appointment_id is not None or counted.rank_by == "supplement":
        return
    uses = [what for what, _ in _limits_of(m, table, row.service_id, (counted.person_hash, counted.agent_hash))]
    quota = table.calendar.quota_now(row.service_id, m.time(row.issued_at))
    for what in [*uses, *([_of_quota(quota)] if quota else [])]:
        _GIVE_BACK.all(m.conn, {"day": row.hall_day, "what": what})


def count(m: Transaction, row: TicketRow) -> None:
    """Count a ticket that was issued elsewhere, and refuse nothing."""
    counted = _COUNTED.one_or_none(m.conn, {"ticket": row.id})
    if counted is None or counted.appointment_id is not None:
        return
    table = timetable.now(m)
    uses = [what for what, _ in _limits_of(m, table, row.service_id, (counted.person_hash, counted.agent_hash))]
    quota = table.calendar.quota_now(row.service_id, m.time(row.issued_at))
    for what in uses:
        _USE.all(m.conn, {"day": row.hall_day, "what": what})
    # A quota of which nothing is used yet is counted from the tickets, this one included.
    if quota:
        _USE_QUOTA.all(m.conn, {"day": row.hall_day, "what": _of_quota(quota)})


def admissions(m: Transaction, services: Iterable[str], reached: Reached) -> dict[str, Admission]:
    """The admission of every service now."""
    calendar = timetable.now(m).calendar
    quotas = {one: calendar.quota_now(one, m.now) for one in services}
    used = _used(m, [_of_quota(quota) for quota in quotas.values() if quota])
    return {one: _admission(m, calendar, one, quota, used, reached) for one, quota in quotas.items()}


def used_up(m: Transaction, person: bytes, services: Iterable[str]) -> frozenset[str]:
    """The services for which this person (a keyed hash) gets no more tickets today."""
    table = timetable.now(m)
    limits = {one: list(_limits_of(m, table, one, [person])) for one in services}
    used = _used(m, {what for ones in limits.values() for what, _ in ones})
    return frozenset(one for one, ones in limits.items() if any(used.get(what, 0) >= most for what, most in ones))


def _take_of_quota(m: Transaction, calendar: Calendar, service: str) -> None:
    quota = calendar.quota_now(service, m.now)
    if quota is None:
        return
    what = {"day": m.day, "what": _of_quota(quota)}
    taken = _USE_QUOTA.scalar(m.conn, what)
    if taken is None:
        begins, ends = (microseconds(at) for at in quota.period)
        taken = _BEGIN_QUOTA.scalar(m.conn, {**what, "service": service, "begins": begins, "ends": ends})
    if taken > quota.quota.most:
        raise LimitError("quota_reached", service=service, opens_at=_places_at(calendar, service, m.now))


def _limits_of(
    m: Transaction, table: Timetable, service: str, people: Iterable[bytes | None]
) -> Iterable[tuple[str, int]]:
    """The limits that a ticket counts towards: their names in ``used``, and the most they allow."""
    for person in people:
        if person is not None:
            if m.rules.per_person_day:
                yield f"person {person.hex()}", m.rules.per_person_day
            if service in table.per_person_day:
                yield f"person {person.hex()} {service}", table.per_person_day[service]


def _admission(
    m: Transaction, calendar: Calendar, service: str, quota: QuotaOfDay | None, used: dict[str, int], reached: Reached
) -> Admission:
    if not calendar.limits(service):
        return ALWAYS
    closes = _closes_at(m, calendar, service)
    if calendar.open_now(service, m.now) is None:
        return Admission(open=False, opens_at=calendar.opens_next(service, m.now), closes_at=closes)
    places = max(0, quota.quota.most - used.get(_of_quota(quota), 0)) if quota else None
    return Admission(
        closes_at=closes,
        places=places,
        places_at=_places_at(calendar, service, m.now) if places == 0 else None,
        not_today=closes is not None and m.rules.last_ticket != "off" and not reached(service, closes),
    )


def _closes_at(m: Transaction, calendar: Calendar, service: str) -> datetime | None:
    return None if calendar.is_always_open(service) else calendar.closes_today(service, m.now)


def _places_at(calendar: Calendar, service: str, now: datetime) -> datetime | None:
    return next((one.period.begins for one in calendar.quotas_after(service, now) if one.quota.most), None)


def _of_quota(quota: QuotaOfDay) -> str:
    return f"quota {quota.quota.from_at} {quota.quota.service}"


def _used(m: Transaction, what: Iterable[str]) -> dict[str, int]:
    names = list(what)
    if not names:
        return {}
    return {row.what: row[1] for row in m.conn.execute(_USED, {"day": m.day, "what": names})}
