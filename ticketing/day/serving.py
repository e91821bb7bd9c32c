"""The resident now being served, from the scan or the card at the window to the end of the service.

Only the paper or the card opens a resident's data. While the service lasts, window and business system read them
without: they are sealed to the memory of every running box, for at most 30 minutes. No file of the store, of its log or
of a backup, and no key file opens what was sealed so, neither during the service nor afterwards. After a restart the
slip is scanned once more.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from ticketing.day import residents
from ticketing.day.residents import Holders
from ticketing.day.transaction import Transaction
from ticketing.events import ScreenChanged
from ticketing.privacy.reading_key import PUBLIC_BYTES, ReadingKey
from ticketing.privacy.vault import VaultError
from ticketing.store import tables
from ticketing.store.prepared import Prepared

LASTS = timedelta(minutes=30)
"""The longest that the data of a service stay open without another scan."""

PURPOSE = "serving"

_s, _k = tables.serving, tables.reading_key
_KEEP = Prepared(insert(_s).inline())
_READ = Prepared(
    select(_s.c.until, _s.c.sealed).where(_s.c.ticket_id == bindparam("ticket"), _s.c.box == bindparam("box"))
)
_FORGET = Prepared(delete(_s).where(_s.c.ticket_id == bindparam("ticket")))
_OVERDUE = select(_s.c.ticket_id).where(_s.c.until <= bindparam("now")).distinct()
_FORGET_OVERDUE = delete(_s).where(_s.c.until <= bindparam("now"))
_ANY = Prepared(
    select(_s.c.ticket_id).where(_s.c.ticket_id == bindparam("ticket"), _s.c.until > bindparam("now")).limit(1)
)
_READERS = Prepared(select(_k.c.box, _k.c.public, _k.c.mac))
_UNPUBLISH = delete(_k).where(_k.c.box == bindparam("own"))
_PUBLISH = insert(_k)


def publish(m: Transaction) -> None:
    """Let the boxes of this hall seal to this one's memory, with a new key; what was sealed to the old one is over."""
    m.memory.renew()
    public = m.memory.reading.public
    m.conn.execute(_UNPUBLISH, {"own": m.box})
    m.conn.execute(_PUBLISH, {"box": m.box, "public": public, "mac": _mac(m, m.box, public)})


@dataclass(frozen=True)
class Shown:
    """That the data are shown back to the resident, and what the resident said to that.

    Attributes:
        since: when the clerk had them shown, in microseconds since 1970 UTC. It names this showing.
        fields: which, as ``Resident`` names them, the agent's with ``agent_`` before it; None for all that are open.
        seen: whether a screen has asked for them.
        right: whether they are right; None before the resident says so.
        wrong: names of those that are not, where the resident said which.
    """

    since: int
    fields: tuple[str, ...] | None = None
    seen: bool = False
    right: bool | None = None
    wrong: tuple[str, ...] = ()


class Opened(NamedTuple):
    """What is open for a service, until a time in microseconds since 1970 UTC."""

    holders: Holders
    shown: Shown | None
    until: int


def keep(m: Transaction, ticket: int, window: str, holders: Holders) -> None:
    """Let window and business system read these persons until the service of this ticket ends.

    What was shown back of them before is so no longer.
    """
    before = opened(m, m.day, ticket)
    _put(m, ticket, Opened(holders, None, m.at + LASTS // timedelta(microseconds=1)))
    if before is not None and before.shown is not None:
        m.append(ScreenChanged(window))


def show(m: Transaction, ticket: int, window: str, found: Opened, shown: Shown | None) -> None:
    """Change what is shown back of what was ``found`` open; None for nothing."""
    if shown != found.shown:
        _put(m, ticket, found._replace(shown=shown))
        m.append(ScreenChanged(window))


def read(m: Transaction, hall_day: str, ticket: int) -> Holders | None:
    """The persons being served, None where they have to be scanned (again)."""
    found = opened(m, hall_day, ticket)
    return found and found.holders


def opened(m: Transaction, hall_day: str, ticket: int) -> Opened | None:
    """The same with what is shown back of them."""
    row = _READ.one_or_none(m.conn, {"ticket": ticket, "box": m.box})
    if row is None or row.until <= m.at:
        return None
    public, sealed = bytes(row.sealed[:PUBLIC_BYTES]), bytes(row.sealed[PUBLIC_BYTES:])
    try:
        key = m.vault.key_with(m.conn, hall_day, PURPOSE, m.memory.reading.shared_with(public))
        data = m.vault.open_under(key, hall_day, PURPOSE, ticket, sealed)
    except (ValueError, VaultError):
        # Sealed to the memory of an earlier run.
        return None
    shown, _, holders = data.rpartition(b"\n")
    return Opened(residents.from_bytes(holders), _shown_of(shown), row.until)


def is_open_elsewhere(m: Transaction, ticket: int) -> bool:
    """Whether any box may read the persons of this ticket; asked where this one may not."""
    return _ANY.scalar(m.conn, {"ticket": ticket, "now": m.at}) is not None


def forget(m: Transaction, ticket: int) -> None:
    """The service of this ticket is over, or interrupted."""
    _FORGET.later(m.conn, {"ticket": ticket})


def overdue(m: Transaction) -> bool:
    """Whether the data of a service have been open for too long."""
    return m.conn.execute(_OVERDUE.limit(1), {"now": m.at}).first() is not None


def forget_overdue(m: Transaction) -> int:
    """Put away what has been open for too long; how many services that were."""
    tickets = m.conn.scalars(_OVERDUE, {"now": m.at}).all()
    m.conn.execute(_FORGET_OVERDUE, {"now": m.at})
    return len(tickets)


def _mac(m: Transaction, box: str, public: bytes) -> bytes:
    return m.vault.lasting_mac("reading key", box.encode(), bytes(public))


def _put(m: Transaction, ticket: int, what: Opened) -> None:
    """Seal to every running box, in the place of what was sealed before."""
    forget(m, ticket)
    # JSON has no line breaks of its own.
    shown = b"" if what.shown is None else json.dumps(asdict(what.shown)).encode() + b"\n"
    data, once = shown + residents.to_bytes(what.holders), ReadingKey()
    for box, public, mac in _READERS.all(m.conn):
        # Somebody who writes into the store must not be able to have it sealed to a key of theirs.
        if mac != _mac(m, box, public):
            continue
        key = m.vault.key_with(m.conn, m.day, PURPOSE, once.shared_with(public))
        sealed = once.public + m.vault.seal_under(key, m.day, PURPOSE, ticket, data)
        _KEEP.later(m.conn, {"ticket_id": ticket, "box": box, "until": what.until, "sealed": sealed})


def _shown_of(text: bytes) -> Shown | None:
    if not text:
        return None
    values = json.loads(text)
    if values["fields"] is not None:
        values["fields"] = tuple(values["fields"])
    return Shown(**values | {"wrong": tuple(values["wrong"])})
