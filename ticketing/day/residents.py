"""The sealed data behind a ticket: the resident (principal), and the agent who took the ticket for them (代办).

They are sealed under a key that is made from the day's key and from the code on the slip, which is kept nowhere. So
each code that opens data has them sealed under it once: the first one in the table ``resident``, those of slips printed
again with the card lying there in ``slip_code``.
"""

import json
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, union_all, update

from ticketing.day import clock_repair, form_answers
from ticketing.day.form_answers import FilledForm
from ticketing.day.transaction import PrintedCode, Transaction
from ticketing.day.transaction import t as _t
from ticketing.model import Resident, TicketRow, plain_number
from ticketing.privacy import codes
from ticketing.privacy.vault import ErasedError, VaultError
from ticketing.store import tables
from ticketing.store.prepared import Prepared, PreparedIn

log = logging.getLogger(__name__)

PURPOSE = "resident"
"""Purpose they are sealed for."""

CASE_OF = "case of"
"""Purpose of the hash by which a person's cases are found."""
_r, _c = tables.resident, tables.slip_code
_m = tables.matter
_MATTERS_NEED = PreparedIn(
    lambda ids: select(_m.c.service_id, _m.c.resident_fields).where(_m.c.id.in_(ids)),
    "matter",
    lambda service, needed: (service, needed),
)
_INSERT = Prepared(insert(_r).inline())
_ADD = Prepared(insert(_c).inline())
_SEALED = Prepared(
    union_all(
        select(_r.c.sealed).join(_t, _t.c.id == _r.c.ticket_id).where(_t.c.code_hash == bindparam("code")),
        select(_c.c.sealed).where(_c.c.code_hash == bindparam("code")),
    )
)
_HAS_DATA = Prepared(select(_r.c.ticket_id).where(_r.c.ticket_id == bindparam("ticket"), _r.c.sealed.is_not(None)))
_KEPT_CASE_OF = Prepared(select(_r.c.case_of).where(_r.c.ticket_id == bindparam("ticket")))
_REMOVE = delete(_r).where(_r.c.ticket_id == bindparam("ticket"))
_REMOVE_CODES = delete(_c).where(_c.c.ticket_id == bindparam("ticket"))
_FIRST_CODE = update(_t).where(_t.c.id == bindparam("ticket")).values(code_hash=bindparam("code"))

_OLD = select(_r.c.ticket_id, _r.c.hall_day, _r.c.sealed).where(_r.c.case_of.is_(None))
# Whatever a day's end has ended may come back: it may have been the end of a clock that ran ahead.
_MAY_COME_BACK = tables.live | _t.c.state.in_(["missed", "expired"]) | (_t.c.outcome == clock_repair.END_OF_DAY)
_CODE_OF_OLD = select(_t.c.code_hash).where(_t.c.id == bindparam("ticket"), _MAY_COME_BACK)
_CONVERT = (
    update(_r)
    .where(_r.c.ticket_id == bindparam("ticket"))
    .values(sealed=bindparam("under_code"), case_of=bindparam("case"))
)
_DROP_OLD = delete(_r).where(_r.c.case_of.is_(None))
_DROP_ANSWERS = delete(tables.answer)


@dataclass(frozen=True)
class Holders:
    """The persons behind a ticket.

    Attributes:
        resident: whose matter it is.
        agent: who took the ticket for them; None when they came themselves.
        forms: what they filled in at a terminal, where the slip that is shown opens it; see ``form_answers``.
    """

    resident: Resident
    agent: Resident | None = None
    forms: tuple[FilledForm, ...] = ()

    def only(self, fields: Collection[str] | None) -> "Holders":
        """With these fields of each alone; None for all."""
        return replace(self, resident=self.resident.only(fields), agent=self.agent and self.agent.only(fields))


def needed_by(
    m: Transaction, service: str, fields: Sequence[str] | None, stops: Sequence[str], matters: Sequence[str] = ()
) -> set[str] | None:
    """What a ticket needs of a resident; None for all.

    ``service`` needs these ``fields`` (None: all), and the ``stops`` of its chain need theirs. Where the ticket carries
    ``matters`` of one of them, it is what these need instead.
    """
    of_matters: dict[str, list[str | None]] = {}
    for at, text in _MATTERS_NEED.all(m.conn, list(matters)):
        of_matters.setdefault(at, []).append(text)
    needed: set[str] = set()
    for place, stop in enumerate((service, *stops)):
        own = fields
        if place:
            also = m.service_or_none(stop)
            own = also.resident_fields if also else ()
        for text in of_matters.get(stop, [None]):
            wanted = own if text is None else json.loads(text)
            if wanted is None:
                return None
            needed.update(wanted)
    return needed


def needed_for(m: Transaction, row: TicketRow) -> set[str] | None:
    """What is needed of the resident for a ticket and the services still to come; None for all."""
    service = m.service_or_none(row.service_id)
    if service is None:
        return None
    return needed_by(m, service.id, service.resident_fields, row.stops, row.asked_for)


def seal(
    m: Transaction,
    ticket: int,
    code: str,
    holders: Holders,
    needed: Collection[str] | None,
    wrapped: bytes | None = None,
) -> None:
    """Seal and store what is ``needed`` of the persons behind a ticket of today under its first code.

    It opens until the day is erased. ``wrapped`` is the day's wrapped key, where this transaction has read it already.
    """
    case = case_hash(m, holders.resident.id_number) or b""
    _INSERT.later(
        m.conn,
        {
            "ticket_id": ticket,
            "hall_day": m.day,
            "sealed": _sealed(m, m.day, ticket, code, holders.only(needed), wrapped),
            "case_of": m.vault.seal(m.conn, m.day, CASE_OF, ticket, case, wrapped),
        },
    )


def by_code(m: Transaction, row: TicketRow, code: PrintedCode | None) -> Holders | None:
    """The persons behind a ticket, opened by its code; None where it opens none, or the ticket has none.

    A caller that shows them writes an entry into the audit log.

    Raises:
        ErasedError: the day is erased.
    """
    rows = _SEALED.all(m.conn, {"code": code.hash}) if code else []
    sealed = rows[0].sealed if rows else None
    if code is None or sealed is None:
        return None
    key = m.vault.key_with(m.conn, row.hall_day, PURPOSE, code.text.encode())
    return from_bytes(m.vault.open_under(key, row.hall_day, PURPOSE, row.id, bytes(sealed)))


def are_sealed(m: Transaction, ticket: int) -> bool:
    """Whether the ticket was issued with a resident's data, which its first slip opens."""
    return _HAS_DATA.scalar(m.conn, {"ticket": ticket}) is not None


def add_code(m: Transaction, row: TicketRow, holders: Holders | None) -> str:
    """Another code for a ticket of today; it opens ``holders``, or without them the place in the queue alone."""
    code = codes.new()
    sealed = holders and _sealed(m, row.hall_day, row.id, code, holders.only(needed_for(m, row)))
    _ADD.do(m.conn, {"code_hash": m.hash_of(code), "ticket_id": row.id, "hall_day": row.hall_day, "sealed": sealed})
    return code


def replace_codes(m: Transaction, row: TicketRow, holders: Holders) -> str:
    """A new code instead of all earlier ones, whose slips are worth nothing from now on."""
    code = codes.new()
    m.conn.execute(_REMOVE_CODES, {"ticket": row.id})
    m.conn.execute(_REMOVE, {"ticket": row.id})
    form_answers.forget(m, row.id)
    m.conn.execute(_FIRST_CODE, {"ticket": row.id, "code": m.hash_of(code)})
    seal(m, row.id, code, holders, needed_for(m, row))
    return code


def case_of(m: Transaction, hall_day: str, ticket: int) -> bytes | None:
    """The hash by which cases of this ticket's resident are found; None for a ticket without an ID number."""
    sealed: bytes | None = _KEPT_CASE_OF.scalar(m.conn, {"ticket": ticket})
    return m.vault.open(m.conn, hall_day, CASE_OF, ticket, sealed) or None if sealed else None


def set_case_of(m: Transaction, ticket: int, resident: Resident) -> None:
    """Keep that hash for a ticket that was issued without a resident."""
    sealed = m.vault.seal(m.conn, m.day, CASE_OF, ticket, case_hash(m, resident.id_number) or b"")
    m.conn.execute(_REMOVE, {"ticket": ticket})
    _INSERT.do(m.conn, {"ticket_id": ticket, "hall_day": m.day, "sealed": None, "case_of": sealed})


def case_hash(m: Transaction, id_number: str | None) -> bytes | None:
    """The hash under which a person's cases of today are kept; None without an ID number."""
    number = plain_number(id_number)
    return m.vault.month_hash(m.day, CASE_OF, number) if number else None


def case_hashes(m: Transaction, id_number: str | None) -> list[bytes]:
    """The hashes by which a person's cases of all months are found; none without an ID number."""
    number = plain_number(id_number)
    return m.vault.month_hashes(CASE_OF, number) if number else []


def are_of_this_key(m: Transaction, hall_day: str, ticket: int, case_of: bytes | None, sealed: bytes | None) -> bool:
    """Whether a row of another copy of the store was sealed under the key that this store has for that day."""
    purpose, kept = (CASE_OF, case_of) if case_of is not None else (PURPOSE, sealed or b"")
    try:
        m.vault.open(m.conn, hall_day, purpose, ticket, kept)
    except (ErasedError, VaultError):
        return False
    return True


def convert_old(m: Transaction) -> None:
    """Convert what versions before 0004 of the schema sealed under the day's key alone; once.

    The tickets that are not over keep their codes, which those versions derived from the day's key.
    """
    old = m.conn.execute(_OLD).all()
    for row in old:
        code_hash = m.conn.scalar(_CODE_OF_OLD, {"ticket": row.ticket_id})
        if code_hash is None:
            continue
        with suppress(ErasedError):
            day, ticket = row.hall_day, row.ticket_id
            code = codes.encode(m.vault.day_code(m.conn, day, ticket))
            if m.hash_of(code) != bytes(code_hash):
                continue
            holders = from_bytes(m.vault.open(m.conn, day, PURPOSE, ticket, bytes(row.sealed)))
            case = case_hash(m, holders.resident.id_number) or b""
            under_code = _sealed(m, day, ticket, code, holders)
            sealed_case = m.vault.seal(m.conn, day, CASE_OF, ticket, case)
            m.conn.execute(_CONVERT, {"ticket": ticket, "under_code": under_code, "case": sealed_case})
    # The others nobody can ask for any more; and an answer may hold a hash of what somebody asked with.
    if m.conn.execute(_DROP_OLD).rowcount or old:
        m.conn.execute(_DROP_ANSWERS)
        log.info("residents' data of %s tickets are now opened by their slips alone", len(old))


def to_bytes(holders: Holders) -> bytes:
    """The plaintext that is sealed."""
    values: dict[str, Any] = holders.resident.as_json()
    if holders.agent is not None:
        values["agent"] = holders.agent.as_json()
    if holders.forms:
        values["forms"] = [asdict(one) for one in holders.forms]
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> Holders:
    """The reverse of :func:`to_bytes`."""
    values = json.loads(data.decode("utf-8", "surrogatepass"))
    agent = values.pop("agent", None)
    forms = tuple(map(FilledForm.from_json, values.pop("forms", ())))
    return Holders(Resident.from_json(values), agent and Resident.from_json(agent), forms)


def _sealed(
    m: Transaction, hall_day: str, ticket: int, code: str, holders: Holders, wrapped: bytes | None = None
) -> bytes:
    key = m.vault.key_with(m.conn, hall_day, PURPOSE, code.encode(), wrapped)
    return m.vault.seal_under(key, hall_day, PURPOSE, ticket, to_bytes(holders))
