"""Steps of booking inside one transaction: a place in a slot, booked days ahead, found by the card on the day.

Of the person, only a hash of the ID number is kept, keyed by the month it was written in: until the day of the
appointment is over, or, for a missed appointment, for as long as it counts against the limit.

A booking, and a cancellation, can be taken back for :data:`TAKE_BACK_FOR`. A cancelled appointment keeps its place
for so long, so that taking the cancellation back cannot fail for want of one. Each person keeps one such place for a
service and day: whoever books another time gives it up. A booking that is taken back frees its place at once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from ticketing.calendar import DAY_MINUTES, SlotOfDay
from ticketing.day.transaction import Transaction, microseconds
from ticketing.model import ClosedError, LimitError, Resident, StateError, UnknownError, plain_number
from ticketing.privacy import codes
from ticketing.setup import timetable
from ticketing.store import tables
from ticketing.store.prepared import Prepared, PreparedIn


class AppointmentRow(NamedTuple):
    """An appointment as the store keeps it: columns of the table, with times in microseconds since 1970 UTC."""

    id: int
    service_id: str
    day: str
    from_at: int
    to_at: int
    state: str
    ticket_id: int | None
    made_by: str
    take_back_until: int | None


_PERSON = "appointment person"
TYPED = "typed"
"""``made_by`` of a place that was booked at a terminal by a number that was typed there, with no card."""
TAKE_BACK_FOR = timedelta(minutes=10)
"""How long a booking or a cancellation can be taken back."""

_a = tables.appointment
_MINE = _a.c.id == bindparam("appointment")
_appointments = select(*(_a.c[name] for name in AppointmentRow._fields))
_BY_ID = Prepared(_appointments.where(_MINE), AppointmentRow)
_BY_CODE = Prepared(_appointments.where(_a.c.code_hash == bindparam("code")), AppointmentRow)
OF_DAY = Prepared(_appointments.where(_a.c.day == bindparam("day")).order_by(_a.c.from_at, _a.c.id), AppointmentRow)
_HASHES = "person"


def _by_person(persons: list[BindParameter[Any]]) -> tuple[ColumnElement[bool], ...]:
    """The condition for a person, whose hash differs with the month in which it was written."""
    return _a.c.person_hash.in_(persons), _a.c.person_hash.is_not(None)


def _of_person(*which: ColumnElement[bool]) -> PreparedIn[AppointmentRow]:
    return PreparedIn(
        lambda persons: _appointments.where(*_by_person(persons), *which).order_by(_a.c.from_at, _a.c.id),
        _HASHES,
        AppointmentRow,
    )


OF_PERSON = _of_person(_a.c.day == bindparam("day"))
FROM_DAY_ON = _of_person(_a.c.day >= bindparam("day"))
_OF_HOLDER = _of_person(_MINE)
_BOOKED = _of_person(_a.c.day == bindparam("day"), _a.c.service_id == bindparam("service"), tables.booked)
_MISSED: PreparedIn[str] = PreparedIn(
    lambda persons: (
        select(_a.c.day)
        .where(
            *_by_person(persons),
            _a.c.day > bindparam("since"),
            _a.c.state == literal_column("'missed'"),
            # What somebody typed says nothing of whose number it is.
            _a.c.made_by != literal_column(f"'{TYPED}'"),
        )
        .order_by(_a.c.day.desc())
        .limit(bindparam("most"))
    ),
    _HASHES,
    str,
)
_TAKES_A_PLACE = or_(_a.c.state != literal_column("'cancelled'"), _a.c.take_back_until > bindparam("now"))
_TAKEN = Prepared(
    select(_a.c.from_at, func.count().label("taken"))
    .where(_a.c.day == bindparam("day"), _a.c.service_id == bindparam("service"), _TAKES_A_PLACE)
    .group_by(_a.c.from_at)
)
_TAKEN_BETWEEN = Prepared(
    select(_a.c.service_id, _a.c.from_at, func.count().label("taken"))
    .where(_a.c.day >= bindparam("first"), _a.c.day <= bindparam("last"), _TAKES_A_PLACE)
    .group_by(_a.c.service_id, _a.c.from_at)
)
_NEXT_ID = Prepared(text("SELECT coalesce(max(id), 0) + 1 FROM appointment"))
_BOOK = Prepared(insert(_a).inline())
_END = Prepared(
    update(_a).where(_MINE).values(state=bindparam("to"), ended_at=bindparam("now"), take_back_until=bindparam("until"))
)
_BOOK_AGAIN = Prepared(update(_a).where(_MINE).values(state="booked", ended_at=None, take_back_until=None))
_KEPT = _of_person(
    _a.c.day == bindparam("day"),
    _a.c.service_id == bindparam("service"),
    _a.c.state == literal_column("'cancelled'"),
    _a.c.take_back_until > bindparam("now"),
)
_mine = _a.alias("mine")
_BOOKED_BY_THE_SAME = Prepared(
    select(_a.c.from_at)
    .join(
        _mine,
        and_(
            _mine.c.day == _a.c.day,
            _mine.c.service_id == _a.c.service_id,
            _mine.c.person_hash == _a.c.person_hash,
        ),
    )
    .where(_mine.c.id == bindparam("appointment"), tables.booked)
)
_GIVE_UP = Prepared(update(_a).where(_MINE).values(take_back_until=None))
_CHECK_IN = Prepared(update(_a).where(_MINE, tables.booked).values(state="checked_in", ticket_id=bindparam("ticket")))


@dataclass(frozen=True)
class Appointment:
    """A booked place.

    Attributes:
        begins, ends: of its slot.
        state: ``booked``, ``checked_in``, ``cancelled``, ``missed``.
        ticket: id of the ticket issued for it.
        code: by which its holder finds and cancels it; given where it is booked, and kept nowhere.
        take_back_until: until when its booking or its cancellation can be taken back; None once it cannot.
    """

    id: int
    service: str
    day: date
    begins: datetime
    ends: datetime
    state: str
    ticket: int | None
    code: str | None = None
    take_back_until: datetime | None = None


@dataclass(frozen=True)
class Arrival:
    """A resident who came for an appointment.

    Attributes:
        appointment: which one.
        rank: rank time of the ticket, microseconds.
        rank_by: ``appointment`` where the slot decided the rank; None where time of issue and class rank no later.
    """

    appointment: int
    rank: int
    rank_by: str | None


def check_in(m: Transaction, service: str, resident: Resident | None, ticket: int, rank: int) -> Arrival | None:
    """Use the appointment that a resident has for a service today, if any, for the ticket now being issued.

    ``rank`` is the one the ticket would have without it. Gives None without an appointment, or when the resident comes
    so late that it is lost.

    Raises:
        StateError: ``too_early`` (``opens_at``: when it opens), ``too_late`` (``time``).
    """
    persons = persons_of(m, resident.id_number if resident else None)
    row = _BOOKED.one_or_none(m.conn, persons, {"day": m.day, "service": service})
    if row is None:
        return None
    rules = m.rules.appointments
    from_at = m.time(row.from_at) - rules.early
    early = m.at < microseconds(from_at)
    if early and rules.early_is == "refuse":
        raise StateError("too_early", opens_at=from_at)
    if m.at >= row.to_at + rules.late // timedelta(microseconds=1):
        if rules.late_is == "refuse":
            raise StateError("too_late", time=f"{m.time(row.from_at):%H:%M}")
        _end(m, row.id, "missed", until=None)
        return None
    _CHECK_IN.later(m.conn, {"appointment": row.id, "ticket": ticket})
    if early or row.from_at <= rank:
        return Arrival(row.id, row.from_at, "appointment")
    return Arrival(row.id, rank, None)


def book(m: Transaction, service: str, day: date, minute: int, id_number: str | None, made_by: str) -> int:
    """Insert an appointment; gives its id. The writer's lock is held: nobody else can take the place.

    Raises ``no_id_number``, and what :func:`slot_of` and :func:`refuse_taken` raise.
    """
    person = person_of(m, id_number)
    if person is None:
        raise StateError("no_id_number")
    slot = slot_of(m, service, day, minute)
    persons = persons_of(m, id_number)
    others = _BOOKED.one_or_none(m.conn, persons, {"day": day.isoformat(), "service": service})
    there = taken(m, service, day).get(microseconds(slot.period.begins), 0)
    kept = _KEPT.all(m.conn, persons, {"day": day.isoformat(), "service": service, "now": m.at})
    begins = microseconds(slot.period.begins)
    # The place that this person still keeps there is as good as free.
    refuse_taken(m, slot, others and others.from_at, there - sum(row.from_at == begins for row in kept))
    for row in kept:
        _GIVE_UP.later(m.conn, {"appointment": row.id})
    number = next_id(m)
    _BOOK.do(m.conn, new_row(m, number, service, day, slot, person, made_by) | {"take_back_until": _take_back_until(m)})
    return number


def refuse_taken(m: Transaction, slot: SlotOfDay, others: int | None, taken: int) -> None:
    """Raise ``slot_over``, ``already_booked`` (``time``) or ``slot_full`` if a person cannot book a slot.

    ``others`` is the begin of the slot that the same person has booked for this service on that day, if any; ``taken``
    is how many places of the slot are taken.
    """
    if is_over(m, slot):
        raise StateError("slot_over")
    if others is not None:
        raise StateError("already_booked", time=f"{m.time(others):%H:%M}")
    if taken >= slot.capacity:
        raise StateError("slot_full")


def next_id(m: Transaction) -> int:
    """The id of the next appointment."""
    return int(_NEXT_ID.scalar(m.conn))


def new_row(
    m: Transaction, number: int, service: str, day: date, slot: SlotOfDay, person: bytes, made_by: str
) -> dict[str, Any]:
    """A new appointment as a row."""
    begins, ends = map(microseconds, slot.period)
    return {
        "id": number,
        "service_id": service,
        "day": day.isoformat(),
        "from_at": begins,
        "to_at": ends,
        "state": "booked",
        "person_hash": person,
        "code_hash": _hash_of(m, _code_of(m, number)),
        "made_at": m.at,
        "made_by": made_by,
        "take_back_until": None,
    }


def slot_of(m: Transaction, service: str, day: date, minute: int) -> SlotOfDay:
    """The slot that begins at a minute of a day; raises ``unknown_service``, ``service_removed``, ``no_such_slot``."""
    if m.service(service).removed:
        raise ClosedError("service_removed", service=service)
    # 01:00 of a hall day that began at 04:00 is its minute 25 × 60.
    minutes = (minute, minute + DAY_MINUTES)
    found = [slot for slot in timetable.now(m).calendar.slots(service, day) if slot.minute in minutes]
    if not found:
        raise UnknownError("no_such_slot", service=service)
    return found[0]


def is_over(m: Transaction, slot: SlotOfDay) -> bool:
    """Whether a slot can no longer be booked because it has begun."""
    return microseconds(slot.period.begins) <= m.at


def last_day(m: Transaction) -> date:
    """The last date that can be booked today."""
    return date.fromisoformat(m.day) + timedelta(days=m.rules.appointments.days_ahead)


def taken(m: Transaction, service: str, day: date) -> dict[int, int]:
    """Places taken, or kept for whoever cancelled just now, by begin of slot."""
    rows = _TAKEN.all(m.conn, {"day": day.isoformat(), "service": service, "now": m.at})
    return {row.from_at: row.taken for row in rows}


def taken_from_today(m: Transaction) -> dict[str, dict[int, int]]:
    """The same on all days that can be booked: by service, then by begin of slot."""
    found: dict[str, dict[int, int]] = {}
    for row in _TAKEN_BETWEEN.all(m.conn, {"first": m.day, "last": last_day(m).isoformat(), "now": m.at}):
        found.setdefault(row.service_id, {})[row.from_at] = row.taken
    return found


def refuse_blocked(m: Transaction, id_number: str | None) -> None:
    """Raise ``appointments_blocked`` if this person has missed too many appointments."""
    rules = m.rules.appointments
    span = timedelta(days=rules.no_show_days)
    since = (date.fromisoformat(m.day) - span).isoformat()
    missed = _MISSED.all(m.conn, persons_of(m, id_number), {"since": since, "most": rules.no_show_limit})
    if missed and len(missed) == rules.no_show_limit:
        raise LimitError("appointments_blocked", until=date.fromisoformat(missed[-1]) + span)


def refuse_known(m: Transaction, id_number: str | None, service: str, day: date) -> None:
    """Raise ``card_needed`` where more would have to be told about this person than a typed number may ask."""
    try:
        refuse_blocked(m, id_number)
    except LimitError:
        raise StateError("card_needed") from None
    if _booked(m, id_number, service, day):
        raise StateError("card_needed")


def withdraw_typed(m: Transaction, id_number: str | None, service: str, day: date) -> None:
    """Give back what somebody booked by typing this person's number, who is here now."""
    for row in _booked(m, id_number, service, day):
        if row.made_by == TYPED:
            _end(m, row.id, "cancelled", until=None)


def _booked(m: Transaction, id_number: str | None, service: str, day: date) -> list[AppointmentRow]:
    """What this person has booked for a service on a day."""
    return _BOOKED.all(m.conn, persons_of(m, id_number), {"day": day.isoformat(), "service": service})


def cancel(m: Transaction, row: AppointmentRow) -> Appointment:
    """Cancel an appointment; raises ``appointment_over``."""
    if row.state != "booked" or row.day < m.day:
        raise StateError("appointment_over", state=row.state)
    until = _take_back_until(m)
    _end(m, row.id, "cancelled", until=until)
    return appointment(m, row._replace(state="cancelled", take_back_until=until))


def take_back(m: Transaction, row: AppointmentRow) -> Appointment:
    """Take back what was done last: a booking is cancelled and its place free, a cancelled one is booked again.

    Raises:
        StateError: ``take_back_over``: too late, or there is nothing to take back; ``slot_over``: the time of what was
            cancelled has begun; ``already_booked`` (``time``): the same person has booked another time since.
    """
    if row.state not in ("booked", "cancelled") or row.take_back_until is None or row.take_back_until <= m.at:
        raise StateError("take_back_over")
    if row.state == "booked":
        _end(m, row.id, "cancelled", until=None)
        return appointment(m, row._replace(state="cancelled", take_back_until=None))
    if row.from_at <= m.at:
        raise StateError("slot_over")
    others: int | None = _BOOKED_BY_THE_SAME.scalar(m.conn, {"appointment": row.id})
    if others is not None:
        raise StateError("already_booked", time=f"{m.time(others):%H:%M}")
    _BOOK_AGAIN.later(m.conn, {"appointment": row.id})
    return appointment(m, row._replace(state="booked", take_back_until=None))


def row_of(m: Transaction, appointment: int) -> AppointmentRow:
    """The row of an appointment; raises ``unknown_appointment``."""
    return m.known(_BY_ID.one_or_none(m.conn, {"appointment": appointment}), "unknown_appointment")


def row_of_holder(m: Transaction, appointment: int, id_number: str) -> AppointmentRow | None:
    """The row of an appointment if it is this person's; None if it is another's or does not exist."""
    return _OF_HOLDER.one_or_none(m.conn, persons_of(m, id_number), {"appointment": appointment})


def row_of_code(m: Transaction, scanned: str) -> AppointmentRow:
    """The row of the appointment whose code was scanned; raises ``unknown_code``."""
    code = codes.find_code(scanned)
    row = _BY_CODE.one_or_none(m.conn, {"code": _hash_of(m, code or "")})
    # An appointment that is over is answered like an unknown code.
    if row is None or row.day < m.day:
        raise UnknownError("unknown_code", of="appointment")
    return row


def appointment(m: Transaction, row: AppointmentRow, *, with_code: bool = False) -> Appointment:
    """The appointment in a row; with its code only for the caller who books it."""
    begins, ends = m.time(row.from_at), m.time(row.to_at)
    day, code = date.fromisoformat(row.day), _code_of(m, row.id) if with_code else None
    until = None if row.take_back_until is None or row.take_back_until <= m.at else m.time(row.take_back_until)
    return Appointment(row.id, row.service_id, day, begins, ends, row.state, row.ticket_id, code, until)


def _end(m: Transaction, appointment: int, state: str, *, until: int | None) -> None:
    _END.later(m.conn, {"appointment": appointment, "to": state, "now": m.at, "until": until})


def _take_back_until(m: Transaction) -> int:
    return m.at + TAKE_BACK_FOR // timedelta(microseconds=1)


def _code_of(m: Transaction, appointment: int) -> str:
    return codes.encode(m.vault.lasting_mac("appointment", str(appointment).encode())[: codes.BYTES])


def _hash_of(m: Transaction, code: str) -> bytes:
    return m.vault.lasting_hash("appointment code", code)


def person_of(m: Transaction, id_number: str | None) -> bytes | None:
    """The hash to be written for a person, keyed by this month; None without an ID number."""
    number = plain_number(id_number)
    return m.vault.month_hash(m.day, _PERSON, number) if number else None


def persons_of(m: Transaction, id_number: str | None) -> list[bytes]:
    """All hashes that may have been written for a person, the one of :func:`person_of` first; none without a number."""
    number = plain_number(id_number)
    return m.vault.month_hashes(_PERSON, number) if number else []
