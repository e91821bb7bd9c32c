"""Issuing: numbers without gaps, a place in the queue, one live ticket per person and service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text

from ticketing import policy
from ticketing.appointments import booking
from ticketing.day import numbers, print_jobs, residents
from ticketing.day.memory import UnprintedCode
from ticketing.day.residents import Holders
from ticketing.day.transaction import Transaction, microseconds, tickets
from ticketing.day.transaction import t as _t
from ticketing.events import TicketIssued
from ticketing.line import limits
from ticketing.line.waiting_counts import WaitingCounts
from ticketing.matters.matters import asked_of
from ticketing.model import (
    ClosedError,
    Resident,
    Service,
    State,
    StateError,
    Ticket,
    TicketRow,
    UnknownError,
    plain_number,
)
from ticketing.privacy import codes
from ticketing.store import tables
from ticketing.store.prepared import Prepared, together

# One statement reads all that issuing must know, since each is a way to the database and back: the next number of the
# service's prefix (no row: the service is unknown or removed), the ticket's id (below those of ``numbers``), whether
# numbers before that one are free, the service's chain, whether waiting tickets rank after it, whether the person has
# a live one, the mark of the timetable, the day's key, and whether anybody has an appointment. The id is needed before
# the ticket is written, as its data are sealed for it; nothing can come between, since a store has one writer at a
# time.
_COUNT = Prepared(
    text("""
    INSERT INTO counter (hall_day, prefix, last)
    SELECT :day, prefix, 1 FROM service WHERE id = :service AND removed_at IS NULL
    ON CONFLICT (hall_day, prefix) DO UPDATE SET last = counter.last + 1
    RETURNING prefix, last,
        (SELECT coalesce(max(id), 0) + 1 FROM ticket WHERE id < 1099511627776) AS id,
        EXISTS (SELECT 1 FROM number_block
         WHERE hall_day = :day AND prefix = (SELECT prefix FROM service WHERE id = :service)
           AND holder IS NULL AND next <= last) AS freed,
        (SELECT chain FROM service WHERE id = :service) AS chain,
        (SELECT resident_fields FROM service WHERE id = :service) AS needed,
        EXISTS (SELECT 1 FROM ticket
         WHERE line = :service AND hall_day = :day AND state = 'waiting' AND rank_at > :rank) AS overtakes,
        (SELECT value FROM fact WHERE name = 'timetable') AS timetable,
        (SELECT wrapped FROM day_key WHERE hall_day = :day) AS day_key,
        EXISTS (SELECT 1 FROM ticket
         WHERE hall_day = :day AND person_hash = :person AND service_id = :service
           AND state IN ('waiting', 'called', 'serving', 'held')) AS has_one,
        EXISTS (SELECT 1 FROM appointment
         WHERE day = :day AND service_id = :service AND state = 'booked' AND person_hash IS NOT NULL) AS expects
    """)
)
_TICKET = Prepared(insert(tables.ticket).inline())
_of_person = tickets.where(_t.c.hall_day == bindparam("day"), _t.c.person_hash == bindparam("person"), tables.live)
_OF_PERSON = Prepared(_of_person, TicketRow)
_OF_PERSON_FOR = Prepared(_of_person.where(_t.c.service_id == bindparam("service")), TicketRow)
_PERSON_OF = Prepared(select(_t.c.person_hash).where(_t.c.id == bindparam("ticket")))


@dataclass(frozen=True)
class Issued:
    """A new ticket.

    Attributes:
        ticket: its place in the queue.
        code: printed on it, and stored nowhere: this is the only answer with it, and the only key to the data.
        print_job: id of this box's print job; None when it is not printed.
    """

    ticket: Ticket
    code: str
    print_job: int | None

    def __repr__(self) -> str:
        return f"<Issued {self.ticket.number}>"


def issue(
    m: Transaction,
    counts: WaitingCounts,
    service: str,
    resident: Resident | None,
    priority: str | None,
    *,
    printed: bool,
    agent: Resident | None = None,
    rank_at: datetime | None = None,
    rank_by: str | None = None,
    chain: Sequence[str] | None = None,
    matters: Sequence[str] = (),
    reached: limits.Reached | None = None,
    told: bool = True,
) -> Issued:
    """Issue a ticket. Refuses as :meth:`ticketing.office.Office.issue` says.

    ``rank_at`` is its rank where something else than issue time and class makes it, and ``rank_by`` what that is.
    ``chain`` replaces the service's own chain. ``matters`` are what it is for. ``reached`` is for :func:`limits.check`.
    Without ``told``, somebody who has a ticket already is refused as ``card_needed``, with nothing of that ticket.
    """
    person = person_hash(m, resident)
    proxy = _proxy_hash(m, person, agent)
    earned = m.rules.named(priority) if priority else policy.class_for(agent or resident, m.now.date(), m.rules)
    rank = microseconds(rank_at or policy.rank_at(m.now, earned))
    asked = {"day": m.day, "service": service, "rank": rank, "person": person}
    counted, news = together(m.conn, (_COUNT, asked), counts.since())
    count = counted[0] if counted else None
    if person is not None and (count is None or count.has_one):
        if told:
            refuse_second(m, person, service)
        elif count is not None:
            raise StateError("card_needed")
    if count is None:
        open_service(m, service)
        raise UnknownError("unknown_service", service=service)
    place = numbers.Place(count.last, count.id)
    if m.cut_off:
        place = numbers.leased(m, count.prefix, service)
    elif count.freed:
        place = numbers.free(m, count.prefix, place)
    stops = list(chain or ()) if chain is not None or count.chain == "[]" else json.loads(count.chain)
    for stop in chain or ():
        open_service(m, stop)
    wanted = asked_of(m, matters, {service, *stops}) if matters else []
    arrival = booking.check_in(m, service, resident, place.ticket, rank) if count.expects and not rank_by else None
    promised = arrival is not None or rank_by is not None
    limits.check(m, count.timetable, service, (person, proxy), promised=promised, reached=reached)
    if arrival:
        rank, rank_by = arrival.rank, arrival.rank_by
    new: dict[str, Any] = {
        "id": place.ticket,
        "hall_day": m.day,
        "number": f"{count.prefix}{place.number:03}",
        "service_id": service,
        "line": service,
        "state": State.WAITING.value,
        "priority": earned.id,
        "rank_at": rank,
        "issued_at": m.at,
        "rank_by": rank_by,
        "chain": json.dumps(stops) if stops else None,
        "matters": json.dumps(wanted) if wanted else None,
    }
    row = TicketRow(**new, print_state="pending" if printed else None)
    # Most tickets overtake none: then all that wait are ahead.
    ahead = m.ahead(row) if count.overtakes or arrival else counts.of(m, service, news)
    code = codes.new()
    _TICKET.later(
        m.conn,
        {
            **new,
            "code_hash": m.hash_of(code),
            "person_hash": person,
            "agent_hash": proxy,
            "appointment_id": arrival.appointment if arrival else None,
        },
    )
    if resident is not None:
        fields = None if count.needed is None else json.loads(count.needed)
        # Without either, all is needed: nothing has to be looked up.
        needed = residents.needed_by(m, service, fields, stops, wanted) if fields is not None or wanted else None
        residents.seal(m, row.id, code, Holders(resident, agent), needed, count.day_key)
    job = print_jobs.add_slip(m, row.id, UnprintedCode(code, opens=True), copy=False) if printed else None
    m.append(TicketIssued(row.number, service))
    return Issued(Ticket.of(row, m.time, ahead), code, job)


def tickets_of(m: Transaction, resident: Resident) -> dict[str, Ticket]:
    """Today's live tickets of the person with this ID number, by service."""
    person = person_hash(m, resident)
    rows = _OF_PERSON.all(m.conn, {"day": m.day, "person": person}) if person else []
    return {row.service_id: m.ticket(row) for row in rows}


def open_service(m: Transaction, service: str) -> Service:
    """A service that new tickets may wait for; raises ``unknown_service``, ``service_removed``."""
    found = m.service(service)
    if found.removed:
        raise ClosedError("service_removed", service=service)
    return found


def has_ticket(m: Transaction, person: bytes, service: str) -> bool:
    """Whether this person has a live ticket for ``service``."""
    return bool(_OF_PERSON_FOR.all(m.conn, {"day": m.day, "person": person, "service": service}))


def refuse_second_of(m: Transaction, row: TicketRow, service: str) -> None:
    """Raise ``already_waiting`` when the person of a ticket has a live one for ``service``."""
    person = person_of(m, row)
    if person is not None:
        refuse_second(m, person, service)


def used_up(m: Transaction, resident: Resident) -> frozenset[str]:
    """The services for which this person's limit of tickets today is used up."""
    person = person_hash(m, resident)
    return limits.used_up(m, person, [one.id for one in m.services()]) if person else frozenset()


def refuse_second(m: Transaction, person: bytes, service: str) -> None:
    """Raise ``already_waiting`` when this person has a live ticket for ``service``."""
    row = _OF_PERSON_FOR.one_or_none(m.conn, {"day": m.day, "person": person, "service": service})
    if row is not None:
        raise StateError("already_waiting", number=row.number, ticket_id=row.id, state=row.state)


def person_of(m: Transaction, row: TicketRow) -> bytes | None:
    """The hash of the person a ticket was issued to; None for a ticket without an ID number."""
    person: bytes | None = _PERSON_OF.scalar(m.conn, {"ticket": row.id})
    return person


def _proxy_hash(m: Transaction, person: bytes | None, agent: Resident | None) -> bytes | None:
    """The hash of the agent; both agent and resident must have an ID number, and not the same."""
    if agent is None:
        return None
    proxy = person_hash(m, agent)
    if person is None or proxy is None:
        raise StateError("proxy_needs_both")
    if proxy == person:
        raise StateError("proxy_for_oneself")
    return proxy


def person_hash(m: Transaction, resident: Resident | None) -> bytes | None:
    """The keyed hash of a person's ID number, by which their tickets of this day are found; None without a number."""
    number = plain_number(resident.id_number) if resident else ""
    return m.vault.day_hash(m.conn, m.day, "person", number) if number else None
