"""The sealed data behind a ticket: the resident (principal), and the agent who took the ticket for them (代办).

Data sealed before there were agents hold a resident alone, and are read as such.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from ticketing.day.transaction import Transaction
from ticketing.model import Resident
from ticketing.store import tables
from ticketing.store.prepared import Prepared

PURPOSE = "resident"
"""Purpose they are sealed for."""

_INSERT = Prepared(insert(tables.resident).inline())
_SEALED = Prepared(select(tables.resident.c.sealed).where(tables.resident.c.ticket_id == bindparam("ticket")))


@dataclass(frozen=True)
class Holders:
    """The persons behind a ticket.

    Attributes:
        resident: whose matter it is.
        agent: who took the ticket for them; None when they came themselves.
    """

    resident: Resident
    agent: Resident | None = None


def seal(m: Transaction, ticket: int, holders: Holders, wrapped: bytes | None = None) -> None:
    """Seal and store the persons behind a ticket of today, until the day is erased; ``wrapped`` as for the vault."""
    sealed = m.vault.seal(m.conn, m.day, PURPOSE, ticket, to_bytes(holders), wrapped)
    _INSERT.later(m.conn, {"ticket_id": ticket, "hall_day": m.day, "sealed": sealed})


def reseal(m: Transaction, ticket: int, holders: Holders) -> None:
    """Seal and store other persons, or the first ones, behind a ticket of today."""
    m.conn.execute(delete(tables.resident).where(tables.resident.c.ticket_id == ticket))
    seal(m, ticket, holders)


def opened(m: Transaction, hall_day: str, ticket: int) -> Holders | None:
    """The persons behind a ticket; raises ErasedError. A caller that shows them writes an entry into the access log."""
    sealed: bytes | None = _SEALED.scalar(m.conn, {"ticket": ticket})
    return None if sealed is None else from_bytes(m.vault.open(m.conn, hall_day, PURPOSE, ticket, sealed))


def to_bytes(holders: Holders) -> bytes:
    """The plaintext that is sealed."""
    values: dict[str, Any] = holders.resident.as_json()
    if holders.agent is not None:
        values["agent"] = holders.agent.as_json()
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> Holders:
    """The reverse of :func:`to_bytes`."""
    values = json.loads(data.decode("utf-8", "surrogatepass"))
    agent = values.pop("agent", None)
    return Holders(Resident.from_json(values), agent and Resident.from_json(agent))
